#include "lesson/lesson.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "lesson/characters.h"
#include "step/lex.h"

/* A line that begins with as many blanks, or with a tab, is a step. */
#define STEP_INDENT 4

/* What a word before a colon can be, beside the items. */
enum { WORD_TITLE = 100, WORD_SUMMARY };

static const struct {
    const char *name;
    int what;
} words[] = {
    {"title", WORD_TITLE}, {"summary", WORD_SUMMARY}, {"peer", LESSON_PEER},   {"long", LESSON_LONG},
    {"ask", LESSON_ASK},   {"right", LESSON_RIGHT},   {"wrong", LESSON_WRONG}, {"check", LESSON_CHECK},
    {"end", LESSON_END},   {"true", LESSON_TRUE},     {"false", LESSON_FALSE},
};

#define WORDS (sizeof(words) / sizeof(words[0]))

const char *lesson_word(enum lesson_item_kind kind)
{
    for (size_t i = 0; i < WORDS; i++)
        if (words[i].what == (int)kind)
            return words[i].name;
    return NULL;
}

bool lesson_is_words(enum lesson_item_kind kind)
{
    return kind != LESSON_PEER && kind != LESSON_STEPS && kind != LESSON_CHECK && kind != LESSON_END;
}

struct reader {
    struct lesson *lesson;
    const char *at, *end; /* of what is left of the text */
    unsigned line;        /* the number of the line at `at` */
    struct script_error *error;
};

/* What has been read of the part and of the question at hand, to see whether an item may stand where it stands. */
struct order {
    bool peer, ended;
    bool steps;  /* the part has some */
    bool shown;  /* an expectation or a check stands above, since the last statement or before it */
    bool stated; /* ... and a statement has been made on that */
    bool asked;  /* a question waits for what answers it */
    unsigned right, choices;
    unsigned asked_line, asked_column;
    int last; /* the kind of the item before, or -1 */
    unsigned parts;
};

static bool wrong_at(struct script_error *error, unsigned line, unsigned column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static bool wrong_at(struct script_error *error, unsigned line, unsigned column, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error->words, sizeof(error->words), format, args);
    va_end(args);
    error->line = line;
    error->column = column;
    return false;
}

/* ---- lines ---- */

static size_t line_length(const struct reader *reader)
{
    const char *end = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
    size_t length = (size_t)((end ? end : reader->end) - reader->at);

    return length > 0 && reader->at[length - 1] == '\r' ? length - 1 : length;
}

static void next_line(struct reader *reader)
{
    const char *end = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));

    reader->at = end ? end + 1 : reader->end;
    reader->line++;
}

static size_t blanks(const char *at, size_t length)
{
    size_t count = 0;

    while (count < length && (at[count] == ' ' || at[count] == '\t'))
        count++;
    return count;
}

static bool is_blank_line(const struct reader *reader)
{
    size_t length = line_length(reader);

    return blanks(reader->at, length) == length;
}

static bool is_step_line(const struct reader *reader)
{
    size_t indent = blanks(reader->at, line_length(reader));

    return !is_blank_line(reader) && (indent >= STEP_INDENT || memchr(reader->at, '\t', indent));
}

static bool is_comment(const struct reader *reader)
{
    return line_length(reader) > 0 && reader->at[0] == '#';
}

/* Is it one of ours, but for capitals? */
static bool is_word_in_capitals(const char *at, size_t length)
{
    for (size_t i = 0; i < WORDS; i++)
        if (strlen(words[i].name) == length && strncasecmp(words[i].name, at, length) == 0)
            return true;
    return false;
}

/* The length of a word before a colon at the start of the line, or 0: in small letters, or one of ours in capitals. */
static size_t keyword(const struct reader *reader)
{
    size_t length = line_length(reader), word = 0;
    bool capitals = false;

    for (; word < length && isalpha((unsigned char)reader->at[word]); word++)
        capitals |= isupper((unsigned char)reader->at[word]) != 0;
    if (word == 0 || word == length || reader->at[word] != ':')
        return 0;
    if (word + 1 < length && reader->at[word + 1] != ' ' && reader->at[word + 1] != '\t')
        return 0;
    return capitals && !is_word_in_capitals(reader->at, word) ? 0 : word;
}

