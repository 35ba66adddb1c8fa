/*
 * A connection of many gigabytes, whose numbers go round several times: what is known of its beginning must not be taken for
 * what lies ahead of it, nor may a FIN of the first round be one of the last.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "follow/follow.h"

/* As a capture has merged segments: few of them make a round. */
#define PIECE (UINT32_C(1) << 20)
#define ROUND 4096u

static const struct endpoint ends[ENDS] = {{{.family = 4, .bytes = {192, 0, 2, 1}}, 40000},
                                           {{.family = 4, .bytes = {192, 0, 2, 2}}, 80}};

struct talk {
    struct follow follow;
    struct summary summary;
    uint64_t packets, kinds[PASSAGE_STRAY + 1], over;
    nanos at;
    struct claim latest[ENDS];
};

/* What is claimed of both ends while it is open, and as it closes. */
#define MOMENTS 5

struct moments {
    state_set to[MOMENTS];
};

static void on_segment(void *context, const struct connection *connection, unsigned from, unsigned n,
                       enum passage_kind kind, const struct passage *passage)
{
    (void)connection, (void)from, (void)n, (void)passage;
    ((struct talk *)context)->kinds[kind]++;
}

static void on_claim(void *context, const struct connection *connection, unsigned end, const struct claim *claim)
{
    (void)connection;
    ((struct talk *)context)->latest[end] = *claim;
}

static void on_over(void *context, const struct summary *summary)
{
    struct talk *talk = context;

    talk->summary = *summary;
    talk->over++;
}

static void say(struct talk *talk, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    struct segment segment = {.seq = seq, .ack = ack, .len = len, .flags = flags, .window = 64240};

    if (flags & TCP_SYN) {
        segment.options.present = TCP_OPT_WSCALE;
        segment.options.wscale = 8;
    }
    talk->at += NANOS_PER_MS;
    follow_pass(&talk->follow, &(struct passage){++talk->packets, talk->at, &ends[from], &ends[!from], &segment, 0});
}

static state_set proven(const struct talk *talk, unsigned end)
{
    assert_int_equal(talk->latest[end].certainty, PROVEN);
    return talk->latest[end].to;
}

/* All that both send is seen; the one that opens sends, the other one acknowledges, or sends as much. */
static struct moments talk_long(unsigned pieces, bool from_the_middle, bool both_send)
{
    struct moments moments;
    struct talk *talk = calloc(1, sizeof(*talk));
    void *memory = calloc(1, follow_memory(4));
    const struct follow_listener listener = {
        .context = talk, .segment = on_segment, .claim = on_claim, .over = on_over};
    uint32_t a = 0xfffff000, b = 0x7fffff00;

    assert_non_null(talk);
    assert_non_null(memory);
    follow_init(&talk->follow, 4, memory, &listener);
    talk->at = NANOS_PER_S;
    if (!from_the_middle) {
        say(talk, END_A, TCP_SYN, a - 1, 0, 0);
        say(talk, END_B, TCP_SYN | TCP_ACK, b - 1, a, 0);
        say(talk, END_A, TCP_ACK, a, b, 0);
    }
    for (unsigned i = 0; i < pieces; i++) {
        say(talk, END_A, TCP_ACK, a, b, PIECE);
        a += PIECE;
        say(talk, END_B, TCP_ACK, b, a, both_send ? PIECE : 0);
        b += both_send ? PIECE : 0;
    }
    say(talk, END_A, TCP_ACK, a, b, 0);
    moments.to[0] = proven(talk, END_A);
    moments.to[1] = proven(talk, END_B);
    say(talk, END_B, TCP_ACK, b, a, 10);
    b += 10;
    say(talk, END_A, TCP_FIN | TCP_ACK, a, b, 0);
    say(talk, END_B, TCP_ACK, b, a + 1, 0);
    moments.to[2] = proven(talk, END_B);
    say(talk, END_B, TCP_FIN | TCP_ACK, b, a + 1, 0);
    moments.to[3] = proven(talk, END_B);
    say(talk, END_A, TCP_ACK, a + 1, b + 1, 0);
    moments.to[4] = proven(talk, END_A);
    follow_end(&talk->follow);
    assert_int_equal(talk->over, 1);
    assert_int_equal(talk->kinds[PASSAGE_STRAY] + talk->kinds[PASSAGE_RETRANSMISSION], 0);
    assert_int_equal(talk->summary.closing, CLOSING_FOUR);
    assert_int_equal(talk->summary.closer, END_A);
    assert_true(talk->summary.ends[END_A].bytes == (uint64_t)pieces * PIECE);
    assert_true(talk->summary.ends[END_A].unseen == 0);
    free(memory);
    free(talk);
    return moments;
}

