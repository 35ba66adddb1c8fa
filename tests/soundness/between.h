/* Two model peers talk to each other; between them a capture, which may lack this and that, follows both. */
#ifndef SOUNDNESS_BETWEEN_H
#define SOUNDNESS_BETWEEN_H

#include <stdio.h>

#include "channel.h"
#include "follow/follow.h"
#include "scenario.h"
#include "witness.h"

enum between_kind {
    BETWEEN_WHOLE,   /* the capture lacks nothing; the network may */
    BETWEEN_MIDDLE,  /* it begins in the middle */
    BETWEEN_ONE_WAY, /* it has one direction only */
    BETWEEN_GAPS,    /* it lacks some segments, or many in a row */
    BETWEEN_KINDS
};

#define BETWEEN_CALLS 5

/* Parts that shrinking can turn off. */
enum between_part {
    BETWEEN_LOSS,
    BETWEEN_REPEAT,
    BETWEEN_REORDER,
    BETWEEN_JITTER,
    BETWEEN_CALL, /* BETWEEN_CALLS for each end */
    BETWEEN_PARTS = BETWEEN_CALL + 2 * BETWEEN_CALLS
};

/* A segment that has passed the capture: what it can have been to the other end. */
struct passed_by {
    nanos at;
    uint32_t end, ack;
    bool unseen;
};

#define PASSED_BY_MAX 1024

struct between_shrunk {
    uint64_t parts;
    uint64_t switches[ENDS];
};

struct between {
    struct peer peers[ENDS];      /* the one that opens, the one that listens */
    struct channel hops[ENDS][2]; /* from each: to the capture, and on to the other */
    struct app_plan calls[ENDS][BETWEEN_CALLS];
    nanos call_at[ENDS][BETWEEN_CALLS];
    bool accepted[ENDS];
    struct witness witnesses[ENDS];
    struct chance chance;
    struct follow follow;
    void *memory;
    unsigned lacks_first, lacks_permille, burst;
    unsigned lacks_from; /* an end whose segments are not captured; ENDS: none */
    unsigned kind;
    uint64_t passed, captured;
    nanos now;
    bool over; /* more than one connection: nobody holds what is meant apart any more */
    unsigned segments;
    struct passed_by by[ENDS][PASSED_BY_MAX];
    unsigned by_count[ENDS];
    uint64_t stale; /* segments that left in a state which what still stood as proven of their sender does not name */
    uint64_t dated, undated; /* claims whose interval begins somewhere, and of these such as no contract holds for */
    /* The same capture, followed in full and briefly: what both say in the end. */
    struct follow brief;
    void *brief_memory;
    struct summary in_full, briefly;
    FILE *trace;
};

/* One conversation from a seed; what it violates. */
enum violation between_run(struct between *between, uint64_t seed, enum between_kind kind,
                           const struct between_shrunk *shrunk, struct tally *tally, FILE *trace);

/* Says how the violation came about, with as little as it takes. */
void between_explain(struct between *between, uint64_t seed, enum between_kind kind, enum violation violation,
                     FILE *out);

#endif
