/*
 * What a segment can be by its numbers. Nothing here is proof of anything: it decides what is counted as what, and what
 * the course of the connection heeds.
 */
#include "base/seq.h"
#include "follow/follow.h"

/* Old segments may come from this far behind. */
#define BEHIND (UINT32_C(1) << 30)

/* A capture can lose this much in one place without the numbers being taken for those of something else. */
#define LOSS (UINT32_C(1) << 20)

/* So many segments in a row that fit each other and nothing else are the connection, after a longer loss. */
#define RUN 3

/* A retransmission does not come sooner than this after what it repeats; a capture's second look does. */
#define DOUBLE_SPAN (NANOS_PER_MS)
#define DOUBLE_SPAN_STAMP (10 * NANOS_PER_MS) /* ... with the same timestamp, whose clock ticks faster than that */
#define DOUBLE_SPAN_ID (100 * NANOS_PER_MS)   /* ... where the IP header has a number */

/* All that a copy has in common with its original. */
static struct recent recent_of(const struct segment *segment, nanos at)
{
    bool stamped = (segment->options.present & TCP_OPT_TIMESTAMPS) != 0;

    return (struct recent){
        .words = {(uint64_t)segment->seq << 32 | segment->ack,
                  (uint64_t)segment->len << 32 | (uint32_t)segment->window << 16 | segment->ip_id,
                  stamped ? (uint64_t)segment->options.tsval << 32 | segment->options.tsecr : 0,
                  segment->flags | (uint64_t)stamped << 8 | 1u << 9},
        .at = at,
    };
}

static bool is_same(const struct recent *a, const struct recent *b)
{
    return a->words[0] == b->words[0] && a->words[1] == b->words[1] && a->words[2] == b->words[2] &&
           a->words[3] == b->words[3];
}

static bool is_double(struct end *end, const struct segment *segment, nanos at)
{
    const bool stamped = (segment->options.present & TCP_OPT_TIMESTAMPS) != 0;
    nanos span = segment->ip_id           ? DOUBLE_SPAN_ID
                 : !segment_span(segment) ? 0
                 : stamped                ? DOUBLE_SPAN_STAMP
                                          : DOUBLE_SPAN;
    const struct recent recent = recent_of(segment, at);

    for (unsigned i = 0; span && i < RECENT; i++)
        if (is_same(&end->recent[i], &recent) && at - end->recent[i].at < span && end->recent[i].at - at < span)
            return true;
    end->recent[end->recent_next] = recent;
    end->recent_next = (end->recent_next + 1) % RECENT;
    return false;
}

bool numbers_earlier(const struct end *end, unsigned back, struct earlier *out)
{
    const struct recent *recent = &end->recent[(end->recent_next + RECENT - 1 - back) % RECENT];

    if (back >= RECENT || recent->words[3] == 0)
        return false;
    *out = (struct earlier){
        /* as recent_of() has put it */
        .at = recent->at,
        .seq = (uint32_t)(recent->words[0] >> 32),
        .ack = (uint32_t)recent->words[0],
        .len = (uint32_t)(recent->words[1] >> 32),
        .window = (uint16_t)(recent->words[1] >> 16),
        .flags = (uint8_t)recent->words[3],
    };
    return true;
}

bool numbers_held(const struct connection *connection, unsigned from)
{
    const struct end *me = &connection->ends[from], *other = &connection->ends[!from];

    return me->has_syn && other->has_syn && other->has_acked && me->unseen == 0 && other->unseen == 0;
}

bool numbers_fit(const struct connection *connection, unsigned from, const struct segment *segment)
{
    const struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    uint32_t reach = other->window > LOSS ? other->window : LOSS;

    if (!me->has_next)
        return true;
    if (seq_lt(segment->seq, me->next - BEHIND))
        return false;
    if (seq_le(segment->seq, me->next))
        return true;
    if (other->has_acked && seq_le(segment->seq, other->acked + other->window))
        return true;
    return !numbers_held(connection, from) && seq_le(segment->seq, me->next + reach);
}

/* Can this be its SYN? It has one number, which lies before all others. */
static bool syn_fits(const struct end *me, const struct segment *segment)
{
    if (!segment_has(segment, TCP_SYN) || !me->has_next)
        return true;
    return me->has_syn ? segment->seq == me->iss : seq_lt(segment->seq, me->next);
}

enum ack_kind numbers_ack(const struct connection *connection, unsigned from, uint32_t ack)
{
    const struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    uint32_t reach = me->window > LOSS ? me->window : LOSS;

    if (!other->has_next)
        return other->has_syn ? ACK_WRONG : ACK_FIRST;
    if (other->has_syn && other->next - other->iss < BEHIND && seq_le(ack, other->iss))
        return ACK_WRONG;
    if (seq_lt(ack, other->next - BEHIND))
        return ACK_WRONG;
    if (seq_le(ack, other->next))
        return ACK_KNOWN;
    /* One segment can say anything, but two that say the same... */
    if (seq_le(ack, other->next + reach))
        return other->has_claimed && seq_le(other->claimed, ack) ? ACK_UNSEEN : ACK_CLAIMED;
    return other->has_claimed && other->claimed == ack ? ACK_UNSEEN : ACK_CLAIMED;
}

