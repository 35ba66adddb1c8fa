#include "wire/wifi.h"

#include <stddef.h>

#include "wire/ether.h"
#include "wire/packet.h"

static const char header_short[] = "the link header is cut short";

#define PRISM_HEADER 144
#define FLAGS_FIELD 2u   /* a bit of radiotap's first word: there is a byte of flags */
#define TSFT_FIELD 1u    /* ... and before it eight bytes of time */
#define FLAG_PADDED 0x20 /* the frame's header is padded to a multiple of four */
#define MORE_FIELDS 1u << 31

static uint32_t le16(const uint8_t *at)
{
    return (uint32_t)at[1] << 8 | at[0];
}

static uint32_t le32(const uint8_t *at)
{
    return le16(at + 2) << 16 | le16(at);
}

/* Is the frame's header padded, as radiotap's flags say? */
static bool is_padded(const struct bytes *packet, uint32_t length)
{
    uint32_t present, at = 8;

    if (length < 8)
        return false;
    present = le32(packet->at + 4);
    for (uint32_t more = present; (more & (MORE_FIELDS)) && at + 4 <= length; at += 4)
        more = le32(packet->at + at);
    if (!(present & FLAGS_FIELD))
        return false;
    if (present & TSFT_FIELD)
        at = ((at + 7) & ~7u) + 8;
    return at < length && (packet->at[at] & FLAG_PADDED);
}

/* What stands before the frame. */
static const char *skip_radio(int link_type, struct bytes *packet, bool *padded)
{
    const char *lack = bytes_lack(packet, 8, header_short);
    uint32_t length;

    if (lack || link_type == LINK_WIFI)
        return lack;
    length = link_type == LINK_WIFI_PRISM ? PRISM_HEADER : le16(packet->at + 2);
    if (length < 8)
        return "the link header's length is too small";
    if (link_type == LINK_PPI && le32(packet->at + 4) != LINK_WIFI)
        return "a per-packet information header for another link type than 802.11";
    lack = bytes_lack(packet, length, header_short);
    if (lack)
        return lack;
    *padded = link_type == LINK_WIFI_RADIOTAP && is_padded(packet, length);
    bytes_skip(packet, length);
    return NULL;
}

const char *wifi_read(int link_type, struct bytes *packet, uint8_t *version)
{
    bool padded = false, qos;
    const char *lack = skip_radio(link_type, packet, &padded);
    uint32_t length = 24;
    uint8_t control, flags;

    if (!lack)
        lack = bytes_lack(packet, 2, header_short);
    if (lack)
        return lack;
    control = packet->at[0];
    flags = packet->at[1];
    if ((control & 0x0c) != 0x08 || (control & 0x40)) /* no data frame, or one without data */
        return NULL;
    qos = (control & 0x80) != 0;
    if ((flags & 3) == 3)
        length += 6; /* a fourth address */
    if (qos)
        length += (flags & 0x80) ? 6 : 2;
    if (padded)
        length = (length + 3) & ~3u;
    lack = bytes_lack(packet, length, header_short);
    if (lack)
        return lack;
    if (flags & 0x40)
        return "an encrypted Wi-Fi frame";
    if (qos && (packet->at[(flags & 3) == 3 ? 30 : 24] & 0x80))
        return "a Wi-Fi frame of several packets (A-MSDU)";
    if ((packet->at[22] & 0x0f) || (flags & 4))
        return "a fragment of a Wi-Fi frame";
    bytes_skip(packet, length);
    return ether_read_llc(packet, version);
}
