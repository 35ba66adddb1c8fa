/*
 * The tape: a port before another one, which writes all that is seen into a file (copy.h), and what the walks' events
 * say of it. Frames wait until the walks have told what they make of them, and are written when these pause.
 */
#ifndef CMD_TAPE_H
#define CMD_TAPE_H

#include "cmd/copy.h"
#include "io/capture.h"
#include "io/port.h"
#include "walk/event.h"

struct frame;

/* What one walk of the tape has told; all that is zero is one that has told nothing. */
struct tape_head {
    uint64_t present; /* what the last event was about: counts frames from 1; 0: nothing yet */
    /* What was told when that was written already, as it is said at the next frame, or at the last. (owned) */
    struct pcapng_options before, after;
};

struct tape {
    struct copy *copy;       /* borrowed */
    struct capture *capture; /* (borrowed) NULL: nothing can be seen yet */
    struct port inner;
    struct frame *frames, **frames_end; /* (owned) not written yet, oldest first */
    struct frame *last;                 /* (owned) the one that was written last */
    uint64_t seen;                      /* how many */
    struct pcapng_options left;         /* (owned) what is to be said, and not of the last frame */
};

/* Puts the tape before a port that sees with this capture. */
void tape_begin(struct tape *tape, struct copy *copy, struct capture *capture, struct port *port);

/* Takes what a walk tells: comments on what was seen. False with a FAULT_LOCAL. */
bool tape_event(struct tape *tape, struct tape_head *head, const struct event *event, struct fault *fault);

/* All walks have told all that they know by now: what was seen is written, and in the file. False with a FAULT_LOCAL. */
bool tape_pause(struct tape *tape, struct fault *fault);

/* The walk is over, and its last events are told. Frees what the head holds. False with a FAULT_LOCAL. */
bool tape_over(struct tape *tape, struct tape_head *head, struct fault *fault);

/*
 * All walks are over, and the capture is still there: says how much that has seen. Frees all that the tape holds. False with a
 * FAULT_LOCAL. This and the others do nothing before tape_begin().
 */
bool tape_end(struct tape *tape, struct fault *fault);

/* Both of these for the one walk that there is, as far as that is possible. A fault that is there already stays. */
bool tape_finish(struct tape *tape, struct tape_head *head, struct fault *fault);

#endif
