#include "wire/dig.h"

#include <stddef.h>
#include <string.h>

#include "wire/glimpse.h"
#include "wire/icmp.h"
#include "wire/link.h"
#include "wire/tcp.h"

#define TUNNELS_MAX 8

enum udp_port {
    UDP_GTP = 2152,
    UDP_TEREDO = 3544,
    UDP_AYIYA = 5072,
    UDP_VXLAN = 4789,
    UDP_VXLAN_LINUX = 8472, /* before it had a number of its own */
    UDP_GENEVE = 6081,
};

/* One packet on its way down. */
struct dig {
    struct bytes packet;
    uint8_t version; /* of the IP header at which packet begins; 0: no IP */
    nanos at;
    struct fragments *fragments;
    struct packet *out;
};

static void oddity(struct dig *dig, const char *words)
{
    dig->out->kind = PACKET_ODDITY;
    dig->out->oddity = words;
}

/* True: there is something further down. Else it is settled, perhaps with an oddity. */
typedef bool layer(struct dig *dig, struct ip *ip);

static bool lacks(struct dig *dig, const struct bytes *bytes, uint32_t n)
{
    const char *lack = bytes_lack(bytes, n, "a tunnel's header is cut short");

    if (lack)
        oddity(dig, lack);
    return lack != NULL;
}

static bool ethernet(struct dig *dig, struct bytes *body)
{
    const char *wrong;

    dig->out->network = link_network(LINK_ETHERNET, body, dig->out->network);
    wrong = link_read(LINK_ETHERNET, body, &dig->version);
    if (wrong)
        oddity(dig, wrong);
    dig->packet = *body;
    return !wrong && dig->version != 0;
}

/* What follows is in a tunnel with this number. */
static void enter(struct dig *dig, uint32_t number)
{
    dig->out->network = link_mix_network(dig->out->network, number);
}

/* An IP packet, if its first four bits say so. */
static bool bare(struct dig *dig, struct bytes *body)
{
    if (body->captured == 0)
        return false;
    dig->version = body->at[0] >> 4;
    dig->packet = *body;
    return dig->version == 4 || dig->version == 6;
}

/* Sequence number, key and checksum are there when the flags say so. */
static bool gre(struct dig *dig, struct ip *ip)
{
    struct bytes *body = &ip->body;
    uint16_t flags, type;
    uint32_t length = 4;

    if (lacks(dig, body, 4))
        return false;
    flags = be16(body->at);
    type = be16(body->at + 2);
    if ((flags & 7) == 1 && type == 0x880b) { /* PPTP's (RFC 2637): PPP in it */
        length = 8 + ((flags & 0x1000) ? 4 : 0) + ((flags & 0x80) ? 4 : 0);
        if (lacks(dig, body, length))
            return false;
        bytes_skip(body, length);
        const char *wrong = link_read(LINK_PPP, body, &dig->version);
        if (wrong)
            oddity(dig, wrong);
        dig->packet = *body;
        return !wrong && dig->version != 0;
    }
    length += ((flags & 0xc000) ? 4 : 0) + ((flags & 0x2000) ? 4 : 0) + ((flags & 0x1000) ? 4 : 0);
    if (lacks(dig, body, length))
        return false;
    if (flags & 0x2000)
        enter(dig, be32(body->at + ((flags & 0xc000) ? 8 : 4)));
    bytes_skip(body, length);
    if (type == 0x6558) /* an Ethernet frame */
        return ethernet(dig, body);
    if (type == 0x883e) { /* WCCP, which may have a header of four bytes more */
        if (body->captured > 0 && body->at[0] >> 4 != 4)
            bytes_skip(body, 4);
        return bare(dig, body);
    }
    if (type == 0x88be || type == 0x22eb) { /* ERSPAN: a mirrored frame */
        bytes_skip(body, type == 0x22eb ? 12 : (flags & 0x1000) ? 8 : 0);
        return ethernet(dig, body);
    }
    if (type == 0x0800 || type == 0x86dd) {
        dig->version = type == 0x0800 ? 4 : 6;
        dig->packet = *body;
        return true;
    }
    return false;
}

static bool vxlan(struct dig *dig, struct bytes *body)
{
    if (lacks(dig, body, 8))
        return false;
    /* With a next protocol (VXLAN-GPE) it may be bare IP. */
    uint8_t next = (body->at[0] & 4) ? body->at[3] : 3;
    enter(dig, be32(body->at + 4) >> 8);
    bytes_skip(body, 8);
    if (next == 1 || next == 2)
        return bare(dig, body);
    return ethernet(dig, body);
}

static bool geneve(struct dig *dig, struct bytes *body)
{
    uint16_t type;
    uint32_t length;

    if (lacks(dig, body, 8))
        return false;
    length = 8 + (body->at[0] & 0x3fu) * 4;
    type = be16(body->at + 2);
    if (body->at[0] >> 6 != 0 || lacks(dig, body, length))
        return false;
    enter(dig, be32(body->at + 4) >> 8);
    if (type == 0x6558) {
        bytes_skip(body, length);
        return ethernet(dig, body);
    }
    bytes_skip(body, length - 2);
    if (body->captured < 2)
        return false;
    bytes_skip(body, 2);
    dig->version = type == 0x0800 ? 4 : type == 0x86dd ? 6 : 0;
    dig->packet = *body;
    return dig->version != 0;
}

