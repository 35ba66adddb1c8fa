/* The loop and the listeners. */
#include "lab/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lab/behaviours.h"
#include "lab/conn.h"
#include "lab/dial.h"

#define EVENTS_AT_ONCE 64
#define ACCEPTS_AT_ONCE 256 /* then the other events have their turn */

bool server_watch(struct server *server, struct watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    return epoll_ctl(server->epoll, EPOLL_CTL_ADD, watch->fd, &event) == 0;
}

bool server_rewatch(struct server *server, struct watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    return epoll_ctl(server->epoll, EPOLL_CTL_MOD, watch->fd, &event) == 0;
}

int server_unwatch(struct server *server, struct watch *watch)
{
    int fd = watch->fd;

    (void)epoll_ctl(server->epoll, EPOLL_CTL_DEL, fd, NULL);
    watch->fd = -1;
    return fd;
}

void watch_close(struct watch *watch)
{
    if (watch->fd >= 0)
        close(watch->fd);
    watch->fd = -1;
}

static struct timespec to_timespec(nanos span)
{
    return (struct timespec){.tv_sec = span / NANOS_PER_S, .tv_nsec = span % NANOS_PER_S};
}

bool server_pause(struct server *server, struct watch *timer, nanos pause, nanos every)
{
    const struct itimerspec when = {.it_value = to_timespec(pause), .it_interval = to_timespec(every)};

    if (timer->fd < 0) {
        timer->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        if (timer->fd < 0)
            return false;
        if (!server_watch(server, timer, EPOLLIN)) {
            watch_close(timer);
            return false;
        }
    }
    return timerfd_settime(timer->fd, 0, &when, NULL) == 0;
}

bool timer_take(const struct watch *timer)
{
    uint64_t times;
    return read(timer->fd, &times, sizeof(times)) == (ssize_t)sizeof(times);
}

struct endpoint listener_reachable_at(const struct listener *listener)
{
    static const struct addr every_address4 = {.family = 4}, every_address6 = {.family = 6};
    struct endpoint endpoint = {.addr = listener->at, .port = listener->service->port};

    if (addr_equal(&endpoint.addr, &every_address4))
        endpoint.addr = (struct addr){.family = 4, .bytes = {127, 0, 0, 1}};
    else if (addr_equal(&endpoint.addr, &every_address6))
        endpoint.addr = (struct addr){.family = 6, .bytes = {[15] = 1}};
    return endpoint;
}

bool server_init(struct server *server, struct fault *fault)
{
    struct rlimit limit;

    *server = (struct server){.epoll = epoll_create1(EPOLL_CLOEXEC), .spare = -1};
    if (server->epoll < 0)
        return fault_set(fault, FAULT_LOCAL, "can't start the lab's server: %s", strerror(errno));
    server->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    /* As many connections as the machine lets a process have. */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    return true;
}

/* Out of descriptors: take the connection with the spare one and drop it, or the loop would spin on it. */
static void turn_away(struct server *server, int listening)
{
    static const struct linger now = {.l_onoff = 1, .l_linger = 0};

    if (server->spare >= 0)
        close(server->spare);
    int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        close(fd);
    }
    server->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void listener_ready(struct server *server, void *holder, uint32_t events)
{
    struct listener *listener = holder;

    (void)events;
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        int fd = accept4(listener->watch.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            conn_open(server, listener->service->behaviour, fd);
        else if (errno == EMFILE || errno == ENFILE)
            turn_away(server, listener->watch.fd);
        else if (errno == EAGAIN)
            return;
    }
}

static bool set_option(int fd, int level, int option)
{
    return setsockopt(fd, level, option, &(int){1}, sizeof(int)) == 0;
}

/* Makes the listening socket of one service; -1 with errno. */
static int listening_socket(const struct lab_service *service, const struct addr *at)
{
    const struct endpoint endpoint = {.addr = *at, .port = service->port};
    const struct lab_behaviour *behaviour = service->behaviour;
    struct sockaddr_storage sa;
    socklen_t size = endpoint_to_sockaddr(&endpoint, &sa);
    int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    /* One socket for each family: the kernel then shows every connection under its own. */
    if (set_option(fd, SOL_SOCKET, SO_REUSEADDR) && (at->family == 4 || set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY)) &&
        (!behaviour->prepare || behaviour->prepare(fd, at->family)) &&
        bind(fd, (const struct sockaddr *)&sa, size) == 0 && listen(fd, behaviour->backlog) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static bool open_listener(struct server *server, const struct lab_service *service, const struct addr *at,
                          struct fault *fault)
{
    const struct lab_behaviour *behaviour = service->behaviour;
    const struct endpoint endpoint = {.addr = *at, .port = service->port};
    char text[ENDPOINT_TEXT];
    struct listener *listener = calloc(1, sizeof(*listener));

    if (!listener)
        return fault_set(fault, FAULT_LOCAL, "out of memory");
    *listener = (struct listener){
        .watch = {.fd = -1, .holder = listener, .ready = listener_ready},
        .server = server,
        .service = service,
        .at = *at,
        .next = server->listeners,
    };
    server->listeners = listener;
    listener->watch.fd = listening_socket(service, at);
    if (listener->watch.fd < 0 || (behaviour->accepts && !server_watch(server, &listener->watch, EPOLLIN))) {
        int error = errno;
        bool rights = error == EACCES || error == EPERM;
        return fault_set(fault, FAULT_LOCAL, "can't serve \"%s\" on %s: %s%s", service->name,
                         endpoint_format(&endpoint, text), strerror(error),
                         rights ? ": CAP_NET_BIND_SERVICE, CAP_NET_RAW and CAP_NET_ADMIN are needed" : "");
    }
    if (behaviour->arm && !behaviour->arm(listener, fault))
        return fault_context(fault, "can't serve \"%s\" on %s", service->name, endpoint_format(&endpoint, text));
    return true;
}

bool server_listen(struct server *server, const struct addr *address, bool ipv6, struct fault *fault)
{
    const struct addr every_address[] = {{.family = 4}, {.family = 6}};
    const struct addr *at = address ? address : every_address;
    size_t count = !address && ipv6 ? 2 : 1;

    for (const struct lab_service *service = lab_services; service->name; service++)
        for (size_t i = 0; service->behaviour && i < count; i++)
            if (!open_listener(server, service, &at[i], fault))
                return false;
    return true;
}

bool server_run(struct server *server, struct fault *fault)
{
    struct epoll_event events[EVENTS_AT_ONCE];

    while (!server->stopped) {
        int count = epoll_wait(server->epoll, events, EVENTS_AT_ONCE, -1);
        if (count < 0 && errno != EINTR)
            return fault_set(fault, FAULT_LOCAL, "the lab's server can't wait: %s", strerror(errno));
        for (int i = 0; i < count; i++) {
            struct watch *watch = events[i].data.ptr;
            if (watch->fd >= 0) /* not closed by an event before it */
                watch->ready(server, watch->holder, events[i].events);
        }
        conn_bury(server);
    }
    return true;
}

void server_close(struct server *server)
{
    while (server->conns)
        conn_close(server->conns);
    conn_bury(server);
    dial_end_all(server);
    while (server->listeners) {
        struct listener *listener = server->listeners;
        server->listeners = listener->next;
        if (listener->means)
            listener->service->behaviour->disarm(listener);
        watch_close(&listener->watch);
        free(listener);
    }
    if (server->spare >= 0)
        close(server->spare);
    if (server->epoll >= 0)
        close(server->epoll);
    server->spare = server->epoll = -1;
}
