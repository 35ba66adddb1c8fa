/* The numbers of charts: ticks, labels, bins and percentiles, held against plain ways to find the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/bins.h"
#include "step_chance.h"

#define VALUES 400

static void assert_ticks(struct axis axis, unsigned wanted, const char *expected)
{
    struct axis_tick ticks[AXIS_TICKS_MAX];
    unsigned count = axis_ticks(&axis, wanted, ticks);
    char words[512];
    struct text text;

    text_init(&text, words, sizeof(words));
    for (unsigned i = 0; i < count; i++)
        text_add(&text, "%s%s", i > 0 ? ", " : "", ticks[i].label);
    assert_string_equal(words, expected);
}

#define TIME(from, to)                                                                                                 \
    (struct axis)                                                                                                      \
    {                                                                                                                  \
        .quantity = QUANTITY_TIME, .least = (from), .most = (to)                                                       \
    }
#define LOGARITHMIC(from, to)                                                                                          \
    (struct axis)                                                                                                      \
    {                                                                                                                  \
        .quantity = QUANTITY_TIME, .least = (from), .most = (to), .logarithmic = true                                  \
    }
#define NUMBER(from, to)                                                                                               \
    (struct axis)                                                                                                      \
    {                                                                                                                  \
        .quantity = QUANTITY_NUMBER, .least = (from), .most = (to)                                                     \
    }

static void ticks_of_time(void **unused)
{
    (void)unused;
    assert_ticks(TIME(0, 7), 5, "0, 2 ns, 4 ns, 6 ns");
    assert_ticks(TIME(0, 900e3), 6, "0, 200 us, 400 us, 600 us, 800 us");
    assert_ticks(TIME(0, 2.5e6), 6, "0, 0.5 ms, 1.0 ms, 1.5 ms, 2.0 ms, 2.5 ms");
    assert_ticks(TIME(0, 70e9), 9, "0, 10 s, 20 s, 30 s, 40 s, 50 s, 60 s, 70 s");
    assert_ticks(TIME(0, 240e9), 6, "0, 50 s, 100 s, 150 s, 200 s");
    assert_ticks(TIME(0, 3600e9), 6, "0, 15 min, 30 min, 45 min, 60 min");
    assert_ticks(TIME(0, 8 * 3600e9), 9, "0, 1 h, 2 h, 3 h, 4 h, 5 h, 6 h, 7 h, 8 h");
    assert_ticks(TIME(0, 72 * 3600e9), 5, "0, 24 h, 48 h, 72 h");
    assert_ticks(TIME(1e9, 1.00002e9), 3, "1.00000 s, 1.00001 s, 1.00002 s");
}

static void ticks_of_other_axes(void **unused)
{
    (void)unused;
    assert_ticks(LOGARITHMIC(1e3, 1e9), 8, "1 us, 10 us, 100 us, 1 ms, 10 ms, 100 ms, 1 s");
    assert_ticks(LOGARITHMIC(1e3, 1e5), 8, "1 us, 2 us, 5 us, 10 us, 20 us, 50 us, 100 us");
    assert_ticks(LOGARITHMIC(1e3, 1e9), 4, "10 us, 1 ms, 100 ms");
    assert_ticks(NUMBER(0, 65535), 5, "0, 20,000, 40,000, 60,000");
    assert_ticks(NUMBER(-1, 1), 5, "-1.0, -0.5, 0, 0.5, 1.0");
    assert_ticks((struct axis){.quantity = QUANTITY_SEQUENCE, .most = AXIS_SEQUENCES}, 5,
                 "0, 2^30, 2^31, 3*2^30, 2^32");
}

static void values_in_words(void **unused)
{
    static const struct {
        enum quantity quantity;
        double value;
        const char *words;
    } cases[] = {
        {QUANTITY_TIME, 0, "0"},
        {QUANTITY_TIME, 412e3, "412 us"},
        {QUANTITY_TIME, 63e9, "63.0 s"},
        {QUANTITY_TIME, 1290e9, "21.5 min"},
        {QUANTITY_TIME, 7.25 * 3600e9, "7.25 h"},
        {QUANTITY_NUMBER, 12.5, "12.5"},
        {QUANTITY_NUMBER, -1234.4, "-1,234"},
        {QUANTITY_SEQUENCE, 7, "7"},
        {QUANTITY_SEQUENCE, 4294967295.0, "4,294,967,295"},
    };
    char words[AXIS_TEXT], interval[AXIS_INTERVAL_TEXT];

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(axis_value(cases[i].quantity, cases[i].value, words), cases[i].words);
    assert_string_equal(axis_interval(63900 * NANOS_PER_MS, 64500 * NANOS_PER_MS, interval), "63.9-64.5 s");
    assert_string_equal(axis_interval(900 * NANOS_PER_MS, 1100 * NANOS_PER_MS, interval), "900 ms-1.10 s");
    assert_string_equal(axis_interval(64000 * NANOS_PER_MS, 64001 * NANOS_PER_MS, interval), "64.0 s");
}

/* A value of any of many sizes. */
static double any_value(struct chance *chance, unsigned sizes)
{
    return (1 + chance_below(chance, 999)) * pow(10, (double)chance_below(chance, sizes));
}

