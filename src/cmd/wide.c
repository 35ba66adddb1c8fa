#include "cmd/wide.h"

#include <stdlib.h>
#include <string.h>

static bool bytes_reserve(struct bytes *bytes, size_t more)
{
    size_t room = bytes->length + more + 1;
    char *at;

    if (room <= bytes->room)
        return true;
    room += room / 2;
    at = realloc(bytes->at, room);
    if (!at)
        return false;
    bytes->at = at;
    bytes->room = room;
    return true;
}

bool wide_to_bytes(struct bytes *out, const wchar_t *text, size_t count, size_t mark, size_t *mark_at)
{
    mbstate_t state = {0};

    out->length = 0;
    if (!bytes_reserve(out, count * MB_CUR_MAX))
        return false;
    for (size_t i = 0; i <= count; i++) {
        if (i == mark && mark_at)
            *mark_at = out->length;
        if (i == count || text[i] == L'\0')
            continue;
        size_t length = wcrtomb(out->at + out->length, text[i], &state);
        if (length == (size_t)-1)
            state = (mbstate_t){0};
        else
            out->length += length;
    }
    out->at[out->length] = '\0';
    return true;
}

wchar_t *wide_from(const char *text)
{
    size_t room = strlen(text) + 1;
    wchar_t *wide = calloc(room, sizeof(*wide));

    if (wide && mbstowcs(wide, text, room) == (size_t)-1) {
        free(wide);
        return NULL;
    }
    return wide;
}
