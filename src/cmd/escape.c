#include "cmd/escape.h"

#include <stddef.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One escape behind its backslash; how many characters it took, or 0. */
static size_t read_escape(const char *at, uint8_t *out)
{
    static const char names[] = "rnt0\"\\";
    static const uint8_t values[] = {'\r', '\n', '\t', '\0', '"', '\\'};
    const char *found;

    if (at[0] == 'x' && hex_digit(at[1]) >= 0 && hex_digit(at[2]) >= 0) {
        *out = (uint8_t)(hex_digit(at[1]) * 16 + hex_digit(at[2]));
        return 3;
    }
    if (at[0] == '\0' || !(found = strchr(names, at[0])))
        return 0;
    *out = values[found - names];
    return 1;
}

bool escape_read(const char *text, uint8_t *out, uint32_t *len, struct fault *fault)
{
    uint32_t used = 0;

    for (const char *at = text; *at; at++) {
        size_t taken = 0;
        if (*at != '\\') {
            out[used++] = (uint8_t)*at;
            continue;
        }
        taken = read_escape(at + 1, &out[used]);
        if (taken == 0)
            return fault_set(fault, FAULT_USAGE, "--send: no such escape at column %td: '%.4s'", at - text + 1, at);
        used++;
        at += taken;
    }
    *len = used;
    return true;
}
