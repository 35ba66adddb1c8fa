/*
 * Sending segments: builds them with libnet and gives them to the kernel as whole IP packets, so that the
 * kernel routes them and finds the neighbour. The only file that knows libnet.
 */
#ifndef IO_SENDER_H
#define IO_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/fault.h"
#include "core/segment.h"

struct sender;

struct sender_config {
    uint8_t family;     /* 4 or 6: of all flows it will send */
    uint8_t ttl;        /* for segments that name none; 0 is 64, as Linux has it */
    const char *device; /* name of the interface to leave by, NULL: the route decides. A link-local peer needs it */
};

/*
 * Opens a raw socket (CAP_NET_RAW) and a libnet context around it; *out is the caller's until sender_close.
 * Takes about 25 us: libnet_init's own raw sockets take 1.8 ms, in 6,528 setsockopt calls that grow the send
 * buffer. On failure *out is NULL and the fault is set.
 */
bool sender_open(struct sender **out, const struct sender_config *config, struct fault *fault);

/*
 * Sends one segment of the flow, from flow->local to flow->peer, with the options that are present in it
 * (timestamps and SACK laid out as Linux does) and segment->len bytes of payload (payload may be NULL when
 * len is 0). The checksums are computed here and in the kernel. A ttl of 0 means the sender's own; IPv4 goes
 * with Don't Fragment set, and an ip_id of 0 lets the kernel choose.
 *
 * False with a fault that says in plain words why this machine does not let it out: FAULT_UNREACHABLE where
 * the route is the reason, FAULT_LOCAL else. True does not mean that it left: a neighbour may not be found
 * (live.h).
 */
bool sender_send(struct sender *sender, const struct flow *flow, const struct segment *segment, const uint8_t *payload,
                 struct fault *fault);

/* Closes the socket and frees everything; NULL is allowed. */
void sender_close(struct sender *sender);

#endif
