/*
 * src/io, as far as it needs no privilege: hosts and ports, routes, randomness. Nothing is asked of the
 * network. The guard and the kernel's view have a test program of their own.
 */
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/random.h"
#include "io/resolve.h"
#include "io/route.h"

static struct addr addr_of(const char *text)
{
    struct addr addr;

    assert_true(addr_parse(text, &addr));
    return addr;
}

/* A fault of this kind, whose words have this in them. */
static void assert_fault(const struct fault *fault, enum fault_kind kind, const char *words)
{
    if (fault->kind != kind || !strstr(fault->words, words))
        fail_msg("fault %d, \"%s\" where %d, \"%s\" was to be", (int)fault->kind, fault->words, (int)kind,
                 words);
}

/* Ports and hosts. */

static void port_good(void **state)
{
    static const struct {
        const char *text;
        uint16_t port;
    } cases[] = {{"1", 1}, {"7", 7}, {"0080", 80}, {"65535", 65535}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fault fault = {0};
        uint16_t port = 0;

        assert_true(resolve_port(cases[i].text, &port, &fault));
        assert_int_equal(port, cases[i].port);
    }
}

static void port_bad(void **state)
{
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {"0", "not between 1 and 65535"},
        {"65536", "not between 1 and 65535"},
        {"70000", "port 70000 is not between 1 and 65535"},
        {"18446744073709551617", "not between 1 and 65535"},
        {"htpp", "port \"htpp\" is neither a number nor a service"},
        {"", "neither"},
        {"+80", "neither"},
        {" 80", "neither"},
        {"80 ", "neither"},
        {"-1", "neither"},
        {"8x", "neither"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fault fault = {0};
        uint16_t port = 4711;

        assert_false(resolve_port(cases[i].text, &port, &fault));
        assert_fault(&fault, FAULT_USAGE, cases[i].words);
        assert_int_equal(port, 4711);
    }
}

