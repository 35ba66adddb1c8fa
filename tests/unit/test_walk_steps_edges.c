/* src/walk/: steps at their edges. What is left at the peer after odd segments by hand, times of steps, very many steps. */
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
#define MANY 300

static void opened(struct bench *bench, const char *script)
{
    bench_script(bench, script);
    bench_start(bench);
    run_until(bench, 10 * MS);
    peer(bench, SYN_ACK, 0, 1, 0);
}

/* ---- what is left at the peer ---- */

static void a_reset_by_hand_before_what_we_sent_is_not_the_last(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; send \"12345\"; rst seq=una");
    run_until(&bench, 1 * NANOS_PER_S);
    /* The peer has or has not the five bytes: one of these is exact. */
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 P. seq 1:6 ack 1; 10 R seq 1; "
                                    "10 R. seq 1 ack 1; 10 R. seq 6 ack 1; ");
    assert_end(&bench, 0, OUTCOME_OPENED, "ShADR");
}

static void a_reset_by_hand_behind_what_may_be_lost_is_asked_about(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; send \"12345\"; rst");
    peer(&bench, TCP_ACK, 1, 1, 0); /* a challenge (RFC 5961 3.2): the bytes were lost, so the RST was not exact */
    run_until(&bench, 1 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 P. seq 1:6 ack 1; 10 R seq 6; "
                                    "10 R. seq 1 ack 1; 10 R. seq 6 ack 1; 10 R seq 1; ");
    opened(&bench, "open; send \"12345\"; rst; wait 1s");
    peer(&bench, TCP_ACK, 1, 6, 0); /* it has them */
    run_until(&bench, 3 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 P. seq 1:6 ack 1; 10 R seq 6; 10 R seq 6; ");
}

