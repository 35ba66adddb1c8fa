#include "report/octets.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/columns.h"
#include "report/words.h"
#include "wire/bytes.h"

enum {
    NAME_WIDTH = 22,
    BITS_WIDTH = 4,
    HEX_WIDTH = 16,
    BARS = 13, /* what frames and blanks take of a line */
    VALUE_TEXT = 160,
    HEX_TEXT = 100,
    PAYLOAD_SHOWN = 128,
    PAYLOAD_LINE = 16,
    ETHERNET_HEADER = 14,
    IPV4_LEAST = 20,
    IPV6_HEADER = 40,
    TCP_LEAST = 20,
};

struct table {
    struct page *page;
    unsigned value_width;
};

/* ---- a table ---- */

static void put_times(struct page *page, char c, unsigned times)
{
    const char one[2] = {c, '\0'};

    for (unsigned i = 0; i < times; i++)
        page_put(page, PAINT_DIM, one);
}

static void put_frame(const struct table *table)
{
    const unsigned widths[] = {NAME_WIDTH, BITS_WIDTH, HEX_WIDTH, table->value_width};

    for (unsigned i = 0; i < 4; i++) {
        page_put(table->page, PAINT_DIM, "+");
        put_times(table->page, '-', widths[i] + 2);
    }
    page_put(table->page, PAINT_DIM, "+");
    page_end(table->page);
}

/* What of a text goes onto one line of a cell: whole words where one fits. */
static size_t piece(const char *text, unsigned width)
{
    size_t length = strlen(text), fit = columns_fit(text, length, width), end = fit;

    if (fit == length)
        return fit;
    while (end > 0 && text[end] != ' ')
        end--;
    return end > 0 ? end : fit;
}

static void put_cell(struct page *page, const char **text, unsigned width, bool right, enum paint paint)
{
    char bytes[VALUE_TEXT];
    size_t length = piece(*text, width);
    unsigned taken = columns_of(*text, length);

    snprintf(bytes, sizeof(bytes), "%.*s", (int)length, *text);
    page_put(page, PAINT_DIM, "| ");
    put_times(page, ' ', right ? width - taken : 0);
    page_put(page, paint, bytes);
    put_times(page, ' ', (right ? 0 : width - taken) + 1);
    *text += length;
    *text += strspn(*text, " ");
}

static void put_row(const struct table *table, const char *name, const char *bits, const char *hex, const char *value)
{
    while (*name || *bits || *hex || *value) {
        put_cell(table->page, &name, NAME_WIDTH, false, PAINT_NONE);
        put_cell(table->page, &bits, BITS_WIDTH, true, PAINT_NONE);
        put_cell(table->page, &hex, HEX_WIDTH, false, PAINT_PRESUMED);
        put_cell(table->page, &value, table->value_width, false, PAINT_PROVEN);
        page_put(table->page, PAINT_DIM, "|");
        page_end(table->page);
    }
}

/* A field of so many bits; hex as it stands. */
static void field_hex(const struct table *table, const char *name, unsigned bits, const char *hex, const char *format,
                      ...) __attribute__((format(printf, 5, 6)));

static void field_hex(const struct table *table, const char *name, unsigned bits, const char *hex, const char *format,
                      ...)
{
    char value[VALUE_TEXT], bits_text[12];
    va_list args;

    va_start(args, format);
    vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    snprintf(bits_text, sizeof(bits_text), "%u", bits);
    put_row(table, name, bits_text, hex, value);
}

static const char *hex_of(const uint8_t *bytes, uint32_t length, char out[HEX_TEXT])
{
    struct text text;

    text_init(&text, out, HEX_TEXT);
    for (uint32_t i = 0; i < length; i++)
        text_add(&text, "%s%02x", i > 0 && i % 2 == 0 && length > 2 ? " " : "", bytes[i]);
    return out;
}

/* A number of two or four bytes. */
static void field16(const struct table *table, const char *name, const uint8_t *at)
{
    char hex[HEX_TEXT];

    field_hex(table, name, 16, hex_of(at, 2, hex), "%u", be16(at));
}

