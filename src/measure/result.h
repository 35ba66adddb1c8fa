/*
 * What a measurement has found: findings, which are what it was made for, and samples, which they rest on. Values with their
 * uncertainty, for whoever prints them.
 */
#ifndef MEASURE_RESULT_H
#define MEASURE_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nanos.h"
#include "core/state.h"

/* An amount of something. */
enum amount_kind {
    AMOUNT_NONE,
    AMOUNT_SPAN,   /* between least and most; most NANOS_NEVER: at least */
    AMOUNT_NUMBER, /* number */
    AMOUNT_REAL,   /* real */
    AMOUNT_WORD,   /* word */
};

struct amount {
    enum amount_kind kind;
    nanos least, most;
    uint64_t number;
    double real;
    const char *word; /* static, stable */
};

#define FINDING_WORDS 1000

/* One thing that was found. */
struct finding {
    const char *name; /* static, stable: "length" */
    struct amount amount;
    char words[FINDING_WORDS]; /* the same for people: one or more sentences */
};

enum sample_kind {
    SAMPLE_OURS,     /* a segment of ours that matters */
    SAMPLE_PEERS,    /* a segment that the peer sent by itself */
    SAMPLE_ANSWERED, /* a question, and when its answer came */
    SAMPLE_REFUSED,  /* ... that was answered with RST */
    SAMPLE_SILENT,   /* ... that was not answered */
    SAMPLE_SPAN,     /* one value of a distribution */
    SAMPLE_NUMBER,   /* an initial sequence number */
};

struct sample {
    enum sample_kind kind;
    unsigned course;   /* the connection, counted from 1 */
    nanos at;          /* capture clock: when our segment left, or the peer's came */
    nanos until;       /* SAMPLE_ANSWERED, _REFUSED, _NUMBER: when the answer came; else NANOS_NONE */
    nanos least, most; /* SAMPLE_SPAN: the value, as in struct amount */
    uint32_t number;   /* SAMPLE_NUMBER */
    uint16_t port;     /* ours */
    const char *what;  /* static, stable: "syn-ack", "bare" */
};

/* How long an end of a connection was in a state, as far as it could be seen. Capture clock. */
struct stay {
    enum state state;
    unsigned course;
    nanos from;
    nanos to_least;
    nanos to_most; /* NANOS_NEVER: it still was when last asked, or has no end that was seen */
};

/* How a measurement ended. */
enum measured {
    MEASURED_DONE,
    MEASURED_BOUNDED,     /* its time was over: what has not ended is a lower bound */
    MEASURED_INTERRUPTED, /* somebody stopped it: the same */
    MEASURED_OTHERWISE,   /* the peer did not do what is measured here; the findings say what it did */
    MEASURED_NO_ANSWER,
    MEASURED_REFUSED,
    MEASURED_RESET, /* it opened, and then ended with RST where that is not what is measured */
};

#define FINDINGS_MAX 24
#define STAYS_MAX 40

struct result {
    const char *what; /* static: the measurement's name */
    enum measured measured;
    nanos origin; /* capture clock: when the first segment left; NANOS_NONE: none did */
    struct finding findings[FINDINGS_MAX];
    unsigned finding_count;
    struct stay stays[STAYS_MAX];
    unsigned stay_count;
    const struct sample *samples; /* (borrowed) in order of time for each connection */
    size_t sample_count;
    bool samples_cut; /* there were more than had room */
    unsigned courses; /* connections begun */
};

/* "done", "bounded", "interrupted", "otherwise", "no-answer", "refused", "reset". Static text. */
const char *measured_name(enum measured measured);

/* "ours", "peer", "answered", "refused", "silent", "span", "number". Static text. */
const char *sample_kind_name(enum sample_kind kind);

#endif
