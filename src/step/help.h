/* The grammar in words, from its tables: for a prompt's help and for a terminal. */
#ifndef STEP_HELP_H
#define STEP_HELP_H

#include <stdbool.h>

/* Takes one line, without its end; valid during the call. */
typedef void line_taker(void *context, const char *line);

/*
 * Writes the help of one subject line by line, in at most so many columns (40 to 200): a word ("expect", or "expect
 * state"), a field or a topic; of a name that is several of these, all. NULL or "" gives the overview. False, with
 * nothing written, when there is no such subject; then *near, unless near is NULL, is the nearest one that there is,
 * or NULL.
 */
bool step_help(const char *subject, unsigned columns, line_taker *take, void *context, const char **near);

#endif
