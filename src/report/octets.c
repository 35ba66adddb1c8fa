#include "report/octets.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/words.h"
#include "wire/bytes.h"

enum {
    VALUE_TEXT = 160,
    ETHERNET_HEADER = 14,
    IPV4_LEAST = 20,
    IPV6_HEADER = 40,
    TCP_LEAST = 20,
};

/* A field of so many bits; hex as it stands. */
static void field_hex(const struct octets_sink *sink, const char *name, unsigned bits, const char *hex,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));

static void field_hex(const struct octets_sink *sink, const char *name, unsigned bits, const char *hex,
                      const char *format, ...)
{
    char value[VALUE_TEXT];
    va_list args;

    va_start(args, format);
    vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    sink->field(sink->self, name, bits, hex, value);
}

const char *octets_hex(const uint8_t *bytes, uint32_t length, char out[OCTETS_HEX])
{
    struct text text;

    text_init(&text, out, OCTETS_HEX);
    for (uint32_t i = 0; i < length; i++)
        text_add(&text, "%s%02x", i > 0 && i % 2 == 0 && length > 2 ? " " : "", bytes[i]);
    return out;
}

/* A number of two or four bytes. */
static void field16(const struct octets_sink *sink, const char *name, const uint8_t *at)
{
    char hex[OCTETS_HEX];

    field_hex(sink, name, 16, octets_hex(at, 2, hex), "%u", be16(at));
}

static void field_number(const struct octets_sink *sink, const char *name, const uint8_t *at, uint32_t relative,
                         bool known)
{
    char hex[OCTETS_HEX];

    if (known)
        field_hex(sink, name, 32, octets_hex(at, 4, hex), _("%u (relative %d)"), be32(at), (int32_t)relative);
    else
        field_hex(sink, name, 32, octets_hex(at, 4, hex), "%u", be32(at));
}

static void field_address(const struct octets_sink *sink, const char *name, const uint8_t *at, uint8_t family)
{
    char hex[OCTETS_HEX], text[ADDR_TEXT];
    struct addr addr = {.family = family};
    unsigned length = family == 4 ? 4 : 16;

    memcpy(addr.bytes, at, length);
    field_hex(sink, name, 8 * length, octets_hex(at, length, hex), "%s", addr_format(&addr, text));
}

/* ---- IP ---- */

static void tell_ipv4(const struct octets_sink *sink, const uint8_t *at, uint32_t header)
{
    char hex[OCTETS_HEX];
    unsigned fragment = be16(at + 6);

    sink->title(sink->self, _("IP header (version 4, RFC 791)"));
    snprintf(hex, sizeof(hex), "%x", at[0] >> 4);
    field_hex(sink, _("version"), 4, hex, "%u", at[0] >> 4);
    snprintf(hex, sizeof(hex), "%x", at[0] & 15);
    field_hex(sink, _("header length"), 4, hex, _("%u words of 4 bytes: %u"), at[0] & 15u, (at[0] & 15u) * 4);
    field_hex(sink, _("DSCP and ECN"), 8, octets_hex(at + 1, 1, hex), "%u", at[1]);
    field16(sink, _("total length"), at + 2);
    field16(sink, _("identification"), at + 4);
    field_hex(sink, _("flags and offset"), 16, octets_hex(at + 6, 2, hex), "%s%s%u", fragment & 0x4000 ? "DF, " : "",
              fragment & 0x2000 ? "MF, " : "", fragment & 0x1fff);
    field_hex(sink, _("time to live"), 8, octets_hex(at + 8, 1, hex), "%u", at[8]);
    field_hex(sink, _("protocol"), 8, octets_hex(at + 9, 1, hex), at[9] == 6 ? "%u: TCP" : "%u", at[9]);
    field_hex(sink, _("header checksum"), 16, octets_hex(at + 10, 2, hex), "0x%04x", be16(at + 10));
    field_address(sink, _("source address"), at + 12, 4);
    field_address(sink, _("destination address"), at + 16, 4);
    if (header > IPV4_LEAST)
        field_hex(sink, _("options"), 8 * (header - IPV4_LEAST), octets_hex(at + IPV4_LEAST, header - IPV4_LEAST, hex),
                  "%s", "");
    sink->end(sink->self);
}

