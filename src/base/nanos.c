#include "base/nanos.h"

#include <stddef.h>
#include <string.h>

static const struct unit {
    const char *name;
    nanos length;
} units[] = {
    {"ns", 1},          {"us", NANOS_PER_US},    {"ms", NANOS_PER_MS},
    {"s", NANOS_PER_S}, {"m", 60 * NANOS_PER_S}, {"h", 3600 * NANOS_PER_S},
    {"", NANOS_PER_S},
};

#define LONGEST (1000 * 86400 * NANOS_PER_S)

static const struct unit *find_unit(const char *name)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(name, units[i].name) == 0)
            return &units[i];
    return NULL;
}

bool nanos_parse(const char *text, nanos *out)
{
    const char *at = text;
    int64_t whole = 0;
    const char *fraction = NULL;
    const struct unit *unit;
    nanos result;

    if (*at < '0' || *at > '9')
        return false;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (whole > LONGEST / 10)
            return false;
        whole = whole * 10 + (*at - '0');
    }
    if (*at == '.') {
        fraction = ++at;
        if (*at < '0' || *at > '9')
            return false;
        while (*at >= '0' && *at <= '9')
            at++;
    }
    unit = find_unit(at);
    if (!unit || whole > LONGEST / unit->length)
        return false;
    result = whole * unit->length;
    nanos place = unit->length;
    for (; fraction && *fraction >= '0' && *fraction <= '9' && place > 1; fraction++) {
        place /= 10;
        result += (*fraction - '0') * place;
    }
    if (result > LONGEST)
        return false;
    *out = result;
    return true;
}
