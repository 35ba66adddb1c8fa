/*
 * Segments that carry nothing, and ask for an answer: keep-alives, and probes of a window that was closed (RFC 9293 3.8.4 and
 * 3.8.6.1). They are known by their numbers alone, and named only when these can hardly be anything else's.
 */
#ifndef FOLLOW_PURPOSE_H
#define FOLLOW_PURPOSE_H

#include "follow/follow.h"

enum purpose {
    PURPOSE_NONE,       /* or it is not known */
    PURPOSE_KEEP_ALIVE, /* all before it is acknowledged, and it repeats the last number, or none, after an idle second */
    PURPOSE_WINDOW_PROBE, /* the same earlier, or the next byte and no more, while the other's window is closed */
    PURPOSE_EITHER,       /* a keep-alive, or a probe as Linux sends them, into a closed window after an idle second */
    PURPOSES
};

/* What a segment asks for, and what it answers. */
struct purposes {
    enum purpose asks, answers;
};

/* Of the segment that the listener is told of: while it is (struct follow_listener). */
struct purposes purposes_of(const struct connection *connection, unsigned from, enum passage_kind kind);

/* "keep-alive", ... as programs read it. Static text. */
const char *purpose_name(enum purpose purpose);

#endif
