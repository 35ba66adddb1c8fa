/*
 * How waiting works. next() looks into the ring first; when nothing of the flow is there it waits in ppoll
 * for the ring or the ICMP socket, with the time left to the deadline. Between waking up and returning a
 * sighting there is no system call: libpcap finds the packet in shared memory, and the ICMP socket is read
 * only when ppoll named it. What does cost a call (asking for losses) is done just before sleeping.
 */
#include "io/live.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/clock.h"
#include "io/elsewhere.h"
#include "io/handmade.h"
#include "io/latency.h"
#include "io/leave.h"
#include "io/meet.h"
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

#define TTL_DEFAULT 64 /* as Linux has it */

struct live {
    struct flow flow;
    bool unmet;                 /* the peer is not known yet: of the flow only what was asked for */
    struct route route;         /* to a peer that was met */
    char bound_to[IF_NAMESIZE]; /* what we send leaves by this interface; empty: the routes decide */
    unsigned interface_index;   /* captured; 0: all */
    uint8_t ttl;                /* of segments that name none */
    struct handmade handmade;
    struct sender *sender;   /* owned */
    struct capture *capture; /* owned */
    struct elsewhere elsewhere;
    struct latency latency;
    nanos awake;          /* of each wait, so much is spent without sleeping; NANOS_NEVER: all of it */
    bool elsewhere_ready; /* ppoll said that the ICMP socket has something */
    unsigned unwaited;    /* packets taken since signals were last let in */
    int watched;          /* somebody else's descriptor, -1: none */
    bool watched_ready;   /* ppoll said that it has something */
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

