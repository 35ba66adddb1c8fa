/*
 * The server of the lab: one epoll loop, the listeners of all services, in as many namespaces as it is given, and the
 * clients that were asked for.
 */
#ifndef LAB_SERVER_H
#define LAB_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/fault.h"
#include "base/nanos.h"
#include "lab/lab.h"

struct server;
struct conn;
struct dial;

/* A descriptor that the loop waits for, inside whatever it belongs to. */
struct watch {
    int fd; /* -1 when there is none (any more) */
    void *holder;
    void (*ready)(struct server *server, void *holder, uint32_t events);
};

/* A listening socket of one service on one address. */
struct listener {
    struct watch watch;
    struct server *server;
    const struct lab_service *service;
    struct addr at; /* where it is bound; all zero bytes is every address of the family */
    void *means;    /* (owned) what its behaviour's arm made, released by its disarm; or NULL */
    struct listener *next;
};

struct server {
    int epoll;
    int spare; /* given up for a moment when descriptors run out, to turn a connection away */
    bool stopped;
    struct listener *listeners; /* (owned) */
    struct conn *conns;         /* (owned) alive */
    struct dial *dials;         /* (owned) of clients, whether they are connected already or not */
    struct conn *dead;          /* (owned) closed, freed when the events at hand are done with */
};

/* Starts a server without listeners. On false nothing is left to close. */
bool server_init(struct server *server, struct fault *fault);

/*
 * Opens the listeners of all services in the present network namespace: on address, or on every address of
 * IPv4 and (if ipv6) of IPv6 when it is NULL. Call it once for each namespace. On false, close the server.
 */
bool server_listen(struct server *server, const struct addr *address, bool ipv6, struct fault *fault);

/* Serves until server->stopped, which a watch sets; false when the loop itself fails. */
bool server_run(struct server *server, struct fault *fault);

/* Closes and frees everything. */
void server_close(struct server *server);

/* Adds the watch's descriptor to the loop, or changes what it waits for. */
bool server_watch(struct server *server, struct watch *watch, uint32_t events);
bool server_rewatch(struct server *server, struct watch *watch, uint32_t events);

/* Takes the watch's descriptor, which it has, out of the loop, and gives it to the caller. */
int server_unwatch(struct server *server, struct watch *watch);

/* Closes the watch's descriptor, if any; the loop forgets it. */
void watch_close(struct watch *watch);

/*
 * Makes the watch's descriptor ready after a pause, and then every so often (0: once); opens a timer in it if
 * it has none yet. A pause of 0 stops it. The holder takes the event with timer_take.
 */
bool server_pause(struct server *server, struct watch *timer, nanos pause, nanos every);

/* True when the timer's time has come, and not when the event was left over from an earlier one. */
bool timer_take(const struct watch *timer);

/* Where a client in the same namespace reaches the listener: its address, or the loopback one. */
struct endpoint listener_reachable_at(const struct listener *listener);

#endif
