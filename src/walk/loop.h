/* The one loop: it brings walks, the port and the clock together. */
#ifndef WALK_LOOP_H
#define WALK_LOOP_H

#include <stdbool.h>

#include "base/fault.h"
#include "io/port.h"
#include "walk/walk.h"

/* Who is told of what happens. Functions return false with a fault to end the walk (a full disk, say). */
struct listener {
    void *self;
    bool (*event)(void *self, const struct event *event, struct fault *fault);
    bool (*pause)(void *self, struct fault *fault); /* nothing more for now: show what is held back */
    /*
     * Of an interactive walk, else NULL: the walk is idle, or (readable) the port has input for it. Gives the walk more steps,
     * or lets it finish, or waits for more input.
     */
    bool (*input)(void *self, struct walk *walk, bool readable, struct fault *fault);
};

/* One of the walks that share a port. */
struct loop_walk {
    struct walk *walk; /* (borrowed) its flow has a local port that no other one has */
    struct listener listener;
    const struct witness *witness; /* (borrowed) or NULL */
    bool deaf;                     /* the loop's: the listener failed, and gets no more events */
};

struct loop;

/* Whose walks they are, where there can be several. */
struct loop_host {
    void *self;
    /* The walk has ended and is out of the loop: what it was made of is the host's again. It can be begun anew and added. */
    void (*over)(void *self, struct loop *loop, struct loop_walk *walk);
    /*
     * Whenever what was due has been done. Can add walks. Returns the monotonic time at which it wants to be called again,
     * NANOS_NEVER when not before something has happened; the loop ends when there are no walks and it says that.
     */
    nanos (*turn)(void *self, struct loop *loop, nanos now);
};

struct loop {
    const struct port *port;
    const struct loop_host *host; /* or NULL */
    struct loop_walk **walks;     /* (borrowed) room for `room` of them */
    unsigned count, room;
    struct fault *fault; /* the first one; once it is set no walk is added any more */
    bool readable;       /* the port has input for an interactive walk */
    bool added;          /* a walk is new, and may have something to do at once */
    bool stopping;       /* all walks were told of the fault */
};

/* Adds a walk, which is borrowed until it is over. False when there is no room, or the loop is coming to its end. */
bool loop_add(struct loop *loop, struct loop_walk *walk);

/*
 * Runs all walks of the loop to their ends, each told only what is about its own flow. Events are passed on while there is
 * nothing to do, or when many are waiting, so that reporting does not delay an answer of ours. A walk with a witness sends
 * one segment at a time, each followed by a question and its answer, and its events are passed on after each.
 *
 * False when the machine failed it (port, listener or witness) or a signal asked to stop: loop->fault says why. Even then
 * the peer was reset as far as that was possible, and the end events went out to listeners that still took them.
 */
bool loop_run_all(struct loop *loop);

/* Runs one walk. witness may be NULL. As loop_run_all. */
bool loop_run(struct walk *walk, const struct port *port, const struct witness *witness,
              const struct listener *listener, struct fault *fault);

#endif
