#include "walk/loop.h"

#include "walk/inside.h"

/* How long a segment of ours may take to show up in the capture before its witness is asked all the same. */
#define CAPTURE_PATIENCE (20 * NANOS_PER_MS)

/* So many sightings are taken before what is due goes out: a flood must not keep us from answering. */
#define SIGHTINGS_IN_A_ROW 256

struct loop {
    struct walk *walk;
    const struct port *port;
    const struct witness *witness;
    const struct listener *listener;
    struct fault *fault; /* the first one */
    bool deaf;           /* the listener failed: it gets no more events */
    bool readable;       /* there is input for an interactive walk */
};

static void fail(struct loop *loop, const struct fault *fault, bool can_send)
{
    nanos now = loop->port->now(loop->port->self);

    bool nobody = fault->kind == FAULT_UNREACHABLE && loop->walk->stamps.syn_ack == NANOS_NONE;
    int status = nobody ? STATUS_NO_ANSWER : STATUS_LOCAL;

    fault_set(loop->fault, fault->kind, "%s", fault->words);
    if (can_send)
        walk_stop(loop->walk, status, fault->words, now);
    else
        walk_kill(loop->walk, status, fault->words, now);
}

static void tell(struct loop *loop)
{
    const struct event *event;
    struct fault fault = {0};

    while ((event = walk_take_event(loop->walk)) != NULL) {
        if (loop->deaf || loop->listener->event(loop->listener->self, event, &fault))
            continue;
        loop->deaf = true;
        fail(loop, &fault, true);
    }
}

static void pause_listener(struct loop *loop)
{
    struct fault fault = {0};

    tell(loop);
    if (loop->deaf || loop->listener->pause(loop->listener->self, &fault))
        return;
    loop->deaf = true;
    fail(loop, &fault, true);
}

/* Asks only when all that left has been told to the belief: the peer may have received it already. */
static void ask_witness(struct loop *loop)
{
    struct fault fault = {0};
    enum state state;
    bool listening;
    uint64_t socket;

    if (!loop->witness || walk_awaits_capture(loop->walk))
        return;
    if (loop->witness->ask(loop->witness->self, &loop->walk->settings.flow, &state, &listening, &socket, &fault))
        walk_verified(loop->walk, state, listening, socket);
    else
        fail(loop, &fault, true);
}

static void take_sighting(struct loop *loop, const struct sighting *sighting, nanos now)
{
    struct walk *walk = loop->walk;

    switch (sighting->kind) {
    case SIGHTING_SEGMENT:
        if (!sighting->out && sighting->payload)
            walk_saw_payload(walk, &sighting->segment, sighting->payload, sighting->payload_captured);
        walk_saw_segment(walk, sighting->out, &sighting->segment, sighting->at, now);
        ask_witness(loop);
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
}

/* Sends what is due. With a witness one segment at a time, so that each can be looked at. True when one was sent. */
static bool send_due(struct loop *loop, nanos now)
{
    struct fault fault = {0};
    struct segment segment;
    const uint8_t *payload;
    bool sent = false;

    while (walk_output(loop->walk, now, &segment, &payload)) {
        if (!loop->port->send(loop->port->self, &loop->walk->settings.flow, &segment, payload, &fault)) {
            /* What is refused now need not be all: a RST may still get out. If not even that does, it is over. */
            fail(loop, &fault, !loop->walk->ending);
            return sent;
        }
        sent = true;
        if (loop->witness)
            break;
    }
    return sent;
}

/* Waits for one sighting until the deadline; false when there was none. */
static bool look(struct loop *loop, nanos deadline)
{
    struct sighting sighting;
    struct fault fault = {0};

    switch (loop->port->next(loop->port->self, deadline, &sighting, &fault)) {
    case PORT_SIGHTING:
        take_sighting(loop, &sighting, loop->port->now(loop->port->self));
        return true;
    case PORT_QUIET:
        return false;
    case PORT_INPUT:
        loop->readable = true;
        return false;
    case PORT_FAULT:
        fail(loop, &fault, fault.kind == FAULT_INTERRUPTED);
        return false;
    }
    return false;
}

/* Asks for more steps. True when the walk has something to do now. */
static bool take_input(struct loop *loop)
{
    struct fault fault = {0};
    bool readable = loop->readable;

    if (!loop->listener->input || walk_ended(loop->walk) || !(readable || walk_is_idle(loop->walk)))
        return false;
    loop->readable = false;
    if (!loop->listener->input(loop->listener->self, loop->walk, readable, &fault))
        fail(loop, &fault, true);
    return !walk_is_idle(loop->walk) || loop->walk->event_count > 0;
}

bool loop_run(struct walk *walk, const struct port *port, const struct witness *witness,
              const struct listener *listener, struct fault *fault)
{
    struct loop loop = {.walk = walk, .port = port, .witness = witness, .listener = listener, .fault = fault};

    /* A walk that listens has been told of the SYN that it waited for. */
    if (walk->segments > 0)
        ask_witness(&loop);
    while (!walk_ended(walk)) {
        nanos now = port->now(port->self);
        /* What is there already comes before what we do next: the order of the wire is the order of the walk. */
        for (unsigned taken = 0; taken < SIGHTINGS_IN_A_ROW && !walk_ended(walk) && look(&loop, now); taken++)
            if (walk_events_pressing(walk))
                tell(&loop);
        if (send_due(&loop, now) && !witness)
            continue;
        pause_listener(&loop);
        if (take_input(&loop))
            continue;
        /* Only now: a listener that failed has ended the walk. */
        nanos wake = walk_wake(walk);
        if (witness && walk_awaits_capture(walk))
            wake = nanos_sooner(wake, now + CAPTURE_PATIENCE);
        if (!walk_ended(walk))
            look(&loop, wake);
    }
    pause_listener(&loop);
    return fault->kind == FAULT_NONE;
}
