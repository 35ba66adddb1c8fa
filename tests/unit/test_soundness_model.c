/*
 * The model peer of tests/soundness by itself: what it answers is what RFC 9293 asks for, and what stacks were seen to
 * answer where they differ.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/seq.h"

#include "../soundness/peer.c"
#include "../soundness/peer_input.c"
#include "../soundness/peer_output.c"
#include "../soundness/peer_stack.c"
#include "../soundness/scenario.c"
#include "../soundness/stacks.c"

#define OURS 1000u /* our initial number */

static void give_segment(struct peer *peer, const struct segment *segment)
{
    peer->out_count = 0;
    peer_input(peer, segment, peer->now + NANOS_PER_MS);
}

/* A SYN of ours offers SACK. */
static void give(struct peer *peer, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    struct segment segment = {.flags = flags, .seq = seq, .ack = ack, .len = len, .window = 60000};

    if (flags & TCP_SYN)
        segment.options.present = TCP_OPT_SACK_PERMITTED;
    give_segment(peer, &segment);
}

/* A peer in this state, with nothing unacknowledged but what the state is about. */
static struct peer peer_in(enum state state, uint64_t on)
{
    struct peer_variant variant = {.on = on,
                                   .min_rto = NANOS_PER_S,
                                   .syn_rto = NANOS_PER_S,
                                   .time_wait = 60 * NANOS_PER_S,
                                   .fin_wait_2 = 60 * NANOS_PER_S,
                                   .queue_free = NANOS_NEVER,
                                   .syn_retries = 5,
                                   .retries = 5,
                                   .mss = 1460,
                                   .buffer = 60000,
                                   .cwnd = 10};
    bool closes = state == FIN_WAIT_1 || state == FIN_WAIT_2 || state == TIME_WAIT || state == CLOSING;
    struct peer peer;

    peer_init(&peer, &variant, 1);
    if (on & PEER_ON(PEER_OPENS))
        peer_open(&peer, NANOS_PER_S);
    if (state == LISTEN || state == CLOSED || state == SYN_SENT)
        return peer;
    give(&peer, TCP_SYN, OURS, 0, 0);
    if (state == SYN_RECEIVED)
        return peer;
    give(&peer, TCP_ACK, OURS + 1, peer.iss + 1, 0);
    if (closes)
        peer_close(&peer, true, peer.now);
    if (state == FIN_WAIT_2 || state == TIME_WAIT)
        give(&peer, TCP_ACK, OURS + 1, peer.iss + 2, 0);
    if (state == CLOSE_WAIT || state == LAST_ACK || state == CLOSING || state == TIME_WAIT)
        give(&peer, TCP_FIN | TCP_ACK, OURS + 1, peer.snd_una, 0);
    if (state == LAST_ACK)
        peer_close(&peer, true, peer.now);
    assert_int_equal(peer.state, state);
    return peer;
}

#define LONG_AGO (1 << 30)
#define CLOSED_IN_FULL PEER_ON(PEER_FULL_CLOSE)
#define LITTLE (CLOSED_IN_FULL | PEER_ON(PEER_MINISOCK) | PEER_ON(PEER_NULL_QUIET))

/* What RFC 9293 3.10.7 and RFC 5961 ask of it, and where stacks are known to differ; seq counts from its
 * RCV.NXT, ack from its SND.NXT. */
