#include "cmd/board.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "io/recorder.h"
#include "report/columns.h"
#include "report/octets.h"
#include "report/output.h"
#include "report/phrase.h"
#include "report/words.h"

#define WORDS_MAX 4096
#define MARK_AT 2
#define MARKED_AT 4
#define ANSWER_AT 7
#define PROSE_WIDEST 100
#define WAITING_MAX 64

bool board_open(struct board *board, FILE *out, const struct report_options *options, struct fault *fault)
{
    *board = (struct board){.page = {.out = out, .width = REPORT_WIDTH_DEFAULT, .colour = options->colour}};
    if (options->width)
        board->page.width = options->width < REPORT_WIDTH_MIN ? REPORT_WIDTH_MIN : options->width;
    board->waiting = calloc(WAITING_MAX, sizeof(*board->waiting));
    board->records = calloc(WAITING_MAX, sizeof(*board->records));
    board->ladder_out = open_memstream(&board->ladder, &board->ladder_length);
    if (!board->ladder_out || !board->waiting || !board->records)
        return fault_set(fault, FAULT_LOCAL, "no memory");
    board->reporter = reporter_ladder.begin(board->ladder_out, options, fault);
    return board->reporter != NULL;
}

void board_close(struct board *board)
{
    struct fault fault = {0};

    if (board->reporter)
        reporter_ladder.end(board->reporter, &fault);
    if (board->ladder_out)
        fclose(board->ladder_out);
    free(board->ladder);
    free(board->waiting);
    free(board->records);
}

/* ---- texts ---- */

void board_fact(const struct board *board, struct text *text, const struct fact_name *name)
{
    char span[SPAN_TEXT];
    int64_t value;

    if (!fact_value(name, board->parts, board->present, &value)) {
        text_add(text, "?");
        return;
    }
    switch (fact_name_kind(name)) {
    case FACT_NUMBER:
    case FACT_SEQUENCE:
        text_add(text, "%" PRId64, value);
        break;
    case FACT_SPAN:
        text_add(text, "%s", phrase_span(value, span));
        break;
    case FACT_STATE:
        text_add(text, "%s", state_name((enum state)value));
        break;
    }
}

/* A text of the lesson in the reader's language, with the facts in the places of their names. */
static void fill(const struct board *board, struct text *text, const char *words)
{
    size_t from = 0, at = 0, before;
    struct fact_name name;

    words = *words ? gettext(words) : "";
    while (facts_place(words, &at, &before, &name)) {
        text_add(text, "%.*s", (int)(before - from), words + from);
        board_fact(board, text, &name);
        from = at;
    }
    text_add(text, "%s", words + from);
}

/* Prints a paragraph from where the line stands, wrapped at what people read with ease. */
static void flow(struct board *board, unsigned indent, enum paint paint, const char *text)
{
    struct page narrow = board->page;

    if (narrow.width > PROSE_WIDEST)
        narrow.width = PROSE_WIDEST;
    page_flow(&narrow, indent, paint, false, text);
    page_end(&narrow);
    board->page.column = 0;
}

static void empty_line(struct board *board)
{
    page_end(&board->page);
    fputc('\n', board->page.out);
}

void board_title(struct board *board, const char *name, const char *title, const char *summary)
{
    char words[WORDS_MAX], summary_words[WORDS_MAX];
    struct text text, other;
    unsigned columns;
    size_t named;

    text_init(&text, words, sizeof(words));
    text_add(&text, "%s: ", name);
    named = text.used;
    fill(board, &text, title);
    if (board->handout) {
        text_init(&other, summary_words, sizeof(summary_words));
        fill(board, &other, summary);
        handout_lesson(board->handout, name, words + named, summary_words);
    }
    flow(board, 0, PAINT_NONE, words);
    columns = columns_of(words, strlen(words));
    if (columns + 1 > board->page.width)
        columns = board->page.width - 1;
    memset(words, '=', columns);
    words[columns] = '\0';
    page_put(&board->page, PAINT_DIM, words);
    page_end(&board->page);
    text_init(&text, words, sizeof(words));
    fill(board, &text, summary);
    flow(board, 0, PAINT_DIM, words);
}

void board_prose(struct board *board, const char *text)
{
    char words[WORDS_MAX];
    struct text filled;

    text_init(&filled, words, sizeof(words));
    fill(board, &filled, text);
    if (board->handout)
        handout_prose(board->handout, words);
    empty_line(board);
    flow(board, 0, PAINT_NONE, words);
}

/* A paragraph behind a sign. */
static void put_mark(struct board *board, enum handout_mark mark, const char *words)
{
    static const char *const signs[] = {[HANDOUT_TRUE] = "=", [HANDOUT_OTHERWISE] = "!", [HANDOUT_UNKNOWN] = "?"};
    static const enum paint paints[] = {PAINT_PROVEN, PAINT_ALARM, PAINT_PRESUMED};

    empty_line(board);
    page_to(&board->page, MARK_AT);
    page_put(&board->page, paints[mark], signs[mark]);
    page_to(&board->page, MARKED_AT);
    flow(board, MARKED_AT, paints[mark], words);
}

static void add_evidence(struct text *text, const unsigned *seen, unsigned count)
{
    if (count == 0)
        return;
    text_add(text, " [");
    if (count == 1)
        text_add(text, _("segment %u"), seen[0]);
    else
        text_add(text, "%s", _("segments"));
    for (unsigned i = 0; count > 1 && i < count; i++)
        text_add(text, "%s %u", i ? "," : "", seen[i]);
    text_add(text, "]");
}

