/*
 * What can be said of one connection in numbers, from its events: what a lesson's checks are held against, and what its texts
 * can name in braces.
 */
#ifndef LESSON_FACTS_H
#define LESSON_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "walk/event.h"
#include "walk/step.h"

enum fact {
    FACT_OUR_ISN,
    FACT_PEER_ISN,
    FACT_PEER_SEQ,
    FACT_PEER_ACK,
    FACT_SEGMENTS,
    FACT_OURS,
    FACT_THEIRS,
    FACT_OURS_AGAIN,
    FACT_THEIRS_AGAIN,
    FACT_GAP,
    FACT_SINCE_OURS,
    FACT_BYTES,
    FACT_DATA_SIZE,
    FACT_SEGMENT_SIZE,
    FACT_PACKET_SIZE,
    FACT_FRAME_SIZE,
    FACT_ELAPSED,
    FACT_KERNEL,
    FACT_OPEN,
    FACT_ROUND_TRIP,
    FACT_CLOSE,
    FACT_CLOSE_WAIT,
    FACT_CLOSE_SEGMENTS,
    FACT_LATE_BYTES,
    FACT_COUNT
};

enum fact_kind {
    FACT_NUMBER,
    FACT_SEQUENCE, /* a sequence number as on the wire; the difference of two is a number, taken on their circle */
    FACT_SPAN,
    FACT_STATE
};

struct fact_row {
    const char *name;
    enum fact_kind kind;
    bool at_end;      /* known only when the connection has ended */
    const char *what; /* for the manual */
};

extern const struct fact_row fact_rows[FACT_COUNT];

/* The facts of one connection. Each counts only when it is known. */
struct facts {
    bool known[FACT_COUNT];
    int64_t values[FACT_COUNT]; /* numbers, nanoseconds, or an enum state */
    nanos first, last_theirs, last_ours;
};

/* As many connections as a lesson can refer to. */
#define FACTS_PARTS 32

/* Where a fact is taken from: the present connection, or the lesson's N-th. */
struct fact_place {
    enum fact fact;
    unsigned part; /* counted from 1; 0: the present one */
};

/* A fact, or how much it is more than another of the same kind. */
struct fact_name {
    struct fact_place of;
    bool minus;
    struct fact_place less; /* minus */
};

/* FACT OP VALUE, or FACT OP FACT. */
struct check {
    struct fact_name left;
    enum comparison comparison;
    bool is_fact;
    struct fact_name right; /* is_fact */
    int64_t value;          /* else */
};

enum verdict { VERDICT_TRUE, VERDICT_FALSE, VERDICT_UNKNOWN };

/* Starts anew, for a connection of which nothing is known. */
void facts_init(struct facts *facts);

/* Takes in one event of the connection. */
void facts_take(struct facts *facts, const struct event *event);

/* How much there is of one segment at each layer, in bytes: what each has is what the one above it has, and a header. */
struct layer_sizes {
    uint32_t data;    /* the application's bytes */
    uint32_t segment; /* with the TCP header and its options */
    uint32_t packet;  /* with the IP header */
    uint32_t frame;   /* with the header of the link, where it has one */
};

/* Takes in how large a segment was that carried data. */
void facts_take_sizes(struct facts *facts, const struct layer_sizes *sizes);

/*
 * "peer-isn", "2.peer-isn" for that of the second connection, or "peer-isn - 2.peer-isn" with single blanks. False when there is
 * no such fact, or no difference of two of their kind: states have none.
 */
bool fact_name_read(const char *text, size_t length, struct fact_name *out);

/*
 * Reads a check. False with the words for what is wrong, and where: an offset into the text.
 */
bool check_read(const char *text, struct check *out, struct text *wrong, size_t *where);

/* Holds a check against the facts of the lesson's parts, of which the present one is counted from 1. */
enum verdict check_hold(const struct check *check, const struct facts *parts, unsigned present);

/* What kind of value it stands for. */
enum fact_kind fact_name_kind(const struct fact_name *name);

/* Its value; false when a fact in it is not known. */
bool fact_value(const struct fact_name *name, const struct facts *parts, unsigned present, int64_t *out);

/*
 * The first place in braces of a text from *at on: its name in *name, and *at behind it. *before is what stands before it. False
 * when there is none. A brace that does not enclose the name of a fact is a brace.
 */
bool facts_place(const char *text, size_t *at, size_t *before, struct fact_name *name);

/* The first in braces that looks like the name of a fact and is none, with its length; NULL when there is no such. */
const char *facts_no_name(const char *text, size_t *length);

#endif