static bool find_word(const struct reader *reader, size_t length, int *out)
{
    char known[200];
    struct text text;

    for (size_t i = 0; i < WORDS; i++)
        if (strlen(words[i].name) == length && memcmp(words[i].name, reader->at, length) == 0) {
            *out = words[i].what;
            return true;
        }
    if (is_word_in_capitals(reader->at, length))
        return wrong_at(reader->error, reader->line, 1, "'%.*s:' is written in small letters", (int)length, reader->at);
    text_init(&text, known, sizeof(known));
    for (size_t i = 0; i < WORDS; i++)
        text_add(&text, "%s%s", i == 0 ? "" : i + 1 == WORDS ? " and " : ", ", words[i].name);
    return wrong_at(reader->error, reader->line, 1, "'%.*s:' is no word of a lesson: there are %s",
                    length > 20 ? 20 : (int)length, reader->at, known);
}

/* ---- texts ---- */

static bool put(struct lesson *lesson, const char *bytes, size_t length)
{
    if (length > lesson->bytes_room - lesson->bytes_used)
        return false;
    memcpy(lesson->bytes + lesson->bytes_used, bytes, length);
    lesson->bytes_used += length;
    return true;
}

/* Appends the words of a line, each but the first set off by a blank. */
static bool put_words(struct lesson *lesson, const char *line, size_t length, bool *first)
{
    for (size_t at = blanks(line, length); at < length;) {
        size_t word = 0;
        while (at + word < length && line[at + word] != ' ' && line[at + word] != '\t')
            word++;
        if ((!*first && !put(lesson, " ", 1)) || !put(lesson, line + at, word))
            return false;
        *first = false;
        at += word;
        at += blanks(line + at, length - at);
    }
    return true;
}

/* A paragraph: this line from an offset on, and those below it up to an empty one, a step, or a word with a colon. */
static bool read_paragraph(struct reader *reader, size_t offset, struct lesson_item *item)
{
    struct lesson *lesson = reader->lesson;
    size_t begin = lesson->bytes_used, length = line_length(reader);
    bool first = true;

    offset += blanks(reader->at + offset, length - offset);
    item->line = reader->line;
    item->column = (unsigned)offset + 1;
    do {
        if (!put_words(lesson, reader->at + offset, line_length(reader) - offset, &first))
            return wrong_at(reader->error, reader->line, 1, "the lesson is too long");
        offset = 0;
        next_line(reader);
    } while (reader->at < reader->end && !is_blank_line(reader) && !is_step_line(reader) && !is_comment(reader) &&
             !keyword(reader));
    if (!put(lesson, "", 1))
        return wrong_at(reader->error, reader->line, 1, "the lesson is too long");
    item->text = lesson->bytes + begin;
    item->length = lesson->bytes_used - begin - 1;
    return true;
}

/* Steps: the lines as they stand, so that columns stay what they are. Empty lines between them belong to them. */
static bool read_steps(struct reader *reader, struct lesson_item *item)
{
    struct lesson *lesson = reader->lesson;
    const char *begin = reader->at, *last = reader->at;

    item->kind = LESSON_STEPS;
    item->line = reader->line;
    item->column = 1;
    item->text = lesson->bytes + lesson->bytes_used;
    while (reader->at < reader->end && (is_step_line(reader) || is_blank_line(reader))) {
        bool step = is_step_line(reader);
        next_line(reader);
        if (step)
            last = reader->at;
    }
    item->length = (size_t)(last - begin);
    if (!put(lesson, begin, item->length) || !put(lesson, "", 1))
        return wrong_at(reader->error, item->line, 1, "the lesson is too long");
    return true;
}

/* ---- what may stand where ---- */

static bool has_expectation(const struct lesson_item *item)
{
    struct lexer lexer;
    bool first = true;

    lexer_init(&lexer, item->text, item->length, 1);
    for (; lexer.token.kind != TOKEN_TEXT_END; lexer_next(&lexer)) {
        if (first && lexer.token.kind == TOKEN_WORD && span_is(lexer.token.span, "expect"))
            return true;
        first = lexer.token.kind == TOKEN_STEP_END;
    }
    return false;
}

static bool question_is_whole(const struct order *order, struct script_error *error)
{
    if (!order->asked)
        return true;
    if (order->choices < 2 || order->right != 1)
        return wrong_at(error, order->asked_line, order->asked_column,
                        "a question wants two answers or more behind it, one right: and the others wrong:");
    return true;
}

