#include "scenario.h"

#include <string.h>

#define MS NANOS_PER_MS
#define S NANOS_PER_S

/* So many steps are drawn before probes come between them. */
#define STEPS_DRAWN 7

/*
 * Can a listener that has a cookie out answer a segment without flags with a RST, and take the cookie back later? No
 * stack we know has both, and RFC 9293 3.10.7.2 drops such a segment; "no connection" is then claimed of a peer that
 * can still come to be in ESTABLISHED.
 */
#define COOKIES_REFUSE_NULLS 0

/*
 * Can an old segment end SYN-RECEIVED where there are timestamps? It does so at RFC 9293's expense, and its own time is
 * not kept: an echo from before our third ACK then comes from ESTABLISHED. lwIP built with timestamps is such a stack
 * (from its source).
 */
#define OLD_OPENS_HAS_TIMESTAMPS 1

static const uint8_t payload[8192];

bool scenario_has(const struct shrunk *shrunk, unsigned part)
{
    return !(shrunk->parts >> part & 1);
}

nanos draw_time(struct chance *chance)
{
    static const nanos scales[] = {MS / 20, MS, 20 * MS, 300 * MS, 3 * S, 20 * S};

    return chance_span(chance, scales[chance_below(chance, 6)]);
}

static void draw_switches(struct chance *chance, struct peer_variant *peer)
{
    static const struct {
        enum peer_switch s;
        unsigned permille;
    } table[] = {
        {PEER_TIMESTAMPS, 700},     {PEER_WSCALE, 700},       {PEER_LAST_ACK_EARLY, 500},  {PEER_COOKIES, 100},
        {PEER_QUEUE_FULL, 60},      {PEER_DEFER, 80},         {PEER_FIN_AS_ACK, 250},      {PEER_KEEPALIVE, 200},
        {PEER_KEEPALIVE_BYTE, 400}, {PEER_TRIMS_OLD, 400},    {PEER_HOLDS_GAPS, 150},      {PEER_DROPS_GAPS, 150},
        {PEER_NO_READER, 80},       {PEER_RST_UNREAD, 500},   {PEER_FULL_CLOSE, 500},      {PEER_SYN_ANSWERED, 500},
        {PEER_NAGLE, 300},          {PEER_FIN_ALONE, 300},    {PEER_CLOSE_AT_FIN, 100},    {PEER_GIVE_UP_RST, 400},
        {PEER_ABORT_BARE, 300},     {PEER_STUCK_ECHOES, 500}, {PEER_REFUSES, 15},          {PEER_DELACK, 500},
        {PEER_DELACK_FIN, 500},     {PEER_PROBE_OLD, 500},    {PEER_FIN_OVER_WINDOW, 300}, {PEER_LISTENS_ONCE, 300},
        {PEER_QUIET_ANSWERS, 400},  {PEER_SACK, 700},         {PEER_DSACK, 600},           {PEER_SACK_EARLY, 500},
        {PEER_MINISOCK, 300},       {PEER_NULL_QUIET, 400},   {PEER_NULL_QUIET_ENDS, 400}, {PEER_LISTEN_REFUSES, 200},
        {PEER_ECHOES_LATE, 400},    {PEER_FIN_ANSWERS, 150},  {PEER_OLD_OPENS, 250},       {PEER_WAIT_QUIET, 200},
        {PEER_QUIET_NOT_TEXT, 600}, {PEER_ECHO_CHECKED, 300}, {PEER_CLOSE_RESETS, 300},
    };

    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (chance_of(chance, table[i].permille))
            peer->on |= PEER_ON(table[i].s);
    if (peer->on & PEER_ON(PEER_COOKIES))
        peer->on &= ~(PEER_ON(PEER_QUEUE_FULL) | PEER_ON(PEER_DEFER));
    if ((peer->on & PEER_ON(PEER_COOKIES)) && !COOKIES_REFUSE_NULLS)
        peer->on &= ~PEER_ON(PEER_LISTEN_REFUSES);
    if ((peer->on & PEER_ON(PEER_OLD_OPENS)) && !OLD_OPENS_HAS_TIMESTAMPS)
        peer->on &= ~PEER_ON(PEER_TIMESTAMPS);
}

