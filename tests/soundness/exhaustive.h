/*
 * The meeting of a belief and the model peer in every order: a search, depth first, over all ways in which a short
 * script of ours, a short script of the peer's application, timers and the network can follow each other. After every
 * turn the belief is held against the truth (witness.h).
 *
 * A turn is one of these: our end's next segment leaves (the script's next, an acknowledgement that is due, or what is
 * unacknowledged once more); a segment reaches the other end, is lost, or reaches it and stays on its way (a
 * repetition); the application makes its next call; the peer's next timer is due; the peer opens; time passes. A path
 * ends when nothing is left to happen, or when the peer has used up its segments.
 *
 * In order, only the segment that left first can arrive or be lost. In any order, each of those on their way can
 * arrive next. Patient timers, ours and the peer's, fire only when nothing is on its way (a delayed acknowledgement
 * fires at any time). Hasty ones fire whenever they like; in any order a loss is no turn of its own then, since
 * nothing has to arrive for a path to go on.
 *
 * Each end has a clock. Ours takes a millisecond for every turn of ours; the peer's is what it was, or the time at
 * which the segment left that it receives, or that of its timer. So everything at the peer happens as early as it can
 * have happened, which is what an interval of a claim is to be held against, and it does not matter which of two turns
 * came first that know nothing of each other. Its timestamps go on with every turn.
 *
 * Two places are one that differ in how long ago things were but not in their order, and only the first of them is
 * followed further (exhaustive_seen.c). This and the clocks leave out:
 *   - the belief compares a span with the round trip of the open (has_crossed() in core/belief.c), which chooses
 *     between a refutation and a proof with a presumption: only one of the two is followed;
 *   - nothing but the peer's timers lets more than some milliseconds pass; our clock follows when it hears of them, or
 *     as a turn of its own;
 *   - the peer's retransmission timeout is 1.3 s, doubled each time: it is not measured. Ours can be any;
 *   - captures that are read late: the belief is told of each segment as it leaves and arrives. (Segments that are
 *     delivered in one go are here: all their turns follow each other.)
 */
#ifndef SOUNDNESS_EXHAUSTIVE_H
#define SOUNDNESS_EXHAUSTIVE_H

#include <stddef.h>
#include <stdio.h>

#include "scenario.h"
#include "witness.h"

/* What a step of our end's script is; beside the SYNs and probes all of them as a TCP would say it. */
enum own_step {
    OWN_SYN,       /* with ACK once the peer's is known */
    OWN_SYN_ACK,   /* the same, but not before that */
    OWN_TEXT,      /* three bytes */
    OWN_FIN,       /* ... */
    OWN_TEXT_FIN,  /* both in one segment */
    OWN_RST,       /* exact if all arrived */
    OWN_OLD_BYTE,  /* the probes: a byte below what is acknowledged, with */
    OWN_OLD_ACK,   /* an acknowledgement of long ago; that alone; */
    OWN_KEEPALIVE, /* the number before the next, */
    OWN_NULL,      /* a segment without flags below what is acknowledged, */
    OWN_SYN_COPY,  /* our SYN once more */
};

#define OWN_STEPS 6

struct own_script {
    const char *name;
    bool listens;    /* the peer opens */
    uint16_t window; /* 0: large */
    unsigned count;
    enum own_step steps[OWN_STEPS];
};

/* From when on the application can make a call. */
enum app_when { WHEN_OPEN, WHEN_TEXT, WHEN_EOF };

struct app_turn {
    enum app_when when;
    enum app_call call;
    uint32_t len;
};

#define APP_TURNS 3

struct app_script {
    const char *name;
    unsigned count;
    struct app_turn turns[APP_TURNS];
};

struct peer_kind {
    const char *name;
    bool is_stack; /* this one; with what more is on, as far as that is not the stack's to say (stacks.c) */
    enum stack stack;
    uint64_t on;
    uint32_t buffer; /* 0: large */
    uint16_t mss;    /* that we offer it, and it sends little before it waits; 0: enough */
    bool opens;      /* makes sense for a peer that opens, too */
};

/* Terminated by an entry without name. */
extern const struct own_script own_scripts[];
extern const struct app_script app_scripts[];
extern const struct peer_kind peer_kinds[];

#define SEGMENTS_MAX 6 /* each way */

struct bounds {
    unsigned ours, its; /* segments each way, 1 to SEGMENTS_MAX; the peer's next one ends a path */
    unsigned mishaps;   /* losses and repetitions together */
    bool any_order;     /* see above; else in order */
    bool hasty;         /* ... else patient */
};

enum turn_kind {
    TURN_STEP,
    TURN_ACK,
    TURN_AGAIN,
    TURN_TO_PEER, /* arrives; which of those on the way */
    TURN_TO_US,
    TURN_LOST_TO_PEER,
    TURN_LOST_TO_US,
    TURN_TWICE_TO_PEER,
    TURN_TWICE_TO_US,
    TURN_APP,
    TURN_TIMER,
    TURN_OPENS,
    TURN_TIME, /* passes at our end until its clock is that of the peer's again */
};

struct turn {
    enum turn_kind kind;
    unsigned which;
};

#define TURNS_MAX 120 /* on a path; far more than there can be */

