/* src/measure/stats: order, spread, and how probable things are, against values that others published. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "measure/stats.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* splitmix64 */
static uint64_t drawn(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static double drawn_uniform(uint64_t *seed)
{
    return (double)(drawn(seed) >> 11) / 9007199254740992.0;
}

static void near(double is, double wanted, double within)
{
    if (!(fabs(is - wanted) <= within))
        fail_msg("%.9g instead of %.9g", is, wanted);
}

static void sorting_keeps_all_and_puts_them_in_order(void **state)
{
    uint64_t seed = 1;
    nanos values[40];
    double reals[40];

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        size_t count = round % 41;
        uint64_t before = 0, after = 0;

        for (size_t i = 0; i < count; i++) {
            values[i] = round & 1 ? (nanos)drawn(&seed) : (nanos)(drawn(&seed) % 5) - 2;
            reals[i] = (double)values[i];
            before += (uint64_t)values[i] * (uint64_t)values[i];
        }
        stats_sort(values, count);
        stats_sort_reals(reals, count);
        for (size_t i = 0; i < count; i++) {
            after += (uint64_t)values[i] * (uint64_t)values[i];
            assert_true(i == 0 || values[i - 1] <= values[i]);
            assert_true(reals[i] == (double)values[i]);
        }
        assert_true(before == after);
    }
}

static void order_statistics_are_those_of_the_definitions(void **state)
{
    nanos one[] = {7}, four[] = {-10, 20, 30, 41}, hundred[100], far[] = {INT64_MIN, INT64_MAX};

    (void)state;
    for (int i = 0; i < 100; i++)
        hundred[i] = i + 1;
    assert_int_equal(stats_median(one, 1), 7);
    assert_int_equal(stats_median(four, 3), 20);
    assert_int_equal(stats_median(four, 4), 25);
    assert_int_equal(stats_median(far, 2), -1);
    assert_int_equal(stats_minimum(four, 4), -10);
    assert_int_equal(stats_maximum(four, 4), 41);
    assert_int_equal(stats_percentile(one, 1, 50), 7);
    for (int percent = 1; percent <= 100; percent++)
        assert_int_equal(stats_percentile(hundred, 100, percent), percent);
    assert_int_equal(stats_percentile(hundred, 100, 99.5), 100);
    assert_int_equal(stats_percentile(four, 4, 0), -10);
    assert_int_equal(stats_percentile(four, 4, 25), -10);
    assert_int_equal(stats_percentile(four, 4, 25.1), 20);
    assert_int_equal(stats_percentile(four, 4, 75), 30);
    assert_int_equal(stats_percentile(four, 4, 100), 41);
}

/* NIST's data set Michelso, in units of 10 m/s: mean 299.852400000000, standard deviation 0.0790105478190518. */
static void mean_and_deviation_are_those_of_a_certified_data_set(void **state)
{
    static const short michelson[] = {
        850, 740, 900, 1070, 930, 850, 950, 980, 980, 880, 1000, 980, 930, 650, 760, 810, 1000, 1000, 960, 960,
        960, 940, 960, 940,  880, 800, 850, 880, 900, 840, 830,  790, 810, 880, 880, 830, 800,  790,  760, 800,
        880, 880, 880, 860,  720, 720, 620, 860, 970, 950, 880,  910, 850, 870, 840, 840, 850,  840,  840, 840,
        890, 810, 810, 820,  800, 770, 760, 740, 750, 760, 910,  920, 890, 860, 880, 720, 840,  850,  850, 780,
        890, 840, 780, 810,  760, 810, 790, 810, 820, 850, 870,  870, 810, 740, 810, 940, 950,  800,  810, 870};
    nanos values[COUNT(michelson)];
    const nanos year2026 = INT64_C(1780000000000000000);

    (void)state;
    for (size_t i = 0; i < COUNT(michelson); i++)
        values[i] = michelson[i];
    near(stats_mean(values, COUNT(values)), 852.4, 1e-9);
    near(stats_deviation(values, COUNT(values)), 79.0105478190518, 1e-9);
    for (size_t i = 0; i < COUNT(michelson); i++)
        values[i] += year2026;
    near(stats_deviation(values, COUNT(values)), 79.0105478190518, 1e-9);
    near(stats_mean(values, COUNT(values)), 1780000000000000852.4, 256); /* what a double can hold */
    near(stats_deviation(values, 1), 0, 0);
}

/* The ranks of Conover, Practical Nonparametric Statistics, and others' tables: for 0.95. */
static void median_intervals_have_the_ranks_of_the_tables(void **state)
{
    static const struct {
        size_t count, rank;
    } rows[] = {{6, 1},  {8, 1},  {9, 2},   {10, 2},  {12, 3},  {15, 4},
                {20, 6}, {25, 8}, {30, 10}, {40, 14}, {50, 18}, {100, 40}};
    nanos values[100], low, high;

    (void)state;
    for (int i = 0; i < 100; i++)
        values[i] = i + 1;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(stats_median_interval(values, rows[i].count, 0.95, &low, &high));
        assert_int_equal(low, rows[i].rank);
        assert_int_equal(high, rows[i].count + 1 - rows[i].rank);
    }
    assert_false(stats_median_interval(values, 5, 0.95, &low, &high));
    assert_int_equal(low, 1);
    assert_int_equal(high, 5);
    assert_false(stats_median_interval(values, 1, 0.95, &low, &high));
    assert_true(low == 1 && high == 1);
}

