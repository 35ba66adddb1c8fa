#include "follow/follow.h"

#include "base/seq.h"
#include "core/observed.h"

/* A connection that is over stays this long for what comes late (RFC 9293 3.4.2 has 4 minutes; stacks have 60 s). */
#define LINGER (60 * NANOS_PER_S)

/* So much later the SYN of another connection needs no answer to be believed. */
#define IDLE (120 * NANOS_PER_S)

static struct connection *begin(struct follow *follow, const struct passage *passage)
{
    struct connection *connection = table_add(follow, passage->src, passage->dst);

    connection->number = ++follow->connections;
    connection->first_packet = passage->packet;
    connection->first_at = passage->at;
    connection->opener = connection->closer = connection->resetter = NOBODY;
    connection->open_rtt = connection->open = NANOS_NONE;
    for (unsigned i = 0; i < ENDS; i++)
        connection->ends[i].syn_at = connection->ends[i].fin_at = NANOS_NONE;
    ends_init(connection, passage->segment, passage->at);
    return connection;
}

static void expire(struct follow *follow, struct connection *connection, nanos at)
{
    struct claim claims[CLAIMS_MAX];

    for (unsigned i = 0; i < ENDS; i++) {
        struct end *end = &connection->ends[i];
        nanos due = belief_expiry(&end->belief);
        if (at < due)
            continue;
        ends_count_time(end, due);
        if (belief_expire(&end->belief, at, claims) && follow->listener.claim)
            follow->listener.claim(follow->listener.context, connection, i, &claims[0]);
    }
}

static void take(struct follow *follow, struct connection *connection, unsigned from, const struct passage *passage)
{
    const struct segment *segment = passage->segment;
    enum passage_kind kind;
    bool again;

    expire(follow, connection, passage->at);
    connection->segments++;
    connection->last_packet = passage->packet;
    connection->last_at = passage->at;
    ends_prepare(follow, connection, from, segment, passage->at);
    kind = numbers_note(connection, from, segment, passage->at);
    again = course_note(connection, from, kind, segment, passage->at);
    if (follow->listener.segment)
        follow->listener.segment(follow->listener.context, connection, from, connection->segments, kind, passage);
    if (kind == PASSAGE_DOUBLE)
        return;
    if (again)
        ends_rejoin(follow, connection, passage->at);
    ends_pass(follow, connection, from, segment, passage->at);
}

/* The SYN that was kept begins a connection after all. */
static struct connection *begin_pending(struct follow *follow, struct connection *old)
{
    struct pending pending = old->pending;
    struct endpoint src = old->at[pending.from], dst = old->at[!pending.from];
    struct passage passage = {pending.packet, pending.at, &src, &dst, &pending.segment};
    struct connection *connection;

    old->has_pending = false;
    follow_close(follow, old);
    connection = begin(follow, &passage);
    take(follow, connection, END_A, &passage);
    return connection;
}

void follow_close(struct follow *follow, struct connection *connection)
{
    while (connection->has_pending)
        connection = begin_pending(follow, connection);
    for (unsigned i = 0; i < ENDS; i++)
        ends_count_time(&connection->ends[i], connection->last_at);
    if (follow->listener.over)
        follow->listener.over(follow->listener.context, connection);
    table_remove(follow, connection);
}

/* What a SYN without ACK is to the connection of its endpoints. */
enum syn_means { SYN_IS_ITS_OWN, SYN_BEGINS_ANOTHER, SYN_MAY_BEGIN_ANOTHER };

static enum syn_means syn_means(const struct connection *connection, unsigned from, const struct passage *passage)
{
    const struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    nanos idle = passage->at - connection->last_at;
    uint32_t seq = passage->segment->seq;

    if (me->has_syn && me->iss == seq)
        return connection->closed && !(connection->opening == OPENING_TRIED) && idle > NANOS_PER_S ? SYN_BEGINS_ANOTHER
                                                                                                  : SYN_IS_ITS_OWN;
    /* It answers the other's SYN with one of its own. */
    if (!me->has_syn && other->syn_alone && connection->opening == OPENING_TRIED && !connection->closed)
        return SYN_IS_ITS_OWN;
    if (connection->closed || !other->has_next || idle > IDLE)
        return SYN_BEGINS_ANOTHER;
    return SYN_MAY_BEGIN_ANOTHER;
}

/* Does this SYN-ACK answer the SYN that was kept? */
static bool answers_pending(const struct connection *connection, unsigned from, const struct segment *segment)
{
    const struct pending *pending = &connection->pending;

    return connection->has_pending && pending->from != from && segment_has(segment, TCP_SYN | TCP_ACK) &&
           segment->ack - pending->segment.seq >= 1 &&
           segment->ack - pending->segment.seq <= segment_span(&pending->segment);
}

static void keep(struct connection *connection, unsigned from, const struct passage *passage)
{
    connection->pending = (struct pending){*passage->segment, from, passage->packet, passage->at};
    connection->has_pending = true;
}

/* A SYN that does not belong to the connection of its endpoints: what becomes of it. True when that is settled. */
static bool take_syn(struct follow *follow, struct connection **connection, unsigned *from,
                     const struct passage *passage)
{
    switch (syn_means(*connection, *from, passage)) {
    case SYN_IS_ITS_OWN:
        return false;
    case SYN_BEGINS_ANOTHER:
        if ((*connection)->has_pending && (*connection)->pending.from == *from &&
            (*connection)->pending.segment.seq == passage->segment->seq) {
            *connection = begin_pending(follow, *connection);
            *from = END_A;
            return false;
        }
        follow_close(follow, *connection);
        *connection = NULL;
        return false;
    case SYN_MAY_BEGIN_ANOTHER:
        break;
    }
    if ((*connection)->has_pending && (*connection)->pending.segment.seq != passage->segment->seq)
        return false; /* one too many: told to the beliefs as a segment without meaning */
    if (!(*connection)->has_pending)
        keep(*connection, *from, passage);
    (*connection)->last_packet = passage->packet;
    return true;
}

/* Those at the old end of the list that are over, and had their time. */
static void let_go(struct follow *follow, nanos at)
{
    while (follow->oldest != NO_SLOT) {
        struct connection *connection = &follow->slots[follow->oldest];
        if (!connection->closed || at - connection->last_at < LINGER)
            return;
        follow_close(follow, connection);
    }
}

void follow_pass(struct follow *follow, const struct passage *passage)
{
    const struct segment *segment = passage->segment;
    struct connection *connection;
    unsigned from = END_A;

    follow->segments++;
    if (follow->now == NANOS_NONE || follow->now < passage->at)
        follow->now = passage->at;
    let_go(follow, passage->at);
    connection = table_find(follow, passage->src, passage->dst, &from);
    if (connection && segment_has(segment, TCP_SYN) && !(segment->flags & (TCP_ACK | TCP_RST)) &&
        take_syn(follow, &connection, &from, passage)) {
        table_touch(follow, connection);
        return;
    }
    if (connection && answers_pending(connection, from, segment)) {
        connection = begin_pending(follow, connection);
        from = END_B;
    }
    if (!connection) {
        connection = begin(follow, passage);
        from = END_A;
    }
    table_touch(follow, connection);
    take(follow, connection, from, passage);
}

void follow_end(struct follow *follow)
{
    while (follow->oldest != NO_SLOT)
        follow_close(follow, &follow->slots[follow->oldest]);
}
