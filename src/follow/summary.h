/* What remains of a connection that was followed: one row of a table. */
#ifndef FOLLOW_SUMMARY_H
#define FOLLOW_SUMMARY_H

#include "follow/connection.h"

/* Who is A, the first end of a summary? */
enum orientation {
    ORIENTED_BY_SYN,    /* who sent the SYN */
    ORIENTED_BY_ANSWER, /* who got a SYN-ACK */
    ORIENTED_BY_PORTS,  /* who has the higher port: the lower one is more often that of a server */
};

struct summary_end {
    struct endpoint at;
    uint32_t network; /* in which its first segment was seen (struct passage); 0: in none */
    uint64_t segments, bytes, retransmitted, doubles, strays, unseen, icmp_errors;
    struct claim claim; /* the one that stands at its last segment; without its interval and evidence */
    nanos in_state[STATE_COUNT];
};

struct summary {
    uint64_t number;
    uint64_t first_packet, last_packet;
    nanos first_at, last_at;
    enum orientation orientation;
    struct summary_end ends[ENDS];
    enum opening opening;
    enum closing closing;
    unsigned closer, resetter; /* END_A, END_B or NOBODY; of both at once, the one whose FIN was seen first */
    bool closed, fin_first, undone, evicted;
    bool again; /* there was one of this connection before: it was not over */
    nanos open_rtt, open;
    char history[CONNECTION_HISTORY]; /* A's letters in capitals */
};

/* Which end of the connection is A of its summary. */
unsigned summary_a(const struct connection *connection);

/* Sums up; A is who opened, as far as that is known. */
void summarize(const struct connection *connection, struct summary *out);

/* What a table can be sorted by. */
enum summary_key {
    SORT_NUMBER,
    SORT_DURATION,
    SORT_BYTES,
    SORT_SEGMENTS,
    SORT_RETRANSMITTED,
    SORT_OPEN_RTT,
    SORT_CLOSING,
    SORT_A,
    SORT_B,
    SORT_KEYS
};

/* "number", "duration", ... Static text. */
const char *summary_key_name(enum summary_key key);

/* Less than, equal to or greater than 0: a comes before b, or not. Sizes sort from the largest. */
int summary_compare(const struct summary *a, const struct summary *b, enum summary_key key);

#endif
