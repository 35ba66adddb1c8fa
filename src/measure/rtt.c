/*
 * Round trips of handshakes: many SYNs, one after the other, each answered with SYN-ACK or not, and each reset. Both ends of each
 * span are the capture's stamps. The application of the peer sees nothing of it.
 */
#include <math.h>

#include "base/text.h"
#include "measure/kinds.h"
#include "measure/stats.h"

#define SPANS_MAX 10000

/* A SYN-ACK that comes later than this is one that the peer has repeated, and the first was lost. */
#define WITHIN "900 ms"

enum { TALLY_SENT, TALLY_LOST };
/* tally and marks of the course */
enum { COURSE_ANSWERED, COURSE_CHALLENGED };
enum { MARK_FIRST, MARK_LATEST };

static void begin(struct measurement *m)
{
    measure_plan(m, 0);
}

static void next(struct measurement *m, struct course *course, nanos now)
{
    if (course->phase > 0 && course->failed && m->tally[TALLY_SENT] == 0 && course->walk->peer_end == PEER_END_RST) {
        measure_course_failed(m, course);
        return;
    }
    if (course->phase > 0)
        return;
    course->phase = 1;
    measure_await(m, "answers; %u of %u SYNs sent", m->tally[TALLY_SENT], measure_count(m));
    course_do(course, now, "wait %s; syn; expect S. ack=+1 within 900ms; rst", course->round == 0 ? "0ms" : "10ms");
}

static void saw(struct measurement *m, struct course *course, const struct event *event)
{
    const struct event_segment *segment = &event->segment;

    if (event->kind != EVENT_SEGMENT)
        return;
    if (segment->out && segment_has(&segment->segment, TCP_SYN)) {
        course->marks[MARK_LATEST] = course_at(course, segment->t);
        if (course->marks[MARK_FIRST] == 0)
            course->marks[MARK_FIRST] = course->marks[MARK_LATEST];
    } else if (!segment->out && !(segment->segment.flags & (TCP_SYN | TCP_RST)) &&
               course->first_syn_ack == NANOS_NONE) {
        course->tally[COURSE_CHALLENGED] = 1; /* our last RST was lost: it still has the connection before this one */
    } else if (!segment->out && segment_has(&segment->segment, TCP_SYN | TCP_ACK) &&
               course->first_syn_ack == course_at(course, segment->t) && !course->tally[COURSE_ANSWERED] &&
               !course->tally[COURSE_CHALLENGED]) {
        struct sample *sample = measure_sample(m, course, SAMPLE_SPAN, course->marks[MARK_FIRST], "rtt");
        course->tally[COURSE_ANSWERED] = 1;
        if (sample) {
            sample->least = course->first_syn_ack - course->marks[MARK_LATEST];
            sample->most = course->first_syn_ack - course->marks[MARK_FIRST];
        }
    }
}

static bool over(struct measurement *m, struct course *course)
{
    if (!course->tally[COURSE_ANSWERED] && course_was_stopped(course))
        return false;
    if (m->result.measured != MEASURED_DONE)
        return false;
    if (course->tally[COURSE_CHALLENGED])
        return true;
    if (course->marks[MARK_FIRST] == 0 || (!course->tally[COURSE_ANSWERED] && !course->failed))
        return false; /* none was sent, or its time was not over */
    m->tally[TALLY_SENT]++;
    m->tally[TALLY_LOST] += !course->tally[COURSE_ANSWERED];
    if (m->tally[TALLY_LOST] >= 5 && m->tally[TALLY_LOST] == m->tally[TALLY_SENT]) {
        measure_failed(m, MEASURED_NO_ANSWER);
        measure_found(m, "no-answer", (struct amount){0}, "No answer: %u SYNs were sent.", m->tally[TALLY_SENT]);
        return false;
    }
    return m->tally[TALLY_SENT] < measure_count(m);
}

static void found_span(struct measurement *m, const char *name, nanos span, const char *what)
{
    char words[64];
    struct amount amount = {.kind = AMOUNT_SPAN, .least = span, .most = span};

    amount_words(&amount, words, sizeof(words));
    measure_found(m, name, amount, "%s: %s.", what, words);
}

/* Wilson's interval of a share, in percent: 95 of 100 such intervals have the true share in them. */
static void share_interval(unsigned part, unsigned whole, double *low, double *high)
{
    double n = whole, p = part / n, z = 1.96, half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    double centre = p + z * z / (2 * n), scale = 1 + z * z / n;

    *low = part == 0 ? 0 : 100 * (centre - half) / scale;
    *high = part == whole ? 100 : 100 * (centre + half) / scale;
}

static void conclude(struct measurement *m)
{
    nanos spans[SPANS_MAX], low, high;
    unsigned count = 0, sent = m->tally[TALLY_SENT];
    double least, most;
    struct text text;
    char words[160];

    for (size_t i = 0; i < m->result.sample_count && count < SPANS_MAX; i++)
        if (m->result.samples[i].kind == SAMPLE_SPAN && m->result.samples[i].least == m->result.samples[i].most)
            spans[count++] = m->result.samples[i].least;
    if (sent == 0 || m->result.measured >= MEASURED_OTHERWISE)
        return;
    if (count == 0) {
        measure_failed(m, MEASURED_NO_ANSWER);
        measure_found(m, "no-answer", (struct amount){0}, "No answer: %u SYN%s sent.", sent,
                      sent == 1 ? " was" : "s were");
        return;
    }
    share_interval(m->tally[TALLY_LOST], sent, &least, &most);
    measure_found(m, "loss", (struct amount){.kind = AMOUNT_REAL, .real = (double)m->tally[TALLY_LOST] / sent},
                  "%u of %u SYNs had no SYN-ACK within " WITHIN
                  ". So a SYN or its SYN-ACK is lost in %.*f to %.*f %% of all cases, with 95 %% confidence.",
                  m->tally[TALLY_LOST], sent, least > 0 && least < 10, least, most < 10, most);
    stats_sort(spans, count);
    found_span(m, "minimum", spans[0], "Shortest round trip");
    text_init(&text, words, sizeof(words));
    text_add(&text, "Median");
    if (stats_median_interval(spans, count, 0.95, &low, &high)) {
        text_add(&text, " (between ");
        kinds_span(&text, low);
        text_add(&text, " and ");
        kinds_span(&text, high);
        text_add(&text, " with 95 %% confidence)");
    }
    found_span(m, "median", stats_percentile(spans, count, 50), words);
    found_span(m, "p99", stats_percentile(spans, count, 99), "99th percentile");
    found_span(m, "maximum", spans[count - 1], "Longest");
}

const struct measure_kind kind_rtt = {
    .name = "rtt",
    .summary = "round trips of handshakes: distribution and loss",
    .max = 60 * NANOS_PER_S,
    .brief_max = 10 * NANOS_PER_S,
    .count = 100,
    .brief_count = 20,
    .at_once = 1,
    .alone = true,
    .begin = begin,
    .next = next,
    .saw = saw,
    .over = over,
    .conclude = conclude,
};
