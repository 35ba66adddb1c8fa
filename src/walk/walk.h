/*
 * A walk: one connection driven by a list of steps. It takes what was seen on the wire and the time, and says
 * what to send, when to wake it and what happened. It owns no socket, no clock and no memory but itself.
 *
 * Two clocks, as in io/port.h: `now` is monotonic and serves timers only; `at` is the capture clock, and only
 * that is reported.
 */
#ifndef WALK_WALK_H
#define WALK_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/fault.h"
#include "base/nanos.h"
#include "core/belief.h"
#include "core/rtt.h"
#include "core/segment.h"
#include "walk/event.h"
#include "walk/probing.h"
#include "walk/step.h"
#include "walk/tcb.h"

struct walk_settings {
    struct tcb_settings tcb;
    nanos rto;        /* initial retransmission timeout (RFC 6298 2.1) */
    unsigned retries; /* how often one segment is sent again */
    nanos timeout;    /* how long one step may wait for the peer */
    nanos delay;      /* between steps */
    nanos linger;     /* stay in TIME-WAIT; NANOS_NONE: LINGER_AUTO and four round trips */
    bool leave;       /* don't reset what is open at the end */

    const char *command;
    const char *peer_name; /* or NULL */
    const char *interface;
    struct flow flow;
    nanos epoch; /* wall clock at the start, in case nothing is ever captured */

    const struct step *steps; /* (borrowed) */
    unsigned step_count;
    bool listening;   /* passive: our end begins in LISTEN */
    bool interactive; /* more steps may come when these are done, and a step that fails does not end the walk */

    /* For expectations; without them the first two are NULL and their rooms 0. */
    struct heard *inbox; /* (borrowed) room for what arrived and has not been matched yet */
    unsigned inbox_room;
    uint8_t *text; /* (borrowed) room for the bytes that the peer sent */
    uint32_t text_room;
    /* Looks for the compiled pattern in the bytes; *end is one past the first match. */
    bool (*match)(const void *compiled, const uint8_t *bytes, size_t len, size_t *end);
};

/* Linux repeats a FIN after its RTO, 200 ms and a round trip at least (measured on Linux 6.18). */
#define LINGER_AUTO (300 * NANOS_PER_MS)

/* One of our segments, until it is seen in the capture and a while after. */
struct sent_segment {
    uint32_t seq, ack, len, tsval;
    uint8_t flags;
    bool used, captured, retransmission;
    bool doubtful;       /* made by hand so that the peer may drop it */
    bool loose;          /* its options and length can't be known from the capture */
    bool told;           /* the change of our state was reported */
    enum probe probe;    /* which one it is, or PROBE_NONE */
    enum state from, to; /* our state before and after it */
    nanos at;            /* when it left; valid once captured */
};

/* Something that arrived, as expectations look at it. */
struct heard {
    bool is_icmp;
    struct segment segment;
    unsigned n;                /* the segment's number */
    uint32_t rcv_nxt, snd_una; /* ours before it arrived */
    const char *icmp;          /* the name of the error */
};

/* What the peer did that ends the walk unless a step expects it. */
struct trouble {
    bool pending;
    uint64_t serial; /* of what was heard */
    enum outcome outcome;
    int status;
    char why[FAULT_WORDS];
};

#define DIFFERS_TEXT 128
#define SENT_MAX 64
#define EVENTS_MAX 128

/* When things were seen first, by the capture clock; NANOS_NONE: not yet. */
struct walk_stamps {
    nanos first, last;
    nanos syn_ack, ack;
    nanos fin, fin_acked;
    nanos its_fin, its_fin_acked;
};

struct walk {
    struct walk_settings settings;
    struct tcb tcb;
    struct belief belief;
    struct rtt rtt;

    const struct step *steps; /* (borrowed) those that are being done */
    unsigned step, step_count;
    unsigned phase; /* of the step */
    bool step_started;
    bool skipping;       /* interactive: a step failed, and those given with it are not done */
    bool send_waits;     /* its bytes are not queued yet */
    bool steps_gave_way; /* to events that are to be taken first */
    bool no_more_steps;
    nanos step_began;
    bool auto_ack, auto_retransmit, auto_probe;
    bool phase_over;         /* its phase is done, and only what auto probe asks goes on */
    const struct step *hand; /* a segment by hand that is to leave now */
    struct probing probing;
    bool gave_up; /* what is not acknowledged is not sent again any more */

    uint64_t heard;                  /* how much was put into the inbox so far */
    uint64_t cursor;                 /* the first of it that no expectation has matched or passed */
    uint64_t opened;                 /* one past what opened the connection */
    uint64_t text_base, text_cursor; /* offsets into the peer's bytes: kept from, not matched from */
    bool text_cut;                   /* the capture did not hold all of them */
    struct trouble trouble;
    int failed_status; /* of an interactive walk: of the first step that failed */
    char step_why[FAULT_WORDS];
    char step_differs[DIFFERS_TEXT];
    unsigned step_n;
    char step_said[FAULT_WORDS], step_differs_said[DIFFERS_TEXT]; /* what the last event of a failed step points to */

