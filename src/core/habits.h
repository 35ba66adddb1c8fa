/* What a habit of the peer's stack adds to what one of its segments proves. */
#ifndef CORE_HABITS_H
#define CORE_HABITS_H

#include "core/classify.h"

/*
 * Adds to the verdict on a segment, which arrived at capture time `at`, what it means if the peer has the habits of the
 * stacks that we know: fewer states, or a detail. What it proves stays as it is. A habit that the peer has shown
 * not to have (struct knowledge, broken) adds nothing.
 */
void habits_apply(const struct knowledge *known, const struct segment *segment, nanos at, struct verdict *verdict);

#endif
