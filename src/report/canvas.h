/* One row of a picture made of characters: each column has one, and a colour; it is printed when it is finished. */
#ifndef REPORT_CANVAS_H
#define REPORT_CANVAS_H

#include "report/axis.h"
#include "report/chart.h"
#include "report/page.h"

struct canvas {
    unsigned width;
    bool colour;
    bool utf8;
    FILE *out;
    char glyphs[CHART_WIDTH_MAX][4]; /* a character of at most three bytes; "" is a blank */
    enum paint paints[CHART_WIDTH_MAX];
};

/* Starts an empty row as wide as look says. */
void canvas_init(struct canvas *canvas, const struct chart_look *look, FILE *out);

/* Puts one character, which is one column wide, at a column; nothing when that is beyond the width. */
void canvas_put(struct canvas *canvas, unsigned column, enum paint paint, const char *glyph);

/*
 * Puts text at a column, in at most room columns and within the width: what is not printable ASCII as '?', and what is
 * cut ends in an ellipsis. Returns how many columns it took.
 */
unsigned canvas_text(struct canvas *canvas, unsigned column, unsigned room, enum paint paint, const char *text);

/* The same, ending before column end, which is at least room. */
void canvas_text_left_of(struct canvas *canvas, unsigned end, unsigned room, enum paint paint, const char *text);

/* Whether the columns from from to below to are there and blank. */
bool canvas_is_blank(const struct canvas *canvas, unsigned from, unsigned to);

/* Prints the row, without blanks at its end, and empties it. */
void canvas_print(struct canvas *canvas);

/* The row of an axis whose plot is columns columns wide, from column from: ticks with their labels. Prints it. */
void canvas_axis(struct canvas *canvas, const struct axis *axis, unsigned from, unsigned columns);

/* Legends: entries one after the other, in further rows where one is not enough. Prints nothing by itself. */
void canvas_legend(struct canvas *canvas, unsigned *column, unsigned from, enum paint paint, const char *glyph,
                   const char *name);

/* What the parts of chart_text() draw below the title. end is the column after the title's last in the row begun. */
void canvas_timeline(struct canvas *canvas, const struct chart_timeline *timeline, unsigned end);
void canvas_scatter(struct canvas *canvas, const struct chart_scatter *scatter);

#endif
