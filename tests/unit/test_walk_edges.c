/* src/walk/walk.h where it once went wrong: unseen bursts, windows, lingering, times and who closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "walk_bench.h"

/* So many segments leave without being seen: SENT_MAX / 2. */
#define BURST 32

/* Of our segments after the open none is ever seen, until no more may leave. */
static void fill_a_burst(struct bench *bench, unsigned len)
{
    bench_init(bench, "walk");
    bench_send(bench, len);
    bench_start(bench);
    run_until(bench, 10 * NANOS_PER_MS);
    bench->deaf = true;
    peer(bench, TCP_SYN | TCP_ACK, 0, 1, 0);
    for (unsigned i = 1; i <= 15; i++)
        peer(bench, TCP_ACK, 1, 1 + i * 1460, 0);
    assert_int_equal(bench->walk.burst, BURST);
    assert_true(tcb_unacknowledged(&bench->walk.tcb));
}

/* The capture has lost them: it goes on after a while. */
static void unseen_burst_holds_back_for_a_while(void **state)
{
    struct bench bench;
    uint32_t before;

    (void)state;
    fill_a_burst(&bench, 60000);
    before = bench.walk.tcb.snd_max;
    assert_true(walk_wake(&bench.walk) > bench.now);
    run_until(&bench, 209 * NANOS_PER_MS);
    assert_int_equal(bench.walk.tcb.snd_max, before);
    run_until(&bench, 211 * NANOS_PER_MS);
    assert_int_not_equal(bench.walk.tcb.snd_max, before);
    run_until(&bench, 100 * NANOS_PER_S);
    assert_true(walk_ended(&bench.walk));
    assert_int_equal(bench.end.status, 3);
}

/* The last of all that is due was also the last of the burst: then nothing is left to do until the timer. */
static void unseen_burst_does_not_spin(void **state)
{
    struct bench bench;

    (void)state;
    fill_a_burst(&bench, 30 * 1460); /* and the ACK of the open, and the FIN */
    assert_true(bench.walk.tcb.fin_sent);
    run_until(&bench, 900 * NANOS_PER_MS); /* which fails when it spins */
    assert_true(walk_wake(&bench.walk) > bench.now);
    assert_true(tcb_unacknowledged(&bench.walk.tcb));
}

static void unseen_burst_does_not_hold_back_the_resets(void **state)
{
    struct bench bench;
    size_t before;

    (void)state;
    fill_a_burst(&bench, 60000);
    before = bench.sent_text.used;
    walk_stop(&bench.walk, 5, "interrupted", bench.now);
    run_until(&bench, 20 * NANOS_PER_MS);
    assert_true(strncmp(bench.sent + before, "10 R. seq 21901 ack 1; ", 23) == 0);
    assert_int_equal(bench.walk.tcb.state, CLOSED);
    run_until(&bench, NANOS_PER_S);
    assert_true(walk_ended(&bench.walk));
    assert_int_equal(bench.end.status, 5);
}

/* Both come before we act: the ACK that the repeated FIN asks for is not due any more. */
static void repeated_fin_and_our_last_ack_at_once(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.delay = 100 * NANOS_PER_MS;
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, 20 * NANOS_PER_MS);
    peer(&bench, TCP_FIN | TCP_ACK, 1, 1, 0);
    run_until(&bench, 120 * NANOS_PER_MS);
    assert_int_equal(bench.walk.tcb.state, LAST_ACK);
    sighted(&bench, TCP_FIN | TCP_ACK, 1, 1, 0);
    sighted(&bench, TCP_ACK, 2, 2, 0);
    run_until(&bench, 121 * NANOS_PER_MS);
    assert_end(&bench, 0, OUTCOME_CLOSED, "ShAfAFfa");
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 20 . seq 1 ack 2; 110 F. seq 1 ack 2; ");
}

/* RFC 5961 3.2: none of our RSTs was exact; we stay a moment for the peer to ask. */
static void challenge_after_the_end_is_answered(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench_send(&bench, 2000);
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    walk_stop(&bench.walk, 5, "interrupted", bench.now);
    run_until(&bench, 20 * NANOS_PER_MS);
    assert_false(walk_ended(&bench.walk));
    peer(&bench, TCP_ACK, 1, 501, 0); /* it took a part */
    run_until(&bench, NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 . seq 1:1461 ack 1; 10 P. seq 1461:2001 ack 1; "
                                    "10 F. seq 2001 ack 1; 10 R. seq 1 ack 1; 10 R. seq 1461 ack 1; "
                                    "10 R. seq 2001 ack 1; 10 R. seq 2002 ack 1; 20 R seq 501; ");
    assert_int_equal(bench.end.status, 5);
}

