/*
 * The table: chains of slots from hashed buckets, and one list in the order of the last segments; and the connections
 * that are followed in full, with a list of their own. All of it is in the caller's memory.
 */
#include <string.h>

#include "follow/follow.h"

static uint32_t full_count(uint32_t connections)
{
    return connections < FULL_MAX ? connections : FULL_MAX;
}

size_t follow_memory(uint32_t connections)
{
    return (full_count(connections) + (size_t)1) * sizeof(struct connection) +
           connections * (sizeof(struct slot) + sizeof(uint32_t)) + BRIEF_MEMOS * sizeof(struct brief_memo);
}

void follow_init(struct follow *follow, uint32_t connections, void *memory, const struct follow_listener *listener)
{
    struct connection *fulls = memory;
    struct slot *slots = (struct slot *)(fulls + full_count(connections) + 1);
    struct brief_memo *memos = (struct brief_memo *)(slots + connections);

    *follow = (struct follow){
        .listener = *listener,
        .fulls = fulls,
        .slots = slots,
        .memos = memos,
        .buckets = (uint32_t *)(memos + BRIEF_MEMOS),
        .slot_count = connections,
        .full_count = full_count(connections),
        .free = NO_SLOT,
        .full_free = NO_SLOT,
        .oldest = NO_SLOT,
        .newest = NO_SLOT,
        .oldest_full = NO_SLOT,
        .newest_full = NO_SLOT,
        .briefly = !listener->segment && !listener->claim,
        .now = NANOS_NONE,
    };
    for (uint32_t i = 0; i < connections; i++)
        follow->buckets[i] = NO_SLOT;
}

static uint64_t fold(const struct endpoint *endpoint)
{
    uint64_t halves[2];

    memcpy(halves, endpoint->addr.bytes, sizeof(halves));
    halves[0] = (halves[0] ^ endpoint->port) * UINT64_C(0x9e3779b97f4a7c15);
    return halves[0] + (halves[1] ^ (uint64_t)endpoint->port << 32) * UINT64_C(0xc2b2ae3d27d4eb4f);
}

/* The same for both directions. */
static uint32_t hash_of(const struct endpoint *src, const struct endpoint *dst)
{
    uint64_t both = fold(src) + fold(dst);

    both ^= both >> 32;
    both *= UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)(both >> 32);
}

static bool same(const struct endpoint *a, const struct endpoint *b)
{
    uint64_t x[2], y[2];

    memcpy(x, a->addr.bytes, sizeof(x));
    memcpy(y, b->addr.bytes, sizeof(y));
    return a->port == b->port && x[0] == y[0] && x[1] == y[1] && a->addr.family == b->addr.family;
}

/* Spreads the hash over the buckets without a division. */
static uint32_t *bucket_of(const struct follow *follow, uint32_t hash)
{
    return &follow->buckets[((uint64_t)hash * follow->slot_count) >> 32];
}

static uint32_t index_of(const struct follow *follow, const struct slot *slot)
{
    return (uint32_t)(slot - follow->slots);
}

struct slot *table_find(struct follow *follow, const struct endpoint *src, const struct endpoint *dst, unsigned *from)
{
    uint32_t hash = hash_of(src, dst);

    for (uint32_t i = *bucket_of(follow, hash); i != NO_SLOT; i = follow->slots[i].chain) {
        struct slot *slot = &follow->slots[i];
        if (slot->hash != hash)
            continue;
        for (*from = END_A; *from < ENDS; ++*from)
            if (same(src, &slot->at[*from]) && same(dst, &slot->at[!*from]))
                return slot;
    }
    return NULL;
}

/* ---- the order of last segments ---- */

static void unlink_slot(struct follow *follow, struct slot *slot)
{
    if (slot->older == NO_SLOT)
        follow->oldest = slot->newer;
    else
        follow->slots[slot->older].newer = slot->newer;
    if (slot->newer == NO_SLOT)
        follow->newest = slot->older;
    else
        follow->slots[slot->newer].older = slot->older;
}

