#include "step/complete.h"

#include <stdio.h>
#include <string.h>

#include "step/parser.h"

struct completer {
    candidate_taker *take;
    void *context;
    const char *line;
    struct span typed; /* the word at the cursor, as far as it goes */
    struct completion completion;
};

/* Tells of a candidate if it goes on with what was typed, of which the part that counts begins at .at. */
static void tell(struct completer *completer, struct span part, const char *text, const char *what, bool open)
{
    if (strlen(text) < part.length || strncasecmp(text, part.at, part.length) != 0)
        return;
    completer->completion.start = (size_t)(part.at - completer->line);
    completer->completion.count++;
    completer->take(completer->context, &(struct candidate){.text = text, .what = what, .open = open});
}

/* What is left of a word behind the last of these letters. */
static struct span part_behind(struct span word, const char *letters)
{
    const char *end = word.at + word.length;
    const char *at = end;

    while (at > word.at && !(at[-1] && strchr(letters, at[-1])))
        at--;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return (struct span){at, (size_t)(end - at)};
}

/* Must something follow the option's name? In an expectation its value can be left out. */
static bool needs_value(const struct grammar_option *row, unsigned use)
{
    return use == USE_BY_HAND && row->shape != SHAPE_SINGLE && !(row->shape == SHAPE_NUMBERS && row->numbers == 0);
}

/* Is the option in the list already? */
static bool is_listed(struct span list, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 1; i + length < list.length; i++)
        if (strncasecmp(list.at + i, name, length) == 0 && strchr("<, ", list.at[i - 1]) &&
            strchr(",> ", list.at[i + length]))
            return true;
    return false;
}

static void tell_options(struct completer *completer, struct span value, const struct choice *field)
{
    struct span part = part_behind(value, "<,");
    bool bare = value.length == 0 || value.at[0] != '<';

    if (bare && value.at[-1] == '=')
        tell(completer, value, "none", "no options at all", false);
    if (value.length == 0)
        tell(completer, value, "<", "a list, up to >", true);
    /* In a list without < there can be no blanks, so no values either. */
    for (const struct grammar_option *row = grammar_options; value.length > 0 && row->name; row++)
        if ((row->uses & field->use) && !(bare && needs_value(row, field->use)) &&
            !(field->use == USE_EXPECTED && is_listed(value, row->name)))
            tell(completer, part, row->name, row->what, true);
}

/* What can stand behind the field's name and its sign. */
static void tell_values(struct completer *completer, struct span value, const struct choice *choice)
{
    switch (choice->field->value) {
    case VALUE_SEQUENCE:
        tell(completer, value, "nxt", "the next number to be sent", true);
        tell(completer, value, "una", "the first number that is not acknowledged", true);
        if (memchr(value.at, '+', value.length) || memchr(value.at, '-', value.length))
            tell(completer, part_behind(value, "+-"), "wnd", "the window of the receiver", true);
        break;
    case VALUE_CHECKSUM:
        tell(completer, value, "bad", "the right one with all its bits inverted", false);
        break;
    case VALUE_OPTIONS:
        tell_options(completer, value, choice);
        break;
    default:
        break;
    }
}

static void tell_field(struct completer *completer, const struct choice *choice)
{
    size_t length = strlen(choice->text);
    struct span value = completer->typed;
    char text[32];

    if (value.length > length && memcmp(value.at, choice->text, length) == 0) {
        struct span rest = {value.at + length, value.length - length};
        struct sign sign = sign_read(choice->field, choice->use, rest);

        if (sign.name)
            tell_values(completer, (struct span){rest.at + strlen(sign.name), rest.length - strlen(sign.name)}, choice);
        return;
    }
    snprintf(text, sizeof(text), "%s%s", choice->text,
             choice->field->value == VALUE_OPTIONS && choice->use == USE_EXPECTED ? "~" : "=");
    tell(completer, value, text, choice->what, true);
}

static void take_choice(void *context, const struct choice *choice)
{
    struct completer *completer = context;

    if (choice->free)
        return;
    if (choice->field)
        tell_field(completer, choice);
    else
        tell(completer, choice->state ? part_behind(completer->typed, "|") : completer->typed, choice->text,
             choice->what, false);
}

/* The last step of the line, and the word at the cursor in it. False where nothing is to be completed. */
static bool find_word(const char *line, size_t cursor, struct span *before, struct span *typed)
{
    const char *end = line + cursor;
    struct token last = {.kind = TOKEN_STEP_END};
    struct lexer lexer;

    *before = (struct span){line, 0};
    *typed = (struct span){end, 0};
    for (lexer_init(&lexer, line, cursor, 1); lexer.token.kind != TOKEN_TEXT_END; lexer_next(&lexer)) {
        last = lexer.token;
        if (last.kind == TOKEN_STEP_END)
            before->at = lexer.at + 1;
    }
    if (memchr(lexer.last_end, '#', (size_t)(end - lexer.last_end)))
        return false;
    if (last.kind != TOKEN_STEP_END && last.span.at + last.span.length == end)
        *typed = last.span;
    before->length = (size_t)(typed->at - before->at);
    return typed->length == 0 || last.kind == TOKEN_WORD;
}

struct completion step_complete(const char *line, size_t cursor, candidate_taker *take, void *context)
{
    struct completer completer = {.take = take, .context = context, .line = line};
    char bytes[4096];
    struct step step;
    struct script script;
    struct script_error error;
    struct parser parser = {.script = &script, .error = &error, .offer = take_choice, .offer_to = &completer};
    struct span before;

    if (!find_word(line, cursor, &before, &completer.typed)) {
        completer.completion.start = cursor;
        return completer.completion;
    }
    completer.completion.start = (size_t)(completer.typed.at - line);
    script_init(&script, &step, 1, bytes, sizeof(bytes));
    lexer_init(&parser.lexer, before.at, before.length, 1);
    parse_steps(&parser);
    completer.completion.is_path =
        parser.asked == ASKED_ARGUMENT && parser.argument == ARGUMENT_PATH && parser.lexer.token.kind == TOKEN_TEXT_END;
    return completer.completion;
}
