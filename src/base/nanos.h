/* Time as integer nanoseconds: a point (since an epoch the holder names) or a span. */
#ifndef BASE_NANOS_H
#define BASE_NANOS_H

#include <stdbool.h>
#include <stdint.h>

typedef int64_t nanos;

#define NANOS_PER_US INT64_C(1000)
#define NANOS_PER_MS INT64_C(1000000)
#define NANOS_PER_S INT64_C(1000000000)

/* "No such time": a deadline that never comes, a measurement that was not made. */
#define NANOS_NEVER INT64_MAX
#define NANOS_NONE INT64_MIN

/* The earlier of two points in time. */
static inline nanos nanos_sooner(nanos a, nanos b)
{
    return a < b ? a : b;
}

/*
 * Reads a span as people write it: a number, with a fraction if they like, and a unit of ns, us, ms, s, m or h ("2s",
 * "0.5s", "500ms"). A bare number is seconds. The whole of text must be the span, and it can't be negative or longer
 * than a thousand days. Returns false, and leaves *out alone, when it is not.
 */
bool nanos_parse(const char *text, nanos *out);

#endif
