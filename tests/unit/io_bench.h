/* For the tests of src/io/sender: a sender on our side of a wire, a capture and a kernel's listener on the other. */
#ifndef UNIT_IO_BENCH_H
#define UNIT_IO_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/guard.h"
#include "io/sender.h"
#include "io_network.h"

#define LOCAL_PORT 1025

/* A sender on our side, and what arrives on the other. */
struct bench {
    uint8_t family;
    struct flow flow;
    struct sender *sender;
    struct capture *there;
    struct guard guard; /* else our kernel answers what the listener answers us */
    int listener;       /* on the other side */
};

static inline struct bench bench_open(uint8_t family)
{
    struct bench bench = {.family = family};
    struct sender_config sending = {.family = family, .ttl = 77};
    struct capture_config capturing = {.interface = SERVER_INTERFACE, .snaplen = 4096, .ring_bytes = 4 << 20};
    struct fault fault = {0};

    network_need();
    bench.flow.local = (struct endpoint){network_client(family), LOCAL_PORT};
    bench.flow.peer.addr = network_server(family);
    network_to_server();
    bench.listener = network_listener(family, &bench.flow.peer.port);
    capturing.flow = bench.flow;
    assert_true(capture_open(&bench.there, &capturing, &fault));
    network_to_client();
    assert_true(guard_open(&bench.guard, &bench.flow, 0, &fault));
    assert_true(sender_open(&bench.sender, &sending, &fault));
    return bench;
}

static inline void bench_close(struct bench *bench)
{
    sender_close(bench->sender);
    guard_close(&bench->guard);
    capture_close(bench->there);
    close(bench->listener);
}

static inline void send_one(struct bench *bench, const struct segment *segment, const uint8_t *payload)
{
    struct fault fault = {0};

    if (!sender_send(bench->sender, &bench->flow, segment, payload, &fault))
        fail_msg("%s", fault.words);
}

static inline uint32_t header_of(const struct bench *bench)
{
    return bench->family == 6 ? 40 : 20;
}

static inline uint16_t be16_at(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t be32_at(const uint8_t *at)
{
    return (uint32_t)be16_at(at) << 16 | be16_at(at + 2);
}

#endif
