/* Why a claim is made: a token for programs, a sentence for people, the section of the RFC. */
#ifndef CORE_REASON_H
#define CORE_REASON_H

enum reason {
    /* about the peer, from its own segments */
    REASON_SYN_ACKED,
    REASON_SYN_SEEN,
    REASON_REFUSED,
    REASON_SYN_ACK_REPEATED,
    REASON_ACK_RECEIPT,
    REASON_DATA_ACKED,
    REASON_DATA_SEEN,
    REASON_ACK_SEEN,
    REASON_FIN_ACKED,
    REASON_FIN_ACKED_GAP,
    REASON_FIN_SEEN,
    REASON_FIN_CROSSED,
    REASON_FIN_AFTER_OURS,
    REASON_FIN_COVERS_OURS,
    REASON_BOTH_FINS,
    REASON_FIN_RECEIPT,
    REASON_RST_ABORT,
    REASON_RST_NO_CONNECTION,
    REASON_OUR_FIN_NOT_ACKED,
    REASON_FIN_REPEATED,
    REASON_OPEN_ACKED,
    REASON_ACK_REFUSED,
    REASON_ACK_UNSEEN,
    REASON_SACK_SEEN,
    REASON_BARE_REFUSED,
    /* about the peer, from what we sent */
    REASON_ASSUMED_LISTENING,
    REASON_ASSUMED_CLOSED,
    REASON_SYN_SENT,
    REASON_ACK_SENT,
    REASON_FIN_SENT,
    REASON_FIN_ACK_SENT,
    REASON_RST_SENT,
    REASON_TIMER,
    /* about ourselves */
    REASON_OWN_OPEN,
    REASON_OWN_SYN_ACK_SENT,
    REASON_OWN_SYN_ACK_RECEIVED,
    REASON_OWN_SYN_RECEIVED,
    REASON_OWN_SYN_ACKED,
    REASON_OWN_CLOSE,
    REASON_OWN_FIN_ACKED,
    REASON_OWN_FIN_RECEIVED,
    REASON_OWN_BOTH_FINS,
    REASON_OWN_RST_RECEIVED,
    REASON_OWN_RST_SENT,
    REASON_OWN_GIVEN_UP,
    /* about an end that a third party sees */
    REASON_JOINED,
    REASON_CONTRADICTED,
    REASON_UNSEEN,
    REASON_COUNT
};

struct reason_text {
    const char *token;    /* stable, for programs: "syn-acked" */
    const char *sentence; /* no capital, no full stop: it follows "proven: " */
    const char *rfc;      /* number and section: "9293 3.10.7.4" */
};

/* The texts of a reason; static, never NULL. */
const struct reason_text *reason_text(enum reason reason);

/* The sentence of a reason about an end of a connection that is not ours, "the other" being the end that it talks to. */
const char *reason_observed(enum reason reason);

#endif
