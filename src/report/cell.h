/* What a segment's header says, in tcpdump's letters and a few words, cut to the room of a column. */
#ifndef REPORT_CELL_H
#define REPORT_CELL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "walk/event.h"

#define CELL_TEXT 256

/* A column's text, and the words that it had no room for. */
struct cell {
    unsigned room; /* columns */
    struct text in;
    struct text rest; /* to follow "also": "sackOK, TS"; empty when everything fitted */
    char in_bytes[CELL_TEXT];
    char rest_bytes[CELL_TEXT];
};

/* What is remembered of each sender, so that its next segment is shown with no more than it needs. */
struct cell_sender {
    bool seen;
    uint32_t next; /* relative number after all that it has sent */
    uint32_t ack;  /* the relative number that it acknowledged last */
};

/* Starts an empty cell. Its texts point into itself: it can't be copied. */
void cell_init(struct cell *cell, unsigned room);

/* Appends one item, set off by a comma; once one had no room, all that follow go to the rest. */
void cell_item(struct cell *cell, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Fills an empty cell from a segment and updates what is remembered of its sender. */
void cell_segment(struct cell *cell, const struct event_segment *event, struct cell_sender *sender);

#endif
