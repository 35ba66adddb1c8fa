/* The clients' way to a connection: connecting, and trying again until there is an answer. */
#ifndef LAB_DIAL_H
#define LAB_DIAL_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/fault.h"
#include "lab/server.h"

struct lab_behaviour;

/*
 * Connects to the target from the present network namespace, in the server's loop, and lets the behaviour have the
 * connection. Returns when the SYN has been given to the network. Tries again as lab_client_start says, until an
 * attempt has had another end than a refusal. FAULT_LOCAL when the kernel won't even send a SYN.
 */
bool dial_start(struct server *server, const struct lab_behaviour *behaviour, const struct endpoint *target,
                struct fault *fault);

/* Gives up every attempt that is under way. Connections that were made are the server's and stay. */
void dial_end_all(struct server *server);

#endif
