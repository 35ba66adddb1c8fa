/* Results of measurements as text with charts, as JSON lines, and as SVG. */
#ifndef REPORT_MEASURED_H
#define REPORT_MEASURED_H

#include <stdbool.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/fault.h"
#include "base/nanos.h"
#include "measure/result.h"
#include "report/chart.h"

/* Who was measured. Pointers are borrowed. */
struct measured_head {
    struct flow flow;      /* the local port is of no interest */
    const char *peer_name; /* what the user typed, when it was a name; else NULL */
    const char *interface;
    nanos epoch; /* nanoseconds since 1970, UTC */
};

/* What a result's chart is made of; the chart points into it. */
struct measured_chart {
    struct chart chart;
    void *memory; /* owned */
};

/* For people. look as for chart_text(). */
void measured_text_head(const struct measured_head *head, const struct chart_look *look, FILE *out);
void measured_text(const struct result *result, const struct chart_look *look, FILE *out);

/* For programs, as tcpwalk-json(5) describes: a start, what each result holds, an end. Faults as in report/reporter.h. */
bool measured_json_head(const struct measured_head *head, FILE *out, struct fault *fault);
bool measured_json(const struct result *result, FILE *out, struct fault *fault);
bool measured_json_end(int status, FILE *out, struct fault *fault);

/* One SVG document with the charts of all results that have one. */
void measured_svg(const struct measured_head *head, const struct result *const *results, size_t count, FILE *out);

/* The chart of a result. False when it has none, or there is no memory. To be freed with measured_chart_free(). */
bool measured_chart_make(const struct result *result, struct measured_chart *out);
void measured_chart_free(struct measured_chart *chart);

#endif
