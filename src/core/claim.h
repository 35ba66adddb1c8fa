/*
 * A claim: one statement about the state of an end of the connection, with everything that it rests on. It is proven,
 * presumed or refuted, and these are never mixed.
 */
#ifndef CORE_CLAIM_H
#define CORE_CLAIM_H

#include "base/nanos.h"
#include "core/habit.h"
#include "core/reason.h"
#include "core/state.h"

enum certainty {
    PROVEN,   /* its own segment can have been sent only in one of these states */
    PRESUMED, /* so if all we sent arrived and was accepted, and its application did nothing */
    REFUTED,  /* an earlier presumption was wrong: it was still here */
};

/* What more is known of a state, beside its name. */
enum detail {
    DETAIL_NONE,
    DETAIL_IN_MEMORY, /* SYN-RECEIVED: the peer keeps it in memory, not in a SYN cookie */
    DETAIL_OWNED,     /* FIN-WAIT-2: a process still holds the socket; it lasts as long as that wants */
    DETAIL_ORPHANED,  /* FIN-WAIT-2: the process has closed the socket; a timer ends it */
};

#define EVIDENCE_MAX 4

struct claim {
    state_set from;      /* what was believed before */
    state_set to;        /* the claim: all that the evidence can't tell apart */
    state_set likely;    /* of to, the states that hold unless something was lost; never empty */
    state_set otherwise; /* a presumption's alternatives; empty when proven */
    enum certainty certainty;
    enum reason reason;
    enum habit habit;   /* what by_habit, or the detail, rests on; HABIT_NONE: on the RFCs alone */
    state_set by_habit; /* of to, what is left if the peer has this habit; empty where that tells no more */
    enum detail detail;
    unsigned evidence[EVIDENCE_MAX]; /* numbers of segments, as events count them */
    unsigned evidence_count;
    nanos not_before; /* capture clock; it can't have moved earlier */
    nanos not_after;  /* nor later; NANOS_NEVER while nothing bounds it */
};

/* "proven", "presumed" or "refuted". Static text. */
const char *certainty_name(enum certainty certainty);

/* "memory", "owned", "orphaned"; NULL for none. Static text. */
const char *detail_name(enum detail detail);

#endif
