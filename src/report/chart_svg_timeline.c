#include <stdio.h>
#include <string.h>

#include "core/state.h"
#include "report/svg.h"
#include "report/timeline.h"

#define COLUMNS ((int)SVG_WIDTH + 1) /* a pixel each */
#define LABEL_MOST 170.0             /* what the names of lanes may take */
#define ARROW 12.0                   /* room right of the plot, for what goes on */
#define OVERHANG 8.0                 /* what labels of marks may take left of the plot */
#define LANE_PAD 7.0
#define MARK_LINE 14.0 /* a line of marks, of their labels, of bars */
#define LABEL_LINE 13.0
#define LABEL_LINES 2
#define BAR_LINE 24.0
#define BAR_HEIGHT 18.0
#define BAR_LINES 8
/* Marks of one kind that are nearer than this become one; marks of several kinds get lines of their own. */
#define NEAR 10
#define FRAYED_LEAST 4.0 /* an end that is uncertain has to be seen */

struct plot {
    struct axis axis;
    double left;
    double right;
};

/* How a lane is divided into lines. */
struct lines {
    unsigned labels;
    bool split;                              /* each kind of mark has a line of its own */
    unsigned line_of_kind[CHART_MARK_KINDS]; /* with split */
    unsigned marks;
    unsigned bars;
};

static double x_of(const struct plot *plot, nanos at)
{
    return plot->left + axis_place(&plot->axis, (double)at) * (plot->right - plot->left);
}

/* Bars of the same state have the same colour in all charts. */
static unsigned colour_of(const char *label)
{
    for (unsigned state = 0; label && state < STATE_COUNT; state++)
        if (strcmp(label, state_name((enum state)state)) == 0)
            return svg_state_colour((enum state)state);
    return 6;
}

/* A bar as it is drawn: its pixels, and where its name stands. */
struct extent {
    struct timeline_span span;
    double from;
    double sure;
    double to;
    char words[96];
    double words_at;
    double words_width; /* 0: no room */
    double end;         /* of all of it */
};

/* The name stands in the bar, with its end if that has room too; else right of it. */
static void place_words(const struct plot *plot, const struct chart_bar *bar, struct extent *extent)
{
    double room = extent->to - extent->from - 10;
    struct text text;

    extent->words_at = extent->from + 6;
    for (bool whole = true;; whole = false) {
        text_init(&text, extent->words, sizeof(extent->words));
        text_add(&text, "%.40s%s", bar->label, whole ? "  " : "");
        if (whole)
            timeline_ending(&text, &plot->axis, bar);
        extent->words_width = svg_width(extent->words, SVG_SMALL);
        if (extent->words_width <= room)
            return;
        if (!whole)
            break;
    }
    extent->words_at = extent->to + 5;
    if (extent->span.open || extent->words_at + extent->words_width > plot->right)
        extent->words_width = 0;
    else
        extent->end = extent->words_at + extent->words_width + 6;
}

static bool make_extent(const struct plot *plot, const struct chart_bar *bar, struct extent *extent)
{
    struct timeline_span *span = &extent->span;

    if (!timeline_span(&plot->axis, bar, span))
        return false;
    extent->from = x_of(plot, span->from);
    extent->to = x_of(plot, span->to);
    extent->sure = x_of(plot, span->sure);
    if (extent->to - extent->from < 2)
        extent->to = extent->from + 2;
    if (span->to == span->sure)
        extent->sure = extent->to;
    else if (extent->to - extent->sure < FRAYED_LEAST && extent->to - extent->from > 2 * FRAYED_LEAST)
        extent->sure = extent->to - FRAYED_LEAST;
    extent->end = extent->to;
    extent->words_width = 0;
    if (bar->label && bar->label[0])
        place_words(plot, bar, extent);
    return true;
}

static void draw_bar(const struct svg *svg, const struct plot *plot, const struct chart_bar *bar,
                     const struct extent *extent, double y)
{
    unsigned colour = colour_of(bar->label);
    char from[AXIS_TEXT], ending[96];
    struct text text;

    text_init(&text, ending, sizeof(ending));
    timeline_ending(&text, &plot->axis, bar);
    svg_put(svg, "<g><title>");
    svg_words(svg, bar->label);
    svg_put(svg, " from %s, %s</title>", axis_value(QUANTITY_TIME, (double)bar->from, from), ending);
    if (extent->sure > extent->from)
        svg_put(svg, "<rect class=\"state s%u\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\"/>", colour,
                extent->from, y, extent->sure - extent->from, BAR_HEIGHT);
    if (extent->to > extent->sure) {
        svg_put(svg, "<rect class=\"state frayed s%u\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\"/>", colour,
                extent->sure, y, extent->to - extent->sure, BAR_HEIGHT);
        svg_put(svg, "<rect fill=\"url(#tcpwalk-stripes)\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\"/>",
                extent->sure, y, extent->to - extent->sure, BAR_HEIGHT);
    }
    if (extent->span.open)
        svg_put(svg, "<path class=\"s%u\" d=\"M%.1f %.1fl7 %.0fl-7 %.0fz\"/>", colour, plot->right + 3, y + 3,
                BAR_HEIGHT / 2 - 3, BAR_HEIGHT / 2 - 3);
    svg_put(svg, "</g>\n");
    if (extent->words_width > 0)
        svg_text(svg, "state-name", extent->words_at, y + BAR_HEIGHT / 2 + 4, SVG_START, SVG_SMALL,
                 extent->words_width + 1, extent->words);
}

