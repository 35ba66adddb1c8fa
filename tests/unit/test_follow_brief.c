/*
 * Short connections are only written down, and summed up as those that were alike (follow/brief.h). Held against
 * following in full: many conversations of a few shapes, whose times and timestamps are drawn so that all orders occur.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../soundness/chance.h"
#include "follow/follow.h"

#define CONVERSATIONS 60000
#define SEGMENTS 16
#define SLOTS 4

struct line {
    unsigned from;
    uint8_t flags;
    uint32_t seq, ack, len; /* relative */
};

#define S TCP_SYN
#define A TCP_ACK
#define F TCP_FIN
#define R TCP_RST

static const struct line four[] = {{0, S, 0, 0, 0}, {1, S | A, 0, 1, 0}, {0, A, 1, 1, 0}, {0, F | A, 1, 1, 0},
                                   {1, A, 1, 2, 0}, {1, F | A, 1, 2, 0}, {0, A, 2, 2, 0}};
static const struct line three[] = {{0, S, 0, 0, 0},        {1, S | A, 0, 1, 0}, {0, A, 1, 1, 0},
                                    {0, A, 1, 1, 50},       {1, A, 1, 51, 700},  {1, F | A, 701, 51, 0},
                                    {0, F | A, 51, 702, 0}, {1, A, 702, 52, 0}};
static const struct line crossed[] = {{0, S, 0, 0, 0},     {1, S | A, 0, 1, 0}, {0, A, 1, 1, 0}, {0, F | A, 1, 1, 0},
                                      {1, F | A, 1, 1, 0}, {0, A, 2, 2, 0},     {1, A, 2, 2, 0}};
static const struct line reset[] = {{0, S, 0, 0, 0},    {1, S | A, 0, 1, 0}, {0, A, 1, 1, 0},
                                    {0, A, 1, 1, 1460}, {1, A, 1, 1461, 0},  {1, R | A, 1, 1461, 0}};
static const struct line again[] = {
    {0, S, 0, 0, 0},  {1, S | A, 0, 1, 0},  {0, A, 1, 1, 0},      {0, A, 1, 1, 9},      {0, A, 1, 1, 9},
    {1, A, 1, 10, 0}, {0, F | A, 10, 1, 0}, {0, F | A, 10, 1, 0}, {1, F | A, 1, 11, 0}, {0, A, 11, 2, 0}};
static const struct line refused[] = {{0, S, 0, 0, 0}, {1, R | A, 0, 1, 0}};
static const struct line half[] = {
    {0, S, 0, 0, 0}, {1, S | A, 0, 1, 0}, {0, A, 1, 1, 0}, {1, F | A, 1, 1, 0}, {0, A, 1, 2, 0}};

static const struct line two_fins[] = {{0, S, 0, 0, 0},     {1, S | A, 0, 1, 0}, {0, A, 1, 1, 0},
                                       {0, F | A, 1, 1, 0}, {0, F | A, 5, 1, 0}, {1, A, 1, 2, 0},
                                       {1, F | A, 1, 2, 0}, {0, A, 6, 2, 0},     {1, A, 2, 6, 0}};

static const struct line astray[] = {
    {0, S, 0, 0, 0}, {1, S | A, 0, 7, 0}, {0, R, 7, 0, 0}, {0, S, 0, 0, 0}, {1, S | A, 0, 1, 0}};
static const struct line after_reset[] = {{0, S, 0, 0, 0},     {1, S | A, 0, 1, 0}, {0, A, 1, 1, 0},
                                          {1, R | A, 1, 1, 0}, {0, A, 1, 1, 20},    {1, A, 1, 21, 0}};

static const struct shape {
    const struct line *lines;
    unsigned count;
} shapes[] = {{four, 7}, {three, 8}, {crossed, 7}, {reset, 6},    {again, 10}, {refused, 2},
              {half, 5}, {four, 6},  {three, 3},   {two_fins, 9}, {astray, 5}, {after_reset, 6}};

static nanos draw_gap(struct chance *chance)
{
    static const nanos scales[] = {NANOS_PER_US * 50, NANOS_PER_MS * 3, NANOS_PER_MS * 3, NANOS_PER_MS * 300,
                                   NANOS_PER_S * 2};

    /* Some captures have the same time for several. */
    return chance_of(chance, 50) ? 0 : chance_span(chance, scales[chance_below(chance, 5)]);
}

static void on_over(void *context, const struct summary *summary)
{
    *(struct summary *)context = *summary;
}

static unsigned claims;

static void on_claim(void *context, const struct connection *connection, unsigned end, const struct claim *claim)
{
    (void)context, (void)connection, (void)end, (void)claim;
    claims++;
}

/* Several that have passed, or what is seen of them at a glimpse. */
static void pass_some(struct follow *follow, const struct passage *passages, unsigned count, bool at_a_glimpse)
{
    struct glimpse glimpses[SEGMENTS];

    for (unsigned i = 0; i < count; i++) {
        brief_note(&glimpses[i].segment, NOBODY, passages[i].segment, passages[i].at);
        glimpses[i].src = endpoint_word(passages[i].src);
        glimpses[i].dst = endpoint_word(passages[i].dst);
        glimpses[i].packet = passages[i].packet;
    }
    if (at_a_glimpse)
        follow_glimpse_all(follow, glimpses, count);
    else
        follow_pass_all(follow, passages, count);
}

