/*
 * How the peer repeats a SYN-ACK that is not acknowledged, when it gives up, and whether it keeps the half-open
 * connection in memory at all. The third segment is withheld.
 *
 * What it repeats shows that it is there. Between, and when that ends, it is asked with a segment without flags, which Linux
 * and gVisor answer in SYN-RECEIVED, and which changes nothing there. But passt resets the connection for it, and lwIP starts its
 * timer anew without an answer (measured): so a connection of its own, the scout, tries it first, and what is watched is asked
 * only where that was answered. Nothing that has ACK is sent: some stacks would take it for the third segment. Only
 * where flagless segments are answered is an ACK below the window asked last: those stacks answer it with ACK as long as they
 * have the connection, and with RST afterwards (measured).
 *
 * Where they are not answered, a copy of our SYN is the last question: the same initial number means that it is still there,
 * another one that it was gone. That leaves a wide gap, so more connections are asked once each within it: a copy may start
 * the timer anew, and then it matters no more.
 *
 * Memory or a SYN cookie: a repeated SYN-ACK, or an answer to a flagless segment, needs memory. Where the latter is not
 * answered, further connections are reset and then acknowledged all the same: with memory that draws a RST, with a cookie it
 * opens. One RST to our ACK shows memory; but what opens may be one whose RSTs were lost, so several of them must, and a
 * repeated SYN-ACK has the last word.
 */
#include "base/text.h"
#include "measure/kinds.h"

enum { ROLE_SCOUT, ROLE_WITHHELD, ROLE_COOKIE, ROLE_ONCE /* and above: one for each moment */ };
enum { START, SYN, SCOUTED, WATCHING, ASKING_LAST, COOKIE_RESET, COOKIE_ASKED };

#define PACE (620 * NANOS_PER_MS)
#define SILENCES 2
#define SYN_TRIES 3
#define LAST_TRIES 6

/* So many connections have to open after four RSTs each. */
#define COOKIES 3

/* Linux repeats a SYN-ACK after a second, lwIP after 3, libslirp after 7, and passt gives up after 10: so long none must come. */
#define FIRST_REPEAT (12 * NANOS_PER_S)
#define FIRST_REPEAT_BRIEF (1500 * NANOS_PER_MS)

/* So many connections are asked once each at a time (lwIP has room for five), until the gap is as narrow as that. */
#define ONCE 4
#define NARROW NANOS_PER_S

/* tally of the measurement */
enum {
    TALLY_REPEATS,
    TALLY_MEMORY,
    TALLY_COOKIE,
    TALLY_NEW,
    TALLY_FLAGLESS,
    TALLY_SAME_ISN,
    TALLY_RST,
    TALLY_ONCE,
    TALLY_RESET
};

/* marks of the measurement: between these the connections of a round are asked */
enum { MARK_GAP_FROM, MARK_GAP_TO };

/* tally and marks of the course */
enum { COURSE_ASKED, COURSE_TRIES, COURSE_LAST, COURSE_OPENED };
enum { MARK_LAST, MARK_INTERVAL };

static void begin(struct measurement *m)
{
    measure_plan(m, ROLE_SCOUT);
}

static void send_syn(struct measurement *m, struct course *course, nanos now)
{
    char within[32];

    course->phase = SYN;
    course->tally[COURSE_TRIES]++;
    measure_await(m, "the SYN-ACK");
    /* The last question has an ACK: what the peer repeats after it must not be answered either. */
    course_do(course, now, "auto ack off; syn; expect S. ack=+1 within %s",
              measure_within(m, now, 2 * NANOS_PER_S, within));
}

/* Its SYN-ACK has come: true. Else the SYN is sent again, or it has failed. */
static bool has_begun(struct measurement *m, struct course *course, nanos now)
{
    if (course->first_syn_ack != NANOS_NONE) {
        course->marks[MARK_LAST] = course->from_most = course->first_syn_ack;
        course->from_least = course->our_syn; /* what came may not be the first copy of its SYN-ACK */
        return true;
    }
    if (course->walk->peer_end == PEER_END_NONE && course->tally[COURSE_TRIES] < SYN_TRIES && !measure_late(m, now))
        send_syn(m, course, now);
    else if (course->role < ROLE_ONCE)
        measure_course_failed(m, course);
    return false;
}

/* ---- the scout ---- */

/* What is answered by nobody without memory needs no other test for memory. */
static void plan_watch(struct measurement *m)
{
    measure_plan(m, ROLE_WITHHELD);
    if (m->tally[TALLY_FLAGLESS])
        return;
    for (unsigned i = 0; i < COOKIES; i++)
        measure_plan(m, ROLE_COOKIE);
    m->at_once = 2;
}

