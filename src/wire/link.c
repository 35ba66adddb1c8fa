/*
 * Link headers, as tables: which have an EtherType at a fixed place, which tags stand between that and the packet, and
 * what else names a protocol.
 */
#include "wire/link.h"

#include <stdbool.h>

#include "wire/packet.h"
#include "wire/wifi.h"

static const char header_short[] = "the link header is cut short";

enum ether_type {
    ETHER_IPV4 = 0x0800,
    ETHER_VLAN = 0x8100,     /* 802.1Q */
    ETHER_QINQ_OLD = 0x9100, /* before 802.1ad */
    ETHER_IPV6 = 0x86dd,
    ETHER_MPLS = 0x8847,
    ETHER_MPLS_UPSTREAM = 0x8848, /* RFC 5332 */
    ETHER_PPPOE = 0x8864,         /* the session stage: RFC 2516 */
    ETHER_QINQ = 0x88a8,          /* 802.1ad */
    ETHER_VNTAG = 0x8926,         /* a switch's tag for virtual ports */
    ETHER_ETAG = 0x893f,          /* 802.1BR */
    ETHER_BACKBONE = 0x88e7,      /* 802.1ah: a service's number, and the customer's frame */
    ETHER_FABRIC = 0x8903,        /* Cisco FabricPath: a tree and hops, and the frame */
};

#define ETHER_LENGTH_MAX 1500 /* below it is no type, but the length of an 802.3 frame */
#define LABELS_MAX 16
#define NESTED_MAX 4 /* EtherTypes inside of each other: frames in pseudowires in frames */

static const char *read_type(struct bytes *packet, uint8_t *version, unsigned depth);

enum ppp_protocol { PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057 };

/* Link headers of a fixed length with an EtherType at a fixed place. */
static const struct ether_link {
    int link_type;
    uint8_t length;
    uint8_t type_at;
} ether_links[] = {
    {LINK_ETHERNET, 14, 12},
    {LINK_LINUX_SLL, 16, 14},
    {LINK_LINUX_SLL2, 20, 0},
    {LINK_C_HDLC, 4, 2},
};

/* Tags: what follows the type, with the next type in the last two bytes. */
static const struct tag {
    uint16_t type;
    uint8_t length;
} tags[] = {
    {ETHER_VLAN, 4}, {ETHER_QINQ, 4},      {ETHER_QINQ_OLD, 4}, {ETHER_VNTAG, 6},
    {ETHER_ETAG, 8}, {ETHER_BACKBONE, 18}, {ETHER_FABRIC, 16},
};

/* Link types without a header. */
static const struct bare_link {
    int link_type;
    uint8_t version; /* 0: the IP header says so itself */
} bare_links[] = {
    {LINK_RAW, 0},
    {LINK_RAW_FILE, 0},
    {LINK_IPV4, 4},
    {LINK_IPV6, 6},
};

/* Address families as the BSD loopback headers carry them: AF_INET is 2 everywhere, AF_INET6 differs by system. */
static const struct family {
    uint8_t family;
    uint8_t version;
} families[] = {
    {2, 4},  /* all */
    {10, 6}, /* Linux */
    {24, 6}, /* NetBSD, OpenBSD */
    {28, 6}, /* FreeBSD */
    {30, 6}, /* macOS */
};

static uint8_t tag_length(uint16_t type)
{
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
        if (tags[i].type == type)
            return tags[i].length;
    return 0;
}

/* Labels up to the bottom of the stack (RFC 3032); what is below is known by its first four bits. */
static const char *read_mpls(struct bytes *packet, uint8_t *version, unsigned depth)
{
    bool bottom = false;

    for (unsigned i = 0; !bottom; i++) {
        const char *lack = bytes_lack(packet, 4, header_short);
        if (lack)
            return lack;
        if (i == LABELS_MAX)
            return "too many MPLS labels";
        bottom = packet->at[2] & 1;
        bytes_skip(packet, 4);
    }
    if (packet->captured == 0)
        return NULL;
    if (packet->at[0] >> 4 == 4 || packet->at[0] >> 4 == 6) {
        *version = packet->at[0] >> 4;
        return NULL;
    }
    /* A pseudowire: a control word, and an Ethernet frame (RFC 4448). */
    if (packet->at[0] >> 4 == 0 && packet->captured > 18) {
        bytes_skip(packet, 16);
        return read_type(packet, version, depth + 1);
    }
    return NULL;
}

/* The protocol field, which may be compressed to one byte (RFC 1661 6.5). */
static const char *read_ppp_protocol(struct bytes *packet, uint8_t *version)
{
    const char *lack = bytes_lack(packet, 2, header_short);
    uint16_t protocol;

    if (lack)
        return lack;
    protocol = (packet->at[0] & 1) ? packet->at[0] : be16(packet->at);
    bytes_skip(packet, (packet->at[0] & 1) ? 1 : 2);
    *version = protocol == PPP_IPV4 ? 4 : protocol == PPP_IPV6 ? 6 : 0;
    return NULL;
}

