/* The reporter for programs: one JSON object a line, as tcpwalk-json(5) describes. */
#include "report/reporter.h"

#include <string.h>
#include "report/json_line.h"

static void put_start(struct json_line *line, const struct event_start *start)
{
    line_put_start(line, start->command, &start->flow, start->peer_name, start->interface, start->epoch);
}

static json_t *sack_blocks(struct json_line *line, const struct tcp_options *options)
{
    json_t *blocks = json_array();

    for (unsigned i = 0; i < options->sack_count && i < SACK_BLOCKS_MAX; i++) {
        json_t *block = json_array();

        line_push(line, block, json_integer(options->sack[i].left));
        line_push(line, block, json_integer(options->sack[i].right));
        line_push(line, blocks, block);
    }
    return blocks;
}

static void put_options(struct json_line *line, const struct tcp_options *options)
{
    json_t *object = line_put_object(line, line->root, "options");
    unsigned present = options->present;

    if (present & TCP_OPT_MSS)
        line_put(line, object, "mss", json_integer(options->mss));
    if (present & TCP_OPT_SACK_PERMITTED)
        line_put(line, object, "sack_permitted", json_true());
    if (present & TCP_OPT_TIMESTAMPS) {
        line_put(line, object, "tsval", json_integer(options->tsval));
        line_put(line, object, "tsecr", json_integer(options->tsecr));
    }
    if (present & TCP_OPT_WSCALE)
        line_put(line, object, "wscale", json_integer(options->wscale));
    if (present & TCP_OPT_SACK)
        line_put(line, object, "sack", sack_blocks(line, options));
    if (present & TCP_OPT_MALFORMED)
        line_put(line, object, "malformed", json_true());
}

static void put_segment(struct json_line *line, const struct event_segment *event)
{
    const struct segment *segment = &event->segment;
    json_t *root = line->root;
    char flags[FLAGS_TEXT];

    line_put(line, root, "n", json_integer(event->n));
    line_put(line, root, "dir", json_string(event->out ? "out" : "in"));
    line_put(line, root, "t", line_seconds(event->t));
    line_put(line, root, "flags", json_string(segment_flags_text(segment->flags, flags)));
    line_put(line, root, "seq", json_integer(segment->seq));
    if (segment_has(segment, TCP_ACK))
        line_put(line, root, "ack", json_integer(segment->ack));
    line_put(line, root, "rel_seq", json_integer(event->rel_seq));
    if (event->has_rel_ack)
        line_put(line, root, "rel_ack", json_integer(event->rel_ack));
    line_put(line, root, "len", json_integer(segment->len));
    line_put(line, root, "win", json_integer(segment->window));
    if (segment->urgent)
        line_put(line, root, "urg", json_integer(segment->urgent));
    if (segment->reserved)
        line_put(line, root, "reserved", json_integer(segment->reserved));
    if (segment->tos)
        line_put(line, root, "tos", json_integer(segment->tos));
    if (segment->ttl)
        line_put(line, root, "ttl", json_integer(segment->ttl));
    put_options(line, &segment->options);
    line_put(line, root, "retransmission", json_boolean(event->retransmission));
    if (event->probe != PROBE_NONE)
        line_put(line, root, "probe", json_string(probe_text(event->probe)->token));
    line_put(line, root, "local", json_string(state_name(event->local)));
}

static void put_transition(struct json_line *line, const struct event_transition *event)
{
    const struct claim *claim = &event->claim;
    const struct reason_text *reason = reason_text(claim->reason);
    json_t *root = line->root;
    json_t *evidence = json_array();

    line_put(line, root, "side", json_string(event->side == SIDE_LOCAL ? "local" : "peer"));
    line_put(line, root, "from", line_states(line, claim->from));
    line_put(line, root, "to", line_states(line, claim->to));
    line_put(line, root, "likely", line_states(line, claim->likely));
    if (claim->otherwise)
        line_put(line, root, "else", line_states(line, claim->otherwise));
    line_put(line, root, "certainty", json_string(certainty_name(claim->certainty)));
    line_put(line, root, "reason", json_string(reason->token));
    line_put(line, root, "text", line_string(reason->sentence));
    line_put(line, root, "rfc", json_string(reason->rfc));
    line_put(line, root, "evidence", evidence);
    for (unsigned i = 0; !line->broken && i < claim->evidence_count && i < EVIDENCE_MAX; i++)
        line_push(line, evidence, json_integer(claim->evidence[i]));
    if (claim->habit != HABIT_NONE)
        line_put(line, root, "habit", json_string(habit_text(claim->habit)->token));
    if (claim->by_habit)
        line_put(line, root, "by_habit", line_states(line, claim->by_habit));
    if (claim->detail != DETAIL_NONE)
        line_put(line, root, "detail", json_string(detail_name(claim->detail)));
    line_put(line, root, "not_before", line_seconds(claim->not_before));
    line_put(line, root, "not_after", line_seconds(claim->not_after));
}

