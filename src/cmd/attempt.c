#include "cmd/attempt.h"

#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/complain.h"
#include "cmd/our_end.h"
#include "cmd/plan.h"
#include "cmd/signals.h"
#include "cmd/tape.h"
#include "io/clock.h"
#include "io/kernel.h"
#include "io/privilege.h"
#include "io/random.h"
#include "io/recorder.h"

/*
 * The start of each wait is spent awake: a peer nearby answers within it, and waking up from sleep would cost
 * more than its whole answer. Not on a single processor, which the peer's own answer may need.
 */
#define AWAKE (500 * NANOS_PER_US)

/* So much of what arrived, and of the peer's bytes, is kept for expectations. */
#define INBOX_ROOM 1024
#define TEXT_ROOM ((uint32_t)1 << 20)

/* ---- the witness ---- */

static bool ask_kernel(void *self, const struct flow *flow, enum state *state, bool *listening, uint64_t *socket,
                       struct fault *fault)
{
    struct kernel_answer answer;

    if (!kernel_state(self, &flow->peer, &flow->local, &answer, fault))
        return fault_context(fault, "--verify");
    *state = answer.state;
    *listening = answer.listening;
    *socket = answer.socket;
    return true;
}

static bool is_lab_server(const struct addr *addr)
{
    struct addr server[LAB_ADDRS];
    size_t count = lab_resolve("lab", server);

    for (size_t i = 0; i < count; i++)
        if (addr_equal(addr, &server[i]))
            return true;
    return false;
}

/* Opens the way to the kernel that holds the peer's socket: ours, the lab's, or that of a named namespace. */
static bool open_witness(const struct errand *errand, struct attempt *attempt, struct fault *fault)
{
    const struct options *options = errand->options;
    int netns = -1, own = -1;
    bool opened;

    if (!options->verify && !options->verify_netns)
        return true;
    if (options->verify_netns) {
        netns = own = open(options->verify_netns, O_RDONLY | O_CLOEXEC);
        if (netns < 0)
            return fault_set(fault, FAULT_LOCAL, "--verify-netns: %s: %m", options->verify_netns);
    } else if (!attempt->route.local && errand->lab) {
        if (!is_lab_server(&attempt->flow.peer.addr))
            return fault_set(fault, FAULT_LOCAL,
                             "--verify: nobody in the lab has that address, so no kernel can be asked");
        netns = errand->lab->peer_netns;
    } else if (!attempt->route.local) {
        return fault_set(fault, FAULT_LOCAL,
                         "--verify: the peer's socket is not in this machine's network; --verify-netns names another");
    }
    if (netns >= 0 && addr_is_link_local(&attempt->flow.peer.addr))
        opened = fault_set(fault, FAULT_LOCAL, "a link-local peer in another network namespace can't be looked up");
    else
        opened = kernel_open(&attempt->kernel, netns, fault);
    if (own >= 0)
        close(own);
    return opened ? true : fault_context(fault, options->verify_netns ? "--verify-netns" : "--verify");
}

/* ---- settings ---- */

/* Room for expectations, which a walk without them does not need. */
static bool give_room(const struct errand *errand, struct attempt *attempt, struct walk_settings *out,
                      struct fault *fault)
{
    if (!errand->expects)
        return true;
    attempt->inbox = calloc(INBOX_ROOM, sizeof(struct heard));
    attempt->text = calloc(1, TEXT_ROOM);
    if (!attempt->inbox || !attempt->text)
        return fault_set(fault, FAULT_LOCAL, "no memory");
    out->inbox = attempt->inbox;
    out->inbox_room = INBOX_ROOM;
    out->text = attempt->text;
    out->text_room = TEXT_ROOM;
    out->match = plan_match;
    return true;
}

static bool walk_settings(const struct errand *errand, struct attempt *attempt, struct walk_settings *out,
                          struct fault *fault)
{
    const struct options *options = errand->options;
    struct addr numeric;

    *out = (struct walk_settings){
        .rto = options->rto,
        .retries = options->retries,
        .timeout = options->timeout,
        .delay = options->delay,
        .linger = options->linger,
        .leave = options->leave,
        .command = errand->command,
        .interface = attempt->route.name,
        .flow = attempt->flow,
        .epoch = clock_realtime(),
        .steps = errand->steps,
        .step_count = errand->step_count,
        .listening = errand->passive,
        .interactive = errand->interactive,
    };
    if (errand->host && !addr_parse(errand->host, &numeric))
        out->peer_name = errand->host;
    return give_room(errand, attempt, out, fault) &&
           our_end_settings(options, &attempt->route, &attempt->flow.peer.addr, &out->tcb, fault);
}

/* ---- the way there ---- */

static struct live_config live_config(const struct attempt *attempt, const struct errand *errand)
{
    const struct options *options = errand->options;
    struct live_config config = {
        .flow = attempt->flow,
        .low_latency = options->low_latency,
        .awake = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? AWAKE : 0,
        .snaplen = errand->expects_data ? CAPTURE_SNAPLEN_WHOLE : 0,
        .ring_bytes = errand->expects_data ? CAPTURE_RING_WHOLE : 0,
        .stop = &signals_seen,
        .wait_mask = errand->wait_mask,
    };