    nanos step_deadline, delay_until, linger_until;
    nanos started; /* monotonic */
    nanos rto_deadline;
    nanos belief_deadline; /* monotonic reckoning of belief_expiry() */
    nanos last_seen;       /* monotonic time of the latest sighting */
    unsigned retries_used;

    struct sent_segment sent[SENT_MAX];
    unsigned sent_next;
    unsigned burst;    /* segments given away since one of ours was last seen in the capture */
    nanos burst_until; /* monotonic: a full burst waits until then to be seen */

    struct walk_stamps stamps;
    struct walk_counts counts;
    nanos open_rtt, fin_rtt;
    char history[HISTORY_MAX]; /* ends in + when it was cut */
    unsigned history_used;
    unsigned segments;       /* numbers given so far */
    unsigned syn_acks_after; /* SYN-ACKs repeated after our ACK */
    unsigned bad_acks;
    uint64_t bytes_in_before;
    uint8_t ttl_seen;       /* of the peer's first segment */
    bool fin_came_with_ack; /* the first acknowledgement of our FIN was its FIN */
    bool its_fin_crossed;   /* its FIN did not acknowledge ours, which was on its way */
    bool its_fin_first;     /* its FIN arrived before we sent ours */
    bool our_fin_with_ack;  /* our FIN was the first to acknowledge its FIN */
    enum peer_end peer_end;
    uint64_t socket;    /* which one, valid with socket_seen */
    bool socket_seen;   /* the peer's kernel has shown a socket of this connection */
    bool socket_missed; /* it had none while the peer was in SYN-RECEIVED */
    unsigned noted;     /* NOTED_ bits of remarks that are made only once */

    bool ending; /* the outcome is known; what is due still goes out */
    bool ended;  /* the end event is queued */
    bool left;
    nanos end_earliest, end_deadline;
    enum outcome outcome;
    int status;
    char why[FAULT_WORDS];

    struct event events[EVENTS_MAX];
    unsigned event_first, event_count;
    bool start_queued;
};

/* Starts a walk at monotonic time now; settings are copied, what they point to is borrowed. */
void walk_init(struct walk *walk, const struct walk_settings *settings, nanos now);

/*
 * Moves the walk on and gives the next segment to send now, with its payload (borrowed); false when there is
 * none at this moment. Call until it says false, after every sighting and when walk_wake() has come.
 */
bool walk_output(struct walk *walk, nanos now, struct segment *segment, const uint8_t **payload);

/* The monotonic time at which walk_output must be called again if nothing happens before. */
nanos walk_wake(const struct walk *walk);

/* True when the end event has been queued: nothing more will come. */
bool walk_ended(const struct walk *walk);

/* Some segment of ours has not been seen in the capture yet. */
bool walk_awaits_capture(const struct walk *walk);

/*
 * Interactive: these steps are next (borrowed until they are done; the bytes that they send until the walk has ended). Only
 * while walk_is_idle().
 */
void walk_more(struct walk *walk, const struct step *steps, unsigned count);

/*
 * Interactive: what was to be a step is none, for this reason; it is told in its turn, like a step that failed. The texts are
 * borrowed until the walk has ended.
 */
void walk_refuse_step(struct walk *walk, unsigned line, unsigned column, const char *text, const char *why);

/* Interactive: all steps so far are done, and the walk waits for more. */
bool walk_is_idle(const struct walk *walk);

/* Interactive: no more steps will come. The walk ends when those that it has are done. */
void walk_finish(struct walk *walk);

/* The captured payload of the segment that walk_saw_segment is told next; count bytes from its first on. Borrowed for the call. */
void walk_saw_payload(struct walk *walk, const struct segment *segment, const uint8_t *payload, uint32_t count);

/* A segment of the connection was captured. */
void walk_saw_segment(struct walk *walk, bool out, const struct segment *segment, nanos at, nanos now);

/* An ICMP error that quotes a segment of ours was captured. */
void walk_saw_icmp(struct walk *walk, const struct icmp_error *error, nanos at, nanos now);

/* Something else: remarks with a stable token and a static text. */
void walk_note(struct walk *walk, nanos at, const char *token, const char *text);

/*
 * The peer's kernel says that its socket is in this state (or that only a listener is there). socket names the very socket
 * that it means: another one under the same ports is another connection, and contradicts nothing.
 */
void walk_verified(struct walk *walk, enum state kernel, bool listening, uint64_t socket);

/*
 * Ends the walk early: with a RST towards the peer if a connection may be there, then the end event with this
 * status and reason (copied). The outcome is FAILED, or UNREACHABLE for status 3.
 */
void walk_stop(struct walk *walk, int status, const char *why, nanos now);

/* As walk_stop, when nothing can be sent any more. */
void walk_kill(struct walk *walk, int status, const char *why, nanos now);

/* The oldest event not yet taken, or NULL. It is valid until the next call of any function of this header. */
const struct event *walk_take_event(struct walk *walk);

/* More events are waiting than should: time to take them. */
bool walk_events_pressing(const struct walk *walk);

#endif
