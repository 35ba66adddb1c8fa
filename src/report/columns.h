/* The columns that a text takes on a terminal: two for a character of Hangul, none for a combining one; and where its lines may end. */
#ifndef REPORT_COLUMNS_H
#define REPORT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

/* The columns of so many bytes of a text in the locale's encoding; a byte that is no character of it counts as one. */
unsigned columns_of(const char *text, size_t length);

/* How many of the bytes, whole characters alone, take no more than room columns. */
size_t columns_fit(const char *text, size_t length, unsigned room);

/* May a line end at this blank of the text, which is a part of it? Not between a number and its unit: "60 ms". */
bool columns_may_end(const char *text, const char *blank);

/* The length of what no line may end in: the word that text begins with, and what must stay with it. */
size_t columns_word(const char *text);

#endif