static void the_model_keeps_the_rfc(void **state)
{
    static const struct {
        enum state from;
        uint64_t on;
        uint8_t flags;
        int seq, ack;
        uint32_t len;
        enum state to;
        int answer; /* flags; -1: none */
    } rows[] = {
        {LISTEN, 0, TCP_RST, 0, 0, 0, LISTEN, -1},
        {LISTEN, 0, TCP_ACK, 0, 7, 0, LISTEN, TCP_RST},
        {LISTEN, 0, TCP_SYN | TCP_ACK, 0, 7, 0, LISTEN, TCP_RST},
        {LISTEN, 0, 0, 0, 0, 0, LISTEN, -1},
        {LISTEN, 0, TCP_SYN | TCP_FIN, 0, 0, 0, LISTEN, -1},
        {LISTEN, PEER_ON(PEER_SYN_FIN), TCP_SYN | TCP_FIN, 0, 0, 0, CLOSE_WAIT, TCP_SYN | TCP_ACK},
        {LISTEN, PEER_ON(PEER_REFUSES), TCP_SYN, 0, 0, 0, CLOSED, TCP_RST | TCP_ACK},
        {SYN_SENT, PEER_ON(PEER_OPENS), TCP_SYN, 0, 0, 0, SYN_RECEIVED, TCP_SYN | TCP_ACK},
        {SYN_SENT, PEER_ON(PEER_OPENS), TCP_SYN | TCP_ACK, 0, 0, 0, ESTABLISHED, TCP_ACK},
        {SYN_SENT, PEER_ON(PEER_OPENS), TCP_SYN | TCP_ACK, 0, 1, 0, SYN_SENT, TCP_RST},
        {SYN_SENT, PEER_ON(PEER_OPENS), TCP_ACK, 0, 0, 0, SYN_SENT, -1},
        {SYN_SENT, PEER_ON(PEER_OPENS), TCP_RST, 0, 0, 0, SYN_SENT, -1},
        {SYN_SENT, PEER_ON(PEER_OPENS), TCP_RST | TCP_ACK, 0, 1, 0, SYN_SENT, -1},
        {SYN_SENT, PEER_ON(PEER_OPENS), TCP_RST | TCP_ACK, 99, 0, 0, CLOSED, -1},
        {SYN_RECEIVED, 0, TCP_RST, 0, 0, 0, LISTEN, -1},
        {SYN_RECEIVED, PEER_ON(PEER_OPENS), TCP_RST, 0, 0, 0, CLOSED, -1},
        {SYN_RECEIVED, 0, TCP_RST, 1, 0, 0, SYN_RECEIVED, TCP_ACK},
        {SYN_RECEIVED, 0, TCP_ACK, 0, 1, 0, SYN_RECEIVED, TCP_RST},
        {SYN_RECEIVED, 0, TCP_ACK, 0, -1, 0, SYN_RECEIVED, TCP_RST},
        {SYN_RECEIVED, 0, TCP_ACK, -1, 0, 1, SYN_RECEIVED, TCP_ACK},
        {SYN_RECEIVED, 0, TCP_SYN, 0, 0, 0, LISTEN, -1},
        {SYN_RECEIVED, PEER_ON(PEER_OPENS), TCP_SYN, 0, 0, 0, SYN_RECEIVED, TCP_ACK},
        {SYN_RECEIVED, 0, TCP_SYN, -1, 0, 0, SYN_RECEIVED, TCP_ACK},
        {SYN_RECEIVED, 0, TCP_FIN, 0, 0, 0, SYN_RECEIVED, -1},
        {SYN_RECEIVED, 0, TCP_FIN | TCP_ACK, 0, 0, 0, CLOSE_WAIT, TCP_ACK},
        {ESTABLISHED, 0, TCP_SYN, 0, 0, 0, ESTABLISHED, TCP_ACK},
        {ESTABLISHED, 0, TCP_SYN, 100000, 0, 0, ESTABLISHED, TCP_ACK},
        {ESTABLISHED, PEER_ON(PEER_SYN_RESETS), TCP_SYN, 0, 0, 0, LISTEN, TCP_RST | TCP_ACK},
        {ESTABLISHED, 0, TCP_RST, 0, 0, 0, LISTEN, -1},
        {ESTABLISHED, 0, TCP_RST, 1, 0, 0, ESTABLISHED, TCP_ACK},
        {ESTABLISHED, PEER_ON(PEER_RST_IN_WINDOW), TCP_RST, 1, 0, 0, LISTEN, -1},
        {ESTABLISHED, 0, TCP_RST, -1, 0, 0, ESTABLISHED, -1},
        {ESTABLISHED, 0, TCP_RST, 60000, 0, 0, ESTABLISHED, -1},
        {ESTABLISHED, 0, TCP_ACK, 0, 1, 0, ESTABLISHED, TCP_ACK},
        {ESTABLISHED, 0, TCP_ACK, 0, -100000, 1, ESTABLISHED, TCP_ACK},
        {ESTABLISHED, 0, TCP_FIN, 0, 0, 0, ESTABLISHED, -1},
        {ESTABLISHED, PEER_ON(PEER_BARE_TAKEN), TCP_FIN, 0, 0, 0, CLOSE_WAIT, TCP_ACK},
        {ESTABLISHED, 0, TCP_PSH, 0, 0, 5, ESTABLISHED, -1},
        {ESTABLISHED, 0, TCP_FIN | TCP_ACK, 1, 0, 0, ESTABLISHED, TCP_ACK},
        {ESTABLISHED, 0, TCP_FIN | TCP_ACK, 0, 1, 0, ESTABLISHED, TCP_ACK},
        {ESTABLISHED, 0, TCP_SYN | TCP_FIN | TCP_ACK, 0, 0, 0, ESTABLISHED, TCP_ACK},
        {FIN_WAIT_1, 0, TCP_ACK, 0, 1, 0, FIN_WAIT_1, TCP_ACK},
        {FIN_WAIT_1, 0, TCP_FIN | TCP_ACK, 0, 0, 0, TIME_WAIT, TCP_ACK},
        {FIN_WAIT_1, 0, TCP_FIN | TCP_ACK, 0, -1, 0, CLOSING, TCP_ACK},
        {FIN_WAIT_2, 0, TCP_FIN | TCP_ACK, 0, -1, 0, TIME_WAIT, TCP_ACK},
        {FIN_WAIT_2, 0, TCP_SYN | TCP_ACK, 0, 0, 0, FIN_WAIT_2, TCP_ACK},
        {CLOSE_WAIT, 0, TCP_ACK, 0, 0, 5, CLOSE_WAIT, -1},
        {CLOSE_WAIT, 0, TCP_RST, -1, 0, 0, CLOSE_WAIT, -1},
        {CLOSING, 0, TCP_ACK, 0, 0, 0, TIME_WAIT, -1},
        {LAST_ACK, 0, TCP_ACK, 0, 0, 0, LISTEN, -1},
        {LAST_ACK, 0, TCP_ACK, 0, 1, 0, LAST_ACK, TCP_ACK},
        {TIME_WAIT, 0, TCP_RST, 0, 0, 0, LISTEN, -1},
        {TIME_WAIT, 0, TCP_SYN, 5, 0, 0, TIME_WAIT, TCP_ACK},
        {TIME_WAIT, PEER_ON(PEER_REOPENS), TCP_SYN, 5, 0, 0, SYN_RECEIVED, TCP_SYN | TCP_ACK},
        {TIME_WAIT, PEER_ON(PEER_REOPENS), TCP_SYN, -5, 0, 0, TIME_WAIT, TCP_ACK},
        /* an acknowledgement from long ago: RFC 9293 3.10.7.4, fifth step; RFC 5961 5.2 */
        {SYN_RECEIVED, 0, TCP_ACK, 0, -LONG_AGO, 0, SYN_RECEIVED, TCP_RST},
        {SYN_RECEIVED, 0, TCP_ACK, -1, -LONG_AGO, 0, SYN_RECEIVED, TCP_ACK},
        {SYN_RECEIVED, PEER_ON(PEER_MINISOCK), TCP_ACK, -1, -LONG_AGO, 0, SYN_RECEIVED, TCP_RST},
        {ESTABLISHED, 0, TCP_ACK, 0, -LONG_AGO, 0, ESTABLISHED, -1},
        {ESTABLISHED, PEER_ON(PEER_ACK_RANGE), TCP_ACK, 0, -LONG_AGO, 0, ESTABLISHED, TCP_ACK},
        /* a segment without flags: the first step comes before the fifth */
        {LISTEN, PEER_ON(PEER_LISTEN_REFUSES), 0, -1, 0, 0, LISTEN, TCP_RST | TCP_ACK},
        {LISTEN, PEER_ON(PEER_REFUSES), 0, -1, 0, 0, CLOSED, TCP_RST | TCP_ACK},
        {SYN_RECEIVED, 0, 0, -1, 0, 0, SYN_RECEIVED, TCP_ACK},
        {SYN_RECEIVED, PEER_ON(PEER_NULL_QUIET), 0, -1, 0, 0, SYN_RECEIVED, TCP_ACK},
        {SYN_RECEIVED, PEER_ON(PEER_NULL_QUIET_ENDS), 0, -1, 0, 0, SYN_RECEIVED, -1},
        {ESTABLISHED, 0, 0, -1, 0, 0, ESTABLISHED, TCP_ACK},
        {ESTABLISHED, PEER_ON(PEER_NULL_QUIET), 0, -1, 0, 0, ESTABLISHED, -1},
        {TIME_WAIT, 0, 0, -1, 0, 0, TIME_WAIT, TCP_ACK},
        /* a byte from long ago */
        {SYN_RECEIVED, PEER_ON(PEER_OLD_OPENS), TCP_ACK, -1024, 0, 1, ESTABLISHED, TCP_ACK},
        {SYN_RECEIVED, PEER_ON(PEER_OLD_OPENS), TCP_ACK, -1024, -1, 1, SYN_RECEIVED, TCP_RST},
        {ESTABLISHED, 0, TCP_ACK, -1024, 0, 1, ESTABLISHED, TCP_ACK},
        {ESTABLISHED, PEER_ON(PEER_LENIENT_WINDOW), TCP_ACK, -1, 0, 1, ESTABLISHED, TCP_ACK},
        {FIN_WAIT_1, 0, TCP_ACK, -1024, 0, 1, FIN_WAIT_1, TCP_ACK},
        {FIN_WAIT_1, PEER_ON(PEER_FIN_ANSWERS), TCP_ACK, -1024, -1, 1, FIN_WAIT_1, TCP_FIN | TCP_ACK},
        {LAST_ACK, PEER_ON(PEER_FIN_ANSWERS), TCP_ACK, -1024, -1, 1, LAST_ACK, TCP_FIN | TCP_ACK},
        {TIME_WAIT, PEER_ON(PEER_WAIT_QUIET), TCP_ACK, -1, 0, 1, TIME_WAIT, TCP_ACK},
        {TIME_WAIT, PEER_ON(PEER_WAIT_QUIET), TCP_ACK, -1, 0, 0, TIME_WAIT, -1},
        /* what keeps little: bytes, resets and acknowledgements nobody asks after */
        {FIN_WAIT_2, LITTLE, TCP_ACK, 0, 0, 5, LISTEN, TCP_RST},
        {FIN_WAIT_2, LITTLE, TCP_ACK, 9, 0, 5, LISTEN, TCP_RST},
        {FIN_WAIT_2, LITTLE, TCP_ACK, 0, 1000, 0, FIN_WAIT_2, -1},
        {FIN_WAIT_2, LITTLE, TCP_RST, 1, 0, 0, LISTEN, -1},
        {FIN_WAIT_2, LITTLE, TCP_RST, -1, 0, 0, FIN_WAIT_2, TCP_ACK},
        {FIN_WAIT_2, LITTLE, TCP_SYN, 1, 0, 0, LISTEN, TCP_RST | TCP_ACK},
        {FIN_WAIT_2, LITTLE, TCP_FIN | TCP_ACK, 0, -LONG_AGO, 0, TIME_WAIT, TCP_ACK},
        {TIME_WAIT, LITTLE, TCP_ACK, 0, 0, 0, TIME_WAIT, -1},
        {TIME_WAIT, LITTLE, TCP_ACK, 0, 0, 1, TIME_WAIT, TCP_ACK},
        {TIME_WAIT, LITTLE, TCP_RST, 1, 0, 0, TIME_WAIT, -1},
        {SYN_RECEIVED, LITTLE, TCP_SYN, 5, 0, 0, LISTEN, TCP_RST | TCP_ACK},
        {SYN_RECEIVED, LITTLE, TCP_SYN, -1, 0, 0, SYN_RECEIVED, TCP_SYN | TCP_ACK},
        /* after CLOSE nobody reads: RFC 9293 3.6.1 */
        {FIN_WAIT_1, CLOSED_IN_FULL, TCP_ACK, 0, -1, 1, LISTEN, TCP_RST},
        {FIN_WAIT_1, CLOSED_IN_FULL, TCP_ACK, 1, -1, 1, FIN_WAIT_1, TCP_ACK},
        {FIN_WAIT_1, CLOSED_IN_FULL | PEER_ON(PEER_CLOSE_RESETS), TCP_ACK, 1, -1, 1, LISTEN, TCP_RST},
        {LAST_ACK, CLOSED_IN_FULL | PEER_ON(PEER_CLOSE_RESETS), TCP_ACK, 0, -1, 1, LISTEN, TCP_RST},
        {ESTABLISHED, PEER_ON(PEER_RST_BEYOND), TCP_RST, 100000, 0, 0, LISTEN, -1},
        {ESTABLISHED, PEER_ON(PEER_RST_BEYOND), TCP_RST, -1, 0, 0, ESTABLISHED, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct peer peer = peer_in(rows[i].from, rows[i].on);

        give(&peer, rows[i].flags, peer.rcv_nxt + (uint32_t)rows[i].seq, peer.snd_nxt + (uint32_t)rows[i].ack,
             rows[i].len);
        if (peer.state != rows[i].to)
            fail_msg("row %zu: it goes to %s", i, state_name(peer.state));
        if (peer.out_count != (rows[i].answer >= 0) ||
            (peer.out_count && (peer.out[0].segment.flags & ~TCP_PSH) != rows[i].answer))
            fail_msg("row %zu: it answers with flags 0x%x", i, peer.out_count ? peer.out[0].segment.flags : 0u);
    }
}

/* ---- SACK and timestamps ------------------------------------------------------------------------------------- */

#define BOTH (PEER_ON(PEER_SACK) | PEER_ON(PEER_DSACK))
#define EARLY (BOTH | PEER_ON(PEER_SACK_EARLY))

/* RFC 2018 and RFC 2883: the first block of what it answers; numbers count from its RCV.NXT. */
static void the_model_tells_what_it_holds(void **state)
{
    static const struct {
        enum state from;
        uint64_t on;
        int seq;
        uint32_t len;
        int left, right; /* equal: no block */
    } rows[] = {
        {ESTABLISHED, PEER_ON(PEER_SACK), 10, 5, 10, 15},
        {ESTABLISHED, PEER_ON(PEER_DSACK), 10, 5, 0, 0},
        {ESTABLISHED, PEER_ON(PEER_SACK), -1, 1, 0, 0},
        {ESTABLISHED, BOTH, -1, 1, -1, 0},
        {ESTABLISHED, BOTH, -1, 0, 0, 0},
        {ESTABLISHED, BOTH, -1024, 1, -1024, -1023},
        {ESTABLISHED, BOTH, -3, 5, -3, 0},
        {ESTABLISHED, BOTH | PEER_ON(PEER_LENIENT_WINDOW), -1, 1, -1, 0},
        {CLOSE_WAIT, BOTH, -1024, 1, -1024, -1023},
        {LAST_ACK, BOTH, -1024, 1, -1024, -1023},
        {SYN_RECEIVED, EARLY, -1, 1, 0, 0},
        {SYN_RECEIVED, EARLY | PEER_ON(PEER_HOLDS_GAPS), 10, 5, 0, 0},
        {SYN_RECEIVED, EARLY, 10, 5, 10, 15}, /* its ACK establishes */
        {SYN_RECEIVED, BOTH | PEER_ON(PEER_OPENS), -1, 1, 0, 0},
        {SYN_RECEIVED, EARLY | PEER_ON(PEER_OPENS), -1, 1, -1, 0},
        {FIN_WAIT_1, BOTH | LITTLE, -1024, 1, -1024, -1023},
        {FIN_WAIT_2, BOTH | LITTLE, -1024, 1, 0, 0},
        {FIN_WAIT_2, BOTH | PEER_ON(PEER_MINISOCK), -1024, 1, -1024, -1023},
        {TIME_WAIT, BOTH, -1024, 1, -1024, -1023},
        {TIME_WAIT, BOTH | LITTLE, -1024, 1, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct peer peer = peer_in(rows[i].from, rows[i].on);
        uint32_t base = peer.rcv_nxt;
        unsigned expected = rows[i].left != rows[i].right;
        const struct tcp_options *options = &peer.out[0].segment.options;

        give(&peer, TCP_ACK, base + (uint32_t)rows[i].seq, peer.snd_nxt, rows[i].len);
        if (rows[i].seq < 0 && (int)rows[i].len > -rows[i].seq)
            assert_int_equal(peer.rcv_nxt, base + (uint32_t)rows[i].seq + rows[i].len);
        if (peer.out_count != 1 || options->sack_count != expected || !(options->present & TCP_OPT_SACK) != !expected)
            fail_msg("row %zu: %u answers, %u blocks", i, peer.out_count, options->sack_count);
        if (expected && (options->sack[0].left - base != (uint32_t)rows[i].left ||
                         options->sack[0].right - base != (uint32_t)rows[i].right))
            fail_msg("row %zu: the block is %d to %d", i, (int)(options->sack[0].left - base),
                     (int)(options->sack[0].right - base));
    }
}

/* RFC 2018 4: the latest first, in one piece with what it touches; each told once. */
static void the_model_puts_pieces_together(void **state)
{
    struct peer peer = peer_in(ESTABLISHED, BOTH);
    uint32_t base = peer.rcv_nxt;
    const struct tcp_options *options = &peer.out[0].segment.options;

    (void)state;
    give(&peer, TCP_ACK, base + 10, peer.snd_nxt, 5);
    give(&peer, TCP_ACK, base + 30, peer.snd_nxt, 5);
    assert_int_equal(options->sack_count, 2);
    assert_int_equal(options->sack[0].left, base + 30);
    assert_int_equal(options->sack[1].left, base + 10);
    give(&peer, TCP_ACK, base + 15, peer.snd_nxt, 15);
    assert_int_equal(options->sack_count, 1);
    assert_int_equal(options->sack[0].left, base + 10);
    assert_int_equal(options->sack[0].right, base + 35);
    /* What came twice beyond the gap, and the piece it is of. */
    give(&peer, TCP_ACK, base + 30, peer.snd_nxt, 5);
    assert_int_equal(options->sack_count, 2);
    assert_int_equal(options->sack[0].left, base + 30);
    assert_int_equal(options->sack[1].left, base + 10);
    give(&peer, TCP_ACK, base, peer.snd_nxt, 10);
    assert_int_equal(peer.out[0].segment.ack, base + 35);
    assert_int_equal(options->sack_count, 0);
}

/* Ours, with a time and an echo. */
static struct segment timed(uint8_t flags, uint32_t seq, uint32_t ack, uint32_t tsval, uint32_t tsecr)
{
    return (struct segment){.flags = flags,
                            .seq = seq,
                            .ack = ack,
                            .window = 60000,
                            .options = {.present = TCP_OPT_TIMESTAMPS, .tsval = tsval, .tsecr = tsecr}};
}

/* A peer whose SYN-ACK has answered our time 100. */
static struct peer timed_peer(uint64_t on)
{
    struct peer peer = peer_in(LISTEN, on | PEER_ON(PEER_TIMESTAMPS));
    const struct segment syn = timed(TCP_SYN, OURS, 0, 100, 0);

    give_segment(&peer, &syn);
    assert_int_equal(peer.out[0].segment.options.tsecr, 100);
    return peer;
}

/* RFC 7323 4.3 and 5.3: which of our times it echoes after our third ACK at 110 and two probes. */
static void the_model_echoes(void **state)
{
    static const struct {
        uint64_t on;
        uint32_t old_ack, old_byte; /* what answers these at 120 and 130 */
    } rows[] = {
        {PEER_ON(PEER_ACK_RANGE), 120, 120},
        {PEER_ON(PEER_ACK_RANGE) | PEER_ON(PEER_ECHOES_LATE), 110, 110},
        {PEER_ON(PEER_QUEUE_FULL), 0, 100},
        {PEER_ON(PEER_QUEUE_FULL) | PEER_ON(PEER_STUCK_ECHOES), 0, 110},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct peer peer = timed_peer(rows[i].on);
        uint32_t echo = peer.out[0].segment.options.tsval;
        const struct segment ack = timed(TCP_ACK, OURS + 1, peer.iss + 1, 110, echo);
        const struct segment old_ack = timed(TCP_ACK, OURS + 1, peer.iss - LONG_AGO, 120, echo);
        struct segment old_byte = timed(TCP_ACK, OURS - 1000, peer.iss + 1, 130, echo);

        old_byte.len = 1;
        give_segment(&peer, &ack);
        if (rows[i].old_ack) {
            give_segment(&peer, &old_ack);
            assert_int_equal(peer.out[0].segment.options.tsecr, rows[i].old_ack);
        }
        give_segment(&peer, &old_byte);
        assert_int_equal(peer.out[0].segment.options.tsecr, rows[i].old_byte);
    }
}

/* Linux since 6.15: the third ACK echoes a SYN-ACK, or it does not count. */
static void the_model_looks_at_the_echo(void **state)
{
    struct peer peer = timed_peer(PEER_ON(PEER_MINISOCK) | PEER_ON(PEER_ECHO_CHECKED));
    uint32_t echo = peer.out[0].segment.options.tsval;
    struct segment ack = timed(TCP_ACK, OURS + 1, peer.iss + 1, 110, echo + 1);

    (void)state;
    give_segment(&peer, &ack);
    assert_int_equal(peer.state, SYN_RECEIVED);
    assert_int_equal(peer.out_count, 1);
    assert_int_equal(peer.out[0].segment.flags, TCP_ACK);
    ack.options.tsecr = echo;
    give_segment(&peer, &ack);
    assert_int_equal(peer.state, ESTABLISHED);
}

/* What begins TIME-WAIT anew: a FIN that comes again, and with Linux whatever has an ACK. */
static void the_model_waits(void **state)
{
    static const struct {
        uint64_t on;
        uint8_t flags;
        int seq;
        bool anew;
    } rows[] = {
        {0, TCP_FIN | TCP_ACK, -1, true}, {0, TCP_ACK, -1, false}, {0, TCP_ACK, 0, false}, {LITTLE, TCP_ACK, -1, true},
        {LITTLE, TCP_ACK, 0, true},       {LITTLE, 0, -1, false},  {LITTLE, 0, 0, true},   {LITTLE, TCP_SYN, 5, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct peer peer = peer_in(TIME_WAIT, rows[i].on);
        nanos before = peer.wait_at;

        give(&peer, rows[i].flags, peer.rcv_nxt + (uint32_t)rows[i].seq, peer.snd_nxt, 0);
        if ((peer.wait_at > before) != rows[i].anew)
            fail_msg("row %zu: it waits %s", i, peer.wait_at > before ? "anew" : "as before");
    }
}

/* ---- stacks -------------------------------------------------------------------------------------------------- */

/* A letter for what it did; a change of state goes before the answer. */
static char answer_of(const struct peer *peer, enum state from)
{
    uint8_t flags = peer->out_count ? peer->out[0].segment.flags : 0;

    if (peer->out_count == 0)
        return peer->state == from ? '-' : peer_has_connection(peer) ? 'e' : 'x';
    if (flags & TCP_RST)
        return flags & TCP_ACK ? 'r' : 'R';
    if (flags & TCP_FIN)
        return 'F';
    if (peer->state != from)
        return 'E';
    return peer->out[0].segment.options.sack_count ? 'D' : 'A';
}

/* What the probes were seen to draw from each stack whose application has closed in full. */
static void stacks_answer_as_measured(void **state)
{
    static const enum state states[] = {LISTEN,     SYN_RECEIVED, ESTABLISHED, CLOSE_WAIT, LAST_ACK,
                                        FIN_WAIT_1, FIN_WAIT_2,   CLOSING,     TIME_WAIT};
    static const struct {
        enum stack stack;
        const char *old_byte, *old_ack, *null; /* '?': differs, and does not matter */
    } rows[] = {
        {STACK_LINUX, "RADDDDADA", "RRAAAA-A-", "-A----A-A"},
        {STACK_LINUX_2024, "RADDDDADA", "RRAAAA-A-", "-A----A-A"},
        {STACK_SLIRP, "REAAFFAFA", "RR-------", "r--------"},
        {STACK_LWIP, "rEAAAAAAA", "rr-------", "--AAAAAA-"},
        {STACK_GVISOR, "RAAAAAAAA", "RR-------", "-A-------"},
        {STACK_PASST, "-eA-xAA--", "-e--x----", "-????????"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (unsigned k = 0; k < 3 * sizeof(states) / sizeof(states[0]); k++) {
            const char *expected[] = {rows[i].old_byte, rows[i].old_ack, rows[i].null};
            struct peer_variant variant = {0};
            struct chance chance = {1};
            struct peer peer;
            uint32_t una;

            /* passt has no TIME-WAIT, and CLOSING ends at once. */
            if (rows[i].stack == STACK_PASST && k % 9 >= 7)
                continue;
            stack_set(&chance, &variant, rows[i].stack);
            peer = peer_in(states[k % 9], variant.on);
            una = peer.snd_nxt - (peer.fin_sent && peer.snd_una != peer.snd_nxt ? 1 : 0);
            peer.quiet_until = 0;
            if (k / 9 == 0)
                give(&peer, TCP_ACK, peer.rcv_nxt - 1024, una, 1);
            else if (k / 9 == 1)
                give(&peer, TCP_ACK, peer.rcv_nxt, una - LONG_AGO, 0);
            else
                give(&peer, 0, peer.rcv_nxt - 1, 0, 0);
            if (expected[k / 9][k % 9] != '?' && answer_of(&peer, states[k % 9]) != expected[k / 9][k % 9])
                fail_msg("stack %zu, probe %u, %s: %c", i, k / 9, state_name(states[k % 9]),
                         answer_of(&peer, states[k % 9]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model_keeps_the_rfc),        cmocka_unit_test(the_model_tells_what_it_holds),
        cmocka_unit_test(the_model_puts_pieces_together), cmocka_unit_test(the_model_echoes),
        cmocka_unit_test(the_model_looks_at_the_echo),    cmocka_unit_test(the_model_waits),
        cmocka_unit_test(stacks_answer_as_measured),
    };

    return cmocka_run_group_tests_name("soundness model", tests, NULL, NULL);
}