static const char *read_ppp(int link_type, struct bytes *packet, uint8_t *version)
{
    const char *lack = bytes_lack(packet, 4, header_short);

    if (lack)
        return lack;
    if (link_type == LINK_PPP_SERIAL && (packet->at[0] == 0x0f || packet->at[0] == 0x8f))
        return link_read(LINK_C_HDLC, packet, version);
    if (packet->at[0] == 0xff && packet->at[1] == 3) /* address and control: RFC 1662 */
        bytes_skip(packet, 2);
    return read_ppp_protocol(packet, version);
}

static const char *read_pppoe(struct bytes *packet, uint8_t *version)
{
    const char *lack = bytes_lack(packet, 6, header_short);

    if (lack)
        return lack;
    if (packet->at[0] != 0x11 || packet->at[1] != 0)
        return NULL; /* discovery */
    bytes_skip(packet, 6);
    return read_ppp_protocol(packet, version);
}

/* LLC with SNAP has an EtherType behind it (RFC 1042). */
static const char *read_llc(struct bytes *packet, uint8_t *version, unsigned depth)
{
    static const uint8_t snap[] = {0xaa, 0xaa, 3, 0, 0, 0};

    if (packet->captured < sizeof(snap) + 2)
        return NULL;
    for (size_t i = 0; i < sizeof(snap); i++)
        if (packet->at[i] != snap[i])
            return NULL;
    bytes_skip(packet, sizeof(snap));
    return read_type(packet, version, depth + 1);
}

static const char *read_type(struct bytes *packet, uint8_t *version, unsigned depth)
{
    const char *lack = bytes_lack(packet, 2, header_short);
    uint16_t type;

    if (lack)
        return lack;
    if (depth == NESTED_MAX)
        return "too many headers inside of each other";
    type = be16(packet->at);
    bytes_skip(packet, 2);
    for (uint8_t length = tag_length(type); length; length = tag_length(type)) {
        lack = bytes_lack(packet, length, header_short);
        if (lack)
            return lack;
        type = be16(packet->at + length - 2);
        bytes_skip(packet, length);
    }
    switch (type) {
    case ETHER_IPV4:
        *version = 4;
        return NULL;
    case ETHER_IPV6:
        *version = 6;
        return NULL;
    case ETHER_MPLS:
    case ETHER_MPLS_UPSTREAM:
        return read_mpls(packet, version, depth);
    case ETHER_PPPOE:
        return read_pppoe(packet, version);
    default:
        return type <= ETHER_LENGTH_MAX ? read_llc(packet, version, depth) : NULL;
    }
}

const char *link_read_ether_type(struct bytes *packet, uint8_t *version)
{
    *version = 0;
    return read_type(packet, version, 0);
}

static const char *read_ether(const struct ether_link *link, struct bytes *packet, uint8_t *version)
{
    const char *lack = bytes_lack(packet, link->length, header_short);
    uint16_t type;

    if (lack)
        return lack;
    type = be16(packet->at + link->type_at);
    if (type == ETHER_IPV4 || type == ETHER_IPV6) {
        *version = type == ETHER_IPV4 ? 4 : 6;
        bytes_skip(packet, link->length);
        return NULL;
    }
    if (link->type_at + 2 == link->length) {
        bytes_skip(packet, link->type_at);
        return link_read_ether_type(packet, version);
    }
    /* The type is not where the packet begins: tags stand there by themselves. */
    uint8_t length = tag_length(type);
    bytes_skip(packet, link->length);
    if (length == 0)
        return NULL;
    lack = bytes_lack(packet, length, header_short);
    if (lack)
        return lack;
    bytes_skip(packet, length - 2u);
    return link_read_ether_type(packet, version);
}

static const char *read_bare(const struct bare_link *link, const struct bytes *packet, uint8_t *version)
{
    const char *lack = bytes_lack(packet, 1, "the IP header is cut short");

    if (lack)
        return lack;
    *version = link->version ? link->version : packet->at[0] >> 4;
    if (*version != 4 && *version != 6)
        *version = 0;
    return NULL;
}

/* The byte order is that of a machine unknown; families are small, so the one non-zero byte tells it. */
static const char *read_loopback(struct bytes *packet, uint8_t *version)
{
    const char *lack = bytes_lack(packet, 4, header_short);
    uint32_t big;

    if (lack)
        return lack;
    big = be32(packet->at);
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        if (big == families[i].family || big == (uint32_t)families[i].family << 24)
            *version = families[i].version;
    bytes_skip(packet, 4);
    return NULL;
}

