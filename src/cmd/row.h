/*
 * One row of a terminal with a prompt and a line that is edited. Only blanks and carriage returns move the cursor, and the last
 * column is not written to (but to blank it, after the terminal has become narrower), so the terminal needs no abilities and
 * there is nothing to know of it but its width. All
 * functions print to `out` and want LC_CTYPE to be that of the terminal.
 */
#ifndef CMD_ROW_H
#define CMD_ROW_H

#include <stddef.h>
#include <stdio.h>

struct row {
    const char *text; /* the prompt's */
    const char *line;
    size_t length, cursor; /* bytes of the line; the cursor is before that one */
};

/*
 * Draws the row over one of which so many columns were drawn before, and leaves the cursor in its place. What does not fit is
 * seen through a window, with < and > where it goes on; characters that can't be printed as ^X or ?. Returns how many
 * columns are drawn now.
 */
unsigned row_draw(FILE *out, const struct row *row, unsigned columns, unsigned drawn);

/* Prints it for good: all of it, wrapped by the terminal if need be, and the cursor in the next row. */
void row_finish(FILE *out, const struct row *row, unsigned drawn);

/* Blanks the row, with the cursor at its beginning. */
void row_erase(FILE *out, unsigned columns, unsigned drawn);

#endif
