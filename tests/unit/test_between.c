/*
 * A third party's claims about both ends of a connection, held against two model peers that talk to each other:
 * whatever the capture lacks, nothing that is proven may be false, and the truth must be possible.
 * TCPWALK_SOUNDNESS_WALKS=N and TCPWALK_SOUNDNESS_SEED=N choose how many conversations, and the first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* The model, as one translation unit. */
#include "../soundness/between.c"
#include "../soundness/channel.c"
#include "../soundness/peer.c"
#include "../soundness/peer_input.c"
#include "../soundness/peer_output.c"
#include "../soundness/peer_stack.c"
#undef EPOCH
#undef LONG_ENOUGH
#include "../soundness/scenario.c"
#include "../soundness/stacks.c"
#include "../soundness/witness.c"

#define EXAMPLES 2

#define STALE 0.001

static unsigned long long wish(const char *name, unsigned long long otherwise)
{
    const char *text = getenv(name);

    return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

/*
 * least: the share of proven claims that must name one state. stale: the share of segments that may have left in another state
 * than what still stands as proven of their sender names: none should.
 */
static void talk_many(enum between_kind kind, double least, double stale)
{
    unsigned long long first = wish("TCPWALK_SOUNDNESS_SEED", 1), walks = wish("TCPWALK_SOUNDNESS_WALKS", 5000),
                       bad = 0;
    struct between *between = calloc(1, sizeof(*between));
    unsigned told[VIOLATIONS] = {0};
    struct tally tally = {0};

    assert_non_null(between);
    for (unsigned long long seed = first; seed < first + walks; seed++) {
        enum violation violation = between_run(between, seed, kind, &(struct between_shrunk){0}, &tally, NULL);
        bad += violation != VIOLATION_NONE;
        if (violation && told[violation]++ < EXAMPLES)
            between_explain(between, seed, kind, violation, stderr);
    }
    print_message("# %llu conversations, %llu segments, %llu claims (%llu proven), single states: %.1f %% of proven, "
                  "%.1f %% of all; possible: mean %.2f\n",
                  (unsigned long long)tally.walks, (unsigned long long)tally.segments, (unsigned long long)tally.claims,
                  (unsigned long long)tally.proven, 100 * share(tally.proven_single, tally.proven),
                  100 * share(tally.claims_single, tally.claims), share(tally.possible, tally.looks));
    print_message("#   %llu intervals begin somewhere, %.1f %% of them where the same may have passed unseen before\n",
                  (unsigned long long)between->dated, 100 * share(between->undated, between->dated));
    print_message("#   %llu segments were sent in a state that what still stood as proven does not name\n",
                  (unsigned long long)between->stale);
    stale -= share(between->stale, tally.segments);
    for (unsigned state = 0; state < STATE_COUNT; state++)
        print_message("#   %s alone: %llu\n", state_name((enum state)state), (unsigned long long)tally.entered[state]);
    for (unsigned i = 1; i < VIOLATIONS; i++)
        if (tally.violations[i])
            print_message("# VIOLATED, %s: %llu\n", violation_name((enum violation)i),
                          (unsigned long long)tally.violations[i]);
    free(between->memory);
    free(between->brief_memory);
    free(between);
    assert_true(bad == 0);
    assert_true(stale >= 0);
    assert_true(share(tally.proven_single, tally.proven) >= least);
}

static void whole(void **state)
{
    (void)state;
    talk_many(BETWEEN_WHOLE, 0.35, STALE);
}

static void from_the_middle(void **state)
{
    (void)state;
    talk_many(BETWEEN_MIDDLE, 0.07, STALE);
}

static void one_direction(void **state)
{
    (void)state;
    talk_many(BETWEEN_ONE_WAY, 0.15, STALE);
}

static void with_gaps(void **state)
{
    (void)state;
    talk_many(BETWEEN_GAPS, 0.3, STALE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),
        cmocka_unit_test(from_the_middle),
        cmocka_unit_test(one_direction),
        cmocka_unit_test(with_gaps),
    };

    return cmocka_run_group_tests_name("between", tests, NULL, NULL);
}
