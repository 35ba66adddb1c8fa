/*
 * A connection that is seen by a third party: in a capture of whatever vantage.
 *
 * Each end is the peer of the other. So each has a belief of its own, and what passes is told to both: to its
 * sender's as received, to the other's as sent. The rules and the words are those of core/belief.h, and so is what
 * proven means. What differs is that nobody of us is the other end:
 *
 *   - What that sent, it may have sent unseen: the capture began later, lost it, or looks at one direction only. An
 *     acknowledgement may have passed without a trace, so whatever an end waits for may have come. Numbers that one
 *     end acknowledges were sent by the other: where they were not seen, the last of them may have been a FIN.
 *   - But the other end is a TCP too, and not a person with tweezers: its acknowledgements and its window's right
 *     edge do not go back (RFC 9293 3.8.6), and it has one initial number.
 *   - A SYN may be missing. Then the numbers begin where they were first seen, and all states are possible that can
 *     send what is seen. Windows are at least what they say.
 *   - A segment that passed may be lost before it arrives, as always.
 *
 * An end that answers a SYN with a SYN-ACK, and was not seen to send a SYN alone, is taken to have opened passively.
 * An interval begins where a segment was first seen to pass. If the capture shows that it lacks segments of that end, a
 * copy may have passed unseen before, and the interval begins with what was known before. A capture that lacks the first
 * copy and shows no trace of that has intervals that begin too late: nothing else bounds them for a third party.
 *
 * A segment that acknowledges more than those before it is no keep-alive behind a FIN that passed unseen, if it comes within a
 * second of what it acknowledges: no stack is known to send keep-alives after a shorter idle time (Linux takes whole
 * seconds). It may be one if it comes later, though nothing shows that anything is missing.
 *
 * Whatever of this is not known makes a claim wider.
 */
#ifndef CORE_OBSERVED_H
#define CORE_OBSERVED_H

#include "core/belief.h"

/* As belief_init() and belief_init_passive() (opens), for an end of a connection that is seen by a third party. */
void belief_init_observed(struct belief *belief, bool opens);

/*
 * The SYN of the peer was not seen, or what came before this number of its: its numbers are known from here on. Says
 * that the peer is presumed to be open. ended: the number before may have been its FIN. n: the segment that says so.
 */
void belief_join_its(struct belief *belief, uint32_t number, bool ended, unsigned n);

/* The same of the other end's numbers, which are ours in the words of core/. */
void belief_join_ours(struct belief *belief, uint32_t number, bool ended);

/* The other end has sent all numbers before `to`, but the last of them were not seen. */
void belief_missed_ours(struct belief *belief, uint32_t to);

/* The peer has sent all numbers before `to`, as the other end acknowledged them, but the last of them were not seen. */
void belief_missed_its(struct belief *belief, uint32_t to);

/*
 * The peer has sent what was not seen, as the other end says: what stands as proven of it may be over. Returns 1 when that is
 * news: with the claim in *out. n: the segment that says so.
 */
unsigned belief_doubt(struct belief *belief, unsigned n, struct claim *out);

/* Something of the other end has passed that occupies the numbers up to `to`: nothing before was its FIN, unless it was seen. */
void belief_resumed_ours(struct belief *belief, uint32_t to);

/*
 * The peer has sent a RST, with which it ended the connection or said that it had none, and which proves nothing. Returns 1
 * when it was not taken to be gone already: with the claim in *out. n: the RST.
 */
unsigned belief_presume_gone(struct belief *belief, unsigned n, struct claim *out);

/* The peer has perhaps begun another connection, which this one's segments may meet; or has not, as it turns out. */
void belief_note_reopening(struct belief *belief, bool reopening);

/*
 * Keeps the initial numbers within reach of comparison when gigabytes have passed: what lies far behind is forgotten. To be
 * called now and then.
 */
void belief_slide(struct belief *belief);

/* It has nothing to do until as many numbers lie between an initial one and the highest that was heard, or acknowledged. */
#define SLIDE_BEYOND (JOINED_SPAN + JOINED_SPAN / 2)

/* The peer sends on from this number, and the other end has all before it: nothing before was its FIN. */
void belief_resumed_its(struct belief *belief, uint32_t from);

#endif
