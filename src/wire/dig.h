/*
 * Packets of a capture of any kind: as packet_read(), and into tunnels, and with fragments put together.
 *
 * Looked into, in each other too, up to a depth: IP in IP (RFC 2003, RFC 4213); GRE (RFC 2784, RFC 2890) with IP, MPLS, Ethernet
 * (NVGRE, ERSPAN) or PPP (RFC 2637) in it; Ethernet (RFC 3378, RFC 8986) and MPLS (RFC 4023) in IP; in UDP VXLAN (RFC 7348) and
 * VXLAN-GPE, Geneve (RFC 8926), L2TP (RFC 2661; RFC 3931 where it can be told what is in it), Teredo (RFC 4380), AYIYA, GTP-U
 * (3GPP TS 29.281), LISP (RFC 9300), MPLS (RFC 7510). The endpoints are then those of the innermost packet. What is encrypted,
 * compressed or does not say what it is can't be looked into: that is an oddity.
 */
#ifndef WIRE_DIG_H
#define WIRE_DIG_H

#include "base/nanos.h"
#include "wire/fragments.h"
#include "wire/packet.h"

/*
 * Reads one captured packet. fragments (may be NULL: then fragments are oddities) keeps what waits for the rest; a
 * fragment that completes nothing yet is PACKET_OTHER with an oddity of "a fragment". at: when it was captured.
 */
void packet_dig(int link_type, const uint8_t *bytes, uint32_t captured, uint32_t wire_length, nanos at,
                struct fragments *fragments, struct packet *out);

#endif
