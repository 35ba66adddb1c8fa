#include "core/belief.h"

#include <stddef.h>

#include "core/classify.h"
#include "core/habits.h"

/*
 * The shortest time after which each state can have ended without a word. SYN-RECEIVED: 1.07 s on Linux with
 * tcp_synack_retries=0; SYN-SENT has the same timer. States that repeat a FIN: the first repetition after 0.2 s is
 * the last when tcp_orphan_retries is 1. FIN-WAIT-2 and TIME-WAIT: no stack is known to keep them under a second
 * except where it has none at all.
 */
static const struct {
    state_set states;
    nanos life;
} lives[] = {
    {IN(FIN_WAIT_1) | IN(CLOSING) | IN(LAST_ACK), BELIEF_LIFE_SHORTEST},
    {IN(SYN_SENT) | IN(SYN_RECEIVED) | IN(FIN_WAIT_2) | IN(TIME_WAIT), NANOS_PER_S},
};

void belief_init(struct belief *belief)
{
    *belief = (struct belief){.possible = ALL_STATES, .proven_not_before = NANOS_NONE, .proven_at = NANOS_NONE};
    knowledge_init(&belief->known);
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

void belief_init_passive(struct belief *belief)
{
    belief_init(belief);
    belief->claim.from = belief->claim.to = belief->claim.likely = IN(CLOSED);
    belief->claim.otherwise = IN(SYN_SENT);
    belief->claim.reason = REASON_ASSUMED_CLOSED;
    belief->known.awaited = true;
}

state_set belief_reachable(const struct belief *belief, state_set from)
{
    return knowledge_reachable(&belief->known, from);
}

/* Why a segment of ours moves the peer. */
static enum reason reason_of_effects(unsigned effects, state_set from)
{
    if (effects & (SENT_RST | SENT_SYN_RST))
        return REASON_RST_SENT;
    if (effects & SENT_BACK_TO_LISTEN)
        return REASON_SYN_SENT;
    if ((effects & SENT_FIN) && (from & (IN(SYN_RECEIVED) | IN(ESTABLISHED) | IN(FIN_WAIT_1) | IN(FIN_WAIT_2))))
        return REASON_FIN_SENT;
    if (effects & SENT_FIN_ACK)
        return REASON_FIN_ACK_SENT;
    if ((effects & SENT_SYN) && !(effects & SENT_SYN_ACK) && (from & IN(SYN_SENT)))
        return REASON_SYN_SENT;
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

/* Presumes that it moves to these states because of the effects; true with *out when that is a move. */
static bool presume(struct belief *belief, state_set to, unsigned effects, unsigned n, nanos at, struct claim *out)
{
    struct claim *standing = &belief->claim;
    state_set all = standing->to | standing->otherwise;

    if (to == standing->likely)
        return false;
    struct claim claim = {
        .from = standing->to,
        .to = to,
        .likely = to,
        .otherwise = (all | moves_expected(all, effects & ~(unsigned)SENT_BACK_TO_LISTEN)) & (state_set)~to,
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

static unsigned left(struct belief *belief, const struct segment *segment, bool doubtful, unsigned n, nanos at,
                     struct claim out[CLAIMS_MAX])
{
    unsigned effects = knowledge_sent(&belief->known, segment, doubtful, n, at);

    belief->possible = belief_reachable(belief, belief->possible);
    knowledge_note_question(&belief->known, segment, belief->possible, n, at);
    return presume(belief, moves_expected(belief->claim.likely, effects), effects, n, at, out) ? 1 : 0;
}

unsigned belief_sent(struct belief *belief, const struct segment *segment, unsigned n, nanos at,
                     struct claim out[CLAIMS_MAX])
{
    return left(belief, segment, false, n, at, out);
}

unsigned belief_sent_doubtful(struct belief *belief, const struct segment *segment, unsigned n, nanos at,
                              struct claim out[CLAIMS_MAX])
{
    return left(belief, segment, true, n, at, out);
}

/* Effects of ours that this segment of the peer does not yet show: they may still be on their way. */
static unsigned outstanding(const struct knowledge *known, const struct segment *segment)
{
    unsigned effects = known->sent & ~(unsigned)SENT_FIN_WITH_ACK;

    if (!known->fin_without_ack)
        effects |= known->sent & SENT_FIN_WITH_ACK;
    if ((effects & (SENT_FIN | SENT_FIN_WITH_ACK)) && knowledge_covers_fin(known, segment->ack) == COVERS)
        effects &= ~(unsigned)(SENT_FIN | SENT_FIN_WITH_ACK);
    return effects;
}

/* Where it goes when all of the effects arrive, one after the other. */
static state_set expected_in_the_end(state_set from, unsigned effects)
{
    state_set before;

    do {
        before = from;
        from = moves_expected(from, effects);
    } while (from != before);
    return from;
}

/* The segment of ours that carried the last of the effects. */
static const struct landmark *landmark_of(const struct knowledge *known, unsigned effects)
{
    if (effects & (SENT_RST | SENT_SYN_RST))
        return &known->rst;
    if (effects & SENT_FIN_ACK)
        return &known->fin_ack;
    if (effects & SENT_FIN)
        return &known->fin;
    return &known->syn_ack_ack;
}

/* Our FIN is there, but something before it is missing: the peer has it in hand, not in mind (RFC 2018). */
static bool fin_is_sacked(const struct knowledge *known, const struct segment *segment)
{
    if (!(known->sent & SENT_FIN) || !(segment->options.present & TCP_OPT_SACK))
        return false;
    for (unsigned i = 0; i < segment->options.sack_count; i++)
        if (knowledge_covers_fin(known, segment->options.sack[i].right) == COVERS)
            return true;
    return false;
}

/*
 * The segment shows the peer where it was before something that we sent. If that left less than a round trip
 * ago the two have crossed, and the presumption stands; later than that it should have arrived.
 */
static bool has_crossed(const struct knowledge *known, const struct landmark *landmark, nanos at)
{
    return landmark->set && known->open_rtt != NANOS_NONE && at - landmark->latest_at < known->open_rtt;
}

/* When the peer can have moved to the states of the verdict at the soonest. */
static nanos not_before(const struct belief *belief, const struct verdict *verdict)
{
    const bool seen_first = verdict->since && verdict->since->set && !belief->known.incomplete;
    const nanos since = seen_first ? verdict->since->at : NANOS_NONE;
    const nanos proven = belief->proven_not_before;

    if (verdict->undated && belief->proven_states)
        return since < proven ? since : proven;
    /* It may have been there already at the last proof: then nothing is known of a move since. */
    if ((belief->proven_states & verdict->states) == NO_STATES && proven < since)
        return since;
    return proven;
}

/* What a claim rests on beside its verdict, as it is before the segment is noted. */
struct grounds {
    nanos not_before;
    bool answers;      /* a segment of ours ... */
    unsigned answered; /* ... which is this */
};

static struct grounds grounds_of(const struct belief *belief, const struct verdict *verdict)
{
    const struct landmark *answers = verdict->answers;

    bool known = answers && answers->set && !answers->old;

    return (struct grounds){not_before(belief, verdict), known, known ? answers->first : 0};
}

/* The claim that a verdict amounts to, with its evidence and interval. */
static void make_claim(state_set from, const struct verdict *verdict, const struct grounds *grounds, unsigned n,
                       nanos at, struct claim *out)
{
    *out = (struct claim){
        .from = from,
        .to = verdict->states,
        .likely = verdict->likely,
        .certainty = PROVEN,
        .reason = verdict->reason,
        .habit = verdict->habit,
        .by_habit = verdict->by_habit,
        .detail = verdict->detail,
        .not_before = grounds->not_before,
        .not_after = at,
    };
    if (grounds->answers)
        add_evidence(out, grounds->answered);
    add_evidence(out, n);
}

/* Without a connection, whether somebody listens is another matter. */
static bool same(state_set a, state_set b)
{
    const state_set none = IN(CLOSED) | IN(LISTEN);

    return a == b || (a && b && !(a & (state_set)~none) && !(b & (state_set)~none));
}

/* Of the claim that stood, what the next is held against. */
struct stood {
    state_set to, likely, by_habit;
    enum certainty certainty;
    enum detail detail;
    bool rests; /* on a segment: else it is no more than a guess */
};

static struct stood stood_of(const struct claim *claim)
{
    return (struct stood){claim->to,        claim->likely, claim->by_habit,
                          claim->certainty, claim->detail, claim->evidence_count > 0};
}

static bool is_news(const struct claim *claim, const struct stood *before)
{
    return claim->to != before->to || claim->likely != before->likely || before->certainty != claim->certainty ||
           claim->by_habit != before->by_habit || claim->detail != before->detail || claim->certainty == REFUTED;
}

/*
 * Takes a proven claim as the one that stands, and adds what is presumed since. Returns how many claims are in out. The
 * claim is filled where it is to stand, as verdicts are (core/classify.c).
 */
static unsigned conclude(struct belief *belief, const struct verdict *verdict, const struct grounds *grounds,
                         const struct segment *segment, unsigned n, nanos at, struct claim out[CLAIMS_MAX])
{
    const struct stood before = stood_of(&belief->claim);
    const struct knowledge *known = &belief->known;
    struct claim *claim = &belief->claim;
    unsigned effects = outstanding(known, segment);
    state_set ahead = expected_in_the_end(verdict->likely, effects);
    const struct landmark *pending = landmark_of(known, effects);
    bool crossed = ahead != verdict->likely && has_crossed(known, pending, at) && !fin_is_sacked(known, segment);
    /* Nothing new: the same states as last time, and the presumption is still on its way. */
    if (crossed && verdict->states == belief->proven_states && before.certainty == PRESUMED &&
        same(ahead, before.likely))
        return 0;
    bool contradicts = before.certainty == PRESUMED && (before.likely & verdict->states) == 0 &&
                       ahead != verdict->likely && same(ahead, before.likely) && before.rests;
    unsigned count = 0;

    make_claim(before.to, verdict, grounds, n, at, claim);
    if (contradicts && !crossed) {
        claim->certainty = REFUTED;
        if (claim->to == IN(ESTABLISHED) && (effects & SENT_FIN))
            claim->reason = REASON_OUR_FIN_NOT_ACKED;
        else if (segment_has(segment, TCP_FIN))
            claim->reason = REASON_FIN_REPEATED;
        knowledge_note_loss(&belief->known);
    }
    belief->proven_not_before = claim->not_before;
    belief->proven_states = claim->to;
    belief->proven_at = at;
    if (is_news(claim, &before))
        out[count++] = *claim;
    if (crossed && presume(belief, ahead, effects, pending->latest, pending->at, &out[count])) {
        add_evidence(&belief->claim, n);
        out[count] = belief->claim;
        count++;
    }
    return count;
}

/* Which FIN was first is known for good from the first segment that can't be explained otherwise. */
static void note_order(struct knowledge *known, state_set states)
{
    if (known->order != FIN_ORDER_UNKNOWN)
        return;
    if (states == IN(CLOSE_WAIT))
        known->order = FIN_ORDER_AFTER_OURS;
    else if (states == IN(FIN_WAIT_1) || states == IN(FIN_WAIT_2))
        known->order = FIN_ORDER_BEFORE_OURS;
}

/* Its FIN was still to be sent when this left, and so it was when the segment of ours left that this answers. */
static void note_fin_unsent(struct knowledge *known, const struct segment *segment, const struct verdict *verdict)
{
    nanos at = knowledge_answers_at(known, segment);

    if (verdict->since && verdict->since->set && verdict->since->at > at)
        at = verdict->since->at;
    if (known->fin_unsent_at < at)
        known->fin_unsent_at = at;
}

/* Is it proven that the peer has no connection? */
static bool is_over(const struct belief *belief)
{
    return belief->proven_states && !(belief->proven_states & (state_set) ~(IN(CLOSED) | IN(LISTEN)));
}

bool belief_says_gone(const struct belief *belief)
{
    return belief->claim.certainty != PRESUMED &&
           (belief->claim.to & (state_set) ~(IN(CLOSED) | IN(LISTEN))) == NO_STATES;
}

/* Which of the states of a verdict is the most likely, going by what was believed so far. */
static void choose_likely(const struct belief *belief, struct verdict *verdict)
{
    /* It was still opening a moment ago, and nothing has left that should have moved it since. */
    if (belief->claim.certainty != PRESUMED && belief->claim.likely == IN(SYN_RECEIVED) &&
        (verdict->states & IN(SYN_RECEIVED)))
        verdict->likely = IN(SYN_RECEIVED);
    /* It refuses what we asked, and we take it to be gone already. */
    if (verdict->answer && belief->claim.evidence_count > 0 &&
        (belief->claim.likely & verdict->states & (IN(CLOSED) | IN(LISTEN))))
        verdict->likely = belief->claim.likely & verdict->states;
    /* To a third party: of several as likely as each other, those that go on from what was likely so far. */
    if (belief->known.observed && (verdict->likely & (verdict->likely - 1))) {
        state_set on = verdict->likely & belief_reachable(belief, belief->claim.likely);
        verdict->likely = on ? on : verdict->likely;
    }
}

unsigned belief_received(struct belief *belief, const struct segment *segment, unsigned n, nanos at,
                         struct claim out[CLAIMS_MAX])
{
    struct verdict verdict;

    if (belief->known.observed && belief->known.order == FIN_ORDER_UNKNOWN && knowledge_fin_was_first(&belief->known))
        belief->known.order = FIN_ORDER_BEFORE_OURS;
    belief->known.answers_lately = knowledge_left_lately(&belief->known, segment->ack, at);
    classify(&belief->known, segment, &verdict);
    habits_apply(&belief->known, segment, at, &verdict);

    if (verdict.states == NO_STATES) {
        belief->known.unaccounted = true;
        if (segment->flags == TCP_ACK && belief->known.irs_known &&
            knowledge_counts_from(&belief->known, segment->ack) == 0)
            belief->known.overacked = true;
        if (segment_has(segment, TCP_SYN))
            knowledge_note_stranger(&belief->known, segment);
        return 0;
    }
    /* To a third party: it may be opening anew (classify.c). */
    if (belief->known.observed && segment_has(segment, TCP_RST))
        belief->possible |= verdict.states & (IN(SYN_SENT) | IN(SYN_RECEIVED));
    if (verdict.fresh) {
        knowledge_restart(&belief->known, segment);
        belief->possible = ALL_STATES;
        belief->proven_states = NO_STATES;
        if (verdict.undated)
            belief->proven_not_before = NANOS_NONE;
    }
    bool older = knowledge_is_older(&belief->known, segment);
    const struct grounds grounds = grounds_of(belief, &verdict);

    knowledge_received(&belief->known, segment, at);
    note_order(&belief->known, verdict.states);
    if (verdict.fin_unsent)
        note_fin_unsent(&belief->known, segment, &verdict);

    state_set possible = belief->possible & belief_reachable(belief, verdict.states | verdict.still_possible);
    /* Nothing in common: the segment was delayed on the way and tells of the past. */
    if (older || (belief->possible & verdict.states) == NO_STATES || possible == NO_STATES)
        return 0;
    /* It may be older than what is known: then it says nothing new of the present. */
    bool stale = (verdict.states & (state_set)~belief->possible) != 0;
    stale = stale || (verdict.answer && verdict.answers->at <= belief->proven_at);
    /* Of several SYNs an earlier one can have been answered before a later one was refused. */
    stale = stale || (belief->known.ours.syn_count > 1 && segment_has(segment, TCP_SYN | TCP_ACK) && is_over(belief) &&
                      verdict.answers && verdict.answers->latest_at <= belief->proven_at);
    belief->possible = possible;
    if (stale)
        return 0;
    choose_likely(belief, &verdict);
    return conclude(belief, &verdict, &grounds, segment, n, at, out);
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
    claim.to = claim.likely;
    claim.certainty = PRESUMED;
    claim.reason = REASON_TIMER;
    claim.otherwise = (claim.from | claim.otherwise | IN(CLOSED)) & (state_set)~claim.to;
    claim.by_habit = NO_STATES;
    claim.habit = HABIT_NONE;
    claim.detail = DETAIL_NONE;
    claim.not_before = belief_expiry(belief);
    claim.not_after = NANOS_NEVER;
    belief->claim = claim;
    out[0] = claim;
    return 1;
}
