/*
 * The objects are jansson trees, in the order in which their fields are added. jansson prints a real with
 * "%.*g" only, which turns 41 microseconds into 4.1e-05 and can't ask for nanoseconds in a span of days. So
 * objects and arrays are written here, reals with nine digits after the point, and jansson prints all other
 * values: it is the one that knows how strings are escaped. A double holds every nanosecond of 52 days apart,
 * and "%.9f" prints the nearest.
 */
#include "report/json_line.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/version.h"
#include "report/output.h"

#define JSON_SCHEMA 1
#define CLEAN_TEXT 512

/* Adds a field; takes the value, which may be NULL from a constructor that failed. */
void line_put(struct json_line *line, json_t *object, const char *key, json_t *value)
{
    if (!value || json_object_set_new(object, key, value) != 0)
        line->broken = true;
}

void line_push(struct json_line *line, json_t *array, json_t *value)
{
    if (!value || json_array_append_new(array, value) != 0)
        line->broken = true;
}

/* An object of the line's own, already its field. NULL when broken: jansson's functions take that as a failure. */
json_t *line_put_object(struct json_line *line, json_t *parent, const char *key)
{
    json_t *object = json_object();

    line_put(line, parent, key, object);
    return line->broken ? NULL : object;
}

/* Text that is not UTF-8 can't be a JSON string: then its strange bytes become '?'. NULL is null. */
json_t *line_string(const char *text)
{
    char clean[CLEAN_TEXT];
    json_t *value = text ? json_string(text) : json_null();

    return value ? value : json_string(output_clean(text, clean, sizeof(clean)));
}

json_t *line_seconds(nanos t)
{
    return t == NANOS_NONE || t == NANOS_NEVER ? json_null() : json_real((double)t / (double)NANOS_PER_S);
}

json_t *line_states(struct json_line *line, state_set set)
{
    json_t *array = json_array();

    for (unsigned state = 0; state < STATE_COUNT; state++)
        if (set & IN(state))
            line_push(line, array, json_string(state_name((enum state)state)));
    return array;
}

static bool write_value(FILE *out, json_t *value);

static bool write_object(FILE *out, json_t *object)
{
    const char *key;
    json_t *value;
    const char *between = "";

    fputc('{', out);
    json_object_foreach(object, key, value)
    {
        /* The keys are all ours and need no escapes. */
        fprintf(out, "%s\"%s\":", between, key);
        if (!write_value(out, value))
            return false;
        between = ",";
    }
    return fputc('}', out) != EOF;
}

static bool write_array(FILE *out, json_t *array)
{
    fputc('[', out);
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            fputc(',', out);
        if (!write_value(out, json_array_get(array, i)))
            return false;
    }
    return fputc(']', out) != EOF;
}

static bool write_real(FILE *out, double value)
{
    char digits[64];
    int length = snprintf(digits, sizeof(digits), "%.9f", value);
    int whole = (int)strspn(digits, "-0123456789");

    /* The locale may have a decimal point of its own, of several bytes even. */
    return fprintf(out, "%.*s.%s", whole, digits, digits + length - 9) > 0;
}

static bool write_value(FILE *out, json_t *value)
{
    if (json_is_object(value))
        return write_object(out, value);
    if (json_is_array(value))
        return write_array(out, value);
    if (json_is_real(value))
        return write_real(out, json_real_value(value));
    return json_dumpf(value, out, JSON_ENCODE_ANY) == 0;
}

/* "2026-01-31T12:00:00.123456789Z" */
json_t *line_utc(nanos epoch)
{
    char day[32], text[64];
    nanos rest = epoch % NANOS_PER_S;
    time_t whole;
    struct tm tm;

    if (epoch == NANOS_NONE || epoch == NANOS_NEVER)
        return json_null();
    if (rest < 0)
        rest += NANOS_PER_S;
    whole = (time_t)((epoch - rest) / NANOS_PER_S);
    if (!gmtime_r(&whole, &tm) || strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        return json_null();
    snprintf(text, sizeof(text), "%s.%09" PRId64 "Z", day, rest);
    return json_string(text);
}

static json_t *put_endpoint(struct json_line *line, const char *key, const struct endpoint *endpoint)
{
    json_t *object = line_put_object(line, line->root, key);
    char text[ADDR_TEXT];

    line_put(line, object, "addr", json_string(addr_format(&endpoint->addr, text)));
    line_put(line, object, "port", json_integer(endpoint->port));
    return object;
}

void line_put_start(struct json_line *line, const char *command, const struct flow *flow, const char *peer_name,
                    const char *interface, nanos epoch)
{
    json_t *peer;

    line_put(line, line->root, "schema", json_integer(JSON_SCHEMA));
    line_put(line, line->root, "version", json_string(TCPWALK_VERSION));
    line_put(line, line->root, "command", line_string(command));
    put_endpoint(line, "local", &flow->local);
    peer = put_endpoint(line, "peer", &flow->peer);
    if (peer_name)
        line_put(line, peer, "name", line_string(peer_name));
    line_put(line, line->root, "interface", line_string(interface));
    line_put(line, line->root, "time", line_utc(epoch));
}

void line_begin(struct json_line *line)
{
    *line = (struct json_line){.root = json_object()};
}

bool line_end(struct json_line *line, const char *name, FILE *out, struct fault *fault)
{
    bool written = false;

    errno = 0;
    if (!line->broken) {
        written = write_value(out, line->root);
        fputc('\n', out);
    }
    json_decref(line->root);
    /* The stream's own trouble has the better words, so it is asked first. */
    if (!output_flush(out, fault))
        return false;
    if (written)
        return true;
    return fault_set(fault, FAULT_LOCAL, "JSON: event \"%s\" could not be written", name);
}
