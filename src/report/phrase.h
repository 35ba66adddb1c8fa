/* The words in which the ladder speaks: claims, answers of the kernel, spans of time, how a walk ended. Plain text. */
#ifndef REPORT_PHRASE_H
#define REPORT_PHRASE_H

#include <stdbool.h>

#include "base/nanos.h"
#include "base/text.h"
#include "core/claim.h"
#include "walk/event.h"

#define SPAN_TEXT 32

/*
 * A span as people write it, with three digits: "412 us", "29.1 us", "1.23 ms", "63.0 s". Returns out. Not
 * for NANOS_NONE or NANOS_NEVER.
 */
char *phrase_span(nanos span, char out[SPAN_TEXT]);

/* A time as seconds with microseconds: "0.000412". Cut, not rounded: a later segment never shows an earlier time. */
char *phrase_time(nanos t, char out[SPAN_TEXT]);

/* The first state of the likely ones, which stands for the claim in a column. A set may be empty: CLOSED. */
enum state phrase_state(state_set likely);

/* The state that stands for the claim, with "+" where it can't be told from others: "CLOSE-WAIT+". */
void phrase_standing(struct text *text, const struct claim *claim);

/* Is that so? */
bool phrase_has_more(const struct claim *claim);

/* "A", "A or B", "A, B or C": the states of first in the RFC's order, then the others of rest. */
void phrase_states(struct text *text, state_set first, state_set rest);

/*
 * A claim: "presumed, else SYN-RECEIVED"; "proven: it acknowledged our SYN"; "proven: LAST-ACK or CLOSING (it
 * sent its FIN)"; "REFUTED: not ESTABLISHED but SYN-RECEIVED (it repeated its SYN-ACK)". With explain, a
 * presumption gives its reason too: there is no segment of ours beside it that would be reason enough.
 */
void phrase_claim(struct text *text, const struct claim *claim, bool explain);

/* The same about an end that is not ours and is seen by a third party; always with its reason. */
void phrase_observed(struct text *text, const struct claim *claim);

/* The two ends: "192.0.2.1:48711 -> discard.lab (192.0.2.2) port 9, over lab0". */
void phrase_ends(struct text *text, const struct event_start *start);

/* What is said of an ICMP error behind its name: from whom, about which of our numbers, and what comes of it. */
void phrase_icmp(struct text *text, const struct event_icmp *icmp, bool have_initial, uint32_t initial);

/* The kernel's answer: "kernel: ESTABLISHED, agrees" or "kernel: CLOSE-WAIT, DISAGREES with proven LAST-ACK". */
void phrase_verify(struct text *text, const struct event_verify *verify);

/* A step that has ended: "met: expect S. ack=1" or "NOT MET (line 2, column 1): expect S.: R. seq=0 ack=1 came: ...". */
void phrase_step(struct text *text, const struct event_step *step);

/* How it ended, without the reason: "closed by us in four segments". */
void phrase_outcome(struct text *text, const struct event_end *end);

/* The measured times that a person wants: "open 431 us (round trip 412 us)"; empty when none was measured. */
void phrase_open(struct text *text, const struct walk_timing *timing);
void phrase_close(struct text *text, const struct walk_timing *timing);

/* What came after our FIN was acknowledged and how the peer ended; empty unless something came or must be missed. */
void phrase_half_close(struct text *text, const struct event_end *end);

/* "we retransmitted 2 segments"; empty when nothing was retransmitted. */
void phrase_retransmissions(struct text *text, const struct walk_counts *counts);

#endif
