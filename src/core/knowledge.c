#include "core/knowledge.h"

#include <stddef.h>

#include "base/seq.h"
#include "core/effects.h"

/* Below this our window may keep the peer from sending at once (silly window avoidance, RFC 9293 3.8.6.2.1). */
#define WINDOW_ROOMY 4096

/* SYN-RECEIVED is not given up sooner: the first SYN-ACK is repeated after a second (RFC 6298 2.1). */
#define SYN_RECEIVED_LIFE NANOS_PER_S

/* Half of the circle: what lies in front of a number. */
#define FORWARD (UINT32_C(1) << 31)

void knowledge_init(struct knowledge *known)
{
    *known = (struct knowledge){.open_rtt = NANOS_NONE, .fin_acks = true, .fin_unsent_at = NANOS_NONE};
}

unsigned knowledge_counts_from(const struct knowledge *known, uint32_t ack)
{
    unsigned bits = ours_syns_behind(&known->ours, ack);

    for (unsigned i = 0; known->iss_known && i < known->ours.syn_count; i++)
        if (known->ours.syns[i].seq != known->iss)
            bits &= ~(1u << i);
    return bits;
}

bool knowledge_reopens(const struct knowledge *known, unsigned index)
{
    const struct own_syn *syn = &known->ours.syns[index];

    /* One SYN with another number may have ended what a copy of the first then began anew. */
    return syn->alone && (syn->again || known->ours.syn_count > 1 || known->ours.syn_forgotten);
}

bool knowledge_may_reopen(const struct knowledge *known)
{
    for (unsigned i = 0; i < known->ours.syn_count; i++)
        if (knowledge_reopens(known, i))
            return true;
    return known->ours.syn_forgotten;
}

bool knowledge_fin_was_first(const struct knowledge *known)
{
    const struct ours *ours = &known->ours;

    return known->its_fin_seen && ours->fins.count == 1 && ours->fins.at[0].to - ours->fins.at[0].from == 1 &&
           !ours->fins.rough && ours->late.count == 0 && ours->syn_count == 1 && !known->ours_unseen &&
           !known->overacked && seq_le(known->its_fin_ack, ours->fins.at[0].from);
}

enum cover knowledge_covers_fin(const struct knowledge *known, uint32_t ack)
{
    const struct ours *ours = &known->ours;

    if (known->ours_unseen && ack == known->ours_unseen_end)
        return COVERS_PERHAPS;
    if (ours->fins.count == 0 && ours->late.count == 0) /* as long as nothing is closed */
        return COVERS_NOT;
    if (!ranges_have(&ours->fins, ack - 1)) {
        /* Bytes behind a FIN: Linux takes them with it when it holds both (measured). */
        for (unsigned i = 0; i < ours->fins.count; i++)
            if (seq_lt(ours->fins.at[i].from, ack) && ours_syn_acked(ours, ack) < 0 &&
                ranges_meet(&ours->text, ours->fins.at[i].to, ack))
                return COVERS_PERHAPS;
        if (known->overacked && ours->fins.count > 0)
            return COVERS_PERHAPS;
        return ranges_have(&ours->late, ack - 1) && knowledge_may_reopen(known) ? COVERS_PERHAPS : COVERS_NOT;
    }
    if (known->overacked)
        return COVERS_PERHAPS;
    if (known->cookie_shift && known->iss_known && ack - 2 - known->iss <= COOKIE_SHIFT)
        return COVERS_PERHAPS;
    return ours->fins.rough || ranges_have(&ours->text, ack - 1) ? COVERS_PERHAPS : COVERS;
}

bool knowledge_may_have_received_syn(const struct knowledge *known)
{
    return !known->its_syn_alone || (known->may & SENT_SYN);
}

bool knowledge_may_have_acked_fin(const struct knowledge *known)
{
    if ((known->may & SENT_FIN_ACK) || (known->ahead.count && knowledge_may_reopen(known)))
        return true;
    if (known->its_fin_seen)
        return ranges_have(&known->ahead, known->its_fin_seq + 1);
    return known->irs_known && ranges_meet(&known->ahead, known->in_order, known->in_order + FORWARD);
}

