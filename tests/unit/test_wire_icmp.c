/* ICMP and ICMPv6 errors: which of them are about a segment, and what they say of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "frame.h"
#include "packet_assert.h"

static void icmp_errors(void **state)
{
    struct frame frame;
    struct packet packet;
    char text[ADDR_TEXT];

    (void)state;
    sample_icmp(&frame);
    packet = read_frame(&frame);
    assert_int_equal(packet.kind, PACKET_ICMP_ERROR);
    assert_endpoint(&packet.src, V4_FROM_0);
    assert_endpoint(&packet.dst, V4_TO_0);
    assert_string_equal(addr_format(&packet.icmp.from, text), "192.0.2.1");
    assert_int_equal(packet.icmp.family, 4);
    assert_int_equal(packet.icmp.type, 3);
    assert_int_equal(packet.icmp.code, 4);
    assert_int_equal(packet.icmp.mtu, 1400);
    assert_endpoint(&packet.icmp.quoted_src, V4_FROM);
    assert_endpoint(&packet.icmp.quoted_dst, V4_TO);
    assert_int_equal(packet.icmp.quoted_seq, 0x01020304);
    assert_null(packet.payload);

    frame.at[35] = 1; /* host unreachable: those two bytes mean nothing now */
    packet = read_frame(&frame);
    assert_int_equal(packet.kind, PACKET_ICMP_ERROR);
    assert_int_equal(packet.icmp.code, 1);
    assert_int_equal(packet.icmp.mtu, 0);

    sample_icmp6(&frame);
    packet = read_frame(&frame);
    assert_int_equal(packet.kind, PACKET_ICMP_ERROR);
    assert_string_equal(addr_format(&packet.icmp.from, text), "2001:db8::1");
    assert_int_equal(packet.icmp.family, 6);
    assert_int_equal(packet.icmp.type, 2);
    assert_int_equal(packet.icmp.mtu, 1280);
    assert_endpoint(&packet.icmp.quoted_src, V6_FROM);
    assert_endpoint(&packet.icmp.quoted_dst, V6_TO);
    assert_int_equal(packet.icmp.quoted_seq, 0x01020304);
}

static void icmp_types(void **state)
{
    static const uint8_t v4[] = {3, 11, 12}, v6[] = {1, 2, 3, 4};

    (void)state;
    for (int type = 0; type < 256; type++) {
        struct frame frame;

        sample_icmp(&frame);
        frame.at[34] = (uint8_t)type;
        assert_int_equal(read_frame(&frame).kind,
                         memchr(v4, type, sizeof(v4)) ? PACKET_ICMP_ERROR : PACKET_OTHER);
        sample_icmp6(&frame);
        frame.at[40] = (uint8_t)type;
        assert_int_equal(read_frame(&frame).kind,
                         memchr(v6, type, sizeof(v6)) ? PACKET_ICMP_ERROR : PACKET_OTHER);
    }
}

static void icmp_quotes_that_do_not_count(void **state)
{
    struct frame frame;
    struct packet packet;

    (void)state;
    sample_icmp(&frame); /* the quoted IPv4 header is at 42 */
    frame.at[42 + 9] = 17;
    assert_int_equal(read_frame(&frame).kind, PACKET_OTHER);
    sample_icmp(&frame);
    frame.at[42] = 0x67;
    assert_int_equal(read_frame(&frame).kind, PACKET_OTHER);
    sample_icmp(&frame);
    set16(&frame, 42 + 6, 0x0010); /* a later fragment has no ports */
    assert_int_equal(read_frame(&frame).kind, PACKET_OTHER);
    set16(&frame, 42 + 6, 0x2000); /* the first has */
    assert_int_equal(read_frame(&frame).kind, PACKET_ICMP_ERROR);
    sample_icmp(&frame);
    set16(&frame, 42 + 2, 0xffff); /* its length is not ours to believe */
    assert_int_equal(read_frame(&frame).kind, PACKET_ICMP_ERROR);

    sample_icmp(&frame); /* seven bytes of TCP, by the outer IP header */
    set16(&frame, 16, 20 + 8 + 28 + 7);
    packet = read_frame(&frame);
    assert_oddity(&packet, "an ICMP error that quotes too little of the segment", V4_FROM_0, V4_TO_0);
    assert_endpoint(&packet.icmp.quoted_src, V4_FROM);
    assert_int_equal(packet.icmp.quoted_seq, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(icmp_errors),
        cmocka_unit_test(icmp_types),
        cmocka_unit_test(icmp_quotes_that_do_not_count),
    };

    return cmocka_run_group_tests_name("wire icmp", tests, NULL, NULL);
}
