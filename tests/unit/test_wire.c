/* What the readers of src/wire say of good packets and of each kind of bad one, value by value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "frame.h"
#include "packet_assert.h"

/* What put_tcp() always writes. */
static void assert_tcp(const struct packet *packet, uint8_t flags, uint32_t len)
{
    assert_int_equal(packet->kind, PACKET_SEGMENT);
    assert_null(packet->oddity);
    assert_int_equal(packet->segment.seq, 0x01020304);
    assert_int_equal(packet->segment.ack, 0x0a0b0c0d);
    assert_int_equal(packet->segment.window, 64240);
    assert_int_equal(packet->segment.urgent, 0x0708);
    assert_int_equal(packet->segment.flags, flags);
    assert_int_equal(packet->segment.reserved, 0);
    assert_int_equal(packet->segment.len, len);
    assert_int_equal(packet->payload_captured, len);
    for (uint32_t i = 0; i < len; i++)
        assert_int_equal(packet->payload[i], 'x');
    assert_endpoint(&packet->src, packet->src.addr.family == 4 ? V4_FROM : V6_FROM);
    assert_endpoint(&packet->dst, packet->dst.addr.family == 4 ? V4_TO : V6_TO);
}

/* Written byte by byte from RFC 791, RFC 9293 and RFC 7323, not by the writer of frame.h. */
static void a_syn_by_hand(void **state)
{
    static const uint8_t bytes[] = {
        0x02, 0,    0,    0,    0,    0x02, 0x02, 0,    0,    0, 0, 0x01, 0x08, 0x00, /* Ethernet */
        0x45, 0xb8, 0x00, 0x3c, 0x1c, 0x46, 0x40, 0x00, 0x3f, 6, 0, 0, /* IPv4: tos, length 60, ID, DF, TTL 63
                                                                        */
        203,  0,    113,  9,    10,   1,    2,    3,                   /* addresses */
        0xff, 0xfe, 0x01, 0xbb, 0xfe, 0xdc, 0xba, 0x98, 0,    0, 0, 0, /* ports, seq, ack */
        0xad, 0xc2, 0x72, 0x10, 0,    0,    0,    0, /* 40 bytes, reserved 13, CWR ECE SYN, window */
        2,    4,    0x05, 0x3c, 4,    2,    8,    10,   0x80, 0, 0, 1,    0,    0,    0, 2, 1, 3, 3, 14,
    };
    struct packet packet;
    const struct segment *segment = &packet.segment;

    (void)state;
    packet_read(LINK_ETHERNET, bytes, sizeof(bytes), sizeof(bytes), &packet);
    assert_int_equal(packet.kind, PACKET_SEGMENT);
    assert_endpoint(&packet.src, "203.0.113.9:65534");
    assert_endpoint(&packet.dst, "10.1.2.3:443");
    assert_int_equal(segment->seq, 0xfedcba98);
    assert_int_equal(segment->ack, 0);
    assert_int_equal(segment->len, 0);
    assert_int_equal(segment->window, 0x7210);
    assert_int_equal(segment->flags, TCP_SYN | TCP_ECE | TCP_CWR);
    assert_int_equal(segment->reserved, 13);
    assert_int_equal(segment->ttl, 63);
    assert_int_equal(segment->tos, 0xb8);
    assert_int_equal(segment->ip_id, 0x1c46);
    assert_int_equal(segment->options.present,
                     TCP_OPT_MSS | TCP_OPT_SACK_PERMITTED | TCP_OPT_TIMESTAMPS | TCP_OPT_WSCALE);
    assert_int_equal(segment->options.mss, 1340);
    assert_int_equal(segment->options.wscale, 14);
    assert_int_equal(segment->options.tsval, 0x80000001);
    assert_int_equal(segment->options.tsecr, 2);
    assert_null(packet.payload);
    assert_int_equal(packet.payload_captured, 0);
}

