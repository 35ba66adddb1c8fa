#include "sim_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEGAN (1000 * NANOS_PER_S)
#define EPOCH (INT64_C(1700000000) * NANOS_PER_S)
#define INBOX_ROOM 64

/* So often in a row, with time standing still, the loop may ask what there is. */
#define POLLS_MAX 20000

struct sim_slot {
    struct sim_world *world;
    struct course course;
    struct walk walk;
    struct loop_walk one;
    struct heard inbox[INBOX_ROOM];
    char *kept; /* (owned) */
    uint16_t port;
};

/* ---- chance: splitmix64 ---- */

static uint64_t draw(struct sim_world *world)
{
    uint64_t z = world->chance += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint32_t sim_below(struct sim_world *world, uint32_t n)
{
    return (uint32_t)(((draw(world) >> 32) * n) >> 32);
}

nanos sim_span(struct sim_world *world, nanos least, nanos most)
{
    return least + (nanos)(draw(world) % ((uint64_t)(most - least) + 1));
}

bool sim_of(struct sim_world *world, unsigned permille)
{
    return sim_below(world, 1000) < permille;
}

/* ---- the log ---- */

void sim_log(struct sim_world *world, const char *format, ...)
{
    va_list args;

    if (world->log_room - world->log_used < 400) {
        world->log_room = world->log_room ? 2 * world->log_room : 65536;
        world->log = realloc(world->log, world->log_room);
        if (!world->log)
            abort();
    }
    world->log_used += (size_t)sprintf(world->log + world->log_used, "%12.6f ", (double)(world->now - BEGAN) / 1e9);
    va_start(args, format);
    world->log_used += (size_t)vsnprintf(world->log + world->log_used, 300, format, args);
    va_end(args);
    if (world->log[world->log_used - 1] != '\n')
        world->log[world->log_used++] = '\n';
    world->log[world->log_used] = '\0';
}

static void log_segment(struct sim_world *world, const char *what, uint16_t port, const struct segment *segment)
{
    char flags[FLAGS_TEXT];

    sim_log(world, "%s %u %s seq %u ack %u len %u tsecr %u", what, port, segment_flags_text(segment->flags, flags),
            segment->seq, segment->ack, segment->len, segment->options.tsecr);
}

/* ---- the path ---- */

static void fly(struct sim_world *world, nanos at, int where, uint16_t port, const struct segment *segment)
{
    for (unsigned i = 0; i < SIM_FLYING; i++)
        if (world->flying[i].where == FREE) {
            world->flying[i] =
                (struct flying){.at = at, .where = where, .port = port, .serial = world->serial++, .segment = *segment};
            return;
        }
    abort();
}

static nanos way(struct sim_world *world, nanos least)
{
    return least + (world->path.jitter > 0 ? sim_span(world, 0, world->path.jitter) : 0);
}

static nanos port_now(void *self)
{
    return ((struct sim_world *)self)->now;
}

/* A segment with numbers near those of the connection, and anything else. */
static void make_noise(struct sim_world *world, uint16_t port, const struct segment *ours)
{
    static const uint8_t flags[] = {TCP_ACK,           TCP_RST,           TCP_RST | TCP_ACK, TCP_FIN | TCP_ACK,
                                    TCP_SYN | TCP_ACK, TCP_PSH | TCP_ACK, TCP_SYN,           0};
    struct segment segment = {.flags = flags[sim_below(world, 8)],
                              .seq = ours->ack + sim_below(world, 5) - 2,
                              .ack = ours->seq + sim_below(world, 5) - 2,
                              .len = sim_of(world, 200) ? sim_below(world, 3) : 0,
                              .window = 1000,
                              .ttl = 60};

    if (sim_of(world, 300))
        segment.seq = (uint32_t)draw(world);
    if (sim_of(world, 300))
        segment.ack = (uint32_t)draw(world);
    fly(world, world->now + sim_span(world, 0, 2 * NANOS_PER_S), SEEN_IN, port, &segment);
}

static bool port_send(void *self, const struct flow *flow, const struct segment *segment, const uint8_t *payload,
                      struct fault *fault)
{
    struct sim_world *world = self;
    struct segment seen = *segment;

    (void)payload, (void)fault;
    seen.crafted = NULL;
    if (seen.ttl == 0)
        seen.ttl = 64;
    log_segment(world, "we send", flow->local.port, segment);
    fly(world, world->now + 2000, SEEN_OUT, flow->local.port, &seen);
    if (sim_of(world, world->noise))
        make_noise(world, flow->local.port, segment);
    for (unsigned i = 0; i < (sim_of(world, world->path.copies) ? 2 : 1); i++)
        if (sim_of(world, world->path.loss_there))
            sim_log(world, "  lost");
        else
            fly(world, world->now + 2000 + way(world, world->path.there), TO_PEER, flow->local.port, &seen);
    return true;
}

static void peer_sends(void *self, uint16_t port, const struct segment *segment)
{
    struct sim_world *world = self;

    log_segment(world, "peer sends", port, segment);
    for (unsigned i = 0; i < (sim_of(world, world->path.copies) ? 2 : 1); i++)
        if (sim_of(world, world->path.loss_back))
            sim_log(world, "  lost");
        else
            fly(world, world->now + way(world, world->path.back), SEEN_IN, port, segment);
}

static struct flying *first_flying(struct sim_world *world)
{
    struct flying *first = NULL;

    for (unsigned i = 0; i < SIM_FLYING; i++) {
        struct flying *one = &world->flying[i];
        if (one->where != FREE &&
            (!first || one->at < first->at || (one->at == first->at && one->serial < first->serial)))
            first = one;
    }
    return first;
}

static enum port_result port_next(void *self, nanos deadline, struct sighting *out, struct fault *fault)
{
    struct sim_world *world = self;

    for (;;) {
        struct flying *flying = first_flying(world);
        nanos its = sim_peer_wake(&world->peer), ours = flying ? flying->at : NANOS_NEVER;
        nanos next = nanos_sooner(nanos_sooner(its, ours), world->interrupt_at);

        if (next > deadline || next == NANOS_NEVER) {
            if (deadline == NANOS_NEVER || ++world->polls > POLLS_MAX) {
                world->stuck = deadline == NANOS_NEVER ? "it waits for nothing" : "it does nothing, again and again";
                fault_set(fault, FAULT_LOCAL, "%s", world->stuck);
                return PORT_FAULT;
            }
            if (deadline > world->now) {
                world->now = deadline;
                world->polls = 0;
            }
            return PORT_QUIET;
        }
        if (next > world->now) {
            world->now = next;
            world->polls = 0;
        }
        if (next == world->interrupt_at) {
            world->interrupt_at = NANOS_NEVER;
            world->interrupted = true;
            sim_log(world, "interrupted");
            fault_set(fault, FAULT_INTERRUPTED, "interrupted");
            return PORT_FAULT;
        }
        if (its <= ours) {
            sim_peer_wakes(&world->peer, world->now);
            continue;
        }
        struct flying taken = *flying;
        flying->where = FREE;
        if (taken.where == TO_PEER) {
            log_segment(world, "peer hears", taken.port, &taken.segment);
            sim_peer_hears(&world->peer, world->now, taken.port, &taken.segment);
            continue;
        }
        if (taken.where == SEEN_IN)
            log_segment(world, "we hear", taken.port, &taken.segment);
        *out = (struct sighting){.kind = SIGHTING_SEGMENT,
                                 .at = taken.at + world->epoch,
                                 .out = taken.where == SEEN_OUT,
                                 .segment = taken.segment};
        out->flow.local.port = taken.port;
        return PORT_SIGHTING;
    }
}

/* ---- the host: as the command measure has it ---- */

static bool on_event(void *self, const struct event *event, struct fault *fault)
{
    struct sim_slot *slot = self;

    (void)fault;
    if (event->kind == EVENT_STEP)
        sim_log(slot->world, "  %u: %s: %s%s%s", slot->port, event->step.text ? event->step.text : "?",
                event->step.ok ? "done" : "failed", event->step.why ? ": " : "",
                event->step.why ? event->step.why : "");
    if (event->kind == EVENT_TRANSITION && event->transition.side == SIDE_PEER) {
        char states[STATE_SET_TEXT];
        sim_log(slot->world, "  %u: peer %s, %s (%s)", slot->port,
                state_set_text(event->transition.claim.to, " or ", states),
                certainty_name(event->transition.claim.certainty), reason_text(event->transition.claim.reason)->token);
    }
    if (event->kind == EVENT_END)
        sim_log(slot->world, "  %u: over: %s", slot->port, event->end.why ? event->end.why : "");
    measure_event(&slot->world->measurement, &slot->course, event);
    return true;
}

static bool on_pause(void *self, struct fault *fault)
{
    (void)self, (void)fault;
    return true;
}

static bool on_input(void *self, struct walk *walk, bool readable, struct fault *fault)
{
    struct sim_slot *slot = self;

    (void)readable, (void)fault;
    if (walk_is_idle(walk))
        measure_idle(&slot->world->measurement, &slot->course, slot->world->now);
    return true;
}

static void begin_walk(struct sim_slot *slot)
{
    struct sim_world *world = slot->world;
    struct walk_settings settings = {
        .tcb = {.iss = (uint32_t)draw(world),
                .mss = 1460,
                .window = 64240,
                .ttl = 64,
                .tsval = (uint32_t)draw(world),
                .send_mss = 1460,
                .options = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_PERMITTED | TCP_OPT_TIMESTAMPS},
        .rto = NANOS_PER_S,
        .retries = 5,
        .timeout = 10 * NANOS_PER_S,
        .command = "measure",
        .interface = "sim0",
        .epoch = world->now + world->epoch,
        .interactive = true,
        .inbox = slot->inbox,
        .inbox_room = INBOX_ROOM,
    };

    settings.flow.local.port = slot->port;
    walk_init(&slot->walk, &settings, world->now);
}

static void free_slot(struct sim_world *world, struct sim_slot *slot)
{
    for (unsigned i = 0; i < SIM_SLOTS; i++)
        if (world->slots[i] == slot)
            world->slots[i] = NULL;
    free(slot->kept);
    free(slot);
}

static bool add(struct sim_world *world, unsigned role)
{
    const char *send = world->measurement.settings.send;
    struct sim_slot *slot = calloc(1, sizeof(*slot));
    unsigned at = 0;

    while (world->slots[at])
        at++;
    world->slots[at] = slot;
    slot->world = world;
    slot->port = world->next_port++;
    slot->kept = malloc(course_room(send));
    begin_walk(slot);
    course_init(&slot->course, &slot->walk, world->measurement.begun + 1, role, slot->kept, course_room(send));
    slot->one = (struct loop_walk){.walk = &slot->walk, .listener = {slot, on_event, on_pause, on_input}};
    measure_opened(&world->measurement, &slot->course);
    return loop_add(&world->loop, &slot->one);
}

static void on_over(void *self, struct loop *loop, struct loop_walk *one)
{
    struct sim_world *world = self;
    struct sim_slot *slot = one->listener.self;

    world->its_iss[slot->port - SIM_FIRST_PORT] = slot->walk.tcb.irs;
    if (measure_over(&world->measurement, &slot->course, world->now)) {
        begin_walk(slot);
        course_again(&slot->course);
        if (loop_add(loop, one))
            return;
        world->measurement.open--;
    }
    free_slot(world, slot);
}

static nanos on_turn(void *self, struct loop *loop, nanos now)
{
    struct sim_world *world = self;
    unsigned role;

    while (loop->count < SIM_SLOTS && measure_wants(&world->measurement, now, &role))
        if (!add(world, role))
            return NANOS_NEVER;
    return NANOS_NEVER;
}

struct sim_world *sim_new(uint64_t seed)
{
    struct sim_world *world = calloc(1, sizeof(*world));

    if (!world)
        abort();
    world->chance = seed * UINT64_C(0xd1342543de82ef95) + 1;
    world->now = BEGAN;
    world->epoch = EPOCH;
    world->interrupt_at = NANOS_NEVER;
    world->next_port = SIM_FIRST_PORT;
    world->path = (struct sim_path){.there = NANOS_PER_MS, .back = NANOS_PER_MS};
    world->peer.habits = (struct sim_habits){
        .fin_wait_2 = NANOS_NEVER, .closes_after = NANOS_NEVER, .closes_first = NANOS_NEVER, .forgets = NANOS_NEVER};
    world->peer.next_iss = (uint32_t)draw(world);
    world->peer.self = world;
    world->peer.send = peer_sends;
    sim_log(world, "seed %llu", (unsigned long long)seed);
    return world;
}

void sim_free(struct sim_world *world)
{
    for (unsigned i = 0; i < SIM_SLOTS; i++)
        if (world->slots[i])
            free_slot(world, world->slots[i]);
    free(world->log);
    free(world);
}

const struct result *sim_measure(struct sim_world *world, const struct measure_kind *kind,
                                 const struct measure_settings *settings)
{
    struct loop_host host = {world, on_over, on_turn};

    world->port = (struct port){world, port_now, port_send, port_next};
    world->loop = (struct loop){
        .port = &world->port, .host = &host, .walks = world->walks, .room = SIM_SLOTS, .fault = &world->fault};
    measure_init(&world->measurement, kind, settings, world->samples, SIM_SAMPLES, world->now);
    loop_run_all(&world->loop);
    world->ended = world->now;
    return measure_conclude(&world->measurement, world->fault.kind != FAULT_NONE);
}
