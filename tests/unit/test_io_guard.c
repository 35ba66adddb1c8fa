/*
 * src/io/guard and src/io/kernel against this machine's kernel, as far as they need no privilege. Nothing is
 * sent but over lo. The guard against real peers is tested from the command line.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/guard.h"
#include "io/kernel.h"

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

/* A kernel connection over loopback, and both its ends. */
struct pair {
    int listener;
    int client;
    int server;
    struct endpoint client_end;
    struct endpoint server_end;
};

static struct endpoint local_end(int fd)
{
    struct sockaddr_storage addr;
    socklen_t length = sizeof(addr);

    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &length), 0);
    return endpoint_from_sockaddr((struct sockaddr *)&addr);
}

static int socket_at(const char *address)
{
    struct endpoint end = {.addr = addr_of(address)};
    struct sockaddr_storage addr;
    socklen_t length = endpoint_to_sockaddr(&end, &addr);
    int fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, length), 0);
    return fd;
}

/* The server listens on the first address and is reached by the second. */
static struct pair pair_open(const char *listen_on, const char *reach)
{
    struct pair pair = {.listener = socket_at(listen_on), .client = socket_at(reach)};
    struct sockaddr_storage addr;
    socklen_t length;

    assert_int_equal(listen(pair.listener, 4), 0);
    pair.server_end.addr = addr_of(reach);
    pair.server_end.port = local_end(pair.listener).port;
    length = endpoint_to_sockaddr(&pair.server_end, &addr);
    assert_int_equal(connect(pair.client, (struct sockaddr *)&addr, length), 0);
    pair.server = accept(pair.listener, NULL, NULL);
    assert_true(pair.server >= 0);
    pair.client_end = local_end(pair.client);
    return pair;
}

/* Resets what is left, so that no TIME-WAIT outlives the test. */
static void drop(int *fd)
{
    struct linger at_once = {.l_onoff = 1};

    if (*fd >= 0) {
        setsockopt(*fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        close(*fd);
    }
    *fd = -1;
}

static void pair_close(struct pair *pair)
{
    drop(&pair->client);
    drop(&pair->server);
    drop(&pair->listener);
}

static struct kernel *ask_whom(void)
{
    struct kernel *kernel = NULL;
    struct fault fault = {0};

    if (!kernel_open(&kernel, -1, &fault)) {
        print_message("%s\n", fault.words);
        skip();
    }
    return kernel;
}

/* Acknowledgements can be delayed, and softirqs put off: a state may come late, but another one only before
 * it. */
static void await_state(struct kernel *kernel, const struct endpoint *side, const struct endpoint *other,
                        enum state state)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    struct kernel_answer answer;
    struct fault fault = {0};

    for (int tries = 0; tries < 5000; tries++) {
        assert_true(kernel_state(kernel, side, other, &answer, &fault));
        if (answer.state == state)
            break;
        nanosleep(&pause, NULL);
    }
    assert_string_equal(state_name(answer.state), state_name(state));
    assert_int_equal(answer.listening, state == LISTEN);
}

static void follow_close(const char *listen_on, const char *reach)
{
    struct kernel *kernel = ask_whom();
    struct pair pair = pair_open(listen_on, reach);
    struct endpoint *client = &pair.client_end;
    struct endpoint *server = &pair.server_end;
    struct endpoint nobody = *client;

    nobody.port = 1;
    await_state(kernel, server, &nobody, LISTEN);
    await_state(kernel, server, client, ESTABLISHED);
    await_state(kernel, client, server, ESTABLISHED);
    assert_int_equal(shutdown(pair.server, SHUT_WR), 0);
    await_state(kernel, server, client, FIN_WAIT_2);
    await_state(kernel, client, server, CLOSE_WAIT);
    close(pair.server);
    pair.server = -1;
    await_state(kernel, server, client, FIN_WAIT_2); /* what is left of it is no full socket any more */
    drop(&pair.listener);
    close(pair.client);
    pair.client = -1;
    await_state(kernel, server, client, TIME_WAIT);
    await_state(kernel, client, server, CLOSED);
    await_state(kernel, server, &nobody, CLOSED);
    pair_close(&pair);
    kernel_close(kernel);
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 one = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&one, sizeof(one)) == 0;

    if (fd >= 0)
        close(fd);
    return has;
}

static void kernel_ipv4(void **state)
{
    (void)state;
    follow_close("127.0.0.1", "127.0.0.1");
}

static void kernel_ipv6(void **state)
{
    (void)state;
    if (!has_ipv6())
        skip();
    follow_close("::1", "::1");
}

static void kernel_dual_stack(void **state)
{
    (void)state;
    if (!has_ipv6())
        skip();
    follow_close("::", "127.0.0.1");
}

static void kernel_bound_to_device(void **state)
{
    struct kernel *kernel = ask_whom();
    int listener = socket_at("127.0.0.1");
    struct endpoint end = local_end(listener);
    struct endpoint nobody = {.addr = addr_of("127.0.0.1"), .port = 1};

    (void)state;
    /* Old kernels want CAP_NET_RAW for it. */
    if (setsockopt(listener, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) == 0) {
        assert_int_equal(listen(listener, 1), 0);
        await_state(kernel, &end, &nobody, CLOSED);
        end.addr.zone = if_nametoindex("lo");
        await_state(kernel, &end, &nobody, LISTEN);
    }
    drop(&listener);
    kernel_close(kernel);
}