static void every_link_type(void **state)
{
    static const struct {
        int link;
        uint8_t version;
    } rows[] = {
        {0, 4},   {0, 6},   {1, 4},   {1, 6},   {12, 4},  {12, 6},  {101, 4}, {101, 6},
        {108, 4}, {108, 6}, {113, 4}, {113, 6}, {228, 4}, {229, 6}, {276, 4}, {276, 6},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct frame frame;
        struct packet packet;
        bool v4 = rows[i].version == 4;

        make_segment(&frame, rows[i].link, rows[i].version, 7);
        packet = read_frame(&frame);
        assert_tcp(&packet, TCP_ACK | TCP_PSH, 7);
        assert_int_equal(packet.src.addr.family, rows[i].version);
        assert_int_equal(packet.segment.ttl, v4 ? 64 : 57);
        assert_int_equal(packet.segment.tos, v4 ? 0x10 : 0xb8);
        assert_int_equal(packet.segment.ip_id, v4 ? 0x1234 : 0);
        assert_int_equal(packet.segment.options.present, TCP_OPT_TIMESTAMPS);
        assert_int_equal(packet.segment.options.tsval, 0x11223344);
        assert_int_equal(packet.segment.options.tsecr, 0x55667788);
    }
}

static void vlan_tags(void **state)
{
    static const struct {
        int link;
        uint32_t type_at, length;
    } rows[] = {{LINK_ETHERNET, 12, 14}, {LINK_LINUX_SLL, 14, 16}, {LINK_LINUX_SLL2, 0, 20}};
    static const uint16_t tags[] = {0x8100, 0x88a8, 0x9100};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (unsigned depth = 1; depth <= 5; depth++) {
            struct frame frame;
            struct packet packet;

            put_link(&frame, rows[i].link, 4);
            put_vlan(&frame, rows[i].type_at, tags[depth % 3]);
            for (unsigned n = 1; n < depth; n++)
                put_vlan(&frame, rows[i].length + 4 * n - 2, tags[(depth + n) % 3]);
            put_v4(&frame, 6, 0);
            put_tcp(&frame, TCP_RST, NULL, 0);
            end_v4(&frame, rows[i].length + 4 * depth);
            packet = read_frame(&frame);
            assert_tcp(&packet, TCP_RST, 0);
        }
}

/* The BSD header in the order of either kind of machine, with each system's AF_INET6. */
static void loopback_families(void **state)
{
    static const uint8_t six[] = {10, 24, 28, 30};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(six); i++) {
        struct frame frame;
        struct packet packet;

        make_segment(&frame, i % 2 ? LINK_NULL : LINK_LOOP, 6, 3);
        memset(frame.at, 0, 4);
        frame.at[i % 2 ? 3 : 0] = six[i / 2];
        packet = read_frame(&frame);
        assert_tcp(&packet, TCP_ACK | TCP_PSH, 3);
        frame.at[1] = 1;
        assert_int_equal(read_frame(&frame).kind, PACKET_OTHER);
    }
}

static void not_about_tcp(void **state)
{
    static const uint8_t ports_that_look_like_tcp[64] = {0x9c, 0x40, 0, 80};
    static const uint8_t v4_protocols[] = {0, 2, 17, 41, 44, 47, 50, 51, 58, 60, 132};
    static const uint8_t v6_protocols[] = {1, 4, 17, 41, 50, 59, 132, 135};
    struct frame frame;

    (void)state;
    for (size_t i = 0; i < sizeof(v4_protocols); i++) {
        put_link(&frame, LINK_RAW, 4);
        put_v4(&frame, v4_protocols[i], 0);
        put(&frame, ports_that_look_like_tcp, sizeof(ports_that_look_like_tcp));
        end_v4(&frame, 0);
        assert_int_equal(read_frame(&frame).kind, PACKET_OTHER);
        set16(&frame, 2, 2000); /* not even when it is broken */
        assert_int_equal(read_frame(&frame).kind, PACKET_OTHER);
        frame.at[0] = 0x44;
        assert_int_equal(read_frame(&frame).kind, PACKET_OTHER);
    }
    for (size_t i = 0; i < sizeof(v6_protocols); i++) {
        put_link(&frame, LINK_RAW, 6);
        put_v6(&frame, v6_protocols[i]);
        put(&frame, ports_that_look_like_tcp, sizeof(ports_that_look_like_tcp));
        end_v6(&frame, 0);
        assert_int_equal(read_frame(&frame).kind, PACKET_OTHER);
    }
    make_segment(&frame, LINK_ETHERNET, 4, 0);
    set16(&frame, 12, 0x0806); /* ARP */
    assert_int_equal(read_frame(&frame).kind, PACKET_OTHER);
    set16(&frame, 12, 46); /* an 802.3 length */
    assert_int_equal(read_frame(&frame).kind, PACKET_OTHER);
    frame.link = 105; /* a link type unknown here */
    assert_int_equal(read_frame(&frame).kind, PACKET_OTHER);
    frame.link = LINK_RAW;
    frame.at[0] = 0x52; /* neither IPv4 nor IPv6 */
    assert_int_equal(read_frame(&frame).kind, PACKET_OTHER);
}

