/* The model peer's side of RFC 9293 3.10.7.4, step by step. */
#include <string.h>

#include "base/seq.h"
#include "peer.h"

static bool process(struct peer *peer, const struct segment *segment, bool again);

/* What the fifth step makes of a segment. */
enum ack_verdict {
    ACK_REFUSED, /* dropped: nothing in it counts */
    ACK_READ,    /* its acknowledgement counts, the rest does not */
    ACK_TAKEN,
};

static bool in_window(const struct peer *peer, uint32_t seq)
{
    return seq - peer->rcv_nxt < peer_rcv_wnd(peer);
}

/* First step: the table of 3.4. */
static bool acceptable(const struct peer *peer, const struct segment *segment)
{
    uint32_t span = segment_span(segment), wnd = peer_rcv_wnd(peer);

    /* Nobody takes a copy of the SYN for a new one. */
    if (peer_is(peer, PEER_LENIENT_WINDOW) && !(segment->flags & TCP_SYN) && !peer_keeps_little(peer))
        return seq_le(peer->last_ack_sent, segment->seq + span) && seq_le(segment->seq, peer->rcv_nxt + wnd);
    if (wnd == 0)
        return span == 0 && segment->seq == peer->rcv_nxt;
    if (span == 0)
        return in_window(peer, segment->seq);
    return in_window(peer, segment->seq) || in_window(peer, segment->seq + span - 1);
}

void peer_answer(struct peer *peer, const struct segment *segment)
{
    bool text = segment_span(segment) > 0 && !(segment->flags & TCP_SYN);

    if (peer->state == TIME_WAIT && peer_is(peer, PEER_WAIT_QUIET) && segment_span(segment) == 0)
        return;
    if (peer->state == CLOSE_WAIT && peer_is(peer, PEER_PROXY))
        return;
    if (peer_is(peer, PEER_QUIET_ANSWERS) && !(text && peer_is(peer, PEER_QUIET_NOT_TEXT))) {
        if (peer->now < peer->quiet_until)
            return;
        peer->quiet_until = peer->now + 500 * NANOS_PER_MS;
    }
    peer->ack_now = true;
    if (text && seq_lt(segment->seq, peer->rcv_nxt)) {
        uint32_t end = segment->seq + segment_span(segment);
        peer_twice(peer, segment->seq, seq_lt(end, peer->rcv_nxt) ? end : peer->rcv_nxt);
    }
}

static bool stuck(const struct peer *peer, const struct segment *segment)
{
    if (peer->state != SYN_RECEIVED)
        return false;
    if (peer_is(peer, PEER_QUEUE_FULL) && peer->now < peer->variant.queue_free)
        return true;
    return peer_is(peer, PEER_DEFER) && segment_span(segment) == 0;
}

/* RFC 7323 5.3, R1 and R3. False when the segment is to be dropped. */
static bool timestamps(struct peer *peer, const struct segment *segment)
{
    if (!peer->ts_on || (segment->flags & TCP_RST))
        return true;
    if (!(segment->options.present & TCP_OPT_TIMESTAMPS))
        return peer_is(peer, PEER_TS_LAX);
    if (!seq_lt(segment->options.tsval, peer->ts_recent))
        return true;
    peer_answer(peer, segment);
    return false;
}

void peer_remember_timestamp(struct peer *peer, const struct segment *segment)
{
    if (!peer->ts_on || !(segment->options.present & TCP_OPT_TIMESTAMPS) || (segment->flags & TCP_RST))
        return;
    if (stuck(peer, segment) && !peer_is(peer, PEER_STUCK_ECHOES))
        return;
    if (seq_le(peer->ts_recent, segment->options.tsval) && seq_le(segment->seq, peer->last_ack_sent))
        peer->ts_recent = segment->options.tsval;
}

/* Second step: RST, with RFC 5961's exact number. */
static void input_rst(struct peer *peer, const struct segment *segment)
{
    if (segment->seq == peer->rcv_nxt || peer_is(peer, PEER_RST_IN_WINDOW))
        peer_gone(peer);
    else
        peer_answer(peer, segment);
}

