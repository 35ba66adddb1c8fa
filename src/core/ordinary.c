#include "core/ordinary.h"

#include "base/seq.h"
#include "core/classify.h"
#include "core/observed.h"

#define HALF_CIRCLE (UINT32_MAX / 2)

static bool is_stamped(const struct segment *segment)
{
    return (segment->options.present & TCP_OPT_TIMESTAMPS) != 0;
}

/* ---- when ---- */

/* Of our numbers: one SYN, no FIN, and the peer has all that it acknowledged. */
static bool ours_stand(const struct knowledge *known)
{
    const struct ours *ours = &known->ours;
    const struct range *taken = &ours->taken.at[0];

    return known->iss_known && ours->syn_count == 1 && !ours->syn_forgotten && ours->syns[0].seq == known->iss &&
           ours->fins.count == 0 && ours->late.count == 0 && ours->taken_fins.count == 0 && !known->ours_unseen &&
           ours->taken.count == 1 && known->acked_any && known->acked_max - taken->from <= taken->to - taken->from;
}

/* Of the peer's numbers: all that arrived is in order, and what we acknowledged is of that. */
static bool its_stand(const struct knowledge *known)
{
    return known->irs_known && known->in_order == known->heard_max && known->heard.count == 0 && !known->heard.rough &&
           known->heard_open && !known->its_fin_seen && known->ack_sent && known->ahead.count == 0 &&
           !known->has_stranger;
}

bool ordinary_stands(const struct belief *belief)
{
    const struct knowledge *known = &belief->known;
    const unsigned opened = SENT_SYN_ACK, moving = SENT_FIN | SENT_FIN_WITH_ACK | SENT_RST | SENT_SYN_RST;

    return its_stand(known) && ours_stand(known) && known->observed && known->drawing && known->opening_unstamped &&
           (known->may & opened) == opened && (known->sent & (opened | moving)) == opened &&
           belief->claim.likely == IN(ESTABLISHED) && (belief->proven_states & IN(ESTABLISHED)) &&
           !knowledge_may_reopen(known) && belief->possible == belief_reachable(belief, IN(ESTABLISHED));
}

/* Without bytes: it must show more than an answer in SYN-RECEIVED would, or a keep-alive of one that was joined there. */
static bool shows_open(const struct knowledge *known, const struct segment *segment)
{
    const struct own_syn *syn = &known->ours.syns[0];

    if (segment->ack - syn->seq <= syn->span)
        return false;
    return !known->joined || seq_lt(known->joined_its + 1, segment->seq) ||
           seq_lt(known->joined_ours + 1, segment->ack);
}

bool ordinary_can_be_received(const struct belief *belief, const struct segment *segment)
{
    const struct knowledge *known = &belief->known;
    const struct range *taken = &known->ours.taken.at[0];
    uint32_t last = segment->ack - 1 - taken->from; /* the last number that it acknowledges: we know that it has it */

    return segment->seq == known->heard_max && seq_lt(known->irs, segment->seq) &&
           seq_le(segment->seq, known->ack_max + known->window_max) && seq_le(known->acked_max, segment->ack) &&
           last < taken->to - taken->from && last <= HALF_CIRCLE &&
           segment->ack - known->ours.syns[0].seq - 1 < known->ours.syns[0].reach &&
           (!is_stamped(segment) || (known->tsval_seen && seq_le(known->tsval_max, segment->options.tsval))) &&
           (segment->len > 0 || shows_open(known, segment));
}

/* Could a peer that opens have to refuse the timestamp that it echoes (questions.c)? */
static bool echoes_oddly(const struct knowledge *known, const struct segment *segment)
{
    return known->its_syn_alone && known->tsval_seen && is_stamped(segment) &&
           (seq_lt(segment->options.tsecr, known->its_tsval) || seq_lt(known->tsval_max, segment->options.tsecr));
}

