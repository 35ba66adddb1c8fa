#include "wire/packet.h"

#include <stdbool.h>
#include <stddef.h>

#include "wire/bytes.h"
#include "wire/icmp.h"
#include "wire/ip.h"
#include "wire/link.h"
#include "wire/tcp.h"

static void set_oddity(struct packet *out, const char *words)
{
    out->kind = PACKET_ODDITY;
    out->oddity = words;
}

/* Whether TCP may follow: an oddity of something else is none of our business. */
static bool may_be_tcp(const struct ip *ip)
{
    return ip->protocol == IP_TCP || (ip->version == 6 && ip_is_extension(ip->protocol));
}

static void read_segment(struct ip *ip, struct packet *out)
{
    const char *wrong = tcp_read(&ip->body, &out->src.port, &out->dst.port, &out->segment);

    if (wrong) {
        set_oddity(out, wrong);
        return;
    }
    out->kind = PACKET_SEGMENT;
    out->segment.ttl = ip->ttl;
    out->segment.tos = ip->tos;
    out->segment.ip_id = ip->id;
    out->payload_captured = ip->body.captured;
    if (out->payload_captured > 0)
        out->payload = ip->body.at;
}

static void read_icmp(const struct ip *ip, struct packet *out)
{
    const char *wrong;

    if (!icmp_read(ip->version, ip->body, &out->icmp, &wrong))
        return;
    out->icmp.from = ip->src;
    out->kind = PACKET_ICMP_ERROR;
    if (wrong)
        set_oddity(out, wrong);
}

static void read_ip(uint8_t version, struct bytes packet, struct packet *out)
{
    struct ip ip;
    const char *wrong = ip_read(version, packet, &ip);

    out->src.addr = ip.src;
    out->dst.addr = ip.dst;
    if (wrong && ip.src.family == 0) {
        set_oddity(out, wrong); /* it did not come as far as the protocol */
        return;
    }
    if (!wrong)
        wrong = ip_trim(&ip);
    if (!wrong)
        wrong = ip_walk_extensions(&ip);
    if (!wrong && ip.fragment)
        wrong = "a fragment";
    if (wrong && may_be_tcp(&ip)) {
        if (ip.protocol == IP_TCP && ip.first)
            tcp_read_start(&ip.body, &out->src.port, &out->dst.port, &out->segment.seq);
        set_oddity(out, wrong);
    } else if (wrong) {
        return;
    } else if (ip.protocol == IP_TCP) {
        read_segment(&ip, out);
    } else if (ip.protocol == (version == 4 ? IP_ICMP : IP_ICMPV6)) {
        read_icmp(&ip, out);
    }
}

void packet_read(int link_type, const uint8_t *bytes, uint32_t captured, uint32_t wire_length, struct packet *out)
{
    struct bytes packet = {bytes, captured, wire_length < captured ? captured : wire_length};
    uint8_t version;
    const char *wrong = link_read(link_type, &packet, &version);

    *out = (struct packet){.kind = PACKET_OTHER};
    if (wrong) {
        set_oddity(out, wrong);
    } else if (version != 0) {
        out->frame = bytes;
        out->frame_captured = captured;
        out->ip_at = (uint32_t)(packet.at - bytes);
        read_ip(version, packet, out);
    }
}
