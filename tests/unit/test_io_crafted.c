/*
 * Segments made by hand, as src/io/sender sends them: each is read back, byte by byte, where it arrives at the far
 * end of a wire. In namespaces of the test's own; what a kernel makes of them is in test_io_crafted_kernel.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io_bench.h"

static const uint8_t families[] = {4, 6};

/* What of ours arrives next; the IP header's length is *header. */
static const struct wire_packet *arrives(struct bench *bench)
{
    static struct wire_packet packet;

    network_next_from(bench->there, &bench->flow.local.addr, &packet);
    return &packet;
}

/* A whole packet: its lengths are right, nothing is fragmented. Returns the TCP header and all behind it. */
static const uint8_t *whole(const struct bench *bench, const struct wire_packet *packet, uint32_t length)
{
    const uint8_t *at = packet->at;

    assert_int_equal(packet->length, header_of(bench) + length);
    if (bench->family == 6) {
        assert_int_equal(be16_at(at + 4), length);
        assert_int_equal(at[6], 6);
    } else {
        assert_int_equal(be16_at(at + 2), packet->length);
        assert_int_equal(be16_at(at + 6), 0x4000);
        assert_int_equal(at[9], 6);
    }
    return at + header_of(bench);
}

static bool sums_up(const struct bench *bench, const uint8_t *tcp, uint32_t length)
{
    return network_sums_up(&bench->flow.local.addr, &bench->flow.peer.addr, tcp, length);
}

/* Sends it and gives back its `length` bytes from the TCP header on. */
static const uint8_t *round_trip(struct bench *bench, const struct segment *segment, const uint8_t *payload,
                                 uint32_t length)
{
    send_one(bench, segment, payload);
    return whole(bench, arrives(bench), length);
}

/* For each family. */
static void for_both(void (*test)(struct bench *bench))
{
    for (size_t i = 0; i < sizeof(families); i++) {
        struct bench bench = bench_open(families[i]);
        test(&bench);
        bench_close(&bench);
    }
}

/* ---- the header ---- */

static void fields_of(struct bench *bench)
{
    static const uint8_t payload[] = {1, 2, 3};
    struct segment segment = {.seq = 0x01020304,
                              .ack = 0x05060708,
                              .len = 3,
                              .window = 0x090a,
                              .urgent = 0x0b0c,
                              .flags = TCP_PSH,
                              .reserved = 0xa,
                              .ttl = 3,
                              .tos = 0xb7,
                              .ip_id = 0xd0e1};
    const uint8_t *tcp = round_trip(bench, &segment, payload, 23);
    const uint8_t *ip = tcp - header_of(bench);

    assert_int_equal(be16_at(tcp), LOCAL_PORT);
    assert_int_equal(be16_at(tcp + 2), bench->flow.peer.port);
    assert_int_equal(be32_at(tcp + 4), segment.seq);
    assert_int_equal(be32_at(tcp + 8), segment.ack); /* though TCP_ACK is not there */
    assert_int_equal(tcp[12], 0x5a);
    assert_int_equal(tcp[13], TCP_PSH);
    assert_int_equal(be16_at(tcp + 14), segment.window);
    assert_int_equal(be16_at(tcp + 18), segment.urgent); /* though TCP_URG is not */
    assert_memory_equal(tcp + 20, payload, 3);
    assert_true(sums_up(bench, tcp, 23));
    if (bench->family == 6) {
        assert_int_equal(be32_at(ip), 0x6b700000u); /* version, traffic class, flow label */
        assert_int_equal(ip[7], 3);
    } else {
        assert_int_equal(ip[0], 0x45);
        assert_int_equal(ip[1], 0xb7);
        assert_int_equal(be16_at(ip + 4), 0xd0e1);
        assert_int_equal(ip[8], 3);
    }
}

static void every_field_goes_out(void **state)
{
    (void)state;
    for_both(fields_of);
}

static void every_bit_of(struct bench *bench)
{
    for (unsigned flags = 0; flags < 256; flags++) {
        struct segment segment = {.seq = flags, .flags = (uint8_t)flags, .reserved = (uint8_t)(flags & 15)};
        const uint8_t *tcp = round_trip(bench, &segment, NULL, 20);
        assert_int_equal(tcp[12], 0x50 | (flags & 15));
        assert_int_equal(tcp[13], flags);
        assert_int_equal((tcp - header_of(bench))[bench->family == 6 ? 7 : 8], 77);
        assert_true(sums_up(bench, tcp, 20));
    }
}

static void every_flag_and_reserved_bit_goes_out(void **state)
{
    (void)state;
    for_both(every_bit_of);
}

/* ---- options ---- */

