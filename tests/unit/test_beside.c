/*
 * Following in a thread of its own (cmd/beside.h) comes to what following at once comes to: many conversations, of which some are
 * seen at a glimpse and some are not, and ICMP errors, handed over in batches of all sizes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../soundness/chance.h"
#include "cmd/beside.h"

#define CONVERSATIONS 3000
#define AT_ONCE 50 /* ... of them */
#define ROOM 1000
#define SAID 9

/* ---- what is told in the end ---- */

struct told {
    struct summary *rows;
    unsigned count;
};

static void on_over(void *context, const struct summary *summary)
{
    struct told *told = context;

    assert_true(told->count < CONVERSATIONS);
    told->rows[told->count++] = *summary;
}

static void assert_same_end(const struct summary_end *a, const struct summary_end *b)
{
    assert_true(endpoint_equal(&a->at, &b->at));
    assert_true(a->segments == b->segments && a->bytes == b->bytes && a->icmp_errors == b->icmp_errors);
    assert_true(a->claim.to == b->claim.to && a->claim.certainty == b->claim.certainty);
    assert_memory_equal(a->in_state, b->in_state, sizeof(a->in_state));
}

static void assert_same_told(const struct told *a, const struct told *b)
{
    assert_int_equal(a->count, CONVERSATIONS);
    assert_int_equal(b->count, CONVERSATIONS);
    for (unsigned i = 0; i < a->count; i++) {
        const struct summary *x = &a->rows[i], *y = &b->rows[i];
        assert_true(x->number == y->number && x->first_packet == y->first_packet && x->last_packet == y->last_packet);
        assert_true(x->opening == y->opening && x->closing == y->closing && x->closer == y->closer);
        assert_string_equal(x->history, y->history);
        assert_same_end(&x->ends[END_A], &y->ends[END_A]);
        assert_same_end(&x->ends[END_B], &y->ends[END_B]);
    }
}

/* ---- one of both ---- */

struct way {
    struct follow follow;
    void *memory;
    struct told told;
    struct fault fault;
    struct beside *beside; /* NULL: at once */
    struct batch *batch, *own;
    uint64_t unknown;
};

static void way_start(struct way *way, bool beside)
{
    struct follow_listener listener = {.context = &way->told, .over = on_over};

    *way = (struct way){.memory = calloc(1, follow_memory(ROOM)), .own = batch_new()};
    way->told.rows = calloc(CONVERSATIONS, sizeof(struct summary));
    assert_true(way->memory && way->own && way->told.rows);
    follow_init(&way->follow, ROOM, way->memory, &listener);
    way->batch = way->own;
    if (!beside)
        return;
    way->beside = beside_start(&way->follow, &way->fault);
    assert_non_null(way->beside);
    way->batch = beside_batch(way->beside);
}

static void way_pass_on(struct way *way)
{
    if (way->beside) {
        beside_hand_over(way->beside);
        way->batch = beside_batch(way->beside);
        assert_int_equal(way->batch->count, 0);
        return;
    }
    way->unknown += batch_follow(way->batch, &way->follow);
    batch_empty(way->batch);
}

static void way_end(struct way *way)
{
    way_pass_on(way);
    if (way->beside)
        way->unknown += beside_wait(way->beside);
    follow_end(&way->follow);
}

static void way_free(struct way *way)
{
    beside_end(way->beside);
    free(way->memory);
    free(way->own);
    free(way->told.rows);
}

/* ---- conversations ---- */

struct conversation {
    struct endpoint ends[ENDS];
    unsigned said;
};

/* Opened by three segments, one with bytes each way, closed by four; or as far as it came. */
static struct segment say(unsigned said, unsigned *from)
{
    static const struct {
        unsigned from;
        uint8_t flags;
        uint32_t seq, ack, len;
    } lines[SAID] = {
        {0, TCP_SYN, 0, 0, 0},     {1, TCP_SYN | TCP_ACK, 0, 1, 0},     {0, TCP_ACK, 1, 1, 0},
        {0, TCP_ACK, 1, 1, 100},   {1, TCP_ACK, 1, 101, 200},           {0, TCP_FIN | TCP_ACK, 101, 201, 0},
        {1, TCP_ACK, 201, 102, 0}, {1, TCP_FIN | TCP_ACK, 201, 102, 0}, {0, TCP_ACK, 102, 202, 0}};

    *from = lines[said].from;
    return (struct segment){.seq = 1000 + 4000 * *from + lines[said].seq,
                            .ack = lines[said].flags & TCP_ACK ? 5000 - 4000 * *from + lines[said].ack : 0,
                            .len = lines[said].len,
                            .flags = lines[said].flags,
                            .window = 64240};
}

