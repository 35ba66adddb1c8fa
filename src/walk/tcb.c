#include "walk/tcb.h"

#include "base/seq.h"

void tcb_init(struct tcb *tcb, const struct tcb_settings *settings)
{
    uint16_t most = settings->send_mss ? settings->send_mss : settings->mss;

    *tcb = (struct tcb){
        .settings = *settings,
        .state = CLOSED,
        .snd_una = settings->iss,
        .snd_nxt = settings->iss,
        .snd_max = settings->iss,
        .queued_end = settings->iss + 1,
        .snd_mss = most,
        .tsval_last = settings->tsval - 1,
    };
}

uint32_t tcb_initial_window(const struct tcb *tcb)
{
    uint32_t mss = tcb->snd_mss, most = 2 * mss > 14600 ? 2 * mss : 14600;

    if (tcb->syn_repeated)
        return mss;
    return 10 * mss < most ? 10 * mss : most;
}

void tcb_open(struct tcb *tcb)
{
    tcb->syn_due = true; /* SYN-SENT begins when it leaves */
}

void tcb_listen(struct tcb *tcb)
{
    tcb->state = LISTEN;
}

void tcb_accept(struct tcb *tcb)
{
    tcb->accepting = true;
    if (tcb->state == LISTEN && tcb->irs_known)
        tcb->syn_due = true; /* SYN-RECEIVED begins when it leaves */
}

/* Forgets what the peer has acknowledged. */
static void drop_acknowledged(struct tcb *tcb)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < tcb->chunk_count; i++)
        if (seq_lt(tcb->snd_una, tcb->chunks[i].seq + tcb->chunks[i].len))
            tcb->chunks[kept++] = tcb->chunks[i];
    tcb->chunk_count = kept;
}

/* Adds a chunk at the end of what is queued. */
static bool add_chunk(struct tcb *tcb, const uint8_t *bytes, uint32_t len, bool by_hand)
{
    struct chunk *last = tcb->chunk_count > 0 ? &tcb->chunks[tcb->chunk_count - 1] : NULL;

    if (by_hand && last && last->by_hand && last->seq + last->len == tcb->queued_end) {
        last->len += len;
    } else {
        if (tcb->chunk_count == TCB_CHUNKS)
            drop_acknowledged(tcb);
        if (tcb->chunk_count == TCB_CHUNKS)
            return false;
        tcb->chunks[tcb->chunk_count++] = (struct chunk){bytes, len, tcb->queued_end, by_hand};
    }
    tcb->queued_end += len;
    return true;
}

bool tcb_send(struct tcb *tcb, const uint8_t *bytes, uint32_t len)
{
    return add_chunk(tcb, bytes, len, false);
}

void tcb_close(struct tcb *tcb)
{
    if (tcb->fin_queued)
        return;
    tcb->fin_queued = true;
    tcb->fin_seq = tcb->queued_end;
}

/* ---- by hand ---- */

/* Is there nothing that a second SYN could not begin again? After a refusal, or an exact RST to what was just opened. */
static bool can_begin_again(const struct tcb *tcb)
{
    return tcb->snd_max == tcb->settings.iss + 1 && !tcb->fin_sent && !tcb->its_fin_seen && !tcb->aborted;
}

/* A SYN with which the peer can begin a connection that is none of ours: tcb_abort() resets that. */
static void stray_syn_left(struct tcb *tcb, const struct segment *segment)
{
    tcb->syn_stray = true;
    tcb->syn_stray_seq = segment->seq;
}

static void syn_left(struct tcb *tcb, const struct segment *segment)
{
    bool first = tcb->snd_max == tcb->settings.iss;

    if (tcb->state == TIME_WAIT || (tcb->state == CLOSED && !first && !can_begin_again(tcb))) {
        stray_syn_left(tcb, segment);
        return;
    }
    if (tcb->state != CLOSED && tcb->state != LISTEN && tcb->state != SYN_SENT)
        return;
    if (first) {
        tcb->settings.iss = tcb->snd_una = segment->seq;
        tcb->snd_nxt = tcb->snd_max = tcb->queued_end = segment->seq + 1;
        tcb->syn_by_hand = true;
    } else if (segment->seq != tcb->settings.iss) {
        if (tcb->state == CLOSED)
            stray_syn_left(tcb, segment);
        return;
    }
    if (!segment_has(segment, TCP_ACK))
        tcb->state = SYN_SENT;
    else if (tcb->irs_known && segment->ack == tcb->irs + 1)
        tcb->state = SYN_RECEIVED;
}