/* The window that it offers, as large as it may be. */
static void note_window(struct connection *connection, unsigned from, const struct segment *segment)
{
    struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    uint32_t window = segment->window;

    if (!segment_has(segment, TCP_SYN)) {
        bool known = me->has_syn && other->has_syn && me->window && other->window;
        if (!known)
            window <<= 14;
        else if (me->has_wscale && other->has_wscale)
            window <<= me->wscale > 14 ? 14 : me->wscale;
    }
    if (me->window < window)
        me->window = window;
}

/*
 * A SYN with another number, when the other end has acknowledged nothing yet: this end forgot the SYN that it sent
 * before, or that one, or this, is somebody else's. Which counts is what the other end acknowledges.
 */
static void begin_again(struct end *me, const struct end *other, const struct segment *segment)
{
    if (!segment_has(segment, TCP_SYN) || other->has_acked || (me->has_syn && segment->seq == me->iss))
        return;
    me->has_old_syn = me->has_syn;
    me->old_iss = me->iss;
    me->has_next = false;
}

/* The other end acknowledges the SYN that came before the one that was taken for it. */
static void return_to_old_syn(struct end *me, const struct end *other, uint32_t ack)
{
    if (!me->has_old_syn || other->has_acked || ack != me->old_iss + 1 || ack == me->syn_end)
        return;
    me->has_old_syn = false;
    me->iss = ack - 1;
    me->syn_end = me->next = ack;
}

static void note_syn(struct end *me, const struct segment *segment)
{
    if (!me->has_syn || !me->has_next) {
        me->iss = segment->seq;
        me->syn_end = segment->seq + segment_span(segment);
        me->has_wscale = (segment->options.present & TCP_OPT_WSCALE) != 0;
        me->wscale = segment->options.wscale;
    }
    me->has_syn = true;
    me->syn_alone = me->syn_alone || !segment_has(segment, TCP_ACK);
}

static void add_hole(struct end *me, uint32_t from, uint32_t to)
{
    if (from != to)
        me->holes[me->next_hole++ % HOLES] = (struct hole){from, to};
}

/* From its next number to this one nothing was seen. */
static void begin_hole(struct end *me, uint32_t to)
{
    if (!me->has_hole)
        me->first_hole = me->next;
    me->has_hole = true;
    me->unseen += to - me->next;
    add_hole(me, me->next, to);
}

/* How many of these numbers were missing. */
static uint32_t fill_holes(struct end *me, uint32_t from, uint32_t to)
{
    uint32_t filled = 0;

    for (unsigned i = 0; me->has_hole && i < HOLES; i++) {
        struct hole hole = me->holes[i];
        uint32_t low = seq_max(from, hole.from), high = seq_lt(to, hole.to) ? to : hole.to;
        if (hole.from == hole.to || !seq_lt(low, high))
            continue;
        filled += high - low;
        me->holes[i] = (struct hole){hole.from, low};
        if (low == hole.from)
            me->holes[i] = (struct hole){high, hole.to};
        else
            add_hole(me, high, hole.to);
    }
    me->unseen -= filled < me->unseen ? filled : me->unseen;
    if (me->unseen == 0)
        me->has_hole = false;
    return filled;
}

/* Of an end that has sent a SYN alone, the first SYN-ACK says something new (RFC 9293 3.5, figure 7). */
static bool answers_crossing_syn(const struct end *me, const struct segment *segment)
{
    return segment_has(segment, TCP_SYN | TCP_ACK) && me->syn_alone && !course_has_letter(me, 'h');
}

/* Its numbers; true when they had all been used before. */
static bool note_span(struct end *me, const struct segment *segment)
{
    uint32_t end = segment->seq + segment_span(segment), fresh = segment->len;
    bool repeated = false;

    if (!me->has_next) {
        me->next = end;
        me->has_next = true;
    } else if (seq_lt(me->next, segment->seq)) {
        begin_hole(me, segment->seq);
    } else if (seq_lt(me->next, end)) {
        /* A FIN whose number turns out to be a byte's was none. */
        uint32_t old = me->next - segment->seq;
        bool byte = me->next_is_fin && old > 0 && old <= segment->len;
        fresh = (old < segment->len ? segment->len - old : 0) + byte + fill_holes(me, segment->seq, me->next);
    } else {
        bool alive = segment->len <= 1 && !(segment->flags & (TCP_SYN | TCP_FIN)) && segment->seq + 1 == me->next;
        bool late = segment_has(segment, TCP_SYN) && me->syn_at == NANOS_NONE; /* an answer to it was seen before it */
        fresh = fill_holes(me, segment->seq, end);
        repeated = segment_span(segment) > 0 && fresh == 0 && !alive && !late && !answers_crossing_syn(me, segment) &&
                   (segment->flags & (TCP_SYN | TCP_ACK)) != 0;
        fresh = fresh < segment->len ? fresh : segment->len;
    }
    me->bytes += fresh;
    if (seq_lt(me->next, end) || (me->next == end && segment->len > 0))
        me->next_is_fin = segment_has(segment, TCP_FIN);
    me->next = seq_max(me->next, end);
    return repeated;
}

