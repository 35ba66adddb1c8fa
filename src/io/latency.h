/*
 * Holding the processors awake. While /dev/cpu_dma_latency is open with a bound of 0 in it, an idle CPU does
 * not enter the sleep from which an interrupt must wake it: from the peer's segment to our answer 26 us
 * become 6 (measured on a virtual machine). It costs idle power, on all CPUs, for as long as it is held.
 */
#ifndef IO_LATENCY_H
#define IO_LATENCY_H

#include <stdbool.h>

struct latency {
    int fd; /* owned; -1: nothing is held */
};

/* Takes the hold; false, with nothing held, where the device may not be opened (it is root's by default). */
bool latency_hold(struct latency *latency);

/* Lets go of it; the kernel does the same when the process ends, however it ends. */
void latency_release(struct latency *latency);

#endif
