/* src/walk/loop.h: several walks over one port that is made up here, in a time that is made up too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "step/script.h"
#include "walk/loop.h"

#define MS NANOS_PER_MS
#define BEGAN (50 * NANOS_PER_S)
#define EPOCH (INT64_C(1700000000) * NANOS_PER_S)
#define FIRST_PORT 4000
#define WALKS_MAX 64
#define STEPS_MAX 8
#define SIGHTINGS_MAX 1024

struct box;

/* One walk with its listener. */
struct one {
    struct box *box;
    struct walk walk;
    struct loop_walk in_loop;
    struct step steps[STEPS_MAX];
    char bytes[512];
    struct heard inbox[32];
    unsigned rounds, inputs, events, pauses, segments_in, ends;
    struct event_end end;
    bool fails_event, fails_pause, fails_input;
};

/* The port: what is sent is seen at once, and SYN and FIN are answered after a round trip unless the box is mute. */
struct box {
    nanos now;
    struct one one[WALKS_MAX];
    struct loop_walk *walks[WALKS_MAX];
    struct loop loop;
    struct fault fault;
    struct loop_host host;
    struct sighting coming[SIGHTINGS_MAX];
    bool used[SIGHTINGS_MAX];
    unsigned count, first;
    bool mute;
    unsigned send_fails_at, sent; /* counted from 1; 0: never */
    nanos interrupt_at, fault_at;
    bool input_once;
    unsigned again; /* how often a walk that is over begins anew */
    unsigned adds;  /* how many turn() adds, one each time */
    nanos turn_wakes;
    unsigned turns;
    unsigned over;
    nanos last_turn;
    char log[8192];
    struct text log_text;
};

static nanos port_now(void *self)
{
    return ((struct box *)self)->now;
}

static void come(struct box *box, nanos at, uint16_t port, bool out, const struct segment *segment)
{
    unsigned i = 0;

    while (box->used[i])
        if (++i == SIGHTINGS_MAX)
            fail_msg("too much on the way");
    box->used[i] = true;
    box->coming[i] = (struct sighting){.kind = SIGHTING_SEGMENT, .at = at + EPOCH, .out = out, .segment = *segment};
    box->coming[i].flow.local.port = port;
}

static bool port_send(void *self, const struct flow *flow, const struct segment *segment, const uint8_t *payload,
                      struct fault *fault)
{
    struct box *box = self;
    struct segment seen = *segment;
    struct segment answer = {.seq = 5000 + flow->local.port, .window = 1000, .ttl = 64};
    char flags[FLAGS_TEXT];

    (void)payload;
    if (++box->sent == box->send_fails_at)
        return fault_set(fault, FAULT_LOCAL, "the interface is down");
    text_add(&box->log_text, "%u %s; ", flow->local.port, segment_flags_text(segment->flags, flags));
    seen.ttl = 64;
    come(box, box->now, flow->local.port, true, &seen);
    if (box->mute || !(segment->flags & (TCP_SYN | TCP_FIN)))
        return true;
    answer.flags = segment->flags & TCP_SYN ? TCP_SYN | TCP_ACK : TCP_FIN | TCP_ACK;
    answer.ack = segment->seq + segment->len + 1;
    answer.seq += segment->flags & TCP_SYN ? 0 : 1;
    come(box, box->now + 10 * MS, flow->local.port, false, &answer);
    return true;
}

static enum port_result port_next(void *self, nanos deadline, struct sighting *out, struct fault *fault)
{
    struct box *box = self;
    nanos when = NANOS_NEVER;
    unsigned first = 0;

