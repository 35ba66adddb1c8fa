/* What a scatter says, whichever way it is drawn. */
#ifndef REPORT_SCATTER_H
#define REPORT_SCATTER_H

#include "report/axis.h"
#include "report/chart.h"

/* The axes: time from 0 to the last point, and y over its range. */
void scatter_axes(const struct chart_scatter *scatter, struct axis *x, struct axis *y);

/* Whether the point lies between the axes and belongs to a series. */
bool scatter_has(const struct chart_scatter *scatter, const struct axis *y, const struct chart_point *point);

/* How many points there are between the axes. */
size_t scatter_count(const struct chart_scatter *scatter, const struct axis *y);

#endif
