/*
 * Tunnels' headers: what stands between an IP header and the packet inside of it. They go one step down; wire/dig.c takes the
 * next.
 *
 * That a number of a UDP port is a tunnel's is weak evidence. What is behind one counts as a tunnel only if its header, and that
 * of the IP packet inside, have the versions and lengths that they must have; else it is UDP and no more.
 */
#ifndef WIRE_TUNNEL_H
#define WIRE_TUNNEL_H

#include <stdbool.h>

#include "base/nanos.h"
#include "wire/fragments.h"
#include "wire/ip.h"
#include "wire/packet.h"

#define TUNNELS_MAX 8

/* One packet on its way down. */
struct dig {
    struct bytes packet;
    uint8_t version; /* of the IP header at which packet begins; 0: no IP */
    bool doubtful;   /* only a UDP port says that it is a packet at all */
    nanos at;
    struct fragments *fragments;
    struct packet *out;
};

/*
 * It can't be read, for this reason (static words). Nothing of the kind is said of what is doubtful, unless the capture ends
 * there or it is encrypted or compressed.
 */
void dig_oddity(struct dig *dig, const char *words);

/* Whether a tunnel's header lacks some of n bytes; that is an oddity then. */
bool dig_lacks(struct dig *dig, const struct bytes *bytes, uint32_t n);

/* An Ethernet frame begins here, a PPP frame (any link type), or what an EtherType names. True: and an IP packet is in it. */
bool dig_link(struct dig *dig, int link_type, struct bytes *body);
bool dig_ether_type(struct dig *dig, uint16_t type, struct bytes *body);

/* An IP packet begins here, if its first four bits say so. */
bool dig_bare(struct dig *dig, struct bytes *body);

/* L2TPv3 from its session's number on (RFC 3931 4.1): what comes behind that was agreed on elsewhere. */
bool dig_l2tp_session(struct dig *dig, struct bytes *body);

/* By IP protocol. True: there is something further down. Else it is settled, perhaps with an oddity. */
bool tunnel_gre(struct dig *dig, struct ip *ip);
bool tunnel_udp(struct dig *dig, struct ip *ip);
bool tunnel_l2tp(struct dig *dig, struct ip *ip);     /* L2TPv3 without UDP */
bool tunnel_ether_ip(struct dig *dig, struct ip *ip); /* RFC 3378 */
bool tunnel_ethernet(struct dig *dig, struct ip *ip); /* RFC 8986 */
bool tunnel_mpls(struct dig *dig, struct ip *ip);     /* RFC 4023 */

#endif
