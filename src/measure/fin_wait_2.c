/*
 * How long the peer waits for our FIN after its own: FIN-WAIT-2. It closes first, its FIN is acknowledged, and ours is
 * withheld. An old byte asks whether it is still there: all stacks answer it, and it starts no timer anew in this state
 * (measured). Where the application has only shut down its direction the state has no end, and that is told apart by what
 * answers carry (Linux).
 *
 * It begins when our acknowledgement arrives, which may be lost. Only an echo of its timestamp, or of a later one, shows that
 * it was not: so without timestamps the state is known to have begun only on that condition.
 */
#include "measure/kinds.h"

#define PACE (620 * NANOS_PER_MS)
#define SILENCES 8

enum { FIRST = 1, WATCHING };
enum { TALLY_ORPHANED, TALLY_OWNED, TALLY_RESET, TALLY_PROVEN };

/* marks of the measurement: from our acknowledgement of its FIN, so long it was alive, and until it was gone */
enum { MARK_ALIVE, MARK_GONE };

static void begin(struct measurement *m)
{
    measure_plan(m, 0);
}

/*
 * The question acknowledges nothing: one that acknowledged the FIN once more might be echoed by a peer that has not taken that.
 * Where our acknowledgement is lost the peer repeats its FIN, and that is acknowledged.
 */
static void ask(struct measurement *m, struct course *course, nanos now, nanos pace)
{
    char wait[32];

    measure_await(m, "the end of FIN-WAIT-2; %u questions answered", m->watch.answered);
    course_do(course, now, "wait %s; probe old-byte", measure_within(m, now, pace, wait));
}

static void next(struct measurement *m, struct course *course, nanos now)
{
    if (course->phase <= FIRST) {
        if (!kinds_peer_closes_first(m, course, now))
            return;
        course->phase = WATCHING;
        course->from_least = course->its_fin_acked == NANOS_NONE ? course->its_fin : course->its_fin_acked;
        watch_alive(m, course, course->from_least);
        ask(m, course, now, 0); /* at once: the answer may show that it has begun */
        return;
    }
    watch_take(m, course);
    m->tally[TALLY_RESET] = watch_reset(m, course);
    if (!m->tally[TALLY_RESET] && course->question.reply != REPLY_RST && m->watch.silent < SILENCES &&
        !measure_late(m, now))
        ask(m, course, now, PACE);
}

static void saw(struct measurement *m, struct course *course, const struct event *event)
{
    const struct claim *claim = &event->transition.claim;

    if (event->kind != EVENT_TRANSITION || event->transition.side != SIDE_PEER || claim->to != IN(FIN_WAIT_2))
        return;
    if (claim->certainty != PRESUMED && claim->not_after != NANOS_NEVER && course->from_most == NANOS_NONE)
        course->from_most = course_at(course, claim->not_after);
    if (claim->detail == DETAIL_ORPHANED)
        m->tally[TALLY_ORPHANED] = 1;
    if (claim->detail == DETAIL_OWNED)
        m->tally[TALLY_OWNED] = 1;
}

static bool over(struct measurement *m, struct course *course)
{
    if (course->from_least == NANOS_NONE)
        return false;
    m->tally[TALLY_PROVEN] = course->from_most != NANOS_NONE;
    m->marks[MARK_ALIVE] = course->alive - course->from_least - course_trip(course);
    if (m->marks[MARK_ALIVE] < 0)
        m->marks[MARK_ALIVE] = 0;
    m->marks[MARK_GONE] = course->gone == NANOS_NONE ? NANOS_NEVER : course->gone - course->from_least;
    measure_stay(m, course, FIN_WAIT_2, course->from_least, course->alive,
                 course->gone == NANOS_NONE ? NANOS_NEVER : course->gone);
    return false;
}

/* Nothing echoed our acknowledgement. */
static void conclude_unproven(struct measurement *m)
{
    struct amount presumed = {.kind = AMOUNT_SPAN, .least = m->marks[MARK_ALIVE], .most = m->marks[MARK_GONE]};
    char words[96];

    amount_words(&presumed, words, sizeof(words));
    measure_found(
        m, "presumed", presumed,
        "If our first acknowledgement of its FIN arrived at once, FIN-WAIT-2 lasted %s. No echo of a timestamp "
        "shows whether it did.",
        words);
}

static void conclude(struct measurement *m)
{
    struct amount length = watch_length(m);
    char words[96];

    if (m->result.stay_count == 0)
        return;
    amount_words(&length, words, sizeof(words));
    if (!m->tally[TALLY_PROVEN] && m->watch.answered > 0)
        conclude_unproven(m);
    if (length.most != NANOS_NEVER) {
        measure_found(m, "length", length, "FIN-WAIT-2 lasted %s, then %s.", words,
                      m->tally[TALLY_RESET] ? "the peer ended it with RST" : "the peer knew nothing of the connection");
    } else if (m->watch.answered == 0 && m->watch.silent > 1) {
        measure_failed(m, MEASURED_NO_ANSWER);
        measure_found(m, "length", length,
                      "How long FIN-WAIT-2 lasts did not show: nothing that was asked in it was answered.");
    } else {
        measure_failed(m, m->watch.silent >= SILENCES ? MEASURED_NO_ANSWER : MEASURED_BOUNDED);
        measure_found(m, "length", length, "%s%s%s.",
                      m->tally[TALLY_PROVEN] ? "FIN-WAIT-2 lasted " : "How long FIN-WAIT-2 lasts did not show",
                      m->tally[TALLY_PROVEN] ? words : "",
                      m->watch.silent >= SILENCES ? "; then nothing was answered any more, which proves nothing" : "");
    }
    if (m->tally[TALLY_OWNED])
        measure_found(
            m, "holder", (struct amount){.kind = AMOUNT_WORD, .word = "owned"},
            "By the habit of Linux an application still holds the socket (it has shut down its direction only): then "
            "no timer ends it.");
    else if (m->tally[TALLY_ORPHANED])
        measure_found(
            m, "holder", (struct amount){.kind = AMOUNT_WORD, .word = "orphaned"},
            "By the habit of Linux no application holds the socket any more (it has closed it): then a timer ends it.");
    else
        measure_found(m, "holder", (struct amount){.kind = AMOUNT_WORD, .word = "unknown"},
                      "Whether an application still holds the socket did not show.");
}

const struct measure_kind kind_fin_wait_2 = {
    .name = "fin-wait-2",
    .summary = "how long the peer waits for our FIN after its own, and whether an application still holds the socket",
    .max = 130 * NANOS_PER_S,
    .at_once = 1,
    .begin = begin,
    .next = next,
    .saw = saw,
    .over = over,
    .conclude = conclude,
};
