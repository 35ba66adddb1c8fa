/*
 * The live port where the peer is not known beforehand: it waits for a SYN, and is then as if it had known. The
 * peers are kernels' own clients, in namespaces of the test's own.
 */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/guard.h"
#include "io/live.h"
#include "io/privilege.h"
#include "io/sender.h"
#include "io_network.h"

#define PORT 4711
#define ISS 1000u
#define LONG_ENOUGH (20 * NANOS_PER_S)

/* Our side, waiting; and a kernel's client, when there is one. */
struct scene {
    struct flow flow; /* what is asked for, then what came */
    struct guard guard;
    struct live *live;
    struct port port;
    int client;
    struct endpoint client_end;
};

/* Addresses that are NULL are left open, but for the family. */
static struct scene scene_open(uint8_t family, const char *local, const char *peer, const char *interface)
{
    struct scene scene = {.flow = {.local = {.addr = {.family = family}, .port = PORT}}, .client = -1};
    struct live_config config = {.interface = interface, .interface_index = interface ? if_nametoindex(interface) : 0};
    struct fault fault = {0};

    network_need();
    if (local)
        scene.flow.local.addr = network_addr(local);
    if (peer)
        scene.flow.peer.addr = network_addr(peer);
    config.bind_interface = interface != NULL;
    if (!guard_open(&scene.guard, &scene.flow, 0, &fault))
        fail_msg("%s", fault.words);
    config.flow = scene.flow;
    if (!live_open(&scene.live, &config, &scene.port, &fault))
        fail_msg("%s", fault.words);
    assert_null(live_route(scene.live));
    return scene;
}

