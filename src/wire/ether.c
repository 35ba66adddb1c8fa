/* What an EtherType promises: which tags stand between it and the packet, and what is inside of what. */
#include "wire/ether.h"

#include "wire/ip.h"

static const char header_short[] = "the link header is cut short";

#define ETHER_LENGTH_MAX 1500 /* below it is no type, but the length of an 802.3 frame */
#define LABELS_MAX 16
#define NESTED_MAX 4 /* EtherTypes inside of each other: frames in pseudowires in frames */

static const char *read_type(struct bytes *packet, uint8_t *version, unsigned depth);
static const char *read_below(uint16_t type, struct bytes *packet, uint8_t *version, unsigned depth);

/* Tags: what follows the type, with the next type in the last two bytes. */
static const struct tag {
    uint16_t type;
    uint8_t length;
} tags[] = {
    {ETHER_VLAN, 4}, {ETHER_QINQ, 4},      {ETHER_QINQ_OLD, 4}, {ETHER_VNTAG, 6},
    {ETHER_ETAG, 8}, {ETHER_BACKBONE, 18}, {ETHER_FABRIC, 16},  {ETHER_TRUSTSEC, 8},
};

enum ppp_protocol {
    PPP_IPV4 = 0x0021,
    PPP_BRIDGED = 0x0031, /* RFC 3518 */
    PPP_IPV6 = 0x0057,
    PPP_MPLS = 0x0281,
    PPP_MPLS_UPSTREAM = 0x0283,
};

static const char macsec_encrypted[] = "encrypted (MACsec)", ppp_compressed[] = "compressed (PPP)",
                  ppp_encrypted[] = "encrypted (PPP)", ppp_either[] = "compressed or encrypted (PPP)",
                  ppp_part[] = "a part of a packet (PPP multilink)";

/* What else TCP can be in, where PPP has it. */
static const struct ppp_closed {
    uint16_t protocol;
    const char *words;
} ppp_closed[] = {
    {0x0003, ppp_compressed}, /* headers: RFC 3241 */
    {0x002d, ppp_compressed}, /* TCP headers, after Van Jacobson: RFC 1144 */
    {0x002f, ppp_compressed}, /* one of these in full, but with a number where the protocol was */
    {0x003d, ppp_part},       /* RFC 1990 */
    {0x0053, ppp_encrypted},  /* RFC 1968 */
    {0x0055, ppp_encrypted},  {0x0061, ppp_compressed},                       /* headers: RFC 2509 */
    {0x0063, ppp_compressed}, {0x2063, ppp_compressed}, {0x00fb, ppp_either}, /* RFC 1962; also MPPE, RFC 3078 */
    {0x00fd, ppp_either},
};

/* The first byte of a SecTAG, and what in it means that what follows is not as it was (802.1AE 9.5). */
enum { MACSEC_VERSION = 0x80, MACSEC_NUMBER = 0x20, MACSEC_ENCRYPTED = 0x08, MACSEC_CHANGED = 0x04 };

#define MACSEC_CLOSED (MACSEC_VERSION | MACSEC_ENCRYPTED | MACSEC_CHANGED)

/* What is only protected from changes is behind a tag like others; 0 of one that is encrypted. */
static uint32_t macsec_length(const struct bytes *packet)
{
    uint8_t first = packet->captured > 0 ? packet->at[0] : 0;

    return (first & MACSEC_CLOSED) ? 0 : (first & MACSEC_NUMBER) ? 16 : 8;
}

/* Of the tag that packet begins with; 0 where that is none. */
static uint32_t tag_length(uint16_t type, const struct bytes *packet)
{
    if (type == ETHER_MACSEC)
        return macsec_length(packet);
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
        if (tags[i].type == type)
            return tags[i].length;
    return 0;
}

/* A frame so many bytes further on, in which an IP packet is that has the right lengths. */
static bool has_frame(const struct bytes *packet, uint32_t at, unsigned depth)
{
    struct bytes frame = *packet;
    uint8_t version = 0;

    bytes_skip(&frame, at + 12);
    return !read_type(&frame, &version, depth + 1) && ip_fits(version, frame);
}

/*
 * Labels up to the bottom of the stack (RFC 3032). What is below they do not say: IP is known by its first four bits; a
 * pseudowire has an Ethernet frame, perhaps with a control word before it (RFC 4448).
 */
static const char *read_mpls(struct bytes *packet, uint8_t *version, unsigned depth)
{
    bool bottom = false;
    uint8_t first;

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
        return packet->length ? BYTES_CAPTURE_ENDS : NULL;
    first = packet->at[0] >> 4;
    if (!ip_fits(first, *packet) && has_frame(packet, 0, depth)) {
        bytes_skip(packet, 12);
        return read_type(packet, version, depth + 1);
    }
    if (first == 4 || first == 6) {
        *version = first;
        return NULL;
    }
    if (first == 0 && packet->length > 18) {
        bytes_skip(packet, 16);
        return read_type(packet, version, depth + 1);
    }
    return NULL;
}

uint16_t ether_next_protocol(uint8_t next)
{
    static const uint16_t types[] = {ETHER_NONE, ETHER_IPV4, ETHER_IPV6, ETHER_FRAME, ETHER_NSH, ETHER_MPLS};

    return next < sizeof(types) / sizeof(types[0]) ? types[next] : ETHER_NONE;
}

