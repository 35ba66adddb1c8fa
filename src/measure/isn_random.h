/* Tests of numbers that should be random. */
#ifndef MEASURE_ISN_RANDOM_H
#define MEASURE_ISN_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "measure/isn.h"

/*
 * Tests the numbers, in the order in which they were drawn, at most ISN_SAMPLES_MAX: fills p, least_p and worst of the
 * series.
 */
void isn_test_random(const uint32_t *numbers, size_t count, struct isn_series *series);

#endif
