/*
 * How a TCP may move between states (RFC 9293 figure 5): all ways that are open to it, and the one way it
 * takes when what we sent arrives and its application does nothing.
 */
#ifndef CORE_MOVES_H
#define CORE_MOVES_H

#include <stdbool.h>

#include "core/state.h"

/* What has been put on the wire towards it: bits. A move that needs a segment is open once that was sent. */
enum sent {
    SENT_SYN = 1,              /* our SYN without ACK */
    SENT_SYN_ACK = 2,          /* an acknowledgement of its SYN */
    SENT_FIN = 4,              /* our FIN */
    SENT_FIN_ACK = 8,          /* an acknowledgement of its FIN */
    SENT_FIN_WITH_ACK = 16,    /* our FIN in a segment that acknowledged its FIN */
    SENT_RST = 32,             /* a RST with the number that it expects next */
    SENT_SYN_WITH_ACK = 64,    /* our SYN in a segment that acknowledged its SYN */
    SENT_SYN_RST = 128,        /* a RST that acknowledged its SYN: what ends SYN-SENT, whatever its number */
    SENT_BACK_TO_LISTEN = 256, /* a RST or a SYN that takes a passive opener in SYN-RECEIVED back to LISTEN */
    /* not sent, but as much of a condition */
    LISTENER_OPENS = 512, /* a SYN of ours may still open a connection with a listener */
    AWAITS_OPEN = 1024,   /* it is the peer that opens, and has not done so yet */
};

/*
 * Every state that can be reached from a state of the set by any number of moves: the application closing or
 * aborting at will, timers firing, and any of the sent segments arriving or not. Contains the set.
 */
state_set moves_possible(state_set from, unsigned sent);

/*
 * The states taken when one segment of ours arrives and is accepted. effects are the SENT_ bits that this one
 * segment carries. States that it doesn't move stay as they are.
 */
state_set moves_expected(state_set from, unsigned effects);

#endif