/* It comes to the same as a short one. */
static void rounds(unsigned pieces, bool from_the_middle)
{
    for (unsigned both = 0; both < 2; both++) {
        struct moments brief = talk_long(8, from_the_middle, both), many = talk_long(pieces, from_the_middle, both);
        for (unsigned i = 0; i < MOMENTS; i++)
            assert_int_equal(many.to[i], brief.to[i]);
        assert_true(many.to[4] & IN(TIME_WAIT));
    }
}

static void less_than_half_a_round(void **state)
{
    (void)state;
    rounds(ROUND / 2 - 8, false);
}

static void each_part_of_a_round(void **state)
{
    (void)state;
    for (unsigned eighths = 3; eighths <= 20; eighths++)
        rounds(ROUND / 8 * eighths, false);
}

static void from_the_middle(void **state)
{
    (void)state;
    for (unsigned eighths = 1; eighths <= 20; eighths++)
        rounds(ROUND / 8 * eighths, true);
}

/* More connections end in a moment than stay in the table: what comes late of them is not taken for others. */
static void many_end_at_once(void **state)
{
    static const struct {
        unsigned from;
        uint8_t flags;
        uint32_t seq, ack;
    } lines[] = {{END_A, TCP_SYN, 100, 0},
                 {END_B, TCP_SYN | TCP_ACK, 900, 101},
                 {END_A, TCP_ACK, 101, 901},
                 {END_A, TCP_FIN | TCP_ACK, 101, 901},
                 {END_B, TCP_FIN | TCP_ACK, 901, 102},
                 {END_A, TCP_ACK, 102, 902},
                 {END_B, TCP_FIN | TCP_ACK, 901, 102}, /* late, as all from here on */
                 {END_A, TCP_ACK, 102, 902}};
    const unsigned many = 4000;
    struct talk *talk = calloc(1, sizeof(*talk));
    void *memory = calloc(1, follow_memory(many));
    const struct follow_listener listener = {.context = talk, .over = on_over};

    (void)state;
    assert_non_null(talk);
    assert_non_null(memory);
    follow_init(&talk->follow, many, memory, &listener);
    for (unsigned part = 0; part < 2; part++)
        for (unsigned i = 0; i < many; i++)
            for (unsigned line = part ? 6 : 0; line < (part ? 8u : 6u); line++) {
                const struct endpoint at[ENDS] = {{ends[END_A].addr, (uint16_t)(10000 + i)}, ends[END_B]};
                const struct segment segment = {
                    .seq = lines[line].seq, .ack = lines[line].ack, .flags = lines[line].flags, .window = 64240};
                unsigned from = lines[line].from;
                talk->at += NANOS_PER_US;
                follow_pass(&talk->follow,
                            &(struct passage){++talk->packets, talk->at, &at[from], &at[!from], &segment, 0});
            }
    follow_end(&talk->follow);
    assert_int_equal(talk->over, many);
    assert_true(talk->follow.late_segments >= 2 * (many - OVER_MAX));
    free(memory);
    free(talk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(less_than_half_a_round),
        cmocka_unit_test(each_part_of_a_round),
        cmocka_unit_test(from_the_middle),
        cmocka_unit_test(many_end_at_once),
    };

    return cmocka_run_group_tests_name("follow_long", tests, NULL, NULL);
}
