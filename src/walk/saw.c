/* What a walk makes of what was captured. */
#include <stddef.h>

#include "base/seq.h"
#include "walk/inside.h"

/* The capture clock has stepped back when a later capture is this much earlier. */
#define CLOCK_STEP NANOS_PER_MS

/* ---- our own segments, as they left ---- */

static bool is_same(const struct sent_segment *sent, const struct segment *segment)
{
    if (!sent->used || sent->seq != segment->seq || sent->flags != segment->flags)
        return false;
    if (segment_has(segment, TCP_ACK) && sent->ack != segment->ack)
        return false;
    return sent->loose || (sent->len == segment->len && sent->tsval == segment->options.tsval);
}

/* The record of a captured segment of ours: one not yet seen before one already seen. NULL: we never sent it. */
static struct sent_segment *find_sent(struct walk *walk, const struct segment *segment)
{
    struct sent_segment *seen = NULL;

    for (unsigned i = 0; i < SENT_MAX; i++) {
        struct sent_segment *sent = &walk->sent[(walk->sent_next + i) % SENT_MAX];
        if (!is_same(sent, segment))
            continue;
        if (!sent->captured)
            return sent;
        seen = sent;
    }
    return seen;
}

static void foreign_segment(struct walk *walk, const struct segment *segment, nanos at, nanos now)
{
    if (!segment_has(segment, TCP_RST)) {
        walk_note(walk, at, "foreign-segment",
                  "a segment of this connection left that tcpwalk did not send: another program uses the "
                  "same ports");
        return;
    }
    walk_note(walk, at, "foreign-rst", "a RST of this connection left that tcpwalk did not send");
    own_moves_tell(walk, NULL, false);
    events_local(walk, walk->tcb.state, CLOSED, REASON_OWN_RST_SENT, walk->segments, at);
    walk->tcb.state = CLOSED; /* the peer has been reset already */
    walk_settle(walk, OUTCOME_FAILED, STATUS_LOCAL, now,
                "this machine reset our connection behind our back (a RST left that we did not send); the guard "
                "did not hold");
}

static void stamp_sent(struct walk *walk, const struct segment *segment, nanos at)
{
    struct walk_stamps *stamps = &walk->stamps;

    if (stamps->ack == NANOS_NONE && stamps->syn_ack != NANOS_NONE && segment_has(segment, TCP_ACK))
        stamps->ack = at;
    if (stamps->fin == NANOS_NONE && segment_has(segment, TCP_FIN))
        stamps->fin = at;
    if (stamps->its_fin_acked == NANOS_NONE && walk->tcb.its_fin_seen && segment_has(segment, TCP_ACK) &&
        !segment_has(segment, TCP_RST) && segment->ack == walk->tcb.its_fin_seq + 1) {
        stamps->its_fin_acked = at;
        walk->our_fin_with_ack = segment_has(segment, TCP_FIN);
    }
}

static enum reason own_reason(const struct segment *segment, bool seen)
{
    if (segment_has(segment, TCP_RST))
        return seen ? REASON_OWN_RST_SENT : REASON_OWN_GIVEN_UP;
    if (segment_has(segment, TCP_SYN | TCP_ACK))
        return REASON_OWN_SYN_ACK_SENT;
    return segment_has(segment, TCP_SYN) ? REASON_OWN_OPEN : REASON_OWN_CLOSE;
}

/* Reports a change of our state that a segment of ours made. */
static void tell_own_move(struct walk *walk, struct sent_segment *sent, unsigned n, nanos at)
{
    const struct segment shape = {.flags = sent->flags};

    if (sent->from != sent->to && !sent->told)
        events_local(walk, sent->from, sent->to, own_reason(&shape, sent->captured), n, at);
    sent->told = true;
}

void own_moves_tell(struct walk *walk, const struct sent_segment *until, bool over)
{
    for (unsigned i = 0; i < SENT_MAX; i++) {
        struct sent_segment *sent = &walk->sent[(walk->sent_next + i) % SENT_MAX];
        if (sent == until)
            return;
        /* A RST may still be seen leaving, until something behind it is seen, or the walk is over. */
        if (sent->used && !sent->captured && (over || until || !(sent->flags & TCP_RST)))
            tell_own_move(walk, sent, 0, walk->stamps.last);
    }
}

