/* src/walk/tcb.h where it once went wrong: what comes at an odd time, or when the connection is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tcb_bench.h"

/* A full segment has no room for SACK blocks: MSS 1400, of which 12 bytes go to the timestamps. */
static void data_carries_no_sack(void **state)
{
    struct end end;

    (void)state;
    open_full(&end);
    arrives(&end, TCP_ACK, 11, 1, 10);
    expect(&end, ". seq 1 ack 1 win 501 ts 2 900 sack 11-21");
    tcb_send(&end.tcb, bytes, 1388 + 5);
    expect(&end, ". seq 1:1389 ack 1 win 501 ts 3 900");
    expect(&end, "P. seq 1389:1394 ack 1 win 501 ts 4 900");
    arrives(&end, TCP_ACK, 31, 1, 10); /* an ACK is due now: bare, it says all */
    expect(&end, ". seq 1394 ack 1 win 501 ts 5 900 sack 31-41 sack 11-21");
    expect(&end, NULL);
}

/* The initial numbers of both are anywhere: no window may be older than none. */
static void crossing_syn_of_any_number_gives_its_window(void **state)
{
    static const uint32_t numbers[] = {0, 1, 0x7fffffff, 0x80000000, 0x80000001, 0xdeadbeef, 0xffffffff};
    const struct tcb_settings settings = settings_with(OPTIONS_PLAIN);

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct end end;

        end_init(&end, &settings);
        end.irs = numbers[i];
        tcb_open(&end.tcb);
        expect(&end, "S seq 0 win 64240 mss 1460");
        syn_arrives(&end, TCP_SYN, OPTIONS_PLAIN);
        assert_int_equal(end.tcb.snd_wnd, 60000);
        expect(&end, "S. seq 0 ack 1 win 64240 mss 1460");
        assert_int_equal(arrives(&end, TCP_ACK, 1, 1, 0), TCB_OPENED | TCB_PROGRESS);
        tcb_send(&end.tcb, bytes, 5);
        expect(&end, "P. seq 1:6 ack 1 win 64240");
    }
}

/* RFC 9293 3.10.7.3: data and FIN of a SYN-ACK are taken with it; the SYN has a number of its own. */
static void syn_ack_with_fin_is_acknowledged_in_full(void **state)
{
    const struct tcb_settings settings = settings_with(OPTIONS_PLAIN);
    struct end end;

    (void)state;
    end_init(&end, &settings);
    tcb_open(&end.tcb);
    expect(&end, "S seq 0 win 64240 mss 1460");
    assert_int_equal(syn_arrives(&end, TCP_SYN | TCP_ACK | TCP_FIN, OPTIONS_PLAIN),
                     TCB_OPENED | TCB_PROGRESS | TCB_ITS_FIN);
    assert_int_equal(end.tcb.state, CLOSE_WAIT);
    expect(&end, ". seq 1 ack 2 win 64240");
    assert_int_equal(end.tcb.bytes_in, 0);

    end_init(&end, &settings);
    tcb_open(&end.tcb);
    expect(&end, "S seq 0 win 64240 mss 1460");
    assert_int_equal(arrives(&end, TCP_SYN | TCP_ACK | TCP_FIN, 0, 1, 7),
                     TCB_OPENED | TCB_PROGRESS | TCB_DATA | TCB_ITS_FIN);
    expect(&end, ". seq 1 ack 9 win 64240");
    assert_int_equal(end.tcb.bytes_in, 7);
}

/* The peer did not take the byte of the probe: it leads what goes out when the window opens. */
static void opened_window_is_used_from_the_first_byte(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    end.its_window = 0;
    arrives(&end, TCP_ACK, 1, 1, 0);
    tcb_send(&end.tcb, bytes, 5);
    expect(&end, NULL);
    tcb_retransmit(&end.tcb);
    expect(&end, ". seq 1:2 ack 1 win 64240");
    expect(&end, NULL);
    arrives(&end, TCP_ACK, 1, 1, 0); /* shut as before */
    expect(&end, NULL);
    end.its_window = 1000;
    arrives(&end, TCP_ACK, 1, 1, 0);
    expect(&end, "P. seq 1:6 ack 1 win 64240");
    assert_true(end.repeated);
    expect(&end, NULL);
}

