/* src/walk/walk.h with hand-fed time: what is sent when, what is told, and how it closes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "walk_bench.h"

/* RFC 6298 5.5: a second, then twice as long each time; after the last retry it waits once more. */
static void syn_backs_off_and_is_given_up(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.retries = 3;
    bench.settings.timeout = 60 * NANOS_PER_S;
    bench_start(&bench);
    run_until(&bench, 100 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 1000 S seq 0; 3000 S seq 0; 7000 S seq 0; 15000 R seq 1; ");
    assert_end(&bench, 3, OUTCOME_NO_ANSWER, "SR");
    assert_int_equal(bench.end.counts.out, 5);
    assert_int_equal(bench.end.counts.retransmitted, 3);
    assert_int_equal(bench.end.peer_certainty, PRESUMED);
}

static void initial_rto_can_be_set(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.rto = 100 * NANOS_PER_MS;
    bench.settings.retries = 2;
    bench_start(&bench);
    run_until(&bench, 100 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 100 S seq 0; 300 S seq 0; 700 R seq 1; ");
    assert_end(&bench, 3, OUTCOME_NO_ANSWER, "SR");
}

static void no_retries(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.retries = 0;
    bench_start(&bench);
    run_until(&bench, 100 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 1000 R seq 1; ");
    assert_end(&bench, 3, OUTCOME_NO_ANSWER, "SR");
}

/* The step's own limit comes before the retries are used up. */
static void step_times_out(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.timeout = 5 * NANOS_PER_S;
    bench_start(&bench);
    run_until(&bench, 100 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 1000 S seq 0; 3000 S seq 0; 5000 R seq 1; ");
    assert_end(&bench, 3, OUTCOME_NO_ANSWER, "SR");
}

/* Between these two nothing happens: a caller that sleeps until walk_wake() misses nothing. */
static void wake_tells_the_next_deadline(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench_start(&bench);
    run_until(&bench, 0);
    assert_true(walk_wake(&bench.walk) == bench.began + NANOS_PER_S);
    run_until(&bench, NANOS_PER_S);
    assert_true(walk_wake(&bench.walk) == bench.began + 3 * NANOS_PER_S);
}

static void fin_is_repeated_and_given_up(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.retries = 1;
    bench_start(&bench);
    bench_open(&bench, 20 * NANOS_PER_MS);
    run_until(&bench, 100 * NANOS_PER_S);
    /* The first round trip of 20 ms leaves the RTO at its floor of a second. */
    assert_string_equal(bench.sent, "0 S seq 0; 20 . seq 1 ack 1; 20 F. seq 1 ack 1; 1020 F. seq 1 ack 1; "
                                    "3020 R. seq 1 ack 1; 3020 R. seq 2 ack 1; ");
    assert_end(&bench, 3, OUTCOME_NO_ANSWER, "ShAFR");
}

static void wrong_ack_is_reset_and_not_believed(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.retries = 1;
    bench_start(&bench);
    run_until(&bench, 10 * NANOS_PER_MS);
    peer(&bench, TCP_SYN | TCP_ACK, 0, 700, 0);
    run_until(&bench, 100 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 R seq 700; 1000 S seq 0; 3000 R seq 1; ");
    assert_end(&bench, 3, OUTCOME_NO_ANSWER, "ShRSR");
    assert_true(told(&bench, "note wrong-ack"));
    assert_true(strstr(bench.why, "never sent") != NULL);
}

static void four_segments(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, 20 * NANOS_PER_MS);
    peer(&bench, TCP_ACK, 1, 2, 0);
    run_until(&bench, 50 * NANOS_PER_MS);
    peer(&bench, TCP_FIN | TCP_ACK, 1, 2, 0);
    run_until(&bench, 10 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 F. seq 1 ack 1; 50 . seq 2 ack 2; ");
    assert_end(&bench, 0, OUTCOME_CLOSED, "ShAFafA");
    assert_null(bench.end.why);
    assert_int_equal(bench.end.closer, CLOSER_LOCAL);
    assert_int_equal(bench.end.close_segments, 4);
    assert_int_equal(bench.end.peer_end, PEER_END_FIN);
    assert_int_equal(bench.end.local, TIME_WAIT);
    assert_int_equal(bench.end.peer, IN(CLOSED));
    assert_int_equal(bench.end.peer_otherwise, IN(LAST_ACK));
    assert_true(bench.end.timing.open_rtt == 10 * NANOS_PER_MS);
    assert_true(bench.end.timing.open == 10 * NANOS_PER_MS);
    assert_true(bench.end.timing.fin_rtt == 10 * NANOS_PER_MS);
    assert_true(bench.end.timing.close_wait == 30 * NANOS_PER_MS);
    assert_true(bench.end.timing.close == 40 * NANOS_PER_MS);
    assert_true(bench.end.timing.total == 50 * NANOS_PER_MS);
}

static void three_segments(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, 20 * NANOS_PER_MS);
    peer(&bench, TCP_FIN | TCP_ACK, 1, 2, 0);
    run_until(&bench, 10 * NANOS_PER_S);
    assert_end(&bench, 0, OUTCOME_CLOSED, "ShAFfA");
    assert_int_equal(bench.end.closer, CLOSER_LOCAL);
    assert_int_equal(bench.end.close_segments, 3);
    assert_true(bench.end.timing.close_wait == NANOS_NONE);
}

/* It closes while we wait between two steps; our FIN is not the first to acknowledge its FIN. */
static void peer_closes_first(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.delay = 100 * NANOS_PER_MS;
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, 20 * NANOS_PER_MS);
    peer(&bench, TCP_FIN | TCP_PSH | TCP_ACK, 1, 1, 26);
    run_until(&bench, 120 * NANOS_PER_MS);
    peer(&bench, TCP_ACK, 28, 2, 0);
    run_until(&bench, 10 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 20 . seq 1 ack 28; 110 F. seq 1 ack 28; ");
    assert_end(&bench, 0, OUTCOME_CLOSED, "ShAdfAFa");
    assert_int_equal(bench.end.closer, CLOSER_PEER);
    assert_int_equal(bench.end.close_segments, 4);
    assert_int_equal(bench.end.local, CLOSED);
    assert_int_equal(bench.end.peer, IN(TIME_WAIT));
    assert_int_equal(bench.end.peer_certainty, PROVEN);
    assert_true(bench.end.counts.bytes_in == 26);
}

static void both_close(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench_start(&bench);
    bench_open(&bench, 100 * NANOS_PER_MS);
    run_until(&bench, 110 * NANOS_PER_MS);
    peer(&bench, TCP_FIN | TCP_ACK, 1, 1, 0);
    run_until(&bench, 200 * NANOS_PER_MS);
    peer(&bench, TCP_ACK, 2, 2, 0);
    run_until(&bench, 10 * NANOS_PER_S);
    assert_end(&bench, 0, OUTCOME_CLOSED, "ShAFfAa");
    assert_int_equal(bench.end.closer, CLOSER_BOTH);
    assert_int_equal(bench.end.close_segments, 0);
    assert_true(told(&bench, "note simultaneous-close"));
    assert_true(bench.end.timing.close_wait == NANOS_NONE);
}

/* After the last ACK it stays to answer a repeated FIN, and each one prolongs that; but not for ever. */
static void repeated_fin_is_answered_while_it_lingers(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.linger = 500 * NANOS_PER_MS;
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, 20 * NANOS_PER_MS);
    peer(&bench, TCP_FIN | TCP_ACK, 1, 2, 0);
    run_until(&bench, 320 * NANOS_PER_MS);
    assert_false(walk_ended(&bench.walk));
    peer(&bench, TCP_FIN | TCP_ACK, 1, 2, 0);
    run_until(&bench, 819 * NANOS_PER_MS);
    assert_false(walk_ended(&bench.walk));
    run_until(&bench, 821 * NANOS_PER_MS);
    assert_true(walk_ended(&bench.walk));
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 F. seq 1 ack 1; 20 . seq 2 ack 2; "
                                    "320 . seq 2 ack 2; ");
    assert_end(&bench, 0, OUTCOME_CLOSED, "ShAFfAfA");
    assert_int_equal(bench.end.counts.peer_retransmitted, 1);
    assert_true(told(&bench, "peer CLOSING or LAST-ACK refuted fin-repeated"));
}

static void a_fin_repeated_for_ever_ends_too(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.linger = 100 * NANOS_PER_MS;
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    for (unsigned i = 2; i < 100 && !walk_ended(&bench.walk); i++) {
        run_until(&bench, i * 10 * NANOS_PER_MS);
        if (!walk_ended(&bench.walk))
            peer(&bench, TCP_FIN | TCP_ACK, 1, 2, 0);
    }
    assert_true(walk_ended(&bench.walk));
    assert_true(bench.now - bench.began <= 450 * NANOS_PER_MS);
    assert_int_equal(bench.end.outcome, OUTCOME_CLOSED);
}

static void peer_never_closes(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "close");
    bench.settings.timeout = 2 * NANOS_PER_S;
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, 20 * NANOS_PER_MS);
    peer(&bench, TCP_ACK, 1, 2, 0);
    run_until(&bench, 10 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 F. seq 1 ack 1; 2010 R. seq 2 ack 1; ");
    assert_end(&bench, 3, OUTCOME_HALF_CLOSED, "ShAFaR");
    assert_int_equal(bench.end.peer_end, PEER_END_NONE);
    assert_int_equal(bench.end.closer, CLOSER_LOCAL);
    assert_int_equal(bench.end.close_segments, 0);
}

/* The half-close command asked for no more; the bytes after our FIN are counted. */
static void half_close_is_enough(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "half-close");
    bench.settings.timeout = 2 * NANOS_PER_S;
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, 20 * NANOS_PER_MS);
    peer(&bench, TCP_ACK, 1, 2, 0);
    peer(&bench, TCP_ACK, 1, 2, 100);
    run_until(&bench, 30 * NANOS_PER_MS);
    peer(&bench, TCP_ACK, 101, 2, 50);
    run_until(&bench, 10 * NANOS_PER_S);
    assert_end(&bench, 0, OUTCOME_HALF_CLOSED, "ShAFadAdAR");
    assert_true(bench.end.counts.bytes_after_fin == 150);
    assert_int_equal(bench.end.counts.segments_after_fin, 2);
}

