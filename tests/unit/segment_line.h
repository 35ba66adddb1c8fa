/* A segment as one line, relative to the initial numbers of both ends: "P. seq 1:6 ack 1 win 501 ts 2 900". */
#ifndef UNIT_SEGMENT_LINE_H
#define UNIT_SEGMENT_LINE_H

#include "base/text.h"
#include "core/segment.h"

#define SEGMENT_LINE 256

/* The numbers that a line counts from. */
struct line_zero {
    uint32_t seq, ack, tsval;
};

/* Timestamps: ours count from zero->tsval, echoes are written as they are. Returns out. */
static inline char *segment_line(const struct segment *segment, struct line_zero zero, char out[SEGMENT_LINE])
{
    const struct tcp_options *options = &segment->options;
    char flags[FLAGS_TEXT];
    struct text text;

    text_init(&text, out, SEGMENT_LINE);
    text_add(&text, "%s seq %u", segment_flags_text(segment->flags, flags), segment->seq - zero.seq);
    if (segment->len > 0)
        text_add(&text, ":%u", segment->seq - zero.seq + segment->len);
    if (segment->flags & TCP_ACK)
        text_add(&text, " ack %u", segment->ack - zero.ack);
    text_add(&text, " win %u", segment->window);
    if (options->present & TCP_OPT_MSS)
        text_add(&text, " mss %u", options->mss);
    if (options->present & TCP_OPT_SACK_PERMITTED)
        text_add(&text, " sackok");
    if (options->present & TCP_OPT_WSCALE)
        text_add(&text, " wscale %u", options->wscale);
    if (options->present & TCP_OPT_TIMESTAMPS)
        text_add(&text, " ts %u %u", options->tsval - zero.tsval, options->tsecr);
    for (unsigned i = 0; (options->present & TCP_OPT_SACK) && i < options->sack_count; i++)
        text_add(&text, " sack %u-%u", options->sack[i].left - zero.ack, options->sack[i].right - zero.ack);
    return out;
}

#endif
