/*
 * Measurements in simulated time: the real loop, walks and measurement code, a port that is a path with loss, delay and
 * copies, and a peer with known timers at its end. Everything follows from a seed.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>

#include "measure/measure.h"
#include "sim_peer.h"
#include "walk/loop.h"

struct sim_path {
    nanos there, back;                      /* the least that a way takes */
    nanos jitter;                           /* up to so much more */
    unsigned loss_there, loss_back, copies; /* permille */
};

#define SIM_SLOTS 64
#define SIM_SAMPLES 4000
#define SIM_FLYING 512
#define SIM_FIRST_PORT 40000
#define SIM_PORTS 256

struct sim_slot;

struct sim_world {
    uint64_t chance;
    struct sim_path path;
    struct sim_peer peer;
    nanos now;          /* monotonic */
    nanos epoch;        /* the capture clock is so far ahead */
    nanos interrupt_at; /* monotonic; NANOS_NEVER */
    nanos ended;        /* when the last of it was over */
    bool interrupted;
    unsigned polls;
    unsigned noise; /* permille: so often a segment of ours also draws one that means nothing */

    struct flying {
        nanos at;
        enum { FREE, TO_PEER, SEEN_OUT, SEEN_IN } where;
        uint16_t port;
        unsigned serial;
        struct segment segment;
    } flying[SIM_FLYING];
    unsigned serial;

    struct measurement measurement;
    struct sample samples[SIM_SAMPLES];
    struct sim_slot *slots[SIM_SLOTS];
    struct loop_walk *walks[SIM_SLOTS];
    struct loop loop;
    struct fault fault;
    uint16_t next_port;
    uint32_t its_iss[SIM_PORTS]; /* by course: of the connection that our end has last had there */
    struct port port;
    const char *stuck; /* what went on without end, or NULL */

    char *log; /* (owned) what happened, for whoever reads of a failure */
    size_t log_used, log_room;
};

/* A number below n; a span up to that, both included; true so often in a thousand. */
uint32_t sim_below(struct sim_world *world, uint32_t n);
nanos sim_span(struct sim_world *world, nanos least, nanos most);
bool sim_of(struct sim_world *world, unsigned permille);

/* A world from a seed, with a path without loss and no habits yet. */
struct sim_world *sim_new(uint64_t seed);
void sim_free(struct sim_world *world);

/* Runs the measurement to its end and returns its result, which is the world's. */
const struct result *sim_measure(struct sim_world *world, const struct measure_kind *kind,
                                 const struct measure_settings *settings);

void sim_log(struct sim_world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
