#include "wire/dig.h"

#include <stddef.h>
#include <string.h>

#include "wire/glimpse.h"
#include "wire/icmp.h"
#include "wire/link.h"
#include "wire/tcp.h"
#include "wire/tunnel.h"

/* True: there is something further down. Else it is settled, perhaps with an oddity. */
typedef bool layer(struct dig *dig, struct ip *ip);

static bool inside(struct dig *dig, struct ip *ip)
{
    dig->version = ip->protocol == IP_IPV4 ? 4 : 6;
    dig->packet = ip->body;
    return true;
}

static bool segment(struct dig *dig, struct ip *ip)
{
    struct packet *out = dig->out;
    const char *wrong = tcp_read_cut(&ip->body, &out->src.port, &out->dst.port, &out->segment);

    if (wrong) {
        dig_oddity(dig, wrong);
        return false;
    }
    out->kind = PACKET_SEGMENT;
    out->segment.ttl = ip->ttl;
    out->segment.tos = ip->tos;
    out->segment.ip_id = ip->id;
    out->payload_captured = ip->body.captured;
    if (out->payload_captured > 0)
        out->payload = ip->body.at;
    return false;
}

static bool icmp(struct dig *dig, struct ip *ip)
{
    const char *wrong;

    if (!icmp_read(ip->version, ip->body, &dig->out->icmp, &wrong))
        return false;
    dig->out->icmp.from = ip->src;
    dig->out->kind = PACKET_ICMP_ERROR;
    if (wrong)
        dig_oddity(dig, wrong);
    return false;
}

static bool esp(struct dig *dig, struct ip *ip)
{
    (void)ip;
    dig_oddity(dig, "encrypted (ESP)");
    return false;
}

static bool compressed(struct dig *dig, struct ip *ip)
{
    (void)ip;
    dig_oddity(dig, "compressed (IPComp)");
    return false;
}

static const struct below {
    uint8_t protocol;
    layer *read;
} belows[] = {
    {IP_TCP, segment},
    {IP_UDP, tunnel_udp},
    {IP_ICMP, icmp},
    {IP_ICMPV6, icmp},
    {IP_IPV4, inside},
    {IP_IPV6, inside},
    {IP_GRE, tunnel_gre},
    {IP_ESP, esp},
    {IP_COMP, compressed},
    {IP_ETHER_IP, tunnel_ether_ip},
    {IP_L2TP, tunnel_l2tp},
    {IP_MPLS, tunnel_mpls},
    {IP_ETHERNET, tunnel_ethernet},
};

/* Whether TCP may follow: an oddity of something else is none of our business. */
static bool may_be_tcp(const struct ip *ip)
{
    for (size_t i = 0; i < sizeof(belows) / sizeof(belows[0]); i++)
        if (belows[i].protocol == ip->protocol)
            return ip->protocol != IP_UDP && ip->protocol != IP_ICMP && ip->protocol != IP_ICMPV6;
    return ip->protocol == IP_AH || (ip->version == 6 && ip_is_extension(ip->protocol));
}

/* A fragment: true with the whole packet, or it waits for more. */
static bool whole(struct dig *dig, struct ip *ip)
{
    const char *wrong;

    if (!dig->fragments) {
        if (may_be_tcp(ip))
            dig_oddity(dig, "a fragment");
        return false;
    }
    if (!fragments_add(dig->fragments, ip, dig->at)) {
        dig->out->oddity = "a fragment";
        return false;
    }
    wrong = ip_walk_extensions(ip);
    if (wrong && may_be_tcp(ip))
        dig_oddity(dig, wrong);
    return !wrong;
}

static bool internet(struct dig *dig)
{
    struct ip ip;
    const char *wrong = ip_read(dig->version, dig->packet, &ip);

    dig->out->src.addr = ip.src;
    dig->out->dst.addr = ip.dst;
    if (wrong && ip.src.family == 0) {
        dig_oddity(dig, wrong); /* it did not come as far as the protocol */
        return false;
    }
    if (dig->doubtful && !wrong && !ip_fits(dig->version, dig->packet))
        return false; /* it was no tunnel */
    if (!wrong)
        wrong = ip_trim(&ip);
    dig->doubtful = dig->doubtful && wrong;
    if (!wrong)
        wrong = ip_walk_extensions(&ip);
    if (wrong) {
        if (may_be_tcp(&ip))
            dig_oddity(dig, wrong);
        return false;
    }
    if (ip.fragment && !whole(dig, &ip))
        return false;
    for (size_t i = 0; i < sizeof(belows) / sizeof(belows[0]); i++)
        if (belows[i].protocol == ip.protocol)
            return belows[i].read(dig, &ip);
    return false;
}

/*
 * Nine packets of ten are ordinary: these are read at a glimpse, and quicker. False when it is anything else, or anything
 * about it is wrong: then it is for the others. Sets what a PACKET_SEGMENT has, and leaves the rest of *out, which is large,
 * as it is.
 */
static bool read_ordinary(const uint8_t *at, uint32_t captured, uint32_t wire_length, struct packet *out)
{
    const uint8_t *ip = at + 14, *tcp = at + 34, *payload;
    struct glimpse glimpse;
    const struct brief_segment *seen = &glimpse.segment;
    uint32_t left;

    if (!glimpse_read(at, captured, wire_length, &glimpse))
        return false;
    out->kind = PACKET_SEGMENT;
    out->network = 0;
    endpoint_of_word(glimpse.src, &out->src);
    endpoint_of_word(glimpse.dst, &out->dst);
    out->segment = (struct segment){
        .seq = seen->seq,
        .ack = seen->ack,
        .len = seen->len,
        .reserved = tcp[12] & 0x0f,
        .flags = seen->flags,
        .window = seen->window,
        .urgent = be16(tcp + 18),
        .ttl = ip[8],
        .tos = ip[1],
        .ip_id = seen->ip_id,
        .options = {.present = seen->present,
                    .wscale = seen->wscale,
                    .mss = seen->mss,
                    .tsval = seen->tsval,
                    .tsecr = seen->tsecr},
    };
    payload = tcp + (tcp[12] >> 4) * 4;
    left = captured - (uint32_t)(payload - at);
    out->payload_captured = left < seen->len ? left : seen->len;
    out->payload = out->payload_captured > 0 ? payload : NULL;
    out->frame = NULL;
    out->frame_captured = out->ip_at = 0;
    out->oddity = NULL;
    return true;
}

static void read_any(int link_type, struct dig *dig)
{
    const char *wrong;

    *dig->out = (struct packet){.kind = PACKET_OTHER};
    link_network(link_type, &dig->packet, dig->out);
    wrong = link_read(link_type, &dig->packet, &dig->version);
    if (wrong) {
        dig_oddity(dig, wrong);
        return;
    }
    for (unsigned i = 0; dig->version != 0 && internet(dig); i++)
        if (i == TUNNELS_MAX) {
            dig_oddity(dig, "too many tunnels inside of each other");
            return;
        }
}

void packet_dig(int link_type, const uint8_t *bytes, uint32_t captured, uint32_t wire_length, nanos at,
                struct fragments *fragments, struct packet *out)
{
    const uint32_t length = wire_length < captured ? captured : wire_length;

    if (link_type == LINK_ETHERNET && read_ordinary(bytes, captured, length, out))
        return;
    read_any(link_type,
             &(struct dig){.packet = {bytes, captured, length}, .at = at, .fragments = fragments, .out = out});
}
