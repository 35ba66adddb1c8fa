/* Tunnels in UDP. Each reader begins behind the UDP header, at what its port says that it is. */
#include "wire/ether.h"
#include "wire/tunnel.h"

/* ---- frames with a number ---- */

/*
 * RFC 7348: an Ethernet frame, whatever the bits say that are of no meaning there; but one of them says in other drafts that it is
 * bare IP.
 */
static bool vxlan(struct dig *dig, struct bytes *body)
{
    uint8_t next;

    if (dig_lacks(dig, body, 8) || !(body->at[0] & 8)) /* that there is a number */
        return false;
    next = (body->at[0] & 4) ? body->at[3] : 0;
    ether_enter(dig->out, NETWORK_VXLAN, be32(body->at + 4) >> 8);
    bytes_skip(body, 8);
    return next == 1 || next == 2 ? dig_bare(dig, body) : dig_link(dig, LINK_ETHERNET, body);
}

/* draft-ietf-nvo3-vxlan-gpe: there is a next protocol, the version is 0, and it is not for maintenance. */
static bool vxlan_gpe(struct dig *dig, struct bytes *body)
{
    uint8_t next;

    if (dig_lacks(dig, body, 8) || (body->at[0] & 0xf5) != 4 || body->at[1] || body->at[2] || body->at[7])
        return false;
    next = body->at[3];
    if (body->at[0] & 8)
        ether_enter(dig->out, NETWORK_VXLAN, be32(body->at + 4) >> 8);
    bytes_skip(body, 8);
    return dig_ether_type(dig, ether_next_protocol(next), body);
}

static bool geneve(struct dig *dig, struct bytes *body)
{
    uint16_t type;
    uint32_t length;

    if (dig_lacks(dig, body, 8))
        return false;
    length = 8 + (body->at[0] & 0x3fu) * 4;
    type = be16(body->at + 2);
    if (body->at[0] >> 6 != 0 || dig_lacks(dig, body, length))
        return false;
    ether_enter(dig->out, NETWORK_GENEVE, be32(body->at + 4) >> 8);
    bytes_skip(body, length);
    return dig_ether_type(dig, type, body);
}

/* ---- bare packets ---- */

/* Two headers may stand before the packet (RFC 4380 5.1.1). */
static bool teredo(struct dig *dig, struct bytes *body)
{
    if (body->captured >= 4 && body->at[0] == 0 && body->at[1] == 1) /* authentication */
        bytes_skip(body, 13u + body->at[2] + body->at[3]);
    if (body->captured >= 8 && body->at[0] == 0 && body->at[1] == 0) /* origin */
        bytes_skip(body, 8);
    return body->captured > 0 && body->at[0] >> 4 == 6 && dig_bare(dig, body);
}

/* Anything in anything, as tunnel brokers of IPv6 had it: an identity and a signature, whose lengths come first. */
static bool ayiya(struct dig *dig, struct bytes *body)
{
    uint32_t length;

    if (dig_lacks(dig, body, 8) || (body->at[3] != IP_IPV6 && body->at[3] != IP_IPV4))
        return false;
    length = 8 + (UINT32_C(1) << (body->at[0] >> 4)) + (body->at[1] >> 4) * 4u;
    if (dig_lacks(dig, body, length))
        return false;
    bytes_skip(body, length);
    return dig_bare(dig, body);
}

/* 3GPP TS 29.281 5: a G-PDU of version 1, perhaps with a number and extension headers. */
static bool gtp(struct dig *dig, struct bytes *body)
{
    uint8_t flags, next;

    if (dig_lacks(dig, body, 8) || body->at[0] >> 4 != 3 || body->at[1] != 0xff ||
        be16(body->at + 2) > body->length - 8)
        return false;
    flags = body->at[0] & 7;
    bytes_limit(body, 8u + be16(body->at + 2));
    bytes_skip(body, 8);
    if (!flags)
        return dig_bare(dig, body);
    if (dig_lacks(dig, body, 4))
        return false;
    next = (flags & 4) ? body->at[3] : 0;
    bytes_skip(body, 4);
    for (unsigned i = 0; next && i < TUNNELS_MAX; i++) {
        uint32_t length = body->captured ? body->at[0] * 4u : 0;
        if (length == 0 || dig_lacks(dig, body, length))
            return false;
        next = body->at[length - 1];
        bytes_skip(body, length);
    }
    return dig_bare(dig, body);
}

