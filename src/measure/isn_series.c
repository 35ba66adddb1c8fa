/*
 * How the peer makes its initial sequence numbers: many SYNs of one pair of ports, and many of other ports each. Each
 * is reset when its SYN-ACK has come. What the numbers mean is found in measure/isn.c.
 */
#include <stdio.h>

#include "base/text.h"
#include "measure/isn.h"
#include "measure/kinds.h"

enum { ROLE_ONE, ROLE_MANY };
enum { TALLY_ONE, TALLY_MANY, TALLY_LOST, TALLY_STALLED };

/* So many losses in a row end it. */
#define LOST_IN_A_ROW 5

static unsigned wanted(const struct measurement *m)
{
    unsigned count = measure_count(m);

    return count < ISN_SAMPLES_MAX ? count : ISN_SAMPLES_MAX;
}

static void begin(struct measurement *m)
{
    unsigned others = wanted(m) < MEASURE_PLAN - 1 ? wanted(m) : MEASURE_PLAN - 1;

    measure_plan(m, ROLE_ONE);
    for (unsigned i = 0; i < others; i++)
        measure_plan(m, ROLE_MANY);
}

static void next(struct measurement *m, struct course *course, nanos now)
{
    unsigned gap;

    if (course->phase > 0) {
        if (course->failed && course->walk->peer_end == PEER_END_RST && m->result.sample_count == 0)
            measure_course_failed(m, course);
        return;
    }
    course->phase = 1;
    measure_await(m, "initial sequence numbers; %zu seen", m->result.sample_count);
    /* At even gaps a constant step would look like a clock. */
    gap = course->role == ROLE_ONE ? course->round : course->number;
    gap = 1 + (13 * gap * gap + 7 * gap) % 31;
    course_do(course, now, "wait %ums; syn; expect S. ack=+1 within 1s; rst", gap);
}

static void saw(struct measurement *m, struct course *course, const struct event *event)
{
    const struct event_segment *segment = &event->segment;
    struct sample *sample;

    if (event->kind != EVENT_SEGMENT)
        return;
    if (segment->out && segment_has(&segment->segment, TCP_SYN))
        course->marks[0] = course_at(course, segment->t);
    if (segment->out || !segment_has(&segment->segment, TCP_SYN | TCP_ACK) || course->tally[0] > 0)
        return;
    course->tally[0] = 1;
    sample = measure_sample(m, course, SAMPLE_NUMBER, course->marks[0],
                            course->role == ROLE_ONE ? "one-tuple" : "many-tuples");
    if (!sample)
        return;
    sample->until = course_at(course, segment->t);
    sample->number = segment->segment.seq;
    m->tally[course->role == ROLE_ONE ? TALLY_ONE : TALLY_MANY]++;
}

static bool over(struct measurement *m, struct course *course)
{
    if (course->tally[0] == 0 && course_was_stopped(course))
        return false;
    if (course->tally[0] == 0) {
        m->tally[TALLY_LOST]++;
        if (++m->tally[TALLY_STALLED] >= LOST_IN_A_ROW && m->result.measured == MEASURED_DONE) {
            m->planned = m->begun;
            measure_failed(m, MEASURED_NO_ANSWER);
        }
    } else {
        m->tally[TALLY_STALLED] = 0;
    }
    if (m->result.measured != MEASURED_DONE)
        m->planned = m->begun;
    return course->role == ROLE_ONE && m->result.measured == MEASURED_DONE && course->round + 1 < wanted(m);
}

/* "of 0.31", "below 1e-12" */
static const char *chance_words(double p, char out[32])
{
    if (p < 1e-12)
        snprintf(out, 32, "below 1e-12");
    else
        snprintf(out, 32, "of %.2g", p);
    return out;
}

static void conclude(struct measurement *m)
{
    struct isn_sample one[ISN_SAMPLES_MAX], many[ISN_SAMPLES_MAX];
    size_t ones = 0, manys = 0;
    struct isn_finding found;
    char words[FINDING_WORDS], p[32];
    struct text text;

    for (size_t i = 0; i < m->result.sample_count; i++) {
        const struct sample *sample = &m->result.samples[i];
        struct isn_sample value = {sample->number, sample->at, sample->until, sample->port};
        if (sample->kind != SAMPLE_NUMBER)
            continue;
        if (m->result.samples[i].course == 1 && ones < ISN_SAMPLES_MAX)
            one[ones++] = value;
        else if (manys < ISN_SAMPLES_MAX)
            many[manys++] = value;
    }
    if (ones + manys == 0) {
        if (m->result.finding_count == 0)
            measure_found(m, "no-answer", (struct amount){0}, "No answer: no SYN-ACK came.");
        return;
    }
    isn_find(one, ones, many, manys, &found);
    text_init(&text, words, sizeof(words));
    isn_describe(&found, &text);
    measure_found(m, "kind", (struct amount){.kind = AMOUNT_WORD, .word = isn_kind_name(found.kind)}, "%s", words);
    if (found.rate > 0)
        measure_found(m, "tick", (struct amount){.kind = AMOUNT_REAL, .real = found.tick},
                      "The clock counts once in %.4g ns (between %.5g and %.5g).", found.tick, found.tick_low,
                      found.tick_high);
    if (found.step > 0)
        measure_found(m, "step", (struct amount){.kind = AMOUNT_NUMBER, .number = found.step}, "The step is %u.",
                      found.step);
    if (found.chance < 1)
        measure_found(m, "chance", (struct amount){.kind = AMOUNT_REAL, .real = found.chance},
                      "Random numbers would be taken for such ones with a probability %s.",
                      chance_words(found.chance, p));
    if (found.one.count > 0)
        measure_found(
            m, "p-one", (struct amount){.kind = AMOUNT_REAL, .real = found.one.least_p},
            "One pair of ports: random numbers would look so, or odder, with a probability %s (%zu numbers, test: %s).",
            chance_words(found.one.least_p, p), found.one.count, isn_test_name(found.one.worst));
    if (found.many.count > 0)
        measure_found(
            m, "p-many", (struct amount){.kind = AMOUNT_REAL, .real = found.many.least_p},
            "Other ports: random numbers would look so, or odder, with a probability %s (%zu numbers, test: %s).",
            chance_words(found.many.least_p, p), found.many.count, isn_test_name(found.many.worst));
    if (m->tally[TALLY_LOST] > 0)
        measure_found(m, "lost", (struct amount){.kind = AMOUNT_NUMBER, .number = m->tally[TALLY_LOST]},
                      "%u SYN%s had no answer.", m->tally[TALLY_LOST], m->tally[TALLY_LOST] == 1 ? "" : "s");
}

const struct measure_kind kind_isn = {
    .name = "isn",
    .summary = "how it makes its initial sequence numbers: step, clock, RFC 6528 or random, and what that means",
    .max = 60 * NANOS_PER_S,
    .brief_max = 10 * NANOS_PER_S,
    .count = 100,
    .brief_count = 40,
    .at_once = 1,
    .alone = true,
    .begin = begin,
    .next = next,
    .saw = saw,
    .over = over,
    .conclude = conclude,
};
