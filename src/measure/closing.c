/* How it closes: several connections, each ended in another way, and what answers. */
#include <stdio.h>

#include "base/text.h"
#include "measure/kinds.h"

/* One way of ending a connection: a role of its own. */
enum { WAY_CLOSE, WAY_UNREAD, WAY_LATE_DATA, WAY_PEER_FIRST, WAYS };

/* tally of the measurement: what came of each way */
enum outcome_of_way { NOT_TRIED, FAILED, GOT_FIN, GOT_RST, GOT_ACK, GOT_NOTHING, HAD_CLOSED };
enum { TALLY_CLOSE, TALLY_UNREAD, TALLY_LATE_DATA, TALLY_PEER_FIRST, TALLY_SEGMENTS, TALLY_CLOSER, TALLY_WITH_ACK };

static void begin(struct measurement *m)
{
    for (unsigned way = 0; way < WAYS; way++)
        measure_plan(m, way);
}

static void start(struct measurement *m, struct course *course, nanos now)
{
    char follows[256], closes[32];

    nanos patience = m->settings.brief ? 3 * NANOS_PER_S : KINDS_CLOSES;

    /* Most peers close first only when they have been asked for something. */
    if (course->role == WAY_PEER_FIRST && !m->settings.send)
        patience = 2 * NANOS_PER_S;
    measure_within(m, now, patience, closes);
    switch (course->role) {
    case WAY_CLOSE:
        snprintf(follows, sizeof(follows), "; half-close within %s; expect F. within %s", closes, closes);
        break;
    case WAY_UNREAD: /* a byte right before our FIN, in one segment: an application that closes at once has not read it */
        snprintf(follows, sizeof(follows),
                 "; segment FP. data \"\\n\"; expect . ack=nxt within 2s; expect F. within %s", closes);
        break;
    case WAY_LATE_DATA: /* beyond our FIN, where no data can be; its own FIN stays unacknowledged, or it would be gone */
        snprintf(follows, sizeof(follows),
                 "; auto ack off; half-close within %s; wait 50ms; segment P. seq=nxt data \"\\n\"; wait 300ms",
                 closes);
        break;
    default: /* the peer closes first, and gets data all the same */
        snprintf(follows, sizeof(follows), "; expect F. within %s; segment P. data \"\\n\"; wait 300ms", closes);
        break;
    }
    measure_await(m, "how it closes");
    kinds_open(m, course, now, follows);
}

static void next(struct measurement *m, struct course *course, nanos now)
{
    if (course->phase == 0) {
        start(m, course, now);
        return;
    }
    if (course->first_syn_ack == NANOS_NONE)
        measure_course_failed(m, course);
}

/* Counts what came behind the segment by hand that each way but the first has. */
static void saw(struct measurement *m, struct course *course, const struct event *event)
{
    const struct event_segment *segment = &event->segment;
    bool data;

    (void)m;
    if (event->kind != EVENT_SEGMENT)
        return;
    data = segment->segment.len == 1 && segment->out && segment->probe == PROBE_NONE;
    if (data && course->role != WAY_CLOSE &&
        (course->role == WAY_UNREAD || course->our_fin != NANOS_NONE || course->its_fin != NANOS_NONE))
        course->tally[0] = 1; /* it has left */
    else if (!segment->out && course->tally[0] && segment_has(&segment->segment, TCP_RST))
        course->tally[1] = 1;
    else if (!segment->out && course->tally[0] && segment->segment.len == 0 &&
             segment_has(&segment->segment, TCP_ACK) && !segment_has(&segment->segment, TCP_FIN))
        course->tally[2] = 1; /* data and FINs it may send, or repeat, by itself */
}

static enum outcome_of_way outcome_of(const struct course *course)
{
    if (course->first_syn_ack == NANOS_NONE)
        return FAILED;
    switch (course->role) {
    case WAY_CLOSE:
    case WAY_UNREAD:
        if (course->end.peer_end == PEER_END_RST)
            return GOT_RST;
        /* A FIN that does not acknowledge ours left before the byte was there. */
        if (course->role == WAY_UNREAD && course->its_fin != NANOS_NONE &&
            (course->fin_acked == NANOS_NONE || course->fin_acked > course->its_fin))
            return HAD_CLOSED;
        if (course->its_fin != NANOS_NONE)
            return GOT_FIN;
        /* What was sent by hand is not sent again: unacknowledged it may never have arrived. */
        return course->fin_acked != NANOS_NONE ? GOT_NOTHING : FAILED;
    default:
        if (!course->tally[0])
            return course->role == WAY_PEER_FIRST ? NOT_TRIED : FAILED;
        return course->tally[1] ? GOT_RST : course->tally[2] ? GOT_ACK : GOT_NOTHING;
    }
}

