/* A segment's octets as tables for a terminal. */
#include "report/octets.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/columns.h"
#include "report/words.h"

enum {
    NAME_WIDTH = 22,
    BITS_WIDTH = 4,
    HEX_WIDTH = 16,
    BARS = 13, /* what frames and blanks take of a line */
    CELL_BYTES = 160,
    PAYLOAD_SHOWN = 128,
    PAYLOAD_LINE = 16,
};

struct table {
    struct page *page;
    unsigned value_width;
    bool has_bits; /* control bits are to be drawn below the table */
    uint8_t bits;
};

static void put_times(struct page *page, char c, unsigned times)
{
    const char one[2] = {c, '\0'};

    for (unsigned i = 0; i < times; i++)
        page_put(page, PAINT_DIM, one);
}

static void put_frame(const struct table *table)
{
    const unsigned widths[] = {NAME_WIDTH, BITS_WIDTH, HEX_WIDTH, table->value_width};

    for (unsigned i = 0; i < 4; i++) {
        page_put(table->page, PAINT_DIM, "+");
        put_times(table->page, '-', widths[i] + 2);
    }
    page_put(table->page, PAINT_DIM, "+");
    page_end(table->page);
}

/* What of a text goes onto one line of a cell: whole words where one fits. */
static size_t piece(const char *text, unsigned width)
{
    size_t length = strlen(text), fit = columns_fit(text, length, width), end = fit;

    if (fit == length)
        return fit;
    while (end > 0 && (text[end] != ' ' || !columns_may_end(text, text + end)))
        end--;
    return end > 0 ? end : fit;
}

static void put_cell(struct page *page, const char **text, unsigned width, bool right, enum paint paint)
{
    char bytes[CELL_BYTES];
    size_t length = piece(*text, width);
    unsigned taken = columns_of(*text, length);

    snprintf(bytes, sizeof(bytes), "%.*s", (int)length, *text);
    page_put(page, PAINT_DIM, "| ");
    put_times(page, ' ', right ? width - taken : 0);
    page_put(page, paint, bytes);
    put_times(page, ' ', (right ? 0 : width - taken) + 1);
    *text += length;
    *text += strspn(*text, " ");
}

static void put_row(const struct table *table, const char *name, const char *bits, const char *hex, const char *value)
{
    while (*name || *bits || *hex || *value) {
        put_cell(table->page, &name, NAME_WIDTH, false, PAINT_NONE);
        put_cell(table->page, &bits, BITS_WIDTH, true, PAINT_NONE);
        put_cell(table->page, &hex, HEX_WIDTH, false, PAINT_PRESUMED);
        put_cell(table->page, &value, table->value_width, false, PAINT_PROVEN);
        page_put(table->page, PAINT_DIM, "|");
        page_end(table->page);
    }
}

static void on_title(void *self, const char *title)
{
    const struct table *table = self;

    page_put(table->page, PAINT_NONE, title);
    page_end(table->page);
    put_frame(table);
}

static void put_header(const struct table *table)
{
    put_frame(table);
    put_row(table, _("field"), _("bits"), _("hex"), _("value"));
    put_frame(table);
}

static void print_bits(const struct table *table, uint8_t bits)
{
    static const struct {
        const char *names, *frame;
    } parts[] = {{"CWR ECE", "+-----+-----+"}, {"URG ACK PSH RST SYN FIN", "+-----+-----+-----+-----+-----+-----+"}};
    struct page *page = table->page;
    unsigned bit;
    char cell[8];

    for (unsigned line = 0; line < 4; line++) {
        bit = 0x80;
        page_put(page, PAINT_DIM, "    ");
        for (unsigned part = 0; part < 2; part++) {
            page_put(page, PAINT_DIM, part ? "   " : "");
            if (line % 3 == 0)
                page_put(page, PAINT_DIM, parts[part].frame);
            for (const char *name = parts[part].names; line % 3 && *name; bit >>= 1, name += 3 + (name[3] == ' ')) {
                page_put(page, PAINT_DIM, "| ");
                snprintf(cell, sizeof(cell), line == 1 ? "%.3s" : bits & bit ? " 1 " : " 0 ", name);
                page_put(page, bits & bit ? PAINT_PROVEN : PAINT_DIM, cell);
                page_put(page, PAINT_DIM, name[3] ? " " : " |");
            }
        }
        page_end(page);
    }
}

/* ---- what is told ---- */

static void on_begin(void *self, const char *heading)
{
    const struct table *table = self;

    page_end(table->page);
    fputc('\n', table->page->out);
    page_put(table->page, PAINT_NONE, heading);
    page_end(table->page);
    put_header(table);
}

static void on_field(void *self, const char *name, unsigned bits, const char *hex, const char *value)
{
    char bits_text[12];

    snprintf(bits_text, sizeof(bits_text), "%u", bits);
    put_row(self, name, bits_text, hex, value);
}

static void on_control(void *self, uint8_t bits)
{
    struct table *table = self;
    char hex[OCTETS_HEX];

    on_field(table, _("control bits"), 8, octets_hex(&bits, 1, hex), _("drawn below"));
    table->has_bits = true;
    table->bits = bits;
}

static void on_option(void *self, const char *name, const char *value, const uint8_t *bytes, uint32_t length)
{
    char hex[OCTETS_HEX];

    on_field(self, name, 8 * length, octets_hex(bytes, length, hex), value);
}

static void on_end(void *self)
{
    struct table *table = self;

    put_frame(table);
    if (table->has_bits)
        print_bits(table, table->bits);
    table->has_bits = false;
}

static void on_payload(void *self, const uint8_t *at, uint32_t length, uint32_t sent)
{
    const struct table *table = self;
    char line[160];
    struct text text;

    text_init(&text, line, sizeof(line));
    text_add(&text, ngettext("payload: %u byte", "payload: %u bytes", sent), sent);
    page_put(table->page, PAINT_NONE, line);
    page_end(table->page);
    for (uint32_t i = 0; i < length && i < PAYLOAD_SHOWN; i += PAYLOAD_LINE) {
        text_init(&text, line, sizeof(line));
        text_add(&text, "  %04x  ", i);
        for (uint32_t j = i; j < i + PAYLOAD_LINE; j++)
            text_add(&text, j < length ? "%02x " : "   ", j < length ? at[j] : 0u);
        text_add(&text, " ");
        for (uint32_t j = i; j < i + PAYLOAD_LINE && j < length; j++)
            text_add(&text, "%c", at[j] >= ' ' && at[j] <= '~' ? at[j] : '.');
        page_put(table->page, PAINT_NONE, line);
        page_end(table->page);
    }
}

void octets_print(struct page *page, const struct event_segment *event, const uint8_t *frame, uint32_t captured,
                  uint32_t ip_at)
{
    const unsigned taken = NAME_WIDTH + BITS_WIDTH + HEX_WIDTH + BARS;
    struct table table = {.page = page, .value_width = page->width > taken + 10 ? page->width - taken : 10};
    const struct octets_sink sink = {&table, on_begin, on_title, on_field, on_control, on_option, on_end, on_payload};

    if (octets_tell(&sink, event, frame, captured, ip_at))
        fputc('\n', page->out);
}