static void host_numeric(void **state)
{
    static const struct {
        const char *host;
        int family;
        const char *text;
    } cases[] = {
        {"127.0.0.1", 0, "127.0.0.1"},
        {"192.0.2.1", 4, "192.0.2.1"},
        {"127.1", 0, "127.0.0.1"},
        {"2001:db8:0::1", 6, "2001:db8::1"},
        {"[::1]", 0, "::1"},
        {"::ffff:192.0.2.1", 0, "192.0.2.1"},
        {"fe80::1%lo", 0, "fe80::1%lo"},
        {"fe80::1%1", 0, "fe80::1%lo"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct addr found[RESOLVE_MAX];
        struct fault fault = {0};
        char text[ADDR_TEXT];
        unsigned count = 0;

        assert_true(resolve_host(cases[i].host, cases[i].family, found, &count, &fault));
        assert_int_equal(count, 1);
        assert_string_equal(addr_format(&found[0], text), cases[i].text);
    }
}

static void host_bad(void **state)
{
    static const struct {
        const char *host;
        int family;
        enum fault_kind kind;
        const char *words;
    } cases[] = {
        {"", 0, FAULT_USAGE, "not a host"},
        {"[192.0.2.1]", 0, FAULT_USAGE, "not a host"},
        {"two words", 0, FAULT_USAGE, "not a host"},
        {"http://example", 0, FAULT_USAGE, "not a"},
        {"300.1.1.1", 0, FAULT_USAGE, "not an address"},
        {"192.0.2.1.5", 0, FAULT_USAGE, "not an address"},
        {"192.0.2.1:80", 0, FAULT_USAGE, "not an address"},
        {"192.0.2.1%lo", 0, FAULT_USAGE, "not an address"},
        {"2001:db8::g", 0, FAULT_USAGE, "not an address"},
        {"::1", 4, FAULT_USAGE, "::1 is not an IPv4 address"},
        {"127.0.0.1", 6, FAULT_USAGE, "127.0.0.1 is not an IPv6 address"},
        {"::ffff:192.0.2.1", 6, FAULT_USAGE, "not an IPv6 address"},
        {"fe80::1", 0, FAULT_USAGE, "fe80::1%eth0"},
        {"2001:db8::1%lo", 0, FAULT_USAGE, "only a link-local address"},
        {"fe80::1%no-such-if", 0, FAULT_LOCAL, "no interface named no-such-if"},
        {"fe80::1%987654321", 0, FAULT_LOCAL, "no such interface"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct addr found[RESOLVE_MAX];
        struct fault fault = {0};
        unsigned count = 0;

        assert_false(resolve_host(cases[i].host, cases[i].family, found, &count, &fault));
        assert_fault(&fault, cases[i].kind, cases[i].words);
    }
}

static void host_too_long(void **state)
{
    struct addr found[RESOLVE_MAX];
    struct fault fault = {0};
    unsigned count = 0;
    char host[4000];

    (void)state;
    memset(host, 'a', sizeof(host));
    host[sizeof(host) - 1] = '\0';
    assert_false(resolve_host(host, 0, found, &count, &fault));
    assert_fault(&fault, FAULT_USAGE, "not a host");
}

/* Routes. */

static void route_to_loopback(void **state)
{
    struct addr peer = addr_of("127.0.0.1");
    struct addr other = addr_of("127.0.0.5");
    struct route_wish wish = {.interface = NULL};
    struct fault fault = {0};
    struct route route;

    (void)state;
    assert_true(route_find(&peer, &wish, &route, &fault));
    assert_true(addr_equal(&route.source, &peer));
    assert_string_equal(route.name, "lo");
    assert_int_equal(route.interface, if_nametoindex("lo"));
    assert_true(route.mtu >= 576);
    assert_true(route.local);
    assert_false(route.overruled);

    wish.source = other;
    wish.interface = "lo";
    assert_true(route_find(&peer, &wish, &route, &fault));
    assert_true(addr_equal(&route.source, &other));
    assert_false(route.overruled);
}

static void route_refused(void **state)
{
    static const struct {
        const char *peer;
        const char *interface;
        const char *source;
        enum fault_kind kind;
        const char *words;
    } cases[] = {
        {"0.0.0.0", NULL, NULL, FAULT_USAGE, "0.0.0.0 is not a host"},
        {"255.255.255.255", NULL, NULL, FAULT_USAGE, "255.255.255.255 is not a host"},
        {"224.0.0.1", NULL, NULL, FAULT_USAGE, "224.0.0.1 is not a host"},
        {"127.255.255.255", NULL, NULL, FAULT_USAGE, "is not a host"},
        {"::", NULL, NULL, FAULT_USAGE, ":: is not a host"},
        {"ff02::1", NULL, NULL, FAULT_USAGE, "ff02::1 is not a host"},
        {"fe80::1", NULL, NULL, FAULT_USAGE, "fe80::1%eth0"},
        {"127.0.0.1", "no-such-if", NULL, FAULT_LOCAL, "no interface named no-such-if"},
        {"127.0.0.1", NULL, "192.0.2.77", FAULT_LOCAL, "source 192.0.2.77 is not an address of this machine"},
        {"127.0.0.1", NULL, "::1", FAULT_USAGE, "same family"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct route_wish wish = {.interface = cases[i].interface};
        struct addr peer = addr_of(cases[i].peer);
        struct fault fault = {0};
        struct route route;

        if (cases[i].source)
            wish.source = addr_of(cases[i].source);
        assert_false(route_find(&peer, &wish, &route, &fault));
        assert_fault(&fault, cases[i].kind, cases[i].words);
    }
}

static void random_differs(void **state)
{
    struct fault fault = {0};
    uint32_t bits_set = 0;
    uint32_t bits_clear = 0;

    (void)state;
    for (int i = 0; i < 64; i++) {
        uint32_t number;

        assert_true(random_u32(&number, &fault));
        bits_set |= number;
        bits_clear |= ~number;
    }
    assert_int_equal(bits_set, UINT32_MAX);
    assert_int_equal(bits_clear, UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_good),     cmocka_unit_test(port_bad),
        cmocka_unit_test(host_numeric),  cmocka_unit_test(host_bad),
        cmocka_unit_test(host_too_long), cmocka_unit_test(route_to_loopback),
        cmocka_unit_test(route_refused), cmocka_unit_test(random_differs),
    };

    return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}