static void tell_ipv6(const struct octets_sink *sink, const uint8_t *at)
{
    char hex[OCTETS_HEX];

    sink->title(sink->self, _("IP header (version 6, RFC 8200)"));
    snprintf(hex, sizeof(hex), "%x", at[0] >> 4);
    field_hex(sink, _("version"), 4, hex, "%u", at[0] >> 4);
    snprintf(hex, sizeof(hex), "%02x", be16(at) >> 4 & 255);
    field_hex(sink, _("traffic class"), 8, hex, "%u", be16(at) >> 4 & 255u);
    snprintf(hex, sizeof(hex), "%05x", be32(at) & 0xfffff);
    field_hex(sink, _("flow label"), 20, hex, "%u", be32(at) & 0xfffff);
    field16(sink, _("payload length"), at + 4);
    field_hex(sink, _("next header"), 8, octets_hex(at + 6, 1, hex), at[6] == 6 ? "%u: TCP" : "%u", at[6]);
    field_hex(sink, _("hop limit"), 8, octets_hex(at + 7, 1, hex), "%u", at[7]);
    field_address(sink, _("source address"), at + 8, 6);
    field_address(sink, _("destination address"), at + 24, 6);
    sink->end(sink->self);
}

/* ---- TCP ---- */

static uint32_t sum_bytes(uint32_t sum, const uint8_t *at, uint32_t length)
{
    for (uint32_t i = 0; i + 1 < length; i += 2)
        sum += be16(at + i);
    if (length % 2)
        sum += (uint32_t)at[length - 1] << 8;
    return sum;
}

/* Does the checksum hold over the segment and the pseudo header (RFC 9293 3.1)? */
static bool checksum_holds(const uint8_t *packet, const uint8_t *tcp, uint32_t length)
{
    bool v4 = packet[0] >> 4 == 4;
    uint32_t sum = sum_bytes(6 + length, packet + (v4 ? 12 : 8), v4 ? 8 : 32);

    sum = sum_bytes(sum, tcp, length);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff;
}

static void tell_tcp(const struct octets_sink *sink, const struct event_segment *event, const uint8_t *packet,
                     const uint8_t *at, uint32_t length, bool whole)
{
    char hex[OCTETS_HEX];
    uint16_t checksum = be16(at + 16);

    sink->title(sink->self, _("TCP header (RFC 9293 3.1)"));
    field16(sink, _("source port"), at);
    field16(sink, _("destination port"), at + 2);
    field_number(sink, _("sequence number"), at + 4, event->rel_seq, true);
    field_number(sink, _("acknowledgment number"), at + 8, event->rel_ack,
                 event->has_rel_ack && event->segment.flags & TCP_ACK);
    snprintf(hex, sizeof(hex), "%x", at[12] >> 4);
    field_hex(sink, _("data offset"), 4, hex, _("%u words of 4 bytes: %u"), at[12] >> 4u, (at[12] >> 4u) * 4);
    snprintf(hex, sizeof(hex), "%x", at[12] & 15);
    field_hex(sink, _("reserved"), 4, hex, "%u", at[12] & 15u);
    sink->control(sink->self, at[13]);
    field16(sink, _("window"), at + 14);
    if (whole && checksum_holds(packet, at, length))
        field_hex(sink, _("checksum"), 16, octets_hex(at + 16, 2, hex), _("0x%04x, right"), checksum);
    else
        field_hex(sink, _("checksum"), 16, octets_hex(at + 16, 2, hex),
                  whole ? _("0x%04x, not finished when captured") : "0x%04x", checksum);
    field16(sink, _("urgent pointer"), at + 18);
    sink->end(sink->self);
}

static void describe_option(const uint8_t *at, uint32_t length, struct text *name, struct text *value)
{
    switch (length == 1 && at[0] > 1 ? 255 : at[0]) {
    case 0:
        text_add(name, "%s", _("end of options"));
        break;
    case 1:
        text_add(name, "%s", _("no operation"));
        text_add(value, "%s", _("padding"));
        break;
    case 2:
        text_add(name, "%s", _("maximum segment size"));
        if (length == 4)
            text_add(value, "%u", be16(at + 2));
        break;
    case 3:
        text_add(name, "%s", _("window scale"));
        if (length == 3)
            text_add(value, _("shift by %u"), at[2]);
        break;
    case 4:
        text_add(name, "%s", _("SACK permitted"));
        break;
    case 5:
        text_add(name, "%s", "SACK");
        for (uint32_t i = 2; i + 8 <= length; i += 8)
            text_add(value, "%s%u:%u", i > 2 ? " " : "", be32(at + i), be32(at + i + 4));
        break;
    case 8:
        text_add(name, "%s", _("timestamps"));
        if (length == 10)
            text_add(value, "TSval %u TSecr %u", be32(at + 2), be32(at + 6));
        break;
    default:
        text_add(name, _("kind %u"), at[0]);
    }
}

