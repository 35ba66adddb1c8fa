/* The life of a walk: its steps, its timers, and how it comes to an end. */
#include "walk/walk.h"

#include <stdarg.h>
#include <stdio.h>

#include "walk/inside.h"

/* How long the end waits to see our last segments in the capture. */
#define LAST_LOOK (100 * NANOS_PER_MS)

/*
 * So many segments may leave without being seen in the capture: more than SENT_MAX unseen ones could not be told from
 * foreign ones. If they don't show within the time, the capture has lost them, and the walk goes on.
 */
#define BURST_MAX (SENT_MAX / 2)
#define BURST_PATIENCE (200 * NANOS_PER_MS)

/* However often the peer repeats its FIN, TIME-WAIT is left after this many times the linger. */
#define LINGER_ROUNDS 4

void walk_init(struct walk *walk, const struct walk_settings *settings, nanos now)
{
    *walk = (struct walk){
        .settings = *settings,
        .started = now,
        .step_deadline = NANOS_NEVER,
        .rto_deadline = NANOS_NEVER,
        .belief_deadline = NANOS_NEVER,
        .linger_until = NANOS_NEVER,
        .end_deadline = NANOS_NEVER,
        .delay_until = NANOS_NONE,
        .open_rtt = NANOS_NONE,
        .fin_rtt = NANOS_NONE,
        .stamps = {NANOS_NONE, NANOS_NONE, NANOS_NONE, NANOS_NONE, NANOS_NONE, NANOS_NONE, NANOS_NONE, NANOS_NONE},
    };
    tcb_init(&walk->tcb, &settings->tcb);
    belief_init(&walk->belief);
    rtt_init(&walk->rtt, settings->rto);
}

bool walk_ended(const struct walk *walk)
{
    return walk->ended;
}

bool walk_awaits_capture(const struct walk *walk)
{
    for (unsigned i = 0; i < SENT_MAX; i++)
        if (walk->sent[i].used && !walk->sent[i].captured)
            return true;
    return false;
}

void walk_settle(struct walk *walk, enum outcome outcome, int status, nanos now, const char *format, ...)
{
    va_list args;

    if (walk->ending)
        return;
    walk->ending = true;
    walk->outcome = outcome;
    walk->status = status;
    if (format) {
        va_start(args, format);
        vsnprintf(walk->why, sizeof(walk->why), format, args);
        va_end(args);
    }
    walk->rto_deadline = NANOS_NEVER;
    walk->end_deadline = now + LAST_LOOK;
    if (walk->settings.leave) {
        walk->left = walk->tcb.state != CLOSED && walk->tcb.state != TIME_WAIT;
        return;
    }
    tcb_abort(&walk->tcb);
    /* Where none of our RSTs was exact the peer asks back (RFC 5961 3.2): stay a round trip to answer. */
    walk->end_earliest = now;
    if (tcb_reset_may_miss(&walk->tcb))
        walk->end_earliest =
            now +
            (walk->open_rtt > 0 && walk->open_rtt < LAST_LOOK / 2 ? 2 * walk->open_rtt + NANOS_PER_MS : LAST_LOOK);
}

static enum outcome outcome_of_failure(int status)
{
    return status == STATUS_NO_ANSWER ? OUTCOME_UNREACHABLE : OUTCOME_FAILED;
}

void walk_stop(struct walk *walk, int status, const char *why, nanos now)
{
    walk_settle(walk, outcome_of_failure(status), status, now, "%s", why);
}

void walk_kill(struct walk *walk, int status, const char *why, nanos now)
{
    walk_settle(walk, outcome_of_failure(status), status, now, "%s", why);
    walk->left = walk->tcb.state != CLOSED && walk->tcb.state != TIME_WAIT;
    if (!walk->ended)
        events_end(walk);
}

/* ---- giving up ---- */

static double in_seconds(nanos span)
{
    return (double)span / (double)NANOS_PER_S;
}

static void give_up_open(struct walk *walk, nanos now)
{
    if (walk->tcb.state == SYN_RECEIVED)
        walk_settle(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now,
                    "its SYN crossed ours, and ours was never acknowledged");
    else if (walk->bad_acks > 0)
        walk_settle(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now,
                    "what came does not fit our SYN: it acknowledges something that we never sent");
    else if (walk->counts.out == 0)
        walk_settle(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now, "our SYN was never seen leaving this machine");
    else
        walk_settle(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now,
                    "our SYN was sent %u time%s in %.3g s: filtered, or nobody has that address",
                    walk->retries_used + 1, walk->retries_used ? "s" : "", in_seconds(now - walk->started));
}