state_set knowledge_reachable(const struct knowledge *known, state_set from)
{
    unsigned may = known->may;

    if (known->awaited && !known->irs_known)
        may |= AWAITS_OPEN;
    if (knowledge_may_have_acked_fin(known))
        may |= SENT_FIN_ACK;
    /* Seen by a third party: whatever moves it can have passed unseen. */
    if (known->observed)
        may |= SENT_SYN_WITH_ACK | SENT_SYN_ACK | SENT_FIN | SENT_FIN_ACK;
    /* A late copy of the SYN that it has answered would start another connection. */
    if ((may & SENT_SYN) && (knowledge_may_reopen(known) || !known->acked_any))
        may |= LISTENER_OPENS;
    return moves_possible(from, may);
}

bool mark_is_before(const struct mark *mark, const struct segment *segment)
{
    if (!mark->set)
        return false;
    return seq_lt(mark->ack, segment->ack) || (mark->has_tsval && (segment->options.present & TCP_OPT_TIMESTAMPS) &&
                                               seq_lt(mark->tsval, segment->options.tsval));
}

static struct mark mark_of(const struct segment *segment)
{
    return (struct mark){
        .set = true,
        .ack = segment->ack,
        .tsval = segment->options.tsval,
        .has_tsval = (segment->options.present & TCP_OPT_TIMESTAMPS) != 0,
    };
}

/* ---- what left ---- */

static void note_iss(struct knowledge *known, const struct segment *segment)
{
    const struct ours *ours = &known->ours;
    bool offers = (segment->options.present & TCP_OPT_WSCALE) != 0;

    if (ours->syn_count == 1 && !ours->syn_forgotten && !known->iss_known) {
        known->iss = segment->seq;
        known->iss_known = true;
        known->wscale_offered = offers;
        known->wscale = segment->options.wscale;
        known->mss_offered = (segment->options.present & TCP_OPT_MSS) ? segment->options.mss : 0;
        known->sack_offered = (segment->options.present & TCP_OPT_SACK_PERMITTED) != 0;
        ours_adopt(&known->ours, 0);
    } else if (known->iss_known && segment->seq != known->iss && !known->acked_any) {
        known->iss_known = false;
        ours_adopt(&known->ours, -1);
    }
    /* Nobody knows how the peer reads our windows when we told it two ways. */
    if (offers != known->wscale_offered || (offers && segment->options.wscale != known->wscale)) {
        known->window_small = true;
        known->wscale_offered = known->wscale_offered || offers;
        if (offers && known->wscale < segment->options.wscale)
            known->wscale = segment->options.wscale;
    }
}

/*
 * An acknowledgement of its SYN. A peer that it opens the connection at takes its timestamp (RFC 7323 4.3), if it stands at
 * the first number: what lies beyond that is not noted yet, and what lies before it some stacks read all the same (lwIP).
 */
static void note_opening(struct knowledge *known, const struct segment *segment, unsigned effects)
{
    if (!(effects & SENT_SYN_ACK))
        return;
    if (known->iss_known && known->ours.syns[0].span == 1 && segment->seq - known->iss - 2 < COOKIE_SHIFT &&
        !known->heard_open && !known->its_syn_alone)
        known->cookie_shift = true;
    if (!(segment->options.present & TCP_OPT_TIMESTAMPS) || !known->iss_known || segment->seq != known->iss + 1 ||
        known->ours.syn_count != 1 || known->ours.syns[0].span != 1) {
        known->opening_unstamped = true;
        return;
    }
    if (!known->opening_stamped || seq_lt(segment->options.tsval, known->opening_tsval))
        known->opening_tsval = segment->options.tsval;
    known->opening_stamped = true;
}

static void note_ack(struct knowledge *known, const struct segment *segment)
{
    if (!segment_has(segment, TCP_ACK) || !known->irs_known || seq_le(segment->ack, known->irs))
        return;
    known->courted = known->courted || (known->has_stranger && segment->ack == known->stranger + 1);
    if (seq_lt(known->in_order, segment->ack))
        ranges_add(&known->ahead, segment->ack, segment->ack + 1);
    if (seq_lt(known->heard_max, segment->ack))
        return;
    if (!known->ack_sent || known->ack_max != segment->ack)
        known->ack_copies = 0;
    known->ack_copies += segment_span(segment) == 0;
    known->ack_max = known->ack_sent ? seq_max(known->ack_max, segment->ack) : segment->ack;
    known->ack_sent = true;
}

