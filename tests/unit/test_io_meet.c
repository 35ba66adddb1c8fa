/*
 * src/io where the peer is not known beforehand: whose SYN is for us, and the guard against anyone. In namespaces
 * of the test's own; the live port that waits for such a SYN is in test_io_passive.c.
 */
#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cap-ng.h>
#include <cmocka.h>

#include "io/guard.h"
#include "io/meet.h"
#include "io_network.h"

#define PORT 4711

/* What a machine that forwards would see, and forgeries that no kernel would let out. */
static void strange_addresses(void **state)
{
    static const struct {
        const char *from, *to;
        enum meeting meeting;
    } cases[] = {
        {"192.0.2.2", "192.0.2.1", MEETING_PEER},      {"192.0.2.2", "192.0.2.3", MEETING_NOBODY},
        {"192.0.2.2", "198.51.100.1", MEETING_NOBODY}, {"224.0.0.1", "192.0.2.1", MEETING_NOBODY},
        {"0.0.0.0", "192.0.2.1", MEETING_NOBODY},      {"192.0.2.255", "192.0.2.1", MEETING_NOBODY},
        {"192.0.2.2", "127.0.0.1", MEETING_NOBODY},    {"192.0.2.2", "192.0.2.255", MEETING_NOBODY},
        {"198.51.100.1", "192.0.2.1", MEETING_NO_WAY}, {"192.0.2.1", "192.0.2.1", MEETING_PEER},
    };
    struct flow wanted = {.local = {{.family = 4}, PORT}}, flow;

    (void)state;
    network_need();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct packet packet = {.kind = PACKET_SEGMENT,
                                .src = {network_addr(cases[i].from), 2000},
                                .dst = {network_addr(cases[i].to), PORT},
                                .segment = {.flags = TCP_SYN}};
        struct route route;
        if (meet(&wanted, &packet, if_nametoindex(CLIENT_INTERFACE), NULL, &flow, &route) != cases[i].meeting)
            fail_msg("%s to %s", cases[i].from, cases[i].to);
        packet.segment.flags = TCP_SYN | TCP_ACK;
        assert_int_equal(meet(&wanted, &packet, 0, NULL, &flow, &route), MEETING_NOBODY);
        packet.segment.flags = TCP_SYN | TCP_RST;
        assert_int_equal(meet(&wanted, &packet, 0, NULL, &flow, &route), MEETING_NOBODY);
        packet.segment.flags = TCP_SYN;
        packet.src.port = 0;
        assert_int_equal(meet(&wanted, &packet, 0, NULL, &flow, &route), MEETING_NOBODY);
        packet.src.port = 2000;
        wanted.peer.addr = network_addr("192.0.2.77");
        assert_int_equal(meet(&wanted, &packet, 0, NULL, &flow, &route), MEETING_NOBODY);
        wanted.peer.addr.family = 0;
        packet.src = packet.dst;
        assert_int_equal(meet(&wanted, &packet, 0, NULL, &flow, &route), MEETING_NOBODY);
    }
}

/* The same address on another link is another address. */
static void another_link(void **state)
{
    struct packet packet = {.kind = PACKET_SEGMENT,
                            .src = {network_addr("fe80::2"), 2000},
                            .dst = {network_addr("fe80::1"), PORT},
                            .segment = {.flags = TCP_SYN}};
    struct flow wanted = {.local = {network_addr("fe80::1"), PORT}}, flow;
    unsigned there;
    struct route route;

    (void)state;
    network_need();
    there = if_nametoindex(CLIENT_INTERFACE);
    assert_int_equal(meet(&wanted, &packet, there, NULL, &flow, &route), MEETING_PEER);
    assert_int_equal(flow.peer.addr.zone, there);
    assert_int_equal(meet(&wanted, &packet, 1, NULL, &flow, &route), MEETING_NOBODY);
    wanted.local.addr.zone = there;
    assert_int_equal(meet(&wanted, &packet, there, NULL, &flow, &route), MEETING_PEER);
    assert_int_equal(meet(&wanted, &packet, there + 1, NULL, &flow, &route), MEETING_NOBODY);
}

