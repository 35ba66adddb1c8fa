/* Help on the step language, on standard output. */
#ifndef CMD_HELP_H
#define CMD_HELP_H

#include <stdbool.h>

#include "base/fault.h"

/*
 * Prints the help of a subject, as step/help.h has it; "" is the overview. False with a FAULT_USAGE when there is none,
 * which names the nearest.
 */
bool help_step(const char *subject, struct fault *fault);

/* The same with the subject as words of the command line; "steps" is the overview. */
bool help_words(int count, char **words, struct fault *fault);

#endif
