#include "io/guard.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/kernel.h"

/* Since Linux 2.6.34 and 2.6.35; some C libraries don't name them. */
#ifndef IP_MINTTL
#define IP_MINTTL 21
#endif
#ifndef IPV6_MINHOPCOUNT
#define IPV6_MINHOPCOUNT 73
#endif

static bool set_int(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

static bool set_min_ttl(int fd, int family)
{
    return family == 6 ? set_int(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, 255) : set_int(fd, IPPROTO_IP, IP_MINTTL, 255);
}

/*
 * A key for one peer, or with an empty prefix for all of the family. Any key does: nobody is meant to know it. Its
 * secrecy is of no use either, since no segment gets further than this.
 */
static bool set_key(int fd, const struct endpoint *peer, bool all)
{
    struct tcp_md5sig key = {.tcpm_keylen = 1, .tcpm_key = {'-'}};
    struct sockaddr_storage addr;

    endpoint_to_sockaddr(peer, &addr);
    memcpy(&key.tcpm_addr, &addr, sizeof(addr));
    if (!all)
        return setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof(key)) == 0;
    key.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
    return setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG_EXT, &key, sizeof(key)) == 0;
}

static void set_md5(struct guard *guard, const struct endpoint *peer, int family)
{
    const struct endpoint whom = {.addr = {.family = (uint8_t)family}};

    guard->md5 = guard->md5_for_all = set_key(guard->fd, &whom, true);
    if (!guard->md5 && !addr_is_unspecified(&peer->addr) && peer->addr.family == family)
        guard->md5 = set_key(guard->fd, peer, false);
}

static bool set_filter(int fd)
{
    struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    struct sock_fprog program = {.len = 1, .filter = nothing};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

/* All means go on before the port is bound: there is never a listener that would answer. */
static bool set_means(struct guard *guard, const struct flow *flow, struct fault *fault)
{
    int family = flow->local.addr.family;

    guard->min_ttl = set_min_ttl(guard->fd, family);
    set_md5(guard, &flow->peer, family);
    guard->filter = set_filter(guard->fd);
    /* A key for one peer says nothing about others, but the others don't matter. */
    if (guard->min_ttl || guard->md5 || guard->filter)
        return true;
    return fault_set(fault, FAULT_LOCAL,
                     "the guard can't be set: this kernel refuses IP_MINTTL, TCP_MD5SIG and "
                     "a socket filter");
}

static bool bind_fault(const struct endpoint *local, int error, struct fault *fault)
{
    char text[ADDR_TEXT];

    switch (error) {
    case EADDRINUSE:
        if (local->port == 0)
            return fault_set(fault, FAULT_LOCAL, "no source port is free");
        return fault_set(fault, FAULT_LOCAL, "source port %u is in use", local->port);
    case EACCES:
        return fault_set(fault, FAULT_LOCAL, "source port %u needs CAP_NET_BIND_SERVICE", local->port);
    case EADDRNOTAVAIL:
        return fault_set(fault, FAULT_LOCAL, "source %s is not an address of this machine, or not one yet",
                         addr_format(&local->addr, text));
    default:
        return fault_set(fault, FAULT_LOCAL, "the guard can't be set on %s port %u: %s",
                         addr_format(&local->addr, text), local->port, strerror(error));
    }
}

/*
 * SO_REUSEADDR lets a named port be taken while old connections of it with other peers are in TIME-WAIT. On
 * Linux it never shares a port with a listener, neither one that is there nor one that comes: we listen
 * ourselves.
 */
static bool reserve(const struct guard *guard, struct endpoint *local, struct fault *fault)
{
    struct sockaddr_storage addr;
    socklen_t length = endpoint_to_sockaddr(local, &addr);

    if (local->port != 0)
        set_int(guard->fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (bind(guard->fd, (const struct sockaddr *)&addr, length) != 0 || listen(guard->fd, 0) != 0)
        return bind_fault(local, errno, fault);
    if (getsockname(guard->fd, (struct sockaddr *)&addr, &length) != 0)
        return bind_fault(local, errno, fault);
    local->port = endpoint_from_sockaddr((const struct sockaddr *)&addr).port;
    return true;
}

/* Asked when the port is ours already, so that no connection can come between. */
static bool check_exclusive(struct guard *guard, const struct endpoint *local, const struct endpoint *peer,
                            unsigned interface, struct fault *fault)
{
    struct endpoint on_interface = *local;
    struct kernel_answer answer = {.state = CLOSED};
    struct fault unasked = {0};
    struct kernel *kernel;
    char texts[2][ENDPOINT_TEXT];

    /* A kernel without diagnostics is no reason not to start: such a clash is rare, and shows in the capture. */
    if (peer->port == 0 || !kernel_open(&kernel, -1, &unasked))
        return true;
    if (interface != 0)
        on_interface.addr.zone = interface;
    guard->exclusive = kernel_state(kernel, &on_interface, peer, &answer, &unasked);
    kernel_close(kernel);
    if (!guard->exclusive || answer.listening || answer.state == CLOSED)
        return true;
    return fault_set(fault, FAULT_LOCAL, "the kernel has a connection of its own from %s to %s, in %s",
                     endpoint_format(local, texts[0]), endpoint_format(peer, texts[1]), state_name(answer.state));
}

bool guard_open(struct guard *guard, struct flow *flow, unsigned interface, struct fault *fault)
{
    int family = flow->local.addr.family == 6 ? AF_INET6 : AF_INET;
    struct endpoint local = flow->local;

    *guard = (struct guard){.fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP)};
    if (guard->fd < 0)
        return fault_set(fault, FAULT_LOCAL, "the guard can't be set: %s", strerror(errno));
    if (family == AF_INET6)
        set_int(guard->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (set_means(guard, flow, fault) && reserve(guard, &local, fault) &&
        check_exclusive(guard, &local, &flow->peer, interface, fault)) {
        flow->local.port = local.port;
        return true;
    }
    guard_close(guard);
    return false;
}

bool guard_meet(struct guard *guard, const struct flow *flow, unsigned interface, struct fault *fault)
{
    if (!guard->md5_for_all)
        guard->md5 = set_key(guard->fd, &flow->peer, false);
    return check_exclusive(guard, &flow->local, &flow->peer, interface, fault);
}

void guard_close(struct guard *guard)
{
    if (guard->fd >= 0)
        close(guard->fd);
    guard->fd = -1;
}
