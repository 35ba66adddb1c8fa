/* src/walk/: steps by hand, what is done without being asked, and the passive side. */
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

/* The script begins, and its peer answers the SYN after 10 ms. */
static void open_by_hand(struct bench *bench, const char *script)
{
    bench_script(bench, script);
    bench_start(bench);
    run_until(bench, 10 * MS);
    peer(bench, SYN_ACK, 0, 1, 0);
}

static void each_word_is_one_segment_and_never_repeated(void **state)
{
    struct bench bench;

    (void)state;
    bench_script(&bench, "syn; wait 5s");
    bench_start(&bench);
    run_until(&bench, 20 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 5000 R seq 1; ");
    assert_end(&bench, 0, OUTCOME_UNOPENED, "SR");
}

static void an_open_by_hand_is_not_completed_by_itself(void **state)
{
    struct bench bench;

    (void)state;
    open_by_hand(&bench, "syn; expect S. ack=+1; wait 2s; ack; wait 1s");
    run_until(&bench, 1 * NANOS_PER_S);
    peer(&bench, SYN_ACK, 0, 1, 0); /* repeated, and still not answered */
    run_until(&bench, 1900 * MS);
    assert_string_equal(bench.sent, "0 S seq 0; ");
    run_until(&bench, 2500 * MS);
    assert_string_equal(bench.sent, "0 S seq 0; 2010 . seq 1 ack 1; ");
    assert_true(told(&bench, "peer ESTABLISHED presumed ack-sent"));
}

static void fields_are_as_they_are_asked_for(void **state)
{
    struct bench bench;

    (void)state;
    open_by_hand(&bench,
                 "syn; expect S.; ack; segment P. len=10; segment P. seq=+5 ack=-1 len=3; segment R. seq=nxt+1; "
                 "segment . seq=una-1 ack=nxt-1; segment none seq=@7; wait 1s");
    run_until(&bench, 200 * MS);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 P. seq 1:11 ack 1; 10 P. seq 5:8 ack 4294967295; "
                                    "10 R. seq 12 ack 1; 10 . seq 0 ack 0; 10 none seq 4294966303; ");
}

