#include "core/moves.h"

#include <stddef.h>

/* RFC 9293 figure 5 and 3.10. needs: what must have been sent for the move to be open; 0 for its own doing. */
static const struct move {
    state_set from;
    enum state to;
    unsigned needs;
} moves[] = {
    {IN(CLOSED) | IN(LISTEN), SYN_SENT, AWAITS_OPEN},
    {IN(LISTEN), SYN_RECEIVED, LISTENER_OPENS},
    {IN(SYN_SENT), SYN_RECEIVED, SENT_SYN},
    {IN(SYN_SENT), ESTABLISHED, SENT_SYN_WITH_ACK},
    {IN(SYN_RECEIVED), ESTABLISHED, SENT_SYN_ACK},
    /* 3.10.4: CLOSE in SYN-RECEIVED sends the FIN at once */
    {IN(SYN_RECEIVED) | IN(ESTABLISHED), FIN_WAIT_1, 0},
    {IN(SYN_RECEIVED) | IN(ESTABLISHED), CLOSE_WAIT, SENT_FIN},
    {IN(FIN_WAIT_1), FIN_WAIT_2, SENT_FIN_ACK},
    {IN(FIN_WAIT_1), CLOSING, SENT_FIN},
    {IN(FIN_WAIT_1), TIME_WAIT, SENT_FIN | SENT_FIN_ACK},
    {IN(FIN_WAIT_2), TIME_WAIT, SENT_FIN},
    {IN(CLOSE_WAIT), LAST_ACK, 0},
    {IN(CLOSING), TIME_WAIT, SENT_FIN_ACK},
    /* abort, crash, timers and give-ups end every state without a word that must reach us */
    {(state_set)(ALL_STATES & ~IN(CLOSED)), CLOSED, 0},
    /* no connection: whether the port listens is up to its application (3.10.7.4: a reset passive open listens) */
    {IN(CLOSED) | IN(SYN_RECEIVED), LISTEN, 0},
};

/* What one segment does to each state when it arrives in order. The first row whose effects it all has counts. */
static const struct expectation {
    unsigned effects;
    state_set from;
    enum state to;
} expectations[] = {
    {SENT_BACK_TO_LISTEN, IN(SYN_RECEIVED), LISTEN},
    {SENT_RST, (state_set)(ALL_STATES & ~(IN(CLOSED) | IN(LISTEN) | IN(SYN_SENT))), CLOSED},
    {SENT_SYN_RST, IN(SYN_SENT), CLOSED},
    {SENT_FIN_WITH_ACK, IN(FIN_WAIT_1) | IN(FIN_WAIT_2) | IN(CLOSING), TIME_WAIT},
    {SENT_FIN_WITH_ACK, IN(LAST_ACK), CLOSED},
    {SENT_FIN | SENT_SYN_ACK, IN(SYN_RECEIVED), CLOSE_WAIT},
    {SENT_FIN, IN(ESTABLISHED), CLOSE_WAIT},
    {SENT_FIN, IN(FIN_WAIT_1), CLOSING},
    {SENT_FIN, IN(FIN_WAIT_2), TIME_WAIT},
    {SENT_FIN_ACK, IN(FIN_WAIT_1), FIN_WAIT_2},
    {SENT_FIN_ACK, IN(CLOSING), TIME_WAIT},
    {SENT_FIN_ACK, IN(LAST_ACK), CLOSED},
    {SENT_SYN_WITH_ACK, IN(SYN_SENT), ESTABLISHED},
    {SENT_SYN_ACK, IN(SYN_RECEIVED), ESTABLISHED},
    {SENT_SYN, IN(SYN_SENT), SYN_RECEIVED},
};

/* All that can follow ESTABLISHED, unless it opens anew. */
#define OPEN_AND_AFTER ((state_set)(ALL_STATES & ~(IN(SYN_SENT) | IN(SYN_RECEIVED))))

state_set moves_possible(state_set from, unsigned sent)
{
    state_set before;

    /* What is asked for each segment of a connection that is open: it needs no search. */
    if ((from & IN(ESTABLISHED)) && (from & (state_set)~OPEN_AND_AFTER) == NO_STATES &&
        (sent & (SENT_FIN | SENT_FIN_ACK | LISTENER_OPENS | AWAITS_OPEN)) == (SENT_FIN | SENT_FIN_ACK))
        return OPEN_AND_AFTER;
    do {
        before = from;
        for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
            if ((from & moves[i].from) && (moves[i].needs & ~sent) == 0)
                from |= IN(moves[i].to);
    } while (from != before);
    return from;
}

state_set moves_expected(state_set from, unsigned effects)
{
    state_set to = NO_STATES, staying = from;

    if (from == IN(ESTABLISHED) && (effects & (SENT_FIN | SENT_RST)) == 0)
        return from;
    for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++) {
        state_set going = staying & expectations[i].from;
        if (going == NO_STATES || (expectations[i].effects & ~effects))
            continue;
        to |= IN(expectations[i].to);
        staying &= (state_set)~going;
    }
    return to | staying;
}
