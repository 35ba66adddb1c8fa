/*
 * Theory. A probe tells two states apart when their answers differ in something that proves: a RST or none, the number
 * that is acknowledged (is our FIN there?), its own number (is its FIN out?), the echo of a timestamp or a SACK block. The
 * table of answers below gives each state, for each probe, a class; states of one class look alike to that probe. The
 * classes are those of RFC 9293 3.10.7; where stacks are known to be silent instead the class is A_SILENCE, and such a probe
 * is asked only when nothing else is left.
 *
 * All harmless ones carry numbers that move nothing, whatever a stack makes of them: old ones, and an acknowledgement far below
 * all others.
 */
#include "core/probe.h"

#include "base/words.h"

#include <stddef.h>

/* How many are harmless. */
#define HARMLESS 4

static const struct probe_text texts[PROBE_COUNT] = {
    [PROBE_NONE] = {"none", N_("no probe"), NULL},
    [PROBE_OLD_BYTE] = {"old-byte", N_("an old byte, which every connection acknowledges"), NULL},
    [PROBE_OLD_ACK] = {"old-ack", N_("an old acknowledgement, which only an opening connection refuses"), NULL},
    [PROBE_BARE] = {"bare", N_("a segment without flags, which a closed port refuses and a listener drops"), NULL},
    [PROBE_SYN_COPY] = {"syn-copy", N_("a copy of our SYN"), NULL},
    [PROBE_NEW_BYTE] = {"new-byte", N_("a byte of data"),
                        "next, a byte of data: its application gets a zero byte; a deferred open is completed; a peer "
                        "whose application has "
                        "closed resets the connection"},
    [PROBE_SYN] = {"syn", N_("a SYN in the window"),
                   "next, a SYN in the window: a peer that keeps RFC 5961 challenges it; an older one resets the "
                   "connection, and so does Linux in "
                   "SYN-RECEIVED and where the application has closed"},
    [PROBE_RST] = {"rst", N_("a RST one number off"),
                   "next, a RST one number off: a peer that keeps RFC 5961 challenges it; for an older one it ends the "
                   "connection, and so for Linux "
                   "where the application has closed"},
};

const struct probe_text *probe_text(enum probe probe)
{
    return &texts[probe];
}

bool probe_is_limited(enum probe probe)
{
    return probe != PROBE_OLD_BYTE && probe != PROBE_NEW_BYTE;
}

/* ---- what is answered ---- */

/* Answers that can be told apart. */
enum answer {
    A_RST,
    A_SILENCE,
    A_OPENING,     /* still SYN-RECEIVED, by the echo, the lack of SACK, or a RST to an old acknowledgement */
    A_OPEN,        /* ACK: our FIN is not there, its own is unsent */
    A_FIN_OUT,     /* ... its own is sent */
    A_FIN_ACKED,   /* ... and the echo shows that it knows of our acknowledgement */
    A_CLOSED_HALF, /* ACK of our FIN, its own is unsent */
    A_BOTH_FINS,
    A_BOTH_ACKED,
    A_NEW, /* another connection */
};

/* Does an echo tell which of our acknowledgements it has taken? */
static bool tells_fin_ack(const struct knowledge *known)
{
    return known->fin_ack.set && known->fin_ack.has_tsval && known->tsval_seen && !known->tsval_wild;
}

/* Does an answer to an old byte tell whether it has taken our ACK of its SYN-ACK? */
static bool tells_opening(const struct knowledge *known)
{
    return knowledge_has_sack(known) ||
           (known->opening_stamped && !known->opening_unstamped && known->tsval_seen && !known->tsval_wild);
}

/* To an ACK, or anything else that a connection acknowledges without reading further. */
static enum answer acknowledges(const struct knowledge *known, enum state state)
{
    switch (state) {
    case CLOSED:
    case LISTEN:
        return A_RST;
    case SYN_SENT:
        return A_SILENCE;
    case SYN_RECEIVED:
        return tells_opening(known) ? A_OPENING : A_OPEN;
    case ESTABLISHED:
        return A_OPEN;
    case FIN_WAIT_1:
        return A_FIN_OUT;
    case FIN_WAIT_2:
        return tells_fin_ack(known) ? A_FIN_ACKED : A_FIN_OUT;
    case CLOSE_WAIT:
        return A_CLOSED_HALF;
    case TIME_WAIT:
        return tells_fin_ack(known) ? A_BOTH_ACKED : A_BOTH_FINS;
    default:
        return A_BOTH_FINS;
    }
}

static enum answer to_bare(const struct knowledge *known, enum state state)
{
    switch (state) {
    case CLOSED:
        return A_RST;
    case SYN_RECEIVED:
        return A_OPENING;
    case TIME_WAIT:
        return acknowledges(known, state);
    default:
        return A_SILENCE; /* Linux is, where the RFC has it acknowledged */
    }
}

static enum answer to_syn_copy(enum state state)
{
    switch (state) {
    case CLOSED:
        return A_RST;
    case LISTEN:
        return A_NEW;
    case SYN_RECEIVED:
        return A_OPENING;
    default:
        return A_OPEN;
    }
}

