/* Statistics of samples in arrays of the caller; counts are at least 1 where nothing else is said. */
#ifndef MEASURE_STATS_H
#define MEASURE_STATS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/nanos.h"

/* Sort in place, the least first: a heap sort, which needs no memory and takes n log n at worst. Any count will do. */
void stats_sort(nanos *values, size_t count);
void stats_sort_reals(double *values, size_t count);

/* The least and the greatest, in any order. */
nanos stats_minimum(const nanos *values, size_t count);
nanos stats_maximum(const nanos *values, size_t count);

/* The value in the middle; between the two in the middle where the count is even. */
nanos stats_median(const nanos *sorted, size_t count);

/*
 * The percentile by nearest rank: the least of the values that at least so many of a hundred do not exceed. So it is
 * always one of the values: 0 gives the least, 100 the greatest.
 */
nanos stats_percentile(const nanos *sorted, size_t count, double percent);

/*
 * Two of the values, between which the median of what was sampled lies with at least this confidence (0.95 say),
 * whatever its distribution: the order statistics that the binomial distribution names. False where there are too few
 * samples for that (under 6 for 0.95); the interval is then the whole range.
 */
bool stats_median_interval(const nanos *sorted, size_t count, double confidence, nanos *low, nanos *high);

/* The mean, in any order. */
double stats_mean(const nanos *values, size_t count);

/* The standard deviation of what was sampled, from its samples (divided by n - 1); 0 for one sample. */
double stats_deviation(const nanos *values, size_t count);

/* The logarithm of the number of ways to choose k of n; k is at most n. */
double stats_log_choose(double n, double k);

/* How probable it is that chi-square with so many degrees of freedom (at least 1) is at least this. */
double stats_chi_square_tail(double chi_square, unsigned degrees);

/* The statistic of Kolmogorov and Smirnov: how far sorted numbers from 0 to 1 are from a uniform distribution. */
double stats_uniform_distance(const double *sorted, size_t count);

/*
 * How probable it is that so many uniform numbers are at least so far from it. Exact to 1e-6 below 0.05, which is where it
 * matters; up to some thousandths off above (the one-sided probability of Birnbaum and Tingey, which is exact, in the series of
 * Kolmogorov).
 */
double stats_uniform_tail(double distance, size_t count);

#endif
