/* The walk's claims, held against the truth. */
#include "meeting.h"

/* Nothing of ours left that the walk has not read yet. */
static bool knows_all(const struct meeting *meeting)
{
    for (unsigned i = 0; i < meeting->captured.count; i++)
        if (meeting->captured.items[(meeting->captured.first + i) % SIGHTS_MAX].out)
            return false;
    return true;
}

static void check_end(struct meeting *meeting, const struct event_end *end)
{
    const struct peer *peer = &meeting->peer;
    bool wrong = false;

    meeting->witness.tally->outcomes[end->outcome]++;
    switch (end->outcome) {
    case OUTCOME_CLOSED:
        wrong = !peer->got_fin || !peer->sent_fin;
        break;
    case OUTCOME_HALF_CLOSED:
        wrong = !peer->got_fin;
        break;
    case OUTCOME_OPENED:
        wrong = !peer->sent_syn_ack;
        break;
    case OUTCOME_REFUSED:
    case OUTCOME_RESET:
        wrong = !peer->sent_rst;
        break;
    default:
        break;
    }
    if (wrong)
        violated(&meeting->witness, VIOLATION_END, "outcome %s", outcome_name(end->outcome));
    if (end->counts.bytes_out > peer->bytes_taken && peer->incarnation <= 1)
        violated(&meeting->witness, VIOLATION_END, "%llu bytes said to be acknowledged, %llu taken",
                 (unsigned long long)end->counts.bytes_out, (unsigned long long)peer->bytes_taken);
}

static void check_claim(struct meeting *meeting, const struct claim *claim)
{
    meeting->witness.zero = meeting->walk.stamps.first;
    meeting->witness.epoch = INT64_C(1720000000) * NANOS_PER_S;
    witness_claim(&meeting->witness, claim, knows_all(meeting));
}

void check_events(struct meeting *meeting)
{
    const struct event *event;

    while ((event = walk_take_event(&meeting->walk)) != NULL) {
        meeting->witness.tally->events++;
        trace_event(meeting, event);
        if (event->kind == EVENT_TRANSITION && event->transition.side == SIDE_PEER)
            check_claim(meeting, &event->transition.claim);
        else if (event->kind == EVENT_END)
            check_end(meeting, &event->end);
        else if (event->kind == EVENT_VERIFY && event->verify.violates)
            violated(&meeting->witness, VIOLATION_VERIFY, "the truth was %s", state_name(meeting->peer.state));
    }
}

void check_possible(struct meeting *meeting)
{
    if (knows_all(meeting))
        witness_possible(&meeting->witness);
}
