/* src/walk/probing.c: the segments of each probe, when they leave, and what the walk makes of what answers them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "walk_bench.h"

#define MS NANOS_PER_MS
#define FIN_ACK (TCP_FIN | TCP_ACK)
#define RST_ACK (TCP_RST | TCP_ACK)

/* The bench prints numbers as they are: what lies below the initial one comes from the other end. */
#define BELOW(n) ((uint32_t) - (int32_t)(n))

/*
 * The nth probe of a walk, counted from 0: an old byte begins so far below what the peer expects next; and each harmless
 * probe with ACK acknowledges this.
 */
#define OLD_BYTE(n) (1024 + 2 * (n))
#define OLD_ACK(n) (3221225473u - (n))

/* The script begins, its SYN is answered after 10 ms, and both ends take SACK. Our segments are captured with some delay. */
static void open_with(struct bench *bench, const char *script, uint8_t options)
{
    bench_script(bench, script);
    bench->settings.tcb.options |= options;
    bench->lag = 1000;
    bench_start(bench);
    bench_open(bench, 10 * MS);
}

static void open_with_sack(struct bench *bench, const char *script)
{
    open_with(bench, script, TCP_OPT_SACK_PERMITTED);
}

/* It refuses the nth probe, as a host does that has no such connection. */
static void peer_refuses(struct bench *bench, unsigned n)
{
    peer(bench, TCP_RST, OLD_ACK(n), 0, 0);
}

/* It reports the byte of the nth probe, its own number and acknowledgement being these. */
static void peer_reports_probe(struct bench *bench, unsigned n, uint32_t seq, uint32_t ack)
{
    peer_reports(bench, seq, ack, ack - OLD_BYTE(n));
}

/* ---- the segments ---- */

static void each_harmless_probe_has_numbers_that_move_nothing(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; probe all; wait 1s");
    run_until(&bench, 20 * MS);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 . seq 4294966273:4294966274 ack 3221225473; ");
    peer_reports_probe(&bench, 0, 1, 1);
    run_until(&bench, 25 * MS);
    assert_non_null(strstr(bench.sent, "20 . seq 1 ack 3221225472; "));
    peer(&bench, TCP_ACK, 1, 1, 0);
    run_until(&bench, 700 * MS);
    assert_non_null(strstr(bench.sent, "620 none seq 4294967293; "));
    peer(&bench, TCP_ACK, 1, 1, 0);
    run_until(&bench, 5 * NANOS_PER_S);
    /* A copy of our SYN would be none of them any more. */
    assert_null(strstr(bench.sent + 10, " S seq"));
    assert_false(told(&bench, "note probe-unanswered"));
}

static void before_our_ack_a_copy_of_our_syn_is_one_of_them(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "syn; expect S.; probe all; wait 1s");
    run_until(&bench, 20 * MS);
    peer_refuses(&bench, 0);
    run_until(&bench, 620 * MS);
    peer(&bench, TCP_ACK, 1, 1, 0);
    run_until(&bench, 1220 * MS);
    peer(&bench, TCP_SYN | TCP_ACK, 0, 1, 0);
    run_until(&bench, 2 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 3221225473; 610 none seq 4294967294; 1210 S seq 0; ");
    assert_true(told(&bench, "peer SYN-RECEIVED proven syn-acked"));
}

/* Each has a number of its own, so that what answers it answers no other, in one step or in several. */
static void no_number_is_used_twice(void **state)
{
    struct bench bench;
    char once[64];

    (void)state;
    open_with_sack(&bench, "open; probe all; probe all; wait 1s");
    run_until(&bench, 10 * NANOS_PER_S);
    for (unsigned n = 0; n < 14; n++) {
        snprintf(once, sizeof(once), " ack %u;", OLD_ACK(n));
        assert_true(!strstr(bench.sent, once) || !strstr(strstr(bench.sent, once) + 1, once));
        snprintf(once, sizeof(once), " seq %u:", BELOW(OLD_BYTE(n) - 1));
        assert_true(!strstr(bench.sent, once) || !strstr(strstr(bench.sent, once) + 1, once));
        snprintf(once, sizeof(once), " none seq %u;", BELOW(1 + n));
        assert_true(!strstr(bench.sent, once) || !strstr(strstr(bench.sent, once) + 1, once));
    }
    snprintf(once, sizeof(once), " seq %u:", BELOW(OLD_BYTE(7) - 1));
    assert_non_null(strstr(bench.sent, once));
}