/* What is written down is what may be, and of FINs it is known what it says of them. */
static void assert_written_down(const struct slot *slot)
{
    unsigned fins = 0, acked = 0;

    if (slot->number == 0 || slot->full != NO_SLOT)
        return;
    for (unsigned i = 0; i < slot->count; i++) {
        const struct brief_segment *brief = &slot->brief[i];
        const struct segment segment = brief_segment_of(brief);
        assert_true(brief_takes(slot->brief, i, brief->from, &segment, brief->at));
        acked |= fins ? brief_acks_fins(slot->brief, i + 1) : 0;
        fins |= (brief->flags & F ? 1u : 0) << brief->from;
        acked = brief->flags & R ? 3 : acked;
    }
    assert_int_equal(slot->fins, fins);
    assert_int_equal(slot->acked, acked);
}

/* One conversation, told to both: to one segment by segment, to the other several at a time, some of them alone. */
static void talk(struct chance *chance, struct follow *full, struct follow *brief)
{
    const struct shape *shape = &shapes[chance_below(chance, sizeof(shapes) / sizeof(shapes[0]))];
    const struct endpoint ends[ENDS] = {{{.family = 4, .bytes = {192, 0, 2, 1}}, 40000},
                                        {{.family = 4, .bytes = {192, 0, 2, 2}}, 80}};
    uint32_t initial[ENDS] = {(uint32_t)chance_next(chance) | 1, (uint32_t)chance_next(chance) | 1};
    uint32_t clock[ENDS] = {(uint32_t)chance_next(chance), (uint32_t)chance_next(chance)}, echo[ENDS] = {0};
    bool stamped = chance_of(chance, 700);
    nanos at = INT64_C(1700000000) * NANOS_PER_S + chance_span(chance, NANOS_PER_S), began = at;
    struct segment segments[SEGMENTS];
    struct passage passages[SEGMENTS];
    unsigned told = 0;

    for (unsigned i = 0; i < shape->count; i++) {
        const struct line *line = &shape->lines[i];
        unsigned me = line->from;
        struct segment *segment = &segments[i];
        *segment = (struct segment){
            .seq = initial[me] + line->seq,
            .ack = line->flags & A ? initial[!me] + line->ack : 0,
            .len = line->len,
            .window = chance_of(chance, 900) ? 64240 : 1000,
            .flags = line->flags,
        };
        if (line->flags == (R | A) && i == 1)
            segment->seq = 0;
        if (stamped) {
            segment->options.present = TCP_OPT_TIMESTAMPS;
            segment->options.tsval = clock[me] + (uint32_t)((at - began) / NANOS_PER_MS);
            segment->options.tsecr = echo[me];
            /* It may cross with what the other has not seen yet. */
            if (chance_of(chance, 800))
                echo[!me] = segment->options.tsval;
        }
        passages[i] = (struct passage){i + 1, at, &ends[me], &ends[!me], segment, 0};
        follow_pass(full, &passages[i]);
        if (chance_of(chance, 300) || i + 1 == shape->count) {
            pass_some(brief, &passages[told], i + 1 - told, chance_of(chance, 700));
            told = i + 1;
            for (unsigned k = 0; k < SLOTS; k++)
                assert_written_down(&brief->slots[k]);
        }
        at += chance_of(chance, 20) ? -NANOS_PER_US : draw_gap(chance);
    }
    follow_end(full);
    follow_end(brief);
}

static void assert_same(const struct summary *a, const struct summary *b)
{
    assert_int_equal(a->opening, b->opening);
    assert_int_equal(a->closing, b->closing);
    assert_int_equal(a->closer, b->closer);
    assert_int_equal(a->resetter, b->resetter);
    assert_int_equal(a->closed, b->closed);
    assert_int_equal(a->fin_first, b->fin_first);
    assert_int_equal(a->undone, b->undone);
    assert_int_equal(a->number, b->number);
    assert_true(a->first_at == b->first_at && a->last_at == b->last_at);
    assert_true(a->open_rtt == b->open_rtt && a->open == b->open);
    assert_string_equal(a->history, b->history);
    for (unsigned end = 0; end < ENDS; end++) {
        const struct summary_end *x = &a->ends[end], *y = &b->ends[end];
        assert_int_equal(x->claim.to, y->claim.to);
        assert_int_equal(x->claim.likely, y->claim.likely);
        assert_int_equal(x->claim.otherwise, y->claim.otherwise);
        assert_int_equal(x->claim.certainty, y->claim.certainty);
        assert_true(x->segments == y->segments && x->bytes == y->bytes && x->retransmitted == y->retransmitted);
        for (unsigned state = 0; state < STATE_COUNT; state++)
            assert_true(x->in_state[state] == y->in_state[state]);
    }
}

static void alike_are_the_same(void **state)
{
    struct summary in_full, briefly;
    struct follow full, brief;
    struct follow_listener loud = {.context = &in_full, .claim = on_claim, .over = on_over},
                           quiet = {.context = &briefly, .over = on_over};
    void *memory = calloc(1, follow_memory(SLOTS)), *brief_memory = calloc(1, follow_memory(SLOTS));
    struct chance chance = {4711};
    unsigned remembered = 0;

    (void)state;
    assert_non_null(memory);
    assert_non_null(brief_memory);
    follow_init(&full, SLOTS, memory, &loud);
    follow_init(&brief, SLOTS, brief_memory, &quiet);
    assert_false(full.briefly);
    assert_true(brief.briefly);
    for (unsigned i = 0; i < CONVERSATIONS; i++) {
        talk(&chance, &full, &brief);
        assert_same(&in_full, &briefly);
    }
    assert_true(claims > CONVERSATIONS);
    for (unsigned i = 0; i < BRIEF_MEMOS; i++)
        remembered += brief.memos[i].used;
    /* So many kinds there were, and most conversations were of a kind that had been seen. */
    print_message("# %u conversations, %u kinds remembered\n", CONVERSATIONS, remembered);
    assert_true(remembered > 100);
    free(memory);
    free(brief_memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(alike_are_the_same)};

    return cmocka_run_group_tests_name("follow_brief", tests, NULL, NULL);
}
