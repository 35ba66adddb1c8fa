/* One walk to one address: everything that it needs is opened, walked with, and closed. */
#ifndef CMD_ATTEMPT_H
#define CMD_ATTEMPT_H

#include <signal.h>
#include <stdbool.h>

#include "cmd/options.h"
#include "io/guard.h"
#include "io/live.h"
#include "io/route.h"
#include "lab/lab.h"
#include "walk/loop.h"

struct kernel;
struct recorder;
struct copy;
struct tape;

/* What is asked for. All pointers are borrowed. */
struct errand {
    const char *command;
    const struct options *options;
    const struct lab *lab;           /* or NULL */
    const struct lab_client *client; /* of the lab, to be started once we listen; or NULL */
    const char *host;                /* what the user called the peer, or NULL */
    const struct step *steps;
    unsigned step_count;
    bool passive;              /* the peer is whoever sends a SYN to the port */
    bool interactive;          /* more steps come on watch_fd */
    bool expects;              /* there are expectations among the steps, or may be */
    bool expects_data;         /* ... on the peer's bytes */
    int watch_fd;              /* -1: none */
    struct recorder *recorder; /* to keep the bytes of what is seen; or NULL */
    struct tape *tape;         /* to write what is seen, into */
    struct copy *copy;         /* ... this file; both or neither is NULL */
    const sigset_t *wait_mask;
};

/* What it takes; closed by attempt_close. */
struct attempt {
    struct flow flow;
    struct route route;
    struct guard guard;
    struct kernel *kernel;
    struct live *live;
    struct port port;
    struct walk *walk;
    void *inbox;
    void *text;
};

/*
 * Walks to the address and port (passive: waits at our own port for a peer, from that address when it has one). last: no
 * other address will be tried, so that privileges can be dropped. Returns as loop_run does; the attempt is to be closed
 * in either case.
 */
bool attempt_walk(struct attempt *attempt, const struct errand *errand, const struct endpoint *peer, bool last,
                  const struct listener *listener, struct fault *fault);

/* The guard outlives the capture by nothing: whoever comes after us finds the port free. last: the program ends after it. */
void attempt_close(struct attempt *attempt, bool last);

#endif
