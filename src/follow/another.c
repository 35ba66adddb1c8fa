/*
 * Does a segment of endpoints that have a connection belong to it, or begin another one?
 *
 * A SYN with another number may be anything: the next connection, a forgery, or a stray. Where nothing tells, it is kept
 * (struct pending), and begins a connection once it is answered, or followed by what only that would have; or when the old
 * one is over. If its sender goes on with the old connection, it was not its own. The same is asked of a SYN-ACK where only one
 * direction is seen.
 */
#include "core/observed.h"
#include "follow/follow.h"

/* A SYN with a number so little below those that are seen is the one before them. */
#define LATE_BY (UINT32_C(1) << 16)

/* So much later the SYN of another connection needs no answer to be believed. */
#define IDLE (120 * NANOS_PER_S)

/* What a SYN without ACK is to the connection of its endpoints. */
enum syn_means { SYN_IS_ITS_OWN, SYN_BEGINS_ANOTHER, SYN_MAY_BEGIN_ANOTHER };

static enum syn_means syn_means(const struct connection *connection, unsigned from, const struct passage *passage)
{
    const struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    nanos idle = passage->at - connection->last_at;
    uint32_t seq = passage->segment->seq;

    /* Who numbers by a clock sends the same number again, later, only as a copy. */
    if (me->has_syn && me->iss == seq && me->syn_stamped && (passage->segment->options.present & TCP_OPT_TIMESTAMPS) &&
        idle <= IDLE)
        return SYN_IS_ITS_OWN;
    if (me->has_syn && me->iss == seq)
        return connection->closed && !(connection->opening == OPENING_TRIED) && idle > NANOS_PER_S ? SYN_BEGINS_ANOTHER
                                                                                                   : SYN_IS_ITS_OWN;
    /* It comes late, in a connection whose beginning was not seen. */
    if (!me->has_syn && me->has_next && !connection->closed && me->next - seq - 1 < LATE_BY)
        return SYN_IS_ITS_OWN;
    /* It answers the other's SYN with one of its own. */
    if (!me->has_syn && other->syn_alone && connection->opening == OPENING_TRIED && !connection->closed)
        return SYN_IS_ITS_OWN;
    return connection->closed || idle > IDLE ? SYN_BEGINS_ANOTHER : SYN_MAY_BEGIN_ANOTHER;
}

/* Does this SYN-ACK answer the SYN that was kept? Or does what follows it pass, and is none of the old connection's? */
static bool confirms_pending(const struct connection *connection, unsigned from, const struct segment *segment)
{
    const struct pending *pending = &connection->pending;
    uint32_t span = segment_span(&pending->segment);

    if (!connection->has_pending || !segment_has(segment, TCP_ACK))
        return false;
    if (pending->from != from)
        return segment_has(segment, TCP_SYN) && segment->ack - pending->segment.seq >= 1 &&
               segment->ack - pending->segment.seq <= span;
    return !(segment->flags & (TCP_SYN | TCP_RST)) && segment->seq == pending->segment.seq + span &&
           segment->seq != connection->ends[from].next;
}

/* Does the end whose SYN was kept go on with the old connection? So that was not its own. */
static bool denies_pending(const struct connection *connection, unsigned from, const struct segment *segment)
{
    return connection->has_pending && connection->pending.from == from && segment->len > 0 &&
           !(segment->flags & (TCP_SYN | TCP_RST)) && segment->seq == connection->ends[from].next &&
           connection->ends[from].seen;
}

static void drop_pending(struct connection *connection)
{
    struct end *end = &connection->ends[connection->pending.from];

    connection->has_pending = false;
    if (!connection->bare)
        belief_note_reopening(&end->belief, false);
    end->segments++;
    end->strays++;
}

/*
 * A SYN-ACK with numbers that are neither end's, of endpoints whose connection is over or has been closed by its sender, is
 * another one's, whose SYN passed unseen.
 */
static bool begins_by_answer(const struct connection *connection, unsigned from, const struct passage *passage)
{
    const struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    const struct segment *segment = passage->segment;

    if (!segment_has(segment, TCP_SYN | TCP_ACK) || segment_has(segment, TCP_RST))
        return false;
    if ((me->has_syn && segment->seq == me->iss) || (other->has_syn && segment->ack == other->syn_end))
        return false;
    return connection->closed || me->has_fin || passage->at - connection->last_at > IDLE;
}

