/* src/walk/tcb.h: how our end closes, what it makes of what arrives, and resets both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tcb_bench.h"

static void we_close_first(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    tcb_send(&end.tcb, bytes, 5);
    tcb_close(&end.tcb);
    expect(&end, "P. seq 1:6 ack 1 win 64240");
    expect(&end, "F. seq 6 ack 1 win 64240");
    assert_false(end.repeated);
    expect(&end, NULL);
    assert_int_equal(end.tcb.state, FIN_WAIT_1);
    assert_int_equal(arrives(&end, TCP_ACK, 1, 6, 0), TCB_PROGRESS);
    tcb_retransmit(&end.tcb);
    expect(&end, "F. seq 6 ack 1 win 64240");
    assert_true(end.repeated);
    assert_int_equal(arrives(&end, TCP_ACK, 1, 7, 0), TCB_PROGRESS | TCB_FIN_ACKED);
    assert_int_equal(end.tcb.state, FIN_WAIT_2);
    assert_int_equal(arrives(&end, TCP_ACK | TCP_PSH, 1, 7, 9), TCB_DATA); /* half-closed: data still flows */
    expect(&end, ". seq 7 ack 10 win 64240");
    assert_int_equal(arrives(&end, TCP_FIN | TCP_ACK, 10, 7, 0), TCB_ITS_FIN);
    assert_int_equal(end.tcb.state, TIME_WAIT);
    expect(&end, ". seq 7 ack 11 win 64240");
    assert_int_equal(arrives(&end, TCP_FIN | TCP_ACK, 10, 7, 0), TCB_REPEATED); /* our last ACK was lost */
    expect(&end, ". seq 7 ack 11 win 64240");
    assert_int_equal(end.tcb.bytes_in, 9);
    assert_false(tcb_unacknowledged(&end.tcb));
    tcb_abort(&end.tcb); /* in TIME-WAIT the peer is left alone */
    expect(&end, NULL);
}

static void peer_closes_first(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    assert_int_equal(arrives(&end, TCP_FIN | TCP_ACK | TCP_PSH, 1, 1, 26), TCB_ITS_FIN | TCB_DATA);
    assert_int_equal(end.tcb.state, CLOSE_WAIT);
    expect(&end, ". seq 1 ack 28 win 64240");
    tcb_send(&end.tcb, bytes, 3); /* our direction still flows */
    expect(&end, "P. seq 1:4 ack 28 win 64240");
    tcb_close(&end.tcb);
    expect(&end, "F. seq 4 ack 28 win 64240");
    assert_int_equal(end.tcb.state, LAST_ACK);
    assert_int_equal(arrives(&end, TCP_ACK, 28, 5, 0), TCB_PROGRESS | TCB_FIN_ACKED);
    assert_int_equal(end.tcb.state, CLOSED);
    assert_int_equal(end.tcb.bytes_in, 26);
    expect(&end, NULL);
}

static void simultaneous_close(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    tcb_close(&end.tcb);
    expect(&end, "F. seq 1 ack 1 win 64240");
    assert_int_equal(arrives(&end, TCP_FIN | TCP_ACK, 1, 1, 0), TCB_ITS_FIN);
    assert_int_equal(end.tcb.state, CLOSING);
    expect(&end, ". seq 2 ack 2 win 64240");
    assert_int_equal(arrives(&end, TCP_ACK, 2, 2, 0), TCB_PROGRESS | TCB_FIN_ACKED);
    assert_int_equal(end.tcb.state, TIME_WAIT);
}

static void fin_and_ack_in_one(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    tcb_close(&end.tcb);
    expect(&end, "F. seq 1 ack 1 win 64240");
    assert_int_equal(arrives(&end, TCP_FIN | TCP_ACK, 1, 2, 0), TCB_PROGRESS | TCB_FIN_ACKED | TCB_ITS_FIN);
    assert_int_equal(end.tcb.state, TIME_WAIT);
    expect(&end, ". seq 2 ack 2 win 64240");
}

/* A CLOSE before the open is complete waits for it; the open's ACK leaves by itself, so that it can be seen. */
static void close_waits_for_the_open(void **state)
{
    const struct tcb_settings settings = settings_with(OPTIONS_PLAIN);
    struct end end;

    (void)state;
    end_init(&end, &settings);
    tcb_open(&end.tcb);
    tcb_send(&end.tcb, bytes, 2);
    tcb_close(&end.tcb);
    expect(&end, "S seq 0 win 64240 mss 1460");
    expect(&end, NULL);
    syn_arrives(&end, TCP_SYN | TCP_ACK, OPTIONS_PLAIN);
    expect(&end, ". seq 1 ack 1 win 64240");
    expect(&end, "P. seq 1:3 ack 1 win 64240");
    expect(&end, "F. seq 3 ack 1 win 64240");
}

