/* src/measure/isn: peers that make their numbers in every way, and what is said of them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isn_peers.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Room for all samples: too much for the stack of a test under sanitizers. */
static struct isn_asked asked;

static void shows(uint64_t seed, enum isn_kind wanted)
{
    const struct isn_finding *found = &asked.found;

    if (found->kind != wanted)
        fail_msg("seed %llu, %zu and %zu samples: %s (%s and %s, p %g and %g) instead of %s", (unsigned long long)seed,
                 asked.one_count, asked.many_count, isn_kind_name(found->kind), isn_kind_name(found->one.kind),
                 isn_kind_name(found->many.kind), found->one.least_p, found->many.least_p, isn_kind_name(wanted));
    if (wanted != ISN_RANDOM && wanted != ISN_TOO_FEW)
        assert_true(found->chance <= ISN_CHANCE);
    else
        assert_true(found->chance == 1);
}

/* The true rate of the peer's clock, as ours would measure it, is within the interval. */
static void shows_clock(uint64_t seed, const struct isn_peer *peer)
{
    const struct isn_finding *found = &asked.found;
    double rate = peer->grain / peer->tick * 1e9 * (1 + peer->fast);

    if (!(found->rate_low <= rate && rate <= found->rate_high))
        fail_msg("seed %llu: %.12g is not within %.12g to %.12g", (unsigned long long)seed, rate, found->rate_low,
                 found->rate_high);
    assert_true(found->rate_low <= found->rate && found->rate <= found->rate_high);
    assert_true(fabs(found->tick / (found->grain * 1e9 / found->rate) - 1) < 1e-9);
    assert_true(found->tick_low <= found->tick && found->tick <= found->tick_high);
    assert_true(found->rate_limit > found->rate);
}

static void constant_numbers(void **state)
{
    const struct isn_peer all = {.way = WAY_CONSTANT}, each = {.way = WAY_CONSTANT, .has_offsets = true};

    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        isn_ask(&all, &isn_usual, seed, 20, 20, &asked);
        shows(seed, ISN_CONSTANT);
        assert_int_equal(asked.found.constant, asked.one[0].isn);
        assert_int_equal(asked.found.supports, asked.one_count + asked.many_count);
        assert_int_equal(asked.found.contradicts, 0);
        isn_ask(&each, &isn_usual, seed, 20, 30, &asked);
        shows(seed, ISN_TUPLE_CONSTANT);
        assert_int_equal(asked.found.one.kind, ISN_CONSTANT);
        assert_int_equal(asked.found.many.kind, ISN_RANDOM);
    }
}

static void steps_per_connection(void **state)
{
    static const uint32_t steps[] = {1, 64000, 0x7fffffff, (uint32_t)-64000};
    struct isn_peer peer = {.way = WAY_STEP};

    (void)state;
    for (uint64_t seed = 0; seed < 400; seed++) {
        peer.grain = steps[seed % COUNT(steps)];
        peer.has_offsets = false;
        isn_ask(&peer, &isn_usual, seed, 60, 60, &asked);
        shows(seed, ISN_STEP);
        assert_int_equal(asked.found.step, peer.grain);
        assert_in_range(asked.found.step_multiple, 1, 6);
        peer.has_offsets = true;
        isn_ask(&peer, &isn_usual, seed, 60, 60, &asked);
        shows(seed, ISN_TUPLE_STEP);
        assert_int_equal(asked.found.step, peer.grain);
    }
}

/* At even times a step per connection and a step per tick can't be told apart, and it says so. */
static void a_step_at_even_times_may_be_a_clock(void **state)
{
    const struct isn_asking even = {
        .gap_least = 10 * NANOS_PER_MS, .gap_most = 10 * NANOS_PER_MS, .round_trip = 50 * NANOS_PER_US};
    const struct isn_peer step = {.way = WAY_STEP, .grain = 64000};

    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        isn_ask(&step, &even, seed, 20, 20, &asked);
        shows(seed, ISN_STEP_OR_CLOCK);
        assert_int_equal(asked.found.step, 64000);
    }
}

