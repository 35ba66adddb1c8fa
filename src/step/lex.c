#include "step/lex.h"

#include <stdint.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static void skip_blanks_and_comment(struct lexer *lexer)
{
    while (lexer->at < lexer->end && is_blank(*lexer->at))
        lexer->at++;
    if (lexer->at < lexer->end && *lexer->at == '#')
        while (lexer->at < lexer->end && *lexer->at != '\n')
            lexer->at++;
}

/* From behind the opening character to behind the closing one, in the same line; false when there is none. */
static bool find_close(const struct lexer *lexer, const char **at, char closing, const char *not_in_it)
{
    const char *found = *at;

    for (; found < lexer->end && *found != '\n' && !(*found && strchr(not_in_it, *found)); found++) {
        if (*found == closing) {
            *at = found + 1;
            return true;
        }
        if (closing == '"' && *found == '\\' && found + 1 < lexer->end && found[1] != '\n')
            found++;
    }
    *at = found;
    return false;
}

static struct token read_string(struct lexer *lexer)
{
    const char *start = lexer->at++;
    bool closed = find_close(lexer, &lexer->at, '"', "");

    return (struct token){TOKEN_STRING, {start, (size_t)(lexer->at - start)}, !closed};
}

static struct token read_word(struct lexer *lexer)
{
    const char *start = lexer->at;
    bool closed = true;

    while (closed && lexer->at < lexer->end && !is_blank(*lexer->at) && *lexer->at != '\n' && *lexer->at != ';') {
        char c = *lexer->at++;
        if (c == '<' && lexer->at - start >= 2 && (lexer->at[-2] == '=' || lexer->at[-2] == '~'))
            closed = find_close(lexer, &lexer->at, '>', ";\"");
    }
    return (struct token){TOKEN_WORD, {start, (size_t)(lexer->at - start)}, !closed};
}

void lexer_next(struct lexer *lexer)
{
    /* The end of a line is passed only now, so that its number was right for who looked at the token. */
    if (lexer->token.kind == TOKEN_STEP_END && *lexer->at++ == '\n') {
        lexer->line++;
        lexer->line_start = lexer->last_end = lexer->at;
    }
    skip_blanks_and_comment(lexer);
    if (lexer->at == lexer->end || *lexer->at == '\n' || *lexer->at == ';') {
        lexer->token =
            (struct token){lexer->at == lexer->end ? TOKEN_TEXT_END : TOKEN_STEP_END, {lexer->last_end, 0}, false};
        return;
    }
    lexer->token = *lexer->at == '"' ? read_string(lexer) : read_word(lexer);
    lexer->last_end = lexer->at;
}

void lexer_init(struct lexer *lexer, const char *text, size_t length, unsigned first_line)
{
    *lexer = (struct lexer){
        .at = text,
        .end = length > 0 ? text + length : text,
        .line_start = text,
        .line = first_line ? first_line : 1,
        .last_end = text,
        .token.kind = TOKEN_WORD,
    };
    lexer_next(lexer);
}

unsigned lexer_column(const struct lexer *lexer, const char *at)
{
    unsigned column = 1;

    for (const char *before = lexer->line_start; before < at; before++)
        if (((uint8_t)*before & 0xc0) != 0x80)
            column++;
    return column;
}