static void put_icmp(struct json_line *line, const struct event_icmp *event)
{
    const struct icmp_error *error = &event->error;
    json_t *root = line->root;
    char from[ADDR_TEXT];

    line_put(line, root, "t", line_seconds(event->t));
    line_put(line, root, "from", json_string(addr_format(&error->from, from)));
    line_put(line, root, "family", json_string(error->family == 6 ? "icmpv6" : "icmp"));
    line_put(line, root, "type", json_integer(error->type));
    line_put(line, root, "code", json_integer(error->code));
    line_put(line, root, "name", json_string(icmp_error_name(error)));
    line_put(line, root, "quoted_seq", json_integer(error->quoted_seq));
    if (error->mtu)
        line_put(line, root, "mtu", json_integer(error->mtu));
    line_put(line, root, "hard", json_boolean(event->hard));
}

static void put_note(struct json_line *line, const struct event_note *event)
{
    line_put(line, line->root, "token", line_string(event->token));
    line_put(line, line->root, "text", line_string(event->text));
    line_put(line, line->root, "t", line_seconds(event->t));
}

static void put_verify(struct json_line *line, const struct event_verify *event)
{
    json_t *root = line->root;

    line_put(line, root, "t", line_seconds(event->t));
    line_put(line, root, "kernel", json_string(state_name(event->kernel)));
    line_put(line, root, "listening", json_boolean(event->listening));
    line_put(line, root, "belief", line_states(line, event->belief));
    line_put(line, root, "certainty", json_string(certainty_name(event->certainty)));
    line_put(line, root, "agrees", json_boolean(event->agrees));
    line_put(line, root, "violates", json_boolean(event->violates));
}

static void put_step(struct json_line *line, const struct event_step *event)
{
    json_t *root = line->root, *differs;

    line_put(line, root, "t", line_seconds(event->t));
    if (event->line) {
        line_put(line, root, "line", json_integer(event->line));
        line_put(line, root, "column", json_integer(event->column));
    }
    line_put(line, root, "step", line_string(event->text));
    line_put(line, root, "expectation", json_boolean(event->expectation));
    line_put(line, root, "ok", json_boolean(event->ok));
    if (event->n)
        line_put(line, root, "n", json_integer(event->n));
    if (event->ok)
        return;
    line_put(line, root, "why", line_string(event->why));
    if (!event->differs)
        return;
    differs = json_array();
    line_put(line, root, "differs", differs);
    for (const char *at = event->differs; !line->broken && *at; at += strspn(at, ",")) {
        size_t length = strcspn(at, ",");
        line_push(line, differs, json_stringn(at, length));
        at += length;
    }
}

static void put_timing(struct json_line *line, const struct walk_timing *timing)
{
    const struct {
        const char *key;
        nanos span;
    } spans[] = {
        {"open_rtt", timing->open_rtt},
        {"open", timing->open},
        {"fin_rtt", timing->fin_rtt},
        {"close_wait", timing->close_wait},
        {"close_wait_max", timing->close_wait_max},
        {"close", timing->close},
        {"total", timing->total},
    };
    json_t *object = line_put_object(line, line->root, "timing");

    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
        if (spans[i].span != NANOS_NONE && spans[i].span != NANOS_NEVER)
            line_put(line, object, spans[i].key, line_seconds(spans[i].span));
}

