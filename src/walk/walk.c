/* The life of a walk: its timers, what goes out, and how it comes to an end. */
#include "walk/walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "walk/inside.h"

/* How long the end waits to see our last segments in the capture. */
#define LAST_LOOK (100 * NANOS_PER_MS)

/*
 * So many segments may leave without being seen in the capture: more than SENT_MAX unseen ones could not be told from
 * foreign ones. If they don't show within the time, the capture has lost them, and the walk goes on.
 */
#define BURST_MAX (SENT_MAX / 2)
#define BURST_PATIENCE (200 * NANOS_PER_MS)

void walk_init(struct walk *walk, const struct walk_settings *settings, nanos now)
{
    *walk = (struct walk){
        .settings = *settings,
        .steps = settings->steps,
        .step_count = settings->step_count,
        .no_more_steps = !settings->interactive,
        .auto_ack = true,
        .auto_retransmit = true,
        .probing = {.until = NANOS_NEVER, .limited_at = NANOS_NONE},
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
    if (settings->listening) {
        tcb_listen(&walk->tcb);
        belief_init_passive(&walk->belief);
    }
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
    walk->hand = NULL;
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

void walk_fail(struct walk *walk, enum outcome outcome, int status, nanos now, const char *format, ...)
{
    char words[FAULT_WORDS];
    va_list args;

    if (walk->ending)
        return;
    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    if (walk->step < walk->step_count) {
        memmove(walk->step_why, words, sizeof(words));
        events_step(walk, &walk->steps[walk->step], false, now);
        walk->step_differs[0] = '\0';
        walk->step_n = 0;
    }
    if (!walk->settings.interactive) {
        const struct step *step = walk->step < walk->step_count ? &walk->steps[walk->step] : NULL;
        if (step && step_is_expectation(step) && step->text)
            walk_settle(walk, outcome, status, now, "line %u: %s: %s", step->line, step->text, words);
        else
            walk_settle(walk, outcome, status, now, "%s", words);
        return;
    }
    if (walk->failed_status == STATUS_DONE)
        walk->failed_status = status;
    walk->trouble.pending = false;
    if (walk->step < walk->step_count)
        walk->step++;
    walk->skipping = walk->step < walk->step_count; /* what was to come after it rests on it */
    walk->step_started = false;
    walk->step_deadline = walk->linger_until = NANOS_NEVER;
    walk->phase = 0;
    walk->hand = NULL;
    walk->probing.on = walk->phase_over = false;
}

void walk_trouble(struct walk *walk, enum outcome outcome, int status, nanos now, const char *format, ...)
{
    const struct step *step = walk->step < walk->step_count ? &walk->steps[walk->step] : NULL;
    char words[FAULT_WORDS];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    if (step && walk->step_started && step->kind <= STEP_PROBE) {
        walk_fail(walk, outcome, status, now, "%s", words);
        return;
    }
    walk->trouble = (struct trouble){
        .pending = true, .serial = walk->heard > 0 ? walk->heard - 1 : 0, .outcome = outcome, .status = status};
    memcpy(walk->trouble.why, words, sizeof(words));
}

void walk_more(struct walk *walk, const struct step *steps, unsigned count)
{
    walk->steps = steps;
    walk->step_count = count;
    walk->step = 0;
    walk->skipping = false;
    walk->step_started = false;
}

bool walk_is_idle(const struct walk *walk)
{
    return !walk->no_more_steps && !walk->ending && walk->step == walk->step_count;
}

void walk_finish(struct walk *walk)
{
    walk->no_more_steps = true;
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

/* ---- timers ---- */

static void retransmission_timer(struct walk *walk, nanos now)
{
    if (now < walk->rto_deadline || (now >= walk->step_deadline && !walk->phase_over) || walk->ending)
        return;
    if (!walk->auto_retransmit) {
        walk->rto_deadline = NANOS_NEVER;
        return;
    }
    if (walk->retries_used >= walk->settings.retries) {
        walk->gave_up = true;
        walk->rto_deadline = NANOS_NEVER;
        steps_give_up(walk, now);
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
    if (walk->steps_gave_way)
        return walk->started; /* at once */
    if (!walk->phase_over) {
        wake = nanos_sooner(wake, walk->step_deadline);
        wake = nanos_sooner(wake, walk->linger_until);
    }
    wake = nanos_sooner(wake, walk->rto_deadline);
    wake = nanos_sooner(wake, probing_wake(&walk->probing));
    if (walk->burst >= BURST_MAX)
        wake = nanos_sooner(wake, walk->burst_until);
    return nanos_sooner(wake, walk->belief_deadline);
}

/* ---- what goes out ---- */

static void remember(struct walk *walk, const struct segment *segment, bool retransmission, enum probe probe,
                     enum state from)
{
    walk->sent[walk->sent_next++ % SENT_MAX] = (struct sent_segment){
        .seq = segment->seq,
        .ack = segment->ack,
        .len = segment->len,
        .tsval = segment->options.tsval,
        .flags = segment->flags,
        .used = true,
        .retransmission = retransmission,
        .probe = probe,
        .from = from,
        .to = walk->tcb.state,
        .doubtful = by_hand_is_doubtful(segment),
        .loose = segment->crafted != NULL,
    };
}

static bool take_due(struct walk *walk, nanos now, struct segment *segment, const uint8_t **payload)
{
    enum state from = walk->tcb.state;
    uint32_t tick = (uint32_t)((now - walk->started) / NANOS_PER_MS);
    bool retransmission;
    enum probe probe = PROBE_NONE;

    if (walk->burst >= BURST_MAX && !walk->ending) {
        if (now < walk->burst_until)
            return false;
        walk->burst = 0;
    }
    if (walk->hand) {
        by_hand_make(walk, walk->hand, tick, segment, payload);
        walk->hand = NULL;
        retransmission = false;
    } else if (walk->probing.on && walk->probing.due && now >= walk->probing.at && !walk->ending) {
        probe = walk->probing.kind;
        probing_make(walk, tick, now, segment, payload);
        retransmission = false;
    } else if (!tcb_output(&walk->tcb, tick, segment, payload, &retransmission)) {
        return false;
    }
    walk->burst++;
    walk->burst_until = now + BURST_PATIENCE;
    remember(walk, segment, retransmission, probe, from);
    if (!walk->ending && segment_span(segment) > 0 && walk->rto_deadline == NANOS_NEVER &&
        tcb_unacknowledged(&walk->tcb))
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
    steps_advance(walk, now);
    if (take_due(walk, now, segment, payload))
        return true;
    /* A window that is shut while data waits is probed by the same timer (RFC 9293 3.8.6.1). */
    if (!walk->ending && walk->auto_retransmit && !walk->gave_up && walk->rto_deadline == NANOS_NEVER &&
        tcb_unacknowledged(&walk->tcb))
        walk->rto_deadline = now + walk->rtt.timeout;
    if (walk->ending && ((!walk_awaits_capture(walk) && now >= walk->end_earliest) || now >= walk->end_deadline))
        events_end(walk);
    return false;
}