/* Fourth step: a SYN in the window. In SYN-RECEIVED a passive open returns to LISTEN. */
static void input_syn(struct peer *peer, const struct segment *segment)
{
    if (peer->state == SYN_RECEIVED && !peer->active) {
        peer_gone(peer);
        if (peer_is(peer, PEER_SYN_SAYS_RST))
            peer_refuse(peer, segment);
    } else if (peer_is(peer, PEER_SYN_RESETS)) {
        uint32_t seq = peer->snd_nxt, ack = peer->rcv_nxt;
        peer_gone(peer);
        peer_emit_rst(peer, TCP_RST | TCP_ACK, seq, ack);
    } else {
        peer_answer(peer, segment);
    }
}

/* The window of an acceptable acknowledgement (3.10.7.4, fifth step, ESTABLISHED). */
static void update_window(struct peer *peer, const struct segment *segment)
{
    if (seq_lt(segment->ack, peer->snd_una))
        return;
    if (seq_lt(peer->snd_wl1, segment->seq) ||
        (peer->snd_wl1 == segment->seq && seq_le(peer->snd_wl2, segment->ack))) {
        peer->snd_wnd = (uint32_t)segment->window << peer->snd_shift;
        peer->snd_wl1 = segment->seq;
        peer->snd_wl2 = segment->ack;
        if (peer->snd_wnd > peer->snd_wnd_max)
            peer->snd_wnd_max = peer->snd_wnd;
    }
}

/* SYN-RECEIVED's part of the fifth step. False when the segment goes no further. */
static bool ack_in_syn_received(struct peer *peer, const struct segment *segment)
{
    if (stuck(peer, segment)) {
        if (peer_is(peer, PEER_DEFER) && !peer->deferred) {
            /* Linux stays silent until the time of deferring is up. */
            peer->deferred = true;
            peer->rtx_at = peer->now + peer->variant.defer_for;
        }
        return false;
    }
    if (!seq_lt(peer->snd_una, segment->ack) || seq_lt(peer->snd_nxt, segment->ack)) {
        peer_refuse(peer, segment);
        return false;
    }
    peer_enter(peer, peer->early_fin ? CLOSE_WAIT : ESTABLISHED);
    peer->snd_wnd = (uint32_t)segment->window << peer->snd_shift;
    peer->snd_wl1 = segment->seq;
    peer->snd_wl2 = segment->ack;
    return true;
}

/* A segment without ACK goes no further, or is read as if there was nothing in it to acknowledge. */
static bool step_no_ack(const struct peer *peer)
{
    bool open = peer->state == ESTABLISHED || peer->state == FIN_WAIT_1 || peer->state == FIN_WAIT_2;

    return open && peer_is(peer, PEER_BARE_TAKEN);
}

/* Fifth step: the ACK field. */
static enum ack_verdict step_ack(struct peer *peer, const struct segment *segment)
{
    bool fin_acked, far;

    if (!(segment->flags & TCP_ACK))
        return step_no_ack(peer) ? ACK_TAKEN : ACK_REFUSED;
    if (peer->state == SYN_RECEIVED && !ack_in_syn_received(peer, segment))
        return ACK_REFUSED;
    far = peer_is(peer, PEER_ACK_RANGE) && seq_lt(segment->ack, peer->snd_una - peer->snd_wnd_max);
    if (seq_lt(peer->snd_nxt, segment->ack) || far) {
        peer_answer(peer, segment);
        return ACK_REFUSED;
    }
    if (peer_is(peer, PEER_ECHOES_LATE))
        peer_remember_timestamp(peer, segment);
    if (seq_lt(peer->snd_una, segment->ack)) {
        peer_acked(peer, segment->ack);
    } else if (segment->ack == peer->snd_una && peer->snd_una != peer->snd_nxt && segment_span(segment) == 0) {
        /* RFC 5681 3.2: the third duplicate repeats the first segment. */
        if (++peer->dup_acks == 3) {
            peer->rtx_next = peer->snd_una;
            peer->repeated_fast = true;
        }
    }
    update_window(peer, segment);
    fin_acked = peer->fin_sent && seq_lt(peer->snd_end, peer->snd_una);
    switch (peer->state) {
    case FIN_WAIT_1:
        if (fin_acked)
            peer_enter(peer, FIN_WAIT_2);
        return ACK_TAKEN;
    case CLOSING:
        if (fin_acked)
            peer_enter(peer, TIME_WAIT);
        return ACK_READ;
    case LAST_ACK:
        if (fin_acked)
            peer_gone(peer);
        return ACK_READ;
    default:
        return ACK_TAKEN;
    }
}

