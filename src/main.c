/* The table of commands, and the only way in and out. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/version.h"
#include "cmd/command.h"
#include "cmd/complain.h"
#include "cmd/help.h"
#include "cmd/peer.h"
#include "cmd/wrap.h"

const struct command commands[] = {
    {"walk", "HOST PORT [STEP...]", true, "open, send, half-close, take what comes, close (also without a command)",
     run_walk},
    {"open", "HOST PORT [STEP...]", true, "the three-way open alone, then a clean reset (or --leave)", run_walk},
    {"half-close", "HOST PORT [STEP...]", true, "close our direction and see what the other one still carries",
     run_walk},
    {"close", "HOST PORT [STEP...]", true, "open and close in full: three segments or four, and the peer's delay",
     run_walk},
    {"simultaneous-close", "HOST PORT [STEP...]", true, "cross FINs with a peer that closes first: CLOSING", run_walk},
    {"simultaneous-open", "PORT [STEP...]", true, "wait for a client and answer its SYN with a SYN", run_walk},
    {"listen", "PORT [STEP...]", true, "play the server: wait for a client's SYN, and answer by hand", run_walk},
    {"step", "HOST PORT", true, "a prompt: one step a line, and what arrives meanwhile", run_step},
    {"run", "FILE [HOST] PORT", true, "do the steps of a file (see tcpwalk-step(5))", run_run},
    {"measure", "WHAT[,WHAT...] HOST PORT", true,
     "its timers, its sequence numbers and its manners, from outside; alone: lists what can be measured", run_measure},
    {"read", "FILE...", false, "the connections of a capture file: how each opened and closed, and both ends' states",
     run_read},
    {"watch", "-i IF [FILTER...]", false, "the same of what passes on an interface, as it passes", run_watch},
    {"lab", "[COMMAND [HOST] SERVICE]", false,
     "any command against a private network with real servers; alone: lists them", run_lab},
    {"teach", "[LESSON] [HOST] [PORT]", false, "lessons on a real kernel; alone: lists them", run_teach},
    {"completion", "bash|zsh|fish", false, "print a completion script for a shell", run_completion},
    {"help", "[STEP]", false, "print this, or what a step is", run_help},
    {NULL, NULL, false, NULL, NULL},
};

/* HOST PORT STEP... without a command: the steps alone. */
const struct command bare_steps = {"steps", "HOST PORT STEP...", true, "", run_walk};

const struct command *command_find(const char *name)
{
    for (const struct command *command = commands; command->name; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

int exit_status_of(const struct fault *fault)
{
    switch (fault->kind) {
    case FAULT_NONE:
        return STATUS_DONE;
    case FAULT_USAGE:
        return STATUS_USAGE;
    case FAULT_UNREACHABLE:
        return STATUS_NO_ANSWER;
    case FAULT_LOCAL:
    case FAULT_INTERRUPTED:
        break;
    }
    return STATUS_LOCAL;
}

int run_help(const struct command *command, const struct options *options, int count, char **operands,
             const struct lab *lab, struct fault *fault)
{
    (void)command, (void)options, (void)lab;
    if (count > 0)
        return help_words(count, operands, fault) ? STATUS_DONE : STATUS_USAGE;
    printf("tcpwalk walks a real TCP peer through its state machine, one segment at a time.\n\n"
           "usage: tcpwalk [COMMAND] [OPTION...] HOST PORT [STEP...]\n\ncommands:\n");
    for (const struct command *row = commands; row->name; row++)
        wrap_print(stdout, (unsigned)printf("  %-18s %-24s ", row->name, row->operands), row->summary);
    printf("\noptions:\n");
    options_print(stdout);
    printf("\nexit status: 0 done, 1 an expectation did not hold, 2 wrong usage, 3 no answer,\n"
           "4 refused or reset, 5 local trouble. See tcpwalk(8) and tcpwalk-json(5).\n");
    return STATUS_DONE;
}

/* What the command does, which may be one in the lab. */
static enum option_use use_of(const struct options *options)
{
    const struct command *command = command_find(options->operands[0]);

    if (command && command->run == run_lab && options->operand_count > 1)
        command = command_find(options->operands[1]);
    return command && command->run == run_measure ? USE_MEASURE
           : command && command->run == run_teach ? USE_TEACH
           : command && command->run == run_read  ? USE_READ
           : command && command->run == run_watch ? USE_WATCH
                                                  : USE_WALK;
}

static int run(int argc, char **argv, struct fault *fault)
{
    struct options options;
    const struct command *command;
    int taken = 0;

    if (!options_parse(argc, argv, &options, fault))
        return STATUS_USAGE;
    if (options.version) {
        printf("tcpwalk %s\n", TCPWALK_VERSION);
        return STATUS_DONE;
    }
    if (options.help || options.operand_count == 0) {
        if (options.help)
            return run_help(NULL, &options, 0, NULL, NULL, fault);
        fault_set(fault, FAULT_USAGE, "a host and a port are needed (see tcpwalk --help)");
        return STATUS_USAGE;
    }
    if (!options_suit(&options, use_of(&options), fault))
        return STATUS_USAGE;
    command = command_find(options.operands[0]);
    if (command)
        taken = 1;
    else if (options.operand_count == 2)
        command = &commands[0];
    else if (options.operand_count > 2 && peer_is_port(options.operands[1]))
        command = &bare_steps;
    else if (options.operand_count == 1) {
        fault_set(fault, FAULT_USAGE, "'%s' is not a command; as a host it needs a port (see tcpwalk --help)",
                  options.operands[0]);
        return STATUS_USAGE;
    } else {
        fault_set(fault, FAULT_USAGE, "'%s' is not a command (see tcpwalk --help)", options.operands[0]);
        return STATUS_USAGE;
    }
    return command->run(command, &options, options.operand_count - taken, options.operands + taken, NULL, fault);
}

/* Descriptors 0 to 2 must be taken, or a socket of ours would become standard output. */
static bool fill_standard_descriptors(void)
{
    int fd;

    /* Read-only, so that writing to a closed standard output is still an error. */
    do {
        fd = open("/dev/null", O_RDONLY);
    } while (fd >= 0 && fd <= 2);
    if (fd < 0)
        return false;
    close(fd);
    return true;
}

int main(int argc, char **argv)
{
    struct fault fault = {0};
    int status;

    if (!fill_standard_descriptors())
        return STATUS_LOCAL;
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of writing, told like any other */
    signal(SIGXFSZ, SIG_IGN); /* and so is a file that may not grow */
    status = run(argc, argv, &fault);
    if (fault.kind != FAULT_NONE) {
        complain("%s", fault.words);
        if (status == STATUS_DONE)
            status = exit_status_of(&fault);
    }
    if ((fflush(stdout) != 0 || ferror(stdout)) && fault.kind == FAULT_NONE) {
        complain("standard output can't be written");
        status = STATUS_LOCAL;
    }
    return status;
}
