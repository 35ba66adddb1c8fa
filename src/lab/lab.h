/*
 * The lab: a private network with real kernel servers and clients, made by this process and gone with it; no root
 * needed.
 *
 * Two network namespaces, joined by a veth pair:
 *
 *     client (the calling process)                    server (a child process)
 *     lab0  192.0.2.1/24                              lab1  192.0.2.2/24
 *           2001:db8::1/64, fe80::1/64  --------------      2001:db8::2/64, fe80::2/64
 *     lo    127.0.0.1, ::1  (the same services)       lo
 *
 * The services listen there from the start. A client of the lab connects from there to us, when it is asked for.
 *
 * Nothing of it is reachable from outside, and nothing outlives the process, whatever ends it.
 */
#ifndef LAB_LAB_H
#define LAB_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/fault.h"

struct lab_behaviour; /* the lab's own business */

/* One service of the lab. */
struct lab_service {
    const char *name;
    uint16_t port;
    uint8_t host;     /* the last byte of its addresses: 2, the server's, for all but those that a router refuses */
    const char *what; /* a sentence for people, without its full stop */
    const struct lab_behaviour *behaviour; /* how it is done; NULL where nothing listens */
};

/*
 * All services, classic ones first, then the misbehaving ones by port; ends with a NULL name. Names and ports are
 * unique.
 */
extern const struct lab_service lab_services[];

/* The service with this name ("echo", letters of any case) or port in decimal ("7"); NULL when there is none. */
const struct lab_service *lab_service_find(const char *name_or_port);

/* One client of the lab: how the other side behaves when it is the one that connects. */
struct lab_client {
    const char *name;
    const char *what; /* a sentence for people, without its full stop */
    const struct lab_behaviour *behaviour;
};

/* All clients, the plain ones first; ends with a NULL name. Names are unique, and none is a service's. */
extern const struct lab_client lab_clients[];

/* The client with this name, letters of any case; NULL when there is none. */
const struct lab_client *lab_client_find(const char *name);

#define LAB_ADDRS 2 /* one for IPv4, one for IPv6 */

/*
 * Names of the lab, letters of any case: "lab" and "server.lab" are the server, "<service>.lab" is where that
 * service is. Writes the addresses, IPv4 first, and returns how many there are: 0 for what is no name of the
 * lab. It is a table, not a look-up: it works whether or not a lab is running.
 */
size_t lab_resolve(const char *host, struct addr out[LAB_ADDRS]);

#define LAB_INTERFACE "lab0" /* the client's end of the wire */

struct lab {
    pid_t server;   /* the child that serves, and whose are the clients; 0 when none runs */
    int line;       /* to it, for orders and its answers; open while it runs */
    int peer_netns; /* open on the server's network namespace, to ask the kernel there; -1 when none runs */
    bool ipv6;      /* false on a kernel without IPv6: the lab is IPv4 only then */
};

/*
 * Makes the lab and moves the calling process, which must have a single thread, into its client side, for
 * good. As root this takes a new network namespace, otherwise a new user namespace as well, in which the
 * process is root (uid 0 stands for the user outside; files still belong to the user). When it returns true
 * every service answers. Call it before opening sockets: those stay in the network where they were made. On
 * false the fault says what forbade it (FAULT_LOCAL), no server runs, and the process may be left in a
 * half-made network: it should end.
 */
bool lab_start(struct lab *lab, struct fault *fault);

/*
 * Has a client connect from the server's side to target: one of our addresses in the lab (192.0.2.1, 2001:db8::1) and a
 * port. Returns when its first SYN is on its way, so have the guard and the capture ready before. Needs no privilege.
 *
 * An attempt that is refused (RST) is repeated after 20 ms from another port, as is one that the kernel has given up.
 * An unanswered SYN is repeated by the kernel: after 1, 2, 3, 4, 5 and 7 s (measured on Linux 6.18; releases before
 * 6.5 double each wait: 1, 3, 7 s). With any other answer to its SYN the client has had its one connection. Called
 * again, it is a further client. All of them end with the server: lab_stop, or our death.
 *
 * On false the lab does not run, or the kernel finds no way to the target (FAULT_LOCAL); no client was started then.
 */
bool lab_client_start(const struct lab *lab, const struct lab_client *client, const struct endpoint *target,
                      struct fault *fault);

/* Ends the server and all clients, closes the descriptors; the process stays in the client side. Safe to call twice. */
void lab_stop(struct lab *lab);

/*
 * Runs the same services in the network namespace where the process is, in the foreground, on one address or
 * (NULL) on all of IPv4 and IPv6. Calls ready(context), if given, once every service answers, and returns
 * true when SIGINT or SIGTERM asks it to stop. Needs CAP_NET_BIND_SERVICE, CAP_NET_RAW and CAP_NET_ADMIN over
 * the namespace. It changes no setting of the namespace and adds no address: "unreachable" and "prohibited"
 * exist only in lab_start's own network.
 */
bool lab_serve(const struct addr *address, void (*ready)(void *context), void *context, struct fault *fault);

#endif
