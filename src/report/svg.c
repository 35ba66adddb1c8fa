#include "report/svg.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "report/columns.h"

/* Widths of characters in parts of their size: those of a font of one width, square ones of East Asia, and any other. */
#define NARROW 0.61
#define SQUARE 1.0
#define WIDE 1.25
#define HARMLESS 0xfffd
#define ELLIPSIS "\xe2\x80\xa6"
/* How long a text is looked at: more has no room anywhere. */
#define CHARACTERS_MAX 400

void svg_put(const struct svg *svg, const char *format, ...)
{
    va_list args;

    if (!svg->out)
        return;
    va_start(args, format);
    vfprintf(svg->out, format, args);
    va_end(args);
}

/* How many bytes the character has that begins with this byte; 0 when none does. */
static unsigned length_of(unsigned char first)
{
    return first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

static bool is_harmless(uint32_t character)
{
    static const uint32_t harmful[][2] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},   {0x200b, 0x200f}, {0x2028, 0x202e},
        {0x2060, 0x206f}, {0xd800, 0xdfff}, {0xfdd0, 0xfdef}, {0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xe0000, 0xe0fff},
    };

    for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++)
        if (character >= harmful[i][0] && character <= harmful[i][1])
            return false;
    return character <= 0x10ffff && (character & 0xfffe) != 0xfffe;
}

/* Takes the next character from *at; what is none is one byte of harm. */
static uint32_t next_character(const char **at)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)*at;
    unsigned length = length_of(bytes[0]);
    uint32_t character;

    *at += 1;
    if (length == 0)
        return HARMLESS;
    character = length == 1 ? bytes[0] : bytes[0] & (0x7fu >> length);
    for (unsigned i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return HARMLESS;
        character = character << 6 | (bytes[i] & 0x3f);
    }
    if (character < least[length] || !is_harmless(character))
        character = HARMLESS;
    *at += length - 1;
    return character;
}

/* Hangul, kana and Chinese characters are as wide as they are high, or less. */
static double width_of(uint32_t character)
{
    static const uint32_t square[][2] = {{0x2e80, 0xd7a3}, {0xf900, 0xfaff}, {0xff00, 0xffef}};

    if (character < 0x300 || (character >= 0x2010 && character < 0x20a0))
        return NARROW;
    for (size_t i = 0; i < sizeof(square) / sizeof(square[0]); i++)
        if (character >= square[i][0] && character <= square[i][1])
            return SQUARE;
    return WIDE;
}

static void put_character(const struct svg *svg, const char *bytes, size_t length, uint32_t character)
{
    switch (character) {
    case '&':
        svg_put(svg, "&amp;");
        break;
    case '<':
        svg_put(svg, "&lt;");
        break;
    case '>':
        svg_put(svg, "&gt;");
        break;
    case HARMLESS:
        svg_put(svg, "\xef\xbf\xbd");
        break;
    default:
        svg_put(svg, "%.*s", (int)length, bytes);
    }
}

/* Writes the first count characters. */
static void put_characters(const struct svg *svg, const char *text, unsigned count)
{
    while (count-- > 0 && *text) {
        const char *from = text;
        uint32_t character = next_character(&text);

        put_character(svg, from, (size_t)(text - from), character);
    }
}

void svg_words(const struct svg *svg, const char *text)
{
    put_characters(svg, text ? text : "", CHARACTERS_MAX);
}

void svg_escape(const struct svg *svg, const char *text, size_t length)
{
    const char *end = text + length;

    while (text < end && *text) {
        const char *from = text;
        uint32_t character = next_character(&text);

        put_character(svg, from, (size_t)(text - from), character);
    }
}

size_t svg_piece(const char *text, double size, double room)
{
    const char *at = text, *fits = text, *word = text;
    double width = 0;

    while (*at) {
        const char *from = at;

        width += width_of(next_character(&at)) * size;
        if (*from == ' ' && columns_may_end(text, from))
            word = from;
        if (width > room)
            return (size_t)((word > text ? word : fits > text ? fits : at) - text);
        fits = at;
    }
    return (size_t)(at - text);
}

double svg_width(const char *text, double size)
{
    double width = 0;

    for (unsigned i = 0; text && *text && i < CHARACTERS_MAX; i++)
        width += width_of(next_character(&text));
    return width * size;
}

/* How many characters are shown of a text in room, and how wide they are; an ellipsis follows if some are not. */
struct fit {
    unsigned count;
    double width;
    bool cut;
    bool wide; /* some are of an unknown width */
};

static struct fit fit_text(const char *text, double size, double room)
{
    struct fit fit = {.cut = svg_width(text, size) > room};

    if (fit.cut)
        room -= NARROW * size;
    while (*text && fit.count < CHARACTERS_MAX) {
        double part = width_of(next_character(&text)), width = part * size;

        if (fit.width + width > room)
            break;
        fit.width += width;
        fit.wide = fit.wide || part == WIDE;
        fit.count++;
    }
    if (fit.cut)
        fit.width += NARROW * size;
    return fit;
}

