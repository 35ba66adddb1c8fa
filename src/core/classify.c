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
 */
#include "core/classify.h"

#include <stddef.h>

#include "base/seq.h"

static struct verdict says_nothing(void)
{
    return (struct verdict){.states = NO_STATES};
}

static struct verdict says(state_set states, state_set likely, enum reason reason, const struct landmark *answers)
{
    return (struct verdict){.states = states, .likely = likely, .reason = reason, .answers = answers};
}

/* A RST counts when its number is the one that we acknowledged last (RFC 9293 3.10.7.4, RFC 5961 3). */
static struct verdict classify_rst(const struct knowledge *known, const struct segment *segment)
{
    if (!known->irs_known) {
        if (!segment_has(segment, TCP_ACK) || segment->ack != known->iss + 1)
            return says_nothing();
        return says(IN(CLOSED), IN(CLOSED), REASON_REFUSED, &known->syn);
    }
    bool exact = (known->ack_sent && segment->seq == known->ack_max) || segment->seq == known->heard_max;
    if (!exact)
        return says_nothing();
    /* Some stacks (lwIP) set ACK on every RST, so neither form excludes a listener. */
    struct verdict verdict = {.states = IN(CLOSED) | IN(LISTEN), .likely = IN(CLOSED), .reason = REASON_RST_ABORT};
    if (!segment_has(segment, TCP_ACK)) {
        verdict.reason = REASON_RST_NO_CONNECTION;
        /* A listener that keeps SYN-RECEIVED in a cookie knows of it again when the right segment arrives. */
        if (segment->seq == known->irs + 1)
            verdict.still_possible = IN(SYN_RECEIVED);
    }
    return verdict;
}

static struct verdict classify_syn(const struct knowledge *known, const struct segment *segment)
{
    if (known->irs_known && segment->seq != known->irs)
        return says_nothing(); /* another connection's number */
    if (!segment_has(segment, TCP_ACK))
        return says(IN(SYN_SENT), IN(SYN_SENT), REASON_SYN_SEEN, NULL);
    if (segment->ack != known->iss + 1)
        return says_nothing();
    return says(IN(SYN_RECEIVED), IN(SYN_RECEIVED), known->syn_ack_seen ? REASON_SYN_ACK_REPEATED : REASON_SYN_ACKED,
                &known->syn);
}

static struct verdict classify_fin(const struct knowledge *known, const struct segment *segment)
{
    if (!knowledge_covers_fin(known, segment)) {
        enum reason reason = (known->sent & SENT_FIN) ? REASON_FIN_CROSSED : REASON_FIN_SEEN;
        return says(IN(FIN_WAIT_1), IN(FIN_WAIT_1), reason, NULL);
    }
    switch (known->order) {
    case FIN_ORDER_AFTER_OURS:
        return says(IN(LAST_ACK), IN(LAST_ACK), REASON_FIN_AFTER_OURS, &known->fin);
    case FIN_ORDER_BEFORE_OURS:
        return says(IN(CLOSING), IN(CLOSING), REASON_BOTH_FINS, &known->fin);
    case FIN_ORDER_UNKNOWN:
        break;
    }
    /* If this is a repetition whose first copy crossed our FIN and was lost, it comes from CLOSING. */
    return says(IN(LAST_ACK) | IN(CLOSING), IN(LAST_ACK), REASON_FIN_COVERS_OURS, &known->fin);
}

/* Data or a bare ACK that covers our FIN. fin_out: its own FIN is sent (1), unsent (0) or unknown (-1). */
static struct verdict classify_after_our_fin(const struct knowledge *known, const struct segment *segment, int fin_out)
{
    bool data = segment->len > 0, gap = seq_lt(known->heard_max, segment->seq);
    struct verdict verdict = {.reason = REASON_FIN_ACKED, .answers = &known->fin};
    state_set closing = IN(CLOSING) | IN(LAST_ACK);

    if (known->order == FIN_ORDER_AFTER_OURS)
        closing = IN(LAST_ACK);
    else if (known->order == FIN_ORDER_BEFORE_OURS)
        closing = IN(CLOSING);
    if (fin_out == 0) {
        verdict.states = verdict.likely = IN(CLOSE_WAIT);
        return verdict;
    }
    if (fin_out < 0) {
        verdict.states = closing | (known->order == FIN_ORDER_BEFORE_OURS ? NO_STATES : IN(CLOSE_WAIT));
        verdict.likely = (verdict.states & IN(CLOSE_WAIT)) ? IN(CLOSE_WAIT) : closing;
        if (data && knowledge_fin_acked(known))
            verdict.reason = REASON_DATA_SEEN;
        else if (gap)
            verdict.reason = REASON_FIN_ACKED_GAP;
        return verdict;
    }
    verdict.states = closing;
    verdict.reason = REASON_BOTH_FINS;
    if (known->order != FIN_ORDER_AFTER_OURS && (known->sent & SENT_FIN_ACK))
        verdict.states |= IN(TIME_WAIT);
    /* When every copy of our FIN acknowledged its FIN too, it accepted both or neither. */
    if (known->order == FIN_ORDER_BEFORE_OURS && (known->sent & SENT_FIN_WITH_ACK) && !known->fin_without_ack)
        verdict.states = IN(TIME_WAIT);
    verdict.likely = (verdict.states & IN(TIME_WAIT))  ? IN(TIME_WAIT)
                     : (verdict.states & IN(LAST_ACK)) ? IN(LAST_ACK)
                                                       : verdict.states;
    return verdict;
}

