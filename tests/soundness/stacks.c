/*
 * Stacks as they were met (Linux 6.18, libslirp 4.7, lwIP 2.1, gVisor of 2022, passt of 2025; what Linux did before
 * 2025 is from memory), and ordinary walks: named ones, against applications that behave well.
 */
#include "scenario.h"

#define MS NANOS_PER_MS
#define S NANOS_PER_S

/* What belongs to the application, to how busy the host is, or to who opens. */
#define NOT_OF_A_STACK                                                                                                 \
    (PEER_ON(PEER_QUEUE_FULL) | PEER_ON(PEER_NO_READER) | PEER_ON(PEER_NAGLE) | PEER_ON(PEER_CLOSE_AT_FIN) |           \
     PEER_ON(PEER_KEEPALIVE) | PEER_ON(PEER_REFUSES) | PEER_ON(PEER_EARLY_APP) | PEER_ON(PEER_LISTENS_ONCE) |          \
     PEER_ON(PEER_OPENS) | PEER_ON(PEER_OPENS_AGAIN))

/* What all that close in full have: after close() nobody reads. */
#define CLOSES (PEER_ON(PEER_FULL_CLOSE) | PEER_ON(PEER_RST_UNREAD))

#define LINUX                                                                                                          \
    (CLOSES | PEER_ON(PEER_TIMESTAMPS) | PEER_ON(PEER_WSCALE) | PEER_ON(PEER_LAST_ACK_EARLY) | PEER_ON(PEER_DELACK) |  \
     PEER_ON(PEER_DELACK_FIN) | PEER_ON(PEER_PROBE_OLD) | PEER_ON(PEER_QUIET_ANSWERS) | PEER_ON(PEER_QUIET_NOT_TEXT) | \
     PEER_ON(PEER_RST_BEFORE) | PEER_ON(PEER_SYN_SAYS_RST) | PEER_ON(PEER_SYN_ANSWERED) | PEER_ON(PEER_ACK_RANGE) |    \
     PEER_ON(PEER_REOPENS) | PEER_ON(PEER_LENIENT_WINDOW) | PEER_ON(PEER_TS_LAX) | PEER_ON(PEER_SACK) |                \
     PEER_ON(PEER_DSACK) | PEER_ON(PEER_SACK_EARLY) | PEER_ON(PEER_MINISOCK) | PEER_ON(PEER_NULL_QUIET) |              \
     PEER_ON(PEER_CLOSE_RESETS))

static const struct {
    uint64_t on;
    uint64_t chance; /* left as it was drawn: the stack can be either way */
    nanos time_wait, fin_wait_2, min_rto;
} stacks[STACKS] = {
    [STACK_LINUX] = {.on = LINUX | PEER_ON(PEER_ECHO_CHECKED),
                     /* A timestamp is kept early or late, as the header was predicted or not. */
                     .chance = PEER_ON(PEER_COOKIES) | PEER_ON(PEER_DEFER) | PEER_ON(PEER_ECHOES_LATE),
                     .time_wait = 60 * S,
                     .fin_wait_2 = 60 * S,
                     .min_rto = 200 * MS},
    [STACK_LINUX_2024] = {.on = LINUX | PEER_ON(PEER_STUCK_ECHOES),
                          .chance = PEER_ON(PEER_COOKIES) | PEER_ON(PEER_DEFER) | PEER_ON(PEER_ECHOES_LATE),
                          .time_wait = 60 * S,
                          .fin_wait_2 = 60 * S,
                          .min_rto = 200 * MS},
    [STACK_SLIRP] = {.on = CLOSES | PEER_ON(PEER_OLD_OPENS) | PEER_ON(PEER_FIN_ANSWERS) | PEER_ON(PEER_RST_IN_WINDOW) |
                           PEER_ON(PEER_RST_BEFORE) | PEER_ON(PEER_LISTEN_REFUSES) | PEER_ON(PEER_NULL_QUIET) |
                           PEER_ON(PEER_NULL_QUIET_ENDS) | PEER_ON(PEER_TRIMS_OLD) | PEER_ON(PEER_SYN_RESETS) |
                           PEER_ON(PEER_SYN_SAYS_RST) | PEER_ON(PEER_CLOSE_RESETS) | PEER_ON(PEER_REOPENS),
                     .time_wait = 12 * S,
                     .fin_wait_2 = 600 * S,
                     .min_rto = S},
    [STACK_LWIP] = {.on = CLOSES | PEER_ON(PEER_WSCALE) | PEER_ON(PEER_RST_ACKS) | PEER_ON(PEER_OLD_OPENS) |
                          PEER_ON(PEER_WAIT_QUIET) | PEER_ON(PEER_BARE_TAKEN) | PEER_ON(PEER_NULL_QUIET_ENDS) |
                          PEER_ON(PEER_NO_CROSSING) | PEER_ON(PEER_SYN_ANSWERED) | PEER_ON(PEER_TRIMS_OLD) |
                          PEER_ON(PEER_DELACK),
                    .time_wait = 120 * S,
                    .fin_wait_2 = 20 * S,
                    .min_rto = 1500 * MS},
    [STACK_GVISOR] = {.on = CLOSES | PEER_ON(PEER_TIMESTAMPS) | PEER_ON(PEER_WSCALE) | PEER_ON(PEER_SACK) |
                            PEER_ON(PEER_RST_IN_WINDOW) | PEER_ON(PEER_RST_BEYOND) | PEER_ON(PEER_CLOSE_RESETS) |
                            PEER_ON(PEER_SYN_SAYS_RST) | PEER_ON(PEER_NULL_QUIET) | PEER_ON(PEER_REOPENS) |
                            PEER_ON(PEER_QUIET_ANSWERS) | PEER_ON(PEER_DELACK),
                      .time_wait = 60 * S,
                      .fin_wait_2 = 60 * S,
                      .min_rto = 200 * MS},
    [STACK_PASST] = {.on = CLOSES | PEER_ON(PEER_WSCALE) | PEER_ON(PEER_PROXY) | PEER_ON(PEER_RST_IN_WINDOW),
                     .time_wait = 60 * S,
                     .fin_wait_2 = 60 * S,
                     .min_rto = S},
};