static void add_segment(struct way *way, const struct conversation *conversation, nanos at, uint64_t number)
{
    unsigned from;
    const struct segment segment = say(conversation->said, &from);
    const struct endpoint *src = &conversation->ends[from], *dst = &conversation->ends[!from];

    if (src->addr.family == 4) {
        struct glimpse *glimpse = batch_next_glimpse(way->batch);
        brief_note(&glimpse->segment, NOBODY, &segment, at);
        glimpse->src = endpoint_word(src);
        glimpse->dst = endpoint_word(dst);
        glimpse->packet = number;
        batch_add_glimpse(way->batch);
        return;
    }
    *batch_next_packet(way->batch) =
        (struct packet){.kind = PACKET_SEGMENT, .src = *src, .dst = *dst, .segment = segment};
    batch_add_segment(way->batch, at, number);
}

/* About the segment that was said last; or about a port that nobody has. */
static void add_icmp(struct way *way, const struct conversation *conversation, bool known, nanos at, uint64_t number)
{
    unsigned from;
    const struct segment segment = say(conversation->said - 1, &from);
    struct packet *packet = batch_next_packet(way->batch);

    *packet = (struct packet){.kind = PACKET_ICMP_ERROR};
    packet->icmp.quoted_src = conversation->ends[from];
    packet->icmp.quoted_dst = conversation->ends[!from];
    packet->icmp.quoted_seq = segment.seq;
    packet->icmp.quoted_dst.port ^= known ? 0 : 0x4000;
    batch_add_icmp(way->batch, at, number);
}

static void begin_conversation(struct conversation *conversation, unsigned n, bool version_4)
{
    *conversation = (struct conversation){.said = 0};
    for (unsigned end = 0; end < ENDS; end++) {
        struct endpoint *at = &conversation->ends[end];
        at->addr.family = version_4 ? 4 : 6;
        memcpy(at->addr.bytes, version_4 ? (uint8_t[]){192, 0, 2, 1} : (uint8_t[]){0x20, 1, 0x0d, 0xb8}, 4);
        at->addr.bytes[3] ^= (uint8_t)end;
        at->port = (uint16_t)(end ? 80 : 1024 + n);
    }
}

static void it_comes_to_the_same(void **state)
{
    static struct conversation conversations[AT_ONCE];
    static struct way ways[2];
    struct chance chance = {11};
    nanos at = INT64_C(1700000000) * NANOS_PER_S;
    unsigned begun = 0, over = 0;
    uint64_t number = 0, segments = 0;

    (void)state;
    way_start(&ways[0], false);
    way_start(&ways[1], true);
    for (unsigned i = 0; i < AT_ONCE; i++)
        begin_conversation(&conversations[i], begun++, chance_of(&chance, 700));
    while (over < CONVERSATIONS) {
        struct conversation *conversation = &conversations[chance_below(&chance, AT_ONCE)];
        bool icmp = conversation->said > 0 && chance_of(&chance, 30), known = chance_of(&chance, 500);
        if (conversation->said == SAID)
            continue;
        at += chance_span(&chance, NANOS_PER_MS);
        number++;
        for (unsigned i = 0; i < 2; i++) {
            if (icmp)
                add_icmp(&ways[i], conversation, known, at, number);
            else
                add_segment(&ways[i], conversation, at, number);
            if (batch_is_full(ways[i].batch))
                way_pass_on(&ways[i]);
        }
        conversation->said += !icmp;
        segments += !icmp;
        if (conversation->said == SAID) {
            over++;
            if (begun < CONVERSATIONS)
                begin_conversation(conversation, begun++, chance_of(&chance, 700));
        }
        if (chance_of(&chance, 30))
            way_pass_on(&ways[1]);
        if (chance_of(&chance, 2)) { /* an empty one too */
            way_pass_on(&ways[1]);
            way_pass_on(&ways[1]);
            ways[1].unknown += beside_wait(ways[1].beside);
            assert_int_equal(ways[1].follow.segments, segments);
        }
    }
    for (unsigned i = 0; i < 2; i++)
        way_end(&ways[i]);
    assert_same_told(&ways[0].told, &ways[1].told);
    assert_true(ways[0].unknown > 0);
    assert_int_equal(ways[0].unknown, ways[1].unknown);
    for (unsigned i = 0; i < 2; i++)
        way_free(&ways[i]);
}

static void one_that_got_nothing_ends(void **state)
{
    static struct way way;

    (void)state;
    way_start(&way, true);
    way_free(&way);
    beside_end(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_comes_to_the_same),
                                       cmocka_unit_test(one_that_got_nothing_ends)};

    return cmocka_run_group_tests_name("beside", tests, NULL, NULL);
}
