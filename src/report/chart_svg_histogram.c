#include <stdio.h>
#include <string.h>

#include "report/bins.h"
#include "report/svg.h"

#define BINS_WANTED 40
#define PLOT_HEIGHT 170.0
#define FLAGS 3

/* Where everything is. */
struct plot {
    double left;
    double right;
    double top;
    double bottom;
    double most; /* the count at the top */
};

static double x_of(const struct plot *plot, const struct bins *bins, double value)
{
    return plot->left + axis_place(&bins->axis, value) * (plot->right - plot->left);
}

/* The axis of counts: whole numbers, up to the step above the fullest bin. Sets the plot's left rim and its top count. */
static void draw_counts(const struct svg *svg, struct plot *plot, const struct bins *bins)
{
    double step = axis_step(QUANTITY_NUMBER, 0, (double)bins->fullest, 4);
    unsigned steps;
    char label[AXIS_TEXT];

    step = step < 1 ? 1 : step;
    steps = (unsigned)(((double)bins->fullest + step - 1) / step);
    plot->most = steps * step;
    plot->left = SVG_MARGIN + svg_width(axis_count((unsigned long long)plot->most, label), SVG_SMALL) + 8;
    for (unsigned i = 0; i <= steps; i++) {
        double y = plot->bottom - i * (plot->bottom - plot->top) / steps;

        svg_put(svg, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>", plot->left, y, plot->right);
        svg_text(svg, "dim count", plot->left - 8, y + 4, SVG_END, SVG_SMALL, SVG_WIDTH,
                 axis_count((unsigned long long)(i * step), label));
    }
}

static void draw_bins(const struct svg *svg, const struct plot *plot, const struct bins *bins)
{
    for (unsigned i = 0; i < bins->count; i++) {
        double from = x_of(plot, bins, bins->edges[i]), to = x_of(plot, bins, bins->edges[i + 1]);
        double height = (double)bins->counts[i] / plot->most * (plot->bottom - plot->top);
        char low[AXIS_TEXT], high[AXIS_TEXT], count[AXIS_TEXT];

        if (bins->counts[i] == 0)
            continue;
        /* A single value must not vanish. */
        height = height < 1.5 ? 1.5 : height;
        svg_put(svg, "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>", from + 0.5,
                plot->bottom - height, to - from > 2 ? to - from - 1 : 1, height);
        svg_put(svg, "%s to %s: %s value%s</title></rect>\n", bins_edge(bins, i, low), bins_edge(bins, i + 1, high),
                axis_count(bins->counts[i], count), bins->counts[i] == 1 ? "" : "s");
    }
}

/* A value with a line down to the axis and its name beside the line's upper end. */
struct flag {
    double x;
    char words[2 * AXIS_TEXT];
    double width;
    bool leftward; /* the name has no room at the right */
};

static void make_flags(const struct plot *plot, const struct bins *bins, struct flag flags[FLAGS])
{
    static const char *const names[FLAGS] = {"minimum", "median", "99th percentile"};
    const double values[FLAGS] = {bins->least, bins->median, bins->percentile_99};

    for (unsigned i = 0; i < FLAGS; i++) {
        char value[AXIS_TEXT];

        flags[i].x = x_of(plot, bins, values[i]);
        snprintf(flags[i].words, sizeof(flags[i].words), "%s %s", names[i],
                 axis_value(bins->axis.quantity, values[i], value));
        flags[i].width = svg_width(flags[i].words, SVG_SMALL);
        flags[i].leftward = flags[i].x + 4 + flags[i].width > plot->right;
    }
}

/* Whether all names have room in one line: each between its own line and the next. */
static bool flags_fit(const struct flag flags[FLAGS])
{
    for (unsigned i = 0; i + 1 < FLAGS; i++) {
        double room = flags[i + 1].x - flags[i].x;

        room -= flags[i].leftward ? 0 : flags[i].width + 8;
        room -= flags[i + 1].leftward ? flags[i + 1].width + 8 : 0;
        if (room < 0)
            return false;
    }
    return true;
}

static void draw_flags(const struct svg *svg, const struct plot *plot, const struct flag flags[FLAGS], double y,
                       bool one_line)
{
    for (unsigned i = 0; i < FLAGS; i++)
        svg_put(svg, "<path class=\"flag\" d=\"M%.1f %.1fV%.1f\"/>", flags[i].x, y + (one_line ? 0 : i) * SVG_LINE,
                plot->bottom);
    for (unsigned i = 0; i < FLAGS; i++)
        svg_text(svg, "halo flagged", flags[i].x + (flags[i].leftward ? -4 : 4), y + (one_line ? 0 : i) * SVG_LINE + 10,
                 flags[i].leftward ? SVG_END : SVG_START, SVG_SMALL, SVG_WIDTH, flags[i].words);
}

/* How many there are, of what, and the largest. */
static void draw_sum(const struct svg *svg, const struct bins *bins, double y)
{
    bool unit = bins->axis.quantity == QUANTITY_NUMBER && bins->axis.unit && bins->axis.unit[0];
    char count[AXIS_TEXT], most[AXIS_TEXT], words[128];

    snprintf(words, sizeof(words), "%s value%s%s%.40s%s%s", axis_count(bins->total, count), bins->total == 1 ? "" : "s",
             unit ? " in " : "", unit ? bins->axis.unit : "", bins->total > 0 ? ", maximum " : "",
             bins->total > 0 ? axis_value(bins->axis.quantity, bins->most, most) : "");
    svg_text(svg, "dim", SVG_MARGIN, y + SVG_SMALL, SVG_START, SVG_SMALL, SVG_RIGHT - SVG_MARGIN, words);
}

double svg_histogram(const struct svg *svg, const struct chart_histogram *histogram, double y)
{
    struct plot plot = {.right = SVG_RIGHT};
    struct flag flags[FLAGS];
    struct bins bins;
    bool one_line;

    bins_fill(&bins, histogram, BINS_WANTED);
    draw_sum(svg, &bins, y);
    y += SVG_LINE + 6;
    if (bins.count == 0)
        return y;
    /* Their room depends on the left rim, and that on the counts alone. */
    draw_counts(&(struct svg){0}, &plot, &bins);
    make_flags(&plot, &bins, flags);
    one_line = flags_fit(flags);
    plot.top = y + (one_line ? 1 : FLAGS) * SVG_LINE;
    plot.bottom = plot.top + PLOT_HEIGHT;
    draw_counts(svg, &plot, &bins);
    svg_axis(svg, &bins.axis, plot.left, plot.right, plot.top, plot.bottom);
    draw_bins(svg, &plot, &bins);
    draw_flags(svg, &plot, flags, y, one_line);
    return plot.bottom + SVG_LINE + 6;
}