/* RST of a closed port to a segment without flags has the number one past it. Our SYN's would prove nothing. */
static void a_bare_probe_never_has_the_number_of_our_syn(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; auto ack off; half-close; probe all");
    run_until(&bench, 20 * MS);
    peer(&bench, TCP_ACK, 1, 2, 0);
    run_until(&bench, 30 * MS);
    peer_reports_probe(&bench, 0, 1, 2);
    run_until(&bench, 40 * MS);
    peer(&bench, TCP_ACK, 1, 2, 0);
    run_until(&bench, 700 * MS);
    assert_non_null(strstr(bench.sent, " none seq 4294967293; "));
    /* Its own number is the one before its initial number: 0 as it stands. */
    peer(&bench, RST_ACK, BELOW(5000), BELOW(3), 0);
    assert_true(told(&bench, "peer LISTEN or CLOSED proven bare-refused"));
}

static void destructive_probes_continue_our_numbers(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; probe destructive; wait 1s");
    run_until(&bench, 20 * MS);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 P. seq 1:2 ack 1; ");
    peer(&bench, TCP_ACK, 1, 2, 0);
    run_until(&bench, 30 * MS);
    assert_non_null(strstr(bench.sent, "20 S seq 2; "));
    peer(&bench, TCP_ACK, 1, 2, 0);
    run_until(&bench, 630 * MS);
    assert_non_null(strstr(bench.sent, "620 R seq 3; "));
    peer(&bench, TCP_ACK, 1, 2, 0);
    run_until(&bench, 5 * NANOS_PER_S);
    assert_int_equal(times_told(&bench, "note probe-destructive"), 3);
    assert_true(told(&bench, "peer ESTABLISHED proven data-acked"));
    /* Each only once. */
    assert_string_equal(strstr(bench.sent, "20 S seq 2; "), "20 S seq 2; 620 R seq 3; 1630 R. seq 2 ack 1; ");
}

static void destructive_probes_leave_out_the_byte_behind_our_fin(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; half-close; probe destructive; wait 1s");
    run_until(&bench, 20 * MS);
    peer(&bench, TCP_ACK, 1, 2, 0);
    run_until(&bench, 3 * NANOS_PER_S);
    assert_int_equal(times_told(&bench, "note probe-destructive"), 2);
    assert_non_null(strstr(bench.sent, "20 S seq 2; 620 R seq 3; "));
    assert_null(strstr(bench.sent, "P."));
}

static void nothing_is_left_to_destroy(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; send \"x\"; wait 15ms; probe; probe destructive");
    run_until(&bench, 20 * MS);
    peer(&bench, TCP_ACK, 1, 2, 0);
    run_until(&bench, 30 * MS);
    peer_refuses(&bench, 0);
    assert_true(told(&bench, "peer LISTEN or CLOSED proven rst-no-connection"));
    run_until(&bench, 5 * NANOS_PER_S);
    assert_false(told(&bench, "note probe-destructive"));
}

/* It would move the peer: what was withheld stays so. */
static void a_probe_acknowledges_nothing_new(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; auto ack off; expect F.; probe all; probe destructive; wait 1s");
    run_until(&bench, 20 * MS);
    peer(&bench, FIN_ACK, 1, 1, 0);
    run_until(&bench, 10 * NANOS_PER_S);
    assert_non_null(strstr(bench.sent, "none"));
    assert_non_null(strstr(bench.sent, "P. seq 1:2 ack 1; "));
    assert_non_null(strstr(bench.sent, " R seq 3; "));
    assert_null(strstr(bench.sent, " ack 2; "));
}

