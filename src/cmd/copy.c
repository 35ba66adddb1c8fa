#include "cmd/copy.h"

#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "cmd/outputs.h"

struct copy {
    struct pcapng_writer *writer; /* owned */
    /* Interfaces of the section that is read: what they are called in the file, plus one. */
    uint64_t section;
    unsigned numbers[PCAPNG_INTERFACES_MAX];
};

/* What went wrong, in the words of the option; a fault that is there already stays. */
static bool passed_on(bool good, const struct fault *met, struct fault *fault)
{
    if (!good && met->kind != FAULT_NONE)
        fault_set(fault, met->kind, "--write: %s", met->words);
    return good;
}

/* Does nothing else go there? */
static bool output_is_free(const struct options *options)
{
    return options->quiet && !options->mermaid && !(options->svg && strcmp(options->svg, "-") == 0) &&
           !(options->html && strcmp(options->html, "-") == 0) && !(options->export_as && !options->output);
}

bool copy_open(struct copy **out, const struct options *options, struct fault *fault)
{
    struct fault met = {0};
    struct copy *copy;

    *out = NULL;
    if (!options->write)
        return true;
    if (strcmp(options->write, "-") == 0 && !output_is_free(options))
        return fault_set(fault, FAULT_USAGE,
                         "--write -: something else goes to standard output; it is free with --quiet");
    if (!outputs_are_apart(options, fault))
        return false;
    copy = calloc(1, sizeof(*copy));
    if (!copy)
        return fault_set(fault, FAULT_LOCAL, "no memory");
    if (!passed_on(pcapng_writer_open(&copy->writer, options->write, "tcpwalk " TCPWALK_VERSION, &met), &met, fault)) {
        free(copy);
        return false;
    }
    *out = copy;
    return true;
}

void copy_forget_interfaces(struct copy *copy)
{
    memset(copy->numbers, 0, sizeof(copy->numbers));
}

bool copy_knows(const struct copy *copy, const struct capture_interface *interface)
{
    return interface->section == copy->section && copy->numbers[interface->number % PCAPNG_INTERFACES_MAX] > 0;
}

bool copy_interface(struct copy *copy, const struct capture_interface *interface, unsigned *number, struct fault *fault)
{
    const struct pcapng_interface description = {interface->link_type, interface->snaplen, interface->name,
                                                 interface->filter};
    struct fault met = {0};
    unsigned *known = &copy->numbers[interface->number % PCAPNG_INTERFACES_MAX];

    if (interface->section != copy->section)
        copy_forget_interfaces(copy);
    copy->section = interface->section;
    if (*known > 0) {
        *number = *known - 1;
        return true;
    }
    if (pcapng_writer_interfaces(copy->writer) == PCAPNG_INTERFACES_MAX) {
        copy_forget_interfaces(copy);
        if (!passed_on(pcapng_write_section(copy->writer, &met), &met, fault))
            return false;
    }
    if (!passed_on(pcapng_write_interface(copy->writer, &description, number, &met), &met, fault))
        return false;
    *known = *number + 1;
    return true;
}

bool copy_comment(struct pcapng_options *comments, const struct text *text, struct fault *fault)
{
    return pcapng_add_comment(comments, text->at, text->used) || fault_set(fault, FAULT_LOCAL, "--write: no memory");
}

bool copy_packet(struct copy *copy, unsigned interface, const struct captured *captured,
                 const struct pcapng_options *comments, struct fault *fault)
{
    struct fault met;

    met.kind = FAULT_NONE;
    return passed_on(pcapng_write_packet(copy->writer, interface, captured, comments, &met), &met, fault);
}

bool copy_amend(struct copy *copy, unsigned interface, const struct captured *captured,
                const struct pcapng_options *comments, struct fault *fault)
{
    struct fault met;

    met.kind = FAULT_NONE;
    return passed_on(pcapng_rewrite_packet(copy->writer, interface, captured, comments, &met), &met, fault);
}

bool copy_statistics(struct copy *copy, unsigned interface, const struct pcapng_statistics *statistics,
                     const struct pcapng_options *comments, struct fault *fault)
{
    struct fault met;

    met.kind = FAULT_NONE;
    return passed_on(pcapng_write_statistics(copy->writer, interface, statistics, comments, &met), &met, fault);
}

bool copy_flush(struct copy *copy, struct fault *fault)
{
    struct fault met;

    met.kind = FAULT_NONE;
    return passed_on(pcapng_writer_flush(copy->writer, &met), &met, fault);
}

bool copy_close(struct copy *copy, struct fault *fault)
{
    struct fault met = {0};
    bool good;

    if (!copy)
        return true;
    good = passed_on(pcapng_writer_close(copy->writer, &met), &met, fault);
    free(copy);
    return good;
}
