#include "meeting.h"

/* The capture clock: some day in 2024. */
#define EPOCH (INT64_C(1720000000) * NANOS_PER_S)

/* A walk that takes longer than this, or more segments, says nothing new. */
#define LONG_ENOUGH (1000 * NANOS_PER_S)

static nanos sooner(nanos a, nanos b)
{
    return a < b ? a : b;
}

/* ---- queues ----------------------------------------------------------------------------------------------
 */

static void push(struct sights *sights, const struct sight *sight)
{
    if (sights->count == SIGHTS_MAX)
        sights->overflow = true;
    else
        sights->items[(sights->first + sights->count++) % SIGHTS_MAX] = *sight;
}

static struct sight *head(struct sights *sights)
{
    return &sights->items[sights->first];
}

static void pop(struct sights *sights)
{
    sights->first = (sights->first + 1) % SIGHTS_MAX;
    sights->count--;
}

/* The capture sees a segment now; the walk reads it now or some time later, in order. */
static void capture(struct meeting *meeting, bool out, const struct peer_sent *sent)
{
    struct sight sight = {.at = meeting->now, .out = out, .sent = *sent};

    sight.read_at = meeting->now + chance_span(&meeting->chance, meeting->scenario.lag);
    if (sight.read_at < meeting->last_read)
        sight.read_at = meeting->last_read;
    meeting->last_read = sight.read_at;
    push(&meeting->captured, &sight);
}

/* ---- the peer and its application ------------------------------------------------------------------------
 */

static void plan(struct meeting *meeting, const struct app_plan *plan, nanos more)
{
    if (meeting->call_count < CALLS_PENDING)
        meeting->calls[meeting->call_count++] =
            (struct pending_call){meeting->now + plan->after + more, plan->call, plan->len};
}

/* After every event of the peer: what it sent goes on its way, and its application may have got to know
 * something. */
static void after_peer(struct meeting *meeting)
{
    struct peer *peer = &meeting->peer;
    const struct scenario *scenario = &meeting->scenario;

    witness_watch(&meeting->witness);
    for (unsigned i = 0; i < peer->out_count; i++) {
        bool arrives = channel_put(&meeting->to_us, &peer->out[i], meeting->now);
        trace_segment(meeting, arrives ? "peer sends" : "peer sends, LOST", &peer->out[i].segment, false);
    }
    peer->out_count = 0;
    if (!meeting->accepted && (peer->ever_established || peer_is(peer, PEER_EARLY_APP))) {
        meeting->accepted = true;
        for (unsigned i = 0; i < scenario->call_count; i++)
            plan(meeting, &scenario->calls[i], 0);
    }
    if (peer->got_fin && !meeting->eof_seen) {
        meeting->eof_seen = true;
        if (scenario->at_eof)
            plan(meeting, &scenario->eof, 0);
    }
    if (peer->bytes_taken != meeting->bytes_seen) {
        meeting->bytes_seen = peer->bytes_taken;
        if (scenario->at_data)
            plan(meeting, &scenario->data, 0);
    }
}

static nanos next_call(const struct meeting *meeting)
{
    nanos at = NANOS_NEVER;

    for (unsigned i = 0; i < meeting->call_count; i++)
        at = sooner(at, meeting->calls[i].at);
    return at;
}

static void make_call(struct meeting *meeting)
{
    static const char *const names[] = {"application sends", "application shuts down", "application closes",
                                        "application aborts"};
    struct pending_call call;
    unsigned i = 0;

    while (meeting->calls[i].at > meeting->now)
        i++;
    call = meeting->calls[i];
    meeting->calls[i] = meeting->calls[--meeting->call_count];
    if (meeting->trace && peer_has_connection(&meeting->peer))
        trace_segment(meeting, names[call.call], NULL, false);
    if (call.call == APP_SEND)
        peer_send(&meeting->peer, call.len, meeting->now);
    else if (call.call == APP_ABORT)
        peer_abort(&meeting->peer, meeting->now);
    else
        peer_close(&meeting->peer, call.call == APP_CLOSE, meeting->now);
    after_peer(meeting);
}

/* ---- our end ---------------------------------------------------------------------------------------------
 */

