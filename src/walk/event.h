/*
 * What a walk tells the world, in the order in which it happened: the one input of every reporter.
 * Times are nanoseconds since the walk's first segment left, by the capture clock; NANOS_NONE where there is
 * none.
 */
#ifndef WALK_EVENT_H
#define WALK_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/nanos.h"
#include "core/claim.h"
#include "core/probe.h"
#include "core/segment.h"
#include "core/state.h"

enum event_kind {
    EVENT_START,
    EVENT_SEGMENT,
    EVENT_TRANSITION,
    EVENT_ICMP,
    EVENT_NOTE,
    EVENT_VERIFY,
    EVENT_STEP,
    EVENT_END,
};

enum side { SIDE_LOCAL, SIDE_PEER };

/* The exit statuses of the program, as far as a walk can know them too. */
enum exit_status {
    STATUS_DONE = 0,        /* everything asked for happened */
    STATUS_EXPECTATION = 1, /* an expectation did not hold, or the peer's kernel contradicts a proven claim */
    STATUS_USAGE = 2,       /* the command line or the script is wrong */
    STATUS_NO_ANSWER = 3,   /* timeout or unreachable */
    STATUS_RESET = 4,       /* refused, or reset where that was not expected */
    STATUS_LOCAL = 5,       /* no permission, no such interface, port taken, guard can't be set */
};

/* How a walk ended, in one word. */
enum outcome {
    OUTCOME_OPENED,      /* open, and left or reset by us as asked */
    OUTCOME_CLOSED,      /* both FINs exchanged and acknowledged */
    OUTCOME_HALF_CLOSED, /* our FIN was acknowledged, the peer never sent its own */
    OUTCOME_REFUSED,     /* RST in answer to our SYN */
    OUTCOME_RESET,       /* RST later on */
    OUTCOME_NO_ANSWER,   /* silence: a limit of time or retries ran out */
    OUTCOME_UNREACHABLE, /* an ICMP error said so */
    OUTCOME_UNOPENED,    /* done as asked, and no connection came of it */
    OUTCOME_UNEXPECTED,  /* an expectation did not hold */
    OUTCOME_FAILED,      /* local trouble or an interruption */
};

/* "opened", "closed", ... as programs read it. Static text. */
const char *outcome_name(enum outcome outcome);

/* The one thing printed first. */
struct event_start {
    const char *command;
    struct flow flow;
    const char *peer_name; /* what the user typed, when it was a name; else NULL */
    const char *interface;
    nanos epoch; /* capture clock of the start: nanoseconds since 1970, UTC */
};

struct event_segment {
    unsigned n; /* counts captured segments of both directions from 1 */
    bool out;   /* from us to the peer */
    nanos t;
    struct segment segment;
    uint32_t rel_seq; /* relative to the sender's initial number */
    uint32_t rel_ack; /* relative to the other's; valid when has_rel_ack */
    bool has_rel_ack;
    bool retransmission; /* occupies numbers that this sender had sent before */
    enum probe probe;    /* which one it is, or PROBE_NONE */
    enum state local;    /* our state after it */
};

struct event_transition {
    enum side side;
    struct claim claim; /* not_before and not_after as nanoseconds since the first segment */
};

struct event_icmp {
    nanos t;
    struct icmp_error error;
    bool hard; /* it ended the walk (RFC 5461 4.1), else it is only advice */
};

/* A remark that is neither a segment nor a transition: a token for programs, a sentence for people. */
struct event_note {
    nanos t;
    const char *token;
    const char *text;
};

/* The kernel's own answer about the peer's socket, held against the belief. */
struct event_verify {
    nanos t;
    enum state kernel; /* what it says; CLOSED when it has no such socket */
    bool listening;    /* no socket for the connection, but the port listens */
    state_set belief;  /* what we claimed last */
    enum certainty certainty;
    bool agrees;   /* the kernel's state is one that the claim allows by now */
    bool violates; /* it contradicts a proven claim */
};

/* A step has ended. */
struct event_step {
    nanos t;               /* when something was last seen; of a failure and of a wait, when it was over */
    unsigned line, column; /* of the script; 0 when it has none */
    const char *text;      /* the step as the language prints it, or NULL */
    bool expectation;
    bool ok;
    bool ends;           /* not ok, and the walk ends with it */
    const char *why;     /* when not ok: what was there instead, in words; valid until the next event is taken */
    const char *differs; /* of a segment that was not the expected one: the fields that differ, "flags,ack"; or NULL */
    unsigned n;          /* the segment that met an expectation, or came closest to it; 0: none */
};

struct walk_timing {
    nanos open_rtt;       /* our SYN (the copy that was answered, if known) to the SYN-ACK */
    nanos open;           /* first SYN to our ACK of the SYN-ACK */
    nanos fin_rtt;        /* our FIN to the acknowledgement of it */
    nanos close_wait;     /* the peer's dwell as seen here: its acknowledgement of our FIN to its own FIN */
    nanos close_wait_max; /* at most: our FIN to its FIN; its acknowledgement may have been delayed */
    nanos close;          /* first FIN of either side to the last acknowledgement of a FIN */
    nanos total;          /* first segment to last */
};

struct walk_counts {
    unsigned out, in;             /* segments captured */
    unsigned retransmitted;       /* ours */
    unsigned peer_retransmitted;  /* the peer's */
    uint64_t bytes_out, bytes_in; /* payload acknowledged by the peer; payload received in order */
    uint64_t bytes_after_fin;     /* payload received in order after our FIN was acknowledged */
    unsigned segments_after_fin;  /* segments that brought it */
    unsigned verified, disagreed; /* answers of the kernel; those that contradict a proven claim */
};

enum peer_end { PEER_END_NONE, PEER_END_FIN, PEER_END_RST };
enum closer { CLOSER_NONE, CLOSER_LOCAL, CLOSER_PEER, CLOSER_BOTH };

#define HISTORY_MAX 1024

struct event_end {
    int status; /* the exit status */
    enum outcome outcome;
    const char *why;     /* one sentence when status is not 0, else NULL */
    const char *history; /* Zeek's letters: ours in capitals, the peer's small */
    struct walk_timing timing;
    struct walk_counts counts;
    state_set peer; /* what is believed at the end */
    state_set peer_likely;
    state_set peer_otherwise;
    enum certainty peer_certainty;
    enum state local;
    enum closer closer;
    unsigned close_segments; /* 3 or 4 when both FINs were exchanged one after the other, else 0 */
    enum peer_end peer_end;
    bool left; /* the connection was left as it is (--leave) */
};

struct event {
    enum event_kind kind;
    union {
        struct event_start start;
        struct event_segment segment;
        struct event_transition transition;
        struct event_icmp icmp;
        struct event_note note;
        struct event_verify verify;
        struct event_step step;
        struct event_end end;
    };
};

#endif
