/* Lists of TCP options: to the bytes of a segment by hand and back, and to what is expected and back. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "step/parser.h"
#include "step/values.h"

#define ITEM_WORDS 6

/* One option of a list: its name and what follows it. */
struct item {
    struct span words[ITEM_WORDS];
    unsigned count; /* with the name; more than ITEM_WORDS when there were more */
    const struct grammar_option *row;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cuts the first item off the list and splits it at its blanks. */
static struct item take_item(struct span *list)
{
    const char *end = list->at + list->length;
    const char *comma = memchr(list->at, ',', list->length);
    const char *stop = comma ? comma : end;
    struct item item = {.words[0] = {stop, 0}};

    for (const char *at = list->at; at < stop;) {
        const char *start;

        while (at < stop && is_blank(*at))
            at++;
        start = at;
        while (at < stop && !is_blank(*at))
            at++;
        if (at > start && item.count++ < ITEM_WORDS)
            item.words[item.count - 1] = (struct span){start, (size_t)(at - start)};
    }
    *list = comma ? (struct span){comma + 1, (size_t)(end - comma - 1)} : (struct span){end, 0};
    return item;
}

static bool list_is_empty(struct span list)
{
    for (size_t i = 0; i < list.length; i++)
        if (!is_blank(list.at[i]))
            return false;
    return true;
}

static bool wrong_option(struct parser *parser, struct span name, enum grammar_use use)
{
    char word[QUOTED], all[120];
    struct near near = {.typed = name};
    struct text text;

    quoted(name, word);
    text_init(&text, all, sizeof(all));
    for (const struct grammar_option *row = grammar_options; row->name; row++) {
        if (!(row->uses & use))
            continue;
        near_try(&near, row->name);
        text_add(&text, "%s%s", text.used ? ", " : "", row->name);
    }
    if (near.best)
        return wrong(parser, name.at, "%s is no TCP option; did you mean %s?", word, near.best);
    return wrong(parser, name.at, "%s is no TCP option: there are %s", word, all);
}

static bool find_option(struct parser *parser, struct item *item, enum grammar_use use)
{
    struct span name = item->words[0];

    if (item->count == 0)
        return wrong(parser, name.at, "there is no option before this comma, or the list's end");
    for (const struct grammar_option *row = grammar_options; row->name; row++) {
        if (strlen(row->name) != name.length || strncasecmp(row->name, name.at, name.length) != 0)
            continue;
        item->row = row;
        if ((row->uses & use) || row->shape == SHAPE_SINGLE)
            return true;
        return wrong(parser, name.at,
                     use == USE_EXPECTED ? "%s can be set by hand, but not expected"
                                         : "%s can be expected, but not set by hand",
                     row->name);
    }
    return wrong_option(parser, name, use);
}

static bool wrong_values(struct parser *parser, const struct item *item)
{
    return wrong(parser, item->words[0].at, "the option %s wants %s behind its name", item->row->name,
                 item->row->wants);
}

/* The numbers behind the name, all of them and in range. */
static bool read_numbers(const struct item *item, uint32_t numbers[2])
{
    const struct grammar_option *row = item->row;

    if (item->count != 1u + row->numbers)
        return false;
    for (unsigned i = 0; i < row->numbers; i++)
        if (!plain_read(item->words[1 + i], &numbers[i]) || (row->width < 4 && numbers[i] >> (8 * row->width)))
            return false;
    return true;
}

static bool read_blocks(const struct item *item, struct sack_block blocks[SACK_BLOCKS_MAX])
{
    if (item->count < 2 || item->count > 1 + SACK_BLOCKS_MAX)
        return false;
    for (unsigned i = 1; i < item->count; i++) {
        struct span word = item->words[i];
        const char *colon = memchr(word.at, ':', word.length);
        size_t left = colon ? (size_t)(colon - word.at) : 0;

        if (!colon || !plain_read((struct span){word.at, left}, &blocks[i - 1].left) ||
            !plain_read((struct span){colon + 1, word.length - left - 1}, &blocks[i - 1].right))
            return false;
    }
    return true;
}

static void put_number(struct sink *sink, uint32_t number, unsigned width)
{
    while (width-- > 0)
        sink_byte(sink, (char)(number >> (8 * width)));
}

/* The bytes of one option; false when its values are wrong. */
static bool put_option(struct sink *sink, const struct item *item)
{
    const struct grammar_option *row = item->row;
    struct sack_block blocks[SACK_BLOCKS_MAX];
    size_t start = sink->length;
    uint32_t numbers[2] = {row->kind, 0};

    if (row->shape == SHAPE_RAW)
        return item->count == 2 && hex_read(item->words[1], sink);
    if (row->shape == SHAPE_KIND && (item->count < 2 || item->count > 3 || !plain_read(item->words[1], numbers) ||
                                     numbers[0] < 2 || numbers[0] > 255))
        return false;
    sink_byte(sink, (char)numbers[0]);
    if (row->shape == SHAPE_SINGLE)
        return item->count == 1;
    sink_byte(sink, 0); /* the length comes when it is known */
    switch (row->shape) {
    case SHAPE_NUMBERS:
        if (!read_numbers(item, numbers))
            return false;
        for (unsigned i = 0; i < row->numbers; i++)
            put_number(sink, numbers[i], row->width);
        break;
    case SHAPE_BLOCKS:
        if (!read_blocks(item, blocks))
            return false;
        for (unsigned i = 0; i + 1 < item->count; i++) {
            put_number(sink, blocks[i].left, row->width);
            put_number(sink, blocks[i].right, row->width);
        }
        break;
    default:
        if (item->count == 3 && !hex_read(item->words[2], sink))
            return false;
    }
    if (start + 2 < sink->size)
        sink->at[start + 1] = (char)(sink->length - start);
    return true;
}

bool options_read_bytes(struct parser *parser, struct span list, struct crafted *out)
{
    char bytes[TCP_OPTIONS_MAX + 1];
    struct sink sink = {.at = bytes, .size = sizeof(bytes)};
    const char *end = list.at + list.length;
    bool more = !list_is_empty(list);

    while (more) {
        struct item item = take_item(&list);

        more = list.at < end || (list.at == end && list.at[-1] == ',');
        if (!find_option(parser, &item, USE_BY_HAND))
            return false;
        if (!put_option(&sink, &item))
            return wrong_values(parser, &item);
        if (sink.length > TCP_OPTIONS_MAX)
            return wrong(parser, item.words[0].at, "TCP options have %d bytes at most; with this one they have %zu",
                         TCP_OPTIONS_MAX, sink.length);
    }
    memcpy(out->options, bytes, sink.length);
    out->options_len = (uint8_t)sink.length;
    out->has_options = true;
    return true;
}

static bool expect_option(struct parser *parser, const struct item *item, struct step_expect_segment *out)
{
    const struct grammar_option *row = item->row;
    uint32_t numbers[2] = {0, 0};

    if (out->options_present & row->bit)
        return wrong(parser, item->words[0].at, "%s is there twice", row->name);
    out->options_present |= row->bit;
    if (item->count == 1)
        return true;
    if (row->shape == SHAPE_BLOCKS ? !read_blocks(item, out->options.sack) : !read_numbers(item, numbers))
        return wrong(parser, item->words[0].at, "the option %s wants nothing behind its name, or %s", row->name,
                     row->wants);
    out->options_valued |= row->bit;
    switch (row->bit) {
    case TCP_OPT_MSS:
        out->options.mss = (uint16_t)numbers[0];
        break;
    case TCP_OPT_WSCALE:
        out->options.wscale = (uint8_t)numbers[0];
        break;
    case TCP_OPT_TIMESTAMPS:
        out->options.tsval = numbers[0];
        out->options.tsecr = numbers[1];
        break;
    default:
        out->options.sack_count = (uint8_t)(item->count - 1);
    }
    return true;
}

bool options_read_expected(struct parser *parser, struct span list, struct step_expect_segment *out)
{
    const char *end = list.at + list.length;
    bool more = !list_is_empty(list);

    if (!more && out->options_test != OPTIONS_ARE)
        return wrong(parser, parser->lexer.token.span.at, "options%s wants at least one option",
                     out->options_test == OPTIONS_HAVE ? "~" : "!~");
    while (more) {
        struct item item = take_item(&list);

        more = list.at < end || (list.at == end && list.at[-1] == ',');
        if (!find_option(parser, &item, USE_EXPECTED))
            return false;
        if (item.row->shape == SHAPE_SINGLE) {
            /* A list copied from elsewhere may have them. */
            if (out->options_test == OPTIONS_ARE && item.count == 1)
                continue;
            return wrong(parser, item.words[0].at, "%s is padding, which does not count in an expectation",
                         item.row->name);
        }
        if (item.row->numbers == 0 && item.row->shape != SHAPE_BLOCKS && item.count > 1)
            return wrong_values(parser, &item);
        if (!expect_option(parser, &item, out))
            return false;
    }
    return true;
}

static uint32_t get_number(const uint8_t *at, unsigned width)
{
    uint32_t number = 0;

    while (width-- > 0)
        number = number << 8 | *at++;
    return number;
}

/* The row that writes these bytes: a kind and so many behind the length. */
static const struct grammar_option *row_of(uint8_t kind, size_t length)
{
    for (const struct grammar_option *row = grammar_options; row->name; row++) {
        if (row->kind != kind)
            continue;
        if (row->shape == SHAPE_NUMBERS && length == (size_t)row->numbers * row->width)
            return row;
        if (row->shape == SHAPE_BLOCKS && length > 0 && length % 8 == 0 && length <= 8 * SACK_BLOCKS_MAX)
            return row;
    }
    return NULL;
}

static void print_option(struct sink *sink, const uint8_t *at, size_t length)
{
    const struct grammar_option *row = row_of(at[0], length - 2);
    const uint8_t *value = at + 2;

    if (!row) {
        sink_format(sink, "kind %u%s", at[0], length > 2 ? " " : "");
        hex_print(sink, value, length - 2);
        return;
    }
    sink_text(sink, row->name);
    if (row->shape == SHAPE_NUMBERS)
        for (unsigned i = 0; i < row->numbers; i++, value += row->width)
            sink_format(sink, " %" PRIu32, get_number(value, row->width));
    else
        for (; value < at + length; value += 8)
            sink_format(sink, " %" PRIu32 ":%" PRIu32, get_number(value, 4), get_number(value + 4, 4));
}

static const char *single_name(uint8_t kind)
{
    for (const struct grammar_option *row = grammar_options; row->name; row++)
        if (row->shape == SHAPE_SINGLE && row->kind == kind)
            return row->name;
    return NULL;
}

void options_print_bytes(struct sink *sink, const uint8_t *bytes, size_t length)
{
    const uint8_t *end = bytes + length;

    sink_text(sink, length == 0 ? "none" : "<");
    for (const uint8_t *at = bytes; at < end;) {
        const char *single = single_name(at[0]);

        if (at > bytes)
            sink_byte(sink, ',');
        if (single) {
            sink_text(sink, single);
            at++;
        } else if (end - at < 2 || at[1] < 2 || at[1] > end - at) {
            sink_text(sink, "raw ");
            hex_print(sink, at, (size_t)(end - at));
            at = end;
        } else {
            print_option(sink, at, at[1]);
            at += at[1];
        }
    }
    if (length > 0)
        sink_byte(sink, '>');
}

static void print_value(struct sink *sink, const struct tcp_options *options, uint8_t bit)
{
    switch (bit) {
    case TCP_OPT_MSS:
        sink_format(sink, " %u", options->mss);
        break;
    case TCP_OPT_WSCALE:
        sink_format(sink, " %u", options->wscale);
        break;
    case TCP_OPT_TIMESTAMPS:
        sink_format(sink, " %" PRIu32 " %" PRIu32, options->tsval, options->tsecr);
        break;
    default:
        for (unsigned i = 0; i < options->sack_count; i++)
            sink_format(sink, " %" PRIu32 ":%" PRIu32, options->sack[i].left, options->sack[i].right);
    }
}

void options_print_expected(struct sink *sink, const struct step_expect_segment *expect)
{
    uint8_t present = expect->options_present;
    bool bare = (present & (present - 1)) == 0 && expect->options_valued == 0;
    bool first = true;

    if (present == 0)
        sink_text(sink, "none");
    else if (!bare)
        sink_byte(sink, '<');
    for (const struct grammar_option *row = grammar_options; row->name; row++) {
        if (!(present & row->bit))
            continue;
        sink_format(sink, "%s%s", first ? "" : ",", row->name);
        if (expect->options_valued & row->bit)
            print_value(sink, &expect->options, row->bit);
        first = false;
    }
    if (present && !bare)
        sink_byte(sink, '>');
}
