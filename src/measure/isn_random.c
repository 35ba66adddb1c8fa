#include "measure/isn_random.h"

#include <math.h>

#include "measure/stats.h"

#define NUMBERS 4294967296.0

static double uniform_p(double *values, size_t count)
{
    if (count == 0)
        return 1;
    stats_sort_reals(values, count);
    return stats_uniform_tail(stats_uniform_distance(values, count), count);
}

static double range_p(const uint32_t *numbers, size_t count)
{
    double values[ISN_SAMPLES_MAX];

    for (size_t i = 0; i < count; i++)
        values[i] = (numbers[i] + 0.5) / NUMBERS;
    return uniform_p(values, count);
}

/* Independent uniform numbers on a circle have differences that are so, too. A clock, a step, a line over the ports do not. */
static double steps_p(const uint32_t *numbers, size_t count)
{
    double values[ISN_SAMPLES_MAX];

    for (size_t i = 1; i < count; i++)
        values[i - 1] = ((uint32_t)(numbers[i] - numbers[i - 1]) + 0.5) / NUMBERS;
    return uniform_p(values, count > 0 ? count - 1 : 0);
}

/*
 * The sum over the bits of (ones - zeros)^2 / n. It is chi-square with 32 degrees of freedom if there are many numbers; with
 * few its tail is never more than 2 e^3 / 9 times as heavy (Pinelis, Annals of Statistics 22, 1994).
 */
static double bits_p(const uint32_t *numbers, size_t count)
{
    double sum = 0;

    for (unsigned bit = 0; count > 0 && bit < 32; bit++) {
        double balance = 0;

        for (size_t i = 0; i < count; i++)
            balance += numbers[i] >> bit & 1 ? 1 : -1;
        sum += balance * balance / (double)count;
    }
    return fmin(1, 2 * exp(3) / 9 * stats_chi_square_tail(sum, 32));
}

/*
 * Of n numbers n (n - 1) / 2 pairs are equal with the probability 2^-32 each. By Markov's inequality for the number of ways
 * to choose k numbers that equal earlier ones, at least k do so with at most the mean to the power of k by k factorial.
 */
static double repeats_p(const uint32_t *numbers, size_t count)
{
    nanos sorted[ISN_SAMPLES_MAX];
    double repeats = 0, pairs = (double)count * ((double)count - 1) / 2, bound = 1;

    for (size_t i = 0; i < count; i++)
        sorted[i] = numbers[i];
    stats_sort(sorted, count);
    for (size_t i = 1; i < count; i++)
        repeats += sorted[i] == sorted[i - 1];
    for (double k = 1; k <= repeats; k++)
        bound *= pairs / NUMBERS / k;
    return fmin(1, bound);
}

void isn_test_random(const uint32_t *numbers, size_t count, struct isn_series *series)
{
    series->p[ISN_TEST_RANGE] = range_p(numbers, count);
    series->p[ISN_TEST_STEPS] = steps_p(numbers, count);
    series->p[ISN_TEST_BITS] = bits_p(numbers, count);
    series->p[ISN_TEST_REPEATS] = repeats_p(numbers, count);
    series->worst = ISN_TEST_RANGE;
    for (enum isn_test test = ISN_TEST_RANGE; test < ISN_TEST_COUNT; test++)
        if (series->p[test] < series->p[series->worst])
            series->worst = test;
    series->least_p = fmin(1, ISN_TEST_COUNT * series->p[series->worst]);
}
