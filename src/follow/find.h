/*
 * What of the table is done for each segment: a slot is found, and put behind all others. Inline, for in a capture of short
 * connections a segment takes less time than a few calls.
 */
#ifndef FOLLOW_FIND_H
#define FOLLOW_FIND_H

#include <string.h>

#include "follow/follow.h"

/* An IPv4 endpoint's part of a print ... */
static inline uint64_t find_fold_word(uint64_t word)
{
    return word * UINT64_C(0x9e3779b97f4a7c15);
}

/* ... and that of any. */
static inline uint64_t find_fold(const struct endpoint *endpoint)
{
    uint64_t halves[2];

    if (endpoint->addr.family == 4)
        return find_fold_word(endpoint_word(endpoint));
    memcpy(halves, endpoint->addr.bytes, sizeof(halves));
    halves[0] = (halves[0] ^ endpoint->port) * UINT64_C(0x9e3779b97f4a7c15);
    return halves[0] + (halves[1] ^ (uint64_t)endpoint->port << 32) * UINT64_C(0xc2b2ae3d27d4eb4f);
}

/* A print, of the sum of both parts. */
static inline uint64_t find_mix(uint64_t both)
{
    both ^= both >> 32;
    return both * UINT64_C(0xd6e8feb86659fd93);
}

/* Two endpoints as one number, the same for both directions; other ones have another, but for a chance of 2^-64. */
static inline uint64_t find_print(const struct endpoint *src, const struct endpoint *dst)
{
    return find_mix(find_fold(src) + find_fold(dst));
}

/* By what the table finds a connection: the same for both directions. */
static inline uint32_t find_hash(const struct endpoint *src, const struct endpoint *dst)
{
    return (uint32_t)(find_print(src, dst) >> 32);
}

/* ... and of two IPv4 endpoints as words. */
static inline uint32_t find_hash_words(uint64_t src, uint64_t dst)
{
    return (uint32_t)(find_mix(find_fold_word(src) + find_fold_word(dst)) >> 32);
}

/* Where a slot is among all. */
static inline uint32_t index_of(const struct follow *follow, const struct slot *slot)
{
    return (uint32_t)(slot - follow->slots);
}

/* Spreads the hash over the buckets without a division. */
static inline uint32_t *bucket_of(const struct follow *follow, uint32_t hash)
{
    return &follow->buckets[((uint64_t)hash * follow->slot_count) >> 32];
}

/* Equal but for the zone, which nothing captured has. */
static inline bool find_same(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && a->addr.family == b->addr.family &&
           memcmp(a->addr.bytes, b->addr.bytes, sizeof(a->addr.bytes)) == 0;
}

/* Are these IPv4 endpoints a slot's? *from: which of them is the source. Either is as likely: no jump depends on it. */
static inline bool find_is_words(const struct slot *slot, uint64_t src, uint64_t dst, unsigned *from)
{
    const uint64_t a = endpoint_word(&slot->at[END_A]), b = endpoint_word(&slot->at[END_B]);
    const bool there = !((src ^ a) | (dst ^ b)), back = !((src ^ b) | (dst ^ a));

    *from = !there;
    return (there | back) & ((slot->at[END_A].addr.family & slot->at[END_B].addr.family) == 4);
}

/* The same of any. */
static inline bool find_is(const struct slot *slot, const struct passage *passage, unsigned *from)
{
    if ((passage->src->addr.family & passage->dst->addr.family) == 4)
        return find_is_words(slot, endpoint_word(passage->src), endpoint_word(passage->dst), from);
    *from = !find_same(passage->src, &slot->at[END_A]);
    return find_same(passage->src, &slot->at[*from]) && find_same(passage->dst, &slot->at[!*from]);
}

/* From this one of a chain on: where a connection of the passage's two, with this hash, is, or NULL; *from as above. */
static inline struct slot *find_from(const struct follow *follow, uint32_t i, const struct passage *passage,
                                     uint32_t hash, unsigned *from)
{
    for (; i != NO_SLOT; i = follow->places[i].chain)
        if (follow->places[i].hash == hash && find_is(&follow->slots[i], passage, from))
            return &follow->slots[i];
    return NULL;
}

/* The first of those. */
static inline struct slot *find_first(const struct follow *follow, const struct passage *passage, uint32_t hash,
                                      unsigned *from)
{
    return find_from(follow, *bucket_of(follow, hash), passage, hash, from);
}

/* The same for a glimpse. */
static inline struct slot *find_glimpsed(const struct follow *follow, const struct glimpse *glimpse, uint32_t hash,
                                         unsigned *from)
{
    for (uint32_t i = *bucket_of(follow, hash); i != NO_SLOT; i = follow->places[i].chain)
        if (follow->places[i].hash == hash && find_is_words(&follow->slots[i], glimpse->src, glimpse->dst, from))
            return &follow->slots[i];
    return NULL;
}

/* ---- time ---- */

/* It is so late, and one more has passed. */
static inline void find_time(struct follow *follow, nanos at)
{
    follow->segments++;
    if (follow->now == NANOS_NONE || follow->now <= at)
        follow->now = at;
    else
        follow->let_go_at = NANOS_NONE; /* the capture's clock went back: one that was touched later may go sooner */
    if (at >= follow->let_go_at)
        follow_let_go(follow, at);
}

/* ---- the order of last segments ---- */

/* Takes out of an order what is in it. */
static inline void order_remove(struct order *order, uint32_t index)
{
    const struct order_link link = order->links[index];

    if (link.older == NO_SLOT)
        order->oldest = link.newer;
    else
        order->links[link.older].newer = link.newer;
    if (link.newer == NO_SLOT)
        order->newest = link.older;
    else
        order->links[link.newer].older = link.older;
}

/* Puts in what is not, behind all others. */
static inline void order_add(struct order *order, uint32_t index)
{
    order->links[index] = (struct order_link){order->newest, NO_SLOT};
    if (order->newest == NO_SLOT)
        order->oldest = index;
    else
        order->links[order->newest].newer = index;
    order->newest = index;
}

/* Puts what is in it behind all others. */
static inline void order_renew(struct order *order, uint32_t index)
{
    if (order->newest == index)
        return;
    order_remove(order, index);
    order_add(order, index);
}

#endif