static void put_counts(struct json_line *line, const struct walk_counts *counts)
{
    json_t *segments = line_put_object(line, line->root, "segments");
    json_t *bytes = line_put_object(line, line->root, "bytes");
    json_t *verify;

    line_put(line, segments, "out", json_integer(counts->out));
    line_put(line, segments, "in", json_integer(counts->in));
    line_put(line, segments, "retransmitted", json_integer(counts->retransmitted));
    line_put(line, segments, "peer_retransmitted", json_integer(counts->peer_retransmitted));
    line_put(line, bytes, "out", json_integer((json_int_t)counts->bytes_out));
    line_put(line, bytes, "in", json_integer((json_int_t)counts->bytes_in));
    line_put(line, bytes, "after_fin", json_integer((json_int_t)counts->bytes_after_fin));
    line_put(line, line->root, "segments_after_fin", json_integer(counts->segments_after_fin));
    if (!counts->verified)
        return;
    verify = line_put_object(line, line->root, "verify");
    line_put(line, verify, "asked", json_integer(counts->verified));
    line_put(line, verify, "disagreed", json_integer(counts->disagreed));
}

static void put_end(struct json_line *line, const struct event_end *end)
{
    static const char *const closers[] = {
        [CLOSER_NONE] = "none", [CLOSER_LOCAL] = "local", [CLOSER_PEER] = "peer", [CLOSER_BOTH] = "both"};
    static const char *const peer_ends[] = {[PEER_END_NONE] = "none", [PEER_END_FIN] = "fin", [PEER_END_RST] = "rst"};
    json_t *root = line->root;

    line_put(line, root, "status", json_integer(end->status));
    line_put(line, root, "outcome", json_string(outcome_name(end->outcome)));
    if (end->why)
        line_put(line, root, "why", line_string(end->why));
    line_put(line, root, "history", line_string(end->history));
    put_timing(line, &end->timing);
    put_counts(line, &end->counts);
    line_put(line, root, "peer", line_states(line, end->peer));
    line_put(line, root, "peer_likely", line_states(line, end->peer_likely));
    if (end->peer_otherwise)
        line_put(line, root, "peer_else", line_states(line, end->peer_otherwise));
    line_put(line, root, "certainty", json_string(certainty_name(end->peer_certainty)));
    line_put(line, root, "local", json_string(state_name(end->local)));
    line_put(line, root, "closer", json_string(closers[end->closer]));
    line_put(line, root, "close_segments", json_integer(end->close_segments));
    line_put(line, root, "peer_end", json_string(peer_ends[end->peer_end]));
    line_put(line, root, "left", json_boolean(end->left));
}

static const char *put_event(struct json_line *line, const struct event *event)
{
    static const char *const names[] = {
        [EVENT_START] = "start", [EVENT_SEGMENT] = "segment", [EVENT_TRANSITION] = "transition",
        [EVENT_ICMP] = "icmp",   [EVENT_NOTE] = "note",       [EVENT_VERIFY] = "verify",
        [EVENT_STEP] = "step",   [EVENT_END] = "end"};

    line_put(line, line->root, "event", json_string(names[event->kind]));
    switch (event->kind) {
    case EVENT_START:
        put_start(line, &event->start);
        break;
    case EVENT_SEGMENT:
        put_segment(line, &event->segment);
        break;
    case EVENT_TRANSITION:
        put_transition(line, &event->transition);
        break;
    case EVENT_ICMP:
        put_icmp(line, &event->icmp);
        break;
    case EVENT_NOTE:
        put_note(line, &event->note);
        break;
    case EVENT_VERIFY:
        put_verify(line, &event->verify);
        break;
    case EVENT_STEP:
        put_step(line, &event->step);
        break;
    case EVENT_END:
        put_end(line, &event->end);
        break;
    }
    return names[event->kind];
}

/* The state is the stream: a JSON line leans on nothing that came before it. */
static void *json_begin(FILE *out, const struct report_options *options, struct fault *fault)
{
    (void)options;
    (void)fault;
    return out;
}

static bool json_event(void *state, const struct event *event, struct fault *fault)
{
    struct json_line line;
    const char *name;

    line_begin(&line);
    name = put_event(&line, event);
    return line_end(&line, name, state, fault);
}

static bool json_flush(void *state, struct fault *fault)
{
    (void)state;
    (void)fault;
    return true;
}

const struct reporter reporter_json = {
    .name = "json",
    .begin = json_begin,
    .event = json_event,
    .flush = json_flush,
    .end = json_flush,
};
