/*
 * Theory. RFC 9293 lets a TCP send
 *   - a SYN without ACK only in SYN-SENT, a SYN-ACK only in SYN-RECEIVED;
 *   - a FIN only in FIN-WAIT-1, CLOSING and LAST-ACK (the first copy or a repeated one);
 *   - data in ESTABLISHED and CLOSE-WAIT, and again (as a repetition) wherever a FIN can follow it;
 *   - a segment without payload anywhere from SYN-RECEIVED on, at SND.NXT, which tells whether its FIN is
 * sent. Every one of them carries RCV.NXT as ACK, which tells whether our FIN had arrived. A FIN counts as
 * sent when the numbers cover it, or as possibly sent when numbers are missing. An application that closes
 * while data is still queued has its TCP change state before the FIN is on the wire (3.10.4: "in any case,
 * enter FIN-WAIT-1"), so "unsent" means "not closed" only for a TCP that can't have a queue. What can't be
 * told apart stays a set.
 *
 * What we sent may have been nonsense. Then a number can mean several things, and the verdict is all of them: an
 * acknowledgement that ends at a number which a FIN and other bytes of ours both had; one that counts from several
 * initial numbers; a RST that answers an acknowledgement which a TCP that is still opening has to refuse.
 */
#include "core/classify.h"

#include <stddef.h>

#include "base/seq.h"
#include "core/classify_rst.h"

static struct verdict says_nothing(void)
{
    return (struct verdict){.states = NO_STATES};
}

/*
 * The evidence is the segment of ours that it answers; before that left it can't have been in these states. A verdict is
 * filled where it is to be, here and below: copies of what was written a moment ago make a processor wait.
 */
static void say(struct verdict *out, state_set states, state_set likely, enum reason reason,
                const struct landmark *answers)
{
    *out = (struct verdict){.states = states, .likely = likely, .reason = reason, .answers = answers, .since = answers};
}

static struct verdict says(state_set states, state_set likely, enum reason reason, const struct landmark *answers)
{
    return (struct verdict){.states = states, .likely = likely, .reason = reason, .answers = answers, .since = answers};
}

/* ---- SYNs ---- */

/*
 * A SYN with another number than the one that is known begins a new connection if it lies beyond all that was heard
 * (RFC 9293 3.4.1 and RFC 6528 have initial numbers grow), and with an ACK only if a SYN of ours can have opened one.
 */
static bool is_new(const struct knowledge *known, const struct segment *segment, int index)
{
    if (!seq_le(known->heard_max, segment->seq))
        return false;
    return index < 0 || knowledge_reopens(known, (unsigned)index);
}

static struct verdict classify_syn(const struct knowledge *known, const struct segment *segment)
{
    bool alone = !segment_has(segment, TCP_ACK), fresh = known->irs_known && segment->seq != known->irs;
    int index = alone ? -1 : ours_syn_acked(&known->ours, segment->ack);
    struct verdict verdict;

    if ((!alone && index < 0) || (fresh && !is_new(known, segment, index)))
        return says_nothing();
    if (alone) {
        verdict = says(IN(SYN_SENT), IN(SYN_SENT), REASON_SYN_SEEN, NULL);
        verdict.undated = !known->irs_known;
    } else {
        verdict = says(IN(SYN_RECEIVED), IN(SYN_RECEIVED),
                       known->syn_ack_seen && !fresh ? REASON_SYN_ACK_REPEATED : REASON_SYN_ACKED,
                       &known->ours.syns[index].left);
        if (known->ours.syn_forgotten)
            verdict.since = NULL;
        /* 3.10.7.2 has a FIN that rode on our SYN processed at once. */
        if (knowledge_covers_fin(known, segment->ack) != COVERS_NOT)
            verdict.states |= IN(CLOSE_WAIT) | IN(LAST_ACK);
    }
    verdict.fresh = fresh;
    return verdict;
}

/* ---- what is sent once it is open ---- */

