/*
 * Our end of one connection: RFC 9293's transmission control block, driven by hand. It knows numbers,
 * windows, options and the local state; it owns no socket and no clock. It says what is to be sent and takes
 * what arrived; when and why is the walk's business.
 */
#ifndef WALK_TCB_H
#define WALK_TCB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nanos.h"
#include "core/segment.h"
#include "core/state.h"

/* How our SYN looks and how we behave; the program's defaults look like an ordinary Linux. */
struct tcb_settings {
    uint32_t iss;
    uint32_t tsval;    /* our first timestamp */
    uint16_t mss;      /* what we offer */
    uint16_t send_mss; /* the most that fits into a segment of ours; 0: as mss */
    uint16_t window;   /* as it goes on the wire (RFC 7323: the SYN's is never scaled) */
    uint8_t wscale;    /* our shift, 0 to 14 */
    uint8_t options;   /* TCP_OPT_ bits of the options in our SYN */
    uint8_t ttl;       /* 0: the port's default */
};

#define TCB_CHUNKS 32
#define TCB_RANGES 8

/* Bytes queued for sending. (borrowed until the connection ends) */
struct chunk {
    const uint8_t *bytes; /* NULL when sent by hand */
    uint32_t len;
    uint32_t seq; /* of its first byte */
    bool by_hand; /* sent once, by hand: never again */
};

struct tcb {
    struct tcb_settings settings;
    enum state state;

    uint32_t snd_una, snd_nxt, snd_max; /* snd_max: one past the highest number ever sent */
    uint32_t snd_wnd;                   /* in bytes, scaled */
    uint32_t snd_wl1, snd_wl2;
    uint32_t cwnd; /* bytes; slow start only: a walk is short */
    uint16_t snd_mss;
    uint8_t snd_shift; /* the peer's window scale */

    bool irs_known;
    uint32_t irs, rcv_nxt;
    struct sack_block ranges[TCB_RANGES]; /* received beyond a gap, newest first */
    unsigned range_count;

    bool timestamps, sack;  /* negotiated */
    bool scaling;           /* both offered window scale */
    uint8_t rcv_shift;      /* our window scale, once both offered it */
    uint32_t ts_recent;     /* the peer's TSval that we echo */
    uint32_t tsval_last;    /* ours: every segment gets a larger one, so that an echo is a receipt */
    uint32_t last_ack_sent; /* RFC 7323 4.3 Last.ACK.sent */
    bool ack_sent;          /* it is an acknowledgement of the peer's SYN or of more */
    bool hold_acks;         /* acknowledge nothing more unless it is done by hand */

    struct chunk chunks[TCB_CHUNKS];
    unsigned chunk_count;
    uint32_t queued_end; /* one past the last queued byte */

    bool syn_due;
    bool syn_repeated;
    bool syn_by_hand; /* the open is ours to make by hand: nothing of it is sent or repeated by itself */
    bool syn_stray;   /* a SYN left by hand that is not of our connection, or that the peer is likely to drop: */
    uint32_t syn_stray_seq;
    bool accepting; /* in LISTEN: the peer's SYN is answered */
    bool probe_due; /* one byte may go into a shut window (RFC 9293 3.8.6.1) */
    bool fin_queued, fin_sent, fin_acked;
    bool fin_by_hand;
    uint32_t fin_seq;
    uint32_t hand_max; /* one past the highest number sent by hand, perhaps beyond a gap; valid with hand_sent */
    bool hand_sent, hand_fin;
    uint32_t hand_fin_seq; /* of a FIN sent by hand beyond a gap */
    bool its_fin_seen;     /* in order */
    uint32_t its_fin_seq;  /* valid once its_fin_seen or fin_beyond_gap */
    bool fin_beyond_gap;   /* its FIN arrived, but something before it is missing */
    bool ack_due;
    uint32_t reset_next;
    bool reset_due; /* send RSTs, then be CLOSED */
    unsigned resets_sent;
    bool aborted; /* what still arrives is answered with RST (RFC 9293 3.10.7.1) */
    bool reset_may_miss;
    bool reset_doubtful; /* CLOSED by a RST by hand that the peer need not have taken */
    unsigned bad_acks;   /* acknowledgements of what we never sent */
    bool answer_rst_due; /* a RST in answer to an unacceptable segment */
    uint32_t answer_rst_seq;

    uint64_t bytes_in; /* in order */
};

/* How many bytes may leave before the first acknowledgement (RFC 6928 2; RFC 5681 3.1 after a lost SYN). */
uint32_t tcb_initial_window(const struct tcb *tcb);

/* The window as our next segment without SYN names it, in the unit agreed on (RFC 7323 2.2). Host order. */
uint16_t tcb_window_field(const struct tcb *tcb);

