#include "report/output.h"

#include <errno.h>
#include <string.h>

bool output_flush(FILE *out, struct fault *fault)
{
    if (fflush(out) == 0 && !ferror(out))
        return true;
    return fault_set(fault, FAULT_LOCAL, "standard output: %s", errno ? strerror(errno) : "write error");
}

char *output_clean(const char *text, char *buffer, size_t size)
{
    size_t used = 0;

    for (; text && text[used] && used + 1 < size; used++)
        buffer[used] = (text[used] >= ' ' && text[used] <= '~') ? text[used] : '?';
    buffer[used] = '\0';
    return buffer;
}
