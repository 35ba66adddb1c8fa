/*
 * A listener that always answers with a SYN cookie.
 *
 * Theory of operation
 *
 * With net.ipv4.tcp_syncookies = 1 Linux sends a cookie when the listener's queue of half-open connections is
 * over its limit, that is when it holds more than the backlog; a SYN that finds it no longer than that is
 * kept in memory as usual. So the queue always holds as many connections as it takes: "parked" ones, of
 * client sockets of our own that are deaf (a filter drops all that they are sent), so that their third ACK
 * never comes. Every further SYN gets a cookie.
 *
 * The backlog is also the limit of the accept queue, hence not 0: a SYN that came before the server has
 * accepted the connection before it would be dropped. And it is no more than 3, because with more than four
 * half-open connections Linux would give them up early. Of many clients at the very same instant some may
 * still have to repeat their SYN, as with a real flooded server.
 *
 * A parked connection would be given up after tcp_synack_retries (a minute): TCP_SYNCNT on the listener and
 * on the client makes that hours. When it is over nonetheless, the client is told (its connect fails) and a
 * new one parks. Seen on the loopback of the server's side are thus a few segments of these connections, ever
 * more rarely.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lab/behaviours.h"
#include "lab/conn.h"
#include "lab/namespaces.h"

#define BACKLOG 3
#define PARKED (BACKLOG + 1)
#define PARK_RETRIES 100             /* the last ones two minutes apart */
#define PARK_PAUSE (1 * NANOS_PER_S) /* before it is tried again */

/* One parked connection. */
struct parked {
    struct watch client;
    struct watch timer;
    struct listener *listener;
};

static bool keep_trying(int fd, uint8_t family)
{
    (void)family;
    return setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &(int){PARK_RETRIES}, sizeof(int)) == 0;
}

/* Opens the deaf client, whose connection stays half-open; false with errno. */
static bool park(struct parked *parked)
{
    const struct endpoint to = listener_reachable_at(parked->listener);
    struct sockaddr_storage sa;
    socklen_t size = endpoint_to_sockaddr(&to, &sa);

    parked->client.fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (parked->client.fd < 0)
        return false;
    if (keep_trying(parked->client.fd, to.addr.family) && behave_deaf(parked->client.fd) &&
        connect(parked->client.fd, (const struct sockaddr *)&sa, size) < 0 && errno == EINPROGRESS &&
        server_watch(parked->listener->server, &parked->client, 0))
        return true;
    int error = errno;
    watch_close(&parked->client);
    errno = error;
    return false;
}

/* The client's connection attempt has ended. */
static void parked_gone(struct server *server, void *holder, uint32_t events)
{
    struct parked *parked = holder;

    (void)events;
    watch_close(&parked->client);
    (void)server_pause(server, &parked->timer, PARK_PAUSE, 0);
}

static void park_again(struct server *server, void *holder, uint32_t events)
{
    struct parked *parked = holder;

    (void)events;
    if (timer_take(&parked->timer) && !park(parked))
        (void)server_pause(server, &parked->timer, PARK_PAUSE, 0);
}

static bool arm(struct listener *listener, struct fault *fault)
{
    if (namespaces_setting("net/ipv4/tcp_syncookies", 1) != 1)
        return fault_set(fault, FAULT_LOCAL, "net.ipv4.tcp_syncookies must be 1 (sysctl)");
    struct parked *parked = calloc(PARKED, sizeof(*parked));
    if (!parked)
        return fault_set(fault, FAULT_LOCAL, "out of memory");
    for (size_t i = 0; i < PARKED; i++) {
        parked[i].client = (struct watch){.fd = -1, .holder = &parked[i], .ready = parked_gone};
        parked[i].timer = (struct watch){.fd = -1, .holder = &parked[i], .ready = park_again};
        parked[i].listener = listener;
    }
    listener->means = parked;
    for (size_t i = 0; i < PARKED; i++)
        if (!park(&parked[i]))
            return fault_set(fault, FAULT_LOCAL, "can't fill the queue of half-open connections: %s", strerror(errno));
    return true;
}

static void disarm(struct listener *listener)
{
    struct parked *parked = listener->means;

    for (size_t i = 0; i < PARKED; i++) {
        watch_close(&parked[i].client);
        watch_close(&parked[i].timer);
    }
    free(parked);
    listener->means = NULL;
}

const struct lab_behaviour behaviour_syn_cookies = {
    .backlog = BACKLOG,
    .accepts = true,
    .prepare = keep_trying,
    .arm = arm,
    .disarm = disarm,
    .data = behave_echo,
    .ended = conn_finish,
};
