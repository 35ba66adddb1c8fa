/* FIELD=VALUE: how the fields of a segment are set by hand, or compared. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "step/parser.h"
#include "step/values.h"

/* A field as it was written: its row, and what stands between its name and its value. */
struct written {
    const struct grammar_field *field;
    enum grammar_use use;
    struct sign sign;
    struct span value;
};

static const struct field_value *fields_of(const struct parser *parser, unsigned *count)
{
    bool by_hand = parser->step.kind == STEP_SEGMENT;

    *count = by_hand ? parser->step.segment.field_count : parser->step.expect.field_count;
    return by_hand ? parser->step.segment.fields : parser->step.expect.fields;
}

bool field_is_given(const struct parser *parser, const struct grammar_field *field, enum comparison comparison)
{
    const struct crafted *crafted = &parser->step.segment.crafted;
    bool by_hand = parser->step.kind == STEP_SEGMENT;
    unsigned count;
    const struct field_value *values = fields_of(parser, &count);

    switch (field->value) {
    case VALUE_OFFSET:
        return by_hand && crafted->has_offset;
    case VALUE_CHECKSUM:
        return by_hand && (crafted->has_checksum || crafted->bad_checksum);
    case VALUE_FRAGMENT:
        return by_hand && crafted->fragment > 0;
    case VALUE_OPTIONS:
        return by_hand ? crafted->has_options : parser->step.expect.options_test != OPTIONS_ANY;
    case VALUE_SEQUENCE:
    case VALUE_PLAIN:
        break;
    }
    for (unsigned i = 0; i < count; i++)
        if (values[i].field == field->field && values[i].comparison == comparison)
            return true;
    return false;
}

/* The names of the fields that can be used so, for a message. */
static void list_fields(struct text *text, enum grammar_use use)
{
    for (const struct grammar_field *field = grammar_fields; field->name; field++)
        if (field->uses & use)
            text_add(text, "%s%s", text->used ? ", " : "", field->name);
}

static bool wrong_name(struct parser *parser, struct span name, enum grammar_use use)
{
    char word[QUOTED], all[160];
    struct near near = {.typed = name};
    struct text text;

    quoted(name, word);
    for (const struct grammar_field *field = grammar_fields; field->name; field++)
        if (field->uses & use)
            near_try(&near, field->name);
    if (near.best)
        return wrong(parser, name.at, "%s is no field; did you mean %s?", word, near.best);
    text_init(&text, all, sizeof(all));
    list_fields(&text, use);
    return wrong(parser, name.at, "%s is no field: there are %s", word, all);
}

static bool wrong_use(struct parser *parser, struct span name, const struct grammar_field *field)
{
    if (field->uses & USE_BY_HAND)
        return wrong(parser, name.at, "%s can be set by hand, but not expected", field->name);
    for (const struct grammar_option *option = grammar_options; option->name; option++)
        if (strcmp(option->name, field->name) == 0)
            return wrong(parser, name.at, "%s can only be expected; by hand it is an option: options=<%s>", field->name,
                         option->syntax);
    return wrong(parser, name.at, "%s can be expected, but not set by hand", field->name);
}

static bool find_field(struct parser *parser, struct span name, struct written *out)
{
    for (const struct grammar_field *field = grammar_fields; field->name; field++) {
        if (!span_is(name, field->name))
            continue;
        out->field = field;
        return (field->uses & out->use) || wrong_use(parser, name, field);
    }
    return wrong_name(parser, name, out->use);
}

/* The signs that a field can have, one after the other; without name behind the last. */
static struct sign nth_sign(const struct grammar_field *field, unsigned use, unsigned n)
{
    if (use == USE_BY_HAND)
        return (struct sign){.name = n == 0 ? "=" : NULL, .comparison = COMPARE_EQUAL};
    if (field->value == VALUE_OPTIONS)
        return (struct sign){.name = grammar_tests[n].name, .test = grammar_tests[n].test};
    return (struct sign){.name = grammar_comparisons[n].name, .comparison = grammar_comparisons[n].comparison};
}

struct sign sign_read(const struct grammar_field *field, unsigned use, struct span rest)
{
    struct sign sign, longest = {.name = NULL};

    for (unsigned n = 0; (sign = nth_sign(field, use, n)).name; n++)
        if (strlen(sign.name) <= rest.length && memcmp(rest.at, sign.name, strlen(sign.name)) == 0 &&
            (!longest.name || strlen(longest.name) < strlen(sign.name)))
            longest = sign;
    return longest;
}