static void nor_before_the_third_ack(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "syn; expect S.; probe all; probe destructive; wait 60s");
    run_until(&bench, 15 * NANOS_PER_S);
    assert_non_null(strstr(bench.sent, " S seq 0; "));
    assert_null(strstr(bench.sent, " ack 1; "));
    assert_false(told(&bench, "peer ESTABLISHED"));
}

/* Its probes and what they are answered with: the ACK that was due all the time leaves when it is asked for. */
static void what_was_due_is_still_due_after_it(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; auto ack off; expect F.; probe; auto ack on; ack; wait 100ms");
    run_until(&bench, 20 * MS);
    peer(&bench, FIN_ACK, 1, 1, 0);
    run_until(&bench, 30 * MS);
    peer_reports_probe(&bench, 0, 2, 1);
    run_until(&bench, 1 * NANOS_PER_S);
    assert_non_null(strstr(bench.sent, " . seq 1 ack 2; "));
}

/* ---- how often ---- */

static void an_old_byte_is_tried_three_times(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; probe; wait 1s");
    run_until(&bench, 1 * NANOS_PER_S);
    /* Four round trips of 10 ms are less than the least; then an old acknowledgement, which some pass over, twice. */
    assert_string_equal(
        bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 . seq 4294966273:4294966274 ack 3221225473; "
                    "60 . seq 4294966271:4294966272 ack 3221225472; 110 . seq 4294966269:4294966270 ack 3221225471; "
                    "160 . seq 1 ack 3221225470; 760 . seq 1 ack 3221225469; ");
    assert_true(told(&bench, "note probe-unanswered"));
    assert_int_equal(times_told(&bench, "note "), 1);
}

static void an_answer_is_awaited_for_four_round_trips(void **state)
{
    struct bench bench;

    (void)state;
    bench_script(&bench, "open; probe; wait 1s");
    bench.settings.tcb.options |= TCP_OPT_SACK_PERMITTED;
    bench_start(&bench);
    bench_open(&bench, 100 * MS);
    run_until(&bench, 499 * MS);
    assert_string_equal(bench.sent, "0 S seq 0; 100 . seq 1 ack 1; 100 . seq 4294966273:4294966274 ack 3221225473; ");
    run_until(&bench, 501 * MS);
    assert_non_null(strstr(bench.sent, "500 . seq 4294966271:4294966272 "));
}

static void probes_with_a_limited_answer_are_spaced_also_between_steps(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; probe all; probe all; wait 1s");
    for (unsigned n = 0; n < 200; n++) {
        run_until(&bench, (20 + 20 * (nanos)n) * MS);
        peer(&bench, TCP_ACK, 1, 1, 0); /* whatever it is, it is answered */
    }
    /* Only the old bytes do not wait. */
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 . seq 4294966273:4294966274 ack 3221225473; "
                                    "20 . seq 1 ack 3221225472; 620 none seq 4294967293; "
                                    "620 . seq 4294966267:4294966268 ack 3221225470; "
                                    "1220 . seq 1 ack 3221225469; 1820 none seq 4294967290; 2820 R. seq 1 ack 1; ");
}

/* ---- what is told ---- */

static void what_is_proven_once_more_is_said_to_be_so(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; send \"x\"; wait 15ms; probe; wait 100ms");
    run_until(&bench, 20 * MS);
    peer(&bench, TCP_ACK, 1, 2, 0);
    run_until(&bench, 30 * MS);
    assert_false(told(&bench, "note probe-confirms"));
    peer_reports_probe(&bench, 0, 1, 2);
    assert_true(told(&bench, "note probe-confirms"));
    assert_int_equal(times_told(&bench, "note "), 1);
    assert_int_equal(times_told(&bench, "peer ESTABLISHED proven data-acked"), 1);
}

static void a_claim_of_its_own_needs_no_note(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; probe; wait 100ms");
    run_until(&bench, 20 * MS);
    peer_reports_probe(&bench, 0, 1, 1);
    run_until(&bench, 1 * NANOS_PER_S);
    assert_true(told(&bench, "peer ESTABLISHED proven sack-seen"));
    assert_int_equal(times_told(&bench, "note "), 0);
}