    for (unsigned i = 0; i < SIGHTINGS_MAX; i++)
        if (box->used[i] && box->coming[i].at - EPOCH < when) {
            when = box->coming[i].at - EPOCH;
            first = i;
        }
    if (nanos_sooner(nanos_sooner(box->interrupt_at, box->fault_at), when) > deadline || deadline == NANOS_NEVER) {
        if (deadline == NANOS_NEVER && when == NANOS_NEVER)
            fail_msg("the loop waits for nothing");
    }
    if (box->interrupt_at <= deadline && box->interrupt_at <= when) {
        box->now = box->interrupt_at > box->now ? box->interrupt_at : box->now;
        box->interrupt_at = NANOS_NEVER;
        fault_set(fault, FAULT_INTERRUPTED, "interrupted by a signal");
        return PORT_FAULT;
    }
    if (box->fault_at <= deadline && box->fault_at <= when) {
        box->now = box->fault_at > box->now ? box->fault_at : box->now;
        box->fault_at = NANOS_NEVER;
        fault_set(fault, FAULT_LOCAL, "the capture is gone");
        return PORT_FAULT;
    }
    if (when <= deadline) {
        box->now = when > box->now ? when : box->now;
        box->used[first] = false;
        *out = box->coming[first];
        return PORT_SIGHTING;
    }
    if (box->input_once) {
        box->input_once = false;
        return PORT_INPUT;
    }
    box->now = deadline > box->now ? deadline : box->now;
    return PORT_QUIET;
}

/* ---- listeners ---- */

static bool on_event(void *self, const struct event *event, struct fault *fault)
{
    struct one *one = self;

    one->events++;
    if (event->kind == EVENT_SEGMENT && !event->segment.out)
        one->segments_in++;
    if (event->kind == EVENT_END) {
        one->ends++;
        one->end = event->end;
    }
    return !one->fails_event || fault_set(fault, FAULT_LOCAL, "the disk is full");
}

static bool on_pause(void *self, struct fault *fault)
{
    struct one *one = self;

    one->pauses++;
    return !one->fails_pause || fault_set(fault, FAULT_LOCAL, "the pipe is closed");
}

/* Idle: it opens, and then it lets the walk end. */
static bool on_input(void *self, struct walk *walk, bool readable, struct fault *fault)
{
    struct one *one = self;
    struct script script;
    struct script_error error;
    static const char *const text = "open; half-close";

    (void)readable;
    if (one->fails_input)
        return fault_set(fault, FAULT_USAGE, "no such input");
    if (!walk_is_idle(walk))
        return true;
    if (one->inputs++ > 0) {
        walk_finish(walk);
        return true;
    }
    script_init(&script, one->steps, STEPS_MAX, one->bytes, sizeof(one->bytes));
    assert_true(script_parse(&script, text, strlen(text), 1, &error));
    walk_more(walk, script.steps, script.count);
    return true;
}

static void begin(struct one *one, unsigned number)
{
    struct walk_settings settings = {
        .tcb = {.iss = 1000, .mss = 1460, .window = 64240, .options = TCP_OPT_MSS, .ttl = 64},
        .rto = NANOS_PER_S,
        .retries = 2,
        .timeout = 5 * NANOS_PER_S,
        .command = "test",
        .interface = "test0",
        .epoch = EPOCH,
        .interactive = true,
        .inbox = one->inbox,
        .inbox_room = 32,
    };

    settings.flow.local.port = (uint16_t)(FIRST_PORT + number);
    one->inputs = 0;
    walk_init(&one->walk, &settings, one->box->now);
    one->in_loop = (struct loop_walk){.walk = &one->walk, .listener = {one, on_event, on_pause, on_input}};
}

static void on_over(void *self, struct loop *loop, struct loop_walk *in_loop)
{
    struct box *box = self;
    struct one *one = in_loop->listener.self;

    box->over++;
    assert_true(walk_ended(&one->walk));
    for (unsigned i = 0; i < loop->count; i++)
        assert_ptr_not_equal(loop->walks[i], in_loop);
    if (one->rounds++ >= box->again)
        return;
    begin(one, (unsigned)(one - box->one));
    loop_add(loop, in_loop);
}

