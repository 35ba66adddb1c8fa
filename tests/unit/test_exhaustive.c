/*
 * No proven claim is false in any order of things: all orders of short scripts, tests/soundness/exhaustive.h. Here are
 * the rounds of the search, at three levels: `make check` has time for a part of the meetings, TCPWALK_EXHAUSTIVE=full
 * has them all, in half an hour of one processor, and TCPWALK_EXHAUSTIVE=all goes as far as six segments each way, in
 * two hours; the build should be an optimised one (`make build/tests/unit/test_exhaustive`). Several processors can
 * share that: TCPWALK_EXHAUSTIVE_SHARE=1/4 does the first quarter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../soundness/exhaustive.c"
#include "../soundness/exhaustive_end.c"
#include "../soundness/exhaustive_lists.c"
#include "../soundness/exhaustive_seen.c"
#include "../soundness/exhaustive_tell.c"
#include "../soundness/exhaustive_turns.c"
#include "../soundness/peer.c"
#include "../soundness/peer_input.c"
#include "../soundness/peer_output.c"
#include "../soundness/peer_stack.c"
#include "../soundness/scenario.c"
#include "../soundness/stacks.c"
#include "../soundness/witness.c"

/* Enough examples to see a pattern, few enough to read. */
#define EXAMPLES 3

/* Places that are remembered, as a power of two. */
#define BITS 18
#define BITS_FULL 22

/*
 * Violations that are known and are to be mended: they are searched, and counted, but fail nothing. A row is taken out
 * with what it is about. NULL in script, application or peer stands for any.
 */
static const struct known {
    const char *script, *app, *kind;
    const char *words; /* what the violation says begins like that */
} known[] = {
    {NULL, NULL, NULL, NULL},
};

static bool matches(const char *row, const char *name)
{
    return row == NULL || strcmp(row, name) == 0;
}

static bool is_known(const struct search *search, const char *words)
{
    for (unsigned i = 0; known[i].words; i++)
        if (matches(known[i].script, search->script->name) && matches(known[i].app, search->app->name) &&
            matches(known[i].kind, search->kind->name) && strncmp(words, known[i].words, strlen(known[i].words)) == 0)
            return true;
    return false;
}

enum level { LEVEL_CHECK, LEVEL_FULL, LEVEL_ALL, LEVELS };

static enum level level_wanted(void)
{
    const char *text = getenv("TCPWALK_EXHAUSTIVE");

    if (!text)
        return LEVEL_CHECK;
    return strcmp(text, "all") == 0 ? LEVEL_ALL : strcmp(text, "full") == 0 ? LEVEL_FULL : LEVEL_CHECK;
}

/* A search without anything seen yet; freed with let_go_of(). */
static struct search *get_search(unsigned bits)
{
    struct search *search = calloc(1, sizeof(*search));

    assert_non_null(search);
    assert_true(search_init(search, bits));
    search->known = is_known;
    return search;
}

static void let_go_of(struct search *search)
{
    search_free(search);
    free(search);
}

/* ---- the search itself --------------------------------------------------------------------------------------- */

static const struct own_script *script_named(const char *name)
{
    const struct own_script *script = own_scripts;

    while (strcmp(script->name, name) != 0)
        script++;
    return script;
}

static const struct app_script *app_named(const char *name)
{
    const struct app_script *app = app_scripts;

    while (strcmp(app->name, name) != 0)
        app++;
    return app;
}

static const struct peer_kind *kind_named(const char *name)
{
    const struct peer_kind *kind = peer_kinds;

    while (strcmp(kind->name, name) != 0)
        kind++;
    return kind;
}

/* An ESTABLISHED or FIN-WAIT-1 becomes ESTABLISHED: no FIN has been heard, so none has been sent. */
static void takes_silence_for_open(struct belief *belief, struct claim *claims, unsigned count)
{
    (void)belief;
    for (unsigned i = 0; i < count; i++)
        if (claims[i].certainty != PRESUMED && claims[i].to == (IN(ESTABLISHED) | IN(FIN_WAIT_1)))
            claims[i].to = IN(ESTABLISHED);
}

