/*
 * What is known of one connection from its numbers: what left, what arrived, in which order the FINs went. All of
 * it stays true for good, whenever the segments were sent; what it means for the peer's state is the belief's
 * business.
 *
 * Of what left two things are kept apart. `may` has whatever a segment of ours can do to some peer, in order or
 * not: what is possible or proven rests on it alone. `sent` has only what a peer that keeps RFC 9293 does when all
 * arrives as it left: what is presumed rests on it.
 */
#ifndef CORE_KNOWLEDGE_H
#define CORE_KNOWLEDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/nanos.h"
#include "core/moves.h"
#include "core/ours.h"
#include "core/segment.h"

/* Did the peer send its FIN before or after our FIN reached it? It decides between CLOSING and LAST-ACK. */
enum fin_order {
    FIN_ORDER_UNKNOWN,
    FIN_ORDER_AFTER_OURS,  /* it acknowledged our FIN while its own was unsent */
    FIN_ORDER_BEFORE_OURS, /* it had sent its FIN without acknowledging ours */
};

/* Does an acknowledgement cover our FIN? */
enum cover {
    COVERS_NOT,
    COVERS_PERHAPS, /* the number before it was a FIN's and something else's */
    COVERS,
};

/* A segment of the peer, as far as it takes to tell a later one from a copy of it. */
struct mark {
    bool set;
    uint32_t ack;
    uint32_t tsval;
    bool has_tsval;
};

/* A segment of ours that a RST can be the answer to although the peer has the connection (RFC 9293 3.10.7.4). */
struct question {
    bool syn;         /* it had a SYN: it may have opened a connection, or refused one */
    bool bare;        /* it had no ACK: number is one past its end, which the RST acknowledges (3.10.7.1) */
    uint32_t number;  /* else its acknowledgement, which the RST has as its number */
    state_set states; /* where the peer could be when it left */
    struct landmark left;
};

#define QUESTIONS 4

/* A segment of ours that only asks, the latest of its kind. */
struct asked {
    bool set;
    uint32_t seq;
    nanos at;
};

/* Our latest timestamps, and when they left. */
#define STAMPS 16

struct stamp {
    bool set;
    uint32_t tsval;
    nanos at;
};

/* Numbers of ours that left: all from here on not before this time. */
#define PASSED 3

struct passed {
    bool set;
    uint32_t from;
    nanos at;
};

struct knowledge {
    unsigned sent; /* SENT_ bits: what is expected to count */
    unsigned may;  /* SENT_ bits: what can count, if anywhere */
    struct ours ours;
    uint32_t iss;     /* our initial number, valid with iss_known; else there is none, or the peer may have taken any */
    bool iss_known;   /* ... */
    uint32_t ack_max; /* the highest acknowledgement we sent of what we had heard; valid with ack_sent */
    unsigned
        ack_copies; /* how many segments carried it alone: three more than one have the peer repeat (RFC 5681 3.2) */
    bool ack_sent;
    struct ranges ahead;     /* acknowledgements we sent of what had not arrived: its FIN may have been among it */
    struct ranges refusable; /* wrong acknowledgements that left while the peer could still be opening */
    state_set refusing;      /* ... in these states */
    struct ranges asked_ends, asked_acks; /* the numbers of questions that are forgotten: an answer can be late */
    uint32_t fin_ack_lowest; /* the lowest acknowledgement that a copy of our FIN carried; void without fin_acks */
    bool fin_acks;           /* every copy of our FIN had one, of what we had heard */
    bool fin_without_ack;    /* a copy of our FIN did not acknowledge its FIN */
    bool wscale_offered;     /* by us, in the SYN that counts */
    uint8_t wscale;
    bool its_sack_offered;   /* by it, in its SYN */
    bool its_wscale_offered; /* by it, in its SYN: only then windows are scaled (RFC 7323 2.2) */
    uint8_t its_wscale;
    bool reset_sent;     /* a RST of ours left */
    uint32_t window_max; /* the largest window that we offered, in bytes */
    bool window_small;   /* we once offered so little that it may hold back what it has to send */
    uint32_t tsval_out;  /* our highest timestamp; valid with tsval_sent */
    bool tsval_sent;
    bool tsval_wild; /* it has jumped about: no echo tells anything */
    struct stamp stamps[STAMPS];
    unsigned stamps_next;
    nanos stamped_at; /* none of them left later */
    bool heard_open;  /* it has sent more than SYNs */
    bool
        cookie_shift; /* an acknowledgement of its SYN left with a number beyond the first: a cookie counts from there */
    bool opening_unstamped; /* an acknowledgement of its SYN left without a timestamp, or beyond the first number */
    bool opening_stamped;   /* one left with a timestamp */
    uint32_t opening_tsval; /* the lowest of these; valid with opening_stamped */
    bool sack_offered;      /* by us */
    uint16_t mss_offered;   /* by us; 0: none */
    struct asked old_byte;  /* bytes that it has, and nothing else */
    bool drawing;           /* one left that can draw an ACK from SYN-RECEIVED, other than a copy of our SYN */