/* Draws the bars from y on, each in the first line that is free from where it begins. Returns the number of lines. */
static unsigned draw_bars(const struct svg *svg, const struct plot *plot, const struct chart_lane *lane, double y)
{
    double ends[BAR_LINES] = {0};
    unsigned lines = 0;

    for (size_t i = 0; i < lane->bar_count; i++) {
        struct extent extent;
        unsigned line = 0;

        if (!make_extent(plot, &lane->bars[i], &extent))
            continue;
        while (line + 1 < BAR_LINES && ends[line] > extent.from + 0.5)
            line++;
        /* Too many at a time: they cover each other, and only tooltips name them. */
        if (ends[line] > extent.from + 0.5)
            extent.words_width = 0;
        ends[line] = extent.end > ends[line] ? extent.end : ends[line];
        lines = line + 1 > lines ? line + 1 : lines;
        draw_bar(svg, plot, &lane->bars[i], &extent, y + line * BAR_LINE + (BAR_LINE - BAR_HEIGHT) / 2);
    }
    return lines;
}

/* Marks of a kind in a pixel. */
struct column {
    unsigned count;
    nanos first;
    nanos last;
};

static void find_kind(const struct plot *plot, const struct chart_lane *lane, unsigned kind, struct column *columns)
{
    memset(columns, 0, COLUMNS * sizeof(*columns));
    for (size_t i = 0; i < lane->mark_count; i++) {
        nanos at = lane->marks[i].at;
        struct column *column;

        if (!timeline_has(&plot->axis, &lane->marks[i]) || lane->marks[i].kind != kind)
            continue;
        column = &columns[(int)(x_of(plot, at) + 0.5)];
        column->first = column->count == 0 || at < column->first ? at : column->first;
        column->last = column->count == 0 || at > column->last ? at : column->last;
        column->count++;
    }
}

/* Marks from a pixel to another that are drawn as one. */
struct cluster {
    int from;
    int to;
    unsigned count;
    nanos first;
    nanos last;
};

/* The next cluster from pixel at on; false when there is none. */
static bool next_cluster(const struct column *columns, int at, struct cluster *cluster)
{
    cluster->count = 0;
    for (; at < COLUMNS; at++) {
        if (columns[at].count == 0)
            continue;
        if (cluster->count > 0 && at - cluster->to >= NEAR)
            break;
        if (cluster->count == 0) {
            cluster->from = at;
            cluster->first = columns[at].first;
        }
        cluster->to = at;
        cluster->last = columns[at].last > cluster->last || cluster->count == 0 ? columns[at].last : cluster->last;
        cluster->count += columns[at].count;
    }
    return cluster->count > 0;
}

/* A tooth for each pixel that has any. */
static void draw_comb(const struct svg *svg, const struct column *columns, const struct cluster *cluster,
                      const char *class, double y)
{
    svg_put(svg, "<path class=\"comb %s\" d=\"", class);
    for (int at = cluster->from; at <= cluster->to; at++)
        if (columns[at].count > 0)
            svg_put(svg, "M%d.5 %.1fv10", at, y - 5);
    svg_put(svg, "\"/>");
}

/* Too near to each other for teeth that an eye can tell apart. */
static bool is_dense(const struct column *columns, const struct cluster *cluster)
{
    int teeth = 0;

    for (int at = cluster->from; at <= cluster->to; at++)
        teeth += columns[at].count > 0;
    return teeth * 4 > cluster->to - cluster->from + 4;
}

/* One mark is its sign. Several are a comb, or a band. */
static void draw_cluster(const struct svg *svg, const struct column *columns, const struct cluster *cluster,
                         enum chart_mark_kind kind, double y)
{
    static const char *const classes[CHART_MARK_KINDS] = {"ours", "peers", "answered", "refused", "silent"};
    static const char *const words[CHART_MARK_KINDS] = {"segment%s of ours", "segment%s of the peer",
                                                        "probe%s answered", "probe%s refused (RST)",
                                                        "probe%s without answer"};
    char when[AXIS_TEXT], till[AXIS_TEXT], count[AXIS_TEXT], what[64];
    bool dense = is_dense(columns, cluster);

