/* The columns that a text takes on a terminal: two for a character of Hangul, none for a combining one. */
#ifndef REPORT_COLUMNS_H
#define REPORT_COLUMNS_H

#include <stddef.h>

/* The columns of so many bytes of a text in the locale's encoding; a byte that is no character of it counts as one. */
unsigned columns_of(const char *text, size_t length);

/* How many of the bytes, whole characters alone, take no more than room columns. */
size_t columns_fit(const char *text, size_t length, unsigned room);

#endif
