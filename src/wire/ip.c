#include "wire/ip.h"

#include <string.h>

#define IPV4_HEADER 20
#define IPV6_HEADER 40

/* The payload of the smallest Ethernet frame: an IP packet of up to this length may have padding behind it. */
#define ETHERNET_PAYLOAD_MIN 46

/* RFC 8200 4.1 has seven in its order; a sender that needs more than twice as many is not talking to us. */
#define EXTENSIONS_MAX 16

static const char header_short[] = "the IP header is cut short";

static const char *read_v4(struct bytes packet, struct ip *out)
{
    const char *lack = bytes_lack(&packet, IPV4_HEADER, header_short);
    const uint8_t *at = packet.at;
    uint32_t header_length, total;
    uint16_t fragment;

    if (lack)
        return lack;
    if (at[0] >> 4 != 4)
        return "not an IPv4 header where one was promised";
    header_length = (at[0] & 0x0fu) * 4;
    total = be16(at + 2);
    fragment = be16(at + 6);
    out->tos = at[1];
    out->id = be16(at + 4);
    out->fragment = (fragment & 0x3fff) != 0; /* more fragments, or an offset */
    out->first = (fragment & 0x1fff) == 0;
    out->more = (fragment & 0x2000) != 0;
    out->offset = (fragment & 0x1fffu) * 8;
    out->fragment_id = out->id;
    out->fragment_protocol = at[9];
    out->ttl = at[8];
    out->protocol = at[9];
    out->src.family = out->dst.family = 4;
    memcpy(out->src.bytes, at + 12, 4);
    memcpy(out->dst.bytes, at + 16, 4);
    if (header_length < IPV4_HEADER)
        return "the IP header length is too small";
    lack = bytes_lack(&packet, header_length, header_short);
    if (lack)
        return lack;
    bytes_skip(&packet, header_length);
    out->says_zero = total == 0 && header_length + packet.length > ETHERNET_PAYLOAD_MIN;
    out->says_too_little = !out->says_zero && total < header_length;
    out->body_length = total < header_length ? 0 : total - header_length;
    out->body = packet;
    return NULL;
}

static const char *read_v6(struct bytes packet, struct ip *out)
{
    const char *lack = bytes_lack(&packet, IPV6_HEADER, header_short);
    const uint8_t *at = packet.at;

    if (lack)
        return lack;
    if (at[0] >> 4 != 6)
        return "not an IPv6 header where one was promised";
    out->tos = (uint8_t)(be16(at) >> 4);
    out->first = true;
    out->ttl = at[7];
    out->protocol = at[6];
    out->src.family = out->dst.family = 6;
    memcpy(out->src.bytes, at + 8, 16);
    memcpy(out->dst.bytes, at + 24, 16);
    bytes_skip(&packet, IPV6_HEADER);
    out->body_length = be16(at + 4);
    out->says_zero = out->body_length == 0;
    out->body = packet;
    return NULL;
}

const char *ip_read(uint8_t version, struct bytes packet, struct ip *out)
{
    *out = (struct ip){.version = version};
    return version == 4 ? read_v4(packet, out) : read_v6(packet, out);
}

const char *ip_trim(struct ip *ip)
{
    if (ip->says_too_little) {
        bytes_limit(&ip->body, 0);
        return "the IP total length is shorter than the headers";
    }
    if (ip->says_zero)
        return NULL;
    if (ip->body_length > ip->body.length)
        return "the IP length is longer than the packet";
    bytes_limit(&ip->body, ip->body_length);
    ip->fragment_body = ip->body;
    return NULL;
}

/* Nobody but who merges segments leaves the length out, and only where it is too large to be told. */
bool ip_fits(uint8_t version, struct bytes packet)
{
    struct ip ip;

    return (version == 4 || version == 6) && !ip_read(version, packet, &ip) && !ip_trim(&ip) &&
           (!ip.says_zero || ip.body.length > UINT16_MAX - IPV6_HEADER);
}

/* Extension headers and how their second byte counts their length. The fragment header has none: it is 8 bytes. */
#define FRAGMENT_HEADER 44

static const struct extension {
    uint8_t protocol;
    uint8_t unit; /* bytes for each of the length field */
    uint8_t base; /* bytes that the length field leaves out */
} extensions[] = {
    {0, 8, 8},               /* hop-by-hop options */
    {43, 8, 8},              /* routing */
    {FRAGMENT_HEADER, 0, 8}, /* fragment */
    {51, 4, 8},              /* authentication header */
    {60, 8, 8},              /* destination options */
};

static const struct extension *find_extension(uint8_t protocol)
{
    for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
        if (extensions[i].protocol == protocol)
            return &extensions[i];
    return NULL;
}

bool ip_is_extension(uint8_t protocol)
{
    return find_extension(protocol) != NULL;
}

const char *ip_walk_extensions(struct ip *ip)
{
    static const char cut_short[] = "an IPv6 extension header is cut short";

    for (int i = 0; ip->first; i++) {
        const struct extension *extension = find_extension(ip->protocol);
        uint32_t length;
        const char *lack;

        if (!extension || (ip->version == 4 && (ip->protocol != IP_AH || ip->fragment)))
            break;
        if (i == EXTENSIONS_MAX)
            return "too many IPv6 extension headers";
        lack = bytes_lack(&ip->body, 8, cut_short); /* all are at least 8 bytes */
        if (lack)
            return lack;
        length = ip->body.at[1] * (uint32_t)extension->unit + extension->base;
        lack = bytes_lack(&ip->body, length, cut_short);
        if (lack)
            return lack;
        if (extension->protocol == FRAGMENT_HEADER) {
            uint16_t field = be16(ip->body.at + 2); /* 13 bits of offset, 2 reserved, more fragments */
            if (field & 0xfff9)
                ip->fragment = true;
            ip->first = (field & 0xfff8) == 0;
            ip->more = (field & 1) != 0;
            ip->offset = field & 0xfff8u;
            ip->fragment_id = be32(ip->body.at + 4);
            ip->fragment_protocol = ip->body.at[0];
            ip->fragment_body = ip->body;
            bytes_skip(&ip->fragment_body, length);
        }
        ip->protocol = ip->body.at[0];
        bytes_skip(&ip->body, length);
    }
    return NULL;
}
