/*
 * A lab for the unit tests of its clients, which this program makes for itself, and the three that a client can meet in
 * it: a server of the kernel, a guard that lets nothing through, and segments made by hand. What state a client is in
 * is asked of its own kernel.
 *
 * Nothing here waits for a time to pass: what has to come is awaited, with a limit that only a failure reaches. And
 * whatever goes wrong fails the test.
 */
#ifndef UNIT_LAB_HOME_H
#define UNIT_LAB_HOME_H

#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/guard.h"
#include "io/kernel.h"
#include "lab/lab.h"

/* What every test has: a lab, with the line to the kernel of its server's side. */
struct home {
    struct lab lab;
    struct kernel *kernel;
    char no_lab[FAULT_WORDS]; /* why there is none; else empty */
};

/* Our addresses in the lab: IPv4, IPv6. */
extern const char *const home_ours[2];

/* Set-up and tear-down of a group: where no lab can be made, every test that asks for it is skipped. */
int home_make(void **state);
int home_leave(void **state);

/* The lab of the group; the second skips where there is no IPv6. */
struct home *home_of(void **state);
struct home *home_with_ipv6(void **state);

/* How many of home_ours there are: 1 without IPv6, else 2. */
size_t home_addresses(const struct home *home);

/* Reads a numeric address. */
struct addr addr_of(const char *text);

/* Starts the client of that name. */
void home_start(const struct home *home, const char *name, const struct endpoint *target);

/* Its kernel says that the client's socket is in this state, now or soon. */
void home_await_state(const struct home *home, const struct flow *flow, enum state state);

/* Half a second goes by, in which another client lives and dies: for what should not come to come in. */
void home_half_a_second(const struct home *home);

/* ---- a server of the kernel ---- */

struct served {
    int fd;
    struct flow flow;
};

/* A socket of the kernel on our address and a port (0: a free one), which is filled in; it listens if asked to. */
int served_bind(struct endpoint *at, bool listens);

/* Accepts the next connection. */
struct served served_take(int listener, const struct endpoint *at);

/* Starts the client and accepts its connection. */
struct served served_by_us(const struct home *home, const char *name, const char *address);

/* Reads just this, and then, if told so, the client's FIN. */
void served_says(const struct served *served, const char *text, bool then_ends);

/* Sends four bytes; ends our direction; closes with RST, so that no TIME-WAIT of ours is left. */
void served_say(const struct served *served);
void served_end(const struct served *served);
void served_drop(const struct served *served);

/* ---- segments by hand ---- */

/* A segment of a client as it came in. */
struct seen {
    struct endpoint from;
    struct tcphdr tcp;
};

/* A raw socket that gets every segment of the address family. Over IPv6 it can send: the kernel does the checksum. */
int raw_open(uint8_t family);

/*
 * The next segment to our endpoint that has these flags (of SYN, ACK, FIN and RST); false when none comes. The flags
 * for recvfrom(2) say whether to wait for it. The other one waits, and it must come.
 */
bool raw_find(int raw, const struct endpoint *at, uint8_t flags, int how, struct seen *seen);
struct seen raw_await(int raw, const struct endpoint *at, uint8_t flags);

/* Sends a bare segment to the client (home_with_ipv6). */
void raw_send(int raw, const struct flow *flow, uint32_t seq, uint32_t ack, uint8_t flags);

/* A guard on our address, a client behind it, and the SYN that the guard has swallowed. */
struct guarded {
    struct guard guard;
    int raw;
    struct flow flow;
    uint32_t seq; /* of the SYN */
};

/* Starts the client behind a guard, and takes its SYN. */
struct guarded guarded_meet(const struct home *home, const char *name, const char *address);

/* Closes what it has open. */
void guarded_part(struct guarded *met);

#endif