static void bad_ipv4(void **state)
{
    static const struct {
        uint8_t at; /* offset in the frame, IPv4 header at 14 */
        uint16_t value;
        const char *words, *src, *dst;
    } rows[] = {
        {14, 0x4410, "the IP header length is too small", V4_FROM_0, V4_TO_0},
        {14, 0x4010, "the IP header length is too small", V4_FROM_0, V4_TO_0},
        {14, 0x6510, "not an IPv4 header where one was promised", NULL, NULL},
        {16, 19, "the IP total length is shorter than the headers", V4_FROM_0, V4_TO_0},
        {16, 1, "the IP total length is shorter than the headers", V4_FROM_0, V4_TO_0},
        {16, 20, "the TCP header is cut short", V4_FROM_0, V4_TO_0},
        {16, 23, "the TCP header is cut short", V4_FROM_0, V4_TO_0},
        {16, 24, "the TCP header is cut short", V4_FROM, V4_TO},
        {16, 39, "the TCP header is cut short", V4_FROM, V4_TO},
        {16, 40, "the TCP data offset is too large", V4_FROM, V4_TO},
        {16, 51, "the TCP data offset is too large", V4_FROM, V4_TO},
        {16, 60, "the IP length is longer than the packet", V4_FROM, V4_TO},
        {16, 0xffff, "the IP length is longer than the packet", V4_FROM, V4_TO},
        {20, 0x2000, "a fragment", V4_FROM, V4_TO},     /* the first of several: the ports are there */
        {20, 0x2001, "a fragment", V4_FROM_0, V4_TO_0}, /* one in the middle */
        {20, 0x1000, "a fragment", V4_FROM_0, V4_TO_0},
        {20, 0x1fff, "a fragment", V4_FROM_0, V4_TO_0}, /* the last */
        {46, 0x4010, "the TCP data offset is too small", V4_FROM, V4_TO},
        {46, 0x0010, "the TCP data offset is too small", V4_FROM, V4_TO},
        {46, 0xf010, "the TCP data offset is too large", V4_FROM, V4_TO},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct frame frame;
        struct packet packet;

        make_segment(&frame, LINK_ETHERNET, 4, 7);
        set16(&frame, rows[i].at, rows[i].value);
        packet = read_frame(&frame);
        assert_oddity(&packet, rows[i].words, rows[i].src, rows[i].dst);
        /* Where there are ports there is a sequence number too, but in the row with four bytes of TCP. */
        bool numbered = packet.src.port != 0 && !(rows[i].at == 16 && rows[i].value == 24);
        assert_int_equal(packet.segment.seq, numbered ? 0x01020304 : 0);
    }
}

/* An IPv4 header with more options than there are bytes. */
static void ipv4_options_cut(void **state)
{
    struct frame frame;
    struct packet packet;

    (void)state;
    make_segment(&frame, LINK_IPV4, 4, 0);
    frame.at[0] = 0x4f;
    read_guarded(&frame, 52, 52, &packet);
    assert_oddity(&packet, "the IP header is cut short", V4_FROM_0, V4_TO_0);
    read_guarded(&frame, 52, 60, &packet);
    assert_oddity(&packet, "the capture ends inside the headers", V4_FROM_0, V4_TO_0);
}

