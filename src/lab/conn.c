/* Connections: reading, sending what is owed, ending in order or not. */
#include "lab/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/behaviours.h"

#define READ_SIZE 16384

static bool closed(const struct conn *conn)
{
    return conn->watch.fd < 0;
}

void conn_close(struct conn *conn)
{
    struct server *server = conn->server;

    if (closed(conn))
        return;
    watch_close(&conn->watch);
    watch_close(&conn->timer);
    if (conn->prev)
        conn->prev->next = conn->next;
    else
        server->conns = conn->next;
    if (conn->next)
        conn->next->prev = conn->prev;
    /* An event of it may still be at hand: the memory lives until the loop has seen them all. */
    conn->next = server->dead;
    server->dead = conn;
}

void conn_bury(struct server *server)
{
    while (server->dead) {
        struct conn *conn = server->dead;
        server->dead = conn->next;
        free(conn->owed);
        free(conn);
    }
}

void conn_abort(struct conn *conn)
{
    static const struct linger now = {.l_onoff = 1, .l_linger = 0};

    if (!closed(conn))
        (void)setsockopt(conn->watch.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    conn_close(conn);
}

/* Waits for what matters now: room to send before anything else, then data or the other side's FIN. */
static void wait_on(struct conn *conn)
{
    uint32_t events = 0; /* after the other side's FIN only errors, which always come */

    if (closed(conn))
        return;
    if (conn->owed)
        events = EPOLLOUT;
    else if (!conn->ended)
        events = EPOLLIN;
    if (!server_rewatch(conn->server, &conn->watch, events))
        conn_close(conn);
}

static void finish_if_sent(struct conn *conn)
{
    if (closed(conn) || !conn->finished || conn->shut || conn->owed)
        return;
    if (conn->ended || shutdown(conn->watch.fd, SHUT_WR) < 0)
        conn_close(conn);
    conn->shut = true;
}

void conn_finish(struct conn *conn)
{
    conn->finished = true;
    finish_if_sent(conn);
}

/* Sends what it can; how much, or -1 when the connection is dead. */
static ssize_t try_send(struct conn *conn, const void *bytes, size_t size)
{
    ssize_t sent = send(conn->watch.fd, bytes, size, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return sent;
}

void conn_send(struct conn *conn, const void *bytes, size_t size)
{
    if (closed(conn) || conn->finished || conn->owed)
        return;
    ssize_t sent = try_send(conn, bytes, size);
    if (sent < 0) {
        conn_close(conn);
        return;
    }
    size_t rest = size - (size_t)sent;
    if (rest == 0)
        return;
    conn->owed = malloc(rest);
    if (!conn->owed) {
        conn_abort(conn);
        return;
    }
    memcpy(conn->owed, (const unsigned char *)bytes + sent, rest);
    conn->owed_from = 0;
    conn->owed_size = rest;
    wait_on(conn);
}

static void send_owed(struct conn *conn)
{
    ssize_t sent = try_send(conn, conn->owed + conn->owed_from, conn->owed_size - conn->owed_from);
    if (sent < 0) {
        conn_close(conn);
        return;
    }
    conn->owed_from += (size_t)sent;
    if (conn->owed_from < conn->owed_size)
        return;
    free(conn->owed);
    conn->owed = NULL;
    finish_if_sent(conn);
    wait_on(conn);
}

/* The client's FIN has been read. */
static void other_ended(struct conn *conn)
{
    conn->ended = true;
    if (conn->shut)
        conn_close(conn);
    else if (!conn->finished)
        conn->behaviour->ended(conn);
    wait_on(conn);
}

static void read_some(struct conn *conn)
{
    unsigned char bytes[READ_SIZE];
    ssize_t got = recv(conn->watch.fd, bytes, sizeof(bytes), 0);

    if (got == 0)
        other_ended(conn);
    else if (got < 0 && errno != EAGAIN && errno != EINTR)
        conn_close(conn);
    else if (got > 0 && !conn->finished && conn->behaviour->data)
        conn->behaviour->data(conn, bytes, (size_t)got);
}

static void conn_ready(struct server *server, void *holder, uint32_t events)
{
    struct conn *conn = holder;

    (void)server;
    if ((events & EPOLLERR) || ((events & EPOLLHUP) && conn->ended)) {
        conn_close(conn);
        return;
    }
    if (conn->owed && (events & EPOLLOUT))
        send_owed(conn);
    else if (events & (EPOLLIN | EPOLLHUP)) {
        if (conn->behaviour->readable)
            conn->behaviour->readable(conn);
        else
            read_some(conn);
    }
}

static void conn_due(struct server *server, void *holder, uint32_t events)
{
    struct conn *conn = holder;

    (void)server;
    (void)events;
    if (timer_take(&conn->timer))
        conn->behaviour->due(conn);
}

void conn_pause(struct conn *conn, nanos pause)
{
    if (!closed(conn) && !server_pause(conn->server, &conn->timer, pause, 0))
        conn_abort(conn);
}

void conn_open(struct server *server, const struct lab_behaviour *behaviour, int fd)
{
    struct conn *conn = calloc(1, sizeof(*conn));

    if (!conn) {
        close(fd);
        return;
    }
    conn->watch = (struct watch){.fd = fd, .holder = conn, .ready = conn_ready};
    conn->timer = (struct watch){.fd = -1, .holder = conn, .ready = conn_due};
    conn->server = server;
    conn->behaviour = behaviour;
    conn->next = server->conns;
    if (conn->next)
        conn->next->prev = conn;
    server->conns = conn;
    if (!server_watch(server, &conn->watch, EPOLLIN))
        conn_close(conn);
    else if (conn->behaviour->opened)
        conn->behaviour->opened(conn);
}
