/* The measurements, a file each, and what several of them do alike. */
#ifndef MEASURE_KINDS_H
#define MEASURE_KINDS_H

#include "measure/measure.h"

extern const struct measure_kind kind_offer, kind_syn_ack, kind_accept, kind_last_ack, kind_fin_wait_2, kind_time_wait,
    kind_close_wait, kind_keepalive, kind_idle, kind_isn, kind_rtt, kind_close;

/* How long an open, and the acknowledgement of a FIN, are waited for. */
#define KINDS_PATIENCE (5 * NANOS_PER_S)

/* How long the peer's application may take to close, where it is not what is measured. */
#define KINDS_CLOSES (10 * NANOS_PER_S)

/*
 * The first steps of a connection: it opens, sends what --send gives, and then does what follows (steps, or ""). Phase 0
 * becomes 1. True when that was just given to it.
 */
bool kinds_open(struct measurement *measurement, struct course *course, nanos now, const char *follows);

/*
 * The peer is to close first, within KINDS_CLOSES. True when it has and our end has acknowledged that; else steps were given, or it
 * has failed and the measurement knows why.
 */
bool kinds_peer_closes_first(struct measurement *measurement, struct course *course, nanos now);

/*
 * Spaced questions about a state whose end is awaited while the peer repeats a segment at growing intervals: is it time
 * to ask? Not before it has been quiet for a third of the interval before and a second more, or all of it where that is less:
 * what it repeats answers by itself, and the end comes late in an interval (lwIP in LAST-ACK: 27 of 48 seconds after the last
 * repetition). now: when the question would leave; last: when it came, capture clock; interval: before that, 0 if there was none.
 */
bool kinds_is_quiet(const struct course *course, nanos now, nanos last, nanos interval);

struct text;

/* A finding of that name: how often the peer repeated `what` ("its FIN"), and when, from the samples SAMPLE_PEERS with a span. */
void kinds_found_repeats(struct measurement *measurement, const char *name, const char *what, unsigned repeats);

/* A span by itself, in the unit that suits it. */
void kinds_span(struct text *text, nanos span);

#endif
