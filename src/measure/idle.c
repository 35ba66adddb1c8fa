/*
 * What ends a connection on which nothing happens. idle answers what the peer asks, and asks each of several connections
 * once, at a time of its own, whether it is still there: more would keep the path open (a NAT or firewall counts from what it
 * saw last). keepalive does not answer the peer's own keepalives, and so sees how it gives up.
 */
#include "base/text.h"
#include "measure/kinds.h"

enum { START, WAITING, ASKED };

/* Each connection of idle is asked after half the time of the one before it: the last when all the time is over. */
#define CONNECTIONS 6

#define PACE NANOS_PER_S
#define SILENCES 3
/* How often a connection of idle is asked, at its time, until it answers. */
#define ASKED_MOST 4

/* tally of the measurement */
enum { TALLY_KEEPALIVES, TALLY_FIN, TALLY_RST, TALLY_GONE, TALLY_ALIVE, TALLY_SILENT, TALLY_UNPROVEN };
/* marks of the measurement: spans since the last thing that happened */
enum { MARK_FIRST, MARK_INTERVAL, MARK_END };
/* marks and tally of the course */
enum { COURSE_OPENED, COURSE_LAST };
enum { COURSE_ASKED, COURSE_OPENING };

/* How often it is waited for when our ACK of its SYN-ACK was lost: it repeats that, and gets another one. */
#define OPENING_TRIES 4

static void begin_idle(struct measurement *m)
{
    for (unsigned i = 0; i < CONNECTIONS; i++)
        measure_plan(m, i);
    m->at_once = CONNECTIONS;
}

static void begin_keepalive(struct measurement *m)
{
    measure_plan(m, 0);
}

static bool is_over(const struct course *course)
{
    return course->its_fin != NANOS_NONE || course->reset != NANOS_NONE || course->walk->peer_end != PEER_END_NONE ||
           course->question.reply == REPLY_RST;
}

/* Its FIN, or a RST that answers no question: the first of all connections is the end that is told. */
static void note_end(struct measurement *m, struct course *course, nanos at, bool fin)
{
    m->tally[fin ? TALLY_FIN : TALLY_RST]++;
    if (m->marks[MARK_END] == NANOS_NONE)
        m->marks[MARK_END] = at - course->marks[COURSE_OPENED];
    measure_sample(m, course, SAMPLE_PEERS, at, fin ? "fin" : "rst");
}

/* Begins: true when the connection is open and idle from now on. */
static bool opened(struct measurement *m, struct course *course, nanos now)
{
    if (course->phase == START) {
        kinds_open(m, course, now, "; probe");
        course->phase = WAITING;
        return false;
    }
    if (course->marks[COURSE_OPENED] != 0)
        return true;
    if (course->failed && !course_is_open(course)) {
        measure_course_failed(m, course);
        return false;
    }
    if (course->walk->belief.claim.to == IN(SYN_RECEIVED) && !measure_late(m, now) &&
        course->tally[COURSE_OPENING]++ < OPENING_TRIES) {
        course_do(course, now, "wait 1s; probe");
        return false;
    }
    course->marks[COURSE_OPENED] = course->marks[COURSE_LAST] = course->walk->stamps.last;
    if (course->walk->stamps.ack != NANOS_NONE)
        course->marks[COURSE_OPENED] = course->walk->stamps.ack;
    /* It may have ended while it was opened: at what was sent, or because it closes first. */
    if (course->its_fin != NANOS_NONE || course->reset != NANOS_NONE) {
        course->marks[COURSE_OPENED] = course->first_syn_ack;
        note_end(m, course, course->its_fin != NANOS_NONE ? course->its_fin : course->reset,
                 course->its_fin != NANOS_NONE);
    }
    course->from_least = course->from_most = course->marks[COURSE_OPENED];
    return true;
}

/* An answer behind a FIN that was lost is no sign of an idle connection. */
static void take(struct measurement *m, struct course *course)
{
    struct watch before = m->watch;
    nanos alive = course->alive;

    watch_take(m, course);
    /* In SYN-RECEIVED, too, an old acknowledgement is refused. */
    if (course->question.reply == REPLY_RST && (course->walk->belief.possible & IN(SYN_RECEIVED))) {
        m->tally[TALLY_UNPROVEN] = 1;
        course->gone = NANOS_NONE;
    }
    if (course->question.reply != REPLY_ACK || course->question.unclosed)
        return;
    m->watch.least = before.least;
    course->alive = alive;
}

