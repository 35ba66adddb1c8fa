#include "core/rtt.h"

/* RFC 6298 2.3's clock granularity: the capture clock counts nanoseconds, the timer wakes within a millisecond. */
#define GRANULARITY NANOS_PER_MS

void rtt_init(struct rtt *rtt, nanos initial)
{
    *rtt = (struct rtt){
        .smoothed = NANOS_NONE,
        .timeout = initial,
        .floor = initial < NANOS_PER_S ? initial : NANOS_PER_S,
    };
}

void rtt_sample(struct rtt *rtt, nanos measured)
{
    nanos spread;

    if (measured < 0)
        return; /* the capture clock stepped */
    if (rtt->smoothed == NANOS_NONE) {
        rtt->smoothed = measured;
        rtt->variance = measured / 2;
    } else {
        nanos error = rtt->smoothed > measured ? rtt->smoothed - measured : measured - rtt->smoothed;
        rtt->variance += (error - rtt->variance) / 4;
        rtt->smoothed += (measured - rtt->smoothed) / 8;
    }
    spread = 4 * rtt->variance > GRANULARITY ? 4 * rtt->variance : GRANULARITY;
    rtt->timeout = rtt->smoothed + spread;
    if (rtt->timeout < rtt->floor)
        rtt->timeout = rtt->floor;
    if (rtt->timeout > RTT_CEILING)
        rtt->timeout = RTT_CEILING;
}

void rtt_back_off(struct rtt *rtt)
{
    rtt->timeout = rtt->timeout > RTT_CEILING / 2 ? RTT_CEILING : 2 * rtt->timeout;
}
