#include "io/capture_file.h"

#include <errno.h>
#include <pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/unpack.h"

#define PATH_SHOWN 160
#define TIME_MAX INT64_C(4294967295) /* in seconds: of the year 2106 */

struct capture_file {
    pcap_t *pcap; /* owned, and with it the stream */
    char path[PATH_SHOWN];
    capture_file_handler *handler;
    void *context;
    uint64_t number;
    bool stopped;
};

static bool set_filter(struct capture_file *file, const char *words, struct fault *fault)
{
    struct bpf_program program;
    int result;

    if (!words)
        return true;
    if (pcap_compile(file->pcap, &program, words, 1, PCAP_NETMASK_UNKNOWN) < 0)
        return fault_set(fault, FAULT_USAGE, "--filter: %s", pcap_geterr(file->pcap));
    result = pcap_setfilter(file->pcap, &program);
    pcap_freecode(&program);
    if (result < 0)
        return fault_set(fault, FAULT_USAGE, "--filter: %s", pcap_geterr(file->pcap));
    return true;
}

/* What libpcap says of a stream that it can't make sense of; and what errno knows better. */
static bool damaged(const char *words, struct fault *fault)
{
    if (errno == EBADMSG)
        return fault_set(fault, FAULT_LOCAL, "the compressed data is damaged or cut short");
    return fault_set(fault, FAULT_LOCAL, "%s", words);
}

bool capture_file_open(struct capture_file **out, const char *path, const char *filter, struct fault *fault)
{
    char words[PCAP_ERRBUF_SIZE] = "";
    struct capture_file *file = calloc(1, sizeof(*file));
    FILE *stream;

    *out = NULL;
    if (!file)
        return fault_set(fault, FAULT_LOCAL, "out of memory");
    snprintf(file->path, sizeof(file->path), "%s", strcmp(path, "-") == 0 ? "standard input" : path);
    stream = unpack_open(path, fault);
    if (stream) {
        errno = 0;
        file->pcap = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, words);
        if (!file->pcap) {
            damaged(words, fault);
            fclose(stream);
        }
    }
    if (!file->pcap) {
        fault_context(fault, "%s", file->path);
        capture_file_close(file);
        return false;
    }
    if (!set_filter(file, filter, fault)) {
        capture_file_close(file);
        return false;
    }
    *out = file;
    return true;
}

int capture_file_link_type(const struct capture_file *file)
{
    return pcap_datalink(file->pcap);
}

const char *capture_file_link_name(const struct capture_file *file)
{
    return pcap_datalink_val_to_name(pcap_datalink(file->pcap));
}

static void on_packet(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
    struct capture_file *file = (struct capture_file *)user;
    /* A file can say anything: no time is so far off that two could not be told apart. */
    const nanos seconds = header->ts.tv_sec < 0 ? 0 : header->ts.tv_sec > TIME_MAX ? TIME_MAX : header->ts.tv_sec;
    const struct captured captured = {
        /* With nanosecond precision tv_usec holds nanoseconds. */
        .at = seconds * NANOS_PER_S + (header->ts.tv_usec & INT32_MAX),
        .bytes = bytes,
        .captured = header->caplen,
        .length = header->len,
    };

    if (file->stopped || file->handler(file->context, &captured, ++file->number))
        return;
    file->stopped = true;
    pcap_breakloop(file->pcap);
}

bool capture_file_each(struct capture_file *file, capture_file_handler *handler, void *context, struct fault *fault)
{
    int result;

    file->handler = handler;
    file->context = context;
    errno = 0;
    result = pcap_loop(file->pcap, -1, on_packet, (u_char *)file);
    if (result != PCAP_ERROR)
        return true;
    damaged(pcap_geterr(file->pcap), fault);
    return fault_context(fault, "%s: after packet %llu", file->path, (unsigned long long)file->number);
}

void capture_file_close(struct capture_file *file)
{
    if (!file)
        return;
    if (file->pcap)
        pcap_close(file->pcap);
    free(file);
}
