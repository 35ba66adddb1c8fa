#include "wire/glimpse.h"

#include "wire/bytes.h"
#include "wire/ip.h"
#include "wire/tcp.h"

/* The layout in which almost all stacks send timestamps (RFC 7323 appendix A). */
#define STAMPS_ALONE UINT32_C(0x0101080a)

static uint64_t word_of(const uint8_t *addr, const uint8_t *port)
{
    uint32_t word;

    memcpy(&word, addr, sizeof(word));
    return (uint64_t)be16(port) << 32 | word;
}

/* Any options; false when they are none that a glimpse has room for. */
static bool read_options(const uint8_t *at, uint32_t length, struct brief_segment *out)
{
    struct tcp_options options = {0};

    tcp_read_options(at, length, &options);
    if (!segment_is_plain(&options))
        return false;
    out->present = options.present;
    out->mss = options.mss;
    out->wscale = options.wscale;
    out->tsval = options.tsval;
    out->tsecr = options.tsecr;
    return true;
}

bool glimpse_read(const uint8_t *bytes, uint32_t captured, uint32_t wire_length, struct glimpse *out)
{
    const uint8_t *ip = bytes + 14, *tcp = bytes + 34;
    uint32_t total, header;

    if (captured < 54 || be16(bytes + 12) != 0x0800 || ip[0] != 0x45 || ip[9] != IP_TCP || (be16(ip + 6) & 0x3fff))
        return false;
    total = be16(ip + 2);
    header = (uint32_t)(tcp[12] >> 4) * 4;
    if (header < 20 || total < 20 + header || (total + 14 > wire_length && total + 14 > captured) ||
        captured < 34 + header)
        return false;
    out->src = word_of(ip + 12, tcp);
    out->dst = word_of(ip + 16, tcp + 2);
    out->segment.seq = be32(tcp + 4);
    out->segment.ack = be32(tcp + 8);
    out->segment.len = total - 20 - header;
    out->segment.flags = tcp[13];
    out->segment.window = be16(tcp + 14);
    out->segment.ip_id = be16(ip + 4);
    out->segment.mss = 0;
    out->segment.wscale = out->segment.present = 0;
    out->segment.tsval = out->segment.tsecr = 0;
    if (header == 32 && be32(tcp + 20) == STAMPS_ALONE) {
        out->segment.present = TCP_OPT_TIMESTAMPS;
        out->segment.tsval = be32(tcp + 24);
        out->segment.tsecr = be32(tcp + 28);
        return true;
    }
    return header == 20 || read_options(tcp + 20, header - 20, &out->segment);
}
