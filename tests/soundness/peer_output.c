/* What the model peer sends: segments, acknowledgements, and the clock of RFC 6298. */
#include <string.h>

#include "base/seq.h"
#include "peer.h"

static struct peer_sent *put(struct peer *peer, uint8_t flags, uint32_t seq)
{
    struct peer_sent *sent;

    if (peer->out_count == PEER_OUT)
        peer->out_count--; /* the network lost it */
    sent = &peer->out[peer->out_count++];
    *sent = (struct peer_sent){
        .at = peer->now, .truth = peer_truth(peer), .since = peer->since, .incarnation = peer->incarnation, .orphan = peer->orphan};
    sent->segment.flags = flags;
    sent->segment.seq = seq;
    sent->segment.ttl = 64;
    return sent;
}

static void put_timestamps(const struct peer *peer, struct segment *segment)
{
    if (!peer->ts_on)
        return;
    segment->options.present |= TCP_OPT_TIMESTAMPS;
    segment->options.tsval = peer->ts_offset + (uint32_t)(peer->now / NANOS_PER_MS);
    segment->options.tsecr = peer->ts_recent;
}

/* RFC 2018 3: SACK is sent when the connection has become established; and never by what keeps no data. */
static bool may_sack(const struct peer *peer)
{
    if (!peer->sack_on || peer_keeps_little(peer))
        return false;
    return peer->state != SYN_RECEIVED || (peer->active && peer_is(peer, PEER_SACK_EARLY));
}

/* What is held around this one, in one piece. */
static struct sack_block piece_around(const struct peer *peer, const struct segment *held)
{
    struct sack_block piece = {held->seq, held->seq + segment_span(held)};

    for (unsigned i = 0; i < peer->held_count; i++) {
        uint32_t left = peer->held[i].seq, right = left + segment_span(&peer->held[i]);
        bool more = seq_lt(left, piece.left) || seq_lt(piece.right, right);
        if (!more || seq_lt(right, piece.left) || seq_lt(piece.right, left))
            continue;
        piece.left = seq_lt(left, piece.left) ? left : piece.left;
        piece.right = seq_max(right, piece.right);
        i = UINT32_MAX; /* from the beginning */
    }
    return piece;
}

/* RFC 2883 4: what came twice is first. RFC 2018 4: then what came last, and as much more as there is room for. */
static void put_sack(struct peer *peer, struct segment *segment)
{
    struct tcp_options *options = &segment->options;
    unsigned room = peer->ts_on ? SACK_BLOCKS_MAX - 1 : SACK_BLOCKS_MAX;

    if (peer->twice.left != peer->twice.right)
        options->sack[options->sack_count++] = peer->twice;
    for (unsigned i = peer->held_count; i-- > 0 && options->sack_count < room;) {
        struct sack_block piece = piece_around(peer, &peer->held[i]);
        bool told = false;
        for (unsigned k = peer->twice.left != peer->twice.right; k < options->sack_count; k++)
            told = told || options->sack[k].left == piece.left;
        if (!told)
            options->sack[options->sack_count++] = piece;
    }
    if (options->sack_count > 0)
        options->present |= TCP_OPT_SACK;
}

void peer_twice(struct peer *peer, uint32_t left, uint32_t right)
{
    if (peer_is(peer, PEER_DSACK))
        peer->twice = (struct sack_block){left, right};
}

void peer_emit(struct peer *peer, uint8_t flags, uint32_t seq, uint32_t len)
{
    struct segment *segment = &put(peer, flags, seq)->segment;
    uint32_t window = peer_rcv_wnd(peer) >> peer->rcv_shift;

    segment->ack = peer->rcv_nxt;
    segment->len = len;
    segment->window = (uint16_t)(window > 65535 ? 65535 : window);
    put_timestamps(peer, segment);
    if ((peer->held_count > 0 || peer->twice.left != peer->twice.right) && may_sack(peer))
        put_sack(peer, segment);
    peer->twice = (struct sack_block){0};
    peer->last_ack_sent = peer->rcv_nxt;
    peer->ack_now = false;
    peer->delack_at = NANOS_NEVER;
    peer->sent_fin = peer->sent_fin || (flags & TCP_FIN);
}

void peer_emit_rst(struct peer *peer, uint8_t flags, uint32_t seq, uint32_t ack)
{
    put(peer, flags, seq)->segment.ack = ack;
    peer->sent_rst = true;
}

