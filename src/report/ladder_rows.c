#include "report/ladder_rows.h"

#include <stdlib.h>
#include <string.h>

#include "report/footer.h"
#include "report/output.h"
#include "report/phrase.h"
#include "report/words.h"

#define WORDS_MAX 1536
#define NO_BREAK "\xc2\xa0"

static bool no_memory(struct fault *fault)
{
    return fault_set(fault, FAULT_LOCAL, "no memory");
}

struct ladder_row *ladder_rows_add(struct ladder_rows *ladder, enum ladder_row_kind kind, nanos t, const char *label,
                                   struct fault *fault)
{
    struct ladder_row *row;

    if (ladder->count == ladder->room) {
        unsigned room = ladder->room ? 2 * ladder->room : 16;
        struct ladder_row *rows = realloc(ladder->rows, room * sizeof(*rows));
        if (!rows) {
            no_memory(fault);
            return NULL;
        }
        ladder->rows = rows;
        ladder->room = room;
    }
    row = &ladder->rows[ladder->count];
    *row = (struct ladder_row){.kind = kind, .t = t, .local = ladder->local, .label = strdup(label)};
    if (!row->label) {
        no_memory(fault);
        return NULL;
    }
    ladder->count++;
    ladder->segments += kind == LADDER_SEGMENT;
    ladder->others += kind == LADDER_ICMP || kind == LADDER_ALONE;
    return row;
}

/* The row to which what comes now belongs; with none, or behind an end, a new one. */
static struct ladder_row *last_row(struct ladder_rows *ladder, nanos t, struct fault *fault)
{
    struct ladder_row *row = ladder->count > 0 ? &ladder->rows[ladder->count - 1] : NULL;

    if (row && row->kind != LADDER_START && row->kind != LADDER_END)
        return row;
    return ladder_rows_add(ladder, LADDER_ALONE, t, "", fault);
}

static bool add_clause(struct ladder_row *row, struct ladder_clause clause, const char *words, struct fault *fault)
{
    struct ladder_clause *clauses = realloc(row->clauses, (row->clause_count + 1) * sizeof(*clauses));

    if (!clauses)
        return no_memory(fault);
    row->clauses = clauses;
    clause.words = strdup(words);
    if (!clause.words)
        return no_memory(fault);
    row->clauses[row->clause_count++] = clause;
    return true;
}

bool ladder_row_words(struct ladder_row *row, enum paint paint, const char *words, struct fault *fault)
{
    return add_clause(row, (struct ladder_clause){.paint = paint}, words, fault);
}

/* ---- the events ---- */

static bool on_start(struct ladder_rows *ladder, const struct event_start *start, struct fault *fault)
{
    char words[WORDS_MAX];
    struct text text;

    memset(ladder->senders, 0, sizeof(ladder->senders));
    ladder->local = CLOSED;
    ladder->have_initial = false;
    ladder->verified = ladder->agreed = 0;
    text_init(&text, words, sizeof(words));
    phrase_ends(&text, start);
    return ladder_rows_add(ladder, LADDER_START, NANOS_NONE, words, fault) != NULL;
}

static void name_flags(uint8_t flags, char *out, size_t size)
{
    static const struct {
        uint8_t flag;
        const char *name;
    } names[] = {{TCP_SYN, "SYN"}, {TCP_FIN, "FIN"}, {TCP_RST, "RST"}, {TCP_PSH, "PSH"},
                 {TCP_ACK, "ACK"}, {TCP_URG, "URG"}, {TCP_ECE, "ECE"}, {TCP_CWR, "CWR"}};
    struct text text;

    text_init(&text, out, size);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (flags & names[i].flag)
            text_add(&text, "%s%s", text.used ? " " : "", names[i].name);
    if (!flags)
        text_add(&text, "%s", _("no flags"));
}

/* A line may end between the items of a cell, not within one. */
static void keep_items(const char *items, char *out, size_t size)
{
    struct text text;

    text_init(&text, out, size);
    for (const char *c = items; *c; c++)
        text_add(&text, *c == ' ' && c > items && c[-1] != ',' ? NO_BREAK : "%c", *c);
}

