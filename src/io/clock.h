/* The clocks of this machine: the only file of the program that asks for the time. */
#ifndef IO_CLOCK_H
#define IO_CLOCK_H

#include "base/nanos.h"

/* Nanoseconds since some point in the past, never stepping back (CLOCK_MONOTONIC): for deadlines. */
nanos clock_monotonic(void);

/* Nanoseconds since 1970, UTC (CLOCK_REALTIME): the clock that stamps captured packets. It can step. */
nanos clock_realtime(void);

#endif
