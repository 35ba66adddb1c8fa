/*
 * IP fragments put together again (RFC 791 3.2, RFC 8200 4.5), in memory that does not grow: a few packets at a time, the
 * oldest given up for a new one. Of overlapping fragments the first counts.
 *
 * A packet that is complete is remembered until its room is wanted, because its fragments may have been captured twice: those
 * that say the same again are not the beginning of another one. All of them once more are that packet once more.
 */
#ifndef WIRE_FRAGMENTS_H
#define WIRE_FRAGMENTS_H

#include "base/nanos.h"
#include "wire/ip.h"

#define FRAGMENTED_PACKETS 32
#define FRAGMENTED_MAX 65536 /* bytes of a packet's body, and no more than IP can say */

struct fragmented {
    bool used;
    bool done; /* it has been complete; what is below is of its fragments that came again, but length and body */
    bool has_first, has_last;
    struct addr src, dst;
    uint32_t id;
    uint8_t protocol;
    uint32_t length;                       /* of the whole body; valid with has_last or done */
    uint32_t blocks;                       /* how many blocks of eight bytes are there */
    nanos at;                              /* when the latest came */
    struct ip first;                       /* the header of its first fragment */
    uint8_t there[FRAGMENTED_MAX / 8 / 8]; /* bits by block */
    uint8_t body[FRAGMENTED_MAX];
};

struct fragments {
    struct fragmented packets[FRAGMENTED_PACKETS];
    uint64_t given_up; /* packets of which not all fragments came */
};

/*
 * A fragment, trimmed and walked (wire/ip.h). True when it completes its
 * packet: then *fragment is that, whole, with a body that is borrowed until the next call.
 */
bool fragments_add(struct fragments *fragments, struct ip *fragment, nanos at);

/* What is still waiting at the end is given up. */
void fragments_end(struct fragments *fragments);

#endif
