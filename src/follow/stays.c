#include "follow/stays.h"

#include <string.h>

#include "core/moves.h"

/* All that the other end can send, but no new connection. */
#define ANYTHING (~(unsigned)(LISTENER_OPENS | AWAITS_OPEN))

/* Takes it out: the one before lasts longer. */
static void take_out(struct stays *stays, unsigned i)
{
    memmove(&stays->at[i], &stays->at[i + 1], (stays->count - i - 1) * sizeof(stays->at[0]));
    stays->count--;
}

void stays_note(struct stays *stays, state_set likely, bool presumed, nanos at)
{
    struct stay *last;
    unsigned state;

    if (likely == NO_STATES)
        return;
    state = (unsigned)__builtin_ctz(likely);
    for (unsigned i = stays->count; i > 0 && at < stays->at[i - 1].since; i--) /* the capture's clock went back */
        stays->at[i - 1].since = at;
    last = stays->count ? &stays->at[stays->count - 1] : NULL;
    if (last && last->state == state) {
        last->presumed = last->presumed && presumed;
        return;
    }
    if (stays->count == STAYS_MAX) {
        const struct stay *first = &stays->at[0];
        if (first->state != STAY_UNKNOWN)
            stays->before[first->state] += stays->at[1].since - first->since;
        stays->cut = true;
        take_out(stays, 0);
    }
    stays->at[stays->count++] = (struct stay){at, (uint8_t)state, presumed};
}

/* Can an end that is there be in one of these later, in the same connection? */
static bool leads_to(unsigned state, state_set later)
{
    if (state == STAY_UNKNOWN)
        return true;
    /* Who listens does not refuse, nor send a SYN of its own. */
    if (state == LISTEN)
        return (later & (state_set) ~(IN(CLOSED) | IN(SYN_SENT))) != NO_STATES;
    return (moves_possible(IN(state), ANYTHING) & later) != NO_STATES;
}

void stays_prove(struct stays *stays, state_set states)
{
    unsigned i = stays->count;

    while (i > 0 && stays->at[i - 1].presumed)
        i--;
    while (i < stays->count) {
        if (leads_to(stays->at[i].state, states))
            i++;
        else if (i > 0)
            take_out(stays, i);
        else /* who refuses to open a connection has none */
            stays->at[i++].state = states == IN(CLOSED) ? CLOSED : STAY_UNKNOWN;
    }
}

void stays_join(struct stays *stays)
{
    if (stays->count == 1 && !stays->cut && stays->at[0].presumed)
        stays->at[0].state = STAY_UNKNOWN;
}

void stays_undo(struct stays *stays, nanos since)
{
    while (stays->count > 1 && stays->at[stays->count - 1].since >= since)
        stays->count--;
    if (stays->count == 1 && !stays->cut && stays->at[0].since >= since)
        stays->at[0].state = STAY_UNKNOWN;
}

void stays_sum(const struct stays *stays, nanos until, nanos out[STATE_COUNT])
{
    memcpy(out, stays->before, sizeof(stays->before));
    for (unsigned i = 0; i < stays->count; i++) {
        const struct stay *stay = &stays->at[i];
        nanos end = i + 1 < stays->count && stays->at[i + 1].since < until ? stays->at[i + 1].since : until;
        if (stay->state != STAY_UNKNOWN && stay->since < end)
            out[stay->state] += end - stay->since;
    }
}