static void ack_soon(struct peer *peer, bool may_wait)
{
    if (may_wait && peer_is(peer, PEER_DELACK) && peer->delack_at == NANOS_NEVER)
        peer->delack_at = peer->now + peer->variant.delack;
    else
        peer->ack_now = true;
}

/* RFC 9293 3.6.1: bytes that nobody will read. */
static void refuse_text(struct peer *peer, const struct segment *segment)
{
    peer_gone(peer);
    peer_refuse(peer, segment);
}

/* Seventh step: the text. False when it ended the connection. */
static bool step_text(struct peer *peer, const struct segment *segment)
{
    if (segment->len == 0)
        return true;
    if (peer->state != ESTABLISHED && peer->state != FIN_WAIT_1 && peer->state != FIN_WAIT_2)
        return true;
    if (peer->orphan) {
        refuse_text(peer, segment);
        return false;
    }
    peer->rcv_nxt += segment->len;
    peer->bytes_taken += segment->len;
    if (peer_is(peer, PEER_NO_READER))
        peer->unread += segment->len;
    ack_soon(peer, true);
    return true;
}

/* Eighth step: the FIN. */
static void step_fin(struct peer *peer)
{
    bool fin_acked = peer->fin_sent && seq_lt(peer->snd_end, peer->snd_una);

    if (peer->state == ESTABLISHED || peer->state == SYN_RECEIVED || peer->state == FIN_WAIT_1 ||
        peer->state == FIN_WAIT_2) {
        peer->rcv_nxt++;
        peer->got_fin = true;
    }
    ack_soon(peer, peer_is(peer, PEER_DELACK_FIN));
    switch (peer->state) {
    case SYN_RECEIVED:
    case ESTABLISHED:
        peer_enter(peer, CLOSE_WAIT);
        if (peer_is(peer, PEER_CLOSE_AT_FIN))
            peer_call_close(peer, true);
        break;
    case FIN_WAIT_1:
        peer_enter(peer, fin_acked ? TIME_WAIT : CLOSING);
        break;
    case FIN_WAIT_2:
    case TIME_WAIT:
        peer_enter(peer, TIME_WAIT);
        break;
    default:
        break;
    }
}

/* What was held and has become the next. */
static void release_held(struct peer *peer)
{
    for (unsigned i = 0; i < peer->held_count;) {
        struct segment next = peer->held[i];
        if (seq_lt(peer->rcv_nxt, next.seq)) {
            i++;
            continue;
        }
        peer->held[i] = peer->held[--peer->held_count];
        if (seq_lt(peer->rcv_nxt, next.seq + segment_span(&next)))
            process(peer, &next, true);
        if (!peer_has_connection(peer))
            return;
        i = 0;
    }
}

