/* src/walk/expect.c: what an expectation looks at, when it is met, and what it says when it is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "walk_bench.h"

#define MS NANOS_PER_MS
#define SYN_ACK (TCP_SYN | TCP_ACK)
#define FIN_ACK (TCP_FIN | TCP_ACK)
#define RST_ACK (TCP_RST | TCP_ACK)

static void start(struct bench *bench, const char *script)
{
    bench_script(bench, script);
    bench_start(bench);
    run_until(bench, 10 * MS);
}

static void opened(struct bench *bench, const char *script)
{
    start(bench, script);
    peer(bench, SYN_ACK, 0, 1, 0);
    run_until(bench, 20 * MS);
}

static void assert_told(struct bench *bench, const char *line)
{
    if (!told(bench, line))
        fail_msg("not told: %s\n%s", line, bench->log);
}

static void each_consumes_what_it_matched(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; half-close; expect .; expect F.");
    peer(&bench, TCP_ACK, 1, 2, 0);
    peer(&bench, FIN_ACK, 1, 2, 0);
    run_until(&bench, 20 * NANOS_PER_S);
    assert_told(&bench, "not met expect .: F. seq=1 ack=2 win=60000 len=0 came: it differs in flags");
    opened(&bench, "open; fin; expect .; expect F.; expect F. within 1s");
    peer(&bench, TCP_ACK, 1, 2, 0);
    peer(&bench, FIN_ACK, 1, 2, 0);
    assert_told(&bench, "met expect .");
    assert_told(&bench, "met expect F.");
    run_until(&bench, 20 * NANOS_PER_S);
    assert_told(&bench, "not met expect F. within 1s: nothing came");
    assert_int_equal(bench.end.status, 1);
    assert_int_equal(bench.end.outcome, OUTCOME_UNEXPECTED);
}

static void what_came_before_a_step_that_sends_is_past(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; wait 1s; fin; expect P. within 1s");
    peer(&bench, TCP_PSH | TCP_ACK, 1, 1, 5);
    run_until(&bench, 1500 * MS);
    peer(&bench, TCP_ACK, 6, 2, 0);
    run_until(&bench, 20 * NANOS_PER_S);
    assert_told(&bench, "not met expect P. within 1s: . seq=6 ack=2 win=60000 len=0 came: it differs in flags");
}

static void a_wait_keeps_what_comes(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; wait 1s; expect P. len=5 seq=+1; expect P. seq=nxt");
    peer(&bench, TCP_PSH | TCP_ACK, 1, 1, 5);
    run_until(&bench, 1500 * MS);
    assert_told(&bench, "met expect P. len=5 seq=+1");
    peer(&bench, TCP_PSH | TCP_ACK, 6, 1, 5);
    assert_told(&bench, "met expect P. seq=nxt");
}

static void the_very_next_segment_or_none(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; fin; expect next F.");
    peer(&bench, TCP_ACK, 1, 2, 0);
    assert_told(&bench, "not met expect next F.: . seq=1 ack=2 win=60000 len=0 came: it differs in flags");
    assert_int_equal(bench.end.status, 1);
}

static void the_closest_is_shown(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; fin; expect F. ack=+2 win=7 within 1s");
    peer(&bench, TCP_ACK, 1, 1, 0);
    peer(&bench, FIN_ACK, 1, 2, 0);
    peer(&bench, TCP_ACK, 2, 1, 0);
    run_until(&bench, 20 * NANOS_PER_S);
    assert_told(&bench, "not met expect F. ack=+2 win=7 within 1s: 3 came, the closest was F. seq=1 ack=2 win=60000 "
                        "len=0: it differs in win");
}

static void options_are_compared(void **state)
{
    struct bench bench;

    (void)state;
    start(&bench, "syn; expect S. options~mss; expect S. options!~wscale; ack");
    peer(&bench, SYN_ACK, 0, 1, 0);
    peer(&bench, SYN_ACK, 0, 1, 0);
    run_until(&bench, 1 * NANOS_PER_S);
    assert_int_equal(bench.end.status, 0);
    start(&bench, "syn; expect S. options~<mss 1461> within 1s");
    peer(&bench, SYN_ACK, 0, 1, 0);
    run_until(&bench, 20 * NANOS_PER_S);
    assert_told(&bench,
                "not met expect S. options~<mss 1461> within 1s: S. seq=0 ack=1 win=60000 len=0 mss=1460 came: it "
                "differs in options");
}

static void a_reset_breaks_what_it_does_not_meet(void **state)
{
    struct bench bench;

    (void)state;
    start(&bench, "syn; expect S.");
    peer(&bench, RST_ACK, 0, 1, 0);
    assert_told(&bench, "not met expect S.: R. seq=5000 ack=1 win=60000 len=0 came: it differs in flags");
    assert_int_equal(bench.end.status, 1);
}

static void a_reset_that_is_expected_is_no_failure(void **state)
{
    struct bench bench;

    (void)state;
    start(&bench, "syn; expect R. ack=+1; expect state CLOSED proven");
    peer(&bench, RST_ACK, 0, 1, 0);
    run_until(&bench, 1 * NANOS_PER_S);
    assert_end(&bench, 0, OUTCOME_REFUSED, "Sr");
    opened(&bench, "open; wait 1s; expect state CLOSED|LISTEN");
    peer(&bench, TCP_RST, 1, 0, 0);
    run_until(&bench, 2 * NANOS_PER_S);
    assert_end(&bench, 0, OUTCOME_RESET, "ShAr");
}

static void a_reset_that_nothing_expects_is_one(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; wait 1s");
    peer(&bench, TCP_RST, 1, 0, 0);
    assert_false(walk_ended(&bench.walk));
    run_until(&bench, 2 * NANOS_PER_S);
    assert_end(&bench, 4, OUTCOME_RESET, "ShAr");
    opened(&bench, "open; wait 1s; half-close");
    peer(&bench, TCP_RST, 1, 0, 0);
    run_until(&bench, 2 * NANOS_PER_S);
    assert_end(&bench, 4, OUTCOME_RESET, "ShAr");
}

static void nothing_means_nothing(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; expect nothing for 500ms");
    run_until(&bench, 1 * NANOS_PER_S);
    assert_end(&bench, 0, OUTCOME_OPENED, "ShAR");
    opened(&bench, "open; expect nothing for 500ms");
    peer(&bench, TCP_PSH | TCP_ACK, 1, 1, 5);
    assert_told(&bench, "not met expect nothing for 500ms: P. seq=1 ack=1 win=60000 len=5 came");
}

static void states_are_held_against_the_belief(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench,
           "open; expect state ESTABLISHED; expect local ESTABLISHED; half-close; expect state CLOSE-WAIT proven; "
           "expect state ESTABLISHED within 1s");
    peer(&bench, TCP_ACK, 1, 2, 0);
    run_until(&bench, 20 * NANOS_PER_S);
    assert_told(&bench, "met expect state ESTABLISHED");
    assert_told(&bench, "met expect local ESTABLISHED");
    assert_told(&bench, "met expect state CLOSE-WAIT proven");
    assert_told(&bench,
                "not met expect state ESTABLISHED within 1s: its state is CLOSE-WAIT, proven: it acknowledged our FIN");
}

static void presumed_is_not_proven(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; expect state ESTABLISHED presumed; expect state ESTABLISHED proven within 1s");
    run_until(&bench, 20 * NANOS_PER_S);
    assert_told(&bench, "met expect state ESTABLISHED presumed");
    assert_told(&bench,
                "not met expect state ESTABLISHED proven within 1s: its state is ESTABLISHED, presumed: our ACK");
}

static void bytes_are_a_stream(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; expect data \"lo wor\"; expect data \"wor\" within 1s");
    peer_says(&bench, TCP_ACK, 9, 1, "rld\r\n");
    peer_says(&bench, TCP_ACK, 1, 1, "hello");
    assert_false(told(&bench, "met"));
    peer_says(&bench, TCP_ACK, 4, 1, "lo wo"); /* partly repeated, and the gap is closed */
    assert_told(&bench, "met expect data \"lo wor\"");
    run_until(&bench, 20 * NANOS_PER_S);
    assert_told(&bench, "not met expect data \"wor\" within 1s: 4 bytes came: \"ld\\r\\n\"");
}