static void give_up(struct walk *walk, nanos now)
{
    const struct claim *claim = &walk->belief.claim;

    if (walk->tcb.state == SYN_SENT || walk->tcb.state == SYN_RECEIVED)
        give_up_open(walk, now);
    else if (claim->certainty == PROVEN && (claim->to & ~(IN(CLOSED) | IN(LISTEN))) == 0)
        walk_settle(walk, OUTCOME_RESET, STATUS_RESET, now,
                    "the peer reset the connection, with a number beyond our window");
    else if (walk->syn_acks_after > 0 && (walk->belief.possible & IN(SYN_RECEIVED)))
        walk_settle(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now,
                    "the peer repeats its SYN-ACK whatever we send: its accept queue is full, or our segments "
                    "don't arrive");
    else if (walk->tcb.snd_wnd == 0 && !tcb_all_sent(&walk->tcb))
        walk_settle(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now,
                    "the peer keeps its window shut: not all of our data could be sent");
    else if (walk->retries_used < walk->settings.retries)
        walk_settle(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now,
                    "not all that we sent was acknowledged within %.3g s", in_seconds(walk->settings.timeout));
    else
        walk_settle(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now, "our %s, sent %u time%s, was not acknowledged",
                    walk->tcb.fin_sent && walk->tcb.snd_una == walk->tcb.fin_seq ? "FIN" : "data",
                    walk->retries_used + 1, walk->retries_used ? "s" : "");
}

/* ---- steps ---- */

static bool is_open(const struct tcb *tcb)
{
    return tcb->state != CLOSED && tcb->state != LISTEN && tcb->state != SYN_SENT && tcb->state != SYN_RECEIVED;
}

nanos walk_linger(const struct walk *walk)
{
    nanos trips = walk->open_rtt == NANOS_NONE ? 0 : 4 * walk->open_rtt;

    if (walk->settings.linger != NANOS_NONE)
        return walk->settings.linger;
    /* The round trip is by the capture clock, which can step. */
    if (trips < 0 || trips > walk->settings.timeout)
        trips = trips < 0 ? 0 : walk->settings.timeout;
    return LINGER_AUTO + trips;
}

static void step_start(struct walk *walk, const struct step *step, nanos now)
{
    walk->step_started = true;
    walk->step_deadline = now + walk->settings.timeout;
    switch (step->kind) {
    case STEP_OPEN:
        tcb_open(&walk->tcb);
        break;
    case STEP_SEND:
        if (step->len > 0)
            tcb_send(&walk->tcb, step->bytes, step->len);
        break;
    case STEP_FIN:
        tcb_close(&walk->tcb);
        break;
    case STEP_RESET:
        if (!walk->settings.leave)
            tcb_abort(&walk->tcb);
        break;
    case STEP_LINGER:
        if (walk->tcb.state == TIME_WAIT)
            walk->linger_until = now + walk_linger(walk);
        walk->step_deadline = now + LINGER_ROUNDS * walk_linger(walk);
        break;
    case STEP_DRAIN:
        break;
    }
}

static bool step_is_done(const struct walk *walk, const struct step *step, nanos now)
{
    const struct tcb *tcb = &walk->tcb;

    switch (step->kind) {
    case STEP_OPEN:
        return is_open(tcb) && !tcb->ack_due;
    case STEP_SEND:
        return step->len == 0 || tcb_all_sent(tcb);
    case STEP_FIN:
        return tcb->fin_acked;
    case STEP_DRAIN:
        return tcb->its_fin_seen && !tcb->ack_due;
    case STEP_LINGER:
        return tcb->state != TIME_WAIT || (now >= walk->linger_until && !tcb->ack_due);
    case STEP_RESET:
        return walk->settings.leave || tcb->state == CLOSED;
    }
    return true;
}

/* The step waited as long as it may. True when the walk can go on without what it waited for. */
static bool step_timed_out(struct walk *walk, const struct step *step, nanos now)
{
    switch (step->kind) {
    case STEP_OPEN:
        give_up_open(walk, now);
        return false;
    case STEP_DRAIN:
        if (!walk->settings.peer_must_close)
            return true;
        walk_settle(walk, walk->tcb.fin_acked ? OUTCOME_HALF_CLOSED : OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now,
                    "%sno FIN of the peer arrived within %.3g s",
                    walk->tcb.fin_acked ? "our FIN was acknowledged, but " : "", in_seconds(walk->settings.timeout));
        return false;
    case STEP_LINGER:
    case STEP_RESET:
        return true;
    case STEP_SEND:
    case STEP_FIN:
        give_up(walk, now);
        return false;
    }
    return true;
}

/* All steps are done: what does that amount to? */
static void complete(struct walk *walk, nanos now)
{
    const struct tcb *tcb = &walk->tcb;
    enum outcome outcome = OUTCOME_OPENED;

    if (tcb->fin_acked)
        outcome = tcb->its_fin_seen ? OUTCOME_CLOSED : OUTCOME_HALF_CLOSED;
    walk_settle(walk, outcome, STATUS_DONE, now, NULL);
}

