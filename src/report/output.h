/* What all reporters that print share: the check of the stream, and text from outside made harmless. */
#ifndef REPORT_OUTPUT_H
#define REPORT_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/fault.h"

/*
 * Flushes out and says whether everything written to it so far got there; if not, the fault is set to
 * "standard output: " and the system's words. errno must have been set to 0 before the writing began: a
 * buffer that filled up half-way has met the error first, and it is errno that still knows which.
 */
bool output_flush(FILE *out, struct fault *fault);

/*
 * Copies text into buffer (size bytes, at least 1; cut if longer) with every byte that belongs to no printable
 * character (of ASCII, unless a locale was set) as '?': names and messages come from outside, and a terminal obeys control characters. NULL is "". Returns
 * buffer.
 */
char *output_clean(const char *text, char *buffer, size_t size);

#endif
