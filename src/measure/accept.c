/*
 * What is behind a handshake that seems complete: ESTABLISHED, or a peer that stays in SYN-RECEIVED, because its accept queue is
 * full or because it waits for data first (TCP_DEFER_ACCEPT). The third segment is sent and the peer is probed. Still in
 * SYN-RECEIVED, a full queue repeats the SYN-ACK whatever is answered; who waits for data does not (Linux, measured).
 */
#include "measure/kinds.h"

enum { START, OPENED, PROBED, REQUESTED, DATA_SENT };

/* Linux repeats after 1 and after 3 seconds. */
#define REPEATS_WITHIN (3500 * NANOS_PER_MS)

/* tally of the measurement */
enum { TALLY_STATE, TALLY_REPEATS, TALLY_BYTES, TALLY_AFTER_DATA, TALLY_SENT, TALLY_REQUESTED, TALLY_ENDED };
enum { STATE_UNKNOWN, STATE_OPEN, STATE_OPENING, STATE_PRESUMED, STATE_REFUSING, STATE_GONE };

static void begin(struct measurement *m)
{
    measure_plan(m, 0);
}

/* What is proven counts: a presumption of ESTABLISHED says no more than that our ACK was sent. */
static unsigned state_of(const struct course *course)
{
    const struct belief *belief = &course->walk->belief;
    const struct claim *claim = &belief->claim;
    state_set nothing = IN(CLOSED) | IN(LISTEN), opening = IN(SYN_RECEIVED) | IN(SYN_SENT);

    if (course->walk->peer_end == PEER_END_RST)
        return STATE_GONE;
    if (!(belief->possible & opening) && (belief->possible & IN(ESTABLISHED)))
        return STATE_OPEN;
    if (claim->certainty == PRESUMED)
        return (belief->possible & (opening | IN(ESTABLISHED))) ? STATE_PRESUMED : STATE_GONE;
    if (claim->to == IN(SYN_RECEIVED))
        return STATE_OPENING;
    if (!(claim->to & ~nothing))
        return STATE_GONE;
    return (claim->to & ~(nothing | opening)) ? STATE_PRESUMED : STATE_REFUSING;
}

/* Gives the application what makes it say something, and time for that. */
static void request(struct measurement *m, struct course *course, nanos now)
{
    char within[32];

    m->tally[TALLY_REQUESTED] = m->settings.send != NULL;
    measure_await(m, "a sign of its application");
    measure_within(m, now, NANOS_PER_S, within);
    if (m->settings.send)
        course_do(course, now, "send \"%s\" within 2s; wait %s", m->settings.send, within);
    else
        course_do(course, now, "wait %s", within);
}

static void next(struct measurement *m, struct course *course, nanos now)
{
    char within[32];

    switch (course->phase) {
    case START:
        course->phase = OPENED;
        measure_await(m, "the SYN-ACK, and an answer to probes");
        course_do(course, now, "open within %s; wait 50ms; probe", measure_within(m, now, KINDS_PATIENCE, within));
        return;
    case OPENED:
        if (course->failed && !course_is_open(course)) {
            measure_course_failed(m, course);
            if (m->result.measured == MEASURED_NO_ANSWER)
                measure_found(m, "perhaps-full", (struct amount){0},
                              "Or its accept queue was full already: Linux then drops SYNs without a word.");
            return;
        }
        m->tally[TALLY_STATE] = state_of(course);
        course->phase = PROBED;
        if (m->tally[TALLY_STATE] == STATE_GONE)
            return;
        if (m->tally[TALLY_STATE] != STATE_OPEN) {
            measure_await(m, "its SYN-ACK again");
            course_do(course, now, "wait %s; probe", measure_within(m, now, REPEATS_WITHIN, within));
            return;
        }
        request(m, course, now);
        return;
    case PROBED:
        if (m->tally[TALLY_STATE] == STATE_OPEN)
            return;
        m->tally[TALLY_STATE] = state_of(course);
        if (m->tally[TALLY_STATE] == STATE_GONE || measure_late(m, now))
            return;
        if ((m->tally[TALLY_STATE] == STATE_OPEN || m->tally[TALLY_STATE] == STATE_PRESUMED) && m->settings.send) {
            course->phase = REQUESTED;
            request(m, course, now);
            return;
        }
        if (!m->settings.data || m->tally[TALLY_STATE] == STATE_OPEN || m->tally[TALLY_STATE] == STATE_GONE)
            return;
        course->phase = DATA_SENT;
        m->tally[TALLY_SENT] = 1;
        course_do(course, now, "segment P. data \"\\n\"; wait 300ms; probe");
        return;
    case REQUESTED: /* what it said of that may have proven it */
        m->tally[TALLY_STATE] = state_of(course);
        return;
    case DATA_SENT:
        m->tally[TALLY_AFTER_DATA] = state_of(course);
        return;
    default:
        return;
    }
}