static void link_slot(struct follow *follow, struct slot *slot)
{
    uint32_t index = index_of(follow, slot);

    slot->older = follow->newest;
    slot->newer = NO_SLOT;
    if (follow->newest == NO_SLOT)
        follow->oldest = index;
    else
        follow->slots[follow->newest].newer = index;
    follow->newest = index;
}

static void unlink_full(struct follow *follow, struct connection *connection)
{
    if (connection->older == NO_SLOT)
        follow->oldest_full = connection->newer;
    else
        follow->fulls[connection->older].newer = connection->newer;
    if (connection->newer == NO_SLOT)
        follow->newest_full = connection->older;
    else
        follow->fulls[connection->newer].older = connection->older;
}

static void link_full(struct follow *follow, struct connection *connection)
{
    uint32_t index = (uint32_t)(connection - follow->fulls);

    connection->older = follow->newest_full;
    connection->newer = NO_SLOT;
    if (follow->newest_full == NO_SLOT)
        follow->oldest_full = index;
    else
        follow->fulls[follow->newest_full].newer = index;
    follow->newest_full = index;
}

void table_touch(struct follow *follow, struct slot *slot)
{
    if (follow->newest != index_of(follow, slot)) {
        unlink_slot(follow, slot);
        link_slot(follow, slot);
    }
    if (slot->full != NO_SLOT && follow->newest_full != slot->full) {
        unlink_full(follow, slot_connection(follow, slot));
        link_full(follow, slot_connection(follow, slot));
    }
}

/* ---- room ---- */

static void evict(struct follow *follow, struct slot *slot)
{
    follow_close(follow, slot, true);
}

static uint32_t take_slot(struct follow *follow)
{
    uint32_t index;

    while (follow->free == NO_SLOT && follow->used == follow->slot_count)
        evict(follow, &follow->slots[follow->oldest]);
    index = follow->free;
    if (index == NO_SLOT)
        return follow->used++;
    follow->free = follow->slots[index].chain;
    return index;
}

struct slot *table_add(struct follow *follow, const struct endpoint *src, const struct endpoint *dst)
{
    uint32_t index = take_slot(follow), hash = hash_of(src, dst), *bucket = bucket_of(follow, hash);
    struct slot *slot = &follow->slots[index];

    slot->at[END_A] = *src;
    slot->at[END_B] = *dst;
    slot->hash = hash;
    slot->full = NO_SLOT;
    slot->count = 0;
    slot->fins = 0;
    slot->over = false;
    slot->chain = *bucket;
    *bucket = index;
    link_slot(follow, slot);
    return slot;
}

void table_remove(struct follow *follow, struct slot *slot)
{
    uint32_t index = index_of(follow, slot), *at = bucket_of(follow, slot->hash);

    while (*at != index)
        at = &follow->slots[*at].chain;
    *at = slot->chain;
    unlink_slot(follow, slot);
    if (slot->full != NO_SLOT) {
        struct connection *connection = slot_connection(follow, slot);
        unlink_full(follow, connection);
        connection->older = follow->full_free;
        follow->full_free = slot->full;
        slot->full = NO_SLOT;
    }
    slot->chain = follow->free;
    slot->number = 0;
    follow->free = index;
}

struct connection *table_fill(struct follow *follow, struct slot *slot)
{
    struct connection *connection;
    uint32_t index;

    while (follow->full_free == NO_SLOT && follow->full_used == follow->full_count)
        evict(follow, &follow->slots[follow->fulls[follow->oldest_full].slot]);
    index = follow->full_free;
    if (index == NO_SLOT)
        index = follow->full_used++;
    else
        follow->full_free = follow->fulls[index].older;
    connection = &follow->fulls[index];
    memset(connection, 0, sizeof(*connection));
    connection->slot = index_of(follow, slot);
    slot->full = index;
    link_full(follow, connection);
    return connection;
}
