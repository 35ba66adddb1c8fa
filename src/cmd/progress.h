/* What long measurements wait for, in one line of a terminal that is written again and again. */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stdbool.h>

#include "base/nanos.h"
#include "measure/measure.h"

struct progress {
    bool on;
    bool shown;
    nanos began, next; /* monotonic */
    unsigned turn;     /* of several measurements one is shown after the other */
};

/* on: standard error is a terminal and progress is wanted there. */
void progress_begin(struct progress *progress, bool on);

/* Writes the line again if it is time to. Returns when it wants to be called again (monotonic). */
nanos progress_show(struct progress *progress, const struct measurement *measurements, unsigned count, nanos now);

/* Takes the line off the terminal. */
void progress_end(struct progress *progress);

#endif
