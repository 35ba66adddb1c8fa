/*
 * Probes: segments that are sent only to make the peer show its state. Which of them can tell the states apart that the
 * belief leaves, what each is answered with (RFC 9293 3.10.7), and what it may do besides.
 */
#ifndef CORE_PROBE_H
#define CORE_PROBE_H

#include <stdbool.h>

#include "core/belief.h"

enum probe {
    PROBE_NONE,
    /* harmless */
    PROBE_OLD_BYTE, /* ACK with a byte that lies far below what the peer expects, and an acknowledgement as old */
    PROBE_OLD_ACK,  /* ACK in the window that acknowledges something far below what was ever acknowledged */
    PROBE_BARE,     /* no flags, a number below our initial one */
    PROBE_SYN_COPY, /* our SYN once more */
    /* can change the connection, or end it */
    PROBE_NEW_BYTE, /* a byte that the peer's application gets */
    PROBE_SYN,      /* a SYN in the window */
    PROBE_RST,      /* a RST in the window whose number is not exact */
    PROBE_COUNT
};

struct probe_text {
    const char *token; /* stable, for programs: "old-byte" */
    const char *what;  /* what it is, as a noun */
    const char *risk;  /* what it can do to the connection, as a sentence; NULL: it is harmless */
};

/* The texts of a probe other than PROBE_NONE; static, never NULL. */
const struct probe_text *probe_text(enum probe probe);

/*
 * May its answer be held back because another one was given just before? Linux answers segments without payload that are
 * not acceptable only once in 500 ms for each connection, whatever they are (measured), and RFC 5961 7 allows it.
 */
bool probe_is_limited(enum probe probe);

/* Can silence be the answer to it where nothing is lost, in one of the states that the belief leaves? */
bool probe_allows_silence(const struct belief *belief, enum probe probe);

/* Can it be sent now: has the connection come so far, and is it harmless (or is harm of no concern)? */
bool probe_fits(const struct belief *belief, enum probe probe);

/* The states among which a probe is to tell. fresh: the claim's evidence has come in since the question was raised. */
state_set probe_doubt(const struct belief *belief, bool fresh);

/*
 * The harmless probe that tells most among these states, asked being those (bits by enum probe) that have been answered
 * or given up; of equals the one that changes least. PROBE_NONE when no answer could tell them apart.
 */
enum probe probe_choose(const struct belief *belief, state_set doubt, unsigned asked);

#endif
