#include "cmd/manual.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "core/segment.h"
#include "core/state.h"
#include "step/grammar.h"

/* A line of mdoc's source is no longer than that, where it can be broken. */
#define LINE_MOST 76

/* ---- text ---- */

/*
 * Writes bytes as they shall be read; at the beginning of a line a dot or an apostrophe would begin a request. Returns how many were
 * written.
 */
static size_t put_bytes(FILE *out, const char *bytes, size_t length, bool begins_line)
{
    size_t written = length;

    if (begins_line && length > 0 && strchr(".'", bytes[0]))
        fputs("\\&", out);
    for (size_t i = 0; i < length; i++) {
        const char *name = bytes[i] == '\\' ? "\\e" : bytes[i] == '~' ? "\\(ti" : bytes[i] == '^' ? "\\(ha" : NULL;
        if (name) /* of ~ and ^ some formatters make accents */
            written += (size_t)fprintf(out, "%s", name) - 1;
        else
            putc(bytes[i], out);
    }
    return written;
}

/* Does a sentence end with this word, the next one being what begins another? "." alone is a flag. */
static bool ends_sentence(const char *word, size_t length)
{
    const char *next = word + length;

    while (*next == ' ')
        next++;
    if (length < 2 || word[length - 1] != '.')
        return false;
    return (isupper((unsigned char)next[0]) && (islower((unsigned char)next[1]) || next[1] == ' ')) ||
           (*next && strchr("@<\"", *next));
}

/* Writes prose: a sentence begins a line, and lines are broken at blanks. */
static void put_prose(FILE *out, const char *text)
{
    size_t column = 0;

    while (*text) {
        size_t length = strcspn(text, " \n");

        if (column > 0 && column + 1 + length > LINE_MOST) {
            putc('\n', out);
            column = 0;
        }
        if (column > 0)
            column += (size_t)fprintf(out, " ");
        column += put_bytes(out, text, length, column == 0);
        bool ends = ends_sentence(text, length);
        text += length;
        if (ends || *text == '\n') {
            fputs(*text == '\n' ? "\n.Pp\n" : "\n", out);
            column = 0;
        } else if (*text && text[-1] == '.') {
            fputs("\\&", out); /* where the line ends here it is no end of a sentence */
        }
        text += strspn(text, " \n");
    }
    if (column > 0)
        putc('\n', out);
}

static void put_section(FILE *out, const char *title)
{
    fprintf(out, ".Sh ");
    for (const char *at = title; *at; at++)
        putc(toupper((unsigned char)*at), out);
    putc('\n', out);
}

/* ---- syntax ---- */

/* How long the piece of a syntax line is that begins here: a word of letters of one case, "...", or a sign. */
static size_t piece_length(const char *at)
{
    size_t length = 0;

    if (strncmp(at, "...", 3) == 0)
        return 3;
    if (isupper((unsigned char)*at))
        while (isupper((unsigned char)at[length]))
            length++;
    else
        while (isalnum((unsigned char)at[length]) || at[length] == '-')
            length++;
    return length > 0 ? length : 1;
}

static void put_piece(FILE *out, const char *at, size_t length)
{
    if (*at == '[' || *at == ']')
        fputs(*at == '[' ? "Oo" : "Oc", out);
    else if (*at == '"')
        fputs("No \\(dq", out);
    else if (!isalnum((unsigned char)*at))
        fprintf(out, "No \\&%.*s", (int)length, at);
    else
        fprintf(out, "%s %.*s", isupper((unsigned char)*at) ? "Ar" : "Cm", (int)length, at);
}

/* "expect [next] FLAGS|any": small letters are typed so, capitals stand for something. */
static void put_syntax(FILE *out, const char *syntax)
{
    bool joined = false, opened = false;

    for (const char *at = syntax; *at;) {
        size_t length = piece_length(at);

        if (*at == ' ') {
            joined = false;
            at++;
            continue;
        }
        fputs(joined && !opened && *at != ']' ? " Ns " : " ", out);
        put_piece(out, at, length);
        opened = *at == '[';
        joined = true;
        at += length;
    }
    putc('\n', out);
}

/* The rows' own names are typed as they are, "TS" as well. */
static void put_item(FILE *out, const char *name, const char *rest)
{
    fprintf(out, ".It Cm ");
    put_bytes(out, name, strlen(name), true);
    put_syntax(out, rest);
}

/* ---- steps ---- */

/* The steps of an example, one a line. */
static void put_example(FILE *out, const char *example)
{
    bool quoted = false;

    fprintf(out, ".Bd -literal -offset 2n\n");
    for (const char *line = example, *at = example;; at++) {
        if (*at == '"')
            quoted = !quoted;
        if (*at && (quoted || strncmp(at, "; ", 2) != 0))
            continue;
        put_bytes(out, line, (size_t)(at - line), true);
        putc('\n', out);
        if (!*at)
            break;
        line = at + 2;
    }
    fprintf(out, ".Ed\n");
}

