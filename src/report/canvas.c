#include "report/canvas.h"

#include <string.h>

void canvas_init(struct canvas *canvas, const struct chart_look *look, FILE *out)
{
    unsigned width = look && look->width ? look->width : CHART_WIDTH_DEFAULT;

    memset(canvas, 0, sizeof(*canvas));
    canvas->width = width < CHART_WIDTH_MIN ? CHART_WIDTH_MIN : width > CHART_WIDTH_MAX ? CHART_WIDTH_MAX : width;
    canvas->colour = look && look->colour;
    canvas->utf8 = look && look->utf8;
    canvas->out = out;
}

void canvas_put(struct canvas *canvas, unsigned column, enum paint paint, const char *glyph)
{
    if (column >= canvas->width)
        return;
    memset(canvas->glyphs[column], 0, sizeof(canvas->glyphs[column]));
    memcpy(canvas->glyphs[column], glyph, strnlen(glyph, sizeof(canvas->glyphs[column]) - 1));
    canvas->paints[column] = paint;
}

unsigned canvas_text(struct canvas *canvas, unsigned column, unsigned room, enum paint paint, const char *text)
{
    unsigned length = text ? (unsigned)strnlen(text, CHART_WIDTH_MAX + 1) : 0;
    unsigned shown;

    if (column >= canvas->width)
        return 0;
    if (room > canvas->width - column)
        room = canvas->width - column;
    shown = length < room ? length : room;
    for (unsigned i = 0; i < shown; i++) {
        char glyph[2] = {text[i] >= ' ' && text[i] <= '~' ? text[i] : '?', '\0'};

        canvas_put(canvas, column + i, paint, glyph);
    }
    if (length > room && room > 0)
        canvas_put(canvas, column + room - 1, paint, canvas->utf8 ? "…" : ".");
    return shown;
}

void canvas_text_left_of(struct canvas *canvas, unsigned end, unsigned room, enum paint paint, const char *text)
{
    unsigned length = text ? (unsigned)strnlen(text, room) : 0;

    canvas_text(canvas, end - length, length, paint, text);
}

bool canvas_is_blank(const struct canvas *canvas, unsigned from, unsigned to)
{
    if (to > canvas->width)
        return false;
    for (; from < to; from++)
        if (canvas->glyphs[from][0] && canvas->glyphs[from][0] != ' ')
            return false;
    return true;
}

void canvas_print(struct canvas *canvas)
{
    struct page page = {.out = canvas->out, .width = canvas->width, .colour = canvas->colour};
    unsigned end = canvas->width, column = 0;
    char run[CHART_WIDTH_MAX * 3 + 1];

    while (end > 0 && canvas_is_blank(canvas, end - 1, end))
        end--;
    while (column < end) {
        enum paint paint = canvas->paints[column];
        char *at = run;

        for (; column < end && canvas->paints[column] == paint; column++)
            at = stpcpy(at, canvas->glyphs[column][0] ? canvas->glyphs[column] : " ");
        page_put(&page, paint, run);
    }
    if (end == 0)
        fputc('\n', canvas->out);
    page_end(&page);
    memset(canvas->glyphs, 0, sizeof(canvas->glyphs));
    memset(canvas->paints, 0, sizeof(canvas->paints));
}

void canvas_axis(struct canvas *canvas, const struct axis *axis, unsigned from, unsigned columns)
{
    struct axis_tick ticks[AXIS_TICKS_MAX];
    unsigned count = axis_ticks(axis, 2 + columns / 12, ticks);

    for (unsigned i = 0; i < count; i++) {
        unsigned at = from + (unsigned)(axis_place(axis, ticks[i].at) * (columns - 1) + 0.5);
        unsigned length = (unsigned)strlen(ticks[i].label);

        if (!canvas_is_blank(canvas, at > 0 ? at - 1 : 0, at + 1))
            continue;
        canvas_put(canvas, at, PAINT_DIM, canvas->utf8 ? "│" : "|");
        if (canvas_is_blank(canvas, at + 1, at + 1 + length))
            canvas_text(canvas, at + 1, length, PAINT_DIM, ticks[i].label);
        else if (at > from + length && canvas_is_blank(canvas, at - length - 1, at))
            canvas_text(canvas, at - length, length, PAINT_DIM, ticks[i].label);
    }
    canvas_print(canvas);
}

void canvas_legend(struct canvas *canvas, unsigned *column, unsigned from, enum paint paint, const char *glyph,
                   const char *name)
{
    unsigned length = (unsigned)strnlen(name, canvas->width) + 2;

    if (*column > from && *column + 2 + length > canvas->width) {
        canvas_print(canvas);
        *column = from;
    }
    *column += *column > from ? 2 : 0;
    canvas_put(canvas, *column, paint, glyph);
    canvas_text(canvas, *column + 2, canvas->width, PAINT_DIM, name);
    *column += length;
}
