/* One JSON object on one line, built field by field. */
#ifndef REPORT_JSON_LINE_H
#define REPORT_JSON_LINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/fault.h"
#include "base/nanos.h"
#include "core/state.h"

struct json_line {
    json_t *root;
    bool broken; /* memory ran out, or jansson refused a value: such a tree is not printed */
};

/* An empty object. */
void line_begin(struct json_line *line);

/*
 * Writes it, releases it, and flushes: a program that reads along shall not have to wait for a full buffer. name: what errors
 * call it. Faults as in report/reporter.h.
 */
bool line_end(struct json_line *line, const char *name, FILE *out, struct fault *fault);

/* Adds a field; takes the value, which may be NULL from a constructor that failed. */
void line_put(struct json_line *line, json_t *object, const char *key, json_t *value);

/* The same at the end of an array. */
void line_push(struct json_line *line, json_t *array, json_t *value);

/* An object of the line's own, already its field. NULL when broken: jansson's functions take that as a failure. */
json_t *line_put_object(struct json_line *line, json_t *parent, const char *key);

/* Text that is not UTF-8 can't be a JSON string: then its strange bytes become '?'. NULL is null. */
json_t *line_string(const char *text);

/* Nanoseconds as seconds; NANOS_NONE and NANOS_NEVER are null. */
json_t *line_seconds(nanos t);

/* An array of the names of states. */
json_t *line_states(struct json_line *line, state_set set);

/* "2026-01-31T12:00:00.123456789Z" of nanoseconds since 1970 */
json_t *line_utc(nanos epoch);

/* What every first line has: schema, version, command, the two ends, interface and time. peer_name may be NULL. */
void line_put_start(struct json_line *line, const char *command, const struct flow *flow, const char *peer_name,
                    const char *interface, nanos epoch);

#endif
