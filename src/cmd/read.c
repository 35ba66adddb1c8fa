/*
 * The command read: capture files to connections (follow/), and these to a table, CSV, JSON lines or a ladder of one of
 * them. CSV and JSON lines are written as connections end; a table waits for the end of the capture, and keeps no more
 * rows than it will show (a heap, whose first row is the one that would be left out next).
 */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/complain.h"
#include "follow/follow.h"
#include "follow/summary.h"
#include "io/capture_file.h"
#include "report/output.h"
#include "report/read.h"
#include "report/reporter.h"
#include "wire/dig.h"
#include "wire/link.h"

#define LACKS_MAX 64
#define LINK_WORDS 96

struct task {
    const struct options *options;
    struct read_look look;
    enum summary_key key;
    bool at_once; /* rows are written as connections end */
    struct follow follow;
    void *memory;
    struct fragments *fragments;
    const struct capture_file *file;
    int link_type;
    bool link_known;
    char link_words[LINK_WORDS];

    struct summary *rows;
    size_t row_count, row_room;

    struct read_total total;
    struct read_lack lacks[LACKS_MAX];
    nanos epoch;
    uint64_t packets_before; /* of the files before this one */
    int files;
    char **file_names;

    struct read_ladder *ladder;
    bool shown; /* the connection that is looked at was there */
    uint32_t initials[ENDS];
    bool have_initial[ENDS];
    struct fault fault;
};

/* ---- what was not read ---- */

static void lack(struct task *task, const char *what, uint64_t packets)
{
    for (unsigned i = 0; i < task->total.lack_count; i++)
        if (task->lacks[i].what == what || strcmp(task->lacks[i].what, what) == 0) {
            task->lacks[i].packets += packets;
            return;
        }
    if (task->total.lack_count < LACKS_MAX)
        task->lacks[task->total.lack_count++] = (struct read_lack){what, packets};
}

/* ---- rows ---- */

static bool comes_later(const struct task *task, size_t a, size_t b)
{
    return summary_compare(&task->rows[a], &task->rows[b], task->key) > 0;
}

static void swap(struct task *task, size_t a, size_t b)
{
    struct summary row = task->rows[a];

    task->rows[a] = task->rows[b];
    task->rows[b] = row;
}

/* The heap: no row comes later than the one above it. */
static void sift_up(struct task *task, size_t i)
{
    for (; i > 0 && comes_later(task, i, (i - 1) / 2); i = (i - 1) / 2)
        swap(task, i, (i - 1) / 2);
}

static void sift_down(struct task *task, size_t i, size_t count)
{
    for (;;) {
        size_t latest = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < count; child++)
            if (comes_later(task, child, latest))
                latest = child;
        if (latest == i)
            return;
        swap(task, i, latest);
        i = latest;
    }
}

static bool make_room(struct task *task)
{
    size_t room = task->row_room ? 2 * task->row_room : 64;
    struct summary *rows = realloc(task->rows, room * sizeof(*rows));

    if (!rows)
        return fault_set(&task->fault, FAULT_LOCAL, "no memory for so many connections: see --limit");
    task->rows = rows;
    task->row_room = room;
    return true;
}

static void keep(struct task *task, const struct summary *row)
{
    uint32_t limit = task->options->limit;

    if (limit && task->row_count == limit) {
        task->total.left_out++;
        if (summary_compare(row, &task->rows[0], task->key) > 0)
            return;
        task->rows[0] = *row;
        sift_down(task, 0, task->row_count);
        return;
    }
    if (task->row_count == task->row_room && !make_room(task))
        return;
    task->rows[task->row_count++] = *row;
    sift_up(task, task->row_count - 1);
}

static void sort(struct task *task)
{
    for (size_t count = task->row_count; count > 1; count--) {
        swap(task, 0, count - 1);
        sift_down(task, 0, count - 1);
    }
}

static void write_row(struct task *task, const struct summary *row)
{
    if (task->options->json)
        read_json_connection(row, task->epoch, stdout, &task->fault);
    else if (task->options->csv)
        read_csv_row(row, task->epoch, stdout);
    else if (task->options->connection)
        read_table_one(&task->look, row, stdout);
    else
        read_table_row(&task->look, row, task->epoch, stdout);
}

/* ---- what the connections tell ---- */

static bool is_looked_at(const struct task *task, uint64_t number)
{
    return task->options->connection == 0 || number == task->options->connection;
}

