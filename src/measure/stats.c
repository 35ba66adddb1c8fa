#include "measure/stats.h"

#include <math.h>

/* The heap sorts are alike but for the type. Below the root of a heap nothing is greater than it. */
#define SIFT(values, root, count)                                                                                      \
    for (size_t at = (root), child = 2 * at + 1; child < (count); at = child, child = 2 * at + 1) {                    \
        if (child + 1 < (count) && (values)[child] < (values)[child + 1])                                              \
            child++;                                                                                                   \
        if (!((values)[at] < (values)[child]))                                                                         \
            break;                                                                                                     \
        swapped = (values)[at], (values)[at] = (values)[child], (values)[child] = swapped;                             \
    }

void stats_sort(nanos *values, size_t count)
{
    nanos swapped;

    for (size_t root = count / 2; root-- > 0;)
        SIFT(values, root, count)
    for (size_t left = count; left-- > 1;) {
        swapped = values[0], values[0] = values[left], values[left] = swapped;
        SIFT(values, 0, left)
    }
}

void stats_sort_reals(double *values, size_t count)
{
    double swapped;

    for (size_t root = count / 2; root-- > 0;)
        SIFT(values, root, count)
    for (size_t left = count; left-- > 1;) {
        swapped = values[0], values[0] = values[left], values[left] = swapped;
        SIFT(values, 0, left)
    }
}

nanos stats_minimum(const nanos *values, size_t count)
{
    nanos least = values[0];

    for (size_t i = 1; i < count; i++)
        least = nanos_sooner(least, values[i]);
    return least;
}

nanos stats_maximum(const nanos *values, size_t count)
{
    nanos most = values[0];

    for (size_t i = 1; i < count; i++)
        most = values[i] > most ? values[i] : most;
    return most;
}

nanos stats_median(const nanos *sorted, size_t count)
{
    nanos lower = sorted[(count - 1) / 2], upper = sorted[count / 2];

    return lower + (nanos)(((uint64_t)upper - (uint64_t)lower) / 2); /* the sum of two points in time would overflow */
}

nanos stats_percentile(const nanos *sorted, size_t count, double percent)
{
    double rank = ceil(percent * (double)count / 100 - 1e-9); /* 7% of 100 is 7, whatever rounding makes of it */

    if (!(rank > 1))
        return sorted[0];
    return sorted[rank < (double)count ? (size_t)rank - 1 : count - 1];
}

/* Between the rank-th and the rank-th from the end the median is not, if fewer than rank samples are on one side of it. */
bool stats_median_interval(const nanos *sorted, size_t count, double confidence, nanos *low, nanos *high)
{
    double outside = 0;
    size_t rank = 0; /* the greatest that is confident enough; 1 is the whole range */

    while (rank < (count + 1) / 2) {
        outside += 2 * exp(stats_log_choose((double)count, (double)rank) - (double)count * log(2));
        if (outside > 1 - confidence)
            break;
        rank++;
    }
    *low = sorted[rank > 0 ? rank - 1 : 0];
    *high = sorted[rank > 0 ? count - rank : count - 1];
    return rank > 0;
}

/* Of differences to one of the values: points in time are large, and their differences are not. */
double stats_mean(const nanos *values, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += (double)(values[i] - values[0]);
    return (double)values[0] + sum / (double)count;
}

double stats_deviation(const nanos *values, size_t count)
{
    double mean = 0, squares = 0;

    for (size_t i = 0; i < count; i++)
        mean += (double)(values[i] - values[0]) / (double)count;
    for (size_t i = 0; i < count; i++) {
        double off = (double)(values[i] - values[0]) - mean;
        squares += off * off;
    }
    return count > 1 ? sqrt(squares / (double)(count - 1)) : 0;
}

static double log_gamma(double x)
{
    int sign; /* lgamma() keeps it in a global variable */

    return lgamma_r(x, &sign);
}

double stats_log_choose(double n, double k)
{
    return log_gamma(n + 1) - log_gamma(k + 1) - log_gamma(n - k + 1);
}

/* The regularised incomplete gamma functions, the lower one by its series. */
static double gamma_below(double a, double x)
{
    double term = 1 / a, sum = term;

    for (double n = a + 1; term > sum * 1e-16; n++) {
        term *= x / n;
        sum += term;
    }
    return sum * exp(a * log(x) - x - log_gamma(a));
}

/* The upper one by its continued fraction (DLMF 8.9.2, evaluated forwards by the method of Lentz). */
static double gamma_above(double a, double x)
{
    double b = x + 1 - a, c = 1e300, d = 1 / b, fraction = d, change = 0;

    for (int i = 1; i < 10000 && fabs(change - 1) > 1e-15; i++) {
        double numerator = -i * (i - a);

        b += 2;
        d = 1 / (numerator * d + b);
        c = b + numerator / c;
        change = c * d;
        fraction *= change;
    }
    return fraction * exp(a * log(x) - x - log_gamma(a));
}

double stats_chi_square_tail(double chi_square, unsigned degrees)
{
    double a = degrees / 2.0, x = chi_square / 2;

    if (!(x > 0))
        return 1;
    return x < a + 1 ? 1 - gamma_below(a, x) : gamma_above(a, x);
}

double stats_uniform_distance(const double *sorted, size_t count)
{
    double distance = 0, n = (double)count;

    for (size_t i = 0; i < count; i++) {
        distance = fmax(distance, sorted[i] - (double)i / n);
        distance = fmax(distance, (double)(i + 1) / n - sorted[i]);
    }
    return distance;
}

/* How probable it is that the numbers are so far from uniform on one side: Birnbaum and Tingey 1951. All terms are positive. */
static double one_sided_tail(double distance, double n)
{
    double sum = 0, last = floor(n * (1 - distance));

    for (double j = 0; j <= last; j++) {
        double below = distance + j / n, above = 1 - below;

        if (above > 0)
            sum += exp(stats_log_choose(n, j) + (j - 1) * log(below) + (n - j) * log(above));
    }
    return fmin(1, distance * sum);
}

double stats_uniform_tail(double distance, size_t count)
{
    double one_side, sum = 0;

    if (distance <= 0.5 / (double)count)
        return 1; /* as near as numbers can be */
    if (distance >= 1)
        return 0;
    one_side = one_sided_tail(distance, (double)count);
    if (distance >= 0.5)
        return fmin(1, 2 * one_side); /* never on both sides at once */
    if (one_side > 0.99)
        return 1;
    /* Both sides, less what was counted twice, and so on: exp(-2 z^2) of Kolmogorov's series is what one side tends to. */
    for (int k = 1; k < 100; k++)
        sum += (k % 2 ? 2 : -2) * pow(one_side, (double)k * k);
    return fmin(1, fmax(0, sum));
}
