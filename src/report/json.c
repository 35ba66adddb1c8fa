/*
 * The reporter for programs: one JSON object a line, as tcpwalk-json(5) describes.
 *
 * The objects are jansson trees, in the order in which their fields are added. jansson prints a real with
 * "%.*g" only, which turns 41 microseconds into 4.1e-05 and can't ask for nanoseconds in a span of days. So
 * objects and arrays are written here, reals with nine digits after the point, and jansson prints all other
 * values: it is the one that knows how strings are escaped. A double holds every nanosecond of 52 days apart,
 * and "%.9f" prints the nearest.
 */
#include "report/reporter.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

#include "base/version.h"
#include "report/output.h"

#define JSON_SCHEMA 1
#define CLEAN_TEXT 512

/* The line's memory ran out or jansson refused a value: such a tree is not printed. */
struct line {
    json_t *root;
    bool broken;
};

/* Adds a field; takes the value, which may be NULL from a constructor that failed. */
static void put(struct line *line, json_t *object, const char *key, json_t *value)
{
    if (!value || json_object_set_new(object, key, value) != 0)
        line->broken = true;
}

static void push(struct line *line, json_t *array, json_t *value)
{
    if (!value || json_array_append_new(array, value) != 0)
        line->broken = true;
}

/* An object of the line's own, already its field. NULL when broken: jansson's functions take that as a failure. */
static json_t *put_object(struct line *line, json_t *parent, const char *key)
{
    json_t *object = json_object();

    put(line, parent, key, object);
    return line->broken ? NULL : object;
}

/* Text that is not UTF-8 can't be a JSON string: then its strange bytes become '?'. NULL is null. */
static json_t *string(const char *text)
{
    char clean[CLEAN_TEXT];
    json_t *value = text ? json_string(text) : json_null();

    return value ? value : json_string(output_clean(text, clean, sizeof(clean)));
}

static json_t *seconds(nanos t)
{
    return t == NANOS_NONE || t == NANOS_NEVER ? json_null() : json_real((double)t / (double)NANOS_PER_S);
}

static json_t *states(struct line *line, state_set set)
{
    json_t *array = json_array();

    for (unsigned state = 0; state < STATE_COUNT; state++)
        if (set & IN(state))
            push(line, array, json_string(state_name((enum state)state)));
    return array;
}

static bool write_value(FILE *out, json_t *value);

static bool write_object(FILE *out, json_t *object)
{
    const char *key;
    json_t *value;
    const char *between = "";

    fputc('{', out);
    json_object_foreach(object, key, value)
    {
        /* The keys are all ours and need no escapes. */
        fprintf(out, "%s\"%s\":", between, key);
        if (!write_value(out, value))
            return false;
        between = ",";
    }
    return fputc('}', out) != EOF;
}

static bool write_array(FILE *out, json_t *array)
{
    fputc('[', out);
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            fputc(',', out);
        if (!write_value(out, json_array_get(array, i)))
            return false;
    }
    return fputc(']', out) != EOF;
}

static bool write_real(FILE *out, double value)
{
    char digits[64];
    int length = snprintf(digits, sizeof(digits), "%.9f", value);
    int whole = (int)strspn(digits, "-0123456789");

    /* The locale may have a decimal point of its own, of several bytes even. */
    return fprintf(out, "%.*s.%s", whole, digits, digits + length - 9) > 0;
}

static bool write_value(FILE *out, json_t *value)
{
    if (json_is_object(value))
        return write_object(out, value);
    if (json_is_array(value))
        return write_array(out, value);
    if (json_is_real(value))
        return write_real(out, json_real_value(value));
    return json_dumpf(value, out, JSON_ENCODE_ANY) == 0;
}

