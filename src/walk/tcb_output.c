/* What our end sends next: numbers, window and options of every segment. */
#include "base/seq.h"
#include "walk/tcb.h"

/* RFC 2018 3: with timestamps there is room for three blocks. */
#define SACK_BLOCKS_SENT 3

/* A flight of our own is smaller than that many segments, unless the peer's MSS is tiny. */
#define RESETS_MAX 32

static void add_timestamps(struct tcb *tcb, uint32_t tick, struct segment *out)
{
    uint32_t tsval = tcb->settings.tsval + tick;

    if (!seq_lt(tcb->tsval_last, tsval))
        tsval = tcb->tsval_last + 1;
    tcb->tsval_last = tsval;
    out->options.present |= TCP_OPT_TIMESTAMPS;
    out->options.tsval = tsval;
    out->options.tsecr = (out->flags & TCP_ACK) ? tcb->ts_recent : 0;
}

static void add_syn_options(struct tcb *tcb, uint32_t tick, struct segment *out)
{
    uint8_t offered = tcb->settings.options;

    /* An answer offers only what was offered (RFC 7323 1.3 and 2.2, RFC 2018 2). */
    if (out->flags & TCP_ACK) {
        if (!tcb->scaling)
            offered &= (uint8_t)~TCP_OPT_WSCALE;
        if (!tcb->timestamps)
            offered &= (uint8_t)~TCP_OPT_TIMESTAMPS;
        if (!tcb->sack)
            offered &= (uint8_t)~TCP_OPT_SACK_PERMITTED;
    }
    out->options.present = offered & (TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_PERMITTED);
    out->options.mss = tcb->settings.mss;
    out->options.wscale = tcb->settings.wscale;
    if (offered & TCP_OPT_TIMESTAMPS)
        add_timestamps(tcb, tick, out);
}

static void add_sack(const struct tcb *tcb, struct segment *out)
{
    if (!tcb->sack || tcb->range_count == 0)
        return;
    out->options.present |= TCP_OPT_SACK;
    for (unsigned i = 0; i < tcb->range_count && i < SACK_BLOCKS_SENT; i++)
        out->options.sack[out->options.sack_count++] = tcb->ranges[i];
}

/*
 * Acknowledgements wait to be made by hand; so does the one that completes an open by hand. One that completes an open which
 * was asked for is part of that.
 */
static bool holds_acks(const struct tcb *tcb)
{
    return tcb->ack_sent ? tcb->hold_acks : tcb->syn_by_hand;
}

/* What the next segment acknowledges. */
static uint32_t ack_now(const struct tcb *tcb)
{
    return holds_acks(tcb) && tcb->ack_sent ? tcb->last_ack_sent : tcb->rcv_nxt;
}

bool tcb_peer_may_be_opening(const struct tcb *tcb)
{
    return tcb->irs_known && tcb->rcv_nxt == tcb->irs + 1 && !seq_lt(tcb->settings.iss + 1, tcb->snd_una);
}

/* The parts that every segment has. */
static void dress(struct tcb *tcb, uint32_t tick, struct segment *out)
{
    out->ttl = tcb->settings.ttl;
    if (out->flags & TCP_ACK)
        out->ack = ack_now(tcb);
    if (out->flags & TCP_SYN) {
        out->window = tcb->settings.window;
        add_syn_options(tcb, tick, out);
        return;
    }
    out->window = tcb_window_field(tcb); /* always the same: the application reads at once */
    if (tcb->timestamps && !(segment_has(out, TCP_RST) && tcb_peer_may_be_opening(tcb)))
        add_timestamps(tcb, tick, out);
    /* Not beside payload: a full segment has no room for it, and a bare ACK has said it already. */
    if (out->len == 0 && !(out->flags & TCP_RST))
        add_sack(tcb, out);
}

/* As dress(), for a segment that leaves now. */
static void dress_to_leave(struct tcb *tcb, uint32_t tick, struct segment *out)
{
    dress(tcb, tick, out);
    if (out->flags & TCP_ACK) {
        tcb->last_ack_sent = out->ack;
        tcb->ack_sent = true;
        tcb->ack_due = tcb->ack_due && out->ack != tcb->rcv_nxt;
    }
}

void tcb_compose(struct tcb *tcb, uint32_t tick, struct segment *out)
{
    out->seq = segment_has(out, TCP_SYN) ? tcb->settings.iss : tcb->snd_max;
    dress(tcb, tick, out);
}

static bool output_answer_rst(struct tcb *tcb, struct segment *out)
{
    tcb->answer_rst_due = false;
    /* RFC 9293 3.10.7.3: <SEQ=SEG.ACK><CTL=RST>, bare as from a host that knows nothing of it */
    *out = (struct segment){.flags = TCP_RST, .seq = tcb->answer_rst_seq, .ttl = tcb->settings.ttl};
    return true;
}

static const struct chunk *chunk_at(const struct tcb *tcb, uint32_t seq)
{
    for (unsigned i = 0; i < tcb->chunk_count; i++)
        if (seq_le(tcb->chunks[i].seq, seq) && seq_lt(seq, tcb->chunks[i].seq + tcb->chunks[i].len))
            return &tcb->chunks[i];
    return NULL;
}

/* Where the segment that begins at seq ends, as far as segments are cut by size. */
static uint32_t boundary_after(const struct tcb *tcb, uint32_t seq)
{
    const struct chunk *chunk = chunk_at(tcb, seq);
    uint32_t left;

    if (!chunk)
        return seq + 1; /* our FIN's number */
    left = chunk->seq + chunk->len - seq;
    return seq + (left < tcb->snd_mss ? left : tcb->snd_mss);
}

