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
 * allows it; Linux does so in a simultaneous open only), and no segment of ours revives a SYN cookie whose
 * connection is over.
 *
 * No clock, no heap, no bytes: the same input gives the same claims.
 */
#ifndef CORE_BELIEF_H
#define CORE_BELIEF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/nanos.h"
#include "core/claim.h"
#include "core/knowledge.h"
#include "core/segment.h"
#include "core/state.h"

struct belief {
    struct claim claim; /* the one that stands; to is never empty */
    state_set possible;
    state_set proven_states; /* the last proven claim: what it said, and since when it can hold */
    nanos proven_not_before;
    nanos proven_at; /* when its evidence arrived */

    struct knowledge known;
};

/* At most this many claims come from one segment. */
#define CLAIMS_MAX 2

/* We open. Starts with LISTEN presumed: nothing is known of the port. */
void belief_init(struct belief *belief);

/* We listen, and the peer is to open. Starts with CLOSED presumed: nothing is known of a client. */
void belief_init_passive(struct belief *belief);

/*
 * A segment of ours left: number n, at capture time `at`. Writes the claims that follow to out and returns
 * how many (a presumption, RFC 9293 3.10.7, or none when nothing changes).
 */
unsigned belief_sent(struct belief *belief, const struct segment *segment, unsigned n, nanos at,
                     struct claim out[CLAIMS_MAX]);

/*
 * The same for a segment that the peer may not take for one: with a wrong checksum or data offset, in fragments, with
 * a TTL that may not last. Nothing is presumed of it; whatever it can do is possible.
 */
unsigned belief_sent_doubtful(struct belief *belief, const struct segment *segment, unsigned n, nanos at,
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
 * that a timer ends in silence only (RFC 9293 3.10.8; belief.c has the shortest lives).
 */
nanos belief_expiry(const struct belief *belief);

/* It is now `at`: lets the claim fall back if its time can be up; returns 1 with the claim, or 0. */
unsigned belief_expire(struct belief *belief, nanos at, struct claim out[CLAIMS_MAX]);

/* Where the peer can be by now if it was once in a state of the set, whatever happened on the way since. */
state_set belief_reachable(const struct belief *belief, state_set from);

#endif