static nanos on_turn(void *self, struct loop *loop, nanos now)
{
    struct box *box = self;

    box->turns++;
    box->last_turn = now;
    if (box->adds > 0) {
        box->adds--;
        begin(&box->one[box->count], box->count);
        assert_true(loop_add(loop, &box->one[box->count].in_loop));
        box->count++;
    }
    if (loop->count == 0 && box->turn_wakes != NANOS_NEVER && now >= box->turn_wakes)
        return NANOS_NEVER;
    return box->turn_wakes;
}

static void init(struct box *box, struct port *port, unsigned walks)
{
    memset(box, 0, sizeof(*box));
    box->now = BEGAN;
    box->interrupt_at = box->fault_at = box->turn_wakes = NANOS_NEVER;
    text_init(&box->log_text, box->log, sizeof(box->log));
    *port = (struct port){box, port_now, port_send, port_next};
    box->host = (struct loop_host){box, on_over, on_turn};
    box->loop =
        (struct loop){.port = port, .host = &box->host, .walks = box->walks, .room = WALKS_MAX, .fault = &box->fault};
    for (unsigned i = 0; i < WALKS_MAX; i++)
        box->one[i].box = box;
    for (unsigned i = 0; i < walks; i++) {
        begin(&box->one[i], i);
        assert_true(loop_add(&box->loop, &box->one[i].in_loop));
    }
    box->count = walks;
}

static struct box box;
static struct port port;

/* How often something was sent from one port: "4001 R.; " */
static unsigned times_sent(const char *what)
{
    unsigned times = 0;

    for (const char *at = strstr(box.log, what); at; at = strstr(at + 1, what))
        times++;
    return times;
}

/* ---- the cases ---- */

static void each_walk_hears_its_own_flow_only(void **state)
{
    (void)state;
    init(&box, &port, 3);
    assert_true(loop_run_all(&box.loop));
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(box.one[i].end.outcome, OUTCOME_CLOSED);
        assert_int_equal(box.one[i].segments_in, 2);
        assert_int_equal(box.one[i].ends, 1);
        assert_int_equal(box.one[i].walk.tcb.irs, 5000 + FIRST_PORT + i);
    }
    assert_int_equal(box.over, 3);
    assert_string_equal(box.log, "4000 S; 4001 S; 4002 S; 4000 .; 4000 F.; 4001 .; 4001 F.; 4002 .; 4002 F.; 4000 .; "
                                 "4001 .; 4002 .; ");
}

static void what_is_of_no_flow_of_ours_is_nobodys(void **state)
{
    struct segment rst = {.flags = TCP_RST | TCP_ACK, .ack = 1001, .ttl = 64};

    (void)state;
    init(&box, &port, 2);
    come(&box, BEGAN + 5 * MS, FIRST_PORT + 9, false, &rst);
    assert_true(loop_run_all(&box.loop));
    assert_int_equal(box.one[0].end.outcome, OUTCOME_CLOSED);
    assert_int_equal(box.one[1].end.outcome, OUTCOME_CLOSED);
    /* ... and the same for one of them refuses that one alone */
    init(&box, &port, 2);
    come(&box, BEGAN + 5 * MS, FIRST_PORT + 1, false, &rst);
    assert_true(loop_run_all(&box.loop));
    assert_int_equal(box.one[0].end.outcome, OUTCOME_CLOSED);
    assert_int_equal(box.one[1].end.outcome, OUTCOME_REFUSED);
}

static void what_the_capture_lost_concerns_all(void **state)
{
    (void)state;
    init(&box, &port, 2);
    box.used[0] = true;
    box.coming[0] = (struct sighting){.kind = SIGHTING_LOST, .at = BEGAN + 5 * MS + EPOCH, .lost = 3};
    assert_true(loop_run_all(&box.loop));
    assert_int_equal(box.one[0].events, box.one[1].events);
    unsigned with = box.one[0].events;
    init(&box, &port, 2);
    assert_true(loop_run_all(&box.loop));
    assert_int_equal(box.one[0].events + 1, with);
}

