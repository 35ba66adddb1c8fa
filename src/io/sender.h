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
 * From now on everything leaves by this interface. Needs no privilege from Linux 5.7 on, when it is done once and
 * sender_config had no device. FAULT_LOCAL.
 */
bool sender_bind(struct sender *sender, const char *device, struct fault *fault);

/*
 * Sends one segment of the flow, from flow->local to flow->peer, with the options that are present in it
 * (timestamps and SACK laid out as Linux does) and segment->len bytes of payload (payload may be NULL when
 * len is 0). seq, ack, window, urgent, flags, the four reserved bits and tos go out as they are, whether or not
 * they make sense together (ack also without TCP_ACK). The checksums are computed here and in the kernel. A ttl
 * of 0 means the sender's own. IPv4 goes with Don't Fragment set; an ip_id of 0 is the kernel's to choose.
 *
 * What segment->crafted asks for, where it is not NULL:
 * - options: these bytes, with zeros up to a multiple of four, and none of segment->options.
 * - offset: the field says so. What follows the header stays where it is, and the checksum is right.
 * - checksum: this value, 0 among them. bad_checksum goes before it, and is never right: where the inverse of
 *   the right one would be (1 in 65535: the two zeros of RFC 1071), it is another.
 * - fragment: pieces of so many bytes of what follows the IP header (TCP header, options, payload), each in a
 *   packet of its own, in order; without Don't Fragment in IPv4, behind a fragment header in IPv6. All have the
 *   id ip_id or, where that is 0, a random one. A segment that fits in one piece goes whole. Linux takes pieces
 *   of 8 bytes over IPv4; over IPv6 the first must have the 20 bytes of the TCP header (RFC 8200 4.5), so 24 is
 *   the least there.
 *
 * False with a fault that says in plain words why this machine does not let it out: FAULT_UNREACHABLE where
 * the route is the reason, FAULT_LOCAL else. True does not mean that it left: a neighbour may not be found
 * (live.h). Of a segment in pieces some may be out already when it is false.
 */
bool sender_send(struct sender *sender, const struct flow *flow, const struct segment *segment, const uint8_t *payload,
                 struct fault *fault);

/* Closes the socket and frees everything; NULL is allowed. */
void sender_close(struct sender *sender);

#endif
