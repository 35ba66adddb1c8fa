/* One connection as a third party sees it pass: what each end has sent, how it opened and closed, what is believed. */
#ifndef FOLLOW_CONNECTION_H
#define FOLLOW_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/nanos.h"
#include "core/belief.h"
#include "core/segment.h"
#include "follow/stays.h"

/* How it opened, as far as was seen. */
enum opening {
    OPENING_UNSEEN,       /* the capture begins later */
    OPENING_TRIED,        /* a SYN, and no answer */
    OPENING_ANSWERED,     /* a SYN-ACK, and nothing that acknowledges it */
    OPENING_REFUSED,      /* a RST in answer to the SYN */
    OPENING_DONE,         /* the handshake is complete */
    OPENING_IMPLIED,      /* ... as what follows shows: not all of it was seen */
    OPENING_SIMULTANEOUS, /* ... and both ends sent a SYN without ACK */
};

/* How it was closed. */
enum closing {
    CLOSING_NEVER,        /* no FIN and no RST that counts */
    CLOSING_HALF,         /* one end has closed */
    CLOSING_THREE,        /* the second FIN was the acknowledgement of the first */
    CLOSING_FOUR,         /* ... came after it */
    CLOSING_SIMULTANEOUS, /* the FINs crossed */
    CLOSING_RESET,        /* a RST ended it, after a FIN perhaps */
};

/* Ends of a connection are numbered; NOBODY is none of them. */
enum { END_A, END_B, ENDS, NOBODY = ENDS };

/* Segments that passed a moment ago, to know copies that the capture made. */
#define RECENT 4

struct recent {
    uint64_t words[4]; /* all that a copy has in common with its original; the last is 0: none */
    nanos at;
};

/* So many gaps are remembered, to know what fills them: more than a few losses and a reordered burst make at a time. */
#define HOLES 32

/* What one end has sent. */
struct end {
    uint32_t iss;         /* valid with has_syn */
    uint32_t syn_end;     /* one past what its SYN took; valid with has_syn */
    uint32_t next;        /* one past the highest number that it has used; valid with has_next */
    uint32_t next_before; /* ... before the segment that is judged; valid with had_next */
    uint32_t claimed;     /* more than that, as one segment of the other says; valid with has_claimed */
    uint32_t acked;       /* the highest that it has acknowledged; valid with has_acked */
    uint32_t window;      /* the largest that it has offered, in bytes, at most */
    uint32_t fin;         /* the number of its FIN; valid with has_fin */
    uint32_t fin_ack;     /* what that acknowledged */
    uint32_t old_iss;     /* of a SYN before the one that counts; valid with has_old_syn */
    bool seen;
    bool has_syn, syn_alone; /* a SYN that was seen, or that an answer shows; one without ACK was seen */
    bool has_old_syn;
    bool has_next, has_acked, had_next, has_claimed;
    bool jumped; /* the segment that is judged is of it only because of those before: after a long loss */
    bool has_hole;
    bool next_is_fin; /* the number before next was taken by a FIN */
    bool has_fin;
    bool has_doubtful_fin; /* one that the other end should have refused; fin and fin_at are its */
    bool fin_acks_fin;     /* its FIN acknowledged the other's, or left when that had been acknowledged */
    bool acked_fin;        /* it has acknowledged the other's FIN */
    bool acked_fin_first;  /* ... before it sent its own */
    bool has_wscale;
    uint8_t wscale;
    uint32_t letters; /* of its letters in the history: bits, from 'a' */
    uint64_t segments, bytes, retransmitted, doubles, strays;
    uint64_t icmp_errors; /* that quote what it had in flight */
    uint64_t unseen;      /* numbers that passed unseen, by what the other end acknowledged or by gaps */
    struct hole {
        uint32_t from, to;
    } holes[HOLES]; /* the latest gaps in its numbers; void ones are equal */
    unsigned next_hole;
    uint32_t first_hole; /* where the first began; valid with has_hole */
    uint32_t stray_end;  /* one past the latest stray's numbers: strays in a row make sense after a long loss */
    unsigned stray_run;
    nanos syn_at, fin_at;
    nanos syn_again_at; /* of the latest SYN that repeats it; NANOS_NONE */
    uint32_t syn_tsval, syn_again_tsval;
    bool syn_stamped; /* ... and they have these timestamps */
    bool syn_answers; /* it has acknowledged the other's SYN with one of its own */
    struct recent recent[RECENT];
    unsigned recent_next;
    /* What only ends.c is about, and a bare connection does not have: it is not even cleared there. */
    struct stays stays;
    bool doubted; /* the segment that is judged says that more has passed of it than was seen */
    nanos due_told; /* that a timer can have ended its state by then has been told */
    struct belief belief;
};

#define CONNECTION_HISTORY 48

struct connection {
    uint64_t number; /* in the order of first segments, from 1 */
    struct endpoint at[ENDS];
    struct end ends[ENDS];
    uint64_t first_packet, last_packet; /* as the capture counts them */
    nanos first_at, last_at;
    unsigned segments;   /* both ends', as evidence counts them */
    unsigned opener;     /* who sent the first SYN; NOBODY */
    bool opener_guessed; /* the SYN was not seen: by what the other end answered */
    enum opening opening;
    unsigned closer; /* who closed first: ENDS: nobody; see closing for both at once */
    enum closing closing;
    bool closed;    /* both FINs are acknowledged, or it was reset */
    bool fin_first; /* of a reset: a FIN came before it */
    unsigned resetter;
    bool reset_exact; /* its number was the one that the other end expects */
    uint32_t reset_seq;
    uint32_t reset_next[ENDS]; /* one past each end's numbers when it passed */
    nanos reset_at;
    bool undone;    /* a RST or a FIN of another's making was contradicted by what followed */
    nanos open_rtt; /* SYN to SYN-ACK, as seen where it was captured; NANOS_NONE */
    nanos open;     /* first SYN to the ACK that completes it; NANOS_NONE */
    bool has_pending;
    struct pending { /* a SYN with another number: it may open the next connection */
        struct segment segment;
        unsigned from;
        uint64_t packet;
        nanos at;
    } pending;
    bool bare;   /* nothing is believed of its ends: nobody will be told of it (struct follow_listener) */
    bool stands; /* ordinary segments leave it as it is (ordinary.c) */
    nanos due;   /* no claim's time is up before that */
    char history[CONNECTION_HISTORY];
    unsigned history_used;

    /* the table's */
    uint32_t slot; /* of this connection; NO_SLOT when it is none of the table's */
    uint32_t free; /* the next of those that are not in use */
};

#define NO_SLOT UINT32_MAX

/* "three-way", "refused", ... as programs read it. Static text. */
const char *opening_name(enum opening opening);
const char *closing_name(enum closing closing);

#endif