/* Beyond a gap: RFC 9293 says it should be held, RFC 5681 4.2 that it draws an ACK at once. */
static void beyond_gap(struct peer *peer, const struct segment *segment)
{
    uint32_t end = segment->seq + segment_span(segment);

    if (!peer_is(peer, PEER_HOLDS_GAPS) && step_ack(peer, segment) != ACK_TAKEN)
        return;
    if (peer->orphan && peer_is(peer, PEER_CLOSE_RESETS) && segment->len > 0) {
        refuse_text(peer, segment);
        return;
    }
    for (unsigned i = 0; i < peer->held_count; i++)
        if (seq_le(peer->held[i].seq, segment->seq) && seq_le(end, peer->held[i].seq + segment_span(&peer->held[i])))
            peer_twice(peer, segment->seq, end);
    if (!peer_is(peer, PEER_DROPS_GAPS) && peer->held_count < PEER_HELD)
        peer->held[peer->held_count++] = *segment;
    if (!(peer->state == SYN_RECEIVED && stuck(peer, segment)))
        peer->ack_now = true;
}

/* The idealised segment: begins at RCV.NXT and does not exceed the window. */
static struct segment trim(const struct peer *peer, const struct segment *segment)
{
    struct segment out = *segment;
    uint32_t wnd = peer_rcv_wnd(peer), old;

    if (seq_lt(out.seq, peer->rcv_nxt)) {
        old = peer->rcv_nxt - out.seq;
        out.seq = peer->rcv_nxt;
        if (old > out.len)
            out.flags &= (uint8_t)~TCP_FIN;
        out.len = old < out.len ? out.len - old : 0;
    }
    if (out.len >= wnd && segment_span(&out) > wnd) {
        out.len = wnd;
        out.flags &= (uint8_t)~TCP_FIN;
    }
    return out;
}

/* The sixth step and those after it, for what came with a SYN. */
void peer_input_rest(struct peer *peer, const struct segment *segment)
{
    struct segment rest = *segment;

    if (rest.flags & TCP_SYN)
        rest.seq++;
    if (peer->state != ESTABLISHED && peer->state != SYN_RECEIVED)
        return;
    if (rest.len > 0 && !peer_is(peer, PEER_SYN_TEXT))
        return;
    rest = trim(peer, &rest);
    peer->rcv_nxt += rest.len;
    peer->bytes_taken += rest.len;
    if (!(rest.flags & TCP_FIN) || !peer_is(peer, PEER_SYN_FIN))
        return;
    peer->got_fin = true;
    peer->rcv_nxt++;
    peer->early_fin = true;
    if (peer->state == ESTABLISHED || !peer_is(peer, PEER_SYN_FIN_WAITS))
        peer_enter(peer, CLOSE_WAIT);
}

/* False when it was refused. */
static bool process(struct peer *peer, const struct segment *segment, bool again)
{
    struct segment ideal = trim(peer, segment);
    uint32_t expected = peer->rcv_nxt;
    enum ack_verdict verdict = ACK_TAKEN;

    if (again && peer->state == SYN_RECEIVED)
        return false;
    if (!again || peer_is(peer, PEER_HOLDS_GAPS))
        verdict = step_ack(peer, &ideal);
    if (verdict == ACK_READ && ideal.len > 0 && peer->orphan && peer_is(peer, PEER_CLOSE_RESETS) &&
        !peer_is(peer, PEER_MINISOCK) && peer_has_connection(peer))
        refuse_text(peer, segment);
    if (verdict != ACK_TAKEN)
        return verdict != ACK_REFUSED;
    if (!step_text(peer, &ideal))
        return true;
    if (ideal.len > 0 && !again && seq_lt(segment->seq, expected))
        peer_twice(peer, segment->seq, expected);
    if (ideal.flags & TCP_FIN)
        step_fin(peer);
    if (segment_span(&ideal) > 0 && !again)
        release_held(peer);
    return true;
}

/* An acceptable segment. One with nothing but old numbers is so only to the lenient, and is answered as others are. */
static void process_new(struct peer *peer, const struct segment *segment)
{
    bool old = segment_span(segment) > 0 && seq_le(segment->seq + segment_span(segment), peer->rcv_nxt);

    if (process(peer, segment, false) && old && peer_has_connection(peer))
        peer_answer(peer, segment);
}

