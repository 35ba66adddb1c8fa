/*
 * A handout: a lesson that was run, or several, as a page to keep. What was said and what was seen is put down in its order,
 * each connection as pieces of its ladder where its segments came, and once more as a whole behind its last piece. All texts
 * are in the reader's language already. Memory that runs out is told when it is written.
 */
#ifndef REPORT_HANDOUT_H
#define REPORT_HANDOUT_H

#include <stdio.h>

#include "report/ladder_rows.h"

enum handout_kind {
    HANDOUT_LESSON, /* text: its title; more: its summary; name */
    HANDOUT_PROSE,
    HANDOUT_QUESTION, /* more: its answer, or NULL while there is none; the choices follow */
    HANDOUT_CHOICE,
    HANDOUT_STATEMENT,
    HANDOUT_LINE,   /* the program's own words */
    HANDOUT_LADDER, /* a piece of a connection */
    HANDOUT_WHOLE,  /* all of it, after more than one piece */
};

enum handout_mark { HANDOUT_TRUE, HANDOUT_OTHERWISE, HANDOUT_UNKNOWN };

#define HANDOUT_SEEN 8

struct handout_item {
    enum handout_kind kind;
    char *text, *more, *name;    /* (owned) */
    enum handout_mark mark;      /* of a statement */
    enum paint paint;            /* of a line */
    unsigned seen[HANDOUT_SEEN]; /* a statement's evidence: segments of its connection */
    unsigned seen_count;
    unsigned connection; /* counted from 0; of statements and ladders */
    unsigned first, end; /* of a ladder: its rows */
};

/* What was captured of one segment. */
struct handout_frame {
    struct event_segment event;
    uint8_t *bytes; /* (owned) */
    uint32_t length, ip_at;
};

struct handout_connection {
    struct ladder_rows ladder;
    unsigned told;                /* rows that are in pieces */
    unsigned pieces;              /* of them those with segments: its sums alone draw nothing */
    struct handout_frame *frames; /* (owned) by number of segment */
    unsigned frame_count;
};

/* All that is zero is an empty one. */
struct handout {
    struct handout_item *items; /* (owned) */
    unsigned count, room;
    struct handout_connection *connections; /* (owned) */
    unsigned connection_count;
    bool connected; /* the last connection goes on */
    nanos epoch;    /* when the first began: since 1970; 0: none did */
    bool failed;    /* there was no memory */
};

/* A lesson begins, the others are what is said in it: in the order in which it is to be read, texts copied. */
void handout_lesson(struct handout *handout, const char *name, const char *title, const char *summary);
void handout_prose(struct handout *handout, const char *text);
void handout_question(struct handout *handout, const char *text);
void handout_choice(struct handout *handout, const char *text);

/* The answer to the last question. */
void handout_answer(struct handout *handout, const char *text);

/* A statement about the last connection, and which of its segments show it. */
void handout_statement(struct handout *handout, enum handout_mark mark, const char *text, const unsigned *seen,
                       unsigned seen_count);
void handout_line(struct handout *handout, enum paint paint, const char *text);

/* Another connection begins. */
void handout_turn(struct handout *handout);

/* It is over: it stands there as a whole before anything else is said. */
void handout_over(struct handout *handout);

/* An event of it; of a segment also its frame of so many bytes with the IP header at ip_at, or NULL. */
void handout_event(struct handout *handout, const struct event *event, const uint8_t *frame, uint32_t length,
                   uint32_t ip_at);

/* What was captured of a segment of a connection, or NULL. */
const struct handout_frame *handout_frame(const struct handout_connection *connection, unsigned n);

/*
 * Write all of it to out, HTML as a page of its own in the language with this code ("ko"), SVG as one drawing. Nothing may be
 * added afterwards. False with a FAULT_LOCAL when memory had run out; errors of out are the caller's to see.
 */
bool handout_html(struct handout *handout, const char *language, FILE *out, struct fault *fault);
bool handout_svg(struct handout *handout, FILE *out, struct fault *fault);

/* Nothing more is added: to be called by what writes. False with the fault set as above. */
bool handout_finish(struct handout *handout, struct fault *fault);

/* Frees what it holds. */
void handout_free(struct handout *handout);

/* How many lessons it holds. */
unsigned handout_lessons(const struct handout *handout);

/* What the page is called: the title of its lesson, or where there are several what they have in common. */
const char *handout_title(const struct handout *handout);

/* "came true", ... in the reader's language. */
const char *handout_mark_words(enum handout_mark mark);

#endif
