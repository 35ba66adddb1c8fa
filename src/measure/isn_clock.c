/*
 * A clock, held against numbers of which each was read from it between two times.
 *
 * The clock shows offset + rate * t modulo 2^32, cut down to a multiple of its grain. Of two samples i and j, j the later, the
 * difference D of their numbers (with as many rounds of 2^32 as there were) is rate * t for a time t from apart =
 * from_j - to_i to reach = to_j - from_i, give or take less than a grain:
 *
 *     rate * reach > D - grain        rate * apart < D + grain
 *
 * There is an offset that fits all samples exactly if there is a rate that fits every pair so (what remains of the
 * inequalities when the offset is eliminated). So the interval of the rate that comes out is all that is possible.
 *
 * Rounds are the difficulty. A seed is a pair of neighbours that lies so far apart that it says something of the rate and is
 * taken to lie less than a round apart: that limits the rates that are found. From there it goes outwards, and each
 * sample is told its rounds by the rate that the nearer ones have left.
 *
 * Chance: let the rate be at most r, the one that was found, and one sample be where it is. Of the rates up to r there are
 * no more than `cells` that make a difference of one sample's width at the far end; within one, each other sample
 * fits with the probability of its width out of 2^32. Slower clocks need less luck, so what fits with less chance than
 * this has a rate of at most r, and is counted.
 */
#include <math.h>

#include "measure/isn_fit.h"
#include "measure/stats.h"

#define ROUND 4294967296.0

#define SEEDS 8

struct rates {
    double low, high; /* numbers per nanosecond */
};

/* What is known of each sample of one attempt. */
struct attempt {
    const struct isn_view *views;
    size_t count;
    double grain, drift;
    double number[ISN_VIEWS_MAX]; /* as if there were no rounds, from the reference's own */
    bool supports[ISN_VIEWS_MAX];
    size_t reference, contradictions;
    struct rates rates;
};

/* Narrows the rates to those that two samples, the earlier one first, leave. */
static void narrow(const struct attempt *attempt, const struct isn_view *early, const struct isn_view *late,
                   double difference, struct rates *rates)
{
    double reach = late->to - early->from, apart = late->from - early->to;
    double least = difference - attempt->grain, most = difference + attempt->grain;

    if (least > 0)
        rates->low = fmax(rates->low, reach > 0 ? least / reach * (1 - attempt->drift) : INFINITY);
    if (apart > 0)
        rates->high = fmin(rates->high, most / apart * (1 + attempt->drift));
    else if (most < 0)
        rates->low = fmax(rates->low, apart < 0 ? most / apart * (1 - attempt->drift) : INFINITY);
}

/* Gives sample i its rounds, by the reference and the rates; false where they leave more than a round to choose from. */
static bool place(struct attempt *attempt, size_t i)
{
    const struct isn_view *reference = &attempt->views[attempt->reference], *view = &attempt->views[i];
    double first = view->from - reference->to, last = view->to - reference->from;
    double slow = attempt->rates.low * (1 - attempt->drift), fast = attempt->rates.high * (1 + attempt->drift);
    double least = floor((first < 0 ? fast : slow) * first - attempt->grain);
    double most = ceil((last < 0 ? slow : fast) * last + attempt->grain), beyond;

    if (!(most - least < ROUND))
        return false;
    beyond = fmod((double)(uint32_t)(view->isn - reference->isn) - least, ROUND);
    if (beyond < 0)
        beyond += ROUND;
    attempt->number[i] = least + beyond;
    attempt->supports[i] = least + beyond <= most;
    if (!attempt->supports[i])
        attempt->contradictions++;
    else if (i > attempt->reference)
        narrow(attempt, reference, view, attempt->number[i], &attempt->rates);
    else
        narrow(attempt, view, reference, -attempt->number[i], &attempt->rates);
    return attempt->rates.low <= attempt->rates.high;
}

/* From the seed outwards, the nearer sample first. */
static bool grow(struct attempt *attempt, size_t seed, size_t partner)
{
    const struct isn_view *views = attempt->views;
    size_t left = seed, right = seed + 1;

    attempt->reference = seed;
    attempt->contradictions = 0;
    attempt->number[seed] = 0;
    attempt->supports[seed] = true;
    attempt->rates = (struct rates){0, INFINITY};
    narrow(attempt, &views[seed], &views[partner], (double)(uint32_t)(views[partner].isn - views[seed].isn),
           &attempt->rates);
    while (left > 0 || right < attempt->count) {
        bool to_left = right >= attempt->count ||
                       (left > 0 && views[seed].from - views[left - 1].from < views[right].from - views[seed].from);

        if (!place(attempt, to_left ? --left : right++) || attempt->contradictions * 10 > attempt->count)
            return false;
    }
    return true;
}

