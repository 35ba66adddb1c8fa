/* What an arriving segment does to our end: RFC 9293 3.10.7.3 (SYN-SENT) and 3.10.7.4 (all others). */
#include <string.h>

#include "base/seq.h"
#include "walk/tcb.h"

/* So many acknowledgements of what was never sent are answered. */
#define BAD_ACKS_ANSWERED 10

static uint32_t receive_window(const struct tcb *tcb)
{
    return (uint32_t)tcb_window_field(tcb) << tcb->rcv_shift;
}

/* Takes the options of its SYN: they hold only when we offered the same (RFC 7323 2.2, 3.2; RFC 2018 2). */
static void negotiate(struct tcb *tcb, const struct segment *segment)
{
    const struct tcp_options *options = &segment->options;
    uint8_t both = options->present & tcb->settings.options;

    if ((options->present & TCP_OPT_MSS) && options->mss > 0 && options->mss < tcb->snd_mss)
        tcb->snd_mss = options->mss;
    else if (!(options->present & TCP_OPT_MSS) && tcb->snd_mss > 536)
        tcb->snd_mss = 536; /* RFC 9293 3.7.1: what to assume without the option */
    if (both & TCP_OPT_WSCALE) {
        tcb->scaling = true;
        tcb->snd_shift = options->wscale > 14 ? 14 : options->wscale;
        tcb->rcv_shift = tcb->settings.wscale;
    }
    tcb->sack = (both & TCP_OPT_SACK_PERMITTED) != 0;
    tcb->timestamps = (both & TCP_OPT_TIMESTAMPS) != 0;
    if (tcb->timestamps) {
        tcb->ts_recent = options->tsval;
        tcb->snd_mss = tcb->snd_mss > 12 ? (uint16_t)(tcb->snd_mss - 12) : 1;
    }
    tcb->cwnd = tcb_initial_window(tcb);
}

static void take_syn(struct tcb *tcb, const struct segment *segment)
{
    bool again = tcb->irs_known && tcb->irs == segment->seq;

    tcb->irs_known = true;
    tcb->irs = segment->seq;
    tcb->rcv_nxt = segment->seq + 1;
    if (!again)
        negotiate(tcb, segment);
}

static void take_window(struct tcb *tcb, const struct segment *segment)
{
    uint8_t shift = segment_has(segment, TCP_SYN) ? 0 : tcb->snd_shift;

    if (seq_lt(tcb->snd_wl1, segment->seq) || segment_has(segment, TCP_SYN) ||
        (tcb->snd_wl1 == segment->seq && seq_le(tcb->snd_wl2, segment->ack))) {
        bool was_shut = tcb->snd_wnd == 0;
        tcb->snd_wnd = (uint32_t)segment->window << shift;
        /* What went into the shut window as a probe was not taken: it leads what goes out now. */
        if (was_shut && tcb->snd_wnd > 0 && seq_lt(tcb->snd_una, tcb->snd_nxt))
            tcb->snd_nxt = tcb->snd_una;
        tcb->snd_wl1 = segment->seq;
        tcb->snd_wl2 = segment->ack;
    }
}

/* 3.10.7.4 "First, check sequence number": does any of it fall into our window? */
static bool acceptable(const struct tcb *tcb, const struct segment *segment)
{
    uint32_t span = segment_span(segment), window = receive_window(tcb);
    uint32_t last = segment->seq + (span ? span - 1 : 0);
    uint32_t into = segment->seq - tcb->rcv_nxt, last_into = last - tcb->rcv_nxt;

    if (window == 0)
        return span == 0 && segment->seq == tcb->rcv_nxt;
    return into < window || last_into < window;
}

static unsigned input_rst(struct tcb *tcb, const struct segment *segment)
{
    if (segment->seq == tcb->rcv_nxt) {
        tcb->aborted = true;
        tcb->ack_due = false;
        tcb->state = CLOSED;
        return TCB_RESET;
    }
    if (segment->seq - tcb->rcv_nxt < receive_window(tcb)) {
        tcb->ack_due = true; /* RFC 5961 3.2: a challenge, which a peer without the connection resets exactly */
        return TCB_RST_DOUBTED;
    }
    return TCB_OUTSIDE;
}