static void saw_sent(struct walk *walk, const struct segment *segment, nanos at, nanos now)
{
    struct sent_segment *sent = find_sent(walk, segment);
    struct claim claims[CLAIMS_MAX];
    struct event_segment event = {.out = true, .segment = *segment};

    if (sent && sent->captured)
        return; /* the same copy captured twice */
    if (walk->stamps.first == NANOS_NONE)
        walk->stamps.first = at;
    if (walk->stamps.last == NANOS_NONE || at > walk->stamps.last)
        walk->stamps.last = at;
    event.n = ++walk->segments;
    event.t = at - walk->stamps.first;
    event.rel_seq = segment->seq - walk->tcb.settings.iss;
    event.has_rel_ack = segment_has(segment, TCP_ACK) && walk->tcb.irs_known;
    event.rel_ack = event.has_rel_ack ? segment->ack - walk->tcb.irs : 0;
    event.local = sent && !sent->told ? sent->to : walk->tcb.state;
    event.retransmission = sent && sent->retransmission;
    event.probe = sent ? sent->probe : PROBE_NONE;
    walk->counts.out++;
    walk->counts.retransmitted += event.retransmission ? 1 : 0;
    history_add(walk, segment, true, event.retransmission);
    events_segment(walk, &event);
    if (sent) {
        sent->captured = true;
        sent->at = at;
        walk->burst = 0;
        stamp_sent(walk, segment, at);
        own_moves_tell(walk, sent, false);
        tell_own_move(walk, sent, event.n, at);
    }
    if (event.n == 1)
        events_claims(walk, SIDE_PEER, &walk->belief.claim, 1);
    /* Whoever sent it: it has an effect on the peer. */
    bool doubtful = sent && sent->doubtful;
    unsigned count = doubtful ? belief_sent_doubtful(&walk->belief, segment, event.n, at, claims)
                              : belief_sent(&walk->belief, segment, event.n, at, claims);
    events_claims(walk, SIDE_PEER, claims, count);
    walk->probing.moved = walk->probing.moved || count > 0;
    if (!sent)
        foreign_segment(walk, segment, at, now);
}

/* ---- the peer's ---- */

/*
 * The round trip that an acknowledgement closes: to the copy whose timestamp it echoes, or to the only copy
 * there was (Karn's rule, RFC 6298 3). NANOS_NONE when neither is known.
 */
static nanos round_trip(const struct walk *walk, const struct segment *segment, nanos at)
{
    const struct sent_segment *found = NULL;
    bool echo = (segment->options.present & TCP_OPT_TIMESTAMPS) && segment->options.tsecr != 0;
    unsigned copies = 0;

    for (unsigned i = 0; i < SENT_MAX; i++) {
        const struct sent_segment *sent = &walk->sent[i];
        uint32_t end = sent->seq + sent->len + ((sent->flags & (TCP_SYN | TCP_FIN)) ? 1 : 0);
        if (!sent->used || !sent->captured || end == sent->seq || end != segment->ack)
            continue;
        /* A repeated SYN-ACK still echoes our first SYN: only the echo of the latest one tells. */
        if (echo && sent->tsval == segment->options.tsecr &&
            (!(sent->flags & TCP_SYN) || sent->tsval == walk->tcb.tsval_last || !walk->tcb.syn_repeated))
            return at - sent->at;
        copies += sent->retransmission ? 2 : 1; /* of a copy the original may have left the ring */
        found = sent;
    }
    return copies == 1 ? at - found->at : NANOS_NONE;
}

/* Its FIN, when it is first seen: also beyond a gap, for it says then what its sender knew of ours. */
static void note_its_fin(struct walk *walk, const struct segment *segment, unsigned effects, bool fin_sent, nanos at)
{
    if (!segment_has(segment, TCP_FIN) || walk->stamps.its_fin != NANOS_NONE || !(effects & (TCB_ITS_FIN | TCB_GAP)))
        return;
    walk->stamps.its_fin = at;
    walk->its_fin_first = !fin_sent;
    walk->its_fin_crossed = fin_sent && segment->ack != walk->tcb.fin_seq + 1;
}

