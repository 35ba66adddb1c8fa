/* Runs measurements at one address: makes the connections that they want, over one capture, and shows how far they are. */
#ifndef CMD_BENCH_H
#define CMD_BENCH_H

#include <signal.h>

#include "base/addr.h"
#include "base/fault.h"
#include "cmd/copy.h"
#include "cmd/options.h"
#include "io/route.h"
#include "measure/measure.h"

struct bench_order {
    const struct options *options; /* (borrowed) */
    const struct endpoint *peer;   /* (borrowed) */
    const sigset_t *wait_mask;     /* (borrowed) the signals of signals.h are open in it */
    struct measurement *measurements;
    unsigned count;
    struct copy *copy; /* (borrowed) all that is seen is written into it; or NULL */
    bool progress;     /* show on standard error what is awaited */
};

/* The way that was found, for the report. */
struct bench_way {
    struct route route;
    nanos began; /* capture clock */
};

/*
 * Runs them all at once until each is done. False when the machine failed it, or a signal asked to stop (FAULT_INTERRUPTED):
 * the fault says why. Even then no connection is left open, and the measurements can be concluded.
 */
bool bench_run(const struct bench_order *order, struct bench_way *way, struct fault *fault);

/* The monotonic clock, for measure_init(). */
nanos bench_now(void);

#endif
