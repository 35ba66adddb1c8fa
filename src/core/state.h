/* The eleven states of RFC 9293 3.3.2, and sets of them. */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include <stdbool.h>
#include <stdint.h>

enum state {
    LISTEN,
    SYN_SENT,
    SYN_RECEIVED,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    CLOSE_WAIT,
    CLOSING,
    LAST_ACK,
    TIME_WAIT,
    CLOSED,
    STATE_COUNT
};

/* A set of states: one bit each. */
typedef uint16_t state_set;

#define IN(state) ((state_set)(1u << (state)))
#define NO_STATES ((state_set)0)
#define ALL_STATES ((state_set)((1u << STATE_COUNT) - 1))

/* "SYN-RECEIVED": the RFC's spelling. Static text. */
const char *state_name(enum state state);

/* How many states are in the set. */
unsigned state_count(state_set set);

/* Room for all eleven names with separators. */
#define STATE_SET_TEXT 160

/* The names of a set joined by separator, in the RFC's order; "none" when empty. Returns out. */
char *state_set_text(state_set set, const char *separator, char out[STATE_SET_TEXT]);

#endif