/* One clock for all: RFC 793's, others, and one that goes up by 64000 each 50 ms. Far and near; fast and slow. */
static void a_clock_for_all(void **state)
{
    static const struct isn_peer clocks[] = {{.way = WAY_CLOCK, .tick = 4000, .grain = 1},
                                             {.way = WAY_CLOCK, .tick = 64, .grain = 1, .fast = 300e-6},
                                             {.way = WAY_CLOCK, .tick = 1e6, .grain = 1, .fast = -500e-6},
                                             {.way = WAY_CLOCK, .tick = 50e6, .grain = 64000},
                                             {.way = WAY_CLOCK, .tick = 1, .grain = 1},
                                             {.way = WAY_CLOCK, .tick = 10e6, .grain = 12345}};

    (void)state;
    for (uint64_t seed = 0; seed < 600; seed++) {
        const struct isn_peer *peer = &clocks[seed % COUNT(clocks)];
        struct isn_asking asking = isn_usual;

        if (seed / COUNT(clocks) % 3 == 1 && peer->grain == 1)
            asking.round_trip = 30 * NANOS_PER_MS;
        isn_ask(peer, &asking, seed, 30, 30, &asked);
        shows(seed, ISN_CLOCK);
        shows_clock(seed, peer);
        assert_int_equal(asked.found.grain, peer->grain);
        assert_int_equal(asked.found.contradicts, 0);
    }
}

static void a_clock_with_offsets(void **state)
{
    static const struct isn_peer clocks[] = {
        {.way = WAY_CLOCK, .has_offsets = true, .tick = 64, .grain = 1},
        {.way = WAY_CLOCK, .has_offsets = true, .tick = 4000, .grain = 1},
        {.way = WAY_CLOCK, .has_offsets = true, .tick = 64, .grain = 1, .fast = 4e-4}};

    (void)state;
    for (uint64_t seed = 0; seed < 600; seed++) {
        const struct isn_peer *peer = &clocks[seed % COUNT(clocks)];

        isn_ask(peer, &isn_usual, seed, 14 + seed % 60, 16 + seed % 50, &asked);
        shows(seed, ISN_RFC6528);
        shows_clock(seed, peer);
        assert_int_equal(asked.found.grain, 1);
        assert_false(asked.found.drifts);
    }
}

/* The longer it is watched, the narrower the interval is; over many rounds of 2^32 too. */
static void rounds_of_the_clock_are_counted(void **state)
{
    const struct isn_peer linux_like = {.way = WAY_CLOCK, .has_offsets = true, .tick = 64, .grain = 1, .fast = 50e-6};
    struct isn_asking slow = isn_usual;

    (void)state;
    slow.gap_most = 60 * NANOS_PER_S; /* 200 connections in 100 minutes: more than twenty rounds */
    for (uint64_t seed = 0; seed < 50; seed++) {
        isn_ask(&linux_like, &slow, seed, 200, 40, &asked);
        shows(seed, ISN_RFC6528);
        shows_clock(seed, &linux_like);
        assert_true(asked.found.rate_high / asked.found.rate_low - 1 < 1e-6);
    }
}

/* Our clock is set right while it is measured: it fits only with drift allowed, and is said to. */
static void a_drifting_clock(void **state)
{
    const struct isn_peer peer = {.way = WAY_CLOCK, .has_offsets = true, .tick = 64, .grain = 1};
    struct isn_asking asking = isn_usual;

    (void)state;
    asking.wander = 400e-6;
    asking.round_trip = 20 * NANOS_PER_US;
    for (uint64_t seed = 0; seed < 100; seed++) {
        isn_ask(&peer, &asking, seed, 100, 40, &asked);
        shows(seed, ISN_RFC6528);
        shows_clock(seed, &peer);
        assert_true(asked.found.drifts);
    }
}

static void random_steps(void **state)
{
    struct isn_peer peer = {.way = WAY_RANDOM_STEP, .grain = 1};

    (void)state;
    for (uint64_t seed = 0; seed < 400; seed++) {
        peer.more = seed % 2 ? 999 : 1u << 20;
        peer.has_offsets = seed % 4 >= 2;
        isn_ask(&peer, &isn_usual, seed, 40, 40, &asked);
        shows(seed, peer.has_offsets ? ISN_TUPLE_RANDOM_STEP : ISN_RANDOM_STEP);
        assert_true(asked.found.step_low >= 1 && asked.found.step_high <= 8 * (peer.more + 1));
    }
}

