/* A segment's octets as header diagrams in HTML: 32 bits a row, each field a box as wide as it has bits. */
#include "report/octets.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/words.h"
#include "wire/bytes.h"

enum {
    ROW = 32,
    PAYLOAD_SHOWN = 128,
    PAYLOAD_LINE = 8,
    NAME_BYTES = 120,
};

struct diagram {
    const struct svg *svg;
    unsigned column; /* bits of this row that are taken */
};

static void put_text(const struct diagram *diagram, const char *text)
{
    svg_escape(diagram->svg, text, strlen(text));
}

static void begin_row(struct diagram *diagram)
{
    svg_put(diagram->svg, diagram->column == 0 ? "<tr>" : "");
}

static void end_cell(struct diagram *diagram, unsigned bits)
{
    diagram->column += bits;
    if (diagram->column < ROW)
        return;
    svg_put(diagram->svg, "</tr>\n");
    diagram->column = 0;
}

/* One box of so many columns for a field, or a part of one that its row has no room for. */
static void put_box(struct diagram *diagram, unsigned columns, unsigned bits, bool named, const char *const words[3])
{
    char count[40];

    begin_row(diagram);
    svg_put(diagram->svg, "<td colspan=\"%u\"%s>", columns, columns < 8 ? " class=\"slim\"" : "");
    if (named) {
        snprintf(count, sizeof(count), ngettext("%u bit", "%u bits", bits), bits);
        svg_put(diagram->svg, "<span class=\"name\">");
        put_text(diagram, words[0]);
        svg_put(diagram->svg, "</span> <span class=\"bits\">");
        put_text(diagram, count);
        svg_put(diagram->svg, "</span><b>");
        put_text(diagram, words[2]);
        svg_put(diagram->svg, "</b><code>");
        put_text(diagram, words[1]);
        svg_put(diagram->svg, "</code>");
    } else {
        svg_put(diagram->svg, "<span class=\"bits\">\xe2\x80\xa6 ");
        put_text(diagram, words[0]);
        svg_put(diagram->svg, "</span>");
    }
    svg_put(diagram->svg, "</td>");
    end_cell(diagram, columns);
}

/* ---- what is told ---- */

static void on_begin(void *self, const char *heading)
{
    const struct diagram *diagram = self;

    svg_put(diagram->svg, "<details class=\"octets\" open=\"open\"><summary>");
    put_text(diagram, heading);
    svg_put(diagram->svg, "</summary>\n");
}

static void on_title(void *self, const char *title)
{
    struct diagram *diagram = self;

    svg_put(diagram->svg, "<table><caption>");
    put_text(diagram, title);
    svg_put(diagram->svg, "</caption>\n<tr>");
    for (unsigned i = 0; i < ROW; i++)
        svg_put(diagram->svg, "<th>%u</th>", i);
    svg_put(diagram->svg, "</tr>\n");
    diagram->column = 0;
}

static void on_field(void *self, const char *name, unsigned bits, const char *hex, const char *value)
{
    struct diagram *diagram = self;
    const char *const words[3] = {name, hex, value};
    unsigned room = ROW - diagram->column;

    if (bits <= room || diagram->column == 0) { /* whole, or in rows of its own */
        unsigned behind = bits > ROW ? bits % ROW : 0;

        put_box(diagram, bits > ROW ? ROW : bits, bits, true, words);
        if (behind > 0)
            put_box(diagram, behind, bits, false, words);
        return;
    }
    /* The larger part has the words. */
    put_box(diagram, room, bits, room >= bits - room, words);
    for (unsigned left = bits - room; left > 0;) {
        unsigned part = left > ROW ? ROW : left;

        put_box(diagram, part, bits, room < bits - room && left == bits - room, words);
        left -= part;
    }
}

