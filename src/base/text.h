/* A bounded text builder: appends to a buffer of the caller, never past its end, always terminated. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
    char *at; /* the caller's buffer */
    size_t size;
    size_t used;
    bool cut; /* something did not fit */
};

/* Starts an empty text in a buffer of size bytes (at least 1), which must outlive it. */
void text_init(struct text *text, char *buffer, size_t size);

/* Appends printf-style; what does not fit is cut and text->cut set. */
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
