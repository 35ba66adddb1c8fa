/* src/walk/tcb.h: how our end opens and sends; one whole life at every wrap of the numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tcb_bench.h"

static void open_offers_and_negotiates(void **state)
{
    struct end end;

    (void)state;
    open_full(&end);
    assert_true(end.tcb.timestamps && end.tcb.sack);
    assert_int_equal(end.tcb.snd_shift, 5);
    assert_int_equal(end.tcb.snd_mss, 1400 - 12); /* RFC 6691: the option's length counts */
    assert_int_equal(end.tcb.snd_wnd, 60000);     /* the SYN-ACK's window is not scaled */
    arrives(&end, TCP_ACK, 1, 1, 0);
    assert_int_equal(end.tcb.snd_wnd, 60000 << 5);
}

/* RFC 7323 2.2 and 3.2, RFC 2018 2: what only one side offers is not used. */
static void options_hold_when_both_offer_them(void **state)
{
    struct tcb_settings settings = settings_with(OPTIONS_ALL);
    struct end end;

    (void)state;
    end_init(&end, &settings);
    tcb_open(&end.tcb);
    expect(&end, "S seq 0 win 64240 mss 1460 sackok wscale 7 ts 0 0");
    syn_arrives(&end, TCP_SYN | TCP_ACK, 0);
    expect(&end, ". seq 1 ack 1 win 64240");
    assert_int_equal(end.tcb.snd_mss, 536); /* RFC 9293 3.7.1 */

    settings = settings_with(0);
    end_init(&end, &settings);
    tcb_open(&end.tcb);
    expect(&end, "S seq 0 win 64240");
    syn_arrives(&end, TCP_SYN | TCP_ACK, OPTIONS_ALL);
    expect(&end, ". seq 1 ack 1 win 64240");
    assert_int_equal(end.tcb.snd_shift, 0);
    assert_false(end.tcb.sack);
}

static void syn_is_repeated_until_answered(void **state)
{
    const struct tcb_settings settings = settings_with(OPTIONS_ALL);
    struct end end;

    (void)state;
    end_init(&end, &settings);
    tcb_open(&end.tcb);
    expect(&end, "S seq 0 win 64240 mss 1460 sackok wscale 7 ts 0 0");
    assert_false(end.repeated);
    expect(&end, NULL);
    assert_true(tcb_unacknowledged(&end.tcb));
    end.tick = 1000;
    tcb_retransmit(&end.tcb);
    expect(&end, "S seq 0 win 64240 mss 1460 sackok wscale 7 ts 1000 0");
    assert_true(end.repeated);
    syn_arrives(&end, TCP_SYN | TCP_ACK, OPTIONS_ALL);
    expect(&end, ". seq 1 ack 1 win 501 ts 1001 900");
    assert_false(tcb_unacknowledged(&end.tcb));
}

/* A repeated SYN-ACK asks for our ACK again; with its newest timestamp, which Linux from 6.15 on insists on. */
static void syn_ack_again_is_acknowledged_again(void **state)
{
    struct end end;

    (void)state;
    open_full(&end);
    end.its_tsval = 1900;
    assert_int_equal(syn_arrives(&end, TCP_SYN | TCP_ACK, OPTIONS_ALL), TCB_REPEATED);
    expect(&end, ". seq 1 ack 1 win 501 ts 2 1900");
    expect(&end, NULL);
}

static void syn_ack_with_another_number_changes_nothing(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    end.irs += 77;
    assert_int_equal(syn_arrives(&end, TCP_SYN | TCP_ACK, OPTIONS_PLAIN), TCB_OTHER_ISN);
    end.irs -= 77;
    expect(&end, ". seq 1 ack 1 win 64240"); /* RFC 5961 4: a challenge */
    end.irs -= 77;
    assert_int_equal(syn_arrives(&end, TCP_SYN | TCP_ACK, OPTIONS_PLAIN), TCB_OTHER_ISN);
    end.irs += 77;
    assert_int_equal(end.tcb.state, ESTABLISHED);
    assert_int_equal(end.tcb.rcv_nxt, end.irs + 1);
}

