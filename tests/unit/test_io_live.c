/*
 * src/io/live on a real interface: a descriptor that is watched for the caller, segments that only their sender can
 * tell from nonsense, and large ones. In namespaces of the test's own.
 */
#include <fcntl.h>
#include <net/if.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/guard.h"
#include "io/live.h"
#include "io_network.h"

#define LONG_ENOUGH (20 * NANOS_PER_S)

/* A port to a listener of the other side's kernel, and a pipe to be watched. */
struct scene {
    struct flow flow;
    struct guard guard;
    struct live *live;
    struct port port;
    int listener;
    int ends[2];
};

static struct scene scene_at(struct scene scene, struct live_config config, const char *interface)
{
    struct fault fault = {0};

    assert_true(guard_open(&scene.guard, &scene.flow, 0, &fault));
    config.flow = scene.flow;
    config.interface = interface;
    config.interface_index = if_nametoindex(interface);
    if (!live_open(&scene.live, &config, &scene.port, &fault))
        fail_msg("%s", fault.words);
    assert_true(endpoint_equal(&live_flow(scene.live)->peer, &scene.flow.peer));
    assert_int_equal(pipe2(scene.ends, O_CLOEXEC), 0);
    return scene;
}

static struct scene scene_open(uint8_t family, struct live_config config)
{
    struct scene scene = {.flow = {.local.addr = network_client(family), .peer.addr = network_server(family)}};

    network_need();
    network_to_server();
    scene.listener = network_listener(family, &scene.flow.peer.port);
    network_to_client();
    return scene_at(scene, config, CLIENT_INTERFACE);
}

static struct scene scene_on_loopback(uint8_t family, struct live_config config)
{
    struct addr addr = network_addr(family == 6 ? "::1" : "127.0.0.1");
    struct scene scene = {.flow = {.local.addr = addr, .peer.addr = addr}};

    network_need();
    scene.listener = network_listener(family, &scene.flow.peer.port);
    return scene_at(scene, config, "lo");
}

static void scene_close(struct scene *scene)
{
    live_close(scene->live);
    guard_close(&scene->guard);
    close(scene->listener);
    close(scene->ends[0]);
    if (scene->ends[1] >= 0)
        close(scene->ends[1]);
}

static enum port_result next(struct scene *scene, nanos deadline, struct sighting *out)
{
    struct fault fault = {0};
    enum port_result result = scene->port.next(scene->port.self, deadline, out, &fault);

    if (result == PORT_FAULT)
        fail_msg("%s", fault.words);
    return result;
}

static enum port_result next_at_once(struct scene *scene)
{
    struct sighting out;

    return next(scene, scene->port.now(NULL), &out);
}

static enum port_result next_in_time(struct scene *scene)
{
    struct sighting out;

    return next(scene, scene->port.now(NULL) + LONG_ENOUGH, &out);
}

static void send_one(struct scene *scene, const struct segment *segment, const uint8_t *payload)
{
    struct fault fault = {0};

    if (!scene->port.send(scene->port.self, &scene->flow, segment, payload, &fault))
        fail_msg("%s", fault.words);
}

/* ---- watching ---- */

static void input_ends_the_wait(void **state)
{
    /* Awake for the whole of each wait, for a part of it, and asleep. */
    static const nanos awake[] = {NANOS_NEVER, NANOS_PER_MS, 0};
    char byte;

    (void)state;
    for (size_t i = 0; i < sizeof(awake) / sizeof(awake[0]); i++) {
        struct scene scene = scene_open(4, (struct live_config){.awake = awake[i]});
        struct sighting out;
        live_watch(scene.live, scene.ends[0]);
        assert_int_equal(next(&scene, scene.port.now(NULL) + 3 * NANOS_PER_MS, &out), PORT_QUIET);
        assert_int_equal(write(scene.ends[1], "x", 1), 1);
        assert_int_equal(next(&scene, NANOS_NEVER, &out), PORT_INPUT);
        assert_int_equal(next_in_time(&scene), PORT_INPUT); /* as long as it is not read */
        assert_int_equal(read(scene.ends[0], &byte, 1), 1);
        assert_int_equal(next(&scene, scene.port.now(NULL) + 3 * NANOS_PER_MS, &out), PORT_QUIET);
        close(scene.ends[1]);
        scene.ends[1] = -1;
        assert_int_equal(next(&scene, NANOS_NEVER, &out), PORT_INPUT); /* its end */
        live_watch(scene.live, -1);
        assert_int_equal(next(&scene, scene.port.now(NULL) + 3 * NANOS_PER_MS, &out), PORT_QUIET);
        scene_close(&scene);
    }
}