/* An ACK that reports nothing, to the byte and to all that is tried after it. */
static void what_no_answer_tells_apart_is_said_to_be_so(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; wait 10ms; probe; wait 100ms");
    run_until(&bench, 30 * MS);
    peer(&bench, TCP_ACK, 1, 1, 0);
    run_until(&bench, 2 * NANOS_PER_S);
    assert_true(told(&bench, "peer SYN-RECEIVED or ESTABLISHED proven ack-seen"));
    assert_true(told(&bench, "note probe-undecided"));
}

/* One probe was answered, the other was not: something answered. */
static void one_answer_is_enough_not_to_be_unanswered(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; wait 10ms; probe all; wait 100ms");
    run_until(&bench, 30 * MS);
    peer(&bench, TCP_ACK, 1, 1, 0);
    run_until(&bench, 5 * NANOS_PER_S);
    assert_true(walk_ended(&bench.walk));
    assert_false(told(&bench, "note probe-unanswered"));
}

/* The peer may say something of its own meanwhile, which is no answer. */
static void data_is_no_answer(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; probe; wait 100ms");
    run_until(&bench, 20 * MS);
    peer(&bench, TCP_ACK | TCP_PSH, 1, 1, 5);
    run_until(&bench, 100 * MS);
    assert_non_null(strstr(bench.sent, "60 . seq 4294966271:4294966272 "));
}

static void nor_is_a_fin(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "auto probe on; open; wait 100ms");
    run_until(&bench, 20 * MS);
    peer(&bench, FIN_ACK, 1, 1, 0);
    assert_string_equal(strstr(bench.sent, "20 "), "20 . seq 1 ack 2; ");
    run_until(&bench, 55 * MS);
    assert_string_equal(strstr(bench.sent, "20 "), "20 . seq 1 ack 2; ");
    run_until(&bench, 65 * MS);
    assert_non_null(strstr(bench.sent, "60 . seq 4294966271:4294966272 "));
}

/* Its FIN comes while it is asked whether it is open, and we acknowledge that: where is it now? */
static void what_moves_it_meanwhile_is_asked_for_as_well(void **state)
{
    struct bench bench;

    (void)state;
    open_with(&bench, "auto probe on; open; wait 100ms", TCP_OPT_SACK_PERMITTED | TCP_OPT_TIMESTAMPS);
    run_until(&bench, 20 * MS);
    peer(&bench, FIN_ACK, 1, 1, 0);
    run_until(&bench, 21 * MS);
    peer_reports_probe(&bench, 0, 2, 1); /* left before our ACK arrived */
    run_until(&bench, 22 * MS);
    assert_non_null(strstr(bench.sent, "21 . seq 4294966271:4294966272 "));
    bench.its_tsecr = bench.walk.tcb.tsval_last - 1; /* of our ACK: the last one is the probe's */
    peer_reports_probe(&bench, 1, 2, 1);
    assert_true(told(&bench, "peer FIN-WAIT-2 proven fin-receipt"));
    run_until(&bench, 1 * NANOS_PER_S);
    assert_int_equal(times_told(&bench, "note "), 0);
}

static void there_must_be_a_connection(void **state)
{
    struct bench bench;

    (void)state;
    bench_script(&bench, "syn; probe");
    bench_start(&bench);
    run_until(&bench, 5 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 0 R seq 1; ");
    assert_int_equal(bench.end.status, STATUS_EXPECTATION);
    assert_string_equal(bench.why, "a probe needs a connection: the peer has not acknowledged our SYN");
}

/* It is over for us: whether it is for the peer is what is asked. */
static void it_may_be_asked_after_an_abort(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; abort; probe");
    run_until(&bench, 20 * MS);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 R. seq 1 ack 1; "
                                    "10 . seq 4294966273:4294966274 ack 3221225473; ");
    peer_refuses(&bench, 0);
    /* That it was open was never proven: it may have gone back to where it was. */
    assert_true(told(&bench, "peer LISTEN or SYN-RECEIVED or CLOSED proven ack-refused"));
    run_until(&bench, 5 * NANOS_PER_S);
    assert_end(&bench, 0, OUTCOME_OPENED, "ShARDrA");
}

