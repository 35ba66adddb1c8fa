/*
 * Segments that are seen at a glimpse, and written down in few steps: those of a short connection. What is neither the SYN of
 * a new one nor goes on with one that is brief, is unfolded and takes the way of all others.
 */
#include "follow/find.h"

/*
 * What a segment that was written down says of FINs: is one acknowledged, and is it one? Without a jump, for which of both a
 * segment is, among those of many short connections, is as good as random.
 */
static inline void note_fins(struct slot *slot, unsigned from, const struct brief_segment *brief)
{
    const unsigned other = !from, fin = brief->flags & TCP_FIN, known = slot->fins >> from & 1;
    const uint32_t end = brief_end(brief);

    slot->acked |= (uint8_t)((slot->fins >> other & (brief->ack == slot->end[other])) << other);
    if (slot->fins_differ)
        slot->acked |= (uint8_t)brief_acks_fins(slot->brief, slot->count);
    slot->fins_differ |= (fin & known & (end != slot->end[from])) != 0;
    slot->end[from] = brief->flags & (TCP_SYN | TCP_FIN) ? end : slot->end[from];
    slot->fins |= (uint8_t)(fin << from);
}

/* ... and of numbers. */
static inline void note_used(struct slot *slot, unsigned from, const struct brief_segment *brief)
{
    const bool first = (brief->flags & TCP_SYN) != 0;
    uint32_t used;

    slot->first[from] = first ? brief->seq : slot->first[from];
    used = brief_end(brief) - slot->first[from];
    slot->used[from] = (first | (used > slot->used[from])) ? used : slot->used[from];
}

void follow_write_down(struct slot *slot, unsigned from, const struct passage *passage)
{
    struct brief_segment *brief = &slot->brief[slot->count++];

    brief_note(brief, from, passage->segment, passage->at);
    note_fins(slot, from, brief);
    note_used(slot, from, brief);
    if (brief->flags & TCP_RST)
        slot->acked = 3;
}

/*
 * Does a segment go on with a brief connection, such as most do? This asks what follow_pass_to() and brief_takes() ask one
 * after the other: all that finds a brief connection in its network that is not over, and is either the SYN-ACK that answers
 * its SYN, or behind that neither SYN nor RST, opens nothing else, and is taken. (Had it had a RST, it would be over.) With
 * hardly a jump, as above.
 */
static inline bool goes_on(const struct follow *follow, const struct slot *slot, unsigned from,
                           const struct brief_segment *segment)
{
    const unsigned kind = segment->flags & (TCP_SYN | TCP_RST | TCP_ACK), count = slot->count, other = !from;
    const bool fits = (segment->ack - slot->first[other] <= slot->used[other]) &
                      (segment->seq - slot->first[from] <= slot->used[from]);
    const bool answers = (count == 1) & (from == END_B) & (segment->ack == slot->end[END_A]) &
                         (kind == (TCP_SYN | TCP_ACK)) & !(segment->flags & TCP_FIN);
    const bool follows = (count >= 2) & (count < BRIEF_MAX) & (kind == TCP_ACK) & fits;
    const bool brief = (slot->full == NO_SLOT) & (slot->acked != 3) & !follow->networks;

    return brief & (answers | follows) & (segment->at >= slot->last_at) & (slot->network[from] == 0);
}

/* ... and what they do then. */
static inline void go_on(struct follow *follow, struct slot *slot, unsigned from, const struct glimpse *glimpse)
{
    struct brief_segment *brief = &slot->brief[slot->count++];

    order_renew(&follow->by_slot, index_of(follow, slot));
    *brief = glimpse->segment;
    brief->from = (uint8_t)from;
    note_fins(slot, from, &glimpse->segment);
    note_used(slot, from, &glimpse->segment);
    slot->last_packet = glimpse->packet;
    slot->last_at = glimpse->segment.at;
    if (slot->acked == 3)
        follow_note_over(follow, slot);
}