bool ladder_row_segment(struct ladder_rows *ladder, struct ladder_row *row, const struct event_segment *event,
                        unsigned from, struct fault *fault)
{
    char label[2 * CELL_TEXT];
    const char *numbers;
    struct cell cell;

    cell_init(&cell, CELL_TEXT);
    cell_segment(&cell, event, &ladder->senders[from]);
    numbers = cell.in.at + strcspn(cell.in.at, " "); /* behind the letters of its flags */
    keep_items(numbers + strspn(numbers, " "), label, sizeof(label));
    free(row->label);
    row->label = strdup(label);
    if (!row->label)
        return no_memory(fault);
    row->n = event->n;
    row->out = event->out;
    row->seq = event->rel_seq;
    row->ack = event->rel_ack;
    row->has_ack = event->has_rel_ack;
    row->len = event->segment.len;
    name_flags(event->segment.flags, row->flags, sizeof(row->flags));
    return true;
}

static bool on_segment(struct ladder_rows *ladder, const struct event_segment *event, struct fault *fault)
{
    struct ladder_row *row;
    char probe[WORDS_MAX];
    struct text text;

    if (event->out && !ladder->have_initial) {
        ladder->initial = event->segment.seq - event->rel_seq;
        ladder->have_initial = true;
    }
    /* Nobody comes to an end that does not listen. */
    if (!event->out && ladder->count > 0 && ladder->rows[ladder->count - 1].kind == LADDER_START)
        ladder->rows[ladder->count - 1].local = LISTEN;
    ladder->local = event->local;
    row = ladder_rows_add(ladder, LADDER_SEGMENT, event->t, "", fault);
    if (!row || !ladder_row_segment(ladder, row, event, event->out, fault))
        return false;
    if (event->retransmission && !ladder_row_words(row, PAINT_NONE, _("a retransmission"), fault))
        return false;
    if (event->probe == PROBE_NONE)
        return true;
    text_init(&text, probe, sizeof(probe));
    text_add(&text, "%s%s", _("probe: "), _(probe_text(event->probe)->what));
    return ladder_row_words(row, PAINT_NONE, probe, fault);
}

static bool on_icmp(struct ladder_rows *ladder, const struct event_icmp *event, struct fault *fault)
{
    struct ladder_row *row = ladder_rows_add(ladder, LADDER_ICMP, event->t, icmp_error_name(&event->error), fault);
    char words[WORDS_MAX];
    struct text text;

    if (!row)
        return false;
    snprintf(row->flags, sizeof(row->flags), "ICMP");
    text_init(&text, words, sizeof(words));
    phrase_icmp(&text, event, ladder->have_initial, ladder->initial);
    return ladder_row_words(row, event->hard ? PAINT_ALARM : PAINT_NONE, words, fault);
}

void ladder_turns_add(struct ladder_turns *turns, nanos t, const struct claim *claim, nanos epoch)
{
    struct ladder_peer peer = {
        .state = phrase_state(claim->likely),
        .more = phrase_has_more(claim),
        .certainty = claim->certainty,
        .not_before = claim->not_before == NANOS_NONE ? NANOS_NONE : claim->not_before - epoch,
        .not_after = claim->not_after == NANOS_NEVER ? NANOS_NEVER : claim->not_after - epoch,
    };

    peer.later = claim->reason == REASON_TIMER && peer.not_before > t;
    if (turns->count == LADDER_PEERS)
        turns->count--; /* the last one is what goes on */
    turns->peers[turns->count++] = peer;
}

bool ladder_turns_need_names(const struct ladder_turns *turns)
{
    unsigned count = 0;

    for (unsigned i = 0; i < turns->count; i++)
        count += !turns->peers[i].later;
    return count > 1;
}

bool ladder_row_claim(struct ladder_row *row, unsigned end, const struct claim *claim, nanos epoch, const char *words,
                      struct fault *fault)
{
    static const enum paint paints[] = {[PROVEN] = PAINT_PROVEN, [PRESUMED] = PAINT_PRESUMED, [REFUTED] = PAINT_ALARM};
    const struct ladder_clause clause = {.paint = paints[claim->certainty],
                                         .claims = true,
                                         .end = end,
                                         .state = phrase_state(claim->likely),
                                         .more = phrase_has_more(claim)};

