/* A segment as it is on the wire: every field of its headers with its name, bits, bytes and value, in tables. */
#ifndef REPORT_OCTETS_H
#define REPORT_OCTETS_H

#include <stdint.h>

#include "report/page.h"
#include "walk/event.h"

/* Prints the IP packet that the event is about: captured bytes from its first on. Lengths in it are not trusted. */
void octets_print(struct page *page, const struct event_segment *event, const uint8_t *bytes, uint32_t captured);

#endif
