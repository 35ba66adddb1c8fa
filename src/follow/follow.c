#include "follow/follow.h"

#include <string.h>

#include "base/seq.h"
#include "core/observed.h"
#include "follow/find.h"

/* A connection that is over stays this long for what comes late (RFC 9293 3.4.2 has 4 minutes; stacks have 60 s). */
#define LINGER (60 * NANOS_PER_S)

/* ---- one connection in full ---- */

/* Fills an empty connection: it begins with this segment, from END_A. */
static void begin_in(struct connection *connection, const struct slot *slot, const struct segment *segment, nanos at)
{
    connection->number = slot->number;
    connection->at[END_A] = slot->at[END_A];
    connection->at[END_B] = slot->at[END_B];
    connection->first_packet = slot->first_packet;
    connection->first_at = at;
    connection->opener = connection->closer = connection->resetter = NOBODY;
    connection->open_rtt = connection->open = NANOS_NONE;
    for (unsigned i = 0; i < ENDS; i++)
        connection->ends[i].syn_at = connection->ends[i].syn_again_at = connection->ends[i].fin_at = NANOS_NONE;
    connection->due = NANOS_NEVER;
    if (!connection->bare)
        ends_init(connection, segment);
}

static void note_due(struct connection *connection)
{
    connection->due =
        nanos_sooner(belief_expiry(&connection->ends[END_A].belief), belief_expiry(&connection->ends[END_B].belief));
}

/* Which end's time is up first? */
static unsigned first_due(const struct connection *connection)
{
    return belief_expiry(&connection->ends[END_B].belief) < belief_expiry(&connection->ends[END_A].belief) ? END_B
                                                                                                           : END_A;
}

/* Tells, once, of each end whose state's time can be up. stays: and yet lets its claim stand. */
static void expire(struct follow *follow, struct connection *connection, nanos at, bool stays)
{
    unsigned first = first_due(connection);

    for (unsigned i = 0; i < ENDS; i++) {
        unsigned which = first ^ i;
        struct end *end = &connection->ends[which];
        const struct claim standing = end->belief.claim;
        nanos due = belief_expiry(&end->belief);
        struct claim claims[CLAIMS_MAX];
        if (belief_expire(&end->belief, at, claims) == 0)
            continue;
        if (end->due_told != due)
            ends_tell(follow, connection, which, claims, 1);
        end->due_told = due;
        if (stays)
            end->belief.claim = standing;
    }
}

void follow_expire(struct follow *follow, struct connection *connection, nanos at)
{
    if (at < connection->due)
        return;
    expire(follow, connection, at, false);
    note_due(connection);
}

void follow_tell_due(struct follow *follow, struct connection *connection, nanos at)
{
    if (at >= connection->due && !connection->closed && follow->listener.claim)
        expire(follow, connection, at, true);
}

/* With what the belief of an end begins whose opening was not seen: told once, before what the segment says of it. */
static void tell_joined(struct follow *follow, struct connection *connection, const bool before[ENDS])
{
    for (unsigned i = 0; i < ENDS; i++) {
        const struct claim *claim = &connection->ends[i].belief.claim;
        if (!before[i] && claim->reason == REASON_JOINED)
            ends_tell(follow, connection, i, claim, 1);
    }
}

static void take_any(struct follow *follow, struct connection *connection, unsigned from, const struct passage *passage)
{
    const struct segment *segment = passage->segment;
    enum passage_kind kind;
    nanos wrong_since;
    bool joined[ENDS] = {false, false};

    connection->segments++;
    connection->last_packet = passage->packet;
    connection->last_at = passage->at;
    for (unsigned i = 0; i < ENDS && !connection->bare; i++)
        joined[i] = connection->ends[i].belief.claim.reason == REASON_JOINED;
    if (!connection->bare)
        ends_prepare(follow, connection, from, segment, passage->at);
    kind = numbers_note(connection, from, segment, passage->at);
    wrong_since = course_note(connection, from, kind, segment, passage->at);
    if (connection->bare)
        return;
    if (follow->listener.segment)
        follow->listener.segment(follow->listener.context, connection, from, connection->segments, kind, passage);
    tell_joined(follow, connection, joined);
    /* What no end can use is news of none: but whom a RST reaches, it may reset in ways that we know nothing of. */
    if (kind == PASSAGE_DOUBLE || (kind == PASSAGE_STRAY && !segment_has(segment, TCP_RST)))
        return;
    if (connection->ends[from].jumped)
        wrong_since = nanos_sooner(wrong_since, passage->at);
    if (wrong_since != NANOS_NEVER)
        ends_rejoin(follow, connection, wrong_since, passage->at);
    ends_pass(follow, connection, from, segment, passage->at);
}

