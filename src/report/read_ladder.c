/*
 * A ladder between two ends, neither of which is ours: a row a segment, with both ends' states beside it, and below it
 * what it says of each. A row is held back until its claims have come.
 */
#include <stdlib.h>
#include <string.h>

#include "report/cell.h"
#include "report/phrase.h"
#include "report/read.h"

/* Columns, from 0. */
enum { TIME_AT = 4, TIME_WIDTH = 9, A_AT = 15, SEGMENT_AT = 29, STATE_WIDTH = 13, SEGMENT_MAX = 45, SEGMENT_MIN = 16 };

#define ROW_CLAIMS 8
#define WORDS 512

struct row {
    bool open;
    struct read_segment event;
    struct segment segment;
    struct claim claims[ROW_CLAIMS];
    unsigned claim_ends[ROW_CLAIMS];
    unsigned claim_count;
    struct ladder_turns turns[ENDS]; /* of all claims, said or not: the column has the last one's state */
    nanos alone_at;                  /* of a row without a segment */
};

struct read_ladder {
    struct page page;
    unsigned segment_width;
    unsigned shift; /* A and the segment begin so much later: long times and numbers have needed it */
    struct row row;
    struct cell_sender senders[ENDS];
    bool have[ENDS];
    struct claim standing[ENDS];
};

const char *read_segment_words(enum passage_kind kind, struct purposes purposes)
{
    static const char *const asks[PURPOSES] = {[PURPOSE_NONE] = "",
                                               [PURPOSE_KEEP_ALIVE] = "a keep-alive",
                                               [PURPOSE_WINDOW_PROBE] = "a probe of the closed window",
                                               [PURPOSE_EITHER] = "a keep-alive, or a probe of the closed window"};
    static const char *const answers[PURPOSES] = {[PURPOSE_NONE] = "",
                                                  [PURPOSE_KEEP_ALIVE] = "it answers the keep-alive",
                                                  [PURPOSE_WINDOW_PROBE] = "it answers the probe of its window",
                                                  [PURPOSE_EITHER] =
                                                      "it answers the keep-alive, or probe of its window"};
    static const char *const words[] = {[PASSAGE_NEW] = "",
                                        [PASSAGE_RETRANSMISSION] = "a retransmission",
                                        [PASSAGE_DOUBLE] = "the same segment, captured once more",
                                        [PASSAGE_STRAY] = "its numbers do not fit this connection"};

    if (kind != PASSAGE_NEW)
        return words[kind];
    return purposes.asks != PURPOSE_NONE ? asks[purposes.asks] : answers[purposes.answers];
}

static enum paint paint_of(const struct claim *claim)
{
    return claim->certainty == PROVEN ? PAINT_PROVEN : claim->certainty == PRESUMED ? PAINT_PRESUMED : PAINT_ALARM;
}

struct read_ladder *read_ladder_begin(const struct read_look *look, FILE *out)
{
    struct read_ladder *ladder = calloc(1, sizeof(*ladder));
    int segment = (int)look->width - SEGMENT_AT - 4 - STATE_WIDTH - 1;

    if (!ladder)
        return NULL;
    ladder->segment_width = (unsigned)(segment < SEGMENT_MIN   ? SEGMENT_MIN
                                       : segment > SEGMENT_MAX ? SEGMENT_MAX
                                                               : segment);
    ladder->page = (struct page){.out = out, .width = look->width, .colour = look->colour, .utf8 = look->utf8};
    page_put(&ladder->page, PAINT_DIM, "  #      time");
    page_to(&ladder->page, A_AT);
    page_put(&ladder->page, PAINT_DIM, "A");
    page_to(&ladder->page, SEGMENT_AT);
    page_put(&ladder->page, PAINT_DIM, "segment");
    page_to(&ladder->page, SEGMENT_AT + ladder->segment_width + 4);
    page_put(&ladder->page, PAINT_DIM, "B");
    page_end(&ladder->page);
    return ladder;
}

static void put_state(struct read_ladder *ladder, unsigned end)
{
    const struct claim *claim = &ladder->standing[end];
    char words[SPAN_TEXT];
    struct text text;

    if (!ladder->have[end])
        return;
    text_init(&text, words, sizeof(words));
    phrase_standing(&text, claim);
    page_to(&ladder->page, ladder->shift + (end == END_A ? A_AT : SEGMENT_AT + ladder->segment_width + 4));
    page_put(&ladder->page, paint_of(claim), words);
}

/* What stands before A ends at this column. If it has no room, A moves, and segments have less from here on: B stays. */
static void make_room(struct read_ladder *ladder, unsigned end)
{
    const unsigned has = A_AT - 1 + ladder->shift, more = end > has ? end - has : 0;
    const unsigned spare = ladder->segment_width - SEGMENT_MIN;

    ladder->shift += more;
    ladder->segment_width -= more < spare ? more : spare;
}

