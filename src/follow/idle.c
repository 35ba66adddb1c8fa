/* What the passing of time does to connections while the capture is going on. */
#include "follow/follow.h"

/* A SYN that got no answer is sent again for some two minutes (Linux: 127 s); then it got nowhere. */
#define GIVEN_UP (130 * NANOS_PER_S)

/* Those that are over, the one first that was so first. */
static void tell_settled(struct follow *follow, nanos at, nanos settled)
{
    for (unsigned i = 0; i < OVER_MAX; i++) {
        const struct over *over = &follow->over[(follow->over_next + i) % OVER_MAX];
        struct slot *slot = &follow->slots[over->slot];
        if (over->number == 0 || slot->number != over->number)
            continue;
        if (!follow_is_over(follow, slot)) {
            slot->told = false;
        } else if (!slot->told && at - slot->last_at >= settled) {
            follow_report(follow, slot, false);
            slot->told = true;
        }
    }
}

/* Nothing but SYNs, and what answers them. */
static bool is_attempt(const struct follow *follow, const struct slot *slot)
{
    if (slot->full != NO_SLOT) {
        enum opening opening = slot_connection(follow, slot)->opening;
        return opening == OPENING_TRIED || opening == OPENING_ANSWERED;
    }
    for (unsigned i = 0; i < slot->count; i++)
        if (!(slot->brief[i].flags & TCP_SYN))
            return false;
    return true;
}

static void give_up_attempts(struct follow *follow, nanos at)
{
    uint32_t next;

    for (uint32_t i = follow->by_slot.oldest; i != NO_SLOT; i = next) {
        struct slot *slot = &follow->slots[i];
        next = follow->by_slot.links[i].newer;
        if (at - slot->last_at < GIVEN_UP)
            return;
        if (is_attempt(follow, slot))
            follow_close(follow, slot, false);
    }
}

static void expire_all(struct follow *follow, nanos at)
{
    for (uint32_t i = follow->by_full.oldest; i != NO_SLOT; i = follow->by_full.links[i].newer)
        if (!follow->slots[follow->fulls[i].slot].told)
            follow_tell_due(follow, &follow->fulls[i], at);
}

void follow_wait(struct follow *follow, nanos at, nanos settled)
{
    if (follow->now == NANOS_NONE || at < follow->now)
        return; /* a later segment has passed already */
    if (follow->listener.claim)
        expire_all(follow, at);
    follow_let_go(follow, at);
    tell_settled(follow, at, settled);
    give_up_attempts(follow, at);
}
