#include "isn_peers.h"

#include <math.h>

const struct isn_asking isn_usual = {
    .gap_least = NANOS_PER_MS, .gap_most = 50 * NANOS_PER_MS, .round_trip = 200 * NANOS_PER_US, .lost_permille = 20};

/* splitmix64 */
uint64_t isn_drawn(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double isn_drawn_uniform(uint64_t *seed)
{
    return (double)(isn_drawn(seed) >> 11) / 9007199254740992.0;
}

struct world {
    const struct isn_peer *peer;
    const struct isn_asking *asking;
    uint64_t seed, secret;
    uint32_t counter;
    nanos now, begun;
};

static uint32_t offset_of(const struct world *world, uint16_t port, uint64_t machine)
{
    uint64_t key = world->secret ^ (machine << 20) ^ port;
    uint32_t offset = world->peer->has_offsets ? (uint32_t)isn_drawn(&key) : (uint32_t)(world->secret >> 32);

    return offset + port * world->peer->port_factor;
}

static uint32_t clock_at(const struct world *world, nanos at)
{
    const struct isn_peer *peer = world->peer;
    /* Since some time before the first connection, so that rounds of 2^32 come in between. */
    double since = ((double)(at - world->begun) + (double)(world->secret & 0xffffff)) * (1 + peer->fast);

    return (uint32_t)(int64_t)fmod(floor(since / peer->tick) * peer->grain, 4294967296.0);
}

static uint32_t number_for(struct world *world, uint16_t port, nanos at)
{
    const struct isn_peer *peer = world->peer;

    if (isn_drawn(&world->seed) % 1000 < peer->odd_permille)
        return (uint32_t)isn_drawn(&world->seed);
    switch (peer->way) {
    case WAY_CONSTANT:
        return offset_of(world, port, 0);
    case WAY_STEP:
        return offset_of(world, port, 0) + (world->counter += peer->grain);
    case WAY_CLOCK:
        return offset_of(world, port, 0) + clock_at(world, at);
    case WAY_RANDOM_STEP:
        world->counter += peer->grain + (uint32_t)(isn_drawn(&world->seed) % (peer->more + 1));
        return offset_of(world, port, 0) + world->counter;
    case WAY_TWO_MACHINES:
        return offset_of(world, port, 1 + isn_drawn(&world->seed) % 2) + clock_at(world, at);
    default:
        return (uint32_t)isn_drawn(&world->seed);
    }
}

/* What our clock shows when the world's shows this. */
static nanos ours(const struct world *world, nanos at)
{
    nanos since = at - world->begun;

    return since < NANOS_PER_S ? at : at + (nanos)(world->asking->wander * (double)(since - NANOS_PER_S));
}

static void connect_once(struct world *world, uint16_t port, struct isn_sample *samples, size_t *count)
{
    const struct isn_asking *asking = world->asking;
    nanos left = world->now, arrived, drawn;
    uint32_t number;

    /* Each round trip is up to twice as long as the shortest. */
    arrived = left + asking->round_trip + (nanos)(isn_drawn_uniform(&world->seed) * (double)asking->round_trip);
    drawn = left + (nanos)(isn_drawn_uniform(&world->seed) * (double)(arrived - left));
    number = number_for(world, port, drawn);
    world->now = arrived + asking->gap_least +
                 (nanos)(isn_drawn_uniform(&world->seed) * (double)(asking->gap_most - asking->gap_least));
    if (isn_drawn(&world->seed) % 1000 < asking->lost_permille)
        return;
    samples[(*count)++] =
        (struct isn_sample){.isn = number, .earliest = ours(world, left), .latest = ours(world, arrived), .port = port};
}

void isn_ask(const struct isn_peer *peer, const struct isn_asking *asking, uint64_t seed, size_t one, size_t many,
             struct isn_asked *out)
{
    struct world world = {.peer = peer, .asking = asking, .seed = seed, .begun = INT64_C(1780000000123456789)};

    world.secret = isn_drawn(&world.seed);
    world.counter = (uint32_t)isn_drawn(&world.seed);
    world.now = world.begun;
    out->one_count = out->many_count = 0;
    for (size_t i = 0; i < one; i++)
        connect_once(&world, 40000, out->one, &out->one_count);
    for (size_t i = 0; i < many; i++)
        connect_once(&world, (uint16_t)(40001 + i), out->many, &out->many_count);
    isn_find(out->one, out->one_count, out->many, out->many_count, &out->found);
}
