/*
 * What is said of a packet in a capture file (--write): the same words as the ladder's, each a text of its own, and whole without
 * what stands beside it.
 */
#ifndef REPORT_COMMENT_H
#define REPORT_COMMENT_H

#include "base/text.h"
#include "core/claim.h"
#include "follow/follow.h"
#include "follow/purpose.h"
#include "walk/event.h"

#define COMMENT_TEXT 1536

/* Where a comment about a claim stands. */
enum comment_place {
    COMMENT_AT,     /* at the segment that the claim follows from */
    COMMENT_BEFORE, /* at the segment after it: what a timer tells has none of its own */
    COMMENT_AFTER,  /* at the last segment, after which it was told */
};

/* "segment 2, from the peer", "segment 4, from us: a retransmission". */
void comment_segment(struct text *text, const struct event_segment *event);

/*
 * "the peer: LISTEN -> SYN-RECEIVED, proven: it acknowledged our SYN (evidence: segments 1 and 2; syn-acked, RFC 9293
 * 3.10.7.2)".
 */
void comment_transition(struct text *text, const struct event_transition *event, enum comment_place place);

/* "ICMP host-unreachable from 192.0.2.7, about our seq 0: it ends the walk". */
void comment_icmp(struct text *text, const struct event_icmp *event);

/* "the peer's kernel: ESTABLISHED, agrees". */
void comment_verify(struct text *text, const struct event_verify *event);

/* "note: the two FINs crossed: both sides closed at the same time". */
void comment_note(struct text *text, const struct event_note *event);

/*
 * "connection 3, segment 2, from B: a retransmission". packet: which one it is of the capture, where it is not the one
 * that the comment stands at; 0: it is.
 */
void comment_observed_segment(struct text *text, uint64_t connection, unsigned from, unsigned n, enum passage_kind kind,
                              struct purposes purposes, uint64_t packet);

/* "connection 3: ICMP host-unreachable from 192.0.2.7, about A's segment". */
void comment_observed_icmp(struct text *text, uint64_t connection, unsigned end, const struct icmp_error *error);

/*
 * "connection 3, B: LISTEN -> SYN-RECEIVED, proven: ..."; of what a timer tells, which has no packet,
 * "connection 3, before this packet, at 0.420000 s or later, B: ...", or "after the last packet" for COMMENT_AFTER. epoch: when
 * the capture began, by the same clock as the claim's times.
 */
void comment_observed_claim(struct text *text, uint64_t connection, unsigned end, const struct claim *claim,
                            enum comment_place place, nanos epoch);

#endif
