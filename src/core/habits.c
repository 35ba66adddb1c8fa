#include "core/habits.h"

#include "base/seq.h"

static bool has(const struct knowledge *known, enum habit habit)
{
    return !(known->broken >> habit & 1);
}

/*
 * CLOSING or LAST-ACK: the first copy of this FIN may have crossed ours and been lost. Not if the peer had not sent it so
 * short a time ago that this must be the first.
 */
static void fin_patience(const struct knowledge *known, const struct segment *segment, nanos at,
                         struct verdict *verdict)
{
    nanos unsent_at = known->fin_unsent_at;

    /* It had no connection, and so no FIN, before our first SYN left. */
    if (unsent_at == NANOS_NONE && known->ours.syn_count == 1 && !known->awaited)
        unsent_at = known->ours.syns[0].left.at;
    if (verdict->states != (IN(CLOSING) | IN(LAST_ACK)) || !segment_has(segment, TCP_FIN) || segment->len > 0 ||
        known->its_fin_seen || known->heard_max != segment->seq || classify_may_queue(known, segment))
        return;
    if (unsent_at == NANOS_NONE || at < unsent_at || at - unsent_at >= HABIT_FIN_SPAN)
        return;
    verdict->by_habit = IN(LAST_ACK);
    verdict->habit = HABIT_FIN_PATIENCE;
}

/* SYN-RECEIVED or ESTABLISHED: it has taken the timestamp of an acknowledgement that opens the connection. */
static void receipt(const struct knowledge *known, struct verdict *verdict)
{
    if (verdict->reason != REASON_ACK_RECEIPT || !has(known, HABIT_DROPPED_STAMP))
        return;
    verdict->by_habit = verdict->states & (state_set)~IN(SYN_RECEIVED);
    verdict->habit = HABIT_DROPPED_STAMP;
}

/* SYN-RECEIVED or ESTABLISHED: a TCP that is still opening refuses an old acknowledgement, an open one may challenge it. */
static void old_ack(const struct knowledge *known, const struct segment *segment, struct verdict *verdict)
{
    bool stamped = (segment->options.present & TCP_OPT_TIMESTAMPS) != 0;
    bool answers = stamped && !known->tsval_wild
                       ? known->old_ack.stamped && segment->options.tsecr == known->old_ack.tsval
                       : !stamped && known->old_ack.alone;
    enum habit habit = stamped ? HABIT_REFUSED_STAMP : HABIT_SYN_COPY;

    if (!known->old_ack.set || !answers || known->awaited || known->its_syn_alone || !has(known, habit) ||
        !(verdict->states & IN(SYN_RECEIVED)) || !(verdict->states & IN(ESTABLISHED)))
        return;
    verdict->by_habit = verdict->states & (state_set)~IN(SYN_RECEIVED);
    verdict->habit = habit;
    verdict->reason = REASON_ACK_CHALLENGED;
}

/* FIN-WAIT-2: does a process still hold the socket? */
static void minisock(const struct knowledge *known, const struct segment *segment, struct verdict *verdict)
{
    if (!(verdict->states & IN(FIN_WAIT_2)) || (verdict->states & (state_set) ~(IN(FIN_WAIT_1) | IN(FIN_WAIT_2))))
        return;
    if (knowledge_reports_old_byte(known, segment))
        verdict->detail = DETAIL_OWNED;
    else if (known->old_byte_unanswered && known->reports_old && knowledge_has_sack(known))
        verdict->detail = DETAIL_ORPHANED;
    if (verdict->detail != DETAIL_NONE && verdict->habit == HABIT_NONE)
        verdict->habit = HABIT_MINISOCK;
}

void habits_apply(const struct knowledge *known, const struct segment *segment, nanos at, struct verdict *verdict)
{
    if (segment_has(segment, TCP_RST) || segment_has(segment, TCP_SYN))
        return;
    if (has(known, HABIT_FIN_PATIENCE))
        fin_patience(known, segment, at, verdict);
    if (segment_has(segment, TCP_FIN))
        return;
    receipt(known, verdict);
    old_ack(known, segment, verdict);
    if (has(known, HABIT_MINISOCK))
        minisock(known, segment, verdict);
}