/* Splits the rest of the word into sign and value. */
static bool find_sign(struct parser *parser, struct span name, struct span rest, struct written *out)
{
    struct sign sign = sign_read(out->field, out->use, rest);
    char signs[48], word[QUOTED];
    struct text text;

    if (sign.name) {
        size_t length = strlen(sign.name);

        out->sign = sign;
        out->value = (struct span){rest.at + length, rest.length - length};
        return true;
    }
    text_init(&text, signs, sizeof(signs));
    for (unsigned n = 0; (sign = nth_sign(out->field, out->use, n)).name; n++)
        text_add(&text, " %s", sign.name);
    return wrong(parser, name.at, "%s takes%s%s, not %s", out->field->name, text.used > 2 ? " one of" : "", signs,
                 quoted((struct span){rest.at, rest.length > 1 && rest.at[1] == '=' ? 2 : 1}, word));
}

static bool wrong_value(struct parser *parser, const struct written *written)
{
    const char *at = parser->lexer.token.span.at;
    char word[QUOTED];

    if (written->value.length == 0)
        return wrong(parser, at, "%s%s wants %s right behind it", written->field->name, written->sign.name,
                     written->field->wants);
    return wrong(parser, at, "%s%s wants %s, not %s", written->field->name, written->sign.name, written->field->wants,
                 quoted(written->value, word));
}

static bool in_range(const struct written *written, uint32_t *out)
{
    return plain_read(written->value, out) && *out >= written->field->least && *out <= written->field->most;
}

static bool read_number(struct parser *parser, const struct written *written)
{
    struct field_value value = {.field = written->field->field, .comparison = written->sign.comparison};
    bool by_hand = written->use == USE_BY_HAND;
    struct field_value *values = by_hand ? parser->step.segment.fields : parser->step.expect.fields;
    unsigned *count = by_hand ? &parser->step.segment.field_count : &parser->step.expect.field_count;
    uint32_t plain;

    if (written->field->value == VALUE_SEQUENCE) {
        if (!number_read(written->value, &value.number))
            return wrong_value(parser, written);
    } else {
        if (!in_range(written, &plain))
            return wrong_value(parser, written);
        value.number = (struct number){.base = NUMBER_ABSOLUTE, .offset = plain};
    }
    if (*count == STEP_FIELDS)
        return wrong(parser, parser->lexer.token.span.at, "one step can have %d fields, and this is one more",
                     STEP_FIELDS);
    values[(*count)++] = value;
    return true;
}

static bool read_crafted(struct parser *parser, const struct written *written)
{
    struct step_segment *segment = &parser->step.segment;
    uint32_t number = 0;

    if (written->field->value == VALUE_CHECKSUM && span_is(written->value, "bad"))
        segment->crafted.bad_checksum = true;
    else if (!in_range(written, &number) || (written->field->value == VALUE_FRAGMENT && number % 8 != 0))
        return wrong_value(parser, written);
    else if (written->field->value == VALUE_CHECKSUM)
        segment->crafted.has_checksum = true;
    segment->is_crafted = true;
    if (written->field->value == VALUE_OFFSET) {
        segment->crafted.has_offset = true;
        segment->crafted.offset = (uint8_t)number;
    } else if (written->field->value == VALUE_FRAGMENT) {
        segment->crafted.fragment = (uint16_t)number;
    } else {
        segment->crafted.checksum = (uint16_t)number;
    }
    return true;
}

/* <...>, a list without blanks, or none. */
static bool read_options(struct parser *parser, const struct written *written)
{
    struct span list = written->value;

    if (list.length == 0)
        return wrong_value(parser, written);
    if (list.at[0] == '<') {
        if (parser->lexer.token.unclosed)
            return wrong(parser, list.at, "the list that begins here is not closed by >");
        if (list.at[list.length - 1] != '>')
            return wrong(parser, list.at, "behind the list's > there must be a blank");
        list = (struct span){list.at + 1, list.length - 2};
    } else if (span_is(list, "none")) {
        list.length = 0;
    }
    if (written->use == USE_BY_HAND)
        return options_read_bytes(parser, list, &parser->step.segment.crafted) &&
               (parser->step.segment.is_crafted = true);
    parser->step.expect.options_test = written->sign.test;
    return options_read_expected(parser, list, &parser->step.expect);
}

