#include "wire/icmp.h"

#include "wire/ip.h"
#include "wire/tcp.h"

#define ICMP_HEADER 8
#define QUOTED_TCP 8 /* ports and sequence number */

/* The errors; every other type is a query or an answer, or is not about one segment (redirect). */
static const struct error_type {
    uint8_t family, type;
} error_types[] = {
    {4, 3},  /* destination unreachable */
    {4, 11}, /* time exceeded */
    {4, 12}, /* parameter problem */
    {6, 1},  /* destination unreachable */
    {6, 2},  /* packet too big */
    {6, 3},  /* time exceeded */
    {6, 4},  /* parameter problem */
};

static bool is_error(uint8_t family, uint8_t type)
{
    for (size_t i = 0; i < sizeof(error_types) / sizeof(error_types[0]); i++)
        if (error_types[i].family == family && error_types[i].type == type)
            return true;
    return false;
}

static uint32_t next_hop_mtu(uint8_t family, const uint8_t *header)
{
    if (family == 4 && header[0] == 3 && header[1] == 4)
        return be16(header + 6);
    if (family == 6 && header[0] == 2)
        return be32(header + 4);
    return 0;
}

bool icmp_read(uint8_t family, struct bytes body, struct icmp_error *out, const char **oddity)
{
    struct icmp_error error = {.family = family};
    struct ip quoted;

    *oddity = NULL;
    if (bytes_lack(&body, ICMP_HEADER, BYTES_CAPTURE_ENDS) || !is_error(family, body.at[0]))
        return false;
    error.type = body.at[0];
    error.code = body.at[1];
    error.mtu = next_hop_mtu(family, body.at);
    bytes_skip(&body, ICMP_HEADER);
    /* The quote is cut short on purpose, and routers are known to change its length field: no ip_trim() here. */
    if (ip_read(family, body, &quoted) || ip_walk_extensions(&quoted))
        return false;
    if (quoted.protocol != IP_TCP || !quoted.first)
        return false;
    error.quoted_src.addr = quoted.src;
    error.quoted_dst.addr = quoted.dst;
    tcp_read_start(&quoted.body, &error.quoted_src.port, &error.quoted_dst.port, &error.quoted_seq);
    *oddity = bytes_lack(&quoted.body, QUOTED_TCP, "an ICMP error that quotes too little of the segment");
    *out = error;
    return true;
}
