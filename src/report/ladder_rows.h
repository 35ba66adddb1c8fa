/*
 * A ladder as rows, for whoever draws it: what a walk's events say, put together by the segment that it belongs to. The words
 * are those of the ladder for terminals.
 */
#ifndef REPORT_LADDER_ROWS_H
#define REPORT_LADDER_ROWS_H

#include "base/fault.h"
#include "report/cell.h"
#include "report/page.h"
#include "walk/event.h"

enum ladder_row_kind {
    LADDER_START,   /* a connection begins: its two ends */
    LADDER_SEGMENT, /* an arrow */
    LADDER_ICMP,    /* an error from somebody else */
    LADDER_ALONE,   /* something else at a time of its own: a timer, a step */
    LADDER_END,     /* how it ended, and its sums */
};

/* What is said below or beside a row. */
struct ladder_clause {
    enum paint paint;
    bool claims;      /* it is a claim about the peer, ... */
    enum state state; /* ... that it is in this state */
    char *words;      /* (owned) */
};

/* The peer's state from here on. */
struct ladder_peer {
    enum state state;
    bool more; /* it can't be told from others */
    enum certainty certainty;
    nanos not_before; /* it can have been so from then on; NANOS_NONE: always */
};

#define LADDER_PEERS 4

struct ladder_row {
    enum ladder_row_kind kind;
    nanos t; /* NANOS_NONE: it has none */
    unsigned n;
    bool out;
    enum state local; /* ours from here on */
    char flags[40];   /* "SYN ACK" */
    char *label;      /* (owned) the segment's numbers; of a start the two ends; else "" */
    struct ladder_peer peers[LADDER_PEERS];
    unsigned peer_count;
    struct ladder_clause *clauses; /* (owned) */
    unsigned clause_count;
};

/* All that is zero is an empty one. */
struct ladder_rows {
    struct ladder_row *rows; /* (owned) */
    unsigned count, room;
    struct cell_sender senders[2]; /* the peer, us */
    enum state local;
    bool have_initial;
    uint32_t initial; /* our initial number */
    unsigned verified, agreed;
};

/* Takes an event in. What belongs to the last row goes there, though it may have been drawn. False with a FAULT_LOCAL. */
bool ladder_rows_take(struct ladder_rows *ladder, const struct event *event, struct fault *fault);

/* Frees what it holds; it is empty again. */
void ladder_rows_free(struct ladder_rows *ladder);

#endif
