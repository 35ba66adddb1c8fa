#include <string.h>

#include "walk/step.h"

#define STEPS(...) .steps = {__VA_ARGS__}, .step_count = sizeof((struct step[]){__VA_ARGS__}) / sizeof(struct step)

const struct named_walk named_walks[] = {
    {.name = "walk",
     .peer_must_close = true,
     STEPS({.kind = STEP_OPEN}, {.kind = STEP_SEND}, {.kind = STEP_FIN}, {.kind = STEP_DRAIN}, {.kind = STEP_LINGER})},
    {.name = "open", STEPS({.kind = STEP_OPEN}, {.kind = STEP_SEND}, {.kind = STEP_RESET})},
    {.name = "half-close",
     STEPS({.kind = STEP_OPEN}, {.kind = STEP_SEND}, {.kind = STEP_FIN}, {.kind = STEP_DRAIN}, {.kind = STEP_LINGER})},
    {.name = "close",
     .peer_must_close = true,
     STEPS({.kind = STEP_OPEN}, {.kind = STEP_SEND}, {.kind = STEP_FIN}, {.kind = STEP_DRAIN}, {.kind = STEP_LINGER})},
    {.name = NULL},
};

const struct named_walk *named_walk_find(const char *name)
{
    for (const struct named_walk *walk = named_walks; walk->name; walk++)
        if (strcmp(walk->name, name) == 0)
            return walk;
    return NULL;
}
