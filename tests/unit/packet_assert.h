/* What the tests of src/wire hold a packet against. Needs cmocka.h before it. */
#ifndef UNIT_PACKET_ASSERT_H
#define UNIT_PACKET_ASSERT_H

#include "wire/packet.h"

static inline void assert_endpoint(const struct endpoint *endpoint, const char *text)
{
    char out[ENDPOINT_TEXT];

    assert_string_equal(endpoint_format(endpoint, out), text);
}

static inline void assert_oddity(const struct packet *packet, const char *words, const char *src,
                                 const char *dst)
{
    assert_int_equal(packet->kind, PACKET_ODDITY);
    assert_string_equal(packet->oddity, words);
    if (src) {
        assert_endpoint(&packet->src, src);
        assert_endpoint(&packet->dst, dst);
    } else {
        assert_int_equal(packet->src.addr.family, 0);
        assert_int_equal(packet->dst.addr.family, 0);
    }
}

#define V4_FROM "192.0.2.1:40000"
#define V4_TO "198.51.100.2:80"
#define V4_FROM_0 "192.0.2.1:0"
#define V4_TO_0 "198.51.100.2:0"
#define V6_FROM "[2001:db8::1]:40000"
#define V6_TO "[2001:db8:0:1::2]:80"
#define V6_FROM_0 "[2001:db8::1]:0"
#define V6_TO_0 "[2001:db8:0:1::2]:0"

#endif
