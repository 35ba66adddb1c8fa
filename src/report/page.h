/* Lines of a bounded width on a stream: knows the column it is at, pads to columns, wraps text, paints. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include <stdbool.h>
#include <stdio.h>

enum paint { PAINT_NONE, PAINT_PROVEN, PAINT_PRESUMED, PAINT_ALARM, PAINT_DIM };

struct page {
    FILE *out;
    unsigned width;  /* columns of a line */
    unsigned column; /* where the next character goes, from 0 */
    bool colour;     /* whether paint is printed */
    bool utf8;       /* whether characters beyond ASCII are */
};

/* Prints printable text at the current column, on this line however long it is. */
void page_put(struct page *page, enum paint paint, const char *text);

/* Pads with blanks to the column; when the line is already there or beyond, with one blank (none at its start). */
void page_to(struct page *page, unsigned column);

/* Columns left on this line. */
unsigned page_room(const struct page *page);

/*
 * Appends text to a paragraph whose lines begin at column indent, wrapping it between words; a word that is
 * wider than a line is cut where the line ends. A further text on a line is set off by "; ". With whole, a
 * text that would fit on a line of its own is not broken.
 */
void page_flow(struct page *page, unsigned indent, enum paint paint, bool whole, const char *text);

/* Puts an arrow of two columns, to the right or to the left, as a line of dashes or as a character that is one. */
void page_arrow(struct page *page, bool right);

/* Ends the line, if one has begun. */
void page_end(struct page *page);

#endif