/* "2026-01-31T12:00:00.123456789Z" */
static json_t *utc(nanos epoch)
{
    char day[32], text[64];
    nanos rest = epoch % NANOS_PER_S;
    time_t whole;
    struct tm tm;

    if (epoch == NANOS_NONE || epoch == NANOS_NEVER)
        return json_null();
    if (rest < 0)
        rest += NANOS_PER_S;
    whole = (time_t)((epoch - rest) / NANOS_PER_S);
    if (!gmtime_r(&whole, &tm) || strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        return json_null();
    snprintf(text, sizeof(text), "%s.%09" PRId64 "Z", day, rest);
    return json_string(text);
}

static json_t *put_endpoint(struct line *line, const char *key, const struct endpoint *endpoint)
{
    json_t *object = put_object(line, line->root, key);
    char text[ADDR_TEXT];

    put(line, object, "addr", json_string(addr_format(&endpoint->addr, text)));
    put(line, object, "port", json_integer(endpoint->port));
    return object;
}

static void put_start(struct line *line, const struct event_start *start)
{
    json_t *peer;

    put(line, line->root, "schema", json_integer(JSON_SCHEMA));
    put(line, line->root, "version", json_string(TCPWALK_VERSION));
    put(line, line->root, "command", string(start->command));
    put_endpoint(line, "local", &start->flow.local);
    peer = put_endpoint(line, "peer", &start->flow.peer);
    if (start->peer_name)
        put(line, peer, "name", string(start->peer_name));
    put(line, line->root, "interface", string(start->interface));
    put(line, line->root, "time", utc(start->epoch));
}

static json_t *sack_blocks(struct line *line, const struct tcp_options *options)
{
    json_t *blocks = json_array();

    for (unsigned i = 0; i < options->sack_count && i < SACK_BLOCKS_MAX; i++) {
        json_t *block = json_array();

        push(line, block, json_integer(options->sack[i].left));
        push(line, block, json_integer(options->sack[i].right));
        push(line, blocks, block);
    }
    return blocks;
}

static void put_options(struct line *line, const struct tcp_options *options)
{
    json_t *object = put_object(line, line->root, "options");
    unsigned present = options->present;

    if (present & TCP_OPT_MSS)
        put(line, object, "mss", json_integer(options->mss));
    if (present & TCP_OPT_SACK_PERMITTED)
        put(line, object, "sack_permitted", json_true());
    if (present & TCP_OPT_TIMESTAMPS) {
        put(line, object, "tsval", json_integer(options->tsval));
        put(line, object, "tsecr", json_integer(options->tsecr));
    }
    if (present & TCP_OPT_WSCALE)
        put(line, object, "wscale", json_integer(options->wscale));
    if (present & TCP_OPT_SACK)
        put(line, object, "sack", sack_blocks(line, options));
    if (present & TCP_OPT_MALFORMED)
        put(line, object, "malformed", json_true());
}

static void put_segment(struct line *line, const struct event_segment *event)
{
    const struct segment *segment = &event->segment;
    json_t *root = line->root;
    char flags[FLAGS_TEXT];

    put(line, root, "n", json_integer(event->n));
    put(line, root, "dir", json_string(event->out ? "out" : "in"));
    put(line, root, "t", seconds(event->t));
    put(line, root, "flags", json_string(segment_flags_text(segment->flags, flags)));
    put(line, root, "seq", json_integer(segment->seq));
    if (segment_has(segment, TCP_ACK))
        put(line, root, "ack", json_integer(segment->ack));
    put(line, root, "rel_seq", json_integer(event->rel_seq));
    if (event->has_rel_ack)
        put(line, root, "rel_ack", json_integer(event->rel_ack));
    put(line, root, "len", json_integer(segment->len));
    put(line, root, "win", json_integer(segment->window));
    if (segment->urgent)
        put(line, root, "urg", json_integer(segment->urgent));
    if (segment->reserved)
        put(line, root, "reserved", json_integer(segment->reserved));
    if (segment->tos)
        put(line, root, "tos", json_integer(segment->tos));
    if (segment->ttl)
        put(line, root, "ttl", json_integer(segment->ttl));
    put_options(line, &segment->options);
    put(line, root, "retransmission", json_boolean(event->retransmission));
    if (event->probe != PROBE_NONE)
        put(line, root, "probe", json_string(probe_text(event->probe)->token));
    put(line, root, "local", json_string(state_name(event->local)));
}

static void put_transition(struct line *line, const struct event_transition *event)
{
    const struct claim *claim = &event->claim;
    const struct reason_text *reason = reason_text(claim->reason);
    json_t *root = line->root;
    json_t *evidence = json_array();

    put(line, root, "side", json_string(event->side == SIDE_LOCAL ? "local" : "peer"));
    put(line, root, "from", states(line, claim->from));
    put(line, root, "to", states(line, claim->to));
    put(line, root, "likely", states(line, claim->likely));
    if (claim->otherwise)
        put(line, root, "else", states(line, claim->otherwise));
    put(line, root, "certainty", json_string(certainty_name(claim->certainty)));
    put(line, root, "reason", json_string(reason->token));
    put(line, root, "text", string(reason->sentence));
    put(line, root, "rfc", json_string(reason->rfc));
    put(line, root, "evidence", evidence);
    for (unsigned i = 0; !line->broken && i < claim->evidence_count && i < EVIDENCE_MAX; i++)
        push(line, evidence, json_integer(claim->evidence[i]));
    if (claim->habit != HABIT_NONE)
        put(line, root, "habit", json_string(habit_text(claim->habit)->token));
    if (claim->by_habit)
        put(line, root, "by_habit", states(line, claim->by_habit));
    if (claim->detail != DETAIL_NONE)
        put(line, root, "detail", json_string(detail_name(claim->detail)));
    put(line, root, "not_before", seconds(claim->not_before));
    put(line, root, "not_after", seconds(claim->not_after));
}

static void put_icmp(struct line *line, const struct event_icmp *event)
{
    const struct icmp_error *error = &event->error;
    json_t *root = line->root;
    char from[ADDR_TEXT];

    put(line, root, "t", seconds(event->t));
    put(line, root, "from", json_string(addr_format(&error->from, from)));
    put(line, root, "family", json_string(error->family == 6 ? "icmpv6" : "icmp"));
    put(line, root, "type", json_integer(error->type));
    put(line, root, "code", json_integer(error->code));
    put(line, root, "name", json_string(icmp_error_name(error)));
    put(line, root, "quoted_seq", json_integer(error->quoted_seq));
    if (error->mtu)
        put(line, root, "mtu", json_integer(error->mtu));
    put(line, root, "hard", json_boolean(event->hard));
}

static void put_note(struct line *line, const struct event_note *event)
{
    put(line, line->root, "token", string(event->token));
    put(line, line->root, "text", string(event->text));
    put(line, line->root, "t", seconds(event->t));
}

static void put_verify(struct line *line, const struct event_verify *event)
{
    json_t *root = line->root;

    put(line, root, "t", seconds(event->t));
    put(line, root, "kernel", json_string(state_name(event->kernel)));
    put(line, root, "listening", json_boolean(event->listening));
    put(line, root, "belief", states(line, event->belief));
    put(line, root, "certainty", json_string(certainty_name(event->certainty)));
    put(line, root, "agrees", json_boolean(event->agrees));
    put(line, root, "violates", json_boolean(event->violates));
}

static void put_step(struct line *line, const struct event_step *event)
{
    json_t *root = line->root, *differs;

    put(line, root, "t", seconds(event->t));
    if (event->line) {
        put(line, root, "line", json_integer(event->line));
        put(line, root, "column", json_integer(event->column));
    }
    put(line, root, "step", string(event->text));
    put(line, root, "expectation", json_boolean(event->expectation));
    put(line, root, "ok", json_boolean(event->ok));
    if (event->n)
        put(line, root, "n", json_integer(event->n));
    if (event->ok)
        return;
    put(line, root, "why", string(event->why));
    if (!event->differs)
        return;
    differs = json_array();
    put(line, root, "differs", differs);
    for (const char *at = event->differs; !line->broken && *at; at += strspn(at, ",")) {
        size_t length = strcspn(at, ",");
        push(line, differs, json_stringn(at, length));
        at += length;
    }
}

static void put_timing(struct line *line, const struct walk_timing *timing)
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
    json_t *object = put_object(line, line->root, "timing");

    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
        if (spans[i].span != NANOS_NONE && spans[i].span != NANOS_NEVER)
            put(line, object, spans[i].key, seconds(spans[i].span));
}

