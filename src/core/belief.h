/*
 * The belief: what is known of the peer's end of one connection, from the segments alone.
 *
 * It is told every segment in the order of the capture: ours as they left, the peer's as they arrived, each
 * with its number and its time. It answers with claims. It keeps two things:
 *
 *   - the claim that stands: the states of the peer, proven by its latest segment or presumed from what we
 * sent since;
 *   - `possible`: every state that it can be in at this moment, whatever was lost, repeated or reordered, and
 * whatever its application does. This set is never narrowed by anything but the peer's own segments, so a
 * kernel that contradicts it contradicts something proven.
 *
 * Assumptions: the peer's segments come from the peer (nobody forges exact sequence numbers), and its TCP keeps
 * RFC 9293: RCV.NXT and SND.NXT never go back, a segment without payload is sent at SND.NXT (a keep-alive just before
 * what we acknowledged), every segment acknowledges RCV.NXT, and a TCP with nothing unacknowledged and an open window
 * sends what its application gave it at once. Its application does not close before the connection is open (3.10.4
 * would allow it; no stack is known to), and no copy of an old ACK revives a SYN cookie whose connection is over.
 *
 * No clock, no heap, no bytes: the same input gives the same claims.
 */
#ifndef CORE_BELIEF_H
#define CORE_BELIEF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/nanos.h"
#include "core/claim.h"
#include "core/moves.h"
#include "core/segment.h"
#include "core/state.h"

/* Did the peer send its FIN before or after our FIN reached it? It decides between CLOSING and LAST-ACK. */
enum fin_order {
    FIN_ORDER_UNKNOWN,
    FIN_ORDER_AFTER_OURS,  /* it acknowledged our FIN while its own was unsent */
    FIN_ORDER_BEFORE_OURS, /* it had sent its FIN without acknowledging ours */
};

/* One of our segments that a later answer can be evidence of. */
struct landmark {
    bool set;
    unsigned first;  /* number of its first copy */
    unsigned latest; /* number of the latest copy */
    nanos at;        /* when the first copy left */
    nanos latest_at; /* when the latest copy left */
    uint32_t tsval;  /* of the first copy; valid with has_tsval */
    bool has_tsval;
};

struct belief {
    struct claim claim; /* the one that stands; to is never empty */
    state_set possible;
    state_set proven_states; /* the last proven claim: what it said, and since when it can hold */
    nanos proven_not_before;

    unsigned sent;           /* SENT_ bits of all that left */
    uint32_t iss;            /* our initial number */
    uint32_t fin_seq;        /* the number of our FIN; valid with SENT_FIN */
    uint32_t fin_ack_lowest; /* the lowest acknowledgement that a copy of our FIN carried */
    bool fin_without_ack;    /* a copy of our FIN did not acknowledge its FIN */
    uint8_t wscale;          /* the shift that we offered */
    bool window_small;       /* we once offered so little that it may hold back what it has to send */
    uint32_t sent_max;       /* one past the highest number we used */
    uint32_t ack_max;        /* the highest acknowledgement we sent; valid with ack_sent */
    bool ack_sent;

    bool irs_known;
    uint32_t irs;       /* the peer's initial number */
    bool syn_ack_seen;  /* from now on a new SYN-ACK can't be the answer to an old SYN */
    uint32_t heard_max; /* one past the highest number of the peer that arrived (SYN and FIN counted) */
    uint32_t acked_max; /* the highest acknowledgement of the peer; valid with acked_any */
    bool acked_any;
    bool its_fin_seen;
    uint32_t its_fin_seq;
    enum fin_order order;
    bool tsval_seen;
    uint32_t tsval_max; /* the peer's newest timestamp */

    struct landmark syn, syn_ack_ack, data, fin, fin_ack, rst;
    struct landmark all_acked; /* our first segment that acknowledged all that we have heard */
    nanos open_rtt;            /* of the SYN exchange; NANOS_NONE until known */
};

/* At most this many claims come from one segment. */
#define CLAIMS_MAX 2

/* Starts with LISTEN presumed: nothing is known of the port. */
void belief_init(struct belief *belief);

/*
 * A segment of ours left: number n, at capture time `at`. Writes the claims that follow to out and returns
 * how many (a presumption, RFC 9293 3.10.7, or none when nothing changes).
 */
unsigned belief_sent(struct belief *belief, const struct segment *segment, unsigned n, nanos at,
                     struct claim out[CLAIMS_MAX]);

/*
 * A segment of the peer arrived: number n, at capture time `at`. Writes the claims that follow to out and
 * returns how many: first what it proves (or refutes) of the moment at which it was sent, then what is
 * presumed since because more of ours is still on its way. A segment that is older than what is known, or
 * that can't belong to this connection (RFC 9293 3.10.7.4: unacceptable), makes no claim.
 */
unsigned belief_received(struct belief *belief, const struct segment *segment, unsigned n, nanos at,
                         struct claim out[CLAIMS_MAX]);

/*
 * When a proven claim falls back to presumed unless renewed: capture time, NANOS_NEVER if it does not. States
 * that a timer ends in silence only (RFC 9293 3.10.8; FACTS measured the shortest lives).
 */
nanos belief_expiry(const struct belief *belief);

/* It is now `at`: lets the claim fall back if its time can be up; returns 1 with the claim, or 0. */
unsigned belief_expire(struct belief *belief, nanos at, struct claim out[CLAIMS_MAX]);

/* Where the peer can be by now if it was once in a state of the set, whatever happened on the way since. */
state_set belief_reachable(const struct belief *belief, state_set from);

/* Has the peer acknowledged our FIN in anything that arrived? */
bool belief_fin_acked(const struct belief *belief);

#endif
