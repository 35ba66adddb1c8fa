/*
 * Following all connections of a capture.
 *
 * Theory of operation. The capture may be of any vantage, and lack anything. Segments come in the order of the capture.
 * Each is found its connection by its two endpoints (table.c; networks.c), and then, in this order,
 *
 *   1. numbers.c asks what it can be by its numbers: a copy that the capture made of the same segment; a stray, with
 *      numbers that no end of this connection can use or accept, such as a forged RST; or a segment of the
 *      connection. It tells new bytes from repeated ones, and finds what passed unseen: numbers that one end
 *      acknowledges, and that were not seen of the other.
 *   2. course.c keeps the course of the connection: who opened, whether the handshake was completed, who closed
 *      first and how. A RST counts only with the number that the other end expects, and neither RST nor FIN ends
 *      anything that then goes on: what contradicts one undoes it.
 *   3. ends.c tells the beliefs of both ends (core/observed.h): its sender's, that it was received, and the other's,
 *      that it was sent; and before that, what of the other passed unseen. A copy is not told, nor is a stray, but for
 *      a RST.
 *
 * A SYN with another number for a connection that is not over may be anything. It is kept, and begins a connection
 * of its own once it is answered with a SYN-ACK, or when the old one is over.
 *
 * Most segments of long connections are ordinary, and none of this need be asked of them (ordinary.c).
 *
 * Short connections are only written down, as long as nobody listens to their segments (brief.h). And of those that nobody
 * will be told of, the numbers and the course are kept, by which connections are told from each other, and counted, but ends.c
 * is not asked.
 *
 * A connection ends its stay in the table when it has been over for a while, when there is no room left and it is the
 * one that was idle for longest, or at the end; and is reported then. Memory is that of the table, which the caller
 * gives: it does not grow.
 *
 * Where the capture is going on (idle.c), nobody wants to wait that long: a connection is reported soon after it is
 * over, and stays for what comes late, which changes nothing any more; unless that shows that it was not over.
 */
#ifndef FOLLOW_FOLLOW_H
#define FOLLOW_FOLLOW_H

#include <stddef.h>

#include "follow/brief.h"
#include "follow/connection.h"
#include "follow/summary.h"

/* One segment, as it passed. */
struct passage {
    uint64_t packet; /* of the capture, from 1 */
    nanos at;
    const struct endpoint *src, *dst;
    const struct segment *segment;
    uint32_t network; /* the virtual network in which it was seen; 0: none */
};

/* What a passage was to its connection. */
enum passage_kind {
    PASSAGE_NEW,            /* part of it */
    PASSAGE_RETRANSMISSION, /* ... that repeats numbers */
    PASSAGE_DOUBLE,         /* the same segment, captured once more */
    PASSAGE_STRAY,          /* its numbers do not fit this connection */
};

/* An ICMP error, as it passed. */
struct quotation {
    uint64_t packet;
    nanos at;
    const struct icmp_error *error;
    uint32_t network; /* as in a passage */
};

/* Who is told. Members may be NULL. What is pointed at is valid during the call. */
struct follow_listener {
    void *context;
    /* A segment has been judged; n counts those of the connection from 1. */
    void (*segment)(void *context, const struct connection *connection, unsigned from, unsigned n,
                    enum passage_kind kind, const struct passage *passage);
    /* A claim about an end, right after the segment that it follows from, or when a timer's time was up. */
    void (*claim)(void *context, const struct connection *connection, unsigned end, const struct claim *claim);
    /* An ICMP error has passed that quotes a segment which this end had in flight. The connection may be bare. */
    void (*icmp)(void *context, const struct connection *connection, unsigned end, const struct quotation *quotation);
    /* Its last word, unless it goes on after all: then there is another one. */
    void (*over)(void *context, const struct summary *summary);
    /*
     * Will over() be wanted to tell of the connection with this number? NULL: of each. The answer must always be the same. Of
     * one that is not wanted, where segments and claims are not wanted either, nothing is believed (connection->bare).
     */
    bool (*wants)(void *context, uint64_t number);
};

