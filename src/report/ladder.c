/*
 * The reporter for people: a ladder with one row a segment.
 *
 * Theory of operation. An event of a segment is followed by the transitions that it caused and perhaps by
 * what the kernel says of it, and all of these belong into one row. So a row is opened by a segment (or an
 * ICMP error), collects what follows, and is printed when something comes that can't belong to it, or on
 * flush: a person who watches sees the row before the walk waits. A transition that happened later than the
 * row's segment (a timer's) opens a row without a segment. What does not fit beside the peer's state goes on
 * lines below, clause by clause.
 *
 * It is long because one row, and what is printed of it, is filled by every kind of event.
 */
#include "report/reporter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/cell.h"
#include "report/columns.h"
#include "report/footer.h"
#include "report/output.h"
#include "report/page.h"
#include "report/phrase.h"
#include "report/words.h"

/* The columns, from 0. The segment's takes what the others leave, within limits. */
enum {
    NUMBER_WIDTH = 3,
    TIME_AT = 4,
    TIME_WIDTH = 9,
    LOCAL_AT = 15,
    SEGMENT_AT = 28,
    SEGMENT_MIN = 16,
    SEGMENT_MAX = 45,
    ARROW_GAP = 1,
    PEER_GAP = 4,     /* from the segment's end: blank, arrow, blank */
    MEANING_GAP = 18, /* and the longest state with its mark, blank */
    MEANING_MIN = 8,  /* "presumed" */
};

#define PHRASE_TEXT 512
#define CLEAN_TEXT 512
#define ROW_CLAIMS 6
#define ROW_VERIFIES 3
#define ROW_NOTES 4

enum row_kind { ROW_NONE, ROW_SEGMENT, ROW_ICMP, ROW_ALONE };

struct note {
    nanos t;
    char text[CLEAN_TEXT];
};

/* What is collected of the row that is not yet printed. */
struct row {
    enum row_kind kind;
    nanos t;
    enum state local;
    const char *local_sentence; /* why the local state changed, for a row without a segment */
    union {
        struct event_segment segment;
        struct event_icmp icmp;
    };
    struct claim claims[ROW_CLAIMS];
    unsigned claim_count;
    struct event_verify verifies[ROW_VERIFIES];
    unsigned verify_count;
    struct note notes[ROW_NOTES];
    unsigned note_count;
};

/* What is known so far of one walk; it starts anew with the next address of a name. */
struct standing {
    struct cell_sender senders[2]; /* the peer, us */
    bool have_local, have_peer;
    enum state local;  /* as last printed */
    struct claim peer; /* the last claim about it */
    bool have_initial; /* our initial sequence number is known */
    uint32_t initial;
    unsigned verified, agreed; /* answers of the kernel */
};

struct ladder {
    struct page page;
    unsigned segment_width;
    struct row row;
    struct standing now;
};

static enum paint certainty_paint(enum certainty certainty)
{
    return certainty == PROVEN ? PAINT_PROVEN : certainty == PRESUMED ? PAINT_PRESUMED : PAINT_ALARM;
}

static void put_time(struct ladder *ladder, nanos t)
{
    char time[SPAN_TEXT];

    if (t == NANOS_NONE || t == NANOS_NEVER)
        return;
    phrase_time(t, time);
    time[TIME_WIDTH + 1] = '\0'; /* after a thousand seconds the last digits go, not the columns */
    page_to(&ladder->page, TIME_AT + (strlen(time) < TIME_WIDTH ? TIME_WIDTH - (unsigned)strlen(time) : 0));
    page_put(&ladder->page, PAINT_DIM, time);
}

/* A line that is no row: a time and a sentence. */
static void put_remark(struct ladder *ladder, nanos t, enum paint paint, const char *text)
{
    put_time(ladder, t);
    page_flow(&ladder->page, LOCAL_AT, paint, true, text);
    page_end(&ladder->page);
}

static void put_local(struct ladder *ladder)
{
    const struct row *row = &ladder->row;

    if (ladder->now.have_local && row->local == ladder->now.local)
        return;
    page_to(&ladder->page, LOCAL_AT);
    page_put(&ladder->page, PAINT_NONE, state_name(row->local));
    ladder->now.local = row->local;
    ladder->now.have_local = true;
}

/*
 * What the peer's column shows: beside a segment of the peer the state in which it was sent, if that is known; beside
 * one of ours the claim that stands.
 */
