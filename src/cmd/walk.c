/* The commands that walk: walk, open, half-close, close. Puts the parts together for each address of the peer. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/complain.h"
#include "cmd/escape.h"
#include "cmd/signals.h"
#include "io/clock.h"
#include "io/guard.h"
#include "io/kernel.h"
#include "io/live.h"
#include "io/privilege.h"
#include "io/random.h"
#include "io/resolve.h"
#include "io/route.h"
#include "lab/lab.h"
#include "report/phrase.h"
#include "report/reporter.h"
#include "walk/loop.h"

/*
 * The start of each wait is spent awake: a peer nearby answers within it, and waking up from sleep would cost
 * more than its whole answer. Not on a single processor, which the peer's own answer may need.
 */
#define AWAKE (500 * NANOS_PER_US)

/* What all attempts of one run share. */
struct run {
    const struct command *command;
    const struct options *options;
    const struct lab *lab; /* or NULL */
    const char *host;
    const struct named_walk *named;
    struct step steps[NAMED_STEPS_MAX];
    uint8_t *bytes; /* of --send (owned) */
    uint16_t port;
    const struct reporter *reporter;
    void *report; /* the reporter's state (owned) */
    bool ended;   /* the last attempt came to its end event: */
    struct event_end end;
    char why[FAULT_WORDS];
    unsigned disagreed; /* in all attempts: the kernel contradicted a proven claim */
};

/* What one attempt opens; closed in reverse by attempt_close. */
struct attempt {
    struct flow flow;
    struct route route;
    struct guard guard;
    struct kernel *kernel;
    struct live *live;
    struct walk *walk;
};

/* ---- reporting ---- */

static bool on_event(void *self, const struct event *event, struct fault *fault)
{
    struct run *run = self;

    if (event->kind == EVENT_END) {
        run->end = event->end;
        run->ended = true;
        snprintf(run->why, sizeof(run->why), "%s", event->end.why ? event->end.why : "");
        run->end.why = run->why;
        run->disagreed += event->end.counts.disagreed;
    }
    return run->reporter->event(run->report, event, fault);
}

static bool on_pause(void *self, struct fault *fault)
{
    struct run *run = self;

    return run->reporter->flush(run->report, fault);
}

static struct report_options report_options(void)
{
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
    struct report_options options = {0};
    struct winsize size;

    if (!isatty(STDOUT_FILENO))
        return options;
    options.colour = !(no_colour && *no_colour) && term && strcmp(term, "dumb") != 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        options.width = size.ws_col;
    return options;
}

