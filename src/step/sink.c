#include "step/sink.h"

#include <stdarg.h>
#include <stdio.h>

void sink_byte(struct sink *sink, char byte)
{
    if (sink->length + 1 < sink->size)
        sink->at[sink->length] = byte;
    sink->length++;
}

void sink_text(struct sink *sink, const char *text)
{
    for (; *text; text++)
        sink_byte(sink, *text);
}

void sink_format(struct sink *sink, const char *format, ...)
{
    char words[64];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    sink_text(sink, words);
}

bool sink_end(struct sink *sink)
{
    if (sink->size > 0)
        sink->at[sink->length < sink->size ? sink->length : sink->size - 1] = '\0';
    return sink->length < sink->size;
}
