/* What is drawn for a walk by hand, and the segments that come of it. */
#include <string.h>

#include "base/seq.h"
#include "hands.h"

#define MS NANOS_PER_MS
#define S NANOS_PER_S

static bool has_part(const struct hands_shrunk *shrunk, unsigned part)
{
    return !(shrunk->parts >> part & 1);
}

static uint8_t draw_flags(struct chance *chance)
{
    static const uint8_t flags[] = {
        TCP_ACK,           TCP_ACK,
        TCP_ACK | TCP_PSH, TCP_FIN | TCP_ACK,
        TCP_FIN | TCP_ACK, TCP_FIN,
        TCP_SYN,           TCP_SYN,
        TCP_SYN | TCP_ACK, TCP_SYN | TCP_ACK,
        TCP_SYN | TCP_FIN, TCP_SYN | TCP_FIN | TCP_ACK,
        TCP_RST,           TCP_RST,
        TCP_RST | TCP_ACK, 0,
        TCP_PSH,           TCP_FIN | TCP_PSH | TCP_URG,
        TCP_SYN | TCP_RST, TCP_FIN | TCP_RST | TCP_ACK,
    };
    uint32_t dice = chance_below(chance, sizeof(flags) + 2);

    return dice < sizeof(flags) ? flags[dice] : (uint8_t)chance_next(chance);
}

static struct hand draw_hand(struct chance *chance, unsigned probes, unsigned by_hand)
{
    static const enum hand_what whats[] = {HAND_ACK, HAND_ACK,   HAND_TEXT,  HAND_TEXT, HAND_TEXT,
                                           HAND_FIN, HAND_AGAIN, HAND_AGAIN, HAND_RST,  HAND_SYN};
    uint32_t dice = chance_below(chance, 100);
    struct hand hand = {
        .after = draw_time(chance),
        .flags = draw_flags(chance),
        .len = dice < 60   ? 0
               : dice < 75 ? 1
               : dice < 90 ? 1 + chance_below(chance, 20)
                           : 1 + chance_below(chance, 1400),
        .seq = chance_below(chance, 24),
        .ack = chance_below(chance, 20),
        .stamp = chance_below(chance, 12),
        .window = chance_below(chance, 12),
        .near = 1 + chance_below(chance, chance_of(chance, 500) ? 20 : 3000),
        .far = (uint32_t)chance_next(chance),
        .doubtful = chance_of(chance, 80),
        .taken_in = chance_of(chance, 500),
        .counts = chance_of(chance, 600),
    };

    hand.probe = (enum hand_probe)chance_below(chance, PROBES);
    hand.what = whats[chance_below(chance, sizeof(whats) / sizeof(whats[0]))];
    if (hand.what == HAND_RST && chance_of(chance, 700))
        hand.what = HAND_ACK;
    if (chance_of(chance, probes))
        hand.what = HAND_PROBE;
    if (chance_of(chance, by_hand))
        hand.what = HAND_MADE;
    return hand;
}

static void draw_hands(struct hands_scenario *scenario, struct chance *chance, enum hands_kind kind,
                       const struct hands_shrunk *shrunk)
{
    static const unsigned shares[] = {60, 200, 500, 900}, probe_shares[] = {0, 100, 500};
    unsigned probes = probe_shares[chance_below(chance, 3)], by_hand = shares[chance_below(chance, 4)],
             count = 2 + chance_below(chance, HANDS_MAX - 1);

    if (kind == HANDS_LISTEN_RIGHT)
        by_hand = 0;
    for (unsigned i = 0; i < HANDS_MAX; i++) {
        struct hand hand = draw_hand(chance, probes, by_hand);
        if (i == 0 && kind == HANDS_OPEN && chance_of(chance, 800))
            hand = (struct hand){.what = HAND_SYN};
        if (kind == HANDS_LISTEN_RIGHT && hand.what == HAND_SYN)
            hand.what = HAND_AGAIN;
        if (kind == HANDS_LISTEN_RIGHT)
            hand.doubtful = false;
        if (i < count && !(shrunk->hands >> i & 1))
            scenario->hands[scenario->hand_count++] = hand;
    }
    scenario->answers = (chance_below(chance, 4) + 1) * 250;
    if (shrunk->no_answers)
        scenario->answers = 0;
}

