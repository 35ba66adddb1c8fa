#include "report/output.h"

#include <errno.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

bool output_flush(FILE *out, struct fault *fault)
{
    if (fflush(out) == 0 && !ferror(out))
        return true;
    return fault_set(fault, FAULT_LOCAL, "standard output: %s", errno ? strerror(errno) : "write error");
}

/* The bytes of the printable character at text in the locale's encoding, or 0 when it is none. */
static size_t printable(const char *text)
{
    mbstate_t state = {0};
    wchar_t character;
    size_t length;

    if (*text >= ' ' && *text <= '~')
        return 1;
    length = mbrtowc(&character, text, strlen(text), &state);
    return length > 0 && length <= strlen(text) && iswprint((wint_t)character) ? length : 0;
}

char *output_clean(const char *text, char *buffer, size_t size)
{
    size_t used = 0;

    while (text && *text && used + 1 < size) {
        size_t length = printable(text);
        if (used + length + 1 > size)
            break;
        if (length > 0)
            memcpy(buffer + used, text, length);
        else
            buffer[used] = '?';
        used += length ? length : 1;
        text += length ? length : 1;
    }
    buffer[used] = '\0';
    return buffer;
}
