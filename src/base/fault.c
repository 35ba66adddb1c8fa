#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

bool fault_set(struct fault *fault, enum fault_kind kind, const char *format, ...)
{
    va_list args;

    if (fault->kind != FAULT_NONE)
        return false;
    fault->kind = kind;
    va_start(args, format);
    vsnprintf(fault->words, sizeof(fault->words), format, args);
    va_end(args);
    return false;
}

bool fault_context(struct fault *fault, const char *format, ...)
{
    char context[FAULT_WORDS];
    char words[FAULT_WORDS];
    struct text text;
    va_list args;

    memcpy(words, fault->words, sizeof(words));
    va_start(args, format);
    vsnprintf(context, sizeof(context), format, args);
    va_end(args);
    text_init(&text, fault->words, sizeof(fault->words));
    text_add(&text, "%s: %s", context, words);
    return false;
}