/* All pairs, so that there is an offset for all. */
static bool settle(struct attempt *attempt)
{
    struct rates *rates = &attempt->rates;

    for (size_t i = 0; i < attempt->count; i++)
        for (size_t j = i + 1; j < attempt->count && rates->low <= rates->high; j++)
            if (attempt->supports[i] && attempt->supports[j])
                narrow(attempt, &attempt->views[i], &attempt->views[j], attempt->number[j] - attempt->number[i], rates);
    return rates->low > 0 && rates->low <= rates->high && rates->high < INFINITY;
}

/* The nearest sample behind this one that is far enough apart to say something of the rate, or count. */
static size_t partner_of(const struct isn_view *views, size_t count, size_t seed)
{
    double wide = views[seed].to - views[seed].from;

    for (size_t i = seed + 1; i < count; i++)
        if (views[i].from > views[seed].to && views[i].from - views[seed].to >= wide + views[i].to - views[i].from)
            return i;
    return count;
}

struct seed {
    size_t seed, partner;
    double reach;
};

/* The pairs with the shortest reach, the shortest first; how many there are. */
static size_t find_seeds(const struct isn_view *views, size_t count, struct seed out[SEEDS])
{
    size_t found = 0;

    for (size_t i = 0; i + 1 < count; i++) {
        struct seed seed = {.seed = i, .partner = partner_of(views, count, i)};
        size_t at = found;

        if (seed.partner == count)
            continue;
        seed.reach = views[seed.partner].to - views[i].from;
        while (at > 0 && out[at - 1].reach > seed.reach)
            at--;
        if (at == SEEDS)
            continue;
        found = found < SEEDS ? found + 1 : SEEDS;
        for (size_t k = found - 1; k > at; k--)
            out[k] = out[k - 1];
        out[at] = seed;
    }
    return found;
}

double isn_rate_limit(const struct isn_view *views, size_t count)
{
    struct seed seeds[SEEDS];

    return find_seeds(views, count, seeds) > 0 ? ROUND / seeds[0].reach : 0;
}

/* The reference is the seed's; the head of this file says why this bounds the chance. */
static void set_chance(const struct attempt *attempt, struct isn_fit *fit)
{
    const struct isn_view *views = attempt->views, *reference = &views[attempt->reference];
    double rate = attempt->rates.high, grain = attempt->grain, wide = reference->to - reference->from;
    double whole = fmax(views[attempt->count - 1].to - reference->from, reference->to - views[0].from);
    double cell = rate * wide + grain, log_cells = log(rate * whole / cell + 1), log_fits[2] = {0};
    size_t all = fit->contradicts[0] + fit->contradicts[1];

    for (size_t i = 0; i < attempt->count; i++) {
        double away = fmax(fabs(views[i].from - reference->to), fabs(views[i].to - reference->from));
        double width = rate * (wide + views[i].to - views[i].from) + cell * away / whole +
                       2 * attempt->drift * rate * away + 2 * grain + 1;

        if (attempt->supports[i] && i != attempt->reference)
            log_fits[views[i].of_many] += log(fmin(1, width / ROUND));
    }
    /* Any seed's may have been the reference. The grain was taken from the samples too: twice is more than that adds. */
    log_cells += log(2 * SEEDS);
    fit->log_chance = log_cells + log_fits[0] + log_fits[1] + stats_log_choose((double)attempt->count, (double)all);
    fit->log_chance_many =
        log_cells + log_fits[1] +
        stats_log_choose((double)(fit->supports[1] + fit->contradicts[1]), (double)fit->contradicts[1]);
}

static bool try(struct attempt *attempt, const struct seed *seed, struct isn_fit *fit)
{
    size_t supports[2] = {0}, contradicts[2] = {0};

    if (!grow(attempt, seed->seed, seed->partner) || !settle(attempt))
        return false;
    for (size_t i = 0; i < attempt->count; i++)
        (attempt->supports[i] ? supports : contradicts)[attempt->views[i].of_many]++;
    for (int of_many = 0; of_many < 2; of_many++) {
        if (contradicts[of_many] * 10 > supports[of_many] + contradicts[of_many])
            return false;
        fit->supports[of_many] = supports[of_many];
        fit->contradicts[of_many] = contradicts[of_many];
    }
    fit->fits = true;
    fit->rate_low = attempt->rates.low;
    fit->rate_high = attempt->rates.high;
    fit->drifts = attempt->drift > 0;
    set_chance(attempt, fit);
    return true;
}

/* First as if both clocks ran evenly, which gives the narrowest interval. */
void isn_fit_clock(const struct isn_view *views, size_t count, uint32_t grain, struct isn_fit *fit)
{
    struct attempt attempt = {.views = views, .count = count, .grain = grain};
    struct seed seeds[SEEDS];
    size_t found = find_seeds(views, count, seeds);

    *fit = (struct isn_fit){.grain = grain};
    for (size_t i = 1; i < count; i++)
        fit->changes += views[i].isn != views[i - 1].isn;
    for (int drifting = 0; drifting < 2 && !fit->fits; drifting++) {
        attempt.drift = drifting ? ISN_DRIFT : 0;
        for (size_t i = 0; i < found && !fit->fits; i++)
            try(&attempt, &seeds[i], fit);
    }
}
