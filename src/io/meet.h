/* Meeting a peer that is not known yet: is a captured packet the SYN to wait for, and how is it answered? */
#ifndef IO_MEET_H
#define IO_MEET_H

#include "base/addr.h"
#include "base/fault.h"
#include "io/route.h"
#include "wire/packet.h"

enum meeting {
    MEETING_NOBODY, /* nothing of ours */
    MEETING_PEER,   /* *flow and *route are filled */
    MEETING_NO_WAY, /* a SYN to us, from where no route leads; *flow is filled */
};

/*
 * Is it a SYN, without ACK or RST, to wanted->local.port at an address of this machine? A machine that forwards
 * sees SYNs to others, too, and our own SYNs to the same port elsewhere are captured like the peer's. Addresses
 * that `wanted` gives must be the packet's. arrived is the index of the interface where it was seen: the zone of
 * link-local addresses, or on lo the one that `wanted` names. interface is the one that the user named, or NULL.
 * Asks the kernel's routing only when it is a SYN to that port.
 */
enum meeting meet(const struct flow *wanted, const struct packet *packet, unsigned arrived, const char *interface,
                  struct flow *flow, struct route *route);

#endif
