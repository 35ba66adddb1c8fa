/*
 * When each end of a ladder was in which state: what its rows say of states, as a line of time for each end, and which parts of
 * the time are so dense that they want to be looked at more closely.
 */
#ifndef REPORT_LADDER_TIMES_H
#define REPORT_LADDER_TIMES_H

#include "report/ladder_rows.h"

/*
 * From some moment on an end was in a state, as far as that was known when it was told: a presumption that was refuted later is
 * there, and ends where it was refuted. The moment lies between least and most, which are equal where it is certain.
 */
struct ladder_piece {
    bool known;
    struct ladder_peer is; /* if known */
    nanos least, most;     /* of the first piece NANOS_NONE: it was so before anything was seen */
};

struct ladder_times {
    struct ladder_piece *pieces[LADDER_ENDS]; /* (owned) the least and the most of them ascend */
    unsigned count[LADDER_ENDS];
    nanos *moments; /* (owned) at which a row stands: ascending, each once; of more than one */
    unsigned moment_count;
};

/*
 * Reads the rows from first to one before end, which are of one connection. False where there is nothing to be drawn to scale:
 * fewer than two moments, or no memory. To be freed in either case.
 */
bool ladder_times_read(struct ladder_times *times, const struct ladder_rows *ladder, unsigned first, unsigned end);

/* Frees what it holds. */
void ladder_times_free(struct ladder_times *times);

/* A part of the time. */
struct ladder_window {
    nanos from, to;
    unsigned within; /* which window it is a part of */
};

#define LADDER_WINDOWS 7

/*
 * The whole as windows[0], then parts of windows before them that are worth a scale of their own: states change there, one moment
 * follows the other by less than dense of the window, and all of it takes little of the window. Where there are too many, those
 * with the most changes. Returns how many. dense: more than 0, less than 0.1.
 */
unsigned ladder_windows(const struct ladder_times *times, double dense, struct ladder_window windows[LADDER_WINDOWS]);

#endif
