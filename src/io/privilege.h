/*
 * The one capability that tcpwalk needs, CAP_NET_RAW (raw sockets and packet capture), and giving it up once
 * the sockets are open.
 */
#ifndef IO_PRIVILEGE_H
#define IO_PRIVILEGE_H

#include <stdbool.h>

#include "base/fault.h"

/*
 * Is CAP_NET_RAW effective for this thread? FAULT_LOCAL, with how to grant it, when it is not. True says
 * nothing about a network namespace that belongs to another user namespace: opening the raw socket there
 * still fails.
 */
bool privilege_check(struct fault *fault);

/*
 * Gives up every capability of the calling thread for good, and the way back to one by executing a file. Call
 * it when all sockets and files are open and while there is one thread only: capabilities belong to threads.
 * What stays possible: sending and receiving on open raw and packet sockets, socket diagnostics.
 * What does not: opening raw or packet sockets, entering a namespace, source ports below 1024, and for root
 * opening files that its mere ownership doesn't reach. Calling it without any privilege is fine.
 */
bool privilege_drop(struct fault *fault);

/*
 * Sets a fault of kind FAULT_LOCAL for a call that failed with EPERM or EACCES: that CAP_NET_RAW is missing
 * and how to grant it, or, where it is held, what else it can be. what is a phrase such as "capturing".
 * Returns false.
 */
bool privilege_fault(struct fault *fault, const char *what);

#endif
