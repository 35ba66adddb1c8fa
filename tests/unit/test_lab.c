/* The lab's table of services, and what is read from it. No namespace is made here: the command-line tests do
 * that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lab/lab.h"

static void names_and_ports_are_unique(void **state)
{
    (void)state;
    for (const struct lab_service *a = lab_services; a->name; a++)
        for (const struct lab_service *b = a + 1; b->name; b++) {
            assert_int_not_equal(strcasecmp(a->name, b->name), 0);
            assert_int_not_equal(a->port, b->port);
        }
}

static void every_service_is_described(void **state)
{
    (void)state;
    for (const struct lab_service *service = lab_services; service->name; service++) {
        size_t length = strlen(service->what);
        assert_true(length > 0);
        assert_int_not_equal(service->what[length - 1], '.');
        assert_int_not_equal(service->port, 0);
        assert_int_not_equal(service->host, 0);
    }
}

static void classic_services_are_on_their_ports(void **state)
{
    static const struct {
        const char *name;
        uint16_t port;
    } classic[] = {{"echo", 7}, {"discard", 9}, {"daytime", 13}, {"chargen", 19}, {"http", 80}};

    (void)state;
    for (size_t i = 0; i < sizeof(classic) / sizeof(classic[0]); i++)
        assert_int_equal(lab_service_find(classic[i].name)->port, classic[i].port);
}

static void services_are_found_by_name_and_port(void **state)
{
    (void)state;
    for (const struct lab_service *service = lab_services; service->name; service++) {
        char port[8];
        snprintf(port, sizeof(port), "%u", service->port);
        assert_ptr_equal(lab_service_find(service->name), service);
        assert_ptr_equal(lab_service_find(port), service);
    }
    assert_ptr_equal(lab_service_find("ECHO"), lab_service_find("7"));
}

static void others_are_not_found(void **state)
{
    static const char *const others[] = {"",   "ech", "echo.lab", "echoes", "8",
                                         "07", "7 ",  "-7",       "65543",  "lab"};

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_null(lab_service_find(others[i]));
}

static void assert_resolves(const char *name, const char *addr4, const char *addr6)
{
    struct addr addrs[LAB_ADDRS];
    char text[ADDR_TEXT];

    assert_int_equal(lab_resolve(name, addrs), 2);
    assert_string_equal(addr_format(&addrs[0], text), addr4);
    assert_string_equal(addr_format(&addrs[1], text), addr6);
}

static void names_of_the_lab_resolve(void **state)
{
    (void)state;
    assert_resolves("lab", "192.0.2.2", "2001:db8::2");
    assert_resolves("server.lab", "192.0.2.2", "2001:db8::2");
    assert_resolves("echo.lab", "192.0.2.2", "2001:db8::2");
    assert_resolves("Syn-Cookies.LAB", "192.0.2.2", "2001:db8::2");
    assert_resolves("unreachable.lab", "192.0.2.9", "2001:db8::9");
    assert_resolves("prohibited.lab", "192.0.2.8", "2001:db8::8");
}

static void other_names_do_not_resolve(void **state)
{
    static const char *const others[] = {
        "",           ".lab",         "echo",      "7.lab",    "echo.lab.", "echo.laboratory",
        "nobody.lab", "echo.example", "192.0.2.2", "localhost"};
    struct addr addrs[LAB_ADDRS];

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_int_equal(lab_resolve(others[i], addrs), 0);
}

static void stopping_what_does_not_run_is_harmless(void **state)
{
    struct lab lab = {.peer_netns = -1};

    (void)state;
    lab_stop(&lab);
    lab_stop(&lab);
    assert_int_equal(lab.peer_netns, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_ports_are_unique),
        cmocka_unit_test(every_service_is_described),
        cmocka_unit_test(classic_services_are_on_their_ports),
        cmocka_unit_test(services_are_found_by_name_and_port),
        cmocka_unit_test(others_are_not_found),
        cmocka_unit_test(names_of_the_lab_resolve),
        cmocka_unit_test(other_names_do_not_resolve),
        cmocka_unit_test(stopping_what_does_not_run_is_harmless),
    };

    return cmocka_run_group_tests_name("lab", tests, NULL, NULL);
}