/* Addresses, an offset, a type; and for IP as RFC 1201 has it a split flag and a number. */
static const char *read_arcnet(struct bytes *packet, uint8_t *version)
{
    const char *lack = bytes_lack(packet, 8, header_short);
    uint8_t type;

    if (lack)
        return lack;
    type = packet->at[4];
    if (type == 212 && packet->at[5] != 0)
        return "a packet split by ARCNET";
    if (type == 212 || type == 240)
        *version = 4;
    bytes_skip(packet, type == 240 ? 5 : 8);
    return NULL;
}

/* A family, and records of a length in the byte order of the machine; one of them is the packet. */
static const char *read_nflog(struct bytes *packet, uint8_t *version)
{
    const char *lack = bytes_lack(packet, 4, header_short);
    uint8_t family;

    if (lack)
        return lack;
    family = packet->at[0];
    bytes_skip(packet, 4);
    while (packet->captured >= 4) {
        uint16_t little = (uint16_t)(packet->at[1] << 8 | packet->at[0]), big = be16(packet->at);
        bool is_little = little < big;
        uint16_t length = is_little ? little : big;
        uint16_t type = is_little ? (uint16_t)(packet->at[3] << 8 | packet->at[2]) : be16(packet->at + 2);
        if (length < 4)
            return "a record of the link header has no length";
        if (type == 9) {
            bytes_skip(packet, 4);
            *version = family == 2 ? 4 : family == 10 ? 6 : 0;
            return NULL;
        }
        bytes_skip(packet, (length + 3u) & ~3u);
    }
    return NULL;
}

const char *link_read(int link_type, struct bytes *packet, uint8_t *version)
{
    *version = 0;
    for (size_t i = 0; i < sizeof(ether_links) / sizeof(ether_links[0]); i++)
        if (ether_links[i].link_type == link_type)
            return read_ether(&ether_links[i], packet, version);
    for (size_t i = 0; i < sizeof(bare_links) / sizeof(bare_links[0]); i++)
        if (bare_links[i].link_type == link_type)
            return read_bare(&bare_links[i], packet, version);
    switch (link_type) {
    case LINK_NULL:
    case LINK_LOOP:
        return read_loopback(packet, version);
    case LINK_PPP:
    case LINK_PPP_SERIAL:
        return read_ppp(link_type, packet, version);
    case LINK_PPP_ETHER:
        return read_pppoe(packet, version);
    case LINK_WIFI:
    case LINK_WIFI_PRISM:
    case LINK_WIFI_RADIOTAP:
    case LINK_PPI:
        return wifi_read(link_type, packet, version);
    case LINK_NFLOG:
        return read_nflog(packet, version);
    case LINK_ARCNET_LINUX:
        return read_arcnet(packet, version);
    default:
        return NULL;
    }
}

bool link_is_known(int link_type)
{
    static const int others[] = {LINK_NULL,          LINK_LOOP,  LINK_PPP,         LINK_PPP_SERIAL,
                                 LINK_PPP_ETHER,     LINK_WIFI,  LINK_PPI,         LINK_WIFI_PRISM,
                                 LINK_WIFI_RADIOTAP, LINK_NFLOG, LINK_ARCNET_LINUX};

    for (size_t i = 0; i < sizeof(ether_links) / sizeof(ether_links[0]); i++)
        if (ether_links[i].link_type == link_type)
            return true;
    for (size_t i = 0; i < sizeof(bare_links) / sizeof(bare_links[0]); i++)
        if (bare_links[i].link_type == link_type)
            return true;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (others[i] == link_type)
            return true;
    return false;
}

uint32_t link_mix_network(uint32_t outer, uint32_t inner)
{
    uint32_t both = (outer * UINT32_C(0x85ebca6b) + inner + 1) * UINT32_C(0x9e3779b1);

    return both ? both : 1;
}

uint32_t link_network(int link_type, const struct bytes *packet, uint32_t network)
{
    for (size_t i = 0; i < sizeof(ether_links) / sizeof(ether_links[0]); i++) {
        const struct ether_link *link = &ether_links[i];
        if (link->link_type != link_type || packet->captured < link->length)
            continue;
        uint16_t type = be16(packet->at + link->type_at);
        for (uint32_t at = link->length, length = tag_length(type); length && at + length <= packet->captured;
             at += length, length = tag_length(type)) {
            unsigned vlan = be16(packet->at + at) & 0xfff; /* 0 is none, but a priority (IEEE 802.1Q) */
            if (vlan && (type == ETHER_VLAN || type == ETHER_QINQ || type == ETHER_QINQ_OLD))
                network = link_mix_network(network, vlan);
            type = be16(packet->at + at + length - 2);
        }
    }
    return network;
}
