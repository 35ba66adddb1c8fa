/* Holds what a belief claims against what is true of the model peer. */
#ifndef SOUNDNESS_WITNESS_H
#define SOUNDNESS_WITNESS_H

#include "core/belief.h"
#include "peer.h"

enum violation {
    VIOLATION_NONE,
    VIOLATION_PROVEN,   /* a proven or refuted claim that was false when its evidence was sent */
    VIOLATION_INTERVAL, /* its evidence was sent outside its interval */
    VIOLATION_HABIT,    /* what a habit makes of it was false, of a peer that has the habit; or a detail was */
    VIOLATION_MOVED,    /* the state was entered before the claim says that it can have been */
    VIOLATION_EVIDENCE, /* a proven claim without a segment of the peer's */
    VIOLATION_POSSIBLE, /* the true state was not among the possible ones */
    VIOLATION_VERIFY,   /* the walk took the truth for a contradiction */
    VIOLATION_END,      /* the walk's end says what did not happen */
    VIOLATIONS
};

/* How many claims there are of a kind. */
struct claim_row {
    uint64_t count;
    enum certainty certainty;
    enum reason reason;
    state_set to;
};

#define CLAIM_ROWS 4096

struct tally {
    struct claim_row *rows; /* CLAIM_ROWS of them, hashed; NULL: not counted (borrowed) */
    uint64_t walks, segments, events, by_hand;
    uint64_t proven, proven_single, proven_states; /* claims about the peer, proven or refuted */
    uint64_t claims, claims_single, claims_states; /* all of them */
    uint64_t claims_habit;                         /* of these one state alone, or by a habit that is named */
    uint64_t proven_none, claims_none;             /* of these such as say CLOSED or LISTEN: no connection */
    uint64_t refuted;
    uint64_t presumed_missed;      /* presumptions that name the truth neither first nor otherwise */
    uint64_t looks, possible;      /* looks at the possible states, and how many there were together */
    uint64_t entered[STATE_COUNT]; /* how often a state was proven alone */
    uint64_t outcomes[16];
    uint64_t violations[VIOLATIONS];
};

#define NUMBERS_MAX 1024
#define CONNECTIONS_MAX 16

struct witness {
    const struct belief *belief;
    const struct peer *peer;
    nanos zero;                             /* the model's time at which the capture clock was at epoch */
    nanos epoch;                            /* ... */
    bool reopens;                           /* our own doing can have opened a further connection */
    uint32_t iss[CONNECTIONS_MAX];          /* of each of the peer's connections */
    struct peer_sent numbered[NUMBERS_MAX]; /* the peer's segments by number; at is NANOS_NONE for ours */
    unsigned numbers;
    struct tally *tally;
    unsigned ignored;         /* bits of the violations that are counted but don't end the walk */
    enum violation violation; /* the first that is not ignored */
    char words[400];
};

/* Nothing seen yet; the belief may still be without contents. */
void witness_init(struct witness *witness, const struct belief *belief, const struct peer *peer, struct tally *tally);

/* The peer has done something: notes its initial number. */
void witness_watch(struct witness *witness);

/* The belief claims this of the peer. knows_all: of all that left it has been told. */
void witness_claim(struct witness *witness, const struct claim *claim, bool knows_all);

/* Is the true state among the possible ones? To be asked when the belief has been told of all that left. */
void witness_possible(struct witness *witness);

/* Notes a violation, and its words when it is the first. */
void violated(struct witness *witness, enum violation violation, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

const char *violation_name(enum violation violation);

#endif
