/* Reproducible chance: everything random in a walk comes from one seed. */
#ifndef SOUNDNESS_CHANCE_H
#define SOUNDNESS_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/nanos.h"

struct chance {
    uint64_t state;
};

/* splitmix64 (Steele, Lea, Flood 2014): any seed will do. */
static inline uint64_t chance_next(struct chance *chance)
{
    uint64_t z = chance->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A number below n; n is not 0. */
static inline uint32_t chance_below(struct chance *chance, uint32_t n)
{
    return (uint32_t)(((chance_next(chance) >> 32) * n) >> 32);
}

static inline bool chance_of(struct chance *chance, unsigned permille)
{
    return chance_below(chance, 1000) < permille;
}

/* A time from 0 to most, both included. */
static inline nanos chance_span(struct chance *chance, nanos most)
{
    return (nanos)(chance_next(chance) % ((uint64_t)most + 1));
}

#endif