static void kernel_no_namespace(void **state)
{
    struct kernel *kernel = NULL;
    struct fault fault = {0};
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_false(kernel_open(&kernel, ends[0], &fault));
    assert_fault(&fault, FAULT_LOCAL, "namespace can't be entered");
    assert_null(kernel);
    close(ends[0]);
    close(ends[1]);
    kernel_close(NULL);
}

/* The guard. */

static void guard_reserves(const char *address)
{
    struct flow flow = {.local = {.addr = addr_of(address)}, .peer = {.addr = addr_of(address), .port = 1}};
    struct guard guard;
    struct guard second;
    struct fault fault = {0};
    struct flow same;

    assert_true(guard_open(&guard, &flow, 0, &fault));
    assert_true(guard.fd >= 0);
    assert_true(guard.min_ttl || guard.md5 || guard.filter);
    assert_true(flow.local.port >= 1024);

    same = flow;
    assert_false(guard_open(&second, &same, 0, &fault));
    assert_fault(&fault, FAULT_LOCAL, "is in use");
    assert_int_equal(second.fd, -1);

    guard_close(&guard);
    assert_int_equal(guard.fd, -1);
    guard_close(&guard);
    memset(&fault, 0, sizeof(fault));
    assert_true(guard_open(&second, &same, 0, &fault));
    assert_int_equal(same.local.port, flow.local.port);
    guard_close(&second);
}

static void guard_ipv4(void **state)
{
    (void)state;
    guard_reserves("127.0.0.1");
}

static void guard_ipv6(void **state)
{
    (void)state;
    if (!has_ipv6())
        skip();
    guard_reserves("::1");
}

static void guard_beside_listener(void **state)
{
    int listener = socket_at("127.0.0.1");
    struct flow flow = {.local = local_end(listener), .peer = {.addr = addr_of("127.0.0.1"), .port = 1}};
    struct fault fault = {0};
    struct guard guard;

    (void)state;
    assert_int_equal(listen(listener, 1), 0);
    assert_false(guard_open(&guard, &flow, 0, &fault));
    assert_fault(&fault, FAULT_LOCAL, "is in use");
    drop(&listener);
}

/* The kernel's own connection would answer in our place; one with another peer does no harm. */
static void guard_beside_connection(void **state)
{
    struct kernel *kernel = ask_whom();
    struct pair pair = pair_open("127.0.0.1", "127.0.0.1");
    struct flow flow = {.local = pair.client_end, .peer = pair.server_end};
    struct fault fault = {0};
    struct guard guard;

    (void)state;
    kernel_close(kernel);
    assert_false(guard_open(&guard, &flow, 0, &fault));
    assert_fault(&fault, FAULT_LOCAL, "a connection of its own");
    assert_fault(&fault, FAULT_LOCAL, "ESTABLISHED");
    memset(&fault, 0, sizeof(fault));
    flow.peer.port = 1;
    assert_true(guard_open(&guard, &flow, if_nametoindex("lo"), &fault));
    assert_true(guard.exclusive);
    guard_close(&guard);
    pair_close(&pair);
}

static void guard_not_our_address(void **state)
{
    struct flow flow = {.local = {.addr = addr_of("192.0.2.77")},
                        .peer = {.addr = addr_of("127.0.0.1"), .port = 1}};
    struct fault fault = {0};
    struct guard guard;

    (void)state;
    assert_false(guard_open(&guard, &flow, 0, &fault));
    assert_fault(&fault, FAULT_LOCAL, "192.0.2.77 is not an address of this machine");
    assert_int_equal(flow.local.port, 0);
}

static void guard_is_silent(void **state)
{
    struct flow flow = {.local = {.addr = addr_of("127.0.0.1")},
                        .peer = {.addr = addr_of("127.0.0.1"), .port = 1}};
    int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_storage addr;
    struct fault fault = {0};
    struct guard guard;
    socklen_t length;
    int error = -1;

    (void)state;
    assert_true(guard_open(&guard, &flow, 0, &fault));
    /* The smallest TTL that IP_MINTTL lets through. */
    if (guard.md5 || guard.filter)
        assert_int_equal(setsockopt(client, IPPROTO_IP, IP_TTL, &(int){255}, sizeof(int)), 0);
    /* An answer would be there when connect() returns: ECONNREFUSED for a RST, a connection for a SYN-ACK. */
    length = endpoint_to_sockaddr(&flow.local, &addr);
    assert_int_equal(connect(client, (struct sockaddr *)&addr, length), -1);
    length = sizeof(error);
    assert_int_equal(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    assert_int_equal(error, 0);
    length = sizeof(addr);
    assert_int_equal(getpeername(client, (struct sockaddr *)&addr, &length), -1);
    close(client);
    guard_close(&guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernel_ipv4),
        cmocka_unit_test(kernel_ipv6),
        cmocka_unit_test(kernel_dual_stack),
        cmocka_unit_test(kernel_bound_to_device),
        cmocka_unit_test(kernel_no_namespace),
        cmocka_unit_test(guard_ipv4),
        cmocka_unit_test(guard_ipv6),
        cmocka_unit_test(guard_beside_listener),
        cmocka_unit_test(guard_beside_connection),
        cmocka_unit_test(guard_not_our_address),
        cmocka_unit_test(guard_is_silent),
    };

    return cmocka_run_group_tests_name("io_guard", tests, NULL, NULL);
}
