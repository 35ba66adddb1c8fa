#include "core/belief.h"

#include <stddef.h>

#include "base/seq.h"
#include "core/classify.h"

/*
 * The shortest time after which each state can have ended without a word. SYN-RECEIVED: 1.07 s on Linux with
 * tcp_synack_retries=0. States that repeat a FIN: the first repetition after 0.2 s is the last when
 * tcp_orphan_retries is 1. FIN-WAIT-2 and TIME-WAIT: no stack is known to keep them under a second except
 * where it has none at all.
 */
static const struct {
    state_set states;
    nanos life;
} lives[] = {
    {IN(FIN_WAIT_1) | IN(CLOSING) | IN(LAST_ACK), 400 * NANOS_PER_MS},
    {IN(SYN_RECEIVED) | IN(FIN_WAIT_2) | IN(TIME_WAIT), NANOS_PER_S},
};

/* Below this our window may keep the peer from sending at once (silly window avoidance, RFC 9293 3.8.6.2.1).
 */
#define WINDOW_ROOMY 4096

void belief_init(struct belief *belief)
{
    *belief =
        (struct belief){.open_rtt = NANOS_NONE, .possible = ALL_STATES, .proven_not_before = NANOS_NONE};
    belief->claim = (struct claim){
        .from = IN(LISTEN),
        .to = IN(LISTEN),
        .likely = IN(LISTEN),
        .otherwise = IN(CLOSED),
        .certainty = PRESUMED,
        .reason = REASON_ASSUMED_LISTENING,
        .not_before = NANOS_NONE,
        .not_after = NANOS_NEVER,
    };
}

bool belief_fin_acked(const struct belief *belief)
{
    return (belief->sent & SENT_FIN) && belief->acked_any && seq_lt(belief->fin_seq, belief->acked_max);
}

state_set belief_reachable(const struct belief *belief, state_set from)
{
    unsigned sent = belief->sent;

    if (belief->syn_ack_seen)
        sent &= ~(unsigned)SENT_SYN; /* a late copy of our SYN would start another connection */
    return moves_possible(from, sent);
}

static void mark(struct landmark *landmark, const struct segment *segment, unsigned n, nanos at)
{
    if (!landmark->set) {
        landmark->set = true;
        landmark->first = n;
        landmark->at = at;
        landmark->has_tsval = (segment->options.present & TCP_OPT_TIMESTAMPS) != 0;
        landmark->tsval = segment->options.tsval;
    }
    landmark->latest = n;
    landmark->latest_at = at;
}

/* The SENT_ bits that this segment of ours carries. */
static unsigned effects_of(const struct belief *belief, const struct segment *segment)
{
    unsigned effects = 0;

    if (segment_has(segment, TCP_RST))
        return SENT_RST;
    if (segment_has(segment, TCP_SYN))
        effects |= SENT_SYN;
    if (segment_has(segment, TCP_ACK) && belief->irs_known && seq_lt(belief->irs, segment->ack))
        effects |= SENT_SYN_ACK;
    if (segment_has(segment, TCP_ACK) && belief->its_fin_seen && segment->ack == belief->its_fin_seq + 1)
        effects |= SENT_FIN_ACK;
    if (segment_has(segment, TCP_FIN))
        effects |= (effects & SENT_FIN_ACK) ? SENT_FIN | SENT_FIN_WITH_ACK : SENT_FIN;
    return effects;
}

static void note_numbers_sent(struct belief *belief, const struct segment *segment)
{
    uint32_t end = segment->seq + segment_span(segment);

    if (!(belief->sent & SENT_SYN)) {
        if (segment_has(segment, TCP_SYN)) {
            belief->iss = segment->seq;
            belief->wscale = (segment->options.present & TCP_OPT_WSCALE) ? segment->options.wscale : 0;
        }
        belief->sent_max = end;
    } else {
        belief->sent_max = seq_max(belief->sent_max, end);
    }
    if (segment_has(segment, TCP_ACK) && !segment_has(segment, TCP_RST)) {
        belief->ack_max = belief->ack_sent ? seq_max(belief->ack_max, segment->ack) : segment->ack;
        belief->ack_sent = true;
    }
}

