/*
 * What a segment of ours can do to the peer, and what it does to one that keeps RFC 9293 (with RFC 5961) when
 * everything arrives as it left.
 */
#ifndef CORE_EFFECTS_H
#define CORE_EFFECTS_H

#include "core/knowledge.h"

/*
 * SYN cookies are so coarse that Linux takes an acknowledgement a few numbers below the right one (allowed for generously), or
 * a number up to 3 beyond it, and then counts from there (measured).
 */
#define COOKIE_SLACK 16
#define COOKIE_SHIFT 3u

/*
 * The SENT_ bits that it can have for some peer in some state: out of order, late, without ACK, or taken by a TCP
 * that looks at less than it should. RSTs are not among them: every state can end anyway.
 */
unsigned effects_possible(const struct knowledge *known, const struct segment *segment);

/*
 * The SENT_ bits that it is expected to have, in the states that they mean something to. Its numbers must lie in
 * the window as far as that is known; its acknowledgement must be of something heard; a FIN counts once nothing
 * before it is missing (so bytes that fill a gap can have the effect of a FIN sent earlier). Notes what the peer
 * has then.
 */
unsigned effects_expected(struct knowledge *known, const struct segment *segment);

#endif
