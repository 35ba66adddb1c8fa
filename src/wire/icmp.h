/* ICMP and ICMPv6 errors, with the head of the segment that they quote. */
#ifndef WIRE_ICMP_H
#define WIRE_ICMP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/segment.h"
#include "wire/bytes.h"

/*
 * Reads the ICMP message (family 4) or ICMPv6 message (family 6) that body begins with. True when it is an
 * error about a TCP segment: then *out is filled, all but from, and *oddity is NULL, or static words for why
 * not all of it could be read. False leaves *out alone. Only the quoted ports and sequence number are read:
 * RFC 792 promises no more than 8 bytes. RFC 792, RFC 1191 4, RFC 4443 3.
 */
bool icmp_read(uint8_t family, struct bytes body, struct icmp_error *out, const char **oddity);

#endif