/*
 * Does it acknowledge anything beyond the segment of our SYN? Not if one of the SYNs that it can count from says
 * no.
 */
static bool acks_beyond_syn(const struct knowledge *known, const struct segment *segment)
{
    unsigned bits = knowledge_counts_from(known, segment->ack);

    for (unsigned i = 0; i < known->ours.syn_count; i++)
        if ((bits >> i & 1) && segment->ack - known->ours.syns[i].seq <= known->ours.syns[i].span)
            return false;
    return true;
}

static void classify_fin(const struct knowledge *known, bool covers, struct verdict *out)
{
    if (!covers) {
        say(out, IN(FIN_WAIT_1), IN(FIN_WAIT_1), (known->sent & SENT_FIN) ? REASON_FIN_CROSSED : REASON_FIN_SEEN, NULL);
        return;
    }
    switch (known->order) {
    case FIN_ORDER_AFTER_OURS:
        say(out, IN(LAST_ACK), IN(LAST_ACK), REASON_FIN_AFTER_OURS, &known->fin);
        return;
    case FIN_ORDER_BEFORE_OURS:
        say(out, IN(CLOSING), IN(CLOSING), REASON_BOTH_FINS, &known->fin);
        return;
    case FIN_ORDER_UNKNOWN:
        break;
    }
    /* If this is a repetition whose first copy crossed our FIN and was lost, it comes from CLOSING. */
    say(out, IN(LAST_ACK) | IN(CLOSING), IN(LAST_ACK), REASON_FIN_COVERS_OURS, &known->fin);
}

/* Does it stand where a FIN would leave it, or a keep-alive behind a FIN, that we acknowledged before it arrived? */
static bool may_be_acked_unheard(const struct knowledge *known, const struct segment *segment)
{
    return segment->len <= 1 &&
           (ranges_have(&known->ahead, segment->seq) || ranges_have(&known->ahead, segment->seq + 1));
}

/* Our FIN is acknowledged, and whether its own is sent is unknown. */
static void classify_perhaps_closed(const struct knowledge *known, const struct segment *segment, state_set closing,
                                    struct verdict *out)
{
    bool before = known->order == FIN_ORDER_BEFORE_OURS, gap = seq_lt(known->heard_max, segment->seq);

    say(out, closing, closing, REASON_FIN_ACKED, &known->fin);
    if (!before) {
        out->states |= IN(CLOSE_WAIT);
        out->likely = IN(CLOSE_WAIT);
    }
    if (segment->len == 0 &&
        (ranges_have(&known->ahead, segment->seq) || (known->observed && seq_lt(known->in_order, segment->seq))) &&
        known->order != FIN_ORDER_AFTER_OURS)
        out->states |= IN(TIME_WAIT);
    if (segment->len > 0 && known->acked_any && knowledge_covers_fin(known, known->acked_max) == COVERS)
        out->reason = REASON_DATA_SEEN;
    else if (gap)
        out->reason = REASON_FIN_ACKED_GAP;
}

/* Data or a bare ACK that covers our FIN. fin_out: its own FIN is sent (1), unsent (0) or unknown (-1). */
static void classify_after_our_fin(const struct knowledge *known, const struct segment *segment, int fin_out,
                                   struct verdict *out)
{
    state_set closing = IN(CLOSING) | IN(LAST_ACK);

