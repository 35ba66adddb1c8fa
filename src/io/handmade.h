/*
 * Segments made by hand that a capture can't read back as what they are: those in pieces, and those whose data
 * offset lies. The walk has to hear when they left, so what was sent is kept until it is seen.
 */
#ifndef IO_HANDMADE_H
#define IO_HANDMADE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/segment.h"

#define HANDMADE_MAX 8 /* so many at a time: they are seen within microseconds, or never */

/* All zero to begin with. */
struct handmade {
    struct segment sent[HANDMADE_MAX];
    bool awaited[HANDMADE_MAX]; /* not seen yet */
    unsigned count;             /* of all that were ever kept */
};

/*
 * Keeps a segment that has just been sent, if it is such a one; the oldest goes. ttl is what its ttl of 0 stood
 * for.
 */
void handmade_keep(struct handmade *handmade, const struct segment *segment, uint8_t ttl);

/*
 * A packet of ours was captured: `read` is what could be read of it, its sequence number at least; whole when it
 * looks like a good segment. Returns the segment that it is (its crafted is NULL, borrowed until the next
 * handmade_keep), the oldest where several can be meant, and each but once; or NULL: none of these.
 */
const struct segment *handmade_find(struct handmade *handmade, const struct segment *read, bool whole);

#endif
