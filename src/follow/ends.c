/* The beliefs of both ends, told of what passes; and first, of what must have passed unseen. */
#include "base/seq.h"
#include "core/observed.h"
#include "follow/brief.h"
#include "follow/follow.h"

/* What the claims, of which the last one stands, say of its times in states. */
static void note_stays(struct end *end, const struct claim *claims, unsigned count, nanos at)
{
    const struct claim *standing = &end->belief.claim;

    for (unsigned i = 0; i < count; i++) {
        if (claims[i].certainty != PRESUMED)
            stays_prove(&end->stays, claims[i].to);
        stays_note(&end->stays, claims[i].likely, claims[i].certainty == PRESUMED, at);
    }
    stays_note(&end->stays, standing->likely, standing->certainty == PRESUMED, at);
}

void ends_tell(struct follow *follow, struct connection *connection, unsigned end, const struct claim *claims,
               unsigned count)
{
    for (unsigned i = 0; i < count && follow->listener.claim; i++)
        follow->listener.claim(follow->listener.context, connection, end, &claims[i]);
}

void ends_init(struct connection *connection, const struct segment *segment)
{
    bool syn = segment_has(segment, TCP_SYN), ack = segment_has(segment, TCP_ACK), rst = segment_has(segment, TCP_RST);

    /* Without ACK only a SYN or a RST is sent by a TCP (RFC 9293 3.10.7.4): all else is not of a connection. */
    belief_init_observed(&connection->ends[END_A].belief, !ack || rst);
    belief_init_observed(&connection->ends[END_B].belief, (syn && ack) || rst);
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
static void prepare_ack(struct connection *connection, unsigned from, const struct segment *segment)
{
    struct end *me = &connection->ends[from], *other = &connection->ends[!from];

    enum ack_kind kind = numbers_ack(connection, from, segment->ack);

    if (kind == ACK_FIRST) {
        belief_join_its(&other->belief, segment->ack, true, connection->segments);
        stays_join(&other->stays);
        belief_join_ours(&me->belief, segment->ack, true);
        me->belief.known.incomplete = true;
    } else if (kind == ACK_UNSEEN || kind == ACK_CLAIMED) {
        other->doubted = true;
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
    other->doubted = false;
    if (segment_has(segment, TCP_RST) || !numbers_fit(connection, from, segment))
        return;
    if (segment_has(segment, TCP_SYN)) {
        if (segment_has(segment, TCP_ACK))
            prepare_syn_ack(connection, from, segment, at);
        return;
    }
    if (!segment_has(segment, TCP_ACK)) /* nobody takes it */
        return;
    if (!me->has_next || !me->belief.known.irs_known) {
        if (numbers_ack(connection, from, segment->ack) == ACK_WRONG)
            return;
        belief_join_its(&me->belief, segment->seq, span == 0, connection->segments);
        stays_join(&me->stays);
        belief_join_ours(&other->belief, segment->seq, span == 0);
    } else if (seq_lt(me->next, segment->seq) && span == 0) {
        belief_missed_ours(&other->belief, segment->seq);
        belief_missed_its(&me->belief, segment->seq);
    }
    prepare_ack(connection, from, segment);
    if (span)
        belief_resumed_ours(&other->belief, segment->seq + span);
    if (segment->len > 0 && other->has_acked)
        belief_resumed_its(&me->belief, seq_lt(segment->seq, other->acked) ? segment->seq : other->acked);
}

void ends_pass(struct follow *follow, struct connection *connection, unsigned from, const struct segment *segment,
               nanos at)
{
    struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    struct claim claims[2 * CLAIMS_MAX];
    unsigned count, n = connection->segments;

    /* Where its options were cut off, nobody knows how windows are to be read. */
    if (segment_has(segment, TCP_SYN) && (segment->options.present & TCP_OPT_CUT))
        me->belief.known.scale_unknown = other->belief.known.scale_unknown = true;
    count = belief_received(&me->belief, segment, n, at, claims);
    if (segment_has(segment, TCP_RST) && connection->resetter == from && connection->reset_at == at)
        count += belief_presume_gone(&me->belief, n, &claims[count]);
    note_stays(me, claims, count, at);
    ends_tell(follow, connection, from, claims, count);
    count = other->doubted ? belief_doubt(&other->belief, n, claims) : 0;
    count += belief_sent(&other->belief, segment, n, at, &claims[count]);
    note_stays(other, claims, count, at);
    ends_tell(follow, connection, !from, claims, count);
    belief_slide(&me->belief);
    belief_slide(&other->belief);
}

void ends_rejoin(struct follow *follow, struct connection *connection, nanos wrong_since, nanos at)
{
    for (unsigned i = 0; i < ENDS; i++) {
        struct end *me = &connection->ends[i], *other = &connection->ends[!i];
        stays_undo(&me->stays, wrong_since);
        belief_init_observed(&me->belief, false);
        if (other->has_next)
            belief_join_ours(&me->belief, other->next, true);
        if (me->has_next) {
            belief_join_its(&me->belief, me->next, true, connection->segments);
            me->belief.claim.reason = wrong_since < at ? REASON_CONTRADICTED : REASON_UNSEEN;
        }
        note_stays(me, &me->belief.claim, 1, at);
        ends_tell(follow, connection, i, &me->belief.claim, 1);
    }
}