static const struct claim *peer_claim(const struct ladder *ladder)
{
    const struct row *row = &ladder->row;
    bool received = row->kind == ROW_SEGMENT && !row->segment.out;

    if (!ladder->now.have_peer || row->kind == ROW_ICMP)
        return NULL;
    for (unsigned i = row->claim_count; received && i > 0; i--)
        if (row->claims[i - 1].certainty != PRESUMED)
            return &row->claims[i - 1];
    return received && ladder->now.peer.certainty == PRESUMED ? NULL : &ladder->now.peer;
}

/* The peer's state, with "+" when the claim can't tell it from others. */
static void put_peer(struct ladder *ladder)
{
    const struct claim *claim = peer_claim(ladder);
    char peer[SPAN_TEXT];
    struct text text;

    if (!claim)
        return;
    text_init(&text, peer, sizeof(peer));
    phrase_standing(&text, claim);
    page_to(&ladder->page, SEGMENT_AT + ladder->segment_width + PEER_GAP);
    page_put(&ladder->page, certainty_paint(claim->certainty), peer);
}

static void put_cell(struct ladder *ladder, struct cell *cell)
{
    const struct row *row = &ladder->row;
    bool out = row->kind == ROW_SEGMENT && row->segment.out;

    cell_init(cell, ladder->segment_width);
    if (row->kind == ROW_ALONE)
        return;
    if (row->kind == ROW_SEGMENT)
        cell_segment(cell, &row->segment, &ladder->now.senders[out]);
    else
        cell_item(cell, "ICMP %s", icmp_error_name(&row->icmp.error));
    page_to(&ladder->page, SEGMENT_AT);
    page_put(&ladder->page, PAINT_NONE, cell->in.at);
    if (row->kind == ROW_ICMP)
        return; /* it comes from somebody else */
    page_to(&ladder->page, SEGMENT_AT + ladder->segment_width + ARROW_GAP);
    page_arrow(&ladder->page, out);
}

static void flow_clause(struct ladder *ladder, enum paint paint, const char *text)
{
    page_flow(&ladder->page, LOCAL_AT, paint, true, text);
}

static void flow_icmp(struct ladder *ladder, const struct event_icmp *icmp, const char *rest)
{
    char words[PHRASE_TEXT];
    struct text text;

    text_init(&text, words, sizeof(words));
    text_add(&text, "%s%s", rest, rest[0] ? " " : "");
    phrase_icmp(&text, icmp, ladder->now.have_initial, ladder->now.initial);
    flow_clause(ladder, icmp->hard ? PAINT_ALARM : PAINT_NONE, words);
}

static void flow_claim(struct ladder *ladder, const struct claim *claim)
{
    const struct row *row = &ladder->row;
    char words[PHRASE_TEXT];
    struct text text;

    text_init(&text, words, sizeof(words));
    /* Where several claims share a row, each names its state: the column has only the last one's. */
    if (row->claim_count > 1)
        text_add(&text, "%s ", state_name(phrase_state(claim->likely)));
    phrase_claim(&text, claim, row->kind != ROW_SEGMENT || !row->segment.out);
    flow_clause(ladder, certainty_paint(claim->certainty), words);
}

/* Puts the meaning beside the peer's state, if it is a single one that has room there. */
static bool put_meaning(struct ladder *ladder)
{
    const struct row *row = &ladder->row;
    unsigned column = SEGMENT_AT + ladder->segment_width + MEANING_GAP;
    char words[PHRASE_TEXT];
    struct text text;

    if (row->claim_count != 1 || ladder->page.column >= column)
        return false;
    text_init(&text, words, sizeof(words));
    phrase_claim(&text, &row->claims[0], row->kind != ROW_SEGMENT || !row->segment.out);
    if (column + columns_of(words, text.used) > ladder->page.width)
        return false;
    page_to(&ladder->page, column);
    page_put(&ladder->page, certainty_paint(row->claims[0].certainty), words);
    return true;
}

static void flow_verify(struct ladder *ladder, const struct event_verify *verify)
{
    char words[PHRASE_TEXT];
    struct text text;

    text_init(&text, words, sizeof(words));
    phrase_verify(&text, verify);
    flow_clause(ladder, verify->agrees ? PAINT_NONE : PAINT_ALARM, words);
}

static void flow_prefixed(struct ladder *ladder, const char *prefix, const char *words)
{
    char all[PHRASE_TEXT];
    struct text text;

    text_init(&text, all, sizeof(all));
    text_add(&text, "%s%s", prefix, words);
    flow_clause(ladder, PAINT_NONE, all);
}

