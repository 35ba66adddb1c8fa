/* Connections that were read from a capture: as a table, as JSON lines, as CSV; and one of them as a ladder. */
#ifndef REPORT_READ_H
#define REPORT_READ_H

#include <stdbool.h>
#include <stdio.h>

#include "base/fault.h"
#include "follow/follow.h"
#include "follow/purpose.h"
#include "follow/summary.h"
#include "report/ladder_rows.h"
#include "report/page.h"
#include "wire/network_list.h"

/* How the terminal is, and what a table is to have. */
struct read_look {
    unsigned width;
    bool colour, utf8;
    const struct network_list *networks; /* borrowed: the names of those that summaries have */
    bool times;                          /* how long each end was in each state */
};

/* What was not read, and why. */
struct read_lack {
    const char *what; /* static text */
    uint64_t packets;
};

/* The whole of a capture. */
struct read_total {
    uint64_t packets, segments, connections;
    uint64_t others;         /* packets without TCP */
    uint64_t left_out;       /* connections that the table had no room for (--limit) */
    uint64_t evicted;        /* connections that had to be summed up early (--max-connections) */
    uint64_t dropped;        /* packets that the kernel had no room for */
    uint64_t late;           /* segments of connections that were over, and had been summed up */
    nanos first_at, last_at; /* NANOS_NONE: there was no packet */
    const struct read_lack *lacks;
    unsigned lack_count;
};

/* Where the packets come from. All borrowed; NULL: it has none. */
struct read_origin {
    const char *command;
    const char *const *files;
    unsigned file_count;
    const char *interface, *filter;
};

/* Narrower than this the table does not fold: a smaller width counts as this one. */
#define READ_TABLE_WIDTH_MIN 24

/* For people. */
void read_table_head(const struct read_look *look, FILE *out);
void read_table_row(const struct read_look *look, const struct summary *summary, nanos epoch, FILE *out);
void read_table_foot(const struct read_look *look, const struct read_total *total, FILE *out);

/* A line of what read_table_foot() prints, counted from 0; false when there are no more. */
bool read_table_foot_line(const struct read_total *total, unsigned line, struct text *text);

/* "->": A opened; "->?": presumably, "--": nobody knows. Static text. */
const char *read_arrow(const struct summary *summary);

/* How a connection opened, and who closed it and how: in a few words. */
void read_opening_words(struct text *text, const struct summary *summary);
void read_closing_words(struct text *text, const struct summary *summary);

#define READ_TABLE_LINES 5

/* What is known of one connection, in words: a line of them. */
void read_table_line(const struct summary *summary, const struct network_list *networks, unsigned line,
                     struct text *text);

/* " in vlan 5", where that end was seen in a virtual network. */
void read_network_words(struct text *text, const struct network_list *networks, const struct summary_end *end);

/* All of these lines. */
void read_table_one(const struct read_look *look, const struct summary *summary, FILE *out);

/* A page of HTML with a table of these connections. */
void read_html(const struct read_origin *origin, const struct summary *rows, size_t count,
               const struct network_list *networks, const struct read_total *total, FILE *out);

/* For spreadsheets. */
void read_csv_head(FILE *out);
void read_csv_row(const struct summary *summary, const struct network_list *networks, nanos epoch, FILE *out);

/* For programs, as tcpwalk-json(5) describes. Faults as in report/reporter.h. */
bool read_json_start(const struct read_origin *origin, nanos epoch, FILE *out, struct fault *fault);
bool read_json_connection(const struct summary *summary, const struct network_list *networks, nanos epoch, FILE *out,
                          struct fault *fault);
bool read_json_claim(uint64_t connection, unsigned end, const struct claim *claim, nanos epoch, FILE *out,
                     struct fault *fault);
bool read_json_dropped(uint64_t packets, nanos at, nanos epoch, FILE *out, struct fault *fault);
bool read_json_summary(const struct read_total *total, int status, FILE *out, struct fault *fault);

/* A segment of the connection that is looked at, with numbers relative to both ends' initial ones. */
struct read_segment {
    uint64_t connection, packet;
    unsigned from, n;
    enum passage_kind kind;
    struct purposes purposes;
    nanos at; /* since the capture's first packet */
    const struct segment *segment;
    uint32_t rel_seq, rel_ack;
    bool has_rel_ack;
};

/* An ICMP error about a segment of the connection that is looked at. */
struct read_icmp {
    uint64_t connection, packet;
    unsigned end; /* whose segment it quotes */
    nanos at;     /* since the capture's first packet */
    const struct icmp_error *error;
    uint32_t rel_seq; /* of that; valid with has_rel_seq */
    bool has_rel_seq;
};

/* "from 192.0.2.9, about A's seq 1, MTU 1400". */
void read_icmp_words(const struct read_icmp *event, struct text *text);

/* As the others that write JSON lines. */
bool read_json_icmp(const struct read_icmp *event, FILE *out, struct fault *fault);
bool read_json_segment(const struct read_segment *event, FILE *out, struct fault *fault);

/* "part of it", "a retransmission", ... as programs read it. Static text. */
const char *passage_kind_name(enum passage_kind kind);

/* A ladder between two ends. */
struct read_ladder;

/* NULL when there is no memory. head: the two ends as text. */
struct read_ladder *read_ladder_begin(const struct read_look *look, FILE *out);
void read_ladder_segment(struct read_ladder *ladder, const struct read_segment *event);

/* said: in words too, and not only by the end's state (report/read_news.h). */
void read_ladder_claim(struct read_ladder *ladder, unsigned end, const struct claim *claim, nanos epoch, bool said);

/* An ICMP error: a row of its own. */
void read_ladder_icmp(struct read_ladder *ladder, const struct read_icmp *event);

/* Prints what is held back: nothing that belongs to it comes any more. */
void read_ladder_flush(struct read_ladder *ladder);

/* The same, and releases it. NULL is allowed. */
void read_ladder_end(struct read_ladder *ladder);

/*
 * The same as rows, for pictures (report/ladder_rows.h): of one connection, to its end, which says who the ends are. Rows that are
 * all zero are none yet. False with a FAULT_LOCAL.
 */
bool read_rows_segment(struct ladder_rows *rows, const struct read_segment *event, struct fault *fault);
bool read_rows_icmp(struct ladder_rows *rows, const struct read_icmp *event, struct fault *fault);
bool read_rows_claim(struct ladder_rows *rows, unsigned end, const struct claim *claim, nanos epoch, bool said,
                     struct fault *fault);
bool read_rows_end(struct ladder_rows *rows, const struct summary *summary, const struct network_list *networks,
                   struct fault *fault);

/* What is said of a segment of this kind and for this purpose; "" of one that is just part of it. Static text. */
const char *read_segment_words(enum passage_kind kind, struct purposes purposes);

#endif
