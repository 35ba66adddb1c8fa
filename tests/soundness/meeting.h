/*
 * The meeting of a real walk and the model peer over two channels, in virtual time, and the check: what the
 * walk claims is held against what is true.
 */
#ifndef SOUNDNESS_MEETING_H
#define SOUNDNESS_MEETING_H

#include <stdio.h>

#include "scenario.h"
#include "witness.h"

#define SIGHTS_MAX 256
#define CALLS_PENDING 32

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
    struct witness witness;
    FILE *trace; /* or NULL */
};

/* Runs one walk. Returns the first violation; meeting->witness.words says more. trace may be NULL. */
enum violation meeting_run(struct meeting *meeting, uint64_t seed, enum channel_kind kind,
                           const struct shrunk *shrunk, struct tally *tally, FILE *trace);

/* Finds the fewest parts with which the violation is still there, and tells the walk to out. */
void meeting_explain(struct meeting *meeting, uint64_t seed, enum channel_kind kind, enum violation violation,
                     FILE *out);

/* ---- among the files of the meeting ----------------------------------------------------------------------
 */

void check_events(struct meeting *meeting);
void check_possible(struct meeting *meeting);
void trace_segment(struct meeting *meeting, const char *what, const struct segment *segment, bool out);
void trace_event(struct meeting *meeting, const struct event *event);

#endif
