/*
 * A private network for the tests of src/io: the two namespaces of the lab and the wire between them, without its
 * servers. The test is on the client's side (lab0) and can open sockets on the server's (lab1). No root is needed.
 */
#ifndef UNIT_IO_NETWORK_H
#define UNIT_IO_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "io/capture.h"

#define CLIENT_INTERFACE "lab0"
#define SERVER_INTERFACE "lab1"

/* For cmocka, as a group's set-up and tear-down. Where the machine allows no namespace, every test skips. */
int network_make(void **state);
int network_leave(void **state);

/* Skips the test when there is no network; every test begins with it. */
void network_need(void);

/* Goes to the other side, for the sockets that are opened there, and comes back. */
void network_to_server(void);
void network_to_client(void);

struct addr network_addr(const char *text);

/* The addresses of both ends, for 4 or 6. */
struct addr network_client(uint8_t family);
struct addr network_server(uint8_t family);

/* A kernel's listener on this side, at any address; port 0: it chooses. Its port is filled in. */
int network_listener(uint8_t family, uint16_t *port);

/* A counter of /proc/net/snmp of this side, such as "Tcp", "InCsumErrors". */
long network_counter(const char *protocol, const char *name);

/* An IP packet as it was captured, without its link header. */
struct wire_packet {
    uint32_t length;
    uint8_t at[70000];
};

/* The next packet that comes from that address, however long it takes; the test fails when that is too long. */
void network_next_from(struct capture *capture, const struct addr *from, struct wire_packet *out);

/* Whether the checksum of a TCP segment is right in a packet of these addresses. */
bool network_sums_up(const struct addr *src, const struct addr *dst, const uint8_t *tcp, uint32_t length);

#endif
