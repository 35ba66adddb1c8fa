/* Ways to make numbers, held against samples, each with the chance that random numbers would fit as well. */
#ifndef MEASURE_ISN_FIT_H
#define MEASURE_ISN_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "measure/isn.h"

/* A sample with its times as nanoseconds since the first one. */
struct isn_view {
    uint32_t isn;
    double from, to;
    bool of_many; /* it has a 4-tuple of its own */
};

#define ISN_VIEWS_MAX (2 * ISN_SAMPLES_MAX)

/* How one way fits samples in order of time. What is indexed by 0 and 1 is so by of_many. */
struct isn_fit {
    bool fits; /* at most a tenth of either series contradicts */
    size_t supports[2], contradicts[2];
    double log_chance; /* natural logarithm of the chance */
    double
        log_chance_many; /* the same, of what those with a 4-tuple of their own add: they must be found to follow too */

    uint32_t constant, step;
    unsigned step_multiple;
    uint32_t step_low, step_high;
    double rate_low, rate_high; /* numbers per nanosecond */
    uint32_t grain;
    size_t changes; /* how often the number was not that of the sample before */
    bool drifts;
};

/* All the same. */
void isn_fit_constant(const struct isn_view *views, size_t count, struct isn_fit *fit);

/* From each to the next the same step, or a small multiple of it. */
void isn_fit_step(const struct isn_view *views, size_t count, struct isn_fit *fit);

/* From each to the next a step upwards of less than 2^28. None may contradict. */
void isn_fit_random_step(const struct isn_view *views, size_t count, struct isn_fit *fit);

/* A clock that goes up by grain at a time. */
void isn_fit_clock(const struct isn_view *views, size_t count, uint32_t grain, struct isn_fit *fit);

/* What all differences of neighbours are multiples of; 1 where they have nothing in common, 0 where all are 0. */
uint32_t isn_grain(const struct isn_view *views, size_t count);

/* The fastest clock that isn_fit_clock() finds in these, in numbers per nanosecond; 0 where it can find none. */
double isn_rate_limit(const struct isn_view *views, size_t count);

#endif
