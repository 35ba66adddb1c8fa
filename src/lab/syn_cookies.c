/*
 * A listener that always answers with a SYN cookie.
 *
 * Theory of operation
 *
 * With net.ipv4.tcp_syncookies = 1 Linux sends a cookie when the listener's queue of half-open connections is
 * over its limit, that is when it holds more than the backlog; and a SYN that finds the queue no longer than
 * that is kept in memory as usual. So the listener has a backlog of 0, and its queue always holds one
 * connection: "parked", which comes from a client socket of our own that is deaf (a filter drops all that it
 * is sent), so its third ACK never comes. Every further SYN then gets a cookie. The accept queue has the same
 * limit of 0 (which admits one), so the server accepts at once; of two clients whose third ACKs come within
 * the same instant one may be forgotten, as the peers of a real flooded server are.
 *
 * The parked connection would be given up after tcp_synack_retries (a minute): TCP_SYNCNT on the listener and
 * on the client makes that hours. When it is over nonetheless, the client is told (its connect fails) and a
 * new one parks. Seen on the loopback of the server's side are thus a few segments of that connection, ever
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

#define PARK_RETRIES 100             /* the last ones two minutes apart */
#define PARK_PAUSE (1 * NANOS_PER_S) /* before it is tried again */

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
    struct parked *parked = calloc(1, sizeof(*parked));
    if (!parked)
        return fault_set(fault, FAULT_LOCAL, "out of memory");
    parked->client = (struct watch){.fd = -1, .holder = parked, .ready = parked_gone};
    parked->timer = (struct watch){.fd = -1, .holder = parked, .ready = park_again};
    parked->listener = listener;
    listener->means = parked;
    if (!park(parked))
        return fault_set(fault, FAULT_LOCAL, "can't fill the queue of half-open connections: %s",
                         strerror(errno));
    return true;
}

static void disarm(struct listener *listener)
{
    struct parked *parked = listener->means;

    watch_close(&parked->client);
    watch_close(&parked->timer);
    free(parked);
    listener->means = NULL;
}

const struct lab_behaviour behaviour_syn_cookies = {
    .backlog = 0,
    .accepts = true,
    .prepare = keep_trying,
    .arm = arm,
    .disarm = disarm,
    .data = behave_echo,
    .ended = conn_finish,
};
