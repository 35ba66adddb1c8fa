/* The clients of the lab: what each does with a server of the kernel, how they start and how they end. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/privilege.h"
#include "lab_home.h"

#define NOT_HERE 77 /* exit status of a child that could not try what it was to */

/* ---- the table ---- */

static void names_are_unique_and_described(void **state)
{
    (void)state;
    for (const struct lab_client *client = lab_clients; client->name; client++) {
        size_t length = strlen(client->what);
        assert_true(length > 0);
        assert_int_not_equal(client->what[length - 1], '.');
        assert_non_null(client->behaviour);
        assert_ptr_equal(lab_client_find(client->name), client);
        assert_null(lab_service_find(client->name));
    }
    assert_ptr_equal(lab_client_find("Client-HTTP"), lab_client_find("client-http"));
    assert_null(lab_client_find(""));
    assert_null(lab_client_find("echo"));
    assert_null(lab_client_find("client-"));
}

/* ---- each client ---- */

static void client_closes_after_us(void **state)
{
    const struct home *home = home_of(state);

    for (size_t i = 0; i < home_addresses(home); i++) {
        struct served served = served_by_us(home, "client", home_ours[i]);
        served_says(&served, "hello\r\n", false);
        home_await_state(home, &served.flow, ESTABLISHED);
        served_say(&served);
        served_end(&served);
        served_says(&served, "", true);
        home_await_state(home, &served.flow, CLOSED);
        close(served.fd);
    }
}