static void next_scout(struct measurement *m, struct course *course, nanos now)
{
    switch (course->phase) {
    case START:
        send_syn(m, course, now);
        return;
    case SYN:
        if (!has_begun(m, course, now))
            return;
        break;
    default:
        m->tally[TALLY_FLAGLESS] += course->question.reply == REPLY_ACK;
        if (course->question.reply != REPLY_NONE || course->tally[COURSE_ASKED] >= SILENCES) {
            plan_watch(m);
            return;
        }
    }
    course->phase = SCOUTED;
    course->tally[COURSE_ASKED]++;
    course_do(course, now, "probe bare");
}

/* ---- the one that is watched ---- */

static void watch_on(struct measurement *m, struct course *course, nanos now)
{
    char pace[32];
    bool quiet = kinds_is_quiet(course, now + PACE, course->marks[MARK_LAST], course->marks[MARK_INTERVAL]);
    bool ask = m->tally[TALLY_FLAGLESS] && quiet;

    course->phase = WATCHING;
    course->tally[COURSE_ASKED] = ask;
    measure_await(m, "its SYN-ACK again, or its end; repeated %u time%s so far", m->tally[TALLY_REPEATS],
                  m->tally[TALLY_REPEATS] == 1 ? "" : "s");
    course_do(course, now, ask ? "wait %s; probe bare" : "wait %s", measure_within(m, now, PACE, pace));
}

/* The end, as far as it can be asked for without ending it: see above. */
static void ask_last(struct measurement *m, struct course *course, nanos now)
{
    char pace[32];

    course->phase = ASKING_LAST;
    course->tally[COURSE_ASKED] = 1;
    course->tally[COURSE_LAST]++;
    if (m->tally[TALLY_FLAGLESS]) {
        course->question_by_hand = true;
        course_do(course, now, "wait %s; segment . seq=una-1; expect any within 300ms",
                  measure_within(m, now, course->tally[COURSE_LAST] > 1 ? PACE : 0, pace));
    } else {
        course_do(course, now, "probe syn-copy");
    }
}

/* Long enough without a SYN-ACK to think that there will be none? */
static bool seems_over(const struct measurement *m, const struct course *course, nanos now)
{
    nanos quiet = course_clock(course, now) - course->marks[MARK_LAST];

    if (m->tally[TALLY_FLAGLESS])
        return m->watch.silent >= SILENCES;
    if (m->tally[TALLY_REPEATS] == 0)
        return quiet > (m->settings.brief ? FIRST_REPEAT_BRIEF : FIRST_REPEAT);
    return quiet > 3 * course->marks[MARK_INTERVAL];
}

/* The connections of another round, if the gap is wide and there is time for it. */
static void plan_once(struct measurement *m, nanos now)
{
    const struct watch *watch = &m->watch;

    if (watch->most == NANOS_NEVER || watch->most - watch->least <= NARROW || now + watch->most >= m->deadline)
        return;
    m->marks[MARK_GAP_FROM] = watch->least;
    m->marks[MARK_GAP_TO] = watch->most;
    m->at_once = ONCE;
    for (unsigned i = 0; i < ONCE; i++)
        measure_plan(m, ROLE_ONCE + i);
}

/* The answer to a copy of our SYN. Whether a RST ends what was there or says that nothing was, can't be told (passt). */
static void take_copy(struct measurement *m, struct course *course)
{
    enum reply reply = course->question.reply;
    struct sample *sample;

    if (reply == REPLY_RST) {
        m->tally[TALLY_RST] = 1;
        return;
    }
    if (reply != REPLY_OTHER) {
        watch_take(m, course);
        return;
    }
    /* A new connection: the one before was gone when our SYN came. */
    course->gone = course->question.heard;
    m->watch.most = nanos_sooner(m->watch.most, course->gone - course->from_least);
    m->tally[TALLY_NEW] = 1;
    sample = measure_sample(m, course, SAMPLE_REFUSED, course->question.sent, "syn-copy");
    if (sample)
        sample->until = course->question.heard;
}

static void take_last(struct measurement *m, struct course *course, nanos now)
{
    enum reply reply = course->question.reply;

    if (m->tally[TALLY_FLAGLESS] == 0) {
        take_copy(m, course);
        m->tally[TALLY_SAME_ISN] = reply == REPLY_SYN_ACK;
        plan_once(m, now);
        return;
    }
    watch_take(m, course);
    if (reply == REPLY_ACK && !measure_late(m, now))
        watch_on(m, course, now); /* the questions before were lost */
    else if (reply == REPLY_NONE && course->tally[COURSE_LAST] < LAST_TRIES && !measure_late(m, now))
        ask_last(m, course, now);
}