void peer_refuse(struct peer *peer, const struct segment *segment)
{
    uint32_t end = segment->seq + segment_span(segment);

    if (!(segment->flags & TCP_ACK))
        peer_emit_rst(peer, TCP_RST | TCP_ACK, 0, end);
    else if (peer_is(peer, PEER_RST_ACKS))
        peer_emit_rst(peer, TCP_RST | TCP_ACK, segment->ack, end);
    else
        peer_emit_rst(peer, TCP_RST, segment->ack, 0);
}

static struct segment *put_syn(struct peer *peer, uint8_t flags)
{
    uint32_t window = peer_rcv_wnd(peer);
    struct segment *segment = &put(peer, flags, peer->iss)->segment;

    segment->window = (uint16_t)(window > 65535 ? 65535 : window);
    put_timestamps(peer, segment);
    if (peer->variant.mss) {
        segment->options.present |= TCP_OPT_MSS;
        segment->options.mss = peer->variant.mss;
    }
    return segment;
}

void peer_emit_syn(struct peer *peer)
{
    struct segment *segment = put_syn(peer, TCP_SYN);

    if (peer_is(peer, PEER_WSCALE)) {
        segment->options.present |= TCP_OPT_WSCALE;
        segment->options.wscale = peer->variant.wscale;
    }
    if (peer_is(peer, PEER_SACK))
        segment->options.present |= TCP_OPT_SACK_PERMITTED;
}

void peer_emit_syn_ack(struct peer *peer)
{
    struct segment *segment = put_syn(peer, TCP_SYN | TCP_ACK);

    segment->ack = peer->rcv_nxt;
    if (peer->rcv_shift || peer->snd_shift) {
        segment->options.present |= TCP_OPT_WSCALE;
        segment->options.wscale = peer->rcv_shift;
    }
    if (peer->sack_on)
        segment->options.present |= TCP_OPT_SACK_PERMITTED;
    peer->syn_ack_last = segment->options.tsval;
    if (!peer->syn_ack_first)
        peer->syn_ack_first = peer->syn_ack_last;
    peer->last_ack_sent = peer->rcv_nxt;
    peer->sent_syn_ack = true;
}

/* RFC 6298 2.2 to 2.4. */
static void measured(struct peer *peer, nanos rtt)
{
    nanos off = peer->srtt > rtt ? peer->srtt - rtt : rtt - peer->srtt;

    if (peer->srtt == 0) {
        peer->srtt = rtt;
        peer->rttvar = rtt / 2;
    } else {
        peer->rttvar = (3 * peer->rttvar + off) / 4;
        peer->srtt = (7 * peer->srtt + rtt) / 8;
    }
    peer->rto = peer->srtt + 4 * peer->rttvar;
    if (peer->rto < peer->variant.min_rto)
        peer->rto = peer->variant.min_rto;
}

void peer_acked(struct peer *peer, uint32_t ack)
{
    uint32_t fresh = ack - peer->snd_una;

    if (peer->timing && seq_lt(peer->timed_seq, ack)) {
        measured(peer, peer->now - peer->timed_at);
        peer->timing = false;
    }
    peer->snd_una = ack;
    if (seq_lt(peer->rtx_next, ack))
        peer->rtx_next = ack;
    peer->cwnd += fresh < peer->mss ? fresh : peer->mss;
    if (peer->cwnd > 20 * peer->mss)
        peer->cwnd = 20 * peer->mss;
    peer->dup_acks = peer->rtx_count = 0;
    peer->rtx_at = peer->snd_una == peer->snd_nxt ? NANOS_NEVER : peer->now + peer->rto;
}

static bool may_have_data(const struct peer *peer)
{
    switch (peer->state) {
    case ESTABLISHED:
    case CLOSE_WAIT:
    case FIN_WAIT_1:
    case CLOSING:
    case LAST_ACK:
        return true;
    default:
        return false;
    }
}

/* How many bytes of the queue may go out from seq on; *fin: with the FIN behind them. */
static uint32_t next_piece(struct peer *peer, uint32_t seq, bool *fin)
{
    uint32_t room = peer->snd_wnd < peer->cwnd ? peer->snd_wnd : peer->cwnd;
    uint32_t edge = peer->snd_una + room, len = 0;

    *fin = false;
    if (peer->window_pushed && peer->snd_wnd == 0)
        edge = peer->snd_una + 1;
    if (seq_lt(seq, peer->snd_end) && seq_lt(seq, edge)) {
        len = peer->snd_end - seq;
        len = len < peer->mss ? len : peer->mss;
        len = len < edge - seq ? len : edge - seq;
        /* RFC 9293 3.7.4: a small segment waits while something is unacknowledged. */
        if (peer_is(peer, PEER_NAGLE) && !peer->closing && len < peer->mss && peer->snd_una != seq &&
            seq == peer->snd_nxt)
            return 0;
    }
    if (peer->closing && seq + len == peer->snd_end && !(len > 0 && peer_is(peer, PEER_FIN_ALONE)))
        *fin = seq_lt(seq + len, edge) || (peer_is(peer, PEER_FIN_OVER_WINDOW) && peer->snd_wnd == 0);
    return len;
}