/* The clauses below the row's first line; meaning_below when the claim had no room there. */
static void flow_below(struct ladder *ladder, const struct cell *cell, bool meaning_below)
{
    const struct row *row = &ladder->row;

    if (row->kind == ROW_SEGMENT && row->segment.retransmission)
        flow_clause(ladder, PAINT_NONE, _("a retransmission"));
    if (row->kind == ROW_SEGMENT && row->segment.probe != PROBE_NONE)
        flow_prefixed(ladder, _("probe: "), _(probe_text(row->segment.probe)->what));
    if (row->kind == ROW_ICMP)
        flow_icmp(ladder, &row->icmp, cell->rest.at);
    if (row->kind == ROW_ALONE && row->local_sentence)
        flow_prefixed(ladder, _("local: "), _(row->local_sentence));
    for (unsigned i = 0; meaning_below && i < row->claim_count; i++)
        flow_claim(ladder, &row->claims[i]);
    for (unsigned i = 0; i < row->verify_count; i++)
        flow_verify(ladder, &row->verifies[i]);
    if (row->kind == ROW_SEGMENT && cell->rest.used)
        flow_prefixed(ladder, _("also "), cell->rest.at);
    page_end(&ladder->page);
}

static void row_print(struct ladder *ladder)
{
    struct row *row = &ladder->row;
    struct cell cell;
    char number[SPAN_TEXT];
    struct text text;
    bool beside;

    if (row->kind == ROW_NONE)
        return;
    text_init(&text, number, sizeof(number));
    if (row->kind == ROW_SEGMENT)
        text_add(&text, "%*u", NUMBER_WIDTH, row->segment.n);
    page_put(&ladder->page, PAINT_NONE, number);
    put_time(ladder, row->t);
    put_local(ladder);
    put_cell(ladder, &cell);
    put_peer(ladder);
    beside = put_meaning(ladder);
    page_end(&ladder->page);
    flow_below(ladder, &cell, !beside);
    for (unsigned i = 0; i < row->note_count; i++)
        put_remark(ladder, row->notes[i].t, PAINT_NONE, row->notes[i].text);
    row->kind = ROW_NONE;
}

static void row_open(struct ladder *ladder, enum row_kind kind, nanos t)
{
    struct row *row = &ladder->row;

    row_print(ladder);
    row->kind = kind;
    row->t = t;
    row->local = ladder->now.local;
    row->local_sentence = NULL;
    row->claim_count = row->verify_count = row->note_count = 0;
}

static void on_segment(struct ladder *ladder, const struct event_segment *event)
{
    if (event->out && !ladder->now.have_initial) {
        ladder->now.initial = event->segment.seq - event->rel_seq;
        ladder->now.have_initial = true;
    }
    row_open(ladder, ROW_SEGMENT, event->t);
    ladder->row.local = event->local;
    ladder->row.segment = *event;
}

static void on_icmp(struct ladder *ladder, const struct event_icmp *event)
{
    row_open(ladder, ROW_ICMP, event->t);
    ladder->row.icmp = *event;
}

static void on_transition(struct ladder *ladder, const struct event_transition *event)
{
    const struct claim *claim = &event->claim;
    struct row *row = &ladder->row;
    bool later = claim->not_before != NANOS_NONE && row->t != NANOS_NONE && claim->not_before > row->t;

    if (row->kind == ROW_NONE || later || row->claim_count == ROW_CLAIMS)
        row_open(ladder, ROW_ALONE, claim->not_before);
    if (event->side == SIDE_PEER) {
        row->claims[row->claim_count++] = *claim;
        ladder->now.peer = *claim;
        ladder->now.have_peer = true;
    } else if (row->kind != ROW_SEGMENT) {
        /* A segment says itself which state it left us in. */
        row->local = phrase_state(claim->likely);
        row->local_sentence = reason_text(claim->reason)->sentence;
    }
}

static void on_note(struct ladder *ladder, const struct event_note *event)
{
    struct row *row = &ladder->row;
    struct note note = {.t = event->t};
    char clean[CLEAN_TEXT];
    struct text text;

    text_init(&text, note.text, sizeof(note.text));
    text_add(&text, _("note: %s"), output_clean(event->text, clean, sizeof(clean)));
    if (row->note_count == ROW_NOTES)
        row_print(ladder);
    if (row->kind == ROW_NONE)
        put_remark(ladder, note.t, PAINT_NONE, note.text);
    else
        row->notes[row->note_count++] = note;
}

