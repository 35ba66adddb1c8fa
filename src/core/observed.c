#include "core/observed.h"

#include <stddef.h>

#include "base/seq.h"

void belief_init_observed(struct belief *belief, bool opens)
{
    if (opens)
        belief_init_passive(belief);
    else
        belief_init(belief);
    belief->known.observed = true;
    /* Whatever it waits for can have passed unseen. */
    belief->known.may = SENT_SYN_ACK | SENT_FIN_ACK;
    belief->known.opening_unstamped = belief->known.drawing = true;
}

/* Without one of the SYNs windows can't be read, and every state may be the one that it was in. */
static void join(struct belief *belief)
{
    struct knowledge *known = &belief->known;

    if (known->joined)
        return;
    known->joined = known->scale_unknown = known->incomplete = true;
    known->heard_open = true;
    known->awaited = false;
    known->fin_acks = false;
    known->fin_without_ack = true;
    known->joined_its = known->irs + 1;
    known->joined_ours = known->iss + 1;
    /* No round trip is known: what comes within this time may have crossed. */
    if (known->open_rtt == NANOS_NONE)
        known->open_rtt = NANOS_PER_S;
    belief->possible = ALL_STATES;
}

/* Lets it be presumed that the peer is there, or in another of all these, because of segment n. */
static void presume(struct belief *belief, state_set from, state_set likely, state_set all, enum reason reason,
                    unsigned n)
{
    belief->claim = (struct claim){
        .from = from,
        .to = likely,
        .likely = likely,
        .otherwise = all & (state_set)~likely,
        .certainty = PRESUMED,
        .reason = reason,
        .not_before = NANOS_NONE,
        .not_after = NANOS_NEVER,
        .evidence = {n},
        .evidence_count = 1,
    };
}

void belief_join_its(struct belief *belief, uint32_t number, bool ended, unsigned n)
{
    struct knowledge *known = &belief->known;

    join(belief);
    known->irs_known = true;
    known->irs = number - 1 - JOINED_SPAN;
    known->heard_max = number;
    known->in_order = ended ? number - 1 : number;
    known->heard = (struct ranges){0};
    known->joined_its = number;
    if (ended)
        ranges_add(&known->ahead, number, number + 1);
    presume(belief, belief->claim.evidence_count > 0 ? belief->claim.to : NO_STATES, IN(ESTABLISHED), ALL_STATES,
            REASON_JOINED, n);
}

void belief_join_ours(struct belief *belief, uint32_t number, bool ended)
{
    struct knowledge *known = &belief->known;

    join(belief);
    known->iss_known = true;
    known->iss = number - 1 - JOINED_SPAN;
    known->joined_ours = number;
    known->ours = (struct ours){.syn_count = 1};
    known->ours.syns[0] = (struct own_syn){
        .seq = known->iss,
        .span = 1,
        .reach = JOINED_SPAN + 1,
        .alone = true,
        .with_ack = true,
        .adopted = true,
        .left = {.at = NANOS_NONE, .latest_at = NANOS_NONE},
    };
    known->acked_any = true;
    known->acked_max = ended ? number - 1 : number;
    known->edge = number + WINDOW_LARGEST;
    ranges_add(&known->ours.taken, number - 1, number);
    known->may |= SENT_SYN | SENT_SYN_WITH_ACK;
    known->ours_unseen = ended;
    known->ours_unseen_end = number;
    known->fin_acks = false;
    known->fin_without_ack = true;
}

void belief_missed_ours(struct belief *belief, uint32_t to)
{
    struct knowledge *known = &belief->known;
    struct segment unseen = {.flags = TCP_ACK};

    if (known->ours.syn_count == 0)
        return;
    /* Whichever of several SYNs counts: what lies beyond all that was seen. */
    unseen.seq = known->ours.syns[0].seq + known->ours.syns[0].reach;
    for (unsigned i = 1; i < known->ours.syn_count; i++)
        unseen.seq = seq_max(unseen.seq, known->ours.syns[i].seq + known->ours.syns[i].reach);
    if (seq_le(to, unseen.seq))
        return;
    unseen.len = to - unseen.seq;
    ours_note(&known->ours, &unseen, known->acked_any ? &known->acked_max : NULL, false, 0, NANOS_NONE);
    known->ours_unseen = true;
    known->ours_unseen_end = to;
    known->fin_acks = false;
    known->fin_without_ack = true;
    belief->possible = belief_reachable(belief, belief->possible);
}