/* A place in the table. */
struct slot {
    uint32_t full;        /* where it is followed in full; NO_SLOT: it is brief */
    uint8_t count;        /* of brief segments */
    uint8_t fins;         /* of them, bits: the ends whose FIN is there ... */
    uint8_t acked;        /* ... and those whose FIN is acknowledged; both for a RST */
    bool over : 1;        /* it is in the ring of those that are over */
    bool told : 1;        /* reported as over, before it leaves */
    bool reported : 1;    /* ... or was, and then it went on */
    bool fins_differ : 1; /* of a brief one: an end has sent FINs with several numbers */
    struct endpoint at[ENDS];
    uint32_t network[ENDS]; /* in which each end's segments are seen */
    nanos last_at;
    uint64_t last_packet, first_packet;
    uint64_t number;      /* 0: free */
    uint32_t end[ENDS];   /* of a brief one: one past the latest SYN or FIN of each end, ... */
    uint32_t first[ENDS]; /* ... its first number, ... */
    uint32_t used[ENDS];  /* ... and how many from there it has used */
    struct brief_segment brief[BRIEF_MAX];
};

/*
 * What is looked at to find a slot, and what changes when another slot's turn comes: apart from the slots, for these few
 * bytes of all slots in use stay in the processor's cache, and theirs do not.
 */
struct place {
    uint32_t hash;
    uint32_t chain; /* the next in the same bucket; or of the free ones */
};

/* A list in the order of last segments: of indices, NO_SLOT at both ends. */
struct order {
    struct order_link {
        uint32_t older, newer;
    } * links; /* borrowed */
    uint32_t oldest, newest;
};

/* So many that are over stay for what comes late: few enough for a processor's cache. */
#define OVER_MAX 2048

/* Of so many that left before that we know that they were there. */
#define LATE_MAX 16384

/* How many can be followed in full at once, of so many connections. */
#define FULL_MAX 5000

struct follow {
    struct follow_listener listener;
    struct slot *slots;       /* borrowed, as all of these */
    struct connection *fulls; /* ... and one more, to replay brief ones in */
    struct brief_memo *memos;
    struct place *places; /* of the slots, by index */
    uint32_t *buckets;
    struct order by_slot, by_full; /* of slots; of connections that are followed in full */
    uint32_t slot_count, used, free;
    uint32_t full_count, full_used, full_free;
    struct over {
        uint32_t slot;
        uint64_t number;
        uint64_t print; /* its endpoints */
    } over[OVER_MAX];   /* a ring */
    unsigned over_next;
    struct late { /* the latest that left the ring, by their endpoints */
        uint64_t print;
        nanos at;
    } late[LATE_MAX];
    bool networks; /* endpoints have had connections in several virtual networks at once */
    bool briefly;  /* short connections are not followed in full: nobody listens to segments and claims */
    bool thorough; /* ordinary segments are judged as all others, as tests want it: which comes to the same */
    uint64_t connections, evicted, segments, late_segments;
    uint64_t ordinary; /* segments that took the shortcut (ordinary.c) */
    nanos now;
    nanos let_go_at; /* before that nothing has had its time, unless the clock goes back */
};

/* How many bytes of memory follow_init() wants for so many connections at once. */
size_t follow_memory(uint32_t connections);

/* Starts with nothing seen. memory (borrowed): follow_memory() bytes, aligned for anything, all zero. */
void follow_init(struct follow *follow, uint32_t connections, void *memory, const struct follow_listener *listener);

/* A segment has passed. */
void follow_pass(struct follow *follow, const struct passage *passage);

#define PASSAGES_MAX 16

/*
 * So many have passed, in this order, at most PASSAGES_MAX. Quicker than one by one: while one is judged, memory brings
 * what the next needs.
 */
void follow_pass_all(struct follow *follow, const struct passage passages[], unsigned count);

/*
 * An ICMP error has passed: it is told of the connection whose segment it quotes, and counted there. It is news of no state: who
 * gets it takes it as advice, or gives up, and is heard of no more. False when it quotes nothing that is in flight.
 */
bool follow_icmp(struct follow *follow, const struct quotation *quotation);

/*
 * The same with what is seen of segments at a glimpse, where nobody listens to each (briefly): quicker still, for most of a
 * short connection are written down as they are.
 */
