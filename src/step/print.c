/* Steps to text, and steps compared. */
#include <string.h>

#include "step/grammar.h"
#include "step/parser.h"
#include "step/values.h"

/* An argument with a blank before it, if the step has it. */
static void print_place(struct sink *sink, const struct step *step, enum argument argument)
{
    size_t before = sink->length;

    sink_byte(sink, ' ');
    if (!argument_print(sink, step, argument))
        sink->length = before;
}

static void print_clauses(struct sink *sink, const struct step *step, const struct grammar_word *row)
{
    if (row->clauses & CLAUSE_SET)
        fields_print_set(sink, &step->segment);
    if (row->clauses & CLAUSE_COMPARE)
        fields_print_expected(sink, &step->expect);
    if ((row->clauses & CLAUSE_DATA) && step->segment.has_data) {
        sink_text(sink, " data");
        print_place(sink, step, ARGUMENT_PAYLOAD);
    }
    if ((row->clauses & CLAUSE_CERTAINTY) && step->state.has_certainty) {
        sink_byte(sink, ' ');
        sink_text(sink, certainty_name(step->state.certainty));
    }
    if ((row->clauses & CLAUSE_WITHIN) && step->within != NANOS_NONE) {
        sink_text(sink, " within");
        print_place(sink, step, ARGUMENT_DURATION);
    }
}

size_t script_print_step(const struct step *step, char *out, size_t size)
{
    const struct grammar_word *row = grammar_word_of(step);
    struct sink sink = {.at = out, .size = size};

    if (row) {
        sink_text(&sink, row->name);
        for (unsigned i = 0; i < GRAMMAR_PLACES && row->places[i].argument; i++)
            print_place(&sink, step, row->places[i].argument);
        print_clauses(&sink, step, row);
    }
    sink_end(&sink);
    return sink.length;
}

/* Are bytes of this kind written out in the step? */
static bool is_literal(const struct step_bytes *bytes)
{
    return bytes->kind == BYTES_TEXT || bytes->kind == BYTES_HEX;
}

static bool same_bytes(const struct step_bytes *a, const struct step_bytes *b)
{
    if (is_literal(a) && is_literal(b))
        return a->len == b->len && (a->len == 0 || memcmp(a->bytes, b->bytes, a->len) == 0);
    if (a->kind != b->kind)
        return false;
    return a->kind == BYTES_FILE ? strcmp(a->path, b->path) == 0 : a->len == b->len;
}

static bool same_number(const struct number *a, const struct number *b)
{
    return a->base == b->base && a->offset == b->offset && a->windows == b->windows;
}

/* In any order: none is there twice. */
static bool same_fields(const struct field_value *a, unsigned a_count, const struct field_value *b, unsigned b_count)
{
    for (unsigned i = 0; i < a_count; i++) {
        bool found = false;
        for (unsigned j = 0; j < b_count && !found; j++)
            found = a[i].field == b[j].field && a[i].comparison == b[j].comparison &&
                    same_number(&a[i].number, &b[j].number);
        if (!found)
            return false;
    }
    return a_count == b_count;
}

static bool same_crafted(const struct crafted *a, const struct crafted *b)
{
    return a->has_options == b->has_options && a->has_offset == b->has_offset && a->has_checksum == b->has_checksum &&
           a->bad_checksum == b->bad_checksum && a->fragment == b->fragment &&
           (!a->has_offset || a->offset == b->offset) && (!a->has_checksum || a->checksum == b->checksum) &&
           (!a->has_options ||
            (a->options_len == b->options_len && memcmp(a->options, b->options, a->options_len) == 0));
}

static bool same_segment(const struct step_segment *a, const struct step_segment *b)
{
    return a->word == b->word && a->flags == b->flags && a->has_data == b->has_data && a->is_crafted == b->is_crafted &&
           (!a->has_data || same_bytes(&a->data, &b->data)) &&
           (!a->is_crafted || same_crafted(&a->crafted, &b->crafted)) &&
           same_fields(a->fields, a->field_count, b->fields, b->field_count);
}

/* The values of the options that are named with one. */
static bool same_options(const struct tcp_options *a, const struct tcp_options *b, uint8_t valued)
{
    if ((valued & TCP_OPT_MSS) && a->mss != b->mss)
        return false;
    if ((valued & TCP_OPT_WSCALE) && a->wscale != b->wscale)
        return false;
    if ((valued & TCP_OPT_TIMESTAMPS) && (a->tsval != b->tsval || a->tsecr != b->tsecr))
        return false;
    return !(valued & TCP_OPT_SACK) ||
           (a->sack_count == b->sack_count && memcmp(a->sack, b->sack, a->sack_count * sizeof(a->sack[0])) == 0);
}

static bool same_expectation(const struct step_expect_segment *a, const struct step_expect_segment *b)
{
    if (a->next != b->next || a->any_flags != b->any_flags)
        return false;
    if (!a->any_flags && (a->flags != b->flags || a->flags_optional != b->flags_optional))
        return false;
    return a->options_test == b->options_test && a->options_present == b->options_present &&
           a->options_valued == b->options_valued && same_options(&a->options, &b->options, a->options_valued) &&
           same_fields(a->fields, a->field_count, b->fields, b->field_count);
}

static bool same_state(const struct step_expect_state *a, const struct step_expect_state *b)
{
    return a->states == b->states && a->of_local == b->of_local && a->has_certainty == b->has_certainty &&
           (!a->has_certainty || a->certainty == b->certainty);
}

bool script_same_step(const struct step *a, const struct step *b)
{
    if (a->kind != b->kind || a->within != b->within)
        return false;
    switch (a->kind) {
    case STEP_SEND:
        return same_bytes(&a->send, &b->send);
    case STEP_SEGMENT:
        return same_segment(&a->segment, &b->segment);
    case STEP_AUTO:
        return a->automatic.what == b->automatic.what && a->automatic.on == b->automatic.on;
    case STEP_PROBE:
        return a->probe == b->probe;
    case STEP_EXPECT_SEGMENT:
        return same_expectation(&a->expect, &b->expect);
    case STEP_EXPECT_STATE:
        return same_state(&a->state, &b->state);
    case STEP_EXPECT_DATA:
        return a->data.len == b->data.len && memcmp(a->data.pattern, b->data.pattern, a->data.len) == 0;
    case STEP_EXPECT_ICMP:
        return strcmp(a->icmp, b->icmp) == 0;
    default:
        return true;
    }
}
