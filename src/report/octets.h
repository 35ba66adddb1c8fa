/* A segment as it is on the wire: every field of its headers with its name, bits, bytes and value. */
#ifndef REPORT_OCTETS_H
#define REPORT_OCTETS_H

#include <stdbool.h>
#include <stdint.h>

#include "report/page.h"
#include "report/svg.h"
#include "walk/event.h"

/* Who takes the fields, in their order on the wire. Texts live as long as the call. */
struct octets_sink {
    void *self;
    void (*begin)(void *self, const char *heading); /* a segment */
    void (*title)(void *self, const char *title);   /* a header of it begins */
    void (*field)(void *self, const char *name, unsigned bits, const char *hex, const char *value);
    void (*control)(void *self, uint8_t bits); /* the field of the eight control bits */
    void (*option)(void *self, const char *name, const char *value, const uint8_t *bytes, uint32_t length);
    void (*end)(void *self);                                                             /* of the header */
    void (*payload)(void *self, const uint8_t *bytes, uint32_t captured, uint32_t sent); /* not where there is none */
};

/*
 * Tells the frame that the event is about: bytes that were captured, with the IP header at ip_at. What stands before that is
 * told where it is an Ethernet header. Lengths in it are not trusted. False, and nothing was told, where it holds no TCP that
 * can be read.
 */
bool octets_tell(const struct octets_sink *sink, const struct event_segment *event, const uint8_t *frame,
                 uint32_t captured, uint32_t ip_at);

#define OCTETS_HEX 100

/* Bytes in hexadecimal, in groups of two; as many as there is room for. Returns out. */
const char *octets_hex(const uint8_t *bytes, uint32_t length, char out[OCTETS_HEX]);

/* Prints it as tables for a terminal. */
void octets_print(struct page *page, const struct event_segment *event, const uint8_t *frame, uint32_t captured,
                  uint32_t ip_at);

/* Writes it as header diagrams, 32 bits a row, for a page of HTML. */
void octets_html(const struct svg *svg, const struct event_segment *event, const uint8_t *frame, uint32_t captured,
                 uint32_t ip_at);

/* The sizes of the packet's headers in a frame, in bytes. Both stay as they are where it holds no TCP that can be read. */
bool octets_headers(const uint8_t *frame, uint32_t captured, uint32_t ip_at, uint32_t *ip, uint32_t *tcp);

#endif
