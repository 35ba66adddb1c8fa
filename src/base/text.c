#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

void text_init(struct text *text, char *buffer, size_t size)
{
    *text = (struct text){.at = buffer, .size = size};
    buffer[0] = '\0';
}

void text_add(struct text *text, const char *format, ...)
{
    size_t room = text->size - text->used;
    va_list args;
    int wanted;

    va_start(args, format);
    wanted = vsnprintf(text->at + text->used, room, format, args);
    va_end(args);
    if (wanted < 0)
        return;
    if ((size_t)wanted >= room) {
        text->used = text->size - 1;
        text->cut = true;
    } else {
        text->used += (size_t)wanted;
    }
}
