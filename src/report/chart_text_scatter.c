#include <stdio.h>
#include <string.h>

#include "report/canvas.h"
#include "report/scatter.h"

#define ROWS 9
/* With so many series, letters would be needed to tell them apart: those that follow are drawn like these. */
#define GLYPHS 8
#define LEGEND_MAX 16

/* What is in one cell of the plot. */
struct dot {
    unsigned series;
    bool any;
    bool several;       /* of several series */
    unsigned char fine; /* the dots of a braille character */
};

struct plot {
    unsigned from; /* the column of its left rim */
    unsigned columns;
    struct dot dots[ROWS][CHART_WIDTH_MAX];
};

static const char *series_glyph(const struct canvas *canvas, unsigned series)
{
    static const char *const fine[GLYPHS] = {"●", "○", "▲", "△", "■", "□", "◆", "◇"};
    static const char *const plain[GLYPHS] = {"o", "x", "+", "#", "@", "%", "&", "="};

    return canvas->utf8 ? fine[series % GLYPHS] : plain[series % GLYPHS];
}

static enum paint series_paint(unsigned series)
{
    static const enum paint paints[] = {PAINT_NONE, PAINT_PROVEN, PAINT_PRESUMED, PAINT_ALARM};

    return paints[series % 4];
}

static void place_points(struct plot *plot, const struct chart_scatter *scatter, const struct axis *x,
                         const struct axis *y)
{
    /* How the eight dots of a braille character are numbered, by row and column. */
    static const unsigned char braille[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

    for (size_t i = 0; i < scatter->count; i++) {
        const struct chart_point *point = &scatter->points[i];
        unsigned column, row;
        struct dot *dot;

        if (!scatter_has(scatter, y, point))
            continue;
        column = (unsigned)(axis_place(x, (double)point->x) * (plot->columns * 2 - 1) + 0.5);
        row = ROWS * 4 - 1 - (unsigned)(axis_place(y, point->y) * (ROWS * 4 - 1) + 0.5);
        dot = &plot->dots[row / 4][column / 2];
        dot->fine |= braille[row % 4][column % 2];
        dot->several = dot->several || (dot->any && dot->series != point->series);
        dot->series = point->series;
        dot->any = true;
    }
}

/* A row of the plot: many series are told apart by characters, one alone has eight dots in each character. */
static void put_row(struct canvas *canvas, const struct plot *plot, unsigned row, bool one)
{
    for (unsigned column = 0; column < plot->columns; column++) {
        const struct dot *dot = &plot->dots[row][column];
        char fine[4] = {(char)0xe2, (char)(0xa0 | dot->fine >> 6), (char)(0x80 | (dot->fine & 0x3f)), '\0'};

        if (!dot->any)
            continue;
        if (one && canvas->utf8)
            canvas_put(canvas, plot->from + column, PAINT_NONE, fine);
        else if (dot->several)
            canvas_put(canvas, plot->from + column, PAINT_NONE, "*");
        else
            canvas_put(canvas, plot->from + column, series_paint(dot->series), series_glyph(canvas, dot->series));
    }
}

static bool has_several(const struct plot *plot)
{
    for (unsigned row = 0; row < ROWS; row++)
        for (unsigned column = 0; column < plot->columns; column++)
            if (plot->dots[row][column].several)
                return true;
    return false;
}

static void print_legend(struct canvas *canvas, const struct chart_scatter *scatter, const struct plot *plot)
{
    unsigned column = plot->from;
    char more[AXIS_TEXT];

    for (unsigned i = 0; i < scatter->series_count && i < LEGEND_MAX; i++)
        canvas_legend(canvas, &column, plot->from, series_paint(i), series_glyph(canvas, i),
                      scatter->series[i] ? scatter->series[i] : "");
    if (scatter->series_count > LEGEND_MAX) {
        snprintf(more, sizeof(more), "and %u more", scatter->series_count - LEGEND_MAX);
        canvas_legend(canvas, &column, plot->from, PAINT_NONE, " ", more);
    }
    if (has_several(plot))
        canvas_legend(canvas, &column, plot->from, PAINT_NONE, "*", "several");
    canvas_print(canvas);
}

void canvas_scatter(struct canvas *canvas, const struct chart_scatter *scatter)
{
    struct axis x, y;
    struct axis_tick ticks[AXIS_TICKS_MAX];
    struct plot plot = {0};
    const char *labels[ROWS] = {0};
    unsigned count, label_width = 0;

    scatter_axes(scatter, &x, &y);
    count = axis_ticks(&y, 5, ticks);
    for (unsigned i = 0; i < count; i++) {
        unsigned length = (unsigned)strlen(ticks[i].label);

        labels[ROWS - 1 - (unsigned)(axis_place(&y, ticks[i].at) * (ROWS - 1) + 0.5)] = ticks[i].label;
        label_width = length > label_width ? length : label_width;
    }
    plot.from = label_width + 2;
    plot.columns = canvas->width - plot.from;
    place_points(&plot, scatter, &x, &y);
    for (unsigned row = 0; row < ROWS; row++) {
        if (labels[row])
            canvas_text_left_of(canvas, label_width, label_width, PAINT_DIM, labels[row]);
        canvas_put(canvas, plot.from - 1, PAINT_DIM,
                   canvas->utf8  ? (labels[row] ? "┤" : "│")
                   : labels[row] ? "-"
                                 : "|");
        put_row(canvas, &plot, row, scatter->series_count == 1);
        canvas_print(canvas);
    }
    canvas_axis(canvas, &x, plot.from, plot.columns);
    if (scatter->series_count > 1)
        print_legend(canvas, scatter, &plot);
}
