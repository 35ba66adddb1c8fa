/*
 * A TCP peer with known timers, in simulated time: what it does follows from its habits, and when each of its states really
 * began and ended is kept. Written for tests of measurements, from what stacks were measured to do; it shares no code with
 * what is tested.
 */
#ifndef SIM_PEER_H
#define SIM_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/nanos.h"
#include "core/segment.h"
#include "core/state.h"

/* What starts its TIME-WAIT anew: any segment with ACK (Linux), a FIN (lwIP, gVisor), nothing (libslirp). */
enum sim_restart { SIM_RESTART_ACK, SIM_RESTART_FIN, SIM_RESTART_NONE };

/* Where it answers segments without flags: nowhere; SYN-RECEIVED, orphaned FIN-WAIT-2, TIME-WAIT (Linux); elsewhere (lwIP). */
enum sim_bare { SIM_BARE_NOWHERE, SIM_BARE_SMALL, SIM_BARE_FULL };

enum sim_accept { SIM_ACCEPTS, SIM_QUEUE_FULL, SIM_DEFERS };

#define SIM_REPEATS 10

struct sim_habits {
    bool timestamps, cookies;
    bool refuses_bare;     /* RST to a segment without flags where there is no connection; else silence */
    bool syn_starts_anew;  /* a copy of the SYN starts the SYN-ACK timer anew */
    bool echoes_old_bytes; /* their timestamps too */
    bool reads_old_acks;   /* of segments that are old */
    enum sim_restart restart;
    enum sim_bare bare;
    enum sim_accept accept;
    nanos syn_ack[SIM_REPEATS], syn_ack_end; /* repeats since it began, and when it gives up */
    unsigned syn_acks;
    nanos fin[SIM_REPEATS], fin_end;
    unsigned fins;
    nanos fin_wait_2, time_wait; /* NANOS_NEVER: no end */
    nanos limit;                 /* between two answers to segments without payload */
    nanos ack_delay;             /* of our FIN's acknowledgement, unless its own FIN comes first */
    nanos closes_after;          /* our FIN; NANOS_NEVER: does not */
    nanos closes_first;          /* after it was open; NANOS_NEVER: does not */
    bool aborts;                 /* RST where it would close */
    nanos keepalive, keepalive_interval;
    unsigned keepalives; /* so many unanswered before it gives up; 0: sends none */
    bool gives_up_with_rst;
    nanos forgets; /* without a word, after so long without any segment; NANOS_NEVER */
};

struct sim_conn {
    uint16_t port;
    bool used;
    enum state state;
    uint32_t iss, irs, rcv_nxt, snd_una, snd_nxt;
    bool fin_sent, fin_heard;
    uint32_t echo;
    nanos repeat_at, end_at, app_at, ack_at, keepalive_at, forget_at;
    nanos repeats_since, answered_at;
    unsigned repeated, keepalives;
    bool by_itself; /* the last change was a timer's or its application's, not ours */
    nanos began[11], ended[11];
    unsigned sent_fins, sent_syn_acks, sent_keepalives;
    nanos first_fin, first_keepalive, second_keepalive;
};

#define SIM_CONNS 700

struct sim_peer {
    struct sim_habits habits;
    struct sim_conn conns[SIM_CONNS];
    unsigned count;
    uint32_t next_iss;
    void *self;
    void (*send)(void *self, uint16_t port, const struct segment *segment);
};

/* A segment arrives from our port. */
void sim_peer_hears(struct sim_peer *peer, nanos now, uint16_t port, const struct segment *segment);

/* When it does something by itself; NANOS_NEVER. */
nanos sim_peer_wake(const struct sim_peer *peer);
void sim_peer_wakes(struct sim_peer *peer, nanos now);

/* The connection of that port with this initial number, or NULL. */
const struct sim_conn *sim_peer_conn(const struct sim_peer *peer, uint16_t port, uint32_t iss);

/* How long that lasted, until `end` where it has not ended; NANOS_NONE: it never was. */
nanos sim_conn_lasted(const struct sim_conn *conn, enum state state, nanos end);

#endif