static void field_number(const struct table *table, const char *name, const uint8_t *at, uint32_t relative, bool known)
{
    char hex[HEX_TEXT];

    if (known)
        field_hex(table, name, 32, hex_of(at, 4, hex), _("%u (relative %d)"), be32(at), (int32_t)relative);
    else
        field_hex(table, name, 32, hex_of(at, 4, hex), "%u", be32(at));
}

static void field_address(const struct table *table, const char *name, const uint8_t *at, uint8_t family)
{
    char hex[HEX_TEXT], text[ADDR_TEXT];
    struct addr addr = {.family = family};
    unsigned length = family == 4 ? 4 : 16;

    memcpy(addr.bytes, at, length);
    field_hex(table, name, 8 * length, hex_of(at, length, hex), "%s", addr_format(&addr, text));
}

static void put_title(const struct table *table, const char *title)
{
    page_put(table->page, PAINT_NONE, title);
    page_end(table->page);
    put_frame(table);
}

static void put_header(const struct table *table)
{
    put_frame(table);
    put_row(table, _("field"), _("bits"), _("hex"), _("value"));
    put_frame(table);
}

/* ---- IP ---- */

static void print_ipv4(const struct table *table, const uint8_t *at, uint32_t header)
{
    char hex[HEX_TEXT];
    unsigned fragment = be16(at + 6);

    put_title(table, _("IP header (version 4, RFC 791)"));
    snprintf(hex, sizeof(hex), "%x", at[0] >> 4);
    field_hex(table, _("version"), 4, hex, "%u", at[0] >> 4);
    snprintf(hex, sizeof(hex), "%x", at[0] & 15);
    field_hex(table, _("header length"), 4, hex, _("%u words of 4 bytes: %u"), at[0] & 15u, (at[0] & 15u) * 4);
    field_hex(table, _("DSCP and ECN"), 8, hex_of(at + 1, 1, hex), "%u", at[1]);
    field16(table, _("total length"), at + 2);
    field16(table, _("identification"), at + 4);
    field_hex(table, _("flags and offset"), 16, hex_of(at + 6, 2, hex), "%s%s%u", fragment & 0x4000 ? "DF, " : "",
              fragment & 0x2000 ? "MF, " : "", fragment & 0x1fff);
    field_hex(table, _("time to live"), 8, hex_of(at + 8, 1, hex), "%u", at[8]);
    field_hex(table, _("protocol"), 8, hex_of(at + 9, 1, hex), at[9] == 6 ? "%u: TCP" : "%u", at[9]);
    field_hex(table, _("header checksum"), 16, hex_of(at + 10, 2, hex), "0x%04x", be16(at + 10));
    field_address(table, _("source address"), at + 12, 4);
    field_address(table, _("destination address"), at + 16, 4);
    if (header > IPV4_LEAST)
        field_hex(table, _("options"), 8 * (header - IPV4_LEAST), hex_of(at + IPV4_LEAST, header - IPV4_LEAST, hex),
                  "%s", "");
    put_frame(table);
}

