/* The namespaces of the lab: made, and set to what the services rely on. */
#ifndef LAB_NAMESPACES_H
#define LAB_NAMESPACES_H

#include <stdbool.h>

#include "base/fault.h"

/*
 * Moves the process into new network namespaces, in a new user namespace where it isn't privileged: makes the
 * server's, opens it as *server_netns (the caller closes it), makes the client's, and stays there.
 */
bool namespaces_make(int *server_netns, struct fault *fault);

/* Sets, in the present network namespace, every setting that a service or a link of the lab relies on. */
bool namespaces_settle(bool router, struct fault *fault);

/* Reads a setting of the present namespace as a number ("net/ipv4/tcp_syncookies"); otherwise when it can't be read. */
long namespaces_setting(const char *path, long otherwise);

#endif
