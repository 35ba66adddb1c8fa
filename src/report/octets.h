/* A segment as it is on the wire: every field of its headers with its name, bits, bytes and value, in tables. */
#ifndef REPORT_OCTETS_H
#define REPORT_OCTETS_H

#include <stdbool.h>
#include <stdint.h>

#include "report/page.h"
#include "walk/event.h"

/*
 * Prints the frame that the event is about: bytes that were captured, with the IP header at ip_at. What stands before that is
 * shown where it is an Ethernet header. Lengths in it are not trusted.
 */
void octets_print(struct page *page, const struct event_segment *event, const uint8_t *frame, uint32_t captured,
                  uint32_t ip_at);

/* The sizes of the packet's headers in a frame, in bytes. Both stay as they are where it holds no TCP that can be read. */
bool octets_headers(const uint8_t *frame, uint32_t captured, uint32_t ip_at, uint32_t *ip, uint32_t *tcp);

#endif