static enum answer answer_of(const struct knowledge *known, enum probe probe, enum state state)
{
    switch (probe) {
    case PROBE_OLD_BYTE:
        return acknowledges(known, state);
    case PROBE_OLD_ACK:
        return (IN(state) & (IN(CLOSED) | IN(LISTEN) | IN(SYN_SENT) | IN(SYN_RECEIVED))) ? A_RST : A_OPEN;
    case PROBE_BARE:
        return to_bare(known, state);
    default:
        return to_syn_copy(state);
    }
}

/* How many answers it can have among these states, and how many of them are more than silence, which proves nothing. */
static unsigned answers_in(const struct knowledge *known, enum probe probe, state_set states, unsigned *telling)
{
    unsigned seen = 0, count = 0;

    for (unsigned state = 0; state < STATE_COUNT; state++)
        if (states & IN(state))
            seen |= 1u << answer_of(known, probe, (enum state)state);
    *telling = (seen >> A_SILENCE & 1) ? 0 : 1;
    for (; seen; seen &= seen - 1)
        count++;
    *telling = *telling ? count : count - 1;
    return count;
}

bool probe_allows_silence(const struct belief *belief, enum probe probe)
{
    for (unsigned state = 0; state < STATE_COUNT; state++)
        if ((probe_doubt(belief, false) & IN(state)) &&
            answer_of(&belief->known, probe, (enum state)state) == A_SILENCE)
            return true;
    return probe == PROBE_OLD_ACK; /* lwIP, gVisor and libslirp pass over it once open (measured) */
}

/* ---- which to ask ---- */

bool probe_fits(const struct belief *belief, enum probe probe)
{
    const struct knowledge *known = &belief->known;
    bool met = known->irs_known && known->acked_any;

    switch (probe) {
    case PROBE_OLD_BYTE: /* before our ACK some stacks would take it for that */
        return met && known->ack_sent;
    case PROBE_OLD_ACK:
    case PROBE_BARE:
        return met;
    case PROBE_SYN_COPY: /* later on it could open another connection */
        return met && !known->ack_sent && !known->reset_sent && known->iss_known && !known->awaited &&
               !known->its_syn_alone && (belief->claim.likely & IN(SYN_RECEIVED));
    case PROBE_NEW_BYTE:
        return met && known->ack_sent && !(known->may & SENT_FIN);
    default:
        return met && known->ack_sent;
    }
}

state_set probe_doubt(const struct belief *belief, bool fresh)
{
    const struct claim *claim = &belief->claim;

    if (fresh && claim->certainty != PRESUMED)
        return state_count(claim->by_habit) == 1 ? claim->by_habit : claim->to;
    /* Whatever it is, it may be gone without a word. */
    return claim->to | claim->otherwise | IN(CLOSED);
}

/*
 * Of those that tell equally much the one that comes first: an old byte is never limited; but Linux starts TIME-WAIT anew
 * when it gets one, so what waits is asked without flags first.
 */
static void order_of(const struct belief *belief, state_set doubt, enum probe order[HARMLESS])
{
    bool waits = (doubt & IN(TIME_WAIT)) && !(doubt & (IN(ESTABLISHED) | IN(LAST_ACK)));
    unsigned n = 0;

    if (waits || !belief->known.ack_sent)
        order[n++] = PROBE_BARE;
    order[n++] = PROBE_OLD_BYTE;
    order[n++] = PROBE_OLD_ACK;
    if (n < HARMLESS - 1)
        order[n++] = PROBE_BARE;
    order[n] = PROBE_SYN_COPY;
}

/*
 * Whole sockets of Linux pass over a segment without flags: there its answer is not worth waiting for. An old acknowledgement
 * says no more than an old byte, unless the connection may still be opening.
 */
static bool is_worth_it(const struct belief *belief, enum probe probe, state_set doubt)
{
    if (probe == PROBE_OLD_ACK && belief->known.ack_sent)
        return (doubt & IN(SYN_RECEIVED)) != 0;
    return probe != PROBE_BARE || !belief->known.ack_sent ||
           !(doubt & (IN(ESTABLISHED) | IN(CLOSE_WAIT) | IN(FIN_WAIT_1)));
}

enum probe probe_choose(const struct belief *belief, state_set doubt, unsigned asked)
{
    enum probe order[HARMLESS], best = PROBE_NONE;
    unsigned most = 0;

    order_of(belief, doubt, order);
    for (unsigned i = 0; i < HARMLESS; i++) {
        unsigned telling, answers = answers_in(&belief->known, order[i], doubt, &telling);
        bool first_of_all = i == 0 && order[0] == PROBE_BARE;
        if ((asked >> order[i] & 1) || !probe_fits(belief, order[i]) || answers < 2 || telling <= most ||
            !is_worth_it(belief, order[i], doubt))
            continue;
        best = order[i];
        most = first_of_all ? STATE_COUNT : telling;
    }
    return best;
}
