#include "report/svg.h"

/* Between the charts. */
#define GAP 28.0

/*
 * Every colour twice, for light and for dark pages. A viewer that knows nothing of the latter, or of style sheets at all,
 * shows the light ones, or black on white.
 */
static const char style[] =
    "<style>\n"
    ".tcpwalk text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1f2328}\n"
    ".tcpwalk .head{font-weight:600}\n"
    ".tcpwalk text.dim{fill:#59636e}\n"
    ".tcpwalk .paper{fill:#fff}\n"
    ".tcpwalk .halo{paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}\n"
    ".tcpwalk .grid{fill:none;stroke:#e4e8ec}\n"
    ".tcpwalk .rule{fill:none;stroke:#8c959f}\n"
    ".tcpwalk .bar{fill:#4c8fd6}\n"
    ".tcpwalk .flag{fill:none;stroke:#59636e;stroke-dasharray:3 2}\n"
    ".tcpwalk .stripe{stroke:#fff;stroke-width:3}\n"
    ".tcpwalk .state{fill-opacity:.28;stroke-width:1}\n"
    ".tcpwalk .frayed{stroke-dasharray:3 2}\n"
    ".tcpwalk rect.pill{fill-opacity:.22;stroke:none}.tcpwalk rect.dense{fill-opacity:.65}\n"
    ".tcpwalk path.comb{fill:none;stroke-width:1}\n"
    ".tcpwalk rect.refused{fill:#cf222e}.tcpwalk rect.silent{fill:#6e7781}\n"
    ".tcpwalk .s0{fill:#6e7781;stroke:#6e7781}.tcpwalk .s1{fill:#d29922;stroke:#b07d10}\n"
    ".tcpwalk .s2{fill:#2da44e;stroke:#218739}.tcpwalk .s3{fill:#8a63d2;stroke:#7048b8}\n"
    ".tcpwalk .s4{fill:#d2568f;stroke:#b83b74}.tcpwalk .s5{fill:#2f81d6;stroke:#1f68b3}\n"
    ".tcpwalk .s6{fill:#2a9d9d;stroke:#1b7f7f}\n"
    ".tcpwalk .ours{fill:#1f68b3;stroke:#1f68b3}.tcpwalk .peers{fill:#c4570b;stroke:#c4570b}\n"
    ".tcpwalk .answered{fill:#218739;stroke:#218739}.tcpwalk .refused{fill:none;stroke:#cf222e;stroke-width:2}\n"
    ".tcpwalk .silent{fill:#fff;stroke:#6e7781;stroke-width:1.5}\n"
    ".tcpwalk .p0,.tcpwalk .p1,.tcpwalk .p2,.tcpwalk .p3,.tcpwalk .p4,.tcpwalk .p5,.tcpwalk .p6,.tcpwalk .p7"
    "{fill-opacity:.85}\n"
    ".tcpwalk .p0{fill:#0072b2}.tcpwalk .p1{fill:#d55e00}.tcpwalk .p2{fill:#00805c}.tcpwalk .p3{fill:#b0568c}\n"
    ".tcpwalk .p4{fill:#8f6a00}.tcpwalk .p5{fill:#3b8fc4}.tcpwalk .p6{fill:#6e7781}.tcpwalk .p7{fill:#7048b8}\n"
    "@media (prefers-color-scheme:dark){\n"
    ".tcpwalk text{fill:#e6edf3}.tcpwalk text.dim{fill:#9198a1}.tcpwalk .paper{fill:#0d1117}\n"
    ".tcpwalk .halo{stroke:#0d1117}.tcpwalk .grid{stroke:#262c36}.tcpwalk .rule{stroke:#656c76}\n"
    ".tcpwalk .bar{fill:#4184c8}.tcpwalk .flag{stroke:#9198a1}.tcpwalk .stripe{stroke:#0d1117}\n"
    ".tcpwalk .state{fill-opacity:.36}\n"
    ".tcpwalk .s0{fill:#848d97;stroke:#9ea7b0}.tcpwalk .s1{fill:#d29922;stroke:#e3b341}\n"
    ".tcpwalk .s2{fill:#3fb950;stroke:#56d364}.tcpwalk .s3{fill:#a371f7;stroke:#b78bff}\n"
    ".tcpwalk .s4{fill:#db61a2;stroke:#f778ba}.tcpwalk .s5{fill:#4493f8;stroke:#79b8ff}\n"
    ".tcpwalk .s6{fill:#39c5cf;stroke:#56d4dd}\n"
    ".tcpwalk .ours{fill:#79b8ff;stroke:#79b8ff}.tcpwalk .peers{fill:#f0883e;stroke:#f0883e}\n"
    ".tcpwalk .answered{fill:#56d364;stroke:#56d364}.tcpwalk .refused{stroke:#ff7b72}\n"
    ".tcpwalk .silent{fill:#0d1117;stroke:#9ea7b0}\n"
    ".tcpwalk .p0{fill:#56b4e9}.tcpwalk .p1{fill:#f0883e}.tcpwalk .p2{fill:#2fc79a}.tcpwalk .p3{fill:#e08bc0}\n"
    ".tcpwalk .p4{fill:#e3c04a}.tcpwalk .p5{fill:#8fd0ff}.tcpwalk .p6{fill:#9ea7b0}.tcpwalk .p7{fill:#b78bff}\n"
    ".tcpwalk rect.refused{fill:#ff7b72}.tcpwalk rect.silent{fill:#9ea7b0}\n"
    "}\n"
    "</style>\n"
    "<defs><pattern id=\"tcpwalk-stripes\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
    "patternTransform=\"rotate(45)\"><path class=\"stripe\" d=\"M1.5 0V6\"/></pattern></defs>\n";

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
    svg_put(&svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tcpwalk\" role=\"img\" width=\"%.0f\" height=\"%.0f\" "
            "viewBox=\"0 0 %.0f %.0f\">\n<title>",
            SVG_WIDTH, height, SVG_WIDTH, height);
    svg_words(&svg, title);
    svg_put(&svg, "</title>\n%s<rect class=\"paper\" width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n", style);
    draw(&svg, title, charts, count);
    svg_put(&svg, "</svg>\n");
}
