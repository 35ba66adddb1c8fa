#include "walk/loop.h"

#include <string.h>

#include "walk/inside.h"

/* How long a segment of ours may take to show up in the capture before its witness is asked all the same. */
#define CAPTURE_PATIENCE (20 * NANOS_PER_MS)

/* So many sightings are taken before what is due goes out: a flood must not keep us from answering. */
#define SIGHTINGS_IN_A_ROW 256

/* Ends one walk. The loop keeps the first fault, and starts nothing more. */
static void fail(struct loop *loop, struct loop_walk *one, const struct fault *fault, bool can_send)
{
    nanos now = loop->port->now(loop->port->self);
    bool nobody = fault->kind == FAULT_UNREACHABLE && one->walk->stamps.syn_ack == NANOS_NONE;
    int status = nobody ? STATUS_NO_ANSWER : STATUS_LOCAL;

    fault_set(loop->fault, fault->kind, "%s", fault->words);
    if (can_send)
        walk_stop(one->walk, status, fault->words, now);
    else
        walk_kill(one->walk, status, fault->words, now);
}

static void fail_all(struct loop *loop, const struct fault *fault, bool can_send)
{
    if (fault != loop->fault)
        fault_set(loop->fault, fault->kind, "%s", fault->words);
    for (unsigned i = 0; i < loop->count; i++)
        fail(loop, loop->walks[i], fault, can_send);
}

static void tell(struct loop *loop, struct loop_walk *one)
{
    const struct event *event;
    struct fault fault = {0};

    while ((event = walk_take_event(one->walk)) != NULL) {
        if (one->deaf || one->listener.event(one->listener.self, event, &fault))
            continue;
        one->deaf = true;
        fail(loop, one, &fault, true);
    }
}

static void pause_listener(struct loop *loop, struct loop_walk *one)
{
    struct fault fault = {0};

    tell(loop, one);
    if (one->deaf || one->listener.pause(one->listener.self, &fault))
        return;
    one->deaf = true;
    fail(loop, one, &fault, true);
}

/* Asks only when all that left has been told to the belief: the peer may have received it already. */
static void ask_witness(struct loop *loop, struct loop_walk *one)
{
    struct fault fault = {0};
    enum state state;
    bool listening;
    uint64_t socket;

    if (!one->witness || walk_awaits_capture(one->walk))
        return;
    if (one->witness->ask(one->witness->self, &one->walk->settings.flow, &state, &listening, &socket, &fault))
        walk_verified(one->walk, state, listening, socket);
    else
        fail(loop, one, &fault, true);
}

static void take_sighting(struct loop *loop, struct loop_walk *one, const struct sighting *sighting, nanos now)
{
    struct walk *walk = one->walk;

    switch (sighting->kind) {
    case SIGHTING_SEGMENT:
        if (!sighting->out && sighting->payload)
            walk_saw_payload(walk, &sighting->segment, sighting->payload, sighting->payload_captured);
        walk_saw_segment(walk, sighting->out, &sighting->segment, sighting->at, now);
        ask_witness(loop, one);
        break;
    case SIGHTING_ICMP:
        walk_saw_icmp(walk, &sighting->icmp, sighting->at, now);
        break;
    case SIGHTING_ODDITY:
        walk_note(walk, sighting->at, "oddity", sighting->oddity);
        break;
    case SIGHTING_LOST:
        walk_note(walk, sighting->at, "capture-lost",
                  "the capture dropped something: what follows may have gaps, and beliefs rest on less");
        break;
    }
    if (walk_events_pressing(walk))
        tell(loop, one);
}

/* What is about no flow in particular concerns all of them. */
static void hand_out(struct loop *loop, const struct sighting *sighting, nanos now)
{
    uint16_t port = sighting->flow.local.port;

    for (unsigned i = 0; i < loop->count; i++)
        if (sighting->kind == SIGHTING_LOST || port == 0 || loop->walks[i]->walk->settings.flow.local.port == port)
            take_sighting(loop, loop->walks[i], sighting, now);
}

/* Sends what is due. With a witness one segment at a time, so that each can be looked at. True when one was sent. */
static bool send_due(struct loop *loop, struct loop_walk *one, nanos now)
{
    struct fault fault = {0};
    struct segment segment;
    const uint8_t *payload;
    bool sent = false;

    while (walk_output(one->walk, now, &segment, &payload)) {
        if (!loop->port->send(loop->port->self, &one->walk->settings.flow, &segment, payload, &fault)) {
            /* What is refused now need not be all: a RST may still get out. If not even that does, it is over. */
            fail(loop, one, &fault, !one->walk->ending);
            return sent;
        }
        sent = true;
        if (one->witness)
            break;
    }
    return sent && !one->witness;
}

