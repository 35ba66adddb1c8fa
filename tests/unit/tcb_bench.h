/*
 * Our end on a bench: each segment of it is held against a line, each of the peer's is written by hand. Numbers are
 * relative; segment_line.h says how a line reads.
 */
#ifndef UNIT_TCB_BENCH_H
#define UNIT_TCB_BENCH_H

#include "segment_line.h"
#include "walk/tcb.h"

#define OPTIONS_ALL (TCP_OPT_MSS | TCP_OPT_SACK_PERMITTED | TCP_OPT_TIMESTAMPS | TCP_OPT_WSCALE)
#define OPTIONS_PLAIN TCP_OPT_MSS

/* Enough to send. */
extern const uint8_t bytes[8000];

/* Our end, and the numbers of the peer that talks to it. */
struct end {
    struct tcb tcb;
    uint32_t tick;
    uint32_t irs;
    uint32_t its_tsval; /* of its next segment */
    uint16_t its_window;
    bool repeated; /* the last segment of ours used numbers that were used before */
};

/* An ordinary end that offers these options. */
struct tcb_settings settings_with(uint8_t options);

void end_init(struct end *end, const struct tcb_settings *settings);

/* The next segment of ours is this one; NULL: there is none. */
void expect(struct end *end, const char *line);

/* A segment of the peer arrives. Returns what tcb_input does. */
unsigned arrives(struct end *end, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len);

/* Its SYN or SYN-ACK arrives, with these options. */
unsigned syn_arrives(struct end *end, uint8_t flags, uint8_t options);

/* Open, with nothing but an MSS: lines stay short. */
void open_plain(struct end *end);

/* Open, with all options. */
void open_full(struct end *end);

#endif
