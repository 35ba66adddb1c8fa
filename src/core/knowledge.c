#include "core/knowledge.h"

#include <stddef.h>

#include "base/seq.h"

/* Below this our window may keep the peer from sending at once (silly window avoidance, RFC 9293 3.8.6.2.1). */
#define WINDOW_ROOMY 4096

void knowledge_init(struct knowledge *known)
{
    *known = (struct knowledge){.open_rtt = NANOS_NONE};
}

bool knowledge_covers_fin(const struct knowledge *known, const struct segment *segment)
{
    return (known->sent & SENT_FIN) && segment->ack == known->fin_seq + 1;
}

bool knowledge_fin_acked(const struct knowledge *known)
{
    return (known->sent & SENT_FIN) && known->acked_any && seq_lt(known->fin_seq, known->acked_max);
}

bool landmark_is_echoed(const struct landmark *landmark, const struct segment *segment)
{
    return landmark->set && landmark->has_tsval && (segment->options.present & TCP_OPT_TIMESTAMPS) &&
           seq_le(landmark->tsval, segment->options.tsecr);
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

static void set_landmark(struct landmark *landmark, const struct segment *segment, unsigned n, nanos at)
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

static unsigned effects_of(const struct knowledge *known, const struct segment *segment)
{
    unsigned effects = 0;

    /* Only one in the range of what it can expect can end the connection; one that answers nonsense can't. */
    if (segment_has(segment, TCP_RST))
        return seq_lt(known->iss, segment->seq) && seq_le(segment->seq, known->sent_max) ? SENT_RST : 0;
    if (segment_has(segment, TCP_SYN))
        effects |= SENT_SYN;
    if (segment_has(segment, TCP_ACK) && known->irs_known && seq_lt(known->irs, segment->ack))
        effects |= SENT_SYN_ACK;
    if (segment_has(segment, TCP_ACK) && known->its_fin_seen && segment->ack == known->its_fin_seq + 1)
        effects |= SENT_FIN_ACK;
    if (segment_has(segment, TCP_FIN))
        effects |= (effects & SENT_FIN_ACK) ? SENT_FIN | SENT_FIN_WITH_ACK : SENT_FIN;
    return effects;
}

static void note_numbers(struct knowledge *known, const struct segment *segment)
{
    uint32_t end = segment->seq + segment_span(segment);

    if (segment_has(segment, TCP_RST))
        return;
    if (!(known->sent & SENT_SYN)) {
        if (segment_has(segment, TCP_SYN)) {
            known->iss = segment->seq;
            known->wscale_offered = (segment->options.present & TCP_OPT_WSCALE) != 0;
            known->wscale = segment->options.wscale;
        }
        known->sent_max = end;
    } else {
        known->sent_max = seq_max(known->sent_max, end);
    }
    if (segment_has(segment, TCP_ACK)) {
        known->ack_max = known->ack_sent ? seq_max(known->ack_max, segment->ack) : segment->ack;
        known->ack_sent = true;
    }
}

static void note_window(struct knowledge *known, const struct segment *segment)
{
    uint32_t window = segment->window;

    if (segment->flags & TCP_RST)
        return;
    if (!segment_has(segment, TCP_SYN) && known->wscale_offered && known->its_wscale_offered)
        window <<= known->wscale > 14 ? 14 : known->wscale;
    if (window < WINDOW_ROOMY)
        known->window_small = true;
    if (window > known->window_max)
        known->window_max = window;
}

static void note_fin(struct knowledge *known, const struct segment *segment, unsigned effects)
{
    bool lower = !(known->sent & SENT_FIN) || seq_lt(segment->ack, known->fin_ack_lowest);

    if (lower)
        known->fin_ack_lowest = segment->ack;
    known->fin_seq = segment->seq + segment->len;
    if (!(effects & SENT_FIN_WITH_ACK))
        known->fin_without_ack = true;
}

unsigned knowledge_sent(struct knowledge *known, const struct segment *segment, unsigned n, nanos at)
{
    unsigned effects = effects_of(known, segment);
    const struct {
        unsigned effect;
        struct landmark *landmark;
    } landmarks[] = {
        {SENT_SYN, &known->syn}, {SENT_SYN_ACK, &known->syn_ack_ack},
        {SENT_FIN, &known->fin}, {SENT_FIN_ACK, &known->fin_ack},
        {SENT_RST, &known->rst},
    };

    note_numbers(known, segment);
    note_window(known, segment);
    for (size_t i = 0; i < sizeof(landmarks) / sizeof(landmarks[0]); i++)
        if (effects & landmarks[i].effect)
            set_landmark(landmarks[i].landmark, segment, n, at);
    if (segment->len > 0)
        set_landmark(&known->data, segment, n, at);
    if ((effects & SENT_SYN_ACK) && segment->ack == known->heard_max)
        set_landmark(&known->all_acked, segment, n, at);
    if (effects & SENT_FIN)
        note_fin(known, segment, effects);
    known->sent |= effects;
    return effects;
}

/* ---- what arrived ---- */

/* The round trip of the SYN: to the copy that it echoes, or to the first, which is the longest it can have been. */
static void measure_open(struct knowledge *known, const struct segment *segment, nanos at)
{
    bool echoes_latest = known->syn.has_tsval && (segment->options.present & TCP_OPT_TIMESTAMPS) &&
                         segment->options.tsecr != known->syn.tsval;

    if (known->syn.set)
        known->open_rtt = at - (echoes_latest ? known->syn.latest_at : known->syn.at);
}

static void note_syn(struct knowledge *known, const struct segment *segment, nanos at)
{
    if (!known->irs_known) {
        known->irs_known = true;
        known->irs = segment->seq;
        known->heard_max = segment->seq + 1;
        known->its_wscale_offered = (segment->options.present & TCP_OPT_WSCALE) != 0;
    }
    if (!segment_has(segment, TCP_ACK))
        return;
    if (!known->syn_ack_seen)
        measure_open(known, segment, at);
    known->syn_ack_seen = true;
    known->its_syn_ack = mark_of(segment);
}

/* Whether this shows that the peer has got an acknowledgement of all it sent. */
static void note_all_acked(struct knowledge *known, const struct segment *segment)
{
    bool by_fin = knowledge_covers_fin(known, segment) && seq_le(known->heard_max, known->fin_ack_lowest);

    if (!known->all_acked_by.set && (by_fin || landmark_is_echoed(&known->all_acked, segment)))
        known->all_acked_by = mark_of(segment);
}

void knowledge_received(struct knowledge *known, const struct segment *segment, nanos at)
{
    uint32_t end = segment->seq + segment_span(segment);

    if (segment_has(segment, TCP_RST))
        return;
    if (segment_has(segment, TCP_SYN))
        note_syn(known, segment, at);
    if (seq_lt(known->heard_max, end)) {
        known->heard_max = end;
        known->all_acked.set = false;
        known->all_acked_by.set = false;
    }
    if (segment_has(segment, TCP_ACK)) {
        known->acked_max = known->acked_any ? seq_max(known->acked_max, segment->ack) : segment->ack;
        known->acked_any = true;
        note_all_acked(known, segment);
    }
    if (segment->options.present & TCP_OPT_TIMESTAMPS) {
        known->tsval_max =
            known->tsval_seen ? seq_max(known->tsval_max, segment->options.tsval) : segment->options.tsval;
        known->tsval_seen = true;
    }
    if (segment_has(segment, TCP_FIN)) {
        known->its_fin_seen = true;
        known->its_fin_seq = end - 1;
        known->its_fin = mark_of(segment);
    }
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