/* A question is answered by what is shown: before the next one, and before the connection is another. */
static bool question_is_answered(const struct order *order, struct script_error *error)
{
    if (!question_is_whole(order, error))
        return false;
    if (order->asked)
        return wrong_at(error, order->asked_line, order->asked_column,
                        "nothing answers this question: behind it there must be an expectation or a check");
    return true;
}

static bool new_part(struct order *order, const struct lesson_item *item, struct script_error *error)
{
    if (!question_is_answered(order, error))
        return false;
    if (order->peer && !order->steps)
        return wrong_at(error, item->line, item->column, "the connection before this one has no steps");
    if (order->parts == FACTS_PARTS)
        return wrong_at(error, item->line, item->column, "a lesson has %d connections at most", FACTS_PARTS);
    *order = (struct order){.peer = true, .parts = order->parts + 1};
    return true;
}

static bool fits_choice(struct order *order, const struct lesson_item *item, struct script_error *error)
{
    if (order->last != LESSON_ASK && order->last != LESSON_RIGHT && order->last != LESSON_WRONG)
        return wrong_at(error, item->line, item->column, "an answer stands directly below its question");
    order->choices++;
    order->right += item->kind == LESSON_RIGHT;
    if (order->right > 1)
        return wrong_at(error, item->line, item->column, "this question has a right answer already");
    return order->choices <= 9 ? true
                               : wrong_at(error, item->line, item->column, "a question has nine answers at most");
}

static bool fits_evidence(struct order *order, const struct lesson_item *item, struct script_error *error)
{
    if (!order->peer)
        return wrong_at(error, item->line, item->column, "there must be a peer: before it");
    if (item->kind == LESSON_STEPS && order->ended)
        return wrong_at(error, item->line, item->column,
                        "the connection has ended above: behind end: there are no steps");
    if (!question_is_whole(order, error))
        return false;
    if (order->stated)
        order->shown = order->stated = false;
    order->steps |= item->kind == LESSON_STEPS;
    if (item->kind == LESSON_CHECK || has_expectation(item)) {
        order->shown = true;
        order->asked = false;
    }
    return true;
}

static bool fits_fact(const struct order *order, const struct fact_place *place, const struct lesson_item *item,
                      struct script_error *error)
{
    bool present = place->part == 0 || place->part == order->parts;

    if (place->part > order->parts)
        return wrong_at(error, item->line, item->column, "there is no connection %u up to here", place->part);
    if (present && fact_rows[place->fact].at_end && !order->ended)
        return wrong_at(error, item->line, item->column, "%s is known only behind end:", fact_rows[place->fact].name);
    return true;
}

static bool fits_check(const struct order *order, const struct lesson_item *item, struct script_error *error)
{
    const struct fact_name *names[] = {&item->check.left, &item->check.right};

    for (size_t i = 0; i < 1u + item->check.is_fact; i++)
        if (!fits_fact(order, &names[i]->of, item, error) ||
            (names[i]->minus && !fits_fact(order, &names[i]->less, item, error)))
            return false;
    return true;
}

static bool fits(struct order *order, const struct lesson_item *item, struct script_error *error)
{
    switch (item->kind) {
    case LESSON_PROSE:
        return question_is_whole(order, error);
    case LESSON_PEER:
        return new_part(order, item, error);
    case LESSON_LONG:
        return order->last == LESSON_PEER ? true
                                          : wrong_at(error, item->line, item->column,
                                                     "long: stands directly below a peer:, whose part takes long");
    case LESSON_ASK:
        if (!order->peer)
            return wrong_at(error, item->line, item->column, "there must be a peer: before it");
        if (!question_is_answered(order, error))
            return false;
        order->asked = true;
        order->right = order->choices = 0;
        order->asked_line = item->line;
        order->asked_column = item->column;
        return true;
    case LESSON_RIGHT:
    case LESSON_WRONG:
        return fits_choice(order, item, error);
    case LESSON_STEPS:
        return fits_evidence(order, item, error);
    case LESSON_CHECK:
        return fits_evidence(order, item, error) && fits_check(order, item, error);
    case LESSON_END:
        if (!order->steps || order->ended)
            return wrong_at(error, item->line, item->column, "end: stands once, behind the steps of a connection");
        order->ended = true;
        return true;
    case LESSON_TRUE:
        order->stated = true;
        return order->shown ? true
                            : wrong_at(error, item->line, item->column,
                                       "nothing shows this: above a statement there must be an expectation or a check");
    case LESSON_FALSE:
        return order->last == LESSON_TRUE
                   ? true
                   : wrong_at(error, item->line, item->column,
                              "false: stands directly below the true: in whose place it is said");
    }
    return true;
}