static void read_sight(struct meeting *meeting)
{
    struct sight sight = *head(&meeting->captured);
    struct walk *walk = &meeting->walk;
    unsigned before = walk->segments;

    pop(&meeting->captured);
    trace_segment(meeting, sight.out ? "leaves" : "arrives", &sight.sent.segment, sight.out);
    walk_saw_segment(walk, sight.out, &sight.sent.segment, EPOCH + sight.at, meeting->now);
    if (walk->segments != before && walk->segments < NUMBERS_MAX) {
        meeting->witness.numbered[walk->segments] = sight.sent;
        meeting->witness.numbers = walk->segments;
    }
    meeting->witness.tally->segments++;
    check_events(meeting);
    check_possible(meeting);
}

static void leave(struct meeting *meeting)
{
    struct sight sight = *head(&meeting->leaving);

    pop(&meeting->leaving);
    capture(meeting, true, &sight.sent);
    if (!channel_put(&meeting->to_peer, &sight.sent, meeting->now))
        trace_segment(meeting, "LOST on its way", &sight.sent.segment, true);
}

static void take_output(struct meeting *meeting)
{
    struct sight sight = {.out = true, .sent = {.at = NANOS_NONE}};
    const uint8_t *payload;

    for (unsigned i = 0; i < 200; i++) {
        if (!walk_output(&meeting->walk, meeting->now, &sight.sent.segment, &payload))
            break;
        sight.at = meeting->now + chance_span(&meeting->chance, meeting->scenario.slow_out);
        if (sight.at < meeting->last_leave)
            sight.at = meeting->last_leave;
        meeting->last_leave = sight.at;
        push(&meeting->leaving, &sight);
        check_events(meeting);
    }
    check_events(meeting);
    check_possible(meeting);
}

/* One time out of twenty the truth is given to the walk, as the peer's kernel would. */
static void verify(struct meeting *meeting)
{
    const struct peer *peer = &meeting->peer;
    bool other =
        meeting->walk.belief.known.irs_known && meeting->walk.belief.known.irs != meeting->witness.iss[peer->incarnation];

    if (!chance_of(&meeting->chance, 50) || meeting->leaving.count || meeting->captured.count || other ||
        peer->incarnation > 1 || (peer->cookie_out && meeting->walk.belief.claim.to != IN(SYN_RECEIVED)))
        return;
    walk_verified(&meeting->walk, peer->state, peer->state == LISTEN, 1);
    check_events(meeting);
}

/* ---- time ------------------------------------------------------------------------------------------------
 */

static nanos next_time(struct meeting *meeting)
{
    nanos at = sooner(walk_wake(&meeting->walk), peer_wake(&meeting->peer));

    at = sooner(at, sooner(meeting->to_peer.next, meeting->to_us.next));
    at = sooner(at, sooner(next_call(meeting), meeting->scenario.stop_at));
    if (meeting->leaving.count)
        at = sooner(at, head(&meeting->leaving)->at);
    if (meeting->captured.count)
        at = sooner(at, head(&meeting->captured)->read_at);
    return at > meeting->now ? at : meeting->now;
}

/* Everything that is due now, one thing of each kind. True when there was any. */
static bool happen(struct meeting *meeting)
{
    nanos now = meeting->now;
    struct flight flight;

    if (meeting->leaving.count && head(&meeting->leaving)->at <= now) {
        leave(meeting);
    } else if (meeting->captured.count && head(&meeting->captured)->read_at <= now) {
        read_sight(meeting);
        verify(meeting);
    } else if (meeting->to_us.next <= now) {
        flight = channel_take(&meeting->to_us);
        capture(meeting, false, &flight.sent);
    } else if (meeting->to_peer.next <= now) {
        flight = channel_take(&meeting->to_peer);
        trace_segment(meeting, "peer receives", &flight.sent.segment, true);
        peer_input(&meeting->peer, &flight.sent.segment, now);
        after_peer(meeting);
    } else if (peer_wake(&meeting->peer) <= now) {
        peer_timers(&meeting->peer, now);
        after_peer(meeting);
    } else if (next_call(meeting) <= now) {
        make_call(meeting);
    } else if (meeting->scenario.stop_at <= now) {
        meeting->scenario.stop_at = NANOS_NEVER;
        walk_stop(&meeting->walk, 6, "interrupted", now);
    } else {
        return false;
    }
    return true;
}