/* What an arriving segment did to us. */
enum tcb_effect {
    TCB_OPENED = 1,   /* SYN-ACK taken, or our SYN-ACK acknowledged */
    TCB_PROGRESS = 2, /* something of ours was newly acknowledged */
    TCB_DATA = 4,     /* new data in order */
    TCB_FIN_ACKED = 8,
    TCB_ITS_FIN = 16,       /* its FIN, in order, for the first time */
    TCB_RESET = 32,         /* a RST that counts */
    TCB_REFUSED = 64,       /* a RST in answer to our SYN */
    TCB_REPEATED = 128,     /* occupies only numbers that we have had */
    TCB_GAP = 256,          /* beyond what we expect: something is missing */
    TCB_BAD_ACK = 512,      /* acknowledges what we never sent */
    TCB_OTHER_ISN = 1024,   /* a SYN with another initial number */
    TCB_RST_DOUBTED = 2048, /* a RST in the window, but not exact (RFC 5961) */
    TCB_OUTSIDE = 4096,     /* outside our window */
    TCB_NO_ACK = 8192,      /* no ACK flag where one is due: dropped */
    TCB_ITS_SYN = 16384,    /* its SYN, taken in LISTEN */
};

/* A CLOSED connection with the settings; nothing is due yet. */
void tcb_init(struct tcb *tcb, const struct tcb_settings *settings);

/* OPEN call (RFC 9293 3.10.1): the SYN becomes due. */
void tcb_open(struct tcb *tcb);

/* Passive OPEN call (RFC 9293 3.10.1): LISTEN. The peer's SYN is taken, and answered once tcb_accept was called. */
void tcb_listen(struct tcb *tcb);

/* In LISTEN: answers the peer's SYN, now or when it comes, with a SYN-ACK that is repeated like any SYN. */
void tcb_accept(struct tcb *tcb);

/* SEND call: queues bytes (borrowed). False when TCB_CHUNKS are queued and not acknowledged already. */
bool tcb_send(struct tcb *tcb, const uint8_t *bytes, uint32_t len);

/* CLOSE call: the FIN becomes due behind the queued bytes. */
void tcb_close(struct tcb *tcb);

/* ABORT call: RSTs at every number that can be the peer's RCV.NXT become due; nothing in TIME-WAIT or CLOSED. */
void tcb_abort(struct tcb *tcb);

/* The retransmission timer fired: what is unacknowledged becomes due again (go-back-N). */
void tcb_retransmit(struct tcb *tcb);

/* After tcb_abort: may none of our RSTs be exact, since the peer can have had a part of what we sent? */
bool tcb_reset_may_miss(const struct tcb *tcb);

/*
 * Is something of ours unacknowledged that would be sent again, so that a retransmission timer must run? Also when a
 * window is shut. What was sent by hand is sent once.
 */
bool tcb_unacknowledged(const struct tcb *tcb);

/* Is everything sent that was queued (acknowledged or not)? */
bool tcb_all_sent(const struct tcb *tcb);

/*
 * The next segment that is due, and its payload (borrowed). tick: milliseconds of any clock, for the
 * timestamp. Sets *retransmission when it occupies numbers that were sent before. False when nothing is due.
 */
bool tcb_output(struct tcb *tcb, uint32_t tick, struct segment *out, const uint8_t **payload, bool *retransmission);

/*
 * Fills in what a segment of ours with these flags and this len would say now, everything else being zero on entry: the
 * next number, the acknowledgement (with hold_acks the last one that was sent), window, options, TTL. tick: as for tcb_output.
 */
void tcb_compose(struct tcb *tcb, uint32_t tick, struct segment *out);

/*
 * A segment made by hand left: our end takes it as its own as far as its numbers continue what was sent, and its flags
 * mean something in our state (RFC 9293 3.10): a SYN opens, FIN and bytes occupy numbers, an exact RST ends the connection.
 * Never sent again.
 */
void tcb_left_by_hand(struct tcb *tcb, const struct segment *segment);

/*
 * As tcb_left_by_hand(), of a segment that the peer is likely to drop: our end does not count it as sent, but takes an
 * acknowledgement of it, and knows at the end that the peer may have it.
 */
void tcb_may_have_left_by_hand(struct tcb *tcb, const struct segment *segment);

/*
 * Can the peer still be in SYN-RECEIVED? There Linux (from 6.15 on) takes nothing whose TSecr is not the TSval of a SYN-ACK, for
 * good (measured): what an answer to a probe or a challenge carries is none, and is not echoed then; and a RST, which RFC 7323
 * 3.2 only wants to have the option, goes without. For tcb_input.c and tcb_output.c alone.
 */
bool tcb_peer_may_be_opening(const struct tcb *tcb);

/* Our FIN leaves, for the first time or again: for tcb.c and tcb_output.c alone. */
void tcb_fin_left(struct tcb *tcb, bool by_hand);

/* A segment of the peer arrived: RFC 9293 3.10.7.2 to .4. Returns TCB_ bits. */
unsigned tcb_input(struct tcb *tcb, const struct segment *segment);

#endif