static void bytes_end_with_its_fin(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; half-close; expect data \"404\"");
    peer_says(&bench, TCP_ACK, 1, 2, "200 OK");
    peer(&bench, FIN_ACK, 7, 2, 0);
    assert_told(&bench, "not met expect data \"404\": 6 bytes came, then its FIN: \"200 OK\"");
    assert_int_equal(bench.end.status, 1);
}

/* More comes than is kept: what is oldest goes, and what comes later is still found. */
static void more_bytes_than_are_kept(void **state)
{
    struct bench bench;
    char block[1001];

    (void)state;
    opened(&bench, "open; expect data \"needle\" within 60s");
    memset(block, 'x', 1000);
    block[1000] = '\0';
    for (unsigned i = 0; i < 50; i++)
        peer_says(&bench, TCP_ACK, 1 + 1000 * i, 1, block);
    assert_false(told(&bench, "met"));
    peer_says(&bench, TCP_ACK, 50001, 1, "a needle in hay");
    assert_told(&bench, "met expect data \"needle\"");
}

/* More segments than the inbox holds, with nobody looking: the oldest go. */
static void more_segments_than_are_kept(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; wait 1s; expect P. len=1 within 1s");
    for (unsigned i = 0; i < 40; i++)
        peer(&bench, TCP_PSH | TCP_ACK, 1 + i, 1, 1);
    run_until(&bench, 1500 * MS);
    assert_told(&bench, "met expect P. len=1");
    assert_int_equal(bench.walk.step_n, 4 + 2 * 24); /* of 40, each acknowledged, the first of the last 16 */
}