static void advance(struct walk *walk, nanos now)
{
    while (!walk->ending) {
        if (walk->delay_until != NANOS_NONE && now < walk->delay_until)
            return;
        walk->delay_until = NANOS_NONE;
        if (walk->step == walk->settings.step_count) {
            complete(walk, now);
            return;
        }
        const struct step *step = &walk->settings.steps[walk->step];
        if (!walk->step_started)
            step_start(walk, step, now);
        if (!step_is_done(walk, step, now)) {
            if (now < walk->step_deadline || !step_timed_out(walk, step, now))
                return;
        }
        bool over = walk->tcb.state == TIME_WAIT || walk->tcb.state == CLOSED;
        bool pause = !over && walk->settings.delay > 0 && !(step->kind == STEP_SEND && step->len == 0) &&
                     step->kind != STEP_DRAIN && step->kind != STEP_LINGER;
        walk->step++;
        walk->step_started = false;
        walk->step_deadline = NANOS_NEVER;
        if (pause && walk->step < walk->settings.step_count)
            walk->delay_until = now + walk->settings.delay;
    }
}

/* ---- timers ---- */

static void retransmission_timer(struct walk *walk, nanos now)
{
    if (now < walk->rto_deadline || now >= walk->step_deadline || walk->ending)
        return;
    if (walk->retries_used >= walk->settings.retries) {
        give_up(walk, now);
        return;
    }
    if (walk_awaits_capture(walk))
        note_once(walk, NOTED_UNSEEN, walk->stamps.last, "not-captured",
                  "a segment of ours has not been seen leaving: its neighbour's address is not known yet, or something "
                  "on this machine holds it back");
    walk->retries_used++;
    tcb_retransmit(&walk->tcb);
    rtt_back_off(&walk->rtt);
    walk->rto_deadline = now + walk->rtt.timeout;
}

/* A proven state may have ended silently. The capture clock is reckoned from the last sighting. */
static void belief_timer(struct walk *walk, nanos now)
{
    struct claim claims[CLAIMS_MAX];
    unsigned count;

    if (walk->stamps.last == NANOS_NONE || now < walk->belief_deadline)
        return;
    count = belief_expire(&walk->belief, walk->stamps.last + (now - walk->last_seen), claims);
    events_claims(walk, SIDE_PEER, claims, count);
    walk->belief_deadline = NANOS_NEVER;
}

nanos walk_wake(const struct walk *walk)
{
    nanos wake = NANOS_NEVER;

    if (walk->ending)
        return walk_awaits_capture(walk) ? walk->end_deadline : walk->end_earliest;
    if (walk->delay_until != NANOS_NONE)
        wake = walk->delay_until;
    wake = nanos_sooner(wake, walk->step_deadline);
    wake = nanos_sooner(wake, walk->rto_deadline);
    wake = nanos_sooner(wake, walk->linger_until);
    if (walk->burst >= BURST_MAX)
        wake = nanos_sooner(wake, walk->burst_until);
    return nanos_sooner(wake, walk->belief_deadline);
}

/* ---- what goes out ---- */

static void remember(struct walk *walk, const struct segment *segment, bool retransmission, enum state from)
{
    walk->sent[walk->sent_next++ % SENT_MAX] = (struct sent_segment){
        .seq = segment->seq,
        .ack = segment->ack,
        .len = segment->len,
        .tsval = segment->options.tsval,
        .flags = segment->flags,
        .used = true,
        .retransmission = retransmission,
        .from = from,
        .to = walk->tcb.state,
    };
}

static bool take_due(struct walk *walk, nanos now, struct segment *segment, const uint8_t **payload)
{
    enum state from = walk->tcb.state;
    uint32_t tick = (uint32_t)((now - walk->started) / NANOS_PER_MS);
    bool retransmission;

    if (walk->burst >= BURST_MAX && !walk->ending) {
        if (now < walk->burst_until)
            return false;
        walk->burst = 0;
    }
    if (!tcb_output(&walk->tcb, tick, segment, payload, &retransmission))
        return false;
    walk->burst++;
    walk->burst_until = now + BURST_PATIENCE;
    remember(walk, segment, retransmission, from);
    if (!walk->ending && segment_span(segment) > 0 && walk->rto_deadline == NANOS_NEVER)
        walk->rto_deadline = now + walk->rtt.timeout;
    return true;
}

bool walk_output(struct walk *walk, nanos now, struct segment *segment, const uint8_t **payload)
{
    if (walk->ended)
        return false;
    retransmission_timer(walk, now);
    belief_timer(walk, now);
    /* What the last step made due leaves before the next step begins. */
    if (take_due(walk, now, segment, payload))
        return true;
    advance(walk, now);
    if (take_due(walk, now, segment, payload))
        return true;
    /* A window that is shut while data waits is probed by the same timer (RFC 9293 3.8.6.1). */
    if (!walk->ending && walk->rto_deadline == NANOS_NEVER && tcb_unacknowledged(&walk->tcb))
        walk->rto_deadline = now + walk->rtt.timeout;
    if (walk->ending && ((!walk_awaits_capture(walk) && now >= walk->end_earliest) || now >= walk->end_deadline))
        events_end(walk);
    return false;
}
