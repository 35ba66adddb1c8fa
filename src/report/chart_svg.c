#include "report/svg.h"

/* Between the charts. */
#define GAP 28.0

static double draw_chart(const struct svg *svg, const struct chart *chart, double y)
{
    double end = y;

    svg_put(svg, "<g>\n");
    svg_text(svg, "head", SVG_MARGIN, y + SVG_NORMAL, SVG_START, SVG_NORMAL, SVG_RIGHT - SVG_MARGIN, chart->title);
    y += chart->title && chart->title[0] ? SVG_NORMAL + 10 : 0;
    switch (chart->kind) {
    case CHART_HISTOGRAM:
        end = svg_histogram(svg, &chart->histogram, y);
        break;
    case CHART_TIMELINE:
        end = svg_timeline(svg, &chart->timeline, y);
        break;
    case CHART_SCATTER:
        end = svg_scatter(svg, &chart->scatter, y);
        break;
    }
    svg_put(svg, "</g>\n");
    return end;
}

/* Draws all; returns the height of the document. */
static double draw(const struct svg *svg, const char *title, const struct chart *const *charts, size_t count)
{
    double y = SVG_MARGIN;

    if (title && title[0]) {
        svg_text(svg, "head", SVG_MARGIN, y + SVG_LARGE, SVG_START, SVG_LARGE, SVG_RIGHT - SVG_MARGIN, title);
        y += SVG_LARGE + 18;
    }
    for (size_t i = 0; i < count; i++)
        y = draw_chart(svg, charts[i], i > 0 ? y + GAP : y);
    return y + SVG_MARGIN;
}

void chart_svg(const char *title, const struct chart *const *charts, size_t count, FILE *out)
{
    struct svg svg = {0};
    double height = draw(&svg, title, charts, count);

    svg.out = out;
    svg_begin(&svg, SVG_WIDTH, height, title);
    draw(&svg, title, charts, count);
    svg_put(&svg, "</svg>\n");
}
