/* Link headers: where the IP header begins. */
#ifndef WIRE_LINK_H
#define WIRE_LINK_H

#include <stdint.h>

#include "wire/bytes.h"

/*
 * Takes the link header, VLAN tags included, off the packet. *version becomes the IP version that the link
 * header promises: 4, 6, or 0 when it is no IP packet (or a link type that we don't know). Returns NULL or
 * what is wrong.
 */
const char *link_read(int link_type, struct bytes *packet, uint8_t *version);

#endif