static void icmp_errors_are_expected_by_name(void **state)
{
    struct bench bench;

    (void)state;
    start(&bench, "syn; expect icmp port-unreachable");
    icmp(&bench, 4, 3, 3, 0);
    run_until(&bench, 1 * NANOS_PER_S);
    assert_told(&bench, "met expect icmp port-unreachable");
    assert_int_equal(bench.end.status, 0);
    start(&bench, "syn; expect icmp port-unreachable within 1s");
    icmp(&bench, 4, 3, 1, 0);
    run_until(&bench, 3 * NANOS_PER_S);
    assert_told(&bench, "not met expect icmp port-unreachable within 1s: ICMP host-unreachable came");
    assert_int_equal(bench.end.status, 1);
    start(&bench, "syn; expect S.");
    icmp(&bench, 4, 3, 1, 0);
    assert_told(&bench, "not met expect S.: ICMP host-unreachable came");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_consumes_what_it_matched),
        cmocka_unit_test(what_came_before_a_step_that_sends_is_past),
        cmocka_unit_test(a_wait_keeps_what_comes),
        cmocka_unit_test(the_very_next_segment_or_none),
        cmocka_unit_test(the_closest_is_shown),
        cmocka_unit_test(options_are_compared),
        cmocka_unit_test(a_reset_breaks_what_it_does_not_meet),
        cmocka_unit_test(a_reset_that_is_expected_is_no_failure),
        cmocka_unit_test(a_reset_that_nothing_expects_is_one),
        cmocka_unit_test(nothing_means_nothing),
        cmocka_unit_test(states_are_held_against_the_belief),
        cmocka_unit_test(presumed_is_not_proven),
        cmocka_unit_test(bytes_are_a_stream),
        cmocka_unit_test(bytes_end_with_its_fin),
        cmocka_unit_test(more_bytes_than_are_kept),
        cmocka_unit_test(more_segments_than_are_kept),
        cmocka_unit_test(icmp_errors_are_expected_by_name),
    };

    return cmocka_run_group_tests_name("expectations", tests, NULL, NULL);
}
