/* Bytes that go to a buffer of the caller, as snprintf does it: what does not fit is counted, not written. */
#ifndef STEP_SINK_H
#define STEP_SINK_H

#include <stdbool.h>
#include <stddef.h>

struct sink {
    char *at; /* (borrowed) may be NULL when size is 0 */
    size_t size;
    size_t length; /* of all that was put, also of what did not fit; the null at the end is not counted */
};

/* One byte, text up to its null, or printf-style words (at most 63 bytes of them). */
void sink_byte(struct sink *sink, char byte);
void sink_text(struct sink *sink, const char *text);
void sink_format(struct sink *sink, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts the null at the end; true when everything has fitted, the null too. */
bool sink_end(struct sink *sink);

#endif