/*
 * One RST for each number that can be the peer's RCV.NXT, since only an exact one ends the connection (RFC 5961 3.2):
 * from what it acknowledged, segment by segment, to all that we sent.
 */
static bool output_reset(struct tcb *tcb, uint32_t tick, struct segment *out)
{
    out->flags = tcb->irs_known ? TCP_RST | TCP_ACK : TCP_RST;
    out->seq = tcb->state == LISTEN ? 0 : tcb->reset_next; /* RFC 9293 3.10.7.1 */
    dress_to_leave(tcb, tick, out);
    tcb->resets_sent++;
    if (tcb->state == LISTEN || !seq_lt(out->seq, tcb->snd_max)) {
        tcb->reset_due = false;
        tcb->state = CLOSED;
        return true;
    }
    tcb->reset_next = boundary_after(tcb, out->seq);
    if (tcb->resets_sent >= RESETS_MAX - 1 || seq_lt(tcb->snd_max, tcb->reset_next))
        tcb->reset_next = tcb->snd_max;
    return true;
}

static bool output_syn(struct tcb *tcb, uint32_t tick, struct segment *out, bool *retransmission)
{
    tcb->syn_due = false;
    if (tcb->state == CLOSED)
        tcb->state = SYN_SENT;
    else if (tcb->state == LISTEN)
        tcb->state = SYN_RECEIVED;
    *retransmission = tcb->snd_max != tcb->settings.iss;
    out->seq = tcb->settings.iss;
    out->flags = tcb->state == SYN_RECEIVED ? TCP_SYN | TCP_ACK : TCP_SYN;
    dress_to_leave(tcb, tick, out);
    tcb->snd_nxt = tcb->snd_max = tcb->settings.iss + 1;
    return true;
}

/* How many bytes the peer's window and ours of congestion leave. */
static uint32_t room(const struct tcb *tcb)
{
    uint32_t limit = tcb->snd_wnd < tcb->cwnd ? tcb->snd_wnd : tcb->cwnd;
    uint32_t flying = tcb->snd_nxt - tcb->snd_una;

    if (tcb->snd_wnd == 0)
        return tcb->probe_due && flying == 0 ? 1 : 0;
    return flying < limit ? limit - flying : 0;
}

static bool output_data(struct tcb *tcb, uint32_t tick, struct segment *out, const uint8_t **payload,
                        bool *retransmission)
{
    const struct chunk *chunk = chunk_at(tcb, tcb->snd_nxt);
    uint32_t offset, len, allowed;

    while (chunk && chunk->by_hand) {
        tcb->snd_nxt = chunk->seq + chunk->len;
        chunk = chunk_at(tcb, tcb->snd_nxt);
    }
    if (!chunk)
        return false;
    offset = tcb->snd_nxt - chunk->seq;
    len = chunk->len - offset;
    allowed = room(tcb);
    if (len > tcb->snd_mss)
        len = tcb->snd_mss;
    if (len > allowed)
        len = allowed;
    if (len == 0)
        return false;
    tcb->probe_due = false;
    *payload = chunk->bytes + offset;
    *retransmission = seq_lt(tcb->snd_nxt, tcb->snd_max);
    out->seq = tcb->snd_nxt;
    out->len = len;
    out->flags = TCP_ACK;
    if (offset + len == chunk->len)
        out->flags |= TCP_PSH;
    dress_to_leave(tcb, tick, out);
    tcb->snd_nxt += len;
    tcb->snd_max = seq_max(tcb->snd_max, tcb->snd_nxt);
    return true;
}

static bool output_fin(struct tcb *tcb, uint32_t tick, struct segment *out, bool *retransmission)
{
    if (tcb->fin_by_hand && tcb->snd_nxt == tcb->fin_seq)
        tcb->snd_nxt = tcb->fin_seq + 1;
    if (!tcb->fin_queued || tcb->fin_acked || tcb->fin_by_hand || tcb->snd_nxt != tcb->fin_seq)
        return false;
    *retransmission = tcb->fin_sent;
    out->seq = tcb->fin_seq;
    out->flags = TCP_FIN | TCP_ACK;
    dress_to_leave(tcb, tick, out);
    tcb_fin_left(tcb, false);
    return true;
}

bool tcb_output(struct tcb *tcb, uint32_t tick, struct segment *out, const uint8_t **payload, bool *retransmission)
{
    *out = (struct segment){0};
    *payload = NULL;
    *retransmission = false;
    if (tcb->answer_rst_due)
        return output_answer_rst(tcb, out);
    if (tcb->reset_due)
        return output_reset(tcb, tick, out);
    if ((tcb->state == CLOSED || tcb->state == LISTEN) && !tcb->syn_due)
        return false;
    if (tcb->syn_due)
        return output_syn(tcb, tick, out, retransmission);
    if (tcb->state == SYN_SENT)
        return false;
    /* The open is completed by an ACK of its own, so that it can be seen by itself. */
    bool ack_due = tcb->ack_due && !holds_acks(tcb);

    if (!ack_due && tcb->state != SYN_RECEIVED) {
        if (output_data(tcb, tick, out, payload, retransmission))
            return true;
        if (output_fin(tcb, tick, out, retransmission))
            return true;
    }
    if (!ack_due)
        return false;
    out->seq = tcb->snd_max;
    out->flags = TCP_ACK;
    dress_to_leave(tcb, tick, out);
    return true;
}
