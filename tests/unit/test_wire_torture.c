/*
 * What hostile or broken input does to the readers of src/wire: every input ends at a page that can't be
 * touched, so that one byte read too far ends the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "frame.h"

/* The claims that hold for whatever goes in. */
static void assert_sound(const struct packet *packet, uint32_t captured)
{
    const uint8_t *end = guard_end();

    assert_in_range(packet->kind, PACKET_OTHER, PACKET_ODDITY);
    assert_true((packet->kind == PACKET_ODDITY) == (packet->oddity != NULL));
    assert_true((packet->payload != NULL) == (packet->payload_captured > 0));
    assert_int_equal(packet->src.addr.zone, 0);
    assert_int_equal(packet->src.addr.family, packet->dst.addr.family);
    assert_in_range(packet->segment.options.sack_count, 0, SACK_BLOCKS_MAX);
    if (packet->payload) {
        assert_int_equal(packet->kind, PACKET_SEGMENT);
        assert_true(packet->payload >= end - captured && packet->payload + packet->payload_captured <= end);
        assert_true(packet->payload_captured <= packet->segment.len);
    }
    if (packet->kind == PACKET_SEGMENT || packet->kind == PACKET_ICMP_ERROR)
        assert_true(packet->src.addr.family == 4 || packet->src.addr.family == 6);
}

/* The snap length cuts: all that the headers say remains true as long as the headers are there. */
static void every_captured_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct frame frame;
        struct packet whole, cut;

        samples[i](&frame);
        read_guarded(&frame, frame.used, frame.used, &whole);
        assert_true(whole.kind == PACKET_SEGMENT || whole.kind == PACKET_ICMP_ERROR);
        for (uint32_t n = 0; n < frame.used; n++) {
            read_guarded(&frame, n, frame.used, &cut);
            assert_sound(&cut, n);
            if (n < frame.headers_end) {
                assert_true(cut.kind == PACKET_ODDITY || cut.kind == PACKET_OTHER);
                assert_memory_equal(&cut.segment.options, &(struct tcp_options){0},
                                    sizeof(struct tcp_options));
                if (whole.kind == PACKET_SEGMENT)
                    assert_string_equal(cut.oddity, "the capture ends inside the headers");
                continue;
            }
            assert_int_equal(cut.kind, whole.kind);
            assert_memory_equal(&cut.segment, &whole.segment, sizeof(cut.segment));
            assert_memory_equal(&cut.icmp, &whole.icmp, sizeof(cut.icmp));
            assert_memory_equal(&cut.src, &whole.src, sizeof(cut.src));
            assert_memory_equal(&cut.dst, &whole.dst, sizeof(cut.dst));
            if (whole.kind == PACKET_SEGMENT)
                assert_int_equal(cut.payload_captured,
                                 (n < frame.ip_end ? n : frame.ip_end) - frame.headers_end);
        }
    }
}

/* The sender, or the wire, cuts: nothing is a segment until all is there that the IP header counts. */
static void every_wire_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct frame frame;
        struct packet whole, cut;

        samples[i](&frame);
        read_guarded(&frame, frame.used, frame.used, &whole);
        for (uint32_t n = 0; n < frame.used; n++) {
            read_guarded(&frame, n, n, &cut);
            assert_sound(&cut, n);
            if (n >= frame.ip_end)
                assert_int_equal(cut.kind, whole.kind);
            else if (whole.kind == PACKET_SEGMENT)
                assert_int_equal(cut.kind, PACKET_ODDITY);
            else
                assert_true(cut.kind == PACKET_OTHER || cut.kind == PACKET_ODDITY);
            if (n < frame.headers_end && cut.oddity)
                assert_string_not_equal(cut.oddity, "the capture ends inside the headers");
        }
    }
}

