/* The steps of a walk: how each begins, when it is done, and what it means that it took too long. */
#include "walk/inside.h"

/* However often the peer repeats its FIN, TIME-WAIT is left after this many times the linger. */
#define LINGER_ROUNDS 4

static double in_seconds(nanos span)
{
    return (double)span / (double)NANOS_PER_S;
}

static void give_up_open(struct walk *walk, nanos now)
{
    if (walk->tcb.accepting)
        walk_fail(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now,
                  "our SYN-ACK was sent %u time%s in %.3g s and never acknowledged", walk->retries_used + 1,
                  walk->retries_used ? "s" : "", in_seconds(now - walk->step_began));
    else if (walk->tcb.state == SYN_RECEIVED)
        walk_fail(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now,
                  "its SYN crossed ours, and ours was never acknowledged");
    else if (walk->bad_acks > 0)
        walk_fail(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now,
                  "what came does not fit our SYN: it acknowledges something that we never sent");
    else if (walk->counts.out == 0)
        walk_fail(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now, "our SYN was never seen leaving this machine");
    else
        walk_fail(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now,
                  "our SYN was sent %u time%s in %.3g s: filtered, or nobody has that address", walk->retries_used + 1,
                  walk->retries_used ? "s" : "", in_seconds(now - walk->step_began));
}

