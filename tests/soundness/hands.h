/*
 * The meeting of a belief and the model peer without a walk between them: our segments are drawn, many of them
 * wrong in some way, as one would make them by hand. The belief is told directly, and held against the truth after
 * every event.
 */
#ifndef SOUNDNESS_HANDS_H
#define SOUNDNESS_HANDS_H

#include <stdio.h>

#include "scenario.h"
#include "witness.h"

/* Who opens, and whether our segments are those of a TCP or made by hand. */
enum hands_kind {
    HANDS_OPEN,         /* we open, by hand */
    HANDS_LISTEN,       /* the peer opens, we answer by hand */
    HANDS_LISTEN_RIGHT, /* the peer opens, we answer as we should */
};

/* What a step of ours is; all but the last two as a TCP would do it. */
enum hand_what { HAND_ACK, HAND_TEXT, HAND_FIN, HAND_AGAIN, HAND_RST, HAND_SYN, HAND_PROBE, HAND_MADE };

/* Probes: they ask the peer where it is, and should change nothing there. */
enum hand_probe {
    HAND_PROBE_OLD_BYTE,  /* a byte from long ago */
    HAND_PROBE_KEEPALIVE, /* the last byte again, or none in its place */
    HAND_PROBE_OLD_ACK,   /* the next number, an acknowledgement from long ago */
    HAND_PROBE_NULL,      /* no flags, the last number */
    HAND_PROBE_SYN,       /* a copy of our SYN */
    PROBES
};

/* One step of ours, drawn before the walk begins: leaving one out does not change the others. */
struct hand {
    enum hand_what what;
    nanos after; /* since the one before */
    uint32_t len;
    uint8_t flags;
    unsigned seq, ack, stamp, window; /* choices: see hands_draw.c */
    enum hand_probe probe;
    uint32_t near, far;
    bool doubtful, taken_in, counts; /* the peer takes what is doubtful; our own numbers go on with it */
};

#define HANDS_MAX 30

/* What is turned off while a violation is shrunk. */
struct hands_shrunk {
    uint64_t hands;    /* bits by index */
    uint64_t parts;    /* PART_LOSS to PART_JITTER, PART_AT_EOF, PART_AT_DATA, PART_APP... */
    uint64_t switches; /* PEER_ON bits */
    bool no_answers;
};

struct hands_scenario {
    struct peer_variant peer;
    struct app_plan calls[APP_CALLS];
    unsigned call_count;
    bool at_eof, at_data;
    struct app_plan eof, data;
    struct channel_habits to_peer, to_us;
    struct hand hands[HANDS_MAX];
    unsigned hand_count;
    unsigned answers; /* per mille: how many of the peer's segments are answered as they should be */
    nanos open_after; /* the peer opens */
    uint32_t iss, other_iss, tsval;
    uint8_t options, wscale;
    uint16_t window;
};

/* Our end, as far as there is one. */
struct hands_end {
    uint32_t iss, nxt, una, edge;
    bool syn_sent, fin_sent;
    bool irs_known;
    uint32_t irs, rcv, acked;
    uint32_t tsval, ts_recent;
    bool ts_on;
    uint32_t first_seq, first_span; /* of the first SYN that left */
    nanos answered_at;              /* when the peer first acknowledged something; NANOS_NEVER */
    bool went_on;                   /* an ACK or RST left after the peer's SYN was heard */
};

#define HANDS_CALLS 64

struct hands {
    struct hands_scenario scenario;
    struct belief belief;
    struct peer peer;
    struct channel to_peer, to_us;
    struct chance chance;
    struct hands_end end;
    struct witness witness;
    nanos now, next_hand, open_at, over_at;
    unsigned hand, n;
    struct {
        nanos at;
        struct app_plan plan;
    } calls[HANDS_CALLS];
    unsigned call_count;
    bool accepted, eof_seen;
    uint64_t bytes_seen;
    FILE *trace; /* or NULL */
};

/* Runs one. Returns the first violation; hands->witness.words says more. trace may be NULL. */
enum violation hands_run(struct hands *hands, uint64_t seed, enum hands_kind kind, const struct hands_shrunk *shrunk,
                         struct tally *tally, FILE *trace);

/* Finds the fewest parts with which the violation is still there, and tells the walk to out. */
void hands_explain(struct hands *hands, uint64_t seed, enum hands_kind kind, enum violation violation, FILE *out);

/* ---- among the files of the hands ------------------------------------------------------------------------ */

void hands_draw(struct hands_scenario *scenario, uint64_t seed, enum hands_kind kind,
                const struct hands_shrunk *shrunk);

/* The segment of a step. */
struct segment hands_segment(struct hands *hands, const struct hand *hand);

/* Our end takes note of what left, and of what arrived. */
void hands_note_sent(struct hands *hands, const struct segment *segment, bool counts);
void hands_note_received(struct hands *hands, const struct segment *segment);

#endif
