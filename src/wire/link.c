/* Link headers, as tables: which have an EtherType at a fixed place, and what else names a protocol. */
#include "wire/link.h"

#include <stdbool.h>

#include "wire/ether.h"
#include "wire/packet.h"
#include "wire/wifi.h"

static const char header_short[] = "the link header is cut short";

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

static const char *read_ppp(int link_type, struct bytes *packet, uint8_t *version)
{
    const char *lack = bytes_lack(packet, 4, header_short);

    if (lack)
        return lack;
    if (link_type == LINK_PPP_SERIAL && (packet->at[0] == 0x0f || packet->at[0] == 0x8f))
        return link_read(LINK_C_HDLC, packet, version);
    if (packet->at[0] == 0xff && packet->at[1] == 3) /* address and control: RFC 1662 */
        bytes_skip(packet, 2);
    return ether_read_ppp(packet, version);
}

static const char *read_ether(const struct ether_link *link, struct bytes *packet, uint8_t *version)
{
    const char *lack = bytes_lack(packet, link->length, header_short);
    uint16_t type;

    if (lack)
        return lack;
    type = be16(packet->at + link->type_at);
    bytes_skip(packet, link->length);
    if (type == ETHER_IPV4 || type == ETHER_IPV6) {
        *version = type == ETHER_IPV4 ? 4 : 6;
        return NULL;
    }
    return ether_read(type, packet, version);
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
        return ether_read(ETHER_PPPOE, packet, version);
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

void link_network(int link_type, const struct bytes *packet, struct packet *out)
{
    for (size_t i = 0; i < sizeof(ether_links) / sizeof(ether_links[0]); i++) {
        const struct ether_link *link = &ether_links[i];
        struct bytes below = *packet;
        if (link->link_type != link_type || packet->captured < link->length)
            continue;
        bytes_skip(&below, link->length);
        ether_network(be16(packet->at + link->type_at), below, out);
        return;
    }
}
