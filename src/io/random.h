/*
 * Unpredictable numbers for initial sequence numbers and the like, from getrandom(2). The layers below take
 * them as arguments, so that a recorded walk replays exactly.
 */
#ifndef IO_RANDOM_H
#define IO_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

/*
 * One unpredictable number, all 32 bits of it. FAULT_LOCAL when the kernel has no randomness to give; *out is
 * then left alone. Never falls back to something weaker: a guessable ISN lets strangers into the connection
 * (RFC 6528).
 */
bool random_u32(uint32_t *out, struct fault *fault);

#endif
