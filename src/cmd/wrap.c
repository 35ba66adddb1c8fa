#include "cmd/wrap.h"

#include <string.h>

#include "report/columns.h"

#define WIDTH 80

void wrap_print(FILE *out, unsigned column, const char *text)
{
    unsigned at = column;

    while (*text) {
        size_t word = columns_word(text);
        if (at > column && at + 1 + word > WIDTH) {
            fprintf(out, "\n%*s", (int)column, "");
            at = column;
        }
        if (at > column)
            at += (unsigned)fprintf(out, " ");
        at += (unsigned)fprintf(out, "%.*s", (int)word, text);
        text += word;
        text += strspn(text, " ");
    }
    fprintf(out, "\n");
}