static void note_window_sent(struct belief *belief, const struct segment *segment)
{
    uint32_t window = segment->window;

    if (segment->flags & TCP_RST)
        return;
    if (!segment_has(segment, TCP_SYN))
        window <<= belief->wscale;
    if (window < WINDOW_ROOMY)
        belief->window_small = true;
}

static void note_fin_sent(struct belief *belief, const struct segment *segment, unsigned effects)
{
    belief->fin_ack_lowest = (belief->sent & SENT_FIN) && seq_lt(belief->fin_ack_lowest, segment->ack)
                                 ? belief->fin_ack_lowest
                                 : segment->ack;
    belief->fin_seq = segment->seq + segment->len;
    if (!(effects & SENT_FIN_WITH_ACK))
        belief->fin_without_ack = true;
}

static void note_sent(struct belief *belief, const struct segment *segment, unsigned n, nanos at,
                      unsigned effects)
{
    const struct {
        unsigned effect;
        struct landmark *landmark;
    } marks[] = {
        {SENT_SYN, &belief->syn}, {SENT_SYN_ACK, &belief->syn_ack_ack},
        {SENT_FIN, &belief->fin}, {SENT_FIN_ACK, &belief->fin_ack},
        {SENT_RST, &belief->rst},
    };

    note_numbers_sent(belief, segment);
    note_window_sent(belief, segment);
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (effects & marks[i].effect)
            mark(marks[i].landmark, segment, n, at);
    if (segment->len > 0)
        mark(&belief->data, segment, n, at);
    if ((effects & SENT_SYN_ACK) && segment->ack == belief->heard_max)
        mark(&belief->all_acked, segment, n, at);
    if (effects & SENT_FIN)
        note_fin_sent(belief, segment, effects);
    belief->sent |= effects;
}

/* Why a segment of ours moves the peer. */
static enum reason reason_of_effects(unsigned effects, state_set from)
{
    if (effects & SENT_RST)
        return REASON_RST_SENT;
    if ((effects & SENT_FIN) &&
        (from & (IN(SYN_RECEIVED) | IN(ESTABLISHED) | IN(FIN_WAIT_1) | IN(FIN_WAIT_2))))
        return REASON_FIN_SENT;
    if (effects & SENT_FIN_ACK)
        return REASON_FIN_ACK_SENT;
    return REASON_ACK_SENT;
}

static void add_evidence(struct claim *claim, unsigned n)
{
    for (unsigned i = 0; i < claim->evidence_count; i++)
        if (claim->evidence[i] == n)
            return;
    if (claim->evidence_count < EVIDENCE_MAX)
        claim->evidence[claim->evidence_count++] = n;
}

/* Presumes that what effects stand for arrives; true with *out when that moves the peer. */
static bool presume(struct belief *belief, unsigned effects, unsigned n, nanos at, struct claim *out)
{
    struct claim *standing = &belief->claim;
    state_set to = moves_expected(standing->likely, effects);
    state_set all = standing->to | standing->otherwise;

    if (to == standing->likely)
        return false;
    struct claim claim = {
        .from = standing->to,
        .to = to,
        .likely = to,
        .otherwise = (all | moves_expected(all, effects)) & (state_set)~to,
        .certainty = PRESUMED,
        .reason = reason_of_effects(effects, standing->likely),
        .not_before = at,
        .not_after = NANOS_NEVER,
    };
    add_evidence(&claim, n);
    *standing = claim;
    *out = claim;
    return true;
}

unsigned belief_sent(struct belief *belief, const struct segment *segment, unsigned n, nanos at,
                     struct claim out[CLAIMS_MAX])
{
    unsigned effects = effects_of(belief, segment);

    note_sent(belief, segment, n, at, effects);
    belief->possible = belief_reachable(belief, belief->possible);
    return presume(belief, effects, n, at, out) ? 1 : 0;
}

