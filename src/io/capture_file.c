#include "io/capture_file.h"

#include <errno.h>
#include <pcap.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/pcapng.h"
#include "io/unpack.h"

#define PATH_SHOWN 160
#define TIME_MAX INT64_C(4294967295) /* in seconds: of the year 2106 */

/* Filters are made for a link type: one for each that the file has. */
#define FILTERS_MAX 8

/* So much is read of a file at once: few calls, and less than a processor keeps close at hand. */
#define STREAM_BUFFER (256 * 1024)

/* After so many packets it is asked whether to go on. */
#define ASKED_EACH 256

struct filter {
    int link_type;
    struct bpf_program program; /* owned */
};

struct capture_file {
    char *buffer;          /* of the stream; owned */
    FILE *stream;          /* owned, unless pcap has it */
    pcap_t *pcap;          /* owned; or NULL */
    struct pcapng *pcapng; /* owned; or NULL */
    char path[PATH_SHOWN];
    const char *filter; /* borrowed; or NULL */
    struct filter filters[FILTERS_MAX];
    unsigned filter_count;
    int link_type; /* of pcap */
    uint16_t link_in_file;
    capture_file_handler *handler;
    void *context;
    uint64_t number, looked_at; /* packets that count; all */
    bool stopped;
    struct patience patience;
};

/* What libpcap says of a stream that it can't make sense of; and what errno knows better. */
static bool damaged(const char *words, struct fault *fault)
{
    if (errno == EBADMSG)
        return fault_set(fault, FAULT_LOCAL, "the compressed data is damaged or cut short");
    return fault_set(fault, FAULT_LOCAL, "%s", words);
}

static bool filter_fault(pcap_t *pcap, struct fault *fault)
{
    return fault_set(fault, FAULT_USAGE, "--filter: %s", pcap_geterr(pcap));
}

/* ---- pcap, which libpcap reads ---- */

static bool open_pcap(struct capture_file *file, struct fault *fault)
{
    char words[PCAP_ERRBUF_SIZE] = "";

    file->pcap = pcap_fopen_offline_with_tstamp_precision(file->stream, PCAP_TSTAMP_PRECISION_NANO, words);
    if (!file->pcap)
        return damaged(words, fault);
    file->stream = NULL;
    file->link_type = pcap_datalink(file->pcap);
    file->link_in_file = capture_link_in_files(file->link_type);
    if (!file->filter)
        return true;
    if (pcap_compile(file->pcap, &file->filters[0].program, file->filter, 1, PCAP_NETMASK_UNKNOWN) < 0)
        return filter_fault(file->pcap, fault);
    file->filter_count = 1;
    return true;
}

static bool is_to_go_on(struct capture_file *file)
{
    const struct patience *patience = &file->patience;

    return file->looked_at++ % ASKED_EACH != 0 || !patience->go_on || patience->go_on(patience->context, -1);
}

/* libpcap is not told of the filter: it would read on through all that is not let through, and ask nobody. */
static bool takes(struct capture_file *file, const struct captured *captured, const struct pcap_pkthdr *header)
{
    if (file->stopped)
        return true;
    if (file->filter && !pcap_offline_filter(&file->filters[0].program, header, captured->bytes))
        return true;
    return file->handler(file->context, captured, file->link_type, ++file->number);
}

/*
 * The seconds of a time, which such a file has in 32 bits. libpcap takes them as signed, and so what is after January 2038
 * as before 1970. Whatever it says, no time is so far off that two could not be told apart.
 */
static nanos seconds_of(const struct pcap_pkthdr *header)
{
    const int64_t seconds = header->ts.tv_sec;

    if (seconds < 0)
        return seconds < INT32_MIN ? 0 : (uint32_t)seconds;
    return seconds > TIME_MAX ? TIME_MAX : seconds;
}

static void on_packet(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
    struct capture_file *file = (struct capture_file *)user;
    const struct captured captured = {
        /* With nanosecond precision tv_usec holds nanoseconds. */
        .at = seconds_of(header) * NANOS_PER_S + (header->ts.tv_usec & INT32_MAX),
        .bytes = bytes,
        .captured = header->caplen,
        .length = header->len,
    };

    if (is_to_go_on(file) && takes(file, &captured, header))
        return;
    file->stopped = true;
    pcap_breakloop(file->pcap);
}

/* ---- pcapng ---- */

/* The filter for a link type; NULL with a fault. */
static struct bpf_program *filter_for(struct capture_file *file, int link_type, struct fault *fault)
{
    struct filter *filter = &file->filters[file->filter_count];
    pcap_t *dead;

    for (unsigned i = 0; i < file->filter_count; i++)
        if (file->filters[i].link_type == link_type)
            return &file->filters[i].program;
    if (file->filter_count == FILTERS_MAX) {
        fault_set(fault, FAULT_LOCAL, "a filter for more than %u link types", FILTERS_MAX);
        return NULL;
    }
    dead = pcap_open_dead(link_type, UINT16_MAX);
    if (!dead) {
        fault_set(fault, FAULT_LOCAL, "out of memory");
        return NULL;
    }
    if (pcap_compile(dead, &filter->program, file->filter, 1, PCAP_NETMASK_UNKNOWN) < 0) {
        filter_fault(dead, fault);
        pcap_close(dead);
        return NULL;
    }
    pcap_close(dead);
    filter->link_type = link_type;
    file->filter_count++;
    return &filter->program;
}