/* What is presumed is called proven. */
static void is_sure_of_all(struct belief *belief, struct claim *claims, unsigned count)
{
    (void)belief;
    for (unsigned i = 0; i < count; i++)
        claims[i].certainty = PROVEN;
}

/* The peer sent it just when it arrived. */
static void forgets_the_way(struct belief *belief, struct claim *claims, unsigned count)
{
    (void)belief;
    for (unsigned i = 0; i < count; i++)
        if (claims[i].certainty != PRESUMED)
            claims[i].not_before = claims[i].not_after;
}

/* A FIN of ours that has left has arrived. */
static void trusts_the_network(struct belief *belief, struct claim *claims, unsigned count)
{
    (void)claims;
    (void)count;
    if (belief->known.may & SENT_FIN)
        belief->possible &= (state_set)~IN(ESTABLISHED);
}

/* Nothing that left the peer earlier arrives later. */
static void takes_the_late_for_new(struct belief *belief, struct claim *claims, unsigned count)
{
    (void)claims;
    (void)count;
    if (belief->claim.certainty != PRESUMED)
        belief->possible = belief->claim.to | belief_reachable(belief, belief->claim.to & (state_set)~IN(SYN_RECEIVED));
}

/* Of the two that a FIN can come from, the one that was there before. */
static void takes_closing_for_last_ack(struct belief *belief, struct claim *claims, unsigned count)
{
    (void)belief;
    for (unsigned i = 0; i < count; i++)
        if (claims[i].to == (IN(CLOSING) | IN(LAST_ACK)))
            claims[i].to = IN(LAST_ACK);
}

/* A belief that is wrong is found to be wrong, by the shortest path on which that shows. */
static void finds_what_is_wrong(void **state)
{
    static const struct {
        void (*spoil)(struct belief *belief, struct claim *claims, unsigned count);
        const char *script, *app, *kind;
        struct bounds bounds;
        enum violation violation;
        unsigned turns;
    } rows[] = {
        {takes_silence_for_open,
         "open",
         "sends, then closes",
         "delayed ACKs, Nagle, FIN alone, timestamps",
         {.ours = 2, .its = 5, .any_order = true, .hasty = true},
         VIOLATION_PROVEN,
         9},
        {takes_closing_for_last_ack,
         "open, close",
         "closes first",
         "plain",
         {.ours = 4, .its = 4, .mishaps = 1},
         VIOLATION_PROVEN,
         12},
        {is_sure_of_all,
         "open, close",
         "closes first",
         "plain",
         {.ours = 4, .its = 4, .mishaps = 1},
         VIOLATION_EVIDENCE,
         4},
        {forgets_the_way,
         "open, close",
         "closes first",
         "plain",
         {.ours = 4, .its = 4, .mishaps = 1},
         VIOLATION_INTERVAL,
         3},
        {trusts_the_network,
         "open, close",
         "closes first",
         "plain",
         {.ours = 4, .its = 4, .mishaps = 1},
         VIOLATION_POSSIBLE,
         6},
        {takes_the_late_for_new,
         "open, close",
         "closes first",
         "plain",
         {.ours = 3, .its = 3, .mishaps = 1, .any_order = true},
         VIOLATION_POSSIBLE,
         6},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct search *search = get_search(BITS);
        search->spoil = rows[i].spoil;
        enum violation violation = search_run(search, script_named(rows[i].script), app_named(rows[i].app),
                                              kind_named(rows[i].kind), &rows[i].bounds);
        if (violation != rows[i].violation || search->turns != rows[i].turns) {
            search_explain(search, stderr);
            fail_msg("row %zu: %s after %u turns", i, violation_name(violation), search->turns);
        }
        let_go_of(search);
    }
}