static void an_exact_reset_by_hand_is_the_last(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; rst; wait 1s");
    peer(&bench, TCP_PSH | TCP_ACK, 1, 1, 5); /* it was on its way */
    run_until(&bench, 3 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 R seq 1; ");
}

static void what_the_peer_took_against_all_odds_is_reset_exactly(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; ack offset=5 data \"x\"; wait 1s");
    peer(&bench, TCP_ACK, 1, 2, 0);
    run_until(&bench, 3 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 . seq 1:2 ack 1; 1010 R. seq 2 ack 1; ");
    assert_false(told(&bench, "note wrong-ack"));
}

static void a_syn_the_peer_may_have_taken_is_reset(void **state)
{
    struct bench bench;

    (void)state;
    bench_script(&bench, "syn offset=10");
    bench_start(&bench);
    run_until(&bench, 1 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 0 R seq 1; ");
    bench_script(&bench, "syn checksum=bad"); /* this one nobody takes */
    bench_start(&bench);
    run_until(&bench, 1 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; ");
}

static void a_syn_after_the_end_is_reset(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; half-close; drain; syn");
    peer(&bench, FIN_ACK, 1, 2, 0);
    run_until(&bench, 1 * NANOS_PER_S);
    assert_string_equal(bench.sent,
                        "0 S seq 0; 10 . seq 1 ack 1; 10 F. seq 1 ack 1; 10 . seq 2 ack 2; 10 S seq 0; 10 R seq 1; ");
}

static void a_refused_syn_can_be_tried_again(void **state)
{
    struct bench bench;

    (void)state;
    bench_script(&bench, "syn; expect R.; wait 100ms; syn; expect S.; ack; wait 100ms");
    bench_start(&bench);
    run_until(&bench, 10 * MS);
    peer(&bench, TCP_RST | TCP_ACK, 0, 1, 0);
    run_until(&bench, 150 * MS);
    peer(&bench, SYN_ACK, 0, 1, 0);
    run_until(&bench, 1 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 110 S seq 0; 150 . seq 1 ack 1; 250 R. seq 1 ack 1; ");
}

static void a_filled_gap_that_was_not_acknowledged_is_waited_for(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; ack seq=nxt+1 data \"x\"; send \"y\"");
    peer(&bench, TCP_ACK, 1, 3, 0); /* after our RSTs at 1 and 2 had left */
    run_until(&bench, 1 * NANOS_PER_S);
    assert_non_null(strstr(bench.sent, "R. seq 1 ack 1; 10 R. seq 2 ack 1; 10 R seq 3; "));
}

static void a_client_is_not_refused_by_a_bare_reset(void **state)
{
    struct bench bench;

    (void)state;
    bench_script(&bench, "listen; rst; wait 1s");
    bench_start(&bench);
    peer(&bench, TCP_SYN, 0, 0, 0);
    run_until(&bench, 3 * NANOS_PER_S);
    /* Ours is an absolute 0 (RFC 9293 3.10.7.1). */
    assert_string_equal(bench.sent, "0 R seq 0; 1000 R. seq 4294966296 ack 1; ");
}

/* The peer drops what is stamped earlier than what it has seen (RFC 7323 5.3), a RST too while it is in SYN-RECEIVED. */
static void what_follows_a_stamp_by_hand_is_stamped_later(void **state)
{
    static const char *const scripts[] = {
        "open; ack tsval=2000000000; ack",
        "syn tsval=2000000000; expect S.; ack",
        "syn options=<mss 1460,nop,nop,TS 2000000000 0>; wait 50ms; ack",
        "open; ack options=<nop,TS 2000000000 0>; wait 50ms; ack",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        struct bench bench;
        bench_script(&bench, scripts[i]);
        bench.settings.tcb.options |= TCP_OPT_TIMESTAMPS;
        bench.settings.tcb.tsval = 1000;
        bench_start(&bench);
        run_until(&bench, 10 * MS);
        peer(&bench, SYN_ACK, 0, 1, 0);
        run_until(&bench, 1 * NANOS_PER_S);
        assert_true(walk_ended(&bench.walk));
        assert_true(bench.walk.tcb.tsval_last > 2000000000);
    }
}

/* ---- states ---- */

static void a_fin_by_hand_right_behind_the_syn(void **state)
{
    struct bench bench;

    (void)state;
    bench_script(&bench, "syn; fin; expect local FIN-WAIT-1 within 1s");
    bench_start(&bench);
    run_until(&bench, 10 * MS);
    peer(&bench, SYN_ACK, 0, 1, 0);
    run_until(&bench, 3 * NANOS_PER_S);
    assert_true(told(&bench, "met expect local FIN-WAIT-1"));
}

static void an_open_that_is_asked_for_is_completed(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "auto ack off; open within 1s; wait 1s");
    peer(&bench, TCP_PSH | TCP_ACK, 1, 1, 5);
    run_until(&bench, 1005 * MS);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; ");
}

static void half_close_after_a_close_by_hand(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; fin; wait 100ms; half-close; drain");
    peer(&bench, FIN_ACK, 1, 2, 0);
    run_until(&bench, 1 * NANOS_PER_S);
    assert_end(&bench, 0, OUTCOME_CLOSED, "ShAFfA");
}

/* ---- times ---- */

static void nothing_spins_after_time_wait(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; close; wait 5s; expect nothing for 5s");
    peer(&bench, FIN_ACK, 1, 2, 0);
    run_until(&bench, 60 * NANOS_PER_S);
    assert_end(&bench, 0, OUTCOME_CLOSED, "ShAFfA");
}

static void close_has_one_time_for_both(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; close within 1s");
    run_until(&bench, 800 * MS);
    peer(&bench, TCP_ACK, 1, 2, 0);
    run_until(&bench, 1500 * MS);
    assert_end(&bench, 3, OUTCOME_HALF_CLOSED, "ShAFaR");
    assert_string_equal(bench.why, "our FIN was acknowledged, but no FIN of the peer arrived within 1 s");
}

static void linger_keeps_to_its_time(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; half-close; drain; linger within 50ms");
    peer(&bench, FIN_ACK, 1, 2, 0);
    run_until(&bench, 61 * MS);
    assert_end(&bench, 0, OUTCOME_CLOSED, "ShAFfA");
}

static void what_was_not_acknowledged_in_time_names_that_time(void **state)
{
    struct bench bench;

    (void)state;
    opened(&bench, "open; half-close within 500ms");
    run_until(&bench, 3 * NANOS_PER_S);
    assert_string_equal(bench.why, "not all that we sent was acknowledged within 0.5 s");
    bench_script(&bench, "listen; accept within 500ms");
    bench_start(&bench);
    peer(&bench, TCP_SYN, 0, 0, 0);
    run_until(&bench, 3 * NANOS_PER_S);
    assert_string_equal(bench.why, "our SYN-ACK was sent 1 time in 0.5 s and never acknowledged");
}

/* ---- many ---- */

static void a_probe_is_answered_also_where_nothing_is_kept(void **state)
{
    struct bench bench;

    (void)state;
    bench_script(&bench, "open; probe");
    bench.settings.inbox_room = bench.settings.text_room = 0;
    bench_start(&bench);
    run_until(&bench, 10 * MS);
    peer(&bench, SYN_ACK, 0, 1, 0);
    peer(&bench, TCP_ACK, 1, 1, 0);
    run_until(&bench, 3 * NANOS_PER_S);
    assert_true(walk_ended(&bench.walk));
    assert_false(told(&bench, "note probe-unanswered"));
}

/* Takes events only when the walk wants nothing else, as the loop does. Returns how many steps they told. */
static unsigned steps_told(struct walk *walk, nanos now, unsigned *ok)
{
    unsigned steps = 0;

    for (unsigned round = 0; round < 10000 && (round == 0 || walk_wake(walk) <= now); round++) {
        const struct event *event;
        const uint8_t *payload;
        struct segment segment;
        while (walk_output(walk, now, &segment, &payload))
            walk_saw_segment(walk, true, &segment, now, now);
        while ((event = walk_take_event(walk)) != NULL) {
            steps += event->kind == EVENT_STEP;
            *ok += event->kind == EVENT_STEP && event->step.ok;
        }
    }
    return steps;
}

static void very_many_steps_at_once_are_each_told(void **state)
{
    struct step steps[MANY];
    struct bench bench;
    unsigned ok = 0;

    (void)state;
    bench_script(&bench, "open");
    bench.settings.interactive = true;
    bench.settings.step_count = 0;
    bench_start(&bench);
    for (unsigned i = 0; i < MANY; i++)
        steps[i] = (struct step){.kind = STEP_AUTO, .within = NANOS_NONE, .automatic = {AUTO_ACK, true}};
    walk_more(&bench.walk, steps, MANY);
    assert_int_equal(steps_told(&bench.walk, bench.now, &ok), MANY);
    assert_int_equal(ok, MANY);
    assert_true(walk_is_idle(&bench.walk));
    assert_true(walk_wake(&bench.walk) > bench.now);
}

/* More than our end keeps unacknowledged: the next one waits for its turn, and fails when its time is up. */
static void many_sends_wait_for_acknowledgements(void **state)
{
    struct step steps[TCB_CHUNKS + 2];
    struct bench bench;
    unsigned ok = 0;

    (void)state;
    bench_script(&bench, "open");
    bench.settings.interactive = true;
    bench_start(&bench);
    run_until(&bench, 10 * MS);
    peer(&bench, SYN_ACK, 0, 1, 0);
    for (unsigned i = 0; i < TCB_CHUNKS + 2; i++)
        steps[i] = (struct step){
            .kind = STEP_SEND, .within = NANOS_NONE, .send = {.bytes = (const uint8_t *)"x", .len = 1}, .text = "send"};
    walk_more(&bench.walk, steps, TCB_CHUNKS + 2);
    assert_int_equal(steps_told(&bench.walk, bench.now, &ok), TCB_CHUNKS);
    peer(&bench, TCP_ACK, 1, 2, 0);
    assert_false(walk_is_idle(&bench.walk)); /* room for one, and there are two */
    run_until(&bench, 60 * NANOS_PER_S);
    assert_int_equal(times_told(&bench, "not met send: too much"), 1);
    assert_true(walk_is_idle(&bench.walk));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reset_by_hand_before_what_we_sent_is_not_the_last),
        cmocka_unit_test(a_reset_by_hand_behind_what_may_be_lost_is_asked_about),
        cmocka_unit_test(an_exact_reset_by_hand_is_the_last),
        cmocka_unit_test(what_the_peer_took_against_all_odds_is_reset_exactly),
        cmocka_unit_test(a_syn_the_peer_may_have_taken_is_reset),
        cmocka_unit_test(a_syn_after_the_end_is_reset),
        cmocka_unit_test(a_refused_syn_can_be_tried_again),
        cmocka_unit_test(a_filled_gap_that_was_not_acknowledged_is_waited_for),
        cmocka_unit_test(a_client_is_not_refused_by_a_bare_reset),
        cmocka_unit_test(what_follows_a_stamp_by_hand_is_stamped_later),
        cmocka_unit_test(a_fin_by_hand_right_behind_the_syn),
        cmocka_unit_test(an_open_that_is_asked_for_is_completed),
        cmocka_unit_test(half_close_after_a_close_by_hand),
        cmocka_unit_test(nothing_spins_after_time_wait),
        cmocka_unit_test(close_has_one_time_for_both),
        cmocka_unit_test(linger_keeps_to_its_time),
        cmocka_unit_test(what_was_not_acknowledged_in_time_names_that_time),
        cmocka_unit_test(a_probe_is_answered_also_where_nothing_is_kept),
        cmocka_unit_test(very_many_steps_at_once_are_each_told),
        cmocka_unit_test(many_sends_wait_for_acknowledgements),
    };

    return cmocka_run_group_tests_name("steps at their edges", tests, NULL, NULL);
}