/* A segment outside the window: its numbers are old, or it is not ours. It is acknowledged (3.10.7.4). */
static unsigned input_unacceptable(struct tcb *tcb, const struct segment *segment)
{
    uint32_t end = segment->seq + segment_span(segment);

    if (segment_has(segment, TCP_SYN) && segment->seq != tcb->irs) {
        tcb->ack_due = true;
        return TCB_OTHER_ISN;
    }
    if (tcb->accepting && tcb->state == SYN_RECEIVED && segment_has(segment, TCP_SYN)) {
        tcb->syn_due = true; /* our SYN-ACK was lost: in SYN-SENT nothing else would help it */
        return TCB_REPEATED;
    }
    /* Only what asks for an answer gets one, or two such ends would acknowledge each other for ever. */
    if (segment_span(segment) > 0 || segment->seq == tcb->rcv_nxt - 1)
        tcb->ack_due = true;
    if (segment_has(segment, TCP_SYN) && (segment->options.present & TCP_OPT_TIMESTAMPS) && tcb->timestamps &&
        seq_lt(tcb->ts_recent, segment->options.tsval) && tcb->rcv_nxt == tcb->irs + 1)
        tcb->ts_recent = segment->options.tsval; /* Linux from 6.15 on wants the TSval of a SYN-ACK echoed */
    return seq_le(end, tcb->rcv_nxt) ? TCB_REPEATED : TCB_OUTSIDE;
}

static void leave_after_fin_acked(struct tcb *tcb)
{
    if (tcb->state == FIN_WAIT_1)
        tcb->state = FIN_WAIT_2;
    else if (tcb->state == CLOSING)
        tcb->state = TIME_WAIT;
    else if (tcb->state == LAST_ACK) {
        tcb->ack_due = false; /* nobody is left to hear it */
        tcb->state = CLOSED;
    }
}

/* It acknowledges what was sent by hand beyond a gap: the gap is filled, so all of it counts as sent. */
static void take_hand_sent(struct tcb *tcb, uint32_t ack)
{
    if (!tcb->hand_sent || !seq_lt(tcb->snd_max, ack) || seq_lt(tcb->hand_max, ack))
        return;
    if (tcb->hand_fin && seq_lt(tcb->hand_fin_seq, ack)) {
        tcb->snd_max = tcb->hand_fin_seq;
        tcb_fin_left(tcb, true);
    }
    tcb->snd_nxt = tcb->snd_max = seq_max(tcb->snd_max, ack);
    tcb->queued_end = seq_max(tcb->queued_end, tcb->fin_sent ? tcb->fin_seq : ack);
}

/* "Fifth, check the ACK field": false when the segment is to be dropped. */
static bool input_ack(struct tcb *tcb, const struct segment *segment, unsigned *effects)
{
    take_hand_sent(tcb, segment->ack);
    if (seq_lt(tcb->snd_max, segment->ack)) {
        /* Answered, but not for ever: the other end may take the answer for no better (RFC 5961 7). */
        tcb->ack_due = tcb->ack_due || tcb->bad_acks++ < BAD_ACKS_ANSWERED;
        *effects |= TCB_BAD_ACK;
        return false;
    }
    if (tcb->state == SYN_RECEIVED) {
        if (!seq_lt(tcb->snd_una, segment->ack)) {
            tcb->answer_rst_due = true;
            tcb->answer_rst_seq = segment->ack;
            *effects |= TCB_BAD_ACK;
            return false;
        }
        tcb->state = ESTABLISHED;
        *effects |= TCB_OPENED;
    }
    if (seq_lt(tcb->snd_una, segment->ack)) {
        tcb->snd_una = segment->ack;
        tcb->cwnd += tcb->snd_mss;
        if (seq_lt(tcb->snd_nxt, tcb->snd_una))
            tcb->snd_nxt = tcb->snd_una;
        *effects |= TCB_PROGRESS;
    }
    if (!seq_lt(segment->ack, tcb->snd_una))
        take_window(tcb, segment);
    if (tcb->fin_sent && !tcb->fin_acked && tcb->snd_una == tcb->fin_seq + 1) {
        tcb->fin_acked = true;
        *effects |= TCB_FIN_ACKED;
        leave_after_fin_acked(tcb);
    }
    return true;
}

