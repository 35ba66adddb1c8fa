/* One action of a walk, and the walks that ship inside. The step language reads and prints the same lists. */
#ifndef WALK_STEP_H
#define WALK_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nanos.h"

enum step_kind {
    STEP_OPEN,   /* SYN, wait for the SYN-ACK, ACK */
    STEP_SEND,   /* queue bytes and see them sent; skipped when there are none */
    STEP_FIN,    /* close our direction and wait until that is acknowledged */
    STEP_DRAIN,  /* take and acknowledge what comes until the peer's FIN */
    STEP_LINGER, /* in TIME-WAIT: stay to answer a repeated FIN */
    STEP_RESET,  /* abort with an exact RST */
};

struct step {
    enum step_kind kind;
    const uint8_t *bytes; /* STEP_SEND (borrowed) */
    uint32_t len;
};

#define NAMED_STEPS_MAX 6

/* A walk with a name: what each command does, as steps. */
struct named_walk {
    const char *name;
    bool peer_must_close; /* without the peer's FIN the walk did not do what was asked */
    struct step steps[NAMED_STEPS_MAX];
    unsigned step_count;
};

/* All of them; the last has no name. */
extern const struct named_walk named_walks[];

/* NULL when there is none of that name. */
const struct named_walk *named_walk_find(const char *name);

#endif