void knowledge_note_window(struct knowledge *known, const struct segment *segment)
{
    uint32_t window = segment->window;

    if (!segment_has(segment, TCP_SYN) && known->wscale_offered && known->its_wscale_offered)
        window <<= known->wscale > 14 ? 14 : known->wscale;
    if (window < WINDOW_ROOMY)
        known->window_small = true;
    if (segment_has(segment, TCP_ACK) && (!known->roomed || seq_lt(known->room_end, segment->ack + window))) {
        known->room_end = segment->ack + window;
        known->roomed = true;
    }
    if (known->scale_unknown)
        window = WINDOW_LARGEST;
    if (window > known->window_max)
        known->window_max = window;
}

bool knowledge_gave_room(const struct knowledge *known)
{
    /* A window that passed unseen may have been a small one, but its right edge does not go back. */
    if (known->incomplete)
        return known->roomed && seq_le(known->heard_max + WINDOW_ROOMY, known->room_end);
    return !known->window_small;
}

static void note_fin(struct knowledge *known, const struct segment *segment)
{
    bool first = !(known->may & SENT_FIN), acks = segment_has(segment, TCP_ACK) && known->irs_known;
    uint32_t ack = segment->ack;

    /* A copy may have passed unseen before: it acknowledged no less than what came before that. */
    if (known->observed) {
        acks = acks && known->ack_sent;
        ack = known->ack_max;
    }
    if (!acks || seq_le(ack, known->irs) || seq_lt(known->heard_max, ack))
        known->fin_acks = false;
    else if (first || seq_lt(ack, known->fin_ack_lowest))
        known->fin_ack_lowest = ack;
    if (!acks || !known->its_fin_seen || ack != known->its_fin_seq + 1)
        known->fin_without_ack = true;
}

/*
 * Can a copy of our SYN that leaves now open another connection? Not while the peer holds the one that it answered:
 * no acknowledgement or RST of ours has taken it any further, and its time is not up.
 */
static bool may_begin_again(const struct knowledge *known, nanos at)
{
    if (!known->acked_any)
        return false;
    return known->ack_sent || known->reset_sent || !known->syn_ack_seen || at - known->syn_ack_at >= SYN_RECEIVED_LIFE;
}

unsigned knowledge_sent(struct knowledge *known, const struct segment *segment, bool doubtful, unsigned n, nanos at)
{
    unsigned may = effects_possible(known, segment), expected = 0;
    bool reset = segment_has(segment, TCP_RST);

    if (known->observed && !reset)
        knowledge_note_passed(known, segment, at);
    knowledge_note_asked(known, segment, at);
    ours_note(&known->ours, segment, known->acked_any ? &known->acked_max : NULL, may_begin_again(known, at), n, at);
    if (!reset && segment_has(segment, TCP_SYN))
        note_iss(known, segment);
    /* Seen by a third party: the first copy may have passed unseen, and this one repeats it. */
    if (!reset && segment_has(segment, TCP_FIN) && known->observed)
        ranges_add(&known->ours.fins, segment_fin_seq(segment), segment_fin_seq(segment) + 1);
    if (!doubtful)
        expected = effects_expected(known, segment);
    if (!reset) {
        knowledge_note_window(known, segment);
        note_opening(known, segment, may | expected);
        if (segment_has(segment, TCP_FIN))
            note_fin(known, segment);
    }
    known->reset_sent = known->reset_sent || reset;
    knowledge_note_landmarks(known, segment, may | expected, expected, n, at);
    if (!reset)
        note_ack(known, segment);
    known->may |= may | expected;
    known->sent |= expected;
    return expected;
}

/* ---- what arrived ---- */

/* The round trip of the SYN: to the copy that it echoes, or to the first, which is the longest it can have been. */
static void measure_open(struct knowledge *known, const struct own_syn *syn, const struct segment *segment, nanos at)
{
    const struct landmark *left = &syn->left;
    bool echoes_latest =
        left->has_tsval && (segment->options.present & TCP_OPT_TIMESTAMPS) && segment->options.tsecr != left->tsval;

    known->open_rtt = at - (echoes_latest ? left->latest_at : left->at);
}

