#include "step/help.h"

#include <string.h>

#include "base/text.h"
#include "core/segment.h"
#include "step/grammar.h"
#include "step/parser.h"

#define LINE_MOST 200
#define INDENT 4
#define NAME_WIDTH 16

/* Where the lines go. */
struct page {
    line_taker *take;
    void *context;
    unsigned columns;
    bool begun;
};

static void put_line(struct page *page, const char *line)
{
    page->begun = true;
    page->take(page->context, line);
}

/* Writes text broken at blanks, all in this column; the first line begins with name. */
static void put_text(struct page *page, unsigned column, const char *name, const char *text)
{
    char line[LINE_MOST + 1];
    struct text out;

    do {
        size_t room = page->columns > column + 10 ? page->columns - column : 10;
        size_t length = strlen(text);

        if (length > room) {
            length = room;
            while (length > 0 && text[length] != ' ')
                length--;
            if (length == 0)
                length = strcspn(text, " ");
        }
        text_init(&out, line, sizeof(line));
        text_add(&out, "%-*s%.*s", length ? (int)column : 0, name, (int)length, text);
        put_line(page, line);
        name = "";
        text += length;
        while (*text == ' ')
            text++;
    } while (*text);
}

/* A row of a table: name and text side by side, or below each other when the name is long. */
static void put_row(struct page *page, const char *name, const char *text)
{
    char indented[LINE_MOST + 1];
    struct text out;

    text_init(&out, indented, sizeof(indented));
    text_add(&out, "%*s%s", INDENT, "", name);
    if (out.used + 2 > INDENT + NAME_WIDTH) {
        put_line(page, indented);
        indented[0] = '\0';
    }
    put_text(page, INDENT + NAME_WIDTH, indented, text);
}

static void put_word(struct page *page, const struct grammar_word *word)
{
    if (page->begun)
        put_line(page, "");
    put_text(page, 0, "", word->syntax);
    put_text(page, INDENT, "", word->summary);
    put_text(page, INDENT, "", word->help);
    put_text(page, INDENT + 9, "    Example:", word->example);
}

static void put_field(struct page *page, const struct grammar_field *field)
{
    char words[240];
    struct text text;

    text_init(&text, words, sizeof(words));
    text_add(&text, "%s; %s%s", field->what, field->wants,
             field->uses == USE_BY_HAND    ? " (by hand only)"
             : field->uses == USE_EXPECTED ? " (in an expectation only)"
                                           : "");
    put_row(page, field->example, words);
}

static void put_fields(struct page *page)
{
    for (const struct grammar_field *field = grammar_fields; field->name; field++)
        put_field(page, field);
    for (const struct grammar_comparison *row = grammar_comparisons; row->name; row++)
        put_row(page, row->name, row->what);
}

static void put_options(struct page *page)
{
    for (const struct grammar_option *row = grammar_options; row->name; row++)
        put_row(page, row->syntax, row->what);
    for (const struct grammar_test *row = grammar_tests; row->name; row++)
        put_row(page, row->name, row->what);
}

static void put_flags(struct page *page)
{
    for (const struct grammar_flag *flag = grammar_flags; flag->letter; flag++)
        put_row(page, (char[]){flag->letter, '\0'}, flag->what);
}

static void put_states(struct page *page)
{
    for (unsigned i = 0; i < STATE_COUNT; i++)
        put_row(page, state_name((enum state)i), "");
}

static void put_icmp(struct page *page)
{
    const char *name;

    for (unsigned i = 0; (name = icmp_error_name_at(i)); i++)
        put_row(page, name, "");
}

/* The topics that have a table besides their text. */
static const struct {
    const char *topic;
    void (*put)(struct page *page);
} tables[] = {
    {"fields", put_fields}, {"options", put_options}, {"flags", put_flags}, {"states", put_states}, {"icmp", put_icmp},
};

static void put_topic(struct page *page, const struct grammar_topic *topic)
{
    if (page->begun)
        put_line(page, "");
    put_text(page, 0, "", topic->summary);
    put_text(page, INDENT, "", topic->help);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        if (strcmp(tables[i].topic, topic->name) == 0)
            tables[i].put(page);
}

static void put_overview(struct page *page)
{
    put_line(page, "Steps:");
    for (const struct grammar_word *word = grammar_words; word->name; word++)
        put_row(page, word->name, word->summary);
    put_line(page, "Behind them:");
    for (const struct grammar_clause *clause = grammar_clauses; clause->name; clause++)
        put_row(page, clause->name, clause->what);
    put_line(page, "More about:");
    for (const struct grammar_topic *topic = grammar_topics; topic->name; topic++)
        put_row(page, topic->name, topic->summary);
}

/* Is it the row's name, or the first of its two words? */
static bool names_word(const char *subject, const struct grammar_word *word)
{
    size_t length = strlen(subject);

    return strncmp(word->name, subject, length) == 0 && (word->name[length] == '\0' || word->name[length] == ' ');
}

static const char *nearest(const char *subject)
{
    struct near near = {.typed = {subject, strlen(subject)}};

    for (const struct grammar_word *word = grammar_words; word->name; word++)
        near_try(&near, word->name);
    for (const struct grammar_topic *topic = grammar_topics; topic->name; topic++)
        near_try(&near, topic->name);
    for (const struct grammar_field *field = grammar_fields; field->name; field++)
        near_try(&near, field->name);
    return near.best;
}

bool step_help(const char *subject, unsigned columns, line_taker *take, void *context, const char **near)
{
    struct page page = {.take = take, .context = context, .columns = columns < LINE_MOST ? columns : LINE_MOST};

    if (!subject || !*subject) {
        put_overview(&page);
        return true;
    }
    for (const struct grammar_word *word = grammar_words; word->name; word++)
        if (names_word(subject, word))
            put_word(&page, word);
    for (const struct grammar_topic *topic = grammar_topics; topic->name; topic++)
        if (strcmp(subject, topic->name) == 0)
            put_topic(&page, topic);
    for (const struct grammar_field *field = grammar_fields; field->name; field++)
        if (strcmp(subject, field->name) == 0 && strcmp(subject, "options") != 0)
            put_field(&page, field);
    if (!page.begun && near)
        *near = nearest(subject);
    return page.begun;
}
