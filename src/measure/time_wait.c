/*
 * How long TIME-WAIT lasts. The peer closes first, then we do, and the acknowledgement of our FIN proves TIME-WAIT. It ends
 * without a word, so it is asked. Linux starts the timer anew with every segment that has ACK set, but not with one
 * that has no flags at all, and answers that one (measured): so that is what is asked. Where it draws no answer, many
 * connections are brought into TIME-WAIT at once and each is asked only once, at a time of its own: then nothing was prolonged by
 * asking, whatever the stack does.
 */
#include <stddef.h>

#include "base/text.h"
#include "measure/kinds.h"

enum { ROLE_FLAGLESS, ROLE_ONCE };

/* Phases behind the open: our FIN is sent, questions are asked. */
enum { FIRST = 1, ENTERING, ASKING, CONFIRMING, ASKING_AGAIN };

/* Linux answers one such segment in 500 ms (tcp_invalid_ratelimit). */
#define PACE (620 * NANOS_PER_MS)

/*
 * So many in a row without an answer: it is over, or they are not answered here at all. An old byte is the next question then, and
 * may start the timer anew: so more where some were lost before, and less where none was.
 */
#define SILENCES 3
#define SILENCES_LOST 6
#define SILENCES_SURE 2
#define SURE 10

/* So many, with those that a peer without a connection answers too: nothing is answered any more. */
#define ALL_SILENT (SILENCES_LOST + 6)

/*
 * So long one connection is asked again and again: longer than the two minutes of lwIP, which are among the longest. And so
 * many questions in a row may have no answer, for the pause to be shorter than what it lasted unasked.
 */
#define AGAIN (127 * NANOS_PER_S)
#define AGAIN_SILENCES 1

/* tally and marks of the measurement */
enum { TALLY_RESTARTS, TALLY_AGAIN, TALLY_ONCE, TALLY_LOST };
enum { MARK_RESTARTED, MARK_UNASKED };

/*
 * When each of the connections is asked: close on both sides of the lengths that stacks are known to have (12, 30, 60, 120 and
 * 240 seconds), and tighter than a doubling elsewhere. Milliseconds.
 */
static const unsigned moments[] = {500,   1000,   2000,   4000,   7000,   9500,   11000, 12500,
                                   15000, 20000,  29000,  31500,  40000,  50000,  59000, 63500,
                                   80000, 100000, 119000, 123000, 180000, 239000, 244000};
#define MOMENTS (sizeof(moments) / sizeof(moments[0]))

static void begin(struct measurement *m)
{
    measure_plan(m, ROLE_FLAGLESS);
}

static void plan_moments(struct measurement *m, nanos now)
{
    m->at_once = MOMENTS + 1;
    m->tally[TALLY_ONCE] = 1;
    m->watch.least = m->marks[MARK_UNASKED]; /* what was seen since may be what asking has prolonged */
    for (size_t i = 0; i < MOMENTS; i++)
        if (now + moments[i] * NANOS_PER_MS < m->deadline)
            measure_plan(m, ROLE_ONCE);
}

/* ---- one connection, asked again and again ---- */

static void ask_flagless(struct measurement *m, struct course *course, nanos now)
{
    char pace[32];

    measure_await(m, "the end of TIME-WAIT; %u questions answered", m->watch.answered);
    course->phase = ASKING;
    course_do(course, now, "wait %s; probe bare", measure_within(m, now, PACE, pace));
}

static void ask_again(struct measurement *m, struct course *course, nanos now)
{
    char pace[32];

    measure_await(m, "the end of TIME-WAIT; %u questions answered", m->watch.answered);
    course->phase = ASKING_AGAIN;
    course_do(course, now, "wait %s; probe old-byte", measure_within(m, now, PACE, pace));
}

/* The answer to an old byte that was asked before. A RST after too long a pause does not tell when it ended. */
static void take_again(struct measurement *m, struct course *course, nanos now)
{
    struct watch *watch = &m->watch;

    if (course->question.reply == REPLY_RST && watch->silent > AGAIN_SILENCES) {
        plan_moments(m, now);
        return;
    }
    watch_take(m, course);
    if (course->question.reply == REPLY_RST || watch->silent >= SILENCES || measure_late(m, now))
        return;
    if (course->question.sent - course->from_most < AGAIN) {
        ask_again(m, course, now);
        return;
    }
    plan_moments(m, now);
}

/* Three had no answer: it is over and a listener is silent, or they are not answered here. An old byte is answered by all. */
static void take_confirmation(struct measurement *m, struct course *course, nanos now)
{
    bool told_before = m->watch.answered > 0;

    watch_take(m, course);
    if (course->question.reply == REPLY_NONE && m->watch.silent < ALL_SILENT && !measure_late(m, now)) {
        course_do(course, now, "probe old-byte");
        return;
    }
    if (course->question.reply == REPLY_RST || course->question.reply == REPLY_NONE)
        return; /* it is over; or nothing is answered any more */
    if (!told_before) {
        m->tally[TALLY_AGAIN] = 1;
        m->marks[MARK_UNASKED] = m->watch.least;
        ask_again(m, course, now);
        return;
    }
    m->tally[TALLY_RESTARTS]++;
    m->tally[TALLY_LOST] = 1;
    m->marks[MARK_RESTARTED] = course->question.sent - course->from_most;
    course->from_most = course->question.heard; /* Linux began anew */
    ask_flagless(m, course, now);
}

/* Is it time to ask with what may start the timer anew? */
static bool seems_over(const struct measurement *m)
{
    unsigned most = m->tally[TALLY_LOST] ? SILENCES_LOST : m->watch.answered >= SURE ? SILENCES_SURE : SILENCES;

    return m->watch.silent >= most;
}

