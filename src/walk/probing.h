/* Asking the peer where it is: which probe is next, how long its answer may take, and when enough is known. */
#ifndef WALK_PROBING_H
#define WALK_PROBING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/nanos.h"
#include "core/probe.h"
#include "walk/step.h"

struct probing {
    bool on;
    bool unasked; /* by auto probe, not as a step */
    enum probe_scope scope;
    enum probe kind;    /* the one whose turn it is; PROBE_NONE: none yet */
    bool due;           /* it is to leave, not before `at` */
    nanos at, until;    /* monotonic: its answer is awaited until then */
    nanos seen_until;   /* monotonic: what left before it should be seen leaving until then */
    nanos limited_at;   /* monotonic: when one left last whose answer is limited; NANOS_NONE */
    unsigned tries;     /* of this kind */
    unsigned answers;   /* segments without payload that came since it left */
    unsigned asked;     /* bits by kind: answered, or given up */
    unsigned silent;    /* ... given up */
    unsigned made;      /* of the whole walk: each has numbers of its own */
    nanos began_at;     /* capture clock: what is proven by later segments is fresh */
    bool moved;         /* since the last one was made something left that is taken to have moved the peer */
    unsigned renewals;  /* how often that made everything worth asking again */
    unsigned claims;    /* about the peer, since it began */
    struct claim about; /* what auto probe has asked about last; valid with has_about */
    bool has_about;
};

struct walk;

/* Begins: as a step probe, or (unasked) behind a step under auto probe. */
void probing_start(struct walk *walk, enum probe_scope scope, bool unasked, nanos now);

/* Moves on; true when all is asked that can help. Call again when anything was seen, and at probing_wake(). */
bool probing_is_done(struct walk *walk, nanos now);

/* The monotonic time at which it goes on by itself; NANOS_NEVER. */
nanos probing_wake(const struct probing *probing);

/* Why a step probe of this scope can't be done now, or NULL. Static text. */
const char *probing_cannot(const struct walk *walk, enum probe_scope scope);

/* Makes the probe that is due, with its payload (static). tick: as for tcb_output(). */
void probing_make(struct walk *walk, uint32_t tick, nanos now, struct segment *out, const uint8_t **payload);

/*
 * A segment of the peer arrived, with what it did to our end (TCB_ bits). True when it does nothing but answer a probe that
 * nobody asked for: expectations have no interest in it.
 */
bool probing_heard(struct walk *walk, const struct segment *segment, unsigned effects);

#endif