    bool irs_known;
    uint32_t irs;                     /* the peer's initial number */
    bool awaited;                     /* it is the peer that is to open */
    bool observed;                    /* seen by a third party: see core/observed.h */
    bool reopening;           /* ... and it has perhaps sent the SYN of another connection */
    bool scale_unknown;               /* ... whose capture lacks the SYNs: windows are at least what they say */
    bool joined;                      /* ... or lacks one of them: what it knows begins in the middle */
    uint32_t joined_its, joined_ours; /* the first numbers that it knows; valid with joined */
    bool incomplete;                  /* ... and it lacks more than that: segments of the other end passed unseen */
    bool answers_lately;              /* the segment that is judged acknowledges what left lately */
    struct passed passed[PASSED];
    unsigned passed_next;
    uint32_t passed_end;      /* one past the highest of them; valid with passed_next > 0 */
    bool ours_unseen;         /* the peer has acknowledged what was not seen to leave */
    uint32_t ours_unseen_end; /* one past that: the number before may have been a FIN; of the latest such */
    uint32_t room_end;        /* the farthest right edge of our windows; valid with roomed */
    bool roomed;
    bool its_syn_alone; /* it sent its SYN without ACK: it opens, it does not listen */
    uint32_t stranger;  /* the initial number of a SYN-ACK that is of another connection; valid with has_stranger */
    bool has_stranger;
    bool courted;        /* ... and we acknowledged that: it may be open */
    uint32_t heard_max;  /* one past the highest number of the peer that arrived (SYN and FIN counted) */
    uint32_t in_order;   /* one past what arrived without a gap */
    struct ranges heard; /* what arrived beyond that */
    uint32_t acked_max;  /* the highest acknowledgement of the peer; valid with acked_any */
    bool acked_any;
    uint32_t edge; /* the end of its window, as far as it told; valid with acked_any */
    bool syn_ack_seen;
    nanos syn_ack_at; /* when the first one arrived; valid with syn_ack_seen */
    bool overacked; /* it has acknowledged what was never sent: then it may have taken what was, in a way of its own */
    bool unaccounted; /* something of the peer's arrived that made no sense */
    bool its_fin_seen;
    uint32_t its_fin_seq;
    uint32_t its_fin_ack; /* the least that a copy of its FIN has acknowledged; valid with its_fin_seen */
    nanos its_fin_at;    /* when its first copy arrived; valid with its_fin_seen */
    nanos fin_unsent_at; /* it had not sent its FIN when this was on its way: a time of ours; NANOS_NONE: unknown */
    bool counts_packets; /* it has numbered its IPv4 packets, as Linux does for a whole socket */
    unsigned broken;     /* bits by enum habit: it has shown that it does not have it */
    enum fin_order order;
    bool tsval_seen;
    uint32_t its_tsval;      /* the first that it sent; valid with tsval_seen */
    uint32_t tsval_max;      /* the peer's newest timestamp */
    struct mark its_syn_ack; /* its latest copies */
    struct mark its_fin;
    struct mark all_acked_by; /* the first answer that shows it got an acknowledgement of all we have heard */

    struct landmark syn_ack_ack, data, fin, fin_ack, rst;
    struct landmark all_acked; /* our first segment that acknowledged all that we have heard */
    struct question questions[QUESTIONS];
    unsigned questions_next;
    nanos open_rtt; /* of the SYN exchange; NANOS_NONE until known */
};

/* Half of the largest distance of numbers on the circle: those below the first that is known. */
#define JOINED_SPAN (UINT32_C(1) << 30)

/* Nothing has left and nothing has arrived. */
void knowledge_init(struct knowledge *known);

/*
 * A segment of ours left: number n, at capture time `at`. doubtful: nobody knows whether the peer will take it for a
 * segment at all. Returns the SENT_ bits that it is expected to have.
 */
unsigned knowledge_sent(struct knowledge *known, const struct segment *segment, bool doubtful, unsigned n, nanos at);

/* Its parts of knowledge_sent(): the window that it offers. */
void knowledge_note_window(struct knowledge *known, const struct segment *segment);

/* ... the landmarks that it sets (effects, and of these the ones that are expected), its stamp. */
void knowledge_note_landmarks(struct knowledge *known, const struct segment *segment, unsigned effects,
                              unsigned expected, unsigned n, nanos at);

