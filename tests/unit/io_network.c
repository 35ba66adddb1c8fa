#include "io_network.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/route.h"
#include "lab/links.h"
#include "lab/namespaces.h"

#define ETHERNET_HEADER 14
#define TOO_LONG 20000 /* milliseconds */

/* Why there is no network; empty when there is one. */
static struct fault missing = {.kind = FAULT_LOCAL, .words = "not made"};
static int client_side = -1, server_side = -1;

/* The kernel makes an IPv6 address its own some time after it was given, also without looking for duplicates. */
static bool await_address(const char *own, const char *peer, struct fault *fault)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    struct addr target = network_addr(peer);
    struct route_wish wish = {.source = network_addr(own)};
    struct route route;

    for (int tries = 0; tries < TOO_LONG; tries++) {
        *fault = (struct fault){0};
        if (route_find(&target, &wish, &route, fault))
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

static bool await_server(struct fault *fault)
{
    return links_wait(SERVER_INTERFACE, fault) && await_address("2001:db8::2", "2001:db8::1", fault) &&
           await_address("fe80::2%" SERVER_INTERFACE, "fe80::1%" SERVER_INTERFACE, fault);
}

static bool await_client(struct fault *fault)
{
    return links_wait(CLIENT_INTERFACE, fault) && await_address("2001:db8::1", "2001:db8::2", fault) &&
           await_address("fe80::1%" CLIENT_INTERFACE, "fe80::2%" CLIENT_INTERFACE, fault);
}

static bool make(struct fault *fault)
{
    if (!namespaces_make(&server_side, fault) || !namespaces_settle(false, fault) || !links_loopback(fault) ||
        !links_pair(server_side, fault))
        return false;
    client_side = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (client_side < 0 || !links_client(true, fault))
        return false;
    network_to_server();
    if (!namespaces_settle(false, fault) || !links_loopback(fault) || !links_server(true, fault) ||
        !await_server(fault))
        return false;
    network_to_client();
    return await_client(fault);
}

int network_make(void **state)
{
    struct fault fault = {0};

    (void)state;
    if (make(&fault))
        missing = (struct fault){0};
    else
        missing = fault;
    return 0;
}

int network_leave(void **state)
{
    (void)state;
    if (client_side >= 0)
        close(client_side);
    if (server_side >= 0)
        close(server_side);
    return 0;
}

void network_need(void)
{
    if (missing.kind == FAULT_NONE)
        return;
    print_message("no network to test in: %s\n", missing.words);
    skip();
}

void network_to_server(void)
{
    assert_int_equal(setns(server_side, CLONE_NEWNET), 0);
}

void network_to_client(void)
{
    assert_int_equal(setns(client_side, CLONE_NEWNET), 0);
}

struct addr network_addr(const char *text)
{
    struct addr addr;

    assert_true(addr_parse(text, &addr));
    return addr;
}

struct addr network_client(uint8_t family)
{
    return family == 6 ? links_addr6(LINKS_CLIENT_HOST) : links_addr4(LINKS_CLIENT_HOST);
}

struct addr network_server(uint8_t family)
{
    return family == 6 ? links_addr6(LINKS_SERVER_HOST) : links_addr4(LINKS_SERVER_HOST);
}

int network_listener(uint8_t family, uint16_t *port)
{
    struct endpoint any = {.addr = {.family = family}, .port = *port};
    struct sockaddr_storage addr;
    socklen_t length = endpoint_to_sockaddr(&any, &addr);
    int fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)), 0);
    if (family == 6)
        assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int)), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, length), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &length), 0);
    *port = endpoint_from_sockaddr((struct sockaddr *)&addr).port;
    return fd;
}

/* Two lines for each protocol: the names, then the numbers in the same order. */
long network_counter(const char *protocol, const char *name)
{
    FILE *file = fopen("/proc/thread-self/net/snmp", "re");
    char names[2048], numbers[2048];
    size_t length = strlen(protocol);
    long found = -1;

    assert_non_null(file);
    while (found < 0 && fgets(names, sizeof(names), file) && fgets(numbers, sizeof(numbers), file)) {
        char *name_rest, *number_rest;
        if (strncmp(names, protocol, length) != 0 || names[length] != ':')
            continue;
        char *a = strtok_r(names, " \n", &name_rest), *b = strtok_r(numbers, " \n", &number_rest);
        for (; a && b; a = strtok_r(NULL, " \n", &name_rest), b = strtok_r(NULL, " \n", &number_rest))
            if (strcmp(a, name) == 0)
                found = atol(b);
    }
    fclose(file);
    assert_true(found >= 0);
    return found;
}

static bool is_from(const struct wire_packet *packet, const struct addr *from)
{
    if (packet->at[0] >> 4 != from->family)
        return false;
    return memcmp(packet->at + (from->family == 6 ? 8 : 12), from->bytes, from->family == 6 ? 16 : 4) == 0;
}

void network_next_from(struct capture *capture, const struct addr *from, struct wire_packet *out)
{
    struct pollfd ready = {.fd = capture_fd(capture), .events = POLLIN};
    struct captured captured;
    struct fault fault = {0};

    for (;;) {
        switch (capture_next(capture, &captured, &fault)) {
        case CAPTURE_PACKET:
            assert_int_equal(captured.captured, captured.length);
            assert_in_range(captured.length, ETHERNET_HEADER + 20, sizeof(out->at));
            out->length = captured.length - ETHERNET_HEADER;
            memcpy(out->at, captured.bytes + ETHERNET_HEADER, out->length);
            if (is_from(out, from))
                return;
            break;
        case CAPTURE_EMPTY:
            if (poll(&ready, 1, TOO_LONG) != 1)
                fail_msg("nothing came");
            break;
        case CAPTURE_FAULT:
            fail_msg("%s", fault.words);
        }
    }
}

static uint32_t add_up(uint32_t sum, const uint8_t *at, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
        sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

bool network_sums_up(const struct addr *src, const struct addr *dst, const uint8_t *tcp, uint32_t length)
{
    uint32_t bytes = src->family == 6 ? 16 : 4;

    return add_up(add_up(add_up(6 + length, src->bytes, bytes), dst->bytes, bytes), tcp, length) == 0xffff;
}
