#include <stdio.h>
#include <string.h>

#include "report/scatter.h"
#include "report/svg.h"

#define PLOT_HEIGHT 220
#define LEGEND_MAX 16
/* More points than this have no numbers of their own: the document would be too large. */
#define TITLED_MAX 1000

/* A bit for each colour in each pixel: what would be hidden is not drawn. */
struct drawn {
    unsigned char colours[PLOT_HEIGHT + 1][(int)SVG_WIDTH + 1];
};

/* Powers of two as mathematicians write them. */
static const char *raised(const char *label)
{
    static const char *const forms[][2] = {
        {"2^30", "2\u00b3\u2070"},
        {"2^31", "2\u00b3\u00b9"},
        {"3*2^30", "3\u00b72\u00b3\u2070"},
        {"2^32", "2\u00b3\u00b2"},
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (strcmp(label, forms[i][0]) == 0)
            return forms[i][1];
    return label;
}

/* Lines and labels of the axis of y; returns where the plot begins. */
static double draw_values(const struct svg *svg, const struct axis *y_axis, double top)
{
    struct axis_tick ticks[AXIS_TICKS_MAX];
    unsigned count = axis_ticks(y_axis, y_axis->quantity == QUANTITY_SEQUENCE ? 5 : 7, ticks);
    double left = 0;

    for (unsigned i = 0; i < count; i++) {
        double width = svg_width(raised(ticks[i].label), SVG_SMALL);

        left = width > left ? width : left;
    }
    left += SVG_MARGIN + 8;
    for (unsigned i = 0; i < count; i++) {
        double y = top + (1 - axis_place(y_axis, ticks[i].at)) * PLOT_HEIGHT;

        svg_put(svg, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>", left, y, SVG_RIGHT);
        svg_text(svg, "dim value", left - 8, y + 4, SVG_END, SVG_SMALL, SVG_WIDTH, raised(ticks[i].label));
    }
    return left;
}

static void draw_titled(const struct svg *svg, const struct chart_scatter *scatter, const struct chart_point *point,
                        enum quantity quantity, double x, double y)
{
    char at[AXIS_TEXT], value[AXIS_TEXT];

    svg_put(svg, "<g><title>");
    if (scatter->series_count > 1) {
        svg_words(svg, scatter->series[point->series]);
        svg_put(svg, ": ");
    }
    svg_put(svg, "%s at %s</title>", axis_value(quantity, point->y, value),
            axis_value(QUANTITY_TIME, (double)point->x, at));
    svg_point(svg, point->series, x, y);
    svg_put(svg, "</g>\n");
}

static void draw_points(const struct svg *svg, const struct chart_scatter *scatter, const struct axis *x_axis,
                        const struct axis *y_axis, double left, double top)
{
    bool titled = scatter_count(scatter, y_axis) <= TITLED_MAX;
    struct drawn drawn = {0};

    for (size_t i = 0; i < scatter->count; i++) {
        const struct chart_point *point = &scatter->points[i];
        unsigned char *colours, colour = (unsigned char)(1u << point->series % 8);
        double x, y;

        if (!scatter_has(scatter, y_axis, point))
            continue;
        x = left + axis_place(x_axis, (double)point->x) * (SVG_RIGHT - left);
        y = top + (1 - axis_place(y_axis, point->y)) * PLOT_HEIGHT;
        colours = &drawn.colours[(int)(y - top)][(int)x];
        if (*colours & colour)
            continue;
        *colours |= colour;
        if (titled)
            draw_titled(svg, scatter, point, y_axis->quantity, x, y);
        else
            svg_point(svg, point->series, x, y);
    }
}

static double draw_legend(const struct svg *svg, const struct chart_scatter *scatter, double left, double y)
{
    struct svg_legend legend = {left, left, y};
    char more[AXIS_TEXT];

    for (unsigned i = 0; i < scatter->series_count && i < LEGEND_MAX; i++) {
        double at = svg_legend(svg, &legend, 6, scatter->series[i] ? scatter->series[i] : "");

        svg_point(svg, i, at + 3, legend.y);
    }
    if (scatter->series_count > LEGEND_MAX) {
        snprintf(more, sizeof(more), "and %u more", scatter->series_count - LEGEND_MAX);
        svg_legend(svg, &legend, 0, more);
    }
    return legend.y + SVG_LINE / 2;
}

double svg_scatter(const struct svg *svg, const struct chart_scatter *scatter, double y)
{
    struct axis x_axis, y_axis;
    char words[2 * AXIS_TEXT], number[AXIS_TEXT];
    double left, top;
    size_t count;

    scatter_axes(scatter, &x_axis, &y_axis);
    count = scatter_count(scatter, &y_axis);
    snprintf(words, sizeof(words), "%s value%s", axis_count(count, number), count == 1 ? "" : "s");
    svg_text(svg, "dim", SVG_MARGIN, y + SVG_SMALL, SVG_START, SVG_SMALL, SVG_RIGHT, words);
    top = y + SVG_LINE + 10;
    left = draw_values(svg, &y_axis, top);
    svg_axis(svg, &x_axis, left, SVG_RIGHT, top, top + PLOT_HEIGHT);
    draw_points(svg, scatter, &x_axis, &y_axis, left, top);
    y = top + PLOT_HEIGHT + SVG_LINE + 6;
    return scatter->series_count > 1 ? draw_legend(svg, scatter, left, y + SVG_LINE / 2) : y;
}
