#include "report/cell.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/seq.h"

/* The flags' letters take at least this much, so that what follows is aligned. */
#define FLAGS_WIDTH 4

void cell_init(struct cell *cell, unsigned room)
{
    cell->room = room;
    text_init(&cell->in, cell->in_bytes, sizeof(cell->in_bytes));
    text_init(&cell->rest, cell->rest_bytes, sizeof(cell->rest_bytes));
}

void cell_item(struct cell *cell, const char *format, ...)
{
    char item[CELL_TEXT];
    size_t used = cell->in.used;
    bool first = used == 0 || cell->in.at[used - 1] == ' ';
    va_list args;

    va_start(args, format);
    vsnprintf(item, sizeof(item), format, args);
    va_end(args);
    if (cell->rest.used == 0 && used + (first ? 0 : 2) + strlen(item) <= cell->room)
        text_add(&cell->in, "%s%s", first ? "" : ", ", item);
    else
        text_add(&cell->rest, "%s%s", cell->rest.used ? ", " : "", item);
}

/* A relative number, which is negative when it lies before the initial one. */
static int32_t relative(uint32_t number)
{
    return (int32_t)number;
}

/* Sequence number, length and acknowledgement, as far as the flags give them a meaning. */
static void numbers(struct cell *cell, const struct event_segment *event, const struct cell_sender *sender)
{
    const struct segment *segment = &event->segment;
    bool acks = segment_has(segment, TCP_ACK);
    bool same_ack = sender->seen && event->has_rel_ack && event->rel_ack == sender->ack;
    bool pure_ack = segment_span(segment) == 0 && segment->flags == TCP_ACK;

    /* A pure ACK's own number is worth room only when it is not the expected one: a probe or a keep-alive. */
    if (!pure_ack || !sender->seen || event->rel_seq != sender->next)
        cell_item(cell, "seq %d", relative(event->rel_seq));
    /* In a flood of data the acknowledgement stays the same, and the length is what matters. */
    if (acks && segment->len > 0 && same_ack) {
        char all[CELL_TEXT];
        int length = snprintf(all, sizeof(all), ", ack %d, len %u", relative(event->rel_ack), segment->len);
        acks = cell->in.used + (size_t)length <= cell->room;
    }
    if (acks && event->has_rel_ack)
        cell_item(cell, "ack %d", relative(event->rel_ack));
    else if (acks)
        cell_item(cell, "ack %u as on the wire", segment->ack);
    if (segment->len > 0)
        cell_item(cell, "len %u", segment->len);
    if (segment->window == 0 && !(segment->flags & TCP_RST))
        cell_item(cell, "win 0");
}

static void options(struct cell *cell, const struct event_segment *event)
{
    const struct segment *segment = &event->segment;
    const struct tcp_options *opts = &segment->options;

    if (segment->flags & TCP_SYN) {
        if (opts->present & TCP_OPT_MSS)
            cell_item(cell, "mss %u", opts->mss);
        if (opts->present & TCP_OPT_WSCALE)
            cell_item(cell, "ws %u", opts->wscale);
        if (opts->present & TCP_OPT_SACK_PERMITTED)
            cell_item(cell, "sackOK");
        if (opts->present & TCP_OPT_TIMESTAMPS)
            cell_item(cell, "TS");
    }
    if ((opts->present & TCP_OPT_SACK) && event->has_rel_ack) {
        /* The blocks count as the acknowledgement does: from the other side's initial number. */
        uint32_t initial = segment->ack - event->rel_ack;

        for (unsigned i = 0; i < opts->sack_count && i < SACK_BLOCKS_MAX; i++)
            cell_item(cell, "sack %d:%d", relative(opts->sack[i].left - initial),
                      relative(opts->sack[i].right - initial));
    }
    if (opts->present & TCP_OPT_MALFORMED)
        cell_item(cell, "malformed options");
}

void cell_segment(struct cell *cell, const struct event_segment *event, struct cell_sender *sender)
{
    const struct segment *segment = &event->segment;
    char flags[FLAGS_TEXT];
    uint32_t next = event->rel_seq + segment_span(segment);

    text_add(&cell->in, "%-*s ", FLAGS_WIDTH - 1, segment_flags_text(segment->flags, flags));
    numbers(cell, event, sender);
    options(cell, event);
    sender->next = sender->seen ? seq_max(sender->next, next) : next;
    if (event->has_rel_ack)
        sender->ack = event->rel_ack;
    sender->seen = true;
}
