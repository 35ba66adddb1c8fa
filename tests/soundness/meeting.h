/*
 * The meeting of a real walk and the model peer over two channels, in virtual time, and the check: what the
 * walk claims is held against what is true.
 */
#ifndef SOUNDNESS_MEETING_H
#define SOUNDNESS_MEETING_H

#include <stdio.h>

#include "scenario.h"

enum violation {
    VIOLATION_NONE,
    VIOLATION_PROVEN,   /* a proven or refuted claim that was false when its evidence was sent */
    VIOLATION_INTERVAL, /* its evidence was sent outside its interval */
    VIOLATION_MOVED,    /* the state was entered before the claim says that it can have been */
    VIOLATION_EVIDENCE, /* a proven claim without a segment of the peer's */
    VIOLATION_POSSIBLE, /* the true state was not among the possible ones */
    VIOLATION_VERIFY,   /* the walk took the truth for a contradiction */
    VIOLATION_END,      /* the walk's end says what did not happen */
    VIOLATIONS
};

struct tally {
    uint64_t walks, segments, events;
    uint64_t proven, proven_single, proven_states; /* claims about the peer, proven or refuted */
    uint64_t claims, claims_single, claims_states; /* all of them */
    uint64_t refuted;
    uint64_t presumed_missed; /* presumptions that name the truth neither first nor otherwise */
    uint64_t outcomes[OUTCOME_FAILED + 1];
    uint64_t violations[VIOLATIONS];
};

#define SIGHTS_MAX 256
#define NUMBERS_MAX 1024
#define CALLS_PENDING 32
#define CONNECTIONS_MAX 16

/* A segment in the capture of our end; read_at: when the walk gets to it. */
struct sight {
    nanos at, read_at;
    bool out;
    struct peer_sent sent;
};

struct sights {
    struct sight items[SIGHTS_MAX];
    unsigned first, count;
    bool overflow; /* one was dropped: the walk is worth nothing from here on */
};

struct pending_call {
    nanos at;
    enum app_call call;
    uint32_t len;
};

struct meeting {
    struct scenario scenario;
    struct walk walk;
    struct peer peer;
    struct channel to_peer, to_us;
    struct chance chance;
    nanos now;
    struct sights leaving, captured;
    nanos last_leave, last_read;
    struct pending_call calls[CALLS_PENDING];
    unsigned call_count;
    bool accepted, eof_seen;
    uint64_t bytes_seen;
    uint32_t iss[CONNECTIONS_MAX];          /* of each of the peer's connections */
    struct peer_sent numbered[NUMBERS_MAX]; /* the peer's segments by number; at is NANOS_NONE for ours */
    unsigned numbers;
    struct tally *tally;
    FILE *trace;              /* or NULL */
    unsigned ignored;         /* bits of the violations that are counted but don't end the walk */
    enum violation violation; /* the first that is not ignored */
    char words[400];
};

/* Runs one walk. Returns the first violation; meeting->words says more. trace may be NULL. */
enum violation meeting_run(struct meeting *meeting, uint64_t seed, enum channel_kind kind,
                           const struct shrunk *shrunk, struct tally *tally, FILE *trace);

/* Finds the fewest parts with which the violation is still there, and tells the walk to out. */
void meeting_explain(struct meeting *meeting, uint64_t seed, enum channel_kind kind, enum violation violation,
                     FILE *out);

const char *violation_name(enum violation violation);

/* ---- among the files of the meeting ----------------------------------------------------------------------
 */

void check_events(struct meeting *meeting);
void check_possible(struct meeting *meeting);
void trace_segment(struct meeting *meeting, const char *what, const struct segment *segment, bool out);
void trace_event(struct meeting *meeting, const struct event *event);

#endif