/* ... and all others. What a glimpse does not show of a segment, no connection asks for. */
static void pass_unfolded(struct follow *follow, const struct glimpse *glimpse, uint32_t hash, struct slot *slot,
                          unsigned from)
{
    struct endpoint src, dst;
    const struct segment segment = brief_segment_of(&glimpse->segment);
    const struct passage passage = {glimpse->packet, glimpse->segment.at, &src, &dst, &segment, 0};

    endpoint_of_word(glimpse->src, &src);
    endpoint_of_word(glimpse->dst, &dst);
    follow_pass_to(follow, &passage, hash, slot, from);
}

/*
 * A SYN of endpoints that have no connection begins a brief one. (What follow_pass_to() asks before it does so is about all
 * but SYNs, and brief_takes() takes this one.)
 */
static void begin_briefly(struct follow *follow, const struct glimpse *glimpse, uint32_t hash)
{
    struct endpoint src, dst;
    const struct passage passage = {glimpse->packet, glimpse->segment.at, &src, &dst, NULL, 0};

    endpoint_of_word(glimpse->src, &src);
    endpoint_of_word(glimpse->dst, &dst);
    go_on(follow, follow_begin(follow, &passage, hash), END_A, glimpse);
}

/*
 * A segment of a connection that is followed in full, and stands (struct connection): what follow_pass_to() asks before it
 * comes to take() is about SYNs, and SYNs that were kept; what it does after that, about connections that are over. False
 * when it is not ordinary: then claims whose time was up have fallen back, with which take() begins as well, and nothing else
 * is done.
 */
static inline bool pass_standing(struct follow *follow, struct slot *slot, unsigned from, const struct glimpse *glimpse)
{
    struct connection *connection = slot_connection(follow, slot);
    const struct segment segment = brief_segment_of(&glimpse->segment);
    const struct passage passage = {
        glimpse->packet, glimpse->segment.at, &slot->at[from], &slot->at[!from], &segment, 0};

    follow_expire(follow, connection, glimpse->segment.at);
    if (!ordinary_pass(follow, connection, from, &passage))
        return false;
    table_touch(follow, slot);
    slot->last_packet = glimpse->packet;
    slot->last_at = glimpse->segment.at;
    return true;
}

/* Can that be? */
static inline bool stands(const struct follow *follow, const struct slot *slot, unsigned from,
                          const struct glimpse *glimpse)
{
    return !(glimpse->segment.flags & TCP_SYN) && slot->full != NO_SLOT && slot_connection(follow, slot)->stands &&
           !slot_connection(follow, slot)->has_pending && !follow->networks && slot->network[from] == 0;
}

static inline void pass_glimpse(struct follow *follow, const struct glimpse *glimpse, uint32_t hash)
{
    struct slot *slot;
    unsigned from = END_A;

    find_time(follow, glimpse->segment.at);
    slot = find_glimpsed(follow, glimpse, hash, &from);
    if (slot && goes_on(follow, slot, from, &glimpse->segment))
        go_on(follow, slot, from, glimpse);
    else if (slot && stands(follow, slot, from, glimpse) && pass_standing(follow, slot, from, glimpse))
        return;
    else if (!slot && brief_begins(glimpse->segment.flags, glimpse->segment.ack))
        begin_briefly(follow, glimpse, hash);
    else
        pass_unfolded(follow, glimpse, hash, slot, from);
}

void follow_glimpse_all(struct follow *follow, const struct glimpse glimpses[], unsigned count)
{
    uint32_t hashes[PASSAGES_MAX] = {0};

    for (unsigned i = 0; i < count; i++)
        hashes[i] = find_hash_words(glimpses[i].src, glimpses[i].dst);
    table_fetch_all(follow, hashes, count);
    for (unsigned i = 0; i < count; i++)
        pass_glimpse(follow, &glimpses[i], hashes[i]);
}
