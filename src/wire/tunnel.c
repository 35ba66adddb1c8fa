#include "wire/tunnel.h"

#include <string.h>

#include "wire/ether.h"
#include "wire/link.h"

void dig_oddity(struct dig *dig, const char *words)
{
    if (dig->doubtful && !ether_is_closed(words) && strcmp(words, BYTES_CAPTURE_ENDS) != 0)
        return; /* it was no tunnel */
    dig->out->kind = PACKET_ODDITY;
    dig->out->oddity = words;
}

bool dig_lacks(struct dig *dig, const struct bytes *bytes, uint32_t n)
{
    const char *lack = bytes_lack(bytes, n, "a tunnel's header is cut short");

    if (lack)
        dig_oddity(dig, lack);
    return lack != NULL;
}

/* What the readers of links make of it. */
static bool below(struct dig *dig, const struct bytes *body, const char *wrong)
{
    if (wrong)
        dig_oddity(dig, wrong);
    dig->packet = *body;
    return !wrong && dig->version != 0;
}

bool dig_link(struct dig *dig, int link_type, struct bytes *body)
{
    link_network(link_type, body, dig->out);
    return below(dig, body, link_read(link_type, body, &dig->version));
}

bool dig_ether_type(struct dig *dig, uint16_t type, struct bytes *body)
{
    if (type == ETHER_FRAME)
        return dig_link(dig, LINK_ETHERNET, body);
    return below(dig, body, ether_read(type, body, &dig->version));
}

bool dig_bare(struct dig *dig, struct bytes *body)
{
    if (body->length == 0 || dig_lacks(dig, body, 1))
        return false;
    dig->version = body->at[0] >> 4;
    dig->packet = *body;
    return dig->version == 4 || dig->version == 6;
}

/* ---- GRE ---- */

enum gre_flag {
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTE = 0x4000, /* RFC 1701 alone has it */
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_ACK = 0x0080,
    GRE_VERSION = 0x0007,
};

enum gre_type {
    GRE_ERSPAN_3 = 0x22eb,
    GRE_PPP = 0x880b,
    GRE_WCCP = 0x883e,
    GRE_ERSPAN = 0x88be,
};

/* PPTP's (RFC 2637 4.1): PPP in it, or nothing but an acknowledgement. */
static bool pptp(struct dig *dig, struct bytes *body, uint16_t flags)
{
    uint32_t length = 8 + ((flags & GRE_SEQUENCE) ? 4 : 0) + ((flags & GRE_ACK) ? 4 : 0);
    uint16_t payload;

    if (dig_lacks(dig, body, length))
        return false;
    payload = be16(body->at + 4);
    bytes_skip(body, length);
    if (!(flags & GRE_SEQUENCE) || payload == 0)
        return false;
    bytes_limit(body, payload);
    return dig_link(dig, LINK_PPP, body);
}

/* A mirrored frame. Type I has no header, type II one of 8 bytes, type III one of 12, perhaps with 8 more. */
static bool erspan(struct dig *dig, struct bytes *body, uint16_t type, uint16_t flags)
{
    bool is_ip = false;

    if (type == GRE_ERSPAN_3) {
        if (dig_lacks(dig, body, 12))
            return false;
        is_ip = (body->at[10] >> 2 & 0x1f) == 2;
        bytes_skip(body, (body->at[11] & 1) ? 20 : 12);
    } else if (flags & GRE_SEQUENCE) {
        if (dig_lacks(dig, body, 8))
            return false;
        bytes_skip(body, 8);
    }
    return is_ip ? dig_bare(dig, body) : dig_link(dig, LINK_ETHERNET, body);
}

/* Sequence number, key and checksum are there when the flags say so (RFC 2890 2). */
bool tunnel_gre(struct dig *dig, struct ip *ip)
{
    struct bytes *body = &ip->body;
    uint16_t flags, type;
    uint32_t length = 4;

    if (dig_lacks(dig, body, 4))
        return false;
    flags = be16(body->at);
    type = be16(body->at + 2);
    if ((flags & GRE_VERSION) == 1 && type == GRE_PPP)
        return pptp(dig, body, flags);
    if (flags & GRE_VERSION)
        return false;
    if (flags & GRE_ROUTE) {
        dig_oddity(dig, "a tunnel with a source route (GRE)");
        return false;
    }
    length += ((flags & GRE_CHECKSUM) ? 4 : 0) + ((flags & GRE_KEY) ? 4 : 0) + ((flags & GRE_SEQUENCE) ? 4 : 0);
    if (dig_lacks(dig, body, length))
        return false;
    if (flags & GRE_KEY)
        ether_enter(dig->out, NETWORK_GRE, be32(body->at + ((flags & GRE_CHECKSUM) ? 8 : 4)));
    bytes_skip(body, length);
    switch (type) {
    case GRE_PPP:
        return dig_link(dig, LINK_PPP, body);
    case GRE_ERSPAN:
    case GRE_ERSPAN_3:
        return erspan(dig, body, type, flags);
    case GRE_WCCP: /* it may have a header of four bytes more */
        if (body->captured > 0 && body->at[0] >> 4 != 4)
            bytes_skip(body, 4);
        return dig_bare(dig, body);
    default:
        return dig_ether_type(dig, type, body);
    }
}

/* ---- L2TPv3 ---- */

/*
 * A cookie of 0, 4 or 8 bytes and four more of the pseudowire may stand before a frame of any kind. One that has an IP packet in
 * it with all the right lengths is what it seems to be; of all else nothing is known.
 */
bool dig_l2tp_session(struct dig *dig, struct bytes *body)
{
    static const int kinds[] = {LINK_ETHERNET, LINK_PPP};

    if (dig_lacks(dig, body, 4))
        return false;
    if (be32(body->at) == 0)
        return false; /* a control message */
    for (unsigned i = 0; i < 2; i++)
        for (uint32_t at = 4; at <= 16; at += 4) {
            struct bytes frame = *body;
            uint8_t version;
            bytes_skip(&frame, at);
            if (!link_read(kinds[i], &frame, &version) && ip_fits(version, frame)) {
                bytes_skip(body, at);
                return dig_link(dig, kinds[i], body);
            }
        }
    dig->doubtful = false;
    dig_oddity(dig, "a tunnel that does not say what is in it (L2TPv3)");
    return false;
}

bool tunnel_l2tp(struct dig *dig, struct ip *ip)
{
    return dig_l2tp_session(dig, &ip->body);
}

/* ---- others ---- */

bool tunnel_ether_ip(struct dig *dig, struct ip *ip)
{
    if (dig_lacks(dig, &ip->body, 2) || ip->body.at[0] >> 4 != 3)
        return false;
    bytes_skip(&ip->body, 2);
    return dig_link(dig, LINK_ETHERNET, &ip->body);
}

bool tunnel_ethernet(struct dig *dig, struct ip *ip)
{
    return dig_link(dig, LINK_ETHERNET, &ip->body);
}

bool tunnel_mpls(struct dig *dig, struct ip *ip)
{
    return dig_ether_type(dig, ETHER_MPLS, &ip->body);
}
