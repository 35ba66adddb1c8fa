#include "measure/isn.h"

#include <math.h>

#include "measure/isn_fit.h"
#include "measure/isn_random.h"

/* Fits that are looked at: four ways, the clock also with drift, of all samples and of each series. */
#define TRIALS 15

/* Both series are tested for randomness. */
#define SERIES 2

/* A chance is never nothing, though a double may not be able to say how little it is. */
#define LEAST_CHANCE 1e-300

/* What one set of samples shows. */
struct shown {
    enum isn_kind kind;
    double chance;
    struct isn_fit fit;
};

static bool convincing(const struct isn_fit *fit, bool with_many, double *chance)
{
    double log_chance = fit->log_chance;

    if (!fit->fits)
        return false;
    if (with_many && fit->log_chance_many > log_chance)
        log_chance = fit->log_chance_many;
    *chance = fmax(TRIALS * exp(log_chance), LEAST_CHANCE);
    return *chance <= ISN_CHANCE;
}

static size_t contradicting(const struct isn_fit *fit)
{
    return fit->contradicts[0] + fit->contradicts[1];
}

/* The first way that fits, the simplest first. ISN_OTHER where none does. */
static void find_structure(const struct isn_view *views, size_t count, struct shown *out)
{
    bool with_many = false;
    uint32_t grain = isn_grain(views, count);
    struct isn_fit clock;

    for (size_t i = 0; i < count; i++)
        with_many |= views[i].of_many;
    isn_fit_constant(views, count, &out->fit);
    out->kind = ISN_CONSTANT;
    if (convincing(&out->fit, with_many, &out->chance))
        return;
    isn_fit_step(views, count, &out->fit);
    out->kind = ISN_STEP;
    if (convincing(&out->fit, with_many, &out->chance)) {
        isn_fit_clock(views, count, out->fit.step, &clock);
        if (!clock.fits)
            return;
        out->kind = ISN_STEP_OR_CLOCK;
        if (contradicting(&clock) >= contradicting(&out->fit))
            return;
    }
    isn_fit_clock(views, count, grain > 0 && grain < UINT32_C(1) << 20 ? grain : 1, &out->fit);
    out->kind = ISN_CLOCK;
    if (convincing(&out->fit, with_many, &out->chance))
        return;
    isn_fit_random_step(views, count, &out->fit);
    out->kind = ISN_RANDOM_STEP;
    if (convincing(&out->fit, with_many, &out->chance))
        return;
    *out = (struct shown){.kind = ISN_OTHER, .chance = 1};
}

/* The samples as views, those of one and of many merged by time. */
static size_t merge(const struct isn_sample *samples, size_t count, bool of_many, nanos epoch, struct isn_view *views,
                    size_t used)
{
    for (size_t i = 0; i < count && i < ISN_SAMPLES_MAX; i++) {
        struct isn_view view = {.isn = samples[i].isn,
                                .from = (double)(samples[i].earliest - epoch),
                                .to = (double)(samples[i].latest - epoch),
                                .of_many = of_many};
        size_t at = used;

        if (samples[i].latest < samples[i].earliest)
            continue;
        for (; at > 0 && views[at - 1].from > view.from; at--)
            views[at] = views[at - 1];
        views[at] = view;
        used++;
    }
    return used;
}

/* Tests a series alone; rate is that of a clock to be taken away first, 0 for none. */
static void test_series(const struct isn_view *views, size_t count, double rate, struct isn_series *series)
{
    uint32_t numbers[ISN_SAMPLES_MAX];

    for (size_t i = 0; i < count; i++)
        numbers[i] = views[i].isn - (uint32_t)(int64_t)fmod(rate * (views[i].from + views[i].to) / 2, 4294967296.0);
    isn_test_random(numbers, count, series);
}

/* Where nothing fits, random is what is left, unless a test speaks against it. */
static void settle_random(struct isn_series *series, const struct shown *shown)
{
    if (shown->kind != ISN_OTHER)
        return;
    series->kind = ISN_RANDOM;
    if (SERIES * series->least_p <= ISN_CHANCE)
        series->kind = ISN_OTHER;
    else if (series->count < ISN_RANDOM_LEAST)
        series->kind = ISN_TOO_FEW;
}

static void look_at_series(const struct isn_view *views, size_t count, struct isn_series *series, struct shown *shown)
{
    find_structure(views, count, shown);
    test_series(views, count, 0, series);
    series->count = count;
    series->kind = shown->kind;
    settle_random(series, shown);
}

/* What the whole is, if samples of all 4-tuples together do not follow one way. */
static enum isn_kind combine(enum isn_kind one, enum isn_kind many)
{
    static const enum isn_kind with_offset[ISN_KIND_COUNT] = {[ISN_CONSTANT] = ISN_TUPLE_CONSTANT,
                                                              [ISN_STEP] = ISN_TUPLE_STEP,
                                                              [ISN_STEP_OR_CLOCK] = ISN_TUPLE_STEP,
                                                              [ISN_CLOCK] = ISN_RFC6528,
                                                              [ISN_RANDOM_STEP] = ISN_TUPLE_RANDOM_STEP,
                                                              [ISN_RANDOM] = ISN_RANDOM,
                                                              [ISN_OTHER] = ISN_OTHER,
                                                              [ISN_TOO_FEW] = ISN_TOO_FEW};