static bool over(struct measurement *m, struct course *course)
{
    m->tally[course->role] = course_was_stopped(course) ? FAILED : outcome_of(course);
    if (course->role == WAY_CLOSE) {
        m->tally[TALLY_SEGMENTS] = course->end.close_segments;
        m->tally[TALLY_CLOSER] = course->end.closer;
        m->tally[TALLY_WITH_ACK] = course->reset_has_ack;
    }
    return false;
}

/* ---- findings ---- */

static struct amount word(const char *token)
{
    return (struct amount){.kind = AMOUNT_WORD, .word = token};
}

static void conclude_close(struct measurement *m)
{
    switch (m->tally[TALLY_CLOSE]) {
    case GOT_FIN:
        if (m->tally[TALLY_CLOSER] == CLOSER_PEER)
            measure_found(m, "close", word("first"), "It closed first, before our FIN, with a FIN.");
        else if (m->tally[TALLY_CLOSER] == CLOSER_BOTH)
            measure_found(m, "close", word("both"),
                          "It closed by itself: its FIN and ours crossed, so both closed first.");
        else if (m->tally[TALLY_SEGMENTS] == 3)
            measure_found(
                m, "close", word("three"),
                "It answered our FIN with its own, acknowledgement and FIN in one: a close in three segments. Its "
                "application closed before the acknowledgement was due.");
        else
            measure_found(
                m, "close", word("four"),
                "It acknowledged our FIN and sent its own later: a close in four segments. Their number tells how "
                "fast its application is.");
        break;
    case GOT_RST:
        measure_found(m, "close", word("rst"), "It answered our FIN with RST%s.",
                      m->tally[TALLY_WITH_ACK] ? ": its application aborted" : "");
        break;
    case GOT_NOTHING:
        measure_found(m, "close", word("stays"),
                      "It acknowledged our FIN, and no FIN of its own came: the peer stayed in CLOSE-WAIT, as it does "
                      "when its application does not close.");
        break;
    default:
        break;
    }
}

static void conclude_unread(struct measurement *m)
{
    switch (m->tally[TALLY_UNREAD]) {
    case GOT_RST:
        measure_found(
            m, "unread", word("rst"),
            "A byte with our FIN: it answered with RST, as a TCP does whose application closes with data unread, or "
            "has closed already.");
        break;
    case GOT_FIN:
        measure_found(
            m, "unread", word("fin"),
            "A byte with our FIN: it closed with FIN, so its application had read it, or its TCP sends no RST for "
            "data unread.");
        break;
    case HAD_CLOSED:
        measure_found(m, "unread", word("first"), "A byte with our FIN: its own FIN was under way already.");
        break;
    case GOT_NOTHING:
        measure_found(m, "unread", word("stays"), "A byte with our FIN: no FIN of its own came.");
        break;
    default:
        break;
    }
}

static void conclude_late(struct measurement *m)
{
    static const char *const after_ours[] = {
        [GOT_RST] = "with RST", [GOT_ACK] = "with ACK", [GOT_NOTHING] = "with nothing"};
    unsigned late = m->tally[TALLY_LATE_DATA], first = m->tally[TALLY_PEER_FIRST];

    if (late == GOT_RST || late == GOT_ACK || late == GOT_NOTHING)
        measure_found(m, "data-after-our-fin",
                      word(late == GOT_RST   ? "rst"
                           : late == GOT_ACK ? "ack"
                                             : "nothing"),
                      "Data beyond our FIN, where there can be none: it answered %s%s.", after_ours[late],
                      late == GOT_NOTHING ? " (or the answer was lost)" : "");
    if (first == GOT_RST)
        measure_found(
            m, "data-after-its-fin", word("rst"),
            "Data after its FIN: it answered with RST, so its application had closed the socket and not only one "
            "direction.");
    else if (first == GOT_ACK)
        measure_found(
            m, "data-after-its-fin", word("ack"),
            "Data after its FIN: it acknowledged it, so its application still reads, or the socket is still held.");
    else if (first == GOT_NOTHING)
        measure_found(m, "data-after-its-fin", word("nothing"), "Data after its FIN: nothing was answered.");
    else if (first == NOT_TRIED)
        measure_found(m, "data-after-its-fin", word("not-tried"),
                      "Data after its FIN: not tried, for it did not close first%s.",
                      m->settings.send ? " after what was sent" : " (--send may make it)");
}

static void conclude(struct measurement *m)
{
    if (m->result.measured >= MEASURED_OTHERWISE)
        return;
    conclude_close(m);
    conclude_unread(m);
    conclude_late(m);
}

const struct measure_kind kind_close = {
    .name = "close",
    .summary = "how it closes: FIN or RST, three segments or four, with data unread, with data after a FIN",
    .max = 40 * NANOS_PER_S,
    .brief_max = 8 * NANOS_PER_S,
    .at_once = WAYS,
    .alone = true, /* more connections at once could fill a small accept queue */
    .begin = begin,
    .next = next,
    .saw = saw,
    .over = over,
    .conclude = conclude,
};
