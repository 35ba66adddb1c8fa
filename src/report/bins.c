#include "report/bins.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Farther than this times from the median, and linear bins would put nearly all values into one. */
#define SKEWED 20
#define BINS_LEAST 6
/* Larger numbers are no measurements, and differences of them need not be finite. */
#define VALUE_MOST 1e300

/* The value at index i; false when it is none. */
static bool value_at(const struct chart_histogram *histogram, size_t i, double *value)
{
    if (histogram->spans) {
        *value = (double)histogram->spans[i];
        return histogram->spans[i] != NANOS_NONE && histogram->spans[i] != NANOS_NEVER;
    }
    *value = histogram->values[i];
    return fabs(*value) < VALUE_MOST;
}

/* Numbers in the same order as the values that they stand for. */
static uint64_t rank_of(double value)
{
    uint64_t bits;

    value += 0.0; /* not -0 */
    memcpy(&bits, &value, sizeof(bits));
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static double value_of(uint64_t rank)
{
    uint64_t bits = rank >> 63 ? rank & ~(UINT64_C(1) << 63) : ~rank;
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* The least value which at least this many values do not exceed: found by halving, so nothing is sorted or copied. */
static double nearest_rank(const struct chart_histogram *histogram, const struct bins *bins, size_t wanted)
{
    uint64_t low = rank_of(bins->least), high = rank_of(bins->most);

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        double limit = value_of(middle), value;
        size_t below = 0;

        for (size_t i = 0; i < histogram->count; i++)
            below += value_at(histogram, i, &value) && value <= limit;
        if (below >= wanted)
            high = middle;
        else
            low = middle + 1;
    }
    return value_of(low);
}

/* The number of values of which part hundredths are no more. */
static size_t hundredths(size_t total, unsigned part)
{
    size_t rank = total / 100 * part + (total % 100 * part + 99) / 100;

    return rank < 1 ? 1 : rank;
}

static void measure(struct bins *bins, const struct chart_histogram *histogram)
{
    double value;

    for (size_t i = 0; i < histogram->count; i++) {
        if (!value_at(histogram, i, &value))
            continue;
        if (bins->total == 0 || value < bins->least)
            bins->least = value;
        if (bins->total == 0 || value > bins->most)
            bins->most = value;
        bins->total++;
    }
    if (bins->total == 0)
        return;
    bins->median = nearest_rank(histogram, bins, hundredths(bins->total, 50));
    bins->percentile_99 = nearest_rank(histogram, bins, hundredths(bins->total, 99));
}

/* Adds the edges at digits of each decade. Returns false when that makes more than wanted bins. */
static bool decade_edges(struct bins *bins, unsigned wanted, const double *digits, int every)
{
    int from = (int)floor(log10(bins->least)) / every * every - every;
    unsigned edges = 0;

    for (int decade = from;; decade += every)
        for (const double *digit = digits; *digit > 0; digit++) {
            double edge = *digit * pow(10, decade);

            /* The last edge that is not above the least value is the first. */
            if (edges == 1 && edge <= bins->least)
                edges = 0;
            if (edges > wanted)
                return false;
            bins->edges[edges++] = edge;
            if (edges > 1 && edge >= bins->most) {
                bins->count = edges - 1;
                return true;
            }
        }
}

static void logarithmic_edges(struct bins *bins, unsigned wanted)
{
    /* Equally wide on the axis, or nearly: a wider bin would have more values for no other reason (ISO 3). */
    static const double digits[][12] = {
        {1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8, 0}, {1, 1.6, 2.5, 4, 6.3, 0}, {1, 2, 5, 0}, {1, 3, 0}, {1, 0},
    };
    unsigned set = 0;
    int every = 1;

    while (!decade_edges(bins, wanted, digits[set], every)) {
        if (set < 4)
            set++;
        else
            every++;
    }
}

static void linear_edges(struct bins *bins, unsigned wanted)
{
    double least = bins->least, most = bins->most;
    enum quantity quantity = bins->axis.quantity;
    unsigned intervals = wanted;
    double first;

    /* One value, or nearly: a bin as wide as its digits. */
    if (most - least <= fabs(most) * 1e-9)
        most = least + fmax(fabs(least) / 20, quantity == QUANTITY_TIME ? 1 : 1e-3);
    do {
        bins->step = axis_step(quantity, least, most, intervals--);
        first = floor(least / bins->step + 1e-9);
        bins->count = (unsigned)fmax(1, ceil(bins->most / bins->step - first - 1e-9));
    } while (bins->count > wanted && intervals > 0);
    for (unsigned i = 0; i <= bins->count; i++)
        bins->edges[i] = (first + i) * bins->step;
}

unsigned bins_find(const struct bins *bins, double value)
{
    unsigned bin = 0;

    while (bin + 1 < bins->count && value >= bins->edges[bin + 1])
        bin++;
    return bin;
}

void bins_fill(struct bins *bins, const struct chart_histogram *histogram, unsigned wanted)
{
    unsigned fitting;
    double value;

    *bins = (struct bins){0};
    bins->axis.quantity = histogram->spans ? QUANTITY_TIME : QUANTITY_NUMBER;
    bins->axis.unit = histogram->unit;
    measure(bins, histogram);
    if (bins->total == 0)
        return;
    /* Rice's rule: bins that a few values each fall into. */
    fitting = (unsigned)fmin(wanted, fmax(BINS_LEAST, ceil(2 * cbrt((double)bins->total))));
    value = bins->least > 0 ? nearest_rank(histogram, bins, hundredths(bins->total, 5)) : 0;
    bins->axis.logarithmic = bins->least > 0 && (bins->most / bins->median > SKEWED || bins->median / value > SKEWED);
    if (bins->axis.logarithmic)
        logarithmic_edges(bins, fitting);
    else
        linear_edges(bins, fitting);
    bins->axis.least = bins->edges[0];
    bins->axis.most = bins->edges[bins->count];
    for (size_t i = 0; i < histogram->count; i++)
        if (value_at(histogram, i, &value)) {
            size_t *in = &bins->counts[bins_find(bins, value)];

            if (++*in > bins->fullest)
                bins->fullest = *in;
        }
}

char *bins_edge(const struct bins *bins, unsigned edge, char out[AXIS_TEXT])
{
    if (bins->axis.logarithmic)
        return axis_round(bins->axis.quantity, bins->edges[edge], out);
    return axis_label(&bins->axis, bins->edges[edge], bins->step, out);
}