void steps_give_up(struct walk *walk, nanos now)
{
    /* An expectation waits for what it expects, and nothing waits when there is no step. */
    if (walk->step >= walk->step_count || walk->steps[walk->step].kind > STEP_PROBE)
        return;
    if (walk->tcb.state == SYN_SENT || walk->tcb.state == SYN_RECEIVED)
        give_up_open(walk, now);
    else if (belief_says_gone(&walk->belief))
        walk_fail(
            walk, OUTCOME_RESET, STATUS_RESET, now,
            "the peer has no such connection: it answered with a RST whose number is not the one that we wait for");
    else if (walk->syn_acks_after > 0 && (walk->belief.possible & IN(SYN_RECEIVED)))
        walk_fail(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now,
                  "the peer repeats its SYN-ACK whatever we send: its accept queue is full, or our segments "
                  "don't arrive");
    else if (walk->tcb.snd_wnd == 0 && !tcb_all_sent(&walk->tcb))
        walk_fail(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now,
                  "the peer keeps its window shut: not all of our data could be sent");
    else if (walk->retries_used < walk->settings.retries)
        walk_fail(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now, "not all that we sent was acknowledged within %.3g s",
                  in_seconds(now - walk->step_began));
    else
        walk_fail(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now, "our %s, sent %u time%s, was not acknowledged",
                  walk->tcb.fin_sent && walk->tcb.snd_una == walk->tcb.fin_seq ? "FIN" : "data", walk->retries_used + 1,
                  walk->retries_used ? "s" : "");
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

/* A step with several phases goes through them one after the other; all others have one, themselves. */
static enum step_kind phase_of(const struct step *step, unsigned phase)
{
    static const enum step_kind close[] = {STEP_HALF_CLOSE, STEP_DRAIN, STEP_LINGER};

    return step->kind == STEP_CLOSE ? close[phase] : step->kind;
}

static unsigned phases_of(const struct step *step)
{
    return step->kind == STEP_CLOSE ? 3 : 1;
}

/* Does it send something by itself? What arrived before it is then of no more interest. */
static bool sends(enum step_kind kind)
{
    return kind == STEP_OPEN || kind == STEP_ACCEPT || kind == STEP_SEND || kind == STEP_HALF_CLOSE ||
           kind == STEP_ABORT || kind == STEP_PROBE || kind == STEP_SEGMENT;
}

/* Why this step can't be done now, or NULL. */
static const char *cannot(const struct walk *walk, const struct step *step)
{
    const struct tcb *tcb = &walk->tcb;
    bool over = tcb->state == CLOSED && tcb->snd_max != tcb->settings.iss;
    bool before = tcb->state == LISTEN || (tcb->state == CLOSED && !over);

    switch (step->kind) {
    case STEP_OPEN:
        return tcb->state != CLOSED || over ? "there is a connection already, or there was one: a walk has one only"
                                            : NULL;
    case STEP_LISTEN:
        return tcb->state != LISTEN ? "listen can only be the first step" : NULL;
    case STEP_ACCEPT:
        return tcb->state != LISTEN ? "accept answers a SYN that listen waited for" : NULL;
    case STEP_SEND:
        if (step->send.len > 0 && tcb->fin_queued)
            return "our FIN is sent: nothing can follow it";
        return over || before ? "there is no connection to send on" : NULL;
    case STEP_HALF_CLOSE: /* a FIN by hand may have done it already */
        return before || ((over || tcb->state == TIME_WAIT) && !tcb->fin_acked) ? "there is no connection to close"
                                                                                : NULL;
    case STEP_CLOSE:
    case STEP_DRAIN:
        return before || (over && !tcb->its_fin_seen) ? "there is no connection" : NULL;
    case STEP_PROBE:
        return probing_cannot(walk, step->probe);
    default:
        return NULL;
    }
}

static void phase_start(struct walk *walk, const struct step *step, enum step_kind phase, nanos now)
{
    nanos within = step->within != NANOS_NONE ? step->within : walk->settings.timeout, deadline = walk->step_deadline;

    if (walk->phase == 0)
        walk->step_began = now;
    walk->step_deadline = now + within;
    if (sends(phase))
        walk->cursor = walk->heard;
    switch (phase) {
    case STEP_OPEN:
        tcb_open(&walk->tcb);
        break;
    case STEP_LISTEN:
        if (step->within == NANOS_NONE)
            walk->step_deadline = NANOS_NEVER;
        break;
    case STEP_ACCEPT:
        tcb_accept(&walk->tcb);
        break;
    case STEP_SEND:
        walk->send_waits = step->send.len > 0;
        break;
    case STEP_HALF_CLOSE:
        tcb_close(&walk->tcb);
        break;
    case STEP_ABORT:
        if (!walk->settings.leave)
            tcb_abort(&walk->tcb);
        break;
    case STEP_DRAIN:
        if (step->kind == STEP_CLOSE)
            walk->step_deadline = deadline; /* half-close and the peer's FIN share the time of the step */
        break;
    case STEP_LINGER:
        if (walk->tcb.state == TIME_WAIT)
            walk->linger_until = now + walk_linger(walk);
        if (step->kind != STEP_LINGER || step->within == NANOS_NONE)
            walk->step_deadline = now + LINGER_ROUNDS * walk_linger(walk);
        break;
    case STEP_PROBE:
        probing_start(walk, step->probe, false, now);
        walk->step_deadline = NANOS_NEVER; /* it has an end of its own */
        break;
    case STEP_SEGMENT:
        walk->hand = step;
        break;
    case STEP_AUTO:
        *(step->automatic.what == AUTO_ACK          ? &walk->auto_ack
          : step->automatic.what == AUTO_RETRANSMIT ? &walk->auto_retransmit
                                                    : &walk->auto_probe) = step->automatic.on;
        walk->tcb.hold_acks = !walk->auto_ack;
        break;
    default:
        break;
    }
}

static bool phase_is_done(struct walk *walk, const struct step *step, enum step_kind phase, nanos now)
{
    const struct tcb *tcb = &walk->tcb;

    switch (phase) {
    case STEP_OPEN:
        return is_open(tcb) && !tcb->ack_due;
    case STEP_LISTEN:
        return tcb->irs_known;
    case STEP_ACCEPT:
        return is_open(tcb);
    case STEP_SEND:
        /* Of many that are not acknowledged yet, it waits until there is room for one more. */
        if (walk->send_waits)
            walk->send_waits = !tcb_send(&walk->tcb, step->send.bytes, step->send.len);
        return !walk->send_waits && (step->send.len == 0 || tcb_all_sent(tcb));
    case STEP_HALF_CLOSE:
        return tcb->fin_acked;
    case STEP_DRAIN:
        return tcb->its_fin_seen && (!tcb->ack_due || tcb->hold_acks);
    case STEP_LINGER:
        return tcb->state != TIME_WAIT || belief_says_gone(&walk->belief) ||
               (now >= walk->linger_until && (!tcb->ack_due || tcb->hold_acks));
    case STEP_ABORT:
        return walk->settings.leave || tcb->state == CLOSED || tcb->state == TIME_WAIT || !tcb->reset_due;
    case STEP_PROBE:
        return probing_is_done(walk, now);
    case STEP_SEGMENT:
        return walk->hand == NULL;
    case STEP_WAIT:
        return now >= walk->step_deadline;
    case STEP_EXPECT_SEGMENT:
    case STEP_EXPECT_NOTHING:
    case STEP_EXPECT_STATE:
    case STEP_EXPECT_DATA:
    case STEP_EXPECT_ICMP:
        switch (expect_look(walk, step, now >= walk->step_deadline)) {
        case EXPECT_MET:
            return true;
        case EXPECT_OPEN:
            return false;
        case EXPECT_BROKEN:
            walk_fail(walk, OUTCOME_UNEXPECTED, STATUS_EXPECTATION, now, "%s", walk->step_why);
            return false;
        }
        return false;
    default:
        return true;
    }
}

/* The phase waited as long as it may. True when the walk can go on without what it waited for. */
static bool phase_timed_out(struct walk *walk, const struct step *step, enum step_kind phase, nanos now)
{
    double waited = in_seconds(now - walk->step_began);

    switch (phase) {
    case STEP_OPEN:
        give_up_open(walk, now);
        return false;
    case STEP_LISTEN:
        walk_fail(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now, "no SYN came within %.3g s", waited);
        return false;
    case STEP_DRAIN:
        if (step->kind == STEP_DRAIN)
            return true;
        walk_fail(walk, walk->tcb.fin_acked ? OUTCOME_HALF_CLOSED : OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now,
                  "%sno FIN of the peer arrived within %.3g s",
                  walk->tcb.fin_acked ? "our FIN was acknowledged, but " : "", waited);
        return false;
    case STEP_SEND:
        if (walk->send_waits) {
            walk_fail(walk, OUTCOME_NO_ANSWER, STATUS_NO_ANSWER, now,
                      "too much of what was sent before is not acknowledged yet");
            return false;
        }
        steps_give_up(walk, now);
        return false;
    case STEP_HALF_CLOSE:
    case STEP_ACCEPT:
        steps_give_up(walk, now);
        return false;
    case STEP_EXPECT_SEGMENT:
    case STEP_EXPECT_STATE:
    case STEP_EXPECT_DATA:
    case STEP_EXPECT_ICMP:
        expect_look(walk, step, true);
        walk_fail(walk, OUTCOME_UNEXPECTED, STATUS_EXPECTATION, now, "%s", walk->step_why);
        return false;
    default:
        return true;
    }
}

/* What a whole exchange has consumed of what arrived: an expectation after it looks at what it leaves. */
static void consume(struct walk *walk, const struct step *step)
{
    if ((step->kind == STEP_OPEN || step->kind == STEP_ACCEPT) && walk->cursor < walk->opened)
        walk->cursor = walk->opened;
    if (step->kind == STEP_HALF_CLOSE)
        heard_pass_acks(walk);
    if (step->kind == STEP_CLOSE)
        walk->cursor = walk->heard;
}

/* All steps are done: what does that amount to? */
static void complete(struct walk *walk, nanos now)
{
    const struct tcb *tcb = &walk->tcb;
    enum outcome outcome = OUTCOME_OPENED;

    if (walk->trouble.pending && !walk->settings.interactive) {
        walk_settle(walk, walk->trouble.outcome, walk->trouble.status, now, "%s", walk->trouble.why);
        return;
    }
    if (walk->peer_end == PEER_END_RST)
        outcome = walk->stamps.syn_ack == NANOS_NONE ? OUTCOME_REFUSED : OUTCOME_RESET;
    else if (tcb->fin_acked)
        outcome = tcb->its_fin_seen ? OUTCOME_CLOSED : OUTCOME_HALF_CLOSED;
    else if (walk->stamps.syn_ack == NANOS_NONE)
        outcome = OUTCOME_UNOPENED;
    if (walk->failed_status != STATUS_DONE)
        walk_settle(walk, outcome, walk->failed_status, now, "not every step did what was asked");
    else
        walk_settle(walk, outcome, STATUS_DONE, now, NULL);
}

/* The present step is done: the next one may wait for the delay between steps. */
static void step_over(struct walk *walk, const struct step *step, nanos now)
{
    bool over = walk->tcb.state == TIME_WAIT || walk->tcb.state == CLOSED;
    bool pause = !over && walk->settings.delay > 0 && !(step->kind == STEP_SEND && step->send.len == 0) &&
                 step->kind != STEP_DRAIN && step->kind != STEP_LINGER && step->kind < STEP_AUTO;

    consume(walk, step);
    events_step(walk, step, true, now);
    walk->step++;
    walk->step_started = false;
    walk->step_deadline = walk->linger_until = NANOS_NEVER;
    if (pause && walk->step < walk->step_count)
        walk->delay_until = now + walk->settings.delay;
}

/* Begins the step, or its next phase. False when it can't be. */
static bool begin(struct walk *walk, const struct step *step, nanos now)
{
    const char *why = walk->phase == 0 ? cannot(walk, step) : NULL;

    if (why && walk->trouble.pending)
        walk_fail(walk, walk->trouble.outcome, walk->trouble.status, now, "%s", walk->trouble.why);
    else if (why)
        walk_fail(walk, OUTCOME_UNEXPECTED, STATUS_EXPECTATION, now, "%s", why);
    if (why)
        return false;
    walk->step_started = true;
    phase_start(walk, step, phase_of(step, walk->phase), now);
    return true;
}

/* Can the peer have moved in this phase? Then auto probe asks, if there is anything to ask. */
static bool leaves_a_question(enum step_kind phase)
{
    return phase != STEP_PROBE && phase != STEP_AUTO && phase != STEP_LISTEN;
}

void steps_advance(struct walk *walk, nanos now)
{
    /* Steps that are done at once could tell more than the queue of events holds. */
    while (!walk->ending && !(walk->steps_gave_way = walk_events_pressing(walk))) {
        if (walk->delay_until != NANOS_NONE && now < walk->delay_until)
            return;
        walk->delay_until = NANOS_NONE;
        if (walk->step >= walk->step_count) {
            if (walk->no_more_steps)
                complete(walk, now);
            return;
        }
        const struct step *step = &walk->steps[walk->step];
        if (walk->skipping) {
            events_step_skipped(walk, step);
            walk->skipping = ++walk->step < walk->step_count;
            continue;
        }
        enum step_kind phase = phase_of(step, walk->phase);
        if (!walk->step_started && !begin(walk, step, now))
            continue;
        unsigned at = walk->step;
        bool done = walk->phase_over || phase_is_done(walk, step, phase, now);
        if (!done && !walk->ending && walk->step == at &&
            (now < walk->step_deadline || !phase_timed_out(walk, step, phase, now)) && walk->step == at)
            return;
        if (walk->ending || walk->step != at)
            continue; /* it has failed */
        if (walk->auto_probe && !walk->phase_over && leaves_a_question(phase))
            probing_start(walk, PROBE_CHOSEN, true, now);
        walk->phase_over = true;
        if (!probing_is_done(walk, now))
            return;
        walk->phase_over = false;
        walk->step_started = false;
        if (++walk->phase < phases_of(step))
            continue;
        walk->phase = 0;
        step_over(walk, step, now);
    }
}