/* Each option of known kind with every length from 0 to 255, in a header with room for 0 to 40 bytes. */
static void every_option_length(void **state)
{
    static const struct {
        uint8_t kind, bit;
        uint8_t good[SACK_BLOCKS_MAX]; /* the whole lengths that it may have; 0: no more */
    } known[] = {
        {2, TCP_OPT_MSS, {4}},
        {3, TCP_OPT_WSCALE, {3}},
        {4, TCP_OPT_SACK_PERMITTED, {2}},
        {5, TCP_OPT_SACK, {10, 18, 26, 34}},
        {8, TCP_OPT_TIMESTAMPS, {10}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        for (uint32_t room = 4; room <= 40; room += 4)
            for (uint32_t length = 0; length < 256; length++) {
                uint8_t options[40];
                struct frame frame;
                struct packet packet;
                bool good = length != 0 && length <= room &&
                            memchr(known[i].good, (int)length, sizeof(known[i].good)) != NULL;

                memset(options, 0, sizeof(options)); /* end of list behind it */
                options[0] = known[i].kind;
                options[1] = (uint8_t)length;
                put_link(&frame, LINK_IPV4, 4);
                put_v4(&frame, 6, 0);
                put_tcp(&frame, TCP_ACK, options, room);
                end_v4(&frame, 0);
                packet = read_frame(&frame);
                assert_int_equal(packet.kind, PACKET_SEGMENT);
                assert_int_equal(packet.segment.options.present, good ? known[i].bit : TCP_OPT_MALFORMED);
            }
}

/* Option lists cut at every byte, by a header that ends there: what stood before the cut was read. */
static void every_options_prefix(void **state)
{
    static const uint8_t list[] = {2, 4, 0x05, 0xb4, 3, 3, 7, 4, 2, 8, 10, 1, 2,   3, 4,    5,   6,
                                   7, 8, 5,    10,   9, 9, 9, 9, 8, 8, 8,  8, 253, 4, 0xf9, 0x89};
    static const struct {
        uint8_t end, bit;
    } ends[] = {{4, TCP_OPT_MSS},         {7, TCP_OPT_WSCALE}, {9, TCP_OPT_SACK_PERMITTED},
                {19, TCP_OPT_TIMESTAMPS}, {29, TCP_OPT_SACK},  {33, TCP_OPT_OTHER}};

    (void)state;
    for (uint32_t n = 0; n <= sizeof(list); n++) {
        /* NOPs in front make the list end where the header ends. */
        uint8_t options[40], present = 0;
        uint32_t room = (n + 3) / 4 * 4, whole = 0;
        struct frame frame;
        struct packet packet;

        memset(options, 1, sizeof(options));
        memcpy(options + room - n, list, n);
        put_link(&frame, LINK_IPV6, 6);
        put_v6(&frame, 6);
        put_tcp(&frame, TCP_ACK, options, room);
        end_v6(&frame, 0);
        packet = read_frame(&frame);
        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]) && ends[i].end <= n; i++) {
            present |= ends[i].bit;
            whole = ends[i].end;
        }
        if (whole < n)
            present |= TCP_OPT_MALFORMED;
        assert_int_equal(packet.kind, PACKET_SEGMENT);
        assert_int_equal(packet.segment.options.present, present);
    }
}

/* A 60-byte header whose options are one value throughout: 40 bytes of garbage, in 256 ways. */
static void garbage_options(void **state)
{
    (void)state;
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint8_t options[40];
        struct frame frame;
        struct packet packet;
        uint8_t present = TCP_OPT_MALFORMED; /* the length is wrong for the kind, or too long */

        memset(options, (int)byte, sizeof(options));
        put_link(&frame, LINK_ETHERNET, 4);
        put_v4(&frame, 6, 0);
        put_tcp(&frame, TCP_ACK, options, 40);
        end_v4(&frame, 14);
        packet = read_frame(&frame);
        if (byte <= 1)
            present = 0;
        else if (byte == 3) /* thirteen window scales of 3, and one byte of a fourteenth */
            present = TCP_OPT_WSCALE | TCP_OPT_MALFORMED;
        else if ((byte >= 6 && byte <= 40) && byte != 8)
            present = 40 % byte == 0 ? TCP_OPT_OTHER : TCP_OPT_OTHER | TCP_OPT_MALFORMED;
        assert_int_equal(packet.kind, PACKET_SEGMENT);
        assert_int_equal(packet.segment.options.present, present);
        assert_int_equal(packet.segment.len, 0);
    }
}

