/*
 * A reporter: a const struct of functions that turns the events of a walk into text. The same reporter serves
 * a walk that happens now and one that is read back from a record: all it knows is in the events.
 */
#ifndef REPORT_REPORTER_H
#define REPORT_REPORTER_H

#include <stdbool.h>
#include <stdio.h>

#include "base/fault.h"
#include "walk/event.h"

#define REPORT_WIDTH_DEFAULT 80
/* Narrower than this the columns of the ladder don't fit: a smaller width counts as this one. */
#define REPORT_WIDTH_MIN 64

/* What a reporter may be told; each ignores what does not concern it. */
struct report_options {
    unsigned width;        /* columns that a line may take; 0 is REPORT_WIDTH_DEFAULT */
    bool colour;           /* ANSI colours; the caller knows of terminals and NO_COLOR */
    bool utf8;             /* characters beyond ASCII, of which the caller has set the locale */
    unsigned expectations; /* how many the script holds */
    bool open_ended;       /* steps come while the walk goes on: nobody knows how many */
};

/*
 * Faults are FAULT_LOCAL: no memory, or "standard output: No space left on device" when out can't be written.
 * After a fault the state still has to go to end(). Pointers inside an event need only live as long as the
 * call.
 */
struct reporter {
    const char *name; /* as it is chosen by: "ladder", "json", "tap", "quiet" */

    /*
     * Starts a report on out, which must outlive it and is not closed. options may be NULL. Returns the reporter's
     * state, to be released with end(), or NULL with the fault set.
     */
    void *(*begin)(FILE *out, const struct report_options *options, struct fault *fault);

    /* Reports one event. Events come in the order of walk/event.h: a segment, then the transitions it caused. */
    bool (*event)(void *state, const struct event *event, struct fault *fault);

    /*
     * Writes out what the reporter still holds back. To be called before a pause in which a reader should see all
     * that has happened; what belongs to one segment is best not torn apart by it.
     */
    bool (*flush)(void *state, struct fault *fault);

    /* Flushes and releases the state, which may be NULL. False with the fault set when the flush failed. */
    bool (*end)(void *state, struct fault *fault);
};

extern const struct reporter reporter_ladder; /* for people */
extern const struct reporter reporter_json;   /* for programs: JSON lines, tcpwalk-json(5) */
extern const struct reporter reporter_tap;   /* for test runners: a test for each expectation, one for the whole walk */
extern const struct reporter reporter_quiet; /* prints nothing */

#endif