static void set_net_admin(bool on)
{
    capng_get_caps_process();
    assert_int_equal(capng_update(on ? CAPNG_ADD : CAPNG_DROP, CAPNG_EFFECTIVE, CAP_NET_ADMIN), 0);
    assert_int_equal(capng_apply(CAPNG_SELECT_CAPS), 0);
}

/* Over loopback an answer would be there when connect() returns: an error for RST, a connection for SYN-ACK. */
static void assert_silent(uint8_t family, const char *to, int ttl)
{
    struct endpoint target = {network_addr(to), PORT};
    struct sockaddr_storage addr;
    socklen_t length = endpoint_to_sockaddr(&target, &addr);
    int client = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = -1;

    if (family == 6)
        assert_int_equal(setsockopt(client, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &ttl, sizeof(ttl)), 0);
    else
        assert_int_equal(setsockopt(client, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&addr, length), -1);
    assert_int_equal(errno, EINPROGRESS);
    length = sizeof(error);
    assert_int_equal(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    assert_int_equal(error, 0);
    length = sizeof(addr);
    assert_int_equal(getpeername(client, (struct sockaddr *)&addr, &length), -1);
    close(client);
}

static void the_guard_is_silent_to_anyone(void **state)
{
    (void)state;
    network_need();
    for (int admin = 0; admin < 2; admin++) {
        for (int i = 0; i < 2; i++) {
            uint8_t family = i ? 6 : 4;
            struct flow flow = {.local = {{.family = family}, PORT}};
            struct fault fault = {0};
            struct guard guard;
            set_net_admin(admin);
            assert_true(guard_open(&guard, &flow, 0, &fault));
            assert_int_equal(flow.local.port, PORT);
            assert_true(guard.min_ttl);
            assert_false(guard.exclusive);
            if (admin)
                assert_true(guard.filter);
            assert_silent(family, i ? "::1" : "127.0.0.1", 64);
            assert_silent(family, i ? "2001:db8::1" : "192.0.2.1", 64);
            if (guard.md5 || guard.filter)
                assert_silent(family, i ? "::1" : "127.0.0.1", 255);
            /* Who it is now is known. */
            flow.local.addr = flow.peer.addr = network_addr(i ? "::1" : "127.0.0.1");
            flow.peer.port = 2000;
            assert_true(guard_meet(&guard, &flow, 0, &fault));
            assert_true(guard.exclusive);
            guard_close(&guard);
            set_net_admin(true);
        }
    }
}

/* A server that had the port is gone, but not its connection: it would answer in our place. */
static void the_guard_finds_a_connection_of_the_kernel(void **state)
{
    struct flow flow = {.local = {{.family = 4}, 0}};
    struct sockaddr_storage addr;
    struct fault fault = {0};
    struct guard guard;
    socklen_t length;
    int listener, client, server;

    (void)state;
    network_need();
    listener = network_listener(4, &flow.local.port);
    flow.local.addr = network_addr("127.0.0.1");
    length = endpoint_to_sockaddr(&flow.local, &addr);
    client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&addr, length), 0);
    server = accept(listener, NULL, NULL);
    assert_true(server >= 0);
    close(listener);
    length = sizeof(addr);
    assert_int_equal(getsockname(client, (struct sockaddr *)&addr, &length), 0);
    flow.local.addr = (struct addr){.family = 4};
    assert_true(guard_open(&guard, &flow, 0, &fault));
    flow.peer = endpoint_from_sockaddr((struct sockaddr *)&addr);
    flow.local.addr = network_addr("127.0.0.1");
    assert_false(guard_meet(&guard, &flow, 0, &fault));
    assert_non_null(strstr(fault.words, "a connection of its own"));
    assert_true(guard.fd >= 0);
    guard_close(&guard);
    close(client);
    close(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strange_addresses),
        cmocka_unit_test(another_link),
        cmocka_unit_test(the_guard_is_silent_to_anyone),
        cmocka_unit_test(the_guard_finds_a_connection_of_the_kernel),
    };

    return cmocka_run_group_tests_name("io_meet", tests, network_make, network_leave);
}