double svg_text(const struct svg *svg, const char *class, double x, double y, enum svg_anchor anchor, double size,
                double room, const char *text)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    struct fit fit;

    if (!text || !text[0] || room < NARROW * size)
        return 0;
    fit = fit_text(text, size, room);
    svg_put(svg, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" font-size=\"%.0f\" text-anchor=\"%s\"", class, x, y, size,
            anchors[anchor]);
    if (fit.wide)
        svg_put(svg, " textLength=\"%.1f\" lengthAdjust=\"spacingAndGlyphs\"", fit.width);
    svg_put(svg, ">");
    put_characters(svg, text, fit.count);
    svg_put(svg, "%s</text>\n", fit.cut ? ELLIPSIS : "");
    return fit.width;
}

void svg_mark(const struct svg *svg, enum chart_mark_kind kind, double x, double y)
{
    switch (kind) {
    case CHART_MARK_OURS:
        svg_put(svg, "<path class=\"ours\" d=\"M%.1f %.1fl5 9h-10z\"/>", x, y - 5);
        break;
    case CHART_MARK_PEERS:
        svg_put(svg, "<path class=\"peers\" d=\"M%.1f %.1fl5 -9h-10z\"/>", x, y + 5);
        break;
    case CHART_MARK_ANSWERED:
        svg_put(svg, "<circle class=\"answered\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>", x, y);
        break;
    case CHART_MARK_REFUSED:
        svg_put(svg, "<path class=\"refused\" d=\"M%.1f %.1fl8 8m0 -8l-8 8\"/>", x - 4, y - 4);
        break;
    case CHART_MARK_SILENT:
        svg_put(svg, "<circle class=\"silent\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"/>", x, y);
        break;
    }
}

void svg_point(const struct svg *svg, unsigned series, double x, double y)
{
    unsigned colour = series % 8;

    switch (series % 4) {
    case 0:
        svg_put(svg, "<circle class=\"p%u\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.4\"/>", colour, x, y);
        break;
    case 1:
        svg_put(svg, "<path class=\"p%u\" d=\"M%.1f %.1fh4.2v4.2h-4.2z\"/>", colour, x - 2.1, y - 2.1);
        break;
    case 2:
        svg_put(svg, "<path class=\"p%u\" d=\"M%.1f %.1fl2.9 5h-5.8z\"/>", colour, x, y - 3);
        break;
    default:
        svg_put(svg, "<path class=\"p%u\" d=\"M%.1f %.1fl3 3l-3 3l-3 -3z\"/>", colour, x, y - 3);
    }
}

unsigned svg_state_colour(enum state state)
{
    static const unsigned char colours[STATE_COUNT] = {
        [CLOSED] = 0,     [LISTEN] = 0,  [SYN_SENT] = 1,   [SYN_RECEIVED] = 1, [ESTABLISHED] = 2, [FIN_WAIT_1] = 3,
        [FIN_WAIT_2] = 3, [CLOSING] = 3, [CLOSE_WAIT] = 4, [LAST_ACK] = 4,     [TIME_WAIT] = 5,
    };

    return colours[state];
}

double svg_legend(const struct svg *svg, struct svg_legend *legend, double sign, const char *name)
{
    double width = svg_width(name, SVG_SMALL), at;

    if (legend->x > legend->left && legend->x + sign + 6 + width > SVG_RIGHT) {
        legend->x = legend->left;
        legend->y += SVG_LINE;
    }
    at = legend->x;
    svg_text(svg, "dim", at + sign + 6, legend->y + 4, SVG_START, SVG_SMALL, SVG_RIGHT - at - sign - 6, name);
    legend->x += sign + 6 + width + 20;
    return at;
}

void svg_axis(const struct svg *svg, const struct axis *axis, double left, double right, double top, double bottom)
{
    struct axis_tick ticks[AXIS_TICKS_MAX];
    unsigned count = axis_ticks(axis, 2 + (unsigned)((right - left) / 90), ticks);
    double used = 0;

    for (unsigned i = 0; i < count; i++) {
        double x = left + axis_place(axis, ticks[i].at) * (right - left);
        double half = svg_width(ticks[i].label, SVG_SMALL) / 2;
        double middle = x + half > SVG_RIGHT ? SVG_RIGHT - half : x;

        svg_put(svg, "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>", x, top, bottom + 4);
        if (middle - half < used)
            continue;
        svg_text(svg, "dim tick", middle, bottom + SVG_LINE, SVG_MIDDLE, SVG_SMALL, SVG_WIDTH, ticks[i].label);
        used = middle + half + 8;
    }
    svg_put(svg, "<path class=\"rule\" d=\"M%.1f %.1fH%.1f\"/>\n", left, bottom, right);
}