    ladder_turns_add(&row->ends[end], row->t, claim, epoch);
    return !words || add_clause(row, clause, words, fault);
}

static bool on_claim(struct ladder_row *row, const struct claim *claim, struct fault *fault)
{
    char words[WORDS_MAX];
    struct text text;

    text_init(&text, words, sizeof(words));
    phrase_claim(&text, claim, row->kind != LADDER_SEGMENT || !row->out);
    return ladder_row_claim(row, LADDER_RIGHT, claim, 0, words, fault);
}

static bool on_transition(struct ladder_rows *ladder, const struct event_transition *event, struct fault *fault)
{
    const struct claim *claim = &event->claim;
    struct ladder_row *row = last_row(ladder, claim->not_before, fault);
    bool later;

    if (!row)
        return false;
    later = claim->not_before != NANOS_NONE && row->t != NANOS_NONE && claim->not_before > row->t;
    if (later && !(row = ladder_rows_add(ladder, LADDER_ALONE, claim->not_before, "", fault)))
        return false;
    if (event->side == SIDE_PEER)
        return on_claim(row, claim, fault);
    if (row->kind == LADDER_SEGMENT)
        return true; /* a segment says itself which state it left us in */
    char words[WORDS_MAX];
    struct text text;

    row->local = ladder->local = phrase_state(claim->likely);
    text_init(&text, words, sizeof(words));
    text_add(&text, "%s%s", _("local: "), _(reason_text(claim->reason)->sentence));
    return ladder_row_words(row, PAINT_NONE, words, fault);
}

static bool on_note(struct ladder_rows *ladder, const struct event_note *event, struct fault *fault)
{
    struct ladder_row *row = last_row(ladder, event->t, fault);
    char words[WORDS_MAX], clean[WORDS_MAX];
    struct text text;

    text_init(&text, words, sizeof(words));
    text_add(&text, _("note: %s"), output_clean(event->text, clean, sizeof(clean) / 2));
    return row && ladder_row_words(row, PAINT_NONE, words, fault);
}

static bool on_verify(struct ladder_rows *ladder, const struct event_verify *event, struct fault *fault)
{
    struct ladder_row *row = last_row(ladder, event->t, fault);
    char words[WORDS_MAX];
    struct text text;

    ladder->verified++;
    ladder->agreed += event->agrees;
    text_init(&text, words, sizeof(words));
    phrase_verify(&text, event);
    return row && ladder_row_words(row, event->agrees ? PAINT_DIM : PAINT_ALARM, words, fault);
}

static bool on_step(struct ladder_rows *ladder, const struct event_step *event, struct fault *fault)
{
    struct ladder_row *row;
    char words[WORDS_MAX];
    struct text text;

    if (!event->expectation && (event->ok || event->ends))
        return true;
    row = event->ok ? last_row(ladder, event->t, fault) : ladder_rows_add(ladder, LADDER_ALONE, event->t, "", fault);
    text_init(&text, words, sizeof(words));
    phrase_step(&text, event);
    return row && ladder_row_words(row, event->ok ? PAINT_DIM : PAINT_ALARM, words, fault);
}

bool ladder_left_out_words(const struct ladder_rows *ladder, struct text *text)
{
    unsigned segments = ladder->left_out, others = ladder->others_left_out;

    if (segments > 0)
        text_add(
            text,
            ngettext("%u more segment came, and is not drawn", "%u more segments came, and are not drawn", segments),
            segments);
    if (others > 0)
        text_add(text, segments > 0 ? "; " : "");
    if (others > 0)
        text_add(text,
                 ngettext("%u row without a segment is not drawn", "%u rows without a segment are not drawn", others),
                 others);
    return segments > 0 || others > 0;
}