static void go_on_flagless(struct measurement *m, struct course *course, nanos now)
{
    if (course->phase == ASKING) {
        m->tally[TALLY_LOST] |= m->watch.silent > 0 && course->question.reply == REPLY_ACK;
        watch_take(m, course);
        if (course->question.reply == REPLY_RST || measure_late(m, now))
            return;
        if (course->question.reply == REPLY_NONE && seems_over(m)) {
            course->phase = CONFIRMING;
            course_do(course, now, "probe old-byte");
            return;
        }
    }
    if (course->phase == CONFIRMING)
        take_confirmation(m, course, now);
    else if (course->phase == ASKING_AGAIN)
        take_again(m, course, now);
    else
        ask_flagless(m, course, now);
}

/* ---- many, each asked once ---- */

static void go_on_once(struct measurement *m, struct course *course, nanos now)
{
    char within[32];

    if (course->phase == ASKING) {
        watch_take(m, course);
        return;
    }
    course->phase = ASKING;
    measure_await(m, "the end of TIME-WAIT; connections are asked once each");
    course_do(course, now, "wait %s; probe old-byte",
              measure_within(m, now, moments[course->number - 2] * NANOS_PER_MS, within));
}

static void next(struct measurement *m, struct course *course, nanos now)
{
    char within[32];

    if (course->phase <= FIRST) {
        if (kinds_peer_closes_first(m, course, now)) {
            course->phase = ENTERING;
            course_do(course, now, "half-close within %s", measure_within(m, now, KINDS_PATIENCE, within));
        }
        return;
    }
    if (course->phase == ENTERING) {
        if (course->failed) {
            measure_course_failed(m, course);
            return;
        }
        course->from_least = course->our_fin;
        course->from_most = course->fin_acked;
    }
    if (course->role == ROLE_FLAGLESS)
        go_on_flagless(m, course, now);
    else
        go_on_once(m, course, now);
}

static bool over(struct measurement *m, struct course *course)
{
    if (course->from_least != NANOS_NONE)
        measure_stay(m, course, TIME_WAIT, course->from_least,
                     course->alive == NANOS_NONE ? course->from_least : course->alive,
                     course->gone == NANOS_NONE ? NANOS_NEVER : course->gone);
    return false;
}

/* It answers no segments without flags: what was done instead. */
static void conclude_unflagged(struct measurement *m, bool ended)
{
    static const char *const why = "It does not answer segments without flags.";

    if (m->tally[TALLY_ONCE])
        measure_found(m, "method", (struct amount){.kind = AMOUNT_WORD, .word = "asked-once"},
                      "%s So %u connections were asked once each, at different times: what a question may prolong was "
                      "not measured.",
                      why, m->result.courses - 1);
    else if (ended)
        measure_found(m, "method", (struct amount){.kind = AMOUNT_WORD, .word = "asked-again"},
                      "%s So it was asked with old bytes, again and again. It ended all the same: they do not start "
                      "its timer anew.",
                      why);
    else
        measure_found(m, "method", (struct amount){.kind = AMOUNT_WORD, .word = "asked-again"},
                      "%s So it was asked with old bytes, again and again. It was still there in the end, but they may "
                      "have started its timer anew: it certainly lasts only as long as it was not asked so.",
                      why);
}

static void conclude(struct measurement *m)
{
    struct amount length = watch_length(m);
    char words[96];
    struct text restart;
    char restart_words[64];

    if (m->watch.answered == 0 && length.most == NANOS_NEVER) {
        if (m->result.measured == MEASURED_DONE) {
            measure_failed(m, MEASURED_NO_ANSWER);
            measure_found(m, "unanswered", (struct amount){0},
                          "It closed first and acknowledged our FIN, but no question to its TIME-WAIT was answered: "
                          "questions or answers are filtered, or lost.");
        }
        return;
    }
    if (length.most == NANOS_NEVER)
        measure_failed(m, MEASURED_BOUNDED);
    if (m->tally[TALLY_AGAIN] && length.most == NANOS_NEVER && !m->tally[TALLY_ONCE])
        length.least = m->marks[MARK_UNASKED];
    amount_words(&length, words, sizeof(words));
    measure_found(m, "length", length, "TIME-WAIT lasted %s.", words);
    if (length.most != NANOS_NEVER && m->watch.answered == 0)
        measure_found(
            m, "none", (struct amount){.kind = AMOUNT_WORD, .word = "none-seen"},
            "Each question to it was refused: it keeps no TIME-WAIT, or a shorter one than could be asked for.");
    if (m->tally[TALLY_AGAIN]) {
        conclude_unflagged(m, length.most != NANOS_NEVER);
        return;
    }
    measure_found(
        m, "method", (struct amount){.kind = AMOUNT_WORD, .word = "flagless"},
        "It was asked with segments that have no flags, %u of which it answered: those do not start the timer "
        "of Linux anew.",
        m->watch.answered - m->tally[TALLY_RESTARTS]);
    if (m->tally[TALLY_RESTARTS] == 0)
        return;
    text_init(&restart, restart_words, sizeof(restart_words));
    kinds_span(&restart, m->marks[MARK_RESTARTED]);
    measure_found(m, "restarted",
                  (struct amount){AMOUNT_SPAN, m->marks[MARK_RESTARTED], m->marks[MARK_RESTARTED], 0, 0, NULL},
                  "After %s it was asked with an old byte, which starts the timer of Linux anew.", restart_words);
}

const struct measure_kind kind_time_wait = {
    .name = "time-wait",
    .summary = "how long the peer stays in TIME-WAIT after it has closed first",
    .max = 260 * NANOS_PER_S,
    .at_once = 1,
    .begin = begin,
    .next = next,
    .over = over,
    .conclude = conclude,
};
