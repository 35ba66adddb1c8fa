#include "sim_peer.h"

#include <string.h>

/* Numbers modulo 2^32, without the help of what is tested. */
static bool before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static struct sim_conn *find(struct sim_peer *peer, uint16_t port)
{
    for (unsigned i = peer->count; i-- > 0;)
        if (peer->conns[i].port == port && peer->conns[i].state != CLOSED)
            return &peer->conns[i];
    return NULL;
}

const struct sim_conn *sim_peer_conn(const struct sim_peer *peer, uint16_t port, uint32_t iss)
{
    for (unsigned i = 0; i < peer->count; i++)
        if (peer->conns[i].port == port && peer->conns[i].iss == iss)
            return &peer->conns[i];
    return NULL;
}

nanos sim_conn_lasted(const struct sim_conn *conn, enum state state, nanos end)
{
    if (conn->began[state] == NANOS_NONE)
        return NANOS_NONE;
    return (conn->ended[state] == NANOS_NONE ? end : conn->ended[state]) - conn->began[state];
}

static void enter(struct sim_peer *peer, struct sim_conn *conn, enum state state, nanos now)
{
    const struct sim_habits *habits = &peer->habits;

    if (conn->state != CLOSED)
        conn->ended[conn->state] = now;
    conn->state = state;
    conn->began[state] = now;
    conn->repeat_at = conn->end_at = conn->keepalive_at = NANOS_NEVER;
    switch (state) {
    case SYN_RECEIVED:
        conn->repeats_since = now;
        conn->repeated = 0;
        conn->repeat_at = habits->syn_acks ? now + habits->syn_ack[0] : NANOS_NEVER;
        conn->end_at = now + habits->syn_ack_end;
        break;
    case ESTABLISHED:
        conn->app_at = habits->closes_first == NANOS_NEVER ? NANOS_NEVER : now + habits->closes_first;
        conn->keepalive_at = habits->keepalives ? now + habits->keepalive : NANOS_NEVER;
        break;
    case FIN_WAIT_1:
    case LAST_ACK:
        conn->repeats_since = now;
        conn->repeated = 0;
        conn->repeat_at = habits->fins ? now + habits->fin[0] : NANOS_NEVER;
        conn->end_at = now + habits->fin_end;
        break;
    case CLOSING: /* the timer of FIN-WAIT-1 goes on */
        conn->repeat_at =
            conn->repeated < habits->fins ? conn->repeats_since + habits->fin[conn->repeated] : NANOS_NEVER;
        conn->end_at = conn->repeats_since + habits->fin_end;
        break;
    case FIN_WAIT_2:
        conn->end_at = habits->fin_wait_2 == NANOS_NEVER ? NANOS_NEVER : now + habits->fin_wait_2;
        break;
    case TIME_WAIT:
        conn->end_at = now + habits->time_wait;
        break;
    case CLOSED:
        conn->app_at = conn->ack_at = conn->forget_at = NANOS_NEVER;
        break;
    default:
        break;
    }
}

static void say(struct sim_peer *peer, const struct sim_conn *conn, nanos now, uint8_t flags, uint32_t seq)
{
    struct segment segment = {.flags = flags, .seq = seq, .ack = conn->rcv_nxt, .window = 60000, .ttl = 64};

    if (flags & TCP_SYN)
        segment.options = (struct tcp_options){.present = TCP_OPT_MSS, .mss = 1460};
    if (peer->habits.timestamps) {
        segment.options.present |= TCP_OPT_TIMESTAMPS;
        segment.options.tsval = (uint32_t)(now / NANOS_PER_MS) + 7;
        segment.options.tsecr = conn->echo;
    }
    peer->send(peer->self, conn->port, &segment);
}

static void acknowledge(struct sim_peer *peer, struct sim_conn *conn, nanos now)
{
    conn->ack_at = NANOS_NEVER;
    say(peer, conn, now, TCP_ACK, conn->snd_nxt);
}

/* An answer to what is not acceptable: where that has no payload, only one in a while. */
static void answer(struct sim_peer *peer, struct sim_conn *conn, nanos now, bool limited)
{
    if (limited && conn->answered_at != NANOS_NONE && now < conn->answered_at + peer->habits.limit)
        return;
    if (limited)
        conn->answered_at = now;
    say(peer, conn, now, TCP_ACK, conn->snd_nxt);
}

static void send_syn_ack(struct sim_peer *peer, struct sim_conn *conn, nanos now)
{
    conn->sent_syn_acks++;
    say(peer, conn, now, TCP_SYN | TCP_ACK, conn->iss);
}

