/* The reference part of tcpwalk-step(5), from the tables of the step language. */
#ifndef CMD_MANUAL_H
#define CMD_MANUAL_H

#include <stdio.h>

/*
 * Writes the sections that the tables say, from STEPS on, as mdoc: what stands between the two marks of
 * man/tcpwalk-step.5. `make manual` puts it there.
 */
void manual_print(FILE *out);

#endif
