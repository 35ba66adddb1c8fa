/*
 * The same endpoints in several virtual networks: VLANs, or tunnels with a number.
 *
 * Private addresses are used in many networks, and with them the same ports now and then. But what is seen in two
 * networks can also be one connection: its directions take different ways, or a switch copies a segment before it
 * tags it and after. Addresses don't tell these apart, but numbers do: two connections have nothing to do with each
 * other's. So a segment is of the connection in whose network its sender's segments are seen, as a rule; else, or when
 * there are several, of the one whose numbers it fits.
 */
#include "base/seq.h"
#include "follow/follow.h"

/* Numbers of one connection are not farther from each other, even if much is lost; those of two seldom so near. */
#define NEAR (UINT32_C(1) << 22)

static bool is_near(uint32_t a, uint32_t b)
{
    return a - b < NEAR || b - a < NEAR;
}

static bool syn_fits(const struct end *me, const struct end *other, const struct segment *segment)
{
    if (me->has_syn)
        return segment->seq == me->iss;
    return segment_has(segment, TCP_ACK) && other->has_next &&
           (segment->ack == other->next || (other->has_syn && segment->ack == other->syn_end));
}

/* Is it a segment of this connection by its numbers alone? */
static bool fits(const struct connection *connection, unsigned from, const struct segment *segment)
{
    const struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    bool ack = segment_has(segment, TCP_ACK), bare = segment_has(segment, TCP_RST) && segment->seq == 0;

    if (segment_has(segment, TCP_SYN))
        return syn_fits(me, other, segment);
    if (me->has_next && !bare && !is_near(segment->seq, me->next))
        return false;
    if (ack && other->has_next && !is_near(segment->ack, other->next))
        return false;
    return (me->has_next && !bare) || (ack && other->has_next);
}

/* So many are looked at, of more only the latest: whoever makes more of them must not make us slow. */
#define LOOKED_AT 64
#define LOOKED_INTO 8

/* The one in whose network its sender's segments are seen; the first of several. */
static struct slot *find_own(struct follow *follow, struct slot *slot, const struct passage *passage, unsigned *from)
{
    for (unsigned i = 0; slot && i < LOOKED_AT; i++, slot = table_find_next(follow, slot, passage, from))
        if (slot->network[*from] == passage->network)
            return slot;
    return NULL;
}

/* Its numbers fit? It stays in the table while others are looked into. */
static bool looked_into(struct follow *follow, struct slot *slot, unsigned from, const struct passage *passage)
{
    const struct connection *connection = follow_in_full(follow, slot);

    table_touch(follow, slot);
    if (!fits(connection, from, passage->segment))
        return false;
    /* Its first segment says which network it is in. */
    if (connection->ends[from].segments == 0)
        slot->network[from] = passage->network;
    return true;
}

struct slot *networks_find(struct follow *follow, struct slot *first, const struct passage *passage, unsigned *from)
{
    unsigned end = *from, own_end = *from;
    struct slot *own = find_own(follow, first, passage, &own_end), *slot = first;

    if (own && own == first && !table_find_next(follow, first, passage, &end)) {
        *from = own_end;
        return own;
    }
    if (own && looked_into(follow, own, own_end, passage)) {
        *from = own_end;
        return own;
    }
    end = *from;
    for (unsigned i = 0; slot && i < LOOKED_INTO; i++, slot = table_find_next(follow, slot, passage, &end))
        if (slot != own && looked_into(follow, slot, end, passage)) {
            *from = end;
            return slot;
        }
    *from = own_end;
    return own;
}

void networks_sum_up(const struct follow *follow, const struct slot *slot, struct summary *out)
{
    const unsigned a = slot->full == NO_SLOT ? END_A : summary_a(slot_connection(follow, slot));

    for (unsigned i = 0; i < ENDS; i++)
        out->ends[i].network = out->ends[i].segments ? slot->network[i ^ a] : 0;
}