/* Was this segment certainly sent before something that has arrived already? */
static bool is_older(const struct belief *belief, const struct segment *segment)
{
    if (belief->acked_any && segment_has(segment, TCP_ACK) && !segment_has(segment, TCP_RST) &&
        seq_lt(segment->ack, belief->acked_max))
        return true;
    return belief->tsval_seen && (segment->options.present & TCP_OPT_TIMESTAMPS) &&
           seq_lt(segment->options.tsval, belief->tsval_max);
}

static void note_syn_received(struct belief *belief, const struct segment *segment, nanos at)
{
    if (!belief->irs_known) {
        belief->irs_known = true;
        belief->irs = segment->seq;
        belief->heard_max = segment->seq + 1;
    }
    if (segment_has(segment, TCP_ACK)) {
        if (!belief->syn_ack_seen && belief->syn.set)
            belief->open_rtt = at - belief->syn.latest_at;
        belief->syn_ack_seen = true;
    }
}

/* Learns what the numbers say; true of the connection for good, whenever the segment was sent. */
static void note_received(struct belief *belief, const struct segment *segment, const struct verdict *verdict,
                          nanos at)
{
    uint32_t end = segment->seq + segment_span(segment);

    if (segment_has(segment, TCP_RST))
        return;
    if (segment_has(segment, TCP_SYN))
        note_syn_received(belief, segment, at);
    if (seq_lt(belief->heard_max, end)) {
        belief->heard_max = end;
        belief->all_acked.set = false;
    }
    if (segment_has(segment, TCP_ACK)) {
        belief->acked_max = belief->acked_any ? seq_max(belief->acked_max, segment->ack) : segment->ack;
        belief->acked_any = true;
    }
    if (segment->options.present & TCP_OPT_TIMESTAMPS) {
        belief->tsval_max =
            belief->tsval_seen ? seq_max(belief->tsval_max, segment->options.tsval) : segment->options.tsval;
        belief->tsval_seen = true;
    }
    if (segment_has(segment, TCP_FIN)) {
        belief->its_fin_seen = true;
        belief->its_fin_seq = segment->seq + segment->len;
    }
    if (belief->order == FIN_ORDER_UNKNOWN) {
        if (verdict->states == IN(CLOSE_WAIT))
            belief->order = FIN_ORDER_AFTER_OURS;
        else if (verdict->states == IN(FIN_WAIT_1) || verdict->states == IN(FIN_WAIT_2))
            belief->order = FIN_ORDER_BEFORE_OURS;
    }
}

/* Effects of ours that this segment of the peer does not yet show: they may still be on their way. */
static unsigned outstanding(const struct belief *belief, const struct segment *segment)
{
    unsigned effects = belief->sent & (SENT_FIN | SENT_FIN_ACK | SENT_SYN_ACK);

    if (!belief->fin_without_ack)
        effects |= belief->sent & SENT_FIN_WITH_ACK;
    if ((belief->sent & SENT_FIN) && segment->ack == belief->fin_seq + 1)
        effects &= ~(unsigned)(SENT_FIN | SENT_FIN_WITH_ACK);
    return effects;
}

static const struct landmark *landmark_of(const struct belief *belief, unsigned effects)
{
    if (effects & SENT_FIN_ACK)
        return &belief->fin_ack;
    if (effects & SENT_FIN)
        return &belief->fin;
    return &belief->syn_ack_ack;
}

/*
 * The segment shows the peer where it was before something that we sent. If that left less than a round trip
 * ago the two have crossed, and the presumption stands; later than that it should have arrived.
 */
static bool has_crossed(const struct belief *belief, const struct landmark *landmark, nanos at)
{
    return landmark->set && belief->open_rtt != NANOS_NONE && at - landmark->latest_at < belief->open_rtt;
}

/* The claim that a verdict amounts to, with its evidence and interval. */
static struct claim claim_of(const struct belief *belief, const struct verdict *verdict, unsigned n, nanos at)
{
    const struct claim *standing = &belief->claim;
    struct claim claim = {
        .from = standing->to,
        .to = verdict->states,
        .likely = verdict->likely,
        .certainty = PROVEN,
        .reason = verdict->reason,
        .not_before = belief->proven_not_before,
        .not_after = at,
    };

    const struct landmark *since = verdict->since ? verdict->since : verdict->answers;

