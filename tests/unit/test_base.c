/* src/base: sequence arithmetic, spans of time, text, faults, addresses. */
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/fault.h"
#include "base/nanos.h"
#include "base/seq.h"
#include "base/text.h"

static void seq_wraps_around(void **state)
{
    (void)state;
    assert_true(seq_lt(1, 2));
    assert_false(seq_lt(2, 1));
    assert_false(seq_lt(7, 7));
    assert_true(seq_lt(0xffffffff, 0));
    assert_false(seq_lt(0, 0xffffffff));
    assert_true(seq_lt(0xfffffff0, 0x10));
    assert_true(seq_lt(0, 0x7fffffff)); /* the farthest that is still ahead */
    assert_false(seq_lt(0, 0x80000001));
    assert_true(seq_lt(0x80000001, 0));
    assert_true(seq_lt(0x7fffffff, 0x80000000)); /* no sign hides in the middle */
    assert_true(seq_le(7, 7));
    assert_true(seq_le(0xffffffff, 0));
    assert_false(seq_le(0, 0xffffffff));
    assert_int_equal(seq_max(0xffffffff, 3), 3);
    assert_int_equal(seq_max(3, 0xffffffff), 3);
    assert_int_equal(seq_max(5, 5), 5);
}

static void nanos_parse_good(void **state)
{
    static const struct {
        const char *text;
        nanos span;
    } rows[] = {
        {"0", 0},
        {"1", INT64_C(1000000000)},
        {"007", INT64_C(7000000000)},
        {"2s", INT64_C(2000000000)},
        {"0.5s", INT64_C(500000000)},
        {"0.5", INT64_C(500000000)},
        {"500ms", INT64_C(500000000)},
        {"1.25ms", INT64_C(1250000)},
        {"3us", INT64_C(3000)},
        {"0.001us", INT64_C(1)},
        {"17ns", INT64_C(17)},
        {"1.9ns", INT64_C(1)}, /* less than a nanosecond is dropped */
        {"0.0000000019s", INT64_C(1)},
        {"0.123456789", INT64_C(123456789)},
        {"0.12345678999999999999999999999999", INT64_C(123456789)},
        {"1.5m", INT64_C(90000000000)},
        {"2h", INT64_C(7200000000000)},
        {"0.25h", INT64_C(900000000000)},
        {"24000h", INT64_C(86400000000000000)}, /* a thousand days */
        {"86400000000000000ns", INT64_C(86400000000000000)},
        {"86400000", INT64_C(86400000000000000)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        nanos out = -1;

        assert_true(nanos_parse(rows[i].text, &out));
        assert_true(out == rows[i].span);
    }
}

static void nanos_parse_bad(void **state)
{
    static const char *const rows[] = {
        "",
        " ",
        "s",
        "ms",
        ".5",
        "5.",
        "5.s",
        "-1",
        "-0",
        "+1",
        " 1",
        "1 ",
        "1 s",
        "1S",
        "1sec",
        "1mss",
        "1d",
        "1e3",
        "0x10",
        "1,5",
        "1.5.5",
        "1..5",
        "1s1",
        "inf",
        "nan",
        "24001h",
        "1440001m",
        "86400001",
        "86400000001ms",
        "86400000000000001ns",
        "99999999999999999999999999999999",
        "18446744073709551617",
        "9223372036854775808ns",
        "1\xc2\xb5s",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        nanos out = 4711;

        if (nanos_parse(rows[i], &out))
            fail_msg("\"%s\" was read as a span", rows[i]);
        assert_true(out == 4711);
    }
}

static void text_is_bounded(void **state)
{
    char buffer[16];
    struct text text;

    (void)state;
    memset(buffer, '#', sizeof(buffer));
    text_init(&text, buffer, 8);
    assert_string_equal(buffer, "");
    text_add(&text, "%s-%d", "ab", 12);
    assert_string_equal(buffer, "ab-12");
    assert_int_equal(text.used, 5);
    text_add(&text, "yz"); /* fills it to the last byte */
    assert_string_equal(buffer, "ab-12yz");
    assert_false(text.cut);
    text_add(&text, "%s", "");
    assert_false(text.cut);
    text_add(&text, "!");
    assert_true(text.cut);
    assert_string_equal(buffer, "ab-12yz");
    assert_int_equal(text.used, 7);
    text_add(&text, "more");
    assert_string_equal(buffer, "ab-12yz");
    assert_int_equal(buffer[8], '#');

    text_init(&text, buffer, 4);
    text_add(&text, "%d", 123456);
    assert_string_equal(buffer, "123");
    assert_true(text.cut);
    assert_int_equal(buffer[4], '2'); /* as it was */

    text_init(&text, buffer, 1);
    text_add(&text, "x");
    assert_string_equal(buffer, "");
    assert_true(text.cut);
}

static void fault_keeps_the_first_cause(void **state)
{
    struct fault fault = {0};

    (void)state;
    assert_false(fault_set(&fault, FAULT_LOCAL, "%s: %d", "eth0", 19));
    assert_int_equal(fault.kind, FAULT_LOCAL);
    assert_string_equal(fault.words, "eth0: 19");
    assert_false(fault_set(&fault, FAULT_USAGE, "later"));
    assert_int_equal(fault.kind, FAULT_LOCAL);
    assert_string_equal(fault.words, "eth0: 19");
    assert_false(fault_context(&fault, "capture on %s", "eth0"));
    assert_string_equal(fault.words, "capture on eth0: eth0: 19");
    assert_int_equal(fault.kind, FAULT_LOCAL);
}

static void fault_words_are_cut(void **state)
{
    struct {
        struct fault fault;
        char after[8];
    } box = {{0}, "fence"};
    char longer[2 * FAULT_WORDS];

    (void)state;
    memset(longer, 'w', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    fault_set(&box.fault, FAULT_USAGE, "%s", longer);
    assert_int_equal(strlen(box.fault.words), FAULT_WORDS - 1);
    fault_context(&box.fault, "here");
    assert_int_equal(strlen(box.fault.words), FAULT_WORDS - 1);
    assert_memory_equal(box.fault.words, "here: www", 9);
    fault_context(&box.fault, "%s", longer);
    assert_int_equal(strlen(box.fault.words), FAULT_WORDS - 1);
    assert_int_equal(box.fault.words[0], 'w');
    assert_string_equal(box.after, "fence");
}

static void addr_parse_good(void **state)
{
    static const struct {
        const char *text, *canonical;
        uint8_t family;
        uint32_t zone;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1", 4, 0},
        {"0.0.0.0", "0.0.0.0", 4, 0},
        {"255.255.255.255", "255.255.255.255", 4, 0},
        {"::", "::", 6, 0},
        {"::1", "::1", 6, 0},
        {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1", 6, 0}, /* RFC 5952 4.2.3 */
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", 6, 0},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1", 6, 0},
        {"fe80::1", "fe80::1", 6, 0},
        {"fe80::1%4000000000", "fe80::1%4000000000", 6, 4000000000}, /* no such interface: the number stays */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct addr addr;
        char out[ADDR_TEXT];

        assert_true(addr_parse(rows[i].text, &addr));
        assert_int_equal(addr.family, rows[i].family);
        assert_int_equal(addr.zone, rows[i].zone);
        assert_string_equal(addr_format(&addr, out), rows[i].canonical);
    }
}

static void addr_parse_bytes(void **state)
{
    static const uint8_t v4[16] = {192, 0, 2, 1};
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xab, 0xcd};
    struct addr addr;

    (void)state;
    memset(&addr, 0xff, sizeof(addr));
    assert_true(addr_parse("192.0.2.1", &addr));
    assert_memory_equal(addr.bytes, v4, 16); /* the rest is zero */
    assert_true(addr_parse("2001:db8::abcd", &addr));
    assert_memory_equal(addr.bytes, v6, 16);
}

static void addr_parse_bad(void **state)
{
    static const char *const rows[] = {
        "",
        "localhost",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.1.1",
        "192.0.2.1%1",
        "192.0.2.1:80",
        "1.2.3.4 ",
        " ::1",
        "::1::",
        ":::",
        "[::1]",
        "2001:db8",
        "12345::",
        "g::",
        "fe80::1%",
        "fe80::1%0",
        "fe80::1%no-such-if",
        "fe80::1%1x",
        "%1",
        "::1/64",
        "2001:db8:0000:0000:0000:0000:0000:0001:2001:db8:0000:0000:0000:0000:0000:0001",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct addr addr = {.family = 77, .zone = 5};

        if (addr_parse(rows[i], &addr))
            fail_msg("\"%s\" was read as an address", rows[i]);
        assert_int_equal(addr.family, 77);
        assert_int_equal(addr.zone, 5);
    }
}

/* Interface 1 is the loopback interface in every network namespace. */
static void addr_zone_by_name(void **state)
{
    struct addr addr;
    char out[ADDR_TEXT], name[IF_NAMESIZE], text[ADDR_TEXT];

    (void)state;
    if (!if_indextoname(1, name))
        skip();
    snprintf(text, sizeof(text), "fe80::2%%%s", name);
    assert_true(addr_parse(text, &addr));
    assert_int_equal(addr.zone, 1);
    assert_string_equal(addr_format(&addr, out), text);
    assert_true(addr_parse("fe80::2%1", &addr));
    assert_string_equal(addr_format(&addr, out), text);
    assert_true(addr_parse("2001:db8::2%1", &addr));
    assert_string_equal(addr_format(&addr, out), "2001:db8::2"); /* a global address needs no zone */
}

static void addresses_compare(void **state)
{
    struct addr a, b;
    struct endpoint e, f;

    (void)state;
    assert_true(addr_parse("fe80::1", &a));
    b = a;
    assert_true(addr_equal(&a, &b));
    b.zone = 2;
    assert_true(addr_equal(&a, &b)); /* one side names no zone */
    a.zone = 3;
    assert_false(addr_equal(&a, &b));
    a.zone = 2;
    assert_true(addr_equal(&a, &b));
    b.bytes[15] = 9;
    assert_false(addr_equal(&a, &b));
    assert_true(addr_parse("1.2.3.4", &a));
    b = a;
    b.family = 6;
    assert_false(addr_equal(&a, &b));
    e = f = (struct endpoint){.addr = a, .port = 80};
    assert_true(endpoint_equal(&e, &f));
    f.port = 81;
    assert_false(endpoint_equal(&e, &f));
    f = e;
    f.addr.bytes[0] = 2;
    assert_false(endpoint_equal(&e, &f));
}

static void link_local_addresses(void **state)
{
    static const struct {
        const char *text;
        bool link_local;
    } rows[] = {
        {"fe80::1", true},      {"febf:ffff::1", true}, {"fec0::1", false},     {"fe7f::1", false},
        {"ff02::1", false},     {"::1", false},         {"254.128.0.0", false}, /* the same first bytes */
        {"169.254.1.1", false},
    };
    struct addr addr;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(addr_parse(rows[i].text, &addr));
        assert_int_equal(addr_is_link_local(&addr), rows[i].link_local);
    }
}