/* Remembers bytes beyond a gap, newest first (RFC 2018 4). */
static void add_range(struct tcb *tcb, uint32_t left, uint32_t right)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < tcb->range_count; i++) {
        struct sack_block range = tcb->ranges[i];
        if (seq_lt(range.right, left) || seq_lt(right, range.left)) {
            tcb->ranges[kept++] = range;
        } else {
            left = seq_lt(range.left, left) ? range.left : left;
            right = seq_max(range.right, right);
        }
    }
    if (kept == TCB_RANGES)
        kept--; /* the oldest is forgotten; the peer will send it again */
    for (unsigned i = kept; i > 0; i--)
        tcb->ranges[i] = tcb->ranges[i - 1];
    tcb->ranges[0] = (struct sack_block){left, right};
    tcb->range_count = kept + 1;
}

/* Moves RCV.NXT over everything that is there in one piece. */
static void join_ranges(struct tcb *tcb)
{
    bool moved;

    do {
        moved = false;
        for (unsigned i = 0; i < tcb->range_count; i++) {
            if (seq_lt(tcb->rcv_nxt, tcb->ranges[i].left))
                continue;
            tcb->rcv_nxt = seq_max(tcb->rcv_nxt, tcb->ranges[i].right);
            tcb->range_count--;
            memmove(&tcb->ranges[i], &tcb->ranges[i + 1], (tcb->range_count - i) * sizeof(tcb->ranges[0]));
            moved = true;
            break;
        }
    } while (moved);
}

static void take_fin(struct tcb *tcb, unsigned *effects)
{
    *effects |= TCB_ITS_FIN;
    tcb->its_fin_seen = true;
    if (tcb->state == ESTABLISHED)
        tcb->state = CLOSE_WAIT;
    else if (tcb->state == FIN_WAIT_1)
        tcb->state = CLOSING;
    else if (tcb->state == FIN_WAIT_2)
        tcb->state = TIME_WAIT;
}

/* "Seventh, process the segment text" and "eighth, check the FIN bit". */
static void input_text(struct tcb *tcb, const struct segment *segment, unsigned *effects)
{
    uint32_t left = segment->seq + ((segment->flags & TCP_SYN) ? 1 : 0);
    uint32_t right = left + segment->len;
    uint32_t limit = tcb->rcv_nxt + receive_window(tcb);
    uint32_t before = tcb->rcv_nxt;
    bool had_fin = tcb->its_fin_seen;
    bool fin = segment_has(segment, TCP_FIN) && seq_le(right, limit); /* one beyond the window is not taken */

    if (segment_span(segment) == 0)
        return;
    tcb->ack_due = true;
    if (had_fin) {
        *effects |= TCB_REPEATED;
        return;
    }
    if (seq_lt(limit, right))
        right = limit;
    if (fin)
        tcb->its_fin_seq = right;
    if (seq_lt(tcb->rcv_nxt, left)) {
        *effects |= TCB_GAP;
        add_range(tcb, left, fin ? right + 1 : right);
        tcb->fin_beyond_gap = tcb->fin_beyond_gap || fin;
        return;
    }
    tcb->rcv_nxt = seq_max(tcb->rcv_nxt, right);
    if (fin) {
        tcb->rcv_nxt = tcb->its_fin_seq + 1;
        take_fin(tcb, effects);
    }
    join_ranges(tcb);
    if (!tcb->its_fin_seen && tcb->fin_beyond_gap && tcb->rcv_nxt == tcb->its_fin_seq + 1)
        take_fin(tcb, effects);
    uint32_t bytes = tcb->rcv_nxt - before - (tcb->its_fin_seen ? 1 : 0);
    tcb->bytes_in += bytes;
    if (bytes > 0)
        *effects |= TCB_DATA;
    else if (!(*effects & TCB_ITS_FIN))
        *effects |= TCB_REPEATED;
}

