/*
 * The table: chains of slots from hashed buckets, and one list in the order of the last segments; and the connections
 * that are followed in full, with a list of their own. All of it is in the caller's memory.
 */
#include <stddef.h>
#include <string.h>

#include "base/cache_line.h"
#include "follow/find.h"

static uint32_t full_count(uint32_t connections)
{
    return connections < FULL_MAX ? connections : FULL_MAX;
}

size_t follow_memory(uint32_t connections)
{
    return (full_count(connections) + (size_t)1) * sizeof(struct connection) +
           connections * (sizeof(struct slot) + sizeof(struct place) + sizeof(struct order_link) + sizeof(uint32_t)) +
           full_count(connections) * sizeof(struct order_link) + BRIEF_MEMOS * sizeof(struct brief_memo);
}

void follow_init(struct follow *follow, uint32_t connections, void *memory, const struct follow_listener *listener)
{
    struct connection *fulls = memory;
    struct slot *slots = (struct slot *)(fulls + full_count(connections) + 1);
    struct brief_memo *memos = (struct brief_memo *)(slots + connections);
    struct place *places = (struct place *)(memos + BRIEF_MEMOS);
    struct order_link *slot_links = (struct order_link *)(places + connections), *full_links = slot_links + connections;

    *follow = (struct follow){
        .listener = *listener,
        .fulls = fulls,
        .slots = slots,
        .memos = memos,
        .places = places,
        .buckets = (uint32_t *)(full_links + full_count(connections)),
        .by_slot = {slot_links, NO_SLOT, NO_SLOT},
        .by_full = {full_links, NO_SLOT, NO_SLOT},
        .slot_count = connections,
        .full_count = full_count(connections),
        .free = NO_SLOT,
        .full_free = NO_SLOT,
        .briefly = !listener->segment && !listener->claim,
        .now = NANOS_NONE,
        .let_go_at = NANOS_NONE,
    };
    for (uint32_t i = 0; i < connections; i++)
        follow->buckets[i] = NO_SLOT;
}

struct slot *table_find_next(struct follow *follow, const struct slot *slot, const struct passage *passage,
                             unsigned *from)
{
    const struct place *place = &follow->places[index_of(follow, slot)];

    return find_from(follow, place->chain, passage, place->hash, from);
}

void table_fetch(const struct follow *follow, uint32_t index)
{
    const char *slot = (const char *)&follow->slots[index];

    for (size_t at = 0; at < sizeof(struct slot); at += CACHE_LINE)
        __builtin_prefetch(slot + at);
}

void table_fetch_all(const struct follow *follow, const uint32_t hashes[], unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        __builtin_prefetch(bucket_of(follow, hashes[i]));
    for (unsigned i = 0; i < count; i++) {
        uint32_t index = *bucket_of(follow, hashes[i]);
        index = index == NO_SLOT ? 0 : index; /* not worth a jump */
        __builtin_prefetch(&follow->places[index]);
        __builtin_prefetch(&follow->by_slot.links[index]);
        __builtin_prefetch(&follow->slots[index]);
        __builtin_prefetch((const char *)&follow->slots[index] + CACHE_LINE);
    }
}

/* ---- the order of last segments ---- */

void table_touch(struct follow *follow, struct slot *slot)
{
    order_renew(&follow->by_slot, index_of(follow, slot));
    if (slot->full != NO_SLOT)
        order_renew(&follow->by_full, slot->full);
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
        evict(follow, &follow->slots[follow->by_slot.oldest]);
    index = follow->free;
    if (index == NO_SLOT)
        return follow->used++;
    follow->free = follow->places[index].chain;
    return index;
}

struct slot *table_add(struct follow *follow, const struct passage *passage, uint32_t hash)
{
    uint32_t index = take_slot(follow), *bucket = bucket_of(follow, hash);
    struct slot *slot = &follow->slots[index];

    slot->at[END_A] = *passage->src;
    slot->at[END_B] = *passage->dst;
    slot->network[END_A] = slot->network[END_B] = passage->network;
    slot->full = NO_SLOT;
    slot->count = 0;
    slot->fins = slot->acked = 0;
    slot->fins_differ = false;
    slot->over = slot->told = slot->reported = false;
    follow->places[index] = (struct place){hash, *bucket};
    *bucket = index;
    order_add(&follow->by_slot, index);
    return slot;
}

void table_remove(struct follow *follow, struct slot *slot)
{
    uint32_t index = index_of(follow, slot), *at = bucket_of(follow, follow->places[index].hash);

    while (*at != index)
        at = &follow->places[*at].chain;
    *at = follow->places[index].chain;
    order_remove(&follow->by_slot, index);
    if (slot->full != NO_SLOT) {
        order_remove(&follow->by_full, slot->full);
        slot_connection(follow, slot)->free = follow->full_free;
        follow->full_free = slot->full;
        slot->full = NO_SLOT;
    }
    follow->places[index].chain = follow->free;
    slot->number = 0;
    follow->free = index;
}

void table_clear(struct connection *connection, bool bare)
{
    const size_t behind = offsetof(struct connection, ends) + sizeof(connection->ends);

    if (bare) {
        memset(connection, 0, offsetof(struct connection, ends));
        for (unsigned i = 0; i < ENDS; i++)
            memset(&connection->ends[i], 0, offsetof(struct end, stays));
        memset((char *)connection + behind, 0, sizeof(*connection) - behind);
    } else {
        memset(connection, 0, sizeof(*connection));
    }
    connection->bare = bare;
}

struct connection *table_fill(struct follow *follow, struct slot *slot)
{
    struct connection *connection;
    uint32_t index;

    while (follow->full_free == NO_SLOT && follow->full_used == follow->full_count)
        evict(follow, &follow->slots[follow->fulls[follow->by_full.oldest].slot]);
    index = follow->full_free;
    if (index == NO_SLOT)
        index = follow->full_used++;
    else
        follow->full_free = follow->fulls[index].free;
    connection = &follow->fulls[index];
    table_clear(connection, follow->briefly && !follow_wants(follow, slot->number));
    connection->slot = index_of(follow, slot);
    slot->full = index;
    order_add(&follow->by_full, index);
    return connection;
}
