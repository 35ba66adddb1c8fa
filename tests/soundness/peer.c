#include "peer.h"

#include <string.h>

#include "base/seq.h"

void peer_init(struct peer *peer, const struct peer_variant *variant, uint64_t seed)
{
    memset(peer, 0, sizeof(*peer));
    peer->variant = *variant;
    peer->chance.state = seed;
    peer->state = peer_is(peer, PEER_REFUSES) || peer_is(peer, PEER_OPENS) ? CLOSED : LISTEN;
    peer->iss = (uint32_t)chance_next(&peer->chance);
    peer->ts_offset = (uint32_t)chance_next(&peer->chance);
    peer->rtx_at = peer->delack_at = peer->wait_at = peer->keepalive_at = NANOS_NEVER;
}

bool peer_has_connection(const struct peer *peer)
{
    return peer->state != LISTEN && peer->state != CLOSED;
}

state_set peer_truth(const struct peer *peer)
{
    if (peer_has_connection(peer))
        return IN(peer->state);
    return IN(LISTEN) | IN(CLOSED) | (peer->cookie_out ? IN(SYN_RECEIVED) : 0);
}

void peer_enter(struct peer *peer, enum state state)
{
    peer->state = state;
    peer->since = peer->now;
    if (state == ESTABLISHED)
        peer->ever_established = true;
    if (state == TIME_WAIT) {
        peer->wait_at = peer->now + peer->variant.time_wait;
        peer->rtx_at = peer->keepalive_at = NANOS_NEVER;
    }
    if (state == FIN_WAIT_2 && peer->orphan)
        peer->wait_at = peer->now + peer->variant.fin_wait_2;
}

void peer_gone(struct peer *peer)
{
    peer_enter(peer, peer->active || (peer_is(peer, PEER_LISTENS_ONCE) && peer->ever_established) ? CLOSED : LISTEN);
    peer->rtx_at = peer->delack_at = peer->wait_at = peer->keepalive_at = NANOS_NEVER;
    peer->held_count = 0;
    peer->ack_now = false;
}

uint32_t peer_rcv_wnd(const struct peer *peer)
{
    return peer->unread < peer->variant.buffer ? peer->variant.buffer - peer->unread : 0;
}

/* What the other's SYN brings. */
static void learn_options(struct peer *peer, const struct segment *segment)
{
    const struct tcp_options *theirs = &segment->options;
    uint32_t offered = (theirs->present & TCP_OPT_MSS) && theirs->mss ? theirs->mss : 536;

    peer->ts_on = peer_is(peer, PEER_TIMESTAMPS) && (theirs->present & TCP_OPT_TIMESTAMPS);
    peer->ts_recent = theirs->tsval;
    peer->sack_on = peer_is(peer, PEER_SACK) && (theirs->present & TCP_OPT_SACK_PERMITTED);
    peer->snd_shift = peer->rcv_shift = 0;
    if (peer_is(peer, PEER_WSCALE) && (theirs->present & TCP_OPT_WSCALE)) {
        peer->snd_shift = theirs->wscale > 14 ? 14 : theirs->wscale;
        peer->rcv_shift = peer->variant.wscale;
    }
    peer->mss = offered > 1460 ? 1460 : offered;
    peer->cwnd = peer->variant.cwnd * peer->mss;
    peer->snd_wnd = peer->snd_wnd_max = segment->window;
}

/* Fresh variables, the same switches. */
static void start_fresh(struct peer *peer)
{
    peer->incarnation++;
    peer->snd_una = peer->iss;
    peer->snd_nxt = peer->rtx_next = peer->snd_end = peer->iss + 1;
    peer->early_fin = false;
    peer->closing = peer->fin_sent = peer->orphan = peer->deferred = peer->window_pushed = false;
    peer->unread = peer->held_count = peer->dup_acks = peer->rtx_count = peer->keepalives = 0;
    peer->srtt = 0;
    peer->rto = peer->variant.syn_rto;
    peer->timing = false;
    peer->quiet_until = 0;
    peer->twice = (struct sack_block){0};
    peer->syn_ack_first = peer->syn_ack_last = 0;
    peer->delack_at = peer->wait_at = peer->keepalive_at = NANOS_NEVER;
}

