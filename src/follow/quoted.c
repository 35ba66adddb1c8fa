/* ICMP errors: whose segment they quote. */
#include "base/seq.h"
#include "follow/find.h"

/* So many numbers at most are in flight of an end of which nothing was acknowledged yet. */
#define FLIGHT (UINT32_C(1) << 20)

/* RFC 5927 4.1: one that quotes a number that is not in flight is not about this connection, or forged. */
static bool is_in_flight(const struct connection *connection, unsigned end, uint32_t seq)
{
    const struct end *me = &connection->ends[end], *other = &connection->ends[!end];
    uint32_t first = other->has_acked ? other->acked : me->has_syn ? me->iss : me->next - FLIGHT;

    return me->has_next && seq - first <= me->next - first;
}

bool follow_icmp(struct follow *follow, const struct quotation *quotation)
{
    const struct icmp_error *error = quotation->error;
    const struct segment segment = {.seq = error->quoted_seq};
    const struct passage passage = {.packet = quotation->packet,
                                    .at = quotation->at,
                                    .src = &error->quoted_src,
                                    .dst = &error->quoted_dst,
                                    .segment = &segment,
                                    .network = quotation->network};
    struct connection *connection;
    unsigned end = END_A;
    struct slot *slot = find_first(follow, &passage, find_hash(passage.src, passage.dst), &end);

    if (slot && (follow->networks || slot->network[end] != passage.network))
        slot = networks_find(follow, slot, &passage, &end);
    if (!slot || (slot->full == NO_SLOT && slot->count == 0))
        return false;
    connection = follow_in_full(follow, slot);
    if (!is_in_flight(connection, end, error->quoted_seq))
        return false;
    follow_tell_due(follow, connection, quotation->at); /* what came before it is told before it */
    connection->ends[end].icmp_errors++;
    course_letter(connection, end, 'i');
    if (follow->listener.icmp)
        follow->listener.icmp(follow->listener.context, connection, end, quotation);
    return true;
}
