/*
 * The live port: a walk on a real interface. It sends through sender.c, sees through capture.c and
 * elsewhere.c, and keeps time by clock.c.
 *
 * It needs CAP_NET_RAW while it opens and no privilege later. The guard is not its business: set it first.
 */
#ifndef IO_LIVE_H
#define IO_LIVE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/fault.h"
#include "base/nanos.h"
#include "io/capture.h"
#include "io/port.h"
#include "io/route.h"

struct live;

struct live_config {
    struct flow flow;         /* only this connection is seen; zones as the route found them; peer.port 0: see below;
                                 local.port 0: all connections of ours to the peer's port, each sighting with its own flow */
    const char *interface;    /* where the route to the peer leads: captured there; NULL, with peer.port 0: all */
    unsigned interface_index; /* its index, or 0 */
    bool bind_interface;      /* the user named the interface: send by it, whatever the routes say */
    bool low_latency;         /* stay awake for 20 ms of each wait, and keep the CPUs awake beyond that */
    nanos awake;              /* without low_latency: how long each wait is spent awake before sleeping, 0: none */
    uint8_t ttl;              /* for segments that name none, 0: 64 */
    uint32_t snaplen;         /* as in capture.h, 0: its default; CAPTURE_SNAPLEN_WHOLE keeps all payload, with */
    uint32_t ring_bytes;      /* CAPTURE_RING_WHOLE: 8.7 MB of resident memory in all */

    /*
     * Counted up by a signal handler: next() then returns FAULT_INTERRUPTED once for each new value and goes
     * on working afterwards, so that a RST can leave and be seen leaving. NULL: never. To lose no signal,
     * block those signals and give the mask in which they are open as wait_mask (borrowed): it is in force
     * only while waiting.
     */
    const volatile sig_atomic_t *stop;
    const sigset_t *wait_mask;
};

/*
 * A peer that is not known yet: flow.peer.port is 0. next() then returns the first SYN (without ACK or RST) that
 * arrives for flow.local.port at an address of this machine, as a sighting whose flow is complete. From then on
 * live_flow() is that flow and everything is as if live_open had had it, on the interface where the route back
 * to the peer leads (live_route). Nothing else is seen before, but these: SIGHTING_ODDITY for a SYN from where
 * no route leads, which is let go, SIGHTING_LOST, and what port.h has besides sightings. SYNs of others that
 * come later are not seen.
 *
 * flow.local.addr.family is needed. flow.local.addr and flow.peer.addr may be given, or all zeros. The interface
 * should be NULL unless the user named one: then whatever arrives on any interface counts, also on those that
 * come later, lo among them; and once the peer is known, what arrives where its SYN did and what leaves by its
 * route, which need not be the same interface. A link-local address of our own that is reached from this machine
 * itself must be given, with its zone.
 *
 * The guard must stand before, with the same flow; guard_meet afterwards. Meeting the peer takes 0.3 ms, of which
 * nothing is captured for some microseconds, and no privilege (where a link-local peer is met before Linux 5.7:
 * CAP_NET_RAW). SYNs that are IP fragments or have IPv6 extension headers are not seen.
 */

/*
 * Opens everything and fills *port, whose functions then work until live_close. *out is the caller's. On
 * failure *out is NULL, nothing stays open and the fault is set. Takes about 13 ms, 12 of which the kernel
 * waits for a grace period; 0.75 MB of resident memory with libpcap and the default ring.
 *
 * What next() does beyond port.h:
 *
 * - It returns what is captured already before it looks at the deadline, and sleeps only when there is
 * nothing.
 * - A neighbour that can't be found shows as an ICMP "host unreachable" (IPv6: "address unreachable") from
 * our own address, about 3 seconds after the segment, which itself never shows.
 * - SIGHTING_LOST comes after what was captured, and before the wait that follows the loss.
 * - A fault other than FAULT_INTERRUPTED, such as an interface that went down, is for good.
 */
bool live_open(struct live **out, const struct live_config *config, struct port *port, struct fault *fault);

/* The flow: as it was given until a peer is met. Valid as long as the port is open. */
const struct flow *live_flow(const struct live *live);

/*
 * The way to a peer that was met, with the interface and its MTU; NULL before, and where the peer was known at
 * once.
 */
const struct route *live_route(const struct live *live);

/*
 * From now on next() also watches this descriptor, for the caller, who reads it: PORT_INPUT (port.h). -1: none,
 * as after live_open. The caller keeps it open while it is watched. Packets that never cease hold PORT_INPUT
 * back for 256 of them.
 */
void live_watch(struct live *live, int fd);

/* What it captures with; to be asked, not read from. */
struct capture *live_capture(const struct live *live);

/* True when the capture's stamps are of microsecond precision only; worth a word to the user. */
bool live_is_coarse(const struct live *live);

/* Closes everything; NULL is allowed. Takes 20 to 30 ms, since the kernel waits for two grace periods. */
void live_close(struct live *live);

/*
 * For the end of the program: live_close without the wait, which is left to a child process with a reference
 * to the packet socket. Takes 0.4 ms; the whole process 16 ms instead of 40.
 *
 * When this returns, the child holds no descriptor but that socket, so a reader of our pipes sees their end
 * as soon as we exit, and the guard's port is free as soon as we close it. The child sleeps until this
 * process has ended, however it ends, and is killed by the kernel then. It takes some 30 ms to go, keeps the
 * network namespace alive for that time, and is reaped by init (a container whose process 1 reaps nothing
 * keeps a zombie for each). Call it once, from a single thread. A system call filter must allow pipe2, clone,
 * close_range, prctl and pause. Where no process can be made, this is live_close.
 */
void live_leave_to_child(struct live *live);

#endif
