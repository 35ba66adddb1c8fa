#include "cmd/told.h"

/* ---- each connection, segment and claim ---- */

void told_row(struct following *following, const struct summary *row)
{
    if (following->options->json)
        read_json_connection(row, following->networks, following->epoch, stdout, &following->fault);
    else if (following->options->csv)
        read_csv_row(row, following->networks, following->epoch, stdout);
    else if (following->options->connection)
        read_table_one(&following->look, row, stdout);
    else
        read_table_row(&following->look, row, following->epoch, stdout);
}

static bool is_looked_at(const struct following *following, uint64_t number)
{
    return following->options->connection == 0 || number == following->options->connection;
}

/* Where rows are only kept until the end, and in the order in which connections began: those behind the first few are not. */
static bool wants_if_kept(void *context, uint64_t number)
{
    const struct following *following = context;

    return !rows_leave_out(&following->rows, number);
}

static void on_over(void *context, const struct summary *row)
{
    struct following *following = context;

    if (!is_looked_at(following, row->number))
        return;
    following->shown = true;
    if (following->pictures.page)
        rows_keep(&following->rows, row, &following->over_fault);
    else if (pictures_wanted(&following->pictures))
        read_rows_end(&following->pictures.ladder, row, following->networks, &following->over_fault);
    if (following->mute)
        return;
    if (following->ladder) {
        read_ladder_end(following->ladder);
        following->ladder = NULL;
    }
    if (following->at_once)
        told_row(following, row);
    else if (!following->pictures.page)
        rows_keep(&following->rows, row, &following->over_fault);
}

/* The first number of an end: its SYN's, or where it is first seen. */
static void note_initials(struct following *following, const struct connection *connection, unsigned from,
                          const struct segment *segment)
{
    bool syn = segment_has(segment, TCP_SYN);

    if (!following->have_initial[from] && !segment_has(segment, TCP_RST)) {
        following->initials[from] = connection->ends[from].has_syn ? connection->ends[from].iss : segment->seq - !syn;
        following->have_initial[from] = true;
    }
    if (!following->have_initial[!from] && segment_has(segment, TCP_ACK) && !segment_has(segment, TCP_RST)) {
        following->initials[!from] = segment->ack - 1;
        following->have_initial[!from] = true;
    }
}

static void on_segment(void *context, const struct connection *connection, unsigned from, unsigned n,
                       enum passage_kind kind, const struct passage *passage)
{
    struct following *following = context;
    const struct segment *segment = passage->segment;
    unsigned a = summary_a(connection);
    struct read_segment event = {
        .connection = connection->number,
        .packet = passage->packet,
        .from = from ^ a,
        .n = n,
        .kind = kind,
        .purposes = purposes_of(connection, from, kind),
        .at = passage->at - following->epoch,
        .segment = segment,
    };

    if (!is_looked_at(following, connection->number))
        return;
    note_initials(following, connection, from, segment);
    following->from = event.from;
    event.rel_seq = segment->seq - following->initials[from];
    event.has_rel_ack = following->have_initial[!from] && segment_has(segment, TCP_ACK);
    event.rel_ack = segment->ack - following->initials[!from];
    if (pictures_wanted(&following->pictures))
        read_rows_segment(&following->pictures.ladder, &event, &following->fault);
    if (following->mute || following->options->csv)
        return;
    if (following->options->json) {
        read_json_segment(&event, stdout, &following->fault);
        return;
    }
    if (!following->ladder)
        following->ladder = read_ladder_begin(&following->look, stdout);
    if (following->ladder)
        read_ladder_segment(following->ladder, &event);
}

static void on_claim(void *context, const struct connection *connection, unsigned end, const struct claim *claim)
{
    struct following *following = context;
    unsigned side = end ^ summary_a(connection);
    bool shown = following->options->connection != 0, said;

    if (!is_looked_at(following, connection->number))
        return;
    /* That it must be in the middle of something is told of an end at once by what its segment proves. */
    if (side == following->from && (claim->reason == REASON_JOINED || claim->reason == REASON_UNSEEN ||
                                    claim->reason == REASON_CONTRADICTED))
        shown = false;
    said = shown && read_is_news(&following->news, side, claim);
    if (shown && pictures_wanted(&following->pictures))
        read_rows_claim(&following->pictures.ladder, side, claim, following->epoch, said, &following->fault);
    if (following->mute || following->options->csv)
        return;
    if (following->options->json)
        read_json_claim(connection->number, side, claim, following->epoch, stdout, &following->fault);
    else if (following->ladder && shown)
        read_ladder_claim(following->ladder, side, claim, following->epoch, said);
}

static void on_icmp(void *context, const struct connection *connection, unsigned end, const struct quotation *quotation)
{
    struct following *following = context;
    const struct read_icmp event = {
        .connection = connection->number,
        .packet = quotation->packet,
        .end = end ^ summary_a(connection),
        .at = quotation->at - following->epoch,
        .error = quotation->error,
        .rel_seq = quotation->error->quoted_seq - following->initials[end],
        .has_rel_seq = following->options->connection && following->have_initial[end],
    };

    if (!is_looked_at(following, connection->number))
        return;
    annotate_icmp(&following->annotated, connection, end, quotation, &following->fault);
    if (following->options->connection && pictures_wanted(&following->pictures))
        read_rows_icmp(&following->pictures.ladder, &event, &following->fault);
    if (following->mute || following->options->csv)
        return;
    if (following->options->json)
        read_json_icmp(&event, stdout, &following->fault);
    else if (following->ladder)
        read_ladder_icmp(following->ladder, &event);
}

/* ---- what --write is told, and then those who show it ---- */

static void on_segment_to_write(void *context, const struct connection *connection, unsigned from, unsigned n,
                                enum passage_kind kind, const struct passage *passage)
{
    struct following *following = context;

    if (is_looked_at(following, connection->number))
        annotate_segment(&following->annotated, connection, from, n, kind, passage, &following->fault);
    if (following->shown_to.segment)
        following->shown_to.segment(context, connection, from, n, kind, passage);
}

static void on_claim_to_write(void *context, const struct connection *connection, unsigned end,
                              const struct claim *claim)
{
    struct following *following = context;

    if (is_looked_at(following, connection->number))
        annotate_claim(&following->annotated, connection, end, claim, following->epoch, &following->fault);
    if (following->shown_to.claim)
        following->shown_to.claim(context, connection, end, claim);
}

/* ---- all together ---- */

struct follow_listener told_listener(struct following *following)
{
    const struct options *options = following->options;
    const bool drawn = options->connection && pictures_wanted(&following->pictures);
    const bool told = drawn || (!following->mute && !options->csv);

    const struct follow_listener shown_to = {
        .context = following,
        .segment = told && options->connection ? on_segment : NULL,
        .claim = told && (options->connection || options->json) ? on_claim : NULL,
        .icmp = on_icmp,
        .over = on_over,
        .wants = following->at_once ? NULL : wants_if_kept,
    };
    struct follow_listener listener = shown_to;

    following->shown_to = shown_to;
    if (following->annotated.copy) {
        listener.segment = on_segment_to_write;
        listener.claim = on_claim_to_write;
    }
    return listener;
}
