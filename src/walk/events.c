/* The queue of events, and the two that sum things up: start and end. */
#include <ctype.h>
#include <string.h>

#include "walk/inside.h"

static nanos since_first(const struct walk *walk, nanos at)
{
    if (at == NANOS_NONE || at == NANOS_NEVER || walk->stamps.first == NANOS_NONE)
        return at == NANOS_NEVER ? NANOS_NEVER : NANOS_NONE;
    return at - walk->stamps.first;
}

static struct event *append(struct walk *walk, enum event_kind kind)
{
    struct event *event = &walk->events[(walk->event_first + walk->event_count) % EVENTS_MAX];

    if (walk->event_count == EVENTS_MAX) {
        /* Can't happen while the loop takes events when they press; the newest gives way. */
        event = &walk->events[(walk->event_first + walk->event_count - 1) % EVENTS_MAX];
    } else {
        walk->event_count++;
    }
    memset(event, 0, sizeof(*event));
    event->kind = kind;
    return event;
}

static struct event *push(struct walk *walk, enum event_kind kind)
{
    if (!walk->start_queued) {
        struct event_start *start = &append(walk, EVENT_START)->start;
        walk->start_queued = true;
        start->command = walk->settings.command;
        start->flow = walk->settings.flow;
        start->peer_name = walk->settings.peer_name;
        start->interface = walk->settings.interface;
        start->epoch = walk->stamps.first == NANOS_NONE ? walk->settings.epoch : walk->stamps.first;
    }
    return append(walk, kind);
}

const struct event *walk_take_event(struct walk *walk)
{
    const struct event *event;

    if (walk->event_count == 0)
        return NULL;
    event = &walk->events[walk->event_first];
    walk->event_first = (walk->event_first + 1) % EVENTS_MAX;
    walk->event_count--;
    return event;
}

bool walk_events_pressing(const struct walk *walk)
{
    return walk->event_count > EVENTS_MAX / 2;
}

void events_segment(struct walk *walk, const struct event_segment *segment)
{
    push(walk, EVENT_SEGMENT)->segment = *segment;
}

void events_claims(struct walk *walk, enum side side, const struct claim *claims, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct event_transition *transition = &push(walk, EVENT_TRANSITION)->transition;
        transition->side = side;
        transition->claim = claims[i];
        transition->claim.not_before = since_first(walk, claims[i].not_before);
        transition->claim.not_after = since_first(walk, claims[i].not_after);
    }
}

void events_local(struct walk *walk, enum state from, enum state to, enum reason reason, unsigned n, nanos at)
{
    struct claim claim = {
        .from = IN(from),
        .to = IN(to),
        .likely = IN(to),
        .certainty = PROVEN,
        .reason = reason,
        .evidence = {n},
        .evidence_count = n ? 1 : 0, /* nothing may have been seen yet */
        .not_before = at,
        .not_after = at,
    };

    events_claims(walk, SIDE_LOCAL, &claim, 1);
}

void events_icmp(struct walk *walk, const struct event_icmp *icmp)
{
    struct event *event = push(walk, EVENT_ICMP);

    event->icmp = *icmp;
    event->icmp.t = since_first(walk, icmp->t);
}

void events_verify(struct walk *walk, const struct event_verify *verify)
{
    struct event *event = push(walk, EVENT_VERIFY);

    event->verify = *verify;
    event->verify.t = since_first(walk, verify->t);
}

void events_step(struct walk *walk, const struct step *step, bool ok, nanos now)
{
    /* Something can have been seen after this round of the loop began. */
    bool by_time = !ok || step->kind == STEP_WAIT || step->kind == STEP_EXPECT_NOTHING;
    nanos since = !by_time || now < walk->last_seen ? 0 : now - walk->last_seen;
    struct event_step *event = &push(walk, EVENT_STEP)->step;

    event->t = walk->stamps.last == NANOS_NONE ? NANOS_NONE : since_first(walk, walk->stamps.last + since);
    event->line = step->line;
    event->column = step->column;
    event->text = step->text;
    event->expectation = step_is_expectation(step);
    event->ok = ok;
    event->n = event->expectation ? walk->step_n : 0;
    if (ok)
        return;
    event->ends = !walk->settings.interactive;
    event->why = walk->step_said;
    memcpy(walk->step_said, walk->step_why, sizeof(walk->step_said));
    event->differs = walk->step_differs[0] ? walk->step_differs_said : NULL;
    memcpy(walk->step_differs_said, walk->step_differs, sizeof(walk->step_differs_said));
}

void events_step_skipped(struct walk *walk, const struct step *step)
{
    struct event_step *event = &push(walk, EVENT_STEP)->step;

    *event = (struct event_step){
        .t = since_first(walk, walk->stamps.last),
        .line = step->line,
        .column = step->column,
        .text = step->text,
        .expectation = step_is_expectation(step),
        .why = "not done: a step before it failed",
    };
}

void walk_refuse_step(struct walk *walk, unsigned line, unsigned column, const char *text, const char *why)
{
    struct event_step *event = &push(walk, EVENT_STEP)->step;

    *event = (struct event_step){
        .t = since_first(walk, walk->stamps.last), .line = line, .column = column, .text = text, .why = why};
}

