/* Peers that make initial sequence numbers in a known way, and connections to them at times drawn from a seed. */
#ifndef UNIT_ISN_PEERS_H
#define UNIT_ISN_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "measure/isn.h"

enum isn_way {
    WAY_CONSTANT,
    WAY_STEP,
    WAY_CLOCK,
    WAY_RANDOM_STEP,
    WAY_RANDOM,
    WAY_TWO_MACHINES, /* connections go to either of two, each with its clock and its offsets */
};

struct isn_peer {
    enum isn_way way;
    bool has_offsets;      /* each 4-tuple has an offset that is a hash of it */
    uint32_t port_factor;  /* and a part that is its port times this: no hash */
    double tick;           /* nanoseconds */
    uint32_t grain;        /* what the clock goes up by at each tick, or the least step */
    uint32_t more;         /* what random steps may be more than that */
    double fast;           /* how much faster its clock runs than ours: 100e-6 */
    unsigned odd_permille; /* so many connections of a thousand get a random number */
};

/* How we ask: gaps between connections, round trips, and how often of a thousand an answer is lost. */
struct isn_asking {
    nanos gap_least, gap_most, round_trip;
    unsigned lost_permille;
    double wander; /* our own clock changes its rate by so much in the middle */
};

/* What is common: 1 to 50 ms apart, 200 us away, one of fifty lost. */
extern const struct isn_asking isn_usual;

/* Numbers that look random, the same for the same seed; from 0 to 1. */
uint64_t isn_drawn(uint64_t *seed);
double isn_drawn_uniform(uint64_t *seed);

#define ISN_ASKED_MAX 300

struct isn_asked {
    struct isn_sample one[ISN_ASKED_MAX], many[ISN_ASKED_MAX];
    size_t one_count, many_count;
    struct isn_finding found;
};

/* Asks the peer for so many numbers of one 4-tuple and then of others, and lets isn_find() find out how it makes them. */
void isn_ask(const struct isn_peer *peer, const struct isn_asking *asking, uint64_t seed, size_t one, size_t many,
             struct isn_asked *out);

#endif
