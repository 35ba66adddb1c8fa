/*
 * Connections as long as they are short.
 *
 * Theory of operation. To follow a connection in full takes two beliefs, some seven kilobytes, and microseconds for each
 * segment. Most connections of a large capture are short and alike. So the first segments of one that begins with a SYN
 * are only written down; when it goes on for longer, or does anything out of the ordinary, it is inflated: followed in
 * full from its first segment on. When it ends before that, it is replayed once to find its summary. What comes out
 * depends on nothing but
 *
 *   - its numbers, relative to both initial ones; lengths, flags, windows, options as they are;
 *   - of timestamps, which are equal and which are later (and no two are so far apart that this could not be told);
 *   - of times, which segments came later than others by a state's shortest life, or by the round trip, or not.
 *
 * These make its key. The summary is kept under its key, with the segments whose times it is made of, and the next
 * connection with the same key gets its summary from there. unit/test_between.c holds this against following in full.
 */
#ifndef FOLLOW_BRIEF_H
#define FOLLOW_BRIEF_H

#include "follow/summary.h"

#define BRIEF_MAX 10

struct brief_key {
    uint32_t count;
    struct brief_key_part {
        uint32_t seq, ack, len;
        uint16_t window, mss;
        uint8_t flags, from, present, wscale;
        uint8_t stamp, echo;           /* ranks */
        uint8_t late_short, late_long; /* how many came so much earlier */
        uint8_t crossed;               /* bits: what of the other end it can't be an answer to, by the round trip */
        uint8_t unused[3];             /* zero */
    } parts[BRIEF_MAX];
};

/* A time as a segment's, plus one of the shortest lives perhaps. */
struct brief_time {
    uint8_t segment, life;
};

struct brief_memo {
    bool used;
    struct brief_key key;
    struct summary summary;
    struct brief_time open;
    unsigned stay_count[ENDS];
    uint8_t stay_state[ENDS][STAYS_MAX];
    struct brief_time stay_since[ENDS][STAYS_MAX];
};

#define BRIEF_MEMOS 4096

/*
 * Can this segment be written down behind the count that are there? A RST only if it ends the connection; and only what
 * acknowledges no more than the other end has sent before it, and begins no further than its own end has come: with other
 * numbers FIN and RST may not mean what they say.
 */
bool brief_takes(const struct brief_segment *segments, unsigned count, unsigned from, const struct segment *segment,
                 nanos at);

/* Is it a SYN with which a brief connection begins? */
static inline bool brief_begins(uint8_t flags, uint32_t ack)
{
    return (flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN && ack == 0;
}

/* Writes a segment down. */
static inline void brief_note(struct brief_segment *out, unsigned from, const struct segment *segment, nanos at)
{
    const struct tcp_options *options = &segment->options;

    *out = (struct brief_segment){
        .at = at,
        .seq = segment->seq,
        .ack = segment->ack,
        .len = segment->len,
        .tsval = options->tsval,
        .tsecr = options->tsecr,
        .window = segment->window,
        .mss = options->mss,
        .ip_id = segment->ip_id,
        .flags = segment->flags,
        .from = (uint8_t)from,
        .present = options->present,
        .wscale = options->wscale,
    };
}

/* One past the numbers that it takes. */
static inline uint32_t brief_end(const struct brief_segment *segment)
{
    return segment->seq + segment->len + !!(segment->flags & TCP_SYN) + !!(segment->flags & TCP_FIN);
}

/* The ends whose FIN, among the segments before, the last one acknowledges, as bits. */
unsigned brief_acks_fins(const struct brief_segment *segments, unsigned count);

/* The other way round. */
struct segment brief_segment_of(const struct brief_segment *brief);

/* The key of these; false when they have none: then they are replayed each time. */
bool brief_key_of(const struct brief_segment *segments, unsigned count, struct brief_key *out);

/* Where a key's summary is, or would be: memos has BRIEF_MEMOS. *found: it is. */
struct brief_memo *brief_find(struct brief_memo *memos, const struct brief_key *key, bool *found);

/* Remembers a summary that came of these segments, which were replayed in this connection. */
void brief_remember(struct brief_memo *memo, const struct brief_key *key, const struct brief_segment *segments,
                    const struct summary *summary, const struct connection *connection);

/* The summary of these segments, but for who and when (number, packets, addresses). */
void brief_recall(const struct brief_memo *memo, const struct brief_segment *segments, struct summary *out);

#endif
