/*
 * The places that a search has seen. What is kept of each is a fingerprint, of all that can matter from there on:
 * the belief, the peer, our end, what is on its way. Points in time, and the peer's timestamps, count by their order
 * and by whether they are within the spans that a belief knows (0.4 s, 1 s); the numbers of segments don't count.
 *
 * All these are found by their value and not by the names of what holds them, so that a belief that learns to keep
 * something new is fingerprinted in full without a change here.
 */
#include <stdlib.h>
#include <string.h>

#include "exhaustive.h"

/* Far more than a place has. */
#define WORDS_MAX 1024
#define MOMENTS_MAX 64

/* Further than any path gets. */
#define EPOCH_SPAN (UINT64_C(1) << 42)
#define TSVAL_SPAN (UINT32_C(1) << 22)

/* Values that count by their order alone: each once, in the order in which they were met. */
struct moments {
    uint64_t at[MOMENTS_MAX];
    uint64_t rank[MOMENTS_MAX];
    unsigned count;
};

/* The words that are not 0, each with where it stood. */
struct print {
    struct {
        uint64_t word;
        unsigned where;
    } words[WORDS_MAX];
    unsigned count, where;
    struct moments times, stamps;
};

static bool is_time(uint64_t word)
{
    return word - (uint64_t)SEARCH_EPOCH < EPOCH_SPAN;
}

static bool is_stamp(uint32_t half)
{
    return half - SEARCH_TSVAL < TSVAL_SPAN;
}

static bool is_number(uint32_t half)
{
    return half - SEARCH_NUMBER < NUMBERS_MAX;
}

/* Where it is among them. */
static unsigned met(struct moments *moments, uint64_t at)
{
    for (unsigned i = 0; i < moments->count; i++)
        if (moments->at[i] == at)
            return i;
    if (moments->count == MOMENTS_MAX)
        abort();
    moments->at[moments->count] = at;
    return moments->count++;
}

static void rank(struct moments *moments)
{
    for (unsigned i = 0; i < moments->count; i++) {
        moments->rank[i] = 0;
        for (unsigned j = 0; j < moments->count; j++)
            moments->rank[i] += moments->at[j] < moments->at[i];
    }
}

static void add_word(struct print *print, uint64_t word, unsigned where)
{
    if (is_time(word)) {
        word = (uint64_t)SEARCH_EPOCH + met(&print->times, word);
    } else {
        uint32_t low = (uint32_t)word, high = (uint32_t)(word >> 32);
        if (is_stamp(low))
            low = SEARCH_TSVAL + met(&print->stamps, low);
        else if (is_number(low))
            low = SEARCH_NUMBER;
        if (is_stamp(high))
            high = SEARCH_TSVAL + met(&print->stamps, high);
        else if (is_number(high))
            high = SEARCH_NUMBER;
        word = (uint64_t)high << 32 | low;
    }
    if (print->count == WORDS_MAX)
        abort();
    print->words[print->count].where = where;
    print->words[print->count++].word = word;
}

/* What lies here; all of it begins at a multiple of eight bytes in its struct. */
static void add(struct print *print, const void *from, size_t len)
{
    const unsigned char *bytes = from;
    uint64_t words[4];
    size_t at = 0;

    for (; at + sizeof(words) <= len; at += sizeof(words)) {
        memcpy(words, bytes + at, sizeof(words));
        if ((words[0] | words[1] | words[2] | words[3]) == 0)
            continue;
        for (unsigned i = 0; i < 4; i++)
            if (words[i])
                add_word(print, words[i], print->where + (unsigned)(at / 8) + i);
    }
    memset(words, 0, sizeof(words));
    memcpy(words, bytes + at, len - at);
    for (unsigned i = 0; i < 4; i++)
        if (words[i])
            add_word(print, words[i], print->where + (unsigned)(at / 8) + i);
    print->where += (unsigned)(len / 8) + 1;
}

static uint64_t order_of_time(const struct print *print, unsigned i, const struct place *place)
{
    nanos time = (nanos)print->times.at[i], ago = place->now - time;
    uint64_t age = ago < 0 ? 0 : ago < 400 * NANOS_PER_MS ? 1 : ago < NANOS_PER_S ? 2 : 3;

    return (uint64_t)SEARCH_EPOCH + print->times.rank[i] * 8 + age * 2 + (time > place->peer.now);
}

