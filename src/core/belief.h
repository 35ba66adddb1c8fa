/*
 * The belief: what is known of the peer's end of one connection, from the segments alone.
 *
 * It is told every segment in the order of the capture: ours as they left, the peer's as they arrived, each with
 * its number and its time. It answers with claims. It keeps two things:
 *
 *   - the claim that stands: the states of the peer, proven by its latest segment or presumed from what we sent
 *     since;
 *   - `possible`: every state that it can be in at this moment, whatever was lost, repeated or reordered, and
 *     whatever its application does. This set is never narrowed by anything but the peer's own segments, so a kernel
 *     that contradicts it contradicts something proven.
 *
 * What we sent may be anything: no claim presumes that our own segments make sense. Which of them count is worked
 * out from their numbers and flags (core/effects.h): the presumption moves only for what a peer that keeps RFC
 * 9293, RFC 5961 and RFC 7323 takes; `possible` grows by what any other may do (reset itself for a SYN or RST in
 * its window, read a segment without ACK, open again); and a number of the peer that could mean two things proves
 * neither.
 *
 * Assumptions: the peer's segments come from the peer (nobody forges exact sequence numbers), and its TCP keeps RFC
 * 9293:
 *   - RCV.NXT and SND.NXT never go back, a segment without payload is sent at SND.NXT (a keep-alive just before
 *     what we acknowledged), every segment acknowledges RCV.NXT, nothing is taken behind a FIN or below RCV.NXT, and
 *     a TCP with nothing unacknowledged and an open window sends what its application gave it at once;
 *   - it answers a segment with RST only without a connection, or in SYN-SENT and SYN-RECEIVED when the
 *     acknowledgement is not acceptable there (and stays), or as it ends the connection; and opens from SYN-RECEIVED
 *     only by an acknowledgement of its SYN (or one a few numbers lower, for a SYN cookie);
 *   - its initial numbers grow from one connection to the next beyond what the last one used (RFC 9293 3.4.1, RFC
 *     6528), so that a SYN before what is known is old and one behind it is new;
 *   - its application does not close before the connection is open (3.10.4 allows it; Linux does so in a
 *     simultaneous open only; TCP Fast Open is not spoken), and no segment of ours revives a SYN cookie whose
 *     connection is over.
 *
 * It is about one connection: the one whose SYN of the peer it heard last. What the peer opens by itself, or a copy
 * of our first SYN that the network kept, is none of it until its SYN is heard (a SYN-ACK for such a copy never
 * counts); what a further SYN of ours can have opened is in `possible` from the moment it left.
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

/* The shortest time after a claim's latest moment at which it falls back. */
#define BELIEF_LIFE_SHORTEST (400 * NANOS_PER_MS)

/* It is now `at`: lets the claim fall back if its time can be up; returns 1 with the claim, or 0. */
unsigned belief_expire(struct belief *belief, nanos at, struct claim out[CLAIMS_MAX]);

/* Is what stands a proof that the peer has no connection (any more)? */
bool belief_says_gone(const struct belief *belief);

/* Where the peer can be by now if it was once in a state of the set, whatever happened on the way since. */
state_set belief_reachable(const struct belief *belief, state_set from);

#endif
