/*
 * What is said in a lesson: its items one after the other, questions, statements, and the learner. The walk is teaching.c's.
 */
#ifndef CMD_LECTURE_H
#define CMD_LECTURE_H

#include "cmd/teaching.h"

#define EVIDENCE_SEGMENTS 8

enum need {
    NEED_STEPS,   /* the item at hand is to be done */
    NEED_LEARNER, /* a line is to be read */
    NEED_END,     /* the connection is to be ended, and the lesson goes on behind it */
    NEED_NOTHING, /* the part is over */
};

struct group {
    bool failed, unknown, stated;
    unsigned seen[EVIDENCE_SEGMENTS]; /* segments that met expectations */
    unsigned seen_count;
};

struct teaching {
    struct classroom *room;
    struct lesson_plan *plan;
    struct lesson_part *part; /* the present one, or NULL */
    struct facts facts[FACTS_PARTS];
    struct marks marks;
    struct attempt attempt;
    struct walk *walk;  /* while it goes on */
    unsigned next, end; /* items */
    bool read;          /* something was shown that a reader wants time for */
    bool waiting;       /* ... and a key was asked for */
    bool running;       /* steps are being done */
    bool broken;        /* a step failed: the rest of the part is left out */
    bool over;          /* the walk of the part has ended */
    struct group group;
    const struct lesson_item *question; /* that waits for its answer, or NULL */
    unsigned answer;                    /* the learner's, from 1; 0: none */
    unsigned looks;
    struct event_end ending;
    bool ended;
    unsigned disagreed;
    int status;
};

/* Something went wrong: the first such status is that of the lesson. */
void lecture_worsen(struct teaching *teaching, int status);

/* Shows what is to be shown, up to where something must happen: teaching->next is the item there. */
enum need lecture_advance(struct teaching *teaching);

/* What happened has answered the question, if one is open. */
void lecture_settle_question(struct teaching *teaching);

/* What was read from the learner has come to something, or not yet. True when the lesson goes on. */
bool lecture_take_word(struct teaching *teaching, enum learner_word word, const char *line);

/* Waits for the learner, outside of a walk, where there is nothing else to wait for. False with a fault. */
bool lecture_await(struct teaching *teaching, struct fault *fault);

#endif
