#include "walk/probing.h"

#include "walk/inside.h"

/* An answer takes a round trip. Busy machines take a while to send and to see it. */
#define PATIENCE_LEAST (50 * NANOS_PER_MS)
#define PATIENCE_MOST NANOS_PER_S
#define PATIENCE_UNKNOWN (250 * NANOS_PER_MS)

/* Linux answers one segment without payload in 500 ms (tcp_invalid_ratelimit, measured). */
#define LIMITED_SPACING (600 * NANOS_PER_MS)

#define TRIES 3

/* So often the questions begin anew because the peer has moved: what is asked may itself have moved it. */
#define RENEWALS 3

/*
 * How far below what the peer expects an old byte lies. Further than a SYN cookie is vague: Linux takes an acknowledgement
 * whose number is off by one for the one that brings the cookie back (measured), and would give the byte to the application.
 */
#define OLD_BYTE_BELOW 1024u

/*
 * Below every acknowledgement that a window can make acceptable (RFC 7323 2.3, RFC 5961 5.2). An old byte has such a one too:
 * stacks that read the acknowledgement of old segments (lwIP, libslirp) would take any other for our last ACK.
 */
#define OLD_ACK_BELOW (UINT32_C(1) << 30)

static nanos patience(const struct walk *walk)
{
    nanos trips = walk->rtt.smoothed == NANOS_NONE ? PATIENCE_UNKNOWN : 4 * walk->rtt.smoothed;

    if (trips < PATIENCE_LEAST)
        return PATIENCE_LEAST;
    return trips > PATIENCE_MOST ? PATIENCE_MOST : trips;
}

static bool is_fresh(const struct walk *walk)
{
    return walk->belief.proven_at != NANOS_NONE && walk->belief.proven_at > walk->probing.began_at;
}

static bool is_about(const struct claim *a, const struct claim *b)
{
    return a->to == b->to && a->otherwise == b->otherwise && a->certainty == b->certainty;
}

/* ---- which is next ---- */

static enum probe next_chosen(const struct walk *walk)
{
    const struct probing *probing = &walk->probing;
    const struct claim *claim = &walk->belief.claim;

    if (probing->unasked && probing->asked == 0 && probing->has_about && is_about(&probing->about, claim))
        return PROBE_NONE;
    return probe_choose(&walk->belief, probe_doubt(&walk->belief, probing->unasked || is_fresh(walk)), probing->asked);
}

static enum probe next_of_all(const struct walk *walk, enum probe from, enum probe to)
{
    for (unsigned kind = from; kind < to; kind++)
        if (!(walk->probing.asked >> kind & 1) && probe_fits(&walk->belief, (enum probe)kind))
            return (enum probe)kind;
    return PROBE_NONE;
}

/* The one that the scope names; PROBE_NONE where it names none. */
static enum probe named_by(enum probe_scope scope)
{
    switch (scope) {
    case PROBE_ONLY_OLD_BYTE:
        return PROBE_OLD_BYTE;
    case PROBE_ONLY_OLD_ACK:
        return PROBE_OLD_ACK;
    case PROBE_ONLY_BARE:
        return PROBE_BARE;
    case PROBE_ONLY_SYN_COPY:
        return PROBE_SYN_COPY;
    default:
        return PROBE_NONE;
    }
}

static enum probe next_probe(const struct walk *walk)
{
    enum probe named = named_by(walk->probing.scope);

    if (named != PROBE_NONE)
        return (walk->probing.asked >> named & 1) ? PROBE_NONE : named;
    switch (walk->probing.scope) {
    case PROBE_ALL:
        return next_of_all(walk, PROBE_OLD_BYTE, PROBE_NEW_BYTE);
    case PROBE_DESTRUCTIVE:
        return belief_says_gone(&walk->belief) ? PROBE_NONE : next_of_all(walk, PROBE_NEW_BYTE, PROBE_COUNT);
    default:
        return next_chosen(walk);
    }
}