static void draw_calls(struct hands_scenario *scenario, struct chance *chance, const struct hands_shrunk *shrunk)
{
    unsigned count = chance_below(chance, APP_CALLS + 1);

    for (unsigned i = 0; i < APP_CALLS; i++) {
        struct app_plan plan = draw_call(chance, true);
        if (i < count && has_part(shrunk, PART_APP + i))
            scenario->calls[scenario->call_count++] = plan;
    }
    scenario->eof = draw_call(chance, true);
    if (chance_of(chance, 700))
        scenario->eof.call = APP_CLOSE;
    scenario->data = draw_call(chance, false);
    scenario->at_eof = chance_of(chance, 600) && has_part(shrunk, PART_AT_EOF);
    scenario->at_data = chance_of(chance, 300) && has_part(shrunk, PART_AT_DATA);
}

void hands_draw(struct hands_scenario *scenario, uint64_t seed, enum hands_kind kind, const struct hands_shrunk *shrunk)
{
    static const uint16_t windows[] = {65535, 65535, 64240, 8192, 1000, 100};
    struct chance chance = {seed * UINT64_C(0x9e6c63d0876a9a47) + (uint64_t)kind};
    const struct shrunk paths = {.parts = shrunk->parts};
    enum channel_kind channel;

    memset(scenario, 0, sizeof(*scenario));
    draw_peer(&chance, &scenario->peer);
    if (kind != HANDS_LISTEN_RIGHT || chance_of(&chance, 500))
        draw_strange(&chance, &scenario->peer);
    if (chance_of(&chance, 333))
        stack_set(&chance, &scenario->peer, draw_stack(&chance, true));
    if (kind != HANDS_OPEN) {
        scenario->peer.on |= PEER_ON(PEER_OPENS);
        scenario->peer.on &=
            ~(PEER_ON(PEER_COOKIES) | PEER_ON(PEER_QUEUE_FULL) | PEER_ON(PEER_DEFER) | PEER_ON(PEER_REFUSES));
    }
    scenario->peer.on &= ~shrunk->switches;
    draw_calls(scenario, &chance, shrunk);
    channel = (enum channel_kind)chance_below(&chance, 4);
    draw_path(&chance, &scenario->to_peer, channel, &paths);
    draw_path(&chance, &scenario->to_us, channel, &paths);
    draw_hands(scenario, &chance, kind, shrunk);
    scenario->open_after = draw_time(&chance);
    scenario->iss = (uint32_t)chance_next(&chance);
    scenario->other_iss = (uint32_t)chance_next(&chance);
    scenario->tsval = (uint32_t)chance_next(&chance);
    scenario->options = chance_of(&chance, 700)
                            ? TCP_OPT_TIMESTAMPS | TCP_OPT_SACK_PERMITTED | TCP_OPT_WSCALE | TCP_OPT_MSS
                            : (uint8_t)chance_below(&chance, 16);
    scenario->wscale = (uint8_t)(chance_of(&chance, 500) ? 7 : chance_below(&chance, 15));
    scenario->window = windows[chance_below(&chance, 6)];
}

/* ---- our segments ------------------------------------------------------------------------------------------ */

static uint32_t pick_seq(const struct hands *hands, const struct hand *hand)
{
    const struct hands_end *end = &hands->end;
    const uint32_t picks[] = {
        end->nxt,
        end->nxt,
        end->nxt,
        end->nxt,
        end->nxt - 1,
        end->nxt - 1,
        end->nxt + 1,
        end->una,
        end->una - 1,
        end->una + 1,
        end->iss,
        end->iss + 1,
        end->iss - 1,
        end->edge,
        end->edge - 1,
        end->edge + 1,
        end->nxt + hand->near,
        end->nxt - hand->near,
        end->una + hand->near,
        hand->far,
        end->nxt + (1u << 31),
        end->nxt - (1u << 30),
        hands->scenario.other_iss,
        end->iss + hand->near,
    };

    return picks[hand->seq];
}