static void put_time(struct read_ladder *ladder, nanos at)
{
    const unsigned from = ladder->page.column < TIME_AT ? TIME_AT : ladder->page.column + 1;
    char time[SPAN_TEXT];
    unsigned length, end;

    phrase_time(at, time);
    length = (unsigned)strlen(time);
    make_room(ladder, from + length);
    end = ladder->shift ? A_AT - 1 + ladder->shift : TIME_AT + TIME_WIDTH;
    page_to(&ladder->page, from + length < end ? end - length : from);
    page_put(&ladder->page, PAINT_DIM, time);
}

static void flow_claims(struct read_ladder *ladder)
{
    static const char *const names[] = {"A", "B"};
    const struct row *row = &ladder->row;
    char words[WORDS];
    struct text text;

    for (unsigned i = 0; i < row->claim_count; i++) {
        const struct claim *claim = &row->claims[i];
        text_init(&text, words, sizeof(words));
        text_add(&text, "%s ", names[row->claim_ends[i]]);
        if (ladder_turns_need_names(&row->turns[row->claim_ends[i]])) {
            phrase_standing(&text, claim);
            text_add(&text, " ");
        }
        phrase_observed(&text, claim);
        page_flow(&ladder->page, A_AT + ladder->shift, paint_of(claim), true, words);
    }
}

static void row_print(struct read_ladder *ladder)
{
    struct row *row = &ladder->row;
    struct page *page = &ladder->page;
    struct event_segment event = {.segment = row->segment,
                                  .rel_seq = row->event.rel_seq,
                                  .rel_ack = row->event.rel_ack,
                                  .has_rel_ack = row->event.has_rel_ack};
    char number[SPAN_TEXT];
    struct cell cell;

    if (!row->open)
        return;
    snprintf(number, sizeof(number), "%3u", row->event.n);
    if (row->event.segment)
        page_put(page, PAINT_NONE, number);
    put_time(ladder, row->event.segment ? row->event.at : row->alone_at);
    put_state(ladder, END_A);
    cell_init(&cell, ladder->segment_width);
    if (row->event.segment) {
        cell_segment(&cell, &event, &ladder->senders[row->event.from]);
        page_to(page, SEGMENT_AT + ladder->shift);
        page_put(page, PAINT_NONE, cell.in.at);
        page_to(page, SEGMENT_AT + ladder->shift + ladder->segment_width + 1);
        page_arrow(page, row->event.from == END_A);
    }
    put_state(ladder, END_B);
    page_end(page);
    if (row->event.segment && read_segment_words(row->event.kind, row->event.purposes)[0])
        page_flow(page, A_AT + ladder->shift, row->event.kind == PASSAGE_STRAY ? PAINT_ALARM : PAINT_NONE, true,
                  read_segment_words(row->event.kind, row->event.purposes));
    flow_claims(ladder);
    if (cell.rest.used) {
        char also[CELL_TEXT + 8];
        snprintf(also, sizeof(also), "also %s", cell.rest.at);
        page_flow(page, A_AT + ladder->shift, PAINT_NONE, true, also);
    }
    page_end(page);
    *row = (struct row){0};
}

void read_ladder_segment(struct read_ladder *ladder, const struct read_segment *event)
{
    row_print(ladder);
    ladder->row = (struct row){.open = true, .segment = *event->segment, .event = *event};
}

void read_ladder_claim(struct read_ladder *ladder, unsigned end, const struct claim *claim, nanos epoch, bool said)
{
    struct row *row = &ladder->row;
    /* A timer's claim is of a time after the segment before it. */
    bool alone = claim->reason == REASON_TIMER;

    if (alone || (said && row->claim_count == ROW_CLAIMS))
        row_print(ladder);
    if (said && !row->open) {
        *row = (struct row){.open = true};
        row->alone_at = claim->not_before == NANOS_NONE ? 0 : claim->not_before - epoch;
    }
    if (row->open)
        ladder_turns_add(&row->turns[end], row->event.segment ? row->event.at : row->alone_at, claim, epoch);
    if (said) {
        row->claims[row->claim_count] = *claim;
        row->claim_ends[row->claim_count++] = end;
    }
    ladder->standing[end] = *claim;
    ladder->have[end] = true;
}

void read_ladder_icmp(struct read_ladder *ladder, const struct read_icmp *event)
{
    struct page *page = &ladder->page;
    char words[WORDS];
    struct text text;

    row_print(ladder);
    put_time(ladder, event->at);
    put_state(ladder, END_A);
    page_to(page, SEGMENT_AT + ladder->shift);
    page_put(page, PAINT_ALARM, "ICMP ");
    page_put(page, PAINT_ALARM, icmp_error_name(event->error));
    put_state(ladder, END_B);
    page_end(page);
    text_init(&text, words, sizeof(words));
    read_icmp_words(event, &text);
    page_flow(page, A_AT + ladder->shift, PAINT_NONE, true, words);
    page_end(page);
}

void read_ladder_flush(struct read_ladder *ladder)
{
    row_print(ladder);
}

void read_ladder_end(struct read_ladder *ladder)
{
    if (!ladder)
        return;
    row_print(ladder);
    free(ladder);
}
