#include "chart_samples.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const labels[] = {
    "TIME-WAIT",
    "SYN-RECEIVED",
    "a state that nobody knows, with a name that is much longer than any row of any terminal or any document has room "
    "for",
    "1.0 s",
    "<script>alert(1)</script>",
    "a & b < c > d \" e ' f ]]>",
    "\033[31mred\033[0m",
    "line\nline\ttab\rreturn\x7f",
    "\xff\xfe no text",
    "cut \xe2\x82",
    "\xe2",
    "\xed\xa0\x80 half a pair",
    "\xc0\xaf too long",
    "\xe0\x80\xbc too long",
    "\xf4\x90\x80\x80 too large",
    "\xef\xbf\xbf\xef\xbf\xbe no characters",
    "\xe2\x80\xae backwards",
    "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97",
    "\xf0\x9f\x98\x80 \xc3\xa9t\xc3\xa9",
    "WWWWWWWWWWWWWWWWWWWWWWWW",
    "%s%n%d",
    "",
    NULL,
    NULL,
};

static const char *any_label(struct chance *chance)
{
    return labels[chance_below(chance, COUNT(labels))];
}

/* Any order of size below that of most; now and then one of the edges. */
static nanos any_time(struct chance *chance, nanos most)
{
    switch (chance_below(chance, 40)) {
    case 0:
        return NANOS_NEVER;
    case 1:
        return NANOS_NONE;
    case 2:
        return 0;
    case 3:
        return -(nanos)chance_below(chance, 1000);
    case 4:
        return NANOS_NEVER - 1;
    default:
        return (nanos)((double)most * (chance_below(chance, 1000000) / 1e6));
    }
}

static double any_value(struct chance *chance, double size)
{
    switch (chance_below(chance, 50)) {
    case 0:
        return INFINITY;
    case 1:
        return NAN;
    case 2:
        return -INFINITY;
    case 3:
        return 0;
    case 4:
        return -size;
    default:
        return size * (1 + chance_below(chance, 1000)) * (chance_below(chance, 8) ? 1 : 1e4);
    }
}

static size_t some(struct chance *chance, size_t most)
{
    return chance_below(chance, 2) ? chance_below(chance, 6) : chance_below(chance, (uint32_t)most + 1);
}

static void any_timeline(struct chance *chance, struct chart_sample *sample, nanos end)
{
    struct chart_timeline *timeline = &sample->chart.timeline;
    size_t marks = 0, bars = 0;

    timeline->end = chance_below(chance, 3) ? end : any_time(chance, end);
    timeline->lanes = sample->lanes;
    timeline->lane_count = chance_below(chance, SAMPLE_LANES + 1);
    for (size_t i = 0; i < timeline->lane_count; i++) {
        struct chart_lane *lane = &sample->lanes[i];

        *lane = (struct chart_lane){any_label(chance), &sample->bars[bars], some(chance, SAMPLE_BARS - bars),
                                    &sample->marks[marks], some(chance, SAMPLE_MARKS - marks)};
        lane->bar_count = lane->bar_count > SAMPLE_BARS - bars ? SAMPLE_BARS - bars : lane->bar_count;
        lane->mark_count = lane->mark_count > SAMPLE_MARKS - marks ? SAMPLE_MARKS - marks : lane->mark_count;
        bars += lane->bar_count;
        marks += lane->mark_count;
    }
    for (size_t i = 0; i < bars; i++) {
        nanos from = any_time(chance, end);
        nanos least = chance_below(chance, 8) ? from / 2 + any_time(chance, end) / 2 : any_time(chance, end);

        sample->bars[i] = (struct chart_bar){any_label(chance), from, least, any_time(chance, end)};
    }
    for (size_t i = 0; i < marks; i++)
        sample->marks[i] = (struct chart_mark){any_time(chance, end), chance_below(chance, CHART_MARK_KINDS + 1),
                                               chance_below(chance, 3) ? NULL : any_label(chance)};
}

static void any_scatter(struct chance *chance, struct chart_sample *sample, nanos end)
{
    struct chart_scatter *scatter = &sample->chart.scatter;
    double size = pow(10, (double)chance_below(chance, 20) - 6);

    scatter->points = sample->points;
    scatter->count = some(chance, SAMPLE_VALUES);
    scatter->series = sample->series;
    scatter->series_count = (unsigned)some(chance, SAMPLE_SERIES);
    for (unsigned i = 0; i < scatter->series_count; i++)
        sample->series[i] = any_label(chance);
    if (chance_below(chance, 2)) {
        scatter->y_most = 4294967296.0;
        size = 4294967;
    }
    for (size_t i = 0; i < scatter->count; i++)
        sample->points[i] = (struct chart_point){any_time(chance, end), any_value(chance, size),
                                                 chance_below(chance, scatter->series_count + 1)};
}