/* xorshift32 (Marsaglia, "Xorshift RNGs", 2003): the same mutations every time. */
static uint32_t draw(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void random_mutations(void **state)
{
    static const int links[] = {LINK_NULL,      LINK_ETHERNET, LINK_RAW,  LINK_RAW_FILE,   LINK_LOOP,
                                LINK_LINUX_SLL, LINK_IPV4,     LINK_IPV6, LINK_LINUX_SLL2, 7};
    unsigned seen[PACKET_ODDITY + 1] = {0};
    uint32_t seed = 20260101;
    struct frame frame;
    struct packet packet;

    (void)state;
    for (unsigned round = 0; round < 400000; round++) {
        uint32_t captured;

        samples[draw(&seed) % SAMPLES](&frame);
        captured = draw(&seed) % 4 ? frame.used : draw(&seed) % (frame.used + 1);
        for (uint32_t changes = draw(&seed) % 6; changes > 0; changes--)
            frame.at[draw(&seed) % frame.used] = (uint8_t)draw(&seed);
        if (draw(&seed) % 16 == 0)
            frame.link = links[draw(&seed) % (sizeof(links) / sizeof(links[0]))];
        read_guarded(&frame, captured, draw(&seed) % 4 ? frame.used : draw(&seed), &packet);
        assert_sound(&packet, captured);
        seen[packet.kind]++;
    }
    for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++)
        assert_true(seen[i] > 10000); /* or the mutations test less than they seem to */
}

static void pure_noise(void **state)
{
    static const int links[] = {LINK_ETHERNET, LINK_RAW,       LINK_IPV4,
                                LINK_IPV6,     LINK_LINUX_SLL, LINK_LINUX_SLL2};
    uint32_t seed = 4;
    struct frame frame = {0};
    struct packet packet;

    (void)state;
    for (unsigned round = 0; round < 100000; round++) {
        frame.link = links[draw(&seed) % (sizeof(links) / sizeof(links[0]))];
        frame.used = draw(&seed) % 128;
        for (uint32_t i = 0; i < frame.used; i++)
            frame.at[i] = (uint8_t)draw(&seed);
        read_guarded(&frame, frame.used, draw(&seed), &packet);
        assert_sound(&packet, frame.used);
    }
}

/* As many extension headers as a jumbo frame holds: an answer, and soon. */
static void endless_extensions(void **state)
{
    struct frame frame;
    struct packet packet;

    (void)state;
    for (unsigned count = 1; count < 200; count++) {
        put_link(&frame, LINK_RAW, 6);
        put_v6(&frame, 60);
        for (unsigned i = 0; i < count; i++)
            PUT(&frame, i + 1 < count ? 60 : 6, 0, 1, 4, 0, 0, 0, 0);
        put_tcp(&frame, TCP_ACK, NULL, 0);
        end_v6(&frame, 0);
        packet = read_frame(&frame);
        assert_int_equal(packet.kind, count <= 16 ? PACKET_SEGMENT : PACKET_ODDITY);
        if (count > 16)
            assert_string_equal(packet.oddity, "too many IPv6 extension headers");
        assert_int_equal(packet.src.addr.family, 6);
        assert_int_equal(packet.src.port, count <= 16 ? 40000 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_captured_prefix),
        cmocka_unit_test(every_wire_prefix),
        cmocka_unit_test(every_option_length),
        cmocka_unit_test(every_options_prefix),
        cmocka_unit_test(garbage_options),
        cmocka_unit_test(random_mutations),
        cmocka_unit_test(pure_noise),
        cmocka_unit_test(endless_extensions),
    };

    return cmocka_run_group_tests_name("wire torture", tests, NULL, NULL);
}
