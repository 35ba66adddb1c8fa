/*
 * Measurements as pictures: a histogram, a time line or a scatter as one value, drawn as text for a terminal or as SVG.
 * All that a chart points to is borrowed and need only live as long as the call. Titles, labels and units may come from
 * outside: what could harm a terminal or a document is replaced; what has no room is cut. An empty string and NULL are
 * the same. The caller finds errors of writing at the end, with output_flush().
 */
#ifndef REPORT_CHART_H
#define REPORT_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/nanos.h"

/*
 * How often which value came: spans of time, or other values with a unit. One of the two arrays is set, in any order. A
 * value that is none (NANOS_NONE, NANOS_NEVER, not finite) is left out and not counted. The median and the 99th
 * percentile are by nearest rank: values that were measured.
 */
struct chart_histogram {
    const nanos *spans;
    const double *values;
    size_t count;
    const char *unit; /* of values, in the plural: "bytes" */
};

enum chart_mark_kind {
    CHART_MARK_OURS,     /* a segment of ours */
    CHART_MARK_PEERS,    /* a segment of the peer */
    CHART_MARK_ANSWERED, /* a probe that was answered */
    CHART_MARK_REFUSED,  /* a probe that was answered with RST */
    CHART_MARK_SILENT,   /* a probe without answer */
};
#define CHART_MARK_KINDS 5

struct chart_mark {
    nanos at;
    enum chart_mark_kind kind;
    const char *label; /* short: "1.0 s"; left out where it has no room */
};

/*
 * A state that lasted: from, until some moment between to_least and to_most. to_most NANOS_NEVER: it still went on when
 * it was last looked at, which was at to_least (or, if that is NANOS_NEVER too, at the end of the chart).
 */
struct chart_bar {
    const char *label; /* a state's name (which gives it a colour), or any other */
    nanos from;
    nanos to_least;
    nanos to_most;
};

/* Marks and bars can come in any order. Bars that overlap lie below each other (in text, the later hides the earlier). */
struct chart_lane {
    const char *label;
    const struct chart_bar *bars;
    size_t bar_count;
    const struct chart_mark *marks;
    size_t mark_count;
};

/* What happened when, from 0 to end; what lies outside is not shown. */
struct chart_timeline {
    nanos end; /* 0: the last thing that happens */
    const struct chart_lane *lanes;
    size_t lane_count;
};

struct chart_point {
    nanos x; /* from 0 */
    double y;
    unsigned series; /* an index into the names of series */
};

/* Points over time. Those outside the range of y, before 0, or of no series are left out. */
struct chart_scatter {
    const struct chart_point *points;
    size_t count;
    const char *const *series; /* their names, for the legend */
    unsigned series_count;
    double y_least; /* the range of y; both 0: that of the points. 0 to 2^32 is labelled in powers of two */
    double y_most;
};

enum chart_kind { CHART_HISTOGRAM, CHART_TIMELINE, CHART_SCATTER };

struct chart {
    enum chart_kind kind;
    const char *title;
    union {
        struct chart_histogram histogram;
        struct chart_timeline timeline;
        struct chart_scatter scatter;
    };
};

#define CHART_WIDTH_DEFAULT 80
/* A smaller width counts as the least, a larger one as the most. */
#define CHART_WIDTH_MIN 64
#define CHART_WIDTH_MAX 200

/* How a chart is drawn as text. */
struct chart_look {
    unsigned width; /* columns; 0 is CHART_WIDTH_DEFAULT */
    bool colour;    /* ANSI colours; the caller knows of terminals and NO_COLOR */
    bool utf8;      /* block characters and the like; else plain ASCII */
};

/*
 * Draws the chart as text: its title, then at most 12 rows of bars and one of sums (histogram), one or two rows for each
 * lane, an axis, and a legend if it has no room beside the title (time line), or 9 rows of points, an axis and, with
 * several series, a legend (scatter). look may be NULL: plain ASCII, 80 columns.
 */
void chart_text(const struct chart *chart, const struct chart_look *look, FILE *out);

/*
 * Draws the charts below each other as one SVG document that needs nothing else: no script, no font, no file. It is fit
 * for a light and for a dark page; the exact numbers are in tooltips.
 */
void chart_svg(const char *title, const struct chart *const *charts, size_t count, FILE *out);

#endif
