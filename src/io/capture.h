/*
 * Capturing packets with their time stamps. The only file that knows libpcap.
 *
 * Time: stamps are the kernel's, of CLOCK_REALTIME in nanoseconds, taken where the packet is handed to the
 * driver or comes from it. Our own segments are seen and stamped like the peer's. On a loopback interface
 * each packet appears once, as incoming: tell directions apart by addresses and ports only.
 *
 * Cost: opening makes the kernel wait for one RCU grace period (about 12 ms) and closing for two (20 to 30
 * ms), whatever the size of the ring; see live_leave_to_child for a way round the latter.
 */
#ifndef IO_CAPTURE_H
#define IO_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/fault.h"
#include "base/nanos.h"

struct capture;

struct capture_config {
    const char *interface; /* NULL, for an unknown peer only: all of them, also those that come later */
    struct flow flow;      /* the kernel passes what can concern it: see capture.c; local.port 0: any port of ours */
    uint32_t snaplen;      /* bytes kept of a packet, 0: CAPTURE_SNAPLEN */
    uint32_t ring_bytes;   /* the kernel's buffer, all of it resident memory, 0: CAPTURE_RING */
};

/* A packet of an ordinary Ethernet, whole; two such frames fit in a page of the ring. */
#define CAPTURE_SNAPLEN 1920
#define CAPTURE_RING (256 * 1024)

/*
 * For who wants all bytes of every packet, also of those that GRO, TSO or loopback make: 65535 bytes, 40 of
 * IPv6's header that don't count there, and link headers with tags. libpcap then takes 128 KiB for each packet,
 * so this ring is one of 63 packets, and 8.2 MB of resident memory where the default has 128 packets in 0.25 MB.
 */
#define CAPTURE_SNAPLEN_WHOLE 65616
#define CAPTURE_RING_WHOLE (4 * 1024 * 1024)

/*
 * For who only looks on, at all that passes: headers within tunnels have room, payload need not be there; a ring that holds
 * more than a second of 300,000 segments a second, with the kernel's own head of each.
 */
#define CAPTURE_SNAPLEN_HEADERS 512
#define CAPTURE_RING_LARGE (64 * 1024 * 1024)

/* What is looked at: an interface, or "any"; what the words of libpcap's filter let through, NULL: all. */
struct capture_watch_config {
    const char *interface, *filter;
    uint32_t snaplen, ring_bytes; /* 0: the two above */
    bool mine_only;               /* the interface isn't asked for what is for other machines */
};

/* One packet as it was captured. */
struct captured {
    nanos at;             /* nanoseconds since 1970, UTC */
    const uint8_t *bytes; /* from the link header on; borrowed until the next call for this capture */
    uint32_t captured;    /* how many of them */
    uint32_t length;      /* how many the packet had */
};

/* Where packets were captured. */
struct capture_interface {
    uint64_t section;   /* of a pcapng file, counted from 1; numbers are of a section */
    unsigned number;    /* of it there, from 0 */
    uint16_t link_type; /* a LINKTYPE_ number: what files call it */
    uint32_t snaplen;   /* 0: no limit */
    const char *name;   /* or NULL */
    const char *filter; /* what was in force, of libpcap's language; or NULL */
};

enum capture_result {
    CAPTURE_PACKET,
    CAPTURE_EMPTY, /* nothing is waiting */
    CAPTURE_FAULT,
};

/*
 * Starts capturing (CAP_NET_RAW); packets from before the filter was in force are thrown away. *out is the
 * caller's until capture_close. On failure *out is NULL and the fault is set.
 *
 * With flow.peer.port 0 the peer is unknown: what passes are segments with SYN, and without ACK and RST, to
 * flow.local.port, those that leave among them, and not those behind IPv6 extension headers. The addresses of the
 * flow restrict them when they are given: family 0 or all zeros is any. flow.local.addr.family is needed. Nothing
 * is thrown away then.
 */
bool capture_open(struct capture **out, const struct capture_config *config, struct fault *fault);

/*
 * Starts capturing all that passes (CAP_NET_RAW), as capture_open() does for one flow. The kernel hands packets over in
 * blocks, so that many cost little, at most CAPTURE_LATE after they passed. A filter that can't be understood is a
 * FAULT_USAGE.
 */
bool capture_watch(struct capture **out, const struct capture_watch_config *config, struct fault *fault);

#define CAPTURE_LATE (100 * NANOS_PER_MS)

/*
 * The peer is known now: passes what can concern this flow from here on, in both directions, as if it had been
 * opened with it. Where all interfaces are captured, only what arrives on the one and what leaves by the other
 * (by index, and both lo where one is): an interface on top of another would show it twice. What waits already
 * is judged anew. Needs no privilege; takes 0.2 ms, of which nothing is captured for some microseconds.
 */
bool capture_narrow(struct capture *capture, const struct flow *flow, unsigned arriving, unsigned leaving,
                    struct fault *fault);

/* The index of the interface that a packet was seen on, 0 where the capture is of one interface only. */
unsigned capture_interface(const struct capture *capture, const struct captured *captured);

/* Becomes readable when a packet is waiting. Belongs to the capture. */
int capture_fd(const struct capture *capture);

/* How to read the bytes: a DLT_ number, as packet_read wants it. */
int capture_link_type(const struct capture *capture);

/* True where the machine stamps to the microsecond only: at is then a multiple of 1000. */
bool capture_is_coarse(const struct capture *capture);

/* Takes the next packet, in the order of capture, without waiting. */
enum capture_result capture_next(struct capture *capture, struct captured *out, struct fault *fault);

/* How many packets the kernel dropped, for want of room in the ring, since this was last asked. One system call. */
unsigned capture_dropped(struct capture *capture);

/* What it captures by now. Texts are borrowed until the filter changes. */
void capture_describe(const struct capture *capture, struct capture_interface *out);

/* How many packets came through the filter, and for how many of them there was no room. False: nobody knows. */
bool capture_counts(struct capture *capture, uint64_t *received, uint64_t *dropped);

/* What files call a link type of this system (a DLT_ number). */
uint16_t capture_link_in_files(int link_type);

/*
 * Is the interface still there and up? False with a fault when not: libpcap says nothing of an interface that
 * is only set down, it merely captures nothing any more. One system call.
 */
bool capture_is_up(const struct capture *capture, struct fault *fault);

/* Stops and frees everything; NULL is allowed. Takes 20 to 30 ms. */
void capture_close(struct capture *capture);

#endif