void belief_missed_its(struct belief *belief, uint32_t to)
{
    struct knowledge *known = &belief->known;

    if (!known->irs_known || seq_le(to, known->heard_max) || known->its_fin_seen)
        return;
    known->heard_max = to;
    known->all_acked = (struct landmark){0};
    known->all_acked_by.set = false;
    ranges_add(&known->ahead, to, to + 1);
    belief->possible = belief_reachable(belief, belief->possible);
}

void belief_resumed_ours(struct belief *belief, uint32_t to)
{
    struct knowledge *known = &belief->known;

    if (known->ours_unseen && seq_le(known->ours_unseen_end, to))
        known->ours_unseen = false;
}

void belief_resumed_its(struct belief *belief, uint32_t from)
{
    struct knowledge *known = &belief->known;

    if (!known->irs_known || seq_le(from, known->in_order) || seq_lt(known->heard_max, from) || known->its_fin_seen)
        return;
    known->in_order = known->heard.rough ? from : ranges_end(&known->heard, from);
    ranges_cut(&known->heard, known->in_order);
    ranges_cut(&known->ahead, from + 1);
}

void belief_note_reopening(struct belief *belief, bool reopening)
{
    belief->known.reopening = reopening;
}

unsigned belief_doubt(struct belief *belief, unsigned n, struct claim *out)
{
    const struct claim *standing = &belief->claim;
    state_set before = standing->to | standing->otherwise, likely = standing->likely;
    /* It has sent more than a SYN. */
    state_set all = belief_reachable(belief, before) & (state_set)~IN(SYN_SENT);

    if (likely & (IN(SYN_SENT) | IN(SYN_RECEIVED)))
        likely = IN(ESTABLISHED);
    if (likely == standing->likely && all == before)
        return 0;
    presume(belief, standing->to, likely, all, REASON_UNSEEN, n);
    *out = belief->claim;
    return 1;
}

unsigned belief_presume_gone(struct belief *belief, unsigned n, struct claim *out)
{
    const struct claim *standing = &belief->claim;

    if ((standing->likely & IN(CLOSED)) && standing->evidence_count > 0)
        return 0;
    presume(belief, standing->to, IN(CLOSED), standing->to | standing->otherwise | IN(LISTEN), REASON_RST_NO_CONNECTION,
            n);
    *out = belief->claim;
    return 1;
}

void belief_slide(struct belief *belief)
{
    struct knowledge *known = &belief->known;
    struct own_syn *syn = &known->ours.syns[0];

    if (known->irs_known && known->heard_max - known->irs > SLIDE_BEYOND) {
        known->irs = known->heard_max - 1 - JOINED_SPAN;
        if (known->joined && known->heard_max - known->joined_its > JOINED_SPAN)
            known->joined_its = known->irs + 1;
    }
    if (known->iss_known && known->acked_any && known->ours.syn_count == 1 &&
        known->acked_max - syn->seq > SLIDE_BEYOND) {
        uint32_t top = syn->seq + syn->reach;
        known->iss = syn->seq = known->acked_max - 1 - JOINED_SPAN;
        if (known->joined && known->acked_max - known->joined_ours > JOINED_SPAN)
            known->joined_ours = known->iss + 1;
        syn->reach = top - syn->seq;
        ranges_cut(&known->ours.text, known->iss);
        ranges_cut(&known->ours.taken, known->iss);
        ranges_cut(&known->asked_acks, known->irs);
        ranges_cut(&known->asked_ends, known->iss);
    }
}
