#include "io/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

bool random_u32(uint32_t *out, struct fault *fault)
{
    uint32_t number;
    ssize_t got;

    /* Only waiting for the pool at boot can be interrupted, and four bytes never come in part. */
    do {
        got = getrandom(&number, sizeof(number), 0);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof(number))
        return fault_set(fault, FAULT_LOCAL, "no random numbers from the kernel: %s",
                         got < 0 ? strerror(errno) : "too few");
    *out = number;
    return true;
}
