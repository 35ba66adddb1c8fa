/* Canned events for the tests of the reporters, and what runs a reporter on them. */
#ifndef UNIT_REPORT_EVENTS_H
#define UNIT_REPORT_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/reporter.h"
#include "step_chance.h"

/* Any reason does: only its texts are seen. */
#define WHY ((enum reason)1)
#define US(n) ((nanos)(n)*NANOS_PER_US)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Room for all that a test prints, and for the events of full_close(). */
#define TEXT 16384
#define EVENTS 32

/* The "close" of 192.0.2.1 port 41234 to echo.lab port 7, at noon of the last of January 2026 and a bit. */
struct event start_event(void);

/* A segment with relative numbers; a SYN has the usual options. */
struct event segment_event(unsigned n, bool out, nanos t, uint8_t flags, uint32_t seq, uint32_t ack,
                           enum state local);

/* A claim of likely: more are a presumption's alternatives, else what the evidence can't tell from it. */
struct event claim_event(enum side side, enum certainty certainty, state_set from, state_set likely,
                         state_set more);

struct event verify_event(enum state kernel, enum certainty certainty, state_set belief, bool agrees);

/* An end with nothing measured. */
struct event end_event(int status, enum outcome outcome, const char *why);

/* A close in four segments, with two answers of the kernel. Returns how many events. */
size_t full_close(struct event events[EVENTS]);

/* Any event but a start, after those before: n counts its segments, t is the time that it is. */
struct event report_any_event(struct chance *chance, unsigned *n, nanos *t);

/* Runs a reporter from begin to end, asserting that it succeeds; out gets what it printed. */
void report_run(const struct reporter *reporter, const struct report_options *options,
                const struct event *events, size_t count, char out[TEXT]);

/* Puts the sentence of WHY in place of each "{why}". */
void report_expand(const char *expected, char out[TEXT]);

#endif