static void tell_options(const struct octets_sink *sink, const uint8_t *at, uint32_t length)
{
    char name_bytes[80], value_bytes[VALUE_TEXT];
    struct text name, value;

    if (length == 0)
        return;
    sink->title(sink->self, _("TCP options"));
    for (uint32_t i = 0, step; i < length; i += step) {
        bool single = at[i] <= 1 || i + 1 == length;
        step = single ? 1 : at[i + 1];
        if (step < (single ? 1u : 2u) || i + step > length)
            step = length - i; /* a length that can't be */
        text_init(&name, name_bytes, sizeof(name_bytes));
        text_init(&value, value_bytes, sizeof(value_bytes));
        describe_option(at + i, step, &name, &value);
        sink->option(sink->self, name.at, value.at, at + i, step);
    }
    sink->end(sink->self);
}

/* ---- all ---- */

/* Where TCP begins in the packet, or 0: not in what was captured, or not behind this header. */
static uint32_t tcp_begins(const uint8_t *bytes, uint32_t captured)
{
    uint32_t header;

    if (captured >= IPV4_LEAST && bytes[0] >> 4 == 4) {
        header = (bytes[0] & 15u) * 4;
        return header >= IPV4_LEAST && bytes[9] == 6 && header + TCP_LEAST <= captured ? header : 0;
    }
    if (captured >= IPV6_HEADER + TCP_LEAST && bytes[0] >> 4 == 6 && bytes[6] == 6)
        return IPV6_HEADER;
    return 0;
}

/* The TCP header's size, as it says itself. */
static uint32_t tcp_size(const uint8_t *packet, uint32_t captured, uint32_t ip)
{
    uint32_t size = (packet[ip + 12] >> 4u) * 4;

    return size < TCP_LEAST || ip + size > captured ? TCP_LEAST : size;
}

bool octets_headers(const uint8_t *frame, uint32_t captured, uint32_t ip_at, uint32_t *ip, uint32_t *tcp)
{
    uint32_t header = ip_at < captured ? tcp_begins(frame + ip_at, captured - ip_at) : 0;

    if (header == 0)
        return false;
    *ip = header;
    *tcp = tcp_size(frame + ip_at, captured - ip_at, header);
    return true;
}

/* The header of the link below, which this hop alone has. */
static void tell_ethernet(const struct octets_sink *sink, const uint8_t *at)
{
    char hex[OCTETS_HEX];
    uint16_t type = be16(at + 12);

    sink->title(sink->self, _("Ethernet header"));
    field_hex(sink, _("destination address"), 48, octets_hex(at, 6, hex), "%02x:%02x:%02x:%02x:%02x:%02x", at[0], at[1],
              at[2], at[3], at[4], at[5]);
    field_hex(sink, _("source address"), 48, octets_hex(at + 6, 6, hex), "%02x:%02x:%02x:%02x:%02x:%02x", at[6], at[7],
              at[8], at[9], at[10], at[11]);
    field_hex(sink, _("type"), 16, octets_hex(at + 12, 2, hex), "%s",
              type == 0x0800   ? "IPv4"
              : type == 0x86dd ? "IPv6"
                               : "?");
    sink->end(sink->self);
}

bool octets_tell(const struct octets_sink *sink, const struct event_segment *event, const uint8_t *frame,
                 uint32_t captured, uint32_t ip_at)
{
    const uint8_t *bytes = ip_at < captured ? frame + ip_at : frame;
    uint32_t ip, tcp, total;
    char line[240];

    captured -= (uint32_t)(bytes - frame);
    ip = tcp_begins(bytes, captured);
    if (ip == 0)
        return false;
    total = bytes[0] >> 4 == 4 ? be16(bytes + 2) : IPV6_HEADER + be16(bytes + 4);
    tcp = tcp_size(bytes, captured, ip);
    snprintf(line, sizeof(line),
             event->out ? _("segment %u, ours: %u bytes of IP, %u of TCP, %u of payload")
                        : _("segment %u, the peer's: %u bytes of IP, %u of TCP, %u of payload"),
             event->n, ip, tcp, event->segment.len);
    sink->begin(sink->self, line);
    if (bytes - frame == ETHERNET_HEADER)
        tell_ethernet(sink, frame);
    if (bytes[0] >> 4 == 6)
        tell_ipv6(sink, bytes);
    else
        tell_ipv4(sink, bytes, ip);
    tell_tcp(sink, event, bytes, bytes + ip, total > ip && total <= captured ? total - ip : 0,
             total > ip && total <= captured);
    tell_options(sink, bytes + ip + TCP_LEAST, tcp - TCP_LEAST);
    if (event->segment.len > 0)
        sink->payload(sink->self, bytes + ip + tcp, captured - ip - tcp, event->segment.len);
    return true;
}
