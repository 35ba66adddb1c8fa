/*
 * Packets of a capture of any kind: as packet_read(), and into tunnels, and with fragments put together.
 *
 * Looked into: IP in IP (RFC 2003, RFC 4213), GRE (RFC 2784, RFC 2890) with IP or Ethernet in it, VXLAN (RFC 7348),
 * Geneve (RFC 8926), Teredo (RFC 4380), AYIYA and GTP-U (3GPP TS 29.281), in each other too, up to a depth. The endpoints are
 * then those of the innermost packet.
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
