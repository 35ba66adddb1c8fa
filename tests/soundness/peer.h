/*
 * A model of a TCP peer, written from RFC 9293 section 3.10 (with RFC 6298 and RFC 7323 for its timers and
 * timestamps, RFC 5961 for what it makes of strange segments, RFC 2018 and RFC 2883 for SACK) and from nothing else:
 * it shares no code and no assumptions with src/core. It opens passively or actively, and its switches are the ways in
 * which real stacks differ. Everything happens in virtual time, one event after the other.
 */
#ifndef SOUNDNESS_PEER_H
#define SOUNDNESS_PEER_H

#include "base/nanos.h"
#include "chance.h"
#include "core/segment.h"
#include "core/state.h"

/* How stacks and applications differ. */
enum peer_switch {
    PEER_TIMESTAMPS,      /* takes the timestamps option when offered (RFC 7323) */
    PEER_WSCALE,          /* takes the window scale option when offered */
    PEER_LAST_ACK_EARLY,  /* CLOSE in CLOSE-WAIT enters LAST-ACK before the FIN is sent, as Linux does */
    PEER_COOKIES,         /* SYN cookies: no memory of a SYN */
    PEER_QUEUE_FULL,      /* accept queue full: everything is ignored in SYN-RECEIVED */
    PEER_DEFER,           /* a bare ACK does not establish: data (or a FIN) does */
    PEER_FIN_AS_ACK,      /* answers with its FIN again instead of an ACK in CLOSING, as BSDs do */
    PEER_KEEPALIVE,       /* probes when idle (RFC 9293 3.8.4) */
    PEER_KEEPALIVE_BYTE,  /* such a probe carries one byte */
    PEER_TRIMS_OLD,       /* reads the ACK of a segment that repeats only old numbers, as BSDs do */
    PEER_HOLDS_GAPS,      /* a segment beyond a gap is held with all its fields, ACK included */
    PEER_DROPS_GAPS,      /* a segment beyond a gap is not kept */
    PEER_NO_READER,       /* the application does not read: the window shuts */
    PEER_RST_UNREAD,      /* CLOSE with unread data aborts (RFC 9293 3.6.1) */
    PEER_FULL_CLOSE,      /* after CLOSE nobody reads: new data draws a RST (RFC 9293 3.6.1) */
    PEER_SYN_ANSWERED,    /* a repeated SYN in SYN-RECEIVED draws the SYN-ACK again, not an ACK */
    PEER_NAGLE,           /* RFC 9293 3.7.4 */
    PEER_FIN_ALONE,       /* its FIN never rides on data */
    PEER_CLOSE_AT_FIN,    /* its application closes before our FIN could be acknowledged */
    PEER_GIVE_UP_RST,     /* says so when it gives up */
    PEER_ABORT_BARE,      /* ABORT sends RST as the RFC writes it; else RST,ACK as most stacks do */
    PEER_STUCK_ECHOES,    /* what it ignores in SYN-RECEIVED still updates TS.Recent */
    PEER_REFUSES,         /* nothing listens */
    PEER_DELACK,          /* delays acknowledgements (RFC 9293 3.8.6.3) */
    PEER_DELACK_FIN,      /* ... of our FIN, too */
    PEER_EARLY_APP,       /* the application can close or abort in SYN-RECEIVED (RFC 9293 3.10.4, 3.10.5) */
    PEER_PROBE_OLD,       /* a shut window is probed with an old number instead of a new byte */
    PEER_FIN_OVER_WINDOW, /* a FIN may be sent into a shut window */
    PEER_LISTENS_ONCE,    /* no listener after the first connection */
    PEER_COOKIE_REPLAY,   /* the same cookie can make one connection after the other */
    PEER_QUIET_ANSWERS,   /* limits the rate of answers to unacceptable segments (RFC 5961 7) */
    PEER_OPENS,           /* opens actively; nothing listens */
    PEER_OPENS_AGAIN,     /* ... and once more when that is over */
    PEER_RST_IN_WINDOW,   /* any RST in the window resets, as before RFC 5961 */
    PEER_RST_BEFORE,      /* behind our FIN one with the FIN's own number does, too */
    PEER_SYN_RESETS,      /* a SYN in the window resets the connection, as before RFC 5961 */
    PEER_SYN_SAYS_RST,    /* one that ends SYN-RECEIVED draws a RST */
    PEER_ACK_RANGE,       /* an acknowledgement far below is challenged and the segment dropped (RFC 5961 5.2) */
    PEER_BARE_TAKEN,      /* reads segments without ACK once open */
    PEER_SYN_FIN,         /* takes a FIN that rides on a SYN at once (RFC 9293 3.10.7.2); else drops such a SYN */
    PEER_SYN_FIN_WAITS,   /* ... but stays in SYN-RECEIVED until its SYN is acknowledged */
    PEER_SYN_TEXT,        /* takes the bytes on a SYN */
    PEER_TRIMS_SYN,       /* cuts a SYN before the window off and reads the rest */
    PEER_REOPENS,         /* a new SYN in TIME-WAIT opens another connection (RFC 9293 3.6.1) */
    PEER_LENIENT_WINDOW,  /* takes what ends at its last ACK or later, as Linux does */
    PEER_TS_LAX,          /* takes segments that lack the timestamps option */
    PEER_NO_CROSSING,     /* ignores a SYN without ACK in SYN-SENT */
    PEER_RST_ACKS,        /* every RST of its has an ACK, as lwIP's */
    PEER_SACK,            /* takes the SACK option when offered, and tells what it holds (RFC 2018) */
    PEER_DSACK,           /* ... and what it got twice (RFC 2883) */
    PEER_SACK_EARLY,      /* ... even in SYN-RECEIVED when it opened itself, as Linux does; RFC 2018 3 waits */
    PEER_MINISOCK,        /* keeps little in a passive SYN-RECEIVED, TIME-WAIT and FIN-WAIT-2 without owner, as Linux */
    PEER_NULL_QUIET,      /* drops what has neither SYN, RST nor ACK unread once open, where it keeps all */
    PEER_NULL_QUIET_ENDS, /* ... in SYN-RECEIVED and TIME-WAIT */
    PEER_LISTEN_REFUSES,  /* LISTEN answers such a segment with a RST, as CLOSED does */
    PEER_ECHOES_LATE,     /* keeps a timestamp only when it has taken the segment's ACK */
    PEER_RST_BEYOND,      /* a RST beyond the window resets once open, as with gVisor */
    PEER_FIN_ANSWERS,     /* its FIN, while unacknowledged, rides on every ACK */
    PEER_OLD_OPENS,       /* the ACK of an old segment ends SYN-RECEIVED */
    PEER_WAIT_QUIET,      /* TIME-WAIT answers only what takes numbers, as with lwIP */
    PEER_QUIET_NOT_TEXT,  /* the limit of PEER_QUIET_ANSWERS is not for segments with bytes */
    PEER_ECHO_CHECKED,    /* what establishes must echo the timestamp of a SYN-ACK, as with Linux 6.15 */
    PEER_CLOSE_RESETS,    /* after CLOSE bytes beyond a gap or beyond our FIN draw a RST, too */
    PEER_PROXY,           /* passt's ways, which RFC 9293 does not have: see peer_input_proxy() */
    PEER_SWITCHES
};