static void syn_ack_with_fin(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench_start(&bench);
    run_until(&bench, 10 * NANOS_PER_MS);
    peer(&bench, TCP_SYN | TCP_ACK | TCP_FIN, 0, 1, 0);
    run_until(&bench, 20 * NANOS_PER_MS);
    peer(&bench, TCP_ACK, 2, 2, 0);
    run_until(&bench, NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 2; 10 F. seq 1 ack 2; ");
    assert_end(&bench, 0, OUTCOME_CLOSED, "ShAFa");
    assert_int_equal(bench.end.closer, CLOSER_PEER);
    assert_int_equal(bench.end.counts.bytes_in, 0);
}

/* RFC 9293 3.8.6.1: as long as the probes are answered the connection is alive. */
static void answered_probes_are_no_retries(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.retries = 1;
    bench.settings.timeout = 100 * NANOS_PER_S;
    bench.its_window = 0;
    bench_send(&bench, 5);
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    for (unsigned at = 1; at <= 15; at = 2 * at + 1) { /* 1, 3, 7 and 15 s */
        run_until(&bench, at * NANOS_PER_S + 20 * NANOS_PER_MS);
        peer(&bench, TCP_ACK, 1, 1, 0);
    }
    assert_false(bench.walk.ending);
    bench.its_window = 1000;
    peer(&bench, TCP_ACK, 1, 1, 0);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 1010 . seq 1:2 ack 1; 3010 . seq 1:2 ack 1; "
                                    "7010 . seq 1:2 ack 1; 15010 . seq 1:2 ack 1; "
                                    "15020 P. seq 1:6 ack 1; 15020 F. seq 6 ack 1; ");
}

/* As long as after the first one: 300 ms and four round trips of 10 ms. */
static void repeated_fin_restarts_the_whole_linger(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.linger = NANOS_NONE;
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, 20 * NANOS_PER_MS);
    peer(&bench, TCP_FIN | TCP_ACK, 1, 2, 0);
    run_until(&bench, 350 * NANOS_PER_MS);
    peer(&bench, TCP_FIN | TCP_ACK, 1, 2, 0);
    run_until(&bench, 689 * NANOS_PER_MS);
    assert_false(walk_ended(&bench.walk));
    run_until(&bench, 690 * NANOS_PER_MS);
    assert_end(&bench, 0, OUTCOME_CLOSED, "ShAFfAfA");
}

/* It is not about us: not even the time of our first segment may be taken from it. */
static void forged_icmp_changes_no_times(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.deaf = true; /* the SYN is not seen yet */
    bench_start(&bench);
    run_until(&bench, 10 * NANOS_PER_MS);
    icmp(&bench, 4, 3, 1, 5);
    assert_true(bench.walk.stamps.first == NANOS_NONE && bench.walk.stamps.last == NANOS_NONE);
    assert_false(told(&bench, "icmp"));
    icmp(&bench, 4, 3, 1, 0);
    run_until(&bench, NANOS_PER_S);
    assert_end(&bench, 3, OUTCOME_UNREACHABLE, "");
}

/* RFC 5461 4.1: its SYN came, so it is there. */
static void hard_icmp_in_syn_received_is_advice(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench_start(&bench);
    run_until(&bench, 10 * NANOS_PER_MS);
    peer(&bench, TCP_SYN, 0, 0, 0);
    assert_int_equal(bench.walk.tcb.state, SYN_RECEIVED);
    icmp(&bench, 4, 3, 1, 0);
    icmp(&bench, 6, 1, 4, 0);
    assert_false(bench.walk.ending);
    assert_int_equal(times_told(&bench, "icmp soft"), 2);
    assert_false(told(&bench, "icmp hard"));
}

/* Our FIN is out; then its FIN comes, beyond a gap of ten bytes, with fin_ack, and the bytes with data_ack. */
static void close_with_overtaken_data(struct bench *bench, uint32_t fin_ack, uint32_t data_ack)
{
    bench_init(bench, "walk");
    bench_start(bench);
    bench_open(bench, 10 * NANOS_PER_MS);
    run_until(bench, 20 * NANOS_PER_MS);
    peer(bench, TCP_FIN | TCP_ACK, 11, fin_ack, 0);
    run_until(bench, 30 * NANOS_PER_MS);
    peer(bench, TCP_ACK | TCP_PSH, 1, data_ack, 10);
    run_until(bench, 10 * NANOS_PER_S);
    assert_true(walk_ended(&bench->walk));
}

/* What the FIN acknowledges says who closed first, not what fills the gap before it. */
static void fin_beyond_a_gap_says_who_closed(void **state)
{
    struct bench bench;

    (void)state;
    close_with_overtaken_data(&bench, 1, 2);
    assert_end(&bench, 0, OUTCOME_CLOSED, "ShAFfAdA");
    assert_int_equal(bench.end.closer, CLOSER_BOTH);
    assert_true(bench.end.timing.close_wait == NANOS_NONE);
    assert_true(bench.end.timing.close_wait_max == NANOS_NONE);
    assert_true(told(&bench, "note simultaneous-close"));

    close_with_overtaken_data(&bench, 2, 1);
    assert_end(&bench, 0, OUTCOME_CLOSED, "ShAFfAdA");
    assert_int_equal(bench.end.closer, CLOSER_LOCAL);
    assert_false(told(&bench, "note simultaneous-close"));
}