static void send_fin(struct sim_peer *peer, struct sim_conn *conn, nanos now)
{
    if (!conn->fin_sent) {
        conn->fin_sent = true;
        conn->first_fin = now;
        conn->snd_nxt++;
    }
    conn->sent_fins++;
    conn->ack_at = NANOS_NEVER;
    say(peer, conn, now, TCP_FIN | TCP_ACK, conn->snd_nxt - 1);
}

static void refuse(struct sim_peer *peer, uint16_t port, const struct segment *heard)
{
    struct segment segment = {.flags = TCP_RST, .seq = heard->ack, .ttl = 64};

    if (!(heard->flags & TCP_ACK)) {
        segment.flags |= TCP_ACK;
        segment.seq = 0;
        segment.ack = heard->seq + heard->len + ((heard->flags & TCP_SYN) ? 1 : 0) + ((heard->flags & TCP_FIN) ? 1 : 0);
    }
    peer->send(peer->self, port, &segment);
}

static void app_acts(struct sim_peer *peer, struct sim_conn *conn, nanos now)
{
    conn->app_at = NANOS_NEVER;
    conn->by_itself = true;
    if (peer->habits.aborts) {
        say(peer, conn, now, TCP_RST | TCP_ACK, conn->snd_nxt);
        enter(peer, conn, CLOSED, now);
        return;
    }
    enter(peer, conn, conn->state == CLOSE_WAIT ? LAST_ACK : FIN_WAIT_1, now);
    send_fin(peer, conn, now);
}

/* ---- what arrives ---- */

static struct sim_conn *begin(struct sim_peer *peer, uint16_t port, const struct segment *syn)
{
    struct sim_conn *conn = &peer->conns[peer->count % SIM_CONNS];

    if (peer->count < SIM_CONNS)
        peer->count++;
    *conn = (struct sim_conn){.port = port, .used = true, .state = CLOSED, .irs = syn->seq, .rcv_nxt = syn->seq + 1};
    conn->iss = conn->snd_una = peer->next_iss += 100003;
    conn->snd_nxt = conn->iss + 1;
    conn->echo = syn->options.tsval;
    conn->repeat_at = conn->end_at = conn->app_at = conn->ack_at = conn->keepalive_at = conn->forget_at = NANOS_NEVER;
    conn->answered_at = conn->first_fin = conn->first_keepalive = conn->second_keepalive = NANOS_NONE;
    for (unsigned i = 0; i < 11; i++)
        conn->began[i] = conn->ended[i] = NANOS_NONE;
    return conn;
}

static uint32_t cookie(uint16_t port, uint32_t irs)
{
    return (irs ^ port * 2654435761u) * 2246822519u;
}

