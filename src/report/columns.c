#include "report/columns.h"

#include <string.h>
#include <wchar.h>

/* The character at text: its bytes, and in *columns what it takes. */
static size_t step(const char *text, size_t length, mbstate_t *state, unsigned *columns)
{
    wchar_t character;
    size_t bytes = mbrtowc(&character, text, length, state);
    int width;

    if (bytes == 0 || bytes > length) {
        memset(state, 0, sizeof(*state));
        *columns = 1;
        return 1;
    }
    width = wcwidth(character);
    *columns = width < 0 ? 1 : (unsigned)width;
    return bytes;
}

unsigned columns_of(const char *text, size_t length)
{
    mbstate_t state = {0};
    unsigned sum = 0, columns;

    for (size_t at = 0; at < length; sum += columns)
        at += step(text + at, length - at, &state, &columns);
    return sum;
}

size_t columns_fit(const char *text, size_t length, unsigned room)
{
    mbstate_t state = {0};
    unsigned columns;
    size_t at = 0;

    while (at < length) {
        size_t bytes = step(text + at, length - at, &state, &columns);
        if (columns > room)
            break;
        room -= columns;
        at += bytes;
    }
    return at;
}