static void print_ipv6(const struct table *table, const uint8_t *at)
{
    char hex[HEX_TEXT];

    put_title(table, _("IP header (version 6, RFC 8200)"));
    snprintf(hex, sizeof(hex), "%x", at[0] >> 4);
    field_hex(table, _("version"), 4, hex, "%u", at[0] >> 4);
    snprintf(hex, sizeof(hex), "%02x", be16(at) >> 4 & 255);
    field_hex(table, _("traffic class"), 8, hex, "%u", be16(at) >> 4 & 255u);
    snprintf(hex, sizeof(hex), "%05x", be32(at) & 0xfffff);
    field_hex(table, _("flow label"), 20, hex, "%u", be32(at) & 0xfffff);
    field16(table, _("payload length"), at + 4);
    field_hex(table, _("next header"), 8, hex_of(at + 6, 1, hex), at[6] == 6 ? "%u: TCP" : "%u", at[6]);
    field_hex(table, _("hop limit"), 8, hex_of(at + 7, 1, hex), "%u", at[7]);
    field_address(table, _("source address"), at + 8, 6);
    field_address(table, _("destination address"), at + 24, 6);
    put_frame(table);
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

static void print_bits(const struct table *table, uint8_t bits)
{
    static const struct {
        const char *names, *frame;
    } parts[] = {{"CWR ECE", "+-----+-----+"}, {"URG ACK PSH RST SYN FIN", "+-----+-----+-----+-----+-----+-----+"}};
    struct page *page = table->page;
    unsigned bit;
    char cell[8];

    for (unsigned line = 0; line < 4; line++) {
        bit = 0x80;
        page_put(page, PAINT_DIM, "    ");
        for (unsigned part = 0; part < 2; part++) {
            page_put(page, PAINT_DIM, part ? "   " : "");
            if (line % 3 == 0)
                page_put(page, PAINT_DIM, parts[part].frame);
            for (const char *name = parts[part].names; line % 3 && *name; bit >>= 1, name += 3 + (name[3] == ' ')) {
                page_put(page, PAINT_DIM, "| ");
                snprintf(cell, sizeof(cell), line == 1 ? "%.3s" : bits & bit ? " 1 " : " 0 ", name);
                page_put(page, bits & bit ? PAINT_PROVEN : PAINT_DIM, cell);
                page_put(page, PAINT_DIM, name[3] ? " " : " |");
            }
        }
        page_end(page);
    }
}

static void print_tcp(const struct table *table, const struct event_segment *event, const uint8_t *packet,
                      const uint8_t *at, uint32_t length, bool whole)
{
    char hex[HEX_TEXT];
    uint16_t checksum = be16(at + 16);

    put_title(table, _("TCP header (RFC 9293 3.1)"));
    field16(table, _("source port"), at);
    field16(table, _("destination port"), at + 2);
    field_number(table, _("sequence number"), at + 4, event->rel_seq, true);
    field_number(table, _("acknowledgment number"), at + 8, event->rel_ack,
                 event->has_rel_ack && event->segment.flags & TCP_ACK);
    snprintf(hex, sizeof(hex), "%x", at[12] >> 4);
    field_hex(table, _("data offset"), 4, hex, _("%u words of 4 bytes: %u"), at[12] >> 4u, (at[12] >> 4u) * 4);
    snprintf(hex, sizeof(hex), "%x", at[12] & 15);
    field_hex(table, _("reserved"), 4, hex, "%u", at[12] & 15u);
    field_hex(table, _("control bits"), 8, hex_of(at + 13, 1, hex), "%s", _("drawn below"));
    field16(table, _("window"), at + 14);
    if (whole && checksum_holds(packet, at, length))
        field_hex(table, _("checksum"), 16, hex_of(at + 16, 2, hex), _("0x%04x, right"), checksum);
    else
        field_hex(table, _("checksum"), 16, hex_of(at + 16, 2, hex),
                  whole ? _("0x%04x, not finished when captured") : "0x%04x", checksum);
    field16(table, _("urgent pointer"), at + 18);
    put_frame(table);
    print_bits(table, at[13]);
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

static void print_options(const struct table *table, const uint8_t *at, uint32_t length)
{
    char hex[HEX_TEXT], name_bytes[80], value_bytes[VALUE_TEXT];
    struct text name, value;

    if (length == 0)
        return;
    put_title(table, _("TCP options"));
    for (uint32_t i = 0, step; i < length; i += step) {
        bool single = at[i] <= 1 || i + 1 == length;
        step = single ? 1 : at[i + 1];
        if (step < (single ? 1u : 2u) || i + step > length)
            step = length - i; /* a length that can't be */
        text_init(&name, name_bytes, sizeof(name_bytes));
        text_init(&value, value_bytes, sizeof(value_bytes));
        describe_option(at + i, step, &name, &value);
        field_hex(table, name.at, 8 * step, hex_of(at + i, step, hex), "%s", value.at);
    }
    put_frame(table);
}

static void print_payload(const struct table *table, const uint8_t *at, uint32_t length, uint32_t sent)
{
    char line[160];
    struct text text;

    if (sent == 0)
        return;
    text_init(&text, line, sizeof(line));
    text_add(&text, ngettext("payload: %u byte", "payload: %u bytes", sent), sent);
    page_put(table->page, PAINT_NONE, line);
    page_end(table->page);
    for (uint32_t i = 0; i < length && i < PAYLOAD_SHOWN; i += PAYLOAD_LINE) {
        text_init(&text, line, sizeof(line));
        text_add(&text, "  %04x  ", i);
        for (uint32_t j = i; j < i + PAYLOAD_LINE; j++)
            text_add(&text, j < length ? "%02x " : "   ", j < length ? at[j] : 0u);
        text_add(&text, " ");
        for (uint32_t j = i; j < i + PAYLOAD_LINE && j < length; j++)
            text_add(&text, "%c", at[j] >= ' ' && at[j] <= '~' ? at[j] : '.');
        page_put(table->page, PAINT_NONE, line);
        page_end(table->page);
    }
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
static void print_ethernet(const struct table *table, const uint8_t *at)
{
    char hex[HEX_TEXT];
    uint16_t type = be16(at + 12);

    put_title(table, _("Ethernet header"));
    field_hex(table, _("destination address"), 48, hex_of(at, 6, hex), "%02x:%02x:%02x:%02x:%02x:%02x", at[0], at[1],
              at[2], at[3], at[4], at[5]);
    field_hex(table, _("source address"), 48, hex_of(at + 6, 6, hex), "%02x:%02x:%02x:%02x:%02x:%02x", at[6], at[7],
              at[8], at[9], at[10], at[11]);
    field_hex(table, _("type"), 16, hex_of(at + 12, 2, hex), "%s",
              type == 0x0800   ? "IPv4"
              : type == 0x86dd ? "IPv6"
                               : "?");
    put_frame(table);
}

void octets_print(struct page *page, const struct event_segment *event, const uint8_t *frame, uint32_t captured,
                  uint32_t ip_at)
{
    const uint8_t *bytes = ip_at < captured ? frame + ip_at : frame;
    uint32_t ip, tcp, total;
    struct table table = {page, page->width > NAME_WIDTH + BITS_WIDTH + HEX_WIDTH + BARS + 10
                                    ? page->width - NAME_WIDTH - BITS_WIDTH - HEX_WIDTH - BARS
                                    : 10};
    char line[240];

    captured -= (uint32_t)(bytes - frame);
    ip = tcp_begins(bytes, captured);
    if (ip == 0)
        return;
    total = bytes[0] >> 4 == 4 ? be16(bytes + 2) : IPV6_HEADER + be16(bytes + 4);
    tcp = tcp_size(bytes, captured, ip);
    snprintf(line, sizeof(line),
             event->out ? _("segment %u, ours: %u bytes of IP, %u of TCP, %u of payload")
                        : _("segment %u, the peer's: %u bytes of IP, %u of TCP, %u of payload"),
             event->n, ip, tcp, event->segment.len);
    page_end(page);
    fputc('\n', page->out);
    page_put(page, PAINT_NONE, line);
    page_end(page);
    put_header(&table);
    if (bytes - frame == ETHERNET_HEADER)
        print_ethernet(&table, frame);
    if (bytes[0] >> 4 == 6)
        print_ipv6(&table, bytes);
    else
        print_ipv4(&table, bytes, ip);
    print_tcp(&table, event, bytes, bytes + ip, total > ip && total <= captured ? total - ip : 0,
              total > ip && total <= captured);
    print_options(&table, bytes + ip + TCP_LEAST, tcp - TCP_LEAST);
    print_payload(&table, bytes + ip + tcp, captured - ip - tcp, event->segment.len);
    fputc('\n', page->out);
}
