/* The command read: capture files, one after the other, as connections (cmd/following.h). */
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "cmd/command.h"
#include "cmd/complain.h"
#include "cmd/following.h"
#include "cmd/outputs.h"
#include "cmd/signals.h"
#include "io/capture_file.h"
#include "io/clock.h"

struct reading {
    struct following following;
    struct capture_file *file; /* the one that is read */
    uint64_t packets_before;   /* of the files before it */
    sigset_t wait_mask;
    bool waits;     /* the file is a pipe or so */
    nanos stops_at; /* monotonic, when a signal has come: what is on its way through a pipe is read until then */
    bool stopped;
};

/* Whoever writes to the pipe may have got the signal as well, and then writes what it still has, and ends. */
#define ON_ITS_WAY (500 * NANOS_PER_MS)

/*
 * Waits until there is something to be read, or for no time where there is no fd; signals are let in here, and nowhere else. For
 * struct patience.
 */
static bool go_on(void *context, int fd)
{
    struct reading *reading = context;
    struct pollfd poll = {.fd = fd, .events = POLLIN};
    int ready = 0;

    reading->waits = reading->waits || fd >= 0;
    while (!reading->stopped && ready <= 0) {
        nanos left = reading->stops_at == NANOS_NEVER ? NANOS_NEVER : reading->stops_at - clock_monotonic();
        nanos span = fd < 0 ? 0 : left;
        struct timespec timeout = {.tv_sec = span / NANOS_PER_S, .tv_nsec = span % NANOS_PER_S};
        if (left <= 0) {
            reading->stopped = true;
            break;
        }
        ready = ppoll(&poll, 1, span == NANOS_NEVER ? NULL : &timeout, &reading->wait_mask);
        if (ready < 0 && errno != EINTR)
            return true; /* whatever it is, reading will tell */
        if (signals_seen > 0 && reading->stops_at == NANOS_NEVER)
            reading->stops_at = clock_monotonic() + (reading->waits ? ON_ITS_WAY : 0);
        else if (fd < 0)
            break;
    }
    return !reading->stopped;
}

/* All interfaces up to this one, so that they have the same numbers in the copy of a file. */
static bool describe_to(struct reading *reading, unsigned number, struct fault *fault)
{
    struct capture_interface interface;
    unsigned in_copy;

    for (unsigned i = 0; i < number; i++) {
        capture_file_interface(reading->file, i, &interface);
        if (!copy_interface(reading->following.annotated.copy, &interface, &in_copy, fault))
            return false;
    }
    return true;
}

/* Into the copy as it is, with the comments that it has and those that came of it. */
static bool copy_packet_of(struct reading *reading, const struct captured *captured, struct fault *fault)
{
    struct annotated *annotated = &reading->following.annotated;
    unsigned number = capture_file_packet_interface(reading->file);
    struct capture_interface interface;

    capture_file_interface(reading->file, number, &interface);
    return (copy_knows(annotated->copy, &interface) || describe_to(reading, number, fault)) &&
           annotate_write(annotated, &interface, captured, fault);
}

static bool keep_comments(struct reading *reading, uint64_t number, struct fault *fault)
{
    struct annotated *annotated = &reading->following.annotated;
    const char *text;
    size_t length;
    bool kept = true;

    annotate_begin(annotated, number);
    while (kept && capture_file_comment(reading->file, &text, &length))
        kept = annotate_keep(annotated, text, length, fault);
    return kept;
}

static bool on_packet(void *context, const struct captured *captured, int link_type, uint64_t number)
{
    struct reading *reading = context;

    return following_packet(&reading->following, captured, link_type, number + reading->packets_before);
}

static bool on_packet_to_write(void *context, const struct captured *captured, int link_type, uint64_t number)
{
    struct reading *reading = context;

    return keep_comments(reading, number + reading->packets_before, &reading->following.fault) &&
           on_packet(context, captured, link_type, number) &&
           copy_packet_of(reading, captured, &reading->following.fault);
}