/* Whatever is doubtful about it: the peer can have taken its numbers, and then it acknowledges them. */
static void note_hand_max(struct tcb *tcb, const struct segment *segment)
{
    uint32_t left = segment->seq + (segment_has(segment, TCP_SYN) ? 1 : 0), text_end = left + segment->len;
    uint32_t end = segment->seq + segment_span(segment);

    if (end == left || tcb->state == CLOSED || tcb->state == LISTEN)
        return;
    if (!tcb->hand_sent || seq_lt(tcb->hand_max, end))
        tcb->hand_max = end;
    tcb->hand_sent = true;
    if (segment_has(segment, TCP_FIN) && !tcb->fin_sent) {
        tcb->hand_fin = true;
        tcb->hand_fin_seq = text_end;
    }
}

/* Bytes and FIN that continue what was sent; those beyond a gap may be acknowledged once the gap is filled. */
static void text_left(struct tcb *tcb, const struct segment *segment)
{
    uint32_t left = segment->seq + (segment_has(segment, TCP_SYN) ? 1 : 0);
    uint32_t end = segment->seq + segment_span(segment), text_end = left + segment->len;
    bool fin = segment_has(segment, TCP_FIN), with_syn = segment_has(segment, TCP_SYN);

    if (end == left || tcb->state == CLOSED || tcb->state == LISTEN)
        return;
    note_hand_max(tcb, segment);
    if (tcb->fin_sent || seq_lt(tcb->snd_max, left) || tcb->queued_end != tcb->snd_max)
        return;
    if (seq_lt(tcb->snd_max, text_end) && !add_chunk(tcb, NULL, text_end - tcb->snd_max, true))
        return;
    tcb->snd_nxt = tcb->snd_max = seq_max(tcb->snd_max, text_end);
    if (fin && !with_syn && text_end == tcb->snd_max)
        tcb_fin_left(tcb, true);
}

void tcb_fin_left(struct tcb *tcb, bool by_hand)
{
    tcb->fin_queued = tcb->fin_sent = true;
    tcb->fin_by_hand = by_hand;
    tcb->hand_fin = false;
    if (by_hand)
        tcb->fin_seq = tcb->snd_max;
    tcb->snd_nxt = tcb->fin_seq + 1;
    tcb->snd_max = seq_max(tcb->snd_max, tcb->snd_nxt);
    if (tcb->state == ESTABLISHED || tcb->state == SYN_RECEIVED)
        tcb->state = FIN_WAIT_1;
    else if (tcb->state == CLOSE_WAIT)
        tcb->state = LAST_ACK;
}

void tcb_may_have_left_by_hand(struct tcb *tcb, const struct segment *segment)
{
    if (segment_has(segment, TCP_RST))
        return;
    if (segment_has(segment, TCP_SYN) && (tcb->state == CLOSED || tcb->state == TIME_WAIT))
        stray_syn_left(tcb, segment);
    note_hand_max(tcb, segment);
}

/* Can the peer have taken more than what we count as sent? */
static bool hand_beyond(const struct tcb *tcb)
{
    return tcb->hand_sent && seq_lt(tcb->snd_max, tcb->hand_max);
}

/*
 * A RST by hand ends the connection for us. Unless it is exact beyond doubt the peer may not have taken it: then what it still
 * sends is answered with RST, and where nothing comes tcb_abort() sends one for each number that can be exact.
 */
static void rst_left(struct tcb *tcb, const struct segment *segment)
{
    bool exact = segment->seq == tcb->snd_max && tcb->snd_una == tcb->snd_max && !hand_beyond(tcb);

    if (tcb->state == LISTEN && !(segment_has(segment, TCP_ACK) && tcb->irs_known && segment->ack == tcb->irs + 1))
        return; /* a peer in SYN-SENT takes only one that acknowledges its SYN (RFC 9293 3.10.7.3) */
    if (segment->seq != tcb->snd_max && segment->seq != tcb->snd_una && tcb->state != LISTEN)
        return;
    if (tcb->state != CLOSED && tcb->state != LISTEN && !exact)
        tcb->aborted = tcb->reset_may_miss = tcb->reset_doubtful = true;
    tcb->state = CLOSED;
}

