#include "cmd/following.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/terminal.h"
#include "io/capture_file.h"
#include "report/output.h"
#include "report/reporter.h"
#include "wire/dig.h"
#include "wire/glimpse.h"
#include "wire/link.h"

/* ---- what was not read ---- */

static void lack(struct following *following, const char *what, uint64_t packets)
{
    for (unsigned i = 0; i < following->total.lack_count; i++)
        if (following->lacks[i].what == what || strcmp(following->lacks[i].what, what) == 0) {
            following->lacks[i].packets += packets;
            return;
        }
    if (following->total.lack_count < LACKS_MAX)
        following->lacks[following->total.lack_count++] = (struct read_lack){what, packets};
}

/* ---- what the connections tell ---- */

static void write_row(struct following *following, const struct summary *row)
{
    if (following->options->json)
        read_json_connection(row, following->epoch, stdout, &following->fault);
    else if (following->options->csv)
        read_csv_row(row, following->epoch, stdout);
    else if (following->options->connection)
        read_table_one(&following->look, row, stdout);
    else
        read_table_row(&following->look, row, following->epoch, stdout);
}

static bool is_looked_at(const struct following *following, uint64_t number)
{
    return following->options->connection == 0 || number == following->options->connection;
}

/* Where rows are only kept until the end: all that on_over() would do with others is to have them left out. */
static bool wants_if_kept(void *context, uint64_t number)
{
    struct following *following = context;

    return !rows_leave_out(&following->rows, number);
}

static void on_over(void *context, const struct summary *row)
{
    struct following *following = context;

    if (!is_looked_at(following, row->number))
        return;
    following->shown = true;
    if (following->pictures.page)
        rows_keep(&following->rows, row, &following->fault);
    else if (pictures_wanted(&following->pictures))
        read_rows_end(&following->pictures.ladder, row, &following->fault);
    if (following->mute)
        return;
    if (following->ladder) {
        read_ladder_end(following->ladder);
        following->ladder = NULL;
    }
    if (following->at_once)
        write_row(following, row);
    else if (!following->pictures.page)
        rows_keep(&following->rows, row, &following->fault);
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
        .at = passage->at - following->epoch,
        .segment = segment,
    };

    if (!is_looked_at(following, connection->number))
        return;
    note_initials(following, connection, from, segment);
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

    if (!is_looked_at(following, connection->number))
        return;
    if (following->options->connection && pictures_wanted(&following->pictures))
        read_rows_claim(&following->pictures.ladder, side, claim, following->epoch, &following->fault);
    if (following->mute || following->options->csv)
        return;
    if (following->options->json)
        read_json_claim(connection->number, side, claim, following->epoch, stdout, &following->fault);
    else if (following->ladder)
        read_ladder_claim(following->ladder, side, claim, following->epoch);
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

/* ---- packets ---- */

bool following_start(struct following *following, nanos at)
{
    const struct options *options = following->options;

    following->started = true;
    following->epoch = at;
    if (following->mute)
        return true;
    if (options->json)
        return read_json_start(&following->origin, at, stdout, &following->fault);
    if (options->csv)
        read_csv_head(stdout);
    else if (following->at_once && !options->connection)
        read_table_head(&following->look, stdout);
    else if (following->origin.interface && options->connection)
        following->ladder = read_ladder_begin(&following->look, stdout); /* nothing may come for long: it has begun */
    return true;
}

/* A link type that the packet before did not have. */
static void note_link_type(struct following *following, int link_type)
{
    const char *name = capture_file_link_name(link_type);

    following->link_type = link_type;
    following->link_known = link_is_known(link_type);
    if (!following->link_known)
        snprintf(following->link_words, sizeof(following->link_words), "link type %s (%d), which is not known here",
                 name ? name : "without a name", link_type);
}

void following_settle(struct following *following)
{
    follow_pass_all(&following->follow, following->passages, following->waiting);
    following->waiting = 0;
    follow_glimpse_all(&following->follow, following->glimpses, following->glimpsed);
    following->glimpsed = 0;
}