static void it_may_show_that_our_reset_was_lost(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; abort; probe");
    run_until(&bench, 20 * MS);
    peer_reports_probe(&bench, 0, 1, 1);
    assert_true(told(&bench, "peer ESTABLISHED refuted sack-seen"));
}

/* ---- RST ---- */

/* Its number is none that our end would take: the claim alone says so, until something of ours is refused in earnest. */
static void a_refused_probe_proves_that_the_connection_is_gone(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; send \"x\"; wait 15ms; probe; half-close");
    run_until(&bench, 20 * MS);
    peer(&bench, TCP_ACK, 1, 2, 0);
    run_until(&bench, 30 * MS);
    peer_refuses(&bench, 0);
    assert_true(told(&bench, "peer LISTEN or CLOSED proven rst-no-connection"));
    run_until(&bench, 2 * NANOS_PER_S);
    assert_non_null(strstr(bench.sent, " F. seq 2 ack 1; "));
    peer(&bench, TCP_RST, 1, 0, 0);
    run_until(&bench, 3 * NANOS_PER_S);
    assert_int_equal(bench.end.status, STATUS_RESET);
    assert_int_equal(bench.end.outcome, OUTCOME_RESET);
}

static void an_exact_reset_ends_the_walk_in_the_midst_of_a_probe(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; probe; wait 1s");
    run_until(&bench, 20 * MS);
    peer(&bench, RST_ACK, 1, 1, 0);
    run_until(&bench, 3 * NANOS_PER_S);
    assert_string_equal(bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 . seq 4294966273:4294966274 ack 3221225473; ");
    assert_end(&bench, 4, OUTCOME_RESET, "ShADr");
    assert_string_equal(bench.why, "its application aborted, or closed with data unread");
}

static void an_exact_reset_ends_the_walk_behind_a_step_too(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "auto probe on; open; wait 1s");
    run_until(&bench, 20 * MS);
    peer(&bench, RST_ACK, 1, 1, 0);
    run_until(&bench, 3 * NANOS_PER_S);
    assert_end(&bench, 4, OUTCOME_RESET, "ShADr");
}

/* ---- auto probe ---- */

/* How many old bytes have left. */
static unsigned old_bytes(const struct bench *bench)
{
    unsigned count = 0;

    for (const char *at = strstr(bench->sent, " . seq 429496"); at; at = strstr(at + 1, " . seq 429496"))
        count++;
    return count;
}

static void it_is_off_unless_asked_for(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; half-close");
    run_until(&bench, 20 * MS);
    assert_int_equal(old_bytes(&bench), 0);
}

static void it_asks_behind_each_step_that_leaves_a_presumption(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "auto probe on; open; half-close; drain; linger");
    run_until(&bench, 20 * MS);
    assert_int_equal(old_bytes(&bench), 1);
    assert_null(strstr(bench.sent, "F."));
    peer_reports_probe(&bench, 0, 1, 1);
    run_until(&bench, 25 * MS);
    assert_non_null(strstr(bench.sent, "20 F. seq 1 ack 1; "));
    run_until(&bench, 30 * MS);
    peer(&bench, TCP_ACK, 1, 2, 0); /* CLOSE-WAIT, proven: nothing to ask */
    run_until(&bench, 500 * MS);
    assert_int_equal(old_bytes(&bench), 1);
    peer(&bench, FIN_ACK, 1, 2, 0);
    run_until(&bench, 510 * MS);
    assert_int_equal(old_bytes(&bench), 2); /* behind drain */
    assert_true(told(&bench, "peer CLOSED presumed fin-ack-sent"));
}