static void next_withheld(struct measurement *m, struct course *course, nanos now)
{
    switch (course->phase) {
    case START:
        send_syn(m, course, now);
        return;
    case SYN:
        if (!has_begun(m, course, now))
            return;
        break;
    case WATCHING:
        if (course->tally[COURSE_ASKED])
            watch_take(m, course);
        m->tally[TALLY_RESET] = watch_reset(m, course);
        if (course->question.reply == REPLY_RST || m->tally[TALLY_RESET])
            return; /* a closed port refuses it: gone */
        if (seems_over(m, course, now)) {
            /* A cookie has no end, and what answers a copy of our SYN may be another one. */
            if (m->tally[TALLY_REPEATS] > 0 || m->tally[TALLY_FLAGLESS] || m->tally[TALLY_MEMORY])
                ask_last(m, course, now);
            return;
        }
        break;
    default:
        take_last(m, course, now);
        return;
    }
    if (!measure_late(m, now))
        watch_on(m, course, now);
}

/* ---- those that are asked once ---- */

static nanos moment_of(const struct measurement *m, const struct course *course)
{
    return m->marks[MARK_GAP_FROM] +
           (m->marks[MARK_GAP_TO] - m->marks[MARK_GAP_FROM]) * (course->role - ROLE_ONCE + 1) / (ONCE + 1);
}

/* One is done; the last of a round begins another. */
static void count_once(struct measurement *m, nanos now)
{
    if (++m->tally[TALLY_ONCE] % ONCE == 0)
        plan_once(m, now);
}

static void next_once(struct measurement *m, struct course *course, nanos now)
{
    char within[32];

    switch (course->phase) {
    case START:
        send_syn(m, course, now);
        return;
    case SYN:
        if (!has_begun(m, course, now)) {
            if (walk_is_idle(course->walk))
                count_once(m, now);
            return;
        }
        course->phase = ASKING_LAST;
        measure_await(m, "its end; connections are asked once each, at different times");
        course_do(course, now, "wait %s; probe syn-copy", measure_within(m, now, moment_of(m, course), within));
        return;
    default:
        take_copy(m, course);
        count_once(m, now);
    }
}

/* ---- memory or cookie ---- */

/* Our RST (four, for some may be lost) ends what the peer remembers; then our ACK opens only what it need not remember. */
static void next_cookie(struct measurement *m, struct course *course, nanos now)
{
    char within[32];

    switch (course->phase) {
    case START:
        course->phase = COOKIE_RESET;
        measure_await(m, "whether a SYN-ACK that was reset can still be acknowledged");
        course_do(course, now,
                  "auto ack off; syn; expect S. ack=+1 within %s; rst; wait 50ms; rst; wait 50ms; rst; wait 50ms; rst; "
                  "wait 50ms",
                  measure_within(m, now, 2 * NANOS_PER_S, within));
        return;
    case COOKIE_RESET:
        if (course->failed || m->tally[TALLY_MEMORY])
            return;
        course->phase = COOKIE_ASKED;
        /*
         * Behind our ACK an old byte, which a connection acknowledges: the ACK alone has no answer. What refuses the byte has
         * another number than what refuses our ACK, which may be lost.
         */
        course_do(course, now,
                  "segment . seq=+1 ack=+1; wait 20ms; segment . seq=-1023 ack=-1073741823 data \"x\"; wait 300ms; "
                  "segment . seq=-1021 ack=-1073741822 data \"x\"; wait 300ms; rst seq=+1");
        return;
    default:
        m->tally[TALLY_COOKIE] += course->tally[COURSE_OPENED];
    }
}

static void next(struct measurement *m, struct course *course, nanos now)
{
    if (course->role == ROLE_SCOUT)
        next_scout(m, course, now);
    else if (course->role == ROLE_WITHHELD)
        next_withheld(m, course, now);
    else if (course->role == ROLE_COOKIE)
        next_cookie(m, course, now);
    else
        next_once(m, course, now);
}

static void saw(struct measurement *m, struct course *course, const struct event *event)
{
    const struct event_segment *segment = &event->segment;
    nanos at;
    struct sample *sample;

    if (event->kind != EVENT_SEGMENT || segment->out)
        return;
    at = course_at(course, segment->t);
    if (course->role == ROLE_COOKIE) {
        if (course->phase != COOKIE_ASKED)
            return;
        if (segment_has(&segment->segment, TCP_RST))
            m->tally[TALLY_MEMORY] |= segment->segment.seq == course->walk->tcb.irs + 1;
        else if (!segment_has(&segment->segment, TCP_SYN))
            course->tally[COURSE_OPENED] = 1;
        return;
    }
    if (course->role != ROLE_WITHHELD || !segment_has(&segment->segment, TCP_SYN | TCP_ACK) ||
        segment->segment.seq != course->walk->tcb.irs || course->phase == ASKING_LAST)
        return;
    sample = measure_sample(m, course, SAMPLE_PEERS, at, "syn-ack");
    /* A copy that the network made, or the answer to our own second SYN, follows at once. */
    if (course->phase != WATCHING || at - course->marks[MARK_LAST] < 100 * NANOS_PER_MS)
        return;
    m->tally[TALLY_REPEATS]++;
    if (sample)
        sample->least = sample->most = at - course->first_syn_ack;
    course->marks[MARK_INTERVAL] = at - course->marks[MARK_LAST];
    course->marks[MARK_LAST] = at;
    watch_alive(m, course, at - course_way(course));
}