static void measure(struct walk *walk, const struct segment *segment, unsigned effects, nanos at)
{
    nanos measured = (effects & TCB_PROGRESS) ? round_trip(walk, segment, at) : NANOS_NONE;

    if ((effects & TCB_OPENED) && walk->stamps.syn_ack == NANOS_NONE) {
        walk->stamps.syn_ack = at;
        walk->open_rtt = measured;
        if (!segment_has(segment, TCP_SYN))
            walk->stamps.ack = at; /* it acknowledged our SYN-ACK: for us the open is over */
    }
    if (effects & TCB_FIN_ACKED) {
        walk->stamps.fin_acked = at;
        walk->fin_rtt = measured;
        walk->fin_came_with_ack = segment_has(segment, TCP_FIN);
    }
    if (measured != NANOS_NONE)
        rtt_sample(&walk->rtt, measured);
    if (effects & TCB_ITS_FIN)
        walk->peer_end = PEER_END_FIN;
    if ((effects & TCB_DATA) && walk->tcb.fin_acked) {
        walk->counts.segments_after_fin++;
        walk->counts.bytes_after_fin += walk->tcb.bytes_in - walk->bytes_in_before;
    }
    walk->bytes_in_before = walk->tcb.bytes_in;
}

static enum reason own_reason_received(enum state from, enum state to, unsigned effects)
{
    static const struct {
        enum state from, to;
        enum reason reason;
    } rows[] = {
        {SYN_SENT, ESTABLISHED, REASON_OWN_SYN_ACK_RECEIVED}, {SYN_SENT, SYN_RECEIVED, REASON_OWN_SYN_RECEIVED},
        {SYN_RECEIVED, ESTABLISHED, REASON_OWN_SYN_ACKED},    {FIN_WAIT_1, FIN_WAIT_2, REASON_OWN_FIN_ACKED},
        {CLOSING, TIME_WAIT, REASON_OWN_FIN_ACKED},           {LAST_ACK, CLOSED, REASON_OWN_FIN_ACKED},
        {FIN_WAIT_1, TIME_WAIT, REASON_OWN_BOTH_FINS},
    };

    if (effects & (TCB_RESET | TCB_REFUSED))
        return REASON_OWN_RST_RECEIVED;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].from == from && rows[i].to == to)
            return rows[i].reason;
    return REASON_OWN_FIN_RECEIVED;
}

static void react_to_reset(struct walk *walk, const struct segment *segment, unsigned effects, nanos now)
{
    bool closing = walk->tcb.fin_sent;

    if (effects & TCB_REFUSED) {
        walk->peer_end = PEER_END_RST;
        walk_trouble(walk, OUTCOME_REFUSED, STATUS_RESET, now,
                     "the answer to our SYN was RST: nothing listens there, or something on the way refuses");
        return;
    }
    if (!(effects & TCB_RESET))
        return;
    walk->peer_end = PEER_END_RST;
    if (segment_has(segment, TCP_ACK))
        walk_trouble(walk, OUTCOME_RESET, STATUS_RESET, now, "%sits application aborted, or closed with data unread",
                     closing ? "after our FIN; " : "");
    else
        walk_trouble(walk, OUTCOME_RESET, STATUS_RESET, now, "%sit knows no such connection (any more)",
                     closing ? "after our FIN; " : "");
}

static void remark_syn_ack_repeated(struct walk *walk, nanos at)
{
    walk->syn_acks_after++;
    if (walk->syn_acks_after == 1)
        walk_note(walk, at, "syn-ack-repeated",
                  "it sent its SYN-ACK again: our ACK was lost on the way, or not accepted; we send it again");
    else
        note_once(walk, NOTED_QUEUE, at, "accept-queue-full",
                  "it repeats its SYN-ACK although we answered each: its accept queue is full, or what we send is "
                  "lost");
}