static void it_asks_behind_the_phases_of_a_close_as_well(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "auto probe on; open; close");
    run_until(&bench, 20 * MS);
    peer_reports_probe(&bench, 0, 1, 1);
    run_until(&bench, 30 * MS);
    peer(&bench, FIN_ACK, 1, 2, 0);
    run_until(&bench, 40 * MS);
    assert_int_equal(old_bytes(&bench), 2);
}

static void it_can_be_switched_off_again(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "auto probe on; auto probe off; open; half-close");
    run_until(&bench, 20 * MS);
    assert_int_equal(old_bytes(&bench), 0);
}

/* Nothing answers: it asks once for each claim, however many steps leave it as it is. */
static void it_asks_about_no_claim_twice(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "auto probe on; open; wait 10ms; wait 10ms; wait 10ms");
    run_until(&bench, 5 * NANOS_PER_S);
    assert_true(walk_ended(&bench.walk));
    assert_int_equal(old_bytes(&bench), 3);
    assert_int_equal(times_told(&bench, "note probe-unanswered"), 1);
}

static void it_does_not_ask_behind_a_probe_or_before_a_connection(void **state)
{
    struct bench bench;

    (void)state;
    bench_script(&bench, "listen; auto probe on; expect S; synack; wait 10ms");
    bench.settings.tcb.options |= TCP_OPT_SACK_PERMITTED;
    bench_start(&bench);
    run_until(&bench, 10 * MS);
    assert_string_equal(bench.sent, "");
    open_with_sack(&bench, "auto probe on; open; probe");
    run_until(&bench, 20 * MS);
    peer_reports_probe(&bench, 0, 1, 1); /* to the unasked one */
    run_until(&bench, 30 * MS);
    peer_reports_probe(&bench, 1, 1, 1); /* to the step */
    run_until(&bench, 1 * NANOS_PER_S);
    assert_int_equal(old_bytes(&bench), 2);
}

/* It gives up sooner than a step does: what can be passed over in silence is asked once. */
static void unasked_it_tries_once_where_silence_can_be_the_answer(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "auto probe on; open; wait 1s");
    run_until(&bench, 1 * NANOS_PER_S);
    assert_string_equal(
        bench.sent, "0 S seq 0; 10 . seq 1 ack 1; 10 . seq 4294966273:4294966274 ack 3221225473; "
                    "60 . seq 4294966271:4294966272 ack 3221225472; 110 . seq 4294966269:4294966270 ack 3221225471; "
                    "160 . seq 1 ack 3221225470; ");
}

/* What answers a probe that no step asked for is no business of the steps. */
static void expectations_pass_over_its_answers(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "auto probe on; open; expect nothing for 100ms; expect . ack=+2 within 1s");
    run_until(&bench, 20 * MS);
    peer_reports_probe(&bench, 0, 1, 1);
    run_until(&bench, 200 * MS);
    assert_true(told(&bench, "met expect nothing for 100ms"));
    open_with_sack(&bench, "auto probe on; open; expect . within 100ms");
    run_until(&bench, 20 * MS);
    peer_reports_probe(&bench, 0, 1, 1);
    run_until(&bench, 200 * MS);
    assert_true(told(&bench, "not met expect . within 100ms: nothing came"));
    /* But a step's own are. */
    open_with_sack(&bench, "open; probe; expect . within 100ms");
    run_until(&bench, 20 * MS);
    peer_reports_probe(&bench, 0, 1, 1);
    run_until(&bench, 200 * MS);
    assert_true(told(&bench, "met expect . within 100ms"));
}

/* ... and what brings news meanwhile is. */
static void expectations_see_what_else_comes_meanwhile(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "auto probe on; open; expect F. within 100ms");
    run_until(&bench, 20 * MS);
    peer(&bench, FIN_ACK, 1, 1, 0);
    run_until(&bench, 1 * NANOS_PER_S);
    assert_true(told(&bench, "met expect F. within 100ms"));
}

/* ---- the end of a close ---- */