static void on_verify(struct ladder *ladder, const struct event_verify *event)
{
    struct row *row = &ladder->row;

    ladder->now.verified++;
    ladder->now.agreed += event->agrees;
    if (row->kind != ROW_NONE && row->verify_count < ROW_VERIFIES) {
        row->verifies[row->verify_count++] = *event;
        return;
    }
    row_print(ladder);
    put_time(ladder, event->t);
    flow_verify(ladder, event);
    page_end(&ladder->page);
}

/* Expectations are shown, and what failed without ending the walk; all else shows in what it did. */
static void on_step(struct ladder *ladder, const struct event_step *event)
{
    char words[PHRASE_TEXT + CLEAN_TEXT];
    struct text text;

    if (!event->expectation && (event->ok || event->ends))
        return;
    row_print(ladder);
    text_init(&text, words, sizeof(words));
    phrase_step(&text, event);
    put_remark(ladder, event->t, event->ok ? PAINT_DIM : PAINT_ALARM, words);
}

static void on_start(struct ladder *ladder, const struct event_start *start)
{
    struct page *page = &ladder->page;
    char words[CLEAN_TEXT + PHRASE_TEXT], name[CLEAN_TEXT];
    struct text text;

    row_print(ladder);
    ladder->now = (struct standing){.local = CLOSED};
    text_init(&text, words, sizeof(words));
    text_add(&text, "tcpwalk %s: ", output_clean(start->command, name, sizeof(name)));
    phrase_ends(&text, start);
    page_flow(page, 0, PAINT_NONE, false, words);
    page_end(page);
    page_put(page, PAINT_DIM, "  #");
    page_to(page, TIME_AT + TIME_WIDTH - columns_of(_("time"), strlen(_("time"))));
    page_put(page, PAINT_DIM, _("time"));
    page_to(page, LOCAL_AT);
    page_put(page, PAINT_DIM, _("local"));
    page_to(page, SEGMENT_AT);
    page_put(page, PAINT_DIM, _("segment"));
    page_to(page, SEGMENT_AT + ladder->segment_width + PEER_GAP);
    page_put(page, PAINT_DIM, _("peer"));
    page_end(page);
}

static void *ladder_begin(FILE *out, const struct report_options *options, struct fault *fault)
{
    struct ladder *ladder = calloc(1, sizeof(*ladder));
    unsigned width = options && options->width ? options->width : REPORT_WIDTH_DEFAULT;
    int segment;

    if (!ladder) {
        fault_set(fault, FAULT_LOCAL, "ladder: %s", strerror(errno));
        return NULL;
    }
    if (width < REPORT_WIDTH_MIN)
        width = REPORT_WIDTH_MIN;
    segment = (int)width - SEGMENT_AT - MEANING_GAP - MEANING_MIN;
    if (segment < SEGMENT_MIN)
        segment = SEGMENT_MIN;
    if (segment > SEGMENT_MAX)
        segment = SEGMENT_MAX;
    ladder->segment_width = (unsigned)segment;
    ladder->now.local = CLOSED;
    ladder->page = (struct page){
        .out = out, .width = width, .colour = options && options->colour, .utf8 = options && options->utf8};
    return ladder;
}

static bool ladder_event(void *state, const struct event *event, struct fault *fault)
{
    struct ladder *ladder = state;

    errno = 0;
    switch (event->kind) {
    case EVENT_START:
        on_start(ladder, &event->start);
        break;
    case EVENT_SEGMENT:
        on_segment(ladder, &event->segment);
        break;
    case EVENT_TRANSITION:
        on_transition(ladder, &event->transition);
        return true;
    case EVENT_ICMP:
        on_icmp(ladder, &event->icmp);
        break;
    case EVENT_NOTE:
        on_note(ladder, &event->note);
        break;
    case EVENT_VERIFY:
        on_verify(ladder, &event->verify);
        break;
    case EVENT_STEP:
        on_step(ladder, &event->step);
        break;
    case EVENT_END:
        row_print(ladder);
        footer_print(&ladder->page, &event->end, ladder->now.agreed, ladder->now.verified);
        break;
    }
    return output_flush(ladder->page.out, fault);
}

static bool ladder_flush(void *state, struct fault *fault)
{
    struct ladder *ladder = state;

    errno = 0;
    row_print(ladder);
    return output_flush(ladder->page.out, fault);
}

static bool ladder_end(void *state, struct fault *fault)
{
    bool done = !state || ladder_flush(state, fault);

    free(state);
    return done;
}

const struct reporter reporter_ladder = {
    .name = "ladder",
    .begin = ladder_begin,
    .event = ladder_event,
    .flush = ladder_flush,
    .end = ladder_end,
};