static void good_ipv4_oddly_flagged(void **state)
{
    static const uint16_t flags[] = {0x0000, 0x4000, 0x8000, 0xc000}; /* the reserved bit too */
    struct frame frame;

    (void)state;
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        struct packet packet;

        make_segment(&frame, LINK_ETHERNET, 4, 7);
        set16(&frame, 20, flags[i]);
        packet = read_frame(&frame);
        assert_tcp(&packet, TCP_ACK | TCP_PSH, 7);
    }
}

/* Padding is not payload, and what the snap length left out is. */
static void lengths(void **state)
{
    struct frame frame;
    struct packet packet;

    (void)state;
    sample_padded(&frame);
    packet = read_frame(&frame);
    assert_tcp(&packet, TCP_ACK, 0);
    make_segment(&frame, LINK_ETHERNET, 4, 1448);
    read_guarded(&frame, 96, frame.used + 4, &packet); /* and 4 bytes of frame check sequence */
    assert_int_equal(packet.kind, PACKET_SEGMENT);
    assert_int_equal(packet.segment.len, 1448);
    assert_int_equal(packet.payload_captured, 96 - 14 - 20 - 32);
    read_guarded(&frame, frame.used, 0, &packet); /* a wire length that can't be */
    assert_tcp(&packet, TCP_ACK | TCP_PSH, 1448);
}

/* Merged segments of the capturing machine say length 0: the wire length counts. */
static void length_zero(void **state)
{
    struct frame frame;
    struct packet packet;

    (void)state;
    make_segment(&frame, LINK_ETHERNET, 4, 100);
    set16(&frame, 16, 0);
    packet = read_frame(&frame);
    assert_tcp(&packet, TCP_ACK | TCP_PSH, 100);
    read_guarded(&frame, frame.used, 14 + 52 + 70000, &packet);
    assert_int_equal(packet.segment.len, 70000);
    assert_int_equal(packet.payload_captured, 100);
    make_segment(&frame, LINK_ETHERNET, 6, 100);
    set16(&frame, 18, 0);
    read_guarded(&frame, frame.used, 14 + 72 + 190000, &packet);
    assert_int_equal(packet.kind, PACKET_SEGMENT);
    assert_int_equal(packet.segment.len, 190000);
    /* In the smallest Ethernet frame it is no merged segment, and its length can't be told from padding. */
    sample_padded(&frame);
    set16(&frame, 16, 0);
    packet = read_frame(&frame);
    assert_oddity(&packet, "the IP total length is shorter than the headers", V4_FROM_0, V4_TO_0);
}

static void checksums_are_ignored(void **state)
{
    struct frame frame;
    struct packet before, after;

    (void)state;
    make_segment(&frame, LINK_ETHERNET, 4, 7);
    before = read_frame(&frame);
    set16(&frame, 24, 0x0000);
    set16(&frame, 50, 0x0000);
    after = read_frame(&frame);
    assert_tcp(&after, TCP_ACK | TCP_PSH, 7);
    assert_memory_equal(&before.segment, &after.segment, sizeof(before.segment));
}