/* The answer to the one question, which is repeated where it may have been lost. */
static void take_answer(struct measurement *m, struct course *course, nanos now)
{
    take(m, course);
    if (course->question.reply == REPLY_NONE && !is_over(course) && ++course->tally[COURSE_ASKED] < ASKED_MOST)
        course_do(course, now, "probe old-byte");
    else if (course->question.reply == REPLY_NONE)
        m->tally[TALLY_SILENT]++;
    else
        m->tally[course->question.reply == REPLY_RST ? TALLY_GONE : TALLY_ALIVE]++;
}

static void next_idle(struct measurement *m, struct course *course, nanos now)
{
    nanos due;
    char within[32];

    if (!opened(m, course, now))
        return;
    if (course->phase == ASKED) {
        take_answer(m, course, now);
        return;
    }
    if (is_over(course))
        return;
    due = m->began + ((m->deadline - m->began) >> (CONNECTIONS - 1 - course->role)) - NANOS_PER_S;
    if (m->stopped)
        return;
    measure_await(m, "the peer, or the path, to end an idle connection");
    if (now >= due) {
        course->phase = ASKED;
        course_do(course, now, "probe old-byte");
        return;
    }
    course_do(course, now, "wait %s", measure_within(m, now, nanos_sooner(PACE, due - now), within));
}

static void next_keepalive(struct measurement *m, struct course *course, nanos now)
{
    char within[32];
    bool ask = false, first;

    if (!opened(m, course, now))
        return;
    first = !course->tally[COURSE_ASKED]++;
    if (course->phase == ASKED) {
        take(m, course);
        if (course->question.reply == REPLY_RST)
            m->tally[TALLY_GONE] = 1;
    }
    if (is_over(course) || m->watch.silent >= SILENCES || (measure_late(m, now) && course->phase == ASKED))
        return;
    measure_await(m, "keepalives, or an end; %u came so far", m->tally[TALLY_KEEPALIVES]);
    if (m->tally[TALLY_KEEPALIVES] >= 2)
        ask = course_clock(course, now) - course->marks[COURSE_LAST] > 3 * m->marks[MARK_INTERVAL] / 2 + NANOS_PER_S;
    ask |= measure_late(m, now); /* the last thing that is done: nothing is prolonged by it */
    course->phase = ask ? ASKED : WAITING;
    if (ask)
        course_do(course, now, "probe old-byte; wait 300ms");
    else
        course_do(course, now, "%swait %s", first ? "auto ack off; " : "", measure_within(m, now, PACE / 2, within));
}

/* A keepalive: an acknowledgement one below what we expect, with a byte or none (RFC 9293 3.8.4). */
static bool is_keepalive(const struct course *course, const struct event_segment *event)
{
    const struct segment *segment = &event->segment;

    return segment_has(segment, TCP_ACK) && !(segment->flags & (TCP_SYN | TCP_FIN | TCP_RST)) && segment->len <= 1 &&
           segment->seq == course->walk->tcb.rcv_nxt - 1;
}

static void saw(struct measurement *m, struct course *course, const struct event *event)
{
    const struct event_segment *segment = &event->segment;
    nanos at, quiet;

    if (event->kind != EVENT_SEGMENT || segment->out || course->marks[COURSE_OPENED] == 0)
        return;
    at = course_at(course, segment->t);
    quiet = at - course->marks[COURSE_LAST];
    if (segment_has(&segment->segment, TCP_FIN) && course->its_fin == at) {
        note_end(m, course, at, true);
    } else if (segment_has(&segment->segment, TCP_RST) && course->reset == at) {
        note_end(m, course, at, false);
    } else if (is_keepalive(course, segment)) {
        measure_sample(m, course, SAMPLE_PEERS, at, "keepalive");
        if (course->number == m->planned) { /* the one that is left alone for the longest time */
            if (m->tally[TALLY_KEEPALIVES]++ == 0)
                m->marks[MARK_FIRST] = quiet;
            else if (m->marks[MARK_INTERVAL] == NANOS_NONE || quiet < m->marks[MARK_INTERVAL])
                m->marks[MARK_INTERVAL] = quiet; /* one that was lost makes others longer */
        }
        watch_alive(m, course, at - course_way(course));
    } else {
        return;
    }
    course->marks[COURSE_LAST] = at;
}