static void hears_without_connection(struct sim_peer *peer, nanos now, uint16_t port, const struct segment *heard)
{
    struct sim_conn *conn, shape = {.port = port};

    if (heard->flags & TCP_RST)
        return;
    if ((heard->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && peer->habits.cookies) {
        shape.rcv_nxt = heard->seq + 1;
        shape.echo = heard->options.tsval;
        say(peer, &shape, now, TCP_SYN | TCP_ACK, cookie(port, heard->seq));
    } else if ((heard->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
        conn = begin(peer, port, heard);
        enter(peer, conn, SYN_RECEIVED, now);
        send_syn_ack(peer, conn, now);
    } else if (peer->habits.cookies && (heard->flags & TCP_ACK) && heard->len == 0 &&
               heard->ack - 1 == cookie(port, heard->seq - 1)) {
        struct segment syn = *heard;
        syn.seq--;
        conn = begin(peer, port, &syn);
        conn->iss = heard->ack - 1;
        conn->snd_una = conn->snd_nxt = heard->ack;
        enter(peer, conn, ESTABLISHED, now);
    } else if ((heard->flags & TCP_ACK) || peer->habits.refuses_bare) {
        refuse(peer, port, heard);
    }
}

static bool hears_opening(struct sim_peer *peer, struct sim_conn *conn, nanos now, const struct segment *heard)
{
    const struct sim_habits *habits = &peer->habits;

    if (heard->flags & TCP_SYN) {
        if (heard->seq != conn->irs) {
            answer(peer, conn, now, true);
            return false;
        }
        if (habits->syn_starts_anew) {
            conn->repeats_since = now;
            conn->repeated = 0;
            conn->repeat_at = habits->syn_acks ? now + habits->syn_ack[0] : NANOS_NEVER;
            conn->end_at = now + habits->syn_ack_end;
        }
        send_syn_ack(peer, conn, now);
        return false;
    }
    if (!(heard->flags & TCP_ACK)) {
        if (habits->bare == SIM_BARE_SMALL)
            answer(peer, conn, now, true);
        return false;
    }
    if (heard->ack != conn->snd_nxt) {
        refuse(peer, conn->port, heard);
        return false;
    }
    if (before(heard->seq, conn->rcv_nxt)) {
        answer(peer, conn, now, heard->len == 0);
        return false;
    }
    if (habits->accept == SIM_QUEUE_FULL ||
        (habits->accept == SIM_DEFERS && heard->len == 0 && !(heard->flags & TCP_FIN)))
        return false;
    conn->by_itself = false;
    enter(peer, conn, ESTABLISHED, now);
    return true;
}

static void read_ack(struct sim_peer *peer, struct sim_conn *conn, nanos now, uint32_t ack)
{
    if (!before(conn->snd_una, ack) || before(conn->snd_nxt, ack))
        return;
    conn->snd_una = ack;
    if (!conn->fin_sent || ack != conn->snd_nxt)
        return;
    conn->by_itself = false;
    if (conn->state == FIN_WAIT_1)
        enter(peer, conn, FIN_WAIT_2, now);
    else if (conn->state == CLOSING)
        enter(peer, conn, TIME_WAIT, now);
    else if (conn->state == LAST_ACK)
        enter(peer, conn, CLOSED, now);
}

/* Nothing is left of it but what a timer needs: no application holds it. */
static bool is_small(const struct sim_peer *peer, const struct sim_conn *conn)
{
    return conn->state == TIME_WAIT || (conn->state == FIN_WAIT_2 && peer->habits.fin_wait_2 != NANOS_NEVER);
}

static void hears_old(struct sim_peer *peer, struct sim_conn *conn, nanos now, const struct segment *heard)
{
    const struct sim_habits *habits = &peer->habits;
    bool fin = (heard->flags & TCP_FIN) != 0;

    if (conn->state == TIME_WAIT && (habits->restart == SIM_RESTART_ACK || (habits->restart == SIM_RESTART_FIN && fin)))
        conn->end_at = now + habits->time_wait;
    if (habits->echoes_old_bytes && heard->len > 0 && !is_small(peer, conn))
        conn->echo = heard->options.tsval;
    answer(peer, conn, now, heard->len == 0 && !fin);
    if (habits->reads_old_acks)
        read_ack(peer, conn, now, heard->ack);
}

static void hears_fin(struct sim_peer *peer, struct sim_conn *conn, nanos now)
{
    const struct sim_habits *habits = &peer->habits;

    conn->rcv_nxt++;
    conn->by_itself = false;
    conn->app_at =
        conn->state == ESTABLISHED && habits->closes_after != NANOS_NEVER ? now + habits->closes_after : NANOS_NEVER;
    if (conn->state == ESTABLISHED) {
        enter(peer, conn, CLOSE_WAIT, now);
        if (habits->closes_after == 0)
            app_acts(peer, conn, now);
        else if (habits->ack_delay > 0)
            conn->ack_at = now + habits->ack_delay;
        else
            acknowledge(peer, conn, now);
        return;
    }
    enter(peer, conn, conn->state == FIN_WAIT_1 ? CLOSING : TIME_WAIT, now);
    acknowledge(peer, conn, now);
}

static void hears_synchronized(struct sim_peer *peer, struct sim_conn *conn, nanos now, const struct segment *heard)
{
    const struct sim_habits *habits = &peer->habits;
    bool orphan = conn->state == FIN_WAIT_2 && habits->fin_wait_2 != NANOS_NEVER;

    if (heard->flags & TCP_SYN) {
        answer(peer, conn, now, true);
    } else if (!(heard->flags & TCP_ACK)) {
        if ((habits->bare == SIM_BARE_SMALL && (orphan || conn->state == TIME_WAIT)) ||
            (habits->bare == SIM_BARE_FULL && conn->state != TIME_WAIT))
            answer(peer, conn, now, true);
    } else if (before(heard->seq, conn->rcv_nxt)) {
        hears_old(peer, conn, now, heard);
    } else if (heard->seq != conn->rcv_nxt || before(conn->snd_nxt, heard->ack) ||
               before(heard->ack, conn->snd_una - 100000)) {
        if (conn->state == TIME_WAIT && habits->restart == SIM_RESTART_ACK)
            conn->end_at = now + habits->time_wait;
        answer(peer, conn, now, true);
    } else {
        if (conn->state == TIME_WAIT && habits->restart == SIM_RESTART_ACK)
            conn->end_at = now + habits->time_wait;
        if (!is_small(peer, conn) || heard->len > 0)
            conn->echo = heard->options.tsval;
        read_ack(peer, conn, now, heard->ack);
        if (conn->state == CLOSED)
            return;
        if (heard->len > 0 && (conn->state == ESTABLISHED || conn->state == FIN_WAIT_1 || conn->state == FIN_WAIT_2)) {
            conn->rcv_nxt += heard->len;
            acknowledge(peer, conn, now);
        }
        if ((heard->flags & TCP_FIN) &&
            (conn->state == ESTABLISHED || conn->state == FIN_WAIT_1 || conn->state == FIN_WAIT_2))
            hears_fin(peer, conn, now);
    }
}

void sim_peer_hears(struct sim_peer *peer, nanos now, uint16_t port, const struct segment *segment)
{
    struct sim_conn *conn = find(peer, port);

    if (!conn) {
        hears_without_connection(peer, now, port, segment);
        return;
    }
    if (peer->habits.forgets != NANOS_NEVER)
        conn->forget_at = now + peer->habits.forgets;
    if (segment->flags & TCP_RST) {
        if (segment->seq == conn->rcv_nxt) {
            conn->by_itself = false;
            enter(peer, conn, CLOSED, now);
        }
        return;
    }
    if (conn->state == SYN_RECEIVED && !hears_opening(peer, conn, now, segment))
        return;
    conn->keepalives = 0;
    if (conn->state == ESTABLISHED && peer->habits.keepalives)
        conn->keepalive_at = now + peer->habits.keepalive;
    hears_synchronized(peer, conn, now, segment);
}

/* ---- what it does by itself ---- */

static nanos wake_of(const struct sim_conn *conn)
{
    nanos wake = nanos_sooner(nanos_sooner(conn->repeat_at, conn->end_at), nanos_sooner(conn->app_at, conn->ack_at));

    return nanos_sooner(wake, nanos_sooner(conn->keepalive_at, conn->forget_at));
}

nanos sim_peer_wake(const struct sim_peer *peer)
{
    nanos wake = NANOS_NEVER;

    for (unsigned i = 0; i < peer->count; i++)
        if (peer->conns[i].state != CLOSED)
            wake = nanos_sooner(wake, wake_of(&peer->conns[i]));
    return wake;
}

static void keep_alive(struct sim_peer *peer, struct sim_conn *conn, nanos now)
{
    const struct sim_habits *habits = &peer->habits;

    if (conn->keepalives++ < habits->keepalives) {
        conn->keepalive_at = now + habits->keepalive_interval;
        if (conn->sent_keepalives++ == 0)
            conn->first_keepalive = now;
        else if (conn->sent_keepalives == 2)
            conn->second_keepalive = now;
        say(peer, conn, now, TCP_ACK, conn->snd_nxt - 1);
        return;
    }
    if (habits->gives_up_with_rst)
        say(peer, conn, now, TCP_RST | TCP_ACK, conn->snd_nxt);
    conn->by_itself = true;
    enter(peer, conn, CLOSED, now);
}

static void wakes(struct sim_peer *peer, struct sim_conn *conn, nanos now)
{
    const struct sim_habits *habits = &peer->habits;

    if (now >= conn->end_at || now >= conn->forget_at) {
        conn->by_itself = true;
        enter(peer, conn, CLOSED, now);
    } else if (now >= conn->repeat_at) {
        bool syn = conn->state == SYN_RECEIVED;
        const nanos *schedule = syn ? habits->syn_ack : habits->fin;
        conn->repeated++;
        conn->repeat_at = conn->repeated < (syn ? habits->syn_acks : habits->fins)
                              ? conn->repeats_since + schedule[conn->repeated]
                              : NANOS_NEVER;
        if (syn)
            send_syn_ack(peer, conn, now);
        else
            send_fin(peer, conn, now);
    } else if (now >= conn->app_at) {
        app_acts(peer, conn, now);
    } else if (now >= conn->ack_at) {
        acknowledge(peer, conn, now);
    } else {
        keep_alive(peer, conn, now);
    }
}

void sim_peer_wakes(struct sim_peer *peer, nanos now)
{
    for (unsigned i = 0; i < peer->count; i++)
        while (peer->conns[i].state != CLOSED && wake_of(&peer->conns[i]) <= now)
            wakes(peer, &peer->conns[i], now);
}