bool ordinary_can_be_sent(const struct belief *belief, const struct segment *segment)
{
    const struct knowledge *known = &belief->known;
    const struct range *taken = &known->ours.taken.at[0];

    return segment->seq == taken->to && segment->seq + segment->len - taken->from <= HALF_CIRCLE &&
           seq_le(segment->seq, known->edge) && seq_lt(known->irs, segment->ack) &&
           seq_le(known->ack_max, segment->ack) && seq_le(segment->ack, known->heard_max) &&
           !echoes_oddly(known, segment);
}

/* ---- received ---- */

/* The states in which it can have been sent (classify_open()), with its reason. */
static state_set states_of(const struct knowledge *known, const struct segment *segment, bool *fin_unsent)
{
    bool is_news = !known->incomplete && seq_lt(known->acked_max, segment->ack) && known->answers_lately;
    state_set states = IN(ESTABLISHED) | IN(FIN_WAIT_1);

    *fin_unsent = segment->len == 0 && is_news && !classify_may_queue(known, segment);
    if (*fin_unsent)
        return IN(ESTABLISHED);
    if (segment->len == 0 && !is_news && (known->may & SENT_FIN_ACK))
        states |= IN(FIN_WAIT_2);
    return states;
}

/* What it acknowledges, its window, and whether it shows that all it had sent was acknowledged. */
static void note_ack(struct knowledge *known, const struct segment *segment)
{
    uint32_t window = segment->window;

    if (known->its_wscale_offered && known->wscale_offered)
        window <<= known->its_wscale;
    if (known->scale_unknown)
        window = WINDOW_LARGEST;
    if (seq_lt(known->edge, segment->ack + window))
        known->edge = segment->ack + window;
    known->acked_max = segment->ack;
    if (!known->all_acked_by.set && knowledge_is_echoed(known, &known->all_acked, segment))
        known->all_acked_by = (struct mark){
            .set = true, .ack = segment->ack, .tsval = segment->options.tsval, .has_tsval = is_stamped(segment)};
}

static void note_received(struct knowledge *known, const struct segment *segment)
{
    known->counts_packets = known->counts_packets || segment->ip_id != 0;
    if (segment->len > 0) {
        known->heard_max = known->in_order = segment->seq + segment->len;
        known->all_acked = (struct landmark){0};
        known->all_acked_by.set = false;
    }
    note_ack(known, segment);
    if (is_stamped(segment))
        known->tsval_max = segment->options.tsval;
}

/* Its application had not closed when this left, nor when that of ours left which it answers. */
static void note_fin_unsent(struct knowledge *known, const struct segment *segment)
{
    const struct landmark *opening = &known->syn_ack_ack;
    nanos at;

    /* Nothing that left is later than that. */
    if (known->fin_unsent_at >= known->stamped_at && known->fin_unsent_at >= opening->at &&
        !(segment->options.present & TCP_OPT_SACK))
        return;
    at = knowledge_answers_at(known, segment);
    if (opening->set && opening->at > at)
        at = opening->at;
    if (known->fin_unsent_at < at)
        known->fin_unsent_at = at;
}

unsigned ordinary_received(struct belief *belief, const struct segment *segment, unsigned n, nanos at,
                           struct claim out[CLAIMS_MAX])
{
    struct knowledge *known = &belief->known;
    struct claim *claim = &belief->claim;
    const struct own_syn *syn = &known->ours.syns[0];
    bool beyond_syn = segment->ack - syn->seq > syn->span, fin_unsent, news;
    state_set states;