    snprintf(what, sizeof(what), words[kind], cluster->count == 1 ? "" : "s");
    axis_value(QUANTITY_TIME, (double)cluster->first, when);
    axis_value(QUANTITY_TIME, (double)cluster->last, till);
    svg_put(svg, "<g><title>%s %s, %s%s%s</title>", axis_count(cluster->count, count), what, when,
            cluster->count > 1 ? " to " : "", cluster->count > 1 ? till : "");
    if (cluster->to == cluster->from) {
        svg_mark(svg, kind, cluster->from, y);
    } else {
        svg_put(svg, "<rect class=\"pill %s%s\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"10\" rx=\"4\"/>",
                classes[kind], dense ? " dense" : "", cluster->from - 4, y - 5, cluster->to - cluster->from + 8);
        if (!dense)
            draw_comb(svg, columns, cluster, classes[kind], y);
    }
    svg_put(svg, "</g>\n");
}

static void draw_marks(const struct svg *svg, const struct plot *plot, const struct chart_lane *lane,
                       const struct lines *lines, double y)
{
    struct column columns[COLUMNS];
    struct cluster cluster;

    for (unsigned kind = 0; kind < CHART_MARK_KINDS; kind++) {
        double middle = y + (lines->line_of_kind[kind] + 0.5) * MARK_LINE;

        find_kind(plot, lane, kind, columns);
        for (int at = 0; next_cluster(columns, at, &cluster); at = cluster.to + 1)
            draw_cluster(svg, columns, &cluster, kind, middle);
    }
}

/* Whether marks of several kinds would touch in one line. */
static bool kinds_touch(const struct plot *plot, const struct chart_lane *lane)
{
    unsigned char kinds[COLUMNS] = {0};
    unsigned char last = 0;
    int at = -NEAR;

    for (size_t i = 0; i < lane->mark_count; i++)
        if (timeline_has(&plot->axis, &lane->marks[i]))
            kinds[(int)(x_of(plot, lane->marks[i].at) + 0.5)] |= (unsigned char)(1u << lane->marks[i].kind);
    for (int i = 0; i < COLUMNS; i++) {
        if (!kinds[i])
            continue;
        if ((kinds[i] & (kinds[i] - 1)) != 0 || (i - at < NEAR && kinds[i] != last))
            return true;
        last = kinds[i];
        at = i;
    }
    return false;
}

/* Draws the labels that have room above the marks, in one line or two from y on. Returns the number of lines. */
static unsigned draw_labels(const struct svg *svg, const struct plot *plot, const struct chart_lane *lane,
                            unsigned lines, double y)
{
    bool taken[LABEL_LINES][COLUMNS] = {0};
    unsigned used = 0;

    for (size_t i = 0; i < lane->mark_count; i++) {
        const struct chart_mark *mark = &lane->marks[i];
        double half = svg_width(mark->label, SVG_SMALL) / 2, x;
        int from, to;

        if (!mark->label || !mark->label[0] || !timeline_has(&plot->axis, mark) || 2 * half > plot->right - plot->left)
            continue;
        x = x_of(plot, mark->at);
        x = x - half < plot->left - OVERHANG ? plot->left - OVERHANG + half
            : x + half > SVG_RIGHT           ? SVG_RIGHT - half
                                             : x;
        from = (int)(x - half) - 4;
        to = (int)(x + half) + 4;
        /* The first line is the lowest, next to the marks. */
        for (unsigned line = 0; line < LABEL_LINES; line++) {
            if (memchr(&taken[line][from], true, (size_t)(to - from)))
                continue;
            memset(&taken[line][from], true, (size_t)(to - from));
            used = line + 1 > used ? line + 1 : used;
            svg_text(svg, "halo mark-label", x, y + ((double)lines - line) * LABEL_LINE - 3, SVG_MIDDLE, SVG_SMALL,
                     SVG_WIDTH, mark->label);
            break;
        }
    }
    return used;
}

static struct lines lines_of(const struct plot *plot, const struct chart_lane *lane)
{
    const struct svg nowhere = {0};
    struct lines lines = {.split = kinds_touch(plot, lane)};
    bool kinds[CHART_MARK_KINDS] = {0};

    for (size_t i = 0; i < lane->mark_count; i++)
        if (timeline_has(&plot->axis, &lane->marks[i])) {
            kinds[lane->marks[i].kind] = true;
            lines.marks = 1;
        }
    for (unsigned kind = 0, line = 0; lines.split && kind < CHART_MARK_KINDS; kind++)
        if (kinds[kind]) {
            lines.line_of_kind[kind] = line++;
            lines.marks = line;
        }
    lines.labels = draw_labels(&nowhere, plot, lane, 0, 0);
    lines.bars = draw_bars(&nowhere, plot, lane, 0);
    return lines;
}