/* Timestamps that are further apart than this are not compared. */
#define TSVAL_JUMP (UINT32_C(1) << 29)

/* A timestamp of ours left. */
void knowledge_note_stamp(struct knowledge *known, uint32_t tsval, nanos at);

/* The same segment, if it can draw a RST: the peer could be in these states when it left. */
void knowledge_note_question(struct knowledge *known, const struct segment *segment, state_set states, unsigned n,
                             nanos at);

/* A segment of ours left: is it one that only asks? Before it is noted otherwise. */
void knowledge_note_asked(struct knowledge *known, const struct segment *segment, nanos at);

/* A segment of the peer arrived that belongs to this connection: what it tells of the peer's habits. Before it is noted otherwise. */
void knowledge_note_answer(struct knowledge *known, const struct segment *segment, nanos at);

/* Is SACK agreed on (RFC 2018 2)? */
bool knowledge_has_sack(const struct knowledge *known);

/* Does this segment of the peer report the old byte that we sent last (RFC 2883 4)? */
bool knowledge_reports_old_byte(const struct knowledge *known, const struct segment *segment);

/*
 * The latest time at which a segment of ours left that the peer had when it sent this, as far as it shows;
 * NANOS_NONE when it shows nothing.
 */
nanos knowledge_answers_at(const struct knowledge *known, const struct segment *segment);

/* The peer's initial number is new: answers to what was asked before can still come, and prove nothing of it. */
void knowledge_forget_questions(struct knowledge *known);

/* Have we sent this acknowledgement as a question? */
bool knowledge_asked(const struct knowledge *known, uint32_t ack);

/* A segment of the peer arrived that belongs to this connection. */
void knowledge_received(struct knowledge *known, const struct segment *segment, nanos at);

/* A SYN of the peer arrived that is not of this connection, and begins none of which we know. */
void knowledge_note_stranger(struct knowledge *known, const struct segment *syn);

/* This SYN of the peer begins another connection: what was known of the peer's numbers is over. */
void knowledge_restart(struct knowledge *known, const struct segment *syn);

/* What we presumed was wrong: of what we sent, the peer has only what it says. */
void knowledge_note_loss(struct knowledge *known);

/* Was this segment certainly sent before something that has arrived, or is it a copy of that? */
bool knowledge_is_older(const struct knowledge *known, const struct segment *segment);

/*
 * Has the peer sent its FIN before ours arrived? A copy of it did not acknowledge ours, which is known only now that this has
 * passed.
 */
bool knowledge_fin_was_first(const struct knowledge *known);

/* Does this acknowledgement cover our FIN? */
enum cover knowledge_covers_fin(const struct knowledge *known, uint32_t ack);

/* The SYNs of ours, as bits by index, from which this acknowledgement counts if it is of this connection. */
unsigned knowledge_counts_from(const struct knowledge *known, uint32_t ack);

/* Have we sent an acknowledgement of its FIN, or one that may have been of a FIN that has not arrived? */
bool knowledge_may_have_acked_fin(const struct knowledge *known);

/* Can a SYN of ours (an index) have opened another connection than the one that is known? */
bool knowledge_reopens(const struct knowledge *known, unsigned index);

/* Can any SYN of ours? */
bool knowledge_may_reopen(const struct knowledge *known);

/* Did our windows leave the peer room for what it had to send? */
bool knowledge_gave_room(const struct knowledge *known);

/* Can the peer have been in SYN-RECEIVED: is it not known as one that opens, or had it a SYN without ACK of ours? */
bool knowledge_may_have_received_syn(const struct knowledge *known);

/* Where the peer can get to from the states of the set, whatever arrives and whatever its application does. */
state_set knowledge_reachable(const struct knowledge *known, state_set from);

/* A segment of ours left, as a third party sees it: when its numbers were new. */
void knowledge_note_passed(struct knowledge *known, const struct segment *segment, nanos at);

/*
 * To a third party that misses segments, a segment that acknowledges more than those before it may be a keep-alive still:
 * all in between can have passed unseen. But none is sent within a second of what it acknowledges: an idle time is
 * two hours (RFC 9293 3.8.4), and the shortest that Linux takes is a second. Has that left so shortly before `at`?
 */
bool knowledge_left_lately(const struct knowledge *known, uint32_t ack, nanos at);

/* Does its timestamp echo show that the peer accepted this segment of ours or a later one (RFC 7323 4.3)? */
bool knowledge_is_echoed(const struct knowledge *known, const struct landmark *landmark, const struct segment *segment);

/* Was this segment of the peer certainly sent after the marked one? */
bool mark_is_before(const struct mark *mark, const struct segment *segment);

#endif
