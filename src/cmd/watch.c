/*
 * The command watch: what passes on an interface, as connections (cmd/following.h), while it passes.
 *
 * Two clocks: when to wake is asked of the monotonic one; how far the capture has come, of the one that stamps packets.
 * Packets come in blocks, somewhat late. So what has passed is known up to a moment ago only, and it is up to then that
 * time does what it does to connections.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/command.h"
#include "cmd/complain.h"
#include "cmd/following.h"
#include "cmd/signals.h"
#include "io/clock.h"
#include "io/privilege.h"

/* So many packets are taken before the clock is looked at. */
#define BATCH 1024

/* How often there is a look at all else: signals, drops, the link, what time does. */
#define TURN (250 * NANOS_PER_MS)

/* All that passed so long ago has been handed over. */
#define LATE (CAPTURE_LATE + 200 * NANOS_PER_MS)

/* Drops are told again when there were none for so long. */
#define DROPS_APART (10 * NANOS_PER_S)

struct watching {
    struct following following;
    struct capture *capture; /* owned */
    struct capture_interface described;
    char *filter; /* owned; NULL: none */
    sigset_t wait_mask;
    nanos next_turn, end; /* monotonic */
    bool stopping;
    nanos last_at;    /* what passed later does not count, when stopping */
    nanos stop_wait;  /* ... and so long, on the monotonic clock, there may be more that does */
    nanos dropped_at; /* monotonic, when drops were seen last; NANOS_NONE: never */
    struct fault why; /* what stopped it, other than what was wanted */
};

/* ---- the command line ---- */

/* The words of a filter as one. */
static bool join(int count, char **words, char **out, struct fault *fault)
{
    size_t size = 1;

    *out = NULL;
    for (int i = 0; i < count; i++)
        size += strlen(words[i]) + 1;
    if (count == 0)
        return true;
    *out = malloc(size);
    if (!*out)
        return fault_set(fault, FAULT_LOCAL, "out of memory");
    **out = '\0';
    for (int i = 0; i < count; i++) {
        strcat(*out, i ? " " : "");
        strcat(*out, words[i]);
    }
    return true;
}

static bool read_words(struct watching *watching, const struct options *options, int count, char **words,
                       struct fault *fault)
{
    if (!options->interface)
        return fault_set(fault, FAULT_USAGE,
                         "watch takes an interface: -i eth0, or -i any for all of them (see tcpwalk --help)");
    if (options->filter && count > 0)
        return fault_set(fault, FAULT_USAGE, "--filter: there are words of a filter already: %s", words[0]);
    return options->filter ? join(1, (char *[]){(char *)options->filter}, &watching->filter, fault)
                           : join(count, words, &watching->filter, fault);
}

/* ---- the loop ---- */

static bool take_packet(struct watching *watching, const struct captured *captured)
{
    struct following *following = &watching->following;
    const uint64_t number = following->total.packets + 1;

    annotate_begin(&following->annotated, number);
    return following_packet(following, captured, capture_link_type(watching->capture), number) &&
           annotate_write(&following->annotated, &watching->described, captured, &following->fault);
}

/* Takes what was captured, a batch at most. CAPTURE_EMPTY: there is no more for now. */
static enum capture_result take(struct watching *watching)
{
    struct following *following = &watching->following;
    const uint32_t most = following->options->count;
    struct captured captured;

    for (unsigned i = 0; i < BATCH; i++) {
        struct fault fault = {0};
        enum capture_result result = capture_next(watching->capture, &captured, &fault);
        if (result == CAPTURE_FAULT && capture_is_up(watching->capture, &following->fault))
            following->fault = fault;
        if (result != CAPTURE_PACKET)
            return result;
        if (watching->stopping && captured.at > watching->last_at) {
            watching->stop_wait = 0;
            return CAPTURE_EMPTY;
        }
        if (!take_packet(watching, &captured))
            return CAPTURE_FAULT;
        if (most && following->total.packets == most) {
            watching->stopping = true;
            watching->stop_wait = 0;
            return CAPTURE_EMPTY;
        }
    }
    return CAPTURE_PACKET;
}

/* What passes from now on does not count; what passed until now may still be on its way here. */
static void begin_to_stop(struct watching *watching, nanos now)
{
    if (watching->stopping)
        return;
    watching->stopping = true;
    watching->end = NANOS_NEVER; /* it has come */
    watching->last_at = clock_realtime();
    watching->stop_wait = now + LATE;
}

/* Sleeps until there is something to take, or so long; signals are let in here, and nowhere else. */
static void sleep_for(struct watching *watching, nanos span)
{
    struct pollfd fd = {.fd = capture_fd(watching->capture), .events = POLLIN};
    struct timespec timeout = {.tv_sec = span / NANOS_PER_S, .tv_nsec = span % NANOS_PER_S};

    if (span <= 0)
        timeout = (struct timespec){0};
    (void)ppoll(&fd, 1, &timeout, &watching->wait_mask);
}

