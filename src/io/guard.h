/*
 * The guard: what keeps the local kernel silent about a connection that it doesn't know. Without it the
 * peer's SYN-ACK draws a RST from our own kernel within 30 microseconds.
 *
 * Theory of operation. The kernel sends that RST when no socket is found for a segment. So there is one: a
 * socket that listens on our address and port, and drops every segment that reaches it before it would
 * answer. Three means do this, each by itself, none needing more than CAP_NET_RAW, none touching a firewall:
 *
 *   min_ttl  IP_MINTTL or IPV6_MINHOPCOUNT of 255 drops what has a smaller TTL (counter TCPMinTTLDrop).
 *            A peer on the same link that sends 255 gets through. Works everywhere.
 *   md5      A TCP-MD5 key drops what is not signed with it (counter TCPMD5NotFound), whatever its TTL. A
 *            key with an empty prefix covers all peers at once; kernels before 4.13 take a key for the one
 *            peer. Needs CONFIG_TCP_MD5SIG.
 *   filter   A classic socket filter that accepts nothing. New kernels want CAP_NET_ADMIN for it.
 *
 * The port is reserved as for any server. Nothing remains when the descriptor is closed, also by kill -9;
 * from then on the peer's next segment draws a RST, so keep the guard until the peer is done. A child made by
 * fork() shares the descriptor until it executes something. Since no handshake ever completes, a closed guard
 * leaves no state behind.
 *
 * A connection of the kernel with the same two endpoints would be found before the listener and answer the
 * peer: then the guard is refused. One that comes later can't exist while the port is reserved, except for a
 * socket that was bound to the port, with SO_REUSEADDR, before the guard.
 */
#ifndef IO_GUARD_H
#define IO_GUARD_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/fault.h"

struct guard {
    int fd;       /* the listening socket (owned), -1 when closed */
    bool min_ttl; /* which of the means are in force: at least one */
    bool md5;
    bool md5_for_all; /* the key covers every peer, not only the flow's */
    bool filter;
    bool exclusive; /* the kernel was asked, and has no connection of its own with these endpoints */
};

/*
 * Sets the guard for our end of the flow: flow->local.addr is an address of this machine (with its zone when
 * link-local). With local.port 0 the kernel picks a free port at random (from its range for outgoing
 * connections, without the reserved ones) and it is filled in. A port that is named may have connections with
 * other peers, alive or in TIME-WAIT, if their sockets had SO_REUSEADDR, as those of servers have; it never
 * has a listener. With peer.port 0 (waiting for any peer) the check for a connection is left to guard_meet, and
 * local.addr may be all zeros: every address of this machine. interface is the index of the interface towards
 * the peer, so that connections bound to it are seen too; 0 when not known.
 *
 * FAULT_LOCAL when the port is taken, not permitted, or the address is not ours, and when the guard can't be
 * set. The guard is closed then, and flow->local.port as it was.
 */
bool guard_open(struct guard *guard, struct flow *flow, unsigned interface, struct fault *fault);

/*
 * The peer is known now, of a guard that was set with peer.port 0: covers it by a key of its own where there is
 * none for all, and looks whether the kernel has a connection with these endpoints (left by a server that had
 * the port before). FAULT_LOCAL when it has: it would answer in our place. The guard stays set. Needs no
 * privilege.
 */
bool guard_meet(struct guard *guard, const struct flow *flow, unsigned interface, struct fault *fault);

/* Gives the port back. A guard that is closed already, or never opened but fd -1, is fine. */
void guard_close(struct guard *guard);

#endif
