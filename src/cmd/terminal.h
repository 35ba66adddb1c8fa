/* What standard output is, where it is a terminal. */
#ifndef CMD_TERMINAL_H
#define CMD_TERMINAL_H

#include "report/reporter.h"

/* Fills in the width and whether there is colour; leaves both alone where standard output is no terminal. */
void terminal_look(struct report_options *options);

#endif
