/*
 * The shortcut for ordinary segments, which most segments of long connections are: each comes next in a connection that is
 * open and whole, and acknowledges what was seen. Of such a segment numbers.c, course.c and ends.c ask much, and find
 * the same each time. What they find is written down here without asking, and what the beliefs find, by core/ordinary.h.
 *
 * What the questions are about stays as it is until another segment passes. So it is looked at then, once
 * (ordinary_connection()), and kept as connection->stands. Of an ordinary segment only its own numbers are looked
 * at.
 *
 * Nothing may differ for it: not a member of the connection, not a claim, not what the listener is told
 * (tests/unit/test_follow_ordinary.c). What has numbers, a course or an end take note of something new has to leave such
 * segments to them, or be noted here as well.
 */
#include "core/ordinary.h"
#include "base/seq.h"
#include "follow/follow.h"

/* Its numbers are whole, and it has not closed. */
static bool end_stands(const struct end *me)
{
    return me->has_next && me->has_acked && !me->has_hole && !me->has_fin && !me->has_doubtful_fin;
}

/* The beliefs know the same of an end, and find nothing of note in its ordinary segments. */
static bool belief_stands(const struct connection *connection, unsigned which)
{
    const struct end *me = &connection->ends[which], *other = &connection->ends[!which];

    const struct stays *stays = &me->stays;

    return me->belief.known.heard_max == me->next && other->belief.known.ours.taken.at[0].to == me->next &&
           stays->count > 0 && stays->at[stays->count - 1].state == ESTABLISHED &&
           !stays->at[stays->count - 1].presumed && ordinary_stands(&me->belief);
}

bool ordinary_connection(const struct connection *connection)
{
    return connection->opening != OPENING_TRIED && connection->opening != OPENING_ANSWERED &&
           connection->resetter == NOBODY && end_stands(&connection->ends[END_A]) &&
           end_stands(&connection->ends[END_B]) &&
           (connection->bare || (belief_stands(connection, END_A) && belief_stands(connection, END_B)));
}

/* Is it ordinary by its numbers? */
static bool is_ordinary(const struct connection *connection, unsigned from, const struct segment *segment)
{
    const struct end *me = &connection->ends[from];

    return (segment->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) == TCP_ACK && segment->seq == me->next &&
           seq_le(me->next, me->next + segment->len) && seq_le(me->acked, segment->ack) &&
           numbers_ack(connection, from, segment->ack) == ACK_KNOWN;
}

/* ... and for the beliefs? */
static bool is_believed(const struct connection *connection, unsigned from, const struct segment *segment)
{
    return ordinary_can_be_received(&connection->ends[from].belief, segment) &&
           ordinary_can_be_sent(&connection->ends[!from].belief, segment);
}

static void note_letters(struct connection *connection, unsigned from, const struct segment *segment)
{
    course_letter(connection, from, segment->len > 0 ? 'd' : 'a');
    if (segment->window == 0)
        course_letter(connection, from, 'w');
}

static void tell_beliefs(struct follow *follow, struct connection *connection, unsigned from,
                         const struct segment *segment, nanos at)
{
    struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    struct claim claims[CLAIMS_MAX];
    unsigned count, n = connection->segments;

    count = ordinary_received(&me->belief, segment, n, at, claims);
    ends_tell(follow, connection, from, claims, count);
    ordinary_sent(&other->belief, segment, n, at);
    connection->due = nanos_sooner(connection->due, at + BELIEF_LIFE_SHORTEST);
}

bool ordinary_pass(struct follow *follow, struct connection *connection, unsigned from, const struct passage *passage)
{
    const struct segment *segment = passage->segment;
    const nanos at = passage->at;

    if (at < connection->last_at || !is_ordinary(connection, from, segment) ||
        (!connection->bare && !is_believed(connection, from, segment)) ||
        !numbers_note_ordinary(connection, from, segment, at))
        return false;
    connection->segments++;
    connection->last_packet = passage->packet;
    connection->last_at = at;
    note_letters(connection, from, segment);
    follow->ordinary++;
    if (connection->bare)
        return true;
    if (follow->listener.segment)
        follow->listener.segment(follow->listener.context, connection, from, connection->segments, PASSAGE_NEW,
                                 passage);
    tell_beliefs(follow, connection, from, segment, at);
    return true;
}