static void scene_close(struct scene *scene)
{
    struct linger at_once = {.l_onoff = 1};

    if (scene->client >= 0) {
        setsockopt(scene->client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        close(scene->client);
    }
    live_close(scene->live);
    guard_close(&scene->guard);
}

/* A client that begins to connect, from an address if one is given. */
static void client_connect(struct scene *scene, const char *from, const char *to)
{
    struct endpoint target = {network_addr(to), PORT}, own = {.port = 0};
    struct sockaddr_storage addr;
    socklen_t length = endpoint_to_sockaddr(&target, &addr);

    scene->client = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(scene->client >= 0);
    if (from) {
        struct sockaddr_storage from_addr;
        own.addr = network_addr(from);
        length = endpoint_to_sockaddr(&own, &from_addr);
        assert_int_equal(bind(scene->client, (struct sockaddr *)&from_addr, length), 0);
    }
    assert_int_equal(connect(scene->client, (struct sockaddr *)&addr, length), -1);
    assert_int_equal(errno, EINPROGRESS);
    length = sizeof(addr);
    assert_int_equal(getsockname(scene->client, (struct sockaddr *)&addr, &length), 0);
    scene->client_end = endpoint_from_sockaddr((struct sockaddr *)&addr);
}

static struct sighting next(struct scene *scene)
{
    struct fault fault = {0};
    struct sighting out;
    enum port_result result = scene->port.next(scene->port.self, scene->port.now(NULL) + LONG_ENOUGH, &out, &fault);

    if (result != PORT_SIGHTING)
        fail_msg("no sighting: %d, %s", result, fault.words);
    return out;
}

static void assert_nothing_there(struct scene *scene)
{
    struct fault fault = {0};
    struct sighting out;

    if (scene->port.next(scene->port.self, scene->port.now(NULL), &out, &fault) != PORT_QUIET)
        fail_msg("something was there: %d %x, %s", out.kind, out.segment.flags, fault.words);
}

/* The next segment is this one, seen once, of the flow that was met. */
static struct segment expect(struct scene *scene, bool out, uint8_t flags)
{
    struct sighting sighting = next(scene);

    assert_int_equal(sighting.kind, SIGHTING_SEGMENT);
    assert_int_equal(sighting.out, out);
    assert_int_equal(sighting.segment.flags, flags);
    assert_true(endpoint_equal(&sighting.flow.local, &live_flow(scene->live)->local));
    assert_true(endpoint_equal(&sighting.flow.peer, &live_flow(scene->live)->peer));
    return sighting.segment;
}

static void answer(struct scene *scene, uint8_t flags, uint32_t seq, uint32_t ack)
{
    struct segment segment = {.seq = seq, .ack = ack, .flags = flags, .window = 1000};
    struct fault fault = {0};

    if (!scene->port.send(scene->port.self, live_flow(scene->live), &segment, NULL, &fault))
        fail_msg("%s", fault.words);
}

/* Is the client's connection open? Its kernel says so at once, having sent its ACK. */
static bool client_is_open(struct scene *scene)
{
    struct pollfd writable = {.fd = scene->client, .events = POLLOUT};
    socklen_t length = sizeof(int);
    int error = -1;

    assert_int_equal(poll(&writable, 1, 20000), 1);
    assert_int_equal(getsockopt(scene->client, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    return error == 0;
}

/* Meets the client and opens and closes its connection by hand; everything of it is seen once, and nothing else. */
static void walk_through(struct scene *scene, const char *to, const char *way)
{
    struct segment syn = expect(scene, false, TCP_SYN);
    struct endpoint reached = {network_addr(to), PORT};
    struct fault fault = {0};

    assert_true(endpoint_equal(&live_flow(scene->live)->peer, &scene->client_end));
    assert_true(endpoint_equal(&live_flow(scene->live)->local, &reached));
    assert_string_equal(live_route(scene->live)->name, way);
    assert_true(live_route(scene->live)->mtu >= 1500);
    assert_true(guard_meet(&scene->guard, live_flow(scene->live), live_route(scene->live)->interface, &fault));
    assert_true(syn.options.present & TCP_OPT_MSS);

    answer(scene, TCP_SYN | TCP_ACK, ISS, syn.seq + 1);
    assert_int_equal(expect(scene, true, TCP_SYN | TCP_ACK).seq, ISS);
    assert_int_equal(expect(scene, false, TCP_ACK).ack, ISS + 1);
    assert_true(client_is_open(scene));
    assert_int_equal(send(scene->client, "hello", 5, 0), 5);
    assert_int_equal(expect(scene, false, TCP_PSH | TCP_ACK).len, 5);
    answer(scene, TCP_ACK, ISS + 1, syn.seq + 6);
    expect(scene, true, TCP_ACK);
    assert_int_equal(shutdown(scene->client, SHUT_WR), 0);
    expect(scene, false, TCP_FIN | TCP_ACK);
    answer(scene, TCP_RST, ISS + 1, 0);
    expect(scene, true, TCP_RST);
    assert_nothing_there(scene);
}

/* ---- meeting ---- */

static void over_the_wire(void **state)
{
    static const struct {
        uint8_t family;
        const char *local, *peer, *interface, *to;
    } cases[] = {
        {4, NULL, NULL, NULL, "192.0.2.1"},
        {4, NULL, NULL, CLIENT_INTERFACE, "192.0.2.1"},
        {4, "192.0.2.1", NULL, NULL, "192.0.2.1"},
        {4, NULL, "192.0.2.2", NULL, "192.0.2.1"},
        {4, "192.0.2.1", "192.0.2.2", CLIENT_INTERFACE, "192.0.2.1"},
        {6, NULL, NULL, NULL, "2001:db8::1"},
        {6, NULL, NULL, CLIENT_INTERFACE, "2001:db8::1"},
        {6, "2001:db8::1", "2001:db8::2", NULL, "2001:db8::1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scene scene = scene_open(cases[i].family, cases[i].local, cases[i].peer, cases[i].interface);
        assert_nothing_there(&scene);
        network_to_server();
        client_connect(&scene, NULL, cases[i].to);
        network_to_client();
        walk_through(&scene, cases[i].to, CLIENT_INTERFACE);
        scene_close(&scene);
    }
}

static void over_loopback(void **state)
{
    static const struct {
        uint8_t family;
        const char *interface, *to;
    } cases[] = {
        {4, NULL, "127.0.0.1"},
        {4, "lo", "127.0.0.1"},
        {4, NULL, "192.0.2.1"},
        {4, "lo", "192.0.2.1"},
        {6, NULL, "::1"},
        {6, "lo", "::1"},
        {6, NULL, "fe80::1%" CLIENT_INTERFACE}, /* has to be asked for */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *local = strchr(cases[i].to, '%') ? cases[i].to : NULL;
        struct scene scene = scene_open(cases[i].family, local, NULL, cases[i].interface);
        client_connect(&scene, NULL, cases[i].to);
        walk_through(&scene, cases[i].to, "lo");
        scene_close(&scene);
    }
}

static void link_local(void **state)
{
    static const char *const interfaces[] = {NULL, CLIENT_INTERFACE};
    char to[64];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct scene scene = scene_open(6, NULL, NULL, interfaces[i]);
        unsigned zone = if_nametoindex(CLIENT_INTERFACE);
        struct segment syn;
        network_to_server();
        snprintf(to, sizeof(to), "fe80::1%%%u", if_nametoindex(SERVER_INTERFACE));
        client_connect(&scene, NULL, to);
        network_to_client();
        syn = expect(&scene, false, TCP_SYN);
        assert_int_equal(live_flow(scene.live)->peer.addr.zone, zone);
        assert_int_equal(live_flow(scene.live)->local.addr.zone, zone);
        answer(&scene, TCP_SYN | TCP_ACK, ISS, syn.seq + 1);
        expect(&scene, true, TCP_SYN | TCP_ACK);
        expect(&scene, false, TCP_ACK);
        assert_true(client_is_open(&scene));
        scene_close(&scene);
    }
}

/* ---- what is not for us ---- */

/* A segment from the server's side, as nobody's kernel sends it. */
static void send_from_server(const char *from, uint16_t from_port, const char *to, uint8_t flags)
{
    struct flow flow = {.local = {network_addr(from), from_port}, .peer = {network_addr(to), PORT}};
    struct sender_config config = {.family = flow.local.addr.family};
    struct segment segment = {.seq = 7, .ack = 9, .flags = flags};
    struct fault fault = {0};
    struct sender *sender;

    network_to_server();
    assert_true(sender_open(&sender, &config, &fault));
    assert_true(sender_send(sender, &flow, &segment, NULL, &fault));
    sender_close(sender);
    network_to_client();
}

static void only_a_syn_counts(void **state)
{
    struct scene scene = scene_open(4, NULL, NULL, NULL);

    (void)state;
    for (unsigned flags = 0; flags < 256; flags++)
        if ((flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
            send_from_server("192.0.2.2", 2000, "192.0.2.1", (uint8_t)flags);
    send_from_server("192.0.2.2", 2001, "192.0.2.1", TCP_SYN | TCP_ECE | TCP_CWR | TCP_FIN);
    expect(&scene, false, TCP_SYN | TCP_ECE | TCP_CWR | TCP_FIN);
    assert_int_equal(live_flow(scene.live)->peer.port, 2001);
    /* From others, or once more. */
    send_from_server("192.0.2.2", 2000, "192.0.2.1", TCP_SYN);
    send_from_server("192.0.2.2", 2001, "192.0.2.1", TCP_SYN);
    expect(&scene, false, TCP_SYN);
    assert_nothing_there(&scene);
    scene_close(&scene);
}

/* The connections of this machine to that port elsewhere. */
static void our_own_syn_is_none(void **state)
{
    static const char *const interfaces[] = {NULL, CLIENT_INTERFACE};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct scene scene = scene_open(4, NULL, NULL, interfaces[i]);
        client_connect(&scene, NULL, "192.0.2.2");
        close(scene.client);
        send_from_server("192.0.2.2", 2000, "192.0.2.1", TCP_SYN);
        expect(&scene, false, TCP_SYN);
        assert_int_equal(live_flow(scene.live)->peer.port, 2000);
        scene_close(&scene);
    }
}

static void another_than_the_one_wanted(void **state)
{
    struct scene scene = scene_open(4, "127.0.0.1", "127.0.0.3", NULL);

    (void)state;
    client_connect(&scene, "127.0.0.2", "127.0.0.1");
    close(scene.client);
    send_from_server("192.0.2.2", 2000, "192.0.2.1", TCP_SYN);
    client_connect(&scene, "127.0.0.3", "127.0.0.1");
    expect(&scene, false, TCP_SYN);
    assert_true(endpoint_equal(&live_flow(scene.live)->peer, &scene.client_end));
    scene_close(&scene);
}

static void one_that_cannot_be_answered(void **state)
{
    struct scene scene = scene_open(4, NULL, NULL, NULL);
    struct sighting sighting;

    (void)state;
    send_from_server("198.51.100.7", 2000, "192.0.2.1", TCP_SYN);
    sighting = next(&scene);
    assert_int_equal(sighting.kind, SIGHTING_ODDITY);
    assert_string_equal(sighting.oddity, "a SYN came from where no route leads");
    assert_int_equal(live_flow(scene.live)->peer.port, 0);
    send_from_server("192.0.2.2", 2000, "192.0.2.1", TCP_SYN);
    expect(&scene, false, TCP_SYN);
    scene_close(&scene);
}

/* ---- ICMP ---- */

/* Tells 192.0.2.1, from an address of this side, that its segment of the flow can't be delivered. */
static void send_unreachable(const char *from, const struct flow *flow, uint32_t seq)
{
    uint8_t message[8 + 28] = {3, 13};
    struct endpoint source = {.addr = network_addr(from)}, target = {.addr = flow->local.addr};
    struct sockaddr_storage addr;
    socklen_t length = endpoint_to_sockaddr(&source, &addr);
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
    uint8_t *quoted = message + 8;
    uint32_t sum = 0;

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, length), 0);
    quoted[0] = 0x45;
    quoted[3] = 40;
    quoted[9] = 6;
    memcpy(quoted + 12, flow->local.addr.bytes, 4);
    memcpy(quoted + 16, flow->peer.addr.bytes, 4);
    for (int i = 0; i < 2; i++) {
        quoted[20 + i] = (uint8_t)(flow->local.port >> (8 - 8 * i));
        quoted[22 + i] = (uint8_t)(flow->peer.port >> (8 - 8 * i));
    }
    for (int i = 0; i < 4; i++)
        quoted[24 + i] = (uint8_t)(seq >> (24 - 8 * i));
    for (size_t i = 0; i < sizeof(message); i += 2)
        sum += (uint32_t)(message[i] << 8 | message[i + 1]);
    sum = ~(sum % 0xffff);
    message[2] = (uint8_t)(sum >> 8);
    message[3] = (uint8_t)sum;
    length = endpoint_to_sockaddr(&target, &addr);
    assert_int_equal(sendto(fd, message, sizeof(message), 0, (struct sockaddr *)&addr, length), sizeof(message));
    close(fd);
}

static void expect_icmp(struct scene *scene, const char *from)
{
    struct sighting sighting = next(scene);
    struct addr addr = network_addr(from);

    assert_int_equal(sighting.kind, SIGHTING_ICMP);
    assert_true(addr_equal(&sighting.icmp.from, &addr));
    assert_int_equal(sighting.icmp.code, 13);
    assert_int_equal(sighting.icmp.quoted_seq, ISS);
}

/* Each is heard once, from the interface that is captured and from elsewhere; before there is a peer, none. */
static void errors_are_heard(void **state)
{
    static const char *const interfaces[] = {NULL, CLIENT_INTERFACE};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct scene scene = scene_open(4, NULL, NULL, interfaces[i]);
        struct flow flow = {.local = {network_addr("192.0.2.1"), PORT}, .peer = {network_addr("192.0.2.2"), 2000}};
        network_to_server();
        send_unreachable("192.0.2.2", &flow, ISS);
        network_to_client();
        send_unreachable("192.0.2.1", &flow, ISS);
        send_from_server("192.0.2.2", 2000, "192.0.2.1", TCP_SYN);
        expect(&scene, false, TCP_SYN);
        assert_nothing_there(&scene);
        network_to_server();
        send_unreachable("192.0.2.2", &flow, ISS);
        network_to_client();
        expect_icmp(&scene, "192.0.2.2");
        send_unreachable("192.0.2.1", &flow, ISS);
        expect_icmp(&scene, "192.0.2.1");
        assert_nothing_there(&scene);
        scene_close(&scene);
    }
}

/* ---- privilege ---- */

/* The next sighting is a segment with these flags; for the child, where cmocka can't fail. */
static bool sees(struct scene *scene, uint8_t flags, struct sighting *out)
{
    struct fault fault = {0};

    return scene->port.next(scene->port.self, scene->port.now(NULL) + LONG_ENOUGH, out, &fault) == PORT_SIGHTING &&
           out->kind == SIGHTING_SEGMENT && out->segment.flags == flags;
}

/* The child that serves: says so when it waits, without any privilege. Returns the line where it fails. */
static int serve_without_privilege(struct scene *scene, int ready)
{
    struct segment segment = {.seq = ISS, .flags = TCP_SYN | TCP_ACK, .window = 1000};
    struct fault fault = {0};
    struct sighting sighting;

    if (!privilege_drop(&fault) || privilege_check(&fault))
        return __LINE__;
    fault = (struct fault){0};
    if (write(ready, "", 1) != 1)
        return __LINE__;
    if (!sees(scene, TCP_SYN, &sighting))
        return __LINE__;
    if (!guard_meet(&scene->guard, live_flow(scene->live), live_route(scene->live)->interface, &fault))
        return __LINE__;
    segment.ack = sighting.segment.seq + 1;
    if (!scene->port.send(scene->port.self, live_flow(scene->live), &segment, NULL, &fault))
        return __LINE__;
    if (!sees(scene, TCP_SYN | TCP_ACK, &sighting) || !sees(scene, TCP_ACK, &sighting))
        return __LINE__;
    return 0;
}

/* A link-local peer is the hardest: the sender has to be bound to an interface then. */
static void no_privilege_is_needed_to_meet(void **state)
{
    struct scene scene = scene_open(6, NULL, NULL, NULL);
    char to[64], byte;
    int ready[2], status;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    child = fork();
    if (child == 0)
        _exit(serve_without_privilege(&scene, ready[1]) % 256);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    network_to_server();
    snprintf(to, sizeof(to), "fe80::1%%%u", if_nametoindex(SERVER_INTERFACE));
    client_connect(&scene, NULL, to);
    network_to_client();
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true(client_is_open(&scene));
    close(ready[0]);
    close(ready[1]);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_the_wire),
        cmocka_unit_test(over_loopback),
        cmocka_unit_test(link_local),
        cmocka_unit_test(only_a_syn_counts),
        cmocka_unit_test(our_own_syn_is_none),
        cmocka_unit_test(another_than_the_one_wanted),
        cmocka_unit_test(one_that_cannot_be_answered),
        cmocka_unit_test(errors_are_heard),
        cmocka_unit_test(no_privilege_is_needed_to_meet),
    };

    return cmocka_run_group_tests_name("io_passive", tests, network_make, network_leave);
}
