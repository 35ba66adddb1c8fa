/*
 * The rules of src/core as the documents of tests/rules state them: every case of every document is one test. The
 * folder can be named in the environment: RULES=FOLDER.
 *
 * Every case is run several times, with other initial numbers and timestamps: numbers wrap at 2^32 at another place
 * each time, and no claim may depend on that.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "rules_document.h"

struct numbers {
    uint32_t ours, its, our_tsval, its_tsval;
};

static const struct numbers beginnings[] = {
    {1000, 500000, 70000, 3000000},
    {0xffffffff, 0xfffffffe, 0xffffff00, 0xfffffffe}, /* the SYN is the last before the wrap */
    {0xfffffffc, 0xffffffff, 0xffffff95, 0xffffff9b},
    {0x7ffffffe, 0x7fffffff, 0x7fffffff, 0x7fffff9a}, /* where a signed comparison would turn */
};

struct run {
    const struct rule_case *rule;
    struct numbers numbers;
    struct belief belief;
    struct text report; /* what was not as expected; empty when all was */
    char words[8192];
};

static struct segment absolute(const struct run *run, const struct rule_step *step)
{
    const struct numbers *add = &run->numbers;
    struct segment segment = step->segment;

    if (!step->absolute)
        segment.seq += step->ours ? add->ours : add->its;
    segment.ack += step->ours ? add->its : add->ours;
    if (!(segment.flags & TCP_ACK))
        segment.ack = 0;
    if (segment.options.present & TCP_OPT_TIMESTAMPS) {
        segment.options.tsval += step->ours ? add->our_tsval : add->its_tsval;
        segment.options.tsecr += step->ours ? add->its_tsval : add->our_tsval;
    }
    for (unsigned i = 0; i < segment.options.sack_count; i++) {
        segment.options.sack[i].left += step->ours ? add->its : add->ours;
        segment.options.sack[i].right += step->ours ? add->its : add->ours;
    }
    return segment;
}

static void complain(struct run *run, unsigned line, const char *label, const char *expected, const char *got)
{
    text_add(&run->report, "\n%s:%u: after %s\n    expected: %s\n    got:      %s", run->rule->file, line, label,
             expected, got);
}

static bool same_claim(const struct rule_expectation *expected, const struct claim *got)
{
    const struct claim *wanted = &expected->claim;

    if (wanted->from != got->from || wanted->to != got->to || wanted->likely != got->likely ||
        wanted->otherwise != got->otherwise || wanted->certainty != got->certainty || wanted->reason != got->reason)
        return false;
    if (wanted->habit != got->habit || wanted->by_habit != got->by_habit || wanted->detail != got->detail)
        return false;
    if (expected->names_evidence &&
        (wanted->evidence_count != got->evidence_count ||
         memcmp(wanted->evidence, got->evidence, sizeof(unsigned) * wanted->evidence_count) != 0))
        return false;
    return !expected->names_interval || (wanted->not_before == got->not_before && wanted->not_after == got->not_after);
}

/* What holds after a step besides its claims. */
static void check_standing(struct run *run, const struct rule_expectation *expected)
{
    char wanted[STATE_SET_TEXT], got[STATE_SET_TEXT];
    nanos expires = belief_expiry(&run->belief);

    if (expected->kind == EXPECT_POSSIBLE && expected->possible != run->belief.possible)
        complain(run, expected->line, expected->label, state_set_text(expected->possible, " or ", wanted),
                 state_set_text(run->belief.possible, " or ", got));
    if (expected->kind == EXPECT_EXPIRES && expected->expires != expires) {
        snprintf(wanted, sizeof(wanted), "expires at %lld ns", (long long)expected->expires);
        snprintf(got, sizeof(got), "expires at %lld ns", (long long)expires);
        complain(run, expected->line, expected->label, wanted, got);
    }
}

/* A claim that keeps the contract of core/claim.h, whatever the document expects. */
static void check_form(struct run *run, const struct rule_step *step, const struct claim *claim)
{
    char got[CLAIM_TEXT];
    bool well_formed = claim->to != NO_STATES && claim->likely != NO_STATES &&
                       (claim->likely & (state_set)~claim->to) == 0 && (claim->otherwise & claim->to) == 0 &&
                       (claim->certainty == PRESUMED || claim->otherwise == NO_STATES) &&
                       (claim->by_habit & (state_set)~claim->to) == 0 && claim->by_habit != claim->to &&
                       (claim->by_habit == NO_STATES || claim->habit != HABIT_NONE) &&
                       (claim->not_before == NANOS_NONE || claim->not_before <= claim->not_after);

    if (!well_formed)
        complain(run, step->line, step->label, "a well-formed claim", rule_claim_text(claim, true, true, got));
}

