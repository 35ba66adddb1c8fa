/* The wire of the lab: the veth pair, its addresses and routes, by netlink. */
#ifndef LAB_LINKS_H
#define LAB_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/fault.h"

/* The last byte of each address of the lab; written out, IPv4 and IPv6 end alike ("192.0.2.2", "2001:db8::2"). */
enum {
    LINKS_CLIENT_HOST = 1,
    LINKS_SERVER_HOST = 2,
    LINKS_PROHIBITED_HOST = 8,  /* behind the server, which forwards nothing there and says so: ICMP prohibited */
    LINKS_UNREACHABLE_HOST = 9, /* the same with ICMP unreachable */
};

#define LINKS_SERVER_INTERFACE "lab1"

/* 192.0.2.host and 2001:db8::host (the networks for documentation: RFC 5737, RFC 3849). */
struct addr links_addr4(uint8_t host);
struct addr links_addr6(uint8_t host);

/* True when the kernel knows IPv6 at all. */
bool links_have_ipv6(void);

/* Brings up the loopback of the present namespace. */
bool links_loopback(struct fault *fault);

/* Makes the pair: lab0 in the present namespace, lab1 in the server's. Both are down. */
bool links_pair(int server_netns, struct fault *fault);

/* Each for the namespace of its side: brings up its end, gives it its addresses and adds the routes. */
bool links_client(bool ipv6, struct fault *fault);
bool links_server(bool ipv6, struct fault *fault);

/* Waits until the kernel will send over that link of the present namespace: not before both ends are up. */
bool links_wait(const char *name, struct fault *fault);

#endif