    if (one == ISN_OTHER || many == ISN_OTHER)
        return ISN_OTHER;
    if (many == ISN_RANDOM)
        return with_offset[one];
    return many == ISN_TOO_FEW ? ISN_TOO_FEW : ISN_OTHER;
}

static void tell_fit(const struct shown *shown, struct isn_finding *out)
{
    const struct isn_fit *fit = &shown->fit;

    out->constant = fit->constant;
    out->step = shown->kind == ISN_STEP || shown->kind == ISN_STEP_OR_CLOCK ? fit->step : 0;
    out->step_multiple = fit->step_multiple;
    if (shown->kind == ISN_RANDOM_STEP) {
        out->step_low = fit->step_low;
        out->step_high = fit->step_high;
    }
    if (shown->kind != ISN_CLOCK)
        return;
    out->rate_low = fit->rate_low * (double)NANOS_PER_S;
    out->rate_high = fit->rate_high * (double)NANOS_PER_S;
    out->rate = (out->rate_low + out->rate_high) / 2;
    out->grain = fit->grain;
    /* Numbers that go up one by one are all even, say, by chance: then a grain was no more than that. */
    if ((double)fit->changes * log(fit->grain) < -log(ISN_CHANCE))
        out->grain = 1;
    out->tick = out->grain * (double)NANOS_PER_S / out->rate;
    out->tick_low = out->grain * (double)NANOS_PER_S / out->rate_high;
    out->tick_high = out->grain * (double)NANOS_PER_S / out->rate_low;
    out->drifts = fit->drifts;
}

/* What supports a kind that one fit shows; the samples, where the fit counts steps. */
static void tell_support(const struct shown *shown, struct isn_finding *out)
{
    size_t contradicts = contradicting(&shown->fit);
    size_t counted = shown->fit.supports[0] + shown->fit.supports[1] + contradicts;

    out->chance = shown->chance;
    out->contradicts = contradicts;
    out->supports = counted > 0 ? out->one.count + out->many.count - contradicts : 0;
}

/* How probable it is that random numbers would not look random as these do, in either way. */
static double chance_of_series(const struct isn_series *series, const struct shown *shown)
{
    return shown->kind == ISN_OTHER ? fmin(1, fmax(SERIES * series->least_p, LEAST_CHANCE)) : shown->chance;
}

/* Each 4-tuple has something of its own, or too little is known. */
static void find_by_series(const struct shown *of_one, const struct shown *of_many, struct isn_finding *out)
{
    out->kind = combine(out->one.kind, out->many.kind);
    tell_fit(of_one, out);
    if (out->kind == ISN_OTHER)
        out->chance = fmin(chance_of_series(&out->one, of_one), chance_of_series(&out->many, of_many));
    else if (out->kind == ISN_RANDOM)
        out->supports = out->one.count + out->many.count;
    else if (out->kind != ISN_TOO_FEW)
        tell_support(of_one, out);
}

static bool is_timed_or_counted(enum isn_kind kind)
{
    return kind == ISN_CLOCK || kind == ISN_STEP || kind == ISN_STEP_OR_CLOCK;
}

void isn_find(const struct isn_sample *one, size_t one_count, const struct isn_sample *many, size_t many_count,
              struct isn_finding *out)
{
    struct isn_view views[ISN_VIEWS_MAX];
    struct shown of_one, of_many, of_all;
    nanos epoch = one_count > 0 ? one[0].earliest : many_count > 0 ? many[0].earliest : 0;
    size_t count;

    *out = (struct isn_finding){.kind = ISN_TOO_FEW, .chance = 1};
    count = merge(one, one_count, false, epoch, views, 0);
    look_at_series(views, count, &out->one, &of_one);
    out->rate_limit = isn_rate_limit(views, count) * (double)NANOS_PER_S;
    count = merge(many, many_count, true, epoch, views, 0);
    look_at_series(views, count, &out->many, &of_many);
    if (out->one.kind == ISN_CLOCK) { /* the offsets are what should be random */
        test_series(views, count, (of_one.fit.rate_low + of_one.fit.rate_high) / 2, &out->many);
        settle_random(&out->many, &of_many);
    }
    count = merge(one, one_count, false, epoch, views, count);
    for (size_t i = 0; i < count; i++)
        out->span = (nanos)fmax((double)out->span, views[i].to - views[0].from);
    if (!(out->rate_limit > 0))
        out->rate_limit = isn_rate_limit(views, count) * (double)NANOS_PER_S;

    find_structure(views, count, &of_all);
    /* Steps of which each series by itself knows better than random are not the whole truth. */
    if (of_all.kind == ISN_RANDOM_STEP && (is_timed_or_counted(of_one.kind) || is_timed_or_counted(of_many.kind)))
        of_all.kind = ISN_OTHER;
    if (out->many.count == 0 || of_all.kind == ISN_OTHER) {
        find_by_series(&of_one, &of_many, out);
        return;
    }
    out->kind = of_all.kind;
    tell_fit(&of_all, out);
    tell_support(&of_all, out);
}