/* Segments are followed some at a time, which is faster; but at once where somebody listens to each. */
static void pass(struct following *following, const struct packet *packet, nanos at, uint64_t number)
{
    if (following->glimpsed > 0)
        following_settle(following);
    following->passages[following->waiting++] =
        (struct passage){number, at, &packet->src, &packet->dst, &packet->segment, packet->network};
    if (following->waiting == PASSAGES_MAX || !following->follow.briefly)
        following_settle(following);
}

/*
 * Where nobody listens to each segment, a glimpse is enough for most. False when it is not. What waits of the other kind goes
 * first, here and in pass().
 */
static inline bool pass_glimpse(struct following *following, const struct captured *captured, uint64_t number)
{
    struct glimpse *glimpse = &following->glimpses[following->glimpsed];

    if (!following->follow.briefly || following->link_type != LINK_ETHERNET ||
        !glimpse_read(captured->bytes, captured->captured, captured->length, glimpse))
        return false;
    if (following->waiting > 0)
        following_settle(following);
    glimpse->segment.at = captured->at;
    glimpse->packet = number;
    if (++following->glimpsed == PASSAGES_MAX)
        following_settle(following);
    return true;
}

static void pass_icmp(struct following *following, const struct packet *packet, nanos at, uint64_t number)
{
    const struct quotation quotation = {number, at, &packet->icmp, packet->network};

    following_settle(following); /* what it quotes may wait there */
    if (!follow_icmp(&following->follow, &quotation))
        following->total.others++;
}

bool following_packet(struct following *following, const struct captured *captured, int link_type, uint64_t number)
{
    struct packet *packet = &following->packets[following->waiting];

    if (following->total.packets++ == 0)
        following->total.first_at = captured->at;
    following->total.last_at = captured->at;
    if (!following->started && !following_start(following, captured->at))
        return false;
    if (link_type != following->link_type)
        note_link_type(following, link_type);
    if (!following->link_known) {
        lack(following, following->link_words, 1);
        return true;
    }
    if (pass_glimpse(following, captured, number))
        return following->fault.kind == FAULT_NONE;
    packet_dig(following->link_type, captured->bytes, captured->captured, captured->length, captured->at,
               following->fragments, packet);
    if (packet->kind == PACKET_SEGMENT)
        pass(following, packet, captured->at, number);
    else if (packet->kind == PACKET_ODDITY)
        lack(following, packet->oddity, 1);
    else if (packet->kind == PACKET_ICMP_ERROR)
        pass_icmp(following, packet, captured->at, number);
    else if (!packet->oddity)
        following->total.others++;
    return following->fault.kind == FAULT_NONE;
}

/* ---- what goes on ---- */

/* A connection that is over is reported when for so long nothing more came of it, such as a FIN once more. */
#define SETTLED (500 * NANOS_PER_MS)

bool following_wait(struct following *following, nanos at)
{
    following_settle(following);
    follow_wait(&following->follow, at, SETTLED);
    return following->fault.kind == FAULT_NONE;
}

bool following_flush(struct following *following)
{
    following_settle(following);
    if (following->ladder)
        read_ladder_flush(following->ladder);
    if (following->annotated.copy && !copy_flush(following->annotated.copy, &following->fault))
        return false;
    return output_flush(stdout, &following->fault);
}

bool following_dropped(struct following *following, uint64_t packets, nanos at)
{
    following->total.dropped += packets;
    return !following->options->json || following->mute ||
           read_json_dropped(packets, at, following->epoch, stdout, &following->fault);
}

/* ---- all together ---- */

static void look_at_terminal(struct read_look *look)
{
    struct report_options terminal = {.width = 0};

    terminal_look(&terminal);
    look->utf8 = terminal.utf8;
    look->colour = terminal.colour;
    look->width = terminal.width == 0                 ? REPORT_WIDTH_DEFAULT
                  : terminal.width < REPORT_WIDTH_MIN ? REPORT_WIDTH_MIN
                                                      : terminal.width;
}

static bool choose_key(const char *wanted, enum summary_key *out, struct fault *fault)
{
    if (!wanted)
        return true;
    for (unsigned key = 0; key < SORT_KEYS; key++)
        if (strcmp(wanted, summary_key_name((enum summary_key)key)) == 0) {
            *out = (enum summary_key)key;
            return true;
        }
    return fault_set(fault, FAULT_USAGE,
                     "--sort: '%s' is none of number, duration, bytes, segments, retransmitted, rtt, close, a, b",
                     wanted);
}