static void saw(struct measurement *m, struct course *course, const struct event *event)
{
    const struct event_segment *segment = &event->segment;

    if (event->kind != EVENT_SEGMENT || segment->out)
        return;
    if (segment_has(&segment->segment, TCP_SYN | TCP_ACK) && course->first_syn_ack != NANOS_NONE &&
        course_at(course, segment->t) > course->first_syn_ack + 100 * NANOS_PER_MS) {
        m->tally[TALLY_REPEATS]++;
        measure_sample(m, course, SAMPLE_PEERS, course_at(course, segment->t), "syn-ack");
    }
    m->tally[TALLY_BYTES] += segment->segment.len;
    /* An application aborts with the exact number, and an acknowledgement: other RSTs answer something. */
    if (segment_has(&segment->segment, TCP_FIN) ||
        (segment_has(&segment->segment, TCP_RST | TCP_ACK) && segment->segment.seq == course->walk->tcb.rcv_nxt))
        m->tally[TALLY_ENDED] = 1;
}

static void conclude_open(struct measurement *m)
{
    struct amount amount = {.kind = AMOUNT_WORD, .word = "established"};

    if (m->tally[TALLY_STATE] == STATE_PRESUMED && m->tally[TALLY_REPEATS] > 0) {
        measure_found(
            m, "handshake", (struct amount){.kind = AMOUNT_WORD, .word = "unknown"},
            "It repeated its SYN-ACK %u time%s although we answered each, and whether it took the last answer "
            "did not show.",
            m->tally[TALLY_REPEATS], m->tally[TALLY_REPEATS] == 1 ? "" : "s");
    } else if (m->tally[TALLY_STATE] == STATE_PRESUMED) {
        measure_found(
            m, "handshake", (struct amount){.kind = AMOUNT_WORD, .word = "presumed"},
            "Presumed established: it did not repeat its SYN-ACK within 3.5 s, but answered no probe that tells.");
    } else {
        measure_found(m, "handshake", amount,
                      "Established: it took our third segment, which its accept queue had room for.");
    }
    if (m->tally[TALLY_BYTES] > 0 || m->tally[TALLY_ENDED])
        measure_found(m, "application", (struct amount){.kind = AMOUNT_WORD, .word = "accepted"},
                      "Its application has accepted the connection: it %s%s.",
                      m->tally[TALLY_BYTES] > 0 ? "sent data" : "closed it",
                      m->tally[TALLY_REQUESTED] ? " after we did" : " unasked");
    else
        measure_found(
            m, "application", (struct amount){.kind = AMOUNT_WORD, .word = "unknown"},
            "Whether its application has accepted the connection does not show before that sends something%s.",
            m->tally[TALLY_REQUESTED] ? ", and it did not answer what we sent within a second"
                                      : " (--send may make it)");
}

/* It never took our third segment, and said so at last, or has given up meanwhile, or its application aborted at once. */
static void conclude_gone(struct measurement *m)
{
    measure_found(
        m, "handshake", (struct amount){.kind = AMOUNT_WORD, .word = "reset"},
        "Not established, or not for long: our third segment, or a probe after it, was answered with RST. So does "
        "a listener whose accept queue is full and who aborts then (tcp_abort_on_overflow), or who gives up so "
        "early, and an application that aborts at once.");
    measure_failed(m, MEASURED_RESET);
}

static void conclude_opening(struct measurement *m)
{
    if (m->tally[TALLY_REPEATS] > 0)
        measure_found(m, "handshake", (struct amount){.kind = AMOUNT_WORD, .word = "queue-full"},
                      "Not established: it repeated its SYN-ACK %u time%s although we answered each. Its accept queue "
                      "is full, or our segments are lost.",
                      m->tally[TALLY_REPEATS], m->tally[TALLY_REPEATS] == 1 ? "" : "s");
    else
        measure_found(
            m, "handshake", (struct amount){.kind = AMOUNT_WORD, .word = "deferred"},
            "Not established: it stays in SYN-RECEIVED and is silent about it. So does a listener that accepts "
            "only what has sent data (TCP_DEFER_ACCEPT).");
    if (!m->tally[TALLY_SENT]) {
        measure_found(m, "data", (struct amount){.kind = AMOUNT_WORD, .word = "not-sent"},
                      "With --data a byte would be sent to see whether data opens it.");
        return;
    }
    measure_found(
        m, "data",
        (struct amount){.kind = AMOUNT_WORD, .word = m->tally[TALLY_AFTER_DATA] == STATE_OPEN ? "opened" : "ignored"},
        m->tally[TALLY_AFTER_DATA] == STATE_OPEN ? "With a byte of data it was established."
                                                 : "A byte of data did not establish it either.");
}

static void conclude(struct measurement *m)
{
    if (m->result.measured >= MEASURED_OTHERWISE || m->tally[TALLY_STATE] == STATE_UNKNOWN)
        return;
    if (m->tally[TALLY_STATE] == STATE_GONE)
        conclude_gone(m);
    else if (m->tally[TALLY_STATE] == STATE_OPENING)
        conclude_opening(m);
    else if (m->tally[TALLY_STATE] == STATE_REFUSING)
        measure_found(
            m, "handshake", (struct amount){.kind = AMOUNT_WORD, .word = "refusing"},
            "Not established: it refuses what acknowledges something old. So does a peer in SYN-RECEIVED, and one "
            "that has no such connection any more.");
    else
        conclude_open(m);
}

const struct measure_kind kind_accept = {
    .name = "accept",
    .summary =
        "whether a completed handshake is established, or waits: accept queue full, or deferred until data comes",
    .max = 15 * NANOS_PER_S,
    .brief_max = 8 * NANOS_PER_S,
    .at_once = 1,
    .alone = true, /* others could fill a small accept queue */
    .begin = begin,
    .next = next,
    .saw = saw,
    .conclude = conclude,
};
