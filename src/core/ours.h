/*
 * The numbers that our own segments used. A connection of a well-behaved end has one initial number, one place for
 * its FIN and no number twice; segments made by hand keep to nothing of that, so all of it is written down.
 */
#ifndef CORE_OURS_H
#define CORE_OURS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/nanos.h"
#include "core/ranges.h"
#include "core/segment.h"

/* One of our segments that a later answer can be evidence of. */
struct landmark {
    bool set;
    bool old;        /* set for an earlier connection: `first` is none of this one's */
    unsigned first;  /* number of its first copy */
    unsigned latest; /* number of the latest copy */
    nanos at;        /* when the first copy left */
    nanos latest_at; /* when the latest copy left */
    uint32_t tsval;  /* an echo of this or more is a receipt for it; valid with has_tsval */
    uint32_t until;  /* ... but not of this or more: something else left with it; valid with bounded */
    bool has_tsval;
    bool bounded;
};

/* An initial number of ours. */
struct own_syn {
    uint32_t seq;
    uint32_t span;   /* the most numbers that a copy took: itself, bytes, FIN */
    uint32_t reach;  /* how far beyond seq our numbers have gone since */
    bool alone;      /* a copy had no ACK: it can open a connection with a listener */
    bool with_ack;   /* a copy had one */
    bool again;      /* such a copy left when it could open another one */
    bool adopted;    /* the peer's connection is the one that this began: it is never forgotten */
    uint8_t wscale;  /* the shift that its first copy offered; valid with has_wscale */
    bool has_wscale; /* ... */
    struct landmark left;
};

#define OWN_SYNS 8

struct ours {
    struct own_syn syns[OWN_SYNS];
    unsigned syn_count;
    bool syn_forgotten;  /* there were more initial numbers than there is room for */
    struct ranges text;  /* numbers that bytes and SYNs had */
    struct ranges fins;  /* numbers that FINs had */
    struct ranges late;  /* ... that lay below what the peer had acknowledged: only another connection takes those */
    struct ranges taken; /* what the peer has if all arrived that RFC 9293 has it take, SYN and FIN counted */
    struct ranges taken_fins;
};

/* A window can't be larger (RFC 7323 2.3): what lies further from where it begins is never taken. */
#define WINDOW_LARGEST (UINT32_C(65535) << 14)

/*
 * Notes a segment that left: which numbers it used. acked: what the peer has acknowledged so far, or NULL; again: a
 * SYN in it may open another connection although it is a copy.
 */
void ours_note(struct ours *ours, const struct segment *segment, const uint32_t *acked, bool again, unsigned n,
               nanos at);

/* The peer has begun another connection, for which no number of ours is too low any more. */
void ours_restart(struct ours *ours);

/* The peer took this SYN (an index) for its connection, or -1: that is not known any more. */
void ours_adopt(struct ours *ours, int index);

/*
 * Sets a landmark, or its latest copy. tsval_counts: an echo of it shows that the peer accepted this one or a
 * later.
 */
void landmark_pass(struct landmark *landmark, const struct segment *segment, bool tsval_counts, unsigned n, nanos at);

/* As landmark_pass(), of a segment that is not expected to count: the latest copy stays what it is. */
void landmark_touch(struct landmark *landmark, const struct segment *segment, bool tsval_counts, unsigned n, nanos at);

/* The initial numbers from which our numbers lead to this acknowledgement, as bits by index: 1 is syns[0]. */
unsigned ours_syns_behind(const struct ours *ours, uint32_t ack);

/*
 * The index of our SYN whose segment this acknowledges and nothing beyond, the first that left of several; -1 for
 * none.
 */
int ours_syn_acked(const struct ours *ours, uint32_t ack);

/* The number that a FIN of ours has in this segment; it has one. */
uint32_t segment_fin_seq(const struct segment *segment);

#endif
