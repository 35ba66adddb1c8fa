/* What one walk is made of, all of it drawn from a seed: our steps and settings, the peer, its application,
 * the path. */
#ifndef SOUNDNESS_SCENARIO_H
#define SOUNDNESS_SCENARIO_H

#include "channel.h"
#include "peer.h"
#include "walk/walk.h"

/* From the fifth on: a named walk as it comes, or with --probe, against a well-behaved application on a stack that exists. */
enum channel_kind {
    CHANNEL_CLEAN,
    CHANNEL_LOSS_10,
    CHANNEL_MESS_30,
    CHANNEL_ANY,
    ORDINARY_CLEAN,
    ORDINARY_LOSS_10,
    PROBED_CLEAN,
    PROBED_LOSS_10,
    CHANNEL_KINDS
};

enum app_call { APP_SEND, APP_SHUTDOWN, APP_CLOSE, APP_ABORT };

#define APP_CALLS 5
#define STEPS_MAX 12 /* probes among them */

/* A call of the peer's application, so long after it got the connection. */
struct app_plan {
    enum app_call call;
    uint32_t len;
    nanos after;
};

/* Parts that shrinking can turn off, besides the peer's switches. */
enum part {
    PART_LOSS,
    PART_REPEAT,
    PART_REORDER,
    PART_JITTER,
    PART_LAG,      /* captured segments are read late */
    PART_SLOW_OUT, /* what is sent leaves late */
    PART_STOP,     /* the walk is interrupted */
    PART_PAUSES,   /* pauses between steps */
    PART_AT_EOF,   /* the application reacts to our FIN */
    PART_AT_DATA,  /* ... to our data */
    PART_LEAVE,
    PART_OPTIONS, /* our SYN's options */
    PART_SMALL_WINDOW,
    PART_AUTO_PROBE,
    PART_APP,                         /* APP_CALLS of them */
    PART_STEP = PART_APP + APP_CALLS, /* STEPS_MAX of them */
    PARTS = PART_STEP + STEPS_MAX
};

/* What is turned off while a violation is shrunk. */
struct shrunk {
    uint64_t parts;    /* bits of enum part */
    uint64_t switches; /* PEER_ON bits */
};

struct scenario {
    uint64_t seed;
    struct peer_variant peer;
    struct app_plan calls[APP_CALLS];
    unsigned call_count;
    bool at_eof, at_data;
    struct app_plan eof, data;
    struct channel_habits to_peer, to_us;
    nanos lag, slow_out;
    nanos stop_at;
    struct step steps[STEPS_MAX + 1]; /* auto probe on before them */
    struct walk_settings settings; /* its steps are set by whoever runs it */
};

/* early_app: the application may close or abort in SYN-RECEIVED, as RFC 9293 3.10.4 allows and no stack we
 * know does. */
void scenario_draw(struct scenario *scenario, uint64_t seed, enum channel_kind kind,
                   const struct shrunk *shrunk);

/* ---- parts that other kinds of walk are drawn from ------------------------------------------------------ */

/* A time on one of several scales: races live in microseconds, timers in seconds. */
nanos draw_time(struct chance *chance);

void draw_peer(struct chance *chance, struct peer_variant *peer);

/* Stacks as they were met: see stacks.c. */
enum stack { STACK_LINUX, STACK_LINUX_2024, STACK_SLIRP, STACK_LWIP, STACK_GVISOR, STACK_PASST, STACKS };

/* Sets the switches that make this stack, and leaves those of the application and of chance as they are. */
void stack_set(struct chance *chance, struct peer_variant *peer, enum stack stack);

/* Linux more often than others; by_hand: it gets segments that no TCP would send. */
enum stack draw_stack(struct chance *chance, bool by_hand);

/* The ordinary kinds: what a named walk does, and to what application. */
void draw_ordinary(struct scenario *scenario, struct chance *chance, const struct shrunk *shrunk);

/* Is this part still there? */
bool scenario_has(const struct shrunk *shrunk, unsigned part);

/* Adds ways of stacks that show in what they make of strange segments. */
void draw_strange(struct chance *chance, struct peer_variant *peer);

struct app_plan draw_call(struct chance *chance, bool may_abort);

void draw_path(struct chance *chance, struct channel_habits *habits, enum channel_kind kind,
               const struct shrunk *shrunk);

/* The names of what is on, for a report. */
const char *peer_switch_name(enum peer_switch s);

#endif
