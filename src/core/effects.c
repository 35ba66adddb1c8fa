#include "core/effects.h"

#include "base/seq.h"

unsigned effects_possible(const struct knowledge *known, const struct segment *segment)
{
    bool acks = segment_has(segment, TCP_ACK);
    unsigned effects = 0;

    if (segment_has(segment, TCP_RST))
        return 0;
    if (segment_has(segment, TCP_SYN))
        effects |= acks ? SENT_SYN_WITH_ACK : SENT_SYN;
    if (acks && (!known->irs_known || seq_lt(known->irs - COOKIE_SLACK, segment->ack)))
        effects |= SENT_SYN_ACK;
    if (acks && known->its_fin_seen && segment->ack == known->its_fin_seq + 1)
        effects |= SENT_FIN_ACK;
    if (segment_has(segment, TCP_FIN))
        effects |= (effects & SENT_FIN_ACK) ? SENT_FIN | SENT_FIN_WITH_ACK : SENT_FIN;
    return effects;
}

/* What the peer has for certain. */
static uint32_t base_of(const struct knowledge *known)
{
    return known->acked_any ? known->acked_max : known->iss + 1;
}

/* What it expects next if all arrived. */
static uint32_t run_of(const struct knowledge *known)
{
    return ranges_end(&known->ours.taken, base_of(known));
}

static bool below_edge(const struct knowledge *known, uint32_t seq)
{
    return !known->acked_any || seq_le(seq, known->edge);
}

/* Is this an acknowledgement of its SYN, and of nothing that we have not heard? */
static bool acks_its_syn(const struct knowledge *known, const struct segment *segment)
{
    return segment_has(segment, TCP_ACK) && known->irs_known && seq_lt(known->irs, segment->ack) &&
           seq_le(segment->ack, known->heard_max);
}

static unsigned expected_rst(const struct knowledge *known, const struct segment *segment)
{
    unsigned effects = 0;

    if (acks_its_syn(known, segment))
        effects |= SENT_SYN_RST;
    /* RFC 5961 3.2: only the exact number, which is what it said last or, if all arrived, what comes next. */
    if (known->iss_known && (segment->seq == run_of(known) || segment->seq == base_of(known)))
        effects |= known->its_syn_alone ? SENT_RST : SENT_RST | SENT_BACK_TO_LISTEN;
    return effects;
}

/* 3.10.7.3; 3.10.7.4, fourth: in SYN-RECEIVED a SYN in the window ends a passive open, all others challenge it. */
static unsigned expected_syn(const struct knowledge *known, const struct segment *segment)
{
    bool in_window = known->acked_any && seq_le(run_of(known), segment->seq) && seq_lt(segment->seq, known->edge);

    if (!known->its_syn_alone) {
        if (segment_has(segment, TCP_ACK))
            return in_window ? SENT_BACK_TO_LISTEN : 0;
        return in_window ? SENT_SYN | SENT_BACK_TO_LISTEN : SENT_SYN;
    }
    if (!segment_has(segment, TCP_ACK))
        return SENT_SYN;
    if (!acks_its_syn(known, segment))
        return 0;
    /* The SYN-ACK of a simultaneous open, whose SYN is a copy, counts as an acknowledgement (3.5, figure 7). */
    if (known->iss_known && segment->seq == known->iss)
        return SENT_SYN_WITH_ACK | SENT_SYN_ACK;
    return SENT_SYN_WITH_ACK;
}

/* To a third party: it ends in the number that the peer has acknowledged before it was seen, and that may have been a FIN. */
static bool is_seen_late(const struct knowledge *known, const struct segment *segment)
{
    uint32_t end = segment->seq + segment_span(segment);

    return known->observed && segment_has(segment, TCP_FIN) && end == known->ours_unseen_end && end == base_of(known);
}

/* 3.10.7.4, first, and RFC 5961 5.2: is it in the window, and is its acknowledgement one that can be? */
static bool is_acceptable(const struct knowledge *known, const struct segment *segment)
{
    uint32_t span = segment_span(segment), base = base_of(known);
    uint32_t lowest = (known->ack_sent ? known->ack_max : known->irs + 1) - known->window_max;

    if (!known->iss_known || !below_edge(known, segment->seq))
        return false;
    if (span ? seq_le(segment->seq + span, base) && !is_seen_late(known, segment) : seq_lt(segment->seq, base))
        return false;
    return seq_le(segment->ack, known->heard_max) && seq_le(lowest, segment->ack);
}

static unsigned expected_plain(struct knowledge *known, const struct segment *segment)
{
    struct ours *ours = &known->ours;
    uint32_t before = run_of(known), end = segment->seq + segment_span(segment), run;
    unsigned effects = 0;
    bool fin;

    /* 3.10.7.4, fifth: "if the ACK bit is off, drop the segment" */
    if (!segment_has(segment, TCP_ACK) || !known->irs_known || !is_acceptable(known, segment))
        return 0;
    if (!ranges_have(&ours->taken_fins, before - 1)) {
        ranges_add(&ours->taken, segment->seq, end);
        if (segment_has(segment, TCP_FIN))
            ranges_add(&ours->taken_fins, end - 1, end);
    }
    run = run_of(known);
    if (acks_its_syn(known, segment))
        effects |= SENT_SYN_ACK;
    if (known->its_fin_seen && segment->ack == known->its_fin_seq + 1)
        effects |= SENT_FIN_ACK;
    fin = run != before && ranges_meet(&ours->taken_fins, before, run);
    fin = fin || (segment_has(segment, TCP_FIN) && end == run);
    if (fin)
        effects |= (effects & SENT_FIN_ACK) ? SENT_FIN | SENT_FIN_WITH_ACK : SENT_FIN;
    return effects;
}

unsigned effects_expected(struct knowledge *known, const struct segment *segment)
{
    if (segment_has(segment, TCP_RST))
        return expected_rst(known, segment);
    if (!segment_has(segment, TCP_SYN))
        return expected_plain(known, segment);
    if (segment_span(segment) > 0 && !known->acked_any)
        ranges_add(&known->ours.taken, segment->seq, segment->seq + 1);
    return expected_syn(known, segment);
}