    if (known->order == FIN_ORDER_AFTER_OURS)
        closing = IN(LAST_ACK);
    else if (known->order == FIN_ORDER_BEFORE_OURS)
        closing = IN(CLOSING);
    if (fin_out == 0) {
        say(out, IN(CLOSE_WAIT), IN(CLOSE_WAIT), REASON_FIN_ACKED, &known->fin);
        return;
    }
    if (fin_out < 0) {
        classify_perhaps_closed(known, segment, closing, out);
        return;
    }
    say(out, closing, closing, REASON_BOTH_FINS, &known->fin);
    if (known->order != FIN_ORDER_AFTER_OURS && knowledge_may_have_acked_fin(known))
        out->states |= IN(TIME_WAIT);
    /* When every copy of our FIN acknowledged its FIN too, it accepted both or neither. */
    bool both_at_once = known->order == FIN_ORDER_BEFORE_OURS && !known->fin_without_ack;
    if (both_at_once)
        out->states = IN(TIME_WAIT);
    /* Whoever takes the ACK of its FIN in CLOSING goes on to TIME-WAIT; in LAST-ACK nobody is left to answer. */
    if (!both_at_once && known->order != FIN_ORDER_AFTER_OURS && segment->len == 0 &&
        knowledge_is_echoed(known, &known->fin_ack, segment)) {
        say(out, IN(TIME_WAIT), IN(TIME_WAIT), REASON_FIN_RECEIPT, &known->fin_ack);
        return;
    }
    /* An acknowledgement of its FIN that has not been seen is possible, but not what one would presume. */
    if ((out->states & IN(TIME_WAIT)) && (both_at_once || (known->sent & SENT_FIN_ACK)))
        out->likely = IN(TIME_WAIT);
    else if (out->states & IN(LAST_ACK))
        out->likely = IN(LAST_ACK);
    else
        out->likely = out->states & IN(CLOSING);
}

/* Data or a bare ACK sent before our FIN arrived, its own FIN being sent: it waits for us to acknowledge that. */
static void classify_fin_wait(const struct knowledge *known, const struct segment *segment, struct verdict *out)
{
    if (segment->len > 0 || !knowledge_may_have_acked_fin(known)) {
        say(out, IN(FIN_WAIT_1), IN(FIN_WAIT_1), REASON_FIN_SEEN, NULL);
    } else if (knowledge_is_echoed(known, &known->fin_ack, segment)) {
        say(out, IN(FIN_WAIT_2), IN(FIN_WAIT_2), REASON_FIN_RECEIPT, &known->fin_ack);
        if (ranges_have(&known->ahead, segment->seq))
            out->since = NULL;
    } else {
        say(out, IN(FIN_WAIT_1) | IN(FIN_WAIT_2), (known->sent & SENT_FIN_ACK) ? IN(FIN_WAIT_2) : IN(FIN_WAIT_1),
            REASON_FIN_SEEN, NULL);
    }
}

/*
 * Had the peer taken no acknowledgement of its SYN when it sent this? All that we sent carry a later timestamp than it
 * echoes, and the one that opens the connection is remembered (RFC 7323 4.3).
 */
static bool echoes_before_opening(const struct knowledge *known, const struct segment *segment)
{
    return (segment->options.present & TCP_OPT_TIMESTAMPS) && known->opening_stamped && !known->opening_unstamped &&
           !known->tsval_wild && seq_lt(segment->options.tsecr, known->opening_tsval);
}

/* SACK is for connections that are open (RFC 2018 3). One that crossed SYNs with us may be early (Linux is). */
static bool sacks_when_open(const struct knowledge *known, const struct segment *segment)
{
    return (segment->options.present & TCP_OPT_SACK) && segment->options.sack_count > 0 && !known->awaited &&
           !known->its_syn_alone && !echoes_before_opening(known, segment);
}

/* The states of a segment that acknowledges nothing beyond our SYN and brings nothing beyond its own. */
static void consider_opening(const struct knowledge *known, const struct segment *segment, struct verdict *verdict)
{
    bool passive = !known->awaited && !known->its_syn_alone;

    if (sacks_when_open(known, segment)) {
        verdict->reason = REASON_SACK_SEEN;
        verdict->since = &known->syn_ack_ack;
        return;
    }
    if (passive && (!(known->may & SENT_SYN_ACK) || echoes_before_opening(known, segment))) {
        verdict->states = verdict->likely = IN(SYN_RECEIVED);
        verdict->detail = DETAIL_IN_MEMORY;
        if (known->may & SENT_SYN_ACK)
            verdict->reason = REASON_ACK_UNSEEN;
        return;
    }
    /* One that opened and got a SYN-ACK is open; all others answer from SYN-RECEIVED like that too (3.10.7.4). */
    if (!knowledge_may_have_received_syn(known)) {
        verdict->reason = REASON_OPEN_ACKED;
        verdict->answers = verdict->since = &known->syn_ack_ack;
        return;
    }
    verdict->states |= IN(SYN_RECEIVED);
    /* Not even a receipt excludes it: Linux before 2025 took the timestamp of an ACK that it then dropped. */
    if (knowledge_is_echoed(known, &known->syn_ack_ack, segment)) {
        verdict->reason = REASON_ACK_RECEIPT;
        verdict->answers = &known->syn_ack_ack;
    }
}

