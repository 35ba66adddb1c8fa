#include "follow/purpose.h"

#include "base/seq.h"

/* No stack is known to send keep-alives after less (core/observed.h): what comes sooner may have been overtaken on the way. */
#define IDLE NANOS_PER_S

/* No stack is known to probe a window sooner: what comes earlier may have left before it was known to be closed. */
#define CLOSED_FOR (200 * NANOS_PER_MS)

/* An answer does not take longer: what comes later may be about something else. */
#define ANSWERED_IN NANOS_PER_S

const char *purpose_name(enum purpose purpose)
{
    static const char *const names[PURPOSES] = {
        [PURPOSE_NONE] = "",
        [PURPOSE_KEEP_ALIVE] = "keep-alive",
        [PURPOSE_WINDOW_PROBE] = "window-probe",
        [PURPOSE_EITHER] = "keep-alive-or-window-probe",
    };

    return names[purpose];
}

/* Nothing but what each segment of an open connection has. */
static bool is_plain(const struct earlier *segment)
{
    return (segment->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) == TCP_ACK;
}

/*
 * Was the byte that this end's latest segment has been sent before that, with others? A byte of its own can be sent again
 * because its acknowledgement was lost, after longer and longer; keep-alives come at regular times.
 */
static bool repeats_known_byte(const struct end *me, const struct earlier *segment)
{
    nanos at[RECENT] = {segment->at};
    struct earlier before;
    unsigned back;

    for (back = 1; back < RECENT && numbers_earlier(me, back, &before); back++) {
        if (before.seq != segment->seq || before.len > 1 || !is_plain(&before))
            return before.seq + before.len + ((before.flags & TCP_SYN) != 0) == me->next;
        at[back] = before.at;
    }
    return back == RECENT && 2 * (at[0] - at[1]) < 3 * (at[RECENT - 2] - at[RECENT - 1]);
}

/* How long a window must have been closed, so that its peer knows. */
static nanos known_after(const struct connection *connection)
{
    nanos round_trip = connection->open == NANOS_NONE ? NANOS_PER_S : connection->open;

    return round_trip > CLOSED_FOR ? round_trip : CLOSED_FOR;
}

/* What the latest segment of this end asks for; theirs: the other end's latest one before it. */
static enum purpose asks(const struct connection *connection, unsigned who, const struct earlier *theirs)
{
    const struct end *me = &connection->ends[who];
    struct earlier segment, before;
    bool closed, waited, whole;

    /* A FIN's number may be repeated without the FIN, too. */
    if (!me->has_next || me->has_fin || me->has_doubtful_fin || me->next_is_fin)
        return PURPOSE_NONE;
    if (!numbers_earlier(me, 0, &segment) || !numbers_earlier(me, 1, &before) || !is_plain(&segment))
        return PURPOSE_NONE;
    if ((theirs->flags & (TCP_RST | TCP_ACK)) != TCP_ACK || theirs->at > segment.at)
        return PURPOSE_NONE;
    if (segment.len > 1 || segment.seq + 1 != me->next || segment.ack != me->acked)
        return PURPOSE_NONE;
    closed = theirs->window == 0;
    waited = segment.at - theirs->at >= known_after(connection) && segment.at - before.at >= CLOSED_FOR;
    whole = theirs->ack == me->next;
    if (closed && !waited)
        return PURPOSE_NONE;
    if (!whole) /* a byte that the other end has not taken */
        return closed && segment.len == 1 && theirs->ack == segment.seq ? PURPOSE_WINDOW_PROBE : PURPOSE_NONE;
    if (segment.len == 1 && !repeats_known_byte(me, &segment))
        return PURPOSE_NONE;
    if (segment.at - before.at >= IDLE)
        return closed ? PURPOSE_EITHER : PURPOSE_KEEP_ALIVE;
    return closed ? PURPOSE_WINDOW_PROBE : PURPOSE_NONE;
}

/* What this end's latest segment answers: it carries nothing, and is the first behind one of the other that asks. */
static enum purpose answers(const struct connection *connection, unsigned from)
{
    const struct end *me = &connection->ends[from];
    struct earlier segment, before, question;

    if (!numbers_earlier(me, 0, &segment) || !numbers_earlier(me, 1, &before) ||
        !numbers_earlier(&connection->ends[!from], 0, &question))
        return PURPOSE_NONE;
    if (!is_plain(&segment) || segment.len > 0 || segment.seq != me->next || before.at > question.at)
        return PURPOSE_NONE;
    if (segment.at < question.at || segment.at - question.at >= ANSWERED_IN)
        return PURPOSE_NONE;
    if (segment.ack != question.seq + 1 && (question.len == 0 || segment.ack != question.seq))
        return PURPOSE_NONE;
    return asks(connection, !from, &before);
}

struct purposes purposes_of(const struct connection *connection, unsigned from, enum passage_kind kind)
{
    struct purposes purposes = {PURPOSE_NONE, PURPOSE_NONE};
    struct earlier theirs;

    if (kind != PASSAGE_NEW)
        return purposes;
    if (numbers_earlier(&connection->ends[!from], 0, &theirs))
        purposes.asks = asks(connection, from, &theirs);
    if (purposes.asks == PURPOSE_NONE)
        purposes.answers = answers(connection, from);
    return purposes;
}
