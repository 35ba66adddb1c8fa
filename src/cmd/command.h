/* What every command is: a row of the table in main.c. */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include "base/fault.h"
#include "cmd/options.h"
#include "walk/event.h"

struct lab;

struct command {
    const char *name;
    const char *operands; /* as usage shows them */
    bool walks;           /* it walks with a peer, and can do that in the lab too */
    const char *summary;
    /*
     * Runs the command with what follows its name as operands. Returns the exit status; with a fault set,
     * main prints it. lab is NULL outside of the lab.
     */
    int (*run)(const struct command *command, const struct options *options, int count, char **operands,
               const struct lab *lab, struct fault *fault);
};

/* The table, walks first; the last has no name. Defined in main.c. */
extern const struct command commands[];

/* HOST PORT STEP... without a command: the steps alone. */
extern const struct command bare_steps;

/* NULL when there is none of that name. */
const struct command *command_find(const char *name);

/* The exit status for a fault. */
int exit_status_of(const struct fault *fault);

/* The commands' entry points. */
int run_walk(const struct command *command, const struct options *options, int count, char **operands,
             const struct lab *lab, struct fault *fault);
int run_run(const struct command *command, const struct options *options, int count, char **operands,
            const struct lab *lab, struct fault *fault);
int run_step(const struct command *command, const struct options *options, int count, char **operands,
             const struct lab *lab, struct fault *fault);
int run_measure(const struct command *command, const struct options *options, int count, char **operands,
                const struct lab *lab, struct fault *fault);
int run_teach(const struct command *command, const struct options *options, int count, char **operands,
              const struct lab *lab, struct fault *fault);
int run_read(const struct command *command, const struct options *options, int count, char **operands,
             const struct lab *lab, struct fault *fault);
int run_watch(const struct command *command, const struct options *options, int count, char **operands,
              const struct lab *lab, struct fault *fault);
int run_lab(const struct command *command, const struct options *options, int count, char **operands,
            const struct lab *lab, struct fault *fault);
int run_completion(const struct command *command, const struct options *options, int count, char **operands,
                   const struct lab *lab, struct fault *fault);
int run_help(const struct command *command, const struct options *options, int count, char **operands,
             const struct lab *lab, struct fault *fault);

#endif