/* RFC 9300 5.1: eight bytes, and an IP packet. */
static bool lisp(struct dig *dig, struct bytes *body)
{
    if (dig_lacks(dig, body, 8))
        return false;
    bytes_skip(body, 8);
    return dig_bare(dig, body);
}

/* RFC 7510 */
static bool mpls(struct dig *dig, struct bytes *body)
{
    return dig_ether_type(dig, ETHER_MPLS, body);
}

/* ---- L2TP ---- */

enum l2tp_flag {
    L2TP_CONTROL = 0x8000,
    L2TP_LENGTH = 0x4000,
    L2TP_SEQUENCE = 0x0800,
    L2TP_OFFSET = 0x0200,
    L2TP_PRIORITY = 0x0100,
    L2TP_VERSION = 0x000f,
};

/* A data message of L2TPv2 (RFC 2661 3.1): PPP in it. */
static bool l2tp_2(struct dig *dig, struct bytes *body, uint16_t flags)
{
    uint32_t ids = (flags & L2TP_LENGTH) ? 4 : 2, length = ids + 4 + ((flags & L2TP_SEQUENCE) ? 4 : 0);

    if (flags & ~(L2TP_LENGTH | L2TP_SEQUENCE | L2TP_OFFSET | L2TP_PRIORITY | L2TP_VERSION))
        return false; /* the others must be zero */
    if (dig_lacks(dig, body, length + ((flags & L2TP_OFFSET) ? 2 : 0)))
        return false;
    if (be16(body->at + ids) == 0 || be16(body->at + ids + 2) == 0)
        return false; /* no tunnel, no session */
    if (flags & L2TP_OFFSET)
        length += 2u + be16(body->at + length);
    if (flags & L2TP_LENGTH) {
        if (be16(body->at + 2) > body->length || be16(body->at + 2) < length)
            return false;
        bytes_limit(body, be16(body->at + 2));
    }
    if (dig_lacks(dig, body, length))
        return false;
    bytes_skip(body, length);
    return dig_link(dig, LINK_PPP, body);
}

static bool l2tp(struct dig *dig, struct bytes *body)
{
    uint16_t flags;

    if (dig_lacks(dig, body, 4))
        return false;
    flags = be16(body->at);
    if (flags & L2TP_CONTROL)
        return false;
    if ((flags & L2TP_VERSION) == 2)
        return l2tp_2(dig, body, flags);
    if (be32(body->at) != UINT32_C(3) << 16) /* RFC 3931 4.1.2.1: version 3, and all else zero */
        return false;
    bytes_skip(body, 4);
    return dig_l2tp_session(dig, body);
}

/* ---- IPsec ---- */

/* ESP where addresses are translated (RFC 3948 2.1): its number is not one of those that are reserved (RFC 4303 2.1). */
static bool esp(struct dig *dig, struct bytes *body)
{
    if (body->length < 20 || body->length % 4 != 0 || dig_lacks(dig, body, 8) || be32(body->at) < 256)
        return false;
    dig->doubtful = false;
    dig_oddity(dig, "encrypted (ESP)");
    return false;
}

/* ---- which it is ---- */

static const struct udp_tunnel {
    uint16_t port;
    bool answers; /* they come from this port */
    bool (*read)(struct dig *dig, struct bytes *body);
} udp_tunnels[] = {
    {1701, true, l2tp},       {2152, true, gtp},    {3544, true, teredo},  {4341, false, lisp},
    {4500, true, esp},        {4789, false, vxlan}, {8472, false, vxlan}, /* Linux, before it had a number of its own */
    {4790, false, vxlan_gpe}, {5072, true, ayiya},  {6081, false, geneve}, {6635, false, mpls},
};

/* A tunnel is known by where it goes. */
static const struct udp_tunnel *find(uint16_t from, uint16_t to)
{
    const struct udp_tunnel *answers = NULL;

    for (size_t i = 0; i < sizeof(udp_tunnels) / sizeof(udp_tunnels[0]); i++) {
        if (udp_tunnels[i].port == to)
            return &udp_tunnels[i];
        if (udp_tunnels[i].port == from && udp_tunnels[i].answers)
            answers = &udp_tunnels[i];
    }
    return answers;
}

bool tunnel_udp(struct dig *dig, struct ip *ip)
{
    const struct udp_tunnel *tunnel;

    if (ip->body.captured < 8)
        return false;
    tunnel = find(be16(ip->body.at), be16(ip->body.at + 2));
    if (!tunnel)
        return false;
    bytes_skip(&ip->body, 8);
    dig->doubtful = true;
    return tunnel->read(dig, &ip->body);
}
