#include "measure/course.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

size_t course_room(const char *send)
{
    return COURSE_TEXT + (send ? 4 * strlen(send) : 0);
}

static void clear(struct course *course)
{
    course->phase = 0;
    memset(course->tally, 0, sizeof(course->tally));
    memset(course->marks, 0, sizeof(course->marks));
    course->question = (struct inquiry){0};
    course->question_by_hand = course->failed = course->over = false;
    course->status = STATUS_DONE;
    course->why[0] = '\0';
    course->from_least = course->from_most = course->alive = course->gone = NANOS_NONE;
    course->first_syn_ack = course->its_fin = course->our_syn = course->our_fin = course->fin_acked =
        course->its_fin_acked = course->unclosed = course->reset = course->sent = NANOS_NONE;
    for (unsigned i = 0; i < COURSE_QUESTIONS; i++)
        course->asked[i] = (struct course_asked){.sent = NANOS_NONE};
    script_init(&course->kept, course->kept_steps, COURSE_STEPS, course->kept_bytes, course->kept_room);
}

void course_init(struct course *course, struct walk *walk, unsigned number, unsigned role, char *bytes, size_t room)
{
    *course = (struct course){.walk = walk, .number = number, .role = role, .kept_bytes = bytes, .kept_room = room};
    clear(course);
}

void course_again(struct course *course)
{
    course->round++;
    clear(course);
}

void course_do(struct course *course, nanos now, const char *format, ...)
{
    struct script_error error;
    struct script *script = &course->asking;
    char text[4096];
    unsigned first;
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (strstr(text, "send ")) /* what it sends must stay until the walk has ended */
        script = &course->kept;
    else
        script_init(script, course->asking_steps, COURSE_STEPS, course->asking_bytes, COURSE_TEXT);
    first = script->count;
    if (length < 0 || (size_t)length >= sizeof(text) || !script_parse(script, text, (size_t)length, 1, &error)) {
        walk_stop(course->walk, STATUS_LOCAL, (size_t)length >= sizeof(text) ? "--send is too long" : error.words, now);
        return;
    }
    course->failed = false;
    course->question = (struct inquiry){0};
    walk_more(course->walk, script->steps + first, script->count - first);
}

void course_end(struct course *course)
{
    walk_finish(course->walk);
}

nanos course_at(const struct course *course, nanos t)
{
    return t == NANOS_NONE || course->walk->stamps.first == NANOS_NONE ? NANOS_NONE : course->walk->stamps.first + t;
}

nanos course_clock(const struct course *course, nanos now)
{
    const struct walk *walk = course->walk;

    return walk->stamps.last == NANOS_NONE ? NANOS_NONE : walk->stamps.last + (now - walk->last_seen);
}

nanos course_trip(const struct course *course)
{
    nanos trip = course->walk->open_rtt;

    return trip == NANOS_NONE || trip < NANOS_PER_MS ? NANOS_PER_MS : trip;
}

/* A way may be longer than when it opened: by so much. */
#define WAY_MORE (300 * NANOS_PER_MS)

nanos course_way(const struct course *course)
{
    return course_trip(course) + WAY_MORE;
}

nanos course_late(const struct course *course)
{
    return 2 * course_way(course);
}

bool course_is_open(const struct course *course)
{
    enum state state = course->walk->tcb.state;

    return state != CLOSED && state != LISTEN && state != SYN_SENT && state != SYN_RECEIVED;
}

bool course_was_stopped(const struct course *course)
{
    return course->over && course->outcome == OUTCOME_FAILED;
}

/* ---- what happened ---- */

static void note_question(struct course *course, const struct event_segment *event, nanos at)
{
    course->question = (struct inquiry){.probe = event->probe, .asked = true, .sent = at, .heard = NANOS_NONE};
    course->question_by_hand = false;
    memmove(course->asked, course->asked + 1, (COURSE_QUESTIONS - 1) * sizeof(course->asked[0]));
    course->asked[COURSE_QUESTIONS - 1] = (struct course_asked){
        .sent = at, .end = event->segment.seq + segment_span(&event->segment), .ack = event->segment.ack};
}

static void note_sent(struct course *course, const struct event_segment *event, nanos at)
{
    const struct segment *segment = &event->segment;
    const struct tcb *tcb = &course->walk->tcb;

    if (event->probe != PROBE_NONE || course->question_by_hand)
        note_question(course, event, at);
    if (course->reset == NANOS_NONE)
        course->sent = at;
    if (segment_has(segment, TCP_SYN) && course->our_syn == NANOS_NONE)
        course->our_syn = at;
    if (segment_has(segment, TCP_FIN) && course->our_fin == NANOS_NONE)
        course->our_fin = at;
    if (course->its_fin_acked == NANOS_NONE && tcb->its_fin_seen && segment_has(segment, TCP_ACK) &&
        !segment_has(segment, TCP_RST) && segment->ack == tcb->its_fin_seq + 1)
        course->its_fin_acked = at;
}