static void note_syn(struct knowledge *known, const struct segment *segment, nanos at)
{
    if (!known->irs_known) {
        knowledge_forget_questions(known);
        known->irs_known = true;
        known->irs = segment->seq;
        known->heard_max = segment->seq + 1;
        known->in_order = segment->seq + 1;
        known->heard = (struct ranges){0};
        known->its_sack_offered = (segment->options.present & TCP_OPT_SACK_PERMITTED) != 0;
        known->its_wscale_offered = (segment->options.present & TCP_OPT_WSCALE) != 0;
        known->its_wscale = segment->options.wscale > 14 ? 14 : segment->options.wscale;
    }
    if (!segment_has(segment, TCP_ACK)) {
        known->its_syn_alone = true;
        return;
    }
    if (!known->its_syn_alone)
        known->refusing &= (state_set)~IN(SYN_SENT);
    if (!known->syn_ack_seen)
        known->syn_ack_at = at;
    known->syn_ack_seen = true;
    known->its_syn_ack = mark_of(segment);
}

/* Which of our SYNs it took, if that was open. */
static void note_own_syn(struct knowledge *known, const struct segment *segment, nanos at)
{
    unsigned bits = knowledge_counts_from(known, segment->ack);
    int index = 0;

    /* The same number of its own for another SYN of ours: a SYN cookie, and it may mean either. */
    if (bits == 0 && segment_has(segment, TCP_SYN)) {
        known->iss_known = false;
        ours_adopt(&known->ours, -1);
        return;
    }
    if (bits == 0 || (bits & (bits - 1)) != 0 || (known->iss_known && known->acked_any))
        return;
    while (!(bits >> index & 1))
        index++;
    if (!known->iss_known) {
        known->iss = known->ours.syns[index].seq;
        known->iss_known = !known->ours.syn_forgotten;
        known->acked_any = false;
        known->ours.taken = (struct ranges){0};
        ours_adopt(&known->ours, known->iss_known ? index : -1);
    }
    if (known->open_rtt == NANOS_NONE && known->ours.syns[index].left.set)
        measure_open(known, &known->ours.syns[index], segment, at);
}

/* Whether this shows that the peer has got an acknowledgement of all it sent. */
static void note_all_acked(struct knowledge *known, const struct segment *segment)
{
    bool by_fin = knowledge_covers_fin(known, segment->ack) == COVERS && known->fin_acks &&
                  seq_le(known->heard_max, known->fin_ack_lowest);

    if (!known->all_acked_by.set && (by_fin || knowledge_is_echoed(known, &known->all_acked, segment)))
        known->all_acked_by = mark_of(segment);
}

static void note_its_ack(struct knowledge *known, const struct segment *segment)
{
    uint32_t window = segment->window, ack = segment->ack;

    if (!segment_has(segment, TCP_SYN) && known->its_wscale_offered && known->wscale_offered)
        window <<= known->its_wscale;
    if (known->scale_unknown)
        window = WINDOW_LARGEST;
    if (!known->acked_any || seq_lt(known->edge, ack + window))
        known->edge = ack + window;
    known->acked_max = known->acked_any ? seq_max(known->acked_max, ack) : ack;
    known->acked_any = true;
    if (ack != known->acked_max)
        return;
    ranges_add(&known->ours.taken, ack - 1, ack);
    note_all_acked(known, segment);
}

static void note_heard(struct knowledge *known, uint32_t from, uint32_t to)
{
    if (seq_lt(known->in_order, from))
        ranges_add(&known->heard, from, to);
    else
        known->in_order = seq_max(known->in_order, to);
    if (!known->heard.rough)
        known->in_order = ranges_end(&known->heard, known->in_order);
    ranges_cut(&known->heard, known->in_order);
}

void knowledge_received(struct knowledge *known, const struct segment *segment, nanos at)
{
    uint32_t end = segment->seq + segment_span(segment);

    knowledge_note_answer(known, segment, at);
    if (segment_has(segment, TCP_RST))
        return;
    if (segment_has(segment, TCP_SYN))
        note_syn(known, segment, at);
    if (segment_has(segment, TCP_ACK))
        note_own_syn(known, segment, at);
    known->heard_open = known->heard_open || !segment_has(segment, TCP_SYN);
    note_heard(known, segment->seq, end);
    if (seq_lt(known->heard_max, end)) {
        known->heard_max = end;
        known->all_acked = (struct landmark){0};
        known->all_acked_by.set = false;
    }
    if (segment_has(segment, TCP_ACK))
        note_its_ack(known, segment);
    if (segment->options.present & TCP_OPT_TIMESTAMPS) {
        if (!known->tsval_seen)
            known->its_tsval = segment->options.tsval;
        known->tsval_max =
            known->tsval_seen ? seq_max(known->tsval_max, segment->options.tsval) : segment->options.tsval;
        known->tsval_seen = true;
    }
    if (segment_has(segment, TCP_FIN)) {
        if (!known->its_fin_seen)
            known->its_fin_at = at;
        if (!known->its_fin_seen || known->its_fin_seq != end - 1 || seq_lt(segment->ack, known->its_fin_ack))
            known->its_fin_ack = segment->ack;
        known->its_fin_seen = true;
        known->its_fin_seq = end - 1;
        known->its_fin = mark_of(segment);
    }
}