void walk_note(struct walk *walk, nanos at, const char *token, const char *text)
{
    struct event_note *note = &push(walk, EVENT_NOTE)->note;

    note->t = since_first(walk, at);
    note->token = token;
    note->text = text;
}

void note_once(struct walk *walk, enum note_once bit, nanos at, const char *token, const char *text)
{
    if (walk->noted & (unsigned)bit)
        return;
    walk->noted |= (unsigned)bit;
    walk_note(walk, at, token, text);
}

static void history_letter(struct walk *walk, char letter, bool out)
{
    if (out)
        letter = (char)toupper((unsigned char)letter);
    if (walk->history_used > 0 && walk->history[walk->history_used - 1] == letter)
        return;
    if (walk->history_used + 2 < HISTORY_MAX)
        walk->history[walk->history_used++] = letter;
    else
        walk->history[walk->history_used] = '+';
}

void history_add(struct walk *walk, const struct segment *segment, bool out, bool retransmission)
{
    if (segment_has(segment, TCP_SYN)) {
        history_letter(walk, segment_has(segment, TCP_ACK) ? 'h' : 's', out);
        return;
    }
    if (segment_has(segment, TCP_RST)) {
        history_letter(walk, 'r', out);
        return;
    }
    if (segment->len > 0)
        history_letter(walk, retransmission ? 't' : 'd', out);
    if (segment_has(segment, TCP_FIN))
        history_letter(walk, 'f', out);
    else if (segment->len == 0)
        history_letter(walk, 'a', out);
}

static nanos between(nanos from, nanos to)
{
    return from == NANOS_NONE || to == NANOS_NONE ? NANOS_NONE : to - from;
}

static nanos earlier(nanos a, nanos b)
{
    if (a == NANOS_NONE || b == NANOS_NONE)
        return a == NANOS_NONE ? b : a;
    return a < b ? a : b;
}

static void sum_up_timing(const struct walk *walk, struct walk_timing *timing)
{
    const struct walk_stamps *stamps = &walk->stamps;

    timing->open_rtt = walk->open_rtt;
    timing->open = between(stamps->first, stamps->ack);
    timing->fin_rtt = walk->fin_rtt;
    timing->close_wait = NANOS_NONE;
    if (walk->belief.known.order == FIN_ORDER_AFTER_OURS && !walk->fin_came_with_ack)
        timing->close_wait = between(stamps->fin_acked, stamps->its_fin);
    timing->close_wait_max = NANOS_NONE;
    if (walk->stamps.fin != NANOS_NONE && !walk->its_fin_first && !walk->its_fin_crossed &&
        walk->belief.known.order != FIN_ORDER_BEFORE_OURS)
        timing->close_wait_max = between(stamps->fin, stamps->its_fin);
    timing->close = NANOS_NONE;
    if (stamps->fin_acked != NANOS_NONE && stamps->its_fin_acked != NANOS_NONE)
        timing->close = between(earlier(stamps->fin, stamps->its_fin),
                                stamps->fin_acked > stamps->its_fin_acked ? stamps->fin_acked : stamps->its_fin_acked);
    timing->total = between(stamps->first, stamps->last);
}

static void sum_up_close(const struct walk *walk, struct event_end *end)
{
    bool ours = walk->stamps.fin != NANOS_NONE, its = walk->stamps.its_fin != NANOS_NONE;

    end->peer_end = walk->peer_end;
    if (!ours && !its)
        end->closer = CLOSER_NONE;
    else if (walk->its_fin_crossed)
        end->closer = CLOSER_BOTH;
    else if (!ours || walk->its_fin_first)
        end->closer = CLOSER_PEER;
    else
        end->closer = CLOSER_LOCAL;
    if (walk->stamps.fin_acked == NANOS_NONE || walk->stamps.its_fin_acked == NANOS_NONE)
        return;
    if (end->closer == CLOSER_LOCAL)
        end->close_segments = walk->fin_came_with_ack ? 3 : 4;
    else if (end->closer == CLOSER_PEER)
        end->close_segments = walk->our_fin_with_ack ? 3 : 4;
}

void events_end(struct walk *walk)
{
    own_moves_tell(walk, NULL, true);
    struct event_end *end = &push(walk, EVENT_END)->end;
    const struct tcb *tcb = &walk->tcb;
    uint32_t acked = tcb->snd_una - tcb->settings.iss;

    end->status = walk->status;
    end->outcome = walk->outcome;
    end->why = walk->why[0] ? walk->why : NULL;
    end->history = walk->history;
    sum_up_timing(walk, &end->timing);
    end->counts = walk->counts;
    end->counts.bytes_out = acked > 0 ? acked - 1 - (tcb->fin_acked ? 1 : 0) : 0;
    end->counts.bytes_in = tcb->bytes_in;
    end->peer = walk->belief.claim.to;
    end->peer_likely = walk->belief.claim.likely;
    end->peer_otherwise = walk->belief.claim.otherwise;
    end->peer_certainty = walk->belief.claim.certainty;
    end->local = tcb->state;
    end->left = walk->left;
    sum_up_close(walk, end);
    walk->ended = true;
}