/* And so is a peer that does what belief.h has it not do: our FIN opens its cookie's connection once more. */
static void finds_a_cookie_that_is_taken_twice(void **state)
{
    static const struct peer_kind kind = {.name = "cookies, replayed",
                                          .on = PEER_ON(PEER_COOKIES) | PEER_ON(PEER_COOKIE_REPLAY)};
    const struct bounds bounds = {.ours = 3, .its = 3, .mishaps = 1, .any_order = true};
    struct search *search = get_search(BITS);
    char *words = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&words, &len);

    (void)state;
    assert_non_null(out);
    assert_int_equal(search_run(search, script_named("open, close, abort"), app_named("silent"), &kind, &bounds),
                     VIOLATION_PROVEN);
    assert_int_equal(search->turns, 9);
    search_explain(search, out);
    fclose(out);
    assert_non_null(strstr(words, "reaches the peer, and a copy stays behind: -> F. seq 1 ack 1"));
    assert_non_null(strstr(words, "=> claimed CLOSE-WAIT (refuted, fin-acked) from segment 5, but it was ESTABLISHED"));
    free(words);
    let_go_of(search);
}

/* To follow a place once only leaves no path out: there are as many when each is walked to its end. */
static void counts_all_paths(void **state)
{
    static const struct bounds bounds[] = {
        {.ours = 3, .its = 3, .mishaps = 1},
        {.ours = 3, .its = 2, .mishaps = 1, .any_order = true},
        {.ours = 2, .its = 2, .mishaps = 0, .any_order = true, .hasty = true},
    };
    struct search *search = get_search(BITS);
    double paths;
    uint64_t moves;

    (void)state;
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        search->paths = 0;
        search->moves = 0;
        search_run(search, script_named("open, close"), app_named("closes first"), &peer_kinds[1], &bounds[i]);
        paths = search->paths;
        moves = search->moves;
        search->forgets = true;
        search->paths = 0;
        search->moves = 0;
        search_run(search, script_named("open, close"), app_named("closes first"), &peer_kinds[1], &bounds[i]);
        search->forgets = false;
        print_message("# %.0f paths, %llu moves; %llu when nothing is recognised\n", paths, (unsigned long long)moves,
                      (unsigned long long)search->moves);
        assert_true(paths == search->paths);
        assert_true(moves < search->moves);
    }
    let_go_of(search);
}

/* ---- the rounds ---------------------------------------------------------------------------------------------- */

struct share {
    unsigned which, of; /* counted from 0 */
};

static struct share share_of(unsigned every)
{
    const char *text = getenv("TCPWALK_EXHAUSTIVE_SHARE");
    struct share share = {0, level_wanted() == LEVEL_CHECK ? every : 1};
    unsigned which, of;

    if (level_wanted() != LEVEL_CHECK && text && sscanf(text, "%u/%u", &which, &of) == 2 && which >= 1 && which <= of)
        share = (struct share){which - 1, of};
    return share;
}

static void report(const struct search *search, unsigned meetings, unsigned bad, double seconds)
{
    const struct bounds *bounds = &search->bounds;
    const struct tally *tally = &search->tally;

    print_message("# %u and %u segments, %s, %s timers, %u mishap: %llu of %u meetings, %.3g paths of up to %u turns\n",
                  bounds->ours, bounds->its, bounds->any_order ? "any order" : "in order",
                  bounds->hasty ? "hasty" : "patient", bounds->mishaps, (unsigned long long)tally->walks, meetings,
                  search->paths, search->longest);
    print_message("# %llu places, %llu moves, %llu claims (%llu proven, %llu of one state, %llu refutations), %.0f s\n",
                  (unsigned long long)search->places, (unsigned long long)search->moves,
                  (unsigned long long)tally->claims, (unsigned long long)tally->proven,
                  (unsigned long long)tally->proven_single, (unsigned long long)tally->refuted, seconds);
    if (search->excused || bad)
        print_message("# VIOLATED in %u meetings; known violations: %llu\n", bad, (unsigned long long)search->excused);
}