/* Can a third party tell that it is no keep-alive: does it acknowledge what it had not, and what left just now? */
static bool is_news(const struct knowledge *known, const struct segment *segment)
{
    return !known->incomplete && (!known->acked_any || seq_lt(known->acked_max, segment->ack)) && known->answers_lately;
}

/* Data or a bare ACK sent before our FIN arrived, nothing known of its own FIN or none sent. */
static void classify_open(const struct knowledge *known, const struct segment *segment, bool fin_unsent,
                          struct verdict *out)
{
    bool our_data_acked = acks_beyond_syn(known, segment);

    say(out, IN(ESTABLISHED), IN(ESTABLISHED), REASON_ACK_SEEN, NULL);
    /* A gap with nothing of ours acknowledged: a late copy of our SYN may have opened another connection. */
    if (!our_data_acked && segment->len == 0 && seq_lt(known->heard_max, segment->seq)) {
        *out = says_nothing();
        return;
    }
    if (segment->len > 0)
        out->reason = REASON_DATA_SEEN;
    else if (our_data_acked)
        out->reason = REASON_DATA_ACKED;
    if (our_data_acked) {
        out->answers = &known->data;
        out->since = &known->syn_ack_ack;
    }
    if (!fin_unsent)
        out->states |= IN(FIN_WAIT_1);
    /* An old number can be a keep-alive of a half-closed peer, without payload or with a byte of garbage (3.8.4). */
    bool old = segment->len == 0 || (segment->len == 1 && segment->seq + 1 == known->heard_max);
    /* A third party can miss the FIN and its acknowledgement, but nothing that acknowledges more is a keep-alive. */
    old = old && !(known->observed && is_news(known, segment) && segment->seq == known->in_order);
    if (!fin_unsent && ((old && (known->may & SENT_FIN_ACK)) || may_be_acked_unheard(known, segment)))
        out->states |= IN(FIN_WAIT_2);
    if (!our_data_acked && segment->len == 0 && segment->seq == known->irs + 1)
        consider_opening(known, segment, out);
    /* The first that was seen may have been a keep-alive, one number too low. */
    if (known->joined && segment->len == 0 && seq_le(segment->seq, known->joined_its + 1) &&
        seq_le(segment->ack, known->joined_ours + 1))
        out->states |= IN(SYN_RECEIVED);
}

bool classify_may_queue(const struct knowledge *known, const struct segment *segment)
{
    if (!knowledge_gave_room(known))
        return true;
    return known->heard_max != known->irs + 1 && !mark_is_before(&known->all_acked_by, segment);
}

/* Whether its application has closed and its FIN is out, as far as this tells: 1, 0, or -1 for unknown. */
static int fin_is_out(const struct knowledge *known, const struct segment *segment)
{
    if (segment->len > 0)
        return -1;
    if (known->its_fin_seen && segment->seq == known->its_fin_seq + 1)
        return 1;
    if (segment->seq != known->heard_max || known->its_fin_seen || classify_may_queue(known, segment))
        return -1;
    /* What we acknowledged unheard is never sent again, and an octet of garbage can stand for it. */
    if (segment->seq != known->in_order || may_be_acked_unheard(known, segment))
        return -1;
    /* To a third party the first half of this may be as unseen, and this a keep-alive behind its FIN. */
    if (known->observed && !is_news(known, segment))
        return -1;
    return 0; /* sent at SND.NXT, and no FIN is among the numbers before it */
}