void chart_sample(struct chance *chance, struct chart_sample *sample)
{
    nanos end = (nanos)pow(10, 1 + chance_below(chance, 15)) * (1 + chance_below(chance, 9));
    double size = pow(10, (double)chance_below(chance, 30) - 10);

    memset(sample, 0, sizeof(*sample));
    sample->chart.kind = chance_below(chance, 3);
    sample->chart.title = any_label(chance);
    if (sample->chart.kind == CHART_TIMELINE) {
        any_timeline(chance, sample, end);
    } else if (sample->chart.kind == CHART_SCATTER) {
        any_scatter(chance, sample, end);
    } else {
        sample->chart.histogram.count = some(chance, SAMPLE_VALUES);
        sample->chart.histogram.unit = any_label(chance);
        for (size_t i = 0; i < SAMPLE_VALUES; i++) {
            sample->spans[i] = any_time(chance, chance_below(chance, 10) ? end : end / 1000);
            sample->values[i] = any_value(chance, size);
        }
        if (chance_below(chance, 2))
            sample->chart.histogram.spans = sample->spans;
        else
            sample->chart.histogram.values = sample->values;
    }
}

#define S(seconds) ((nanos)((seconds)*1e9))

static const struct chart_bar syn_received[] = {{"SYN-RECEIVED", 0, S(63.9), S(64.5)}};
static const struct chart_mark syn_acks[] = {
    {0, CHART_MARK_PEERS, "0"},          {S(1.0), CHART_MARK_PEERS, "1.0 s"},   {S(3.0), CHART_MARK_PEERS, "3.0 s"},
    {S(7.3), CHART_MARK_PEERS, "7.3 s"}, {S(15.5), CHART_MARK_PEERS, "15.5 s"}, {S(31.6), CHART_MARK_PEERS, "31.6 s"},
};
static const struct chart_lane syn_lanes[] = {{"peer", syn_received, 1, syn_acks, COUNT(syn_acks)}};
const struct chart chart_syn_acks = {CHART_TIMELINE, "SYN-ACK retransmissions",
                                     .timeline = {S(70), syn_lanes, COUNT(syn_lanes)}};

const struct chart *chart_crowd(struct chart_sample *sample)
{
    *sample = (struct chart_sample){
        .chart = {CHART_TIMELINE, "TIME-WAIT", .timeline = {S(90), sample->lanes, 2}},
        .bars = {{"FIN-WAIT-2", 0, S(12), S(13)},
                 {"TIME-WAIT", S(13), S(73), S(74)},
                 {"CLOSE-WAIT", S(2), S(70), NANOS_NEVER}},
        .lanes = {{"close", sample->bars, 2, sample->marks, 300},
                  {"held open", sample->bars + 2, 1, sample->marks + 300, 2}},
    };
    for (unsigned i = 0; i < 300; i++)
        sample->marks[i] = (struct chart_mark){S(0.3) * i,
                                               i < 246   ? CHART_MARK_ANSWERED
                                               : i < 267 ? CHART_MARK_REFUSED
                                                         : CHART_MARK_SILENT,
                                               NULL};
    sample->marks[300] = (struct chart_mark){S(20), CHART_MARK_OURS, "keep-alive"};
    sample->marks[301] = (struct chart_mark){S(45), CHART_MARK_PEERS, "ACK"};
    return &sample->chart;
}

const struct chart *chart_round_trips(struct chart_sample *sample)
{
    *sample =
        (struct chart_sample){.chart = {CHART_HISTOGRAM, "Round trip", .histogram = {sample->spans, NULL, 500, NULL}}};
    for (unsigned i = 0; i < 500; i++)
        sample->spans[i] = 20000 + i * 50 + (i * i % 977) * 50;
    return &sample->chart;
}

const struct chart *chart_decades(struct chart_sample *sample)
{
    *sample =
        (struct chart_sample){.chart = {CHART_HISTOGRAM, "Time to open", .histogram = {sample->spans, NULL, 19, NULL}}};
    for (unsigned i = 0; i < 18; i++)
        sample->spans[i] = (nanos)((i % 3 == 0 ? 1000 : i % 3 == 1 ? 2000 : 6000) * pow(10, i / 3));
    sample->spans[18] = S(1);
    return &sample->chart;
}

const struct chart *chart_sequences(struct chart_sample *sample, unsigned series)
{
    *sample = (struct chart_sample){
        .chart = {CHART_SCATTER, "Initial sequence numbers",
                  .scatter = {sample->points, 300, sample->series, series, 0, 4294967296.0}},
        .series = {"port 80", "port 443", "port 22"},
    };
    for (unsigned i = 0; i < 300; i++)
        sample->points[i] = (struct chart_point){S(0.2) * i,
                                                 i % 3 == 0   ? (uint32_t)(i * 40000000u)
                                                 : i % 3 == 1 ? 1e9
                                                              : (uint32_t)(i * 2654435761u),
                                                 i % 3};
    return &sample->chart;
}
