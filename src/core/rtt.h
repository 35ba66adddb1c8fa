/* The retransmission timeout of RFC 6298, computed without a clock: the caller brings the samples. */
#ifndef CORE_RTT_H
#define CORE_RTT_H

#include <stdbool.h>

#include "base/nanos.h"

struct rtt {
    nanos smoothed; /* SRTT; NANOS_NONE before the first sample */
    nanos variance; /* RTTVAR */
    nanos timeout;  /* RTO, with back-off */
    nanos floor;    /* RFC 6298 2.4: at least a second, unless the user set a shorter initial RTO */
};

/* RFC 6298 2.5: an RTO may be limited, to at least 60 s. */
#define RTT_CEILING (60 * NANOS_PER_S)

/* Starts with the initial RTO (RFC 6298 2.1: a second). */
void rtt_init(struct rtt *rtt, nanos initial);

/* One measured round trip of a segment that was sent only once (Karn) or whose copy is known by timestamp. */
void rtt_sample(struct rtt *rtt, nanos measured);

/* RFC 6298 5.5: the timer expired, double the RTO. */
void rtt_back_off(struct rtt *rtt);

#endif