static bool read_file(struct reading *reading, const char *path)
{
    struct following *following = &reading->following;
    const struct patience patience = {go_on, reading};
    bool whole;

    reading->waits = false;
    if (!capture_file_open(&reading->file, path, following->options->filter, &patience, &following->fault))
        return false;
    following->opened = true;
    if (following->annotated.copy)
        copy_forget_interfaces(following->annotated.copy);
    reading->packets_before = following->total.packets;
    whole = capture_file_each(reading->file, following->annotated.copy ? on_packet_to_write : on_packet, reading,
                              &following->fault);
    capture_file_close(reading->file);
    return whole && following->fault.kind == FAULT_NONE && !reading->stopped;
}

/* A file that is not there is told before anything is written: rows, or another file. */
static bool are_there(int count, char **paths, struct fault *fault)
{
    for (int i = 0; i < count; i++)
        if (!capture_file_is_there(paths[i], fault))
            return false;
    return true;
}

/* A damaged file is the last one that is read: how many there are behind it is told with what is wrong. */
static void name_rest(int rest, struct fault *fault)
{
    const struct fault before = *fault;

    if (rest <= 0 || fault->kind == FAULT_NONE || fault->kind == FAULT_USAGE)
        return;
    *fault = (struct fault){.kind = FAULT_NONE};
    fault_set(fault, before.kind, "%s; %d more file%s not read", before.words, rest, rest == 1 ? " was" : "s were");
}

/* The connection that is looked at has not come; of a damaged file that is told with what is wrong. */
static void name_missing(uint32_t connection, bool damaged, struct fault *fault)
{
    const struct fault before = *fault;

    if (damaged) {
        *fault = (struct fault){.kind = FAULT_NONE};
        fault_set(fault, before.kind, "%s; as far as it was read, there is no connection %u (--connection)",
                  before.words, connection);
    } else if (fault->kind == FAULT_NONE) {
        fault_set(fault, FAULT_USAGE, "--connection: there is no connection %u", connection);
    }
}

/* All files, one after the other, as far as they can be read, and nobody wants an end. */
static void read_all(struct reading *reading, int count, char **paths, struct fault *fault)
{
    struct following *following = &reading->following;
    int done = 0;

    while (done < count && read_file(reading, paths[done]))
        done++;
    if (reading->stopped && (following->fault.kind == FAULT_NONE || following->fault.kind == FAULT_LOCAL)) {
        following->fault = (struct fault){.kind = FAULT_NONE};
        fault_set(&following->fault, FAULT_INTERRUPTED, "interrupted");
    }
    *fault = following->fault;
    name_rest(count - done - 1, fault);
}

int run_read(const struct command *command, const struct options *options, int count, char **operands,
             const struct lab *lab, struct fault *fault)
{
    const struct read_origin origin = {
        .command = "read",
        .files = (const char *const *)operands,
        .file_count = (unsigned)count,
        .filter = options->filter,
    };
    struct reading reading = {.stops_at = NANOS_NEVER};
    struct following *following = &reading.following;

    (void)command, (void)lab;
    if (count == 0) {
        fault_set(fault, FAULT_USAGE, "read takes capture files, or - for standard input (see tcpwalk --help)");
        return STATUS_USAGE;
    }
    if (!are_there(count, operands, fault) || !outputs_spare(options, origin.files, origin.file_count, fault))
        return exit_status_of(fault);
    signals_catch(&reading.wait_mask);
    errno = 0;
    if (following_init(following, options, &origin, false, fault)) {
        read_all(&reading, count, operands, fault);
        const bool damaged = following->opened && fault->kind == FAULT_LOCAL;

        if (fault->kind != FAULT_USAGE)
            following_conclude(following, fault);
        if (options->connection && !following->shown)
            name_missing(options->connection, damaged, fault);
    }
    following_free(following);
    if (fault->kind == FAULT_INTERRUPTED)
        complain("%s", fault->words);
    signals_obey();
    return exit_status_of(fault);
}
