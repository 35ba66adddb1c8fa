/*
 * How long an end was in each state, as far as is believed in the end.
 *
 * What was presumed may turn out not to have been: it was in another state then, the one before. So the latest stays are kept
 * apart until they are old.
 */
#ifndef FOLLOW_STAYS_H
#define FOLLOW_STAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/nanos.h"
#include "core/state.h"

#define STAYS_MAX 8

/* In no state that is known. */
#define STAY_UNKNOWN STATE_COUNT

struct stay {
    nanos since;
    uint8_t state;
    bool presumed; /* nothing has proven it */
};

struct stays {
    nanos before[STATE_COUNT]; /* in stays that are not kept any more */
    struct stay at[STAYS_MAX]; /* the latest, in the order of time */
    unsigned count;
    bool cut; /* some are not kept any more */
};

/* It is in this state from now on, or still: the first of several. */
void stays_note(struct stays *stays, state_set likely, bool presumed, nanos at);

/* It is proven that it is in one of these states: what was presumed, and leads to none of them, was not. */
void stays_prove(struct stays *stays, state_set states);

/* It was there before anything of it was seen: in what state it began is not known. */
void stays_join(struct stays *stays);

/* What was believed from this time on was wrong: it stayed where it was before. */
void stays_undo(struct stays *stays, nanos since);

/* How long it was in each state until this time. */
void stays_sum(const struct stays *stays, nanos until, nanos out[STATE_COUNT]);

#endif
