#include "report/svg.h"

/*
 * Every colour twice, for light and for dark pages. A viewer that knows nothing of the latter, or of style sheets at all,
 * shows the light ones, or black on white.
 */
static const char rules[] =
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
    ".tcpwalk .sent{fill:none;stroke:#1f68b3;stroke-width:1.6}.tcpwalk "
    ".came{fill:none;stroke:#c4570b;stroke-width:1.6}\n"
    ".tcpwalk .tip{stroke:none}.tcpwalk .gap{fill:none;stroke:#59636e;stroke-dasharray:2 3}\n"
    ".tcpwalk .presumed{fill-opacity:.1;stroke-dasharray:3 2}.tcpwalk "
    ".unknown{fill:none;stroke:#8c959f;stroke-dasharray:1 3}\n"
    ".tcpwalk text.proves{fill:#1a7f37}.tcpwalk text.presumes{fill:#8a6200}.tcpwalk text.alarms{fill:#cf222e}\n"
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
    ".tcpwalk .sent{stroke:#79b8ff}.tcpwalk .came{stroke:#f0883e}.tcpwalk .gap{stroke:#9198a1}\n"
    ".tcpwalk .presumed{fill-opacity:.12}.tcpwalk .unknown{stroke:#656c76}\n"
    ".tcpwalk text.proves{fill:#56d364}.tcpwalk text.presumes{fill:#e3b341}.tcpwalk text.alarms{fill:#ff7b72}\n"
    "}\n";

/* What the frayed ends of bars in charts are filled with. */
static const char stripes[] =
    "<defs><pattern id=\"tcpwalk-stripes\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
    "patternTransform=\"rotate(45)\"><path class=\"stripe\" d=\"M1.5 0V6\"/></pattern></defs>\n";

void svg_rules(const struct svg *svg)
{
    svg_put(svg, "%s", rules);
}

void svg_begin(const struct svg *svg, double width, double height, const char *title)
{
    svg_put(svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tcpwalk\" role=\"img\" width=\"%.0f\" height=\"%.0f\" "
            "viewBox=\"0 0 %.0f %.0f\">\n<title>",
            width, height, width, height);
    svg_words(svg, title);
    svg_put(svg, "</title>\n<style>\n%s</style>\n%s", rules, stripes);
    svg_put(svg, "<rect class=\"paper\" width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n");
}

const char *svg_paint_class(enum paint paint)
{
    static const char *const classes[] = {[PAINT_NONE] = "plain",
                                          [PAINT_PROVEN] = "proves",
                                          [PAINT_PRESUMED] = "presumes",
                                          [PAINT_ALARM] = "alarms",
                                          [PAINT_DIM] = "dim"};

    return classes[paint];
}
