/* What a time line says, whichever way it is drawn. */
#ifndef REPORT_TIMELINE_H
#define REPORT_TIMELINE_H

#include "base/text.h"
#include "report/axis.h"
#include "report/chart.h"

/* The axis of a time line: from 0 to its end, or to the last thing that happens. */
struct axis timeline_axis(const struct chart_timeline *timeline);

/* A bar's moments as they can be shown: in order, and within the axis. */
struct timeline_span {
    nanos from;
    nanos sure; /* it lasted at least until here */
    nanos to;   /* and at most until here */
    bool open;  /* or longer */
};

/* Fills span; false when the bar lies outside the axis altogether. */
bool timeline_span(const struct axis *axis, const struct chart_bar *bar, struct timeline_span *span);

/* Whether a mark lies within the axis and is of a known kind. */
bool timeline_has(const struct axis *axis, const struct chart_mark *mark);

/* How the bar ended: "until 63.9-64.5 s", "still at 60.0 s". */
void timeline_ending(struct text *text, const struct axis *axis, const struct chart_bar *bar);

/* What a mark of the kind is, for a legend: "ours", "refused". Static text. */
const char *timeline_kind(enum chart_mark_kind kind);

#endif
