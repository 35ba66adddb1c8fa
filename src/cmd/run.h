/* One run of a script, as all commands that walk do it: reporting, each address of the peer in turn, how it ended. */
#ifndef CMD_RUN_H
#define CMD_RUN_H

#include "base/addr.h"
#include "cmd/attempt.h"
#include "cmd/pictures.h"
#include "cmd/tape.h"
#include "report/reporter.h"

/* Where an interactive run gets its steps from. */
struct console {
    void *context;
    void (*hide)(void *context); /* something is going to be printed */
    /*
     * The walk has nothing to do, or there is something to read: gives it steps, or lets it finish. False with a fault ends
     * the walk.
     */
    bool (*input)(void *context, struct walk *walk, struct live *live, bool readable, struct fault *fault);
};

struct run {
    struct errand errand;
    uint16_t port; /* the peer's; passive: ours */
    unsigned expectations;
    const struct console *console; /* or NULL (borrowed) */

    /* run_addresses' own */
    const struct reporter *reporter;
    void *report; /* the reporter's state (owned) */
    struct pictures pictures;
    struct attempt attempt;
    struct tape tape;
    struct tape_head head;
    bool ended; /* the last attempt came to its end event: */
    struct event_end end;
    char why[FAULT_WORDS];
    unsigned disagreed; /* in all attempts: the kernel contradicted a proven claim */
};

/*
 * Runs the errand to each address in turn until one answers, reports it on standard output, and complains of what went wrong.
 * Returns the exit status, with a fault where main is to print one.
 */
int run_addresses(struct run *run, const struct addr *addresses, unsigned count, struct fault *fault);

#endif
