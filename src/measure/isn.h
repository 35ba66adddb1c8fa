/*
 * How a peer makes its initial sequence numbers, from the numbers that it gave to connections of ours.
 *
 * Two series of samples are looked at: connections of one 4-tuple, one after the other, and connections that have a 4-tuple
 * each. What the numbers of one 4-tuple follow, and whether the same thing holds from one 4-tuple to the next, is what
 * tells the ways apart: one clock for all, or a clock and an offset of each (RFC 6528), and so on.
 *
 * Random numbers follow anything now and then. So each fit has a chance: a bound on the probability that random numbers
 * would fit as well or better, whatever the clock's rate, the step and the offset, and with all that was tried taken into
 * account. No kind with a structure is found unless its chance is at most ISN_CHANCE; and no numbers are called not
 * random unless random ones would look so with at most that probability.
 *
 * The ways are looked for up to a tenth of samples that contradict, in each series: they are counted. Two machines behind
 * one address contradict more, and are ISN_OTHER.
 */
#ifndef MEASURE_ISN_H
#define MEASURE_ISN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nanos.h"
#include "base/text.h"

/* The peer drew the number between earliest, when our SYN left, and latest, when its SYN-ACK arrived: the capture's clock. */
struct isn_sample {
    uint32_t isn;
    nanos earliest, latest;
    uint16_t port; /* ours: samples of the same port are of one 4-tuple */
};

/* So many samples of each series are looked at, the first ones. */
#define ISN_SAMPLES_MAX 500

/* The least number of samples of a series of which it is said that they look random. */
#define ISN_RANDOM_LEAST 12

/* What random numbers may do by chance and be taken for something else. */
#define ISN_CHANCE 1e-6

/* The rates of the clocks of two machines may differ so much, and change while it is measured. */
#define ISN_DRIFT 500e-6

enum isn_kind {
    ISN_TOO_FEW,        /* nothing can be said yet of both series; what was found in each may be more */
    ISN_CONSTANT,       /* the same number for every connection */
    ISN_STEP,           /* the same step from each connection to the next, or a small multiple of it (4.4BSD) */
    ISN_STEP_OR_CLOCK,  /* the same step each time, and the times do not exclude a slow clock with that step */
    ISN_CLOCK,          /* one clock for all 4-tuples (RFC 793) */
    ISN_RANDOM_STEP,    /* small steps upwards that fit neither a constant step nor a clock */
    ISN_RFC6528,        /* a clock, and an offset of each 4-tuple that looks random */
    ISN_TUPLE_CONSTANT, /* a number of each 4-tuple that looks random, always the same: as RFC 6528 without the clock */
    ISN_TUPLE_STEP,     /* such an offset, and a constant step, or what may be a slow clock with that step */
    ISN_TUPLE_RANDOM_STEP, /* such an offset, and small steps upwards */
    ISN_RANDOM,            /* no structure found */
    ISN_OTHER,             /* not random, and none of these: two machines with a clock each, for instance */
    ISN_KIND_COUNT
};

/* What is tested of numbers that should be random. Each gives the probability that random ones look so or worse. */
enum isn_test {
    ISN_TEST_RANGE,   /* uniform from 0 to 2^32 - 1 (Kolmogorov and Smirnov) */
    ISN_TEST_STEPS,   /* the differences between neighbours, modulo 2^32, uniform too: of random numbers they are */
    ISN_TEST_BITS,    /* each of the 32 bits set as often as not (chi-square) */
    ISN_TEST_REPEATS, /* no number more often than it should come again */
    ISN_TEST_COUNT
};

struct isn_series {
    size_t count;       /* of samples that were looked at */
    enum isn_kind kind; /* of this series alone: TOO_FEW, CONSTANT, STEP, CLOCK, RANDOM_STEP, RANDOM, OTHER, ... */
    double p[ISN_TEST_COUNT]; /* 1 where there is nothing to test */
    double least_p;           /* the least of these times ISN_TEST_COUNT, at most 1: what the kind is decided by */
    enum isn_test worst;      /* the test that gave it */
};

struct isn_finding {
    enum isn_kind kind;
    /* That random numbers would be given this kind, at most (1e-300 stands for less); 1 for ISN_TOO_FEW and ISN_RANDOM. */
    double chance;
    size_t supports, contradicts; /* samples; 0 and 0 for ISN_TOO_FEW and ISN_OTHER */
    struct isn_series one, many;
    nanos span; /* from the first sample to the last */

    /*
     * A clock: of all samples or, where the kind has it or one.kind is ISN_CLOCK, of those of one 4-tuple. 0 where there
     * is none. The interval is all that the times of the samples leave (the capture's clock taken as right, the peer's as
     * even unless it drifts); the value is its middle.
     */
    double rate, rate_low, rate_high; /* numbers per second */
    double tick, tick_low, tick_high; /* nanoseconds from one change of the number to the next */
    uint32_t grain;                   /* how much it changes by: 1, or what all differences are multiples of */
    bool drifts;                      /* it fits only if the clocks ran apart by up to ISN_DRIFT meanwhile */
    double rate_limit;                /* numbers per second: faster clocks were not looked for; 0: none could be */

    uint32_t step;                /* of ISN_STEP, ISN_TUPLE_STEP and ISN_STEP_OR_CLOCK */
    unsigned step_multiple;       /* the greatest multiple of it that was seen, when other connections came between */
    uint32_t step_low, step_high; /* of the random steps */
    uint32_t constant;            /* the number of ISN_CONSTANT */
};

/*
 * Looks at one_count samples of one 4-tuple and at many_count of a 4-tuple each (none of them that one), each series in
 * order of time; any of them may be empty. A sample whose latest is before its earliest is left out.
 */
void isn_find(const struct isn_sample *one, size_t one_count, const struct isn_sample *many, size_t many_count,
              struct isn_finding *out);

/* Appends what was found and what it means, in two or three sentences for people. */
void isn_describe(const struct isn_finding *finding, struct text *text);

/* The token of a kind and of a test, for programs: "rfc6528", "range". */
const char *isn_kind_name(enum isn_kind kind);
const char *isn_test_name(enum isn_test test);

#endif