static void put_steps(FILE *out)
{
    put_section(out, "steps");
    fprintf(out, ".Bl -tag -width Ds\n");
    for (const struct grammar_word *word = grammar_words; word->name; word++) {
        fprintf(out, ".It");
        put_syntax(out, word->syntax);
        put_prose(out, word->summary);
        put_prose(out, word->help);
        put_example(out, word->example);
    }
    fprintf(out, ".El\n");
}

static void put_clauses(FILE *out)
{
    put_section(out, "behind a step");
    fprintf(out, "In any order, each once, where a step's own line above has them:\n"
                 ".Bl -tag -width \"FIELD=VALUE\"\n");
    for (const struct grammar_clause *clause = grammar_clauses; clause->name; clause++) {
        put_item(out, clause->name, grammar_arguments[clause->argument].name);
        put_prose(out, clause->what);
    }
    fprintf(out, ".El\n");
}

/* ---- topics ---- */

static void put_fields(FILE *out)
{
    fprintf(out, ".Bl -tag -width \"checksum\"\n");
    for (const struct grammar_field *field = grammar_fields; field->name; field++) {
        put_item(out, field->name, "");
        put_prose(out, field->what);
        fprintf(out, ".Pq %s%s\n", field->wants,
                field->uses == USE_BY_HAND    ? "; by hand only"
                : field->uses == USE_EXPECTED ? "; in an expectation only"
                                              : "");
    }
    fprintf(out, ".El\n.Pp\nNumbers are compared with\n.Bl -tag -width \"!=\" -compact\n");
    for (const struct grammar_comparison *row = grammar_comparisons; row->name; row++)
        fprintf(out, ".It Cm \\&%s\n%s\n", row->name, row->what);
    fprintf(out, ".El\n.Pp\nNot together by hand:\n.Bl -tag -width Ds -compact\n");
    for (const struct grammar_exclusion *row = grammar_exclusions; row->name; row++)
        fprintf(out, ".It Cm %s No and Cm %s\n%s\n", row->name, row->other, row->why);
    fprintf(out, ".El\n");
}

static void put_options(FILE *out)
{
    fprintf(out, ".Bl -tag -width \"sack LEFT:RIGHT\"\n");
    for (const struct grammar_option *row = grammar_options; row->name; row++) {
        put_item(out, row->name, row->syntax + strlen(row->name));
        put_prose(out, row->what);
        if (row->uses != (USE_BY_HAND | USE_EXPECTED))
            fprintf(out, "%s\n", row->uses == USE_BY_HAND ? ".Pq by hand only" : ".Pq in an expectation only");
    }
    fprintf(out, ".El\n.Pp\nOptions are compared with\n.Bl -tag -width \"!~\" -compact\n");
    for (const struct grammar_test *row = grammar_tests; row->name; row++) {
        fprintf(out, ".It Cm \\&");
        put_bytes(out, row->name, strlen(row->name), false);
        fprintf(out, "\n%s\n", row->what);
    }
    fprintf(out, ".El\n");
}

static void put_flags(FILE *out)
{
    fprintf(out, ".Bl -tag -width \"F\" -compact\n");
    for (const struct grammar_flag *flag = grammar_flags; flag->letter; flag++)
        fprintf(out, ".It Cm \\&%c\n%s\n", flag->letter, flag->what);
    fprintf(out, ".El\n");
}

static void put_states(FILE *out)
{
    fprintf(out, ".Bl -item -compact -offset indent\n");
    for (unsigned i = 0; i < STATE_COUNT; i++)
        fprintf(out, ".It\n%s\n", state_name((enum state)i));
    fprintf(out, ".El\n");
}

static void put_icmp(FILE *out)
{
    const char *name;

    fprintf(out, ".Bl -item -compact -offset indent\n");
    for (unsigned i = 0; (name = icmp_error_name_at(i)); i++)
        fprintf(out, ".It\n%s\n", name);
    fprintf(out, ".El\n");
}

/* Topics that have a table besides their text, or another title than their name. */
static const struct {
    const char *topic, *title;
    void (*put)(FILE *out);
} tables[] = {
    {"fields", "segment fields", put_fields}, {"options", "tcp options", put_options}, {"flags", "flags", put_flags},
    {"states", "states", put_states},         {"icmp", "icmp names", put_icmp},
};

static void put_topic(FILE *out, const struct grammar_topic *topic)
{
    size_t count = sizeof(tables) / sizeof(tables[0]), i = 0;

    while (i < count && strcmp(tables[i].topic, topic->name) != 0)
        i++;
    put_section(out, i < count ? tables[i].title : topic->name);
    put_prose(out, topic->help);
    if (i < count)
        tables[i].put(out);
}

void manual_print(FILE *out)
{
    put_steps(out);
    put_clauses(out);
    for (const struct grammar_topic *topic = grammar_topics; topic->name; topic++)
        put_topic(out, topic);
}