static void take(struct follow *follow, struct connection *connection, unsigned from, const struct passage *passage)
{
    follow_expire(follow, connection, passage->at);
    if (connection->stands && ordinary_pass(follow, connection, from, passage))
        return;
    take_any(follow, connection, from, passage);
    if (!connection->bare)
        note_due(connection);
    connection->stands = !follow->thorough && ordinary_connection(connection);
}

/* What is written down of a brief connection happens in full. */
static void replay(struct follow *follow, const struct slot *slot, struct connection *connection)
{
    for (unsigned i = 0; i < slot->count; i++) {
        const struct brief_segment *brief = &slot->brief[i];
        const struct segment segment = brief_segment_of(brief);
        const struct passage passage = {slot->last_packet,       brief->at, &slot->at[brief->from],
                                        &slot->at[!brief->from], &segment,  slot->network[brief->from]};
        if (i == 0)
            begin_in(connection, slot, &segment, brief->at);
        take(follow, connection, brief->from, &passage);
    }
}

/* ---- slots ---- */

struct slot *follow_begin(struct follow *follow, const struct passage *passage, uint32_t hash)
{
    struct slot *slot = table_add(follow, passage, hash);

    slot->number = ++follow->connections;
    slot->first_packet = passage->packet;
    return slot;
}

struct connection *follow_in_full(struct follow *follow, struct slot *slot)
{
    struct connection *connection;

    if (slot->full != NO_SLOT)
        return slot_connection(follow, slot);
    connection = table_fill(follow, slot);
    replay(follow, slot, connection);
    return connection;
}

/* The summary of a brief connection by replaying it; remembered under its key, if it has one. */
static void sum_up_anew(struct follow *follow, const struct slot *slot, struct brief_memo *memo,
                        const struct brief_key *key, struct summary *out)
{
    struct connection *scratch = &follow->fulls[follow->full_count];

    table_clear(scratch, false);
    scratch->slot = NO_SLOT;
    replay(follow, slot, scratch);
    summarize(scratch, out);
    if (memo)
        brief_remember(memo, key, slot->brief, out, scratch);
}

/* The summary of a brief connection: from one that was alike, or else anew. */
static void sum_up_brief(struct follow *follow, const struct slot *slot, struct summary *out)
{
    struct brief_memo *memo = NULL;
    struct brief_key key;
    bool found = false;

    if (brief_key_of(slot->brief, slot->count, &key))
        memo = brief_find(follow->memos, &key, &found);
    if (found)
        brief_recall(memo, slot->brief, out);
    else
        sum_up_anew(follow, slot, memo, &key, out);
    out->number = slot->number;
    out->first_packet = slot->first_packet;
    out->last_packet = slot->last_packet;
    out->ends[END_A].at = slot->at[END_A];
    out->ends[END_B].at = slot->at[END_B];
}

bool follow_is_over(const struct follow *follow, const struct slot *slot)
{
    if (slot->full != NO_SLOT)
        return slot_connection(follow, slot)->closed;
    return slot->acked == 3;
}

/* Those that are over stay for a while, but not more than a few of them: the oldest makes room. */
void follow_note_over(struct follow *follow, struct slot *slot)
{
    struct over *over = &follow->over[follow->over_next];
    struct slot *old;

    if (slot->over)
        return;
    if (!follow_is_over(follow, slot))
        return;
    old = &follow->slots[over->slot];
    if (over->number && old->number == over->number && (old->full == NO_SLOT || follow_is_over(follow, old))) {
        late_note(follow, old, over->print);
        follow_close(follow, old, false);
    }
    slot->over = true;
    *over = (struct over){index_of(follow, slot), slot->number, find_print(&slot->at[END_A], &slot->at[END_B])};
    follow->over_next = (follow->over_next + 1) % OVER_MAX;
    over = &follow->over[follow->over_next];
    table_fetch(follow, over->slot);
    late_fetch(follow, over->print);
}

/* One more segment of the connection. */
static void add(struct follow *follow, struct slot *slot, unsigned from, const struct passage *passage)
{
    table_touch(follow, slot);
    if (follow->briefly && slot->full == NO_SLOT &&
        brief_takes(slot->brief, slot->count, from, passage->segment, passage->at)) {
        follow_write_down(slot, from, passage);
    } else if (slot->full == NO_SLOT && slot->count == 0) {
        struct connection *connection = table_fill(follow, slot);
        begin_in(connection, slot, passage->segment, passage->at);
        take(follow, connection, from, passage);
    } else {
        take(follow, follow_in_full(follow, slot), from, passage);
    }
    slot->last_packet = passage->packet;
    slot->last_at = passage->at;
    follow_note_over(follow, slot);
}