    if (verdict->answers && verdict->answers->set)
        add_evidence(&claim, verdict->answers->first);
    /* It may have been there already at the last proof: then nothing is known of a move since. */
    if (since && since->set && (belief->proven_states & verdict->states) == NO_STATES &&
        (claim.not_before == NANOS_NONE || claim.not_before < since->at))
        claim.not_before = since->at;
    add_evidence(&claim, n);
    return claim;
}

/* Takes a proven claim as the one that stands, and adds what is presumed since. Returns how many claims are
 * in out. */
static unsigned conclude(struct belief *belief, struct claim claim, const struct segment *segment, unsigned n,
                         nanos at, struct claim out[CLAIMS_MAX])
{
    const struct claim before = belief->claim;
    unsigned effects = segment_has(segment, TCP_RST) ? 0 : outstanding(belief, segment);
    state_set ahead = moves_expected(claim.likely, effects);
    const struct landmark *pending = landmark_of(belief, effects);
    bool crossed = ahead != claim.likely && has_crossed(belief, pending, at);
    /* Nothing new: the same states as last time, and the presumption is still on its way. */
    if (crossed && claim.to == belief->proven_states && before.certainty == PRESUMED &&
        ahead == before.likely)
        return 0;
    bool contradicts =
        before.certainty == PRESUMED && (before.likely & claim.to) == 0 && ahead == before.likely;
    unsigned count = 0;

    if (contradicts && !crossed) {
        claim.certainty = REFUTED;
        if (claim.to == IN(ESTABLISHED) && (effects & SENT_FIN))
            claim.reason = REASON_OUR_FIN_NOT_ACKED;
        else if (segment_has(segment, TCP_FIN))
            claim.reason = REASON_FIN_REPEATED;
    }
    belief->claim = claim;
    belief->proven_not_before = claim.not_before;
    belief->proven_states = claim.to;
    if (claim.to != before.to || before.certainty == PRESUMED || claim.certainty == REFUTED)
        out[count++] = claim;
    if (crossed && presume(belief, effects, pending->latest, pending->latest_at, &out[count])) {
        add_evidence(&belief->claim, n);
        out[count] = belief->claim;
        count++;
    }
    return count;
}

unsigned belief_received(struct belief *belief, const struct segment *segment, unsigned n, nanos at,
                         struct claim out[CLAIMS_MAX])
{
    struct verdict verdict = classify(belief, segment);

    if (verdict.states == NO_STATES)
        return 0;
    bool older = is_older(belief, segment);
    struct claim claim = claim_of(belief, &verdict, n, at);
    note_received(belief, segment, &verdict, at);

    state_set possible = belief->possible & belief_reachable(belief, verdict.states | verdict.still_possible);
    /* Nothing in common: the segment was delayed on the way and tells of the past. */
    if (older || (belief->possible & verdict.states) == NO_STATES || possible == NO_STATES)
        return 0;
    /* It may be older than what is known: then it says nothing new of the present. */
    bool stale = (verdict.states & (state_set)~belief->possible) != 0;
    belief->possible = possible;
    if (stale)
        return 0;
    return conclude(belief, claim, segment, n, at, out);
}

static nanos life_of(state_set states)
{
    for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++)
        if (states & lives[i].states)
            return lives[i].life;
    return NANOS_NEVER;
}

nanos belief_expiry(const struct belief *belief)
{
    nanos life = life_of(belief->claim.to);

    if (belief->claim.certainty == PRESUMED || life == NANOS_NEVER)
        return NANOS_NEVER;
    return belief->claim.not_after + life;
}

unsigned belief_expire(struct belief *belief, nanos at, struct claim out[CLAIMS_MAX])
{
    if (at < belief_expiry(belief))
        return 0;
    struct claim claim = belief->claim;

    claim.from = claim.to;
    claim.certainty = PRESUMED;
    claim.reason = REASON_TIMER;
    claim.otherwise = (claim.otherwise | IN(CLOSED)) & (state_set)~claim.to;
    claim.not_before = belief_expiry(belief);
    claim.not_after = NANOS_NEVER;
    belief->claim = claim;
    out[0] = claim;
    return 1;
}
