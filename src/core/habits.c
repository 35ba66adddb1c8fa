#include "core/habits.h"

#include "base/seq.h"

static bool has(const struct knowledge *known, enum habit habit)
{
    return !(known->broken >> habit & 1);
}

/* Had the peer not sent its FIN so short a time ago that what arrives now must be the first copy? */
static bool is_first(const struct knowledge *known, nanos at)
{
    nanos unsent_at = known->fin_unsent_at;

    if (known->observed) /* one may have passed unseen */
        return false;
    /* It had no connection, and so no FIN, before our first SYN left. */
    if (unsent_at == NANOS_NONE && known->ours.syn_count == 1 && !known->awaited)
        unsent_at = known->ours.syns[0].left.at;
    /* Three more acknowledgements of the same have it repeat at once (RFC 5681 3.2), and those on their way count too. */
    if (known->ack_copies > 2 || known->unaccounted)
        return false;
    return !known->its_fin_seen && unsent_at != NANOS_NONE && at >= unsent_at && at - unsent_at < HABIT_SPAN;
}

/* Nothing of the peer's was unacknowledged or waiting before this. */
static bool is_alone(const struct knowledge *known, const struct segment *segment)
{
    return known->heard_max == segment->seq && known->in_order == segment->seq && !classify_may_queue(known, segment);
}

/* CLOSING or LAST-ACK: the first copy of this FIN may have crossed ours and been lost. */
static void fin_patience(struct verdict *verdict)
{
    if (verdict->states != (IN(CLOSING) | IN(LAST_ACK)))
        return;
    verdict->by_habit = IN(LAST_ACK);
    verdict->habit = HABIT_FIN_PATIENCE;
}

/*
 * Bytes while its application may have closed: they may be a repetition, or the last of a queue. A queue that is emptied by
 * less than half a segment has its FIN on it.
 */
static void data_patience(const struct knowledge *known, const struct segment *segment, struct verdict *verdict)
{
    state_set open = verdict->states & (IN(ESTABLISHED) | IN(CLOSE_WAIT));

    if (state_count(open) != 1 || state_count(verdict->states) == 1 || segment->len >= known->mss_offered / 2u)
        return;
    verdict->by_habit = open;
    verdict->habit = HABIT_DATA_PATIENCE;
}

/* SYN-RECEIVED or ESTABLISHED: nothing that we sent draws an ACK from SYN-RECEIVED, or one of ours is echoed. */
static void opening(const struct knowledge *known, struct verdict *verdict)
{
    bool plain = known->iss_known && known->ours.syn_count == 1 && known->ours.syns[0].span == 1;
    bool mute = plain && !known->drawing && has(known, HABIT_OPENING);
    bool receipt = verdict->reason == REASON_ACK_RECEIPT && has(known, HABIT_DROPPED_STAMP);

    /* Here too: what passed unseen can have drawn it. */
    if (known->observed || !(verdict->states & IN(SYN_RECEIVED)) || !(verdict->states & IN(ESTABLISHED)) || known->awaited ||
        known->its_syn_alone || (!mute && !receipt))
        return;
    verdict->by_habit = verdict->states & (state_set)~IN(SYN_RECEIVED);
    verdict->habit = mute ? HABIT_OPENING : HABIT_DROPPED_STAMP;
}

/* FIN-WAIT-2: does a process still hold the socket? */
static void minisock(const struct knowledge *known, const struct segment *segment, struct verdict *verdict)
{
    if (!(verdict->states & IN(FIN_WAIT_2)) || (verdict->states & (state_set) ~(IN(FIN_WAIT_1) | IN(FIN_WAIT_2))))
        return;
    if (knowledge_reports_old_byte(known, segment))
        verdict->detail = DETAIL_OWNED;
    else if (known->counts_packets && segment->ip_id == 0)
        verdict->detail = DETAIL_ORPHANED;
    /* In FIN-WAIT-1 the socket is whole whoever holds it. */
    if (verdict->detail == DETAIL_ORPHANED && verdict->states != IN(FIN_WAIT_2) && !verdict->by_habit)
        verdict->by_habit = IN(FIN_WAIT_2);
    if (verdict->detail != DETAIL_NONE && verdict->habit == HABIT_NONE)
        verdict->habit = HABIT_MINISOCK;
}

/* CLOSED or LISTEN, of a peer that refused a segment without flags. */
static void deaf_listener(struct verdict *verdict)
{
    verdict->by_habit = IN(CLOSED);
    verdict->habit = HABIT_DEAF_LISTENER;
}

void habits_apply(const struct knowledge *known, const struct segment *segment, nanos at, struct verdict *verdict)
{
    if (verdict->reason == REASON_BARE_REFUSED && has(known, HABIT_DEAF_LISTENER))
        deaf_listener(verdict);
    if (segment_has(segment, TCP_RST) || segment_has(segment, TCP_SYN))
        return;
    if (is_first(known, at) && is_alone(known, segment)) {
        if (segment_has(segment, TCP_FIN) && segment->len == 0 && has(known, HABIT_FIN_PATIENCE))
            fin_patience(verdict);
        else if (!segment_has(segment, TCP_FIN) && segment->len > 0 && has(known, HABIT_DATA_PATIENCE))
            data_patience(known, segment, verdict);
    }
    if (segment_has(segment, TCP_FIN))
        return;
    opening(known, verdict);
    if (has(known, HABIT_MINISOCK))
        minisock(known, segment, verdict);
}
