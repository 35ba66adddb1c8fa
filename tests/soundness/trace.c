/* A walk told line by line: time, what happened, the peer's true state. */
#include "meeting.h"

static void stamp(const struct meeting *meeting)
{
    char truth[STATE_SET_TEXT];

    fprintf(meeting->trace, "%13.4f  %-14s ", (double)(meeting->now - NANOS_PER_S) / 1e6,
            peer_has_connection(&meeting->peer) ? state_name(meeting->peer.state)
                                                : state_set_text(peer_truth(&meeting->peer), "|", truth));
}

void trace_segment(struct meeting *meeting, const char *what, const struct segment *segment, bool out)
{
    uint32_t ours = meeting->walk.settings.tcb.iss;
    uint32_t its = meeting->walk.belief.known.irs_known ? meeting->walk.belief.known.irs : meeting->peer.iss;
    char flags[FLAGS_TEXT];

    if (!meeting->trace)
        return;
    stamp(meeting);
    if (!segment) {
        fprintf(meeting->trace, "%s\n", what);
        return;
    }
    fprintf(meeting->trace, "%-16s %s %s seq %d", what, out ? "->" : "<-",
            segment_flags_text(segment->flags, flags), (int)(segment->seq - (out ? ours : its)));
    if (segment->flags & TCP_ACK)
        fprintf(meeting->trace, " ack %d", (int)(segment->ack - (out ? its : ours)));
    if (segment->len)
        fprintf(meeting->trace, " len %u", segment->len);
    if (segment->options.present & TCP_OPT_TIMESTAMPS)
        fprintf(meeting->trace, " ts %u/%u", segment->options.tsval, segment->options.tsecr);
    fprintf(meeting->trace, "\n");
}

static void trace_claim(struct meeting *meeting, const struct claim *claim)
{
    char from[STATE_SET_TEXT], to[STATE_SET_TEXT], otherwise[STATE_SET_TEXT];

    stamp(meeting);
    fprintf(meeting->trace, "  * peer %s -> %s, %s (%s)", state_set_text(claim->from, "|", from),
            state_set_text(claim->to, "|", to), certainty_name(claim->certainty),
            reason_text(claim->reason)->token);
    if (claim->otherwise)
        fprintf(meeting->trace, ", else %s", state_set_text(claim->otherwise, "|", otherwise));
    fprintf(meeting->trace, "; segments");
    for (unsigned i = 0; i < claim->evidence_count; i++)
        fprintf(meeting->trace, " %u", claim->evidence[i]);
    fprintf(meeting->trace, "\n");
}

void trace_event(struct meeting *meeting, const struct event *event)
{
    if (!meeting->trace)
        return;
    if (event->kind == EVENT_SEGMENT) {
        stamp(meeting);
        fprintf(meeting->trace, "  is segment %u\n", event->segment.n);
    } else if (event->kind == EVENT_TRANSITION && event->transition.side == SIDE_PEER) {
        trace_claim(meeting, &event->transition.claim);
    } else if (event->kind == EVENT_END) {
        stamp(meeting);
        fprintf(meeting->trace, "  end: %s\n", outcome_name(event->end.outcome));
    }
}
