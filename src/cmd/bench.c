#include "cmd/bench.h"

#include <stdlib.h>
#include <unistd.h>

#include "cmd/our_end.h"
#include "cmd/progress.h"
#include "cmd/signals.h"
#include "cmd/tape.h"
#include "io/clock.h"
#include "io/guard.h"
#include "io/live.h"
#include "io/privilege.h"
#include "walk/loop.h"

/* The start of each wait is spent awake, as for a walk. */
#define AWAKE (200 * NANOS_PER_US)

/* So many connections at a time. */
#define SLOTS 64

/* So much of what arrived is kept for the expectations of one connection. */
#define INBOX_ROOM 64

/* Many connections at once need more than the default. */
#define RING_BYTES (2 * 1024 * 1024)

/* Ports that stay ours until the end: what the peer still sends to them must not draw a RST from the kernel. */
#define KEPT_MAX 512

struct bench;

/* One connection. */
struct slot {
    struct bench *bench;
    struct measurement *measurement;
    struct course course;
    struct walk walk;
    struct loop_walk one;
    struct flow flow;
    struct guard guard;
    struct heard inbox[INBOX_ROOM];
    struct tape_head head;
    char *kept; /* (owned) */
};

struct bench {
    const struct bench_order *order;
    struct route route;
    struct live *live; /* owned */
    struct port port;
    struct tape tape;
    struct fault unwritten;    /* what the tape met when a connection was over */
    struct slot *slots[SLOTS]; /* (owned) NULL: free */
    struct loop_walk *walks[SLOTS];
    struct loop loop;
    struct guard kept[KEPT_MAX];
    unsigned kept_count;
    struct progress progress;
};

nanos bench_now(void)
{
    return clock_monotonic();
}

/* ---- what the walks report ---- */

static bool on_event(void *self, const struct event *event, struct fault *fault)
{
    struct slot *slot = self;

    if (!tape_event(&slot->bench->tape, &slot->head, event, fault))
        return false;
    measure_event(slot->measurement, &slot->course, event);
    return true;
}

static bool on_pause(void *self, struct fault *fault)
{
    (void)self, (void)fault;
    return true;
}

static bool on_input(void *self, struct walk *walk, bool readable, struct fault *fault)
{
    struct slot *slot = self;

    (void)readable, (void)fault;
    if (walk_is_idle(walk))
        measure_idle(slot->measurement, &slot->course, clock_monotonic());
    return true;
}

/* ---- connections ---- */

static bool begin_walk(struct slot *slot, struct fault *fault)
{
    struct bench *bench = slot->bench;
    const struct options *options = bench->order->options;
    struct walk_settings settings = {
        .rto = options->rto,
        .retries = options->retries,
        .timeout = options->timeout,
        .linger = 0,
        .command = "measure",
        .interface = bench->route.name,
        .flow = slot->flow,
        .epoch = clock_realtime(),
        .interactive = true,
        .inbox = slot->inbox,
        .inbox_room = INBOX_ROOM,
    };

    if (!our_end_settings(options, &bench->route, &slot->flow.peer.addr, &settings.tcb, fault))
        return false;
    walk_init(&slot->walk, &settings, clock_monotonic());
    return true;
}

static bool open_slot(struct slot *slot, struct measurement *measurement, unsigned role, struct fault *fault)
{
    struct bench *bench = slot->bench;
    size_t room = course_room(bench->order->options->send);

    slot->measurement = measurement;
    slot->flow = (struct flow){.local = {bench->route.source, (uint16_t)bench->order->options->source_port},
                               .peer = *bench->order->peer};
    slot->kept = malloc(room);
    if (!slot->kept)
        return fault_set(fault, FAULT_LOCAL, "no memory");
    if (!guard_open(&slot->guard, &slot->flow, bench->route.interface, fault) || !begin_walk(slot, fault))
        return false;
    course_init(&slot->course, &slot->walk, measurement->begun + 1, role, slot->kept, room);
    slot->one = (struct loop_walk){.walk = &slot->walk, .listener = {slot, on_event, on_pause, on_input}};
    return true;
}

static void free_slot(struct bench *bench, struct slot *slot)
{
    tape_over(&bench->tape, &slot->head, &bench->unwritten);
    if (bench->kept_count < KEPT_MAX)
        bench->kept[bench->kept_count++] = slot->guard;
    else
        guard_close(&slot->guard);
    free(slot->kept);
    for (unsigned i = 0; i < SLOTS; i++)
        if (bench->slots[i] == slot)
            bench->slots[i] = NULL;
    free(slot);
}