static void options_of(struct bench *bench)
{
    struct crafted crafted = {.has_options = true};
    struct segment segment = {
        .flags = TCP_SYN, .options = {.present = TCP_OPT_MSS | TCP_OPT_TIMESTAMPS, .mss = 1460}, .crafted = &crafted};

    for (uint8_t i = 0; i < TCP_OPTIONS_MAX; i++)
        crafted.options[i] = (uint8_t)(0xff - i);
    for (uint8_t length = 0; length <= TCP_OPTIONS_MAX; length++) {
        uint32_t padded = (length + 3u) / 4 * 4;
        crafted.options_len = length;
        segment.len = length % 3;
        const uint8_t *tcp = round_trip(bench, &segment, (const uint8_t *)"xy", 20 + padded + segment.len);
        assert_int_equal(tcp[12], (20 + padded) / 4 << 4);
        assert_memory_equal(tcp + 20, crafted.options, length);
        assert_memory_equal(tcp + 20 + length, "\0\0\0", padded - length);
        assert_memory_equal(tcp + 20 + padded, "xy", segment.len);
        assert_true(sums_up(bench, tcp, 20 + padded + segment.len));
    }
}

static void option_bytes_replace_the_options(void **state)
{
    (void)state;
    for_both(options_of);
}

/* ---- data offset ---- */

static void offsets_of(struct bench *bench)
{
    struct crafted crafted = {.has_offset = true};
    struct segment segment = {.flags = TCP_SYN,
                              .len = 2,
                              .reserved = 6,
                              .options = {.present = TCP_OPT_MSS, .mss = 0x1234},
                              .crafted = &crafted};

    for (crafted.offset = 0; crafted.offset < 16; crafted.offset++) {
        const uint8_t *tcp = round_trip(bench, &segment, (const uint8_t *)"ab", 26);
        assert_int_equal(tcp[12], crafted.offset << 4 | 6);
        assert_memory_equal(tcp + 20,
                            "\2\4\x12\x34"
                            "ab",
                            6);
        assert_true(sums_up(bench, tcp, 26));
    }
}

static void the_data_offset_can_lie(void **state)
{
    (void)state;
    for_both(offsets_of);
}

/* ---- checksum ---- */

static void checksums_of(struct bench *bench)
{
    static const uint16_t values[] = {0, 1, 0x1234, 0xff00, 0xffff};
    struct crafted crafted = {.has_checksum = true};
    struct segment segment = {.flags = TCP_ACK, .len = 1, .crafted = &crafted};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        crafted.checksum = values[i];
        assert_int_equal(be16_at(round_trip(bench, &segment, (const uint8_t *)"a", 21) + 16), values[i]);
    }
}

static void a_given_checksum_goes_out(void **state)
{
    (void)state;
    for_both(checksums_of);
}

static void bad_checksum_of(struct bench *bench)
{
    struct crafted crafted = {.bad_checksum = true};
    struct segment segment = {.seq = 0x01020304, .flags = TCP_ACK, .len = 3, .ip_id = 9};
    uint16_t right = be16_at(round_trip(bench, &segment, (const uint8_t *)"abc", 23) + 16);
    const uint8_t *tcp;

    segment.crafted = &crafted;
    tcp = round_trip(bench, &segment, (const uint8_t *)"abc", 23);
    assert_int_equal(be16_at(tcp + 16), (uint16_t)~right);
    assert_false(sums_up(bench, tcp, 23));
    assert_memory_equal(tcp + 20, "abc", 3);
    if (bench->family == 4)
        assert_int_equal(be16_at(tcp - 20 + 4), 9);

    /* Adding what is missing to all ones makes the right checksum 0, whose inverse is right as well. */
    segment.window = right;
    segment.crafted = NULL;
    assert_int_equal(be16_at(round_trip(bench, &segment, (const uint8_t *)"abc", 23) + 16), 0);
    segment.crafted = &crafted;
    tcp = round_trip(bench, &segment, (const uint8_t *)"abc", 23);
    assert_false(sums_up(bench, tcp, 23));
}

static void a_bad_checksum_is_the_right_one_inverted(void **state)
{
    (void)state;
    for_both(bad_checksum_of);
}

/* ---- fragments ---- */

/* What a fragment says of itself. */
struct fragment {
    const uint8_t *at;
    uint32_t len;
    uint32_t place;
    bool more;
    uint32_t id;
};

static struct fragment read_fragment(const struct bench *bench, const struct wire_packet *packet)
{
    const uint8_t *ip = packet->at;
    struct fragment out;

    if (bench->family == 6) {
        assert_int_equal(ip[6], 44);
        assert_int_equal(be16_at(ip + 4), packet->length - 40);
        assert_int_equal(ip[40], 6);
        assert_int_equal(ip[41], 0);
        out = (struct fragment){.at = ip + 48,
                                .len = packet->length - 48,
                                .place = be16_at(ip + 42) & 0xfff8u,
                                .more = be16_at(ip + 42) & 1,
                                .id = be32_at(ip + 44)};
        assert_int_equal(be16_at(ip + 42) & 6, 0);
    } else {
        assert_int_equal(be16_at(ip + 2), packet->length);
        assert_int_equal(ip[9], 6);
        assert_int_equal(be16_at(ip + 6) & 0xc000, 0); /* Don't Fragment would be absurd */
        out = (struct fragment){.at = ip + 20,
                                .len = packet->length - 20,
                                .place = (be16_at(ip + 6) & 0x1fffu) * 8,
                                .more = be16_at(ip + 6) & 0x2000,
                                .id = be16_at(ip + 4)};
    }
    return out;
}