/* A path of services, its length in words, and what they keep with the packet (RFC 8300 2.2). */
static const char *read_nsh(struct bytes *packet, uint8_t *version, unsigned depth)
{
    const char *lack = bytes_lack(packet, 8, header_short);
    uint32_t length;
    uint8_t next;

    if (lack)
        return lack;
    length = (packet->at[1] & 0x3fu) * 4;
    next = packet->at[3];
    if (packet->at[0] >> 6 != 0 || length < 8)
        return NULL;
    bytes_skip(packet, length);
    return read_below(ether_next_protocol(next), packet, version, depth + 1);
}

/* Flags, of which one says that a network's number is there, a kind of frame, and the frame (RFC 3518 4.2). */
static const char *read_bridged(struct bytes *packet, uint8_t *version, unsigned depth)
{
    const char *lack = bytes_lack(packet, 2, header_short);

    if (lack || packet->at[1] != 1)
        return lack;
    bytes_skip(packet, (packet->at[0] & 0x40) ? 6 : 2);
    return read_below(ETHER_FRAME, packet, version, depth + 1);
}

/* The protocol field, which may be compressed to one byte (RFC 1661 6.5). */
static const char *read_ppp(struct bytes *packet, uint8_t *version, unsigned depth)
{
    const char *lack = bytes_lack(packet, 2, header_short);
    uint16_t protocol;

    if (lack)
        return lack;
    protocol = (packet->at[0] & 1) ? packet->at[0] : be16(packet->at);
    bytes_skip(packet, (packet->at[0] & 1) ? 1 : 2);
    for (size_t i = 0; i < sizeof(ppp_closed) / sizeof(ppp_closed[0]); i++)
        if (ppp_closed[i].protocol == protocol)
            return ppp_closed[i].words;
    if (protocol == PPP_BRIDGED)
        return read_bridged(packet, version, depth);
    if (protocol == PPP_MPLS || protocol == PPP_MPLS_UPSTREAM)
        return read_mpls(packet, version, depth);
    *version = protocol == PPP_IPV4 ? 4 : protocol == PPP_IPV6 ? 6 : 0;
    return NULL;
}

static const char *read_pppoe(struct bytes *packet, uint8_t *version, unsigned depth)
{
    const char *lack = bytes_lack(packet, 6, header_short);

    if (lack)
        return lack;
    if (packet->at[0] != 0x11 || packet->at[1] != 0)
        return NULL; /* discovery */
    bytes_skip(packet, 6);
    return read_ppp(packet, version, depth);
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
    type = be16(packet->at);
    bytes_skip(packet, 2);
    return read_below(type, packet, version, depth);
}

static const char *read_below(uint16_t type, struct bytes *packet, uint8_t *version, unsigned depth)
{
    const char *lack;

    if (depth == NESTED_MAX)
        return "too many headers inside of each other";
    for (uint32_t length = tag_length(type, packet); length; length = tag_length(type, packet)) {
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
        return read_pppoe(packet, version, depth);
    case ETHER_NSH:
        return read_nsh(packet, version, depth);
    case ETHER_MACSEC:
        return macsec_encrypted;
    case ETHER_FRAME:
        lack = bytes_lack(packet, 14, header_short);
        bytes_skip(packet, 12);
        return lack ? lack : read_type(packet, version, depth + 1);
    default:
        return type <= ETHER_LENGTH_MAX ? read_llc(packet, version, depth) : NULL;
    }
}

const char *ether_read(uint16_t type, struct bytes *packet, uint8_t *version)
{
    *version = 0;
    return read_below(type, packet, version, 0);
}

const char *ether_read_ppp(struct bytes *packet, uint8_t *version)
{
    *version = 0;
    return read_ppp(packet, version, 0);
}

const char *ether_read_llc(struct bytes *packet, uint8_t *version)
{
    *version = 0;
    return read_llc(packet, version, 0);
}

bool ether_is_closed(const char *wrong)
{
    return wrong == macsec_encrypted || wrong == ppp_compressed || wrong == ppp_encrypted || wrong == ppp_either ||
           wrong == ppp_part;
}

void ether_enter(struct packet *out, enum network_kind kind, uint32_t id)
{
    uint32_t both = (out->network * UINT32_C(0x85ebca6b) + id + 1) * UINT32_C(0x9e3779b1);
    unsigned depth = out->network ? out->path.count : 0;

    out->network = both ? both : 1;
    if (depth < NETWORK_LAYERS) {
        out->path.kinds[depth] = (uint8_t)kind;
        out->path.ids[depth] = id;
    }
    out->path.count = (uint8_t)(depth < UINT8_MAX ? depth + 1 : depth);
}

void ether_network(uint16_t type, struct bytes below, struct packet *out)
{
    for (uint32_t length = tag_length(type, &below); length && length <= below.captured;
         length = tag_length(type, &below)) {
        unsigned vlan = be16(below.at) & 0xfff; /* 0 is none, but a priority (IEEE 802.1Q) */
        if (vlan && (type == ETHER_VLAN || type == ETHER_QINQ || type == ETHER_QINQ_OLD))
            ether_enter(out, NETWORK_VLAN, vlan);
        type = be16(below.at + length - 2);
        bytes_skip(&below, length);
    }
}
