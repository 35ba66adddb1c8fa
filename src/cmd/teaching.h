/* Giving a lesson: its connections, one after the other, each an interactive walk that gets its steps as the lesson goes on. */
#ifndef CMD_TEACHING_H
#define CMD_TEACHING_H

#include <signal.h>

#include "cmd/attempt.h"
#include "cmd/board.h"
#include "cmd/learner.h"
#include "cmd/lesson_plan.h"
#include "cmd/peer.h"
#include "cmd/tape.h"

/* What a lesson, or several, came to. */
struct marks {
    unsigned asked, right;        /* questions that were answered by what happened; --quiz */
    unsigned came_true, not_true; /* statements */
    unsigned unknown;             /* ... that could not be looked at here */
};

/* What all lessons share. */
struct classroom {
    const struct options *options;
    const struct lab *lab; /* or NULL: the peer is the one that is named */
    const struct peer *peer;
    const char *host; /* what the user called it */
    bool passive;     /* it is whoever connects to us */
    struct board board;
    struct learner learner;
    struct recorder *recorder;
    struct copy *copy; /* --write; or NULL (owned) */
    struct tape tape;
    struct tape_head tape_head;
    sigset_t wait_mask;
    struct marks marks; /* of all */
    bool left;          /* the learner does not want to go on */
};

/* Gives one lesson. last: nothing comes after it. Returns the exit status, with a fault where main is to print one. */
int teaching_give(struct classroom *room, struct lesson_plan *plan, bool last, struct fault *fault);

#endif
