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

/*
 * Runs one walk to its end on the port. witness may be NULL; with one, each segment is followed by a question
 * and its answer. Events are passed on while there is nothing to do, or when many are waiting, so that
 * reporting does not delay an answer of ours; with a witness they are passed on after each segment.
 *
 * False when the machine failed it (port, listener or witness) or a signal asked to stop: the fault says why.
 * Even then the peer was reset as far as that was possible, and the end event went out if the listener still
 * took it.
 */
bool loop_run(struct walk *walk, const struct port *port, const struct witness *witness,
              const struct listener *listener, struct fault *fault);

#endif
