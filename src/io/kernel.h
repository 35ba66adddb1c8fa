/*
 * What the kernel itself says of a TCP socket on this machine, for --verify and for the guard: netlink socket
 * diagnostics, by an exact look-up (a hash look-up like that for an arriving segment; never a dump).
 * Asking about sockets of one's own namespace needs no privilege.
 *
 * Measured on Linux 6.18 in every state, against ss:
 *   - SYN-RECEIVED is found while it is only a request socket, and told as SYN-RECEIVED. One kept in a
 *     SYN cookie is no socket: only the listener is found.
 *   - The small sockets that are left when an application has closed are found with the state that they
 *     stand for: FIN-WAIT-2 as FIN-WAIT-2, TIME-WAIT as TIME-WAIT.
 *   - A connection is found before a listener, and after its listener has gone.
 *   - An IPv4 connection of a dual-stack ("::") server is found by its IPv4 addresses (the answer then has
 *     AF_INET6 and mapped addresses): one look-up is enough.
 *   - A connection that waits in the accept queue is ESTABLISHED, as it is on the wire.
 *
 * core/state.h is included here although io/ is otherwise kept from it: the answer is a state.
 */
#ifndef IO_KERNEL_H
#define IO_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/fault.h"
#include "core/state.h"

struct kernel;

struct kernel_answer {
    /* Of the connection. When there is none: LISTEN where a listener would take its SYN, else CLOSED. */
    enum state state;
    bool listening;  /* only the listener was found */
    uint64_t socket; /* names this very socket among all that the kernel ever has; 0 when there is none */
};

/*
 * Opens a line to the kernel of the network namespace netns_fd (borrowed, only for this call), or of the
 * caller's own when netns_fd is -1. Entering another namespace needs CAP_SYS_ADMIN there and here, and is
 * done in a thread of its own: the caller's never leaves its namespace. Checks that the kernel can answer,
 * since later "nothing to ask" and "no such socket" look alike. *out is owned by the caller (kernel_close).
 * FAULT_LOCAL when it can't be done.
 */
bool kernel_open(struct kernel **out, int netns_fd, struct fault *fault);

/*
 * The state of the TCP socket whose own end is socket_side and whose other end is other_side. A zone is an
 * interface index in the namespace that is asked; link-local sockets need one. A zone in socket_side, for any
 * address, also finds sockets bound to that device; without one they stay unseen. Costs two system calls,
 * about 5 microseconds. FAULT_LOCAL when the kernel gives no answer.
 */
bool kernel_state(struct kernel *kernel, const struct endpoint *socket_side, const struct endpoint *other_side,
                  struct kernel_answer *out, struct fault *fault);

/* NULL is fine. */
void kernel_close(struct kernel *kernel);

#endif