void stack_set(struct chance *chance, struct peer_variant *peer, enum stack stack)
{
    peer->on &= NOT_OF_A_STACK | stacks[stack].chance;
    peer->on |= stacks[stack].on;
    peer->time_wait = stacks[stack].time_wait;
    peer->fin_wait_2 = stacks[stack].fin_wait_2;
    peer->min_rto = stacks[stack].min_rto;
    peer->wscale = (uint8_t)(chance_of(chance, 500) ? 7 : 10);
}

/*
 * passt's connections begin and end as no RFC says. Against what a TCP sends no claim was false of them; but any ACK
 * ends its SYN-RECEIVED, so one made by hand that acknowledges nothing leads where it can't have come to by the RFC.
 */
#define PASST_WALKS 1
#define PASST_BY_HAND 0

enum stack draw_stack(struct chance *chance, bool by_hand)
{
    bool passt = by_hand ? PASST_BY_HAND : PASST_WALKS;
    static const enum stack often[] = {STACK_LINUX,  STACK_LINUX, STACK_LINUX, STACK_LINUX_2024, STACK_LINUX_2024,
                                       STACK_GVISOR, STACK_LWIP,  STACK_SLIRP, STACK_PASST};

    return often[chance_below(chance, sizeof(often) / sizeof(often[0]) - (passt ? 0 : 1))];
}

/* ---- ordinary walks ---------------------------------------------------------------------------------------- */

static const uint8_t request[600];

/* Echoes and closes when we do; answers and closes; answers late; closes first; closes late; never closes. */
static void draw_server(struct scenario *scenario, struct chance *chance, bool asked, const struct shrunk *shrunk)
{
    uint32_t which = chance_below(chance, 6);
    bool answers_and_closes = which == 1 && asked;
    nanos soon = chance_span(chance, 3 * MS), late = 100 * MS + chance_span(chance, 4 * S);
    uint32_t len = 1 + chance_below(chance, chance_of(chance, 700) ? 400 : 6000);

    scenario->data = (struct app_plan){APP_SEND, len, which == 2 ? late : soon};
    scenario->eof = (struct app_plan){APP_CLOSE, 0, which == 4 ? late : soon};
    scenario->at_data = which != 3 && scenario_has(shrunk, PART_AT_DATA);
    scenario->at_eof = !answers_and_closes && which != 5 && scenario_has(shrunk, PART_AT_EOF);
    if ((answers_and_closes || which == 3) && scenario_has(shrunk, PART_APP))
        scenario->calls[scenario->call_count++] =
            (struct app_plan){APP_CLOSE, 0, which == 1 ? 20 * MS + late / 20 : soon + late * chance_below(chance, 2)};
}

void draw_ordinary(struct scenario *scenario, struct chance *chance, const struct shrunk *shrunk)
{
    static const struct {
        unsigned count;
        enum step_kind kinds[5];
    } named[] = {{3, {STEP_OPEN, STEP_SEND, STEP_CLOSE}}, /* walk and close */
                 {3, {STEP_OPEN, STEP_SEND, STEP_ABORT}},
                 {5, {STEP_OPEN, STEP_SEND, STEP_HALF_CLOSE, STEP_DRAIN, STEP_LINGER}}};
    static const uint8_t walks[] = {0, 0, 1, 2};
    unsigned which = walks[chance_below(chance, 4)];
    struct walk_settings *settings = &scenario->settings;
    uint32_t len = chance_of(chance, 500) ? 0 : 1 + chance_below(chance, sizeof(request));

    scenario->peer.on &=
        ~(PEER_ON(PEER_QUEUE_FULL) | PEER_ON(PEER_NO_READER) | PEER_ON(PEER_CLOSE_AT_FIN) | PEER_ON(PEER_REFUSES) |
          PEER_ON(PEER_COOKIES) | PEER_ON(PEER_DEFER) | PEER_ON(PEER_LISTENS_ONCE) | PEER_ON(PEER_KEEPALIVE));
    scenario->peer.mss = 1460;
    scenario->peer.buffer = 64240;
    scenario->peer.cwnd = 10;
    scenario->peer.retries = 8;
    scenario->peer.syn_retries = 5;
    scenario->peer.syn_rto = S;
    draw_server(scenario, chance, len > 0, shrunk);
    for (unsigned i = 0; i < named[which].count; i++) {
        struct step step = {.kind = named[which].kinds[i], .within = NANOS_NONE};
        if (step.kind == STEP_SEND)
            step.send = (struct step_bytes){.bytes = request, .len = len};
        if (i == 0 || scenario_has(shrunk, PART_STEP + i))
            scenario->steps[settings->step_count++] = step;
    }
    *settings = (struct walk_settings){
        .tcb = {.iss = (uint32_t)chance_next(chance),
                .tsval = (uint32_t)chance_next(chance),
                .mss = 1460,
                .window = 65535,
                .wscale = 7,
                .options = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_PERMITTED | TCP_OPT_TIMESTAMPS},
        .rto = S,
        .retries = 5,
        .timeout = 10 * S,
        .linger = NANOS_NONE,
        .command = "soundness",
        .interface = "model",
        .step_count = settings->step_count,
    };
    scenario->stop_at = NANOS_NEVER;
}