static uint32_t pick_ack(const struct hands *hands, const struct hand *hand)
{
    const struct hands_end *end = &hands->end;
    const uint32_t picks[] = {
        end->rcv,
        end->rcv,
        end->rcv,
        end->rcv,
        end->rcv,
        end->rcv,
        end->rcv,
        end->rcv - 1,
        end->rcv + 1,
        end->rcv + 1,
        end->irs,
        end->irs + 1,
        end->acked,
        end->acked,
        end->rcv + hand->near,
        end->rcv - hand->near,
        end->rcv - (1u << 30),
        end->rcv + 100000,
        hand->far,
        end->rcv + (1u << 31),
    };

    return picks[hand->ack];
}

static void put_timestamps_on(struct hands *hands, struct segment *segment, unsigned choice)
{
    struct hands_end *end = &hands->end;
    bool syn = segment->flags & TCP_SYN;

    if (!(hands->scenario.options & TCP_OPT_TIMESTAMPS) || (!syn && !end->ts_on))
        return;
    segment->options.present |= TCP_OPT_TIMESTAMPS;
    segment->options.tsval = ++end->tsval;
    segment->options.tsecr = end->ts_recent;
    if (choice == 1)
        segment->options.tsval -= 1 + end->tsval % 7;
    else if (choice == 2)
        segment->options.tsval += 1 + end->tsval % 7;
    else if (choice == 3)
        segment->options.tsval -= 100000;
    else if (choice == 4)
        segment->options.present &= (uint8_t)~TCP_OPT_TIMESTAMPS;
    else if (choice == 5)
        segment->options.tsecr += 1000;
    else if (choice == 6 && end->tsval % 4 == 0)
        segment->options.tsval += UINT32_C(1) << (28 + end->tsval / 4 % 4);
}

static void put_window(const struct hands *hands, struct segment *segment, unsigned choice)
{
    const struct hands_scenario *scenario = &hands->scenario;
    uint32_t window = scenario->window;

    if (!(segment->flags & TCP_SYN) && hands->belief.known.wscale_offered && hands->belief.known.its_wscale_offered)
        window >>= scenario->wscale > 14 ? 14 : scenario->wscale;
    segment->window = (uint16_t)window;
    if (choice == 1)
        segment->window = 0;
    else if (choice == 2)
        segment->window = 65535;
}

static void put_syn_options(const struct hands *hands, struct segment *segment, unsigned choice)
{
    const struct hands_scenario *scenario = &hands->scenario;

    segment->options.present |= scenario->options & (TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_PERMITTED);
    segment->options.mss = 1460;
    segment->options.wscale = choice == 3 ? 0 : scenario->wscale;
    if (choice == 4)
        segment->options.present &= (uint8_t)~TCP_OPT_WSCALE;
    if (choice == 5)
        segment->options.present &= (uint8_t)~TCP_OPT_SACK_PERMITTED;
}

/* A peer that opened itself has no use for our SYN: there the copy is of our SYN-ACK. */
static void make_probe(const struct hands *hands, const struct hand *hand, struct segment *segment)
{
    const struct hands_end *end = &hands->end;

    segment->seq = end->una - 1;
    segment->ack = end->acked;
    segment->flags = TCP_ACK;
    switch (hand->probe) {
    case HAND_PROBE_OLD_BYTE:
        segment->seq = end->una - 1024;
        segment->len = 1;
        break;
    case HAND_PROBE_KEEPALIVE:
        segment->len = hand->len > 0;
        break;
    case HAND_PROBE_OLD_ACK:
        segment->seq = end->una;
        segment->ack -= UINT32_C(1) << 30;
        break;
    case HAND_PROBE_NULL:
        segment->flags = 0;
        break;
    default:
        segment->seq = end->iss;
        segment->flags = peer_is(&hands->peer, PEER_OPENS) ? TCP_SYN | TCP_ACK : TCP_SYN;
        break;
    }
    if (!end->irs_known)
        segment->flags &= (uint8_t)~TCP_ACK;
}

