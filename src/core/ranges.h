/*
 * A small set of sequence numbers, as ranges on the circle of 2^32. It has room for a few ranges only: when they
 * run out, two are joined with what lies between them, so it never lacks a number that was added, but may have
 * others besides.
 */
#ifndef CORE_RANGES_H
#define CORE_RANGES_H

#include <stdbool.h>
#include <stdint.h>

struct range {
    uint32_t from;
    uint32_t to; /* one past the last */
};

#define RANGES_MAX 16

struct ranges {
    struct range at[RANGES_MAX];
    unsigned count;
    bool rough; /* ranges were joined over a gap: it may have numbers that were never added */
};

/* Adds the numbers from `from` up to, not including, `to`; nothing when they are the same. */
void ranges_add(struct ranges *ranges, uint32_t from, uint32_t to);

/* Takes out what lies before a number. Once nothing is left, it is exact again. */
void ranges_cut(struct ranges *ranges, uint32_t before);

/* Is this number among them? */
bool ranges_have(const struct ranges *ranges, uint32_t number);

/* Is one of the numbers from `from` up to, not including, `to` among them? */
bool ranges_meet(const struct ranges *ranges, uint32_t from, uint32_t to);

/* The first number from `from` on that is missing. */
uint32_t ranges_end(const struct ranges *ranges, uint32_t from);

#endif
