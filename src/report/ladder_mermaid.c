/*
 * A ladder as a sequence diagram of Mermaid (https://mermaid.js.org/syntax/sequenceDiagram.html). There a line ends its text at a
 * ";", and "#" begins a character by its number or name: such characters are written by their numbers themselves, and so is all
 * that HTML or the syntax could take for more than text.
 */
#include "report/ladder_picture.h"

#include <string.h>

#include "report/columns.h"
#include "report/words.h"

#define WORDS_MAX 1800
#define LINE_LETTERS 56

static const char *const short_names[LADDER_ENDS] = {"L", "R"};

/* Mermaid wraps nothing by itself: a line goes on below at the blank from which on a word has no room. */
static bool ends_line(const char *text, const char *at, unsigned used)
{
    return *at == ' ' && columns_may_end(text, at) && used + 1 + columns_word(at + 1) > LINE_LETTERS;
}

static void put_text(FILE *out, const char *text)
{
    static const char escaped[] = "#;<\"&%\\`";

    unsigned used = 0;

    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        used += (*c & 0xc0) != 0x80; /* a character has one first byte */
        if (ends_line(text, (const char *)c, used)) {
            fputs("<br/>", out);
            used = 0;
        } else if (strncmp((const char *)c, "\xc2\xa0", 2) == 0) { /* a blank that does not break: a blank will do */
            fputc(' ', out);
            c++;
        } else if (*c < ' ' || *c == 0x7f) {
            fputc('?', out);
        } else if (strchr(escaped, *c)) {
            fprintf(out, "#%u;", (unsigned)*c);
        } else {
            fputc(*c, out);
        }
    }
}

/* The diagram has one pair of ends: of further connections the names stay, and a note says who they are. */
static void put_participants(FILE *out, const struct ladder_rows *ladder)
{
    fprintf(out, "sequenceDiagram\n");
    for (unsigned end = 0; end < LADDER_ENDS; end++) {
        fprintf(out, "    participant %s as ", short_names[end]);
        put_text(out, ladder_end_name(ladder, end));
        fprintf(out, "\n");
    }
}

static void put_over(FILE *out, const char *words)
{
    fprintf(out, "    Note over L,R: ");
    put_text(out, words);
    fprintf(out, "\n");
}

static void put_arrow(FILE *out, const struct ladder_row *row)
{
    char time[SPAN_TEXT], words[WORDS_MAX];
    bool timed = ladder_row_time(row, time);

    snprintf(words, sizeof(words), "%u %s%s%s%s%s%s", row->n, row->flags, row->label[0] ? " " : "", row->label,
             timed ? " (" : "", timed ? time : "", timed ? " s)" : "");
    fprintf(out, row->out ? "    L->>R: " : "    R->>L: ");
    put_text(out, words);
    fprintf(out, "\n");
}

/* Beside an end: that our state has changed, or what is claimed of the other. */
static void put_beside(FILE *out, unsigned end, const char *words)
{
    fprintf(out, "    Note %s of %s: ", end == LADDER_LEFT ? "left" : "right", short_names[end]);
    put_text(out, words);
    fprintf(out, "\n");
}

/* Where no arrow has the row's time, its first words do. */
static void put_clauses(FILE *out, const struct ladder_rows *ladder, const struct ladder_row *row)
{
    char words[WORDS_MAX], time[SPAN_TEXT];
    bool timed = row->kind == LADDER_ALONE && ladder_row_time(row, time);
    struct text text;

    for (unsigned i = 0; i < row->clause_count; i++) {
        const struct ladder_clause *clause = &row->clauses[i];

        text_init(&text, words, sizeof(words));
        if (timed && i == 0)
            text_add(&text, "%s s: ", time);
        if (clause->claims) {
            text_add(&text, "%s%s, %s", state_name(clause->state), clause->more ? "+" : "", clause->words);
            put_beside(out, clause->end, words);
        } else {
            ladder_clause_words(ladder, row, clause, true, &text);
            put_over(out, words);
        }
    }
}

static void put_icmp(FILE *out, const struct ladder_row *row)
{
    char words[WORDS_MAX], time[SPAN_TEXT] = "";

    ladder_row_time(row, time);
    snprintf(words, sizeof(words), "%s %s (%s s)", row->flags, row->label, time);
    put_over(out, words);
}

void ladder_picture_mermaid(const struct ladder_rows *ladder, FILE *out)
{
    enum state local = CLOSED;
    char words[WORDS_MAX];
    struct text text;

    put_participants(out, ladder);
    text_init(&text, words, sizeof(words));
    if (ladder_left_out_words(ladder, &text))
        put_over(out, words);
    for (unsigned i = 0; i < ladder->count; i++) {
        const struct ladder_row *row = &ladder->rows[i];

        if (row->kind == LADDER_START)
            put_over(out, row->label);
        else if (row->kind == LADDER_SEGMENT)
            put_arrow(out, row);
        else if (row->kind == LADDER_ICMP)
            put_icmp(out, row);
        if (!ladder->observed && row->kind != LADDER_START && row->kind != LADDER_END && row->local != local)
            put_beside(out, LADDER_LEFT, state_name(row->local));
        local = row->local;
        put_clauses(out, ladder, row);
    }
}
