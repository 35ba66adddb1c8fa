/* A ladder as a picture of its own, in several forms: for each of its connections the states to scale in time, then row by row. */
#ifndef REPORT_LADDER_PICTURE_H
#define REPORT_LADDER_PICTURE_H

#include <stdio.h>

#include "report/ladder_rows.h"
#include "report/svg.h"

/* So many segments a picture has at most, and so many other rows. */
#define LADDER_PICTURE_ROWS 1000

/*
 * Draws the rows from first to one before end, which are of one connection and begin with its start if it has one, between left
 * and left + width, from y on; returns where it ends. Who the ends are is left to the caller.
 */
double ladder_picture_draw(const struct svg *svg, const struct ladder_rows *ladder, unsigned first, unsigned end,
                           double left, double width, double y);

/* The same of all connections, each below who its ends are; and above them, how much there is that is not drawn. */
double ladder_picture_all(const struct svg *svg, const struct ladder_rows *ladder, double left, double width, double y);

/* The row behind the connection that begins with row first. */
unsigned ladder_picture_end(const struct ladder_rows *ladder, unsigned first);

#define LADDER_PICTURE_TITLE 800

/* What a picture is called that a command made: "tcpwalk close: 192.0.2.1:41234 -> ...". Returns out. */
char *ladder_picture_title(const struct ladder_rows *ladder, const char *command, char out[LADDER_PICTURE_TITLE]);

/* Write it to out: as an SVG document, ... */
void ladder_picture_svg(const struct ladder_rows *ladder, const char *command, FILE *out);

/* ... as a page of HTML in the language with this code, with a table of all rows; epoch is when it began, since 1970, ... */
void ladder_picture_html(const struct ladder_rows *ladder, const char *command, const char *language, nanos epoch,
                         FILE *out);

/* ... or as a sequence diagram for Mermaid. Errors of out are the caller's to see. */
void ladder_picture_mermaid(const struct ladder_rows *ladder, FILE *out);

#endif
