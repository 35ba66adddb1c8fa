/* What a lesson's text is made of: characters of UTF-8, none of which a terminal would obey. */
#ifndef LESSON_CHARACTERS_H
#define LESSON_CHARACTERS_H

#include <stdbool.h>
#include <stddef.h>

/* False when there is a byte that is no such text, or a control character; *line and *column, from 1, are then its place. */
bool characters_check(const char *text, size_t length, unsigned *line, unsigned *column);

#endif