void draw_peer(struct chance *chance, struct peer_variant *peer)
{
    static const uint16_t sizes[] = {1460, 536, 0, 8960, 88};

    *peer = (struct peer_variant){
        .min_rto = chance_of(chance, 500) ? 200 * MS : S,
        .syn_rto = chance_of(chance, 800) ? S : 3 * S,
        .delack = chance_of(chance, 500) ? 40 * MS : 200 * MS,
        .keepalive = chance_span(chance, 5 * S) + 50 * MS,
        .time_wait = (30 + chance_below(chance, 3) * 30) * S,
        .fin_wait_2 = 60 * S,
        .queue_free = chance_of(chance, 500) ? chance_span(chance, 8 * S) : NANOS_NEVER,
        .defer_for = chance_span(chance, 10 * S),
        .syn_retries = 1 + chance_below(chance, 5),
        .retries = 3 + chance_below(chance, 6),
        .mss = sizes[chance_below(chance, 5)],
        .wscale = (uint8_t)chance_below(chance, 15),
        .buffer = chance_of(chance, 800) ? 60000 : 1 + chance_below(chance, 4000),
        .cwnd = chance_of(chance, 700) ? 10 : 1 + chance_below(chance, 3),
    };
    draw_switches(chance, peer);
}

void draw_strange(struct chance *chance, struct peer_variant *peer)
{
    static const struct {
        enum peer_switch s;
        unsigned permille;
    } table[] = {
        {PEER_RST_IN_WINDOW, 200}, {PEER_RST_BEFORE, 300}, {PEER_SYN_RESETS, 200},  {PEER_SYN_SAYS_RST, 500},
        {PEER_ACK_RANGE, 500},     {PEER_BARE_TAKEN, 200}, {PEER_SYN_FIN, 400},     {PEER_SYN_FIN_WAITS, 400},
        {PEER_SYN_TEXT, 300},      {PEER_TRIMS_SYN, 300},  {PEER_REOPENS, 600},     {PEER_LENIENT_WINDOW, 400},
        {PEER_TS_LAX, 500},        {PEER_RST_ACKS, 200},   {PEER_NO_CROSSING, 100}, {PEER_OPENS_AGAIN, 300},
        {PEER_RST_BEYOND, 200},
    };

    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (chance_of(chance, table[i].permille))
            peer->on |= PEER_ON(table[i].s);
    if (peer->on & PEER_ON(PEER_COOKIES))
        peer->on &= ~PEER_ON(PEER_RST_ACKS);
    if (peer->on & PEER_ON(PEER_BARE_TAKEN))
        peer->on &= ~PEER_ON(PEER_NULL_QUIET);
}

struct app_plan draw_call(struct chance *chance, bool may_abort)
{
    struct app_plan plan = {.call = APP_SEND, .after = draw_time(chance)};
    uint32_t dice = chance_below(chance, 100);

    plan.len = 1 + chance_below(chance, chance_of(chance, 700) ? 600 : 20000);
    if (dice >= 45)
        plan.call = dice < 62 ? APP_SHUTDOWN : APP_CLOSE;
    if (dice >= 93 && may_abort)
        plan.call = APP_ABORT;
    return plan;
}

static void draw_app(struct scenario *scenario, struct chance *chance, const struct shrunk *shrunk)
{
    unsigned count = chance_below(chance, APP_CALLS + 1);

    for (unsigned i = 0; i < APP_CALLS; i++) {
        struct app_plan plan = draw_call(chance, true);
        if (i < count && scenario_has(shrunk, PART_APP + i))
            scenario->calls[scenario->call_count++] = plan;
    }
    scenario->eof = draw_call(chance, true);
    if (chance_of(chance, 700))
        scenario->eof.call = APP_CLOSE;
    scenario->data = draw_call(chance, false);
    scenario->at_eof = chance_of(chance, 750) && scenario_has(shrunk, PART_AT_EOF);
    scenario->at_data = chance_of(chance, 500) && scenario_has(shrunk, PART_AT_DATA);
}

