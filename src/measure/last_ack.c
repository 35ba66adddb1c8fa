/*
 * How often the peer repeats a FIN that is not acknowledged, and when it gives up. We close, it closes, and its FIN is not
 * acknowledged: LAST-ACK (CLOSING where it closes by itself, before it has our FIN). What it repeats shows that it is still
 * there; when that ends, an old byte with an acknowledgement as old asks whether it is: all stacks answer that in these states,
 * and none takes it for our last ACK (measured).
 */
#include <stdio.h>

#include "base/text.h"
#include "measure/kinds.h"

#define PACE (620 * NANOS_PER_MS)
#define SILENCES 8

enum { FIRST = 1, UNCLOSED, WATCHING };

/* Where nothing is answered (passt), so long it must have been quiet, beside three times the interval before. */
#define QUIET_MOST (20 * NANOS_PER_S)

/* What comes as soon as that after a segment of ours, beside the round trip, may be an answer to it. */
#define ANSWER (5 * NANOS_PER_MS)

/* tally of the measurement */
enum { TALLY_REPEATS, TALLY_CLOSING, TALLY_RESET, TALLY_DATA, TALLY_UNSURE };

/* marks of the course: when its FIN came last by itself, the interval before, capture clock; since when it is awaited, monotonic */
enum { MARK_LAST, MARK_INTERVAL, MARK_BEGAN };

static void begin(struct measurement *m)
{
    measure_plan(m, 0);
}

static void found_stays(struct measurement *m)
{
    measure_failed(m, MEASURED_OTHERWISE);
    measure_found(m, "stays", (struct amount){0},
                  "Its application did not close as long as was waited (10 s, or what --max left): the peer stays in "
                  "CLOSE-WAIT, and sends no FIN that it could repeat.");
}

static void watch_on(struct measurement *m, struct course *course, nanos now)
{
    char pace[32];
    bool ask = m->watch.silent < SILENCES &&
               kinds_is_quiet(course, now + PACE, course->marks[MARK_LAST], course->marks[MARK_INTERVAL]);

    measure_await(m, "its FIN again, or its end; repeated %u time%s so far", m->tally[TALLY_REPEATS],
                  m->tally[TALLY_REPEATS] == 1 ? "" : "s");
    course->tally[0] = ask;
    course_do(course, now, ask ? "wait %s; probe old-byte" : "wait %s", measure_within(m, now, PACE, pace));
}

/* It answers nothing any more; or never did, and is not expected to repeat its FIN either. */
static bool is_mute(const struct measurement *m, const struct course *course, nanos now)
{
    nanos quiet = course_clock(course, now) - course->marks[MARK_LAST];

    return m->watch.silent >= SILENCES &&
           (m->watch.answered > 0 || quiet > QUIET_MOST + 3 * course->marks[MARK_INTERVAL]);
}

/*
 * Until its FIN comes it is asked, too: an answer shows that the FIN had not been sent yet. The one that comes need not be
 * the first.
 */
static void wait_for_fin(struct measurement *m, struct course *course, nanos now)
{
    bool acked = course->fin_acked != NANOS_NONE;
    char within[32];

    if (course->phase == FIRST)
        course->marks[MARK_BEGAN] = now;
    if ((course->phase == FIRST && !acked) || course->reset != NANOS_NONE || course->question.reply == REPLY_RST ||
        course->walk->peer_end != PEER_END_NONE) {
        measure_course_failed(m, course);
        return;
    }
    if (now - course->marks[MARK_BEGAN] >= KINDS_CLOSES || measure_late(m, now)) {
        found_stays(m);
        return;
    }
    if (course->phase == UNCLOSED && course->failed) { /* it did not come */
        course_do(course, now, "probe old-byte");
        return;
    }
    course->phase = UNCLOSED;
    course_do(course, now, "expect F. within %s", measure_within(m, now, PACE, within));
}

/* Both states begin when it has our FIN. Which one it is shows only where that is known to have come before its own was sent. */
static void begin_watch(struct measurement *m, struct course *course)
{
    const struct walk *walk = course->walk;

    course->phase = WATCHING;
    course->marks[MARK_LAST] = course->from_most = course->its_fin;
    if (course->fin_acked != NANOS_NONE && course->fin_acked > course->its_fin)
        course->from_most = course->fin_acked; /* CLOSING begins when it has ours */
    /* What came may not be the first copy of its FIN. */
    course->from_least = course->unclosed > course->our_fin ? course->unclosed : course->our_fin;
    m->tally[TALLY_CLOSING] = walk->its_fin_first || walk->its_fin_crossed;
    m->tally[TALLY_UNSURE] =
        !m->tally[TALLY_CLOSING] && (course->unclosed == NANOS_NONE || course->unclosed < course->our_fin);
}