/* RFC 2018 4: the newest block first, three of them beside timestamps. */
static void gaps_are_reported_by_sack(void **state)
{
    struct end end;

    (void)state;
    open_full(&end);
    assert_int_equal(arrives(&end, TCP_ACK, 11, 1, 10), TCB_GAP);
    /* TSecr stays: RFC 7323 4.3 takes it only from what is in order */
    expect(&end, ". seq 1 ack 1 win 501 ts 2 900 sack 11-21");
    arrives(&end, TCP_ACK, 31, 1, 10);
    expect(&end, ". seq 1 ack 1 win 501 ts 3 900 sack 31-41 sack 11-21");
    arrives(&end, TCP_ACK, 51, 1, 10);
    expect(&end, ". seq 1 ack 1 win 501 ts 4 900 sack 51-61 sack 31-41 sack 11-21");
    arrives(&end, TCP_ACK, 71, 1, 10);
    expect(&end, ". seq 1 ack 1 win 501 ts 5 900 sack 71-81 sack 51-61 sack 31-41");
    arrives(&end, TCP_ACK, 21, 1, 10); /* joins two */
    expect(&end, ". seq 1 ack 1 win 501 ts 6 900 sack 11-41 sack 71-81 sack 51-61");
    assert_int_equal(arrives(&end, TCP_ACK, 1, 1, 10), TCB_DATA);
    expect(&end, ". seq 1 ack 41 win 501 ts 7 906 sack 71-81 sack 51-61");
    assert_int_equal(end.tcb.bytes_in, 40);
    arrives(&end, TCP_ACK, 41, 1, 40);
    expect(&end, ". seq 1 ack 81 win 501 ts 8 907");
    assert_int_equal(end.tcb.bytes_in, 80);
}

static void no_sack_unless_agreed(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    assert_int_equal(arrives(&end, TCP_ACK, 11, 1, 10), TCB_GAP);
    expect(&end, ". seq 1 ack 1 win 64240");
    assert_int_equal(arrives(&end, TCP_ACK, 1, 1, 10), TCB_DATA);
    expect(&end, ". seq 1 ack 21 win 64240");
    assert_int_equal(arrives(&end, TCP_ACK, 1, 1, 20), TCB_REPEATED);
    expect(&end, ". seq 1 ack 21 win 64240");
    assert_int_equal(arrives(&end, TCP_ACK, 11, 1, 20), TCB_DATA); /* half old, half new */
    expect(&end, ". seq 1 ack 31 win 64240");
    assert_int_equal(end.tcb.bytes_in, 30);
}

static void more_gaps_than_can_be_kept(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    for (unsigned i = 1; i <= 2 * TCB_RANGES; i++) {
        assert_int_equal(arrives(&end, TCP_ACK, 1 + i * 20, 1, 10), TCB_GAP);
        expect(&end, ". seq 1 ack 1 win 64240");
    }
    for (unsigned at = 1; at < 1 + 2 * TCB_RANGES * 20 + 10; at += 10)
        arrives(&end, TCP_ACK, at, 1, 10);
    expect(&end, ". seq 1 ack 331 win 64240");
    assert_int_equal(end.tcb.bytes_in, 330);
}

static void fin_beyond_a_gap_waits(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    assert_int_equal(arrives(&end, TCP_FIN | TCP_ACK, 11, 1, 10), TCB_GAP);
    assert_int_equal(end.tcb.state, ESTABLISHED);
    expect(&end, ". seq 1 ack 1 win 64240");
    assert_int_equal(arrives(&end, TCP_ACK, 1, 1, 10), TCB_DATA | TCB_ITS_FIN);
    assert_int_equal(end.tcb.state, CLOSE_WAIT);
    expect(&end, ". seq 1 ack 22 win 64240");
    assert_int_equal(end.tcb.bytes_in, 20);
}