/* Holds the claims of one step against the lines of the document, in order. */
static void check_claims(struct run *run, const struct rule_step *step, const struct claim *claims, unsigned count)
{
    const struct rule_case *rule = run->rule;
    char wanted[CLAIM_TEXT], got[CLAIM_TEXT];
    unsigned used = 0;

    for (unsigned i = 0; i < count; i++)
        check_form(run, step, &claims[i]);
    for (unsigned i = 0; i < rule->expectation_count; i++) {
        const struct rule_expectation *expected = &rule->expectations[i];
        if (strcmp(expected->label, step->label) != 0)
            continue;
        check_standing(run, expected);
        if (expected->kind != EXPECT_CLAIM)
            continue;
        rule_claim_text(&expected->claim, expected->names_evidence, expected->names_interval, wanted);
        if (used == count) {
            complain(run, expected->line, step->label, wanted, "nothing");
        } else {
            if (!same_claim(expected, &claims[used]))
                complain(run, expected->line, step->label, wanted,
                         rule_claim_text(&claims[used], expected->names_evidence, expected->names_interval, got));
            used++;
        }
    }
    for (; used < count; used++)
        complain(run, step->line, step->label, "nothing", rule_claim_text(&claims[used], true, true, got));
}

/* The claim that every belief starts with, where the case gives it. */
static void check_start(struct run *run)
{
    const struct rule_step start = {.label = START, .line = run->rule->line};
    bool given = false;

    for (unsigned i = 0; i < run->rule->expectation_count; i++)
        given = given || strcmp(run->rule->expectations[i].label, START) == 0;
    if (given)
        check_claims(run, &start, &run->belief.claim, 1);
}

static void run_case(struct run *run)
{
    unsigned n = 0;

    if (run->rule->passive)
        belief_init_passive(&run->belief);
    else
        belief_init(&run->belief);
    text_init(&run->report, run->words, sizeof(run->words));
    check_start(run);
    for (unsigned i = 0; i < run->rule->step_count; i++) {
        const struct rule_step *step = &run->rule->steps[i];
        struct segment segment = absolute(run, step);
        struct claim claims[CLAIMS_MAX];
        unsigned count;

        if (!step->timer && !step->ours && step->lost)
            continue; /* only the peer knows of it */
        if (step->timer)
            count = belief_expire(&run->belief, step->at, claims);
        else if (step->ours && step->doubtful)
            count = belief_sent_doubtful(&run->belief, &segment, ++n, step->at, claims);
        else if (step->ours)
            count = belief_sent(&run->belief, &segment, ++n, step->at, claims);
        else
            count = belief_received(&run->belief, &segment, ++n, step->at, claims);
        check_claims(run, step, claims, count);
    }
}

static void case_holds(void **state)
{
    const struct rule_case *rule = *state;

    if (rule->fault[0])
        fail_msg("%s: malformed: %s", rule->file, rule->fault);
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        struct run run = {.rule = rule, .numbers = beginnings[i]};

        run_case(&run);
        if (run.words[0])
            fail_msg("initial numbers %u and %u:%s", run.numbers.ours, run.numbers.its, run.words);
    }
}

/* Every reason about the peer is the subject of some case, or the documents are not complete. */
static void every_reason_is_specified(void **state)
{
    const struct rule_cases *cases = *state;

    for (unsigned reason = 0; reason < REASON_OWN_OPEN; reason++) {
        bool found = false;

        for (size_t i = 0; i < cases->count && !found; i++)
            for (unsigned j = 0; j < cases->at[i]->expectation_count && !found; j++)
                found = cases->at[i]->expectations[j].kind == EXPECT_CLAIM &&
                        cases->at[i]->expectations[j].claim.reason == reason;
        if (!found)
            fail_msg("no case expects '%s'", reason_text((enum reason)reason)->token);
    }
}

static void read_all(struct rule_cases *cases)
{
    const char *folder = getenv("RULES");
    char pattern[512];
    glob_t found;

    snprintf(pattern, sizeof(pattern), "%s/[a-z]*.md", folder ? folder : "tests/rules");
    if (glob(pattern, 0, NULL, &found) != 0)
        found = (glob_t){0};
    for (size_t i = 0; i < found.gl_pathc; i++)
        rules_read(cases, found.gl_pathv[i]);
    if (found.gl_pathc == 0)
        rules_read(cases, pattern); /* which fails, as it should */
    else
        globfree(&found);
}

int main(void)
{
    struct rule_cases cases = {0};
    struct CMUnitTest *tests;
    int failed;

    read_all(&cases);
    tests = calloc(cases.count + 1, sizeof(*tests));
    if (!tests)
        return 1;
    for (size_t i = 0; i < cases.count; i++)
        tests[i] = (struct CMUnitTest){cases.at[i]->title, case_holds, NULL, NULL, cases.at[i]};
    tests[cases.count] =
        (struct CMUnitTest){"every reason about the peer is specified", every_reason_is_specified, NULL, NULL, &cases};
    failed = _cmocka_run_group_tests("rules", tests, cases.count + 1, NULL, NULL);
    free(tests);
    rules_free(&cases);
    return failed;
}
