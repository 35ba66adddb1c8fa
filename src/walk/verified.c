/* What a walk makes of the word of the peer's own kernel. */
#include "walk/inside.h"

/* States that can end in silence, or by our last segment: there a kernel without a socket contradicts nothing. */
#define FINAL_STATES                                                                                                   \
    (IN(FIN_WAIT_1) | IN(FIN_WAIT_2) | IN(CLOSING) | IN(LAST_ACK) | IN(TIME_WAIT) | IN(CLOSED) | IN(LISTEN))

/* What the answers together say of the peer's socket, beyond the state. */
static void remark_on_socket(struct walk *walk, bool found, uint64_t socket)
{
    const struct claim *claim = &walk->belief.claim;
    nanos at = walk->stamps.last;

    if (!found) {
        walk->socket_missed = walk->socket_missed || claim->to == IN(SYN_RECEIVED);
        if (!walk->socket_seen && claim->certainty == PROVEN && !(claim->to & (FINAL_STATES | IN(SYN_RECEIVED))))
            note_once(
                walk, NOTED_NO_SOCKET, at, "no-such-socket",
                "the kernel that is asked has no such connection: it is another network, or an address is translated "
                "on the way");
        return;
    }
    if (!walk->socket_seen && walk->socket_missed)
        note_once(walk, NOTED_COOKIE, at, "syn-cookie",
                  "its kernel had no socket for this connection before: it kept SYN-RECEIVED in a SYN cookie");
    walk->socket_seen = true;
    walk->socket = socket;
}

/*
 * Is this another connection of the same ports? A late segment of ours can open one with a listener that accepts SYN
 * cookies. It is another socket than before, or the first one after ours was over.
 */
static bool is_new_connection(const struct walk *walk, uint64_t socket)
{
    if (walk->socket_seen)
        return socket != walk->socket;
    return (walk->belief.claim.to & (state_set) ~(IN(CLOSED) | IN(LISTEN))) == NO_STATES &&
           walk->belief.claim.certainty == PROVEN;
}

void walk_verified(struct walk *walk, enum state kernel, bool listening, uint64_t socket)
{
    const struct belief *belief = &walk->belief;
    const struct claim *claim = &belief->claim;
    bool found = kernel != CLOSED && !listening;
    bool other = found && is_new_connection(walk, socket);
    state_set actual = found ? IN(kernel) : IN(CLOSED) | IN(LISTEN);
    /* SYN-RECEIVED without a socket may be kept in a cookie. */
    bool cookie = listening && claim->to == IN(SYN_RECEIVED);
    struct event_verify verify = {
        .t = walk->stamps.last,
        .kernel = kernel,
        .listening = listening,
        .belief = claim->to,
        .certainty = claim->certainty,
    };

    if (walk->ended || walk->stamps.first == NANOS_NONE)
        return;
    if (other)
        note_once(
            walk, NOTED_NEW_CONNECTION, walk->stamps.last, "new-connection",
            "its kernel has another connection of these ports by now: a late segment of ours opened it, or it did");
    else
        remark_on_socket(walk, found, socket);
    if (kernel == SYN_RECEIVED && claim->certainty == PRESUMED && (claim->otherwise & IN(SYN_RECEIVED)))
        note_once(walk, NOTED_PRESUMPTION, walk->stamps.last, "still-syn-received",
                  "its kernel is still in SYN-RECEIVED: our ACK was lost, its accept queue is full, or it accepts only "
                  "with data");
    verify.violates = !cookie && !other && (actual & belief->possible) == NO_STATES;
    /* It may have moved on since, by its own doing or by what we sent; without a socket only where that is an end. */
    if (found)
        verify.agrees = !other && (actual & belief_reachable(belief, claim->to)) != NO_STATES;
    else
        verify.agrees = cookie || (claim->to & FINAL_STATES) != NO_STATES;
    walk->counts.verified++;
    walk->counts.disagreed += verify.violates ? 1 : 0;
    events_verify(walk, &verify);
}