/* A bare FIN beyond a gap, and the gap filled by one segment that reaches over it again. */
static void bare_fin_beyond_a_gap(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    tcb_close(&end.tcb);
    expect(&end, "F. seq 1 ack 1 win 64240");
    assert_int_equal(arrives(&end, TCP_FIN | TCP_ACK, 21, 2, 0), TCB_PROGRESS | TCB_FIN_ACKED | TCB_GAP);
    assert_int_equal(end.tcb.state, FIN_WAIT_2);
    expect(&end, ". seq 2 ack 1 win 64240");
    assert_int_equal(arrives(&end, TCP_FIN | TCP_ACK, 1, 2, 20), TCB_DATA | TCB_ITS_FIN);
    assert_int_equal(end.tcb.state, TIME_WAIT);
    expect(&end, ". seq 2 ack 22 win 64240");
    assert_int_equal(end.tcb.bytes_in, 20);
}

static void what_lies_beyond_the_window_is_cut(void **state)
{
    struct tcb_settings settings = settings_with(OPTIONS_PLAIN);
    struct end end;

    (void)state;
    settings.window = 100;
    end_init(&end, &settings);
    tcb_open(&end.tcb);
    expect(&end, "S seq 0 win 100 mss 1460");
    syn_arrives(&end, TCP_SYN | TCP_ACK, OPTIONS_PLAIN);
    expect(&end, ". seq 1 ack 1 win 100");
    assert_int_equal(arrives(&end, TCP_FIN | TCP_ACK, 1, 1, 150), TCB_DATA);
    assert_int_equal(end.tcb.state, ESTABLISHED); /* the FIN was beyond it */
    expect(&end, ". seq 1 ack 101 win 100");
    assert_int_equal(arrives(&end, TCP_ACK, 201, 1, 10), TCB_OUTSIDE);
    expect(&end, ". seq 1 ack 101 win 100");
    assert_int_equal(arrives(&end, TCP_FIN | TCP_ACK, 101, 1, 50), TCB_DATA | TCB_ITS_FIN);
    expect(&end, ". seq 1 ack 152 win 100");
}

/* RFC 7323 5.3: a segment with an old timestamp is not taken, though its numbers are. */
static void paws(void **state)
{
    struct end end;

    (void)state;
    open_full(&end);
    arrives(&end, TCP_ACK, 1, 1, 10);
    expect(&end, ". seq 1 ack 11 win 501 ts 2 901");
    end.its_tsval = 800;
    assert_int_equal(arrives(&end, TCP_ACK, 11, 1, 10), TCB_REPEATED);
    expect(&end, ". seq 1 ack 11 win 501 ts 3 901");
    assert_int_equal(arrives(&end, TCP_FIN | TCP_ACK, 11, 1, 0), TCB_REPEATED);
    assert_int_equal(end.tcb.state, ESTABLISHED);
    expect(&end, ". seq 1 ack 11 win 501 ts 4 901");
    end.its_tsval = 902;
    assert_int_equal(arrives(&end, TCP_ACK, 11, 1, 10), TCB_DATA);
    expect(&end, ". seq 1 ack 21 win 501 ts 5 902");
}

/* RFC 9293 3.10.7.4 and 3.8.4: what is old is acknowledged, so that a keep-alive and a probe have their answer. */
static void keep_alive_is_answered(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    arrives(&end, TCP_ACK, 0, 1, 0);
    expect(&end, ". seq 1 ack 1 win 64240");
    arrives(&end, TCP_ACK, 0, 1, 1); /* with an octet of garbage */
    expect(&end, ". seq 1 ack 1 win 64240");
    arrives(&end, TCP_ACK, 1, 1, 0); /* an ACK as it should be has none, or two ends would answer for ever */
    expect(&end, NULL);
    assert_int_equal(end.tcb.bytes_in, 0);
}

static void segments_without_ack_are_dropped(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    assert_int_equal(arrives(&end, TCP_FIN, 1, 0, 0), TCB_NO_ACK);
    assert_int_equal(arrives(&end, 0, 1, 0, 7), TCB_NO_ACK);
    assert_int_equal(end.tcb.state, ESTABLISHED);
    assert_int_equal(end.tcb.rcv_nxt, end.irs + 1);
}

/* RFC 5961 3.2: an exact RST ends it, one in the window is challenged, one outside is dropped. */
static void resets_are_weighed(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    assert_int_equal(arrives(&end, TCP_RST, 2, 0, 0), TCB_RST_DOUBTED);
    expect(&end, ". seq 1 ack 1 win 64240");
    assert_int_equal(arrives(&end, TCP_RST | TCP_ACK, 64240, 1, 0), TCB_RST_DOUBTED);
    expect(&end, ". seq 1 ack 1 win 64240");
    assert_int_equal(arrives(&end, TCP_RST, 64241, 0, 0), TCB_OUTSIDE);
    assert_int_equal(arrives(&end, TCP_RST, 0, 0, 0), TCB_OUTSIDE);
    expect(&end, NULL);
    assert_int_equal(end.tcb.state, ESTABLISHED);
    assert_int_equal(arrives(&end, TCP_RST, 1, 0, 0), TCB_RESET);
    assert_int_equal(end.tcb.state, CLOSED);
    expect(&end, NULL);
}

