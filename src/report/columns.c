#include "report/columns.h"

#include <ctype.h>
#include <string.h>
#include <wchar.h>

/* The character at text: its bytes, and in *columns what it takes. */
static size_t step(const char *text, size_t length, mbstate_t *state, unsigned *columns)
{
    wchar_t character;
    size_t bytes;
    int width;

    if (text[0] >= ' ' && text[0] <= '~') { /* most are, and the library takes its time */
        *columns = 1;
        return 1;
    }
    bytes = mbrtowc(&character, text, length, state);
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

/* Does text begin with a unit? More letters make it another word; but not those of another script, which may follow at once. */
static bool begins_with_unit(const char *text)
{
    static const char *const units[] = {"ns", "us", "ms", "s", "min", "h", "byte", "bytes"};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t length = strlen(units[i]);
        if (strncmp(text, units[i], length) == 0 && !isalnum((unsigned char)text[length]))
            return true;
    }
    return false;
}

bool columns_may_end(const char *text, const char *blank)
{
    return blank == text || !isdigit((unsigned char)blank[-1]) || !begins_with_unit(blank + 1);
}

size_t columns_word(const char *text)
{
    size_t end = strcspn(text, " ");

    while (text[end] && !columns_may_end(text, text + end))
        end += 1 + strcspn(text + end + 1, " ");
    return end;
}
