/*
 * No proven claim is ever false: walks over a model peer, tests/soundness. TCPWALK_SOUNDNESS_WALKS asks for
 * more of them (per kind of channel), TCPWALK_SOUNDNESS_SEED for others; one seed with one walk tells a walk
 * again. TCPWALK_SOUNDNESS_CLAIMS asks for a table of the claims of each kind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../soundness/channel.c"
#include "../soundness/check.c"
#include "../soundness/hands.c"
#include "../soundness/hands_draw.c"
#include "../soundness/meeting.c"
#include "../soundness/peer.c"
#include "../soundness/peer_input.c"
#include "../soundness/peer_output.c"
#include "../soundness/peer_stack.c"
#include "../soundness/scenario.c"
#include "../soundness/stacks.c"
#include "../soundness/trace.c"
#include "../soundness/witness.c"

/* Enough examples of each kind to see a pattern, few enough to read. */
#define EXAMPLES 3

static unsigned long long wish(const char *name, unsigned long long otherwise)
{
    const char *text = getenv(name);

    return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static int by_count(const void *a, const void *b)
{
    const struct claim_row *left = a, *right = b;

    return (left->count < right->count) - (left->count > right->count);
}

static void report_claims(const struct tally *tally)
{
    char to[STATE_SET_TEXT];

    if (!tally->rows)
        return;
    qsort(tally->rows, CLAIM_ROWS, sizeof(tally->rows[0]), by_count);
    for (unsigned i = 0; i < CLAIM_ROWS && tally->rows[i].count > 0; i++) {
        const struct claim_row *row = &tally->rows[i];
        print_message("# %9llu %-8s %-20s %s\n", (unsigned long long)row->count, certainty_name(row->certainty),
                      reason_text(row->reason)->token, state_set_text(row->to, "|", to));
    }
}

/* Nothing counted yet. */
static struct tally new_tally(void)
{
    struct tally tally = {0};

    if (wish("TCPWALK_SOUNDNESS_CLAIMS", 0)) {
        tally.rows = calloc(CLAIM_ROWS, sizeof(tally.rows[0]));
        assert_non_null(tally.rows);
    }
    return tally;
}

static void report(const struct tally *tally)
{
    print_message("# %llu walks, %llu segments, %llu claims (%llu proven, of them %llu refutations)\n",
                  (unsigned long long)tally->walks, (unsigned long long)tally->segments,
                  (unsigned long long)tally->claims, (unsigned long long)tally->proven,
                  (unsigned long long)tally->refuted);
    print_message(
        "# single states: %.2f %% of proven claims (mean %.3f states), %.2f %% of all (mean %.3f)\n",
        100 * share(tally->proven_single, tally->proven), share(tally->proven_states, tally->proven),
        100 * share(tally->claims_single, tally->claims), share(tally->claims_states, tally->claims));
    print_message("# or no connection at all: %.2f %% of proven claims, %.2f %% of all\n",
                  100 * share(tally->proven_single + tally->proven_none, tally->proven),
                  100 * share(tally->claims_single + tally->claims_none, tally->claims));
    print_message("# or single by a habit that is named: %.2f %% of all\n",
                  100 * share(tally->claims_habit, tally->claims));
    print_message("# presumptions that did not name the truth: %llu\n",
                  (unsigned long long)tally->presumed_missed);
    print_message("# of our segments %llu by hand; possible states: mean %.3f; proven alone:",
                  (unsigned long long)tally->by_hand, share(tally->possible, tally->looks));
    for (unsigned state = 0; state < STATE_COUNT; state++)
        print_message(" %s %llu", state_name((enum state)state), (unsigned long long)tally->entered[state]);
    print_message("\n");
    for (unsigned i = 0; i <= OUTCOME_FAILED; i++)
        if (tally->outcomes[i])
            print_message("# outcome %s: %llu\n", outcome_name((enum outcome)i),
                          (unsigned long long)tally->outcomes[i]);
    for (unsigned i = 1; i < VIOLATIONS; i++)
        if (tally->violations[i])
            print_message("# VIOLATED, %s: %llu\n", violation_name((enum violation)i),
                          (unsigned long long)tally->violations[i]);
    report_claims(tally);
}

/* ---- walks ---------------------------------------------------------------------------------------------------- */

/* least: the share of claims that must name one state, by the RFCs or by a habit that is named. */
static void walk_many(enum channel_kind kind, unsigned long long walks, double least)
{
    unsigned long long first = wish("TCPWALK_SOUNDNESS_SEED", 1), bad = 0;
    struct meeting *meeting = calloc(1, sizeof(*meeting));
    unsigned told[VIOLATIONS] = {0};
    struct tally tally = new_tally();

    assert_non_null(meeting);
    walks = wish("TCPWALK_SOUNDNESS_WALKS", walks);
    for (unsigned long long seed = first; seed < first + walks; seed++) {
        enum violation violation = meeting_run(meeting, seed, kind, &(struct shrunk){0}, &tally, NULL);
        bad += violation != VIOLATION_NONE;
        if (violation && told[violation]++ < EXAMPLES)
            meeting_explain(meeting, seed, kind, violation, stderr);
    }
    double precise = share(tally.claims_habit, tally.claims);
    report(&tally);
    free(tally.rows);
    free(meeting);
    assert_true(bad == 0);
    assert_true(precise >= least);
}

static void clean_channel(void **state)
{
    (void)state;
    walk_many(CHANNEL_CLEAN, 5000, 0);
}

static void loses_10_percent(void **state)
{
    (void)state;
    walk_many(CHANNEL_LOSS_10, 5000, 0);
}

static void loses_repeats_and_reorders_30_percent(void **state)
{
    (void)state;
    walk_many(CHANNEL_MESS_30, 5000, 0);
}

static void any_channel(void **state)
{
    (void)state;
    walk_many(CHANNEL_ANY, 5000, 0);
}

static void ordinary_clean(void **state)
{
    (void)state;
    walk_many(ORDINARY_CLEAN, 5000, 0.95);
}

static void ordinary_loses_10_percent(void **state)
{
    (void)state;
    walk_many(ORDINARY_LOSS_10, 5000, 0.85);
}

static void probed_clean(void **state)
{
    (void)state;
    walk_many(PROBED_CLEAN, 5000, 0.94);
}

static void probed_loses_10_percent(void **state)
{
    (void)state;
    walk_many(PROBED_LOSS_10, 5000, 0.85);
}

static void hands_many(enum hands_kind kind, unsigned long long walks)
{
    unsigned long long first = wish("TCPWALK_SOUNDNESS_SEED", 1), bad = 0;
    struct hands *hands = calloc(1, sizeof(*hands));
    unsigned told[VIOLATIONS] = {0};
    struct tally tally = new_tally();

    assert_non_null(hands);
    walks = wish("TCPWALK_SOUNDNESS_WALKS", walks);
    for (unsigned long long seed = first; seed < first + walks; seed++) {
        enum violation violation = hands_run(hands, seed, kind, &(struct hands_shrunk){0}, &tally, NULL);
        bad += violation != VIOLATION_NONE;
        if (violation && told[violation]++ < EXAMPLES)
            hands_explain(hands, seed, kind, violation, stderr);
    }
    report(&tally);
    free(tally.rows);
    free(hands);
    assert_true(bad == 0);
}

static void opened_by_hand(void **state)
{
    (void)state;
    hands_many(HANDS_OPEN, 5000);
}

static void answered_by_hand(void **state)
{
    (void)state;
    hands_many(HANDS_LISTEN, 5000);
}

static void answered_as_it_should_be(void **state)
{
    (void)state;
    hands_many(HANDS_LISTEN_RIGHT, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_channel),
        cmocka_unit_test(loses_10_percent),
        cmocka_unit_test(loses_repeats_and_reorders_30_percent),
        cmocka_unit_test(any_channel),
        cmocka_unit_test(ordinary_clean),
        cmocka_unit_test(ordinary_loses_10_percent),
        cmocka_unit_test(probed_clean),
        cmocka_unit_test(probed_loses_10_percent),
        cmocka_unit_test(opened_by_hand),
        cmocka_unit_test(answered_by_hand),
        cmocka_unit_test(answered_as_it_should_be),
    };

    return cmocka_run_group_tests_name("soundness", tests, NULL, NULL);
}
