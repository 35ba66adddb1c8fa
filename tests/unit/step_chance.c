#include "step_chance.h"

#include <string.h>

#include "step/grammar.h"

/* splitmix64 */
static uint64_t chance_next(struct chance *chance)
{
    uint64_t z = chance->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint32_t chance_below(struct chance *chance, uint32_t bound)
{
    return (uint32_t)(chance_next(chance) % bound);
}

static bool coin(struct chance *chance)
{
    return chance_below(chance, 2) == 0;
}

/* Small and large ones alike, and the edges. */
static uint32_t any_number(struct chance *chance)
{
    static const uint32_t edges[] = {0, 1, 255, 256, 65535, 65536, 0x7fffffff, 0x80000000, 0xffffffff};

    return coin(chance) ? edges[chance_below(chance, 9)]
                        : (uint32_t)(chance_next(chance) >> (32 + chance_below(chance, 32)));
}

static nanos any_span(struct chance *chance)
{
    static const nanos units[] = {1, NANOS_PER_US, NANOS_PER_MS, NANOS_PER_S};

    return units[chance_below(chance, 4)] * chance_below(chance, 5000);
}

static struct number any_sequence(struct chance *chance)
{
    struct number number = {.base = (enum number_base)chance_below(chance, 4), .offset = any_number(chance)};

    if (number.base != NUMBER_ABSOLUTE && coin(chance))
        number.offset = -number.offset;
    if (chance_below(chance, 3) == 0)
        number.windows = (int8_t)((int)chance_below(chance, 19) - 9);
    return number;
}

static unsigned any_fields(struct chance *chance, enum grammar_use use, struct field_value out[STEP_FIELDS])
{
    unsigned count = 0;

    for (const struct grammar_field *field = grammar_fields; field->name; field++) {
        enum comparison comparison =
            use == USE_EXPECTED ? (enum comparison)chance_below(chance, COMPARE_AT_LEAST + 1) : COMPARE_EQUAL;
        unsigned twice = use == USE_EXPECTED && comparison != COMPARE_EQUAL && chance_below(chance, 8) == 0 ? 2 : 1;

        if (field->value > VALUE_PLAIN || !(field->uses & use) || chance_below(chance, 4) > 0)
            continue;
        for (; twice > 0 && count < STEP_FIELDS; twice--) {
            out[count] = (struct field_value){.field = field->field, .comparison = comparison};
            if (field->value == VALUE_SEQUENCE)
                out[count].number = any_sequence(chance);
            else
                out[count].number = (struct number){
                    .base = NUMBER_ABSOLUTE,
                    .offset = field->least + any_number(chance) % ((uint64_t)field->most - field->least + 1)};
            count++;
            comparison = COMPARE_EQUAL;
        }
    }
    return count;
}

static void any_bytes(struct chance *chance, struct step_bytes *out, bool literal, char bytes[CHANCE_BYTES])
{
    *out = (struct step_bytes){.kind = (enum bytes_kind)chance_below(chance, literal ? 2 : 4)};
    out->len = chance_below(chance, CHANCE_BYTES);
    for (unsigned i = 0; i < CHANCE_BYTES; i++)
        bytes[i] = coin(chance) ? (char)chance_next(chance) : " \"\\rnt0x#;<>="[chance_below(chance, 13)];
    out->bytes = (const uint8_t *)bytes;
    if (out->kind == BYTES_HEX)
        out->len |= 1; /* hex has at least one byte */
    if (out->kind == BYTES_FILE) {
        for (unsigned i = 0; i < CHANCE_BYTES; i++)
            bytes[i] = bytes[i] ? bytes[i] : '/';
        bytes[1 + chance_below(chance, CHANCE_BYTES - 1)] = '\0';
        *out = (struct step_bytes){.kind = BYTES_FILE, .path = bytes};
    }
    if (out->kind == BYTES_ZEROS)
        *out = (struct step_bytes){.kind = BYTES_ZEROS, .len = 1 + chance_below(chance, ZEROS_MOST)};
}

/* Right options, and bytes that are none. */
static void any_option_bytes(struct chance *chance, struct crafted *out)
{
    static const uint8_t right[][11] = {{4, 2, 4, 5, 180},
                                        {3, 3, 3, 7},
                                        {2, 4, 2},
                                        {10, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8},
                                        {1, 1},
                                        {1, 0},
                                        {4, 254, 4, 0xf9, 0x89},
                                        {10, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2},
                                        {2, 5, 2},
                                        {2, 2, 3},
                                        {3, 3, 3, 255}};

    while (chance_below(chance, 5) > 0) {
        const uint8_t *row = right[chance_below(chance, sizeof(right) / sizeof(right[0]))];
        if (out->options_len + row[0] > TCP_OPTIONS_MAX)
            break;
        memcpy(out->options + out->options_len, row + 1, row[0]);
        out->options_len = (uint8_t)(out->options_len + row[0]);
    }
    while (out->options_len < TCP_OPTIONS_MAX && chance_below(chance, 3) > 0)
        out->options[out->options_len++] = (uint8_t)(coin(chance) ? chance_below(chance, 12) : chance_next(chance));
}

static bool has_field(const struct step_segment *segment, enum field field)
{
    for (unsigned i = 0; i < segment->field_count; i++)
        if (segment->fields[i].field == field)
            return true;
    return false;
}

static void any_segment(struct chance *chance, struct step_segment *out, char bytes[CHANCE_BYTES])
{
    static const uint8_t flags[] = {[WORD_SYN] = TCP_SYN,
                                    [WORD_SYNACK] = TCP_SYN | TCP_ACK,
                                    [WORD_ACK] = TCP_ACK,
                                    [WORD_FIN] = TCP_FIN | TCP_ACK,
                                    [WORD_RST] = TCP_RST};
    struct crafted *crafted = &out->crafted;

    out->word = (enum segment_word)chance_below(chance, WORD_RST + 1);
    out->flags = out->word == WORD_SEGMENT ? (uint8_t)chance_next(chance) : flags[out->word];
    out->field_count = any_fields(chance, USE_BY_HAND, out->fields);
    out->has_data = coin(chance) && !has_field(out, FIELD_LEN);
    if (out->has_data)
        any_bytes(chance, &out->data, true, bytes);
    crafted->has_offset = chance_below(chance, 4) == 0;
    if (crafted->has_offset)
        crafted->offset = (uint8_t)chance_below(chance, 16);
    crafted->has_checksum = chance_below(chance, 4) == 0;
    crafted->bad_checksum = !crafted->has_checksum && chance_below(chance, 4) == 0;
    if (crafted->has_checksum)
        crafted->checksum = (uint16_t)chance_next(chance);
    if (chance_below(chance, 4) == 0)
        crafted->fragment = (uint16_t)(8 * (1 + chance_below(chance, 8191)));
    crafted->has_options = coin(chance) && !has_field(out, FIELD_TSVAL) && !has_field(out, FIELD_TSECR);
    if (crafted->has_options)
        any_option_bytes(chance, crafted);
    out->is_crafted = crafted->has_offset || crafted->has_checksum || crafted->bad_checksum || crafted->fragment ||
                      crafted->has_options;
}

static void any_expectation(struct chance *chance, struct step_expect_segment *out)
{
    const uint8_t with_value = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_TIMESTAMPS | TCP_OPT_SACK;

    out->next = coin(chance);
    out->any_flags = chance_below(chance, 4) == 0;
    if (!out->any_flags) {
        out->flags = (uint8_t)chance_next(chance);
        out->flags_optional = (uint8_t)(((uint8_t)chance_next(chance) | FLAGS_UNASKED) & ~out->flags);
    }
    out->field_count = any_fields(chance, USE_EXPECTED, out->fields);
    out->options_test = (enum options_test)chance_below(chance, OPTIONS_ARE + 1);
    if (out->options_test == OPTIONS_ANY)
        return;
    out->options_present = (uint8_t)((uint8_t)chance_next(chance) & ~0x20);
    if (out->options_present == 0 && out->options_test != OPTIONS_ARE)
        out->options_present = TCP_OPT_SACK;
    out->options_valued = (uint8_t)(chance_next(chance) & out->options_present & with_value);
    out->options.mss = (uint16_t)chance_next(chance);
    out->options.wscale = (uint8_t)chance_next(chance);
    out->options.tsval = any_number(chance);
    out->options.tsecr = any_number(chance);
    out->options.sack_count = (uint8_t)(1 + chance_below(chance, SACK_BLOCKS_MAX));
    for (unsigned i = 0; i < SACK_BLOCKS_MAX; i++)
        out->options.sack[i] = (struct sack_block){any_number(chance), any_number(chance)};
}

static void any_pattern(struct chance *chance, struct step_expect_data *out, char bytes[CHANCE_BYTES])
{
    out->len = 1 + chance_below(chance, CHANCE_BYTES - 1);
    for (unsigned i = 0; i < out->len; i++)
        bytes[i] =
            coin(chance) ? (char)(1 + chance_below(chance, 255)) : "\\\\\\rntx0\"4\r\n "[chance_below(chance, 13)];
    out->pattern = bytes;
}

static void any_icmp(struct chance *chance, char out[32])
{
    unsigned count = 0;

    while (icmp_error_name_at(count))
        count++;
    if (coin(chance))
        strcpy(out, icmp_error_name_at(chance_below(chance, count)));
}

void chance_step(struct chance *chance, struct step *out, char bytes[CHANCE_BYTES])
{
    const struct grammar_word *row;
    unsigned rows = 0;

    while (grammar_words[rows].name)
        rows++;
    row = &grammar_words[chance_below(chance, rows)];
    *out = (struct step){.kind = row->kind, .within = NANOS_NONE};
    if (row->kind == STEP_WAIT || row->kind == STEP_EXPECT_NOTHING || ((row->clauses & CLAUSE_WITHIN) && coin(chance)))
        out->within = any_span(chance);
    switch (row->kind) {
    case STEP_SEND:
        any_bytes(chance, &out->send, false, bytes);
        break;
    case STEP_SEGMENT:
        any_segment(chance, &out->segment, bytes);
        break;
    case STEP_AUTO:
        out->automatic.what = (enum automatic)chance_below(chance, AUTO_PROBE + 1);
        out->automatic.on = coin(chance);
        break;
    case STEP_PROBE:
        out->probe = (enum probe_scope)chance_below(chance, PROBE_SCOPES);
        break;
    case STEP_EXPECT_SEGMENT:
        any_expectation(chance, &out->expect);
        break;
    case STEP_EXPECT_STATE:
        out->state.of_local = row->of_local;
        out->state.states = (state_set)(1 + chance_below(chance, ALL_STATES));
        out->state.has_certainty = !row->of_local && coin(chance);
        out->state.certainty = out->state.has_certainty && coin(chance) ? PRESUMED : PROVEN;
        break;
    case STEP_EXPECT_DATA:
        any_pattern(chance, &out->data, bytes);
        break;
    case STEP_EXPECT_ICMP:
        any_icmp(chance, out->icmp);
        break;
    default:
        break;
    }
}
