#include "report/comment.h"

#include <inttypes.h>

#include "core/probe.h"
#include "report/phrase.h"
#include "report/read.h"
#include "report/words.h"

#define EVIDENCE_TEXT 64

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
    char words[EVIDENCE_TEXT];
    struct text numbers;

    text_init(&numbers, words, sizeof(words));
    for (unsigned i = 0; i < count; i++)
        text_add(&numbers, "%s%u", i == 0 ? "" : i + 1 < count ? ", " : _(" and "), claim->evidence[i]);
    text_add(text, " (");
    if (count > 0)
        text_add(text, ngettext("evidence: segment %s; ", "evidence: segments %s; ", count), numbers.at);
    text_add(text, "%s, RFC %s)", reason->token, reason->rfc);
}

void comment_segment(struct text *text, const struct event_segment *event)
{
    text_add(text, event->out ? _("segment %u, from us") : _("segment %u, from the peer"), event->n);
    if (event->retransmission)
        text_add(text, "%s", _(": a retransmission"));
    if (event->probe != PROBE_NONE)
        text_add(text, _(": a probe (%s)"), probe_text(event->probe)->token);
}

void comment_transition(struct text *text, const struct event_transition *event, enum comment_place place)
{
    const struct claim *claim = &event->claim;
    char time[SPAN_TEXT];

    if (place != COMMENT_AT)
        text_add(text, "%s", place == COMMENT_BEFORE ? _("before this segment, ") : _("after this segment, "));
    if (place != COMMENT_AT && claim->not_before != NANOS_NONE)
        text_add(text, _("at %s s or later, "), phrase_time(claim->not_before, time));
    text_add(text, "%s: ", event->side == SIDE_LOCAL ? _("our end") : _("the peer"));
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
    text_add(text, "%s", _("the peer's "));
    phrase_verify(text, event);
}

void comment_note(struct text *text, const struct event_note *event)
{
    text_add(text, _("note: %s"), event->text);
}

void comment_observed_segment(struct text *text, uint64_t connection, unsigned from, unsigned n, enum passage_kind kind,
                              struct purposes purposes, uint64_t packet)
{
    enum purpose purpose = purposes.asks != PURPOSE_NONE ? purposes.asks : purposes.answers;
    static const char *const kinds[] = {
        [PASSAGE_NEW] = "",
        [PASSAGE_RETRANSMISSION] = ": a retransmission",
        [PASSAGE_DOUBLE] = ": the same segment, captured once more (double)",
        [PASSAGE_STRAY] = ": its numbers do not fit this connection (stray)",
    };

    text_add(text, "connection %" PRIu64 ", segment %u, from %s%s", connection, n, from == END_A ? "A" : "B",
             kinds[kind]);
    if (purpose != PURPOSE_NONE)
        text_add(text, ": %s (%s)", read_segment_words(kind, purposes), purpose_name(purpose));
    if (packet)
        text_add(text, " (packet %" PRIu64 ")", packet);
}

void comment_observed_icmp(struct text *text, uint64_t connection, unsigned end, const struct icmp_error *error)
{
    char from[ADDR_TEXT];

    text_add(text, "connection %" PRIu64 ": ICMP %s from %s, about %s's segment", connection, icmp_error_name(error),
             addr_format(&error->from, from), end == END_A ? "A" : "B");
}

void comment_observed_claim(struct text *text, uint64_t connection, unsigned end, const struct claim *claim,
                            enum comment_place place, nanos epoch)
{
    char time[SPAN_TEXT];

    text_add(text, "connection %" PRIu64 ", ", connection);
    if (claim->reason == REASON_TIMER)
        text_add(text, "%s, at %s s or later, ",
                 place == COMMENT_AFTER ? "after the last packet" : "before this packet",
                 phrase_time(claim->not_before - epoch, time));
    text_add(text, "%s: ", end == END_A ? "A" : "B");
    add_move(text, claim);
    phrase_observed(text, claim);
    add_evidence(text, claim);
}