/* A new connection from a SYN, or from what a cookie brought back. */
void peer_start(struct peer *peer, const struct segment *segment)
{
    peer->active = false;
    start_fresh(peer);
    learn_options(peer, segment);
}

/* The SYN is on its way: the clock runs. */
static void time_syn(struct peer *peer)
{
    peer->timing = true;
    peer->timed_seq = peer->iss;
    peer->timed_at = peer->now;
    peer->rtx_at = peer->now + peer->rto;
}

/* 3.10.1: an active OPEN. What it offers itself it gets only if the other offers it as well. */
void peer_open(struct peer *peer, nanos now)
{
    peer->now = now;
    if (peer_has_connection(peer))
        return;
    if (peer->incarnation > 0)
        peer->iss += 1000000 + chance_below(&peer->chance, 1000000);
    peer->active = true;
    start_fresh(peer);
    peer->ts_on = peer_is(peer, PEER_TIMESTAMPS);
    peer->sack_on = false;
    peer->ts_recent = 0;
    peer->rcv_nxt = 0;
    peer->snd_shift = peer->rcv_shift = 0;
    peer_enter(peer, SYN_SENT);
    peer_emit_syn(peer);
    time_syn(peer);
}

/* ---- arrivals without a connection -----------------------------------------------------------------------
 */

/* 3.10.7.1: CLOSED. A proxy knows nothing of what did not begin with it. */
static void input_closed(struct peer *peer, const struct segment *segment)
{
    bool unknown = peer_is(peer, PEER_PROXY) && !(segment->flags & TCP_SYN);

    if (!(segment->flags & TCP_RST) && !unknown)
        peer_refuse(peer, segment);
}

/* The ACK that brings a cookie back makes the connection (RFC 4987 3.6); the segment is then read in
 * ESTABLISHED. */
static void input_cookie(struct peer *peer, const struct segment *segment)
{
    uint8_t shift = peer->ts_on ? peer->snd_shift : 0, own = peer->ts_on ? peer->rcv_shift : 0;
    uint32_t mss = peer->mss;
    bool sack = peer->sack_on;

    peer_start(peer, segment);
    peer->mss = mss;
    peer->sack_on = sack;
    peer->snd_shift = shift;
    peer->rcv_shift = own;
    peer->cookie_out = false;
    peer->cookie_used = true;
    peer->snd_una = peer->iss + 1;
    peer->snd_wnd = (uint32_t)segment->window << shift;
    peer->snd_wl1 = segment->seq;
    peer->snd_wl2 = segment->ack;
    peer->rto = peer->variant.syn_rto;
    peer->rtx_at = NANOS_NEVER;
    peer_enter(peer, ESTABLISHED);
    peer_input_connected(peer, segment);
}

/* A SYN that may open: SYN-RECEIVED, in memory or in a cookie. */
static void receive_syn(struct peer *peer, const struct segment *segment)
{
    bool cookies = peer_is(peer, PEER_COOKIES);

    /* Linux drops these two together. */
    if ((segment->flags & TCP_FIN) && (cookies || !peer_is(peer, PEER_SYN_FIN)))
        return;
    if (peer->incarnation > 0 && !(cookies && peer_is(peer, PEER_COOKIE_REPLAY)))
        peer->iss += 1000000 + chance_below(&peer->chance, 1000000);
    peer_start(peer, segment);
    peer->irs = segment->seq;
    peer->rcv_nxt = peer->last_ack_sent = segment->seq + 1;
    if (cookies) {
        /* Only the numbers live on, in the cookie; what else is set here is overwritten when it comes back.
         */
        peer->incarnation--;
        peer->cookie_out = true;
        peer->cookie_used = false;
        if (!peer->ts_on) {
            peer->snd_shift = peer->rcv_shift = 0;
            peer->sack_on = false;
        }
        peer_emit_syn_ack(peer);
        return;
    }
    peer_enter(peer, SYN_RECEIVED);
    peer_input_rest(peer, segment);
    peer_emit_syn_ack(peer);
    time_syn(peer);
}

