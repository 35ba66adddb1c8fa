#include "cmd/shelf.h"

#include <stddef.h>
#include <string.h>

const struct lesson_shipped *lesson_find(const char *name)
{
    for (const struct lesson_shipped *shipped = lessons_shipped; shipped->name; shipped++)
        if (strcmp(shipped->name, name) == 0)
            return shipped;
    return NULL;
}
