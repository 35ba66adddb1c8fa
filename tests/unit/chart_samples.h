/* Charts for the tests of drawing: some to be compared, others at random and of ill will. */
#ifndef UNIT_CHART_SAMPLES_H
#define UNIT_CHART_SAMPLES_H

#include "report/chart.h"
#include "step_chance.h"

#define SAMPLE_MARKS 400
#define SAMPLE_BARS 20
#define SAMPLE_LANES 6
#define SAMPLE_VALUES 600
#define SAMPLE_SERIES 20

/* A chart and all that it borrows. */
struct chart_sample {
    struct chart chart;
    struct chart_mark marks[SAMPLE_MARKS];
    struct chart_bar bars[SAMPLE_BARS];
    struct chart_lane lanes[SAMPLE_LANES];
    struct chart_point points[SAMPLE_VALUES];
    nanos spans[SAMPLE_VALUES];
    double values[SAMPLE_VALUES];
    const char *series[SAMPLE_SERIES];
};

/* A chart of any kind and size, with times from nanoseconds to days, and with labels that no one would choose. */
void chart_sample(struct chance *chance, struct chart_sample *sample);

/* A SYN-ACK that is sent six times, and the state that this shows. */
extern const struct chart chart_syn_acks;

/* Two lanes with more marks than have room, an end that is not known and one that has not come. */
const struct chart *chart_crowd(struct chart_sample *sample);

/* Five hundred round trips between 20 and 93 us; times from 1 us to 1 s, three of each power of ten. */
const struct chart *chart_round_trips(struct chart_sample *sample);
const struct chart *chart_decades(struct chart_sample *sample);

/* Three series of initial sequence numbers, or only the first. */
const struct chart *chart_sequences(struct chart_sample *sample, unsigned series);

#endif