static void a_walk_that_is_over_can_begin_anew(void **state)
{
    (void)state;
    init(&box, &port, 2);
    box.again = 3;
    assert_true(loop_run_all(&box.loop));
    assert_int_equal(box.over, 8);
    assert_int_equal(box.one[0].ends, 4);
    assert_int_equal(box.one[1].ends, 4);
    assert_int_equal(times_sent("4000 S; "), 4);
    assert_int_equal(box.one[1].end.outcome, OUTCOME_CLOSED);
}

/* Nothing is waited for: its first segment leaves at the time at which it was added. */
static void a_walk_that_a_turn_adds_begins_at_once(void **state)
{
    (void)state;
    init(&box, &port, 0);
    box.adds = 1;
    assert_true(loop_run_all(&box.loop));
    assert_int_equal(box.one[0].end.outcome, OUTCOME_CLOSED);
    assert_int_equal(box.one[0].walk.stamps.first, BEGAN + EPOCH);
    assert_int_equal(box.one[0].walk.stamps.syn_ack, BEGAN + 10 * MS + EPOCH);
}

static void turns_add_one_walk_after_the_other(void **state)
{
    (void)state;
    init(&box, &port, 1);
    box.adds = 5;
    assert_true(loop_run_all(&box.loop));
    assert_int_equal(box.over, 6);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(box.one[i].end.outcome, OUTCOME_CLOSED);
}

/* The loop goes on without walks while the host wants to be called again, and is there in time. */
static void it_wakes_when_the_host_wants_to(void **state)
{
    (void)state;
    init(&box, &port, 1);
    box.turn_wakes = BEGAN + 7 * NANOS_PER_S;
    assert_true(loop_run_all(&box.loop));
    assert_int_equal(box.one[0].end.outcome, OUTCOME_CLOSED);
    assert_int_equal(box.last_turn, BEGAN + 7 * NANOS_PER_S);
}

static void sixty_four_walks_at_once(void **state)
{
    (void)state;
    init(&box, &port, 64);
    struct one one_more = {.box = &box};
    begin(&one_more, 64);
    assert_false(loop_add(&box.loop, &one_more.in_loop)); /* no room */
    assert_true(loop_run_all(&box.loop));
    assert_int_equal(box.over, 64);
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(box.one[i].end.outcome, OUTCOME_CLOSED);
        assert_int_equal(box.one[i].segments_in, 2);
    }
    assert_true(box.now <= BEGAN + NANOS_PER_S);
}

/* All have failed, each has had its end, and each that the peer may know was reset. */
static void all_were_stopped(unsigned walks, enum fault_kind kind)
{
    assert_int_equal(box.fault.kind, kind);
    assert_int_equal(box.loop.count, 0);
    for (unsigned i = 0; i < walks; i++) {
        assert_int_equal(box.one[i].end.outcome, OUTCOME_FAILED);
        assert_int_equal(box.one[i].end.status, STATUS_LOCAL);
    }
}

static void an_interruption_stops_all_with_resets(void **state)
{
    (void)state;
    init(&box, &port, 4);
    box.again = 5;
    box.adds = 0;
    box.interrupt_at = BEGAN + 15 * MS;
    assert_false(loop_run_all(&box.loop));
    all_were_stopped(4, FAULT_INTERRUPTED);
    assert_true(times_sent("4000 R.; ") > 0 && times_sent("4003 R.; ") > 0);
    assert_int_equal(box.over, 4);
    assert_string_equal(box.fault.words, "interrupted by a signal");
}

/* Nothing can be sent where the capture fails: so no RST, but each has its end. */
static void a_fault_of_the_port_ends_all(void **state)
{
    (void)state;
    init(&box, &port, 3);
    box.fault_at = BEGAN + 15 * MS;
    assert_false(loop_run_all(&box.loop));
    all_were_stopped(3, FAULT_LOCAL);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(box.one[i].ends, 1);
    assert_int_equal(times_sent(" R.; "), 0);
    assert_true(box.one[0].end.left);
}

