#include "lab_home.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_S 20

const char *const home_ours[2] = {"192.0.2.1", "2001:db8::1"};

int home_make(void **state)
{
    static struct home home;
    struct fault fault = {0};

    *state = &home;
    if (!lab_start(&home.lab, &fault) || !kernel_open(&home.kernel, home.lab.peer_netns, &fault))
        memcpy(home.no_lab, fault.words, sizeof(home.no_lab));
    return 0;
}

int home_leave(void **state)
{
    struct home *home = *state;

    kernel_close(home->kernel);
    lab_stop(&home->lab);
    return 0;
}

struct home *home_of(void **state)
{
    struct home *home = *state;

    if (home->no_lab[0]) {
        print_message("# %s\n", home->no_lab);
        skip();
    }
    return home;
}

size_t home_addresses(const struct home *home)
{
    return home->lab.ipv6 ? 2 : 1;
}

struct home *home_with_ipv6(void **state)
{
    struct home *home = home_of(state);

    if (!home->lab.ipv6) {
        print_message("# no IPv6 here\n");
        skip();
    }
    return home;
}

struct addr addr_of(const char *text)
{
    struct addr addr;

    assert_true(addr_parse(text, &addr));
    return addr;
}

void home_start(const struct home *home, const char *name, const struct endpoint *target)
{
    const struct lab_client *client = lab_client_find(name);
    struct fault fault = {0};

    assert_non_null(client);
    if (!lab_client_start(&home->lab, client, target, &fault))
        fail_msg("%s: %s", name, fault.words);
}

void home_await_state(const struct home *home, const struct flow *flow, enum state state)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    struct kernel_answer answer;
    struct fault fault = {0};

    for (int tries = 0; tries < PATIENCE_S * 1000; tries++) {
        assert_true(kernel_state(home->kernel, &flow->peer, &flow->local, &answer, &fault));
        if (answer.state == state)
            return;
        nanosleep(&pause, NULL);
    }
    assert_string_equal(state_name(answer.state), state_name(state));
}

static void be_patient(int fd)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
}

int served_bind(struct endpoint *at, bool listens)
{
    struct sockaddr_storage sa;
    socklen_t size = endpoint_to_sockaddr(at, &sa);
    int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    be_patient(fd);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &size), 0);
    *at = endpoint_from_sockaddr((struct sockaddr *)&sa);
    if (listens)
        assert_int_equal(listen(fd, 4), 0);
    return fd;
}

struct served served_take(int listener, const struct endpoint *at)
{
    struct sockaddr_storage sa;
    socklen_t size = sizeof(sa);
    struct served served = {.fd = accept(listener, (struct sockaddr *)&sa, &size), .flow.local = *at};

    assert_true(served.fd >= 0);
    be_patient(served.fd);
    served.flow.peer = endpoint_from_sockaddr((struct sockaddr *)&sa);
    return served;
}

struct served served_by_us(const struct home *home, const char *name, const char *address)
{
    struct endpoint at = {.addr = addr_of(address)};
    int listener = served_bind(&at, true);

    home_start(home, name, &at);
    struct served served = served_take(listener, &at);
    close(listener);
    return served;
}

void served_says(const struct served *served, const char *text, bool then_ends)
{
    char bytes[256];
    size_t length = strlen(text), had = 0;

    while (had < length) {
        ssize_t got = recv(served->fd, bytes + had, length - had, 0);
        assert_true(got > 0);
        had += (size_t)got;
    }
    assert_memory_equal(bytes, text, length);
    if (then_ends)
        assert_int_equal(recv(served->fd, bytes, sizeof(bytes), 0), 0);
}

void served_end(const struct served *served)
{
    assert_int_equal(shutdown(served->fd, SHUT_WR), 0);
}

void served_say(const struct served *served)
{
    assert_int_equal(send(served->fd, "data", 4, MSG_NOSIGNAL), 4);
}

void served_drop(const struct served *served)
{
    const struct linger at_once = {.l_onoff = 1};

    setsockopt(served->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(served->fd);
}

void home_half_a_second(const struct home *home)
{
    struct served served = served_by_us(home, "client-closes-late", home_ours[0]);

    served_says(&served, "hello\r\n", false);
    served_end(&served);
    served_says(&served, "", true);
    close(served.fd);
}

int raw_open(uint8_t family)
{
    int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);

    assert_true(fd >= 0);
    be_patient(fd);
    if (family == 6) /* the kernel does the checksum, at this place */
        assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_CHECKSUM, &(int){16}, sizeof(int)), 0);
    return fd;
}

bool raw_find(int raw, const struct endpoint *at, uint8_t flags, int how, struct seen *seen)
{
    for (;;) {
        unsigned char bytes[2048];
        struct sockaddr_storage sa = {0};
        socklen_t size = sizeof(sa);
        ssize_t got = recvfrom(raw, bytes, sizeof(bytes), how, (struct sockaddr *)&sa, &size);
        size_t header = at->addr.family == 4 ? (bytes[0] & 0xfu) * 4 : 0; /* IPv6's is not handed out */

        if (got < (ssize_t)(header + sizeof(seen->tcp)))
            return false;
        memcpy(&seen->tcp, bytes + header, sizeof(seen->tcp));
        seen->from = endpoint_from_sockaddr((struct sockaddr *)&sa);
        seen->from.port = ntohs(seen->tcp.th_sport);
        if (ntohs(seen->tcp.th_dport) == at->port &&
            (seen->tcp.th_flags & (TH_SYN | TH_ACK | TH_FIN | TH_RST)) == flags)
            return true;
    }
}

struct seen raw_await(int raw, const struct endpoint *at, uint8_t flags)
{
    struct seen seen;

    assert_true(raw_find(raw, at, flags, 0, &seen));
    return seen;
}

void raw_send(int raw, const struct flow *flow, uint32_t seq, uint32_t ack, uint8_t flags)
{
    const struct tcphdr tcp = {
        .th_sport = htons(flow->local.port),
        .th_dport = htons(flow->peer.port),
        .th_seq = htonl(seq),
        .th_ack = htonl(ack),
        .th_off = 5,
        .th_flags = flags,
        .th_win = htons(8192),
    };
    struct endpoint to = flow->peer;
    struct sockaddr_storage sa;

    to.port = 0; /* a raw socket takes it for a protocol */
    socklen_t size = endpoint_to_sockaddr(&to, &sa);
    assert_int_equal(sendto(raw, &tcp, sizeof(tcp), 0, (struct sockaddr *)&sa, size), sizeof(tcp));
}

struct guarded guarded_meet(const struct home *home, const char *name, const char *address)
{
    struct guarded met = {.flow.local.addr = addr_of(address), .flow.peer.addr = addr_of(address)};
    struct fault fault = {0};

    met.raw = raw_open(met.flow.local.addr.family);
    if (!guard_open(&met.guard, &met.flow, 0, &fault))
        fail_msg("%s", fault.words);
    home_start(home, name, &met.flow.local);
    struct seen syn = raw_await(met.raw, &met.flow.local, TH_SYN);
    met.flow.peer = syn.from;
    met.seq = ntohl(syn.tcp.th_seq);
    return met;
}

void guarded_part(struct guarded *met)
{
    guard_close(&met->guard);
    close(met->raw);
}