static void start(struct meeting *meeting, uint64_t seed, enum channel_kind kind, const struct shrunk *shrunk)
{
    struct scenario *scenario = &meeting->scenario;

    scenario_draw(scenario, seed, kind, shrunk);
    scenario->settings.steps = scenario->steps;
    scenario->settings.epoch = EPOCH;
    peer_init(&meeting->peer, &scenario->peer, seed ^ 0x1111);
    channel_init(&meeting->to_peer, &scenario->to_peer, seed ^ 0x2222);
    channel_init(&meeting->to_us, &scenario->to_us, seed ^ 0x3333);
    meeting->chance.state = seed ^ 0x4444;
    meeting->now = NANOS_PER_S;
    if (scenario->stop_at != NANOS_NEVER)
        scenario->stop_at += meeting->now;
    if (scenario->peer.queue_free != NANOS_NEVER)
        meeting->peer.variant.queue_free += meeting->now;
    meeting->leaving.first = meeting->leaving.count = meeting->captured.first = meeting->captured.count = 0;
    meeting->leaving.overflow = meeting->captured.overflow = false;
    meeting->last_leave = meeting->last_read = 0;
    meeting->call_count = 0;
    meeting->accepted = meeting->eof_seen = false;
    meeting->bytes_seen = 0;
    walk_init(&meeting->walk, &scenario->settings, meeting->now);
}

/* More than there is room for here: such a walk is left, not judged. */
static bool too_much(const struct meeting *meeting)
{
    return meeting->leaving.overflow || meeting->captured.overflow ||
           meeting->walk.segments >= NUMBERS_MAX - 2;
}

enum violation meeting_run(struct meeting *meeting, uint64_t seed, enum channel_kind kind,
                           const struct shrunk *shrunk, struct tally *tally, FILE *trace)
{
    unsigned at_once = 0;
    nanos begin, next;

    witness_init(&meeting->witness, &meeting->walk.belief, &meeting->peer, tally);
    meeting->trace = trace;
    start(meeting, seed, kind, shrunk);
    begin = meeting->now;
    tally->walks++;
    while (!walk_ended(&meeting->walk) && meeting->witness.violation == VIOLATION_NONE) {
        if (too_much(meeting)) {
            walk_kill(&meeting->walk, 5, "too much", meeting->now);
            break;
        }
        /* What is captured already comes before what is sent next, as in walk/loop.c. */
        if (happen(meeting))
            continue;
        take_output(meeting);
        if (walk_ended(&meeting->walk))
            break;
        next = next_time(meeting);
        at_once = next == meeting->now ? at_once + 1 : 0;
        if (at_once > 1000)
            violated(&meeting->witness, VIOLATION_END, "it wants to be woken at once, again and again");
        else if (next - begin > LONG_ENOUGH)
            walk_kill(&meeting->walk, 5, "long enough", meeting->now);
        else
            meeting->now = next;
    }
    check_events(meeting);
    if (meeting->witness.violation)
        tally->violations[meeting->witness.violation]++;
    return meeting->witness.violation;
}

/* ---- shrinking -------------------------------------------------------------------------------------------
 */

static bool still(struct meeting *meeting, uint64_t seed, enum channel_kind kind, const struct shrunk *shrunk,
                  enum violation violation)
{
    struct tally unused = {0};

    return meeting_run(meeting, seed, kind, shrunk, &unused, NULL) == violation;
}

void meeting_explain(struct meeting *meeting, uint64_t seed, enum channel_kind kind, enum violation violation,
                     FILE *out)
{
    struct shrunk shrunk = {0}, fewer;
    struct tally unused = {0};

    for (unsigned i = 0; i < PARTS + PEER_SWITCHES; i++) {
        fewer = shrunk;
        if (i < PARTS)
            fewer.parts |= UINT64_C(1) << i;
        else
            fewer.switches |= PEER_ON(i - PARTS);
        if (still(meeting, seed, kind, &fewer, violation))
            shrunk = fewer;
    }
    scenario_draw(&meeting->scenario, seed, kind, &shrunk);
    fprintf(out, "seed %llu, channel kind %d: %s\n  peer:", (unsigned long long)seed, (int)kind,
            violation_name(violation));
    for (unsigned s = 0; s < PEER_SWITCHES; s++)
        if (meeting->scenario.peer.on & PEER_ON(s))
            fprintf(out, " %s", peer_switch_name(s));
    fprintf(out, "\n");
    meeting_run(meeting, seed, kind, &shrunk, &unused, out);
    fprintf(out, "  => %s\n\n", meeting->witness.words);
}
