/*
 * A ladder as rows, for whoever draws it: what a walk's events say, put together by the segment that it belongs to. The words
 * are those of the ladder for terminals. The left end of a walk is ours, whose state is certain; that of a connection which was
 * read from a capture (report/read_rows.c) is seen by a third party, as the right one is.
 */
#ifndef REPORT_LADDER_ROWS_H
#define REPORT_LADDER_ROWS_H

#include "base/fault.h"
#include "report/cell.h"
#include "report/page.h"
#include "report/phrase.h"
#include "walk/event.h"

enum ladder_row_kind {
    LADDER_START,   /* a connection begins: its two ends */
    LADDER_SEGMENT, /* an arrow */
    LADDER_ICMP,    /* an error from somebody else */
    LADDER_ALONE,   /* something else at a time of its own: a timer, a step */
    LADDER_END,     /* how it ended, and its sums */
};

enum { LADDER_LEFT, LADDER_RIGHT, LADDER_ENDS };

/* What is said below or beside a row. */
struct ladder_clause {
    enum paint paint;
    bool claims;      /* it is a claim about an end that is not ours, ... */
    unsigned end;     /* ... this one, ... */
    enum state state; /* ... that it is in this state ... */
    bool more;        /* ... or in others, which its words have */
    char *words;      /* (owned) */
};

/* The state of an end from here on. */
struct ladder_peer {
    enum state state;
    bool more; /* it can't be told from others */
    enum certainty certainty;
    nanos not_before; /* it can have been so from then on; NANOS_NONE: always */
    nanos not_after;  /* and was so at the latest then; NANOS_NEVER: nothing says so */
    bool later;       /* only when the moment of its row was past */
};

#define LADDER_PEERS 4

/* What was learned of one end with a row: its states, one after the other. */
struct ladder_turns {
    struct ladder_peer peers[LADDER_PEERS];
    unsigned count;
};

struct ladder_row {
    enum ladder_row_kind kind;
    nanos t; /* NANOS_NONE: it has none */
    unsigned n;
    bool out;                              /* from left to right */
    enum state local;                      /* ours from here on; nothing where neither end is ours */
    char flags[40];                        /* "SYN ACK" */
    char *label;                           /* (owned) the segment's numbers; of a start the two ends; else "" */
    uint32_t seq, ack, len;                /* of a segment, relative as in its label */
    bool has_ack;                          /* ack is relative, and there */
    struct ladder_turns ends[LADDER_ENDS]; /* of our own end nothing */
    struct ladder_clause *clauses;         /* (owned) */
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
    bool observed; /* neither end is ours: they are called A and B */
    unsigned
        most; /* so many segments and no more, and so many other rows, but for starts and ends; 0: as many as come */
    unsigned segments, others;          /* that are there */
    unsigned left_out, others_left_out; /* that came after those */
};

/* Takes an event in. What belongs to the last row goes there, though it may have been drawn. False with a FAULT_LOCAL. */
bool ladder_rows_take(struct ladder_rows *ladder, const struct event *event, struct fault *fault);

/* What the ends are called: "local" and "peer", or "A" and "B". */
const char *ladder_end_name(const struct ladder_rows *ladder, unsigned end);

/*
 * A clause in words. A claim names its end where neither is ours, and its state where a reader would not know it: always, or
 * where the row has more than one claim about that end.
 */
void ladder_clause_words(const struct ladder_rows *ladder, const struct ladder_row *row,
                         const struct ladder_clause *clause, bool always, struct text *text);

/* "SYN-RECEIVED", "LAST-ACK+": with "+" where it can't be told from others. Returns out. */
char *ladder_state_words(const struct ladder_peer *peer, char out[SPAN_TEXT]);

/* A time as it stands beside a row; false where it has none. */
bool ladder_row_time(const struct ladder_row *row, char out[SPAN_TEXT]);

/* ---- for what puts rows together ---- */

/*
 * Is there no room for it? row: it would be one; segment: it is one. Then it is counted. Other rows take no room from segments;
 * but nothing comes behind a segment that was left out.
 */
bool ladder_rows_full(struct ladder_rows *ladder, bool row, bool segment);

/* A new row; NULL with a FAULT_LOCAL. */
struct ladder_row *ladder_rows_add(struct ladder_rows *ladder, enum ladder_row_kind kind, nanos t, const char *label,
                                   struct fault *fault);

/* Fills a row of a segment from it. False with a FAULT_LOCAL. */
bool ladder_row_segment(struct ladder_rows *ladder, struct ladder_row *row, const struct event_segment *event,
                        unsigned from, struct fault *fault);

/* How many rows were left out; false when there are all. */
bool ladder_left_out_words(const struct ladder_rows *ladder, struct text *text);

/* Adds that to a row, if it is so. */
bool ladder_row_left_out(const struct ladder_rows *ladder, struct ladder_row *row, struct fault *fault);

/* Adds what a claim says with the row of time t; epoch: as ladder_row_claim() does. */
void ladder_turns_add(struct ladder_turns *turns, nanos t, const struct claim *claim, nanos epoch);

/* Has the row, at its moment, more than one state of that end? Then each claim of it names its own. */
bool ladder_turns_need_names(const struct ladder_turns *turns);

/* Adds a clause that claims nothing, or a claim about an end in these words, to a row; NULL: only its state, in no words. */
bool ladder_row_words(struct ladder_row *row, enum paint paint, const char *words, struct fault *fault);
bool ladder_row_claim(struct ladder_row *row, unsigned end, const struct claim *claim, nanos epoch, const char *words,
                      struct fault *fault);

/* Frees what it holds; it is empty again. */
void ladder_rows_free(struct ladder_rows *ladder);

#endif