static void delay_separates_the_steps(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.delay = 500 * NANOS_PER_MS;
    bench_send(&bench, 5);
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, 520 * NANOS_PER_MS);
    peer(&bench, TCP_ACK, 1, 6, 0);
    run_until(&bench, 1100 * NANOS_PER_MS);
    assert_string_equal(bench.sent,
                        "0 S seq 0; 10 . seq 1 ack 1; 510 P. seq 1:6 ack 1; 1010 F. seq 6 ack 1; ");
}

static void open_resets_cleanly(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "open");
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 R. seq 1 ack 1; ");
    assert_end(&bench, 0, OUTCOME_OPENED, "ShAR");
    assert_false(bench.end.left);
}

static void leave_sends_no_rst(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "open");
    bench.settings.leave = true;
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; ");
    assert_end(&bench, 0, OUTCOME_OPENED, "ShA");
    assert_true(bench.end.left);
}

static void lost_data_is_sent_again(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "open");
    bench_send(&bench, 5);
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    /* The step is done when the bytes were sent; what follows must not wait for the timer to lose them. */
    run_until(&bench, 5 * NANOS_PER_S);
    assert_int_equal(bench.end.outcome, OUTCOME_OPENED);

    bench_init(&bench, "walk");
    bench_send(&bench, 5);
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, 1500 * NANOS_PER_MS);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 P. seq 1:6 ack 1; 10 F. seq 6 ack 1; "
                                    "1010 P. seq 1:6 ack 1; 1010 F. seq 6 ack 1; ");
    peer(&bench, TCP_FIN | TCP_ACK, 1, 7, 0);
    run_until(&bench, 10 * NANOS_PER_S);
    assert_end(&bench, 0, OUTCOME_CLOSED, "ShADFTFfA");
    assert_int_equal(bench.end.counts.retransmitted, 2);
    assert_true(bench.end.counts.bytes_out == 5);
    assert_true(bench.end.timing.fin_rtt == NANOS_NONE); /* Karn: nobody knows which copy it answered */
}

