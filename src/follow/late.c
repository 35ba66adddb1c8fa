/*
 * What comes late, of connections that have left the table because many others ended after them: a FIN again, or an
 * acknowledgement. Without this it would be taken for a connection that was there before the capture.
 */
#include "follow/find.h"

/* So long after its connection's last segment something is late, and not another connection's. */
#define LATE_SPAN (60 * NANOS_PER_S)

/* Each has a few places where it can be. */
#define PLACES 8

static unsigned first_place(uint64_t print)
{
    return (unsigned)((print >> 16) % (LATE_MAX / PLACES) * PLACES);
}

void late_fetch(const struct follow *follow, uint64_t print)
{
    const struct late *places = &follow->late[first_place(print)];

    __builtin_prefetch(places);
    __builtin_prefetch(places + PLACES / 2);
    __builtin_prefetch(places + PLACES - 1);
}

/* Its own place, if it has one; else the oldest. */
static struct late *place_for(struct late *places, uint64_t print)
{
    struct late *oldest = places;
    nanos oldest_at = places[0].at; /* beside it, so that no look waits for the one before */

    for (unsigned i = 0; i < PLACES; i++) {
        if (places[i].print == print)
            return &places[i];
        oldest = places[i].at < oldest_at ? &places[i] : oldest;
        oldest_at = places[i].at < oldest_at ? places[i].at : oldest_at;
    }
    return oldest;
}

void late_note(struct follow *follow, const struct slot *slot, uint64_t print)
{
    *place_for(&follow->late[first_place(print)], print) = (struct late){print, slot->last_at};
}

bool late_is(struct follow *follow, const struct passage *passage)
{
    const struct segment *segment = passage->segment;
    uint64_t print;
    const struct late *places;

    /* What brings bytes begins a connection, whose opening was missed. */
    if (segment->len > 0 || segment_has(segment, TCP_SYN))
        return false;
    print = find_print(passage->src, passage->dst);
    places = &follow->late[first_place(print)];
    for (unsigned i = 0; i < PLACES; i++)
        if (places[i].print == print)
            return passage->at - places[i].at < LATE_SPAN;
    return false;
}
