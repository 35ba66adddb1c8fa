/* Text as wide characters, as libedit has it, and as bytes, as all others have it; by the LC_CTYPE that is in force. */
#ifndef CMD_WIDE_H
#define CMD_WIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

/* Bytes that grow as needed, with a null behind them. */
struct bytes {
    char *at; /* owned */
    size_t length, room;
};

/*
 * The wide characters as bytes, in the place of what was there; *mark_at (or NULL) is where the one at mark begins. Null characters,
 * and what has no bytes in this locale, are left out. False: no memory.
 */
bool wide_to_bytes(struct bytes *out, const wchar_t *text, size_t count, size_t mark, size_t *mark_at);

/* Wide characters of the heap, or NULL when there is no memory or these bytes are no text. */
wchar_t *wide_from(const char *text);

#endif