/* What is not random and none of these: two machines behind one address, and offsets that go with the port. */
static void mixtures_are_unexplained(void **state)
{
    const struct isn_peer two = {.way = WAY_TWO_MACHINES, .has_offsets = true, .tick = 64, .grain = 1},
                          ports = {.way = WAY_CLOCK, .tick = 64, .grain = 1, .port_factor = 0x1234567};
    struct isn_asking slow = isn_usual;
    unsigned clocks = 0;

    (void)state;
    slow.gap_most = 300 * NANOS_PER_S; /* more than a round, so that only without the clock the ports are seen */
    for (uint64_t seed = 0; seed < 300; seed++) {
        isn_ask(&two, &isn_usual, seed, 100, 40, &asked);
        shows(seed, ISN_OTHER);
        isn_ask(&ports, &isn_usual, seed, 40, 40, &asked);
        shows(seed, ISN_OTHER);
        assert_int_equal(asked.found.one.kind, ISN_CLOCK);
        isn_ask(&ports, &slow, seed, 40, 40, &asked);
        if (asked.found.one.kind == ISN_CLOCK)
            shows(seed, ISN_OTHER);
        clocks += asked.found.one.kind == ISN_CLOCK;
    }
    assert_true(clocks > 250);
}

/* A few numbers that do not fit are counted, and many are too many. */
static void contradictions_are_counted(void **state)
{
    struct isn_peer peer = {.way = WAY_CLOCK, .has_offsets = true, .tick = 64, .grain = 1};
    struct isn_peer constant = {.way = WAY_CONSTANT};
    unsigned counted = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        size_t wrong = 1 + seed % 8; /* of 100 */

        isn_ask(&peer, &isn_usual, seed, 100, 40, &asked);
        for (size_t i = 0; i < wrong; i++)
            asked.one[(i * 12 + seed) % asked.one_count].isn += 0x40000000 + (uint32_t)seed;
        isn_find(asked.one, asked.one_count, asked.many, asked.many_count, &asked.found);
        shows(seed, ISN_RFC6528);
        shows_clock(seed, &peer);
        counted += asked.found.contradicts == wrong;
        assert_int_equal(asked.found.supports + asked.found.contradicts, asked.one_count + asked.many_count);
    }
    assert_int_equal(counted, 300);
    peer.odd_permille = constant.odd_permille = 300;
    for (uint64_t seed = 0; seed < 100; seed++) {
        isn_ask(&peer, &isn_usual, seed, 100, 40, &asked);
        assert_int_equal(asked.found.kind, ISN_OTHER);
        isn_ask(&constant, &isn_usual, seed, 100, 40, &asked);
        assert_int_equal(asked.found.kind, ISN_OTHER);
    }
}

/* ---- words --------------------------------------------------------------------------------------------------- */

static void says(const char *words)
{
    char buffer[1200];
    struct text text;

    text_init(&text, buffer, sizeof(buffer));
    isn_describe(&asked.found, &text);
    assert_false(text.cut);
    if (getenv("ISN_WORDS"))
        print_message("%s\n\n", buffer);
    assert_int_equal(buffer[text.used - 1], '.');
    if (!strstr(buffer, words))
        fail_msg("'%s' is not in: %s", words, buffer);
}

