/* What standard output is, where it is a terminal. */
#ifndef CMD_TERMINAL_H
#define CMD_TERMINAL_H

#include "report/reporter.h"

/* Does the locale of the environment have UTF-8? Then it is set for characters, if none is yet. */
bool terminal_is_utf8(void);

/* Fills in the width, whether there is colour and UTF-8; leaves all of them alone where standard output is no terminal. */
void terminal_look(struct report_options *options);

#endif
