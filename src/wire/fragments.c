#include "wire/fragments.h"

#include <stddef.h>
#include <string.h>

/* RFC 8200 4.5: a packet whose fragments have not all come within 60 seconds is given up. */
#define PATIENCE (60 * NANOS_PER_S)

static void give_up(struct fragments *fragments, struct fragmented *packet)
{
    if (packet->used && !packet->done)
        fragments->given_up++;
    packet->used = false;
}

static bool is_of(const struct fragmented *packet, const struct ip *fragment)
{
    return packet->used && packet->id == fragment->fragment_id && packet->protocol == fragment->fragment_protocol &&
           addr_equal(&packet->src, &fragment->src) && addr_equal(&packet->dst, &fragment->dst);
}

/* A place that is free, or else was done with longest ago, or else has waited longest. */
static bool is_better(const struct fragmented *packet, const struct fragmented *than)
{
    if (!than || !packet->used || !than->used)
        return !than || than->used;
    return packet->done == than->done ? packet->at < than->at : packet->done;
}

/* Whether a fragment says of a packet that is done what one of its own has said. */
static bool repeats(const struct fragmented *packet, const struct ip *fragment)
{
    const struct bytes *part = &fragment->fragment_body;
    uint32_t end = fragment->offset + part->length;

    if (fragment->more ? end >= packet->length || part->length % 8 != 0 || part->length == 0 : end != packet->length)
        return false;
    return part->captured == 0 || memcmp(packet->body + fragment->offset, part->at, part->captured) == 0;
}

/* Nothing of it is there, but what it is. */
static void begin(struct fragmented *packet, const struct ip *fragment)
{
    memset(packet, 0, offsetof(struct fragmented, body));
    packet->used = true;
    packet->src = fragment->src;
    packet->dst = fragment->dst;
    packet->id = fragment->fragment_id;
    packet->protocol = fragment->fragment_protocol;
}

/* The packet that it is of, which may be a new one. */
static struct fragmented *find(struct fragments *fragments, const struct ip *fragment, nanos at)
{
    struct fragmented *place = NULL;

    for (unsigned i = 0; i < FRAGMENTED_PACKETS; i++) {
        struct fragmented *packet = &fragments->packets[i];
        if (packet->used && at - packet->at > PATIENCE)
            give_up(fragments, packet);
        /* A fragment inside of a packet that has just been put together: that one's place is still read from. */
        if (fragment->fragment_body.at >= packet->body && fragment->fragment_body.at < packet->body + FRAGMENTED_MAX)
            continue;
        if (is_of(packet, fragment)) {
            if (packet->done && !repeats(packet, fragment))
                begin(packet, fragment); /* the number is another packet's now */
            return packet;
        }
        if (is_better(packet, place))
            place = packet;
    }
    give_up(fragments, place);
    begin(place, fragment);
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

/* What it has is kept, to be held against what comes. */
static void finish(struct fragmented *packet)
{
    packet->done = true;
    packet->has_first = packet->has_last = false;
    packet->blocks = 0;
    memset(packet->there, 0, sizeof(packet->there));
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
    finish(packet);
    return true;
}

void fragments_end(struct fragments *fragments)
{
    for (unsigned i = 0; i < FRAGMENTED_PACKETS; i++)
        give_up(fragments, &fragments->packets[i]);
}