void peer_input_listen(struct peer *peer, const struct segment *segment)
{
    bool cookies = peer_is(peer, PEER_COOKIES);

    if (segment->flags & TCP_RST)
        return;
    if (segment->flags & TCP_ACK) {
        bool known = cookies && peer->sent_syn_ack && !(segment->flags & TCP_SYN) &&
                     (!peer->cookie_used || peer_is(peer, PEER_COOKIE_REPLAY));
        if (known && segment->ack == peer->iss + 1 && segment->seq == peer->irs + 1)
            input_cookie(peer, segment);
        else if (!peer_is(peer, PEER_PROXY))
            peer_refuse(peer, segment);
        return;
    }
    if (segment->flags & TCP_SYN)
        receive_syn(peer, segment);
    else if (peer_is(peer, PEER_LISTEN_REFUSES))
        peer_refuse(peer, segment);
}

/* ---- SYN-SENT ------------------------------------------------------------------------------------------- */

void peer_input_syn_sent(struct peer *peer, const struct segment *segment)
{
    bool acks = segment->flags & TCP_ACK, syn = segment->flags & TCP_SYN;
    struct segment rest = *segment;

    if (acks && (seq_le(segment->ack, peer->iss) || seq_lt(peer->snd_nxt, segment->ack))) {
        if (segment->flags & TCP_RST)
            return;
        peer_refuse(peer, segment);
        /* Linux and lwIP ask again at once. */
        if (peer_is(peer, PEER_MINISOCK) || peer_is(peer, PEER_NO_CROSSING))
            peer_emit_syn(peer);
        return;
    }
    if (segment->flags & TCP_RST) {
        if (acks)
            peer_gone(peer);
        return;
    }
    if (!syn || (!acks && peer_is(peer, PEER_NO_CROSSING)))
        return;
    learn_options(peer, segment);
    peer->irs = segment->seq;
    peer->rcv_nxt = peer->last_ack_sent = segment->seq + 1;
    if (!acks) {
        peer_enter(peer, SYN_RECEIVED);
        peer_emit_syn_ack(peer);
        time_syn(peer);
        return;
    }
    peer_acked(peer, segment->ack);
    peer_enter(peer, ESTABLISHED);
    peer->snd_wl1 = segment->seq;
    peer->snd_wl2 = segment->ack;
    peer->ack_now = true;
    rest.seq++;
    rest.flags &= (uint8_t)~TCP_SYN;
    peer_input_rest(peer, &rest);
}

void peer_input(struct peer *peer, const struct segment *segment, nanos now)
{
    peer->now = now;
    if (peer->state == CLOSED)
        input_closed(peer, segment);
    else if (peer->state == LISTEN)
        peer_input_listen(peer, segment);
    else if (peer->state == SYN_SENT)
        peer_input_syn_sent(peer, segment);
    else
        peer_input_connected(peer, segment);
    peer_output(peer);
    if (peer->state == TIME_WAIT && peer_is(peer, PEER_PROXY))
        peer_gone(peer);
}

/* ---- the application -------------------------------------------------------------------------------------
 */

/* 3.10.2: SEND. */
void peer_send(struct peer *peer, uint32_t len, nanos now)
{
    peer->now = now;
    if (peer->closing || (peer->state != ESTABLISHED && peer->state != CLOSE_WAIT))
        return;
    peer->snd_end += len;
    peer_output(peer);
}

/* 3.10.5: ABORT. In CLOSING, LAST-ACK and TIME-WAIT nothing is said. */
static void call_abort(struct peer *peer)
{
    bool silent = peer->state == SYN_SENT || peer->state == CLOSING || peer->state == LAST_ACK ||
                  peer->state == TIME_WAIT;
    uint32_t seq = peer->snd_nxt, ack = peer->rcv_nxt;

    if (!peer_has_connection(peer))
        return;
    peer_gone(peer);
    if (!silent)
        peer_emit_rst(peer, peer_is(peer, PEER_ABORT_BARE) ? TCP_RST : TCP_RST | TCP_ACK, seq, ack);
}