/* ---- going on ---- */

void probing_start(struct walk *walk, enum probe_scope scope, bool unasked, nanos now)
{
    struct probing *probing = &walk->probing;

    *probing = (struct probing){
        .on = true,
        .unasked = unasked,
        .scope = scope,
        .kind = PROBE_NONE,
        .until = NANOS_NEVER,
        .seen_until = now + PATIENCE_LEAST,
        .limited_at = probing->limited_at,
        .made = probing->made,
        .began_at = walk->stamps.last,
        .about = probing->about,
        .has_about = probing->has_about,
    };
}

static void make_due(struct probing *probing, nanos now)
{
    probing->due = true;
    probing->at = now;
    probing->answers = 0;
    probing->tries++;
    if (probe_is_limited(probing->kind) && probing->limited_at != NANOS_NONE &&
        now < probing->limited_at + LIMITED_SPACING)
        probing->at = probing->limited_at + LIMITED_SPACING;
}

/* Where silence can be the answer asking again costs time and proves nothing. */
static unsigned tries_of(const struct walk *walk)
{
    const struct probing *probing = &walk->probing;

    if (probe_text(probing->kind)->risk || named_by(probing->scope) != PROBE_NONE)
        return 1;
    if (!probe_allows_silence(&walk->belief, probing->kind))
        return TRIES;
    return probing->unasked ? 1 : 2;
}

/* What has come of it, in words, where no claim says it. */
static void conclude(struct walk *walk)
{
    struct probing *probing = &walk->probing;
    const struct claim *claim = &walk->belief.claim;

    probing->on = false;
    probing->about = *claim;
    probing->has_about = true;
    if (probing->asked != 0 && probing->asked == probing->silent && !is_fresh(walk))
        walk_note(walk, walk->stamps.last, "probe-unanswered",
                  "nothing answered: that proves nothing, for a probe or its answer may have been lost or filtered");
    else if (probing->unasked)
        return;
    else if (is_fresh(walk) && probing->claims == 0)
        walk_note(walk, walk->stamps.last, "probe-confirms", "the answer proves it once more");
    else if (is_fresh(walk) && claim->certainty != PRESUMED && state_count(claim->to) > 1)
        walk_note(walk, walk->stamps.last, "probe-undecided",
                  "no answer to a harmless probe tells these states apart, or none came");
}

bool probing_is_done(struct walk *walk, nanos now)
{
    struct probing *probing = &walk->probing;

    if (!probing->on)
        return true;
    if (probing->kind != PROBE_NONE) {
        if (probing->due || (probing->answers == 0 && now < probing->until))
            return false;
        if (probing->answers == 0 && probing->tries < tries_of(walk)) {
            make_due(probing, now);
            return false;
        }
        probing->asked |= 1u << probing->kind;
        if (probing->answers == 0)
            probing->silent |= 1u << probing->kind;
        probing->kind = PROBE_NONE;
        probing->seen_until = now + PATIENCE_LEAST;
    }
    /* What left may move the peer: the belief is to know of it. */
    probing->until = probing->seen_until;
    if (walk_awaits_capture(walk) && now < probing->seen_until)
        return false;
    /* It is another question now. */
    if (probing->moved && probing->scope == PROBE_CHOSEN && probing->renewals++ < RENEWALS)
        probing->asked = probing->silent = 0;
    probing->moved = false;
    probing->kind = next_probe(walk);
    probing->tries = 0;
    if (probing->kind == PROBE_NONE) {
        conclude(walk);
        return true;
    }
    if (probe_text(probing->kind)->risk)
        walk_note(walk, walk->stamps.last, "probe-destructive", probe_text(probing->kind)->risk);
    make_due(probing, now);
    return false;
}

nanos probing_wake(const struct probing *probing)
{
    if (!probing->on)
        return NANOS_NEVER;
    return probing->due ? probing->at : probing->until;
}