/* ---- all together ---- */

/* Can it be of another connection, which a SYN of ours opened? Its numbers lie beyond those of this one then. */
static bool may_be_anothers(const struct knowledge *known, const struct segment *segment)
{
    unsigned bits = ours_syns_behind(&known->ours, segment->ack);

    if (seq_le(segment->seq, known->heard_max))
        return false;
    /* To a third party: or may have passed unseen. */
    if (known->courted || (known->observed && known->has_stranger && seq_lt(known->stranger, segment->seq)))
        return true;
    for (unsigned i = 0; i < known->ours.syn_count; i++)
        if ((bits >> i & 1) && knowledge_reopens(known, i))
            return true;
    return known->ours.syn_forgotten;
}

/* Is this a segment of the connection that is known, with an acknowledgement that it can have? */
static bool belongs(const struct knowledge *known, const struct segment *segment)
{
    uint32_t room = known->ahead.count ? 2 * known->window_max : known->window_max;

    if (!segment_has(segment, TCP_ACK) || !known->irs_known || seq_le(segment->seq, known->irs))
        return false; /* RFC 9293 3.10.7.4: no ACK, no processing */
    if (knowledge_counts_from(known, segment->ack) == 0 || (known->ours.syn_forgotten && !known->iss_known))
        return false; /* acknowledges what we never sent, or nothing of this connection */
    if (known->ack_sent && seq_lt(known->ack_max + room, segment->seq))
        return false; /* beyond every window that we offered (3.4) */
    if (known->its_fin_seen && seq_lt(known->its_fin_seq + 1, segment->seq + segment_span(segment)))
        return false; /* beyond its FIN: another connection answers, revived from a SYN cookie perhaps */
    return !may_be_anothers(known, segment);
}

static void classify_plain(const struct knowledge *known, const struct segment *segment, bool covers,
                           struct verdict *out)
{
    int fin_out = fin_is_out(known, segment);

    if (segment_has(segment, TCP_FIN)) {
        classify_fin(known, covers, out);
        return;
    }
    if (covers)
        classify_after_our_fin(known, segment, fin_out, out);
    else if (fin_out == 1)
        classify_fin_wait(known, segment, out);
    else
        classify_open(known, segment, fin_out == 0, out);
    out->fin_unsent = fin_out == 0;
    /* A FIN that rode on our SYN may be taken before the connection is open. */
    if (covers && !acks_beyond_syn(known, segment))
        out->states |= IN(SYN_RECEIVED);
}

/* A segment that acknowledges: with our FIN's number it can do so in two ways. */
static void classify_acking(const struct knowledge *known, const struct segment *segment, struct verdict *out)
{
    enum cover cover = knowledge_covers_fin(known, segment->ack);
    struct verdict other;

    if (!belongs(known, segment)) {
        *out = says_nothing();
        return;
    }
    classify_plain(known, segment, cover == COVERS, out);
    if (cover != COVERS_PERHAPS || out->states == NO_STATES)
        return;
    classify_plain(known, segment, true, &other);
    out->states |= other.states;
    /* To a third party: the number is that of a FIN that was seen. */
    if (known->observed && ranges_have(&known->ours.fins, segment->ack - 1)) {
        out->likely = other.likely;
        out->reason = other.reason;
    } else {
        out->likely |= other.likely;
    }
    out->answers = out->since = NULL;
    if (out->reason == REASON_FIN_CROSSED) /* or did not */
        out->reason = REASON_FIN_SEEN;
}

void classify(const struct knowledge *known, const struct segment *segment, struct verdict *out)
{
    if (segment_has(segment, TCP_RST))
        classify_rst(known, segment, out);
    else if (segment_has(segment, TCP_SYN))
        *out = classify_syn(known, segment);
    else
        classify_acking(known, segment, out);
    /* With several connections possible, what is old is not always told from what is new. */
    out->undated = out->undated || knowledge_may_reopen(known);
}
