#include "report/comment.h"

#include <inttypes.h>

#include "core/probe.h"
#include "report/phrase.h"

/* What it was, and what it is: of a presumption what is taken for likely, the rest of it follows behind. */
static void add_move(struct text *text, const struct claim *claim)
{
    state_set rest = claim->certainty == PRESUMED ? NO_STATES : claim->to;

    if (claim->from && claim->from != (claim->likely | rest)) {
        phrase_states(text, claim->from, NO_STATES);
        text_add(text, " -> ");
    }
    phrase_states(text, claim->likely, rest);
    text_add(text, ", ");
}

/* What it rests on. */
static void add_evidence(struct text *text, const struct claim *claim)
{
    const struct reason_text *reason = reason_text(claim->reason);
    unsigned count = claim->evidence_count < EVIDENCE_MAX ? claim->evidence_count : EVIDENCE_MAX;

    text_add(text, " (");
    for (unsigned i = 0; i < count; i++)
        text_add(text, "%s%u",
                 i == 0          ? count > 1 ? "evidence: segments " : "evidence: segment "
                 : i + 1 < count ? ", "
                                 : " and ",
                 claim->evidence[i]);
    text_add(text, "%s%s, RFC %s)", count ? "; " : "", reason->token, reason->rfc);
}

void comment_segment(struct text *text, const struct event_segment *event)
{
    text_add(text, "segment %u, from %s", event->n, event->out ? "us" : "the peer");
    if (event->retransmission)
        text_add(text, ": a retransmission");
    if (event->probe != PROBE_NONE)
        text_add(text, "%s a probe (%s)", event->retransmission ? "," : ":", probe_text(event->probe)->token);
}

void comment_transition(struct text *text, const struct event_transition *event, enum comment_place place)
{
    const struct claim *claim = &event->claim;
    char time[SPAN_TEXT];

    if (place != COMMENT_AT)
        text_add(text, "%s this segment", place == COMMENT_BEFORE ? "before" : "after");
    if (place != COMMENT_AT && claim->not_before != NANOS_NONE)
        text_add(text, ", at %s s or later", phrase_time(claim->not_before, time));
    text_add(text, "%s%s: ", place == COMMENT_AT ? "" : ", ", event->side == SIDE_LOCAL ? "our end" : "the peer");
    add_move(text, claim);
    phrase_claim(text, claim, true);
    add_evidence(text, claim);
}

void comment_icmp(struct text *text, const struct event_icmp *event)
{
    text_add(text, "%s, ", icmp_error_name(&event->error));
    phrase_icmp(text, event, false, 0);
}

void comment_verify(struct text *text, const struct event_verify *event)
{
    text_add(text, "the peer's ");
    phrase_verify(text, event);
}

void comment_note(struct text *text, const struct event_note *event)
{
    text_add(text, "note: %s", event->text);
}

void comment_observed_segment(struct text *text, uint64_t connection, unsigned from, unsigned n, enum passage_kind kind,
                              uint64_t packet)
{
    static const char *const kinds[] = {
        [PASSAGE_NEW] = "",
        [PASSAGE_RETRANSMISSION] = ": a retransmission",
        [PASSAGE_DOUBLE] = ": the same segment, captured once more (double)",
        [PASSAGE_STRAY] = ": its numbers are of no use to this connection (stray)",
    };

    text_add(text, "connection %" PRIu64 ", segment %u, from %s%s", connection, n, from == END_A ? "A" : "B",
             kinds[kind]);
    if (packet)
        text_add(text, " (packet %" PRIu64 ")", packet);
}

void comment_observed_claim(struct text *text, uint64_t connection, unsigned end, const struct claim *claim)
{
    text_add(text, "connection %" PRIu64 ", %s: ", connection, end == END_A ? "A" : "B");
    add_move(text, claim);
    phrase_observed(text, claim);
    add_evidence(text, claim);
}