static void tcp_options(void **state)
{
    struct frame frame;
    struct packet packet;
    const struct tcp_options *options = &packet.segment.options;

    (void)state;
    sample_sack(&frame); /* behind a 60-byte IPv4 header */
    packet = read_frame(&frame);
    assert_tcp(&packet, TCP_ACK, 33);
    assert_int_equal(options->present, TCP_OPT_TIMESTAMPS | TCP_OPT_SACK);
    assert_int_equal(options->sack_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(options->sack[i].left, 2 * i + 1);
        assert_int_equal(options->sack[i].right, 2 * i + 2);
    }
    /* Twice the same: the later one. Nothing counts after the end of the list. */
    put_link(&frame, LINK_RAW, 4);
    put_v4(&frame, 6, 0);
    PUT_TCP(&frame, TCP_SYN, 2, 4, 1, 1, 2, 4, 2, 2, 34, 4, 9, 9, 0, 3, 3, 3);
    end_v4(&frame, 0);
    packet = read_frame(&frame);
    assert_int_equal(options->present, TCP_OPT_MSS | TCP_OPT_OTHER);
    assert_int_equal(options->mss, 0x0202);
    assert_int_equal(options->wscale, 0);
    /* A wrong length ends the reading: the window scale behind it is not read. */
    put_link(&frame, LINK_RAW, 4);
    put_v4(&frame, 6, 0);
    PUT_TCP(&frame, TCP_SYN, 4, 2, 2, 3, 9, 3, 3, 7);
    end_v4(&frame, 0);
    packet = read_frame(&frame);
    assert_int_equal(packet.kind, PACKET_SEGMENT);
    assert_int_equal(options->present, TCP_OPT_SACK_PERMITTED | TCP_OPT_MALFORMED);
}

static void ipv6_extensions(void **state)
{
    struct frame frame;
    struct packet packet;

    (void)state;
    sample_extensions(&frame);
    packet = read_frame(&frame);
    assert_tcp(&packet, TCP_ACK, 9);
    assert_int_equal(packet.segment.ttl, 57);

    frame.at[41] = 255; /* hop-by-hop options of 2048 bytes */
    packet = read_frame(&frame);
    assert_oddity(&packet, "an IPv6 extension header is cut short", V6_FROM_0, V6_TO_0);

    frame.at[40] = 6; /* and TCP behind them, if they ended */
    packet = read_frame(&frame);
    assert_oddity(&packet, "an IPv6 extension header is cut short", V6_FROM_0, V6_TO_0);

    sample_extensions(&frame);
    frame.at[75] = 1; /* more fragments */
    packet = read_frame(&frame);
    assert_oddity(&packet, "a fragment", V6_FROM, V6_TO);
    assert_int_equal(packet.segment.seq, 0x01020304);
    frame.at[75] = 8; /* the second 8 bytes: what follows is no header */
    packet = read_frame(&frame);
    assert_oddity(&packet, "a fragment", V6_FROM_0, V6_TO_0);
    frame.at[72] = 17; /* of UDP */
    assert_int_equal(read_frame(&frame).kind, PACKET_OTHER);
    frame.at[72] = 60; /* of options that would say UDP comes next, were they a header */
    frame.at[80] = 17;
    packet = read_frame(&frame);
    assert_oddity(&packet, "a fragment", V6_FROM_0, V6_TO_0);

    sample_extensions(&frame);
    frame.at[75] = 6; /* reserved bits alone */
    frame.at[72] = 51;
    packet = read_frame(&frame);
    assert_tcp(&packet, TCP_ACK, 9);

    frame.at[80] = 59; /* AH, then no next header */
    assert_int_equal(read_frame(&frame).kind, PACKET_OTHER);

    make_segment(&frame, LINK_ETHERNET, 6, 7);
    set16(&frame, 18, 40);
    packet = read_frame(&frame);
    assert_oddity(&packet, "the IP length is longer than the packet", V6_FROM, V6_TO);
    set16(&frame, 18, 3);
    packet = read_frame(&frame);
    assert_oddity(&packet, "the TCP header is cut short", V6_FROM_0, V6_TO_0);
    frame.at[14] = 0x45;
    packet = read_frame(&frame);
    assert_oddity(&packet, "not an IPv6 header where one was promised", NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_syn_by_hand),
        cmocka_unit_test(every_link_type),
        cmocka_unit_test(vlan_tags),
        cmocka_unit_test(loopback_families),
        cmocka_unit_test(not_about_tcp),
        cmocka_unit_test(bad_ipv4),
        cmocka_unit_test(ipv4_options_cut),
        cmocka_unit_test(good_ipv4_oddly_flagged),
        cmocka_unit_test(lengths),
        cmocka_unit_test(length_zero),
        cmocka_unit_test(checksums_are_ignored),
        cmocka_unit_test(tcp_options),
        cmocka_unit_test(ipv6_extensions),
    };

    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