static uint32_t order_of_half(const struct print *print, uint32_t half)
{
    return is_stamp(half) ? SEARCH_TSVAL + (uint32_t)print->stamps.rank[half - SEARCH_TSVAL] : half;
}

static uint64_t mixed(uint64_t word)
{
    word = (word ^ (word >> 32)) * UINT64_C(0x9fb21c651e98df25);
    return (word ^ (word >> 29)) * UINT64_C(0xd6e8feb86659fd93);
}

static uint64_t hash_of(struct print *print, uint64_t salt, const struct place *place)
{
    uint64_t hash = salt + print->where;

    rank(&print->times);
    rank(&print->stamps);
    for (unsigned i = 0; i < print->count; i++) {
        uint64_t word = print->words[i].word;
        if (is_time(word))
            word = order_of_time(print, (unsigned)(word - (uint64_t)SEARCH_EPOCH), place);
        else
            word = (uint64_t)order_of_half(print, (uint32_t)(word >> 32)) << 32 | order_of_half(print, (uint32_t)word);
        hash += mixed(word + print->words[i].where * UINT64_C(0x9e3779b97f4a7c15));
    }
    return mixed(hash) ^ hash >> 17;
}

/* The place as it matters from here on. */
static void take_print(struct print *print, const struct place *place)
{
    const struct peer *peer = &place->peer;
    const struct {
        uint64_t span_known, queue_free;
    } rest = {place->belief.known.open_rtt != NANOS_NONE, peer->now >= peer->variant.queue_free};
    const size_t span = offsetof(struct belief, known.open_rtt), stamp = offsetof(struct peer, ts_offset);
    const size_t behind = stamp + sizeof(peer->ts_offset), after = (behind + 7) / 8 * 8,
                 chance = offsetof(struct peer, chance);

    print->count = print->where = print->times.count = print->stamps.count = 0;
    /* All but the round trip of the open: a span, and none of those that count. */
    add(print, &place->belief, span);
    add(print, (const unsigned char *)&place->belief + span + 8, sizeof(place->belief) - span - 8);
    add(print, &place->end, sizeof(place->end));
    /* All but what never changes, and what makes its next timestamp the highest of all. */
    add(print, (const unsigned char *)peer + chance, stamp - chance);
    add(print, (const unsigned char *)peer + behind, after - behind);
    add(print, (const unsigned char *)peer + after, offsetof(struct peer, out) - after);
    add(print, (const unsigned char *)peer + offsetof(struct peer, out_count),
        sizeof(*peer) - offsetof(struct peer, out_count));
    add(print, &place->its, offsetof(struct place, to_peer) - offsetof(struct place, its));
    add(print, place->to_peer, place->to_peer_count * sizeof(place->to_peer[0]));
    add(print, place->to_us, place->to_us_count * sizeof(place->to_us[0]));
    add(print, &rest, sizeof(rest));
}

void seen_clear(struct seen *seen)
{
    memset(seen->entries, 0, sizeof(seen->entries[0]) << seen->bits);
    seen->used = 0;
}

/* Four neighbours are tried; the one that took the most turns to reach gives way. */
bool seen_before(struct search *search, struct seen_entry **entry, uint64_t *key)
{
    static struct print print;
    struct seen *seen = &search->seen;
    struct seen_entry *set, *last;
    bool limited = search->turns_most < TURNS_MAX;

    take_print(&print, &search->place);
    *key = hash_of(&print, seen->salt, &search->place) | 1;
    set = last = &seen->entries[*key >> 8 & ((UINT64_C(1) << seen->bits) - 4)];
    for (unsigned i = 0; i < 4; i++) {
        if (set[i].key == *key) {
            *entry = &set[i];
            if (set[i].turns <= search->turns || !limited)
                return true;
            set[i].turns = search->turns;
            return false;
        }
        if (last->key != 0 && (set[i].key == 0 || set[i].turns > last->turns))
            last = &set[i];
    }
    seen->used += last->key == 0;
    *last = (struct seen_entry){.key = *key, .turns = search->turns};
    *entry = last;
    return false;
}