void knowledge_note_stranger(struct knowledge *known, const struct segment *syn)
{
    if (!known->irs_known || !segment_has(syn, TCP_ACK) || syn->seq == known->irs)
        return;
    known->stranger = syn->seq;
    known->has_stranger = true;
}

/* What is known of a landmark's time stays true; its number means nothing to the new connection. */
static void make_old(struct landmark *landmark)
{
    landmark->old = landmark->set;
    landmark->has_tsval = false;
}

void knowledge_restart(struct knowledge *known, const struct segment *syn)
{
    struct landmark *const landmarks[] = {&known->syn_ack_ack, &known->data, &known->fin, &known->fin_ack, &known->rst};
    int index = segment_has(syn, TCP_ACK) ? ours_syn_acked(&known->ours, syn->ack) : -1;

    known->sent = 0;
    known->iss_known = index < 0 && known->ours.syn_count == 1 && !known->ours.syn_forgotten;
    if (index >= 0) {
        known->iss = known->ours.syns[index].seq;
        known->iss_known = true;
    }
    ours_adopt(&known->ours, known->iss_known && index < 0 ? 0 : index);
    ours_restart(&known->ours);
    known->ack_sent = known->irs_known = known->its_syn_alone = known->acked_any = known->syn_ack_seen = false;
    known->its_fin_seen = known->tsval_seen = known->counts_packets = false;
    known->fin_unsent_at = NANOS_NONE;
    known->old_byte = (struct asked){0};
    known->opening_stamped = known->heard_open = known->cookie_shift = known->overacked = false;
    known->opening_unstamped = known->drawing = true; /* what left before this connection can still arrive */
    known->fin_acks = !(known->may & SENT_FIN);
    known->fin_without_ack = (known->may & SENT_FIN) != 0;
    known->order = FIN_ORDER_UNKNOWN;
    known->its_syn_ack = known->its_fin = known->all_acked_by = (struct mark){0};
    known->all_acked = (struct landmark){0};
    for (unsigned i = 0; i < sizeof(landmarks) / sizeof(landmarks[0]); i++)
        make_old(landmarks[i]);
    known->open_rtt = NANOS_NONE;
}

void knowledge_note_loss(struct knowledge *known)
{
    known->sent &= ~(unsigned)(SENT_RST | SENT_SYN_RST | SENT_BACK_TO_LISTEN);
    known->ours.taken = (struct ranges){0};
    if (known->acked_any)
        ranges_add(&known->ours.taken, known->acked_max - 1, known->acked_max);
}

/* The same timestamp as the copy before: the network repeated it, a TCP would have waited longer than a tick. */
static bool is_copy(const struct mark *mark, const struct segment *segment)
{
    return mark->set && mark->has_tsval && mark->ack == segment->ack &&
           (segment->options.present & TCP_OPT_TIMESTAMPS) && mark->tsval == segment->options.tsval;
}

bool knowledge_is_older(const struct knowledge *known, const struct segment *segment)
{
    if (segment_has(segment, TCP_RST))
        return false;
    if (segment_has(segment, TCP_SYN | TCP_ACK) && is_copy(&known->its_syn_ack, segment))
        return true;
    if (segment_has(segment, TCP_FIN) && is_copy(&known->its_fin, segment))
        return true;
    if (known->acked_any && segment_has(segment, TCP_ACK) && seq_lt(segment->ack, known->acked_max))
        return true;
    return known->tsval_seen && (segment->options.present & TCP_OPT_TIMESTAMPS) &&
           seq_lt(segment->options.tsval, known->tsval_max);
}
