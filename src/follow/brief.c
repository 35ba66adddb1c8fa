#include "follow/brief.h"

#include <stddef.h>
#include <string.h>

#include "base/seq.h"

/* The shortest lives of core/belief.c. */
static const nanos lives[] = {0, 400 * NANOS_PER_MS, NANOS_PER_S};

/* Timestamps that are further apart have no order (core/landmarks.c). */
#define STAMPS_APART (UINT32_C(1) << 28)

/* Sequence numbers too. */
#define NUMBERS_APART (UINT32_C(1) << 24)

#define KIND (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)

/* Has a RST the number that the other end expects: the next of its sender, or the last that was acknowledged (course.c)? */
static bool expects(const struct brief_segment *segments, unsigned count, unsigned from, uint32_t seq)
{
    uint32_t next = 0, acked = 0;
    bool has_next = false, has_acked = false;

    for (unsigned i = 0; i < count; i++)
        if (segments[i].from == from) {
            next = has_next ? seq_max(next, brief_end(&segments[i])) : brief_end(&segments[i]);
            has_next = true;
        }
    for (unsigned i = 0; has_next && i < count; i++)
        if (segments[i].from != from && (segments[i].flags & TCP_ACK) && seq_le(segments[i].ack, next)) {
            acked = has_acked ? seq_max(acked, segments[i].ack) : segments[i].ack;
            has_acked = true;
        }
    return has_next && (seq == next || (has_acked && seq == acked));
}

/* Is a number among the first so many that this end has used, or the next one? Behind the SYN-ACK: both ends have a first. */
static bool is_used(const struct brief_segment *segments, unsigned count, unsigned end, uint32_t number)
{
    const uint32_t first = segments[segments[0].from == end ? 0 : 1].seq;
    uint32_t used = 0;

    for (unsigned i = 0; i < count; i++)
        if (segments[i].from == end && brief_end(&segments[i]) - first > used)
            used = brief_end(&segments[i]) - first;
    return number - first <= used;
}

bool brief_takes(const struct brief_segment *segments, unsigned count, unsigned from, const struct segment *segment,
                 nanos at)
{
    uint8_t kind = segment->flags & KIND;

    if (count == BRIEF_MAX || !segment_is_plain(&segment->options))
        return false;
    if (count == 0)
        return brief_begins(segment->flags, segment->ack);
    if (at < segments[count - 1].at || (segments[count - 1].flags & TCP_RST))
        return false;
    if (count == 1)
        return from != segments[0].from && segment->ack == segments[0].seq + segments[0].len + 1 &&
               (kind == (TCP_SYN | TCP_ACK) || (kind == (TCP_RST | TCP_ACK) && segment->seq == 0));
    if ((kind & TCP_ACK) && !is_used(segments, count, !from, segment->ack))
        return false;
    if (kind & TCP_RST)
        return !(kind & TCP_SYN) && expects(segments, count, from, segment->seq) &&
               ((kind & TCP_ACK) || (kind == TCP_RST && segment->ack == 0));
    return !(kind & TCP_SYN) && (kind & TCP_ACK) && is_used(segments, count, from, segment->seq);
}

unsigned brief_acks_fins(const struct brief_segment *segments, unsigned count)
{
    const struct brief_segment *last = &segments[count - 1];
    unsigned acked = 0;

    for (unsigned i = 0; i + 1 < count; i++)
        if ((segments[i].flags & TCP_FIN) && segments[i].from != last->from && last->ack == brief_end(&segments[i]))
            acked |= 1u << segments[i].from;
    return acked;
}

struct segment brief_segment_of(const struct brief_segment *brief)
{
    return (struct segment){
        .seq = brief->seq,
        .ack = brief->ack,
        .len = brief->len,
        .window = brief->window,
        .flags = brief->flags,
        .ip_id = brief->ip_id,
        .options = {.present = brief->present,
                    .wscale = brief->wscale,
                    .mss = brief->mss,
                    .tsval = brief->tsval,
                    .tsecr = brief->tsecr},
    };
}

/* ---- keys ---- */

/* What is noted of one end's timestamps while a key is made. */
struct stamps {
    uint32_t values[BRIEF_MAX]; /* each once, rising */
    unsigned count;
};

/* Its rank among those of its end; false when it has none. */
static bool rank_stamp(struct stamps *stamps, uint32_t value, uint8_t *out)
{
    if (stamps->count > 0) {
        uint32_t on = value - stamps->values[stamps->count - 1];
        if (on > STAMPS_APART)
            return false;
        if (on == 0) {
            *out = (uint8_t)stamps->count;
            return true;
        }
    }
    stamps->values[stamps->count++] = value;
    *out = (uint8_t)stamps->count;
    return true;
}

