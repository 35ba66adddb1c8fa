/*
 * The port: how a walk touches the world. A struct of functions, so that the same loop runs on real
 * interfaces, on recordings and on a simulated channel.
 *
 * Two clocks: now() is monotonic and only for deadlines; every sighting carries the capture clock
 * (nanoseconds since 1970, UTC), and only that is ever reported.
 */
#ifndef IO_PORT_H
#define IO_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/fault.h"
#include "base/nanos.h"
#include "core/segment.h"
#include "core/state.h"

enum sighting_kind {
    SIGHTING_SEGMENT, /* a TCP segment of the connection, in either direction */
    SIGHTING_ICMP,    /* an ICMP error that quotes a segment of the connection */
    SIGHTING_ODDITY,  /* something from the peer that can't be read as a segment: a fragment, a cut header */
    SIGHTING_LOST,    /* the capture dropped something: what follows may have gaps */
};

struct sighting {
    enum sighting_kind kind;
    nanos at;         /* capture clock */
    struct flow flow; /* from our point of view, whichever way the segment went */
    bool out;         /* the segment went from us to the peer */
    struct segment segment;
    const uint8_t *payload; /* captured payload, borrowed until the next call; NULL when none */
    uint32_t payload_captured;
    const uint8_t *frame; /* all that was captured, borrowed likewise; NULL when it is not known */
    uint32_t frame_captured;
    uint32_t frame_length; /* how many bytes it had on the way */
    int link_type;         /* how to read it: a DLT_ number */
    uint32_t ip_at;        /* where in it the IP header is */
    struct icmp_error icmp;
    const char *oddity; /* static text: what was wrong with it */
    unsigned lost;      /* segments dropped since the last word of it */
};

enum port_result {
    PORT_SIGHTING, /* *out is filled */
    PORT_QUIET,    /* the deadline passed */
    PORT_INPUT,    /* a descriptor that the port watches for the caller has something to read, or its end */
    PORT_FAULT,    /* *fault is filled; FAULT_INTERRUPTED when a signal asked us to stop */
};

struct port {
    void *self; /* passed to every function */

    nanos (*now)(void *self);

    /*
     * Sends one segment of the flow. The checksums are the port's business, and the TTL when segment->ttl is 0.
     * payload has segment->len bytes. False with a fault when the local machine refuses.
     */
    bool (*send)(void *self, const struct flow *flow, const struct segment *segment, const uint8_t *payload,
                 struct fault *fault);

    /*
     * The next sighting, in capture order, waiting until the deadline (monotonic; NANOS_NEVER waits for good).
     * Where a descriptor is watched: PORT_INPUT as soon as it is readable or at its end, and again with each call
     * as long as it is. What has been seen already comes first, and a deadline that has passed is PORT_QUIET.
     */
    enum port_result (*next)(void *self, nanos deadline, struct sighting *out, struct fault *fault);
};

/* Somebody who knows the peer's true state: its kernel, where that can be asked. */
struct witness {
    void *self;

    /*
     * The state of the peer's end of the flow: CLOSED when there is no such socket, LISTEN with *listening
     * when only the port's listener is there. *socket names the very socket that was found. False with a fault when it can't be told.
     */
    bool (*ask)(void *self, const struct flow *flow, enum state *state, bool *listening, uint64_t *socket,
                struct fault *fault);
};

#endif