static void emit_piece(struct peer *peer, uint32_t seq, uint32_t len, bool fin)
{
    uint32_t end = seq + len + (fin ? 1 : 0);

    if (fin) {
        peer->fin_sent = true;
        if (peer->state == CLOSE_WAIT)
            peer_enter(peer, LAST_ACK);
    }
    if (!peer->timing && seq == peer->snd_nxt) {
        peer->timing = true;
        peer->timed_seq = seq;
        peer->timed_at = peer->now;
    } else if (seq != peer->snd_nxt && peer->timing && seq_le(seq, peer->timed_seq)) {
        peer->timing = false; /* Karn */
    }
    peer_emit(peer, TCP_ACK | (len ? TCP_PSH : 0) | (fin ? TCP_FIN : 0), seq, len);
    peer->snd_nxt = seq_max(peer->snd_nxt, end);
    peer->rtx_next = end;
    if (peer->rtx_at == NANOS_NEVER)
        peer->rtx_at = peer->now + peer->rto;
}

static void output_queue(struct peer *peer)
{
    bool repeated = false, fin;

    if (peer->window_pushed && peer->snd_wnd == 0 && peer_is(peer, PEER_PROBE_OLD)) {
        /* Linux's zero window probe: an old number, so that an ACK is due. */
        peer_emit(peer, TCP_ACK, peer->snd_una - 1, 0);
        peer->window_pushed = false;
    }
    for (unsigned i = 0; i < 32; i++) {
        uint32_t seq = peer->rtx_next;
        uint32_t len = next_piece(peer, seq, &fin);
        if (len == 0 && !fin)
            break;
        /* A FIN that was sent is repeated, not sent anew behind its own number. */
        if (seq == peer->snd_end + 1)
            break;
        /* Fast retransmission repeats one segment only. */
        if (peer->dup_acks >= 3 && seq_lt(seq, peer->snd_nxt)) {
            if (repeated)
                break;
            repeated = true;
        }
        emit_piece(peer, seq, len, fin);
    }
    if (peer->dup_acks >= 3)
        peer->rtx_next = peer->snd_nxt;
    peer->window_pushed = false;
}

static bool waits_for_window(const struct peer *peer)
{
    bool pending = seq_lt(peer->snd_nxt, peer->snd_end) || (peer->closing && !peer->fin_sent);

    return pending && peer->snd_wnd == 0;
}

static bool answers_with_fin(const struct peer *peer)
{
    bool out = peer->fin_sent && seq_le(peer->snd_una, peer->snd_end);

    return out && (peer_is(peer, PEER_FIN_ANSWERS) || (peer_is(peer, PEER_FIN_AS_ACK) && peer->state == CLOSING));
}

void peer_output(struct peer *peer)
{
    bool idle;

    if (may_have_data(peer)) {
        if (seq_lt(peer->rtx_next, peer->snd_una))
            peer->rtx_next = peer->snd_una;
        if (peer->snd_una != peer->iss || peer->rtx_next == peer->snd_nxt)
            output_queue(peer);
        if (peer->rtx_at == NANOS_NEVER && (waits_for_window(peer) || peer->snd_una != peer->snd_nxt))
            peer->rtx_at = peer->now + peer->rto;
    }
    if (peer->ack_now && peer_has_connection(peer)) {
        if (answers_with_fin(peer))
            peer_emit(peer, TCP_FIN | TCP_ACK, peer->snd_end, 0);
        else
            peer_emit(peer, TCP_ACK, peer->snd_nxt, 0);
    }
    idle = peer_is(peer, PEER_KEEPALIVE) && peer->snd_una == peer->snd_nxt && !waits_for_window(peer) &&
           (peer->state == ESTABLISHED || peer->state == CLOSE_WAIT || peer->state == FIN_WAIT_2);
    if (!idle)
        peer->keepalive_at = NANOS_NEVER;
    else if (peer->keepalive_at == NANOS_NEVER)
        peer->keepalive_at = peer->now + peer->variant.keepalive;
}
