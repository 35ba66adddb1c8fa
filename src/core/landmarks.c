/*
 * Which of our segments an answer can be evidence of, and which echo of a timestamp is a receipt for one (RFC 7323 4.3).
 */
#include <stddef.h>

#include "base/seq.h"
#include "core/knowledge.h"

void landmark_pass(struct landmark *landmark, const struct segment *segment, bool tsval_counts, unsigned n, nanos at)
{
    landmark_touch(landmark, segment, tsval_counts, n, at);
    landmark->latest = n;
    landmark->latest_at = at;
}

void landmark_touch(struct landmark *landmark, const struct segment *segment, bool tsval_counts, unsigned n, nanos at)
{
    if (!landmark->set) {
        landmark->latest = n;
        landmark->latest_at = at;
        landmark->set = true;
        landmark->at = at;
    }
    if (landmark->first == 0 || landmark->old) {
        landmark->first = n;
        landmark->old = false;
    }
    if (tsval_counts && (!landmark->has_tsval || landmark->bounded)) {
        landmark->has_tsval = true;
        landmark->bounded = false;
        landmark->tsval = segment->options.tsval;
    }
}

/*
 * A landmark is a receipt as long as what is echoed is a segment that means the same: whichever of them it is, the peer took
 * note of it. RSTs don't count: what is echoed lies at or before RCV.NXT (RFC 7323 4.3), and there a RST is exact or not
 * acceptable.
 */
static bool keep_receipt(struct landmark *landmark, const struct segment *segment, bool means_it, bool is_highest)
{
    bool stamped = (segment->options.present & TCP_OPT_TIMESTAMPS) && !segment_has(segment, TCP_RST);

    means_it = means_it && segment_has(segment, TCP_ACK) && !(segment->flags & (TCP_SYN | TCP_RST));
    if (stamped && !means_it && is_highest && !landmark->bounded) {
        landmark->bounded = true;
        landmark->until = segment->options.tsval;
    } else if (stamped && !means_it && !is_highest) {
        landmark->has_tsval = false;
    }
    return means_it && is_highest;
}

void knowledge_note_landmarks(struct knowledge *known, const struct segment *segment, unsigned effects,
                              unsigned expected, unsigned n, nanos at)
{
    bool stamped = (segment->options.present & TCP_OPT_TIMESTAMPS) != 0;
    uint32_t on = segment->options.tsval - known->tsval_out;
    bool highest = stamped && (!known->tsval_sent || (on != 0 && on <= TSVAL_JUMP));
    bool acks_fin = known->its_fin_seen && segment->ack == known->its_fin_seq + 1;
    bool acks_all = known->irs_known && segment->ack == known->heard_max;
    bool fin_receipt = keep_receipt(&known->fin_ack, segment, acks_fin, highest);
    bool all_receipt = keep_receipt(&known->all_acked, segment, acks_all, highest);

    bool opens = keep_receipt(&known->syn_ack_ack, segment, (effects & SENT_SYN_ACK) != 0, highest);

    if (effects & SENT_SYN_ACK)
        (expected & SENT_SYN_ACK ? landmark_pass : landmark_touch)(&known->syn_ack_ack, segment, opens, n, at);
    if ((effects & SENT_FIN) && !ranges_have(&known->ours.late, segment_fin_seq(segment)))
        landmark_pass(&known->fin, segment, false, n, at);
    if (effects & SENT_FIN_ACK)
        (expected & SENT_FIN_ACK ? landmark_pass : landmark_touch)(&known->fin_ack, segment, fin_receipt, n, at);
    if (effects & (SENT_RST | SENT_SYN_RST))
        landmark_pass(&known->rst, segment, false, n, at);
    if (segment->len > 0)
        landmark_pass(&known->data, segment, false, n, at);
    if (all_receipt)
        landmark_pass(&known->all_acked, segment, true, n, at);
    if (stamped)
        knowledge_note_stamp(known, segment->options.tsval, at);
}

void knowledge_note_stamp(struct knowledge *known, uint32_t tsval, nanos at)
{
    uint32_t on = tsval - known->tsval_out;

    if (known->tsval_sent && on + TSVAL_JUMP > 2 * TSVAL_JUMP)
        known->tsval_wild = true;
    if (known->tsval_sent && (on == 0 || on > TSVAL_JUMP))
        return;
    known->tsval_out = tsval;
    known->tsval_sent = true;
    known->stamps[known->stamps_next++ % STAMPS] = (struct stamp){true, tsval, at};
    if (known->stamped_at < at)
        known->stamped_at = at;
}

bool knowledge_is_echoed(const struct knowledge *known, const struct landmark *landmark, const struct segment *segment)
{
    if (known->tsval_wild || !landmark->set || !landmark->has_tsval || !(segment->options.present & TCP_OPT_TIMESTAMPS))
        return false;
    /* Another one of the same tick may have passed unseen. */
    if (known->observed && landmark->tsval == segment->options.tsecr)
        return false;
    return seq_le(landmark->tsval, segment->options.tsecr) &&
           (!landmark->bounded || seq_lt(segment->options.tsecr, landmark->until));
}

/* Not each of them: so far apart that a few are enough for a second. */
#define PASSED_APART (400 * NANOS_PER_MS)

void knowledge_note_passed(struct knowledge *known, const struct segment *segment, nanos at)
{
    uint32_t end = segment->seq + segment_span(segment), from = segment->seq;
    const struct passed *latest;

    if (known->passed_next > 0) {
        if (seq_le(end, known->passed_end))
            return;
        from = seq_max(from, known->passed_end);
    }
    known->passed_end = end;
    latest = &known->passed[(known->passed_next + PASSED - 1) % PASSED];
    if (!latest->set || at - latest->at >= PASSED_APART || at < latest->at)
        known->passed[known->passed_next++ % PASSED] = (struct passed){true, from, at};
}

bool knowledge_left_lately(const struct knowledge *known, uint32_t ack, nanos at)
{
    for (unsigned i = 0; i < PASSED; i++)
        if (known->passed[i].set && seq_lt(known->passed[i].from, ack) && at - known->passed[i].at < NANOS_PER_S)
            return true;
    return false;
}
