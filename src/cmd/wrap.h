/* Text for people on standard output, wrapped at 80 columns. */
#ifndef CMD_WRAP_H
#define CMD_WRAP_H

#include <stdio.h>

/*
 * Prints text behind what is on the line already (column characters), breaking at blanks; further lines begin at that
 * column. Ends the line.
 */
void wrap_print(FILE *out, unsigned column, const char *text);

#endif