const char *probing_cannot(const struct walk *walk, enum probe_scope scope)
{
    const struct knowledge *known = &walk->belief.known;
    enum probe named = named_by(scope);

    if (!known->irs_known || !known->acked_any)
        return "a probe needs a connection: the peer has not acknowledged our SYN";
    if (named == PROBE_OLD_BYTE && !probe_fits(&walk->belief, named))
        return "an old byte could open the connection: some peers take it for the ACK of their SYN-ACK";
    if (named == PROBE_SYN_COPY && !probe_fits(&walk->belief, named))
        return "a copy of our SYN fits only while the peer is in SYN-RECEIVED: later on it could open another "
               "connection";
    return NULL;
}

/* ---- the segments ---- */

void probing_make(struct walk *walk, uint32_t tick, nanos now, struct segment *out, const uint8_t **payload)
{
    static const uint8_t byte[1] = {0};
    static const uint8_t flags[PROBE_COUNT] = {
        [PROBE_OLD_BYTE] = TCP_ACK,           [PROBE_OLD_ACK] = TCP_ACK, [PROBE_SYN_COPY] = TCP_SYN,
        [PROBE_NEW_BYTE] = TCP_ACK | TCP_PSH, [PROBE_SYN] = TCP_SYN,     [PROBE_RST] = TCP_RST,
    };
    struct probing *probing = &walk->probing;
    struct tcb *tcb = &walk->tcb;
    bool held = tcb->hold_acks, has_byte = probing->kind == PROBE_OLD_BYTE || probing->kind == PROBE_NEW_BYTE;

    *out = (struct segment){.flags = flags[probing->kind], .len = has_byte ? 1 : 0};
    *payload = byte;
    /* One with new numbers acknowledges only what was acknowledged before. */
    tcb->hold_acks = true;
    tcb_compose(tcb, tick, out);
    tcb->hold_acks = held;
    if (probing->kind == PROBE_OLD_BYTE)
        out->seq = tcb->snd_una - OLD_BYTE_BELOW - 2 * (probing->made % 256);
    else if (probing->kind == PROBE_OLD_ACK)
        out->seq = tcb->snd_una;
    else if (probing->kind == PROBE_BARE)
        out->seq = tcb->settings.iss - 1 - probing->made; /* never our SYN's, which may be refused late */
    else if (probing->kind == PROBE_SYN)
        out->seq = tcb->snd_max;
    else if (probing->kind == PROBE_RST)
        out->seq = tcb->snd_max + 1;
    /* A number of its own for each: what answers it answers no other. */
    if (segment_has(out, TCP_ACK) && probe_text(probing->kind)->risk == NULL)
        out->ack = tcb->irs + 1 - OLD_ACK_BELOW - probing->made;
    probing->made++;
    probing->moved = false;
    if (probe_text(probing->kind)->risk)
        tcb_left_by_hand(tcb, out);
    if (probe_is_limited(probing->kind))
        probing->limited_at = now;
    probing->due = false;
    probing->until = now + patience(walk);
}

bool probing_heard(struct walk *walk, const struct segment *segment, unsigned effects)
{
    struct probing *probing = &walk->probing;
    bool news = (effects & (TCB_OPENED | TCB_PROGRESS | TCB_DATA | TCB_FIN_ACKED | TCB_ITS_FIN | TCB_RESET |
                            TCB_REFUSED | TCB_ITS_SYN | TCB_GAP)) != 0;

    if (!probing->on || probing->kind == PROBE_NONE || probing->due || segment->len > 0)
        return false;
    /* Its first FIN, or an acknowledgement of something new, may have been on its way. */
    if (!news || (effects & (TCB_RESET | TCB_REFUSED)) || (probing->kind == PROBE_NEW_BYTE && (effects & TCB_PROGRESS)))
        probing->answers++;
    return probing->unasked && !news && !(segment->flags & (TCP_SYN | TCP_FIN));
}