static void client_http_asks_and_closes_after_us(void **state)
{
    const struct home *home = home_of(state);

    for (size_t i = 0; i < home_addresses(home); i++) {
        struct served served = served_by_us(home, "client-http", home_ours[i]);
        served_says(&served, "GET / HTTP/1.0\r\n\r\n", false);
        served_say(&served);
        served_end(&served);
        served_says(&served, "", true);
        home_await_state(home, &served.flow, CLOSED);
        close(served.fd);
    }
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Never early, however slow this machine is just now. */
static void client_closes_late_takes_its_time(void **state)
{
    const struct home *home = home_of(state);
    struct served served = served_by_us(home, "client-closes-late", home_ours[0]);

    served_says(&served, "hello\r\n", false);
    int64_t ended_at = now_ms();
    served_end(&served);
    served_says(&served, "", true);
    assert_true(now_ms() - ended_at >= 499);
    home_await_state(home, &served.flow, CLOSED);
    close(served.fd);
}

/* The application has gone with its close: data finds nobody. */
static void client_closes_first_leaves_an_orphan(void **state)
{
    const struct home *home = home_of(state);

    for (size_t i = 0; i < home_addresses(home); i++) {
        struct served served = served_by_us(home, "client-closes-first", home_ours[i]);
        served_says(&served, "", true);
        home_await_state(home, &served.flow, FIN_WAIT_2);
        served_end(&served);
        home_await_state(home, &served.flow, TIME_WAIT);
        close(served.fd);

        served = served_by_us(home, "client-closes-first", home_ours[i]);
        home_await_state(home, &served.flow, FIN_WAIT_2);
        served_say(&served);
        home_await_state(home, &served.flow, CLOSED);
        close(served.fd);
    }
}

static void client_shuts_down_takes_what_comes(void **state)
{
    const struct home *home = home_of(state);

    for (size_t i = 0; i < home_addresses(home); i++) {
        struct served served = served_by_us(home, "client-shuts-down", home_ours[i]);
        served_says(&served, "", true);
        home_await_state(home, &served.flow, FIN_WAIT_2);
        served_say(&served);
        served_end(&served); /* behind the data: had that been answered with RST, TIME-WAIT could not follow */
        home_await_state(home, &served.flow, TIME_WAIT);
        close(served.fd);
    }
}

/* That something never comes can't be awaited: here it has a whole exchange of others to come in. */
static void client_keeps_open(void **state)
{
    const struct home *home = home_of(state);
    struct served served = served_by_us(home, "client-keeps-open", home_ours[0]);

    home_await_state(home, &served.flow, ESTABLISHED);
    served_say(&served);
    served_end(&served);
    home_await_state(home, &served.flow, CLOSE_WAIT);
    home_half_a_second(home);
    home_await_state(home, &served.flow, CLOSE_WAIT);
    char byte;
    assert_int_equal(recv(served.fd, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
    served_drop(&served);
}

/* ---- its start and its end ---- */

static void a_refused_client_comes_again(void **state)
{
    const struct home *home = home_of(state);

    for (size_t i = 0; i < home_addresses(home); i++) {
        struct endpoint at = {.addr = addr_of(home_ours[i])};
        int bound = served_bind(&at, false); /* keeps the port from others, and refuses */
        int raw = raw_open(at.addr.family);
        home_start(home, "client", &at);
        struct seen first = raw_await(raw, &at, TH_SYN), second = raw_await(raw, &at, TH_SYN);
        assert_int_not_equal(first.from.port, second.from.port);
        assert_int_equal(listen(bound, 4), 0);
        struct served served = served_take(bound, &at);
        served_says(&served, "hello\r\n", false);
        served_drop(&served);
        close(raw);
        close(bound);
    }
}

/* Once it has had its connection, a client is done: the next that comes is another one. */
static void a_reset_client_does_not_come_again(void **state)
{
    const struct home *home = home_of(state);
    struct endpoint at = {.addr = addr_of(home_ours[0])};
    int listener = served_bind(&at, true);

    home_start(home, "client", &at);
    struct served first = served_take(listener, &at);
    served_says(&first, "hello\r\n", false);
    served_drop(&first);
    home_await_state(home, &first.flow, CLOSED);
    home_half_a_second(home); /* time for it to come again */
    home_start(home, "client-http", &at);
    struct served second = served_take(listener, &at);
    served_says(&second, "GET / HTTP/1.0\r\n\r\n", false);
    served_drop(&second);
    close(listener);
}

static void several_clients_run_at_a_time(void **state)
{
    const struct home *home = home_of(state);
    struct served served[8];

    for (size_t i = 0; i < 8; i++)
        served[i] = served_by_us(home, i / 4 ? "client" : "client-keeps-open", home_ours[i % home_addresses(home)]);
    for (size_t i = 0; i < 8; i++) {
        home_await_state(home, &served[i].flow, ESTABLISHED);
        served_drop(&served[i]);
    }
}

/* The one that gives the order need not be allowed anything. */
static void a_client_starts_without_privileges(void **state)
{
    const struct home *home = home_of(state);
    struct endpoint at = {.addr = addr_of(home_ours[0])};
    int listener = served_bind(&at, true), status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct fault fault = {0};
        if (!privilege_drop(&fault))
            _exit(NOT_HERE);
        _exit(lab_client_start(&home->lab, lab_client_find("client"), &at, &fault) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NOT_HERE)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
    struct served served = served_take(listener, &at);
    served_says(&served, "hello\r\n", false);
    served_drop(&served);
    close(listener);
}

static void a_target_without_a_way_is_a_fault(void **state)
{
    const struct home *home = home_of(state);
    const struct endpoint nowhere = {.addr = addr_of("198.51.100.1"), .port = 7};
    struct fault fault = {0};

    assert_false(lab_client_start(&home->lab, lab_client_find("client"), &nowhere, &fault));
    assert_int_equal(fault.kind, FAULT_LOCAL);
    assert_string_equal(fault.words, "lab: client: can't connect to 198.51.100.1:7: Network is unreachable");
    client_closes_after_us(state); /* and the next one is none the worse for it */
}

static void without_a_lab_there_is_no_client(void **state)
{
    const struct lab lab = {.line = -1, .peer_netns = -1};
    const struct endpoint at = {.addr = addr_of(home_ours[0]), .port = 7};
    struct fault fault = {0};

    (void)state;
    assert_false(lab_client_start(&lab, lab_client_find("client"), &at, &fault));
    assert_int_equal(fault.kind, FAULT_LOCAL);
    assert_string_equal(fault.words, "lab: it does not run, so client can't either");
}

/* The last one: nothing runs any more after it. */
static void stopping_the_lab_ends_the_clients(void **state)
{
    struct home *home = home_of(state);
    struct served served = served_by_us(home, "client-keeps-open", home_ours[0]);
    struct guarded met = guarded_meet(home, "client", home_ours[0]);
    struct fault fault = {0};
    char byte;

    lab_stop(&home->lab);
    home_await_state(home, &met.flow, CLOSED);
    assert_int_equal(recv(served.fd, &byte, 1, 0), 0);
    assert_false(lab_client_start(&home->lab, lab_client_find("client"), &served.flow.local, &fault));
    served_drop(&served);
    guarded_part(&met);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_unique_and_described),
        cmocka_unit_test(client_closes_after_us),
        cmocka_unit_test(client_http_asks_and_closes_after_us),
        cmocka_unit_test(client_closes_late_takes_its_time),
        cmocka_unit_test(client_closes_first_leaves_an_orphan),
        cmocka_unit_test(client_shuts_down_takes_what_comes),
        cmocka_unit_test(client_keeps_open),
        cmocka_unit_test(a_refused_client_comes_again),
        cmocka_unit_test(a_reset_client_does_not_come_again),
        cmocka_unit_test(several_clients_run_at_a_time),
        cmocka_unit_test(a_client_starts_without_privileges),
        cmocka_unit_test(a_target_without_a_way_is_a_fault),
        cmocka_unit_test(without_a_lab_there_is_no_client),
        cmocka_unit_test(stopping_the_lab_ends_the_clients),
    };

    return cmocka_run_group_tests_name("clients of the lab", tests, home_make, home_leave);
}
