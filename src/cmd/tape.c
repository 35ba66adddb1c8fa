#include "cmd/tape.h"

#include <stdlib.h>
#include <string.h>

#include "io/clock.h"
#include "report/comment.h"

/* One that was seen. */
struct frame {
    struct frame *next;
    enum sighting_kind kind;
    uint64_t number;
    bool told; /* an event has been about it */
    bool out;
    struct segment segment;
    struct icmp_error icmp;
    nanos at;
    int link_type;
    uint32_t captured, length;
    struct pcapng_options comments;
    uint8_t bytes[];
};

static void free_frame(struct frame *frame)
{
    if (frame)
        pcapng_free_options(&frame->comments);
    free(frame);
}

/* ---- the port ---- */

static nanos tape_now(void *self)
{
    const struct tape *tape = self;

    return tape->inner.now(tape->inner.self);
}

static bool tape_send(void *self, const struct flow *flow, const struct segment *segment, const uint8_t *payload,
                      struct fault *fault)
{
    const struct tape *tape = self;

    return tape->inner.send(tape->inner.self, flow, segment, payload, fault);
}

static bool keep(struct tape *tape, const struct sighting *sighting, struct fault *fault)
{
    struct frame *frame = calloc(1, sizeof(*frame) + sighting->frame_captured);

    if (!frame)
        return fault_set(fault, FAULT_LOCAL, "--write: no memory");
    frame->number = ++tape->seen;
    frame->kind = sighting->kind;
    frame->out = sighting->out;
    frame->segment = sighting->segment;
    frame->icmp = sighting->icmp;
    frame->at = sighting->at;
    frame->link_type = sighting->link_type;
    frame->captured = sighting->frame_captured;
    frame->length = sighting->frame_length;
    memcpy(frame->bytes, sighting->frame, sighting->frame_captured);
    *tape->frames_end = frame;
    tape->frames_end = &frame->next;
    return true;
}

static enum port_result tape_next(void *self, nanos deadline, struct sighting *out, struct fault *fault)
{
    struct tape *tape = self;
    enum port_result result = tape->inner.next(tape->inner.self, deadline, out, fault);

    if (result == PORT_SIGHTING && out->frame && !keep(tape, out, fault))
        return PORT_FAULT;
    return result;
}

void tape_begin(struct tape *tape, struct copy *copy, struct capture *capture, struct port *port)
{
    copy_forget_interfaces(copy); /* of another address, with another filter */
    *tape = (struct tape){.copy = copy, .capture = capture, .inner = *port};
    tape->frames_end = &tape->frames;
    *port = (struct port){tape, tape_now, tape_send, tape_next};
}

/* ---- what is said of what was seen ---- */

static bool is_segment(const struct frame *frame, const struct event_segment *event)
{
    const struct segment *a = &frame->segment, *b = &event->segment;

    return frame->kind == SIGHTING_SEGMENT && frame->out == event->out && a->seq == b->seq && a->ack == b->ack &&
           a->len == b->len && a->flags == b->flags && a->ip_id == b->ip_id;
}

static bool is_icmp(const struct frame *frame, const struct event_icmp *event)
{
    const struct icmp_error *a = &frame->icmp, *b = &event->error;

    return frame->kind == SIGHTING_ICMP && a->type == b->type && a->code == b->code && a->quoted_seq == b->quoted_seq;
}

static bool is_about(const struct frame *frame, const struct event *event)
{
    if (event->kind == EVENT_SEGMENT)
        return is_segment(frame, &event->segment);
    if (event->kind == EVENT_ICMP)
        return is_icmp(frame, &event->icmp);
    return event->kind == EVENT_NOTE && frame->kind == SIGHTING_ODDITY && strcmp(event->note.token, "oddity") == 0;
}

/* What a timer tells follows from no segment. */
static bool is_of_timer(const struct event *event)
{
    return event->kind == EVENT_TRANSITION && event->transition.claim.reason == REASON_TIMER;
}

/* What an event is about, as far as it is not written: a frame that none has been about, or the one before. */
static struct frame *turn_to(const struct tape *tape, struct tape_head *head, const struct event *event)
{
    struct frame *present = NULL;

    for (struct frame *frame = tape->frames; frame; frame = frame->next) {
        if (!frame->told && is_about(frame, event)) {
            frame->told = true;
            frame->comments = head->before;
            head->before = (struct pcapng_options){0};
            pcapng_free_options(&head->after);
            head->present = frame->number;
            return frame;
        }
        if (frame->number == head->present)
            present = frame;
    }
    return present;
}

static void say(struct text *text, const struct event *event, enum comment_place place)
{
    switch (event->kind) {
    case EVENT_SEGMENT:
        comment_segment(text, &event->segment);
        return;
    case EVENT_TRANSITION:
        comment_transition(text, &event->transition, place);
        return;
    case EVENT_ICMP:
        comment_icmp(text, &event->icmp);
        return;
    case EVENT_VERIFY:
        comment_verify(text, &event->verify);
        return;
    case EVENT_NOTE:
        comment_note(text, &event->note);
        return;
    default:
        return;
    }
}

