/* What is said when a text is no script. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "step/parser.h"

#define QUOTED_LETTERS 24
#define SO_FAR_MOST 40
#define LIST_MOST 24

bool wrong(struct parser *parser, const char *at, const char *format, ...)
{
    struct script_error *error = parser->error;
    va_list args;

    error->line = parser->lexer.line;
    error->column = lexer_column(&parser->lexer, at);
    va_start(args, format);
    vsnprintf(error->words, sizeof(error->words), format, args);
    va_end(args);
    return false;
}

bool wrong_room(struct parser *parser)
{
    return wrong(parser, parser->start, "the script is too long: there is no room for this step");
}

char *quoted(struct span span, char out[QUOTED])
{
    struct text text;

    text_init(&text, out, QUOTED);
    text_add(&text, "'");
    for (size_t i = 0; i < span.length; i++) {
        if (text.used > QUOTED_LETTERS) {
            text_add(&text, "...");
            break;
        }
        text_add(&text, span.at[i] >= ' ' && span.at[i] <= '~' ? "%c" : "\\x%02x", (unsigned char)span.at[i]);
    }
    text_add(&text, "'");
    return out;
}

#define NEAR_MOST 24

/*
 * The least number of letters to add, drop, change or swap with their neighbour that makes one word of the other: row
 * by row of the usual table, of which three are kept.
 */
static unsigned distance(struct span a, const char *b)
{
    unsigned rows[3][NEAR_MOST + 1];
    size_t b_length = strlen(b);

    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.length; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *above_that = rows[(i + 1) % 3];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            int x = tolower((unsigned char)a.at[i - 1]), y = tolower((unsigned char)b[j - 1]);
            unsigned least = above[j - 1] + (x != y);

            if (above[j] + 1 < least)
                least = above[j] + 1;
            if (row[j - 1] + 1 < least)
                least = row[j - 1] + 1;
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) && y == tolower((unsigned char)a.at[i - 2]) &&
                above_that[j - 2] + 1 < least)
                least = above_that[j - 2] + 1;
            row[j] = least;
        }
    }
    return rows[a.length % 3][b_length];
}

void near_try(struct near *near, const char *word)
{
    size_t typed = near->typed.length;
    unsigned enough = typed < 3 ? 0 : typed < 5 ? 1 : 2;
    unsigned d;

    if (typed > NEAR_MOST || strlen(word) > NEAR_MOST)
        return;
    d = distance(near->typed, word);
    if (typed >= 2 && typed < strlen(word) && strncasecmp(near->typed.at, word, typed) == 0 && d > 1)
        d = 1;
    if (d <= enough && (!near->best || d < near->distance)) {
        near->best = word;
        near->distance = d;
    }
}

/* The choices at a place, as a list for a sentence: descriptions, then words, then the end of the step. */
struct list {
    const char *free[LIST_MOST], *words[LIST_MOST];
    unsigned free_count, word_count;
    bool string;
    struct near near;
};

static void list_take(void *context, const struct choice *choice)
{
    struct list *list = context;

    list->string |= choice->string;
    if (choice->free && list->free_count < LIST_MOST)
        list->free[list->free_count++] = choice->text;
    if (!choice->free)
        near_try(&list->near, choice->text);
    if (!choice->free && !choice->likely && list->word_count < LIST_MOST)
        list->words[list->word_count++] = choice->text;
}

/* "a, b or c": the last description comes after the words when it is the end of the step. */
static void list_print(struct text *text, const struct list *list)
{
    const char *all[2 * LIST_MOST];
    unsigned count = 0, free_first = list->free_count;
    bool ends = free_first > 0 && strncmp(list->free[free_first - 1], "the end", 7) == 0;

    for (unsigned i = 0; i + ends < free_first; i++)
        all[count++] = list->free[i];
    for (unsigned i = 0; i < list->word_count; i++)
        all[count++] = list->words[i];
    if (ends)
        all[count++] = list->free[free_first - 1];
    for (unsigned i = 0; i < count; i++)
        text_add(text, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", all[i]);
}

/* The step so far, or its word alone when that is too much for a message. */
static void print_so_far(struct text *text, const struct parser *parser)
{
    const char *end = parser->lexer.token.span.at;
    bool harmless = true;
    size_t length;

    while (end > parser->start && isspace((unsigned char)end[-1]))
        end--;
    length = (size_t)(end - parser->start);
    for (size_t i = 0; i < length; i++)
        harmless &= parser->start[i] >= ' ' && parser->start[i] <= '~';
    if (harmless && length <= SO_FAR_MOST)
        text_add(text, "%.*s", (int)length, parser->start);
    else
        text_add(text, "%s ...", parser->row->name);
}

static bool begins_a_step(struct span span)
{
    for (const struct grammar_word *word = grammar_words; word->name; word++)
        if (span_is(span, word->name))
            return true;
    return false;
}

static bool wrong_word(struct parser *parser, const struct list *list)
{
    char word[QUOTED], words[200];
    struct text text;

    quoted(parser->lexer.token.span, word);
    if (list->near.best)
        return wrong(parser, parser->lexer.token.span.at, "%s is no step; did you mean %s?", word, list->near.best);
    text_init(&text, words, sizeof(words));
    list_print(&text, list);
    return wrong(parser, parser->lexer.token.span.at, "%s is no step: a step begins with %s", word, words);
}

bool wrong_here(struct parser *parser)
{
    const struct token *token = &parser->lexer.token;
    bool at_end = token->kind == TOKEN_STEP_END || token->kind == TOKEN_TEXT_END;
    struct list list = {.near.typed = token->span};
    char words[sizeof(parser->error->words)], word[QUOTED];
    struct text text;

    if (token->kind == TOKEN_TEXT_END && parser->offer) {
        choices_here(parser, parser->offer, parser->offer_to);
        return false;
    }
    choices_here(parser, list_take, &list);
    if (parser->asked == ASKED_WORD)
        return wrong_word(parser, &list);
    text_init(&text, words, sizeof(words));
    text_add(&text, "after ");
    print_so_far(&text, parser);
    text_add(&text, " comes ");
    list_print(&text, &list);
    if (at_end)
        text_add(&text, ", but the step ends here");
    else
        text_add(&text, ", not %s", quoted(token->span, word));
    if (!at_end && list.near.best)
        text_add(&text, "; did you mean %s?", list.near.best);
    else if (!at_end && begins_a_step(token->span))
        text_add(&text, "; between two steps there must be a ;");
    else if (list.string && token->kind == TOKEN_WORD)
        text_add(&text, "; where a shell took its quotes away, put ' around the step");
    return wrong(parser, token->span.at, "%s", words);
}