/* Remarks on what is odd about this segment. */
static void remark(struct walk *walk, const struct segment *segment, unsigned effects, enum state before, nanos at)
{
    if (effects & TCB_BAD_ACK) {
        walk->bad_acks++;
        note_once(walk, NOTED_WRONG_ACK, at, "wrong-ack",
                  "it acknowledges something that we never sent; RFC 9293 3.10.7 has that answered and ignored");
    }
    if (effects & TCB_OTHER_ISN)
        note_once(walk, NOTED_OTHER_ISN, at, "other-isn",
                  "a SYN with another initial number came: another host, or a new connection, answers here too");
    if (effects & TCB_RST_DOUBTED)
        note_once(walk, NOTED_RST, at, "rst-doubted",
                  "a RST came whose number is not exact; it ends nothing, and we ask the peer (RFC 5961 3.2)");
    if (walk->its_fin_crossed && (effects & TCB_ITS_FIN))
        walk_note(walk, at, "simultaneous-close", "the two FINs crossed: both sides closed at the same time");
    if (before == SYN_SENT && walk->tcb.state == SYN_RECEIVED)
        walk_note(walk, at, "simultaneous-open", "its SYN crossed ours: both sides opened at the same time");
    if (segment->options.present & TCP_OPT_MALFORMED)
        note_once(walk, NOTED_OPTIONS, at, "bad-options",
                  "its TCP options are malformed; they were read up to the fault");
    if (walk->ttl_seen == 0)
        walk->ttl_seen = segment->ttl;
    else if (walk->ttl_seen != segment->ttl)
        note_once(walk, NOTED_TTL, at, "ttl-differs",
                  "its segments arrive with different TTLs: more than one machine may be answering");
}

static void restart_timers(struct walk *walk, const struct segment *segment, unsigned effects, nanos now)
{
    if (effects & TCB_PROGRESS) {
        walk->retries_used = 0;
        walk->gave_up = false;
        walk->rto_deadline = tcb_unacknowledged(&walk->tcb) ? now + walk->rtt.timeout : NANOS_NEVER;
    }
    /* A window that stays shut is no failure while its probes are answered (RFC 9293 3.8.6.1). */
    if (walk->tcb.snd_wnd == 0 && segment_has(segment, TCP_ACK) && !(effects & (TCB_OUTSIDE | TCB_BAD_ACK)))
        walk->retries_used = 0;
    if (walk->tcb.state == CLOSED)
        walk->rto_deadline = NANOS_NEVER;
    /* It repeats its FIN: our last ACK was lost, and the new one may be lost too. */
    if (walk->linger_until != NANOS_NEVER && segment_has(segment, TCP_FIN))
        walk->linger_until = now + walk_linger(walk);
}

static bool is_retransmission(const struct walk *walk, const struct segment *segment)
{
    uint32_t span = segment_span(segment);

    return span > 0 && walk->belief.known.irs_known && seq_le(segment->seq + span, walk->belief.known.heard_max);
}