#define PEER_ON(s) (UINT64_C(1) << (s))
_Static_assert(PEER_SWITCHES <= 64, "a switch is a bit of a uint64_t");

struct peer_variant {
    uint64_t on; /* PEER_ON bits */
    nanos min_rto;
    nanos syn_rto;
    nanos delack;
    nanos keepalive;
    nanos time_wait;
    nanos fin_wait_2; /* orphans only */
    nanos queue_free; /* when the accept queue has room again; NANOS_NEVER */
    nanos defer_for;
    unsigned syn_retries;
    unsigned retries;
    uint16_t mss; /* 0: does not say */
    uint8_t wscale;
    uint32_t buffer; /* for receiving */
    uint32_t cwnd;   /* initial, in segments */
};

#define PEER_HELD 8
#define PEER_OUT 64

/* What it has sent, with the truth of that moment. */
struct peer_sent {
    struct segment segment;
    nanos at;
    state_set truth;
    nanos since; /* when it entered that state */
    unsigned incarnation;
    bool orphan; /* nobody read any more */
};

struct peer {
    struct peer_variant variant;
    struct chance chance;
    nanos now;

    enum state state;
    nanos since;
    unsigned incarnation; /* counts the connections; 0 before the first */
    bool cookie_out;      /* a SYN-ACK with a cookie is out, and nobody has brought it back */
    bool cookie_used;
    bool active;    /* this connection it opened itself */
    bool early_fin; /* our FIN came with our SYN, and its own SYN is not acknowledged */

    uint32_t iss, snd_una, snd_nxt, snd_wnd, snd_wl1, snd_wl2, snd_wnd_max;
    uint32_t snd_end; /* one past what the application gave */
    bool closing;     /* CLOSE was called: the FIN goes out at snd_end */
    bool fin_sent;
    bool orphan;        /* nobody reads any more */
    bool window_pushed; /* one byte may go into a shut window */
    uint32_t rtx_next;  /* the next number to repeat; snd_nxt when none is */
    uint32_t cwnd, mss;
    unsigned dup_acks;
    bool repeated_fast; /* three duplicate acknowledgements had it repeat something at once */
    uint8_t snd_shift, rcv_shift;