/* RFC 9293 3.8.6.1: a window that is shut from the beginning is probed like one that was shut later. */
static void shut_window_is_probed(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.its_window = 0;
    bench_send(&bench, 5);
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, 1500 * NANOS_PER_MS);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 1010 . seq 1:2 ack 1; ");
    bench.its_window = 1000;
    peer(&bench, TCP_ACK, 1, 2, 0);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 1010 . seq 1:2 ack 1; "
                                    "1500 P. seq 2:6 ack 1; 1500 F. seq 6 ack 1; ");
}

static void repeated_syn_acks_are_answered_and_named(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.delay = 10 * NANOS_PER_S;
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, 1010 * NANOS_PER_MS);
    peer(&bench, TCP_SYN | TCP_ACK, 0, 1, 0);
    run_until(&bench, 3010 * NANOS_PER_MS);
    assert_true(told(&bench, "note syn-ack-repeated"));
    assert_false(told(&bench, "note accept-queue-full"));
    peer(&bench, TCP_SYN | TCP_ACK, 0, 1, 0);
    run_until(&bench, 4000 * NANOS_PER_MS);
    assert_true(told(&bench, "note accept-queue-full"));
    assert_true(told(&bench, "peer SYN-RECEIVED refuted syn-ack-repeated"));
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 1010 . seq 1 ack 1; 3010 . seq 1 ack 1; ");
}

