/*
 * Clients of the lab in the states that they pass through quickly with a server of the kernel: here segments are made
 * by hand, and those that would take them further are withheld.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "lab_home.h"

static void an_unanswered_client_is_found_in_syn_sent(void **state)
{
    const struct home *home = home_of(state);

    for (size_t i = 0; i < home_addresses(home); i++) {
        struct guarded met = guarded_meet(home, "client", home_ours[i]);
        struct kernel_answer answer;
        struct fault fault = {0};
        assert_true(kernel_state(home->kernel, &met.flow.peer, &met.flow.local, &answer, &fault));
        assert_string_equal(state_name(answer.state), "SYN-SENT");
        assert_int_not_equal(answer.socket, 0);
        guarded_part(&met);
    }
}

/* RFC 9293 3.5: a SYN that crosses the client's takes it to SYN-RECEIVED, and the ACK of its own further. */
static void a_client_opens_simultaneously(void **state)
{
    const struct home *home = home_with_ipv6(state);
    struct guarded met = guarded_meet(home, "client-keeps-open", home_ours[1]);

    raw_send(met.raw, &met.flow, 1000, 0, TH_SYN);
    struct seen syn_ack = raw_await(met.raw, &met.flow.local, TH_SYN | TH_ACK);
    assert_int_equal(syn_ack.from.port, met.flow.peer.port);
    assert_int_equal(ntohl(syn_ack.tcp.th_seq), met.seq);
    assert_int_equal(ntohl(syn_ack.tcp.th_ack), 1001);
    home_await_state(home, &met.flow, SYN_RECEIVED);
    raw_send(met.raw, &met.flow, 1001, met.seq + 1, TH_ACK);
    home_await_state(home, &met.flow, ESTABLISHED);
    raw_send(met.raw, &met.flow, 1001, met.seq + 1, TH_RST | TH_ACK);
    home_await_state(home, &met.flow, CLOSED);
    guarded_part(&met);
}

/*
 * A RST in SYN-RECEIVED comes after an answer: the client is done. It had the time of another client's whole walk to come
 * again, on a raw socket that sees all of that address.
 */
static void a_client_reset_in_syn_received_is_done(void **state)
{
    const struct home *home = home_with_ipv6(state);
    struct guarded met = guarded_meet(home, "client", home_ours[1]);

    raw_send(met.raw, &met.flow, 1000, 0, TH_SYN);
    raw_await(met.raw, &met.flow.local, TH_SYN | TH_ACK);
    raw_send(met.raw, &met.flow, 1001, 0, TH_RST);
    home_await_state(home, &met.flow, CLOSED);
    home_half_a_second(home);
    struct seen again;
    assert_false(raw_find(met.raw, &met.flow.local, TH_SYN, MSG_DONTWAIT, &again));
    guarded_part(&met);
}

/* A FIN of ours that does not acknowledge the client's: FIN-WAIT-1, CLOSING, TIME-WAIT. */
static void a_client_closes_simultaneously(void **state)
{
    static const char *const clients[] = {"client-closes-first", "client-shuts-down"};
    const struct home *home = home_with_ipv6(state);

    for (size_t i = 0; i < 2; i++) {
        struct guarded met = guarded_meet(home, clients[i], home_ours[1]);
        raw_send(met.raw, &met.flow, 1000, met.seq + 1, TH_SYN | TH_ACK);
        raw_await(met.raw, &met.flow.local, TH_FIN | TH_ACK);
        home_await_state(home, &met.flow, FIN_WAIT_1);
        raw_send(met.raw, &met.flow, 1001, met.seq + 1, TH_FIN | TH_ACK);
        home_await_state(home, &met.flow, CLOSING);
        raw_send(met.raw, &met.flow, 1002, met.seq + 2, TH_ACK);
        home_await_state(home, &met.flow, TIME_WAIT);
        guarded_part(&met);
    }
}

static void a_client_waits_for_our_ack_in_last_ack(void **state)
{
    const struct home *home = home_with_ipv6(state);
    struct guarded met = guarded_meet(home, "client", home_ours[1]);

    raw_send(met.raw, &met.flow, 1000, met.seq + 1, TH_SYN | TH_ACK);
    home_await_state(home, &met.flow, ESTABLISHED);
    raw_send(met.raw, &met.flow, 1001, met.seq + 1, TH_FIN | TH_ACK);
    home_await_state(home, &met.flow, LAST_ACK);
    raw_send(met.raw, &met.flow, 1002, met.seq + 9, TH_ACK); /* SYN, hello, FIN */
    home_await_state(home, &met.flow, CLOSED);
    guarded_part(&met);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unanswered_client_is_found_in_syn_sent), cmocka_unit_test(a_client_opens_simultaneously),
        cmocka_unit_test(a_client_reset_in_syn_received_is_done),    cmocka_unit_test(a_client_closes_simultaneously),
        cmocka_unit_test(a_client_waits_for_our_ack_in_last_ack),
    };

    return cmocka_run_group_tests_name("states of the lab's clients", tests, home_make, home_leave);
}
