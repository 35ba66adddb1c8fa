/* One action of a walk. The step language (step/) reads and prints lists of these; the walk runs them. */
#ifndef WALK_STEP_H
#define WALK_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nanos.h"
#include "core/claim.h"
#include "core/segment.h"
#include "core/state.h"

enum step_kind {
    /* whole exchanges, with acknowledgements and retransmission */
    STEP_OPEN,       /* SYN, wait for the SYN-ACK, ACK */
    STEP_LISTEN,     /* wait for the peer's SYN; only as the first step */
    STEP_ACCEPT,     /* answer the peer's SYN with SYN-ACK and wait for its ACK */
    STEP_SEND,       /* queue bytes and see them sent; nothing happens when there are none */
    STEP_HALF_CLOSE, /* close our direction and wait until our FIN is acknowledged */
    STEP_DRAIN,      /* take what comes until the peer's FIN, or as long as the step may take */
    STEP_CLOSE,      /* half-close, the peer's FIN (which must come), then as STEP_LINGER */
    STEP_LINGER,     /* in TIME-WAIT: stay to answer a repeated FIN */
    STEP_ABORT,      /* an exact RST */
    STEP_PROBE,      /* ask the peer where it is */
    /* by hand */
    STEP_SEGMENT, /* one segment, once */
    STEP_AUTO,    /* what is done without being asked */
    STEP_WAIT,
    /* expectations: the walk fails when they don't come true */
    STEP_EXPECT_SEGMENT,
    STEP_EXPECT_NOTHING,
    STEP_EXPECT_STATE,
    STEP_EXPECT_DATA,
    STEP_EXPECT_ICMP,
};

/* What a number is counted from. */
enum number_base {
    NUMBER_INITIAL,  /* the initial number of the sender of that number: ISS for our seq, IRS for our ack */
    NUMBER_ABSOLUTE, /* as it goes on the wire */
    NUMBER_NEXT,     /* our SND.NXT for our seq and the peer's ack, our RCV.NXT for our ack and the peer's seq */
    NUMBER_UNACKED,  /* our SND.UNA, likewise; for numbers of the peer the same as NUMBER_NEXT */
};

/* A sequence number as it is written: base, offset, and so many times the window of its receiver. */
struct number {
    enum number_base base;
    int64_t offset;
    int8_t windows; /* our SND.WND for our numbers, our RCV.WND for the peer's */
};

/* The fields that can be set in a segment by hand, compared in an expectation, or both. */
enum field {
    FIELD_SEQ,
    FIELD_ACK,
    FIELD_WIN,
    FIELD_LEN,
    FIELD_URG,
    FIELD_TTL,
    FIELD_TOS,
    FIELD_ID,
    FIELD_RESERVED,
    FIELD_TSVAL,
    FIELD_TSECR,
    FIELD_MSS,    /* expectation only */
    FIELD_WSCALE, /* expectation only */
    FIELD_COUNT
};

enum comparison { COMPARE_EQUAL, COMPARE_UNEQUAL, COMPARE_LESS, COMPARE_MORE, COMPARE_AT_MOST, COMPARE_AT_LEAST };

struct field_value {
    enum field field;
    enum comparison comparison; /* COMPARE_EQUAL in a segment by hand */
    struct number number;       /* FIELD_SEQ and FIELD_ACK; all others are absolute, in .offset */
};

#define STEP_FIELDS 16

/* The word that a segment by hand was written with: it says what the segment has if nothing else is said. */
enum segment_word { WORD_SEGMENT, WORD_SYN, WORD_SYNACK, WORD_ACK, WORD_FIN, WORD_RST };

enum bytes_kind {
    BYTES_TEXT, /* written as a string */
    BYTES_HEX,
    BYTES_FILE,  /* of a file; loaded by whoever runs the script */
    BYTES_ZEROS, /* so many zeros; made by whoever runs the script */
};

/* What is sent. */
struct step_bytes {
    enum bytes_kind kind;
    const uint8_t *bytes; /* (borrowed) for BYTES_FILE and BYTES_ZEROS NULL until loaded */
    uint32_t len;         /* for BYTES_FILE 0 until loaded */
    const char *path;     /* BYTES_FILE (borrowed) */
};

struct step_segment {
    enum segment_word word;
    uint8_t flags;
    struct field_value fields[STEP_FIELDS]; /* each field at most once */
    unsigned field_count;
    bool has_data; /* payload; without it, FIELD_LEN zeros, or none */
    struct step_bytes data;
    bool is_crafted; /* one of options, offset, checksum and fragment was given: */
    struct crafted crafted;
};

/* What our end does without being asked. */
enum automatic { AUTO_ACK, AUTO_RETRANSMIT, AUTO_PROBE };

/* Which probes a step sends. */
enum probe_scope {
    PROBE_CHOSEN,      /* as few as tell the states apart that the belief leaves */
    PROBE_ALL,         /* every harmless one */
    PROBE_DESTRUCTIVE, /* those that can change or end the connection */
    /* this one, once */
    PROBE_ONLY_OLD_BYTE,
    PROBE_ONLY_OLD_ACK,
    PROBE_ONLY_BARE,
    PROBE_ONLY_SYN_COPY,
    PROBE_SCOPES
};

enum options_test {
    OPTIONS_ANY,
    OPTIONS_HAVE, /* options~<...>: these at least */
    OPTIONS_LACK, /* options!~<...>: none of these */
    OPTIONS_ARE,  /* options=<...>: these and no others; padding does not count */
};

struct step_expect_segment {
    bool next;              /* it must be the very next segment */
    bool any_flags;         /* whatever its flags */
    uint8_t flags;          /* those that it must have */
    uint8_t flags_optional; /* those that it may have */
    struct field_value fields[STEP_FIELDS];
    unsigned field_count;
    enum options_test options_test;
    uint8_t options_present; /* TCP_OPT_ bits that are named */
    uint8_t options_valued;  /* of these, the ones whose value counts too */
    struct tcp_options options;
};

struct step_expect_state {
    state_set states; /* one of these */
    bool of_local;    /* our own state, not the peer's */
    bool has_certainty;
    enum certainty certainty; /* PROVEN (a refutation is a proof) or PRESUMED */
};

struct step_expect_data {
    const char *pattern; /* an extended regular expression with the string's escapes read (borrowed) */
    uint32_t len;
    const void *compiled; /* by whoever runs the script; given to walk_settings.match (borrowed) */
};

struct step {
    enum step_kind kind;
    unsigned line, column; /* where its word stands in the script, counted from 1; 0: not from a script */
    const char *text;      /* as the language prints it (borrowed), or NULL */
    nanos within; /* how long it may take, or the span of wait and expect nothing; NANOS_NONE: the walk's timeout */
    union {
        struct step_bytes send;
        struct step_segment segment;
        struct {
            enum automatic what;
            bool on;
        } automatic;
        enum probe_scope probe;
        struct step_expect_segment expect;
        struct step_expect_state state;
        struct step_expect_data data;
        char icmp[32]; /* the name of the error, as icmp_error_name has it; "" for any */
    };
};

#endif