static bool name_is_given(const struct parser *parser, const char *name)
{
    for (const struct grammar_field *field = grammar_fields; field->name; field++)
        if (strcmp(field->name, name) == 0)
            return field_is_given(parser, field, COMPARE_EQUAL);
    for (const struct grammar_clause *clause = grammar_clauses; clause->name; clause++)
        if (strcmp(clause->name, name) == 0)
            return (parser->clauses & clause->clause) != 0;
    return false;
}

const char *excluded_by(const struct parser *parser, const char *name, const char **why)
{
    for (const struct grammar_exclusion *row = grammar_exclusions; parser->step.kind == STEP_SEGMENT && row->name;
         row++) {
        const char *other = strcmp(row->name, name) == 0    ? row->other
                            : strcmp(row->other, name) == 0 ? row->name
                                                            : NULL;

        *why = row->why;
        if (other && name_is_given(parser, other))
            return other;
    }
    return NULL;
}

/* Has it been said before, or something that it can't stand beside? */
static bool is_at_odds(struct parser *parser, const struct written *written, struct span name)
{
    const char *why, *other = excluded_by(parser, written->field->name, &why);

    if (field_is_given(parser, written->field, written->sign.comparison))
        return !wrong(parser, name.at, "%s was given before in this step", written->field->name);
    return other && !wrong(parser, name.at, "%s does not go with %s: %s", written->field->name, other, why);
}

static bool read_field(struct parser *parser, struct span name, struct span rest, struct written *written)
{
    if (!find_field(parser, name, written) || !find_sign(parser, name, rest, written) ||
        is_at_odds(parser, written, name))
        return false;
    switch (written->field->value) {
    case VALUE_SEQUENCE:
    case VALUE_PLAIN:
        return read_number(parser, written);
    case VALUE_OPTIONS:
        return read_options(parser, written);
    default:
        return read_crafted(parser, written);
    }
}

enum reading field_read(struct parser *parser, enum grammar_use use)
{
    struct span token = parser->lexer.token.span;
    struct written written = {.use = use};
    struct span name = {token.at, 0};

    if (parser->lexer.token.kind != TOKEN_WORD)
        return READ_OTHER;
    while (name.length < token.length && (!token.at[name.length] || !strchr("=<>!~", token.at[name.length])))
        name.length++;
    if (name.length == 0)
        return READ_OTHER;
    if (name.length == token.length) {
        for (const struct grammar_field *field = grammar_fields; field->name; field++) {
            if (span_is(name, field->name) && (field->uses & use)) {
                wrong(parser, name.at, "%s wants its value in the same word, such as %s", field->name, field->example);
                return READ_WRONG;
            }
        }
        return READ_OTHER;
    }
    if (!read_field(parser, name, (struct span){token.at + name.length, token.length - name.length}, &written))
        return READ_WRONG;
    lexer_next(&parser->lexer);
    return READ_DONE;
}

static void print_fields(struct sink *sink, const struct field_value *values, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct grammar_field *field = grammar_fields;
        const struct grammar_comparison *row = grammar_comparisons;

        while (field->name && !(field->value <= VALUE_PLAIN && field->field == values[i].field))
            field++;
        while (row->name && row->comparison != values[i].comparison)
            row++;
        if (!field->name || !row->name)
            continue;
        sink_format(sink, " %s%s", field->name, row->name);
        if (field->value == VALUE_SEQUENCE)
            number_print(sink, &values[i].number);
        else
            sink_format(sink, "%" PRId64, values[i].number.offset);
    }
}

void fields_print_set(struct sink *sink, const struct step_segment *segment)
{
    const struct crafted *crafted = &segment->crafted;

    print_fields(sink, segment->fields, segment->field_count);
    if (!segment->is_crafted)
        return;
    if (crafted->has_offset)
        sink_format(sink, " offset=%u", crafted->offset);
    if (crafted->bad_checksum)
        sink_text(sink, " checksum=bad");
    else if (crafted->has_checksum)
        sink_format(sink, " checksum=%u", crafted->checksum);
    if (crafted->fragment)
        sink_format(sink, " fragment=%u", crafted->fragment);
    if (crafted->has_options) {
        sink_text(sink, " options=");
        options_print_bytes(sink, crafted->options, crafted->options_len);
    }
}

void fields_print_expected(struct sink *sink, const struct step_expect_segment *expect)
{
    print_fields(sink, expect->fields, expect->field_count);
    for (const struct grammar_test *test = grammar_tests; test->name; test++) {
        if (test->test == expect->options_test) {
            sink_format(sink, " options%s", test->name);
            options_print_expected(sink, expect);
        }
    }
}