/* 3.10.4: CLOSE. In CLOSE-WAIT the RFC enters LAST-ACK when the FIN is sent, Linux before. */
void peer_call_close(struct peer *peer, bool full)
{
    if (full && peer->unread > 0 && peer_is(peer, PEER_RST_UNREAD) && !peer->closing) {
        call_abort(peer);
        return;
    }
    if (full && peer_is(peer, PEER_FULL_CLOSE) && !peer->orphan) {
        peer->orphan = true;
        if (peer->state == FIN_WAIT_2)
            peer->wait_at = peer->now + peer->variant.fin_wait_2;
    }
    if (peer->state == SYN_SENT)
        peer_gone(peer);
    if (peer->closing)
        return;
    if (peer->state == ESTABLISHED || peer->state == SYN_RECEIVED) {
        peer->closing = true;
        peer_enter(peer, FIN_WAIT_1);
    } else if (peer->state == CLOSE_WAIT) {
        peer->closing = true;
        if (peer_is(peer, PEER_LAST_ACK_EARLY))
            peer_enter(peer, LAST_ACK);
    }
}

void peer_close(struct peer *peer, bool full, nanos now)
{
    peer->now = now;
    if (!peer_has_connection(peer) || (peer->state == SYN_RECEIVED && !peer_is(peer, PEER_EARLY_APP)))
        return;
    peer_call_close(peer, full);
    peer_output(peer);
}

void peer_abort(struct peer *peer, nanos now)
{
    peer->now = now;
    if (peer->state == SYN_RECEIVED && !peer_is(peer, PEER_EARLY_APP))
        return;
    call_abort(peer);
    peer_output(peer);
}

/* ---- timers (3.10.8) -------------------------------------------------------------------------------------
 */

static void give_up(struct peer *peer, bool say)
{
    uint32_t seq = peer->snd_nxt, ack = peer->rcv_nxt;

    peer_gone(peer);
    if (say)
        peer_emit_rst(peer, TCP_RST | TCP_ACK, seq, ack);
}

/* RFC 6298 5.4 to 5.6; a shut window is probed on the same timer (RFC 9293 3.8.6.1). */
static void retransmission_timeout(struct peer *peer)
{
    bool opening = peer->state == SYN_RECEIVED || peer->state == SYN_SENT;

    peer->rtx_at = NANOS_NEVER;
    if (++peer->rtx_count > (opening ? peer->variant.syn_retries : peer->variant.retries)) {
        give_up(peer, !opening && peer_is(peer, PEER_GIVE_UP_RST));
        return;
    }
    peer->rto = peer->rto * 2 > 60 * NANOS_PER_S ? 60 * NANOS_PER_S : peer->rto * 2;
    peer->timing = false;
    peer->deferred = false;
    if (opening || peer->snd_una == peer->iss) {
        if (peer->state == SYN_SENT)
            peer_emit_syn(peer);
        else
            peer_emit_syn_ack(peer);
        peer->rtx_at = peer->now + peer->rto;
        return;
    }
    peer->cwnd = peer->mss;
    peer->rtx_next = peer->snd_una;
    if (peer->snd_wnd == 0)
        peer->window_pushed = true;
}

static void keepalive_timeout(struct peer *peer)
{
    bool byte = peer_is(peer, PEER_KEEPALIVE_BYTE);

    if (++peer->keepalives > 4) {
        give_up(peer, true);
        return;
    }
    peer->keepalive_at = peer->now + peer->variant.keepalive;
    peer_emit(peer, TCP_ACK, peer->snd_nxt - 1, byte ? 1 : 0);
}

void peer_timers(struct peer *peer, nanos now)
{
    peer->now = now;
    if (peer->wait_at <= now)
        peer_gone(peer);
    if (peer->rtx_at <= now)
        retransmission_timeout(peer);
    if (peer->keepalive_at <= now)
        keepalive_timeout(peer);
    if (peer->delack_at <= now)
        peer->ack_now = true;
    peer_output(peer);
}

nanos peer_wake(const struct peer *peer)
{
    nanos wake = peer->rtx_at;

    wake = peer->delack_at < wake ? peer->delack_at : wake;
    wake = peer->wait_at < wake ? peer->wait_at : wake;
    return peer->keepalive_at < wake ? peer->keepalive_at : wake;
}
