/* Numbers that look random, the same for the same seed; and steps made of them. */
#ifndef UNIT_STEP_CHANCE_H
#define UNIT_STEP_CHANCE_H

#include <stdint.h>

#include "walk/step.h"

struct chance {
    uint64_t state;
};

/* From 0 to below bound, which is at least 1. */
uint32_t chance_below(struct chance *chance, uint32_t bound);

#define CHANCE_BYTES 64

/* Any step that the language can say; what it borrows goes to bytes. */
void chance_step(struct chance *chance, struct step *out, char bytes[CHANCE_BYTES]);

#endif