static void write_page(const void *context, FILE *out)
{
    const struct following *following = context;
    struct read_total total = following->total;

    total.left_out = following->rows.left_out;
    read_html(&following->origin, following->rows.rows, following->rows.count, &total, out);
}

/* A picture is of one connection; but of all there is a table. */
static bool open_pictures(struct following *following, const char *command, struct fault *fault)
{
    const struct options *options = following->options;

    if (!pictures_open(&following->pictures, options, command, fault))
        return false;
    following->mute = options->quiet || pictures_take_output(&following->pictures);
    if (!options->connection && (options->svg || options->mermaid))
        return fault_set(fault, FAULT_USAGE,
                         "--svg and --mermaid show one connection: say which with --connection N (read without them "
                         "numbers the connections)");
    if (!options->connection && options->html) {
        following->pictures.page = write_page;
        following->pictures.context = following;
    }
    return true;
}

/* Who follow/ tells: nobody needs more than there is to be shown. */
static struct follow_listener choose_listener(struct following *following)
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

bool following_init(struct following *following, const struct options *options, const struct read_origin *origin,
                    bool at_once, struct fault *fault)
{
    struct follow_listener listener;

    *following = (struct following){.options = options, .origin = *origin, .link_type = -1};
    following->total.first_at = following->total.last_at = NANOS_NONE;
    following->rows.limit = options->limit;
    following->at_once =
        options->connection || ((at_once || options->json || options->csv) && !options->sort && !options->limit_set);
    look_at_terminal(&following->look);
    if (!choose_key(options->sort, &following->rows.key, fault) || !open_pictures(following, origin->command, fault) ||
        !annotate_open(&following->annotated, options, origin->files, origin->file_count, fault))
        return false;
    following->memory = calloc(1, follow_memory(options->max_connections));
    following->fragments = calloc(1, sizeof(*following->fragments));
    if (!following->memory || !following->fragments)
        return fault_set(fault, FAULT_LOCAL, "no memory for %u connections (--max-connections)",
                         options->max_connections);
    listener = choose_listener(following);
    follow_init(&following->follow, options->max_connections, following->memory, &listener);
    return true;
}

/* What only the end tells of the whole. */
static void add_up(struct following *following)
{
    struct read_total *total = &following->total;

    following_settle(following);
    follow_end(&following->follow);
    read_ladder_end(following->ladder);
    following->ladder = NULL;
    fragments_end(following->fragments);
    if (following->fragments->given_up)
        lack(following, "IP packets of which not all fragments are there", following->fragments->given_up);
    rows_sort(&following->rows);
    total->lacks = following->lacks;
    total->connections = following->follow.connections;
    total->segments = following->follow.segments;
    total->evicted = following->follow.evicted;
    total->late = following->follow.late_segments;
    total->left_out = following->at_once ? 0 : following->rows.left_out;
}

static void write_end(struct following *following, int status)
{
    const struct options *options = following->options;

    if (!following->at_once && !options->json && !options->csv)
        read_table_head(&following->look, stdout);
    for (size_t i = 0; i < following->rows.count && !following->at_once; i++)
        write_row(following, &following->rows.rows[i]);
    if (options->json)
        read_json_summary(&following->total, status, stdout, &following->fault);
    else if (!options->csv)
        read_table_foot(&following->look, &following->total, stdout);
}

void following_conclude(struct following *following, struct fault *fault)
{
    following->fault = (struct fault){0};
    add_up(following);
    if (!following->mute)
        write_end(following, exit_status_of(fault));
    /* Where not even a packet could be read there is nothing to be shown. */
    if (fault->kind == FAULT_NONE || following->total.packets > 0)
        pictures_write(&following->pictures, &following->fault);
    annotate_end(&following->annotated, &following->fault);
    if (fault->kind == FAULT_NONE)
        *fault = following->fault;
    if (fault->kind == FAULT_NONE)
        output_flush(stdout, fault);
}

void following_free(struct following *following)
{
    pictures_close(&following->pictures);
    annotate_close(&following->annotated);
    rows_free(&following->rows);
    free(following->memory);
    free(following->fragments);
}
