/* What the model peer does as certain stacks do and the RFC does not ask for: states in which they keep little. */
#include "base/seq.h"
#include "peer.h"

bool peer_keeps_little(const struct peer *peer)
{
    if (!peer_is(peer, PEER_MINISOCK))
        return false;
    return (peer->state == SYN_RECEIVED && !peer->active) || peer->state == TIME_WAIT ||
           (peer->state == FIN_WAIT_2 && peer->orphan);
}

/* A timestamp from before the latest (RFC 7323 5.3, R1). */
static bool is_dated(const struct peer *peer, const struct segment *segment)
{
    return peer->ts_on && (segment->options.present & TCP_OPT_TIMESTAMPS) && !(segment->flags & TCP_RST) &&
           seq_lt(segment->options.tsval, peer->ts_recent);
}

static bool is_outside(const struct peer *peer, const struct segment *segment)
{
    uint32_t end = segment->seq + segment_span(segment), edge = peer->rcv_nxt + peer_rcv_wnd(peer);

    if (segment->seq == peer->rcv_nxt)
        return false;
    return !(seq_lt(peer->rcv_nxt, end) && seq_lt(segment->seq, edge));
}

/* Does it echo a time at which no SYN-ACK was sent? */
static bool echoes_other(const struct peer *peer, const struct segment *segment)
{
    uint32_t echo = segment->options.tsecr;

    if (!peer_is(peer, PEER_ECHO_CHECKED) || !peer->ts_on || !(segment->options.present & TCP_OPT_TIMESTAMPS))
        return false;
    return echo != 0 && (seq_lt(echo, peer->syn_ack_first) || seq_lt(peer->syn_ack_last, echo));
}

/* The acknowledgement is looked at before the numbers. */
static bool small_syn_received(struct peer *peer, const struct segment *segment)
{
    uint8_t flags = segment->flags;
    bool dated = is_dated(peer, segment);

    if (segment->seq == peer->irs && (flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN && !dated) {
        peer_emit_syn_ack(peer);
        return true;
    }
    if ((flags & TCP_ACK) && segment->ack != peer->iss + 1) {
        if (!(flags & TCP_RST))
            peer_refuse(peer, segment);
        return true;
    }
    if (dated || echoes_other(peer, segment) || is_outside(peer, segment)) {
        if (!(flags & TCP_RST))
            peer_answer(peer, segment);
        return true;
    }
    if ((flags & TCP_SYN) && segment->seq != peer->irs && !(flags & TCP_RST)) {
        peer_gone(peer);
        peer_refuse(peer, segment);
        return true;
    }
    return false;
}

/* A SYN beyond what was, or with a newer time, when somebody listens. */
static bool begins_anew(const struct peer *peer, const struct segment *segment)
{
    bool newer = peer->ts_on && (segment->options.present & TCP_OPT_TIMESTAMPS) &&
                 seq_lt(peer->ts_recent, segment->options.tsval);

    return (segment->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN && peer_is(peer, PEER_REOPENS) &&
           !peer->active && !peer_is(peer, PEER_LISTENS_ONCE) && !is_dated(peer, segment) &&
           (newer || seq_lt(peer->rcv_nxt, segment->seq));
}

/* Whatever has an ACK begins the wait anew; what is not just the next number is answered. */
static void small_time_wait(struct peer *peer, const struct segment *segment)
{
    bool dated = is_dated(peer, segment), rst = segment->flags & TCP_RST;

    if (!dated && segment->seq == peer->rcv_nxt && (segment_span(segment) == 0 || rst)) {
        if (rst) {
            peer_gone(peer);
            return;
        }
        peer_remember_timestamp(peer, segment);
        peer->wait_at = peer->now + peer->variant.time_wait;
        return;
    }
    if (begins_anew(peer, segment)) {
        peer_gone(peer);
        peer_input_listen(peer, segment);
        return;
    }
    if (rst)
        return;
    if (dated || (segment->flags & TCP_ACK))
        peer->wait_at = peer->now + peer->variant.time_wait;
    peer_answer(peer, segment);
}

/* Only the other's FIN is waited for: it does not look at acknowledgements, and new bytes end it. */
static void small_fin_wait_2(struct peer *peer, const struct segment *segment)
{
    uint32_t span = segment_span(segment), end = segment->seq + span;
    uint8_t flags = segment->flags;

    peer->held_count = 0;
    if (is_dated(peer, segment) || is_outside(peer, segment)) {
        peer_answer(peer, segment);
    } else if (flags & TCP_RST) {
        peer_gone(peer);
    } else if ((flags & TCP_SYN) && seq_le(peer->rcv_nxt, segment->seq)) {
        peer_gone(peer);
        peer_refuse(peer, segment);
    } else if (!(flags & TCP_ACK) || span == 0 || !seq_lt(peer->rcv_nxt, end)) {
        return;
    } else if (!(flags & TCP_FIN) || end != peer->rcv_nxt + 1) {
        peer_gone(peer);
        peer_refuse(peer, segment);
    } else {
        peer->rcv_nxt++;
        peer->got_fin = true;
        if (segment->options.present & TCP_OPT_TIMESTAMPS)
            peer->ts_recent = segment->options.tsval;
        peer_enter(peer, TIME_WAIT);
        peer->ack_now = true;
    }
}

bool peer_input_minisock(struct peer *peer, const struct segment *segment)
{
    if (!peer_keeps_little(peer))
        return false;
    if (peer->state == SYN_RECEIVED)
        return small_syn_received(peer, segment);
    if (peer->state == TIME_WAIT)
        small_time_wait(peer, segment);
    else
        small_fin_wait_2(peer, segment);
    return true;
}

bool peer_input_proxy(struct peer *peer, const struct segment *segment)
{
    if (!peer_is(peer, PEER_PROXY))
        return false;
    if (segment->flags & TCP_RST) {
        peer_gone(peer);
        return true;
    }
    if (!(segment->flags & TCP_ACK))
        return false;
    if (peer->state == SYN_RECEIVED) {
        peer_enter(peer, ESTABLISHED);
        peer->snd_wnd = peer->snd_wnd_max = (uint32_t)segment->window << peer->snd_shift;
        peer->snd_wl1 = segment->seq;
        peer->snd_wl2 = segment->ack;
        peer_acked(peer, peer->iss + 1);
        return true;
    }
    if (peer->state == LAST_ACK)
        peer_gone(peer);
    return !peer_has_connection(peer);
}