void draw_path(struct chance *chance, struct channel_habits *habits, enum channel_kind kind,
               const struct shrunk *shrunk)
{
    static const nanos delays[] = {MS / 100, MS / 2, 20 * MS, 150 * MS};
    nanos delay = delays[chance_below(chance, 4)];
    unsigned loss = chance_below(chance, 400), repeat = chance_below(chance, 300),
             reorder = chance_below(chance, 500);

    *habits = (struct channel_habits){.delay = delay / 10 + chance_span(chance, delay),
                                      .jitter = chance_span(chance, delay),
                                      .overtaking = delay * 4 + (chance_of(chance, 200) ? 2 * S : MS)};
    if (kind == CHANNEL_LOSS_10 || kind == ORDINARY_LOSS_10 || kind == PROBED_LOSS_10)
        habits->loss = 100;
    else if (kind == CHANNEL_MESS_30)
        habits->loss = habits->repeat = habits->reorder = 300;
    else if (kind == CHANNEL_ANY)
        *habits =
            (struct channel_habits){loss, repeat, reorder, habits->delay, habits->jitter, habits->overtaking};
    if (!scenario_has(shrunk, PART_LOSS))
        habits->loss = 0;
    if (!scenario_has(shrunk, PART_REPEAT))
        habits->repeat = 0;
    if (!scenario_has(shrunk, PART_REORDER))
        habits->reorder = 0;
    if (!scenario_has(shrunk, PART_JITTER))
        habits->jitter = 0;
}

static struct step draw_step(struct chance *chance, enum step_kind kind)
{
    uint32_t len = 1 + chance_below(chance, chance_of(chance, 700) ? 300 : sizeof(payload));

    if (kind != STEP_SEND)
        return (struct step){.kind = kind, .within = NANOS_NONE};
    return (struct step){.kind = STEP_SEND, .within = NANOS_NONE, .send = {.bytes = payload, .len = chance_of(chance, 250) ? 0 : len}};
}

/* Named walks half of the time, else any order that makes sense: nothing is sent behind our own FIN. */
static unsigned draw_kinds(struct chance *chance, enum step_kind kinds[STEPS_DRAWN])
{
    static const struct {
        unsigned count;
        enum step_kind kinds[5];
    } named[] = {{3, {STEP_OPEN, STEP_SEND, STEP_CLOSE}},
                 {3, {STEP_OPEN, STEP_SEND, STEP_ABORT}},
                 {5, {STEP_OPEN, STEP_SEND, STEP_HALF_CLOSE, STEP_DRAIN, STEP_LINGER}}};
    unsigned count = 1 + chance_below(chance, STEPS_DRAWN - 1), which = chance_below(chance, 6);
    bool closed = false;

    if (which < 3) {
        for (unsigned i = 0; i < named[which].count; i++)
            kinds[i] = named[which].kinds[i];
        return named[which].count;
    }
    kinds[0] = STEP_OPEN;
    for (unsigned i = 1; i < count; i++) {
        static const enum step_kind choice[] = {STEP_SEND,  STEP_SEND,   STEP_HALF_CLOSE,
                                                STEP_DRAIN, STEP_LINGER, STEP_ABORT};
        kinds[i] = choice[chance_below(chance, 6)];
        if (closed && (kinds[i] == STEP_SEND || kinds[i] == STEP_HALF_CLOSE))
            kinds[i] = STEP_DRAIN;
        closed = closed || kinds[i] == STEP_HALF_CLOSE;
    }
    return count;
}

/* What may still be asked something after it. */
static bool leaves_a_connection(enum step_kind kind)
{
    return kind == STEP_OPEN || kind == STEP_SEND || kind == STEP_HALF_CLOSE || kind == STEP_DRAIN;
}

/* Puts probes behind some of the steps. Returns how many steps there are then. */
static unsigned draw_probes(struct chance *chance, unsigned count, enum step_kind kinds[STEPS_MAX])
{
    static const unsigned shares[] = {0, 150, 500};
    unsigned share = shares[chance_below(chance, 3)], all = 0;
    enum step_kind steps[STEPS_DRAWN];
    bool on = true;

    for (unsigned i = 0; i < count; i++)
        steps[i] = kinds[i];
    for (unsigned i = 0; i < count && all < STEPS_MAX; i++) {
        kinds[all++] = steps[i];
        on = on && leaves_a_connection(steps[i]);
        while (chance_of(chance, share) && on && all + count - i < STEPS_MAX)
            kinds[all++] = STEP_PROBE;
    }
    return all;
}

static void draw_steps(struct scenario *scenario, struct chance *chance, const struct shrunk *shrunk)
{
    enum step_kind kinds[STEPS_MAX];
    unsigned count = draw_probes(chance, draw_kinds(chance, kinds), kinds);

    for (unsigned i = 0; i < STEPS_MAX; i++) {
        struct step step = draw_step(chance, i < count ? kinds[i] : STEP_DRAIN);
        if (i < count && (i == 0 || scenario_has(shrunk, PART_STEP + i)))
            scenario->steps[scenario->settings.step_count++] = step;
    }
}

