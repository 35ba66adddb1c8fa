#include "wire/link.h"

#include <stdbool.h>

#include "wire/packet.h"

static const char header_short[] = "the link header is cut short";

enum ether_type {
    ETHER_IPV4 = 0x0800,
    ETHER_VLAN = 0x8100,     /* 802.1Q */
    ETHER_QINQ_OLD = 0x9100, /* before 802.1ad */
    ETHER_IPV6 = 0x86dd,
    ETHER_QINQ = 0x88a8, /* 802.1ad */
};

#define VLAN_TAG 4 /* two bytes of tag control, two of type */

/* Link headers of a fixed length with an EtherType at a fixed place. */
static const struct ether_link {
    int link_type;
    uint8_t length;
    uint8_t type_at;
} ether_links[] = {
    {LINK_ETHERNET, 14, 12},
    {LINK_LINUX_SLL, 16, 14},
    {LINK_LINUX_SLL2, 20, 0},
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

static bool is_vlan(uint16_t ether_type)
{
    return ether_type == ETHER_VLAN || ether_type == ETHER_QINQ || ether_type == ETHER_QINQ_OLD;
}

static const char *read_ether(const struct ether_link *link, struct bytes *packet, uint8_t *version)
{
    const char *lack = bytes_lack(packet, link->length, header_short);
    uint16_t type;

    if (lack)
        return lack;
    type = be16(packet->at + link->type_at);
    bytes_skip(packet, link->length);
    while (is_vlan(type)) {
        lack = bytes_lack(packet, VLAN_TAG, header_short);
        if (lack)
            return lack;
        type = be16(packet->at + 2);
        bytes_skip(packet, VLAN_TAG);
    }
    if (type == ETHER_IPV4)
        *version = 4;
    else if (type == ETHER_IPV6)
        *version = 6;
    return NULL;
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

const char *link_read(int link_type, struct bytes *packet, uint8_t *version)
{
    *version = 0;
    for (size_t i = 0; i < sizeof(ether_links) / sizeof(ether_links[0]); i++)
        if (ether_links[i].link_type == link_type)
            return read_ether(&ether_links[i], packet, version);
    for (size_t i = 0; i < sizeof(bare_links) / sizeof(bare_links[0]); i++)
        if (bare_links[i].link_type == link_type)
            return read_bare(&bare_links[i], packet, version);
    if (link_type == LINK_NULL || link_type == LINK_LOOP)
        return read_loopback(packet, version);
    return NULL;
}