/* To read them: ISN_WORDS=1 and this program. */
static void findings_are_told_in_words(void **state)
{
    static const struct {
        struct isn_peer peer;
        size_t one, many;
        const char *words;
    } rows[] = {
        {{.way = WAY_CONSTANT}, 20, 20, "Every connection gets the number "},
        {{.way = WAY_STEP, .grain = 64000}, 40, 40, "the number goes up by 64000"},
        {{.way = WAY_STEP, .grain = (uint32_t)-3}, 40, 40, "the number goes down by 3"},
        {{.way = WAY_CLOCK, .tick = 4000, .grain = 1}, 40, 40, "one every 4.0000 us as in the RFCs"},
        {{.way = WAY_CLOCK, .tick = 4000, .grain = 1}, 40, 40, "comes round after 4.77 hours, longer than"},
        {{.way = WAY_CLOCK, .tick = 10, .grain = 1}, 40, 40, "comes round after 42.9 s, less than"},
        {{.way = WAY_CLOCK, .tick = 50e6, .grain = 64000}, 40, 40, "64000 at a time every "},
        {{.way = WAY_CLOCK, .tick = 64, .grain = 1, .has_offsets = true},
         40,
         40,
         "one every 64.000 ns as in Linux, and an offset"},
        {{.way = WAY_CLOCK, .tick = 64, .grain = 1, .has_offsets = true},
         40,
         40,
         "comes round after 275 s, longer than"},
        {{.way = WAY_CLOCK, .tick = 64, .grain = 1, .has_offsets = true},
         40,
         5,
         "too few of other 4-tuples, 5, to say"},
        {{.way = WAY_RANDOM_STEP, .grain = 1, .more = 99}, 40, 40, "to the next the number goes up by "},
        {{.way = WAY_CONSTANT, .has_offsets = true}, 40, 40, "Each 4-tuple has one number"},
        {{.way = WAY_STEP, .grain = 64000, .has_offsets = true},
         40,
         40,
         "Each 4-tuple has an offset that looks random"},
        {{.way = WAY_RANDOM_STEP, .grain = 9, .more = 99, .has_offsets = true},
         40,
         40,
         "of the same 4-tuple the number goes up"},
        {{.way = WAY_RANDOM}, 40, 40, "No structure was found"},
        {{.way = WAY_RANDOM}, 40, 6, "numbers that look random (40 of them). There were too few"},
        {{.way = WAY_RANDOM},
         5,
         5,
         "There are too few numbers to say how the peer makes them: 5 of one 4-tuple, 5 of others."},
        {{.way = WAY_CLOCK, .tick = 64, .grain = 1, .port_factor = 0x1234567},
         40,
         40,
         "got their numbers from a clock"},
        {{.way = WAY_CLOCK, .tick = 64, .grain = 1, .odd_permille = 30}, 100, 100, "numbers do not fit into this."},
    };
    struct isn_asking asking = isn_usual;

    (void)state;
    asking.lost_permille = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        isn_ask(&rows[i].peer, &asking, i, rows[i].one, rows[i].many, &asked);
        says(rows[i].words);
    }
}

/* What is printed is rounded, but the rate that it tells lies within what it tells, and so does the true one. */
static void printed_intervals_hold_the_rate(void **state)
{
    const struct isn_peer peer = {.way = WAY_CLOCK, .tick = 64, .grain = 1, .has_offsets = true};
    char buffer[1200];
    struct text text;
    double rate, low, high;

    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct isn_asking asking = isn_usual;

        asking.round_trip *= 1 + (nanos)(seed % 50);
        isn_ask(&peer, &asking, seed, 30, 30, &asked);
        text_init(&text, buffer, sizeof(buffer));
        isn_describe(&asked.found, &text);
        assert_int_equal(sscanf(buffer,
                                "The numbers look as RFC 6528 asks: a clock of %lf numbers a second (%lf to %lf)",
                                &rate, &low, &high),
                         3);
        assert_true(low <= rate && rate <= high && low <= 15625000 && 15625000 <= high);
    }
}

static void few_samples_say_little(void **state)
{
    const struct isn_peer peer = {.way = WAY_CLOCK, .tick = 64, .grain = 1, .has_offsets = true},
                          steps = {.way = WAY_RANDOM_STEP, .grain = 1, .more = 99, .has_offsets = true};

    (void)state;
    isn_find(NULL, 0, NULL, 0, &asked.found);
    shows(0, ISN_TOO_FEW);
    says("0 of one 4-tuple, 0 of others");
    for (size_t one = 0; one < 14; one++)
        for (size_t many = 0; many < 14; many++) {
            isn_ask(&peer, &isn_usual, one * 100 + many, one, many, &asked);
            if (asked.one_count < 2 || asked.many_count < ISN_RANDOM_LEAST)
                shows(one * 100 + many, ISN_TOO_FEW);
            else if (asked.one_count >= 5)
                shows(one * 100 + many, ISN_RFC6528);
        }
    /* The first step to an offset is a small one now and then. That is not enough. */
    for (uint64_t seed = 0; seed < 300; seed++) {
        isn_ask(&steps, &isn_usual, seed, 40, 1 + seed % 4, &asked);
        shows(seed, ISN_TOO_FEW);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant_numbers),
        cmocka_unit_test(steps_per_connection),
        cmocka_unit_test(a_step_at_even_times_may_be_a_clock),
        cmocka_unit_test(a_clock_for_all),
        cmocka_unit_test(a_clock_with_offsets),
        cmocka_unit_test(rounds_of_the_clock_are_counted),
        cmocka_unit_test(a_drifting_clock),
        cmocka_unit_test(random_steps),
        cmocka_unit_test(mixtures_are_unexplained),
        cmocka_unit_test(contradictions_are_counted),
        cmocka_unit_test(findings_are_told_in_words),
        cmocka_unit_test(printed_intervals_hold_the_rate),
        cmocka_unit_test(few_samples_say_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
