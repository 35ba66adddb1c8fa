#include "wire/fragments.h"

#include <stddef.h>
#include <string.h>

/* RFC 8200 4.5: a packet whose fragments have not all come within 60 seconds is given up. */
#define PATIENCE (60 * NANOS_PER_S)

static void give_up(struct fragments *fragments, struct fragmented *packet)
{
    if (packet->used)
        fragments->given_up++;
    packet->used = false;
}

static bool is_of(const struct fragmented *packet, const struct ip *fragment)
{
    return packet->used && packet->id == fragment->fragment_id && packet->protocol == fragment->fragment_protocol &&
           addr_equal(&packet->src, &fragment->src) && addr_equal(&packet->dst, &fragment->dst);
}

/* The packet that it is of; a new one takes a free place, or that of the one that has waited longest. */
static struct fragmented *find(struct fragments *fragments, const struct ip *fragment, nanos at)
{
    struct fragmented *place = NULL;

    for (unsigned i = 0; i < FRAGMENTED_PACKETS; i++) {
        struct fragmented *packet = &fragments->packets[i];
        if (packet->used && at - packet->at > PATIENCE)
            give_up(fragments, packet);
        if (is_of(packet, fragment))
            return packet;
        /* A fragment inside of a packet that has just been put together: that one's place is still read from. */
        if (fragment->fragment_body.at >= packet->body && fragment->fragment_body.at < packet->body + FRAGMENTED_MAX)
            continue;
        if (!place || (place->used && (!packet->used || packet->at < place->at)))
            place = packet;
    }
    give_up(fragments, place);
    memset(place, 0, offsetof(struct fragmented, body));
    place->used = true;
    place->src = fragment->src;
    place->dst = fragment->dst;
    place->id = fragment->fragment_id;
    place->protocol = fragment->fragment_protocol;
    return place;
}

/* Bytes up to `end` go where no earlier ones are; false when a length can't be. */
static bool put(struct fragmented *packet, const struct ip *fragment)
{
    uint32_t from = fragment->offset, length = fragment->fragment_body.length,
             captured = fragment->fragment_body.captured;

    if (from + length > FRAGMENTED_MAX || (fragment->more && (length % 8 != 0 || length == 0)))
        return false;
    for (uint32_t at = 0; at < length; at += 8) {
        uint32_t block = (from + at) / 8, n = length - at < 8 ? length - at : 8;
        if (packet->there[block / 8] >> (block % 8) & 1)
            continue;
        packet->there[block / 8] |= (uint8_t)(1u << (block % 8));
        packet->blocks++;
        if (at < captured)
            memcpy(packet->body + from + at, fragment->fragment_body.at + at, captured - at < n ? captured - at : n);
    }
    if (from == 0) {
        packet->has_first = true;
        packet->first = *fragment;
    }
    if (!fragment->more && !packet->has_last) {
        packet->has_last = true;
        packet->length = from + length;
    }
    return true;
}

bool fragments_add(struct fragments *fragments, struct ip *fragment, nanos at)
{
    struct fragmented *packet = find(fragments, fragment, at);

    packet->at = at;
    if (!put(packet, fragment)) {
        give_up(fragments, packet);
        return false;
    }
    if (!packet->has_first || !packet->has_last || packet->blocks != (packet->length + 7) / 8)
        return false;
    *fragment = packet->first;
    fragment->fragment = fragment->more = false;
    fragment->protocol = packet->protocol;
    /* Where the capture was cut, nothing but payload is missing, unless the first fragment was cut. */
    fragment->body = (struct bytes){packet->body, packet->length, packet->length};
    if (packet->first.fragment_body.captured < packet->first.fragment_body.length)
        fragment->body.captured = packet->first.fragment_body.captured;
    packet->used = false;
    return true;
}

void fragments_end(struct fragments *fragments)
{
    for (unsigned i = 0; i < FRAGMENTED_PACKETS; i++)
        give_up(fragments, &fragments->packets[i]);
}