void tcb_left_by_hand(struct tcb *tcb, const struct segment *segment)
{
    bool acks = segment_has(segment, TCP_ACK) && tcb->irs_known && seq_lt(tcb->irs, segment->ack) &&
                seq_le(segment->ack, tcb->rcv_nxt);

    if (segment_has(segment, TCP_RST)) {
        rst_left(tcb, segment);
        return;
    }
    if (segment_has(segment, TCP_SYN))
        syn_left(tcb, segment);
    if (acks) {
        tcb->last_ack_sent = tcb->ack_sent ? seq_max(tcb->last_ack_sent, segment->ack) : segment->ack;
        tcb->ack_sent = true;
        if (segment->ack == tcb->rcv_nxt)
            tcb->ack_due = false;
    }
    /* RFC 9293 3.10.7.4: without ACK a synchronized peer drops it, and takes nothing of it. */
    if (segment_has(segment, TCP_ACK) || segment_has(segment, TCP_SYN))
        text_left(tcb, segment);
}

void tcb_abort(struct tcb *tcb)
{
    bool fin_unanswered = tcb->its_fin_seen && !tcb->aborted && tcb->last_ack_sent != tcb->rcv_nxt;

    tcb->syn_due = false; /* a SYN that never left leaves nothing behind at the peer */
    if (tcb->syn_stray && (tcb->state == CLOSED || tcb->state == TIME_WAIT)) {
        tcb->answer_rst_due = true;
        tcb->answer_rst_seq = tcb->syn_stray_seq + 1;
        tcb->syn_stray = false;
    }
    if (((tcb->state == CLOSED || tcb->state == TIME_WAIT) && !fin_unanswered && !tcb->reset_doubtful) ||
        (tcb->state == LISTEN && !tcb->irs_known))
        return;
    tcb->reset_due = true;
    tcb->aborted = true;
    tcb->reset_may_miss = tcb->snd_max - tcb->snd_una > 1 || hand_beyond(tcb);
    tcb->reset_next = tcb->state == SYN_SENT ? tcb->settings.iss + 1 : tcb->snd_una;
}

void tcb_retransmit(struct tcb *tcb)
{
    tcb->cwnd = tcb->snd_mss;
    tcb->syn_repeated = tcb->syn_repeated || tcb->state == SYN_SENT || tcb->state == SYN_RECEIVED;
    if (tcb->state == SYN_SENT || tcb->state == SYN_RECEIVED)
        tcb->syn_due = !tcb->syn_by_hand;
    else
        tcb->snd_nxt = tcb->snd_una;
    tcb->probe_due = tcb->snd_wnd == 0;
}

bool tcb_reset_may_miss(const struct tcb *tcb)
{
    return tcb->aborted && tcb->reset_may_miss;
}

uint16_t tcb_window_field(const struct tcb *tcb)
{
    uint16_t units = (uint16_t)(tcb->settings.window >> tcb->rcv_shift);

    return units == 0 && tcb->settings.window != 0 ? 1 : units;
}

/* Is there a byte between SND.UNA and what was sent that was not sent by hand? */
static bool owes_bytes(const struct tcb *tcb)
{
    for (unsigned i = 0; i < tcb->chunk_count; i++) {
        const struct chunk *chunk = &tcb->chunks[i];
        if (!chunk->by_hand && seq_lt(tcb->snd_una, chunk->seq + chunk->len) && seq_lt(chunk->seq, tcb->snd_max))
            return true;
    }
    return false;
}

bool tcb_unacknowledged(const struct tcb *tcb)
{
    if (tcb->state == CLOSED || tcb->state == TIME_WAIT || tcb->state == LISTEN)
        return false;
    if (tcb->snd_wnd == 0 && seq_lt(tcb->snd_max, tcb->queued_end))
        return true;
    if (tcb->snd_una == tcb->snd_max)
        return false;
    if (tcb->snd_una == tcb->settings.iss)
        return !tcb->syn_by_hand;
    return (tcb->fin_sent && !tcb->fin_acked && !tcb->fin_by_hand) || owes_bytes(tcb);
}

bool tcb_all_sent(const struct tcb *tcb)
{
    return !seq_lt(tcb->snd_max, tcb->queued_end) && (!tcb->fin_queued || tcb->fin_sent);
}
