/* Where a path of the search begins, and what each turn does. */
#include <string.h>

#include "exhaustive.h"

#define TURN_TAKES NANOS_PER_MS   /* of our end's turns */
#define RTO (1300 * NANOS_PER_MS) /* not the span of anything that the belief knows, nor are twice and four times it */

/* ---- the beginning ------------------------------------------------------------------------------------------ */

/*
 * Bytes that belong to no member can be anything; where they can't be cleared, fewer places are known again. For small
 * structures only: in large ones GCC 12 clears members as well.
 */
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
#define clear_padding(what) __builtin_clear_padding(what)
#endif
#endif
#ifndef clear_padding
#define clear_padding(what) ((void)(what))
#endif

/* A set's ranges can be in any order, and what was taken out is still in memory. */
static void tidy_ranges(struct ranges *ranges)
{
    for (unsigned i = 1; i < ranges->count; i++) {
        struct range range = ranges->at[i];
        unsigned j = i;
        for (; j > 0 && ranges->at[j - 1].from > range.from; j--)
            ranges->at[j] = ranges->at[j - 1];
        ranges->at[j] = range;
    }
    memset(&ranges->at[ranges->count], 0, (RANGES_MAX - ranges->count) * sizeof(ranges->at[0]));
}

/* The same belief with the same meaning, so that it is known again. */
static void tidy_belief(struct belief *belief)
{
    struct knowledge *known = &belief->known;
    struct ours *ours = &known->ours;
    struct ranges *all[] = {&ours->text,       &ours->fins,        &ours->late,        &ours->taken,  &ours->taken_fins,
                            &known->refusable, &known->asked_ends, &known->asked_acks, &known->ahead, &known->heard};
    struct landmark *landmarks[] = {&known->syn_ack_ack, &known->data, &known->fin,
                                    &known->fin_ack,     &known->rst,  &known->all_acked};
    struct mark *marks[] = {&known->its_syn_ack, &known->its_fin, &known->all_acked_by};

    for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        tidy_ranges(all[i]);
    for (unsigned i = 0; i < sizeof(landmarks) / sizeof(landmarks[0]); i++)
        clear_padding(landmarks[i]);
    for (unsigned i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        clear_padding(marks[i]);
    for (unsigned i = 0; i < QUESTIONS; i++)
        clear_padding(&known->questions[i]);
    for (unsigned i = 0; i < ours->syn_count; i++)
        clear_padding(&ours->syns[i]);
    for (unsigned i = 0; i < STAMPS; i++)
        clear_padding(&known->stamps[i]);
    clear_padding(&known->old_byte);
    clear_padding(&belief->claim);
}

/* Nor does the peer measure: its timeout is what it was at first, or twice that, and so on. */
static void tidy_peer(struct peer *peer)
{
    peer->timing = false;
    peer->timed_at = 0;
    peer->timed_seq = 0;
    for (unsigned i = 0; i < peer->held_count; i++)
        clear_padding(&peer->held[i]);
    memset(&peer->held[peer->held_count], 0, (PEER_HELD - peer->held_count) * sizeof(peer->held[0]));
}

void path_begin(struct search *search)
{
    struct peer_variant variant = {
        .on = search->kind->on | (search->script->listens ? PEER_ON(PEER_OPENS) : 0),
        .min_rto = RTO,
        .syn_rto = RTO,
        .delack = 40 * NANOS_PER_MS,
        .keepalive = 700 * NANOS_PER_MS,
        .time_wait = 60 * NANOS_PER_S,
        .fin_wait_2 = 60 * NANOS_PER_S,
        .queue_free = SEARCH_EPOCH + NANOS_PER_S,
        .defer_for = NANOS_PER_S / 2,
        .syn_retries = 2,
        .retries = 2,
        .buffer = search->kind->buffer ? search->kind->buffer : 60000,
        .cwnd = search->kind->mss ? 1 : 10,
    };
    struct place *place = &search->place;

    if (search->kind->is_stack)
        stack_set(&(struct chance){1}, &variant, search->kind->stack);
    memset(place, 0, sizeof(*place));
    if (search->script->listens)
        belief_init_passive(&place->belief);
    else
        belief_init(&place->belief);
    own_begin(&place->end, search->kind->mss);
    peer_init(&place->peer, &variant, 7);
    place->peer.ts_offset = SEARCH_TSVAL - (uint32_t)(SEARCH_EPOCH / NANOS_PER_MS);
    place->peer.now = place->now = SEARCH_EPOCH;
    place->mishaps = search->bounds.mishaps;
    witness_init(&search->witness, &place->belief, &place->peer, &search->tally);
    search->turns = 0;
}

/* ---- the belief -------------------------------------------------------------------------------------------- */

static void hear(struct search *search, struct claim *claims, unsigned count)
{
    struct witness *witness = &search->witness;

    if (search->spoil)
        search->spoil(&search->place.belief, claims, count);
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = 0; j < claims[i].evidence_count; j++)
            claims[i].evidence[j] -= SEARCH_NUMBER;
        tell_claim_of(search, &claims[i]);
        witness_claim(witness, &claims[i], true);
    }
    witness_possible(witness);
    tidy_belief(&search->place.belief);
}

