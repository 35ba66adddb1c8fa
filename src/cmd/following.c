#include "cmd/following.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/terminal.h"
#include "cmd/told.h"
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
    if (following->total.lack_count < LACKS_MAX) {
        following->lacks[following->total.lack_count++] = (struct read_lack){what, packets};
        return;
    }
    following->lacks[LACKS_MAX - 1].what = "for other reasons";
    following->lacks[LACKS_MAX - 1].packets += packets;
}

/* How many connections have no row among those that are kept. */
static uint64_t left_out(const struct following *following)
{
    return following->follow.connections - following->rows.count;
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

/* Words for a link type that is not known, which stay. */
static const char *name_link(struct following *following, int link_type)
{
    const char *name = capture_file_link_name(link_type);
    struct unknown_link *link = following->unknown_links;

    for (unsigned i = 0; i < following->unknown_link_count; i++, link++)
        if (link->link_type == link_type)
            return link->words;
    if (following->unknown_link_count == LINKS_NAMED)
        return "other link types, which are not known here";
    following->unknown_link_count++;
    link->link_type = link_type;
    snprintf(link->words, sizeof(link->words), "link type %s (%d), which is not known here",
             name ? name : "without a name", link_type);
    return link->words;
}

/* A link type that the packet before did not have. */
static void note_link_type(struct following *following, int link_type)
{
    following->link_type = link_type;
    following->link_known = link_is_known(link_type);
    if (!following->link_known)
        following->link_words = name_link(following, link_type);
}

/* So many packets make it worth while to follow them in a thread of their own. */
#define BESIDE_FROM 4096

/* Nobody is to be told of anything before the end, but of rows, which are kept. */
static bool may_be_beside(const struct following *following)
{
    return following->brief && !following->at_once && !following->origin.interface && beside_has_processor();
}

static void heed_over_fault(struct following *following)
{
    if (following->fault.kind == FAULT_NONE)
        following->fault = following->over_fault;
}

/* Follows what is in the batch, or hands it over to who does. */
static void follow_batch(struct following *following)
{
    if (following->beside) {
        if (!beside_hand_over(following->beside))
            following_settle(following);
        following->batch = beside_batch(following->beside);
        return;
    }
    following->total.others += batch_follow(following->own, &following->follow);
    batch_empty(following->own);
    heed_over_fault(following);
}

void following_settle(struct following *following)
{
    if (!following->beside) {
        follow_batch(following);
        return;
    }
    beside_hand_over(following->beside);
    following->batch = beside_batch(following->beside);
    following->total.others += beside_wait(following->beside);
    heed_over_fault(following);
}

static void start_beside(struct following *following)
{
    following->beside = may_be_beside(following) ? beside_start(&following->follow, &following->over_fault) : NULL;
    following->alone = !following->beside;
    following->batch = following->beside ? beside_batch(following->beside) : following->own;
}

/* Who follows itself takes few at a time, which stay close at hand; and each at once where somebody listens to each. */
static void note_added(struct following *following)
{
    unsigned enough = following->brief ? PASSAGES_MAX : 1;

    if (following->beside ? !batch_is_full(following->batch) : following->batch->count < enough)
        return;
    follow_batch(following);
    if (following->total.packets >= BESIDE_FROM && !following->beside && !following->alone)
        start_beside(following);
}

/* Where nobody listens to each segment, a glimpse is enough for most. False when it is not. */
static inline bool pass_glimpse(struct following *following, const struct captured *captured, uint64_t number)
{
    struct glimpse *glimpse = batch_next_glimpse(following->batch);

    if (!following->brief || following->link_type != LINK_ETHERNET ||
        !glimpse_read(captured->bytes, captured->captured, captured->length, glimpse))
        return false;
    glimpse->segment.at = captured->at;
    glimpse->packet = number;
    batch_add_glimpse(following->batch);
    note_added(following);
    return true;
}

bool following_packet(struct following *following, const struct captured *captured, int link_type, uint64_t number)
{
    struct packet *packet;

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
    packet = batch_next_packet(following->batch);
    packet_dig(following->link_type, captured->bytes, captured->captured, captured->length, captured->at,
               following->fragments, packet);
    packet->network = network_list_number(following->networks, packet);
    if (packet->kind == PACKET_SEGMENT)
        batch_add_segment(following->batch, captured->at, number);
    else if (packet->kind == PACKET_ICMP_ERROR)
        batch_add_icmp(following->batch, captured->at, number);
    else if (packet->kind == PACKET_ODDITY)
        lack(following, packet->oddity, 1);
    else if (!packet->oddity)
        following->total.others++;
    note_added(following);
    return following->fault.kind == FAULT_NONE;
}

/* ---- what goes on ---- */

/* A connection that is over is reported when for so long nothing more came of it, such as a FIN once more. */
#define SETTLED (500 * NANOS_PER_MS)

bool following_wait(struct following *following, nanos at)
{
    following_settle(following);
    follow_wait(&following->follow, at, SETTLED);
    heed_over_fault(following);
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

static void look_at_terminal(struct read_look *look, unsigned least)
{
    struct report_options terminal = {.width = 0};

    terminal_look(&terminal);
    look->utf8 = terminal.utf8;
    look->colour = terminal.colour;
    look->width = terminal.width == 0 ? REPORT_WIDTH_DEFAULT : terminal.width < least ? least : terminal.width;
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

    total.left_out = left_out(following);
    read_html(&following->origin, following->rows.rows, following->rows.count, following->networks, &total, out);
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

bool following_init(struct following *following, const struct options *options, const struct read_origin *origin,
                    bool at_once, struct fault *fault)
{
    struct follow_listener listener;

    *following = (struct following){.options = options, .origin = *origin, .link_type = -1};
    following->total.first_at = following->total.last_at = NANOS_NONE;
    following->rows.limit = options->limit;
    following->at_once =
        options->connection || ((at_once || options->json || options->csv) && !options->sort && !options->limit_set);
    look_at_terminal(&following->look, options->connection ? REPORT_WIDTH_MIN : READ_TABLE_WIDTH_MIN);
    following->look.times = options->times;
    if (!choose_key(options->sort, &following->rows.key, fault) || !open_pictures(following, origin->command, fault) ||
        !annotate_open(&following->annotated, options, fault))
        return false;
    following->batch = following->own = batch_new();
    following->memory = calloc(1, follow_memory(options->max_connections));
    following->fragments = calloc(1, sizeof(*following->fragments));
    following->look.networks = following->networks = calloc(1, sizeof(*following->networks));
    if (!following->own || !following->memory || !following->fragments || !following->networks)
        return fault_set(fault, FAULT_LOCAL, "no memory for %u connections (--max-connections)",
                         options->max_connections);
    listener = told_listener(following);
    follow_init(&following->follow, options->max_connections, following->memory, &listener);
    following->brief = following->follow.briefly;
    return true;
}

/* What only the end tells of the whole. */
static void add_up(struct following *following)
{
    struct read_total *total = &following->total;

    following_settle(following);
    follow_end(&following->follow);
    heed_over_fault(following);
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
    total->left_out = following->at_once ? 0 : left_out(following);
}

static void write_end(struct following *following, int status)
{
    const struct options *options = following->options;

    if (!following->opened && !following->started && !options->json)
        return; /* what ended it says all */
    if (following->rows.count > 0 && !following->at_once && !options->json && !options->csv)
        read_table_head(&following->look, stdout);
    for (size_t i = 0; i < following->rows.count && !following->at_once; i++)
        told_row(following, &following->rows.rows[i]);
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
    output_flush(stdout, fault->kind == FAULT_NONE ? fault : &(struct fault){0});
}

void following_free(struct following *following)
{
    beside_end(following->beside);
    pictures_close(&following->pictures);
    annotate_close(&following->annotated);
    rows_free(&following->rows);
    free(following->own);
    free(following->memory);
    free(following->fragments);
    free(following->networks);
}