/* RFC 9293 3.10.7.3: <SEQ=SEG.ACK><CTL=RST>, unless it is a RST itself. */
static void wrong_ack_in_syn_sent_is_reset(void **state)
{
    const struct tcb_settings settings = settings_with(OPTIONS_PLAIN);
    struct end end;

    (void)state;
    end_init(&end, &settings);
    tcb_open(&end.tcb);
    expect(&end, "S seq 0 win 64240 mss 1460");
    assert_int_equal(arrives(&end, TCP_SYN | TCP_ACK, 0, 700, 0), TCB_BAD_ACK);
    expect(&end, "R seq 700 win 0");
    expect(&end, NULL);
    assert_int_equal(arrives(&end, TCP_ACK, 9, 0, 0), TCB_BAD_ACK);
    expect(&end, "R seq 0 win 0");
    assert_int_equal(arrives(&end, TCP_RST | TCP_ACK, 0, 700, 0), TCB_BAD_ACK);
    expect(&end, NULL);
    assert_int_equal(end.tcb.state, SYN_SENT);
    assert_int_equal(syn_arrives(&end, TCP_SYN | TCP_ACK, OPTIONS_PLAIN), TCB_OPENED | TCB_PROGRESS);
}

static void syn_sent_takes_only_what_it_should(void **state)
{
    const struct tcb_settings settings = settings_with(OPTIONS_PLAIN);
    struct end end;

    (void)state;
    end_init(&end, &settings);
    assert_int_equal(arrives(&end, TCP_SYN | TCP_ACK, 0, 1, 0), 0); /* CLOSED yet */
    tcb_open(&end.tcb);
    expect(&end, "S seq 0 win 64240 mss 1460");
    assert_int_equal(arrives(&end, TCP_RST, 0, 0, 0), TCB_NO_ACK);
    assert_int_equal(arrives(&end, TCP_ACK, 0, 1, 0), TCB_OUTSIDE);
    assert_int_equal(arrives(&end, 0, 0, 0, 5), TCB_NO_ACK);
    expect(&end, NULL);
    assert_int_equal(end.tcb.state, SYN_SENT);
    assert_int_equal(arrives(&end, TCP_RST | TCP_ACK, 0, 1, 0), TCB_REFUSED);
    assert_int_equal(end.tcb.state, CLOSED);
    expect(&end, NULL);
}

/* RFC 9293 figure 7. */
static void simultaneous_open(void **state)
{
    const struct tcb_settings settings = settings_with(OPTIONS_ALL);
    struct end end;

    (void)state;
    end_init(&end, &settings);
    tcb_open(&end.tcb);
    expect(&end, "S seq 0 win 64240 mss 1460 sackok wscale 7 ts 0 0");
    assert_int_equal(syn_arrives(&end, TCP_SYN, OPTIONS_ALL), 0);
    assert_int_equal(end.tcb.state, SYN_RECEIVED);
    expect(&end, "S. seq 0 ack 1 win 64240 mss 1460 sackok wscale 7 ts 1 900");
    expect(&end, NULL);
    tcb_retransmit(&end.tcb);
    expect(&end, "S. seq 0 ack 1 win 64240 mss 1460 sackok wscale 7 ts 2 900");
    assert_int_equal(syn_arrives(&end, TCP_SYN | TCP_ACK, OPTIONS_ALL), TCB_OPENED | TCB_PROGRESS);
    assert_int_equal(end.tcb.state, ESTABLISHED);
    expect(&end, ". seq 1 ack 1 win 501 ts 3 900");
}