/* Our clock goes on, and is not before this. */
static void pass(struct search *search, nanos at)
{
    struct place *place = &search->place;
    struct claim claims[CLAIMS_MAX];

    place->now = (place->now > at ? place->now : at) + TURN_TAKES;
    if (belief_expiry(&place->belief) <= place->now)
        hear(search, claims, belief_expire(&place->belief, place->now, claims));
}

/* A number for a segment in the capture; NANOS_NONE as its time for one of ours. */
static unsigned number(struct search *search, const struct peer_sent *sent)
{
    unsigned n = ++search->place.n;

    search->witness.numbered[n] = *sent;
    search->witness.numbers = n;
    search->tally.segments++;
    return SEARCH_NUMBER + n;
}

/*
 * Has a SYN left that begins anew? A copy of the first one does not as long as that is being answered: if the network
 * keeps it until the connection is over, another one may begin, but not by our doing. A copy that asks a peer which has a
 * connection does not, either.
 */
static void note_opening(struct search *search, const struct segment *segment, bool asks)
{
    struct place *place = &search->place;
    const struct own_end *end = &place->end;
    bool bare = (segment->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
    bool answering =
        (!end->went_on && place->now - end->answered_at < NANOS_PER_S) || (asks && peer_has_connection(&place->peer));

    if (bare && end->syn_sent && end->answered && !answering)
        place->reopens = search->witness.reopens = true;
}

static void let_go(struct search *search, const struct segment *segment, bool probe)
{
    struct place *place = &search->place;
    struct peer_sent sent = {.segment = *segment, .at = NANOS_NONE, .since = place->now};
    struct claim claims[CLAIMS_MAX];
    unsigned n = number(search, &sent);

    clear_padding(&sent);
    tell_segment(search, "leaves", segment, true);
    note_opening(search, segment, probe);
    own_left(&place->end, segment, probe);
    place->to_peer[place->to_peer_count++] = sent;
    hear(search, claims, belief_sent(&place->belief, segment, n, place->now, claims));
}

static void reaches_us(struct search *search, unsigned which)
{
    struct place *place = &search->place;
    struct peer_sent sent = place->to_us[which];
    struct claim claims[CLAIMS_MAX];
    unsigned n = number(search, &sent);

    pass(search, sent.at);
    own_heard(&place->end, &sent.segment, place->now);
    hear(search, claims, belief_received(&place->belief, &sent.segment, n, place->now, claims));
}

/* ---- the peer and its application -------------------------------------------------------------------------- */

static void peer_acted(struct search *search)
{
    struct place *place = &search->place;
    struct peer *peer = &place->peer;

    witness_watch(&search->witness);
    memcpy(place->isses, search->witness.iss, sizeof(place->isses));
    for (unsigned i = 0; i < peer->out_count; i++) {
        tell_segment(search, "peer sends", &peer->out[i].segment, false);
        if (place->its == search->bounds.its) {
            place->over = true;
            break;
        }
        place->its++;
        clear_padding(&peer->out[i]);
        place->to_us[place->to_us_count++] = peer->out[i];
    }
    peer->out_count = 0;
    tidy_peer(peer);
    witness_possible(&search->witness);
}

static void app_calls(struct search *search)
{
    struct peer *peer = &search->place.peer;
    const struct app_turn *turn = &search->app->turns[search->place.app_next++];

    if (turn->call == APP_SEND)
        peer_send(peer, turn->len, peer->now);
    else if (turn->call == APP_ABORT)
        peer_abort(peer, peer->now);
    else
        peer_close(peer, turn->call == APP_CLOSE, peer->now);
    peer_acted(search);
}

/* ---- turns ------------------------------------------------------------------------------------------------- */

static void take_out(struct peer_sent *flights, unsigned *count, unsigned which)
{
    (*count)--;
    memmove(&flights[which], &flights[which + 1], (*count - which) * sizeof(flights[0]));
}

static void reaches_peer(struct search *search, unsigned which)
{
    struct peer *peer = &search->place.peer;
    const struct peer_sent *sent = &search->place.to_peer[which];

    peer_input(peer, &sent->segment, peer->now > sent->since ? peer->now : sent->since);
    peer_acted(search);
}

static void own_turn(struct search *search, enum turn_kind kind)
{
    const struct own_script *script = search->script;
    struct own_end *end = &search->place.end;
    enum own_step step = OWN_TEXT;
    struct segment segment;

    pass(search, search->place.now);
    if (kind == TURN_STEP) {
        step = script->steps[end->next++];
        segment = own_segment(end, script, step);
    } else if (kind == TURN_ACK) {
        segment = own_acknowledgement(end, script);
    } else {
        segment = own_repetition(end, script);
    }
    let_go(search, &segment, own_is_probe(step));
}

static void segment_turn(struct search *search, const struct turn *turn)
{
    struct place *place = &search->place;
    bool to_peer = turn->kind == TURN_TO_PEER || turn->kind == TURN_LOST_TO_PEER || turn->kind == TURN_TWICE_TO_PEER;
    bool lost = turn->kind == TURN_LOST_TO_PEER || turn->kind == TURN_LOST_TO_US;
    bool twice = turn->kind == TURN_TWICE_TO_PEER || turn->kind == TURN_TWICE_TO_US;

    if (lost || twice)
        place->mishaps--;
    if (to_peer && !lost)
        reaches_peer(search, turn->which);
    else if (!lost)
        reaches_us(search, turn->which);
    if (twice)
        return;
    if (to_peer)
        take_out(place->to_peer, &place->to_peer_count, turn->which);
    else
        take_out(place->to_us, &place->to_us_count, turn->which);
}

void path_turn(struct search *search, const struct turn *turn)
{
    struct place *place = &search->place;
    nanos wake = peer_wake(&place->peer);

    search->path[search->turns++] = *turn;
    /* Its clock of timestamps is as fast as can be. */
    place->peer.ts_offset++;
    tell_turn(search, turn);
    switch (turn->kind) {
    case TURN_STEP:
    case TURN_ACK:
    case TURN_AGAIN:
        own_turn(search, turn->kind);
        break;
    case TURN_APP:
        app_calls(search);
        break;
    case TURN_TIMER:
        peer_timers(&place->peer, wake > place->peer.now ? wake : place->peer.now);
        peer_acted(search);
        break;
    case TURN_OPENS:
        peer_open(&place->peer, place->peer.now);
        peer_acted(search);
        break;
    case TURN_TIME:
        pass(search, place->peer.now);
        break;
    default:
        segment_turn(search, turn);
        break;
    }
}