/* As a TCP would make it. */
static void make_right(const struct hands *hands, const struct hand *hand, struct segment *segment)
{
    const struct hands_end *end = &hands->end;

    segment->seq = end->nxt;
    segment->flags = TCP_ACK;
    switch (hand->what) {
    case HAND_TEXT:
        segment->len = end->fin_sent ? 0 : 1 + hand->len % 100;
        break;
    case HAND_FIN:
        segment->flags |= TCP_FIN;
        segment->seq -= end->fin_sent ? 1 : 0;
        break;
    case HAND_AGAIN:
        segment->seq = end->una;
        if (end->una == end->iss)
            segment->flags |= TCP_SYN;
        else if (end->fin_sent && end->una != end->nxt)
            segment->flags |= TCP_FIN;
        segment->len = end->nxt - end->una - (segment->flags & (TCP_FIN | TCP_SYN) ? 1 : 0);
        if (end->una == end->nxt)
            segment->len = 0;
        if (segment->len > 1460) {
            segment->len = 1460;
            segment->flags &= (uint8_t)~TCP_FIN;
        }
        break;
    case HAND_RST:
        segment->flags |= TCP_RST;
        break;
    case HAND_SYN:
        segment->seq = end->iss;
        segment->flags = end->irs_known ? TCP_SYN | TCP_ACK : TCP_SYN;
        break;
    default:
        break;
    }
    if (!end->irs_known)
        segment->flags &= (uint8_t)~TCP_ACK;
    segment->ack = end->rcv;
}

struct segment hands_segment(struct hands *hands, const struct hand *hand)
{
    struct segment segment = {.ttl = 64};
    bool made = hand->what == HAND_MADE;

    if (made) {
        segment.seq = pick_seq(hands, hand);
        segment.ack = pick_ack(hands, hand);
        segment.flags = hand->flags;
        segment.len = hand->len;
    } else if (hand->what == HAND_PROBE) {
        make_probe(hands, hand, &segment);
    } else {
        make_right(hands, hand, &segment);
    }
    if (!(segment.flags & TCP_ACK))
        segment.ack = 0;
    put_window(hands, &segment, made ? hand->window : 0);
    if (segment.flags & TCP_SYN)
        put_syn_options(hands, &segment, made ? hand->window : 0);
    put_timestamps_on(hands, &segment, made ? hand->stamp : 0);
    return segment;
}

void hands_note_sent(struct hands *hands, const struct segment *segment, bool counts)
{
    struct hands_end *end = &hands->end;
    uint32_t next = segment->seq + segment_span(segment);

    if (segment->flags & TCP_RST)
        return;
    if (segment->flags & TCP_SYN) {
        if (end->syn_sent && !counts)
            return;
        end->iss = end->una = segment->seq;
        end->nxt = next;
        end->syn_sent = true;
        end->fin_sent = (segment->flags & TCP_FIN) != 0;
        return;
    }
    if (segment->flags & TCP_ACK)
        end->acked = segment->ack;
    if (!counts || !seq_le(segment->seq, end->nxt) || !seq_lt(end->nxt, next) || end->fin_sent)
        return;
    end->nxt = next;
    end->fin_sent = (segment->flags & TCP_FIN) != 0;
}

void hands_note_received(struct hands *hands, const struct segment *segment)
{
    struct hands_end *end = &hands->end;
    uint32_t next = segment->seq + segment_span(segment);

    if (segment->flags & TCP_RST)
        return;
    if ((segment->flags & TCP_SYN) && (!end->irs_known || seq_lt(end->irs, segment->seq))) {
        end->irs_known = true;
        end->irs = segment->seq;
        end->rcv = end->acked = next;
        end->ts_on = (segment->options.present & TCP_OPT_TIMESTAMPS) != 0;
    } else if (end->irs_known && seq_le(segment->seq, end->rcv) && seq_lt(end->rcv, next)) {
        end->rcv = next;
    }
    if (segment->options.present & TCP_OPT_TIMESTAMPS)
        end->ts_recent = segment->options.tsval;
    if (!(segment->flags & TCP_ACK))
        return;
    if (end->irs_known && end->answered_at == NANOS_NEVER)
        end->answered_at = hands->now;
    if (seq_lt(end->una, segment->ack) && seq_le(segment->ack, end->nxt))
        end->una = segment->ack;
    end->edge = segment->ack + segment->window;
}
