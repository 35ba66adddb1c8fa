/*
 * Both ends' states of a ladder to scale in time: time runs to the right, each end is a bar as long as its states lasted, and a
 * segment is an arrow between them at its moment. Where a moment that matters is too short to be seen, a part of the time is
 * drawn once more below, on a scale of its own.
 */
#ifndef REPORT_LADDER_SCALE_H
#define REPORT_LADDER_SCALE_H

#include "report/ladder_rows.h"
#include "report/svg.h"

/*
 * Draws the rows from first to one before end, which are of one connection, between left and left + width, from y on; returns
 * where it ends. Draws nothing where fewer than two moments are known.
 */
double ladder_scale(const struct svg *svg, const struct ladder_rows *ladder, unsigned first, unsigned end, double left,
                    double width, double y);

#endif