/* RFC 7323 1.3, RFC 2018 2: our SYN-ACK offers only what its SYN did. */
static void simultaneous_open_offers_what_was_offered(void **state)
{
    const struct tcb_settings settings = settings_with(OPTIONS_ALL);
    struct end end;

    (void)state;
    end_init(&end, &settings);
    tcb_open(&end.tcb);
    expect(&end, "S seq 0 win 64240 mss 1460 sackok wscale 7 ts 0 0");
    syn_arrives(&end, TCP_SYN, OPTIONS_PLAIN);
    expect(&end, "S. seq 0 ack 1 win 64240 mss 1460");
    assert_int_equal(arrives(&end, TCP_ACK, 1, 1, 0), TCB_OPENED | TCB_PROGRESS);
    assert_int_equal(end.tcb.state, ESTABLISHED);
}

static void data_leaves_in_segments(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    assert_true(tcb_send(&end.tcb, bytes, 3000));
    expect(&end, ". seq 1:1401 ack 1 win 64240");
    expect(&end, ". seq 1401:2801 ack 1 win 64240");
    assert_false(tcb_all_sent(&end.tcb));
    expect(&end, "P. seq 2801:3001 ack 1 win 64240");
    assert_true(tcb_all_sent(&end.tcb));
    expect(&end, NULL);
    assert_int_equal(arrives(&end, TCP_ACK, 1, 1401, 0), TCB_PROGRESS);
    assert_true(tcb_unacknowledged(&end.tcb));
    assert_int_equal(arrives(&end, TCP_ACK, 1, 3001, 0), TCB_PROGRESS);
    assert_false(tcb_unacknowledged(&end.tcb));
    assert_int_equal(arrives(&end, TCP_ACK, 1, 3001, 0), 0);
    assert_int_equal(arrives(&end, TCP_ACK, 1, 3002, 0), TCB_BAD_ACK);
    expect(&end, ". seq 3001 ack 1 win 64240");
}

/* RFC 9293 3.4: go back to what is not acknowledged, with a window of one segment. */
static void lost_data_is_sent_again(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    tcb_send(&end.tcb, bytes, 2000);
    expect(&end, ". seq 1:1401 ack 1 win 64240");
    expect(&end, "P. seq 1401:2001 ack 1 win 64240");
    arrives(&end, TCP_ACK, 1, 1401, 0);
    expect(&end, NULL);
    tcb_retransmit(&end.tcb);
    expect(&end, "P. seq 1401:2001 ack 1 win 64240");
    assert_true(end.repeated);
    expect(&end, NULL);
    arrives(&end, TCP_ACK, 1, 2001, 0);
    assert_false(tcb_unacknowledged(&end.tcb));
}

/* An acknowledgement of the first copy, after everything became due again, takes the rest back. */
static void late_ack_ends_a_retransmission(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    tcb_send(&end.tcb, bytes, 2800);
    expect(&end, ". seq 1:1401 ack 1 win 64240");
    expect(&end, "P. seq 1401:2801 ack 1 win 64240");
    tcb_retransmit(&end.tcb);
    expect(&end, ". seq 1:1401 ack 1 win 64240");
    arrives(&end, TCP_ACK, 1, 2801, 0);
    expect(&end, NULL);
}

static void window_is_respected(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    end.its_window = 100;
    arrives(&end, TCP_ACK, 1, 1, 0);
    tcb_send(&end.tcb, bytes, 250);
    expect(&end, ". seq 1:101 ack 1 win 64240");
    expect(&end, NULL);
    arrives(&end, TCP_ACK, 1, 51, 0);
    expect(&end, ". seq 101:151 ack 1 win 64240");
    expect(&end, NULL);
    end.its_window = 1000;
    arrives(&end, TCP_ACK, 1, 151, 0);
    expect(&end, "P. seq 151:251 ack 1 win 64240");
}