/* Waits for one sighting until the deadline; false when there was none. */
static bool look(struct loop *loop, nanos deadline)
{
    struct sighting sighting;
    struct fault fault = {0};

    switch (loop->port->next(loop->port->self, deadline, &sighting, &fault)) {
    case PORT_SIGHTING:
        hand_out(loop, &sighting, loop->port->now(loop->port->self));
        return true;
    case PORT_QUIET:
        return false;
    case PORT_INPUT:
        loop->readable = true;
        return false;
    case PORT_FAULT:
        fail_all(loop, &fault, fault.kind == FAULT_INTERRUPTED);
        return false;
    }
    return false;
}

/* Asks for more steps. True when the walk has something to do now. */
static bool take_input(struct loop *loop, struct loop_walk *one, bool readable)
{
    struct fault fault = {0};

    if (!one->listener.input || walk_ended(one->walk) || !(readable || walk_is_idle(one->walk)))
        return false;
    if (!one->listener.input(one->listener.self, one->walk, readable, &fault))
        fail(loop, one, &fault, true);
    return !walk_is_idle(one->walk) || one->walk->event_count > 0;
}

static bool has_ended(const struct loop *loop)
{
    for (unsigned i = 0; i < loop->count; i++)
        if (walk_ended(loop->walks[i]->walk))
            return true;
    return false;
}

/* Takes those out that have ended. Each is told to the host when it is out, which may put it in again. */
static void dismiss(struct loop *loop)
{
    for (unsigned i = loop->count; i-- > 0;) {
        struct loop_walk *one = loop->walks[i];
        if (!walk_ended(one->walk))
            continue;
        pause_listener(loop, one);
        loop->walks[i] = loop->walks[--loop->count];
        if (loop->host)
            loop->host->over(loop->host->self, loop, one);
    }
}

/* Tells what happened and takes what is to be done. True when there is something to do now. */
static bool report(struct loop *loop)
{
    bool readable = loop->readable, more = false;

    loop->readable = false;
    for (unsigned i = 0; i < loop->count; i++) {
        pause_listener(loop, loop->walks[i]);
        more = take_input(loop, loop->walks[i], readable) || more;
    }
    return more;
}

static nanos wake_of(const struct loop *loop, nanos now)
{
    nanos wake = NANOS_NEVER;

    for (unsigned i = 0; i < loop->count; i++) {
        const struct loop_walk *one = loop->walks[i];
        wake = nanos_sooner(wake, walk_wake(one->walk));
        if (one->witness && walk_awaits_capture(one->walk))
            wake = nanos_sooner(wake, now + CAPTURE_PATIENCE);
    }
    return wake;
}

bool loop_add(struct loop *loop, struct loop_walk *one)
{
    if (loop->count >= loop->room || loop->fault->kind != FAULT_NONE)
        return false;
    one->deaf = false;
    loop->added = true;
    loop->walks[loop->count++] = one;
    /* A walk that listens has been told of the SYN that it waited for. */
    if (one->walk->segments > 0)
        ask_witness(loop, one);
    return true;
}

bool loop_run_all(struct loop *loop)
{
    for (;;) {
        nanos now = loop->port->now(loop->port->self), again = NANOS_NEVER;
        bool sent = false;
        /* What is there already comes before what we do next: the order of the wire is the order of the walk. */
        for (unsigned taken = 0; taken < SIGHTINGS_IN_A_ROW && !has_ended(loop) && look(loop, now); taken++)
            ;
        for (unsigned i = 0; i < loop->count; i++)
            sent = send_due(loop, loop->walks[i], now) || sent;
        if (sent)
            continue;
        bool more = report(loop);
        /* What ails one of them ails the machine. */
        if (loop->fault->kind != FAULT_NONE && !loop->stopping) {
            loop->stopping = true;
            fail_all(loop, loop->fault, true);
        }
        loop->added = false;
        dismiss(loop);
        if (loop->host && loop->fault->kind == FAULT_NONE)
            again = loop->host->turn(loop->host->self, loop, now);
        if (loop->count == 0 && again == NANOS_NEVER)
            break;
        if (more || loop->added || has_ended(loop))
            continue;
        /* Only now: a listener that failed has ended its walk. */
        look(loop, nanos_sooner(wake_of(loop, now), again));
    }
    return loop->fault->kind == FAULT_NONE;
}

bool loop_run(struct walk *walk, const struct port *port, const struct witness *witness,
              const struct listener *listener, struct fault *fault)
{
    struct loop_walk one = {.listener = *listener, .witness = witness}, *walks[1];
    struct loop loop = {.port = port, .walks = walks, .room = 1, .fault = fault};

    one.walk = walk;
    return loop_add(&loop, &one) && loop_run_all(&loop);
}
