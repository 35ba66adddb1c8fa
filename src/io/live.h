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
#include "io/port.h"

struct live;

struct live_config {
    struct flow flow;         /* only this connection is seen; zones as the route found them */
    const char *interface;    /* where the route to the peer leads: captured there */
    unsigned interface_index; /* its index */
    bool bind_interface;      /* the user named the interface: send by it, whatever the routes say */
    bool low_latency;         /* stay awake for 20 ms of each wait, and keep the CPUs awake beyond that */
    nanos awake;              /* without low_latency: how long each wait is spent awake before sleeping, 0: none */
    uint8_t ttl;              /* for segments that name none, 0: 64 */
    uint32_t snaplen;         /* as in capture.h, 0: its default */
    uint32_t ring_bytes;      /* likewise */

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
