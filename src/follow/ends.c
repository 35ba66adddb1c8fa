/* The beliefs of both ends, told of what passes; and first, of what must have passed unseen. */
#include "base/seq.h"
#include "core/observed.h"
#include "follow/brief.h"
#include "follow/follow.h"

/* Where it was from a time on, if that is another state than before. */
static void note_run(struct runs *runs, unsigned which, unsigned state, nanos since)
{
    unsigned *count = &runs->count[which];

    if (*count > 0 && runs->state[which][*count - 1] == state)
        return;
    if (*count == RUNS_MAX) {
        runs->cut = true;
        return;
    }
    runs->state[which][*count] = (uint8_t)state;
    runs->since[which][(*count)++] = since;
}

void ends_count_time(struct connection *connection, unsigned which, nanos at)
{
    struct end *end = &connection->ends[which];
    state_set likely = end->belief.claim.likely;

    if (likely != NO_STATES && at != end->state_since) {
        unsigned state = (unsigned)__builtin_ctz(likely); /* the first of them */
        end->in_state[state] += at - end->state_since;
        if (connection->runs)
            note_run(connection->runs, which, state, end->state_since);
    }
    end->state_since = at;
}

void ends_tell(struct follow *follow, struct connection *connection, unsigned end, const struct claim *claims,
               unsigned count)
{
    for (unsigned i = 0; i < count && follow->listener.claim; i++)
        follow->listener.claim(follow->listener.context, connection, end, &claims[i]);
}

void ends_init(struct connection *connection, const struct segment *segment, nanos at)
{
    bool syn = segment_has(segment, TCP_SYN), ack = segment_has(segment, TCP_ACK);

    belief_init_observed(&connection->ends[END_A].belief, syn && !ack);
    belief_init_observed(&connection->ends[END_B].belief, syn && ack);
    connection->ends[END_A].state_since = connection->ends[END_B].state_since = at;
}

/* A SYN-ACK shows that a SYN has passed unseen. */
static void prepare_syn_ack(struct connection *connection, unsigned from, const struct segment *segment, nanos at)
{
    struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    struct segment syn = {.seq = segment->ack - 1, .flags = TCP_SYN, .window = UINT16_MAX};
    struct claim claims[CLAIMS_MAX];

    if (other->has_syn || other->has_next)
        return;
    belief_sent_doubtful(&me->belief, &syn, 0, at, claims);
    belief_received(&other->belief, &syn, 0, at, claims);
    me->belief.known.scale_unknown = other->belief.known.scale_unknown = true;
    me->belief.known.incomplete = true;
}

/* What the segment shows of what the other end has sent. */
static void prepare_ack(struct connection *connection, unsigned from, const struct segment *segment, nanos at)
{
    struct end *me = &connection->ends[from], *other = &connection->ends[!from];

    enum ack_kind kind = numbers_ack(connection, from, segment->ack);

    if (kind == ACK_FIRST) {
        belief_join_its(&other->belief, segment->ack, true, connection->segments, at);
        belief_join_ours(&me->belief, segment->ack, true);
        me->belief.known.incomplete = true;
    } else if (kind == ACK_UNSEEN || kind == ACK_CLAIMED) {
        /* What only one segment says the other end need not have sent; but a FIN may be in it, which this end has got. */
        if (kind == ACK_UNSEEN)
            belief_missed_its(&other->belief, segment->ack);
        belief_missed_ours(&me->belief, segment->ack);
        me->belief.known.incomplete = true;
    } else if (kind == ACK_KNOWN && other->has_hole && seq_lt(other->first_hole, segment->ack)) {
        me->belief.known.incomplete = true;
    }
}

void ends_prepare(struct follow *follow, struct connection *connection, unsigned from, const struct segment *segment,
                  nanos at)
{
    struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    uint32_t span = segment_span(segment);

    (void)follow;
    if (segment_has(segment, TCP_RST) || !numbers_fit(connection, from, segment))
        return;
    if (segment_has(segment, TCP_SYN)) {
        if (segment_has(segment, TCP_ACK))
            prepare_syn_ack(connection, from, segment, at);
        return;
    }
    if (!me->has_next) {
        if (segment_has(segment, TCP_ACK) && numbers_ack(connection, from, segment->ack) == ACK_WRONG)
            return;
        belief_join_its(&me->belief, segment->seq, span == 0, connection->segments, at);
        belief_join_ours(&other->belief, segment->seq, span == 0);
    } else if (seq_lt(me->next, segment->seq) && span == 0) {
        belief_missed_ours(&other->belief, segment->seq);
        belief_missed_its(&me->belief, segment->seq);
    }
    if (segment_has(segment, TCP_ACK))
        prepare_ack(connection, from, segment, at);
    if (span)
        belief_resumed_ours(&other->belief, segment->seq + span);
    if (segment->len > 0 && other->has_acked)
        belief_resumed_its(&me->belief, seq_lt(segment->seq, other->acked) ? segment->seq : other->acked);
}

void ends_pass(struct follow *follow, struct connection *connection, unsigned from, const struct segment *segment,
               nanos at)
{
    struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    struct claim claims[CLAIMS_MAX];
    unsigned count, n = connection->segments;

    ends_count_time(connection, from, at);
    ends_count_time(connection, !from, at);
    /* Where its options were cut off, nobody knows how windows are to be read. */
    if (segment_has(segment, TCP_SYN) && (segment->options.present & TCP_OPT_CUT))
        me->belief.known.scale_unknown = other->belief.known.scale_unknown = true;
    count = belief_received(&me->belief, segment, n, at, claims);
    ends_tell(follow, connection, from, claims, count);
    count = belief_sent(&other->belief, segment, n, at, claims);
    ends_tell(follow, connection, !from, claims, count);
    belief_slide(&me->belief);
    belief_slide(&other->belief);
}

void ends_rejoin(struct follow *follow, struct connection *connection, nanos at)
{
    for (unsigned i = 0; i < ENDS; i++) {
        struct end *me = &connection->ends[i], *other = &connection->ends[!i];
        ends_count_time(connection, i, at);
        belief_init_observed(&me->belief, false);
        if (other->has_next)
            belief_join_ours(&me->belief, other->next, true);
        if (me->has_next)
            belief_join_its(&me->belief, me->next, true, connection->segments, at);
        ends_tell(follow, connection, i, &me->belief.claim, 1);
    }
}