static int ascending(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;

    return (first > second) - (first < second);
}

/* The nearest rank, from sorted values. */
static double percentile(const double *sorted, size_t count, unsigned part)
{
    size_t rank = (count * part + 99) / 100;

    return sorted[(rank > 0 ? rank : 1) - 1];
}

static void assert_bins(const struct bins *bins, const double *sorted, size_t count, unsigned wanted)
{
    size_t sum = 0;

    assert_in_range(bins->count, 1, wanted);
    for (unsigned i = 0; i < bins->count; i++) {
        size_t inside = 0;

        assert_true(bins->edges[i] < bins->edges[i + 1]);
        for (size_t value = 0; value < count; value++)
            inside +=
                sorted[value] >= bins->edges[i] &&
                (sorted[value] < bins->edges[i + 1] || (i + 1 == bins->count && sorted[value] == bins->edges[i + 1]));
        assert_int_equal(bins->counts[i], inside);
        sum += inside;
    }
    assert_int_equal(sum, count);
    assert_int_equal(bins->total, count);
    assert_true(bins->least == sorted[0] && bins->most == sorted[count - 1]);
    assert_true(bins->median == percentile(sorted, count, 50));
    assert_true(bins->percentile_99 == percentile(sorted, count, 99));
}

static void bins_hold_all_values(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct chance chance = {seed};
        size_t count = 1 + chance_below(&chance, VALUES);
        unsigned sizes = 1 + chance_below(&chance, 12), wanted = 12 + 14 * chance_below(&chance, 3);
        double values[VALUES], sorted[VALUES];
        struct chart_histogram histogram = {.values = values, .count = count};
        struct bins bins;

        for (size_t i = 0; i < count; i++)
            sorted[i] = values[i] = any_value(&chance, sizes);
        qsort(sorted, count, sizeof(sorted[0]), ascending);
        bins_fill(&bins, &histogram, wanted);
        assert_bins(&bins, sorted, count, wanted);
    }
}

/* Where a range begins and ends between edges, there is one bin more than its length has steps. */
static void bins_are_no_more_than_wanted(void **unused)
{
    double values[VALUES];
    struct bins bins;

    (void)unused;
    for (unsigned i = 0; i < VALUES; i++)
        values[i] = 0.5 + i * 11.9 / VALUES;
    bins_fill(&bins, &(struct chart_histogram){.values = values, .count = VALUES}, 12);
    assert_int_equal(bins.count, 7);
    assert_true(bins.step == 2);
}

static void skewed_values_get_logarithmic_bins(void **unused)
{
    nanos spans[] = {10, 20, 30, 40, 50, 60, 70, 80, 90, 1000};
    double values[] = {0, 1, 2, 3, 100};
    struct chart_histogram histogram = {.spans = spans, .count = 10};
    struct bins bins;

    (void)unused;
    bins_fill(&bins, &histogram, 12);
    assert_false(bins.axis.logarithmic);
    spans[9] = 1001;
    bins_fill(&bins, &histogram, 12);
    assert_true(bins.axis.logarithmic);
    /* Few small values need no bins of their own; a tenth do. */
    for (unsigned i = 0; i < 9; i++)
        spans[i] = 100000;
    spans[9] = 1000;
    bins_fill(&bins, &histogram, 12);
    assert_true(bins.axis.logarithmic);
    /* 0 has no place on a logarithmic axis. */
    bins_fill(&bins, &(struct chart_histogram){.values = values, .count = 5}, 12);
    assert_false(bins.axis.logarithmic);
}

static void what_was_not_measured_is_left_out(void **unused)
{
    const nanos spans[] = {NANOS_NONE, 5, NANOS_NEVER, 7};
    const double values[] = {NAN, INFINITY, -3, -INFINITY};
    struct bins bins;

    (void)unused;
    bins_fill(&bins, &(struct chart_histogram){.spans = spans, .count = 4}, 12);
    assert_int_equal(bins.total, 2);
    assert_true(bins.least == 5 && bins.most == 7 && bins.median == 5);
    bins_fill(&bins, &(struct chart_histogram){.values = values, .count = 4}, 12);
    assert_int_equal(bins.total, 1);
    assert_true(bins.median == -3);
    bins_fill(&bins, &(struct chart_histogram){.values = values, .count = 2}, 12);
    assert_int_equal(bins.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_of_time),
        cmocka_unit_test(ticks_of_other_axes),
        cmocka_unit_test(values_in_words),
        cmocka_unit_test(bins_hold_all_values),
        cmocka_unit_test(bins_are_no_more_than_wanted),
        cmocka_unit_test(skewed_values_get_logarithmic_bins),
        cmocka_unit_test(what_was_not_measured_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
