/* A connection that was read, as the rows of a ladder between two ends, neither of which is ours. */
#include <stdlib.h>
#include <string.h>

#include "report/ladder_rows.h"
#include "report/phrase.h"
#include "report/read.h"

#define WORDS_MAX 1024

/* The start comes before all else; who its ends are is known in the end. */
static bool start(struct ladder_rows *rows, struct fault *fault)
{
    if (rows->count > 0)
        return true;
    rows->observed = true;
    return ladder_rows_add(rows, LADDER_START, NANOS_NONE, "", fault) != NULL;
}

bool read_rows_segment(struct ladder_rows *rows, const struct read_segment *event, struct fault *fault)
{
    const struct event_segment segment = {.n = event->n,
                                          .out = event->from == END_A,
                                          .t = event->at,
                                          .segment = *event->segment,
                                          .rel_seq = event->rel_seq,
                                          .rel_ack = event->rel_ack,
                                          .has_rel_ack = event->has_rel_ack};
    const char *words = read_segment_words(event->kind, event->purposes);
    struct ladder_row *row;

    if (!start(rows, fault))
        return false;
    if (ladder_rows_full(rows, true, true))
        return true;
    row = ladder_rows_add(rows, LADDER_SEGMENT, event->at, "", fault);
    if (!row || !ladder_row_segment(rows, row, &segment, event->from, fault))
        return false;
    return !words[0] || ladder_row_words(row, event->kind == PASSAGE_STRAY ? PAINT_ALARM : PAINT_NONE, words, fault);
}

void read_icmp_words(const struct read_icmp *event, struct text *text)
{
    char from[ADDR_TEXT];

    text_add(text, "from %s, about %s's ", addr_format(&event->error->from, from), event->end == END_A ? "A" : "B");
    text_add(text, event->has_rel_seq ? "seq %u" : "segment", event->rel_seq);
    if (event->error->mtu)
        text_add(text, ", MTU %u", event->error->mtu);
}

bool read_rows_icmp(struct ladder_rows *rows, const struct read_icmp *event, struct fault *fault)
{
    struct ladder_row *row;
    char words[WORDS_MAX];
    struct text text;

    if (!start(rows, fault))
        return false;
    if (ladder_rows_full(rows, true, false))
        return true;
    row = ladder_rows_add(rows, LADDER_ICMP, event->at, icmp_error_name(event->error), fault);
    if (!row)
        return false;
    snprintf(row->flags, sizeof(row->flags), "ICMP");
    text_init(&text, words, sizeof(words));
    read_icmp_words(event, &text);
    return ladder_row_words(row, PAINT_NONE, words, fault);
}

bool read_rows_claim(struct ladder_rows *rows, unsigned end, const struct claim *claim, nanos epoch, bool said,
                     struct fault *fault)
{
    struct ladder_row *row;
    char words[WORDS_MAX];
    struct text text;

    if (!start(rows, fault))
        return false;
    row = &rows->rows[rows->count - 1];
    /* A timer's claim is of a time after the segment before it. */
    bool alone = said && (row->kind == LADDER_START || claim->reason == REASON_TIMER);
    if (alone && ladder_rows_full(rows, true, false))
        alone = said = false;
    if (rows->left_out > 0)
        return true;
    if (alone) {
        nanos at = claim->not_before == NANOS_NONE ? 0 : claim->not_before - epoch;
        row = ladder_rows_add(rows, LADDER_ALONE, at, "", fault);
    }
    text_init(&text, words, sizeof(words));
    phrase_observed(&text, claim);
    return row &&
           ladder_row_claim(row, end == END_A ? LADDER_LEFT : LADDER_RIGHT, claim, epoch, said ? words : NULL, fault);
}

bool read_rows_end(struct ladder_rows *rows, const struct summary *summary, const struct network_list *networks,
                   struct fault *fault)
{
    char words[WORDS_MAX], a[ENDPOINT_TEXT], b[ENDPOINT_TEXT];
    struct ladder_row *row;
    struct text text;

    if (!start(rows, fault) || !(row = ladder_rows_add(rows, LADDER_END, NANOS_NONE, "", fault)))
        return false;
    for (unsigned line = 0; line < READ_TABLE_LINES; line++) {
        text_init(&text, words, sizeof(words));
        read_table_line(summary, networks, line, &text);
        if (!ladder_row_words(row, PAINT_NONE, words, fault))
            return false;
    }
    if (!ladder_row_left_out(rows, row, fault))
        return false;
    snprintf(words, sizeof(words), "A %s %s B %s", endpoint_format(&summary->ends[END_A].at, a), read_arrow(summary),
             endpoint_format(&summary->ends[END_B].at, b));
    free(rows->rows[0].label);
    rows->rows[0].label = strdup(words);
    return rows->rows[0].label || fault_set(fault, FAULT_LOCAL, "no memory");
}