static bool add(struct pcapng_options *comments, const struct event *event, enum comment_place place,
                struct fault *fault)
{
    char words[COMMENT_TEXT];
    struct text text;

    text_init(&text, words, sizeof(words));
    say(&text, event, place);
    return text.used == 0 || copy_comment(comments, &text, fault);
}

bool tape_event(struct tape *tape, struct tape_head *head, const struct event *event, struct fault *fault)
{
    struct frame *frame;

    if (!tape->capture)
        return true;
    frame = is_of_timer(event) ? NULL : turn_to(tape, head, event);
    if (frame)
        return add(&frame->comments, event, COMMENT_AT, fault);
    return add(&head->before, event, COMMENT_BEFORE, fault) && add(&head->after, event, COMMENT_AFTER, fault);
}

/* ---- writing ---- */

/* The interface of a frame. An ICMP error that came over another one has no link header. */
static bool interface_of(struct tape *tape, const struct frame *frame, unsigned *number, struct fault *fault)
{
    struct capture_interface interface;

    capture_describe(tape->capture, &interface);
    if (frame && frame->link_type != capture_link_type(tape->capture))
        interface = (struct capture_interface){.number = 1, .link_type = capture_link_in_files(frame->link_type)};
    return copy_interface(tape->copy, &interface, number, fault);
}

static struct captured captured_of(const struct frame *frame)
{
    return (struct captured){
        .at = frame->at, .bytes = frame->bytes, .captured = frame->captured, .length = frame->length};
}

static bool write_frame(struct tape *tape, const struct frame *frame, struct fault *fault)
{
    struct captured captured = captured_of(frame);
    unsigned interface;

    return interface_of(tape, frame, &interface, fault) &&
           copy_packet(tape->copy, interface, &captured, &frame->comments, fault);
}

bool tape_pause(struct tape *tape, struct fault *fault)
{
    if (!tape->capture || !tape->frames)
        return true;
    while (tape->frames) {
        struct frame *frame = tape->frames;
        if (!write_frame(tape, frame, fault))
            return false;
        tape->frames = frame->next;
        free_frame(tape->last);
        tape->last = frame;
    }
    tape->frames_end = &tape->frames;
    return copy_flush(tape->copy, fault);
}

/* What was told after the last frame, when that was the walk's, is said there. */
static bool amend(struct tape *tape, const struct tape_head *head, struct fault *fault)
{
    struct captured captured;
    unsigned interface;

    if (!tape->last || tape->last->number != head->present || head->after.used == 0)
        return false;
    captured = captured_of(tape->last);
    if (!pcapng_add_comments(&tape->last->comments, &head->after))
        return fault_set(fault, FAULT_LOCAL, "--write: no memory");
    return interface_of(tape, tape->last, &interface, fault) &&
           copy_amend(tape->copy, interface, &captured, &tape->last->comments, fault);
}

bool tape_over(struct tape *tape, struct tape_head *head, struct fault *fault)
{
    bool good = true;

    if (tape->capture) {
        good = tape_pause(tape, fault);
        if (good && !amend(tape, head, fault))
            good = fault->kind == FAULT_NONE && (pcapng_add_comments(&tape->left, &head->after) ||
                                                 fault_set(fault, FAULT_LOCAL, "--write: no memory"));
    }
    pcapng_free_options(&head->before);
    pcapng_free_options(&head->after);
    *head = (struct tape_head){0};
    return good;
}

static bool write_statistics(struct tape *tape, struct fault *fault)
{
    struct pcapng_statistics statistics = {.at = clock_realtime()};
    unsigned interface;

    statistics.counted = capture_counts(tape->capture, &statistics.received, &statistics.dropped);
    return interface_of(tape, NULL, &interface, fault) &&
           copy_statistics(tape->copy, interface, &statistics, &tape->left, fault) && copy_flush(tape->copy, fault);
}

bool tape_end(struct tape *tape, struct fault *fault)
{
    bool good = !tape->capture || (tape_pause(tape, fault) && write_statistics(tape, fault));

    while (tape->frames) {
        struct frame *frame = tape->frames;
        tape->frames = frame->next;
        free_frame(frame);
    }
    free_frame(tape->last);
    pcapng_free_options(&tape->left);
    *tape = (struct tape){0};
    return good;
}

bool tape_finish(struct tape *tape, struct tape_head *head, struct fault *fault)
{
    struct fault late = {0}, more = {0};
    bool good = tape_over(tape, head, &late);

    if (tape_end(tape, good ? &late : &more) && good)
        return true;
    fault_set(fault, late.kind, "%s", late.words);
    return false;
}