    if (!sender_send(live->sender, flow, segment, payload, fault))
        return false;
    if (segment->crafted)
        handmade_keep(&live->handmade, segment, live->ttl);
    return true;
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

/* A packet of ours that may be something else than it looks: what was sent, in place of what was read of it. */
static bool recall(struct live *live, const struct flow *flow, const struct packet *packet, struct sighting *out)
{
    const struct segment *sent = NULL;

    if (live->handmade.count > 0 && from_to(packet, &flow->local, &flow->peer))
        sent = handmade_find(&live->handmade, &packet->segment, packet->kind == PACKET_SEGMENT);
    if (!sent)
        return false;
    out->kind = SIGHTING_SEGMENT;
    out->out = true;
    out->segment = *sent;
    out->ip_at = packet->ip_at;
    return true;
}

static void fill_segment(struct sighting *out, const struct packet *packet)
{
    out->kind = SIGHTING_SEGMENT;
    out->segment = packet->segment;
    out->payload = packet->payload;
    out->payload_captured = packet->payload_captured;
    out->ip_at = packet->ip_at;
}

/* A sighting of the flow, whatever is in it. */
static struct sighting sighting_of(const struct captured *captured, int link_type, const struct flow *flow)
{
    return (struct sighting){.at = captured->at,
                             .flow = *flow,
                             .frame = captured->bytes,
                             .frame_captured = captured->captured,
                             .frame_length = captured->length,
                             .link_type = link_type};
}

/* Where connections of every port of ours are seen: the one that this packet is about, by where the peer's stands. */
static uint16_t port_of_ours(const struct flow *flow, const struct packet *packet)
{
    if (packet->kind == PACKET_ICMP_ERROR)
        return packet->icmp.quoted_src.port;
    return endpoint_equal(&packet->src, &flow->peer) && !endpoint_equal(&packet->dst, &flow->peer) ? packet->dst.port
                                                                                                   : packet->src.port;
}

/* Turns one captured packet into a sighting; false when it does not concern the flow. */
static bool interpret(struct live *live, int link_type, const struct captured *captured, struct sighting *out)
{
    struct flow *flow = &out->flow;
    struct packet packet;

    packet_read(link_type, captured->bytes, captured->captured, captured->length, &packet);
    *out = sighting_of(captured, link_type, &live->flow);
    if (flow->local.port == 0)
        flow->local.port = port_of_ours(flow, &packet);
    switch (packet.kind) {
    case PACKET_SEGMENT:
        if (!from_to(&packet, &flow->peer, &flow->local) && !from_to(&packet, &flow->local, &flow->peer))
            return false;
        out->out = endpoint_equal(&packet.src, &flow->local);
        if (!recall(live, flow, &packet, out))
            fill_segment(out, &packet);
        return true;
    case PACKET_ICMP_ERROR:
        out->kind = SIGHTING_ICMP;
        out->icmp = packet.icmp;
        return endpoint_equal(&packet.icmp.quoted_src, &flow->local) &&
               endpoint_equal(&packet.icmp.quoted_dst, &flow->peer);
    case PACKET_ODDITY:
        if (recall(live, flow, &packet, out))
            return true;
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
    MOMENT_INPUT, /* only the watched descriptor has something */
    MOMENT_FAULT,
};

/* From now on everything is as if it had been opened with this flow. */
static bool turn_to(struct live *live, const struct flow *flow, unsigned arrived, struct fault *fault)
{
    if (!capture_narrow(live->capture, flow, arrived, live->route.interface, fault))
        return false;
    if (!live->bound_to[0] && addr_is_link_local(&flow->peer.addr) &&
        (!if_indextoname(flow->peer.addr.zone, live->bound_to) || !sender_bind(live->sender, live->bound_to, fault)))
        return fault_set(fault, FAULT_LOCAL, "interface %u: %s", flow->peer.addr.zone, strerror(errno));
    elsewhere_turn(&live->elsewhere, &flow->local.addr, arrived);
    live->flow = *flow;
    live->unmet = false;
    return true;
}

/* Takes one packet while the peer is unknown: its SYN makes it known. */
static enum moment await_peer(struct live *live, const struct captured *captured, struct sighting *out,
                              struct fault *fault)
{
    unsigned arrived = capture_interface(live->capture, captured);
    struct packet packet;
    struct flow flow;

    if (arrived == 0)
        arrived = live->interface_index;
    packet_read(live->link_type, captured->bytes, captured->captured, captured->length, &packet);
    switch (meet(&live->flow, &packet, arrived, live->bound_to[0] ? live->bound_to : NULL, &flow, &live->route)) {
    case MEETING_NOBODY:
        break;
    case MEETING_NO_WAY:
        *out = sighting_of(captured, live->link_type, &flow);
        out->kind = SIGHTING_ODDITY;
        out->oddity = "a SYN came from where no route leads";
        return MOMENT_SIGHTING;
    case MEETING_PEER:
        if (!turn_to(live, &flow, arrived, fault))
            return MOMENT_FAULT;
        *out = sighting_of(captured, live->link_type, &flow);
        fill_segment(out, &packet);
        return MOMENT_SIGHTING;
    }
    return MOMENT_AGAIN;
}

/* Takes one packet of those that are there already. */
static enum moment look(struct live *live, struct sighting *out, struct fault *fault)
{
    struct captured captured;

    switch (capture_next(live->capture, &captured, fault)) {
    case CAPTURE_PACKET:
        if (live->unmet)
            return await_peer(live, &captured, out, fault);
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
    if (live->unmet)
        return MOMENT_AGAIN;
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
    struct pollfd fds[3] = {{.fd = capture_fd(live->capture), .events = POLLIN},
                            {.fd = live->elsewhere.fd, .events = POLLIN},
                            {.fd = live->watched, .events = POLLIN}};
    struct timespec timeout = {.tv_sec = span / NANOS_PER_S, .tv_nsec = span % NANOS_PER_S};
    nfds_t count = live->watched < 0 ? 2 : 3;
    int readable = ppoll(fds, count, span == NANOS_NEVER ? NULL : &timeout, live->wait_mask);

    live->unwaited = 0;
    live->watched_ready = readable > 0 && fds[2].revents;
    if (readable > 0 && fds[1].revents)
        live->elsewhere_ready = true;
    return readable;
}

/* Waits for something to look at: MOMENT_AGAIN when there is, or a signal came; MOMENT_INPUT for input alone. */
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
    if (readable == 1 && live->watched_ready)
        return MOMENT_INPUT;
    live->watched_ready = false; /* something else goes first, and it is seen again then */
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

static enum port_result result_of(struct live *live, enum moment moment)
{
    switch (moment) {
    case MOMENT_SIGHTING:
        return PORT_SIGHTING;
    case MOMENT_INPUT:
        live->watched_ready = false;
        return PORT_INPUT;
    case MOMENT_AGAIN:
    case MOMENT_QUIET:
        return PORT_QUIET;
    case MOMENT_FAULT:
        break;
    }
    return PORT_FAULT;
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
        /* It showed while packets did not cease: those can't come first for ever. */
        moment = live->watched_ready ? MOMENT_INPUT : look(live, out, fault);
        if (moment == MOMENT_QUIET) {
            moment = rest(live, deadline, out, fault);
        } else if ((moment == MOMENT_SIGHTING || moment == MOMENT_AGAIN) && ++live->unwaited >= UNWAITED_MAX) {
            /* Packets that never cease must not keep a signal out; nor the deadline, where they are foreign. */
            await(live, 0);
            if (moment == MOMENT_AGAIN && clock_monotonic() >= deadline)
                return PORT_QUIET;
        }
    } while (moment == MOMENT_AGAIN);
    return result_of(live, moment);
}

/* By which interface to send: only where the user, or a link-local address, leaves no choice to the routes. */
static void find_device(const struct live_config *config, char out[IF_NAMESIZE])
{
    const struct flow *flow = &config->flow;
    const struct addr *addr = addr_is_unspecified(&flow->peer.addr) ? &flow->local.addr : &flow->peer.addr;

    out[0] = '\0';
    /* Our own link-local address is captured on lo, but belongs to the interface of its zone. */
    if (addr_is_link_local(addr))
        if_indextoname(addr->zone, out);
    else if (config->bind_interface && config->interface)
        snprintf(out, IF_NAMESIZE, "%s", config->interface);
}

static bool open_parts(struct live *live, const struct live_config *config, struct fault *fault)
{
    struct sender_config sending = {.family = config->flow.local.addr.family,
                                    .ttl = live->ttl,
                                    .device = live->bound_to[0] ? live->bound_to : NULL};
    struct capture_config capturing = {.interface = config->interface,
                                       .flow = config->flow,
                                       .snaplen = config->snaplen,
                                       .ring_bytes = config->ring_bytes};

    return sender_open(&live->sender, &sending, fault) &&
           elsewhere_open(&live->elsewhere, &config->flow.local.addr, config->interface_index, fault) &&
           capture_open(&live->capture, &capturing, fault);
}

bool live_open(struct live **out, const struct live_config *config, struct port *port, struct fault *fault)
{
    struct live *live = calloc(1, sizeof(*live));

    *out = NULL;
    if (!live)
        return fault_set(fault, FAULT_LOCAL, "out of memory");
    live->flow = config->flow;
    live->unmet = config->flow.peer.port == 0;
    live->interface_index = config->interface_index;
    live->ttl = config->ttl ? config->ttl : TTL_DEFAULT;
    live->stop = config->stop;
    live->wait_mask = config->wait_mask;
    live->awake = config->awake;
    live->watched = live->latency.fd = live->elsewhere.fd = -1;
    find_device(config, live->bound_to);
    if (!open_parts(live, config, fault)) {
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

const struct flow *live_flow(const struct live *live)
{
    return &live->flow;
}

const struct route *live_route(const struct live *live)
{
    return live->route.interface ? &live->route : NULL;
}

void live_watch(struct live *live, int fd)
{
    live->watched = fd;
    live->watched_ready = false;
}

struct capture *live_capture(const struct live *live)
{
    return live->capture;
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

void live_leave_to_child(struct live *live)
{
    leave_to_child(capture_fd(live->capture));
    live_close(live); /* drops our references only, as long as the child has its own */
}
