#include "channel.h"

void channel_init(struct channel *channel, const struct channel_habits *habits, uint64_t seed)
{
    channel->habits = *habits;
    channel->chance.state = seed;
    channel->last = 0;
    channel->count = 0;
    channel->next = NANOS_NEVER;
}

static void add(struct channel *channel, const struct peer_sent *sent, nanos at)
{
    if (channel->count == CHANNEL_FLIGHTS)
        return;
    channel->flights[channel->count++] = (struct flight){at, *sent};
    if (at < channel->next)
        channel->next = at;
}

/* Draws the same numbers for every segment, whatever is switched on: shrinking a walk must not shuffle it. */
bool channel_put(struct channel *channel, const struct peer_sent *sent, nanos now)
{
    const struct channel_habits *habits = &channel->habits;
    struct chance *chance = &channel->chance;
    bool lost = chance_of(chance, habits->loss), again = chance_of(chance, habits->repeat);
    bool out_of_order = chance_of(chance, habits->reorder);
    nanos at = now + habits->delay + chance_span(chance, habits->jitter);
    nanos late = chance_span(chance, habits->overtaking), later = chance_span(chance, habits->overtaking);

    if (again)
        add(channel, sent, at + later);
    if (lost)
        return again;
    if (out_of_order) {
        add(channel, sent, at + late);
        return true;
    }
    if (at <= channel->last)
        at = channel->last + 1;
    channel->last = at;
    add(channel, sent, at);
    return true;
}

struct flight channel_take(struct channel *channel)
{
    unsigned best = 0;
    struct flight out;

    for (unsigned i = 1; i < channel->count; i++)
        if (channel->flights[i].at < channel->flights[best].at)
            best = i;
    out = channel->flights[best];
    channel->flights[best] = channel->flights[--channel->count];
    channel->next = NANOS_NEVER;
    for (unsigned i = 0; i < channel->count; i++)
        if (channel->flights[i].at < channel->next)
            channel->next = channel->flights[i].at;
    return out;
}