/* TIME-WAIT is there to answer a repeated FIN: from whom? */
static void the_linger_ends_when_the_peer_is_gone(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "auto probe on; open; close");
    bench.walk.settings.linger = 10 * NANOS_PER_S;
    run_until(&bench, 20 * MS);
    peer_reports_probe(&bench, 0, 1, 1);
    run_until(&bench, 30 * MS);
    peer(&bench, TCP_ACK, 1, 2, 0);
    run_until(&bench, 40 * MS);
    peer(&bench, FIN_ACK, 1, 2, 0);
    run_until(&bench, 50 * MS);
    peer_refuses(&bench, 1);
    assert_true(told(&bench, "peer LISTEN or CLOSED proven rst-no-connection"));
    run_until(&bench, 150 * MS); /* does it listen? That is asked, and not waited for long */
    assert_end(&bench, 0, OUTCOME_CLOSED, "ShADaFafADrA");
}

static void the_linger_goes_on_while_it_may_be_there(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "auto probe on; open; close");
    run_until(&bench, 20 * MS);
    peer_reports_probe(&bench, 0, 1, 1);
    run_until(&bench, 30 * MS);
    peer(&bench, TCP_ACK, 1, 2, 0);
    run_until(&bench, 40 * MS);
    peer(&bench, FIN_ACK, 1, 2, 0);
    run_until(&bench, 310 * MS);
    assert_false(walk_ended(&bench.walk));
    run_until(&bench, 2 * NANOS_PER_S);
    assert_true(walk_ended(&bench.walk));
    assert_int_equal(bench.end.status, STATUS_DONE);
}

/* ---- by name ---- */

/* How often this was sent. */
static unsigned times(const struct bench *bench, const char *what)
{
    unsigned count = 0;

    for (const char *at = strstr(bench->sent, what); at; at = strstr(at + 1, what))
        count++;
    return count;
}

/* Silence is as good an answer as any to who asks once: it is not tried again. */
static void one_that_is_named_is_sent_once(void **state)
{
    static const struct {
        const char *name, *sent;
    } rows[] = {{"old-byte", "10 . seq 4294966273:4294966274 ack 3221225473; "},
                {"old-ack", "10 . seq 1 ack 3221225473; "},
                {"bare", "10 none seq 4294967295; "}};
    char script[64];
    struct bench bench;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(script, sizeof(script), "open; probe %s; wait 3s", rows[i].name);
        open_with_sack(&bench, script);
        run_until(&bench, 2500 * MS);
        assert_int_equal(times(&bench, "; "), 3);
        assert_non_null(strstr(bench.sent, rows[i].sent));
    }
}

/* Its answer ends it at once, and nothing else is asked, whatever that leaves open. */
static void the_answer_to_a_named_one_ends_it(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; probe old-byte; segment . seq=+7; wait 1s");
    run_until(&bench, 20 * MS);
    peer(&bench, TCP_ACK, 1, 1, 0);
    run_until(&bench, 21 * MS);
    assert_non_null(strstr(bench.sent, "20 . seq 7"));
    assert_int_equal(times(&bench, "; "), 4);
}

static void what_limits_answers_spaces_named_ones_as_well(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "open; probe bare; probe bare; probe old-byte; probe old-ack; wait 1s");
    run_until(&bench, 4 * NANOS_PER_S);
    /* 600 ms between those without payload; an old byte is answered always */
    assert_non_null(strstr(bench.sent, "10 none seq 4294967295; 610 none seq 4294967294; 660 . seq "));
    assert_non_null(strstr(bench.sent, "; 1210 . seq 1 ack "));
}

static void a_named_one_that_does_not_fit_is_refused(void **state)
{
    static const struct {
        const char *script, *why;
    } rows[] = {
        {"probe bare", "not met probe bare: a probe needs a connection"},
        {"open; probe syn-copy",
         "not met probe syn-copy: a copy of our SYN fits only while the peer is in SYN-RECEIVED"},
        {"syn; expect S.; probe old-byte", "not met probe old-byte: an old byte could open the connection"},
    };
    struct bench bench;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        open_with_sack(&bench, rows[i].script);
        if (i == 1)
            peer_reports_probe(&bench, 0, 1, 1);
        run_until(&bench, 2 * NANOS_PER_S);
        if (!told(&bench, rows[i].why))
            fail_msg("%s: %s", rows[i].script, bench.log);
        assert_int_equal(bench.end.status, STATUS_EXPECTATION);
    }
}