void follow_glimpse_all(struct follow *follow, const struct glimpse glimpses[], unsigned count);

/*
 * The capture is going on, and all that passed before this time has been handed over. Does what only time does: reports
 * those that have been over for so long as `settled` has it, those that tried to open and got nowhere, and what a state's
 * shortest life leaves of a claim.
 */
void follow_wait(struct follow *follow, nanos at, nanos settled);

/* The capture has ended: all that are left are reported, and of those that are not over, first what time has done. */
void follow_end(struct follow *follow);

/* ---- among the files of this layer ---- */

/* A new connection, of which the passage's source is END_A, in the table. */
struct slot *follow_begin(struct follow *follow, const struct passage *passage, uint32_t hash);

/* A segment whose endpoints have this connection, or none (NULL); from: as for find_first() (follow/find.h). */
void follow_pass_to(struct follow *follow, const struct passage *passage, uint32_t hash, struct slot *slot,
                    unsigned from);

/* Writes down a segment that brief_takes() takes. */
void follow_write_down(struct slot *slot, unsigned from, const struct passage *passage);

/*
 * A segment of endpoints that have this connection: the one that it belongs to is in *slot then, and its end in *from; NULL, where
 * it begins another one. True when nothing is left to do: it is kept, and may begin another one later.
 */
bool another_take(struct follow *follow, struct slot **slot, unsigned *from, const struct passage *passage);

/* What was kept begins a connection after all: the old one leaves the table. Returns the new one's place. */
struct slot *follow_begin_pending(struct follow *follow, struct slot *old);

/* If a connection is over now: it stays for a while, but not more than a few of them: the oldest makes room. */
void follow_note_over(struct follow *follow, struct slot *slot);

/* This connection, of endpoints with this print, is over, and leaves the table before what may come late. */
void late_note(struct follow *follow, const struct slot *slot, uint64_t print);

/* That will be noted soon of endpoints with this print: asks memory for its place. */
void late_fetch(const struct follow *follow, uint64_t print);

/* Is this, for whose endpoints there is no connection, what comes late of one? */
bool late_is(struct follow *follow, const struct passage *passage);

/*
 * Behind this one, which find_first() (follow/find.h) has found, another one of the passage's endpoints, or NULL: the same
 * endpoints may have one in each virtual network. *from is which end of it the source is.
 */
struct slot *table_find_next(struct follow *follow, const struct slot *slot, const struct passage *passage,
                             unsigned *from);

/*
 * Of the connections of these endpoints, of which `first` was found, the passage's, or NULL; *from is as for table_find_next().
 */
struct slot *networks_find(struct follow *follow, struct slot *first, const struct passage *passage, unsigned *from);

/* Fills in, in the summary of a slot's connection, in which networks its ends were seen. */
void networks_sum_up(const struct follow *follow, const struct slot *slot, struct summary *out);

/* Follows a connection in full from now on. */
struct connection *follow_in_full(struct follow *follow, struct slot *slot);

/* A new one, of which the passage's source is END_A; makes room if there is none. */
struct slot *table_add(struct follow *follow, const struct passage *passage, uint32_t hash);

/* Connections with these hashes will be looked at soon: asks memory for them. */
void table_fetch_all(const struct follow *follow, const uint32_t hashes[], unsigned count);

/* The same for one slot, all of it. */
void table_fetch(const struct follow *follow, uint32_t index);

/* It has had a segment just now. */
void table_touch(struct follow *follow, struct slot *slot);

/* Takes it out. */
void table_remove(struct follow *follow, struct slot *slot);

/* Empties a connection, which will be bare, or not. */
void table_clear(struct connection *connection, bool bare);

/* A connection in full, for this slot; makes room if there is none. It is bare if nothing more is wanted. */
struct connection *table_fill(struct follow *follow, struct slot *slot);

/* Will anybody be told of the connection with this number in the end? */
static inline bool follow_wants(const struct follow *follow, uint64_t number)
{
    return !follow->listener.wants || follow->listener.wants(follow->listener.context, number);
}

/* The connection of a slot that has one. */
static inline struct connection *slot_connection(const struct follow *follow, const struct slot *slot)
{
    return &follow->fulls[slot->full];
}