static bool over(struct measurement *m, struct course *course)
{
    if ((course->role == ROLE_WITHHELD || course->role >= ROLE_ONCE) && course->from_least != NANOS_NONE)
        measure_stay(m, course, SYN_RECEIVED, course->from_least,
                     course->alive == NANOS_NONE ? course->from_least : course->alive,
                     course->gone == NANOS_NONE ? NANOS_NEVER : course->gone);
    return false;
}

/* ---- findings ---- */

static void conclude_end(struct measurement *m)
{
    struct amount length = watch_length(m);
    char words[96];

    amount_words(&length, words, sizeof(words));
    if (m->tally[TALLY_RST])
        measure_found(m, "copy-refused", (struct amount){0},
                      "A copy of our SYN was answered with RST, which does not tell whether there was still something "
                      "to end.");
    if (length.most != NANOS_NEVER) {
        measure_found(m, "gave-up", length, "It gave up, %s. From its first SYN-ACK that took %s%s.",
                      m->tally[TALLY_RESET] ? "with RST" : "without a word", words,
                      m->tally[TALLY_NEW] ? " (a copy of our SYN then opened a new connection)" : "");
        if (m->tally[TALLY_ONCE])
            measure_found(m, "method", (struct amount){.kind = AMOUNT_WORD, .word = "asked-once"},
                          "It answers no other question in SYN-RECEIVED, so %u more connections were asked once each. "
                          "Where its timer ticks slowly, others may end a tick sooner or later.",
                          m->tally[TALLY_ONCE]);
        return;
    }
    if (!m->settings.brief)
        measure_failed(m, MEASURED_BOUNDED);
    if (length.least > 0)
        measure_found(m, "gave-up", length, "It was in SYN-RECEIVED for %s.", words);
    if (m->tally[TALLY_SAME_ISN])
        measure_found(
            m, "same-number", (struct amount){0},
            "In the end a copy of our SYN was answered with the same initial number: it was still there, and our copy "
            "may have started its timer anew.");
}

static void conclude_memory(struct measurement *m)
{
    struct amount memory = {.kind = AMOUNT_WORD, .word = "memory"}, cookie = {.kind = AMOUNT_WORD, .word = "cookie"},
                  unknown = {.kind = AMOUNT_WORD, .word = "unknown"};

    if (m->tally[TALLY_REPEATS] > 0)
        measure_found(m, "memory", memory,
                      "It keeps a half-open connection in memory: a SYN cookie can't be repeated.");
    else if (m->tally[TALLY_RESET])
        measure_found(m, "memory", memory, "It keeps a half-open connection in memory: it ended it by itself.");
    else if (m->tally[TALLY_FLAGLESS])
        measure_found(m, "memory", memory,
                      "It keeps a half-open connection in memory: it answered a segment that only such a one answers.");
    else if (m->tally[TALLY_MEMORY])
        measure_found(m, "memory", memory,
                      "It keeps a half-open connection in memory: after a RST it did not know it any more.");
    else if (m->tally[TALLY_COOKIE] == COOKIES)
        measure_found(m, "memory", cookie,
                      "It keeps no half-open connection in memory, but a SYN cookie: after RSTs, which end what is "
                      "remembered, our ACK still opened %u connections of %u.",
                      COOKIES, COOKIES);
    else
        measure_found(m, "memory", unknown,
                      "Whether it keeps a half-open connection in memory or in a SYN cookie did "
                      "not show.");
}

static void conclude(struct measurement *m)
{
    if (m->result.stay_count == 0)
        return;
    kinds_found_repeats(m, "repeats", "its SYN-ACK", m->tally[TALLY_REPEATS]);
    if (m->tally[TALLY_COOKIE] == COOKIES && m->tally[TALLY_REPEATS] == 0 && !m->tally[TALLY_MEMORY])
        m->result.stay_count = 0; /* there was nothing to stay */
    else
        conclude_end(m);
    conclude_memory(m);
}

const struct measure_kind kind_syn_ack = {
    .name = "syn-ack",
    .summary =
        "how a SYN-ACK that is not acknowledged is repeated, when the peer gives up, and whether it keeps memory",
    .max = 150 * NANOS_PER_S,
    .brief_max = 4 * NANOS_PER_S,
    .at_once = 1,
    .begin = begin,
    .next = next,
    .saw = saw,
    .over = over,
    .conclude = conclude,
};