/* In LAST-ACK a repeated FIN makes an ACK due; when the ACK of our FIN follows nobody is left to hear it. */
static void nothing_is_due_once_our_last_fin_is_acknowledged(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    arrives(&end, TCP_FIN | TCP_ACK, 1, 1, 0);
    expect(&end, ". seq 1 ack 2 win 64240");
    tcb_close(&end.tcb);
    expect(&end, "F. seq 1 ack 2 win 64240");
    assert_int_equal(arrives(&end, TCP_FIN | TCP_ACK, 1, 1, 0), TCB_REPEATED);
    assert_int_equal(arrives(&end, TCP_ACK, 2, 2, 0), TCB_PROGRESS | TCB_FIN_ACKED);
    assert_int_equal(end.tcb.state, CLOSED);
    assert_false(end.tcb.ack_due);
    expect(&end, NULL);
}

/*
 * More segments in flight than RSTs are sent: the peer challenges the inexact ones (RFC 5961 3.2), and gets the exact
 * one for its answer (RFC 9293 3.10.7.1).
 */
static void challenge_after_an_abort_is_answered_exactly(void **state)
{
    struct tcb_settings settings = settings_with(OPTIONS_PLAIN);
    struct segment segment;
    const uint8_t *payload;
    struct end end;
    unsigned resets = 0;

    (void)state;
    settings.send_mss = 100;
    end_init(&end, &settings);
    tcb_open(&end.tcb);
    expect(&end, "S seq 0 win 64240 mss 1460");
    syn_arrives(&end, TCP_SYN | TCP_ACK, OPTIONS_PLAIN);
    expect(&end, ". seq 1 ack 1 win 64240");
    end.tcb.cwnd = 60000;
    tcb_send(&end.tcb, bytes, 8000);
    while (tcb_output(&end.tcb, 0, &segment, &payload, &end.repeated))
        assert_int_equal(segment.len, 100);
    assert_int_equal(end.tcb.snd_max, 1000 + 8001);
    assert_false(tcb_reset_may_miss(&end.tcb));
    tcb_abort(&end.tcb);
    assert_true(tcb_reset_may_miss(&end.tcb));
    for (; tcb_output(&end.tcb, 0, &segment, &payload, &end.repeated); resets++)
        assert_int_equal(segment.flags, TCP_RST | TCP_ACK);
    assert_in_range(resets, 2, 32);
    assert_int_equal(end.tcb.state, CLOSED);
    assert_int_equal(arrives(&end, TCP_ACK, 1, 7001, 0), 0);
    expect(&end, "R seq 7001 win 0");
    expect(&end, NULL);
    arrives(&end, TCP_RST | TCP_ACK, 1, 7001, 0); /* never to a RST */
    arrives(&end, TCP_RST, 1, 0, 0);
    expect(&end, NULL);
}

static void what_comes_after_a_reset_of_the_peer_is_answered_with_rst(void **state)
{
    struct end end;

    (void)state;
    open_plain(&end);
    tcb_send(&end.tcb, bytes, 5);
    expect(&end, "P. seq 1:6 ack 1 win 64240");
    assert_int_equal(arrives(&end, TCP_RST | TCP_ACK, 1, 1, 0), TCB_RESET);
    expect(&end, NULL);
    arrives(&end, TCP_ACK, 1, 6, 0);
    expect(&end, "R seq 6 win 0");
    expect(&end, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_carries_no_sack),
        cmocka_unit_test(crossing_syn_of_any_number_gives_its_window),
        cmocka_unit_test(syn_ack_with_fin_is_acknowledged_in_full),
        cmocka_unit_test(opened_window_is_used_from_the_first_byte),
        cmocka_unit_test(nothing_is_due_once_our_last_fin_is_acknowledged),
        cmocka_unit_test(challenge_after_an_abort_is_answered_exactly),
        cmocka_unit_test(what_comes_after_a_reset_of_the_peer_is_answered_with_rst),
    };

    return cmocka_run_group_tests_name("our end: edges", tests, NULL, NULL);
}
