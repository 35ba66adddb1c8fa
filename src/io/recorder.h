/*
 * A port before another one, which keeps the bytes of the last segments that were seen, for whoever wants to look at them later:
 * events carry values. And it can hurry: wait no longer than somebody has time.
 */
#ifndef IO_RECORDER_H
#define IO_RECORDER_H

#include <stdint.h>

#include "io/port.h"

/* Headers with all options, and some payload. */
#define RECORD_BYTES 320
/* A power of two, and more than events wait. */
#define RECORDS_KEPT 256

struct record {
    bool out;
    struct segment segment;
    uint32_t length; /* bytes of the frame that were captured and kept; 0: they are not known */
    uint32_t ip_at;  /* where in them the IP header is */
    uint8_t bytes[RECORD_BYTES];
};

struct recorder {
    struct port inner; /* what it stands before */
    uint64_t seen;     /* segments so far */
    uint64_t taken;    /* one past the last that was taken */
    nanos hurry;       /* next() returns after that long, PORT_QUIET; NANOS_NEVER: it takes the time it is given */
    struct record records[RECORDS_KEPT];
};

/* Starts anew before *port, and takes its place. */
void recorder_open(struct recorder *recorder, struct port *port);

/*
 * The record of this segment: the oldest that fits and that was not taken or passed over before. NULL when it is not kept any
 * more. Borrowed until the next call of the port.
 */
const struct record *recorder_take(struct recorder *recorder, bool out, const struct segment *segment);

#endif