static enum reply reply_of(const struct course *course, const struct event_segment *event)
{
    const struct segment *segment = &event->segment;

    if (segment_has(segment, TCP_RST))
        return REPLY_RST;
    if (segment_has(segment, TCP_SYN))
        return segment->seq == course->walk->tcb.irs ? REPLY_SYN_ACK : REPLY_OTHER;
    return segment_has(segment, TCP_FIN) ? REPLY_FIN : REPLY_ACK;
}

/*
 * Each question has one answer at most, and nothing says which: so the first of those that can still have one is taken to be
 * meant. Where none was lost that is the latest one. Returns when it left.
 */
static nanos take_asked(struct course *course, nanos heard)
{
    for (unsigned i = 0; i < COURSE_QUESTIONS; i++) {
        struct course_asked *asked = &course->asked[i];
        nanos sent = asked->sent;
        if (sent == NANOS_NONE || sent < heard - course_late(course))
            continue;
        asked->sent = NANOS_NONE;
        return sent;
    }
    return course->question.sent;
}

/* A RST says by its numbers what it answers (RFC 9293 3.10.7.1). */
static bool fits_a_question(const struct course *course, const struct segment *segment)
{
    for (unsigned i = 0; i < COURSE_QUESTIONS; i++) {
        const struct course_asked *asked = &course->asked[i];
        if (segment_has(segment, TCP_ACK) ? segment->ack == asked->end : segment->seq == asked->ack)
            return true;
    }
    return false;
}

static void note_answer(struct course *course, const struct event_segment *event, nanos at)
{
    const struct segment *segment = &event->segment;
    struct inquiry *question = &course->question;
    const struct tcb *tcb = &course->walk->tcb;

    question->reply = reply_of(course, event);
    question->heard = at;
    question->since = take_asked(course, at);
    /* What it sends by itself too (a keepalive is one below what comes next) may have left before the question came. */
    if (question->reply == REPLY_FIN || question->reply == REPLY_SYN_ACK ||
        (question->reply == REPLY_ACK && segment->seq == tcb->rcv_nxt - 1))
        question->since = nanos_sooner(question->since, at - course_way(course));
    question->unclosed = question->reply == REPLY_ACK && !tcb->its_fin_seen && segment->seq == tcb->rcv_nxt;
    if (question->unclosed && question->since > course->unclosed)
        course->unclosed = question->since;
}

static void note_heard(struct course *course, const struct event_segment *event, nanos at)
{
    const struct segment *segment = &event->segment;
    const struct inquiry *question = &course->question;
    const struct tcb *tcb = &course->walk->tcb;
    bool rst = segment_has(segment, TCP_RST), refuses = rst && fits_a_question(course, segment);
    /* What comes before its SYN-ACK is of an older connection of the same ports. */
    bool begun = course->first_syn_ack != NANOS_NONE;

    /* A RST that fits no question may be anybody's, unless its number is the exact one. */
    if (question->asked && question->reply == REPLY_NONE && segment->len == 0 && (!rst || refuses)) {
        note_answer(course, event, at);
    } else if (rst && !refuses && segment->seq == tcb->rcv_nxt && course->reset == NANOS_NONE && begun) {
        course->reset = at;
        course->reset_has_ack = segment_has(segment, TCP_ACK);
    }
    /* One that acknowledges another SYN answers an earlier one from the same port. */
    if (segment_has(segment, TCP_SYN | TCP_ACK) && course->first_syn_ack == NANOS_NONE &&
        segment->ack == tcb->settings.iss + 1)
        course->first_syn_ack = at;
    if (segment_has(segment, TCP_FIN) && course->its_fin == NANOS_NONE && begun)
        course->its_fin = at;
    if (course->fin_acked == NANOS_NONE && tcb->fin_sent && segment_has(segment, TCP_ACK) &&
        segment->ack == tcb->fin_seq + 1) {
        course->fin_acked = at;
        if (!segment_has(segment, TCP_FIN) && !tcb->its_fin_seen && segment->seq + segment->len == tcb->rcv_nxt &&
            course->our_fin > course->unclosed)
            course->unclosed = course->our_fin;
    }
}

void course_event(struct course *course, const struct event *event)
{
    switch (event->kind) {
    case EVENT_SEGMENT:
        if (event->segment.out)
            note_sent(course, &event->segment, course_at(course, event->segment.t));
        else
            note_heard(course, &event->segment, course_at(course, event->segment.t));
        break;
    case EVENT_STEP:
        if (event->step.ok || course->failed)
            break;
        course->failed = true;
        snprintf(course->why, sizeof(course->why), "%s", event->step.why ? event->step.why : "");
        break;
    case EVENT_END:
        course->over = true;
        course->end = event->end;
        course->outcome = event->end.outcome;
        course->status = event->end.status;
        break;
    default:
        break;
    }
}
