/* src/measure/isn: random numbers are taken for nothing else, and what is said to be improbable is so. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "isn_peers.h"
#include "measure/isn_fit.h"
#include "measure/isn_random.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Room for all samples: too much for the stack of a test under sanitizers. */
static struct isn_asked asked;

static struct isn_asking any_asking(uint64_t *seed)
{
    static const nanos trips[] = {20 * NANOS_PER_US, 200 * NANOS_PER_US, 30 * NANOS_PER_MS, 300 * NANOS_PER_MS};

    return (struct isn_asking){.gap_least = NANOS_PER_MS,
                               .gap_most = isn_drawn(seed) % 4 ? 50 * NANOS_PER_MS : NANOS_PER_MS,
                               .round_trip = trips[isn_drawn(seed) % COUNT(trips)],
                               .lost_permille = 20};
}

static void random_numbers_are_nothing_else(void **state)
{
    const struct isn_peer peer = {.way = WAY_RANDOM};
    unsigned said_random = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 20000; seed++) {
        uint64_t draw = seed;
        struct isn_asking asking = any_asking(&draw);
        size_t one = 5 + isn_drawn(&draw) % 96, many = 5 + isn_drawn(&draw) % 96;

        isn_ask(&peer, &asking, seed + 1000000, one, many, &asked);
        if (asked.found.kind !=
            (asked.one_count < ISN_RANDOM_LEAST || asked.many_count < ISN_RANDOM_LEAST ? ISN_TOO_FEW : ISN_RANDOM))
            fail_msg("seed %llu: %s", (unsigned long long)seed, isn_kind_name(asked.found.kind));
        assert_true(asked.found.chance == 1);
        said_random += asked.found.kind == ISN_RANDOM;
    }
    assert_true(said_random > 16000);
}

/* With few samples and wide times random numbers do fit clocks. They must not do so more often than the chance says. */
static void chances_of_clocks_are_bounds(void **state)
{
    static const double levels[] = {0.3, 0.1, 0.01, 1e-3, 1e-4};
    unsigned below[COUNT(levels)] = {0}, fits = 0;
    const unsigned rounds = 100000;
    uint64_t seed = 9;

    (void)state;
    for (unsigned round = 0; round < rounds; round++) {
        struct isn_view views[6];
        size_t count = 3 + round % 4;
        double at = 0, wide = round / 4 % 2 ? 1e6 : 1e4;
        struct isn_fit fit;

        for (size_t i = 0; i < count; i++) {
            views[i] = (struct isn_view){.isn = (uint32_t)isn_drawn(&seed), .from = at};
            views[i].to = at + wide * (1 + isn_drawn_uniform(&seed));
            at = views[i].to + 4e6 * (0.5 + isn_drawn_uniform(&seed));
        }
        isn_fit_clock(views, count, 1, &fit);
        fits += fit.fits;
        for (size_t l = 0; l < COUNT(levels); l++)
            below[l] += fit.fits && fit.log_chance <= log(levels[l]);
    }
    assert_true(fits > rounds / 20); /* or nothing was tested */
    for (size_t l = 0; l < COUNT(levels); l++)
        if (below[l] > levels[l] * rounds)
            fail_msg("%u of %u have a chance of %g", below[l], rounds, levels[l]);
}

/* The same of the tests for randomness; and they are not so careful that they find nothing. */
static void tests_of_randomness_have_true_probabilities(void **state)
{
    static const size_t counts[] = {2, 5, 12, 60};
    uint64_t seed = 11;
    uint32_t numbers[60];
    struct isn_series series;
    const unsigned rounds = 20000;

    (void)state;
    for (size_t c = 0; c < COUNT(counts); c++) {
        unsigned below[ISN_TEST_COUNT] = {0}, least = 0;

        for (unsigned round = 0; round < rounds; round++) {
            for (size_t i = 0; i < counts[c]; i++)
                numbers[i] = (uint32_t)isn_drawn(&seed);
            isn_test_random(numbers, counts[c], &series);
            for (unsigned test = 0; test < ISN_TEST_COUNT; test++)
                below[test] += series.p[test] <= 0.01;
            least += series.least_p <= 0.01;
        }
        for (unsigned test = 0; test < ISN_TEST_COUNT; test++)
            assert_true(below[test] <= rounds / 100 + 4 * 15);
        assert_true(least <= rounds / 100 + 4 * 15 && (counts[c] < 5 || least > rounds / 100 / 8));
    }
}

static void tests_of_randomness_find_what_they_are_for(void **state)
{
    uint64_t seed = 13;
    uint32_t numbers[ISN_TEST_COUNT][40];

    (void)state;
    for (size_t i = 0; i < 40; i++) {
        numbers[ISN_TEST_RANGE][i] = (uint32_t)isn_drawn(&seed) >> 1;
        numbers[ISN_TEST_STEPS][i] = (uint32_t)i * 0x6789abcd + ((uint32_t)isn_drawn(&seed) >> 6);
        numbers[ISN_TEST_BITS][i] = (uint32_t)isn_drawn(&seed) & 0xffff3fbe;
        numbers[ISN_TEST_REPEATS][i] = i >= 30 ? numbers[ISN_TEST_REPEATS][(i * 7) % 30] : (uint32_t)isn_drawn(&seed);
    }
    for (unsigned test = 0; test < ISN_TEST_COUNT; test++) {
        struct isn_series series;

        isn_test_random(numbers[test], 40, &series);
        assert_true(series.p[test] < 1e-6);
        assert_int_equal(series.worst, test);
        assert_true(series.least_p < 4e-6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_numbers_are_nothing_else),
        cmocka_unit_test(chances_of_clocks_are_bounds),
        cmocka_unit_test(tests_of_randomness_have_true_probabilities),
        cmocka_unit_test(tests_of_randomness_find_what_they_are_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
