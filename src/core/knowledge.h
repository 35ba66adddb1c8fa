/*
 * What is known of one connection from its numbers: what left, what arrived, in which order the FINs went. All of it
 * stays true for good, whenever the segments were sent; what it means for the peer's state is the belief's business.
 */
#ifndef CORE_KNOWLEDGE_H
#define CORE_KNOWLEDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/nanos.h"
#include "core/moves.h"
#include "core/segment.h"

/* Did the peer send its FIN before or after our FIN reached it? It decides between CLOSING and LAST-ACK. */
enum fin_order {
    FIN_ORDER_UNKNOWN,
    FIN_ORDER_AFTER_OURS,  /* it acknowledged our FIN while its own was unsent */
    FIN_ORDER_BEFORE_OURS, /* it had sent its FIN without acknowledging ours */
};

/* One of our segments that a later answer can be evidence of. */
struct landmark {
    bool set;
    unsigned first;  /* number of its first copy */
    unsigned latest; /* number of the latest copy */
    nanos at;        /* when the first copy left */
    nanos latest_at; /* when the latest copy left */
    uint32_t tsval;  /* of the first copy; valid with has_tsval */
    bool has_tsval;
};

/* A segment of the peer, as far as it takes to tell a later one from a copy of it. */
struct mark {
    bool set;
    uint32_t ack;
    uint32_t tsval;
    bool has_tsval;
};

struct knowledge {
    unsigned sent;     /* SENT_ bits of all that left */
    uint32_t iss;      /* our initial number */
    uint32_t sent_max; /* one past the highest number we used */
    uint32_t ack_max;  /* the highest acknowledgement we sent; valid with ack_sent */
    bool ack_sent;
    uint32_t fin_seq;        /* the number of our FIN; valid with SENT_FIN */
    uint32_t fin_ack_lowest; /* the lowest acknowledgement that a copy of our FIN carried */
    bool fin_without_ack;    /* a copy of our FIN did not acknowledge its FIN */
    uint8_t wscale;          /* the shift that we offered */
    bool wscale_offered;     /* by us, in our SYN */
    bool its_wscale_offered; /* by it, in its SYN: only then windows are scaled (RFC 7323 2.2) */
    uint32_t window_max;     /* the largest window that we offered, in bytes */
    bool window_small;       /* we once offered so little that it may hold back what it has to send */

    bool irs_known;
    uint32_t irs;       /* the peer's initial number */
    bool syn_ack_seen;  /* from now on a new SYN-ACK can't be the answer to an old SYN */
    uint32_t heard_max; /* one past the highest number of the peer that arrived (SYN and FIN counted) */
    uint32_t acked_max; /* the highest acknowledgement of the peer; valid with acked_any */
    bool acked_any;
    bool its_fin_seen;
    uint32_t its_fin_seq;
    enum fin_order order;
    bool tsval_seen;
    uint32_t tsval_max;      /* the peer's newest timestamp */
    struct mark its_syn_ack; /* its latest copies */
    struct mark its_fin;
    struct mark all_acked_by; /* the first answer that shows it got an acknowledgement of all we have heard */

    struct landmark syn, syn_ack_ack, data, fin, fin_ack, rst;
    struct landmark all_acked; /* our first segment that acknowledged all that we have heard */
    nanos open_rtt;            /* of the SYN exchange; NANOS_NONE until known */
};

/* Nothing has left and nothing has arrived. */
void knowledge_init(struct knowledge *known);

/* A segment of ours left: number n, at capture time `at`. Returns the SENT_ bits that it carries. */
unsigned knowledge_sent(struct knowledge *known, const struct segment *segment, unsigned n, nanos at);

/* A segment of the peer arrived that belongs to this connection. */
void knowledge_received(struct knowledge *known, const struct segment *segment, nanos at);

/* Was this segment certainly sent before something that has arrived, or is it a copy of that? */
bool knowledge_is_older(const struct knowledge *known, const struct segment *segment);

/* Does its acknowledgement cover our FIN? */
bool knowledge_covers_fin(const struct knowledge *known, const struct segment *segment);

/* Has the peer acknowledged our FIN in anything that arrived? */
bool knowledge_fin_acked(const struct knowledge *known);

/* Does its timestamp echo show that the peer accepted this segment of ours or a later one (RFC 7323 4.3)? */
bool landmark_is_echoed(const struct landmark *landmark, const struct segment *segment);

/* Was this segment of the peer certainly sent after the marked one? */
bool mark_is_before(const struct mark *mark, const struct segment *segment);

#endif