/* RFC 6928: ten segments, and one more for each that is acknowledged. */
static void congestion_window_is_respected(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    end.tcb.snd_mss = 500;
    end.tcb.cwnd = 5000;
    tcb_send(&end.tcb, bytes, 8000);
    for (unsigned i = 0; i < 10; i++) {
        char line[SEGMENT_LINE];

        snprintf(line, sizeof(line), ". seq %u:%u ack 1 win 64240", 1 + i * 500, 501 + i * 500);
        expect(&end, line);
    }
    expect(&end, NULL);
    arrives(&end, TCP_ACK, 1, 501, 0);
    expect(&end, ". seq 5001:5501 ack 1 win 64240");
    expect(&end, ". seq 5501:6001 ack 1 win 64240");
    expect(&end, NULL);
}

/* RFC 9293 3.8.6.1: one byte at a time into a shut window, when the timer says so. */
static void shut_window_is_probed(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    end.its_window = 0;
    arrives(&end, TCP_ACK, 1, 1, 0);
    tcb_send(&end.tcb, bytes, 10);
    expect(&end, NULL);
    assert_true(tcb_unacknowledged(&end.tcb)); /* the timer must run */
    tcb_retransmit(&end.tcb);
    expect(&end, ". seq 1:2 ack 1 win 64240");
    expect(&end, NULL);
    tcb_retransmit(&end.tcb); /* not taken: the same byte again */
    expect(&end, ". seq 1:2 ack 1 win 64240");
    arrives(&end, TCP_ACK, 1, 2, 0);
    expect(&end, NULL);
    assert_true(tcb_unacknowledged(&end.tcb));
    tcb_retransmit(&end.tcb);
    expect(&end, ". seq 2:3 ack 1 win 64240");
    end.its_window = 1000;
    arrives(&end, TCP_ACK, 1, 3, 0);
    expect(&end, "P. seq 3:11 ack 1 win 64240");
}

/* RFC 9293 3.10.7.4: a window of an older segment is not taken. */
static void old_window_is_not_taken(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    tcb_send(&end.tcb, bytes, 100);
    expect(&end, "P. seq 1:101 ack 1 win 64240");
    end.its_window = 5000;
    arrives(&end, TCP_ACK, 1, 101, 0);
    end.its_window = 10;
    arrives(&end, TCP_ACK, 1, 51, 0);
    assert_int_equal(end.tcb.snd_wnd, 5000);
}

static void too_many_chunks_are_refused(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    for (unsigned i = 0; i < TCB_CHUNKS; i++)
        assert_true(tcb_send(&end.tcb, bytes, 1));
    assert_false(tcb_send(&end.tcb, bytes, 1));
    for (unsigned i = 0; i < TCB_CHUNKS; i++) {
        char line[SEGMENT_LINE];

        snprintf(line, sizeof(line), "P. seq %u:%u ack 1 win 64240", 1 + i, 2 + i);
        if (i < 10)
            expect(&end, line);
    }
}

/* Every segment has a larger timestamp than the one before, however slowly the clock goes. */
static void timestamps_strictly_increase(void **state)
{
    struct end end;

    (void)state;
    open_full(&end);
    tcb_send(&end.tcb, bytes, 2);
    expect(&end, "P. seq 1:3 ack 1 win 501 ts 2 900");
    end.tick = 50;
    arrives(&end, TCP_ACK | TCP_PSH, 1, 3, 4);
    expect(&end, ". seq 3 ack 5 win 501 ts 50 901");
    arrives(&end, TCP_ACK | TCP_PSH, 5, 3, 4);
    expect(&end, ". seq 3 ack 9 win 501 ts 51 902");
    end.tick = 20; /* it never goes back */
    tcb_close(&end.tcb);
    expect(&end, "F. seq 3 ack 9 win 501 ts 52 902");
    tcb_retransmit(&end.tcb);
    expect(&end, "F. seq 3 ack 9 win 501 ts 53 902");
}