static void abort_sends_one_exact_rst(void **state)
{
    struct end end;

    (void)state;
    open_full(&end);
    tcb_abort(&end.tcb);
    expect(&end, "R. seq 1 ack 1 win 501"); /* unstamped: it may be in SYN-RECEIVED, and choosy about the echo */
    expect(&end, NULL);
    assert_int_equal(end.tcb.state, CLOSED);
    open_full(&end);
    arrives(&end, TCP_ACK, 1, 1, 5);
    tcb_abort(&end.tcb);
    expect(&end, "R. seq 1 ack 6 win 501 ts 2 901"); /* what sends is open */
}

/* What is unacknowledged may have arrived or not: a RST for each number that the peer can expect next. */
static void abort_covers_what_is_in_flight(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    tcb_send(&end.tcb, bytes, 5);
    tcb_close(&end.tcb);
    expect(&end, "P. seq 1:6 ack 1 win 64240");
    expect(&end, "F. seq 6 ack 1 win 64240");
    tcb_abort(&end.tcb);
    expect(&end, "R. seq 1 ack 1 win 64240");
    expect(&end, "R. seq 6 ack 1 win 64240");
    expect(&end, "R. seq 7 ack 1 win 64240");
    expect(&end, NULL);
    assert_int_equal(end.tcb.state, CLOSED);
}

/* The peer may have any number of the segments: tcb.h promises a RST at every number that can be its RCV.NXT. */
static void abort_covers_every_segment_in_flight(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    tcb_send(&end.tcb, bytes, 2810);
    expect(&end, ". seq 1:1401 ack 1 win 64240");
    expect(&end, ". seq 1401:2801 ack 1 win 64240");
    expect(&end, "P. seq 2801:2811 ack 1 win 64240");
    tcb_abort(&end.tcb);
    expect(&end, "R. seq 1 ack 1 win 64240");
    expect(&end, "R. seq 1401 ack 1 win 64240");
    expect(&end, "R. seq 2801 ack 1 win 64240");
    expect(&end, "R. seq 2811 ack 1 win 64240");
    expect(&end, NULL);
}

static void abort_before_the_answer(void **state)
{
    const struct tcb_settings settings = settings_with(OPTIONS_PLAIN);
    struct end end;

    (void)state;
    end_init(&end, &settings);
    tcb_open(&end.tcb);
    tcb_abort(&end.tcb); /* the SYN never left: there is nothing to reset */
    expect(&end, NULL);
    assert_int_equal(end.tcb.state, CLOSED);

    end_init(&end, &settings);
    tcb_open(&end.tcb);
    expect(&end, "S seq 0 win 64240 mss 1460");
    tcb_abort(&end.tcb);
    expect(&end, "R seq 1 win 64240"); /* the peer may be in SYN-RECEIVED */
    expect(&end, NULL);
    assert_int_equal(end.tcb.state, CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(we_close_first),
        cmocka_unit_test(peer_closes_first),
        cmocka_unit_test(simultaneous_close),
        cmocka_unit_test(fin_and_ack_in_one),
        cmocka_unit_test(close_waits_for_the_open),
        cmocka_unit_test(gaps_are_reported_by_sack),
        cmocka_unit_test(no_sack_unless_agreed),
        cmocka_unit_test(more_gaps_than_can_be_kept),
        cmocka_unit_test(fin_beyond_a_gap_waits),
        cmocka_unit_test(bare_fin_beyond_a_gap),
        cmocka_unit_test(what_lies_beyond_the_window_is_cut),
        cmocka_unit_test(paws),
        cmocka_unit_test(keep_alive_is_answered),
        cmocka_unit_test(segments_without_ack_are_dropped),
        cmocka_unit_test(resets_are_weighed),
        cmocka_unit_test(abort_sends_one_exact_rst),
        cmocka_unit_test(abort_covers_what_is_in_flight),
        cmocka_unit_test(abort_covers_every_segment_in_flight),
        cmocka_unit_test(abort_before_the_answer),
    };

    return cmocka_run_group_tests_name("our end: closing and receiving", tests, NULL, NULL);
}