static void next(struct measurement *m, struct course *course, nanos now)
{
    char follows[128], within[32];

    if (course->phase == 0) {
        snprintf(follows, sizeof(follows), "; auto ack off; half-close within %s",
                 measure_within(m, now, KINDS_PATIENCE, within));
        measure_await(m, "the peer to close");
        kinds_open(m, course, now, follows);
        return;
    }
    if (course->phase < WATCHING) {
        if (course->its_fin == NANOS_NONE) {
            wait_for_fin(m, course, now);
            return;
        }
        if (course->its_fin_acked != NANOS_NONE) {
            measure_failed(m, MEASURED_OTHERWISE);
            measure_found(m, "closes-first", (struct amount){0},
                          "It closed by itself, and its FIN was acknowledged before ours could leave: then it is in "
                          "FIN-WAIT-2, and repeats nothing.");
            return;
        }
        begin_watch(m, course);
    } else {
        if (course->tally[0])
            watch_take(m, course);
        m->tally[TALLY_RESET] = watch_reset(m, course);
        if (m->tally[TALLY_RESET] || course->question.reply == REPLY_RST || is_mute(m, course, now))
            return;
    }
    if (!measure_late(m, now))
        watch_on(m, course, now);
}

/* libslirp answers a FIN that crossed its own with its own, and each copy of it. */
static bool answers_our_fin(const struct course *course, nanos at)
{
    return at != course->its_fin && (course->walk->its_fin_crossed || course->our_fin > course->its_fin) &&
           at - course->our_fin < course_trip(course) + ANSWER;
}

/*
 * A FIN that comes by itself, not as the answer to a question; or data: with --send the peer's answer is not acknowledged
 * either, and it is that which is repeated first.
 */
static void saw(struct measurement *m, struct course *course, const struct event *event)
{
    const struct event_segment *segment = &event->segment;
    bool fin;
    nanos at;
    struct sample *sample;

    if (event->kind != EVENT_SEGMENT || segment->out || course->its_fin == NANOS_NONE)
        return;
    fin = segment_has(&segment->segment, TCP_FIN);
    if (!fin && segment->segment.len == 0)
        return;
    at = course_at(course, segment->t);
    if ((course->question.asked && course->question.heard == at) || answers_our_fin(course, at))
        return;
    m->tally[TALLY_DATA] += !fin;
    sample = measure_sample(m, course, SAMPLE_PEERS, at, fin ? "fin" : "data");
    if (at == course->its_fin)
        return;
    m->tally[TALLY_REPEATS]++;
    if (sample)
        sample->least = sample->most = at - course->its_fin;
    if (course->phase == WATCHING) {
        course->marks[MARK_INTERVAL] = at - course->marks[MARK_LAST];
        course->marks[MARK_LAST] = at;
        watch_alive(m, course, at - course_way(course));
    }
}

static bool over(struct measurement *m, struct course *course)
{
    if (course->from_least != NANOS_NONE)
        measure_stay(m, course, m->tally[TALLY_CLOSING] ? CLOSING : LAST_ACK, course->from_least,
                     course->alive == NANOS_NONE ? course->from_least : course->alive,
                     course->gone == NANOS_NONE ? NANOS_NEVER : course->gone);
    return false;
}

static void conclude(struct measurement *m)
{
    const char *state = m->tally[TALLY_CLOSING]  ? "CLOSING"
                        : m->tally[TALLY_UNSURE] ? "LAST-ACK (CLOSING, if a first FIN of its was lost)"
                                                 : "LAST-ACK";
    struct amount length = watch_length(m);
    char words[96];

    if (m->result.stay_count == 0)
        return;
    kinds_found_repeats(m, "repeats", m->tally[TALLY_DATA] ? "what was not acknowledged, data and FIN," : "its FIN",
                        m->tally[TALLY_REPEATS]);
    if (length.most == NANOS_NEVER)
        measure_failed(m, m->watch.silent >= SILENCES ? MEASURED_NO_ANSWER : MEASURED_BOUNDED);
    amount_words(&length, words, sizeof(words));
    if (length.most != NANOS_NEVER)
        measure_found(m, "gave-up", length, "It gave up in %s, %s, after %s.", state,
                      m->tally[TALLY_RESET] ? "with RST" : "without a word", words);
    else if (m->watch.answered == 0 && m->tally[TALLY_REPEATS] == 0 && m->watch.silent >= SILENCES)
        measure_found(
            m, "gave-up", length,
            "How long it stays in %s did not show: it neither repeated its FIN nor answered what it was asked.", state);
    else
        measure_found(m, "gave-up", length, "It was in %s for %s%s.", state, words,
                      m->watch.silent >= SILENCES ? "; then it did not answer any more, which proves nothing" : "");
}

const struct measure_kind kind_last_ack = {
    .name = "last-ack",
    .summary = "how the peer repeats a FIN that is not acknowledged, and when it gives up",
    .max = 200 * NANOS_PER_S,
    .at_once = 1,
    .begin = begin,
    .next = next,
    .saw = saw,
    .over = over,
    .conclude = conclude,
};