static bool over(struct measurement *m, struct course *course)
{
    nanos end = course->its_fin != NANOS_NONE ? course->its_fin
                : course->reset != NANOS_NONE ? course->reset
                                              : course->gone;

    if (course->marks[COURSE_OPENED] == 0)
        return false;
    /* The FIN that came need not be the first that it sent: so it may have ended earlier than that shows. */
    measure_stay(m, course, ESTABLISHED, course->from_least,
                 course->alive == NANOS_NONE ? course->from_most : course->alive,
                 end == NANOS_NONE ? NANOS_NEVER : end);
    return false;
}

/* ---- findings ---- */

static void conclude_keepalives(struct measurement *m)
{
    char words[2][64];
    struct text text[2];

    if (m->tally[TALLY_KEEPALIVES] == 0)
        return;
    for (unsigned i = 0; i < 2; i++)
        text_init(&text[i], words[i], sizeof(words[i]));
    kinds_span(&text[0], m->marks[MARK_FIRST]);
    measure_found(m, "keepalive", (struct amount){AMOUNT_SPAN, m->marks[MARK_FIRST], m->marks[MARK_FIRST], 0, 0, NULL},
                  "It sends keepalives: the first came after %s of silence.", words[0]);
    if (m->marks[MARK_INTERVAL] == NANOS_NONE)
        return;
    kinds_span(&text[1], m->marks[MARK_INTERVAL]);
    measure_found(m, "interval",
                  (struct amount){AMOUNT_SPAN, m->marks[MARK_INTERVAL], m->marks[MARK_INTERVAL], 0, 0, NULL},
                  "%u came, the closest two of them %s apart.", m->tally[TALLY_KEEPALIVES], words[1]);
}

static void conclude_end(struct measurement *m, bool answers)
{
    struct amount end = {AMOUNT_SPAN, m->marks[MARK_END], m->marks[MARK_END], 0, 0, NULL}, length = watch_length(m);
    const char *how = m->tally[TALLY_FIN] ? "FIN" : "RST";
    char words[96];

    if (m->marks[MARK_END] != NANOS_NONE) {
        amount_words(&end, words, sizeof(words));
        measure_found(m, "ended", end, "It ended the connection with %s, %s after it was open%s.", how, words,
                      !answers && m->tally[TALLY_KEEPALIVES] > 0 ? ", when its keepalives were not answered" : "");
        return;
    }
    amount_words(&length, words, sizeof(words));
    if (length.most != NANOS_NEVER) {
        measure_found(
            m, "ended", length,
            "It ended the connection in silence: a question was answered with RST. The connection had lasted %s.%s",
            words,
            m->tally[TALLY_UNPROVEN] ? " If it ever was open: nothing shows that its end took our ACK of the SYN-ACK."
                                     : "");
        return;
    }
    if (m->tally[TALLY_SILENT] > 0 || m->watch.silent >= SILENCES)
        measure_found(m, "silent", length,
                      "A question after that had no answer: the path may have dropped the connection. Until "
                      "then it had lasted %s.",
                      words);
    else if (length.least > 0)
        measure_found(m, "lasted", length, "Nothing ended it: it lasted %s%s.", words,
                      answers ? ". Each connection was asked once only, so that asking kept none of them alive" : "");
    else
        measure_found(m, "lasted", length, "No end was seen. Whether it was still there was not asked.");
    measure_failed(m, MEASURED_BOUNDED);
}

static void conclude_idle(struct measurement *m)
{
    if (m->result.stay_count == 0)
        return;
    conclude_keepalives(m);
    conclude_end(m, true);
}

static void conclude_keepalive(struct measurement *m)
{
    if (m->result.stay_count == 0)
        return;
    conclude_keepalives(m);
    if (m->tally[TALLY_KEEPALIVES] == 0)
        measure_found(m, "no-keepalive", (struct amount){0}, "No keepalive came.");
    conclude_end(m, false);
}

const struct measure_kind kind_idle = {
    .name = "idle",
    .summary = "when and how the peer, or something on the path, ends a connection on which nothing happens",
    .max = 600 * NANOS_PER_S,
    .at_once = CONNECTIONS,
    .begin = begin_idle,
    .next = next_idle,
    .saw = saw,
    .over = over,
    .conclude = conclude_idle,
};

const struct measure_kind kind_keepalive = {
    .name = "keepalive",
    .summary = "whether the peer sends keepalives, and how it gives up when they are not answered",
    .max = 600 * NANOS_PER_S,
    .at_once = 1,
    .begin = begin_keepalive,
    .next = next_keepalive,
    .saw = saw,
    .over = over,
    .conclude = conclude_keepalive,
};