static void saw_received(struct walk *walk, const struct segment *segment, nanos at, nanos now)
{
    struct event_segment event = {.segment = *segment};
    struct claim claims[CLAIMS_MAX];
    enum state before = walk->tcb.state;
    uint32_t rcv_nxt = walk->tcb.rcv_nxt, snd_una = walk->tcb.snd_una;
    unsigned effects, count;

    if (walk->stamps.first == NANOS_NONE) {
        if (before != LISTEN)
            return; /* nothing of ours has left: it can't be about this connection */
        walk->stamps.first = walk->stamps.last = at;
    }
    /* It was on the wire before a segment that we had given away already: our state moved first all the same. */
    own_moves_tell(walk, NULL, false);
    /* A few microseconds are nothing: two processors stamp, and the capture keeps the order of arrival. */
    if (at < walk->stamps.last - CLOCK_STEP)
        note_once(walk, NOTED_CLOCK, at, "clock-stepped",
                  "the capture clock went back: the times of this walk can't be trusted");
    if (at > walk->stamps.last)
        walk->stamps.last = at;
    event.n = ++walk->segments;
    event.t = at - walk->stamps.first;
    event.retransmission = is_retransmission(walk, segment);
    effects = tcb_input(&walk->tcb, segment);
    /* Old numbers that bring something new were only overtaken on the way. */
    event.retransmission = event.retransmission && !(effects & (TCB_DATA | TCB_ITS_FIN));
    if (!probing_heard(walk, segment, effects))
        heard_segment(walk, segment, event.n, rcv_nxt, snd_una);
    if ((effects & TCB_OPENED) && segment->len == 0 && !segment_has(segment, TCP_FIN))
        walk->opened = walk->heard;
    walk->counts.in++;
    walk->counts.peer_retransmitted += event.retransmission ? 1 : 0;
    history_add(walk, segment, false, event.retransmission);
    measure(walk, segment, effects, at);
    note_its_fin(walk, segment, effects, walk->tcb.fin_sent, at);
    restart_timers(walk, segment, effects, now);
    count = belief_received(&walk->belief, segment, event.n, at, claims);

    event.rel_seq = walk->tcb.irs_known ? segment->seq - walk->tcb.irs : 0;
    event.has_rel_ack = segment_has(segment, TCP_ACK);
    event.rel_ack = event.has_rel_ack ? segment->ack - walk->tcb.settings.iss : 0;
    event.local = walk->tcb.state;
    events_segment(walk, &event);
    if (before != walk->tcb.state)
        events_local(walk, before, walk->tcb.state, own_reason_received(before, walk->tcb.state, effects), event.n, at);
    events_claims(walk, SIDE_PEER, claims, count);
    walk->probing.claims += count;
    /* A copy that was on its way before our ACK, or that the network made, says nothing about that ACK. */
    for (unsigned i = 0; i < count; i++)
        if (claims[i].certainty == REFUTED && claims[i].reason == REASON_SYN_ACK_REPEATED)
            remark_syn_ack_repeated(walk, at);
    remark(walk, segment, effects, before, at);
    react_to_reset(walk, segment, effects, now);
}

void walk_saw_segment(struct walk *walk, bool out, const struct segment *segment, nanos at, nanos now)
{
    nanos expiry;

    if (walk->ended)
        return;
    walk->last_seen = now;
    if (out)
        saw_sent(walk, segment, at, now);
    else
        saw_received(walk, segment, at, now);
    expiry = belief_expiry(&walk->belief);
    walk->belief_deadline = expiry == NANOS_NEVER ? NANOS_NEVER : now + (expiry - at);
}

/* ---- other sightings ---- */

/* While opening, what can't be reached ends it (RFC 5461 4.1); later on an ICMP error is advice only (RFC 5927 5.2). */
static bool is_hard(const struct walk *walk, const struct icmp_error *error)
{
    bool opening = walk->tcb.state == SYN_SENT;

    if (error->family == 4)
        return opening && (error->type == 11 || error->type == 12 || (error->type == 3 && error->code != 4));
    return opening && error->type != 2;
}

void walk_saw_icmp(struct walk *walk, const struct icmp_error *error, nanos at, nanos now)
{
    struct event_icmp event = {.t = at, .error = *error};
    char from[ADDR_TEXT];

    if (walk->ending)
        return;
    /* RFC 5927 4.1: only one that quotes a number in flight is about this connection */
    if (error->quoted_seq - walk->tcb.snd_una > walk->tcb.snd_max - walk->tcb.snd_una)
        return;
    /* A SYN that waits for its neighbour's address never shows; then time counts from the start of the program. */
    if (walk->stamps.first == NANOS_NONE)
        walk->stamps.first = walk->stamps.last = walk->settings.epoch < at ? walk->settings.epoch : at;
    event.hard = is_hard(walk, error);
    events_icmp(walk, &event);
    heard_icmp(walk, icmp_error_name(error));
    if (!event.hard)
        return;
    /* Our SYN got nowhere, and a RST would draw one more ICMP error. */
    own_moves_tell(walk, NULL, false);
    events_local(walk, walk->tcb.state, CLOSED, REASON_OWN_GIVEN_UP, walk->segments, at);
    walk->tcb.state = CLOSED;
    walk_trouble(walk, OUTCOME_UNREACHABLE, STATUS_NO_ANSWER, now, "%s, says %s (ICMP%s type %u code %u)",
                 icmp_error_name(error), addr_format(&error->from, from), error->family == 6 ? "v6" : "", error->type,
                 error->code);
}