static bool look_for_drops(struct watching *watching, nanos now)
{
    unsigned dropped = capture_dropped(watching->capture);

    if (dropped == 0)
        return true;
    if (watching->dropped_at == NANOS_NONE || now - watching->dropped_at > DROPS_APART)
        complain("%u packets were dropped: they come faster than they can be followed (a filter lets fewer through)",
                 dropped);
    watching->dropped_at = now;
    return following_dropped(&watching->following, dropped, clock_realtime());
}

/* What is due now and then. caught_up: nothing was left to be taken. */
static bool take_turn(struct watching *watching, bool caught_up, nanos now)
{
    struct following *following = &watching->following;

    watching->next_turn = now + TURN;
    if (!caught_up)
        sleep_for(watching, 0);
    if (!following_wait(following, caught_up ? clock_realtime() - LATE : following->total.last_at) ||
        !look_for_drops(watching, now) || !following_flush(following))
        return false;
    if (!capture_is_up(watching->capture, &watching->why))
        begin_to_stop(watching, now);
    return true;
}

/* What is on its way here is waited for, but not for long: so a second signal, which some senders make of one, says nothing new. */
static bool may_stop(struct watching *watching, bool caught_up, nanos now)
{
    if (signals_seen > 0 || now >= watching->end)
        begin_to_stop(watching, now);
    return watching->stopping && now >= watching->stop_wait && (caught_up || now >= watching->stop_wait + LATE);
}

static void watch(struct watching *watching)
{
    for (;;) {
        enum capture_result taken;
        bool caught_up;
        nanos now, until;
        errno = 0;
        taken = take(watching);
        caught_up = taken == CAPTURE_EMPTY;
        now = clock_monotonic();
        if (taken == CAPTURE_FAULT || (now >= watching->next_turn && !take_turn(watching, caught_up, now)))
            return;
        if (may_stop(watching, caught_up, now))
            return;
        if (!caught_up)
            continue;
        if (!following_flush(&watching->following))
            return;
        until =
            watching->stopping && watching->stop_wait < watching->next_turn ? watching->stop_wait : watching->next_turn;
        sleep_for(watching, (watching->end < until ? watching->end : until) - now);
    }
}

/* ---- all together ---- */

static bool begin(struct watching *watching, struct fault *fault)
{
    const struct options *options = watching->following.options;
    const struct capture_watch_config config = {
        .interface = options->interface,
        .filter = watching->filter,
        .snaplen = options->write ? CAPTURE_SNAPLEN_WHOLE : 0,
        .mine_only = options->no_promiscuous,
    };
    const nanos at = clock_realtime();

    if (!capture_watch(&watching->capture, &config, fault) || !privilege_drop(fault))
        return false;
    capture_describe(watching->capture, &watching->described);
    signals_catch(&watching->wait_mask);
    watching->next_turn = clock_monotonic() + TURN;
    watching->end = options->max == NANOS_NONE ? NANOS_NEVER : clock_monotonic() + options->max;
    /* A row a write would be too slow where many come at once. */
    setvbuf(stdout, NULL, _IOFBF, BUFSIZ * 8);
    errno = 0;
    if (following_start(&watching->following, at) && following_flush(&watching->following))
        return true;
    *fault = watching->following.fault;
    return false;
}

static void finish(struct watching *watching, struct fault *fault)
{
    struct following *following = &watching->following;

    struct pcapng_statistics *statistics = &following->annotated.statistics;

    look_for_drops(watching, clock_monotonic());
    /* What time has done until it was to end. */
    if (following->fault.kind == FAULT_NONE && watching->last_at)
        following_wait(following, watching->last_at);
    statistics->counted = capture_counts(watching->capture, &statistics->received, &statistics->dropped);
    *fault = following->fault.kind != FAULT_NONE ? following->fault : watching->why;
    following_conclude(following, fault);
    if (fault->kind == FAULT_NONE && following->options->connection && !following->shown)
        fault_set(fault, FAULT_USAGE, "--connection: there was no connection %u", following->options->connection);
}

int run_watch(const struct command *command, const struct options *options, int count, char **operands,
              const struct lab *lab, struct fault *fault)
{
    struct watching watching = {.dropped_at = NANOS_NONE};
    struct read_origin origin = {.command = "watch", .interface = options->interface};

    (void)command, (void)lab;
    if (!read_words(&watching, options, count, operands, fault))
        return exit_status_of(fault);
    origin.filter = watching.filter;
    if (following_init(&watching.following, options, &origin, true, fault) && begin(&watching, fault)) {
        watch(&watching);
        finish(&watching, fault);
    }
    capture_close(watching.capture);
    following_free(&watching.following);
    free(watching.filter);
    return exit_status_of(fault);
}