static void endpoints_as_text_and_sockaddr(void **state)
{
    static const struct {
        const char *addr, *text;
        uint16_t port;
        int family;
        socklen_t length;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1:7", 7, AF_INET, sizeof(struct sockaddr_in)},
        {"2001:db8::1", "[2001:db8::1]:65535", 65535, AF_INET6, sizeof(struct sockaddr_in6)},
        {"fe80::1%4000000000", "[fe80::1%4000000000]:0", 0, AF_INET6, sizeof(struct sockaddr_in6)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct endpoint endpoint = {.port = rows[i].port}, back;
        struct sockaddr_storage storage;
        char out[ENDPOINT_TEXT];

        assert_true(addr_parse(rows[i].addr, &endpoint.addr));
        assert_string_equal(endpoint_format(&endpoint, out), rows[i].text);
        assert_int_equal(endpoint_to_sockaddr(&endpoint, &storage), rows[i].length);
        assert_int_equal(storage.ss_family, rows[i].family);
        back = endpoint_from_sockaddr((const struct sockaddr *)&storage);
        assert_memory_equal(&back.addr, &endpoint.addr, sizeof(back.addr));
        assert_int_equal(back.port, rows[i].port);
    }
}

static void sockaddr_bytes(void **state)
{
    static const uint8_t port[2] = {0x12, 0x34};
    static const uint8_t v4[4] = {192, 0, 2, 1};
    struct endpoint endpoint = {.port = 0x1234};
    struct sockaddr_storage storage;
    struct sockaddr_in in;
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    (void)state;
    assert_true(addr_parse("192.0.2.1", &endpoint.addr));
    endpoint_to_sockaddr(&endpoint, &storage);
    memcpy(&in, &storage, sizeof(in));
    assert_memory_equal(&in.sin_port, port, 2);
    assert_memory_equal(&in.sin_addr, v4, 4);
    endpoint = endpoint_from_sockaddr((const struct sockaddr *)&un);
    assert_int_equal(endpoint.addr.family, 0);
    assert_int_equal(endpoint.port, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seq_wraps_around),
        cmocka_unit_test(nanos_parse_good),
        cmocka_unit_test(nanos_parse_bad),
        cmocka_unit_test(text_is_bounded),
        cmocka_unit_test(fault_keeps_the_first_cause),
        cmocka_unit_test(fault_words_are_cut),
        cmocka_unit_test(addr_parse_good),
        cmocka_unit_test(addr_parse_bytes),
        cmocka_unit_test(addr_parse_bad),
        cmocka_unit_test(addr_zone_by_name),
        cmocka_unit_test(addresses_compare),
        cmocka_unit_test(link_local_addresses),
        cmocka_unit_test(endpoints_as_text_and_sockaddr),
        cmocka_unit_test(sockaddr_bytes),
    };

    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