/* Takes the pieces of one segment of `length` bytes, held against the rules, into out; returns their id. */
static uint32_t collect(struct bench *bench, const struct segment *segment, uint32_t length, uint8_t *out)
{
    uint32_t at = 0, id = 0;

    while (at < length) {
        const struct wire_packet *packet = arrives(bench);
        struct fragment fragment = read_fragment(bench, packet);
        assert_int_equal(fragment.place, at);
        assert_int_equal(fragment.more, length - at > segment->crafted->fragment);
        assert_int_equal(fragment.len, fragment.more ? segment->crafted->fragment : length - at);
        assert_int_not_equal(fragment.id, 0);
        if (at > 0)
            assert_int_equal(fragment.id, id);
        id = fragment.id;
        assert_int_equal(packet->at[bench->family == 6 ? 7 : 8], 9);
        memcpy(out + at, fragment.at, fragment.len);
        at += fragment.len;
    }
    return id;
}

static void fragments_of(struct bench *bench)
{
    static const uint16_t sizes[] = {8, 16, 24, 32, 1000, 1392};
    static uint8_t payload[1369], got[1400], plain[1400];
    struct crafted crafted = {0};
    struct segment segment = {.seq = 1,
                              .ack = 2,
                              .flags = TCP_ACK,
                              .ttl = 9,
                              .len = sizeof(payload),
                              .options = {.present = TCP_OPT_WSCALE | TCP_OPT_MSS, .mss = 1460, .wscale = 3}};

    for (size_t i = 0; i < sizeof(payload); i++)
        payload[i] = (uint8_t)(i * 7);
    memcpy(plain, round_trip(bench, &segment, payload, 1397), 1397);
    segment.crafted = &crafted;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint32_t id;
        crafted.fragment = sizes[i];
        segment.ip_id = i % 2 ? 0x1234 : 0;
        send_one(bench, &segment, payload);
        id = collect(bench, &segment, 1397, got);
        if (segment.ip_id != 0)
            assert_int_equal(id, segment.ip_id);
        assert_memory_equal(got, plain, 1397);
    }
    /* One that fits in a piece is whole. */
    crafted.fragment = 1400;
    assert_memory_equal(round_trip(bench, &segment, payload, 1397), plain, 1397);
}

static void a_segment_goes_out_in_pieces(void **state)
{
    (void)state;
    for_both(fragments_of);
}

static void all_of(struct bench *bench)
{
    struct crafted crafted = {.has_options = true,
                              .has_offset = true,
                              .bad_checksum = true,
                              .fragment = 8,
                              .options = {9, 9, 9},
                              .options_len = 3,
                              .offset = 15};
    struct segment segment = {.flags = TCP_SYN | TCP_RST, .ttl = 9, .reserved = 15, .urgent = 7, .crafted = &crafted};
    uint8_t got[24];

    send_one(bench, &segment, NULL);
    collect(bench, &segment, 24, got);
    assert_int_equal(got[12], 0xff);
    assert_int_equal(be16_at(got + 18), 7);
    assert_memory_equal(got + 20, "\t\t\t\0", 4);
    assert_false(sums_up(bench, got, 24));
    got[16] ^= 0xff;
    got[17] ^= 0xff;
    assert_true(sums_up(bench, got, 24));
}

static void all_of_it_goes_together(void **state)
{
    (void)state;
    for_both(all_of);
}

static void impossible_wishes_are_refused(void **state)
{
    struct bench bench = bench_open(4);
    struct crafted crafted = {.fragment = 12};
    struct segment segment = {.flags = TCP_SYN, .crafted = &crafted};
    struct fault fault = {0};

    (void)state;
    assert_false(sender_send(bench.sender, &bench.flow, &segment, NULL, &fault));
    assert_string_equal(fault.words, "fragments of 12 bytes: not a multiple of 8");
    fault = (struct fault){0};
    crafted = (struct crafted){.has_options = true, .options_len = 41};
    assert_false(sender_send(bench.sender, &bench.flow, &segment, NULL, &fault));
    assert_string_equal(fault.words, "a segment has no room for 41 bytes of options");
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_goes_out),
        cmocka_unit_test(every_flag_and_reserved_bit_goes_out),
        cmocka_unit_test(option_bytes_replace_the_options),
        cmocka_unit_test(the_data_offset_can_lie),
        cmocka_unit_test(a_given_checksum_goes_out),
        cmocka_unit_test(a_bad_checksum_is_the_right_one_inverted),
        cmocka_unit_test(a_segment_goes_out_in_pieces),
        cmocka_unit_test(all_of_it_goes_together),
        cmocka_unit_test(impossible_wishes_are_refused),
    };

    return cmocka_run_group_tests_name("io_crafted", tests, network_make, network_leave);
}
