#include "base/version.h"
#include "report/json_line.h"
#include "report/read.h"

#define JSON_SCHEMA 1

static const char *const end_names[] = {"a", "b"};

const char *passage_kind_name(enum passage_kind kind)
{
    static const char *const names[] = {[PASSAGE_NEW] = "new",
                                        [PASSAGE_RETRANSMISSION] = "retransmission",
                                        [PASSAGE_DOUBLE] = "double",
                                        [PASSAGE_STRAY] = "stray"};

    return names[kind];
}

static void put_event(struct json_line *line, const char *name)
{
    line_begin(line);
    line_put(line, line->root, "event", json_string(name));
}

static void put_number(struct json_line *line, json_t *object, const char *key, uint64_t value)
{
    line_put(line, object, key, json_integer((json_int_t)value));
}

bool read_json_start(const struct read_origin *origin, nanos epoch, FILE *out, struct fault *fault)
{
    struct json_line line;
    json_t *array = origin->files ? json_array() : NULL;

    put_event(&line, "start");
    line_put(&line, line.root, "schema", json_integer(JSON_SCHEMA));
    line_put(&line, line.root, "version", json_string(TCPWALK_VERSION));
    line_put(&line, line.root, "command", json_string(origin->command));
    if (origin->files)
        line_put(&line, line.root, "files", array);
    for (unsigned i = 0; i < origin->file_count; i++)
        line_push(&line, array, line_string(origin->files[i]));
    if (origin->interface)
        line_put(&line, line.root, "interface", line_string(origin->interface));
    line_put(&line, line.root, "filter", line_string(origin->filter));
    line_put(&line, line.root, "time", line_utc(epoch));
    return line_end(&line, "start", out, fault);
}

static json_t *end_or_null(unsigned end)
{
    return end == NOBODY ? json_null() : json_string(end_names[end]);
}

/* What it was in, outermost first. */
static void put_network(struct json_line *line, json_t *end, const struct network_path *path)
{
    json_t *layers = json_array();

    line_put(line, end, "network", layers);
    for (unsigned i = 0; i < path->count && i < NETWORK_LAYERS; i++) {
        json_t *layer = json_object();
        line_push(line, layers, layer);
        line_put(line, layer, "kind", json_string(network_kind_name((enum network_kind)path->kinds[i])));
        line_put(line, layer, "id", json_integer(path->ids[i]));
    }
}

static void put_end(struct json_line *line, const char *key, const struct network_list *networks,
                    const struct summary_end *end)
{
    json_t *object = line_put_object(line, line->root, key), *times;
    const struct network_path *path = network_list_path(networks, end->network);
    char text[ADDR_TEXT];

    line_put(line, object, "addr", json_string(addr_format(&end->at.addr, text)));
    line_put(line, object, "port", json_integer(end->at.port));
    if (path)
        put_network(line, object, path);
    line_put(line, object, "state", line_states(line, end->claim.to));
    line_put(line, object, "likely", line_states(line, end->claim.likely));
    if (end->claim.otherwise)
        line_put(line, object, "else", line_states(line, end->claim.otherwise));
    line_put(line, object, "certainty", json_string(certainty_name(end->claim.certainty)));
    put_number(line, object, "segments", end->segments);
    put_number(line, object, "bytes", end->bytes);
    put_number(line, object, "retransmitted", end->retransmitted);
    put_number(line, object, "doubles", end->doubles);
    put_number(line, object, "strays", end->strays);
    put_number(line, object, "unseen", end->unseen);
    put_number(line, object, "icmp_errors", end->icmp_errors);
    times = line_put_object(line, object, "in_state");
    for (unsigned state = 0; state < STATE_COUNT; state++)
        if (end->in_state[state] > 0)
            line_put(line, times, state_name((enum state)state), line_seconds(end->in_state[state]));
}

