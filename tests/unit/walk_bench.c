#include "walk_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "step/script.h"
#include "step/shipped.h"

#define ISS 1000
#define IRS 5000
/* The clocks differ, as they do in life. */
#define BEGAN (50 * NANOS_PER_S)
#define CAPTURE_EPOCH (INT64_C(1700000000) * NANOS_PER_S)

/* A walk that is woken so often, each time at once, and does nothing, would spin for ever. */
#define IDLE_WAKES_MAX 1000

static const uint8_t bytes[100000];

void bench_init(struct bench *bench, const char *named)
{
    const struct shipped *shipped = shipped_find(named);
    struct script_error error;
    struct script script;

    if (!shipped)
        abort();
    *bench = (struct bench){.began = BEGAN, .now = BEGAN, .its_window = 60000};
    text_init(&bench->sent_text, bench->sent, sizeof(bench->sent));
    text_init(&bench->log_text, bench->log, sizeof(bench->log));
    script_init(&script, bench->steps, BENCH_STEPS, bench->script_bytes, sizeof(bench->script_bytes));
    if (!script_parse(&script, shipped->text, strlen(shipped->text), 1, &error))
        abort();
    bench->settings = (struct walk_settings){
        /* without timestamps: what a reader of these tests must know is in the numbers */
        .tcb = {.iss = ISS, .mss = 1460, .window = 64240, .options = TCP_OPT_MSS, .ttl = 64},
        .rto = NANOS_PER_S,
        .retries = 5,
        .timeout = 10 * NANOS_PER_S,
        .linger = 300 * NANOS_PER_MS,
        .command = named,
        .interface = "test0",
        .epoch = CAPTURE_EPOCH,
        .step_count = script.count,
    };
}

/* A plain text is pattern enough: what is found, and where, is all that the walk asks of a match. */
static bool find_plain(const void *compiled, const uint8_t *text, size_t len, size_t *end)
{
    size_t wanted = strlen(compiled);

    for (size_t at = 0; at + wanted <= len; at++) {
        if (memcmp(text + at, compiled, wanted) == 0) {
            *end = at + wanted;
            return true;
        }
    }
    return false;
}

void bench_script(struct bench *bench, const char *text)
{
    struct script_error error;
    struct script script;

    bench_init(bench, "open");
    memset(bench->steps, 0, sizeof(bench->steps));
    script_init(&script, bench->steps, BENCH_STEPS, bench->script_bytes, sizeof(bench->script_bytes));
    if (!script_parse(&script, text, strlen(text), 1, &error))
        fail_msg("%u:%u: %s", error.line, error.column, error.words);
    for (unsigned i = 0; i < script.count; i++) {
        struct step *step = &bench->steps[i];
        if (step->kind == STEP_EXPECT_DATA)
            step->data.compiled = step->data.pattern;
        for (unsigned f = 0; step->kind == STEP_SEGMENT && f < step->segment.field_count; f++)
            if (step->segment.fields[f].field == FIELD_LEN)
                step->segment.data =
                    (struct step_bytes){.bytes = bytes, .len = (uint32_t)step->segment.fields[f].number.offset};
    }
    bench->settings.command = "script";
    bench->settings.step_count = script.count;
    bench->settings.listening = script.steps[0].kind == STEP_LISTEN;
    bench->settings.inbox = bench->inbox;
    bench->settings.inbox_room = sizeof(bench->inbox) / sizeof(bench->inbox[0]);
    bench->settings.text = bench->text;
    bench->settings.text_room = sizeof(bench->text);
    bench->settings.match = find_plain;
}

void bench_send(struct bench *bench, unsigned len)
{
    for (unsigned i = 0; i < bench->settings.step_count; i++)
        if (bench->steps[i].kind == STEP_SEND)
            bench->steps[i] =
                (struct step){.kind = STEP_SEND, .within = NANOS_NONE, .send = {.bytes = bytes, .len = len}};
}

void bench_start(struct bench *bench)
{
    bench->settings.steps = bench->steps;
    walk_init(&bench->walk, &bench->settings, bench->now);
}

static nanos capture_clock(const struct bench *bench)
{
    return CAPTURE_EPOCH + (bench->now - bench->began);
}

static void log_event(struct bench *bench, const struct event *event)
{
    char flags[FLAGS_TEXT], states[STATE_SET_TEXT];
    const struct claim *claim = &event->transition.claim;

    switch (event->kind) {
    case EVENT_START:
        text_add(&bench->log_text, "start %s\n", event->start.command);
        break;
    case EVENT_SEGMENT:
        text_add(&bench->log_text, "%u %s local %s\n", event->segment.n,
                 segment_flags_text(event->segment.segment.flags, flags), state_name(event->segment.local));
        break;
    case EVENT_TRANSITION:
        text_add(&bench->log_text, "%s %s %s %s\n", event->transition.side == SIDE_PEER ? "peer" : "local",
                 state_set_text(claim->to, " or ", states), certainty_name(claim->certainty),
                 reason_text(claim->reason)->token);
        break;
    case EVENT_ICMP:
        text_add(&bench->log_text, "icmp %s\n", event->icmp.hard ? "hard" : "soft");
        break;
    case EVENT_NOTE:
        text_add(&bench->log_text, "note %s\n", event->note.token);
        break;
    case EVENT_VERIFY:
        text_add(&bench->log_text, "verify %s %s\n", state_name(event->verify.kernel),
                 event->verify.violates ? "violates"
                 : event->verify.agrees ? "agrees"
                                        : "disagrees");
        break;
    case EVENT_STEP:
        if (event->step.expectation || !event->step.ok)
            text_add(&bench->log_text, "%s %s%s%s\n", event->step.ok ? "met" : "not met", event->step.text,
                     event->step.why ? ": " : "", event->step.why ? event->step.why : "");
        break;
    case EVENT_END:
        text_add(&bench->log_text, "end %d %s\n", event->end.status, outcome_name(event->end.outcome));
        bench->end = event->end;
        if (event->end.why)
            strncpy(bench->why, event->end.why, sizeof(bench->why) - 1);
        break;
    }
}

