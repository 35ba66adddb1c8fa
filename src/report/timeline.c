#include "report/timeline.h"

static void later(nanos at, nanos *latest)
{
    if (at != NANOS_NEVER && at > *latest)
        *latest = at;
}

static nanos last_of(const struct chart_timeline *timeline)
{
    nanos latest = 0;

    for (size_t i = 0; i < timeline->lane_count; i++) {
        const struct chart_lane *lane = &timeline->lanes[i];

        for (size_t bar = 0; bar < lane->bar_count; bar++) {
            later(lane->bars[bar].from, &latest);
            later(lane->bars[bar].to_least, &latest);
            later(lane->bars[bar].to_most, &latest);
        }
        for (size_t mark = 0; mark < lane->mark_count; mark++)
            later(lane->marks[mark].at, &latest);
    }
    return latest;
}

struct axis timeline_axis(const struct chart_timeline *timeline)
{
    nanos end = timeline->end > 0 && timeline->end != NANOS_NEVER ? timeline->end : last_of(timeline);

    return (struct axis){.quantity = QUANTITY_TIME, .most = (double)(end > 0 ? end : NANOS_PER_S)};
}

bool timeline_span(const struct axis *axis, const struct chart_bar *bar, struct timeline_span *span)
{
    nanos end = (nanos)axis->most;
    bool open = bar->to_most == NANOS_NEVER;
    nanos to = open ? end : bar->to_most;
    nanos sure = bar->to_least == NANOS_NEVER ? to : bar->to_least;

    if (bar->from > end || to < bar->from || to < 0)
        return false;
    span->from = bar->from < 0 ? 0 : bar->from;
    span->open = open || to > end;
    span->to = to < end ? to : end;
    span->sure = sure > span->to ? span->to : sure < span->from ? span->from : sure;
    return true;
}

bool timeline_has(const struct axis *axis, const struct chart_mark *mark)
{
    return mark->at >= 0 && mark->at <= (nanos)axis->most && (unsigned)mark->kind < CHART_MARK_KINDS;
}

void timeline_ending(struct text *text, const struct axis *axis, const struct chart_bar *bar)
{
    char when[AXIS_INTERVAL_TEXT];
    struct timeline_span span;
    nanos least;

    if (!timeline_span(axis, bar, &span))
        return;
    if (bar->to_most == NANOS_NEVER) {
        text_add(text, "still at %s", axis_value(QUANTITY_TIME, (double)span.sure, when));
        return;
    }
    least = bar->to_least < span.from ? span.from : nanos_sooner(bar->to_least, bar->to_most);
    text_add(text, "until %s", axis_interval(least, bar->to_most, when));
}

const char *timeline_kind(enum chart_mark_kind kind)
{
    static const char *const names[CHART_MARK_KINDS] = {
        [CHART_MARK_OURS] = "ours",       [CHART_MARK_PEERS] = "the peer's", [CHART_MARK_ANSWERED] = "answered",
        [CHART_MARK_REFUSED] = "refused", [CHART_MARK_SILENT] = "no answer",
    };

    return names[kind];
}
