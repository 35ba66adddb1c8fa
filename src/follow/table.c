/*
 * The table: chains of slots from hashed buckets, and one list in the order of the last segments. All of it is in the
 * caller's memory: first the slots, then the buckets.
 */
#include <string.h>

#include "follow/follow.h"

size_t follow_memory(uint32_t connections)
{
    return (size_t)connections * (sizeof(struct connection) + sizeof(uint32_t));
}

void follow_init(struct follow *follow, uint32_t connections, void *memory, const struct follow_listener *listener)
{
    *follow = (struct follow){
        .listener = *listener,
        .slots = memory,
        .buckets = (uint32_t *)((struct connection *)memory + connections),
        .slot_count = connections,
        .bucket_count = connections,
        .free = NO_SLOT,
        .oldest = NO_SLOT,
        .newest = NO_SLOT,
        .now = NANOS_NONE,
    };
    for (uint32_t i = 0; i < connections; i++)
        follow->buckets[i] = NO_SLOT;
}

static uint64_t fold(uint64_t hash, const struct endpoint *endpoint)
{
    uint64_t halves[2];

    memcpy(halves, endpoint->addr.bytes, sizeof(halves));
    hash += (halves[0] ^ endpoint->port) * UINT64_C(0x9e3779b97f4a7c15);
    return hash + (halves[1] ^ (uint64_t)endpoint->port << 32) * UINT64_C(0xc2b2ae3d27d4eb4f);
}

/* The same for both directions. */
static uint32_t hash_of(const struct endpoint *src, const struct endpoint *dst)
{
    uint64_t a = fold(0, src), b = fold(0, dst), both = a + b;

    both ^= both >> 32;
    both *= UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)(both >> 32);
}

static bool same(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && a->addr.family == b->addr.family && memcmp(a->addr.bytes, b->addr.bytes, 16) == 0;
}

/* Spreads the hash over the buckets without a division. */
static uint32_t *bucket_of(const struct follow *follow, uint32_t hash)
{
    return &follow->buckets[((uint64_t)hash * follow->bucket_count) >> 32];
}

static uint32_t slot_of(const struct follow *follow, const struct connection *connection)
{
    return (uint32_t)(connection - follow->slots);
}

struct connection *table_find(struct follow *follow, const struct endpoint *src, const struct endpoint *dst,
                              unsigned *from)
{
    uint32_t hash = hash_of(src, dst);

    for (uint32_t i = *bucket_of(follow, hash); i != NO_SLOT; i = follow->slots[i].chain) {
        struct connection *connection = &follow->slots[i];
        if (connection->hash != hash)
            continue;
        for (*from = END_A; *from < ENDS; ++*from)
            if (same(src, &connection->at[*from]) && same(dst, &connection->at[!*from]))
                return connection;
    }
    return NULL;
}

static void unlink_age(struct follow *follow, struct connection *connection)
{
    if (connection->older == NO_SLOT)
        follow->oldest = connection->newer;
    else
        follow->slots[connection->older].newer = connection->newer;
    if (connection->newer == NO_SLOT)
        follow->newest = connection->older;
    else
        follow->slots[connection->newer].older = connection->older;
}

static void link_newest(struct follow *follow, struct connection *connection)
{
    uint32_t slot = slot_of(follow, connection);

    connection->older = follow->newest;
    connection->newer = NO_SLOT;
    if (follow->newest == NO_SLOT)
        follow->oldest = slot;
    else
        follow->slots[follow->newest].newer = slot;
    follow->newest = slot;
}

void table_touch(struct follow *follow, struct connection *connection)
{
    if (follow->newest == slot_of(follow, connection))
        return;
    unlink_age(follow, connection);
    link_newest(follow, connection);
}

static uint32_t take_slot(struct follow *follow)
{
    uint32_t slot = follow->free;

    if (slot != NO_SLOT) {
        follow->free = follow->slots[slot].chain;
        return slot;
    }
    if (follow->used < follow->slot_count)
        return follow->used++;
    slot = follow->oldest;
    if (!follow->slots[slot].closed) {
        follow->slots[slot].evicted = true;
        follow->evicted++;
    }
    follow_close(follow, &follow->slots[slot]);
    return take_slot(follow);
}

struct connection *table_add(struct follow *follow, const struct endpoint *src, const struct endpoint *dst)
{
    uint32_t slot = take_slot(follow);
    struct connection *connection = &follow->slots[slot];
    uint32_t hash = hash_of(src, dst), *bucket = bucket_of(follow, hash);

    memset(connection, 0, sizeof(*connection));
    connection->at[END_A] = *src;
    connection->at[END_B] = *dst;
    connection->hash = hash;
    connection->chain = *bucket;
    *bucket = slot;
    link_newest(follow, connection);
    return connection;
}

void table_remove(struct follow *follow, struct connection *connection)
{
    uint32_t slot = slot_of(follow, connection), *at = bucket_of(follow, connection->hash);

    while (*at != slot)
        at = &follow->slots[*at].chain;
    *at = connection->chain;
    unlink_age(follow, connection);
    connection->chain = follow->free;
    connection->number = 0;
    follow->free = slot;
}
