#include "report/scatter.h"

#include <math.h>

/* Larger numbers are no measurements, and differences of them need not be finite. */
#define VALUE_MOST 1e300

static bool belongs(const struct chart_scatter *scatter, const struct chart_point *point)
{
    return point->x >= 0 && point->x != NANOS_NEVER && fabs(point->y) < VALUE_MOST &&
           point->series < scatter->series_count;
}

/* The range of the points, to whole steps, so that none lies on the rim without a number beside it. */
static void range_of_points(const struct chart_scatter *scatter, struct axis *y)
{
    bool any = false;
    double step;

    for (size_t i = 0; i < scatter->count; i++) {
        double at = scatter->points[i].y;

        if (!belongs(scatter, &scatter->points[i]))
            continue;
        y->least = any ? fmin(y->least, at) : at;
        y->most = any ? fmax(y->most, at) : at;
        any = true;
    }
    if (y->most - y->least <= fabs(y->most) * 1e-9)
        y->most = y->least + fmax(fabs(y->least) / 20, 1);
    step = axis_step(y->quantity, y->least, y->most, 4);
    y->least = floor(y->least / step) * step;
    y->most = ceil(y->most / step) * step;
}

void scatter_axes(const struct chart_scatter *scatter, struct axis *x, struct axis *y)
{
    bool given =
        scatter->y_most > scatter->y_least && fabs(scatter->y_least) < VALUE_MOST && fabs(scatter->y_most) < VALUE_MOST;
    bool sequences = given && scatter->y_least == 0 && scatter->y_most == AXIS_SEQUENCES;
    nanos end = 0;

    *x = (struct axis){.quantity = QUANTITY_TIME};
    *y = (struct axis){.quantity = sequences ? QUANTITY_SEQUENCE : QUANTITY_NUMBER,
                       .least = given ? scatter->y_least : 0,
                       .most = given ? scatter->y_most : 0};
    if (!given)
        range_of_points(scatter, y);
    for (size_t i = 0; i < scatter->count; i++)
        if (scatter_has(scatter, y, &scatter->points[i]) && scatter->points[i].x > end)
            end = scatter->points[i].x;
    x->most = (double)(end > 0 ? end : NANOS_PER_S);
}

bool scatter_has(const struct chart_scatter *scatter, const struct axis *y, const struct chart_point *point)
{
    return belongs(scatter, point) && point->y >= y->least && point->y <= y->most;
}

size_t scatter_count(const struct chart_scatter *scatter, const struct axis *y)
{
    size_t count = 0;

    for (size_t i = 0; i < scatter->count; i++)
        count += scatter_has(scatter, y, &scatter->points[i]);
    return count;
}