void collect(struct bench *bench)
{
    const struct event *event;

    while ((event = walk_take_event(&bench->walk)) != NULL)
        log_event(bench, event);
}

/* Sends what is due; it is captured at once. Returns how many segments that were. */
static unsigned flush(struct bench *bench)
{
    struct segment segment;
    const uint8_t *payload;
    unsigned count = 0;

    while (walk_output(&bench->walk, bench->now, &segment, &payload)) {
        char flags[FLAGS_TEXT];

        text_add(&bench->sent_text, "%lld %s seq %u", (long long)((bench->now - bench->began) / NANOS_PER_MS),
                 segment_flags_text(segment.flags, flags), segment.seq - ISS);
        if (segment.len > 0)
            text_add(&bench->sent_text, ":%u", segment.seq - ISS + segment.len);
        if (segment.flags & TCP_ACK)
            text_add(&bench->sent_text, " ack %u", segment.ack - IRS);
        text_add(&bench->sent_text, "; ");
        for (unsigned i = 0; !bench->deaf && i < (bench->capture_twice ? 2 : 1); i++)
            walk_saw_segment(&bench->walk, true, &segment, capture_clock(bench) + bench->lag, bench->now);
        count++;
    }
    return count;
}

void run_until(struct bench *bench, nanos since_start)
{
    nanos until = bench->began + since_start;
    unsigned idle = 0;

    flush(bench);
    while (!walk_ended(&bench->walk) && walk_wake(&bench->walk) <= until) {
        nanos wake = walk_wake(&bench->walk);
        bool late = wake <= bench->now;

        bench->now = late ? bench->now + 1 : wake;
        idle = flush(bench) == 0 && late ? idle + 1 : 0;
        if (idle == IDLE_WAKES_MAX)
            fail_msg("woken %u times in a row for nothing: it would spin", idle);
        collect(bench);
    }
    if (bench->now < until)
        bench->now = until;
    flush(bench);
    collect(bench);
}

static struct segment its_segment(struct bench *bench, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    struct segment segment = {
        .flags = flags,
        .seq = IRS + seq,
        .ack = (flags & TCP_ACK) ? ISS + ack : 0,
        .len = len,
        .window = bench->its_window,
        .ttl = 64,
        .options = {.mss = 1460},
    };

    if (flags & TCP_SYN)
        segment.options.present = TCP_OPT_MSS | (bench->settings.tcb.options & TCP_OPT_SACK_PERMITTED);
    if (bench->settings.tcb.options & TCP_OPT_TIMESTAMPS) {
        segment.options.present |= TCP_OPT_TIMESTAMPS;
        segment.options.tsval = bench->its_tsval++;
        segment.options.tsecr = bench->its_tsecr;
    }
    return segment;
}

void sighted(struct bench *bench, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    const struct segment segment = its_segment(bench, flags, seq, ack, len);

    walk_saw_segment(&bench->walk, false, &segment, capture_clock(bench), bench->now);
}

void peer_reports(struct bench *bench, uint32_t seq, uint32_t ack, uint32_t old_seq)
{
    struct segment segment = its_segment(bench, TCP_ACK, seq, ack, 0);

    segment.options.present |= TCP_OPT_SACK;
    segment.options.sack[segment.options.sack_count++] = (struct sack_block){ISS + old_seq, ISS + old_seq + 1};
    walk_saw_segment(&bench->walk, false, &segment, capture_clock(bench), bench->now);
    flush(bench);
    collect(bench);
}

void peer_says(struct bench *bench, uint8_t flags, uint32_t seq, uint32_t ack, const char *text)
{
    const struct segment segment = {.flags = flags, .seq = IRS + seq, .ack = ISS + ack, .len = (uint32_t)strlen(text)};

    walk_saw_payload(&bench->walk, &segment, (const uint8_t *)text, segment.len);
    peer(bench, flags, seq, ack, segment.len);
}

void peer(struct bench *bench, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    sighted(bench, flags, seq, ack, len);
    flush(bench);
    collect(bench);
}

void bench_open(struct bench *bench, nanos since_start)
{
    run_until(bench, since_start);
    peer(bench, TCP_SYN | TCP_ACK, 0, 1, 0);
}

void ours_from_elsewhere(struct bench *bench, uint8_t flags, uint32_t seq)
{
    const struct segment segment = {.flags = flags, .seq = ISS + seq, .ttl = 64};

    walk_saw_segment(&bench->walk, true, &segment, capture_clock(bench), bench->now);
    flush(bench);
    collect(bench);
}

void icmp(struct bench *bench, uint8_t family, uint8_t type, uint8_t code, uint32_t seq)
{
    const struct icmp_error error = {.family = family, .type = type, .code = code, .quoted_seq = ISS + seq};

    walk_saw_icmp(&bench->walk, &error, capture_clock(bench), bench->now);
    flush(bench);
    collect(bench);
}

void kernel_says(struct bench *bench, enum state kernel, bool listening)
{
    walk_verified(&bench->walk, kernel, listening, 1);
    collect(bench);
}

unsigned times_told(struct bench *bench, const char *beginning)
{
    size_t length = strlen(beginning);
    unsigned times = 0;

    for (const char *line = bench->log; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncmp(line, beginning, length) == 0)
            times++;
    return times;
}

bool told(struct bench *bench, const char *beginning)
{
    return times_told(bench, beginning) > 0;
}
