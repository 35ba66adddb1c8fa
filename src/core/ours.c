#include "core/ours.h"

#include <stddef.h>
#include <string.h>

#include "base/seq.h"

uint32_t segment_fin_seq(const struct segment *segment)
{
    return segment->seq + segment_span(segment) - 1;
}

/* The row of this initial number: a new one takes the place of the oldest when there is no room. */
static struct own_syn *row_of(struct ours *ours, const struct segment *segment)
{
    for (unsigned i = 0; i < ours->syn_count; i++)
        if (ours->syns[i].seq == segment->seq)
            return &ours->syns[i];
    if (ours->syn_count == OWN_SYNS) {
        unsigned oldest = ours->syns[0].adopted ? 1 : 0;
        ours->syn_count--;
        memmove(&ours->syns[oldest], &ours->syns[oldest + 1], (ours->syn_count - oldest) * sizeof(ours->syns[0]));
        ours->syn_forgotten = true;
    }
    ours->syns[ours->syn_count] = (struct own_syn){
        .seq = segment->seq,
        .has_wscale = (segment->options.present & TCP_OPT_WSCALE) != 0,
        .wscale = segment->options.wscale,
    };
    return &ours->syns[ours->syn_count++];
}

static void note_syn(struct ours *ours, const struct segment *segment, bool again, unsigned n, nanos at)
{
    struct own_syn *syn = row_of(ours, segment);
    uint32_t span = segment_span(segment);

    /* A copy that takes other numbers than the first is none. */
    again = again || (syn->left.set && syn->span != span);
    syn->again = syn->again || (syn->left.set && syn->span != span);
    if (syn->span < span)
        syn->span = span;
    if (segment_has(segment, TCP_ACK)) {
        syn->with_ack = true;
    } else {
        syn->alone = true;
        syn->again = syn->again || again;
    }
    landmark_pass(&syn->left, segment, (segment->options.present & TCP_OPT_TIMESTAMPS) != 0, n, at);
}

/* Numbers further on than the largest window are never taken. */
static void note_reach(struct own_syn *syn, uint32_t end, const uint32_t *acked)
{
    uint32_t limit = WINDOW_LARGEST + (syn->adopted && acked ? *acked - syn->seq : 0), reach = end - syn->seq;

    if (reach > syn->reach && reach <= limit)
        syn->reach = reach;
}

void ours_note(struct ours *ours, const struct segment *segment, const uint32_t *acked, bool again, unsigned n,
               nanos at)
{
    uint32_t end = segment->seq + segment_span(segment);

    if (segment_has(segment, TCP_RST))
        return;
    if (segment_has(segment, TCP_SYN))
        note_syn(ours, segment, again, n, at);
    for (unsigned i = 0; i < ours->syn_count; i++)
        note_reach(&ours->syns[i], end, acked);
    if (segment_has(segment, TCP_FIN)) {
        ranges_add(acked && seq_le(end, *acked) ? &ours->late : &ours->fins, end - 1, end);
        end--;
    }
    ranges_add(&ours->text, segment->seq, end);
}

void ours_restart(struct ours *ours)
{
    for (unsigned i = 0; i < ours->late.count; i++)
        ranges_add(&ours->fins, ours->late.at[i].from, ours->late.at[i].to);
    ours->fins.rough = ours->fins.rough || ours->late.rough;
    ours->late = ours->taken = ours->taken_fins = (struct ranges){0};
}

void ours_adopt(struct ours *ours, int index)
{
    for (unsigned i = 0; i < ours->syn_count; i++)
        ours->syns[i].adopted = (int)i == index;
}

unsigned ours_syns_behind(const struct ours *ours, uint32_t ack)
{
    unsigned bits = 0;

    for (unsigned i = 0; i < ours->syn_count; i++) {
        uint32_t off = ack - ours->syns[i].seq;
        if (off >= 1 && off <= ours->syns[i].reach)
            bits |= 1u << i;
    }
    return bits;
}

int ours_syn_acked(const struct ours *ours, uint32_t ack)
{
    int first = -1;

    for (unsigned i = 0; i < ours->syn_count; i++) {
        uint32_t off = ack - ours->syns[i].seq;
        if (off >= 1 && off <= ours->syns[i].span && (first < 0 || ours->syns[i].left.at < ours->syns[first].left.at))
            first = (int)i;
    }
    return first;
}
