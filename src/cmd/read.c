/* The command read: capture files, one after the other, as connections (cmd/following.h). */
#include <errno.h>

#include "cmd/command.h"
#include "cmd/following.h"
#include "io/capture_file.h"

struct reading {
    struct following following;
    uint64_t packets_before; /* of the files before this one */
};

static bool on_packet(void *context, const struct captured *captured, int link_type, uint64_t number)
{
    struct reading *reading = context;

    return following_packet(&reading->following, captured, link_type, reading->packets_before + number);
}

static bool read_file(struct reading *reading, const char *path)
{
    struct following *following = &reading->following;
    struct capture_file *file;
    bool whole;

    if (!capture_file_open(&file, path, following->options->filter, &following->fault))
        return false;
    reading->packets_before = following->total.packets;
    whole = capture_file_each(file, on_packet, reading, &following->fault);
    capture_file_close(file);
    return whole && following->fault.kind == FAULT_NONE;
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
    struct reading reading = {0};
    struct following *following = &reading.following;

    (void)command, (void)lab;
    if (count == 0) {
        fault_set(fault, FAULT_USAGE, "read takes capture files, or - for standard input (see tcpwalk --help)");
        return STATUS_USAGE;
    }
    errno = 0;
    if (following_init(following, options, &origin, false, fault)) {
        for (int i = 0; i < count && read_file(&reading, operands[i]); i++)
            continue;
        *fault = following->fault;
        if (fault->kind != FAULT_USAGE)
            following_conclude(following, fault);
        if (fault->kind == FAULT_NONE && options->connection && !following->shown)
            fault_set(fault, FAULT_USAGE, "--connection: there is no connection %u", options->connection);
    }
    following_free(following);
    return exit_status_of(fault);
}