/* One whole life, whose lines must not depend on where the numbers wrap. */
static void live(struct end *end)
{
    tcb_open(&end->tcb);
    expect(end, "S seq 0 win 64240 mss 1460 sackok wscale 7 ts 0 0");
    end->its_tsval = 0; /* its own wrap is in the echo, which lines write as it is */
    syn_arrives(end, TCP_SYN | TCP_ACK, OPTIONS_ALL);
    expect(end, ". seq 1 ack 1 win 501 ts 1 0");
    tcb_send(&end->tcb, bytes, 2000);
    tcb_close(&end->tcb);
    expect(end, ". seq 1:1389 ack 1 win 501 ts 2 0");
    expect(end, "P. seq 1389:2001 ack 1 win 501 ts 3 0");
    expect(end, "F. seq 2001 ack 1 win 501 ts 4 0");
    assert_int_equal(arrives(end, TCP_ACK, 1, 1389, 0), TCB_PROGRESS);
    tcb_retransmit(&end->tcb);
    expect(end, "P. seq 1389:2001 ack 1 win 501 ts 5 1");
    assert_true(end->repeated);
    assert_int_equal(arrives(end, TCP_ACK, 6, 2001, 4), TCB_PROGRESS | TCB_GAP);
    expect(end, ". seq 2002 ack 1 win 501 ts 6 1 sack 6-10");
    expect(end, "F. seq 2001 ack 1 win 501 ts 7 1 sack 6-10");
    assert_int_equal(arrives(end, TCP_ACK, 1, 2002, 5), TCB_PROGRESS | TCB_FIN_ACKED | TCB_DATA);
    expect(end, ". seq 2002 ack 10 win 501 ts 8 3");
    assert_int_equal(arrives(end, TCP_RST, 11, 0, 0), TCB_RST_DOUBTED);
    expect(end, ". seq 2002 ack 10 win 501 ts 9 3");
    end->its_tsval = 6;
    assert_int_equal(arrives(end, TCP_FIN | TCP_ACK, 10, 2002, 0), TCB_ITS_FIN);
    expect(end, ". seq 2002 ack 11 win 501 ts 10 6");
    assert_int_equal(end->tcb.state, TIME_WAIT);
    assert_int_equal(end->tcb.bytes_in, 9);
}

static void numbers_wrap_anywhere(void **state)
{
    static const uint32_t beginnings[] = {0,          0xffffffff, 0xfffffffe, 0xfffffff7, 0xfffffa00,
                                          0xfffff831, 0x7fffffff, 0x80000000, 0x7ffffa00};

    (void)state;
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
        for (size_t j = 0; j < sizeof(beginnings) / sizeof(beginnings[0]); j++) {
            struct tcb_settings settings = settings_with(OPTIONS_ALL);
            struct end end;

            settings.iss = beginnings[i];
            settings.tsval = beginnings[j];
            end_init(&end, &settings);
            end.irs = beginnings[j];
            live(&end);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_offers_and_negotiates),
        cmocka_unit_test(options_hold_when_both_offer_them),
        cmocka_unit_test(syn_is_repeated_until_answered),
        cmocka_unit_test(syn_ack_again_is_acknowledged_again),
        cmocka_unit_test(syn_ack_with_another_number_changes_nothing),
        cmocka_unit_test(wrong_ack_in_syn_sent_is_reset),
        cmocka_unit_test(syn_sent_takes_only_what_it_should),
        cmocka_unit_test(simultaneous_open),
        cmocka_unit_test(simultaneous_open_offers_what_was_offered),
        cmocka_unit_test(data_leaves_in_segments),
        cmocka_unit_test(lost_data_is_sent_again),
        cmocka_unit_test(late_ack_ends_a_retransmission),
        cmocka_unit_test(window_is_respected),
        cmocka_unit_test(congestion_window_is_respected),
        cmocka_unit_test(shut_window_is_probed),
        cmocka_unit_test(old_window_is_not_taken),
        cmocka_unit_test(too_many_chunks_are_refused),
        cmocka_unit_test(timestamps_strictly_increase),
        cmocka_unit_test(numbers_wrap_anywhere),
    };

    return cmocka_run_group_tests_name("our end: opening and sending", tests, NULL, NULL);
}