/* All that can meet; in `make check` one in so many of it, a number that has nothing in common with that of the lists. */
static void search_all(const struct bounds levels[LEVELS], unsigned every)
{
    const struct bounds *bounds = &levels[level_wanted()];
    struct search *search = get_search(level_wanted() == LEVEL_CHECK ? BITS : BITS_FULL);
    unsigned meetings = 0, bad = 0, told[VIOLATIONS] = {0};
    struct share share = share_of(every);
    clock_t begin = clock();

    for (const struct own_script *script = own_scripts; script->name; script++)
        for (const struct app_script *app = app_scripts; app->name; app++)
            for (const struct peer_kind *kind = peer_kinds; kind->name; kind++) {
                if (!search_makes_sense(script, app, kind) || meetings++ % share.of != share.which)
                    continue;
                enum violation violation = search_run(search, script, app, kind, bounds);
                bad += violation != VIOLATION_NONE;
                if (violation && told[violation]++ < EXAMPLES)
                    search_explain(search, stderr);
            }
    report(search, meetings, bad, (double)(clock() - begin) / CLOCKS_PER_SEC);
    let_go_of(search);
    assert_int_equal(bad, 0);
}

static void all_meetings(void **state)
{
    static const struct bounds bounds = {.ours = 2, .its = 2, .mishaps = 1, .any_order = true};

    (void)state;
    search_all((const struct bounds[LEVELS]){bounds, bounds, bounds}, 1);
}

static void in_order(void **state)
{
    static const struct bounds levels[LEVELS] = {
        [LEVEL_CHECK] = {.ours = 4, .its = 4, .mishaps = 1},
        [LEVEL_FULL] = {.ours = 5, .its = 5, .mishaps = 1},
        [LEVEL_ALL] = {.ours = 6, .its = 6, .mishaps = 1},
    };

    (void)state;
    search_all(levels, 61);
}

static void in_any_order(void **state)
{
    static const struct bounds levels[LEVELS] = {
        [LEVEL_CHECK] = {.ours = 3, .its = 3, .mishaps = 1, .any_order = true},
        [LEVEL_FULL] = {.ours = 4, .its = 3, .mishaps = 1, .any_order = true},
        [LEVEL_ALL] = {.ours = 4, .its = 4, .mishaps = 1, .any_order = true},
    };

    (void)state;
    search_all(levels, 29);
}

static void with_timers_at_any_time(void **state)
{
    static const struct bounds levels[LEVELS] = {
        [LEVEL_CHECK] = {.ours = 3, .its = 3, .mishaps = 1, .hasty = true},
        [LEVEL_FULL] = {.ours = 3, .its = 3, .mishaps = 1, .hasty = true},
        [LEVEL_ALL] = {.ours = 4, .its = 3, .mishaps = 1, .hasty = true},
    };

    (void)state;
    search_all(levels, 131);
}

static void in_any_order_with_timers_at_any_time(void **state)
{
    static const struct bounds levels[LEVELS] = {
        [LEVEL_CHECK] = {.ours = 2, .its = 2, .mishaps = 1, .any_order = true, .hasty = true},
        [LEVEL_FULL] = {.ours = 3, .its = 2, .mishaps = 1, .any_order = true, .hasty = true},
        [LEVEL_ALL] = {.ours = 3, .its = 3, .mishaps = 1, .any_order = true, .hasty = true},
    };

    (void)state;
    search_all(levels, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_wrong),
        cmocka_unit_test(finds_a_cookie_that_is_taken_twice),
        cmocka_unit_test(counts_all_paths),
        cmocka_unit_test(all_meetings),
        cmocka_unit_test(in_order),
        cmocka_unit_test(in_any_order),
        cmocka_unit_test(with_timers_at_any_time),
        cmocka_unit_test(in_any_order_with_timers_at_any_time),
    };

    return cmocka_run_group_tests_name("exhaustive", tests, NULL, NULL);
}
