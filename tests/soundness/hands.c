#include "hands.h"

#include <string.h>

#include "base/seq.h"

/* What comes later says nothing new. */
#define AFTERWARDS (70 * NANOS_PER_S)
#define EVENTS_MOST 6000

static nanos earlier(nanos a, nanos b)
{
    return a < b ? a : b;
}

/* ---- a walk told line by line ------------------------------------------------------------------------------ */

static void tell_time(const struct hands *hands)
{
    char truth[STATE_SET_TEXT];

    fprintf(hands->trace, "%13.4f  %-14s ", (double)(hands->now - NANOS_PER_S) / 1e6,
            peer_has_connection(&hands->peer) ? state_name(hands->peer.state)
                                              : state_set_text(peer_truth(&hands->peer), "|", truth));
}

static void tell(const struct hands *hands, const char *what, const struct segment *segment, bool out)
{
    uint32_t its = hands->witness.iss[1] ? hands->witness.iss[1] : hands->peer.iss, ours = hands->scenario.iss;
    char flags[FLAGS_TEXT];

    if (!hands->trace)
        return;
    tell_time(hands);
    if (!segment) {
        fprintf(hands->trace, "%s\n", what);
        return;
    }
    fprintf(hands->trace, "%-16s %s %s seq %d", what, out ? "->" : "<-", segment_flags_text(segment->flags, flags),
            (int)(segment->seq - (out ? ours : its)));
    if (segment->flags & TCP_ACK)
        fprintf(hands->trace, " ack %d", (int)(segment->ack - (out ? its : ours)));
    if (segment->len)
        fprintf(hands->trace, " len %u", segment->len);
    if (segment->options.present & TCP_OPT_TIMESTAMPS)
        fprintf(hands->trace, " ts %u/%u", segment->options.tsval, segment->options.tsecr);
    fprintf(hands->trace, " win %u\n", segment->window);
}

static void tell_claim(const struct hands *hands, const struct claim *claim)
{
    char from[STATE_SET_TEXT], to[STATE_SET_TEXT], otherwise[STATE_SET_TEXT];

    if (!hands->trace)
        return;
    tell_time(hands);
    fprintf(hands->trace, "  * peer %s -> %s, %s (%s)", state_set_text(claim->from, "|", from),
            state_set_text(claim->to, "|", to), certainty_name(claim->certainty), reason_text(claim->reason)->token);
    if (claim->otherwise)
        fprintf(hands->trace, ", else %s", state_set_text(claim->otherwise, "|", otherwise));
    fprintf(hands->trace, "; segments");
    for (unsigned i = 0; i < claim->evidence_count; i++)
        fprintf(hands->trace, " %u", claim->evidence[i]);
    fprintf(hands->trace, "\n");
}

/* ---- the belief ---------------------------------------------------------------------------------------------- */

static void hear(struct hands *hands, const struct claim *claims, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        tell_claim(hands, &claims[i]);
        witness_claim(&hands->witness, &claims[i], true);
    }
    witness_possible(&hands->witness);
}

/* A number for a segment in the capture; NANOS_NONE as its time for one of ours. */
static unsigned number(struct hands *hands, const struct peer_sent *sent)
{
    hands->n++;
    if (hands->n < NUMBERS_MAX) {
        hands->witness.numbered[hands->n] = *sent;
        hands->witness.numbers = hands->n;
    }
    hands->witness.tally->segments++;
    return hands->n;
}

/*
 * Has a SYN left that begins anew? A copy of the first one does not as long as that is being answered: if the network
 * keeps it until the connection is over, another one may begin, but not by our doing. Nor does a copy that asks a peer
 * which has a connection.
 */