static void nothing_is_watched_unasked(void **state)
{
    struct scene scene = scene_open(4, (struct live_config){0});
    struct sighting out;

    (void)state;
    assert_int_equal(write(scene.ends[1], "x", 1), 1);
    assert_int_equal(dup2(scene.ends[0], STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(next(&scene, scene.port.now(NULL) + 3 * NANOS_PER_MS, &out), PORT_QUIET);
    scene_close(&scene);
}

static void what_was_seen_comes_before_input(void **state)
{
    struct segment segment = {.seq = 1, .flags = TCP_RST};
    struct scene scene = scene_open(4, (struct live_config){0});

    (void)state;
    live_watch(scene.live, scene.ends[0]);
    assert_int_equal(write(scene.ends[1], "x", 1), 1);
    assert_int_equal(next_at_once(&scene), PORT_QUIET); /* its deadline is over */
    for (int i = 0; i < 3; i++)
        send_one(&scene, &segment, NULL);
    for (int i = 0; i < 3; i++)
        assert_int_equal(next_in_time(&scene), PORT_SIGHTING);
    assert_int_equal(next_in_time(&scene), PORT_INPUT);
    scene_close(&scene);
}

static void a_flood_does_not_drown_input(void **state)
{
    struct segment segment = {.seq = 1, .flags = TCP_RST};
    struct scene scene = scene_open(4, (struct live_config){.ring_bytes = 4 << 20});
    unsigned before = 0;
    char byte;

    (void)state;
    for (int i = 0; i < 600; i++)
        send_one(&scene, &segment, NULL);
    live_watch(scene.live, scene.ends[0]);
    assert_int_equal(write(scene.ends[1], "x", 1), 1);
    while (next_in_time(&scene) == PORT_SIGHTING)
        before++;
    assert_in_range(before, 1, 256);
    assert_int_equal(read(scene.ends[0], &byte, 1), 1);
    for (; before < 600; before++)
        assert_int_equal(next_in_time(&scene), PORT_SIGHTING);
    assert_int_equal(next_at_once(&scene), PORT_QUIET);
    scene_close(&scene);
}

/* While the peer is not known yet. */
static void input_comes_before_a_peer(void **state)
{
    struct scene scene = scene_open(4, (struct live_config){0});
    struct live_config config = {.flow = {.local = {{.family = 4}, 4711}}};
    struct fault fault = {0};
    struct live *waiting;
    struct sighting out;
    struct port port;

    (void)state;
    assert_true(live_open(&waiting, &config, &port, &fault));
    live_watch(waiting, scene.ends[0]);
    assert_int_equal(write(scene.ends[1], "x", 1), 1);
    assert_int_equal(port.next(port.self, NANOS_NEVER, &out, &fault), PORT_INPUT);
    live_close(waiting);
    scene_close(&scene);
}

/* ---- what only its sender can tell ---- */

/* It is seen leaving once, as what it is. */
static void assert_seen(struct scene *scene, const struct segment *sent)
{
    struct sighting out;

    do /* the other kernel may complain of what it is sent */
        assert_int_equal(next(scene, scene->port.now(NULL) + LONG_ENOUGH, &out), PORT_SIGHTING);
    while (out.kind == SIGHTING_ICMP);
    assert_int_equal(out.kind, SIGHTING_SEGMENT);
    assert_true(out.out);
    assert_true(out.at > 0);
    assert_int_equal(out.segment.seq, sent->seq);
    assert_int_equal(out.segment.ack, sent->ack);
    assert_int_equal(out.segment.len, sent->len);
    assert_int_equal(out.segment.flags, sent->flags);
    assert_int_equal(out.segment.window, sent->window);
    assert_int_equal(out.segment.ttl, 64);
    assert_int_equal(out.segment.options.tsval, sent->options.tsval);
    assert_null(out.segment.crafted);
}

/* None of them is answered, and none is mistaken for another. */
static void handmade_of(uint8_t family)
{
    static uint8_t payload[101];
    struct crafted crafted = {.bad_checksum = true};
    struct segment segment = {.ack = 2,
                              .flags = TCP_ACK,
                              .window = 3,
                              .len = 100,
                              .options = {.present = TCP_OPT_TIMESTAMPS, .tsval = 5},
                              .crafted = &crafted};
    struct scene scene = scene_open(family, (struct live_config){0});

    for (crafted.fragment = 0; crafted.fragment < 48; crafted.fragment += 8) {
        for (int offset = -1; offset < 16; offset++) {
            crafted.has_offset = offset >= 0;
            crafted.offset = (uint8_t)(offset & 15);
            segment.seq++;
            segment.len ^= 1;
            send_one(&scene, &segment, payload);
            assert_seen(&scene, &segment);
        }
    }
    scene_close(&scene);
}

static void unreadable_segments_are_seen_as_they_were_sent(void **state)
{
    (void)state;
    handmade_of(4);
    handmade_of(6);
}

/* An ordinary segment of the same number, before and behind it. */
static void the_right_one_is_recognised(void **state)
{
    struct crafted crafted = {.bad_checksum = true, .has_offset = true, .offset = 5};
    struct segment odd = {.seq = 1, .flags = TCP_RST, .options = {.present = TCP_OPT_MSS}, .crafted = &crafted};
    struct segment even = {.seq = 1, .flags = TCP_RST, .window = 9};
    struct scene scene = scene_open(4, (struct live_config){0});

    (void)state;
    send_one(&scene, &even, NULL);
    send_one(&scene, &odd, NULL);
    send_one(&scene, &even, NULL);
    assert_seen(&scene, &even);
    assert_seen(&scene, &odd);
    assert_seen(&scene, &even);
    send_one(&scene, &odd, NULL);
    odd.window = 17;
    send_one(&scene, &odd, NULL);
    odd.window = 0;
    assert_seen(&scene, &odd);
    odd.window = 17;
    assert_seen(&scene, &odd);
    scene_close(&scene);
}

/* ---- whole payloads ---- */

#define STREAM (3 << 20)

/* What the stream has at a place: no block of it is like another. */
static uint8_t stream_byte(uint32_t at)
{
    return (uint8_t)(at * 2654435761u >> 24);
}

/* Opens the connection by hand with a window of 200 KB; returns the peer's first number. */
static uint32_t open_widely(struct scene *scene, uint16_t mss)
{
    struct segment syn = {.seq = 100,
                          .flags = TCP_SYN,
                          .window = 65535,
                          .options = {.present = TCP_OPT_MSS | TCP_OPT_WSCALE, .mss = mss, .wscale = 7}};
    struct segment ack = {.seq = 101, .flags = TCP_ACK, .window = 1600};
    struct sighting out;

    send_one(scene, &syn, NULL);
    do
        assert_int_equal(next(scene, scene->port.now(NULL) + LONG_ENOUGH, &out), PORT_SIGHTING);
    while (out.out);
    assert_int_equal(out.segment.flags, TCP_SYN | TCP_ACK);
    ack.ack = out.segment.seq + 1;
    send_one(scene, &ack, NULL);
    return ack.ack;
}

/* Takes the stream, every byte of which was captured and is the right one; returns the longest payload. */
static uint32_t take_stream(struct scene *scene, uint32_t first)
{
    struct segment ack = {.seq = 101, .ack = first, .flags = TCP_ACK, .window = 1600};
    uint32_t longest = 0;
    struct sighting out;

    while (ack.ack - first < STREAM) {
        assert_int_equal(next(scene, scene->port.now(NULL) + LONG_ENOUGH, &out), PORT_SIGHTING);
        if (out.kind == SIGHTING_LOST || out.out) /* what was lost comes again */
            continue;
        assert_int_equal(out.kind, SIGHTING_SEGMENT);
        if (out.segment.seq == ack.ack) {
            assert_int_equal(out.payload_captured, out.segment.len);
            for (uint32_t i = 0; i < out.segment.len; i++)
                if (out.payload[i] != stream_byte(ack.ack - first + i))
                    fail_msg("another byte at %u", ack.ack - first + i);
            ack.ack += out.segment.len;
            longest = out.segment.len > longest ? out.segment.len : longest;
        }
        send_one(scene, &ack, NULL);
    }
    return longest;
}

static void whole_payloads_of(uint8_t family, uint16_t mss, uint32_t expected)
{
    struct live_config config = {.snaplen = CAPTURE_SNAPLEN_WHOLE, .ring_bytes = CAPTURE_RING_WHOLE};
    struct scene scene = scene_on_loopback(family, config);
    uint32_t first = open_widely(&scene, mss), longest;
    pid_t child = fork();

    if (child == 0) {
        static uint8_t stream[STREAM];
        int server = accept(scene.listener, NULL, NULL);
        size_t sent = 0;
        ssize_t more = 0;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (uint32_t i = 0; i < STREAM; i++)
            stream[i] = stream_byte(i);
        for (; sent < STREAM && more >= 0; sent += (size_t)(more > 0 ? more : 0))
            more = send(server, stream + sent, STREAM - sent, 0);
        pause(); /* a close would reset what is not acknowledged yet */
    }
    longest = take_stream(&scene, first);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_in_range(longest, expected, 65535);
    scene_close(&scene);
}

static void merged_segments_are_captured_whole(void **state)
{
    (void)state;
    /* Many segments in one, as TSO and GRO make them; and the largest that there are. */
    whole_payloads_of(4, 1400, 20 * 1400);
    whole_payloads_of(6, 1400, 20 * 1400);
    whole_payloads_of(4, 65495, 65495);
    whole_payloads_of(6, 65476, 65476); /* the MTU of loopback is 65536 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(input_ends_the_wait),
        cmocka_unit_test(nothing_is_watched_unasked),
        cmocka_unit_test(what_was_seen_comes_before_input),
        cmocka_unit_test(a_flood_does_not_drown_input),
        cmocka_unit_test(input_comes_before_a_peer),
        cmocka_unit_test(unreadable_segments_are_seen_as_they_were_sent),
        cmocka_unit_test(the_right_one_is_recognised),
        cmocka_unit_test(merged_segments_are_captured_whole),
    };

    return cmocka_run_group_tests_name("io_live", tests, network_make, network_leave);
}