    known->answers_lately = knowledge_left_lately(known, segment->ack, at);
    states = states_of(known, segment, &fin_unsent);
    note_received(known, segment);
    if (fin_unsent)
        note_fin_unsent(known, segment);
    news = claim->to != states || claim->certainty != PROVEN || claim->by_habit != NO_STATES ||
           claim->detail != DETAIL_NONE;
    *claim = (struct claim){
        .from = claim->to,
        .to = states,
        .likely = IN(ESTABLISHED),
        .certainty = PROVEN,
        .reason = segment->len > 0 ? REASON_DATA_SEEN : REASON_DATA_ACKED,
        .not_before = belief->proven_not_before,
        .not_after = at,
    };
    if (beyond_syn && known->data.set && !known->data.old)
        claim->evidence[claim->evidence_count++] = known->data.first;
    claim->evidence[claim->evidence_count++] = n;
    belief->proven_states = states;
    belief->proven_at = at;
    if (news)
        out[0] = *claim;
    if (known->heard_max - known->irs > SLIDE_BEYOND || known->acked_max - syn->seq > SLIDE_BEYOND)
        belief_slide(belief);
    return news ? 1 : 0;
}

/* ---- sent ---- */

/* Where it is ours that opens, the lowest timestamp of what opens it (knowledge.c). */
static void note_opening(struct knowledge *known, const struct segment *segment)
{
    if (!is_stamped(segment) || segment->seq != known->iss + 1 || known->ours.syns[0].span != 1)
        return;
    if (!known->opening_stamped || seq_lt(segment->options.tsval, known->opening_tsval))
        known->opening_tsval = segment->options.tsval;
    known->opening_stamped = true;
}

static void note_ours(struct knowledge *known, const struct segment *segment)
{
    struct own_syn *syn = &known->ours.syns[0];
    uint32_t end = segment->seq + segment->len, reach = end - syn->seq;
    uint32_t limit = WINDOW_LARGEST + (syn->adopted ? known->acked_max - syn->seq : 0);

    if (reach > syn->reach && reach <= limit)
        syn->reach = reach;
    if (segment->len > 0)
        ranges_add(&known->ours.text, segment->seq, end);
    known->ours.taken.at[0].to = end;
}

/* It can't be a receipt for that: an echo of it means something else. */
static void end_receipt(struct landmark *landmark, uint32_t tsval, bool highest)
{
    if (!highest)
        landmark->has_tsval = false;
    else if (!landmark->bounded) {
        landmark->bounded = true;
        landmark->until = tsval;
    }
}

/* As landmark_pass(), which has little to do most of the time. */
static void renew(struct landmark *landmark, const struct segment *segment, bool tsval_counts, unsigned n, nanos at)
{
    bool settled = landmark->set && landmark->first != 0 && !landmark->old;

    if (!settled || (tsval_counts && (!landmark->has_tsval || landmark->bounded))) {
        landmark_pass(landmark, segment, tsval_counts, n, at);
        return;
    }
    landmark->latest = n;
    landmark->latest_at = at;
}

/* As knowledge_note_landmarks(), of an acknowledgement that opens, and is none of a FIN. */
static void note_landmarks(struct knowledge *known, const struct segment *segment, unsigned n, nanos at)
{
    uint32_t tsval = segment->options.tsval, on = tsval - known->tsval_out;
    bool stamped = is_stamped(segment), acks_all = segment->ack == known->heard_max;
    bool highest = stamped && (!known->tsval_sent || (on != 0 && on <= TSVAL_JUMP));

    if (stamped)
        end_receipt(&known->fin_ack, tsval, highest);
    if (stamped && !acks_all)
        end_receipt(&known->all_acked, tsval, highest);
    renew(&known->syn_ack_ack, segment, highest, n, at);
    if (segment->len > 0)
        renew(&known->data, segment, false, n, at);
    if (highest && acks_all)
        landmark_pass(&known->all_acked, segment, true, n, at);
    if (stamped)
        knowledge_note_stamp(known, tsval, at);
}

void ordinary_sent(struct belief *belief, const struct segment *segment, unsigned n, nanos at)
{
    struct knowledge *known = &belief->known;

    knowledge_note_passed(known, segment, at);
    note_ours(known, segment);
    knowledge_note_window(known, segment);
    note_opening(known, segment);
    note_landmarks(known, segment, n, at);
    if (known->ack_max != segment->ack)
        known->ack_copies = 0;
    known->ack_copies += segment->len == 0;
    known->ack_max = segment->ack;
}
