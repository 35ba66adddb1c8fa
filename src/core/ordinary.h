/*
 * What most segments of most captures are: in order, in a connection that is open, of which nothing is missing and nothing
 * was closed. What such a segment tells is known beforehand. Its sender is ESTABLISHED, or has closed and its FIN is not
 * out; the other end stays where it was presumed; and nothing that is possible changes. So the questions that belief.c,
 * classify.c, effects.c and questions.c ask of a segment need not be asked: only the numbers are written down that
 * later segments are held against.
 *
 * This is a shortcut and no theory of its own. It comes to exactly the belief to which belief_received(), belief_sent() and
 * belief_slide() come, in every member, or it is not taken; tests/unit/test_follow_ordinary.c holds it to that. Where
 * one of those learns something new, this must learn it too, or leave such segments to them.
 *
 * The conditions come in two halves, so that few are looked at for each segment: those of the belief stay as they are
 * while only ordinary segments pass, and those of the segment.
 */
#ifndef CORE_ORDINARY_H
#define CORE_ORDINARY_H

#include "core/belief.h"

/*
 * Is the belief, of an end that is seen by a third party (core/observed.h), one that ordinary segments leave as it is? Open
 * in both directions, with one initial number each; all that was heard is in order and acknowledged as far as it is
 * known to be; no FIN, no gap, nothing unseen. Stays true through ordinary_received(), ordinary_sent() and
 * belief_expire().
 */
bool ordinary_stands(const struct belief *belief);

/*
 * Is this segment ordinary to the belief of its sender? The belief stands (ordinary_stands()), and of SYN, FIN, RST and
 * ACK the segment has only ACK.
 */
bool ordinary_can_be_received(const struct belief *belief, const struct segment *segment);

/* The same for the belief of the end that it is for. */
bool ordinary_can_be_sent(const struct belief *belief, const struct segment *segment);

/* As belief_received() and belief_slide(), for a segment that can be received like this. */
unsigned ordinary_received(struct belief *belief, const struct segment *segment, unsigned n, nanos at,
                           struct claim out[CLAIMS_MAX]);

/* As belief_sent(), for a segment that can be sent like this. No claim comes of it, and nothing to slide. */
void ordinary_sent(struct belief *belief, const struct segment *segment, unsigned n, nanos at);

#endif
