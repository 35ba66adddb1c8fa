/*
 * The blackboard: what a lesson shows on standard output. Prose, questions and statements go straight there. The ladder is kept
 * beside it, so that it can be shown so far at each step, and held back while a question is open.
 */
#ifndef CMD_BOARD_H
#define CMD_BOARD_H

#include <stdio.h>

#include "lesson/facts.h"
#include "report/handout.h"
#include "report/page.h"
#include "report/reporter.h"

struct record;

struct board {
    struct page page;
    bool with_bytes;           /* show each segment's bytes too */
    const struct facts *parts; /* (borrowed) what {} in a text stands for */
    unsigned present;
    struct handout *handout; /* (borrowed) is told the same, or NULL */

    FILE *ladder_out; /* (owned) writes to: */
    char *ladder;     /* (owned) all ladders so far */
    size_t ladder_length;
    void *reporter; /* (owned) the ladder's state */
    size_t begin;   /* where the present connection's ladder begins */
    size_t shown;   /* what of it has been printed, this time */
    bool open;      /* what comes is printed at once */

    struct event_segment *waiting; /* (owned) segments whose bytes are still to be shown */
    struct record *records;        /* (owned) theirs */
    unsigned waiting_count;
};

/* Makes an empty board on out. To be closed in either case. */
bool board_open(struct board *board, FILE *out, const struct report_options *options, struct fault *fault);

/* Frees what it holds. */
void board_close(struct board *board);

/* The head of a lesson. */
void board_title(struct board *board, const char *name, const char *title, const char *summary);

/* A paragraph; the texts of a lesson are translated here, and braces filled. */
void board_prose(struct board *board, const char *text);

/* A statement, or what is said in its place, behind a mark; and the numbers of the segments that show it. */
void board_state(struct board *board, enum handout_mark mark, const char *text, const unsigned *seen, unsigned count);

/* The answer to a question, behind words on whether it was given. */
void board_verdict(struct board *board, const char *label, const char *text);

/* A question, and its numbered answers. */
void board_question(struct board *board, const char *text);
void board_answer(struct board *board, unsigned number, const char *text);

/* A line of the program's own: it is given in the reader's language, and its words are as they stand. */
void board_line(struct board *board, enum paint paint, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* What asks for a key, without an end of the line; and the end of that line. */
void board_prompt(struct board *board, const char *text);
void board_prompt_end(struct board *board, bool typed);

/* Another connection begins: nothing of the ladders so far is shown any more. */
bool board_turn(struct board *board, struct fault *fault);

/* This connection is over, and all that was to be said of it was said. */
void board_over(struct board *board);

/* An event of the walk; the bytes of its segment, or NULL. */
bool board_event(struct board *board, const struct event *event, const struct record *record, struct fault *fault);

/* Prints the ladder of this connection so far; what comes is printed at once from now on. */
bool board_show(struct board *board, struct fault *fault);

/* From now on what comes is printed at once, and what has come since the ladder was shown. */
bool board_go_on(struct board *board, struct fault *fault);

/* Prints what has come since. */
bool board_catch_up(struct board *board, struct fault *fault);

/* From now on nothing more of the ladder is printed, until board_show. */
void board_hold(struct board *board);

/* Appends a fact as people write it, or "?" where it is not known. */
void board_fact(const struct board *board, struct text *text, const struct fact_name *name);

#endif
