/*
 * How waiting works. next() looks into the ring first; when nothing of the flow is there it waits in ppoll
 * for the ring or the ICMP socket, with the time left to the deadline. Between waking up and returning a
 * sighting there is no system call: libpcap finds the packet in shared memory, and the ICMP socket is read
 * only when ppoll named it. What does cost a call (asking for losses) is done just before sleeping.
 */
#include "io/live.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "io/capture.h"
#include "io/clock.h"
#include "io/elsewhere.h"
#include "io/latency.h"
#include "io/sender.h"
#include "wire/packet.h"

/* So many packets may come in a row before signals are let in. */
#define UNWAITED_MAX 256
/* Fewer in a row than this have not filled the smallest ring. */
#define LOSSES_POSSIBLE 32

/*
 * With low latency each wait starts awake. While the CPUs are held awake this saves what is left of the
 * wake-up (3 of 9 us); a longer wait sleeps, since a busy loop would take the CPU from a peer on the same
 * machine.
 */
#define AWAKE_LOW_LATENCY (20 * NANOS_PER_MS)

struct live {
    struct flow flow;
    struct sender *sender;   /* owned */
    struct capture *capture; /* owned */
    struct elsewhere elsewhere;
    struct latency latency;
    nanos awake;          /* of each wait, so much is spent without sleeping; NANOS_NEVER: all of it */
    bool elsewhere_ready; /* ppoll said that the ICMP socket has something */
    unsigned unwaited;    /* packets taken since signals were last let in */
    int link_type;
    const volatile sig_atomic_t *stop;
    sig_atomic_t stops_told; /* the value of *stop that was last answered with FAULT_INTERRUPTED */
    const sigset_t *wait_mask;
};

static nanos live_now(void *self)
{
    (void)self;
    return clock_monotonic();
}

static bool live_send(void *self, const struct flow *flow, const struct segment *segment, const uint8_t *payload,
                      struct fault *fault)
{
    struct live *live = self;

    return sender_send(live->sender, flow, segment, payload, fault);
}

static bool from_to(const struct packet *packet, const struct endpoint *src, const struct endpoint *dst)
{
    return endpoint_equal(&packet->src, src) && endpoint_equal(&packet->dst, dst);
}

/*
 * Something unreadable: it must come from the peer's address, and have no other ports than ours where ports
 * can be read. Where even the addresses can't, the kernel's filter has seen to it that it lies between the
 * two hosts.
 */
static bool oddity_concerns(const struct flow *flow, const struct packet *packet)
{
    if (packet->src.addr.family == 0)
        return true;
    if (!addr_equal(&packet->src.addr, &flow->peer.addr))
        return false;
    if (packet->dst.addr.family != 0 && !addr_equal(&packet->dst.addr, &flow->local.addr))
        return false;
    if (packet->src.port == 0 && packet->dst.port == 0)
        return true;
    return packet->src.port == flow->peer.port && packet->dst.port == flow->local.port;
}

/* Turns one captured packet into a sighting; false when it does not concern the flow. */
static bool interpret(const struct live *live, int link_type, const struct captured *captured, struct sighting *out)
{
    const struct flow *flow = &live->flow;
    struct packet packet;

    packet_read(link_type, captured->bytes, captured->captured, captured->length, &packet);
    *out = (struct sighting){.at = captured->at, .flow = *flow};
    switch (packet.kind) {
    case PACKET_SEGMENT:
        if (!from_to(&packet, &flow->peer, &flow->local) && !from_to(&packet, &flow->local, &flow->peer))
            return false;
        out->kind = SIGHTING_SEGMENT;
        out->out = endpoint_equal(&packet.src, &flow->local);
        out->segment = packet.segment;
        out->payload = packet.payload;
        out->payload_captured = packet.payload_captured;
        return true;
    case PACKET_ICMP_ERROR:
        out->kind = SIGHTING_ICMP;
        out->icmp = packet.icmp;
        return endpoint_equal(&packet.icmp.quoted_src, &flow->local) &&
               endpoint_equal(&packet.icmp.quoted_dst, &flow->peer);
    case PACKET_ODDITY:
        out->kind = SIGHTING_ODDITY;
        out->oddity = packet.oddity;
        return oddity_concerns(flow, &packet);
    default:
        return false;
    }
}