/* Two headers may stand before the packet (RFC 4380 5.1.1). */
static bool teredo(struct dig *dig, struct bytes *body)
{
    if (body->captured >= 4 && body->at[0] == 0 && body->at[1] == 1) /* authentication */
        bytes_skip(body, 13u + body->at[2] + body->at[3]);
    if (body->captured >= 8 && body->at[0] == 0 && body->at[1] == 0) /* origin */
        bytes_skip(body, 8);
    return body->captured > 0 && body->at[0] >> 4 == 6 && bare(dig, body);
}

/* Anything in anything, as tunnel brokers of IPv6 had it: an identity and a signature, whose lengths come first. */
static bool ayiya(struct dig *dig, struct bytes *body)
{
    uint32_t length;

    if (body->captured < 8 || (body->at[3] != IP_IPV6 && body->at[3] != IP_IPV4))
        return false;
    length = 8 + (UINT32_C(1) << (body->at[0] >> 4)) + (body->at[1] >> 4) * 4u;
    if (lacks(dig, body, length))
        return false;
    bytes_skip(body, length);
    return bare(dig, body);
}

static bool gtp(struct dig *dig, struct bytes *body)
{
    uint8_t flags, next;

    if (body->captured < 8 || body->at[0] >> 5 != 1 || body->at[1] != 0xff)
        return false; /* no G-PDU of version 1 */
    flags = body->at[0] & 7;
    bytes_skip(body, 8);
    if (!flags)
        return bare(dig, body);
    if (lacks(dig, body, 4))
        return false;
    next = (flags & 4) ? body->at[3] : 0;
    bytes_skip(body, 4);
    for (unsigned i = 0; next && i < TUNNELS_MAX; i++) {
        uint32_t length = body->captured ? body->at[0] * 4u : 0;
        if (length == 0 || lacks(dig, body, length))
            return false;
        next = body->at[length - 1];
        bytes_skip(body, length);
    }
    return bare(dig, body);
}

static bool udp(struct dig *dig, struct ip *ip)
{
    struct bytes *body = &ip->body;
    uint16_t ports[2];

    if (body->captured < 8)
        return false;
    ports[0] = be16(body->at + 2); /* a tunnel is known by where it goes */
    ports[1] = be16(body->at);
    bytes_skip(body, 8);
    for (unsigned i = 0; i < 2; i++)
        switch (ports[i]) {
        case UDP_VXLAN:
        case UDP_VXLAN_LINUX:
            return i == 0 && vxlan(dig, body);
        case UDP_GENEVE:
            return i == 0 && geneve(dig, body);
        case UDP_TEREDO:
            return teredo(dig, body);
        case UDP_AYIYA:
            return ayiya(dig, body);
        case UDP_GTP:
            return gtp(dig, body);
        default:
            break;
        }
    return false;
}

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
        oddity(dig, wrong);
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
        oddity(dig, wrong);
    return false;
}

static bool esp(struct dig *dig, struct ip *ip)
{
    (void)ip;
    oddity(dig, "encrypted (ESP)");
    return false;
}

static bool compressed(struct dig *dig, struct ip *ip)
{
    (void)ip;
    oddity(dig, "compressed (IPComp)");
    return false;
}

static const struct below {
    uint8_t protocol;
    layer *read;
} belows[] = {
    {IP_TCP, segment}, {IP_UDP, udp}, {IP_ICMP, icmp}, {IP_ICMPV6, icmp},     {IP_IPV4, inside},
    {IP_IPV6, inside}, {IP_GRE, gre}, {IP_ESP, esp},   {IP_COMP, compressed},
};

/* Whether TCP may follow: an oddity of something else is none of our business. */
static bool may_be_tcp(const struct ip *ip)
{
    for (size_t i = 0; i < sizeof(belows) / sizeof(belows[0]); i++)
        if (belows[i].protocol == ip->protocol)
            return ip->protocol != IP_UDP && ip->protocol != IP_ICMP && ip->protocol != IP_ICMPV6;
    return ip->version == 6 && ip_is_extension(ip->protocol);
}

/* A fragment: true with the whole packet, or it waits for more. */
static bool whole(struct dig *dig, struct ip *ip)
{
    const char *wrong;

    if (!dig->fragments) {
        if (may_be_tcp(ip))
            oddity(dig, "a fragment");
        return false;
    }
    if (!fragments_add(dig->fragments, ip, dig->at)) {
        dig->out->oddity = "a fragment";
        return false;
    }
    wrong = ip_walk_extensions(ip);
    if (wrong && may_be_tcp(ip))
        oddity(dig, wrong);
    return !wrong;
}

static bool internet(struct dig *dig)
{
    struct ip ip;
    const char *wrong = ip_read(dig->version, dig->packet, &ip);

    dig->out->src.addr = ip.src;
    dig->out->dst.addr = ip.dst;
    if (wrong && ip.src.family == 0) {
        oddity(dig, wrong); /* it did not come as far as the protocol */
        return false;
    }
    if (!wrong)
        wrong = ip_trim(&ip);
    if (!wrong)
        wrong = ip_walk_extensions(&ip);
    if (wrong) {
        if (may_be_tcp(&ip))
            oddity(dig, wrong);
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
    dig->out->network = link_network(link_type, &dig->packet, 0);
    wrong = link_read(link_type, &dig->packet, &dig->version);
    if (wrong) {
        oddity(dig, wrong);
        return;
    }
    for (unsigned i = 0; dig->version != 0 && internet(dig); i++)
        if (i == TUNNELS_MAX) {
            oddity(dig, "too many tunnels inside of each other");
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
