#include "io/latency.h"

#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

bool latency_hold(struct latency *latency)
{
    int32_t bound_us = 0; /* the device takes a binary 32-bit number of microseconds */

    latency->fd = open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC);
    if (latency->fd < 0)
        return false;
    if (write(latency->fd, &bound_us, sizeof(bound_us)) != (ssize_t)sizeof(bound_us)) {
        latency_release(latency);
        return false;
    }
    return true;
}

void latency_release(struct latency *latency)
{
    if (latency->fd >= 0)
        close(latency->fd);
    latency->fd = -1;
}