static bool passes(struct capture_file *file, int link_type, const struct captured *captured, bool *out,
                   struct fault *fault)
{
    struct bpf_program *program;
    struct pcap_pkthdr header = {.caplen = captured->captured, .len = captured->length};

    *out = true;
    if (!file->filter)
        return true;
    program = filter_for(file, link_type, fault);
    if (!program)
        return false;
    *out = pcap_offline_filter(program, &header, captured->bytes) != 0;
    return true;
}

/* LINKTYPE_ numbers as files have them, and DLT_ numbers as this system has them, differ for bare IP alone. */
#define LINKTYPE_RAW 101

static bool each_of_pcapng(struct capture_file *file, struct fault *fault)
{
    struct captured captured;
    int link_type;

    for (;;) {
        bool through;
        switch (pcapng_next(file->pcapng, &captured, &link_type, fault)) {
        case CAPTURE_FAULT:
            return false;
        case CAPTURE_EMPTY:
            return true;
        case CAPTURE_PACKET:
            break;
        }
        if (!is_to_go_on(file))
            return true;
        file->number++;
        if (link_type == LINKTYPE_RAW)
            link_type = DLT_RAW;
        if (!passes(file, link_type, &captured, &through, fault))
            return false;
        if (through && !file->handler(file->context, &captured, link_type, file->number))
            return true;
    }
}

/* ---- both ---- */

/* Is it pcapng? Else its first bytes are put back. */
static bool is_pcapng(FILE *stream)
{
    unsigned char bytes[4];
    size_t got = fread(bytes, 1, sizeof(bytes), stream);
    uint32_t magic = 0;

    if (got == sizeof(bytes))
        memcpy(&magic, bytes, sizeof(magic));
    if (magic == PCAPNG_MAGIC)
        return true;
    while (got > 0) /* they are still in the stream's buffer */
        ungetc(bytes[--got], stream);
    return false;
}

static bool open_stream(struct capture_file *file, const char *path, struct fault *fault)
{
    file->stream = unpack_open(path, &file->patience, fault);
    if (!file->stream)
        return false;
    /* The library would choose the size, if the memory were to be its own. */
    file->buffer = malloc(STREAM_BUFFER);
    if (!file->buffer || setvbuf(file->stream, file->buffer, _IOFBF, STREAM_BUFFER) != 0)
        return fault_set(fault, FAULT_LOCAL, "out of memory");
    __fsetlocking(file->stream, FSETLOCKING_BYCALLER); /* nobody else reads it */
    errno = 0;
    if (!is_pcapng(file->stream))
        return open_pcap(file, fault);
    file->pcapng = pcapng_open(file->stream);
    return file->pcapng || fault_set(fault, FAULT_LOCAL, "out of memory");
}

bool capture_file_is_there(const char *path, struct fault *fault)
{
    return strcmp(path, "-") == 0 || access(path, R_OK) == 0 ||
           fault_set(fault, FAULT_LOCAL, "%s: %s", path, strerror(errno));
}

bool capture_file_open(struct capture_file **out, const char *path, const char *filter, const struct patience *patience,
                       struct fault *fault)
{
    struct capture_file *file = calloc(1, sizeof(*file));

    *out = NULL;
    if (!file)
        return fault_set(fault, FAULT_LOCAL, "out of memory");
    file->filter = filter;
    if (patience)
        file->patience = *patience;
    snprintf(file->path, sizeof(file->path), "%s", strcmp(path, "-") == 0 ? "standard input" : path);
    if (!open_stream(file, path, fault)) {
        if (fault->kind != FAULT_USAGE)
            fault_context(fault, "%s", file->path);
        capture_file_close(file);
        return false;
    }
    *out = file;
    return true;
}

const char *capture_file_link_name(int link_type)
{
    return pcap_datalink_val_to_name(link_type);
}

bool capture_file_each(struct capture_file *file, capture_file_handler *handler, void *context, struct fault *fault)
{
    bool good;

    file->handler = handler;
    file->context = context;
    errno = 0;
    if (file->pcapng)
        good = each_of_pcapng(file, fault);
    else
        good = pcap_loop(file->pcap, -1, on_packet, (u_char *)file) != PCAP_ERROR ||
               damaged(pcap_geterr(file->pcap), fault);
    if (good || fault->kind == FAULT_USAGE)
        return good;
    return fault_context(fault, "%s: after packet %llu", file->path, (unsigned long long)file->number);
}

unsigned capture_file_packet_interface(const struct capture_file *file)
{
    return file->pcapng ? pcapng_packet_interface(file->pcapng) : 0;
}

void capture_file_interface(const struct capture_file *file, unsigned number, struct capture_interface *out)
{
    if (file->pcapng)
        pcapng_interface(file->pcapng, number, out);
    else
        *out =
            (struct capture_interface){.link_type = file->link_in_file, .snaplen = (uint32_t)pcap_snapshot(file->pcap)};
}

bool capture_file_comment(struct capture_file *file, const char **text, size_t *length)
{
    return file->pcapng && pcapng_comment(file->pcapng, text, length);
}

void capture_file_close(struct capture_file *file)
{
    if (!file)
        return;
    for (unsigned i = 0; i < file->filter_count; i++)
        pcap_freecode(&file->filters[i].program);
    pcapng_close(file->pcapng);
    if (file->pcap)
        pcap_close(file->pcap);
    if (file->stream)
        fclose(file->stream);
    free(file->buffer);
    free(file);
}