/* Where an echo lies among the other end's timestamps: on one of them, or between two. */
static bool rank_echo(const struct stamps *stamps, uint32_t value, uint8_t *out)
{
    *out = 0;
    for (unsigned i = stamps->count; i > 0; i--) {
        uint32_t on = value - stamps->values[i - 1];
        if (on <= STAMPS_APART) {
            *out = (uint8_t)(2 * i + (on == 0));
            return true;
        }
        if (-on > STAMPS_APART)
            return false;
    }
    return true;
}

/* How many of the segments before came so long before this one, or longer. */
static uint8_t earlier_by(const struct brief_segment *segments, unsigned i, nanos span, unsigned from)
{
    while (from < i && segments[i].at - segments[from].at >= span)
        from++;
    return (uint8_t)from;
}

/* The round trips that the beliefs measure: from the SYN, and from the SYN-ACK. */
static void find_trips(const struct brief_segment *segments, unsigned count, nanos trips[ENDS], unsigned since[ENDS])
{
    since[0] = since[1] = count;
    if (count < 2 || !(segments[1].flags & TCP_SYN))
        return;
    trips[0] = segments[1].at - segments[0].at;
    since[0] = 1;
    for (unsigned i = 2; i < count; i++)
        if (segments[i].from == segments[0].from && (segments[i].flags & TCP_ACK)) {
            trips[1] = segments[i].at - segments[1].at;
            since[1] = i;
            return;
        }
}

/*
 * A belief asks whether what its end sends has crossed with something of the other end (core/belief.c): with its latest
 * segment, which acknowledges what came before, or with its FIN. Times rise: what is before too early a segment is too
 * early as well.
 */
static uint8_t crossed(const struct brief_segment *segments, unsigned i, const nanos trips[ENDS],
                       const unsigned since[ENDS])
{
    unsigned from = segments[i].from, which = from == segments[0].from;
    bool latest = true;
    uint8_t bits = 0;

    if (since[which] > i)
        return 0;
    for (unsigned j = i; j-- > 0 && segments[i].at - segments[j].at < trips[which];) {
        if (segments[j].from == from)
            continue;
        bits |= (uint8_t)((latest ? 1 : 0) | (segments[j].flags & TCP_FIN ? 2 : 0));
        latest = false;
    }
    return bits;
}

/*
 * How far an end has come, in its own numbers and in the other's: it falls only where an end repeats itself, so what is
 * further than all before is no copy.
 */
static uint32_t progress(const struct brief_key_part *part)
{
    return part->seq + part->ack;
}

/* Is it the same segment as an earlier one, but for the time? */
static bool is_repeated(const struct brief_segment *segments, unsigned i)
{
    const struct brief_segment *a = &segments[i];
    const uint64_t numbers = (uint64_t)a->seq << 32 | a->ack;

    for (unsigned j = 0; j < i; j++) {
        const struct brief_segment *b = &segments[j];
        if (((uint64_t)b->seq << 32 | b->ack) == numbers && a->from == b->from && a->flags == b->flags &&
            a->len == b->len)
            return true;
    }
    return false;
}

static bool key_numbers(const struct brief_segment *segments, const struct brief_segment *segment,
                        struct brief_key_part *part)
{
    bool answered = (segments[1].flags & TCP_SYN) != 0, first = segment->from == segments[0].from;
    uint32_t a = segments[0].seq, b = answered ? segments[1].seq : 0;

    part->seq = segment->seq - (first ? a : b);
    part->ack = segment->flags & TCP_ACK ? segment->ack - (first ? b : a) : 0;
    return part->seq < NUMBERS_APART && part->ack < NUMBERS_APART && (segment->seq != 0 || !answered) &&
           segment->len < NUMBERS_APART;
}

bool brief_key_of(const struct brief_segment *segments, unsigned count, struct brief_key *out)
{
    struct stamps stamps[ENDS];
    uint32_t furthest[ENDS] = {0, 0};
    nanos trips[ENDS] = {0};
    unsigned since[ENDS];

    stamps[END_A].count = stamps[END_B].count = 0;

    find_trips(segments, count, trips, since);
    out->count = count;
    for (unsigned i = 0; i < count; i++) {
        const struct brief_segment *segment = &segments[i];
        struct brief_key_part *part = &out->parts[i], *before = i ? &out->parts[i - 1] : NULL;
        if (!key_numbers(segments, segment, part))
            return false;
        if (progress(part) > furthest[segment->from])
            furthest[segment->from] = progress(part);
        else if (is_repeated(segments, i))
            return false;
        part->len = segment->len;
        part->window = segment->window;
        part->mss = segment->mss;
        part->flags = segment->flags;
        part->from = segment->from;
        part->present = (uint8_t)(segment->present | (segment->ip_id ? 0x80 : 0));
        part->wscale = segment->wscale;
        part->stamp = part->echo = 0;
        if ((segment->present & TCP_OPT_TIMESTAMPS) &&
            (!rank_echo(&stamps[!segment->from], segment->tsecr, &part->echo) ||
             !rank_stamp(&stamps[segment->from], segment->tsval, &part->stamp)))
            return false;
        part->late_short = earlier_by(segments, i, lives[1], before ? before->late_short : 0);
        part->late_long = earlier_by(segments, i, lives[2], before ? before->late_long : 0);
        part->crossed = crossed(segments, i, trips, since);
        memset(part->unused, 0, sizeof(part->unused));
    }
    return true;
}