/* Draws a lane from y on; returns where it ends. */
static double draw_lane(const struct svg *svg, const struct plot *plot, const struct chart_lane *lane, double y)
{
    struct lines lines = lines_of(plot, lane);
    double height = lines.labels * LABEL_LINE + lines.marks * MARK_LINE + lines.bars * BAR_LINE;
    double top = y + LANE_PAD;

    height = height < MARK_LINE ? MARK_LINE : height;
    svg_text(svg, "lane", SVG_MARGIN, top + height / 2 + 4, SVG_START, SVG_SMALL, LABEL_MOST, lane->label);
    draw_labels(svg, plot, lane, lines.labels, top);
    top += lines.labels * LABEL_LINE;
    draw_marks(svg, plot, lane, &lines, top);
    top += lines.marks * MARK_LINE;
    draw_bars(svg, plot, lane, top);
    y += height + 2 * LANE_PAD;
    svg_put(svg, "<path class=\"grid\" d=\"M%.0f %.1fH%.1f\"/>\n", SVG_MARGIN, y, plot->right);
    return y;
}

/* What is explained below: how many marks of each kind there are, and what the ends of bars mean. */
struct shown {
    size_t kinds[CHART_MARK_KINDS];
    bool frayed;
    bool open;
};

static void look_for_all(const struct plot *plot, const struct chart_timeline *timeline, struct shown *shown)
{
    struct timeline_span span;

    for (size_t i = 0; i < timeline->lane_count; i++) {
        const struct chart_lane *lane = &timeline->lanes[i];

        for (size_t mark = 0; mark < lane->mark_count; mark++)
            if (timeline_has(&plot->axis, &lane->marks[mark]))
                shown->kinds[lane->marks[mark].kind]++;
        for (size_t bar = 0; bar < lane->bar_count; bar++)
            if (timeline_span(&plot->axis, &lane->bars[bar], &span)) {
                shown->frayed = shown->frayed || span.to > span.sure;
                shown->open = shown->open || span.open;
            }
    }
}

static double draw_legend(const struct svg *svg, const struct plot *plot, const struct chart_timeline *timeline,
                          double y)
{
    struct svg_legend legend = {plot->left, plot->left, y + SVG_LINE / 2};
    struct shown shown = {0};

    look_for_all(plot, timeline, &shown);
    for (unsigned kind = 0; kind < CHART_MARK_KINDS; kind++) {
        char words[64], count[AXIS_TEXT];

        if (shown.kinds[kind] == 0)
            continue;
        snprintf(words, sizeof(words), "%s (%s)", timeline_kind(kind), axis_count(shown.kinds[kind], count));
        svg_mark(svg, kind, svg_legend(svg, &legend, 10, words) + 5, legend.y);
    }
    if (shown.frayed) {
        double at = svg_legend(svg, &legend, 18, "may have ended");

        svg_put(svg, "<rect class=\"state frayed s0\" x=\"%.1f\" y=\"%.1f\" width=\"18\" height=\"10\"/>", at,
                legend.y - 5);
        svg_put(svg, "<rect fill=\"url(#tcpwalk-stripes)\" x=\"%.1f\" y=\"%.1f\" width=\"18\" height=\"10\"/>\n", at,
                legend.y - 5);
    }
    if (shown.open)
        svg_put(svg, "<path class=\"s0\" d=\"M%.1f %.1fl6 5l-6 5z\"/>\n", svg_legend(svg, &legend, 8, "goes on") + 1,
                legend.y - 5);
    return legend.x > legend.left ? legend.y + SVG_LINE / 2 : y;
}

double svg_timeline(const struct svg *svg, const struct chart_timeline *timeline, double y)
{
    const struct svg nowhere = {0};
    struct plot plot = {.axis = timeline_axis(timeline), .right = SVG_RIGHT - ARROW};
    double width = 0, bottom = y;

    for (size_t i = 0; i < timeline->lane_count; i++) {
        double label = svg_width(timeline->lanes[i].label, SVG_SMALL);

        width = label > width ? label : width;
    }
    width = width > LABEL_MOST ? LABEL_MOST : width;
    plot.left = SVG_MARGIN + (width > 0 ? width + 14 : 6);
    for (size_t i = 0; i < timeline->lane_count; i++)
        bottom = draw_lane(&nowhere, &plot, &timeline->lanes[i], bottom);
    svg_axis(svg, &plot.axis, plot.left, plot.right, y, bottom);
    for (size_t i = 0; i < timeline->lane_count; i++)
        y = draw_lane(svg, &plot, &timeline->lanes[i], y);
    return draw_legend(svg, &plot, timeline, bottom + SVG_LINE + 8);
}