/* 3.10.7.3 */
static unsigned input_syn_sent(struct tcb *tcb, const struct segment *segment)
{
    bool has_ack = segment_has(segment, TCP_ACK);
    unsigned effects;

    if (has_ack && segment_has(segment, TCP_RST))
        take_hand_sent(tcb, segment->ack); /* with a SYN by hand a FIN can have left, and CLOSED counts it */
    if (has_ack && (seq_le(segment->ack, tcb->settings.iss) || seq_lt(tcb->snd_max, segment->ack))) {
        if (!segment_has(segment, TCP_RST)) {
            tcb->answer_rst_due = true;
            tcb->answer_rst_seq = segment->ack;
        }
        return TCB_BAD_ACK;
    }
    if (segment_has(segment, TCP_RST)) {
        if (!has_ack)
            return TCB_NO_ACK;
        tcb->ack_due = false;
        tcb->state = CLOSED;
        return TCB_REFUSED;
    }
    if (!segment_has(segment, TCP_SYN))
        return has_ack ? TCB_OUTSIDE : TCB_NO_ACK;
    take_syn(tcb, segment);
    if (!has_ack) {
        take_window(tcb, segment);
        tcb->state = SYN_RECEIVED;
        tcb->syn_due = !tcb->syn_by_hand;
        return 0;
    }
    take_window(tcb, segment);
    tcb->snd_una = segment->ack;
    tcb->snd_nxt = tcb->snd_max;
    tcb->state = tcb->fin_sent ? FIN_WAIT_1 : ESTABLISHED; /* a FIN by hand can have left before */
    tcb->ack_due = true;
    tcb->syn_due = false;
    effects = TCB_OPENED | TCB_PROGRESS;
    if (segment->len > 0 || segment_has(segment, TCP_FIN))
        input_text(tcb, segment, &effects);
    return effects;
}

/* 3.10.7.2 */
static unsigned input_listen(struct tcb *tcb, const struct segment *segment)
{
    if (segment_has(segment, TCP_RST))
        return 0;
    if (segment_has(segment, TCP_ACK)) {
        tcb->answer_rst_due = true;
        tcb->answer_rst_seq = segment->ack;
        return TCB_BAD_ACK;
    }
    if (!segment_has(segment, TCP_SYN))
        return TCB_NO_ACK;
    if (tcb->irs_known && segment->seq == tcb->irs)
        return TCB_REPEATED;
    /* Whatever it brings beside the SYN is left for it to send again. */
    take_syn(tcb, segment);
    take_window(tcb, segment);
    tcb->syn_due = tcb->accepting;
    return TCB_ITS_SYN;
}

/* The SYN-ACK of a peer that opens at the same time lies one before the window, and counts (RFC 9293 3.5 figure 7). */
static bool is_crossing_syn_ack(const struct tcb *tcb, const struct segment *segment)
{
    return tcb->state == SYN_RECEIVED && segment_has(segment, TCP_SYN | TCP_ACK) && segment->seq == tcb->irs &&
           segment->ack == tcb->settings.iss + 1;
}

unsigned tcb_input(struct tcb *tcb, const struct segment *segment)
{
    unsigned effects = 0;

    if (tcb->state == CLOSED && tcb->aborted && segment_has(segment, TCP_ACK) && !segment_has(segment, TCP_RST)) {
        tcb->reset_doubtful = false; /* what it acknowledges is exact */
        tcb->answer_rst_due = true;  /* RFC 9293 3.10.7.1: there is no such connection any more */
        tcb->answer_rst_seq = segment->ack;
    }
    if (tcb->state == CLOSED)
        return 0;
    if (tcb->state == LISTEN)
        return input_listen(tcb, segment);
    if (tcb->state == SYN_SENT)
        return input_syn_sent(tcb, segment);
    if (segment_has(segment, TCP_RST))
        return tcb->state == TIME_WAIT ? TCB_OUTSIDE : input_rst(tcb, segment); /* RFC 1337: it changes nothing */
    if (is_crossing_syn_ack(tcb, segment)) {
        tcb->ack_due = true;
        input_ack(tcb, segment, &effects);
        return effects;
    }
    if (!acceptable(tcb, segment))
        return input_unacceptable(tcb, segment);
    /* RFC 9293 3.10.7.4: a SYN inside the window of a synchronized connection is challenged (RFC 5961 4) */
    if (segment_has(segment, TCP_SYN)) {
        tcb->ack_due = true;
        return TCB_OTHER_ISN;
    }
    if (!segment_has(segment, TCP_ACK))
        return TCB_NO_ACK;
    bool stamped = tcb->timestamps && (segment->options.present & TCP_OPT_TIMESTAMPS);
    if (stamped && seq_lt(segment->options.tsval, tcb->ts_recent)) { /* RFC 7323 5.3: PAWS */
        tcb->ack_due = tcb->ack_due || segment_span(segment) > 0;
        return TCB_REPEATED;
    }
    if (!input_ack(tcb, segment, &effects))
        return effects;
    if (stamped && seq_le(segment->seq, tcb->last_ack_sent) &&
        (segment_span(segment) > 0 || !tcb_peer_may_be_opening(tcb)))
        tcb->ts_recent = segment->options.tsval;
    if (tcb->state != CLOSED)
        input_text(tcb, segment, &effects);
    return effects;
}