/* Data or a bare ACK sent before our FIN arrived, its own FIN being sent: it waits for us to acknowledge that. */
static struct verdict classify_fin_wait(const struct knowledge *known, const struct segment *segment)
{
    struct verdict verdict = {.states = IN(FIN_WAIT_1), .likely = IN(FIN_WAIT_1), .reason = REASON_FIN_SEEN};

    if (segment->len > 0 || !(known->sent & SENT_FIN_ACK))
        return verdict;
    verdict.answers = &known->fin_ack;
    if (landmark_is_echoed(&known->fin_ack, segment)) {
        verdict.states = verdict.likely = IN(FIN_WAIT_2);
        verdict.reason = REASON_FIN_RECEIPT;
    } else {
        verdict.answers = NULL;
        verdict.states = IN(FIN_WAIT_1) | IN(FIN_WAIT_2);
        verdict.likely = IN(FIN_WAIT_2);
    }
    return verdict;
}

/* Data or a bare ACK sent before our FIN arrived, nothing known of its own FIN or none sent. */
static struct verdict classify_open(const struct knowledge *known, const struct segment *segment, bool fin_unsent)
{
    struct verdict verdict = {.states = IN(ESTABLISHED), .likely = IN(ESTABLISHED), .reason = REASON_ACK_SEEN};
    bool our_data_acked = segment->ack != known->iss + 1;

    if (segment->len > 0)
        verdict.reason = REASON_DATA_SEEN;
    else if (our_data_acked)
        verdict.reason = REASON_DATA_ACKED;
    if (our_data_acked) {
        verdict.answers = &known->data;
        verdict.since = &known->syn_ack_ack;
    }
    if (!fin_unsent)
        verdict.states |= IN(FIN_WAIT_1);
    /* An old number can be a keep-alive of a half-closed peer, without payload or with a byte of garbage (3.8.4). */
    bool old = segment->len == 0 || (segment->len == 1 && segment->seq + 1 == known->heard_max);
    if (!fin_unsent && old && (known->sent & SENT_FIN_ACK))
        verdict.states |= IN(FIN_WAIT_2);
    /* Nothing of ours and nothing of its own beyond the SYNs: SYN-RECEIVED answers like that too (3.10.7.4). */
    if (!our_data_acked && segment->len == 0 && segment->seq == known->irs + 1) {
        verdict.states |= IN(SYN_RECEIVED);
        /* Not even a receipt excludes it: Linux before 2025 took the timestamp of an ACK that it then dropped. */
        if (landmark_is_echoed(&known->syn_ack_ack, segment)) {
            verdict.reason = REASON_ACK_RECEIPT;
            verdict.answers = &known->syn_ack_ack;
        }
    }
    /* A gap with nothing of ours acknowledged: a late copy of our SYN may have opened another connection. */
    if (!our_data_acked && segment->len == 0 && seq_lt(known->heard_max, segment->seq))
        return says_nothing();
    return verdict;
}

/*
 * Can the peer have had unsent data, and a FIN behind it, when it sent this? Not when it has never sent data, nor when
 * it had seen an acknowledgement of all of it already before the segment of ours that made it send this (in answer to
 * the first such acknowledgement it may send an ACK before it goes on with its queue), and our window left it room.
 */
static bool may_queue(const struct knowledge *known, const struct segment *segment)
{
    if (known->window_small)
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
    if (segment->seq != known->heard_max || known->its_fin_seen || may_queue(known, segment))
        return -1;
    return 0; /* sent at SND.NXT, and no FIN is among the numbers before it */
}

struct verdict classify(const struct knowledge *known, const struct segment *segment)
{
    if (segment_has(segment, TCP_RST))
        return classify_rst(known, segment);
    if (segment_has(segment, TCP_ACK) && (seq_lt(known->sent_max, segment->ack) || seq_le(segment->ack, known->iss)))
        return says_nothing(); /* acknowledges what we never sent, or nothing of this connection */
    if (segment_has(segment, TCP_SYN))
        return classify_syn(known, segment);
    if (!segment_has(segment, TCP_ACK) || !known->irs_known || seq_le(segment->seq, known->irs))
        return says_nothing(); /* RFC 9293 3.10.7.4: no ACK, no processing */
    if (known->ack_sent && seq_lt(known->ack_max + known->window_max, segment->seq))
        return says_nothing(); /* beyond every window that we offered (3.4) */
    if (known->its_fin_seen && seq_lt(known->its_fin_seq + 1, segment->seq + segment_span(segment)))
        return says_nothing(); /* beyond its FIN: another connection answers, revived from a SYN cookie perhaps */
    if (segment_has(segment, TCP_FIN))
        return classify_fin(known, segment);

    int fin_out = fin_is_out(known, segment);
    if (knowledge_covers_fin(known, segment))
        return classify_after_our_fin(known, segment, fin_out);
    if (fin_out == 1)
        return classify_fin_wait(known, segment);
    return classify_open(known, segment, fin_out == 0);
}
