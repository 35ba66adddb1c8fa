#include "lesson/characters.h"

/* The length of the character of UTF-8 at `at`, or 0: none, or one that a terminal would obey. */
static size_t character(const unsigned char *at, size_t left)
{
    static const unsigned char least[] = {0, 0, 0xc2, 0xe0, 0xf0};
    size_t length = *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : *at < 0xf5 ? 4 : 0;

    if (length == 1)
        return (*at >= ' ' && *at != 0x7f) || *at == '\n' || *at == '\t' || *at == '\r';
    if (length == 0 || length > left || *at < least[length])
        return 0;
    for (size_t i = 1; i < length; i++)
        if (at[i] < 0x80 || at[i] > 0xbf)
            return 0;
    if ((at[0] == 0xc2 && at[1] < 0xa0) || (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return length;
}

bool characters_check(const char *text, size_t length, unsigned *line, unsigned *column)
{
    *line = *column = 1;
    for (size_t at = 0; at < length;) {
        size_t step = character((const unsigned char *)text + at, length - at);
        if (step == 0)
            return false;
        ++*column;
        if (text[at] == '\n') {
            ++*line;
            *column = 1;
        }
        at += step;
    }
    return true;
}