/* After a long loss nothing fits any more but what comes in a row. */
static bool is_run(struct end *me, const struct segment *segment)
{
    bool follows = me->stray_run > 0 && segment->seq == me->stray_end;

    if (segment->flags & (TCP_SYN | TCP_RST))
        return false;
    me->stray_run = follows ? me->stray_run + 1 : 1;
    me->stray_end = segment->seq + segment_span(segment);
    return me->stray_run >= RUN && segment->len > 0;
}

static void note_ack(struct connection *connection, unsigned from, const struct segment *segment)
{
    struct end *me = &connection->ends[from], *other = &connection->ends[!from];

    switch (numbers_ack(connection, from, segment->ack)) {
    case ACK_WRONG:
        return;
    case ACK_CLAIMED:
        other->claimed = segment->ack;
        other->has_claimed = true;
        return;
    case ACK_FIRST:
        other->next = segment->ack;
        other->has_next = true;
        break;
    case ACK_UNSEEN:
        begin_hole(other, segment->ack);
        other->next = segment->ack;
        other->has_claimed = false;
        break;
    case ACK_KNOWN:
        break;
    }
    me->acked = me->has_acked ? seq_max(me->acked, segment->ack) : segment->ack;
    me->has_acked = true;
}

/* The other end has acknowledged what passes only now, and all that passed before: the two were captured the other way round. */
static void confirm_reach(struct end *me, struct end *other)
{
    if (!me->has_claimed || me->next != me->claimed)
        return;
    me->has_claimed = false;
    other->acked = other->has_acked ? seq_max(other->acked, me->next) : me->next;
    other->has_acked = true;
}

/* Its numbers go on where the other end has said that they would: what came before has passed unseen. */
static void confirm_claim(struct end *me, struct end *other, const struct segment *segment)
{
    if (!me->has_claimed || !me->has_next || segment->seq != me->claimed || !seq_lt(me->next, segment->seq))
        return;
    me->has_claimed = false;
    other->acked = other->has_acked ? seq_max(other->acked, segment->seq) : segment->seq;
    other->has_acked = true;
}

enum passage_kind numbers_note(struct connection *connection, unsigned from, const struct segment *segment, nanos at)
{
    struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    enum passage_kind kind = PASSAGE_NEW;

    for (unsigned i = 0; i < ENDS; i++) {
        connection->ends[i].next_before = connection->ends[i].next;
        connection->ends[i].had_next = connection->ends[i].has_next;
    }
    me->segments++;
    me->jumped = false;
    if (is_double(me, segment, at)) {
        me->doubles++;
        return PASSAGE_DOUBLE;
    }
    if (segment_has(segment, TCP_RST)) /* course.c judges it */
        return PASSAGE_NEW;
    begin_again(me, other, segment);
    /* Without payload it may have its number from anywhere: it does not show that something was lost. */
    me->jumped = !numbers_fit(connection, from, segment);
    if (!syn_fits(me, segment) || (me->jumped && !is_run(me, segment))) {
        me->strays++;
        return PASSAGE_STRAY;
    }
    me->stray_run = 0;
    if (segment_has(segment, TCP_SYN))
        note_syn(me, segment);
    confirm_claim(me, other, segment);
    if (note_span(me, segment)) {
        me->retransmitted++;
        kind = PASSAGE_RETRANSMISSION;
    }
    confirm_reach(me, other);
    me->seen = true;
    note_window(connection, from, segment);
    if (segment_has(segment, TCP_ACK)) {
        return_to_old_syn(other, me, segment->ack);
        note_ack(connection, from, segment);
    }
    return kind;
}

bool numbers_note_ordinary(struct connection *connection, unsigned from, const struct segment *segment, nanos at)
{
    struct end *me = &connection->ends[from], *other = &connection->ends[!from];

    if (is_double(me, segment, at))
        return false;
    me->next_before = me->next;
    other->next_before = other->next;
    me->had_next = other->had_next = true;
    me->segments++;
    me->jumped = false;
    me->stray_run = 0;
    me->seen = true;
    if (segment->len > 0) {
        me->bytes += segment->len;
        me->next += segment->len;
        me->next_is_fin = false;
        confirm_reach(me, other);
    }
    note_window(connection, from, segment);
    me->acked = segment->ack;
    return true;
}