static void not_acceptable(struct peer *peer, const struct segment *segment)
{
    bool behind_fin = peer->got_fin && segment->seq + 1 == peer->rcv_nxt, old = seq_lt(segment->seq, peer->rcv_nxt);
    bool open = peer->state != SYN_RECEIVED && peer->state != TIME_WAIT;

    if (segment->flags & TCP_RST) {
        if ((behind_fin && peer_is(peer, PEER_RST_BEFORE)) || (!old && open && peer_is(peer, PEER_RST_BEYOND)))
            peer_gone(peer);
        return;
    }
    if (peer->state == SYN_RECEIVED && (segment->flags & TCP_SYN) && peer_is(peer, PEER_SYN_ANSWERED)) {
        peer_emit_syn_ack(peer);
        return;
    }
    if (peer->state == TIME_WAIT && (segment->flags & TCP_FIN))
        peer_enter(peer, TIME_WAIT);
    peer_answer(peer, segment);
    if (segment->flags & TCP_SYN)
        return;
    if (peer->state == SYN_RECEIVED) {
        /* The ACK that answers it is then one of the next state; a RST is an answer by itself. */
        if (old && (segment->flags & TCP_ACK) && peer_is(peer, PEER_OLD_OPENS) &&
            step_ack(peer, segment) == ACK_REFUSED)
            peer->ack_now = false;
        return;
    }
    /* "Special allowance should be made to accept valid ACKs" at a shut window; BSDs read them in any old
     * segment. */
    bool shut = peer_rcv_wnd(peer) == 0 && segment->seq == peer->rcv_nxt;
    if (shut || (old && peer_is(peer, PEER_TRIMS_OLD)))
        step_ack(peer, segment);
}

/* RFC 9293 3.6.1: a SYN beyond what the old connection had. */
static bool reopens(const struct peer *peer, const struct segment *segment)
{
    return peer->state == TIME_WAIT && peer_is(peer, PEER_REOPENS) && !peer->active &&
           !peer_is(peer, PEER_LISTENS_ONCE) && (segment->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN &&
           seq_lt(peer->rcv_nxt, segment->seq);
}

/* What has neither SYN, RST nor ACK, and is not read at all. */
static bool unread(const struct peer *peer, const struct segment *segment)
{
    if ((segment->flags & (TCP_SYN | TCP_RST | TCP_ACK)) || peer_keeps_little(peer))
        return false;
    if (peer->state == SYN_RECEIVED)
        return peer_is(peer, PEER_NULL_QUIET_ENDS);
    return peer_is(peer, PEER_NULL_QUIET) || (peer->state == TIME_WAIT && peer_is(peer, PEER_NULL_QUIET_ENDS));
}

void peer_input_connected(struct peer *peer, const struct segment *given)
{
    struct segment segment = *given;

    peer->keepalives = 0;
    if (peer->keepalive_at != NANOS_NEVER)
        peer->keepalive_at = peer->now + peer->variant.keepalive;
    if (reopens(peer, given)) {
        peer_gone(peer);
        peer_input_listen(peer, given);
        return;
    }
    if (unread(peer, given) || peer_input_proxy(peer, given) || peer_input_minisock(peer, given))
        return;
    if (!timestamps(peer, &segment))
        return;
    if (!acceptable(peer, &segment)) {
        not_acceptable(peer, &segment);
        return;
    }
    if ((segment.flags & TCP_SYN) && seq_lt(segment.seq, peer->rcv_nxt) && peer_is(peer, PEER_TRIMS_SYN)) {
        segment.flags &= (uint8_t)~TCP_SYN;
        segment.seq++;
    }
    if (!peer_is(peer, PEER_ECHOES_LATE))
        peer_remember_timestamp(peer, &segment);
    if (segment.flags & TCP_RST)
        input_rst(peer, &segment);
    else if (segment.flags & TCP_SYN)
        input_syn(peer, &segment);
    else if (seq_lt(peer->rcv_nxt, segment.seq) && segment_span(&segment) > 0)
        beyond_gap(peer, &segment);
    else
        process_new(peer, &segment);
}