static void note_opening(struct hands *hands, const struct segment *segment, bool asks)
{
    struct hands_end *end = &hands->end;
    bool syn = (segment->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
    bool copy = end->first_span && segment->seq == end->first_seq && segment_span(segment) == end->first_span;
    bool answering =
        (!end->went_on && hands->now - end->answered_at < NANOS_PER_S) || (asks && peer_has_connection(&hands->peer));

    if (syn && end->first_span && (!copy || (end->answered_at != NANOS_NEVER && !answering)))
        hands->witness.reopens = true;
    if ((segment->flags & TCP_SYN) && !(segment->flags & TCP_RST) && !end->first_span) {
        end->first_seq = segment->seq;
        end->first_span = segment_span(segment);
    }
    if (end->irs_known && (segment->flags & (TCP_ACK | TCP_RST)))
        end->went_on = true;
}

static void let_go(struct hands *hands, const struct segment *segment, const struct hand *hand)
{
    struct peer_sent sent = {.segment = *segment, .at = NANOS_NONE};
    bool doubtful = hand && hand->doubtful && hand->what == HAND_MADE;
    struct claim claims[CLAIMS_MAX];
    unsigned n = number(hands, &sent), count;

    tell(hands, doubtful ? "leaves, DOUBTFUL" : "leaves", segment, true);
    note_opening(hands, segment, hand && hand->what == HAND_PROBE);
    if (doubtful)
        count = belief_sent_doubtful(&hands->belief, segment, n, hands->now, claims);
    else
        count = belief_sent(&hands->belief, segment, n, hands->now, claims);
    hands->witness.tally->by_hand += hand && hand->what >= HAND_PROBE;
    if (!hand || hand->what != HAND_PROBE)
        hands_note_sent(hands, segment, !hand || hand->what != HAND_MADE || hand->counts);
    hear(hands, claims, count);
    if ((!doubtful || hand->taken_in) && !channel_put(&hands->to_peer, &sent, hands->now))
        tell(hands, "LOST on its way", segment, true);
}

/* What a TCP would answer at once: the handshake, and an ACK for whatever takes numbers. */
static void answer_it(struct hands *hands, const struct segment *segment)
{
    static const struct hand ack = {.what = HAND_ACK}, syn = {.what = HAND_SYN};
    bool listening = peer_is(&hands->peer, PEER_OPENS);
    struct segment out;

    if (!chance_of(&hands->chance, hands->scenario.answers) || (segment->flags & TCP_RST) || segment_span(segment) == 0)
        return;
    if (!hands->end.syn_sent && !listening)
        return;
    out = hands_segment(hands, listening && (segment->flags & TCP_SYN) ? &syn : &ack);
    let_go(hands, &out, NULL);
}

static void arrive(struct hands *hands)
{
    struct flight flight = channel_take(&hands->to_us);
    struct claim claims[CLAIMS_MAX];
    unsigned n = number(hands, &flight.sent);

    tell(hands, "arrives", &flight.sent.segment, false);
    hands_note_received(hands, &flight.sent.segment);
    hear(hands, claims, belief_received(&hands->belief, &flight.sent.segment, n, hands->now, claims));
    answer_it(hands, &flight.sent.segment);
}

/* ---- the peer and its application ---------------------------------------------------------------------------- */

static void plan_call(struct hands *hands, const struct app_plan *plan)
{
    if (hands->call_count == HANDS_CALLS)
        return;
    hands->calls[hands->call_count].at = hands->now + plan->after;
    hands->calls[hands->call_count++].plan = *plan;
}

static void peer_acted(struct hands *hands)
{
    struct peer *peer = &hands->peer;
    const struct hands_scenario *scenario = &hands->scenario;

    witness_watch(&hands->witness);
    for (unsigned i = 0; i < peer->out_count; i++) {
        bool arrives = channel_put(&hands->to_us, &peer->out[i], hands->now);
        tell(hands, arrives ? "peer sends" : "peer sends, LOST", &peer->out[i].segment, false);
    }
    peer->out_count = 0;
    if (!hands->accepted && peer->ever_established) {
        hands->accepted = true;
        for (unsigned i = 0; i < scenario->call_count; i++)
            plan_call(hands, &scenario->calls[i]);
    }
    if (peer->got_fin && !hands->eof_seen) {
        hands->eof_seen = true;
        if (scenario->at_eof)
            plan_call(hands, &scenario->eof);
    }
    if (peer->bytes_taken != hands->bytes_seen) {
        hands->bytes_seen = peer->bytes_taken;
        if (scenario->at_data)
            plan_call(hands, &scenario->data);
    }
    witness_possible(&hands->witness);
}

static nanos call_time(const struct hands *hands)
{
    nanos at = NANOS_NEVER;

    for (unsigned i = 0; i < hands->call_count; i++)
        at = earlier(at, hands->calls[i].at);
    return at;
}

static void call(struct hands *hands)
{
    static const char *const names[] = {"application sends", "application shuts down", "application closes",
                                        "application aborts"};
    struct app_plan plan;
    unsigned i = 0;

    while (hands->calls[i].at > hands->now)
        i++;
    plan = hands->calls[i].plan;
    hands->calls[i] = hands->calls[--hands->call_count];
    tell(hands, names[plan.call], NULL, false);
    if (plan.call == APP_SEND)
        peer_send(&hands->peer, plan.len, hands->now);
    else if (plan.call == APP_ABORT)
        peer_abort(&hands->peer, hands->now);
    else
        peer_close(&hands->peer, plan.call == APP_CLOSE, hands->now);
    peer_acted(hands);
}

/* An application that opens, and perhaps once more later. */
static void open_it(struct hands *hands)
{
    hands->open_at = NANOS_NEVER;
    if (peer_is(&hands->peer, PEER_OPENS_AGAIN) && hands->peer.incarnation < 3)
        hands->open_at = hands->now + hands->scenario.open_after + 40 * NANOS_PER_MS;
    if (peer_has_connection(&hands->peer))
        return;
    tell(hands, "application opens", NULL, false);
    peer_open(&hands->peer, hands->now);
    peer_acted(hands);
}

/* ---- time ---------------------------------------------------------------------------------------------------- */

static void take_step(struct hands *hands)
{
    const struct hand *hand = &hands->scenario.hands[hands->hand++];
    struct segment segment;
    bool listening = peer_is(&hands->peer, PEER_OPENS);

    hands->next_hand =
        hands->hand < hands->scenario.hand_count ? hands->now + hands->scenario.hands[hands->hand].after : NANOS_NEVER;
    /* Only what is made by hand comes before the open, and probes before its answer. */
    if (hand->what == HAND_PROBE && !hands->end.syn_sent)
        return;
    if (hand->what != HAND_PROBE && hand->what != HAND_MADE &&
        !(hand->what == HAND_SYN && (!listening || hands->end.irs_known)) &&
        (!hands->end.syn_sent || !hands->end.irs_known))
        return;
    segment = hands_segment(hands, hand);
    let_go(hands, &segment, hand);
}

static bool act(struct hands *hands)
{
    struct claim claims[CLAIMS_MAX];
    nanos now = hands->now;
    struct flight flight;

    if (belief_expiry(&hands->belief) <= now) {
        hear(hands, claims, belief_expire(&hands->belief, now, claims));
    } else if (hands->to_us.next <= now) {
        arrive(hands);
    } else if (hands->to_peer.next <= now) {
        flight = channel_take(&hands->to_peer);
        tell(hands, "peer receives", &flight.sent.segment, true);
        peer_input(&hands->peer, &flight.sent.segment, now);
        peer_acted(hands);
    } else if (peer_wake(&hands->peer) <= now) {
        peer_timers(&hands->peer, now);
        peer_acted(hands);
    } else if (call_time(hands) <= now) {
        call(hands);
    } else if (hands->open_at <= now) {
        open_it(hands);
    } else if (hands->next_hand <= now) {
        take_step(hands);
    } else {
        return false;
    }
    return true;
}

static nanos next_event(const struct hands *hands)
{
    nanos at = earlier(belief_expiry(&hands->belief), peer_wake(&hands->peer));

    at = earlier(at, earlier(hands->to_us.next, hands->to_peer.next));
    at = earlier(at, earlier(call_time(hands), hands->open_at));
    return earlier(at, hands->next_hand);
}

static void begin(struct hands *hands, uint64_t seed, enum hands_kind kind, const struct hands_shrunk *shrunk,
                  struct tally *tally)
{
    struct hands_scenario *scenario = &hands->scenario;
    bool listening = kind != HANDS_OPEN;

    hands_draw(scenario, seed, kind, shrunk);
    peer_init(&hands->peer, &scenario->peer, seed ^ 0x1111);
    channel_init(&hands->to_peer, &scenario->to_peer, seed ^ 0x2222);
    channel_init(&hands->to_us, &scenario->to_us, seed ^ 0x3333);
    hands->chance.state = seed ^ 0x4444;
    if (listening)
        belief_init_passive(&hands->belief);
    else
        belief_init(&hands->belief);
    witness_init(&hands->witness, &hands->belief, &hands->peer, tally);
    hands->now = NANOS_PER_S;
    if (scenario->peer.queue_free != NANOS_NEVER)
        hands->peer.variant.queue_free += hands->now;
    hands->end = (struct hands_end){
        .iss = scenario->iss,
        .nxt = scenario->iss,
        .una = scenario->iss,
        .edge = scenario->iss + 65535,
        .answered_at = NANOS_NEVER,
        .tsval = scenario->tsval,
    };
    hands->hand = hands->n = hands->call_count = 0;
    hands->accepted = hands->eof_seen = false;
    hands->bytes_seen = 0;
    hands->open_at = listening ? hands->now + scenario->open_after : NANOS_NEVER;
    hands->next_hand = hands->now + (scenario->hand_count ? scenario->hands[0].after : 0);
    if (scenario->hand_count == 0)
        hands->next_hand = NANOS_NEVER;
    hands->over_at = NANOS_NEVER;
}

enum violation hands_run(struct hands *hands, uint64_t seed, enum hands_kind kind, const struct hands_shrunk *shrunk,
                         struct tally *tally, FILE *trace)
{
    hands->trace = trace;
    begin(hands, seed, kind, shrunk, tally);
    tally->walks++;
    for (unsigned events = 0; events < EVENTS_MOST && hands->witness.violation == VIOLATION_NONE;) {
        if (act(hands)) {
            events++;
            continue;
        }
        nanos next = next_event(hands);
        if (hands->next_hand == NANOS_NEVER && hands->over_at == NANOS_NEVER)
            hands->over_at = hands->now + AFTERWARDS;
        if (next == NANOS_NEVER || next > hands->over_at || hands->n >= NUMBERS_MAX - 8)
            break;
        hands->now = next > hands->now ? next : hands->now;
    }
    if (hands->witness.violation)
        tally->violations[hands->witness.violation]++;
    return hands->witness.violation;
}

/* ---- shrinking ----------------------------------------------------------------------------------------------- */

static bool still_wrong(struct hands *hands, uint64_t seed, enum hands_kind kind, const struct hands_shrunk *shrunk,
                        enum violation violation)
{
    struct tally unused = {0};

    return hands_run(hands, seed, kind, shrunk, &unused, NULL) == violation;
}

void hands_explain(struct hands *hands, uint64_t seed, enum hands_kind kind, enum violation violation, FILE *out)
{
    struct hands_shrunk shrunk = {0}, fewer;
    struct tally unused = {0};

    for (unsigned i = 0; i < HANDS_MAX + PARTS + PEER_SWITCHES + 1; i++) {
        fewer = shrunk;
        if (i < HANDS_MAX)
            fewer.hands |= UINT64_C(1) << i;
        else if (i < HANDS_MAX + PARTS)
            fewer.parts |= UINT64_C(1) << (i - HANDS_MAX);
        else if (i < HANDS_MAX + PARTS + PEER_SWITCHES)
            fewer.switches |= PEER_ON(i - HANDS_MAX - PARTS);
        else
            fewer.no_answers = true;
        if (still_wrong(hands, seed, kind, &fewer, violation))
            shrunk = fewer;
    }
    hands_draw(&hands->scenario, seed, kind, &shrunk);
    fprintf(out, "seed %llu, by hand, kind %d: %s\n  peer:", (unsigned long long)seed, (int)kind,
            violation_name(violation));
    for (unsigned s = 0; s < PEER_SWITCHES; s++)
        if (hands->scenario.peer.on & PEER_ON(s))
            fprintf(out, " %s", peer_switch_name(s));
    fprintf(out, "\n");
    hands_run(hands, seed, kind, &shrunk, &unused, out);
    fprintf(out, "  => %s\n\n", hands->witness.words);
}