bool read_json_connection(const struct summary *summary, const struct network_list *networks, nanos epoch, FILE *out,
                          struct fault *fault)
{
    static const char *const known[] = {
        [ORIENTED_BY_SYN] = "syn", [ORIENTED_BY_ANSWER] = "answer", [ORIENTED_BY_PORTS] = "ports"};
    struct json_line line;
    json_t *root;

    put_event(&line, "connection");
    root = line.root;
    put_number(&line, root, "connection", summary->number);
    line_put(&line, root, "start", line_seconds(summary->first_at - epoch));
    line_put(&line, root, "end", line_seconds(summary->last_at - epoch));
    put_number(&line, root, "first_packet", summary->first_packet);
    put_number(&line, root, "last_packet", summary->last_packet);
    line_put(&line, root, "a_known_by", json_string(known[summary->orientation]));
    line_put(&line, root, "opener", summary->orientation == ORIENTED_BY_PORTS ? json_null() : json_string("a"));
    line_put(&line, root, "open", json_string(opening_name(summary->opening)));
    line_put(&line, root, "open_rtt", line_seconds(summary->open_rtt));
    line_put(&line, root, "open_time", line_seconds(summary->open));
    line_put(&line, root, "closer",
             summary->closing == CLOSING_SIMULTANEOUS ? json_string("both") : end_or_null(summary->closer));
    line_put(&line, root, "close", json_string(closing_name(summary->closing)));
    line_put(&line, root, "closed", json_boolean(summary->closed));
    line_put(&line, root, "reset_by", end_or_null(summary->resetter));
    line_put(&line, root, "fin_first", json_boolean(summary->fin_first));
    line_put(&line, root, "contradicted", json_boolean(summary->undone));
    line_put(&line, root, "evicted", json_boolean(summary->evicted));
    line_put(&line, root, "history", json_string(summary->history));
    put_end(&line, "a", networks, &summary->ends[END_A]);
    put_end(&line, "b", networks, &summary->ends[END_B]);
    return line_end(&line, "connection", out, fault);
}

bool read_json_claim(uint64_t connection, unsigned end, const struct claim *claim, nanos epoch, FILE *out,
                     struct fault *fault)
{
    const struct reason_text *reason = reason_text(claim->reason);
    nanos before = claim->not_before, after = claim->not_after;
    json_t *evidence = json_array();
    struct json_line line;

    put_event(&line, "transition");
    put_number(&line, line.root, "connection", connection);
    line_put(&line, line.root, "side", json_string(end_names[end]));
    line_put(&line, line.root, "from", line_states(&line, claim->from));
    line_put(&line, line.root, "to", line_states(&line, claim->to));
    line_put(&line, line.root, "likely", line_states(&line, claim->likely));
    if (claim->otherwise)
        line_put(&line, line.root, "else", line_states(&line, claim->otherwise));
    line_put(&line, line.root, "certainty", json_string(certainty_name(claim->certainty)));
    line_put(&line, line.root, "reason", json_string(reason->token));
    line_put(&line, line.root, "text", line_string(reason_observed(claim->reason)));
    line_put(&line, line.root, "rfc", json_string(reason->rfc));
    line_put(&line, line.root, "evidence", evidence);
    for (unsigned i = 0; !line.broken && i < claim->evidence_count; i++)
        line_push(&line, evidence, json_integer(claim->evidence[i]));
    if (claim->habit != HABIT_NONE)
        line_put(&line, line.root, "habit", json_string(habit_text(claim->habit)->token));
    if (claim->by_habit)
        line_put(&line, line.root, "by_habit", line_states(&line, claim->by_habit));
    if (claim->detail != DETAIL_NONE)
        line_put(&line, line.root, "detail", json_string(detail_name(claim->detail)));
    line_put(&line, line.root, "not_before", line_seconds(before == NANOS_NONE ? before : before - epoch));
    line_put(&line, line.root, "not_after", line_seconds(after == NANOS_NEVER ? after : after - epoch));
    return line_end(&line, "transition", out, fault);
}