static const struct reporter *choose_reporter(const struct options *options)
{
    if (options->json)
        return &reporter_json;
    return options->quiet ? &reporter_quiet : &reporter_ladder;
}

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
static bool open_witness(const struct run *run, struct attempt *attempt, struct fault *fault)
{
    const struct options *options = run->options;
    int netns = -1, own = -1;
    bool opened;

    if (!options->verify && !options->verify_netns)
        return true;
    if (options->verify_netns) {
        netns = own = open(options->verify_netns, O_RDONLY | O_CLOEXEC);
        if (netns < 0)
            return fault_set(fault, FAULT_LOCAL, "--verify-netns: %s: %m", options->verify_netns);
    } else if (!attempt->route.local && run->lab) {
        if (!is_lab_server(&attempt->flow.peer.addr))
            return fault_set(fault, FAULT_LOCAL,
                             "--verify: nobody in the lab has that address, so no kernel can be asked");
        netns = run->lab->peer_netns;
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

/* ---- one attempt ---- */

static bool tcb_settings(const struct run *run, const struct route *route, const struct addr *peer,
                         struct tcb_settings *out, struct fault *fault)
{
    const struct options *options = run->options;
    unsigned headers = peer->family == 6 ? 60 : 40; /* IP and TCP without options (RFC 9293 3.7.1) */
    uint16_t fits = (uint16_t)(route->mtu - headers > UINT16_MAX ? UINT16_MAX : route->mtu - headers);

    *out = (struct tcb_settings){
        .iss = options->isn,
        .window = (uint16_t)options->window,
        .wscale = (uint8_t)options->wscale,
        .ttl = (uint8_t)options->ttl,
        .options = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_PERMITTED | TCP_OPT_TIMESTAMPS,
    };
    if (options->no_mss)
        out->options &= (uint8_t)~TCP_OPT_MSS;
    if (options->no_wscale)
        out->options &= (uint8_t)~TCP_OPT_WSCALE;
    if (options->no_sack)
        out->options &= (uint8_t)~TCP_OPT_SACK_PERMITTED;
    if (options->no_timestamps)
        out->options &= (uint8_t)~TCP_OPT_TIMESTAMPS;
    if (options->mss)
        out->mss = (uint16_t)options->mss;
    else
        out->mss = fits;
    out->send_mss = fits; /* what we send must fit the way out, whatever we offer */
    if (!options->isn_set && !random_u32(&out->iss, fault))
        return false;
    return random_u32(&out->tsval, fault);
}

static bool walk_settings(const struct run *run, const struct attempt *attempt, struct walk_settings *out,
                          struct fault *fault)
{
    const struct options *options = run->options;

    *out = (struct walk_settings){
        .rto = options->rto,
        .retries = options->retries,
        .timeout = options->timeout,
        .delay = options->delay,
        .linger = options->linger,
        .leave = options->leave,
        .command = run->command->name,
        .interface = attempt->route.name,
        .flow = attempt->flow,
        .epoch = clock_realtime(),
        .steps = run->steps,
        .step_count = run->named->step_count,
        .peer_must_close = run->named->peer_must_close,
    };
    struct addr numeric;
    if (!addr_parse(run->host, &numeric))
        out->peer_name = run->host;
    return tcb_settings(run, &attempt->route, &attempt->flow.peer.addr, &out->tcb, fault);
}

static bool attempt_open(const struct run *run, const struct addr *peer, const sigset_t *wait_mask,
                         struct attempt *attempt, struct port *port, struct fault *fault)
{
    const struct options *options = run->options;
    struct route_wish wish = {options->interface, options->source};
    struct live_config config;

    attempt->flow.peer = (struct endpoint){*peer, run->port};
    if (!route_find(peer, &wish, &attempt->route, fault))
        return false;
    attempt->flow.local = (struct endpoint){attempt->route.source, (uint16_t)options->source_port};
    if (!privilege_check(fault) || !open_witness(run, attempt, fault) ||
        !guard_open(&attempt->guard, &attempt->flow, attempt->route.interface, fault))
        return false;
    config = (struct live_config){
        .flow = attempt->flow,
        .interface = attempt->route.name,
        .interface_index = attempt->route.interface,
        .bind_interface = options->interface != NULL && !attempt->route.overruled,
        .low_latency = options->low_latency,
        .stop = &signals_seen,
        .wait_mask = wait_mask,
    };
    if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
        config.awake = AWAKE;
    return live_open(&attempt->live, &config, port, fault);
}

/* The guard outlives the capture by nothing: whoever comes after us finds the port free. */
static void attempt_close(struct attempt *attempt, bool last)
{
    guard_close(&attempt->guard);
    kernel_close(attempt->kernel);
    free(attempt->walk);
    if (last && attempt->live)
        live_leave_to_child(attempt->live);
    else
        live_close(attempt->live);
}

/* Walks to one address. True when the walk ran to its end event, however that went; the fault is set else. */
static bool attempt_walk(struct run *run, const struct addr *peer, const sigset_t *wait_mask, struct attempt *attempt,
                         bool last, struct fault *fault)
{
    const struct listener listener = {run, on_event, on_pause};
    struct witness witness = {NULL, ask_kernel};
    struct walk_settings settings;
    struct port port;

    if (!attempt_open(run, peer, wait_mask, attempt, &port, fault) || !walk_settings(run, attempt, &settings, fault))
        return false;
    /* Everything is open; only another address would need privileges again. */
    if (last && !privilege_drop(fault))
        return false;
    attempt->walk = malloc(sizeof(*attempt->walk));
    if (!attempt->walk)
        return fault_set(fault, FAULT_LOCAL, "no memory");
    witness.self = attempt->kernel;
    walk_init(attempt->walk, &settings, port.now(port.self));
    if (live_is_coarse(attempt->live))
        walk_note(attempt->walk, NANOS_NONE, "coarse-clock", "this capture stamps microseconds, not nanoseconds");
    return loop_run(attempt->walk, &port, attempt->kernel ? &witness : NULL, &listener, fault);
}

/* Is another address of the name worth a try? As connect() loops do: only when this one did not open. */
static bool try_next(const struct run *run, const struct fault *fault)
{
    if (run->ended && run->end.timing.open != NANOS_NONE)
        return false;
    if (fault->kind != FAULT_NONE)
        return fault->kind == FAULT_UNREACHABLE;
    return run->end.outcome == OUTCOME_REFUSED || run->end.outcome == OUTCOME_UNREACHABLE ||
           run->end.outcome == OUTCOME_NO_ANSWER;
}

/* How the last attempt ended, in the words of the ladder. */
static const char *outcome_words(const struct run *run, char *words, size_t size)
{
    struct text text;

    text_init(&text, words, size);
    phrase_outcome(&text, &run->end);
    return words;
}

static int finish(const struct run *run, const struct addr *peer, struct fault *fault)
{
    const struct endpoint endpoint = {*peer, run->port};
    char text[ENDPOINT_TEXT], words[80];

    if (fault->kind != FAULT_NONE)
        return run->ended ? run->end.status : exit_status_of(fault);
    if (run->disagreed > 0) {
        complain("%s: the peer's kernel contradicts a proven claim", endpoint_format(&endpoint, text));
        return run->end.status == STATUS_DONE ? STATUS_EXPECTATION : run->end.status;
    }
    if (run->end.status != STATUS_DONE)
        complain("%s: %s: %s", endpoint_format(&endpoint, text), outcome_words(run, words, sizeof(words)), run->why);
    return run->end.status;
}

static int walk_addresses(struct run *run, const struct addr *addresses, unsigned count, struct fault *fault)
{
    sigset_t wait_mask;
    int status = STATUS_LOCAL;

    signals_catch(&wait_mask);
    for (unsigned i = 0; i < count; i++) {
        struct attempt attempt = {.guard.fd = -1};
        char text[ADDR_TEXT], words[80];
        *fault = (struct fault){0};
        run->ended = false;
        attempt_walk(run, &addresses[i], &wait_mask, &attempt, i + 1 == count, fault);
        bool last = i + 1 == count || !try_next(run, fault);
        if (last)
            status = finish(run, &addresses[i], fault);
        attempt_close(&attempt, last);
        if (last)
            break;
        complain("%s: %s; trying the next address", addr_format(&addresses[i], text),
                 fault->kind != FAULT_NONE ? fault->words : outcome_words(run, words, sizeof(words)));
    }
    return status;
}

/* ---- the command ---- */

static bool resolve(struct run *run, char **operands, struct addr out[RESOLVE_MAX], unsigned *count,
                    struct fault *fault)
{
    const struct options *options = run->options;
    const struct lab_service *service = run->lab ? lab_service_find(operands[1]) : NULL;
    struct addr found[LAB_ADDRS];
    size_t in_lab = run->lab ? lab_resolve(operands[0], found) : 0;
    struct addr numeric;
    int family = options->ipv4 ? 4 : options->ipv6 ? 6 : 0;

    /* Of a name, only addresses that our own can reach. */
    if (family == 0 && !addr_parse(operands[0], &numeric))
        family = options->source.family;
    if (options->ipv4 && options->ipv6)
        return fault_set(fault, FAULT_USAGE, "--ipv4 and --ipv6 exclude each other");
    if (options->json && options->quiet)
        return fault_set(fault, FAULT_USAGE, "--json and --quiet exclude each other");
    if (service)
        run->port = service->port;
    else if (!resolve_port(operands[1], &run->port, fault))
        return false;
    if (run->lab && in_lab == 0 && !addr_parse(operands[0], &numeric) && strcmp(operands[0], "localhost") != 0)
        return fault_set(fault, FAULT_USAGE, "'%s' is neither a command nor a host of the lab", operands[0]);
    if (in_lab == 0)
        return resolve_host(operands[0], family, out, count, fault);
    *count = 0;
    for (size_t i = 0; i < in_lab; i++)
        if (family == 0 || found[i].family == family)
            out[(*count)++] = found[i];
    return true;
}

static bool prepare(struct run *run, struct fault *fault)
{
    const struct report_options report = report_options();
    uint32_t len = 0;

    memcpy(run->steps, run->named->steps, sizeof(run->steps));
    if (run->options->send) {
        run->bytes = malloc(strlen(run->options->send) + 1);
        if (!run->bytes)
            return fault_set(fault, FAULT_LOCAL, "no memory");
        if (!escape_read(run->options->send, run->bytes, &len, fault))
            return false;
    }
    for (unsigned i = 0; i < run->named->step_count; i++)
        if (run->steps[i].kind == STEP_SEND)
            run->steps[i] = (struct step){STEP_SEND, run->bytes, len};
    run->reporter = choose_reporter(run->options);
    run->report = run->reporter->begin(stdout, &report, fault);
    return fault->kind == FAULT_NONE;
}

int run_walk(const struct command *command, const struct options *options, int count, char **operands,
             const struct lab *lab, struct fault *fault)
{
    struct run run = {
        .command = command,
        .options = options,
        .lab = lab,
        .named = named_walk_find(command->name),
    };
    struct addr addresses[RESOLVE_MAX];
    unsigned address_count = 0;
    int status;

    if (count != 2) {
        fault_set(fault, FAULT_USAGE, "%s takes a host and a port, and nothing more (see tcpwalk --help)",
                  command->name);
        return STATUS_USAGE;
    }
    run.host = operands[0];
    if (!resolve(&run, operands, addresses, &address_count, fault) || !prepare(&run, fault)) {
        free(run.bytes);
        return exit_status_of(fault);
    }
    status = walk_addresses(&run, addresses, address_count, fault);
    struct fault late = {0};
    if (!run.reporter->end(run.report, &late) && fault->kind == FAULT_NONE) {
        *fault = late;
        status = STATUS_LOCAL;
    }
    free(run.bytes);
    if (fault->kind == FAULT_INTERRUPTED) {
        complain("%s", fault->words);
        signals_obey();
    }
    return status;
}
