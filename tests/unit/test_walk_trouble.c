/* src/walk/walk.h when things go wrong: refusals, resets, ICMP, foreign segments, an end from outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "walk_bench.h"

static void refused(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench_start(&bench);
    run_until(&bench, 5 * NANOS_PER_MS);
    peer(&bench, TCP_RST | TCP_ACK, 0, 1, 0);
    run_until(&bench, 10 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; ");
    assert_end(&bench, 4, OUTCOME_REFUSED, "Sr");
    assert_int_equal(bench.end.peer, IN(CLOSED));
    assert_int_equal(bench.end.peer_certainty, PROVEN);
    assert_int_equal(bench.end.local, CLOSED);
}

static void reset_later(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, 20 * NANOS_PER_MS);
    peer(&bench, TCP_RST | TCP_ACK, 1, 2, 0);
    run_until(&bench, 10 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 F. seq 1 ack 1; ");
    assert_end(&bench, 4, OUTCOME_RESET, "ShAFr");
    assert_int_equal(bench.end.peer_end, PEER_END_RST);
    assert_true(strstr(bench.why, "after our FIN") != NULL);
}

/*
 * All is closed. Our answer to a repeated FIN finds a peer that our first ACK had closed already, and it answers as
 * RFC 9293 3.10.7.1 wants: that is no failure, it shows the peer CLOSED.
 */
static void a_reset_in_time_wait_changes_nothing(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, 20 * NANOS_PER_MS);
    peer(&bench, TCP_FIN | TCP_ACK, 1, 2, 0);
    run_until(&bench, 220 * NANOS_PER_MS);
    peer(&bench, TCP_FIN | TCP_ACK, 1, 2, 0);
    peer(&bench, TCP_RST, 2, 0, 0);
    run_until(&bench, 10 * NANOS_PER_S);
    assert_end(&bench, 0, OUTCOME_CLOSED, "ShAFfAfAr");
    assert_int_equal(bench.end.peer_end, PEER_END_FIN);
    assert_int_equal(bench.end.peer_likely, IN(CLOSED));
    assert_int_equal(bench.end.peer_certainty, PROVEN);
}

static void inexact_reset_is_challenged(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.delay = NANOS_PER_S;
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    peer(&bench, TCP_RST, 5, 0, 0);
    run_until(&bench, 20 * NANOS_PER_MS);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 . seq 1 ack 1; ");
    assert_false(bench.walk.ending);
    assert_true(told(&bench, "note rst-doubted"));
}

/* The guard did not hold: the kernel answered the SYN-ACK with a RST that we did not send. */
static void foreign_rst_is_local_trouble(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench_start(&bench);
    run_until(&bench, 10 * NANOS_PER_MS);
    peer(&bench, TCP_SYN | TCP_ACK, 0, 1, 0);
    ours_from_elsewhere(&bench, TCP_RST, 1);
    run_until(&bench, 10 * NANOS_PER_S);
    /* and nothing more: the peer has been reset already */
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 F. seq 1 ack 1; ");
    assert_end(&bench, 5, OUTCOME_FAILED, "ShAFR");
    assert_true(told(&bench, "note foreign-rst"));
}

static void foreign_segment_is_remarked(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench_start(&bench);
    run_until(&bench, 10 * NANOS_PER_MS);
    ours_from_elsewhere(&bench, TCP_SYN, 77);
    assert_true(told(&bench, "note foreign-segment"));
    assert_false(bench.walk.ending);
}

/* Captured twice (as on lo by some captures) is sent once. */
static void the_same_copy_captured_twice(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.capture_twice = true;
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    run_until(&bench, 11 * NANOS_PER_MS);
    assert_int_equal(bench.walk.counts.out, 3);
    assert_false(told(&bench, "note foreign-segment"));
}

/* RFC 1122 4.2.3.9 and RFC 5461: while it opens, an unreachable host ends it. */
static void hard_icmp_ends_the_open(void **state)
{
    static const struct {
        uint8_t family, type, code;
    } rows[] = {{4, 3, 1}, {4, 3, 3}, {4, 3, 13}, {4, 11, 0}, {6, 1, 0}, {6, 1, 4}, {6, 3, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench bench;

        bench_init(&bench, "walk");
        bench_start(&bench);
        run_until(&bench, 10 * NANOS_PER_MS);
        icmp(&bench, rows[i].family, rows[i].type, rows[i].code, 0);
        run_until(&bench, 10 * NANOS_PER_S);
        assert_string_equal(bench.sent, "0 S seq 0; "); /* a RST would only draw another one */
        assert_end(&bench, 3, OUTCOME_UNREACHABLE, "S");
        assert_true(told(&bench, "icmp hard"));
    }
}

static void soft_icmp_is_advice(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench_start(&bench);
    run_until(&bench, 10 * NANOS_PER_MS);
    icmp(&bench, 4, 3, 4, 0); /* fragmentation needed */
    icmp(&bench, 6, 2, 0, 0); /* packet too big */
    assert_false(bench.walk.ending);
    bench_open(&bench, 20 * NANOS_PER_MS);
    icmp(&bench, 4, 3, 1, 1); /* it is open: advice only */
    assert_false(bench.walk.ending);
    collect(&bench);
    assert_false(told(&bench, "icmp hard"));
    assert_true(told(&bench, "icmp soft"));
}

/* RFC 5927 4.1: one that quotes a number which is not in flight is not about us. */
static void forged_icmp_is_ignored(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench_start(&bench);
    run_until(&bench, 10 * NANOS_PER_MS);
    icmp(&bench, 4, 3, 1, 5);
    icmp(&bench, 4, 3, 1, (uint32_t)-1);
    assert_false(bench.walk.ending);
    collect(&bench);
    assert_false(told(&bench, "icmp"));
}

static void stopped_from_outside(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "walk");
    bench.settings.delay = NANOS_PER_S;
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    walk_stop(&bench.walk, 5, "interrupted", bench.now);
    run_until(&bench, 10 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 R. seq 1 ack 1; ");
    assert_end(&bench, 5, OUTCOME_FAILED, "ShAR");
    assert_string_equal(bench.why, "interrupted");

    bench_init(&bench, "walk");
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    walk_kill(&bench.walk, 5, "the network is gone", bench.now);
    collect(&bench);
    assert_true(walk_ended(&bench.walk));
    assert_int_equal(bench.end.status, 5);
}

/* A segment of ours that the capture never shows holds the end up for a moment only. */
static void the_end_does_not_wait_for_ever(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, "open");
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    bench.deaf = true;
    run_until(&bench, NANOS_PER_S);
    assert_true(walk_ended(&bench.walk));
    assert_int_equal(bench.end.outcome, OUTCOME_OPENED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),
        cmocka_unit_test(reset_later),
        cmocka_unit_test(a_reset_in_time_wait_changes_nothing),
        cmocka_unit_test(inexact_reset_is_challenged),
        cmocka_unit_test(foreign_rst_is_local_trouble),
        cmocka_unit_test(foreign_segment_is_remarked),
        cmocka_unit_test(the_same_copy_captured_twice),
        cmocka_unit_test(hard_icmp_ends_the_open),
        cmocka_unit_test(soft_icmp_is_advice),
        cmocka_unit_test(forged_icmp_is_ignored),
        cmocka_unit_test(stopped_from_outside),
        cmocka_unit_test(the_end_does_not_wait_for_ever),
    };

    return cmocka_run_group_tests_name("walk in trouble", tests, NULL, NULL);
}