/* ... but not one that answers the SYN of a brief one, which is most of them. (All others make that one be followed in full.) */
static bool answers_briefly(const struct slot *slot, unsigned from, const struct segment *segment)
{
    return slot->full == NO_SLOT && slot->count == 1 && from == END_B && segment->ack == slot->end[END_A];
}

static void keep(struct connection *connection, unsigned from, const struct passage *passage)
{
    connection->pending = (struct pending){*passage->segment, from, passage->packet, passage->at};
    connection->has_pending = true;
    if (!connection->bare)
        belief_note_reopening(&connection->ends[from].belief, true);
}

/* A SYN for endpoints that have a connection: what becomes of both. True when that is settled. */
static bool take_syn(struct follow *follow, struct slot **slot, unsigned *from, const struct passage *passage)
{
    struct connection *connection = follow_in_full(follow, *slot);

    switch (syn_means(connection, *from, passage)) {
    case SYN_IS_ITS_OWN:
        return false;
    case SYN_BEGINS_ANOTHER:
        if (connection->has_pending && connection->pending.from == *from &&
            connection->pending.segment.seq == passage->segment->seq) {
            *slot = follow_begin_pending(follow, *slot);
            *from = END_A;
            return false;
        }
        follow_close(follow, *slot, false);
        *slot = NULL;
        return false;
    case SYN_MAY_BEGIN_ANOTHER:
        break;
    }
    if (connection->has_pending && connection->pending.segment.seq != passage->segment->seq) {
        if (connection->pending.from != *from || connection->ends[!*from].has_next)
            return false; /* one too many: told to the beliefs as a segment without meaning */
        /* Nobody answers: each is an attempt of its own. */
        *slot = follow_begin_pending(follow, *slot);
        *from = END_A;
        connection = follow_in_full(follow, *slot);
    }
    if (connection->has_pending && connection->pending.from == *from && !connection->ends[!*from].has_next) {
        /* ... and this one's second SYN. */
        *slot = follow_begin_pending(follow, *slot);
        *from = END_A;
        return false;
    }
    if (!connection->has_pending)
        keep(connection, *from, passage);
    return true;
}

/*
 * A SYN-ACK with numbers that are neither end's, where only its sender's direction is seen: it may be another connection's, whose
 * SYN passed unseen, or nobody's. True when that is settled, for now: it is kept, or is there already.
 */
static bool take_lone_answer(struct follow *follow, struct slot **slot, unsigned from, const struct passage *passage)
{
    const struct segment *segment = passage->segment;
    struct connection *connection = slot_connection(follow, *slot);
    const struct end *me = &connection->ends[from], *other = &connection->ends[!from];

    if (other->seen || !me->has_syn || segment->seq == me->iss || segment->ack == other->syn_end)
        return false;
    if (connection->has_pending && connection->pending.segment.seq == segment->seq)
        return true;
    if (connection->has_pending) { /* each answers an attempt of its own */
        *slot = follow_begin_pending(follow, *slot);
        from = END_A;
    }
    keep(follow_in_full(follow, *slot), from, passage);
    return true;
}

bool another_take(struct follow *follow, struct slot **slot, unsigned *from, const struct passage *passage)
{
    const struct segment *segment = passage->segment;
    bool syn = segment_has(segment, TCP_SYN), answer = segment_has(segment, TCP_SYN | TCP_ACK);

    if (syn && !(segment->flags & (TCP_ACK | TCP_RST)) && take_syn(follow, slot, from, passage))
        return true;
    if (*slot && (*slot)->full != NO_SLOT) {
        struct connection *connection = slot_connection(follow, *slot);
        if (confirms_pending(connection, *from, segment)) {
            bool same = connection->pending.from == *from;
            *slot = follow_begin_pending(follow, *slot);
            *from = same ? END_A : END_B;
        } else if (denies_pending(connection, *from, segment)) {
            drop_pending(connection);
        }
    }
    if (*slot && answer && !answers_briefly(*slot, *from, segment) &&
        begins_by_answer(follow_in_full(follow, *slot), *from, passage)) {
        follow_close(follow, *slot, false);
        *slot = NULL;
    }
    return *slot && answer && (*slot)->full != NO_SLOT && take_lone_answer(follow, slot, *from, passage);
}