/* Refused for one of them: the others are reset too, and it is tried for that one. */
static void a_segment_that_cannot_be_sent_stops_all(void **state)
{
    (void)state;
    init(&box, &port, 3);
    box.send_fails_at = 5; /* the first FIN */
    assert_false(loop_run_all(&box.loop));
    all_were_stopped(3, FAULT_LOCAL);
    assert_true(times_sent("4000 R.; ") > 0 && times_sent("4001 R.; ") > 0 && times_sent("4002 R.; ") > 0);
    assert_string_equal(box.fault.words, "the interface is down");
}

static void a_listener_that_fails_stops_all(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 3; how++) {
        init(&box, &port, 3);
        *(how == 0 ? &box.one[1].fails_event : how == 1 ? &box.one[1].fails_pause : &box.one[1].fails_input) = true;
        assert_false(loop_run_all(&box.loop));
        assert_int_equal(box.fault.kind, how == 2 ? FAULT_USAGE : FAULT_LOCAL);
        assert_int_equal(box.loop.count, 0);
        assert_int_equal(box.over, 3);
        /* One that failed is told nothing any more; the others have their ends. */
        assert_int_equal(box.one[0].ends, 1);
        assert_int_equal(box.one[2].ends, 1);
        if (how < 2)
            assert_int_equal(box.one[1].ends, 0);
    }
}

static void once_it_stops_no_walk_is_added(void **state)
{
    (void)state;
    init(&box, &port, 1);
    box.again = 9;
    box.adds = 0;
    box.interrupt_at = BEGAN + 5 * MS;
    assert_false(loop_run_all(&box.loop));
    assert_int_equal(box.over, 1);
    begin(&box.one[0], 0);
    assert_false(loop_add(&box.loop, &box.one[0].in_loop));
}

/* Mute peers: each walk runs to its own end, and the loop to the last of these. */
static void silence_ends_each_in_its_time(void **state)
{
    (void)state;
    init(&box, &port, 2);
    box.mute = true;
    assert_true(loop_run_all(&box.loop));
    assert_int_equal(box.over, 2);
    assert_int_equal(times_sent("4000 S; "), 3);
    assert_true(box.now <= BEGAN + 8 * NANOS_PER_S);
}

static void input_of_the_port_reaches_the_walks(void **state)
{
    (void)state;
    init(&box, &port, 1);
    box.input_once = true;
    assert_true(loop_run_all(&box.loop));
    assert_int_equal(box.one[0].end.outcome, OUTCOME_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_walk_hears_its_own_flow_only),
        cmocka_unit_test(what_is_of_no_flow_of_ours_is_nobodys),
        cmocka_unit_test(what_the_capture_lost_concerns_all),
        cmocka_unit_test(a_walk_that_is_over_can_begin_anew),
        cmocka_unit_test(a_walk_that_a_turn_adds_begins_at_once),
        cmocka_unit_test(turns_add_one_walk_after_the_other),
        cmocka_unit_test(it_wakes_when_the_host_wants_to),
        cmocka_unit_test(sixty_four_walks_at_once),
        cmocka_unit_test(an_interruption_stops_all_with_resets),
        cmocka_unit_test(a_fault_of_the_port_ends_all),
        cmocka_unit_test(a_segment_that_cannot_be_sent_stops_all),
        cmocka_unit_test(a_listener_that_fails_stops_all),
        cmocka_unit_test(once_it_stops_no_walk_is_added),
        cmocka_unit_test(silence_ends_each_in_its_time),
        cmocka_unit_test(input_of_the_port_reaches_the_walks),
    };

    return cmocka_run_group_tests_name("several walks in one loop", tests, NULL, NULL);
}