/* How a step towards the next sighting can end. */
enum moment {
    MOMENT_SIGHTING,
    MOMENT_AGAIN, /* look again */
    MOMENT_QUIET, /* nothing is there; from rest(): until the deadline */
    MOMENT_FAULT,
};

/* Takes one packet of those that are there already. */
static enum moment look(struct live *live, struct sighting *out, struct fault *fault)
{
    struct captured captured;

    switch (capture_next(live->capture, &captured, fault)) {
    case CAPTURE_PACKET:
        return interpret(live, live->link_type, &captured, out) ? MOMENT_SIGHTING : MOMENT_AGAIN;
    case CAPTURE_FAULT:
        return MOMENT_FAULT;
    case CAPTURE_EMPTY:
        break;
    }
    if (!live->elsewhere_ready)
        return MOMENT_QUIET;
    live->elsewhere_ready = elsewhere_next(&live->elsewhere, &captured);
    if (!live->elsewhere_ready)
        return MOMENT_QUIET;
    return interpret(live, LINK_RAW, &captured, out) ? MOMENT_SIGHTING : MOMENT_AGAIN;
}

static bool told_to_stop(const struct live *live)
{
    return live->stop && *live->stop != live->stops_told;
}

/*
 * Waits at most `span` for something to look at, or for a signal: the signals of wait_mask are let in here,
 * and nowhere else. Returns what ppoll does: how many are readable, 0, or -1 with errno.
 */
static int await(struct live *live, nanos span)
{
    struct pollfd fds[2] = {{.fd = capture_fd(live->capture), .events = POLLIN},
                            {.fd = live->elsewhere.fd, .events = POLLIN}};
    struct timespec timeout = {.tv_sec = span / NANOS_PER_S, .tv_nsec = span % NANOS_PER_S};
    int readable = ppoll(fds, 2, span == NANOS_NEVER ? NULL : &timeout, live->wait_mask);

    live->unwaited = 0;
    if (readable > 0 && fds[1].revents)
        live->elsewhere_ready = true;
    return readable;
}

/* Waits for something to look at: MOMENT_AGAIN when there is, or a signal came. */
static enum moment wait_until(struct live *live, nanos deadline, struct fault *fault)
{
    nanos begun = live->awake > 0 ? clock_monotonic() : 0;
    int readable;

    do {
        nanos now = clock_monotonic();
        nanos left = deadline == NANOS_NEVER ? NANOS_NEVER : deadline - now;
        if (left <= 0)
            return MOMENT_QUIET;
        readable = await(live, live->awake > 0 && now - begun < live->awake ? 0 : left);
    } while (readable == 0);
    if (readable < 0 && errno != EINTR) {
        fault_set(fault, FAULT_LOCAL, "waiting for packets: %s", strerror(errno));
        return MOMENT_FAULT;
    }
    return MOMENT_AGAIN;
}

/* Nothing is there: asks whether anything will come, and waits for it. */
static enum moment rest(struct live *live, nanos deadline, struct sighting *out, struct fault *fault)
{
    unsigned lost;

    /* The caller only wants to look: losses are asked for only where so much came at once that there can be some. */
    if (deadline != NANOS_NEVER && live->unwaited < LOSSES_POSSIBLE && deadline <= clock_monotonic())
        return MOMENT_QUIET;
    lost = capture_dropped(live->capture);
    if (lost > 0) {
        *out = (struct sighting){.kind = SIGHTING_LOST, .at = clock_realtime(), .flow = live->flow, .lost = lost};
        return MOMENT_SIGHTING;
    }
    if (!capture_is_up(live->capture, fault))
        return MOMENT_FAULT;
    return wait_until(live, deadline, fault);
}

static enum port_result live_next(void *self, nanos deadline, struct sighting *out, struct fault *fault)
{
    struct live *live = self;
    enum moment moment;

    do {
        if (told_to_stop(live)) {
            live->stops_told = *live->stop;
            fault_set(fault, FAULT_INTERRUPTED, "interrupted");
            return PORT_FAULT;
        }
        moment = look(live, out, fault);
        if (moment == MOMENT_QUIET) {
            moment = rest(live, deadline, out, fault);
        } else if (moment != MOMENT_FAULT && ++live->unwaited >= UNWAITED_MAX) {
            /* Packets that never cease must not keep a signal out; nor the deadline, where they are foreign. */
            await(live, 0);
            if (moment == MOMENT_AGAIN && clock_monotonic() >= deadline)
                return PORT_QUIET;
        }
    } while (moment == MOMENT_AGAIN);
    if (moment == MOMENT_SIGHTING)
        return PORT_SIGHTING;
    return moment == MOMENT_QUIET ? PORT_QUIET : PORT_FAULT;
}

