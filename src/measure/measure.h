/*
 * A measurement: what is asked of a peer, over one connection or many. It says which connections it wants, gives each its steps
 * whenever that has nothing to do, looks at what happens, and ends with a result. It owns no socket, no clock and no memory:
 * who runs it makes the connections, each an interactive walk.
 */
#ifndef MEASURE_MEASURE_H
#define MEASURE_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/nanos.h"
#include "measure/course.h"
#include "measure/result.h"
#include "walk/walk.h"

struct measure_settings {
    nanos max;        /* how long it may take; NANOS_NONE: as the measurement has it */
    unsigned count;   /* connections or samples; 0: as the measurement has it */
    bool data;        /* a byte may be sent to the application */
    const char *send; /* what makes the peer answer, in the step language's string without its quotes; or NULL */
    bool brief;       /* only what is known soon: for an overview */
};

struct measurement;

/* One kind of measurement. Functions get the monotonic time as now. */
struct measure_kind {
    const char *name;    /* as the command line has it */
    const char *summary; /* for usage */
    nanos max;           /* how long it takes at most unless said otherwise */
    nanos brief_max;     /* ... for an overview; 0: it is no part of one */
    unsigned count, brief_count;
    unsigned at_once; /* so many connections at a time */
    bool alone;       /* its times would suffer from other measurements that go on */
    /* Plans its connections with measure_plan(). */
    void (*begin)(struct measurement *);
    /* The connection has nothing to do: gives it steps (course_do) or lets it end (course_end). */
    void (*next)(struct measurement *, struct course *, nanos now);
    /* Something happened on it. NULL: of no interest. */
    void (*saw)(struct measurement *, struct course *, const struct event *);
    /* It has ended. True when it is to begin anew, on the same port. NULL: never. */
    bool (*over)(struct measurement *, struct course *);
    /* No connection is left, or no more time: writes the findings. */
    void (*conclude)(struct measurement *);
};

#define MEASURE_PLAN 256

struct measurement {
    const struct measure_kind *kind;
    struct measure_settings settings;
    struct result result;
    struct sample *samples; /* (borrowed) the result's */
    size_t samples_room;
    nanos began, deadline;      /* monotonic */
    uint8_t plan[MEASURE_PLAN]; /* the roles of the connections that are wanted, in order */
    unsigned planned, begun, open;
    unsigned at_once;
    bool stopped;
    /* For progress: what is awaited, as a short phrase without a capital. */
    char awaiting[96];

    /* The kind's own, all zero at the beginning. */
    struct watch {
        nanos least;       /* so long the state certainly lasted */
        nanos most;        /* it certainly lasted no longer; NANOS_NEVER */
        unsigned answered; /* questions */
        unsigned silent;   /* ... without answer since the last that had one */
    } watch;
    unsigned tally[12];
    nanos marks[8];
};

/* All of them; the last has no name. */
extern const struct measure_kind *const measure_kinds[];

/* NULL when there is none of that name. */
const struct measure_kind *measure_find(const char *name, size_t length);

/* Begins. samples is room for so many (borrowed). now is monotonic. */
void measure_init(struct measurement *measurement, const struct measure_kind *kind,
                  const struct measure_settings *settings, struct sample *samples, size_t room, nanos now);

/* Wants another connection now? Its role then, which course_init() takes; measure_opened() is to follow. */
bool measure_wants(const struct measurement *measurement, nanos now, unsigned *role);

/* A connection that it wanted has begun. */
void measure_opened(struct measurement *measurement, struct course *course);

/* What the connections report: an event, that one is idle, that one has ended (true: it begins anew on the same port). */
void measure_event(struct measurement *measurement, struct course *course, const struct event *event);
void measure_idle(struct measurement *measurement, struct course *course, nanos now);
bool measure_over(struct measurement *measurement, struct course *course, nanos now);

/* No connection is open, and none is wanted any more. */
bool measure_is_done(const struct measurement *measurement, nanos now);

/* The result, once. interrupted: somebody stopped it. Borrowed from the measurement. */
const struct result *measure_conclude(struct measurement *measurement, bool interrupted);

/* ---- for the kinds ---- */

/* One more connection, of this role. */
void measure_plan(struct measurement *measurement, unsigned role);

/* Is its time up? */
bool measure_late(const struct measurement *measurement, nanos now);

/* A span of at most so long that the time of the measurement leaves, as the step language has it, in a buffer of 32 bytes. */
const char *measure_within(const struct measurement *measurement, nanos now, nanos most, char *buffer);

/* What is awaited, for progress. */
void measure_await(struct measurement *measurement, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The number of connections or samples. */
unsigned measure_count(const struct measurement *measurement);

/* A new sample, with all but its kind, connection and time empty; NULL when there is no room. */
struct sample *measure_sample(struct measurement *measurement, const struct course *course, enum sample_kind kind,
                              nanos at, const char *what);

/* A new finding; words are printf-style. */
void measure_found(struct measurement *measurement, const char *name, struct amount amount, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A stay that is shown in pictures. */
void measure_stay(struct measurement *measurement, const struct course *course, enum state state, nanos from,
                  nanos to_least, nanos to_most);

/* It can't be measured: the connection did not come about, or the peer did something else. The first call counts. */
void measure_failed(struct measurement *measurement, enum measured how);

/* What a failed course says of the peer: no answer, refused, or else. Makes a finding of it, once. */
void measure_course_failed(struct measurement *measurement, struct course *course);

/* ---- for watching a state end ---- */

/*
 * The answer to the last question of the course, entered into the watch and the samples. Any answer but a RST shows that the
 * state lasted until then: it is the caller's to ask what is answered in that state alone.
 */
void watch_take(struct measurement *measurement, struct course *course);

/* The course's state was seen by itself at that time (capture clock): by a segment that the peer repeated. */
void watch_alive(struct measurement *measurement, struct course *course, nanos at);

/*
 * Did a RST end it that no question asked for? Then the watch has its time, and the state lasted until then, unless the RST may be
 * a late answer to what we sent. To be asked once.
 */
bool watch_reset(struct measurement *measurement, struct course *course);

/* How long it lasted: the watch as an amount. */
struct amount watch_length(const struct measurement *measurement);

/* "61.9 s, give or take 0.4 s", "at least 12 s" */
void amount_words(const struct amount *amount, char *out, size_t size);

#endif