/* ---- items ---- */

static bool read_check(struct reader *reader, struct lesson_item *item)
{
    char words_of_it[240];
    struct text wrong;
    size_t where;

    text_init(&wrong, words_of_it, sizeof(words_of_it));
    if (check_read(item->text, &item->check, &wrong, &where))
        return true;
    return wrong_at(reader->error, item->line, item->column + (unsigned)where, "%s", words_of_it);
}

static bool read_head(struct reader *reader, size_t word, int what, bool first_item)
{
    struct lesson *lesson = reader->lesson;
    const char **place = what == WORD_TITLE ? &lesson->title : &lesson->summary;
    struct lesson_item item;

    if (*place || !first_item)
        return wrong_at(reader->error, reader->line, 1, "%.*s: stands once, at the top of the lesson", (int)word,
                        reader->at);
    if (!read_paragraph(reader, word + 1, &item))
        return false;
    *place = item.text;
    return item.length > 0 ? true : wrong_at(reader->error, item.line, item.column, "here a text must follow");
}

static bool check_braces(struct reader *reader, const struct lesson_item *item)
{
    size_t length;
    const char *name = facts_no_name(item->text, &length);

    return !name || wrong_at(reader->error, item->line, item->column,
                             "in this text {%.*s} is no fact (see FACTS in tcpwalk-lesson(5))",
                             length > 40 ? 40 : (int)length, name);
}

static bool read_item(struct reader *reader, size_t word, int what, struct lesson_item *item)
{
    *item = (struct lesson_item){.kind = (enum lesson_item_kind)what};
    if (is_step_line(reader))
        return read_steps(reader, item);
    if (!read_paragraph(reader, word ? word + 1 : 0, item))
        return false;
    if ((item->length == 0) != (item->kind == LESSON_END))
        return wrong_at(reader->error, item->line, item->column, "%s",
                        item->length ? "end: stands alone on its line" : "here a text must follow");
    if (lesson_is_words(item->kind) && !check_braces(reader, item))
        return false;
    return item->kind != LESSON_CHECK || read_check(reader, item);
}

static bool read_next(struct reader *reader, struct order *order)
{
    struct lesson *lesson = reader->lesson;
    size_t word = is_step_line(reader) ? 0 : keyword(reader);
    struct lesson_item *item = &lesson->items[lesson->count];
    int what = LESSON_PROSE;

    if (word && !find_word(reader, word, &what))
        return false;
    if (what >= WORD_TITLE)
        return read_head(reader, word, what, lesson->count == 0);
    if (!lesson->title || !lesson->summary)
        return wrong_at(reader->error, reader->line, 1, "a lesson begins with title: and summary:");
    if (lesson->count == lesson->items_room)
        return wrong_at(reader->error, reader->line, 1, "the lesson is too long");
    if (!read_item(reader, word, what, item) || !fits(order, item, reader->error))
        return false;
    order->last = item->kind;
    lesson->count++;
    return true;
}

void lesson_init(struct lesson *lesson, struct lesson_item *items, unsigned items_room, char *bytes, size_t bytes_room)
{
    *lesson = (struct lesson){.items = items, .items_room = items_room, .bytes = bytes, .bytes_room = bytes_room};
}

bool lesson_parse(struct lesson *lesson, const char *text, size_t length, struct script_error *error)
{
    struct reader reader = {lesson, text, text + length, 1, error};
    struct order order = {.last = -1};

    if (!characters_check(text, length, &error->line, &error->column))
        return wrong_at(error, error->line, error->column,
                        "here is a byte that is no text of UTF-8, or a control character");
    while (reader.at < reader.end) {
        if (is_blank_line(&reader) || is_comment(&reader))
            next_line(&reader);
        else if (!read_next(&reader, &order))
            return false;
    }
    if (!question_is_answered(&order, error))
        return false;
    if (!order.peer || !order.steps)
        return wrong_at(error, reader.line, 1, "a lesson wants a peer: and steps");
    return true;
}
