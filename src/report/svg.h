/*
 * What an SVG document is made of here: texts that are escaped, cut to their room and of a known width, and the few
 * shapes of charts. All of it can be drawn without being written, to see how much room it takes.
 */
#ifndef REPORT_SVG_H
#define REPORT_SVG_H

#include <stdbool.h>
#include <stdio.h>

#include "core/state.h"
#include "report/axis.h"
#include "report/chart.h"
#include "report/page.h"

/* The document, in pixels of its own. */
#define SVG_WIDTH 800.0
#define SVG_MARGIN 24.0
#define SVG_RIGHT (SVG_WIDTH - SVG_MARGIN)

/* The sizes of letters, and a line of small ones. */
#define SVG_SMALL 11.0
#define SVG_NORMAL 13.0
#define SVG_LARGE 16.0
#define SVG_LINE 16.0

struct svg {
    FILE *out; /* NULL: nothing is written */
};

enum svg_anchor { SVG_START, SVG_MIDDLE, SVG_END };

/* Writes printf-style, as it is. */
void svg_put(const struct svg *svg, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Begins a document of that size on paper of its own, with its style; "</svg>" ends it. */
void svg_begin(const struct svg *svg, double width, double height, const char *title);

/* The rules of that style alone, for a page that has drawings of class "tcpwalk" in it. */
void svg_rules(const struct svg *svg);

/* Which of the colours s0 to s5 a state has, in all drawings. */
unsigned svg_state_colour(enum state state);

/* The class of words that are painted so on a terminal. */
const char *svg_paint_class(enum paint paint);

/*
 * Writes text as XML. Valid UTF-8 stays; what is none, controls of any kind, and marks that turn the direction of writing
 * become U+FFFD. NULL is "".
 */
void svg_words(const struct svg *svg, const char *text);

/* The same of so many bytes, however many. */
void svg_escape(const struct svg *svg, const char *text, size_t length);

/* How many bytes of text go on one line of room pixels: whole words where one fits, and at least a character. */
size_t svg_piece(const char *text, double size, double room);

/* The least width that text is sure to fit into. The letters are of one width; those of East Asia are square; others are made to fit. */
double svg_width(const char *text, double size);

/* A text with its base line at y, cut to room pixels. class says what it is. Returns the width that it takes at most. */
double svg_text(const struct svg *svg, const char *class, double x, double y, enum svg_anchor anchor, double size,
                double room, const char *text);

/* A mark of a kind, or a point of a series of scatters, around x, y. */
void svg_mark(const struct svg *svg, enum chart_mark_kind kind, double x, double y);
void svg_point(const struct svg *svg, unsigned series, double x, double y);

/* A place in a legend, which goes on in further lines where one is not enough. */
struct svg_legend {
    double left;
    double x;
    double y; /* the middle of the line */
};

/* Makes room for an entry whose sign is sign wide, and writes its name; returns where the sign begins. */
double svg_legend(const struct svg *svg, struct svg_legend *legend, double sign, const char *name);

/* An axis below a plot: a line for each tick from top to bottom, and the labels that have room below. */
void svg_axis(const struct svg *svg, const struct axis *axis, double left, double right, double top, double bottom);

/* Draw a chart from y on, without its title; return where it ends. */
double svg_histogram(const struct svg *svg, const struct chart_histogram *histogram, double y);
double svg_timeline(const struct svg *svg, const struct chart_timeline *timeline, double y);
double svg_scatter(const struct svg *svg, const struct chart_scatter *scatter, double y);

#endif