bool read_json_segment(const struct read_segment *event, FILE *out, struct fault *fault)
{
    const struct segment *segment = event->segment;
    char flags[FLAGS_TEXT];
    struct json_line line;

    put_event(&line, "segment");
    put_number(&line, line.root, "connection", event->connection);
    put_number(&line, line.root, "n", event->n);
    put_number(&line, line.root, "packet", event->packet);
    line_put(&line, line.root, "from", json_string(end_names[event->from]));
    line_put(&line, line.root, "t", line_seconds(event->at));
    line_put(&line, line.root, "flags", json_string(segment_flags_text(segment->flags, flags)));
    put_number(&line, line.root, "seq", segment->seq);
    if (segment_has(segment, TCP_ACK))
        put_number(&line, line.root, "ack", segment->ack);
    put_number(&line, line.root, "rel_seq", event->rel_seq);
    if (event->has_rel_ack)
        put_number(&line, line.root, "rel_ack", event->rel_ack);
    put_number(&line, line.root, "len", segment->len);
    put_number(&line, line.root, "win", segment->window);
    line_put(&line, line.root, "kind", json_string(passage_kind_name(event->kind)));
    if (event->purposes.asks != PURPOSE_NONE)
        line_put(&line, line.root, "probe", json_string(purpose_name(event->purposes.asks)));
    if (event->purposes.answers != PURPOSE_NONE)
        line_put(&line, line.root, "answers", json_string(purpose_name(event->purposes.answers)));
    return line_end(&line, "segment", out, fault);
}

bool read_json_icmp(const struct read_icmp *event, FILE *out, struct fault *fault)
{
    const struct icmp_error *error = event->error;
    char from[ADDR_TEXT];
    struct json_line line;

    put_event(&line, "icmp");
    put_number(&line, line.root, "connection", event->connection);
    put_number(&line, line.root, "packet", event->packet);
    line_put(&line, line.root, "about", json_string(end_names[event->end]));
    line_put(&line, line.root, "t", line_seconds(event->at));
    line_put(&line, line.root, "from", json_string(addr_format(&error->from, from)));
    line_put(&line, line.root, "family", json_string(error->family == 6 ? "icmpv6" : "icmp"));
    put_number(&line, line.root, "type", error->type);
    put_number(&line, line.root, "code", error->code);
    line_put(&line, line.root, "name", json_string(icmp_error_name(error)));
    put_number(&line, line.root, "quoted_seq", error->quoted_seq);
    if (event->has_rel_seq)
        put_number(&line, line.root, "rel_seq", event->rel_seq);
    if (error->mtu)
        put_number(&line, line.root, "mtu", error->mtu);
    return line_end(&line, "icmp", out, fault);
}

bool read_json_dropped(uint64_t packets, nanos at, nanos epoch, FILE *out, struct fault *fault)
{
    struct json_line line;

    put_event(&line, "dropped");
    line_put(&line, line.root, "t", line_seconds(at - epoch));
    put_number(&line, line.root, "packets", packets);
    return line_end(&line, "dropped", out, fault);
}

bool read_json_summary(const struct read_total *total, int status, FILE *out, struct fault *fault)
{
    json_t *lacks = json_array();
    struct json_line line;

    put_event(&line, "summary");
    line_put(&line, line.root, "status", json_integer(status));
    put_number(&line, line.root, "packets", total->packets);
    put_number(&line, line.root, "segments", total->segments);
    put_number(&line, line.root, "connections", total->connections);
    put_number(&line, line.root, "without_tcp", total->others);
    put_number(&line, line.root, "not_shown", total->left_out);
    put_number(&line, line.root, "evicted", total->evicted);
    put_number(&line, line.root, "dropped", total->dropped);
    put_number(&line, line.root, "late", total->late);
    line_put(&line, line.root, "not_read", lacks);
    for (unsigned i = 0; i < total->lack_count; i++) {
        json_t *lack = json_object();
        line_push(&line, lacks, lack);
        line_put(&line, lack, "what", json_string(total->lacks[i].what));
        put_number(&line, lack, "packets", total->lacks[i].packets);
    }
    return line_end(&line, "summary", out, fault);
}
