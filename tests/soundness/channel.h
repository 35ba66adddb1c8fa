/* One direction of the network: delays, loses, repeats and reorders segments. */
#ifndef SOUNDNESS_CHANNEL_H
#define SOUNDNESS_CHANNEL_H

#include "chance.h"
#include "peer.h"

struct channel_habits {
    unsigned loss, repeat, reorder; /* per mille */
    nanos delay;                    /* every segment's */
    nanos jitter;                   /* up to this much more */
    nanos overtaking;               /* up to this much more for one that is reordered or a repetition */
};

#define CHANNEL_FLIGHTS 256

struct flight {
    nanos at; /* when it arrives */
    struct peer_sent sent;
};

struct channel {
    struct channel_habits habits;
    struct chance chance;
    nanos last; /* arrival of the latest that kept the order */
    unsigned count;
    nanos next; /* the soonest arrival; NANOS_NEVER */
    struct flight flights[CHANNEL_FLIGHTS];
};

void channel_init(struct channel *channel, const struct channel_habits *habits, uint64_t seed);

/* A segment enters now. False when it is lost. */
bool channel_put(struct channel *channel, const struct peer_sent *sent, nanos now);

/* Takes the soonest segment; there is one. */
struct flight channel_take(struct channel *channel);

#endif