static void before_our_ack_a_copy_of_our_syn_can_be_named(void **state)
{
    struct bench bench;

    (void)state;
    open_with_sack(&bench, "auto ack off; syn; expect S.; probe syn-copy; wait 2s");
    run_until(&bench, 900 * MS);
    assert_string_equal(bench.sent, "0 S seq 0; 10 S seq 0; ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_named_is_sent_once),
        cmocka_unit_test(the_answer_to_a_named_one_ends_it),
        cmocka_unit_test(what_limits_answers_spaces_named_ones_as_well),
        cmocka_unit_test(a_named_one_that_does_not_fit_is_refused),
        cmocka_unit_test(before_our_ack_a_copy_of_our_syn_can_be_named),
        cmocka_unit_test(each_harmless_probe_has_numbers_that_move_nothing),
        cmocka_unit_test(before_our_ack_a_copy_of_our_syn_is_one_of_them),
        cmocka_unit_test(no_number_is_used_twice),
        cmocka_unit_test(a_bare_probe_never_has_the_number_of_our_syn),
        cmocka_unit_test(destructive_probes_continue_our_numbers),
        cmocka_unit_test(destructive_probes_leave_out_the_byte_behind_our_fin),
        cmocka_unit_test(nothing_is_left_to_destroy),
        cmocka_unit_test(a_probe_acknowledges_nothing_new),
        cmocka_unit_test(nor_before_the_third_ack),
        cmocka_unit_test(what_was_due_is_still_due_after_it),
        cmocka_unit_test(an_old_byte_is_tried_three_times),
        cmocka_unit_test(an_answer_is_awaited_for_four_round_trips),
        cmocka_unit_test(probes_with_a_limited_answer_are_spaced_also_between_steps),
        cmocka_unit_test(what_is_proven_once_more_is_said_to_be_so),
        cmocka_unit_test(a_claim_of_its_own_needs_no_note),
        cmocka_unit_test(what_no_answer_tells_apart_is_said_to_be_so),
        cmocka_unit_test(one_answer_is_enough_not_to_be_unanswered),
        cmocka_unit_test(data_is_no_answer),
        cmocka_unit_test(nor_is_a_fin),
        cmocka_unit_test(what_moves_it_meanwhile_is_asked_for_as_well),
        cmocka_unit_test(there_must_be_a_connection),
        cmocka_unit_test(it_may_be_asked_after_an_abort),
        cmocka_unit_test(it_may_show_that_our_reset_was_lost),
        cmocka_unit_test(a_refused_probe_proves_that_the_connection_is_gone),
        cmocka_unit_test(an_exact_reset_ends_the_walk_in_the_midst_of_a_probe),
        cmocka_unit_test(an_exact_reset_ends_the_walk_behind_a_step_too),
        cmocka_unit_test(it_is_off_unless_asked_for),
        cmocka_unit_test(it_asks_behind_each_step_that_leaves_a_presumption),
        cmocka_unit_test(it_asks_behind_the_phases_of_a_close_as_well),
        cmocka_unit_test(it_can_be_switched_off_again),
        cmocka_unit_test(it_asks_about_no_claim_twice),
        cmocka_unit_test(it_does_not_ask_behind_a_probe_or_before_a_connection),
        cmocka_unit_test(unasked_it_tries_once_where_silence_can_be_the_answer),
        cmocka_unit_test(expectations_pass_over_its_answers),
        cmocka_unit_test(expectations_see_what_else_comes_meanwhile),
        cmocka_unit_test(the_linger_ends_when_the_peer_is_gone),
        cmocka_unit_test(the_linger_goes_on_while_it_may_be_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
