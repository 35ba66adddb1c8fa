/* Which picture a result gets: how long states lasted, how often which value came, or numbers over time. */
#include <stdlib.h>
#include <string.h>

#include "report/measured.h"
#include "report/phrase.h"

/* All that the chart of one result points to. */
struct material {
    struct chart_lane lane;
    struct chart_bar bar;
    struct chart_point *points;
    const char *series[2];
    nanos *spans;
    struct chart_mark *marks;
    char (*labels)[SPAN_TEXT];
    char storage[];
};

static size_t count_of(const struct result *result, enum sample_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < result->sample_count; i++)
        count += result->samples[i].kind == kind;
    return count;
}

static struct material *prepare(const struct result *result, struct measured_chart *out, size_t each)
{
    struct material *material = calloc(1, sizeof(*material) + (result->sample_count + 1) * each);

    out->memory = material;
    return material;
}

/* ---- a histogram ---- */

static bool make_histogram(const struct result *result, struct measured_chart *out)
{
    struct material *material = prepare(result, out, sizeof(nanos));
    size_t count = 0;

    if (!material)
        return false;
    material->spans = (nanos *)material->storage;
    for (size_t i = 0; i < result->sample_count; i++)
        if (result->samples[i].kind == SAMPLE_SPAN)
            material->spans[count++] = result->samples[i].most;
    out->chart = (struct chart){.kind = CHART_HISTOGRAM, .title = result->what};
    out->chart.histogram = (struct chart_histogram){.spans = material->spans, .count = count};
    return true;
}

/* ---- numbers over time ---- */

static bool make_scatter(const struct result *result, struct measured_chart *out)
{
    struct material *material = prepare(result, out, sizeof(struct chart_point));
    size_t count = 0;

    if (!material)
        return false;
    material->points = (struct chart_point *)material->storage;
    material->series[0] = "one pair of ports";
    material->series[1] = "other ports";
    for (size_t i = 0; i < result->sample_count; i++) {
        const struct sample *sample = &result->samples[i];
        if (sample->kind != SAMPLE_NUMBER)
            continue;
        material->points[count++] = (struct chart_point){.x = sample->until - result->origin,
                                                         .y = sample->number,
                                                         .series = strcmp(sample->what, "one-tuple") == 0 ? 0 : 1};
    }
    out->chart = (struct chart){.kind = CHART_SCATTER, .title = "initial sequence numbers"};
    out->chart.scatter = (struct chart_scatter){.points = material->points,
                                                .count = count,
                                                .series = material->series,
                                                .series_count = 2,
                                                .y_most = 4294967296.0};
    return true;
}

/* ---- a time line ---- */

/* Where the sample's connection began to be of interest: its stay, or the beginning of all. */
static nanos beginning(const struct result *result, const struct sample *sample)
{
    for (unsigned i = 0; i < result->stay_count; i++)
        if (result->stays[i].course == sample->course)
            return result->stays[i].from;
    return result->origin;
}

static enum chart_mark_kind mark_of(enum sample_kind kind)
{
    switch (kind) {
    case SAMPLE_ANSWERED:
        return CHART_MARK_ANSWERED;
    case SAMPLE_REFUSED:
        return CHART_MARK_REFUSED;
    case SAMPLE_SILENT:
        return CHART_MARK_SILENT;
    case SAMPLE_PEERS:
        return CHART_MARK_PEERS;
    default:
        return CHART_MARK_OURS;
    }
}

/* Several connections in the same state: what holds of all of them, from the beginning of each. */
static struct chart_bar bar_of(const struct result *result)
{
    struct chart_bar bar = {.label = state_name(result->stays[0].state), .to_most = NANOS_NEVER};

    for (unsigned i = 0; i < result->stay_count; i++) {
        const struct stay *stay = &result->stays[i];
        if (stay->to_least - stay->from > bar.to_least)
            bar.to_least = stay->to_least - stay->from;
        if (stay->to_most != NANOS_NEVER)
            bar.to_most = nanos_sooner(bar.to_most, stay->to_most - stay->from);
    }
    if (bar.to_most != NANOS_NEVER && bar.to_least > bar.to_most)
        bar.to_least = bar.to_most;
    return bar;
}

static bool make_timeline(const struct result *result, struct measured_chart *out)
{
    struct material *material = prepare(result, out, sizeof(struct chart_mark) + SPAN_TEXT);
    size_t count = 0;

    if (!material)
        return false;
    material->marks = (struct chart_mark *)material->storage;
    material->labels = (char(*)[SPAN_TEXT])(material->storage + (result->sample_count + 1) * sizeof(struct chart_mark));
    for (size_t i = 0; i < result->sample_count; i++) {
        const struct sample *sample = &result->samples[i];
        struct chart_mark *mark = &material->marks[count];
        if (sample->kind == SAMPLE_SPAN || sample->kind == SAMPLE_NUMBER)
            continue;
        *mark = (struct chart_mark){.at = sample->at - beginning(result, sample), .kind = mark_of(sample->kind)};
        if (sample->kind == SAMPLE_PEERS && sample->least != NANOS_NONE)
            mark->label = phrase_span(sample->least, material->labels[count]);
        count++;
    }
    material->lane = (struct chart_lane){.label = "", .marks = material->marks, .mark_count = count};
    if (result->stay_count > 0) {
        material->bar = bar_of(result);
        material->lane.bars = &material->bar;
        material->lane.bar_count = 1;
    }
    out->chart = (struct chart){.kind = CHART_TIMELINE, .title = result->what};
    out->chart.timeline = (struct chart_timeline){.lanes = &material->lane, .lane_count = 1};
    return true;
}

bool measured_chart_make(const struct result *result, struct measured_chart *out)
{
    size_t marks =
        count_of(result, SAMPLE_PEERS) + count_of(result, SAMPLE_ANSWERED) + count_of(result, SAMPLE_REFUSED);

    *out = (struct measured_chart){0};
    if (count_of(result, SAMPLE_NUMBER) >= 2)
        return make_scatter(result, out);
    if (count_of(result, SAMPLE_SPAN) >= 5)
        return make_histogram(result, out);
    return result->stay_count > 0 && marks > 0 && make_timeline(result, out);
}

void measured_chart_free(struct measured_chart *chart)
{
    free(chart->memory);
    chart->memory = NULL;
}