void board_state(struct board *board, enum handout_mark mark, const char *text, const unsigned *seen, unsigned count)
{
    char words[WORDS_MAX];
    struct text filled;

    text_init(&filled, words, sizeof(words));
    fill(board, &filled, text);
    if (board->handout)
        handout_statement(board->handout, mark, words, seen, count);
    add_evidence(&filled, seen, count);
    put_mark(board, mark, words);
}

void board_verdict(struct board *board, const char *label, const char *text)
{
    char words[WORDS_MAX];
    struct text filled;

    text_init(&filled, words, sizeof(words));
    text_add(&filled, "%s: ", label);
    fill(board, &filled, text);
    if (board->handout)
        handout_answer(board->handout, words);
    empty_line(board);
    page_to(&board->page, MARKED_AT);
    flow(board, MARKED_AT, PAINT_PRESUMED, words);
}

void board_question(struct board *board, const char *text)
{
    char words[WORDS_MAX];
    struct text filled;

    text_init(&filled, words, sizeof(words));
    fill(board, &filled, text);
    if (board->handout)
        handout_question(board->handout, words);
    put_mark(board, HANDOUT_UNKNOWN, words);
}

void board_answer(struct board *board, unsigned number, const char *text)
{
    char words[WORDS_MAX], label[16];
    struct text filled;

    text_init(&filled, words, sizeof(words));
    fill(board, &filled, text);
    if (board->handout)
        handout_choice(board->handout, words);
    snprintf(label, sizeof(label), "%u", number);
    page_to(&board->page, MARKED_AT);
    page_put(&board->page, PAINT_PRESUMED, label);
    page_to(&board->page, ANSWER_AT);
    flow(board, ANSWER_AT, PAINT_NONE, words);
}

void board_line(struct board *board, enum paint paint, const char *format, ...)
{
    char words[WORDS_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    if (board->handout)
        handout_line(board->handout, paint, words);
    empty_line(board);
    flow(board, 0, paint, words);
}

void board_prompt(struct board *board, const char *text)
{
    empty_line(board);
    page_put(&board->page, PAINT_DIM, text);
    fflush(board->page.out);
}

void board_prompt_end(struct board *board, bool typed)
{
    if (typed)
        board->page.column = 0; /* the terminal has ended the line, as it was typed */
    else
        page_end(&board->page);
}

/* ---- the ladder ---- */

static bool write_out(struct board *board, struct fault *fault)
{
    errno = 0;
    return output_flush(board->page.out, fault);
}

/* Prints what is there of the ladder. */
static bool print_ladder(struct board *board, struct fault *fault)
{
    if (!reporter_ladder.flush(board->reporter, fault))
        return false;
    fflush(board->ladder_out);
    if (board->ladder_length > board->shown)
        fwrite(board->ladder + board->shown, 1, board->ladder_length - board->shown, board->page.out);
    board->shown = board->ladder_length;
    return true;
}

static void print_bytes(struct board *board)
{
    for (unsigned i = 0; i < board->waiting_count; i++)
        octets_print(&board->page, &board->waiting[i], board->records[i].bytes, board->records[i].length,
                     board->records[i].ip_at);
    board->waiting_count = 0;
}

static void keep_bytes(struct board *board, const struct event_segment *event, const struct record *record)
{
    if (!board->with_bytes || !record || board->waiting_count == WAITING_MAX)
        return;
    board->waiting[board->waiting_count] = *event;
    board->records[board->waiting_count++] = *record;
}

bool board_turn(struct board *board, struct fault *fault)
{
    if (!reporter_ladder.flush(board->reporter, fault))
        return false;
    fflush(board->ladder_out);
    if (board->handout)
        handout_turn(board->handout);
    board->begin = board->ladder_length;
    board->waiting_count = 0;
    board->open = false;
    return true;
}

void board_over(struct board *board)
{
    if (board->handout)
        handout_over(board->handout);
}

bool board_event(struct board *board, const struct event *event, const struct record *record, struct fault *fault)
{
    bool bytes = board->with_bytes && record;

    if (board->handout)
        handout_event(board->handout, event, bytes ? record->bytes : NULL, bytes ? record->length : 0,
                      bytes ? record->ip_at : 0);
    /* What a row says is complete when the next one begins: then its bytes can follow it. */
    if (event->kind == EVENT_SEGMENT && board->open && !board_catch_up(board, fault))
        return false;
    if (!reporter_ladder.event(board->reporter, event, fault))
        return false;
    if (event->kind == EVENT_SEGMENT)
        keep_bytes(board, &event->segment, record);
    return true;
}

bool board_show(struct board *board, struct fault *fault)
{
    board->open = true;
    board->shown = board->begin;
    empty_line(board);
    return board_catch_up(board, fault);
}

bool board_go_on(struct board *board, struct fault *fault)
{
    board->open = true;
    return board_catch_up(board, fault);
}

bool board_catch_up(struct board *board, struct fault *fault)
{
    if (!board->open)
        return true;
    if (!print_ladder(board, fault))
        return false;
    print_bytes(board);
    return write_out(board, fault);
}

void board_hold(struct board *board)
{
    board->open = false;
}