struct slot *follow_begin_pending(struct follow *follow, struct slot *old)
{
    struct connection *connection = slot_connection(follow, old);
    struct pending pending = connection->pending;
    struct endpoint src = old->at[pending.from], dst = old->at[!pending.from];
    struct passage passage = {pending.packet, pending.at, &src, &dst, &pending.segment, old->network[pending.from]};
    struct slot *slot;

    connection->has_pending = false;
    follow_close(follow, old, false);
    slot = follow_begin(follow, &passage, find_hash(&src, &dst));
    add(follow, slot, END_A, &passage);
    return slot;
}

/* Is a connection over, as its summary would have it? */
static bool is_closed(struct follow *follow, const struct slot *slot)
{
    struct connection *scratch = &follow->fulls[follow->full_count];

    if (slot->full != NO_SLOT)
        return slot_connection(follow, slot)->closed;
    table_clear(scratch, true);
    scratch->slot = NO_SLOT;
    replay(follow, slot, scratch);
    return scratch->closed;
}

void follow_report(struct follow *follow, struct slot *slot, bool early)
{
    struct summary summary;

    if (!follow_wants(follow, slot->number)) {
        follow->evicted += early && !is_closed(follow, slot);
        return;
    }
    if (slot->full == NO_SLOT) {
        sum_up_brief(follow, slot, &summary);
    } else {
        summarize(slot_connection(follow, slot), &summary);
    }
    networks_sum_up(follow, slot, &summary);
    summary.evicted = early && !summary.closed;
    follow->evicted += summary.evicted;
    summary.again = slot->reported;
    slot->reported = true;
    if (follow->listener.over)
        follow->listener.over(follow->listener.context, &summary);
}

void follow_close(struct follow *follow, struct slot *slot, bool early)
{
    while (slot->full != NO_SLOT && slot_connection(follow, slot)->has_pending)
        slot = follow_begin_pending(follow, slot);
    if (!slot->told || !follow_is_over(follow, slot))
        follow_report(follow, slot, early);
    table_remove(follow, slot);
}

/* ---- all together ---- */

void follow_let_go(struct follow *follow, nanos at)
{
    while (at >= follow->let_go_at && follow->by_slot.oldest != NO_SLOT) {
        struct slot *slot = &follow->slots[follow->by_slot.oldest];
        if (at - slot->last_at < LINGER)
            follow->let_go_at = slot->last_at + LINGER;
        else if (follow_is_over(follow, slot))
            follow_close(follow, slot, false);
        else
            return;
    }
}

void follow_pass_to(struct follow *follow, const struct passage *passage, uint32_t hash, struct slot *slot,
                    unsigned from)
{
    const struct segment *segment = passage->segment;

    if (slot && (follow->networks || slot->network[from] != passage->network)) {
        slot = networks_find(follow, slot, passage, &from);
        follow->networks = follow->networks || !slot;
    }
    if (slot && another_take(follow, &slot, &from, passage)) {
        table_touch(follow, slot);
        return;
    }
    if (!slot && !segment_has(segment, TCP_SYN) && late_is(follow, passage)) {
        follow->late_segments++;
        return;
    }
    if (!slot) {
        slot = follow_begin(follow, passage, hash);
        from = END_A;
    }
    add(follow, slot, from, passage);
}

static void pass(struct follow *follow, const struct passage *passage, uint32_t hash)
{
    struct slot *slot;
    unsigned from = END_A;

    find_time(follow, passage->at);
    slot = find_first(follow, passage, hash, &from);
    follow_pass_to(follow, passage, hash, slot, from);
}

void follow_pass(struct follow *follow, const struct passage *passage)
{
    pass(follow, passage, find_hash(passage->src, passage->dst));
}

void follow_pass_all(struct follow *follow, const struct passage passages[], unsigned count)
{
    uint32_t hashes[PASSAGES_MAX] = {0};

    for (unsigned i = 0; i < count; i++)
        hashes[i] = find_hash(passages[i].src, passages[i].dst);
    table_fetch_all(follow, hashes, count);
    for (unsigned i = 0; i < count; i++)
        pass(follow, &passages[i], hashes[i]);
}

void follow_end(struct follow *follow)
{
    while (follow->by_slot.oldest != NO_SLOT) {
        struct slot *slot = &follow->slots[follow->by_slot.oldest];
        if (slot->full != NO_SLOT)
            follow_tell_due(follow, slot_connection(follow, slot), follow->now);
        follow_close(follow, slot, false);
    }
}