/* Our end, as far as there is one. */
struct own_end {
    uint32_t iss, nxt, una;
    uint32_t irs, rcv;
    uint32_t tsval, ts_recent;
    uint16_t mss;
    bool syn_sent, fin_sent, irs_known, ts_on, ack_due;
    bool answered, went_on; /* the peer acknowledged something; and we acknowledged or reset since */
    nanos answered_at;
    unsigned next; /* step of the script */
    unsigned left; /* segments that have left */
};

/* Where a path is: all that is copied when it branches. */
struct place {
    struct belief belief;
    struct own_end end;
    nanos now;
    unsigned n;   /* segments in the capture */
    unsigned its; /* the peer's segments, lost ones as well */
    unsigned mishaps;
    unsigned app_next;
    bool over;
    bool reopens;
    uint32_t isses[CONNECTIONS_MAX];
    unsigned to_peer_count, to_us_count;
    struct peer_sent to_peer[SEGMENTS_MAX], to_us[SEGMENTS_MAX];
    struct peer peer; /* last: what it has to send is empty between turns, and not copied */
};

#define PEER_OUT_FROM offsetof(struct place, peer.out)
#define PEER_OUT_TO offsetof(struct place, peer.out_count)

struct snapshot {
    unsigned char head[PEER_OUT_FROM];
    unsigned char tail[sizeof(struct place) - PEER_OUT_TO];
};

struct seen_entry {
    uint64_t key;
    float paths;    /* that lead on from there */
    uint32_t turns; /* on the way there */
};

/* A set of fixed size: when it is full, what was seen long ago is followed again. */
struct seen {
    struct seen_entry *entries; /* (owned) */
    unsigned bits;
    uint64_t salt; /* of this search: what another one saw is not this one's */
    uint64_t used;
};

struct search {
    const struct own_script *script;
    const struct app_script *app;
    const struct peer_kind *kind;
    struct bounds bounds;
    void (*spoil)(struct belief *belief, struct claim *claims, unsigned count); /* makes the belief wrong; or NULL */
    bool forgets;                                                               /* what it has seen is followed again */
    bool (*known)(const struct search *search, const char *words); /* a violation that is not to count; or NULL */

    struct place place;
    struct witness witness;
    struct tally tally;
    struct seen seen;
    struct snapshot snapshots[TURNS_MAX];
    struct turn path[TURNS_MAX];
    unsigned turns;      /* on the path so far */
    unsigned turns_most; /* a path is not followed further */
    FILE *trace;         /* or NULL */

    uint64_t places, moves; /* followed: places that are not the same, and the ways between them */
    double paths;           /* that these stand for */
    unsigned longest;
    uint64_t excused; /* violations that are known */
};

/* Room for 1 << bits places; false without memory. search is all zeros but for spoil and known. */
bool search_init(struct search *search, unsigned bits);
void search_free(struct search *search);

/*
 * Follows all paths. Returns the first violation, with the path that leads to it, which has as few turns as any;
 * witness.words says more. Counts are of all searches since search_init().
 */
enum violation search_run(struct search *search, const struct own_script *script, const struct app_script *app,
                          const struct peer_kind *kind, const struct bounds *bounds);

/* Tells the path that search_run() has found. */
void search_explain(struct search *search, FILE *out);

/* Can this peer and this script of ours meet, and this application do anything? */
bool search_makes_sense(const struct own_script *script, const struct app_script *app, const struct peer_kind *kind);

/* ---- among the files of the search ----------------------------------------------------------------------- */

/* Nothing has happened yet. */
void path_begin(struct search *search);

/* This happens next, and is noted on the path. */
void path_turn(struct search *search, const struct turn *turn);

/* Our end: the segment of a step, what it may say now, and the note of what left and arrived. */
void own_begin(struct own_end *end, uint16_t mss);
bool own_can(const struct own_end *end, enum own_step step);
bool own_can_repeat(const struct own_end *end);
struct segment own_segment(struct own_end *end, const struct own_script *script, enum own_step step);
struct segment own_acknowledgement(struct own_end *end, const struct own_script *script);
struct segment own_repetition(struct own_end *end, const struct own_script *script);
void own_left(struct own_end *end, const struct segment *segment, bool probe);
void own_heard(struct own_end *end, const struct segment *segment, nanos now);
bool own_is_probe(enum own_step step);

/* Was this place reached before (in as few turns, when these are limited)? Else it is entered, under this key. */
bool seen_before(struct search *search, struct seen_entry **entry, uint64_t *key);
void seen_clear(struct seen *seen);

/* Numbers that can be told from all others in memory: points in time, timestamps of the peer's, segments. */
#define SEARCH_EPOCH (INT64_C(6500000000) * NANOS_PER_S)
#define SEARCH_TSVAL UINT32_C(0x71000000)
#define SEARCH_NUMBER UINT32_C(0x62000000)

#define OWN_TSVAL UINT32_C(1000) /* our timestamps count from here */

void tell_turn(const struct search *search, const struct turn *turn);
void tell_segment(const struct search *search, const char *what, const struct segment *segment, bool out);
void tell_claim_of(const struct search *search, const struct claim *claim);

#endif
