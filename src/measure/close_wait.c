/*
 * How long the peer's application takes to close after our FIN: many half-closes. The peer's dwell in CLOSE-WAIT lies between
 * two spans that can be seen: from its acknowledgement of our FIN to its own FIN (nothing where one segment brought both), less a
 * round trip, as one of them may have been on its way longer than the other; and from our FIN to its own. Where its first FIN
 * is lost, the one that it repeats counts.
 */
#include <stdio.h>

#include "base/text.h"
#include "measure/kinds.h"
#include "measure/stats.h"

/* So many are looked at. */
#define SPANS_MAX 2000

enum { TALLY_STAYED, TALLY_RESET, TALLY_TOGETHER, TALLY_CLOSED };

static void begin(struct measurement *m)
{
    unsigned count = measure_count(m);

    for (unsigned i = 0; i < count && i < m->kind->at_once; i++)
        measure_plan(m, 0);
}

static void next(struct measurement *m, struct course *course, nanos now)
{
    char follows[128], within[2][32];

    if (course->phase > 0) {
        if (course->failed && !course_is_open(course) && course->fin_acked == NANOS_NONE && m->tally[TALLY_CLOSED] == 0)
            measure_course_failed(m, course);
        return;
    }
    measure_await(m, "the peer to close; %u of %u have", m->tally[TALLY_CLOSED], measure_count(m));
    measure_within(m, now, KINDS_PATIENCE, within[0]);
    measure_within(m, now, KINDS_CLOSES, within[1]);
    snprintf(follows, sizeof(follows), "; half-close within %s; expect F. within %s", within[0], within[1]);
    kinds_open(m, course, now, follows);
}

/* Several connections at a time, each of which begins anew until there are enough. */
static bool over(struct measurement *m, struct course *course)
{
    struct sample *sample;

    if (course->first_syn_ack != NANOS_NONE && course->fin_acked != NANOS_NONE) {
        if (course->its_fin != NANOS_NONE && course->its_fin >= course->fin_acked) {
            m->tally[TALLY_CLOSED]++;
            m->tally[TALLY_TOGETHER] += course->its_fin == course->fin_acked;
            sample = measure_sample(m, course, SAMPLE_SPAN, course->our_fin, "close-wait");
            if (sample) {
                sample->least = course->its_fin - course->fin_acked - course_trip(course);
                if (sample->least < 0)
                    sample->least = 0;
                sample->most = course->its_fin - course->our_fin;
            }
        } else if (course->its_fin == NANOS_NONE && course->end.peer_end != PEER_END_RST &&
                   !course_was_stopped(course)) {
            m->tally[TALLY_STAYED]++;
        }
    }
    m->tally[TALLY_RESET] += course->end.peer_end == PEER_END_RST;
    m->marks[0] = m->marks[0] == NANOS_NONE ? 1 : m->marks[0] + 1;
    /* What stays open once will stay open again: that takes long enough. */
    return m->result.measured == MEASURED_DONE && m->tally[TALLY_STAYED] == 0 && !m->stopped &&
           m->marks[0] + m->open <= (nanos)measure_count(m);
}

static void conclude_distribution(struct measurement *m, nanos *least, nanos *most, unsigned count)
{
    struct amount minimum, median, late;
    char words[3][96];

    stats_sort(least, count);
    stats_sort(most, count);
    minimum = (struct amount){.kind = AMOUNT_SPAN, .least = least[0], .most = most[0]};
    median = (struct amount){
        .kind = AMOUNT_SPAN, .least = stats_percentile(least, count, 50), .most = stats_percentile(most, count, 50)};
    late = (struct amount){
        .kind = AMOUNT_SPAN, .least = stats_percentile(least, count, 99), .most = stats_percentile(most, count, 99)};
    amount_words(&minimum, words[0], sizeof(words[0]));
    amount_words(&median, words[1], sizeof(words[1]));
    amount_words(&late, words[2], sizeof(words[2]));
    measure_found(m, "minimum", minimum, "Shortest time that its application took to close: %s.", words[0]);
    measure_found(m, "median", median, "Median: %s.", words[1]);
    measure_found(m, "p99", late, "99th percentile: %s.", words[2]);
}

static void conclude(struct measurement *m)
{
    nanos least[SPANS_MAX], most[SPANS_MAX];
    unsigned count = 0;

    for (size_t i = 0; i < m->result.sample_count && count < SPANS_MAX; i++)
        if (m->result.samples[i].kind == SAMPLE_SPAN) {
            least[count] = m->result.samples[i].least;
            most[count++] = m->result.samples[i].most;
        }
    if (count > 0) {
        measure_found(m, "closes", (struct amount){.kind = AMOUNT_NUMBER, .number = count},
                      "%u connection%s closed with FIN; on %u of them the same segment acknowledged our FIN.", count,
                      count == 1 ? "" : "s", m->tally[TALLY_TOGETHER]);
        conclude_distribution(m, least, most, count);
    }
    if (m->tally[TALLY_RESET] > 0 && m->result.measured < MEASURED_OTHERWISE)
        measure_found(m, "resets", (struct amount){.kind = AMOUNT_NUMBER, .number = m->tally[TALLY_RESET]},
                      "%u connection%s ended with RST.", m->tally[TALLY_RESET], m->tally[TALLY_RESET] == 1 ? "" : "s");
    if (count == 0 && m->tally[TALLY_RESET] > 0)
        measure_failed(m, MEASURED_OTHERWISE);
    if (m->tally[TALLY_STAYED] == 0)
        return;
    measure_failed(m, MEASURED_OTHERWISE);
    measure_found(
        m, "stays", (struct amount){.kind = AMOUNT_NUMBER, .number = m->tally[TALLY_STAYED]},
        "On %u connection%s no FIN of its own came as long as was waited (10 s, or what --max left): if none was lost, "
        "the peer stays in CLOSE-WAIT, which no timer ends.",
        m->tally[TALLY_STAYED], m->tally[TALLY_STAYED] == 1 ? "" : "s");
}

const struct measure_kind kind_close_wait = {
    .name = "close-wait",
    .summary = "how long its application takes to close after our FIN, over many connections",
    .max = 60 * NANOS_PER_S,
    .brief_max = 12 * NANOS_PER_S,
    .count = 50,
    .brief_count = 10,
    .at_once = 5,
    .begin = begin,
    .next = next,
    .over = over,
    .conclude = conclude,
};