static void on_over(void *context, const struct summary *row)
{
    struct task *task = context;

    if (!is_looked_at(task, row->number) || task->options->quiet)
        return;
    task->shown = true;
    if (task->ladder) {
        read_ladder_end(task->ladder);
        task->ladder = NULL;
    }
    if (task->at_once)
        write_row(task, row);
    else
        keep(task, row);
}

/* The first number of an end: its SYN's, or where it is first seen. */
static void note_initials(struct task *task, const struct connection *connection, unsigned from,
                          const struct segment *segment)
{
    bool syn = segment_has(segment, TCP_SYN);

    if (!task->have_initial[from] && !segment_has(segment, TCP_RST)) {
        task->initials[from] = connection->ends[from].has_syn ? connection->ends[from].iss : segment->seq - !syn;
        task->have_initial[from] = true;
    }
    if (!task->have_initial[!from] && segment_has(segment, TCP_ACK) && !segment_has(segment, TCP_RST)) {
        task->initials[!from] = segment->ack - 1;
        task->have_initial[!from] = true;
    }
}

static void on_segment(void *context, const struct connection *connection, unsigned from, unsigned n,
                       enum passage_kind kind, const struct passage *passage)
{
    struct task *task = context;
    const struct segment *segment = passage->segment;
    unsigned a = summary_a(connection);
    struct read_segment event = {
        .connection = connection->number,
        .packet = passage->packet,
        .from = from ^ a,
        .n = n,
        .kind = kind,
        .at = passage->at - task->epoch,
        .segment = segment,
    };

    if (!is_looked_at(task, connection->number))
        return;
    note_initials(task, connection, from, segment);
    event.rel_seq = segment->seq - task->initials[from];
    event.has_rel_ack = task->have_initial[!from] && segment_has(segment, TCP_ACK);
    event.rel_ack = segment->ack - task->initials[!from];
    if (task->options->json) {
        read_json_segment(&event, stdout, &task->fault);
        return;
    }
    if (!task->ladder)
        task->ladder = read_ladder_begin(&task->look, stdout);
    if (task->ladder)
        read_ladder_segment(task->ladder, &event);
}

static void on_claim(void *context, const struct connection *connection, unsigned end, const struct claim *claim)
{
    struct task *task = context;
    unsigned side = end ^ summary_a(connection);

    if (!is_looked_at(task, connection->number))
        return;
    if (task->options->json)
        read_json_claim(connection->number, side, claim, task->epoch, stdout, &task->fault);
    else if (task->ladder)
        read_ladder_claim(task->ladder, side, claim, task->epoch);
}

/* ---- packets ---- */

static bool start(struct task *task, nanos at)
{
    task->epoch = task->total.first_at = at;
    if (task->options->json)
        return read_json_start((const char *const *)task->file_names, (unsigned)task->files, task->options->filter, at,
                               stdout, &task->fault);
    if (task->options->csv)
        read_csv_head(stdout);
    return true;
}

/* A link type that the packet before did not have. */
static void note_link_type(struct task *task, int link_type)
{
    const char *name = capture_file_link_name(link_type);

    task->link_type = link_type;
    task->link_known = link_is_known(link_type);
    if (!task->link_known)
        snprintf(task->link_words, sizeof(task->link_words), "link type %s (%d), which is not known here",
                 name ? name : "without a name", link_type);
}

static bool on_packet(void *context, const struct captured *captured, int link_type, uint64_t number)
{
    struct task *task = context;
    struct packet packet;

    if (task->total.packets++ == 0 && !start(task, captured->at))
        return false;
    task->total.last_at = captured->at;
    if (link_type != task->link_type)
        note_link_type(task, link_type);
    if (!task->link_known) {
        lack(task, task->link_words, 1);
        return true;
    }
    packet_dig(task->link_type, captured->bytes, captured->captured, captured->length, captured->at, task->fragments,
               &packet);
    if (packet.kind == PACKET_SEGMENT) {
        const struct passage passage = {task->packets_before + number, captured->at, &packet.src, &packet.dst,
                                        &packet.segment};
        follow_pass(&task->follow, &passage);
    } else if (packet.kind == PACKET_ODDITY) {
        lack(task, packet.oddity, 1);
    } else if (!packet.oddity) {
        task->total.others++;
    }
    return task->fault.kind == FAULT_NONE;
}