/* As --probe does. */
static void probe_unasked(struct scenario *scenario, bool probes, const struct shrunk *shrunk)
{
    if (probes && scenario_has(shrunk, PART_AUTO_PROBE))
        scenario->steps[scenario->settings.step_count++] =
            (struct step){.kind = STEP_AUTO, .within = NANOS_NONE, .automatic = {AUTO_PROBE, true}};
}

static void draw_tcb(struct chance *chance, struct tcb_settings *tcb, const struct shrunk *shrunk)
{
    static const uint16_t sizes[] = {1460, 1460, 536, 200};
    static const uint16_t windows[] = {65535, 65535, 64240, 8192, 1000, 100, 1};
    uint16_t window = windows[chance_below(chance, 7)], mss = sizes[chance_below(chance, 4)];
    uint8_t options = (uint8_t)chance_below(chance, 16), shift = (uint8_t)chance_below(chance, 15);

    if (chance_of(chance, 600) || !scenario_has(shrunk, PART_OPTIONS))
        options = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_PERMITTED | TCP_OPT_TIMESTAMPS;
    *tcb = (struct tcb_settings){
        .iss = (uint32_t)chance_next(chance),
        .tsval = (uint32_t)chance_next(chance),
        .mss = mss,
        .send_mss = mss,
        .window = scenario_has(shrunk, PART_SMALL_WINDOW) ? window : 65535,
        .wscale = chance_of(chance, 500) ? 7 : shift,
        .options = options,
    };
}

static void draw_settings(struct scenario *scenario, struct chance *chance, const struct shrunk *shrunk)
{
    struct walk_settings *settings = &scenario->settings;
    nanos pause = draw_time(chance), stop = draw_time(chance);
    bool pauses = chance_of(chance, 500), leave = chance_of(chance, 200), stops = chance_of(chance, 100);

    settings->rto = 50 * MS + chance_span(chance, 1500 * MS);
    settings->retries = chance_below(chance, 8);
    settings->timeout = chance_of(chance, 900) ? 20 * MS + chance_span(chance, 12 * S) : 200 * S;
    settings->linger = chance_of(chance, 500) ? NANOS_NONE : draw_time(chance) * 4;
    settings->delay = pauses && scenario_has(shrunk, PART_PAUSES) ? pause : 0;
    settings->leave = leave && scenario_has(shrunk, PART_LEAVE);
    settings->command = "soundness";
    settings->interface = "model";
    draw_tcb(chance, &settings->tcb, shrunk);
    scenario->stop_at = stops && scenario_has(shrunk, PART_STOP) ? stop : NANOS_NEVER;
}

void scenario_draw(struct scenario *scenario, uint64_t seed, enum channel_kind kind,
                   const struct shrunk *shrunk)
{
    struct chance chance = {seed * UINT64_C(0xd1342543de82ef95) + (uint64_t)kind};
    struct chance strange = {~chance.state};
    nanos lag = draw_time(&chance) / 100, slow = chance_span(&chance, 200 * NANOS_PER_US);

    memset(scenario, 0, sizeof(*scenario));
    scenario->seed = seed;
    draw_peer(&chance, &scenario->peer);
    if (kind >= ORDINARY_CLEAN) {
        stack_set(&strange, &scenario->peer, draw_stack(&strange, false));
        probe_unasked(scenario, kind >= PROBED_CLEAN, shrunk);
        draw_ordinary(scenario, &chance, shrunk);
        scenario->peer.on &= ~shrunk->switches;
        draw_path(&chance, &scenario->to_peer, kind, shrunk);
        draw_path(&chance, &scenario->to_us, kind, shrunk);
        return;
    }
    if (chance_of(&strange, 500))
        draw_strange(&strange, &scenario->peer);
    if (chance_of(&strange, 333))
        stack_set(&strange, &scenario->peer, draw_stack(&strange, false));
    scenario->peer.on &= ~shrunk->switches;
    draw_app(scenario, &chance, shrunk);
    draw_path(&chance, &scenario->to_peer, kind, shrunk);
    draw_path(&chance, &scenario->to_us, kind, shrunk);
    probe_unasked(scenario, chance_of(&strange, 500), shrunk);
    draw_steps(scenario, &chance, shrunk);
    draw_settings(scenario, &chance, shrunk);
    scenario->lag = chance_of(&chance, 300) && scenario_has(shrunk, PART_LAG) ? lag : 0;
    scenario->slow_out = scenario_has(shrunk, PART_SLOW_OUT) ? slow : 0;
}