/* Opens one more connection. False with a fault that ends everything. */
static bool add(struct bench *bench, struct measurement *measurement, unsigned role, struct fault *fault)
{
    struct slot *slot = NULL;

    for (unsigned i = 0; i < SLOTS && !slot; i++)
        if (!bench->slots[i])
            slot = bench->slots[i] = calloc(1, sizeof(*slot));
    if (!slot)
        return fault_set(fault, FAULT_LOCAL, "no memory");
    slot->bench = bench;
    slot->guard.fd = -1;
    if (!open_slot(slot, measurement, role, fault)) {
        free_slot(bench, slot);
        return false;
    }
    measure_opened(measurement, &slot->course);
    return loop_add(&bench->loop, &slot->one);
}

static void on_over(void *self, struct loop *loop, struct loop_walk *one)
{
    struct bench *bench = self;
    struct slot *slot = one->listener.self;
    struct fault fault = {0};

    tape_over(&bench->tape, &slot->head, &bench->unwritten);
    if (measure_over(slot->measurement, &slot->course, clock_monotonic())) {
        if (begin_walk(slot, &fault)) {
            course_again(&slot->course);
            if (loop_add(loop, one))
                return;
        }
        slot->measurement->open--;
    }
    free_slot(bench, slot);
}

static nanos on_turn(void *self, struct loop *loop, nanos now)
{
    struct bench *bench = self;
    struct fault fault = {0};
    unsigned role;

    /* All have told what they know: what waits is written. */
    if (bench->unwritten.kind != FAULT_NONE || !tape_pause(&bench->tape, &bench->unwritten)) {
        fault_set(loop->fault, bench->unwritten.kind, "%s", bench->unwritten.words);
        return NANOS_NEVER;
    }
    for (unsigned i = 0; i < bench->order->count; i++) {
        struct measurement *measurement = &bench->order->measurements[i];
        while (loop->count < SLOTS && measure_wants(measurement, now, &role))
            if (!add(bench, measurement, role, &fault)) {
                fault_set(loop->fault, fault.kind == FAULT_NONE ? FAULT_LOCAL : fault.kind, "%s", fault.words);
                return NANOS_NEVER;
            }
    }
    if (loop->count == 0)
        return NANOS_NEVER;
    return progress_show(&bench->progress, bench->order->measurements, bench->order->count, now);
}

/* ---- the whole ---- */

static bool open_bench(struct bench *bench, struct fault *fault)
{
    const struct bench_order *order = bench->order;
    const struct options *options = order->options;
    struct route_wish wish = {options->interface, options->source};
    struct live_config config;

    if (!route_find(&order->peer->addr, &wish, &bench->route, fault) || !privilege_check(fault))
        return false;
    config = (struct live_config){
        .flow = {.local = {bench->route.source, 0}, .peer = *order->peer},
        .interface = bench->route.name,
        .interface_index = bench->route.interface,
        .bind_interface = options->interface != NULL && !bench->route.overruled,
        .low_latency = options->low_latency,
        .awake = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? AWAKE : 0,
        .ring_bytes = RING_BYTES,
        .stop = &signals_seen,
        .wait_mask = order->wait_mask,
    };
    if (!live_open(&bench->live, &config, &bench->port, fault))
        return false;
    if (order->copy)
        tape_begin(&bench->tape, order->copy, live_capture(bench->live), &bench->port);
    return true;
}

static void close_bench(struct bench *bench)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (bench->slots[i])
            free_slot(bench, bench->slots[i]);
    for (unsigned i = 0; i < bench->kept_count; i++)
        guard_close(&bench->kept[i]);
    tape_end(&bench->tape, &bench->unwritten);
    live_close(bench->live);
}

bool bench_run(const struct bench_order *order, struct bench_way *way, struct fault *fault)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    struct loop_host host = {bench, on_over, on_turn};
    bool run;

    if (!bench)
        return fault_set(fault, FAULT_LOCAL, "no memory");
    bench->order = order;
    progress_begin(&bench->progress, order->progress);
    bench->loop =
        (struct loop){.port = &bench->port, .host = &host, .walks = bench->walks, .room = SLOTS, .fault = fault};
    run = open_bench(bench, fault);
    way->route = bench->route;
    way->began = clock_realtime();
    run = run && loop_run_all(&bench->loop);
    progress_end(&bench->progress);
    close_bench(bench);
    if (run && bench->unwritten.kind != FAULT_NONE)
        run = fault_set(fault, bench->unwritten.kind, "%s", bench->unwritten.words);
    free(bench);
    return run;
}
