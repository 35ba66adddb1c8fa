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

/* ---- the model itself -------------------------------------------------------------------------------------- */

#define OURS 1000u /* our initial number */

static void give(struct peer *peer, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    const struct segment segment = {.flags = flags, .seq = seq, .ack = ack, .len = len, .window = 60000};

    peer->out_count = 0;
    peer_input(peer, &segment, peer->now + NANOS_PER_MS);
}

/* A peer in this state, with nothing unacknowledged but what the state is about. */
static struct peer peer_in(enum state state, uint64_t on)
{
    struct peer_variant variant = {.on = on,
                                   .min_rto = NANOS_PER_S,
                                   .syn_rto = NANOS_PER_S,
                                   .time_wait = 60 * NANOS_PER_S,
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
        peer_close(&peer, false, peer.now);
    if (state == FIN_WAIT_2 || state == TIME_WAIT)
        give(&peer, TCP_ACK, OURS + 1, peer.iss + 2, 0);
    if (state == CLOSE_WAIT || state == LAST_ACK || state == CLOSING || state == TIME_WAIT)
        give(&peer, TCP_FIN | TCP_ACK, OURS + 1, peer.snd_una, 0);
    if (state == LAST_ACK)
        peer_close(&peer, false, peer.now);
    assert_int_equal(peer.state, state);
    return peer;
}

/* What RFC 9293 3.10.7 and RFC 5961 ask of it; seq counts from its RCV.NXT, ack from its SND.NXT. */
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

/* ---- walks ---------------------------------------------------------------------------------------------------- */

static void walk_many(enum channel_kind kind, unsigned long long walks)
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
    report(&tally);
    free(tally.rows);
    free(meeting);
    assert_true(bad == 0);
}

static void clean_channel(void **state)
{
    (void)state;
    walk_many(CHANNEL_CLEAN, 5000);
}

static void loses_10_percent(void **state)
{
    (void)state;
    walk_many(CHANNEL_LOSS_10, 5000);
}

static void loses_repeats_and_reorders_30_percent(void **state)
{
    (void)state;
    walk_many(CHANNEL_MESS_30, 5000);
}

static void any_channel(void **state)
{
    (void)state;
    walk_many(CHANNEL_ANY, 5000);
}

static void ordinary_clean(void **state)
{
    (void)state;
    walk_many(ORDINARY_CLEAN, 5000);
}

static void ordinary_loses_10_percent(void **state)
{
    (void)state;
    walk_many(ORDINARY_LOSS_10, 5000);
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
        cmocka_unit_test(the_model_keeps_the_rfc),
        cmocka_unit_test(clean_channel),
        cmocka_unit_test(loses_10_percent),
        cmocka_unit_test(loses_repeats_and_reorders_30_percent),
        cmocka_unit_test(any_channel),
        cmocka_unit_test(ordinary_clean),
        cmocka_unit_test(ordinary_loses_10_percent),
        cmocka_unit_test(opened_by_hand),
        cmocka_unit_test(answered_by_hand),
        cmocka_unit_test(answered_as_it_should_be),
    };

    return cmocka_run_group_tests_name("soundness", tests, NULL, NULL);
}
