/* Link headers: where the IP header begins. */
#ifndef WIRE_LINK_H
#define WIRE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/bytes.h"
#include "wire/packet.h"

/*
 * Takes the link header, VLAN tags, MPLS labels and PPPoE included, off the packet. *version becomes the IP version that
 * the link header promises: 4, 6, or 0 when it is no IP packet (or a link type that we don't know). Returns NULL or
 * what is wrong.
 */
const char *link_read(int link_type, struct bytes *packet, uint8_t *version);

/*
 * Notes the VLANs in which a frame with this header is (packet.h: network). Labels and sessions don't count: they differ by
 * direction.
 */
void link_network(int link_type, const struct bytes *packet, struct packet *out);

/* Can link_read() read this link type at all? */
bool link_is_known(int link_type);

#endif