static void what_continues_the_numbers_counts_and_the_rest_does_not(void **state)
{
    struct bench bench;

    (void)state;
    open_by_hand(&bench,
                 "syn; expect S.; ack; segment P. len=10; segment P. seq=+100 len=10; fin; expect . ack=+12; wait 1s");
    run_until(&bench, 50 * MS);
    assert_string_equal(
        bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 P. seq 1:11 ack 1; 10 P. seq 100:110 ack 1; 10 F. seq 11 ack 1; ");
    peer(&bench, TCP_ACK, 1, 12, 0);
    assert_true(told(&bench, "met expect . ack=+12"));
    assert_int_equal(bench.walk.tcb.state, FIN_WAIT_2);
}

static void a_gap_that_is_filled_counts_too(void **state)
{
    struct bench bench;

    (void)state;
    open_by_hand(
        &bench, "syn; expect S.; ack; segment FP. seq=+11 len=10; segment P. seq=+1 len=10; expect . ack=+22; wait 1s");
    run_until(&bench, 50 * MS);
    peer(&bench, TCP_ACK, 1, 22, 0);
    assert_true(told(&bench, "met expect . ack=+22"));
    assert_int_equal(bench.walk.tcb.state, FIN_WAIT_2);
    assert_false(tcb_unacknowledged(&bench.walk.tcb));
}

static void auto_ack_off_withholds_acks(void **state)
{
    struct bench bench;

    (void)state;
    open_by_hand(&bench, "open; auto ack off; expect F.; fin; expect . ack=+2; wait 1s; ack; wait 1s");
    run_until(&bench, 50 * MS);
    peer(&bench, FIN_ACK, 1, 1, 0);
    peer(&bench, TCP_ACK, 2, 2, 0);
    peer(&bench, FIN_ACK, 1, 2, 0); /* repeated */
    run_until(&bench, 1500 * MS);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 50 F. seq 1 ack 1; 1050 . seq 2 ack 2; ");
    assert_true(told(&bench, "peer CLOSING"));
}

static void what_is_withheld_to_the_end_is_reset(void **state)
{
    struct bench bench;

    (void)state;
    open_by_hand(&bench, "open; auto ack off; half-close; expect F.");
    run_until(&bench, 50 * MS);
    peer(&bench, FIN_ACK, 1, 2, 0);
    run_until(&bench, 10 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 F. seq 1 ack 1; 50 R. seq 2 ack 1; ");
    assert_end(&bench, 0, OUTCOME_CLOSED, "ShAFfR");
}

static void auto_retransmit_off_sends_once(void **state)
{
    struct bench bench;

    (void)state;
    open_by_hand(&bench, "open; auto retransmit off; send \"hello\"; wait 5s; auto retransmit on; wait 2s");
    run_until(&bench, 5 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 P. seq 1:6 ack 1; ");
    run_until(&bench, 6500 * MS);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 P. seq 1:6 ack 1; 6010 P. seq 1:6 ack 1; ");
}

static void bytes_by_hand_are_not_repeated_between_others_that_are(void **state)
{
    struct bench bench;

    (void)state;
    open_by_hand(&bench, "open; send \"one\"; segment P. len=5; send \"two\"; wait 5s");
    run_until(&bench, 1500 * MS);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 P. seq 1:4 ack 1; 10 P. seq 4:9 ack 1; "
                                    "10 P. seq 9:12 ack 1; 1010 P. seq 1:4 ack 1; 1010 P. seq 9:12 ack 1; ");
}

static void a_reset_by_hand_leaves_nothing_to_reset(void **state)
{
    struct bench bench;

    (void)state;
    open_by_hand(&bench, "open; segment R.");
    run_until(&bench, 1 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 R. seq 1 ack 1; ");
    assert_end(&bench, 0, OUTCOME_OPENED, "ShAR");
}

static void a_bad_checksum_moves_nothing(void **state)
{
    struct bench bench;

    (void)state;
    open_by_hand(&bench, "open; segment F. checksum=bad; fin; wait 1s");
    run_until(&bench, 100 * MS);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 F. seq 1 ack 1; 10 F. seq 1 ack 1; ");
}

/* ---- listening ---- */

static void listen_and_accept(void **state)
{
    struct bench bench;

    (void)state;
    bench_script(&bench, "listen; accept; drain; close");
    bench_start(&bench);
    run_until(&bench, 60 * NANOS_PER_S);
    assert_string_equal(bench.sent, "");
    peer(&bench, TCP_SYN, 0, 0, 0);
    assert_true(told(&bench, "peer SYN-SENT proven syn-seen"));
    run_until(&bench, 61500 * MS);
    assert_string_equal(bench.sent, "60000 S. seq 0 ack 1; 61000 S. seq 0 ack 1; ");
    peer(&bench, TCP_ACK, 1, 1, 0);
    assert_true(told(&bench, "local ESTABLISHED proven own-syn-acked"));
    peer(&bench, FIN_ACK, 1, 1, 0);
    run_until(&bench, 61600 * MS);
    peer(&bench, TCP_ACK, 2, 2, 0);
    run_until(&bench, 63 * NANOS_PER_S);
    assert_end(&bench, 0, OUTCOME_CLOSED, "sHafAFa");
}

static void listen_by_hand_answers_nothing_by_itself(void **state)
{
    struct bench bench;

    (void)state;
    bench_script(&bench, "listen; expect S; expect S within 3s");
    bench_start(&bench);
    run_until(&bench, 10 * MS);
    peer(&bench, TCP_SYN, 0, 0, 0);
    run_until(&bench, 1 * NANOS_PER_S);
    peer(&bench, TCP_SYN, 0, 0, 0);
    run_until(&bench, 2 * NANOS_PER_S);
    assert_string_equal(bench.sent, "1000 R. seq 4294966296 ack 1; "); /* <SEQ=0><ACK=1>: its connect is refused */
    assert_end(&bench, 0, OUTCOME_UNOPENED, "sR");
}

static void simultaneous_open_by_hand(void **state)
{
    struct bench bench;

    (void)state;
    bench_script(&bench, "listen; syn; expect S. ack=+1; expect state SYN-RECEIVED proven; synack; expect .; wait 1s");
    bench_start(&bench);
    run_until(&bench, 10 * MS);
    peer(&bench, TCP_SYN, 0, 0, 0);
    run_until(&bench, 20 * MS);
    peer(&bench, SYN_ACK, 0, 1, 0);
    run_until(&bench, 30 * MS);
    peer(&bench, TCP_ACK, 1, 1, 0);
    assert_string_equal(bench.sent, "10 S seq 0; 20 S. seq 0 ack 1; ");
    assert_true(told(&bench, "met expect ."));
}

/* ---- steps from outside ---- */

static void steps_can_come_one_by_one(void **state)
{
    struct bench bench;
    struct step first[2];

    (void)state;
    bench_script(&bench, "open; half-close");
    memcpy(first, bench.steps, sizeof(first));
    bench.settings.step_count = 0;
    bench.settings.interactive = true;
    bench_start(&bench);
    run_until(&bench, 1 * NANOS_PER_S);
    assert_true(walk_is_idle(&bench.walk));
    assert_string_equal(bench.sent, "");
    walk_more(&bench.walk, &first[1], 1); /* there is nothing to close: it fails, and the walk goes on */
    run_until(&bench, 1100 * MS);
    assert_true(told(&bench, "not met half-close: there is no connection to close"));
    walk_more(&bench.walk, &first[0], 1);
    run_until(&bench, 1200 * MS);
    assert_false(walk_is_idle(&bench.walk));
    peer(&bench, SYN_ACK, 0, 1, 0);
    assert_true(walk_is_idle(&bench.walk));
    walk_finish(&bench.walk);
    run_until(&bench, 2 * NANOS_PER_S);
    assert_end(&bench, 1, OUTCOME_OPENED, "ShAR");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_word_is_one_segment_and_never_repeated),
        cmocka_unit_test(an_open_by_hand_is_not_completed_by_itself),
        cmocka_unit_test(fields_are_as_they_are_asked_for),
        cmocka_unit_test(what_continues_the_numbers_counts_and_the_rest_does_not),
        cmocka_unit_test(a_gap_that_is_filled_counts_too),
        cmocka_unit_test(auto_ack_off_withholds_acks),
        cmocka_unit_test(what_is_withheld_to_the_end_is_reset),
        cmocka_unit_test(auto_retransmit_off_sends_once),
        cmocka_unit_test(bytes_by_hand_are_not_repeated_between_others_that_are),
        cmocka_unit_test(a_reset_by_hand_leaves_nothing_to_reset),
        cmocka_unit_test(a_bad_checksum_moves_nothing),
        cmocka_unit_test(listen_and_accept),
        cmocka_unit_test(listen_by_hand_answers_nothing_by_itself),
        cmocka_unit_test(simultaneous_open_by_hand),
        cmocka_unit_test(steps_can_come_one_by_one),
    };

    return cmocka_run_group_tests_name("walk by hand", tests, NULL, NULL);
}