static void events_come_in_order(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, 20 * NANOS_PER_MS);
    peer(&bench, TCP_FIN | TCP_ACK, 1, 2, 0);
    run_until(&bench, 10 * NANOS_PER_S);
    assert_string_equal(bench.log, "start walk\n"
                                   "1 S local SYN-SENT\n"
                                   "local SYN-SENT proven own-open\n"
                                   "peer LISTEN presumed assumed-listening\n"
                                   "2 S. local ESTABLISHED\n"
                                   "local ESTABLISHED proven own-syn-ack-received\n"
                                   "peer SYN-RECEIVED proven syn-acked\n"
                                   "3 . local ESTABLISHED\n"
                                   "peer ESTABLISHED presumed ack-sent\n"
                                   "4 F. local FIN-WAIT-1\n"
                                   "local FIN-WAIT-1 proven own-close\n"
                                   "peer CLOSE-WAIT presumed fin-sent\n"
                                   "5 F. local TIME-WAIT\n"
                                   "local TIME-WAIT proven own-both-fins\n"
                                   "peer CLOSING or LAST-ACK proven fin-covers-ours\n"
                                   "6 . local TIME-WAIT\n"
                                   "peer CLOSED presumed fin-ack-sent\n"
                                   "end 0 closed\n");
}

/* A proven state whose time is up is told, though nothing was captured. */
static void expiry_is_told(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.delay = 5 * NANOS_PER_S;
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    bench.deaf = true; /* our ACK of its FIN is never captured: nothing is presumed of it */
    peer(&bench, TCP_FIN | TCP_ACK, 1, 1, 0);
    run_until(&bench, 400 * NANOS_PER_MS);
    assert_false(told(&bench, "peer FIN-WAIT-1 presumed timer"));
    run_until(&bench, 420 * NANOS_PER_MS);
    assert_true(told(&bench, "peer FIN-WAIT-1 presumed timer"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(syn_backs_off_and_is_given_up),
        cmocka_unit_test(initial_rto_can_be_set),
        cmocka_unit_test(no_retries),
        cmocka_unit_test(step_times_out),
        cmocka_unit_test(wake_tells_the_next_deadline),
        cmocka_unit_test(fin_is_repeated_and_given_up),
        cmocka_unit_test(wrong_ack_is_reset_and_not_believed),
        cmocka_unit_test(four_segments),
        cmocka_unit_test(three_segments),
        cmocka_unit_test(peer_closes_first),
        cmocka_unit_test(both_close),
        cmocka_unit_test(repeated_fin_is_answered_while_it_lingers),
        cmocka_unit_test(a_fin_repeated_for_ever_ends_too),
        cmocka_unit_test(peer_never_closes),
        cmocka_unit_test(half_close_is_enough),
        cmocka_unit_test(delay_separates_the_steps),
        cmocka_unit_test(open_resets_cleanly),
        cmocka_unit_test(leave_sends_no_rst),
        cmocka_unit_test(lost_data_is_sent_again),
        cmocka_unit_test(shut_window_is_probed),
        cmocka_unit_test(repeated_syn_acks_are_answered_and_named),
        cmocka_unit_test(events_come_in_order),
        cmocka_unit_test(expiry_is_told),
    };

    return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
