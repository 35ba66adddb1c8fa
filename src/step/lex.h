/* Text to words: blanks, comments, line ends and semicolons are gone through here and nowhere else. */
#ifndef STEP_LEX_H
#define STEP_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A piece of the text, not ended by a null. */
struct span {
    const char *at; /* (borrowed) */
    size_t length;
};

static inline bool span_is(struct span span, const char *word)
{
    return strlen(word) == span.length && memcmp(span.at, word, span.length) == 0;
}

enum token_kind {
    TOKEN_WORD,     /* up to a blank or a semicolon; <...> behind = or ~ belongs to it, blanks and all */
    TOKEN_STRING,   /* "...": the span has the quotes too, unless the last is missing */
    TOKEN_STEP_END, /* a semicolon or the end of a line */
    TOKEN_TEXT_END,
};

struct token {
    enum token_kind kind;
    struct span span; /* of an end: empty, right behind the last word of its line */
    bool unclosed;    /* a " or < without its counterpart: the span goes to the end of the line */
};

struct lexer {
    const char *at, *end;
    const char *line_start;
    unsigned line;
    const char *last_end; /* end of the line's last word so far, or where the line starts */
    struct token token;   /* the current one */
};

/* Starts at the first token of a text whose first line has this number (0 counts as 1). */
void lexer_init(struct lexer *lexer, const char *text, size_t length, unsigned first_line);

/* Moves on to the next token; stays at the end of the text. */
void lexer_next(struct lexer *lexer);

/*
 * The column of a place in the current line, counted from 1 in characters: the bytes that go on with a character of
 * UTF-8 don't count.
 */
unsigned lexer_column(const struct lexer *lexer, const char *at);

#endif
