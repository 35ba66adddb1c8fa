/* The numbers along an axis: where its ticks are, and how numbers are written. */
#ifndef REPORT_AXIS_H
#define REPORT_AXIS_H

#include <stdbool.h>

#include "base/nanos.h"

enum quantity {
    QUANTITY_TIME,     /* nanoseconds */
    QUANTITY_NUMBER,   /* anything else */
    QUANTITY_SEQUENCE, /* 0 to 2^32, written in powers of two */
};

/* The whole range of sequence numbers. */
#define AXIS_SEQUENCES 4294967296.0

struct axis {
    enum quantity quantity;
    double least;
    double most; /* more than least */
    bool logarithmic;
    const char *unit; /* of a QUANTITY_NUMBER; may be NULL */
};

#define AXIS_TICKS_MAX 24
#define AXIS_TEXT 32
#define AXIS_INTERVAL_TEXT 80
#define AXIS_COUNT_TEXT (AXIS_TEXT - 1)

struct axis_tick {
    double at;
    char label[AXIS_TEXT]; /* "0", "200 us", "10 s", "3*2^30" */
};

/*
 * The distance of ticks for which a range that ends at most has no more than intervals (at least 1) of them: 1, 2 or 5
 * times a power of ten of a fitting unit (minutes and hours have steps of their own).
 */
double axis_step(enum quantity quantity, double least, double most, unsigned intervals);

/* Fills ticks, in ascending order, at most wanted (2 to AXIS_TICKS_MAX) of them; returns how many. */
unsigned axis_ticks(const struct axis *axis, unsigned wanted, struct axis_tick ticks[AXIS_TICKS_MAX]);

/* Where value lies between least (0) and most (1); beyond them, the nearer of the two. */
double axis_place(const struct axis *axis, double value);

/* The same label as a tick has at at, if ticks of a linear axis to most are step apart. Returns out. */
char *axis_label(const struct axis *axis, double at, double step, char out[AXIS_TEXT]);

/* A round value, as a logarithmic axis has them, in a unit of its own: "200 us", "1 ms". Returns out. */
char *axis_round(enum quantity quantity, double at, char out[AXIS_TEXT]);

/* A single value with three digits: "412 us", "1.23 ms", "63.0 s", "21.5 min", "1.02 h"; or "12.5". Returns out. */
char *axis_value(enum quantity quantity, double value, char out[AXIS_TEXT]);

/* A moment that is only known to lie between two: "63.9-64.5 s"; "64.2 s" where three digits show none. Returns out. */
char *axis_interval(nanos least, nanos most, char out[AXIS_INTERVAL_TEXT]);

/* A count with its thousands set apart: "12,345". Returns out. */
char *axis_count(unsigned long long count, char out[AXIS_COUNT_TEXT]);

#endif
