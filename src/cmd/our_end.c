#include "cmd/our_end.h"

#include <stdint.h>

#include "core/segment.h"
#include "io/random.h"

/* The payload of one segment that fits into an IP packet with all headers and options: less than the MTU of loopback allows. */
#define SEND_MOST (UINT16_MAX - 40 - 20 - TCP_OPTIONS_MAX)

bool our_end_settings(const struct options *options, const struct route *route, const struct addr *peer,
                      struct tcb_settings *out, struct fault *fault)
{
    unsigned headers = peer->family == 6 ? 60 : 40; /* IP and TCP without options (RFC 9293 3.7.1) */
    uint16_t fits = (uint16_t)(route->mtu - headers > UINT16_MAX ? UINT16_MAX : route->mtu - headers);

    *out = (struct tcb_settings){
        .iss = options->isn,
        .window = (uint16_t)options->window,
        .wscale = (uint8_t)options->wscale,
        .ttl = (uint8_t)options->ttl,
        .options = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_PERMITTED | TCP_OPT_TIMESTAMPS,
    };
    if (options->no_mss)
        out->options &= (uint8_t)~TCP_OPT_MSS;
    if (options->no_wscale)
        out->options &= (uint8_t)~TCP_OPT_WSCALE;
    if (options->no_sack)
        out->options &= (uint8_t)~TCP_OPT_SACK_PERMITTED;
    if (options->no_timestamps)
        out->options &= (uint8_t)~TCP_OPT_TIMESTAMPS;
    if (options->mss)
        out->mss = (uint16_t)options->mss;
    else
        out->mss = fits;
    out->send_mss = fits < SEND_MOST ? fits : SEND_MOST; /* what we send must fit the way out, whatever we offer */
    if (!options->isn_set && !random_u32(&out->iss, fault))
        return false;
    return random_u32(&out->tsval, fault);
}
