#include "report/reporter.h"

#include <string.h>

static const struct reporter *const reporters[] = {&reporter_ladder, &reporter_json, &reporter_quiet};

#define REPORTER_COUNT (sizeof(reporters) / sizeof(reporters[0]))

const struct reporter *reporter_by_name(const char *name)
{
    for (size_t i = 0; i < REPORTER_COUNT; i++)
        if (strcmp(reporters[i]->name, name) == 0)
            return reporters[i];
    return NULL;
}

const char *reporter_name_at(size_t index)
{
    return index < REPORTER_COUNT ? reporters[index]->name : NULL;
}
