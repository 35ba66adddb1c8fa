/* The way to a peer, by route netlink: our address, the interface, how large a datagram may be. */
#ifndef IO_ROUTE_H
#define IO_ROUTE_H

#include <net/if.h>
#include <stdbool.h>

#include "base/addr.h"
#include "base/fault.h"

/* What the user asked for. All zero: as the kernel would go. */
struct route_wish {
    const char *interface; /* its name, or NULL */
    struct addr source;    /* family 0: none */
};

struct route {
    struct addr source;     /* our address, with the zone when link-local */
    unsigned interface;     /* index of the interface on which the segments are seen */
    char name[IF_NAMESIZE]; /* and its name */
    unsigned mtu;           /* bytes of an IP datagram: the route's, else the interface's */
    bool local;             /* the peer is this machine: it is reached over loopback */
    bool overruled;         /* another interface was wished for, but the peer is this machine */
};

/*
 * Finds the way to peer. Only asks: needs no privilege, sends nothing to the network, and does not make the
 * kernel use the wished interface (the sender has to bind to it).
 *
 * FAULT_USAGE: the peer is no single host (multicast, broadcast, unspecified), link-local without a zone, or
 * contradicts the wish. FAULT_LOCAL: no such interface, interface down, source not an address of this
 * machine. FAULT_UNREACHABLE: no route, or one that says unreachable, prohibited or blackhole.
 */
bool route_find(const struct addr *peer, const struct route_wish *wish, struct route *out, struct fault *fault);

#endif