const char *peer_switch_name(enum peer_switch s)
{
    static const char *const names[PEER_SWITCHES] = {
        [PEER_TIMESTAMPS] = "timestamps",
        [PEER_WSCALE] = "wscale",
        [PEER_LAST_ACK_EARLY] = "last-ack-early",
        [PEER_COOKIES] = "cookies",
        [PEER_QUEUE_FULL] = "queue-full",
        [PEER_DEFER] = "defer",
        [PEER_FIN_AS_ACK] = "fin-as-ack",
        [PEER_KEEPALIVE] = "keepalive",
        [PEER_KEEPALIVE_BYTE] = "keepalive-byte",
        [PEER_TRIMS_OLD] = "trims-old",
        [PEER_HOLDS_GAPS] = "holds-gaps",
        [PEER_DROPS_GAPS] = "drops-gaps",
        [PEER_NO_READER] = "no-reader",
        [PEER_RST_UNREAD] = "rst-unread",
        [PEER_FULL_CLOSE] = "full-close",
        [PEER_SYN_ANSWERED] = "syn-answered",
        [PEER_NAGLE] = "nagle",
        [PEER_FIN_ALONE] = "fin-alone",
        [PEER_CLOSE_AT_FIN] = "close-at-fin",
        [PEER_GIVE_UP_RST] = "give-up-rst",
        [PEER_ABORT_BARE] = "abort-bare",
        [PEER_STUCK_ECHOES] = "stuck-echoes",
        [PEER_REFUSES] = "refuses",
        [PEER_DELACK] = "delack",
        [PEER_DELACK_FIN] = "delack-fin",
        [PEER_EARLY_APP] = "early-app",
        [PEER_PROBE_OLD] = "probe-old",
        [PEER_FIN_OVER_WINDOW] = "fin-over-window",
        [PEER_LISTENS_ONCE] = "listens-once",
        [PEER_COOKIE_REPLAY] = "cookie-replay",
        [PEER_QUIET_ANSWERS] = "quiet-answers",
        [PEER_OPENS] = "opens",
        [PEER_OPENS_AGAIN] = "opens-again",
        [PEER_RST_IN_WINDOW] = "rst-in-window",
        [PEER_RST_BEFORE] = "rst-before",
        [PEER_SYN_RESETS] = "syn-resets",
        [PEER_SYN_SAYS_RST] = "syn-says-rst",
        [PEER_ACK_RANGE] = "ack-range",
        [PEER_BARE_TAKEN] = "bare-taken",
        [PEER_SYN_FIN] = "syn-fin",
        [PEER_SYN_FIN_WAITS] = "syn-fin-waits",
        [PEER_SYN_TEXT] = "syn-text",
        [PEER_TRIMS_SYN] = "trims-syn",
        [PEER_REOPENS] = "reopens",
        [PEER_LENIENT_WINDOW] = "lenient-window",
        [PEER_TS_LAX] = "ts-lax",
        [PEER_NO_CROSSING] = "no-crossing",
        [PEER_RST_ACKS] = "rst-acks",
        [PEER_SACK] = "sack",
        [PEER_DSACK] = "dsack",
        [PEER_SACK_EARLY] = "sack-early",
        [PEER_MINISOCK] = "minisock",
        [PEER_NULL_QUIET] = "null-quiet",
        [PEER_NULL_QUIET_ENDS] = "null-quiet-ends",
        [PEER_LISTEN_REFUSES] = "listen-refuses",
        [PEER_ECHOES_LATE] = "echoes-late",
        [PEER_RST_BEYOND] = "rst-beyond",
        [PEER_FIN_ANSWERS] = "fin-answers",
        [PEER_OLD_OPENS] = "old-opens",
        [PEER_WAIT_QUIET] = "wait-quiet",
        [PEER_QUIET_NOT_TEXT] = "quiet-not-text",
        [PEER_ECHO_CHECKED] = "echo-checked",
        [PEER_CLOSE_RESETS] = "close-resets",
        [PEER_PROXY] = "proxy",
    };

    return names[s];
}