/* Is it over, as far as a glance tells? */
bool follow_is_over(const struct follow *follow, const struct slot *slot);

/* Reports those at the old end that are over, and had their time. */
void follow_let_go(struct follow *follow, nanos at);

/* Lets claims fall back whose states' time can be up: the one first whose was up first. */
void follow_expire(struct follow *follow, struct connection *connection, nanos at);

/*
 * Tells of those of a connection that is not over, and lets them stand: it is summed up as it was with its last segment. What was
 * told here is not told again.
 */
void follow_tell_due(struct follow *follow, struct connection *connection, nanos at);

/* Reports what is in a slot. early: for want of room. */
void follow_report(struct follow *follow, struct slot *slot, bool early);

/* ... and takes it out of the table. */
void follow_close(struct follow *follow, struct slot *slot, bool early);

/* What a segment is by its numbers; notes it. */
enum passage_kind numbers_note(struct connection *connection, unsigned from, const struct segment *segment, nanos at);

/*
 * The same for an ordinary segment (ordinary.c): it comes next, has only ACK of SYN, FIN, RST and ACK, acknowledges what was
 * seen and no less than before, and no number of either end is missing. False, and nothing is noted, when it is a copy that
 * the capture made.
 */
bool numbers_note_ordinary(struct connection *connection, unsigned from, const struct segment *segment, nanos at);

/* One of the latest segments of an end. */
struct earlier {
    nanos at;
    uint32_t seq, ack, len;
    uint16_t window;
    uint8_t flags;
};

/* The latest one for 0, the one before it for 1, up to RECENT of them. False where there is none. */
bool numbers_earlier(const struct end *end, unsigned back, struct earlier *out);

/* Is the window known to which this end is held, and has nothing been lost? Then it can't use numbers beyond. */
bool numbers_held(const struct connection *connection, unsigned from);

/* Is it a number that the connection's end can use at all, the other's window being what it is? */
bool numbers_fit(const struct connection *connection, unsigned from, const struct segment *segment);

/* What an acknowledgement by `from` is, of what the other has sent. */
enum ack_kind {
    ACK_WRONG,   /* of nothing that can be */
    ACK_KNOWN,   /* of what was seen */
    ACK_FIRST,   /* nothing of the other is known yet: its numbers begin here */
    ACK_CLAIMED, /* of what was not seen, and nothing else speaks for it */
    ACK_UNSEEN,  /* of what was not seen, and this is not the first to say so */
};

/* Which of these it is. */
enum ack_kind numbers_ack(const struct connection *connection, unsigned from, uint32_t ack);

/* Keeps the course of the connection. Since when what counted turns out not to; NANOS_NEVER: all that counted still does. */
nanos course_note(struct connection *connection, unsigned from, enum passage_kind kind, const struct segment *segment,
                  nanos at);

/* Do ordinary segments leave the connection as it is? Holds until another one than these has passed. */
bool ordinary_connection(const struct connection *connection);

/*
 * A segment has passed of a connection that stands (struct connection): if it is ordinary, all that there is to do is done.
 * Else nothing is.
 */
bool ordinary_pass(struct follow *follow, struct connection *connection, unsigned from, const struct passage *passage);

/* Has this end's history this letter (in lower case)? */
bool course_has_letter(const struct end *end, char letter);

/* Adds a letter to the history: of END_A in capitals. */
void course_letter(struct connection *connection, unsigned from, char letter);

/* Both ends' beliefs of a new connection, whose first segment from END_A this is. */
void ends_init(struct connection *connection, const struct segment *segment);

/* What passed; before numbers_note() has noted it, what is unseen before it. */
void ends_prepare(struct follow *follow, struct connection *connection, unsigned from, const struct segment *segment,
                  nanos at);
void ends_pass(struct follow *follow, struct connection *connection, unsigned from, const struct segment *segment,
               nanos at);

/* What was believed of both was wrong from some time on: they are joined anew. */
void ends_rejoin(struct follow *follow, struct connection *connection, nanos wrong_since, nanos at);

/* Tells the listener of claims about an end. */
void ends_tell(struct follow *follow, struct connection *connection, unsigned end, const struct claim *claims,
               unsigned count);

#endif