static void on_control(void *self, uint8_t bits)
{
    static const char *const names[] = {"CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN"};
    struct diagram *diagram = self;

    for (unsigned i = 0; i < 8; i++) {
        bool on = bits & (0x80u >> i);

        begin_row(diagram);
        svg_put(diagram->svg, "<td class=\"bit%s\"><span class=\"name\">%s</span><b>%d</b></td>", on ? " on" : "",
                names[i], on);
        end_cell(diagram, 1);
    }
}

static void put_number(struct diagram *diagram, const char *name, const uint8_t *at, unsigned bytes)
{
    char hex[OCTETS_HEX], value[24];

    snprintf(value, sizeof(value), "%u", bytes == 4 ? be32(at) : bytes == 2 ? be16(at) : at[0]);
    on_field(diagram, name, 8 * bytes, octets_hex(at, bytes, hex), value);
}

/* Kind, length, and what the option has to say; as one box where its length is not what its kind asks for. */
static void on_option(void *self, const char *name, const char *value, const uint8_t *bytes, uint32_t length)
{
    struct diagram *diagram = self;
    char hex[OCTETS_HEX], words[NAME_BYTES];

    if (length < 2) {
        on_field(diagram, name, 8 * length, octets_hex(bytes, length, hex), value);
        return;
    }
    snprintf(words, sizeof(words), _("kind: %s"), name);
    put_number(diagram, words, bytes, 1);
    put_number(diagram, _("length"), bytes + 1, 1);
    if (bytes[0] == 8 && length == 10) {
        put_number(diagram, "TSval", bytes + 2, 4);
        put_number(diagram, "TSecr", bytes + 6, 4);
    } else if (bytes[0] == 5 && length % 8 == 2) {
        for (uint32_t at = 2; at < length; at += 4)
            put_number(diagram, at % 8 == 2 ? _("left edge") : _("right edge"), bytes + at, 4);
    } else if (length > 2) {
        on_field(diagram, _("value"), 8 * (length - 2), octets_hex(bytes + 2, length - 2, hex), value);
    }
}

static void on_end(void *self)
{
    struct diagram *diagram = self;

    if (diagram->column > 0)
        svg_put(diagram->svg, "<td colspan=\"%u\" class=\"none\"></td></tr>\n", ROW - diagram->column);
    diagram->column = 0;
    svg_put(diagram->svg, "</table>\n");
}

static void on_payload(void *self, const uint8_t *at, uint32_t length, uint32_t sent)
{
    struct diagram *diagram = self;
    char line[160];
    struct text text;

    snprintf(line, sizeof(line), ngettext("payload: %u byte", "payload: %u bytes", sent), sent);
    svg_put(diagram->svg, "<p class=\"payload\">");
    put_text(diagram, line);
    svg_put(diagram->svg, "</p>\n<pre>");
    for (uint32_t i = 0; i < length && i < PAYLOAD_SHOWN; i += PAYLOAD_LINE) {
        text_init(&text, line, sizeof(line));
        text_add(&text, "%04x  ", i);
        for (uint32_t j = i; j < i + PAYLOAD_LINE; j++)
            text_add(&text, j < length ? "%02x " : "   ", j < length ? at[j] : 0u);
        text_add(&text, " ");
        for (uint32_t j = i; j < i + PAYLOAD_LINE && j < length; j++)
            text_add(&text, "%c", at[j] >= ' ' && at[j] <= '~' ? at[j] : '.');
        put_text(diagram, line);
        svg_put(diagram->svg, "\n");
    }
    svg_put(diagram->svg, "%s</pre>\n", sent > PAYLOAD_SHOWN || sent > length ? "\xe2\x80\xa6\n" : "");
}

void octets_html(const struct svg *svg, const struct event_segment *event, const uint8_t *frame, uint32_t captured,
                 uint32_t ip_at)
{
    struct diagram diagram = {.svg = svg};
    const struct octets_sink sink = {&diagram, on_begin, on_title, on_field, on_control, on_option, on_end, on_payload};

    if (octets_tell(&sink, event, frame, captured, ip_at))
        svg_put(svg, "</details>\n");
}
