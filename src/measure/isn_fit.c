/*
 * Constant numbers, steps and random steps. A chance here is the number of samples that are free to fit or not, each with
 * the part of the 2^32 numbers that would have fitted, times the ways to choose what is adapted to the samples: the step,
 * and which of them contradict. isn_clock.c has the clock.
 */
#include "measure/isn_fit.h"

#include <math.h>

#include "measure/stats.h"

/* Where other connections came between ours, a step per connection is seen as a multiple. */
#define MULTIPLE_MOST 16

/* A random step above this is not small. */
#define SMALL (UINT32_C(1) << 28)

static const double log_numbers = 22.180709777918249; /* the logarithm of 2^32 */

static uint32_t step_to(const struct isn_view *views, size_t i)
{
    return views[i].isn - views[i - 1].isn;
}

/* Few enough contradict, in each series by itself. */
static bool tolerable(const struct isn_fit *fit)
{
    for (int of_many = 0; of_many < 2; of_many++)
        if (fit->contradicts[of_many] * 10 > fit->supports[of_many] + fit->contradicts[of_many])
            return false;
    return true;
}

/* The logarithm of the number of ways in which so many can contradict. */
static double log_ways(size_t supports, size_t contradicts)
{
    return stats_log_choose((double)(supports + contradicts), (double)contradicts);
}

/*
 * The chance, where each that supports had log_part to do so, and adapted of them were used to adapt the way to them. Those of
 * many add nothing of their own to a way that is adapted to them alone.
 */
static void set_chance(struct isn_fit *fit, double log_part, size_t adapted)
{
    size_t all = fit->supports[0] + fit->supports[1], many = fit->supports[1];

    fit->fits = all > adapted && tolerable(fit);
    if (!fit->fits)
        return;
    fit->log_chance = (double)(all - adapted) * log_part + log_ways(all, fit->contradicts[0] + fit->contradicts[1]);
    fit->log_chance_many = fit->log_chance;
    if (fit->supports[0] >= adapted)
        fit->log_chance_many = (double)many * log_part + log_ways(many, fit->contradicts[1]);
}

void isn_fit_constant(const struct isn_view *views, size_t count, struct isn_fit *fit)
{
    size_t votes = 0;

    *fit = (struct isn_fit){0};
    /* Whoever has more than half of the votes is the last to stand (Boyer and Moore). */
    for (size_t i = 0; i < count; i++) {
        if (votes == 0)
            fit->constant = views[i].isn;
        votes += views[i].isn == fit->constant ? 1 : (size_t)-1;
    }
    for (size_t i = 0; i < count; i++)
        (views[i].isn == fit->constant ? fit->supports : fit->contradicts)[views[i].of_many]++;
    set_chance(fit, -log_numbers, 1);
}

/* Which multiple of the step this is, 0 for none. */
static unsigned multiple_of(uint32_t difference, uint32_t step)
{
    for (unsigned multiple = 1; multiple <= MULTIPLE_MOST; multiple++)
        if (difference == multiple * step)
            return multiple;
    return 0;
}

/* It is one of the differences, and more than half of them are the step itself: a slow clock shows all multiples alike. */
void isn_fit_step(const struct isn_view *views, size_t count, struct isn_fit *fit)
{
    size_t votes = 0, single = 0;

    *fit = (struct isn_fit){.step_multiple = 1};
    for (size_t i = 1; i < count; i++) {
        if (votes == 0)
            fit->step = step_to(views, i);
        votes += step_to(views, i) == fit->step ? 1 : (size_t)-1;
    }
    if (fit->step == 0)
        return;
    for (size_t i = 1; i < count; i++) {
        unsigned multiple = multiple_of(step_to(views, i), fit->step);

        (multiple > 0 ? fit->supports : fit->contradicts)[views[i].of_many]++;
        single += multiple == 1;
        if (multiple > fit->step_multiple)
            fit->step_multiple = multiple;
    }
    if (2 * single < count)
        return;
    set_chance(fit, log(fit->step_multiple) - log_numbers, 1);
    fit->log_chance += log((double)count);
    fit->log_chance_many += log((double)count);
}

void isn_fit_random_step(const struct isn_view *views, size_t count, struct isn_fit *fit)
{
    *fit = (struct isn_fit){.step_low = UINT32_MAX};
    for (size_t i = 1; i < count; i++) {
        uint32_t step = step_to(views, i);

        if (step >= SMALL)
            return;
        fit->step_low = step < fit->step_low ? step : fit->step_low;
        fit->step_high = step > fit->step_high ? step : fit->step_high;
        fit->supports[views[i].of_many]++;
    }
    set_chance(fit, log((double)fit->step_high + 1) - log_numbers, 0);
}

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
    while (b != 0) {
        uint32_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

uint32_t isn_grain(const struct isn_view *views, size_t count)
{
    uint32_t grain = 0;

    for (size_t i = 1; i < count && grain != 1; i++)
        grain = common_divisor(step_to(views, i), grain);
    return grain;
}
