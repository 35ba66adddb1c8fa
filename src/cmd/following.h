/*
 * What read and watch share: packets to connections (follow/), and these to a table, CSV, JSON lines or a ladder of one of
 * them. CSV and JSON lines are written as connections end; a table waits for the end, unless rows are written at once.
 */
#ifndef CMD_FOLLOWING_H
#define CMD_FOLLOWING_H

#include "cmd/annotate.h"
#include "cmd/beside.h"
#include "cmd/options.h"
#include "cmd/pictures.h"
#include "cmd/rows.h"
#include "follow/follow.h"
#include "io/capture.h"
#include "report/read.h"
#include "report/read_news.h"
#include "wire/fragments.h"
#include "wire/network_list.h"
#include "wire/packet.h"

#define LACKS_MAX 64
#define LINK_WORDS 96
#define LINKS_NAMED 8 /* of the link types that are not known, so many are told apart */

/*
 * The second part is written by the thread that follows, as soon as there is one (cmd/beside.h), until following_settle() returns:
 * it shares no line of the processors' caches with the third, which changes while packets are read.
 */
struct following {
    const struct options *options;
    struct read_origin origin;
    bool at_once; /* rows are written as connections end */
    bool brief;   /* nobody listens to each segment */
    bool mute;    /* nothing is said on standard output */
    bool alone;   /* no thread will follow */
    bool opened;  /* set by who reads files: there is something to be read */
    void *memory; /* owned, as fragments */
    struct fragments *fragments;
    struct network_list *networks; /* owned: those whose numbers passages and summaries have */
    struct batch *own;             /* owned */
    struct beside *beside;         /* owned; NULL: not, or not yet */
    struct read_look look;
    struct pictures pictures;
    struct follow_listener shown_to; /* who is told besides annotated */

    _Alignas(CACHE_LINE) struct follow follow;
    struct rows rows;
    bool shown;              /* the connection that is looked at was there */
    struct fault over_fault; /* of what is told at the end of a connection */

    _Alignas(CACHE_LINE) struct batch *batch; /* what waits for more, to be followed with it: own, or beside's */
    int link_type;                            /* of the packet before */
    bool link_known;
    const char *link_words; /* of the packet before, if it is not known */
    struct read_total total;
    struct read_lack lacks[LACKS_MAX];
    struct unknown_link {
        int link_type;
        char words[LINK_WORDS];
    } unknown_links[LINKS_NAMED];
    unsigned unknown_link_count;
    nanos epoch;
    bool started;
    struct annotated annotated; /* whoever has the packets begins and writes each of them */
    struct read_ladder *ladder;
    unsigned from;         /* of the latest segment that was told */
    struct read_news news; /* what the ladder, or a picture, has said */
    uint32_t initials[ENDS];
    bool have_initial[ENDS];
    struct fault fault; /* the first; nothing goes on after it */
};

/*
 * Makes ready. options is borrowed, and all that origin points at. at_once: rows are written as connections end also
 * where they are a table. following_free() is due also when it fails.
 */
bool following_init(struct following *following, const struct options *options, const struct read_origin *origin,
                    bool at_once, struct fault *fault);

/* Begins the output: times are told since then. With the first packet at the latest. */
bool following_start(struct following *following, nanos at);

/* Takes a packet; number: as events name it. False when a fault is set, in following->fault. */
bool following_packet(struct following *following, const struct captured *captured, int link_type, uint64_t number);

/* Segments that have come may wait until there are more, to be followed together. Returns when all have been. */
void following_settle(struct following *following);

/*
 * The capture is going on, and all that passed before this time has been handed over: does what only time does, and writes
 * what was held back for want of more. False when a fault is set, in following->fault.
 */
bool following_wait(struct following *following, nanos at);

/* Writes out what has been written so far, to be seen now. False as above. */
bool following_flush(struct following *following);

/* So many packets were dropped by the kernel until now. False as above. */
bool following_dropped(struct following *following, uint64_t packets, nanos at);

/*
 * Writes what is left: connections that are not over, rows that were kept, totals. *fault: what ended it, which decides the
 * status that the totals name; else it gets what goes wrong here.
 */
void following_conclude(struct following *following, struct fault *fault);

/* Frees everything. */
void following_free(struct following *following);

#endif
