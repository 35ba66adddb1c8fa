/* Connecting without waiting: one socket for each attempt, a pause between two. */
#include "lab/dial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/conn.h"

#define AGAIN (20 * NANOS_PER_MS)

struct dial {
    struct watch attempt; /* the socket that connects; none between two attempts, and when all is done */
    struct watch timer;
    struct server *server;
    const struct lab_behaviour *behaviour;
    struct endpoint target;
    struct dial *next;
};

/* Each attempt has a socket, and thus a port, of its own; false with errno. */
static bool attempt(struct dial *dial)
{
    struct sockaddr_storage sa;
    socklen_t size = endpoint_to_sockaddr(&dial->target, &sa);

    dial->attempt.fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (dial->attempt.fd < 0)
        return false;
    if ((connect(dial->attempt.fd, (const struct sockaddr *)&sa, size) == 0 || errno == EINPROGRESS) &&
        server_watch(dial->server, &dial->attempt, EPOLLOUT))
        return true;
    int error = errno;
    watch_close(&dial->attempt);
    errno = error;
    return false;
}

static void try_later(struct dial *dial)
{
    (void)server_pause(dial->server, &dial->timer, AGAIN, 0);
}

/* The attempt has come to an end, good or bad. */
static void attempt_ended(struct server *server, void *holder, uint32_t events)
{
    struct dial *dial = holder;
    int error = 0;
    socklen_t size = sizeof(error);

    (void)events;
    if (getsockopt(dial->attempt.fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = errno;
    if (error == 0) {
        conn_open(server, dial->behaviour, server_unwatch(server, &dial->attempt));
        return;
    }
    watch_close(&dial->attempt);
    if (error != ECONNRESET) /* that is a RST after an answer: it has had its connection */
        try_later(dial);
}

static void attempt_due(struct server *server, void *holder, uint32_t events)
{
    struct dial *dial = holder;

    (void)server;
    (void)events;
    if (timer_take(&dial->timer) && !attempt(dial))
        try_later(dial);
}

bool dial_start(struct server *server, const struct lab_behaviour *behaviour, const struct endpoint *target,
                struct fault *fault)
{
    char text[ENDPOINT_TEXT];
    struct dial *dial = calloc(1, sizeof(*dial));

    if (!dial)
        return fault_set(fault, FAULT_LOCAL, "out of memory");
    *dial = (struct dial){
        .attempt = {.fd = -1, .holder = dial, .ready = attempt_ended},
        .timer = {.fd = -1, .holder = dial, .ready = attempt_due},
        .server = server,
        .behaviour = behaviour,
        .target = *target,
    };
    if (attempt(dial)) {
        dial->next = server->dials;
        server->dials = dial;
        return true;
    }
    int error = errno;
    free(dial);
    return fault_set(fault, FAULT_LOCAL, "can't connect to %s: %s", endpoint_format(target, text), strerror(error));
}

void dial_end_all(struct server *server)
{
    while (server->dials) {
        struct dial *dial = server->dials;
        server->dials = dial->next;
        watch_close(&dial->attempt);
        watch_close(&dial->timer);
        free(dial);
    }
}