/* New bytes under old numbers were only overtaken; the same bytes again are a retransmission. */
static void overtaken_data_is_no_retransmission(void **state)
{
    struct bench bench;

    (void)state;
    close_with_overtaken_data(&bench, 2, 2);
    assert_int_equal(bench.end.counts.peer_retransmitted, 0);
    assert_int_equal(bench.end.counts.bytes_in, 10);

    bench_init(&bench, "half-close");
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    peer(&bench, TCP_ACK, 11, 2, 10);
    peer(&bench, TCP_ACK, 11, 2, 10);
    assert_int_equal(bench.walk.counts.peer_retransmitted, 1);
    peer(&bench, TCP_ACK, 1, 2, 10);
    peer(&bench, TCP_ACK, 1, 2, 10);
    assert_int_equal(bench.walk.counts.peer_retransmitted, 2);
}

/* Two SYNs, and a SYN-ACK that echoes this timestamp. */
static nanos open_rtt_of_echo(uint32_t tsecr)
{
    struct bench bench;

    bench_init(&bench, "walk");
    bench.settings.tcb.options |= TCP_OPT_TIMESTAMPS;
    bench.settings.tcb.tsval = 100;
    bench.its_tsval = 900;
    bench.its_tsecr = tsecr;
    bench_start(&bench);
    bench_open(&bench, 1010 * NANOS_PER_MS);
    run_until(&bench, 1020 * NANOS_PER_MS);
    assert_int_equal(bench.walk.counts.retransmitted, 1);
    walk_stop(&bench.walk, 5, "enough", bench.now);
    run_until(&bench, 10 * NANOS_PER_S);
    assert_true(walk_ended(&bench.walk));
    return bench.end.timing.open_rtt;
}

/* A repeated SYN-ACK echoes the first SYN as well: which one it answers nobody knows. */
static void echo_of_the_first_of_two_syns_measures_nothing(void **state)
{
    (void)state;
    assert_true(open_rtt_of_echo(100) == NANOS_NONE);
    assert_true(open_rtt_of_echo(1100) == 10 * NANOS_PER_MS);
}

static void no_delay_after_the_end(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.delay = 5 * NANOS_PER_S;
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, 20 * NANOS_PER_MS);
    peer(&bench, TCP_FIN | TCP_ACK, 1, 1, 0);
    run_until(&bench, 5020 * NANOS_PER_MS);
    peer(&bench, TCP_ACK, 2, 2, 0);
    run_until(&bench, 5021 * NANOS_PER_MS);
    assert_end(&bench, 0, OUTCOME_CLOSED, "ShAfAFa");
}

static void long_history_ends_in_plus(void **state)
{
    struct bench bench;
    size_t length;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.delay = 1000 * NANOS_PER_S;
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    for (unsigned i = 0; i < HISTORY_MAX; i++)
        peer(&bench, TCP_ACK, 1 + i, 1, 1);
    walk_stop(&bench.walk, 5, "enough", bench.now);
    run_until(&bench, 10 * NANOS_PER_S);
    assert_true(walk_ended(&bench.walk));
    length = strlen(bench.end.history);
    assert_int_equal(length, HISTORY_MAX - 1);
    assert_true(strncmp(bench.end.history, "ShAdAdA", 7) == 0);
    assert_ptr_equal(strchr(bench.end.history, '+'), bench.end.history + length - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unseen_burst_holds_back_for_a_while),
        cmocka_unit_test(unseen_burst_does_not_spin),
        cmocka_unit_test(unseen_burst_does_not_hold_back_the_resets),
        cmocka_unit_test(repeated_fin_and_our_last_ack_at_once),
        cmocka_unit_test(challenge_after_the_end_is_answered),
        cmocka_unit_test(syn_ack_with_fin),
        cmocka_unit_test(answered_probes_are_no_retries),
        cmocka_unit_test(repeated_fin_restarts_the_whole_linger),
        cmocka_unit_test(forged_icmp_changes_no_times),
        cmocka_unit_test(hard_icmp_in_syn_received_is_advice),
        cmocka_unit_test(fin_beyond_a_gap_says_who_closed),
        cmocka_unit_test(overtaken_data_is_no_retransmission),
        cmocka_unit_test(echo_of_the_first_of_two_syns_measures_nothing),
        cmocka_unit_test(no_delay_after_the_end),
        cmocka_unit_test(long_history_ends_in_plus),
    };

    return cmocka_run_group_tests_name("walk at its edges", tests, NULL, NULL);
}
