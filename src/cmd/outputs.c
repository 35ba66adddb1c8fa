#include "cmd/outputs.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUTPUTS 5

struct output {
    const char *option; /* "--svg" */
    const char *path;   /* "-": standard output; NULL: it is not wanted */
};

static void list(const struct options *options, struct output outputs[OUTPUTS])
{
    const struct output all[OUTPUTS] = {{"--svg", options->svg},
                                        {"--html", options->html},
                                        {"--mermaid", options->mermaid ? "-" : NULL},
                                        {"--write", options->write},
                                        {"--output", options->output}};

    memcpy(outputs, all, sizeof(all));
}

static bool is_dash(const char *path)
{
    return strcmp(path, "-") == 0;
}

static bool look(const char *path, int dash, struct stat *status)
{
    return (is_dash(path) ? fstat(dash, status) : stat(path, status)) == 0;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool outputs_spare(const struct options *options, const char *const *files, unsigned count, struct fault *fault)
{
    struct output outputs[OUTPUTS];
    struct stat written, read;

    list(options, outputs);
    for (const struct output *output = outputs; output < outputs + OUTPUTS; output++) {
        if (!output->path || !look(output->path, STDOUT_FILENO, &written) || !S_ISREG(written.st_mode))
            continue;
        for (unsigned i = 0; i < count; i++)
            if (look(files[i], STDIN_FILENO, &read) && is_same(&read, &written))
                return fault_set(fault, FAULT_USAGE, "%s: %s is one of the files that are read", output->option,
                                 is_dash(output->path) ? "standard output" : output->path);
    }
    return true;
}

/* The folder of a file that is not there yet, and its name in it. */
static bool find_place(const char *path, struct stat *folder, const char **name)
{
    const char *slash = strrchr(path, '/');
    char before[PATH_MAX] = ".";

    *name = slash ? slash + 1 : path;
    if (slash && (size_t)(*name - path) >= sizeof(before))
        return false;
    if (slash)
        *stpncpy(before, path, (size_t)(*name - path)) = '\0';
    return stat(before, folder) == 0;
}

static bool are_one(const char *a, const char *b)
{
    const char *name_a, *name_b;
    struct stat at_a, at_b;

    if (strcmp(a, b) == 0)
        return !is_dash(a); /* what standard output has room for is another question */
    if (look(a, STDOUT_FILENO, &at_a))
        return S_ISREG(at_a.st_mode) && look(b, STDOUT_FILENO, &at_b) && is_same(&at_a, &at_b);
    return !is_dash(b) && find_place(a, &at_a, &name_a) && find_place(b, &at_b, &name_b) && is_same(&at_a, &at_b) &&
           strcmp(name_a, name_b) == 0;
}

bool outputs_are_apart(const struct options *options, struct fault *fault)
{
    struct output outputs[OUTPUTS];

    list(options, outputs);
    for (unsigned i = 0; i < OUTPUTS; i++)
        for (unsigned j = i + 1; j < OUTPUTS; j++)
            if (outputs[i].path && outputs[j].path && are_one(outputs[i].path, outputs[j].path))
                return fault_set(fault, FAULT_USAGE, "%s and %s both want the file %s", outputs[i].option,
                                 outputs[j].option, is_dash(outputs[i].path) ? outputs[j].path : outputs[i].path);
    return true;
}
