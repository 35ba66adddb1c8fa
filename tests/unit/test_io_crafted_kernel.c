/*
 * What a Linux kernel makes of segments made by hand, sent by src/io/sender: over a wire and over loopback, in
 * namespaces of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/kernel.h"
#include "io_bench.h"

#define ISS 0xfffffff0u

static const uint8_t families[] = {4, 6};

/*
 * Sends a SYN as it is told to, and an ordinary one of another number behind it, to a listener that nobody has talked
 * to. Which of them is answered first tells whether the first was taken: no need to wait for something not to come.
 */
static bool is_taken(uint8_t family, const struct segment *odd)
{
    static struct wire_packet packet;
    struct bench bench = bench_open(family);
    struct segment even = {.seq = ISS, .flags = TCP_SYN};
    const uint8_t *tcp = packet.at + header_of(&bench);

    send_one(&bench, odd, NULL);
    send_one(&bench, &even, NULL);
    do
        network_next_from(bench.there, &bench.flow.peer.addr, &packet);
    while (packet.at[family == 6 ? 6 : 9] != 6); /* an ICMP error */
    assert_int_equal(tcp[13], TCP_SYN | TCP_ACK);
    bench_close(&bench);
    if (be32_at(tcp + 8) == ISS + 1)
        return false;
    assert_int_equal(be32_at(tcp + 8), odd->seq + 1);
    return true;
}

/* Of this side's kernel, where its packets arrive. */
static long server_counter(const char *name)
{
    long value;

    network_to_server();
    value = network_counter("Tcp", name);
    network_to_client();
    return value;
}

static void a_kernel_drops_a_bad_checksum(void **state)
{
    struct crafted bad = {.bad_checksum = true}, zero = {.has_checksum = true};
    struct segment segment = {.seq = 1, .flags = TCP_SYN};

    (void)state;
    network_need();
    for (size_t i = 0; i < sizeof(families); i++) {
        long before = server_counter("InCsumErrors");
        segment.crafted = &bad;
        assert_false(is_taken(families[i], &segment));
        assert_int_equal(server_counter("InCsumErrors"), before + 1);
        segment.crafted = &zero;
        assert_false(is_taken(families[i], &segment));
        assert_int_equal(server_counter("InCsumErrors"), before + 2);
        segment.crafted = NULL;
        assert_true(is_taken(families[i], &segment));
    }
}

/* Over loopback, where the kernel trusts itself, but not what came by a raw socket. */
static void loopback_drops_a_bad_checksum(void **state)
{
    static const char *const loopback[] = {"127.0.0.1", "::1"};
    struct crafted bad = {.bad_checksum = true};
    struct segment segment = {.seq = 1, .flags = TCP_SYN};

    (void)state;
    network_need();
    for (size_t i = 0; i < 2; i++) {
        struct addr addr = network_addr(loopback[i]);
        struct bench bench = {.flow = {.local = {addr, LOCAL_PORT}, .peer = {.addr = addr}}};
        struct sender_config sending = {.family = addr.family};
        struct kernel_answer answer = {.state = CLOSED};
        long before = network_counter("Tcp", "InCsumErrors");
        struct fault fault = {0};
        struct kernel *kernel;

        bench.listener = network_listener(addr.family, &bench.flow.peer.port);
        assert_true(kernel_open(&kernel, -1, &fault));
        assert_true(guard_open(&bench.guard, &bench.flow, 0, &fault));
        assert_true(sender_open(&bench.sender, &sending, &fault));
        segment.crafted = &bad;
        send_one(&bench, &segment, NULL);
        segment.crafted = NULL;
        send_one(&bench, &segment, NULL);
        while (answer.state != SYN_RECEIVED)
            assert_true(kernel_state(kernel, &bench.flow.peer, &bench.flow.local, &answer, &fault));
        assert_int_equal(network_counter("Tcp", "InCsumErrors"), before + 1);
        kernel_close(kernel);
        bench_close(&bench);
    }
}

static void a_kernel_drops_a_wrong_offset(void **state)
{
    struct crafted crafted = {.has_offset = true};
    struct segment segment = {.seq = 1, .flags = TCP_SYN, .crafted = &crafted};

    (void)state;
    network_need();
    for (size_t i = 0; i < sizeof(families); i++)
        for (crafted.offset = 0; crafted.offset < 8; crafted.offset++)
            assert_int_equal(is_taken(families[i], &segment), crafted.offset == 5);
}

/* IPv6 wants the whole TCP header in the first piece. */
static void a_kernel_puts_pieces_together(void **state)
{
    static const struct {
        uint8_t family;
        uint16_t size;
        bool taken;
    } cases[] = {{4, 8, true},   {4, 16, true}, {4, 24, true}, {6, 8, false},
                 {6, 16, false}, {6, 24, true}, {6, 32, true}};
    struct crafted crafted = {0};
    struct segment segment = {.seq = 1,
                              .flags = TCP_SYN,
                              .options = {.present = TCP_OPT_MSS | TCP_OPT_TIMESTAMPS | TCP_OPT_WSCALE, .mss = 1460},
                              .crafted = &crafted};

    (void)state;
    network_need();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        crafted.fragment = cases[i].size;
        if (is_taken(cases[i].family, &segment) != cases[i].taken)
            fail_msg("IPv%u, pieces of %u", cases[i].family, cases[i].size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kernel_drops_a_bad_checksum),
        cmocka_unit_test(loopback_drops_a_bad_checksum),
        cmocka_unit_test(a_kernel_drops_a_wrong_offset),
        cmocka_unit_test(a_kernel_puts_pieces_together),
    };

    return cmocka_run_group_tests_name("io_crafted_kernel", tests, network_make, network_leave);
}
