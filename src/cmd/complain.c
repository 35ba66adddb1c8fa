#include "cmd/complain.h"

#include <stdarg.h>
#include <stdio.h>

#include "report/output.h"

void complain(const char *format, ...)
{
    char words[1024], clean[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    fprintf(stderr, "tcpwalk: %s\n", output_clean(words, clean, sizeof(clean)));
}