    return config;
}

static bool open_port(struct attempt *attempt, const struct errand *errand, const struct live_config *config,
                      struct fault *fault)
{
    if (!live_open(&attempt->live, config, &attempt->port, fault))
        return false;
    if (errand->recorder)
        recorder_open(errand->recorder, &attempt->port);
    if (errand->copy)
        tape_begin(errand->tape, errand->copy, live_capture(attempt->live), &attempt->port);
    return true;
}

static bool attempt_open(struct attempt *attempt, const struct errand *errand, const struct endpoint *peer,
                         struct fault *fault)
{
    const struct options *options = errand->options;
    struct route_wish wish = {options->interface, options->source};
    struct live_config config;

    attempt->flow.peer = *peer;
    if (!route_find(&peer->addr, &wish, &attempt->route, fault))
        return false;
    attempt->flow.local = (struct endpoint){attempt->route.source, (uint16_t)options->source_port};
    if (!privilege_check(fault) || !open_witness(errand, attempt, fault) ||
        !guard_open(&attempt->guard, &attempt->flow, attempt->route.interface, fault))
        return false;
    config = live_config(attempt, errand);
    config.interface = attempt->route.name;
    config.interface_index = attempt->route.interface;
    config.bind_interface = options->interface != NULL && !attempt->route.overruled;
    if (!open_port(attempt, errand, &config, fault))
        return false;
    if (errand->watch_fd >= 0)
        live_watch(attempt->live, errand->watch_fd);
    return true;
}

/*
 * Waits for a peer: guard and capture stand before anybody is told that we listen. first is the sighting of its SYN, with
 * which the flow is complete.
 */
static bool attempt_listen(struct attempt *attempt, const struct errand *errand, const struct endpoint *own,
                           struct sighting *first, struct fault *fault)
{
    const struct options *options = errand->options;
    const struct step *listen = &errand->steps[0];
    struct live_config config;
    nanos deadline = NANOS_NEVER;

    attempt->flow = (struct flow){.local = *own, .peer = {.addr = {.family = own->addr.family}}};
    if (!privilege_check(fault) || !guard_open(&attempt->guard, &attempt->flow, 0, fault))
        return false;
    config = live_config(attempt, errand);
    config.interface = options->interface;
    config.interface_index = options->interface ? if_nametoindex(options->interface) : 0;
    if (!open_port(attempt, errand, &config, fault))
        return false;
    if (errand->client && !lab_client_start(errand->lab, errand->client, own, fault))
        return false;
    if (!options->quiet)
        complain("waiting for a SYN to port %u", own->port);
    if (listen->within != NANOS_NONE)
        deadline = attempt->port.now(attempt->port.self) + listen->within;
    do {
        switch (attempt->port.next(attempt->port.self, deadline, first, fault)) {
        case PORT_SIGHTING:
            break;
        case PORT_QUIET:
            return fault_set(fault, FAULT_UNREACHABLE, "no SYN came to port %u in time", own->port);
        case PORT_FAULT:
            return false;
        case PORT_INPUT:
            break;
        }
    } while (first->kind != SIGHTING_SEGMENT);
    attempt->flow = first->flow;
    attempt->route = *live_route(attempt->live);
    return open_witness(errand, attempt, fault) &&
           guard_meet(&attempt->guard, &attempt->flow, attempt->route.interface, fault);
}

void attempt_close(struct attempt *attempt, bool last)
{
    guard_close(&attempt->guard);
    kernel_close(attempt->kernel);
    free(attempt->walk);
    free(attempt->inbox);
    free(attempt->text);
    if (last && attempt->live)
        live_leave_to_child(attempt->live);
    else
        live_close(attempt->live);
}

bool attempt_walk(struct attempt *attempt, const struct errand *errand, const struct endpoint *peer, bool last,
                  const struct listener *listener, struct fault *fault)
{
    struct witness witness = {NULL, ask_kernel};
    struct walk_settings settings;
    struct sighting first = {0};

    *attempt = (struct attempt){.guard.fd = -1};
    if (!(errand->passive ? attempt_listen(attempt, errand, peer, &first, fault)
                          : attempt_open(attempt, errand, peer, fault)) ||
        !walk_settings(errand, attempt, &settings, fault))
        return false;
    /* Everything is open; only another address would need privileges again. */
    if (last && !privilege_drop(fault))
        return false;
    attempt->walk = malloc(sizeof(*attempt->walk));
    if (!attempt->walk)
        return fault_set(fault, FAULT_LOCAL, "no memory");
    witness.self = attempt->kernel;
    walk_init(attempt->walk, &settings, attempt->port.now(attempt->port.self));
    if (live_is_coarse(attempt->live))
        walk_note(attempt->walk, NANOS_NONE, "coarse-clock", "this capture stamps microseconds, not nanoseconds");
    if (errand->passive)
        walk_saw_segment(attempt->walk, false, &first.segment, first.at, attempt->port.now(attempt->port.self));
    return loop_run(attempt->walk, &attempt->port, attempt->kernel ? &witness : NULL, listener, fault);
}