/* And they hold what they promise, for a distribution with a long tail. */
static void median_intervals_have_their_confidence(void **state)
{
    uint64_t seed = 3;
    unsigned inside = 0;
    nanos values[17], low, high, median = (nanos)(1e9 * log(2));

    (void)state;
    for (unsigned round = 0; round < 10000; round++) {
        for (size_t i = 0; i < COUNT(values); i++)
            values[i] = (nanos)(-1e9 * log(1 - drawn_uniform(&seed)));
        stats_sort(values, COUNT(values));
        stats_median_interval(values, COUNT(values), 0.95, &low, &high);
        inside += low <= median && median <= high;
    }
    near(inside, 9510, 70); /* ranks 5 and 13 of 17: 0.951 */
}

/* NIST/SEMATECH e-Handbook of Statistical Methods 1.3.6.7.4, upper critical values. */
static void chi_square_tails_are_those_of_the_tables(void **state)
{
    static const struct {
        unsigned degrees;
        double at, tail, within;
    } rows[] = {{1, 2.706, 0.1, 1e-4},      {1, 3.841, 0.05, 1e-4},     {1, 6.635, 0.01, 1e-5},
                {1, 10.828, 0.001, 1e-6},   {2, 5.991, 0.05, 1e-4},     {5, 11.070, 0.05, 1e-4},
                {10, 18.307, 0.05, 1e-4},   {10, 29.588, 0.001, 1e-6},  {31, 44.985, 0.05, 1e-4},
                {32, 46.194, 0.05, 1e-4},   {32, 62.487, 0.001, 1e-6},  {60, 88.379, 0.01, 1e-5},
                {100, 124.342, 0.05, 1e-4}, {100, 149.449, 0.001, 1e-6}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        near(stats_chi_square_tail(rows[i].at, rows[i].degrees), rows[i].tail, rows[i].within);
    for (double x = 0; x < 1000; x += 0.7) { /* closed forms: two and four degrees of freedom */
        near(stats_chi_square_tail(x, 2) / exp(-x / 2), 1, 1e-9);
        near(stats_chi_square_tail(x, 4) / (exp(-x / 2) * (1 + x / 2)), 1, 1e-9);
        near(stats_chi_square_tail(x, 1) / erfc(sqrt(x / 2)), 1, 1e-9);
    }
    near(stats_chi_square_tail(-1, 3), 1, 0);
}

/* Miller, Journal of the American Statistical Association 51 (1956), pages 113 to 115. */
static void distances_from_uniform_are_those_of_the_tables(void **state)
{
    static const struct {
        size_t count;
        double at, tail, within;
    } rows[] = {
        {1, 0.97500, 0.05, 1e-5},  {2, 0.84189, 0.05, 1e-5},  {5, 0.56328, 0.05, 1e-5},   {5, 0.66853, 0.01, 1e-5},
        {10, 0.40925, 0.05, 1e-5}, {10, 0.48893, 0.01, 1e-5}, {20, 0.29408, 0.05, 1e-5},  {20, 0.35241, 0.01, 1e-5},
        {50, 0.18841, 0.05, 1e-5}, {50, 0.22604, 0.01, 1e-5}, {100, 0.13403, 0.05, 1e-5}, {100, 0.16081, 0.01, 1e-5},
        {10, 0.36866, 0.10, 1e-5}, {20, 0.26473, 0.10, 1e-5}, {10, 0.32260, 0.20, 3e-4},  {20, 0.23156, 0.20, 3e-4}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        near(stats_uniform_tail(rows[i].at, rows[i].count), rows[i].tail, rows[i].within);
    for (size_t n = 1; n <= 100; n++) { /* at a distance of 1 - x with x below 1/n, both sides have x^n */
        double x = 0.4 / (double)n;
        near(log(stats_uniform_tail(1 - x, n)), log(2) + (double)n * log(x), 1e-6);
    }
    near(stats_uniform_tail(1, 5), 0, 0);
    near(stats_uniform_tail(0.01, 5), 1, 0);
}

/* Distance and probability together: what uniform numbers have is uniform again, and never smaller than it may be. */
static void uniform_numbers_look_uniform(void **state)
{
    static const size_t counts[] = {1, 3, 12, 40};
    uint64_t seed = 5;
    double values[40];

    (void)state;
    for (size_t c = 0; c < COUNT(counts); c++) {
        unsigned below[3] = {0};

        for (unsigned round = 0; round < 10000; round++) {
            double tail;

            for (size_t i = 0; i < counts[c]; i++)
                values[i] = drawn_uniform(&seed);
            stats_sort_reals(values, counts[c]);
            tail = stats_uniform_tail(stats_uniform_distance(values, counts[c]), counts[c]);
            below[0] += tail < 0.01;
            below[1] += tail < 0.1;
            below[2] += tail < 0.5;
        }
        near(below[0], 100, 45);
        near(below[1], 1000, 130);
        near(below[2], 5000, counts[c] == 1 ? 1300 : 300);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorting_keeps_all_and_puts_them_in_order),
        cmocka_unit_test(order_statistics_are_those_of_the_definitions),
        cmocka_unit_test(mean_and_deviation_are_those_of_a_certified_data_set),
        cmocka_unit_test(median_intervals_have_the_ranks_of_the_tables),
        cmocka_unit_test(median_intervals_have_their_confidence),
        cmocka_unit_test(chi_square_tails_are_those_of_the_tables),
        cmocka_unit_test(distances_from_uniform_are_those_of_the_tables),
        cmocka_unit_test(uniform_numbers_look_uniform),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