    uint32_t irs, rcv_nxt, unread;
    struct segment held[PEER_HELD];
    unsigned held_count;
    bool ack_now;
    bool deferred;

    bool ts_on;
    uint32_t ts_recent, last_ack_sent, ts_offset;
    uint32_t syn_ack_first, syn_ack_last; /* timestamps of its SYN-ACKs */

    bool sack_on;
    struct sack_block twice; /* what came twice and is to be told; empty: nothing */

    nanos rtx_at, delack_at, wait_at, keepalive_at, quiet_until;
    nanos rto, srtt, rttvar, timed_at;
    uint32_t timed_seq;
    bool timing;
    unsigned rtx_count, keepalives;

    struct peer_sent out[PEER_OUT];
    unsigned out_count;

    /* What the walk's end is held against. */
    bool ever_established, got_fin, sent_fin, sent_rst, sent_syn_ack;
    uint64_t bytes_taken;
};

void peer_init(struct peer *peer, const struct peer_variant *variant, uint64_t seed);

/* The three kinds of event: a segment arrives, a timer is due, the application calls. What it sends is in
 * out. */
void peer_input(struct peer *peer, const struct segment *segment, nanos now);
void peer_timers(struct peer *peer, nanos now);
void peer_open(struct peer *peer, nanos now);
void peer_send(struct peer *peer, uint32_t len, nanos now);
void peer_close(struct peer *peer, bool full, nanos now);
void peer_abort(struct peer *peer, nanos now);

/* When peer_timers must be called; NANOS_NEVER. */
nanos peer_wake(const struct peer *peer);

/* The states that are true at this moment: one, or all that mean "no connection". */
state_set peer_truth(const struct peer *peer);

bool peer_has_connection(const struct peer *peer);

/* ---- among the files of the model ------------------------------------------------------------------------
 */

static inline bool peer_is(const struct peer *peer, enum peer_switch s)
{
    return (peer->variant.on & PEER_ON(s)) != 0;
}

void peer_enter(struct peer *peer, enum state state);
void peer_gone(struct peer *peer);
uint32_t peer_rcv_wnd(const struct peer *peer);
void peer_start(struct peer *peer, const struct segment *segment);

/* Is this state one in which little is kept (PEER_MINISOCK)? */
bool peer_keeps_little(const struct peer *peer);

/* 3.10.7.2, and with it a SYN that opens another connection. */
void peer_input_listen(struct peer *peer, const struct segment *segment);

/* 3.10.7.3. */
void peer_input_syn_sent(struct peer *peer, const struct segment *segment);

/* What a SYN's segment brings besides it: from the sixth step of 3.10.7.4 on. */
void peer_input_rest(struct peer *peer, const struct segment *segment);

/* Sends what may be sent, and an ACK if one is due: the end of every event. */
void peer_output(struct peer *peer);
void peer_emit(struct peer *peer, uint8_t flags, uint32_t seq, uint32_t len);
void peer_emit_rst(struct peer *peer, uint8_t flags, uint32_t seq, uint32_t ack);
void peer_emit_syn_ack(struct peer *peer);
void peer_emit_syn(struct peer *peer);

/* The RST that answers a segment (3.10.7.1). */
void peer_refuse(struct peer *peer, const struct segment *segment);

/* RFC 6298: something new was acknowledged. */
void peer_acked(struct peer *peer, uint32_t ack);

/* A connection's segment: RFC 9293 3.10.7.4. */
void peer_input_connected(struct peer *peer, const struct segment *segment);

/* What keeps little. False when the segment is read as by a whole connection. */
bool peer_input_minisock(struct peer *peer, const struct segment *segment);

/* Passt: any ACK ends SYN-RECEIVED and LAST-ACK, any RST resets, nobody waits in TIME-WAIT. False when the segment is
 * read as by others. */
bool peer_input_proxy(struct peer *peer, const struct segment *segment);

/* "If an incoming segment is not acceptable, an acknowledgment should be sent in reply": within its limit. */
void peer_answer(struct peer *peer, const struct segment *segment);

/* RFC 7323 5.3, R3: the echo to come. */
void peer_remember_timestamp(struct peer *peer, const struct segment *segment);

/* RFC 2883: a segment that came twice, in part at least; told in the next ACK. */
void peer_twice(struct peer *peer, uint32_t left, uint32_t right);

/* 3.10.4, without output. */
void peer_call_close(struct peer *peer, bool full);

#endif
