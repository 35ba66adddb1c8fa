/*
 * How each service and each client behaves: a small struct of functions. Every one may be NULL, except ended where
 * there are connections and they are not read by the behaviour itself.
 */
#ifndef LAB_BEHAVIOURS_H
#define LAB_BEHAVIOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

struct conn;
struct listener;

struct lab_behaviour {
    /* The listener; not used of clients. */
    int backlog;                                                 /* for listen(2) */
    bool accepts;                                                /* false: connections are left in the accept queue */
    bool (*prepare)(int fd, uint8_t family);                     /* before bind and listen; false with errno */
    bool (*arm)(struct listener *listener, struct fault *fault); /* after listen; what it makes is listener->means */
    void (*disarm)(struct listener *listener);                   /* releases listener->means */

    /* A connection. */
    void (*opened)(struct conn *conn);                                        /* accepted, or for a client connected */
    void (*data)(struct conn *conn, const unsigned char *bytes, size_t size); /* NULL: thrown away */
    void (*ended)(struct conn *conn);                                         /* the other side's FIN */
    void (*due)(struct conn *conn);                                           /* a conn_pause is over */
    void (*readable)(struct conn *conn); /* instead of data and ended: nothing has been read yet */
};

extern const struct lab_behaviour behaviour_echo, behaviour_discard, behaviour_daytime, behaviour_chargen,
    behaviour_reset, behaviour_unread, behaviour_never_closes, behaviour_closes_late, behaviour_closes_first,
    behaviour_deferred, behaviour_silent, behaviour_shuts_down, behaviour_client, behaviour_client_http,
    behaviour_client_closes_late;                        /* behaviours.c */
extern const struct lab_behaviour behaviour_http;        /* http.c */
extern const struct lab_behaviour behaviour_queue_full;  /* queue_full.c */
extern const struct lab_behaviour behaviour_syn_cookies; /* syn_cookies.c */

/* Sends back what came: the part of echo that other services share. */
void behave_echo(struct conn *conn, const unsigned char *bytes, size_t size);

/* Attaches a classic filter to the socket that drops every segment, before the kernel could answer it. */
bool behave_deaf(int fd);

#endif