static size_t key_size(const struct brief_key *key)
{
    return offsetof(struct brief_key, parts) + key->count * sizeof(key->parts[0]);
}

struct brief_memo *brief_find(struct brief_memo *memos, const struct brief_key *key, bool *found)
{
    uint64_t hash = key->count, lanes[2] = {0, 0};
    size_t size = key_size(key);
    struct brief_memo *memo;

    _Static_assert(sizeof(struct brief_key_part) == 28, "without padding, so that keys compare as bytes");
    /* Two lanes, so that one multiplication need not wait for the other; each part is three words and a half. */
    for (unsigned i = 0; i < key->count; i++) {
        uint64_t words[3];
        uint32_t rest;
        memcpy(words, &key->parts[i], sizeof(words));
        memcpy(&rest, (const char *)&key->parts[i] + sizeof(words), sizeof(rest));
        lanes[0] = (lanes[0] ^ words[0] ^ words[1] << 17) * UINT64_C(0x9e3779b97f4a7c15);
        lanes[1] = (lanes[1] ^ words[2] ^ (uint64_t)rest << 29) * UINT64_C(0xc2b2ae3d27d4eb4f);
        lanes[0] ^= lanes[0] >> 32;
        lanes[1] ^= lanes[1] >> 29;
    }
    hash ^= (lanes[0] + lanes[1]) * UINT64_C(0xd6e8feb86659fd93);
    hash ^= hash >> 32;
    memo = &memos[hash % BRIEF_MEMOS];
    *found = memo->used && memo->key.count == key->count && memcmp(&memo->key, key, size) == 0;
    return memo;
}

/* ---- summaries ---- */

/* Which segment's time it is, plus what; false when it is none's. */
static bool time_of(const struct brief_segment *segments, unsigned count, nanos at, struct brief_time *out)
{
    for (uint8_t life = 0; life < sizeof(lives) / sizeof(lives[0]); life++)
        for (uint8_t i = 0; i < count; i++)
            if (segments[i].at + lives[life] == at) {
                *out = (struct brief_time){i, life};
                return true;
            }
    return false;
}

static nanos time_at(const struct brief_segment *segments, struct brief_time time)
{
    return segments[time.segment].at + lives[time.life];
}

void brief_remember(struct brief_memo *memo, const struct brief_key *key, const struct brief_segment *segments,
                    const struct summary *summary, const struct connection *connection)
{
    memo->used = false;
    if (summary->undone)
        return;
    /* Of segments at the same time nobody knows which one a time is of, and no state has lasted between them. */
    for (unsigned i = 1; i < key->count; i++)
        if (segments[i].at == segments[i - 1].at)
            return;
    memcpy(&memo->key, key, key_size(key));
    memo->summary = *summary;
    memo->open = (struct brief_time){0};
    if (summary->open != NANOS_NONE && !time_of(segments, key->count, segments[0].at + summary->open, &memo->open))
        return;
    for (unsigned end = 0; end < ENDS; end++) {
        const struct stays *stays = &connection->ends[end].stays;
        if (stays->cut)
            return;
        memo->stay_count[end] = stays->count;
        for (unsigned i = 0; i < stays->count; i++) {
            memo->stay_state[end][i] = stays->at[i].state;
            if (!time_of(segments, key->count, stays->at[i].since, &memo->stay_since[end][i]))
                return;
        }
    }
    memo->used = true;
}

void brief_recall(const struct brief_memo *memo, const struct brief_segment *segments, struct summary *out)
{
    nanos last = segments[memo->key.count - 1].at;

    memmove(out, &memo->summary,
            sizeof(*out)); /* which compilers leave to the library, for this size the quicker way */
    out->first_at = segments[0].at;
    out->last_at = last;
    if (out->open_rtt != NANOS_NONE)
        out->open_rtt = segments[1].at - segments[0].at;
    if (out->open != NANOS_NONE)
        out->open = time_at(segments, memo->open) - segments[0].at;
    for (unsigned end = 0; end < ENDS; end++) {
        nanos *in_state = out->ends[end].in_state;
        memset(in_state, 0, sizeof(out->ends[end].in_state));
        for (unsigned i = 0; i < memo->stay_count[end]; i++) {
            nanos until = i + 1 < memo->stay_count[end] ? time_at(segments, memo->stay_since[end][i + 1]) : last;
            if (memo->stay_state[end][i] != STAY_UNKNOWN)
                in_state[memo->stay_state[end][i]] += until - time_at(segments, memo->stay_since[end][i]);
        }
    }
}
