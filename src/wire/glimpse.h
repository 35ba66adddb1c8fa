/* The most of what captures consist of, read in few steps to few bytes. */
#ifndef WIRE_GLIMPSE_H
#define WIRE_GLIMPSE_H

#include "core/segment.h"

/*
 * Reads a captured segment that is Ethernet, IPv4 without options, TCP with none but the common ones, and whole as far as its
 * headers go. bytes and lengths as for packet_dig(). False when it is anything else, or anything about it is wrong: then
 * packet_dig() knows. Sets all of *out but the number of the packet and the segment's from and at.
 */
bool glimpse_read(const uint8_t *bytes, uint32_t captured, uint32_t wire_length, struct glimpse *out);

#endif