bool ladder_row_left_out(const struct ladder_rows *ladder, struct ladder_row *row, struct fault *fault)
{
    char words[WORDS_MAX];
    struct text text;

    text_init(&text, words, sizeof(words));
    return !ladder_left_out_words(ladder, &text) || ladder_row_words(row, PAINT_ALARM, words, fault);
}

static bool on_end(struct ladder_rows *ladder, const struct event_end *event, struct fault *fault)
{
    struct ladder_row *row = ladder_rows_add(ladder, LADDER_END, NANOS_NONE, "", fault);
    char words[WORDS_MAX];
    struct text text;

    if (row && !ladder_row_left_out(ladder, row, fault))
        return false;
    for (unsigned i = 0; row && i < FOOTER_LINES; i++) {
        text_init(&text, words, sizeof(words));
        footer_line(&text, i, event, ladder->agreed, ladder->verified);
        if (text.used && !ladder_row_words(row, i == 0 && event->status ? PAINT_ALARM : PAINT_NONE, words, fault))
            return false;
    }
    return row != NULL;
}

bool ladder_rows_full(struct ladder_rows *ladder, bool row, bool segment)
{
    unsigned there = segment ? ladder->segments : ladder->others;
    bool full = ladder->left_out > 0 || (row && ladder->most > 0 && there >= ladder->most);

    ladder->left_out += full && segment;
    ladder->others_left_out += full && row && !segment;
    return full;
}

bool ladder_rows_take(struct ladder_rows *ladder, const struct event *event, struct fault *fault)
{
    bool segment = event->kind == EVENT_SEGMENT,
         row = segment || event->kind == EVENT_ICMP || event->kind == EVENT_STEP;

    if (event->kind != EVENT_START && event->kind != EVENT_END && ladder_rows_full(ladder, row, segment))
        return true;
    switch (event->kind) {
    case EVENT_START:
        return on_start(ladder, &event->start, fault);
    case EVENT_SEGMENT:
        return on_segment(ladder, &event->segment, fault);
    case EVENT_TRANSITION:
        return on_transition(ladder, &event->transition, fault);
    case EVENT_ICMP:
        return on_icmp(ladder, &event->icmp, fault);
    case EVENT_NOTE:
        return on_note(ladder, &event->note, fault);
    case EVENT_VERIFY:
        return on_verify(ladder, &event->verify, fault);
    case EVENT_STEP:
        return on_step(ladder, &event->step, fault);
    case EVENT_END:
        return on_end(ladder, &event->end, fault);
    }
    return true;
}

/* ---- for whoever draws ---- */

const char *ladder_end_name(const struct ladder_rows *ladder, unsigned end)
{
    if (ladder->observed)
        return end == LADDER_LEFT ? "A" : "B";
    return end == LADDER_LEFT ? _("local") : _("peer");
}

void ladder_clause_words(const struct ladder_rows *ladder, const struct ladder_row *row,
                         const struct ladder_clause *clause, bool always, struct text *text)
{
    if (clause->claims && ladder->observed)
        text_add(text, "%s ", ladder_end_name(ladder, clause->end));
    if (clause->claims && (always || ladder_turns_need_names(&row->ends[clause->end])))
        text_add(text, "%s%s ", state_name(clause->state), clause->more ? "+" : "");
    text_add(text, "%s", clause->words);
}

char *ladder_state_words(const struct ladder_peer *peer, char out[SPAN_TEXT])
{
    snprintf(out, SPAN_TEXT, "%s%s", state_name(peer->state), peer->more ? "+" : "");
    return out;
}

bool ladder_row_time(const struct ladder_row *row, char out[SPAN_TEXT])
{
    if (row->t == NANOS_NONE || row->t == NANOS_NEVER)
        return false;
    phrase_time(row->t, out);
    return true;
}

void ladder_rows_free(struct ladder_rows *ladder)
{
    for (unsigned i = 0; i < ladder->count; i++) {
        struct ladder_row *row = &ladder->rows[i];

        for (unsigned j = 0; j < row->clause_count; j++)
            free(row->clauses[j].words);
        free(row->clauses);
        free(row->label);
    }
    free(ladder->rows);
    *ladder = (struct ladder_rows){0};
}