static void put_counts(struct line *line, const struct walk_counts *counts)
{
    json_t *segments = put_object(line, line->root, "segments");
    json_t *bytes = put_object(line, line->root, "bytes");
    json_t *verify;

    put(line, segments, "out", json_integer(counts->out));
    put(line, segments, "in", json_integer(counts->in));
    put(line, segments, "retransmitted", json_integer(counts->retransmitted));
    put(line, segments, "peer_retransmitted", json_integer(counts->peer_retransmitted));
    put(line, bytes, "out", json_integer((json_int_t)counts->bytes_out));
    put(line, bytes, "in", json_integer((json_int_t)counts->bytes_in));
    put(line, bytes, "after_fin", json_integer((json_int_t)counts->bytes_after_fin));
    put(line, line->root, "segments_after_fin", json_integer(counts->segments_after_fin));
    if (!counts->verified)
        return;
    verify = put_object(line, line->root, "verify");
    put(line, verify, "asked", json_integer(counts->verified));
    put(line, verify, "disagreed", json_integer(counts->disagreed));
}

static void put_end(struct line *line, const struct event_end *end)
{
    static const char *const closers[] = {
        [CLOSER_NONE] = "none", [CLOSER_LOCAL] = "local", [CLOSER_PEER] = "peer", [CLOSER_BOTH] = "both"};
    static const char *const peer_ends[] = {[PEER_END_NONE] = "none", [PEER_END_FIN] = "fin", [PEER_END_RST] = "rst"};
    json_t *root = line->root;

    put(line, root, "status", json_integer(end->status));
    put(line, root, "outcome", json_string(outcome_name(end->outcome)));
    if (end->why)
        put(line, root, "why", string(end->why));
    put(line, root, "history", string(end->history));
    put_timing(line, &end->timing);
    put_counts(line, &end->counts);
    put(line, root, "peer", states(line, end->peer));
    put(line, root, "peer_likely", states(line, end->peer_likely));
    if (end->peer_otherwise)
        put(line, root, "peer_else", states(line, end->peer_otherwise));
    put(line, root, "certainty", json_string(certainty_name(end->peer_certainty)));
    put(line, root, "local", json_string(state_name(end->local)));
    put(line, root, "closer", json_string(closers[end->closer]));
    put(line, root, "close_segments", json_integer(end->close_segments));
    put(line, root, "peer_end", json_string(peer_ends[end->peer_end]));
    put(line, root, "left", json_boolean(end->left));
}

static const char *put_event(struct line *line, const struct event *event)
{
    static const char *const names[] = {
        [EVENT_START] = "start", [EVENT_SEGMENT] = "segment", [EVENT_TRANSITION] = "transition",
        [EVENT_ICMP] = "icmp",   [EVENT_NOTE] = "note",       [EVENT_VERIFY] = "verify",
        [EVENT_STEP] = "step",   [EVENT_END] = "end"};

    put(line, line->root, "event", json_string(names[event->kind]));
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

/* Flushed after each event: a co-process that reads along shall not have to wait for a full buffer. */
static bool json_event(void *state, const struct event *event, struct fault *fault)
{
    FILE *out = state;
    struct line line = {.root = json_object()};
    const char *name;
    bool written = false;

    name = put_event(&line, event);
    errno = 0;
    if (!line.broken) {
        written = write_value(out, line.root);
        fputc('\n', out);
    }
    json_decref(line.root);
    /* The stream's own trouble has the better words, so it is asked first. */
    if (!output_flush(out, fault))
        return false;
    if (written)
        return true;
    return fault_set(fault, FAULT_LOCAL, "JSON: event \"%s\" could not be written", name);
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
