/* What the parts of the parser share: where it is, what it reads into, and how it says that something is wrong. */
#ifndef STEP_PARSER_H
#define STEP_PARSER_H

#include <stdbool.h>
#include <stddef.h>

#include "step/grammar.h"
#include "step/lex.h"
#include "step/script.h"
#include "step/sink.h"

/* Something that can stand where the parser is. */
struct choice {
    const char *text;                  /* a word; or, when free, a description */
    const char *what;                  /* a few words about it, or NULL */
    bool free;                         /* not one word, but many */
    bool string;                       /* of these, a string */
    bool likely;                       /* one of many: worth offering, not worth naming in an error */
    bool state;                        /* several can be joined by | */
    const struct grammar_field *field; /* text is its name; an operator and a value follow in the same word */
    unsigned use;                      /* of field */
};

typedef void choice_taker(void *context, const struct choice *choice);

/* What it reads next. */
enum asked {
    ASKED_WORD,     /* the word that begins a step */
    ASKED_PLACES,   /* places of the row from .from on, as far as they are optional; behind them clauses */
    ASKED_ARGUMENT, /* .argument */
};

struct parser {
    struct script *script;
    struct script_error *error;
    struct lexer lexer;

    struct step step;  /* the one that is being read */
    const char *start; /* where its word stands */
    const struct grammar_word *row;
    struct step_bytes *bytes; /* where ARGUMENT_BYTES and what follows it go */
    unsigned clauses;         /* CLAUSE_* bits that were there */

    enum asked asked;
    unsigned from;
    enum argument argument;

    /* For completion: told of every choice at the end of the text, where nothing is wrong then; or NULL. */
    choice_taker *offer;
    void *offer_to;
};

enum reading {
    READ_DONE,  /* taken: the current token is the next one */
    READ_OTHER, /* this is not what was asked for; nothing was taken */
    READ_WRONG, /* the error is set */
};

/* Reads all steps of the lexer's text into the script; false with the error set. The script may be left half-done. */
bool parse_steps(struct parser *parser);

/* Gives every choice at the current place to take. Those that are no words of the language are free. */
void choices_here(const struct parser *parser, choice_taker *take, void *context);

/* Sets the error, at a place of the current line, in printf-style words. Always false. */
bool wrong(struct parser *parser, const char *at, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Sets the error: the current token is none of the choices. Always false. */
bool wrong_here(struct parser *parser);

/* The script's storage is too small. Always false. */
bool wrong_room(struct parser *parser);

#define QUOTED 40

/* A word of the text for a message: in quotes, harmless, cut when it is long. Returns out. */
char *quoted(struct span span, char out[QUOTED]);

/*
 * The nearest word, to suggest one for what was mistyped: found one after the other by near_try(). Letters that
 * are swapped, missing, wrong or too many, case, and beginnings count as near.
 */
struct near {
    struct span typed;
    const char *best; /* NULL: none is near */
    unsigned distance;
};

/* Takes the word as the best so far, if it is. */
void near_try(struct near *near, const char *word);

/* Starts to store bytes in the script, and ends it: *out is where they are, with a null behind. False: no room. */
struct sink store_begin(const struct parser *parser);
bool store_end(struct parser *parser, struct sink *sink, const char **out);

/* Reads what stands at a place; READ_OTHER when the current token can't be that. */
enum reading argument_read(struct parser *parser, enum argument argument);

/* The same, where it must be there: then READ_OTHER is an error. */
bool argument_require(struct parser *parser, enum argument argument);

/* Prints it back; false when the step has none and nothing was printed. */
bool argument_print(struct sink *sink, const struct step *step, enum argument argument);

/* What stands between a field's name and its value. */
struct sign {
    const char *name; /* NULL: none that the field can have */
    enum comparison comparison;
    enum options_test test; /* instead, of TCP options in an expectation */
};

/* The longest sign at the beginning of what follows the field's name. */
struct sign sign_read(const struct grammar_field *field, unsigned use, struct span rest);

/* Reads FIELD=VALUE into the step; READ_OTHER when the current token does not look like that. */
enum reading field_read(struct parser *parser, enum grammar_use use);

/* Prints all fields of a segment by hand or an expectation, each with a blank before it. */
void fields_print_set(struct sink *sink, const struct step_segment *segment);
void fields_print_expected(struct sink *sink, const struct step_expect_segment *expect);

/* Was the field given (again, with the same comparison)? Of a segment by hand, comparison is COMPARE_EQUAL. */
bool field_is_given(const struct parser *parser, const struct grammar_field *field, enum comparison comparison);

/* What was given already that this field or clause can't stand beside, with the reason; NULL: nothing. */
const char *excluded_by(const struct parser *parser, const char *name, const char **why);

/* Reads a list of TCP options, without < and >, into bytes or into what is expected. */
bool options_read_bytes(struct parser *parser, struct span list, struct crafted *out);
bool options_read_expected(struct parser *parser, struct span list, struct step_expect_segment *out);

/* Prints it back, with < and >, or none. */
void options_print_bytes(struct sink *sink, const uint8_t *bytes, size_t length);
void options_print_expected(struct sink *sink, const struct step_expect_segment *expect);

#endif