static bool read_file(struct task *task, const char *path)
{
    struct capture_file *file;
    bool whole;

    if (!capture_file_open(&file, path, task->options->filter, &task->fault))
        return false;
    task->packets_before = task->total.packets;
    whole = capture_file_each(file, on_packet, task, &task->fault);
    capture_file_close(file);
    return whole && task->fault.kind == FAULT_NONE;
}

/* ---- all together ---- */

static void look_at_terminal(struct read_look *look)
{
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
    struct winsize size;

    look->width = REPORT_WIDTH_DEFAULT;
    if (!isatty(STDOUT_FILENO))
        return;
    look->colour = !(no_colour && *no_colour) && term && strcmp(term, "dumb") != 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        look->width = size.ws_col < REPORT_WIDTH_MIN ? REPORT_WIDTH_MIN : size.ws_col;
}

static bool choose_key(struct task *task, struct fault *fault)
{
    const char *wanted = task->options->sort;

    if (!wanted)
        return true;
    for (unsigned key = 0; key < SORT_KEYS; key++)
        if (strcmp(wanted, summary_key_name((enum summary_key)key)) == 0) {
            task->key = (enum summary_key)key;
            return true;
        }
    return fault_set(fault, FAULT_USAGE,
                     "--sort: '%s' is none of number, duration, bytes, segments, retransmitted, rtt, close, a, b",
                     wanted);
}

static bool prepare(struct task *task, struct fault *fault)
{
    const struct options *options = task->options;
    bool events = options->connection || options->json;
    struct follow_listener listener = {
        .context = task,
        .segment = options->connection && !options->quiet && !options->csv ? on_segment : NULL,
        .claim = events && !options->quiet && !options->csv ? on_claim : NULL,
        .over = on_over,
    };

    task->at_once = options->connection || ((options->json || options->csv) && !options->sort && !options->limit_set);
    task->memory = calloc(1, follow_memory(options->max_connections));
    task->fragments = calloc(1, sizeof(*task->fragments));
    if (!task->memory || !task->fragments)
        return fault_set(fault, FAULT_LOCAL, "no memory for %u connections (--max-connections)",
                         options->max_connections);
    follow_init(&task->follow, options->max_connections, task->memory, &listener);
    return true;
}

static void conclude(struct task *task, int status)
{
    struct read_total *total = &task->total;

    follow_end(&task->follow);
    read_ladder_end(task->ladder);
    task->ladder = NULL;
    fragments_end(task->fragments);
    if (task->fragments->given_up)
        lack(task, "IP packets of which not all fragments are there", task->fragments->given_up);
    total->lacks = task->lacks;
    total->connections = task->follow.connections;
    total->segments = task->follow.segments;
    total->evicted = task->follow.evicted;
    sort(task);
    if (task->options->quiet)
        return;
    if (!task->at_once && !task->options->json && !task->options->csv)
        read_table_head(&task->look, stdout);
    for (size_t i = 0; i < task->row_count; i++)
        write_row(task, &task->rows[i]);
    if (task->options->json)
        read_json_summary(total, status, stdout, &task->fault);
    else if (!task->options->csv)
        read_table_foot(&task->look, total, stdout);
}

int run_read(const struct command *command, const struct options *options, int count, char **operands,
             const struct lab *lab, struct fault *fault)
{
    struct task task = {.options = options, .files = count, .file_names = operands, .link_type = -1};
    int status;

    (void)command, (void)lab;
    task.total.first_at = task.total.last_at = NANOS_NONE;
    if (count == 0) {
        fault_set(fault, FAULT_USAGE, "read takes capture files, or - for standard input (see tcpwalk --help)");
        return STATUS_USAGE;
    }
    look_at_terminal(&task.look);
    errno = 0;
    if (choose_key(&task, fault) && prepare(&task, fault))
        for (int i = 0; i < count && read_file(&task, operands[i]); i++)
            continue;
    if (fault->kind == FAULT_NONE) {
        struct fault met = task.fault;
        status = exit_status_of(&met);
        if (met.kind != FAULT_USAGE) {
            task.fault = (struct fault){0};
            conclude(&task, status);
        }
        *fault = met.kind != FAULT_NONE ? met : task.fault;
        if (fault->kind == FAULT_NONE)
            output_flush(stdout, fault);
        if (fault->kind == FAULT_NONE && options->connection && !task.shown && !options->quiet)
            fault_set(fault, FAULT_USAGE, "--connection: there is no connection %u", options->connection);
    }
    status = exit_status_of(fault);
    free(task.rows);
    free(task.memory);
    free(task.fragments);
    return status;
}
