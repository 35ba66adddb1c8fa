/* The bins of a histogram: edges that people like, linear or logarithmic, and how many values lie between them. */
#ifndef REPORT_BINS_H
#define REPORT_BINS_H

#include <stddef.h>

#include "report/axis.h"
#include "report/chart.h"

#define BINS_MAX 64

struct bins {
    struct axis axis; /* from the first edge to the last */
    double step;      /* between the edges of linear bins */
    unsigned count;   /* 0: there are no values */
    double edges[BINS_MAX + 1];
    size_t counts[BINS_MAX]; /* values from an edge to below the next; the last bin has its upper edge too */
    size_t fullest;          /* the most in one bin */
    size_t total;            /* values in all */
    double least;
    double median;
    double percentile_99;
    double most;
};

/* Sorts the values into at most wanted (up to BINS_MAX) bins; fewer when there are few values. */
void bins_fill(struct bins *bins, const struct chart_histogram *histogram, unsigned wanted);

/* The bin in which value lies; one of the outermost when it lies in none. Only with bins->count. */
unsigned bins_find(const struct bins *bins, double value);

/* The label of an edge: "200 us". Returns out. */
char *bins_edge(const struct bins *bins, unsigned edge, char out[AXIS_TEXT]);

#endif
