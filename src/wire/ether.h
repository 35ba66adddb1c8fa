/* What an EtherType promises, and what PPP does: tags, labels and frames, down to where an IP header begins. */
#ifndef WIRE_ETHER_H
#define WIRE_ETHER_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/bytes.h"
#include "wire/packet.h"

enum ether_type {
    ETHER_IPV4 = 0x0800,
    ETHER_VLAN = 0x8100,     /* 802.1Q */
    ETHER_QINQ_OLD = 0x9100, /* before 802.1ad */
    ETHER_IPV6 = 0x86dd,
    ETHER_MPLS = 0x8847,
    ETHER_FRAME = 0x6558,         /* all of a frame, with its addresses */
    ETHER_MPLS_UPSTREAM = 0x8848, /* RFC 5332 */
    ETHER_PPPOE = 0x8864,         /* the session stage: RFC 2516 */
    ETHER_QINQ = 0x88a8,          /* 802.1ad */
    ETHER_VNTAG = 0x8926,         /* a switch's tag for virtual ports */
    ETHER_ETAG = 0x893f,          /* 802.1BR */
    ETHER_BACKBONE = 0x88e7,      /* 802.1ah: a service's number, and the customer's frame */
    ETHER_FABRIC = 0x8903,        /* Cisco FabricPath: a tree and hops, and the frame */
    ETHER_TRUSTSEC = 0x8909,      /* Cisco's tag for groups */
    ETHER_MACSEC = 0x88e5,        /* 802.1AE */
    ETHER_NSH = 0x894f,           /* RFC 8300 */
    ETHER_NONE = 0xffff,          /* reserved: RFC 5342 */
};

/*
 * Takes what is between an EtherType and the IP header off the packet, which begins behind that EtherType. *version becomes 4, 6,
 * or 0 when it is no IP packet. Returns NULL or what is wrong.
 */
const char *ether_read(uint16_t type, struct bytes *packet, uint8_t *version);

/* The same of a packet that begins with PPP's protocol (RFC 1661 2). */
const char *ether_read_ppp(struct bytes *packet, uint8_t *version);

/* The same where LLC stands before the EtherType: with SNAP, else it is no IP. */
const char *ether_read_llc(struct bytes *packet, uint8_t *version);

/* The EtherType of a "next protocol" of NSH (RFC 8300 2.2) or VXLAN; ETHER_NONE where there is none. */
uint16_t ether_next_protocol(uint8_t next);

/* Whether these words for what is wrong mean that it is not broken, but encrypted, compressed or in parts. */
bool ether_is_closed(const char *wrong);

/* As link_network(), of what is behind an EtherType. */
void ether_network(uint16_t type, struct bytes below, struct packet *out);

/* Notes a virtual network, inside of those that are noted already. */
void ether_enter(struct packet *out, enum network_kind kind, uint32_t id);

#endif