/* By which interface to send: only where the user, or a link-local address, leaves no choice to the routes. */
static const char *sending_device(const struct live_config *config, char name[IF_NAMESIZE])
{
    /* Our own link-local address is captured on lo, but belongs to the interface of its zone. */
    if (addr_is_link_local(&config->flow.peer.addr))
        return if_indextoname(config->flow.peer.addr.zone, name);
    return config->bind_interface ? config->interface : NULL;
}

bool live_open(struct live **out, const struct live_config *config, struct port *port, struct fault *fault)
{
    struct live *live = calloc(1, sizeof(*live));
    char device[IF_NAMESIZE];
    struct sender_config sending = {
        .family = config->flow.peer.addr.family, .ttl = config->ttl, .device = sending_device(config, device)};
    struct capture_config capturing = {.interface = config->interface,
                                       .flow = config->flow,
                                       .snaplen = config->snaplen,
                                       .ring_bytes = config->ring_bytes};

    *out = NULL;
    if (!live)
        return fault_set(fault, FAULT_LOCAL, "out of memory");
    live->flow = config->flow;
    live->stop = config->stop;
    live->wait_mask = config->wait_mask;
    live->awake = config->awake;
    live->latency.fd = live->elsewhere.fd = -1;
    if (!sender_open(&live->sender, &sending, fault) ||
        !elsewhere_open(&live->elsewhere, &config->flow.local.addr, config->interface_index, fault) ||
        !capture_open(&live->capture, &capturing, fault)) {
        live_close(live);
        return false;
    }
    live->link_type = capture_link_type(live->capture);
    if (config->low_latency)
        live->awake = latency_hold(&live->latency) ? AWAKE_LOW_LATENCY : NANOS_NEVER;
    *port = (struct port){.self = live, .now = live_now, .send = live_send, .next = live_next};
    *out = live;
    return true;
}

bool live_is_coarse(const struct live *live)
{
    return capture_is_coarse(live->capture);
}

void live_close(struct live *live)
{
    if (!live)
        return;
    latency_release(&live->latency);
    elsewhere_close(&live->elsewhere);
    capture_close(live->capture);
    sender_close(live->sender);
    free(live);
}

/* Closes the descriptors from first to last. */
static void close_from_to(unsigned first, unsigned last)
{
    if (first > last || close_range(first, last, 0) == 0)
        return;
    /* A kernel before 5.9. Descriptors beyond these would be closed a few milliseconds late, with the process. */
    for (unsigned fd = first; fd <= last && fd < 4096; fd++)
        close((int)fd);
}

/*
 * The child: drops everything but the packet socket, says so by closing its end of the pipe, and is killed by
 * the kernel when the parent is gone. That signal comes after the parent's descriptors were closed, so the
 * last reference to the packet socket is always the child's, and the waiting is done here.
 */
static void hold_until_parent_ends(int packet_fd, int pipe_fd, pid_t parent)
{
    unsigned low = (unsigned)(packet_fd < pipe_fd ? packet_fd : pipe_fd);
    unsigned high = (unsigned)(packet_fd < pipe_fd ? pipe_fd : packet_fd);

    if (low > 0)
        close_from_to(0, low - 1);
    close_from_to(low + 1, high - 1);
    close_from_to(high + 1, ~0u);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent) {
        close(pipe_fd);
        for (;;)
            pause();
    }
    _exit(0);
}

/* Returns when there is a child that holds the packet socket and nothing else, or when there can be none. */
static void leave_socket_to_child(int packet_fd)
{
    pid_t parent = getpid(), child;
    char nothing;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return;
    child = fork();
    if (child == 0)
        hold_until_parent_ends(packet_fd, ends[1], parent);
    close(ends[1]);
    /* The end of the pipe: the child has let go of everything else, or has died. */
    if (child > 0)
        while (read(ends[0], &nothing, 1) < 0 && errno == EINTR)
            continue;
    close(ends[0]);
}

void live_leave_to_child(struct live *live)
{
    leave_socket_to_child(capture_fd(live->capture));
    live_close(live); /* drops our references only, as long as the child has its own */
}
