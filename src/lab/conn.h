/* One connection, accepted by a service or made by a client of the lab, and the few things that a behaviour can do with it. */
#ifndef LAB_CONN_H
#define LAB_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/server.h"

struct conn {
    struct watch watch;
    struct watch timer;
    struct server *server;
    const struct lab_behaviour *behaviour;
    struct conn *prev, *next; /* in server->conns, or by next alone in server->dead */

    unsigned char *owed; /* (owned) what the kernel would not take yet; NULL when nothing */
    size_t owed_from, owed_size;
    bool ended;    /* the other side's FIN has been read */
    bool finished; /* we have nothing more to say: close once all is sent */
    bool shut;     /* our FIN is out, and the other side's is awaited */

    /* What the behaviours remember between two events. */
    union {
        struct {
            uint32_t line;
            uint32_t after_fin;
        } chargen;
        struct {
            char method[8];
            uint8_t length;
            uint8_t newlines; /* in a row */
            bool asked;       /* the request is whole, and being thought about */
        } http;
    };
};

/* Takes a connected non-blocking socket that no watch has; closes it at once when there is no memory for it. */
void conn_open(struct server *server, const struct lab_behaviour *behaviour, int fd);

/* Sends, keeping what the kernel does not take now; the other side is not read meanwhile, so that the rest is bounded. */
void conn_send(struct conn *conn, const void *bytes, size_t size);

/*
 * Ends our direction once all is sent. If the other side has ended its own, the socket is closed; otherwise our
 * FIN goes first, what still comes is thrown away, and the socket is closed at the other side's FIN.
 */
void conn_finish(struct conn *conn);

/* Calls the behaviour's due after the pause. */
void conn_pause(struct conn *conn, nanos pause);

/* Closes the socket now; the kernel sends what it holds, or RST if something is unread. */
void conn_close(struct conn *conn);

/* Closes the socket with RST. */
void conn_abort(struct conn *conn);

/* Frees the connections that were closed since the last call. */
void conn_bury(struct server *server);

#endif
