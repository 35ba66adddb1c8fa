/*
 * A ladder as a drawing: time runs down, our state is a bar on the left and the peer's one on the right, a segment an arrow
 * between them. Rows follow each other evenly, with their times; where much more time passes than elsewhere a mark says so.
 * What is presumed of the peer has a pale bar with a broken border, what is proven a full one.
 */
#ifndef REPORT_LADDER_SVG_H
#define REPORT_LADDER_SVG_H

#include "report/ladder_rows.h"
#include "report/svg.h"

/* Narrower than this, what is said of a row stands below its arrow; else beside the peer's bar. It needs 320. */
#define LADDER_WIDE 620.0

/* Where a row is, from top to bottom. */
struct ladder_place {
    double top, bottom;
};

/*
 * Draws the rows from first to one before end, between left and left + width, from y on; returns where it ends. The bars
 * begin with what the rows before have left. places, if not NULL, gets where each of these rows is.
 */
double ladder_svg(const struct svg *svg, const struct ladder_rows *ladder, unsigned first, unsigned end, double left,
                  double width, double y, struct ladder_place *places);

/* A paragraph, wrapped in room pixels from x on, with its first base line at y; returns the base line behind its last. */
double svg_paragraph(const struct svg *svg, const char *class, double x, double y, double size, double room,
                     const char *text);

#endif
