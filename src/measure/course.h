/* One connection of a measurement: an interactive walk, its steps, and what came of its last question. */
#ifndef MEASURE_COURSE_H
#define MEASURE_COURSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nanos.h"
#include "core/probe.h"
#include "step/script.h"
#include "walk/event.h"
#include "walk/walk.h"

/* So many of the latest questions can still be meant by an answer. */
#define COURSE_QUESTIONS 8

/* One that may have no answer yet. */
struct course_asked {
    nanos sent;        /* capture clock; NANOS_NONE: it had its answer, or there was none */
    uint32_t end, ack; /* one past its numbers, and its acknowledgement: what a RST that answers it has */
};

/* What a question was answered with. */
enum reply {
    REPLY_NONE,
    REPLY_ACK,
    REPLY_RST,
    REPLY_SYN_ACK, /* with the initial number that was seen before */
    REPLY_OTHER,   /* a SYN-ACK with another one: a new connection */
    REPLY_FIN,
};

struct inquiry {
    enum probe probe; /* PROBE_NONE: a segment by hand */
    bool asked;       /* it was seen leaving */
    nanos sent;       /* capture clock */
    enum reply reply;
    nanos heard;
    nanos since;   /* an earlier one may have been meant: so long ago that left. Valid with an answer */
    bool unclosed; /* the answer shows that the peer had not sent its FIN then */
};

#define COURSE_STEPS 16
#define COURSE_TEXT 1024

struct course {
    struct walk *walk; /* (borrowed) */
    unsigned number;   /* counted from 1 */
    unsigned role;     /* what the measurement wants it for */
    unsigned round;    /* how often it began anew */

    /* The kind's own; all zero when it begins, and again when it begins anew. */
    unsigned phase;
    unsigned tally[6];
    nanos marks[6];

    struct inquiry question;
    struct course_asked asked[COURSE_QUESTIONS]; /* in the order in which they left, the latest last */
    bool question_by_hand;                       /* the next segment of ours that is no probe is a question */
    bool failed;                                 /* a step failed */
    enum outcome outcome;                        /* valid with over */
    bool over;
    int status;
    char why[FAULT_WORDS];
    nanos from_least; /* capture clock: the state that is watched began between these; NANOS_NONE: it has not */
    nanos from_most;
    nanos alive;         /* ... when it certainly still was; NANOS_NONE */
    nanos gone;          /* ... when it certainly was over; NANOS_NONE */
    nanos first_syn_ack; /* capture clock: when it came; NANOS_NONE */
    nanos its_fin;       /* ... its FIN */
    nanos our_syn;       /* ... our SYN left, the first copy: of several, any may be the one that arrived */
    nanos our_fin;       /* ... our FIN left, the first copy */
    nanos fin_acked;     /* ... the first acknowledgement of our FIN came */
    nanos unclosed;      /* ... the peer certainly had not sent its FIN; NANOS_NONE: nothing shows when */
    nanos its_fin_acked; /* ... our first acknowledgement of its FIN left */
    nanos reset;         /* ... a RST came that is no answer to a question */
    nanos sent;          /* ... our latest segment before that left */
    bool reset_has_ack;
    struct event_end end; /* valid with over */

    struct script kept, asking; /* steps that send stay for good; others until they are done */
    struct step kept_steps[COURSE_STEPS], asking_steps[COURSE_STEPS];
    char asking_bytes[COURSE_TEXT];
    char *kept_bytes; /* (borrowed) */
    size_t kept_room;
};

/* So much room the bytes need that a course keeps, for what is sent. */
size_t course_room(const char *send);

/* A new course on a walk that has just been initialised. bytes (borrowed) has course_room(). */
void course_init(struct course *course, struct walk *walk, unsigned number, unsigned role, char *bytes, size_t room);

/* The same connection once more: the walk has been initialised anew. */
void course_again(struct course *course);

/*
 * Gives it steps, in the step language: printf-style. It must be idle. The text is ours, so that a mistake in it is a mistake of
 * the program: the walk is then ended, with that as its reason.
 */
void course_do(struct course *course, nanos now, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Lets it end: what is open is reset. */
void course_end(struct course *course);

/* Takes note of an event. */
void course_event(struct course *course, const struct event *event);

/* The time of the capture clock, reckoned from what was seen last; NANOS_NONE before anything was. */
nanos course_clock(const struct course *course, nanos now);

/* The time of an event on the capture clock. */
nanos course_at(const struct course *course, nanos t);

/* The round trip of its open: NANOS_PER_MS where it is not known or less than that. */
nanos course_trip(const struct course *course);

/* Has it ended before its steps had, because somebody stopped it or this machine was in trouble? Nothing follows from its silence. */
bool course_was_stopped(const struct course *course);

/*
 * How long a segment takes to come here, at most: that is assumed where nothing says when it was sent. And how long after a
 * question its answer may come.
 */
nanos course_way(const struct course *course);
nanos course_late(const struct course *course);

/* Is it open, that is ESTABLISHED or beyond, for our end? */
bool course_is_open(const struct course *course);

#endif
