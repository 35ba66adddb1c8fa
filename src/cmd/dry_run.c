/*
 * The peer of a dry run is a struct tcb, as our own end is one: what RFC 9293 has it do is what tcb_input() does. It stands
 * behind a struct port, whose time goes as it is asked for, so that the walk runs as it would, waits and all.
 */
#include "cmd/dry_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/wrap.h"
#include "report/phrase.h"
#include "report/reporter.h"
#include "walk/loop.h"

#define ROUND_TRIP NANOS_PER_MS
#define QUEUE_MAX 256

/* What the peer did with one segment of ours. */
struct reaction {
    enum state from, to;
    unsigned effects;
    uint64_t bytes;
    bool checksum, header; /* dropped for what is wrong about it */
};

struct rehearsal {
    const struct plan *plan;
    bool passive, json;
    struct tcb peer;
    struct tcb_settings peer_settings;
    struct flow flow;
    nanos now;
    struct sighting queue[QUEUE_MAX];
    unsigned queue_first, queue_count;
    struct reaction reactions[QUEUE_MAX];
    unsigned reaction_first, reaction_count;
    struct segment crafted[QUEUE_MAX]; /* what was given to the port, beside each reaction */
    unsigned next_step;
    struct step step; /* the present one */
    bool skipped;     /* it can't be tried here */
    bool failed;
    void *report;
};

#define EPOCH (INT64_C(1577836800) * NANOS_PER_S)

/* ---- the peer ---- */

static struct sighting *queued(struct rehearsal *self, unsigned place)
{
    return &self->queue[(self->queue_first + place) % QUEUE_MAX];
}

/* Puts it in the order of time: what leaves now comes before the answers that are still on their way. */
static void queue(struct rehearsal *self, bool out, const struct segment *segment, nanos at)
{
    unsigned place = self->queue_count;

    if (self->queue_count == QUEUE_MAX)
        return;
    for (self->queue_count++; place > 0 && queued(self, place - 1)->at > at; place--)
        *queued(self, place) = *queued(self, place - 1);
    struct sighting *sighting = queued(self, place);
    *sighting =
        (struct sighting){.kind = SIGHTING_SEGMENT, .at = at, .flow = self->flow, .out = out, .segment = *segment};
    sighting->segment.crafted = NULL;
    if (sighting->segment.ttl == 0)
        sighting->segment.ttl = 64;
}

/* The peer's answers, as far as they are due. */
static void answer(struct rehearsal *self)
{
    uint32_t tick = (uint32_t)(self->now / NANOS_PER_MS);
    struct segment segment;
    const uint8_t *payload;
    bool retransmission;

    while (self->queue_count < QUEUE_MAX && tcb_output(&self->peer, tick, &segment, &payload, &retransmission))
        queue(self, false, &segment, EPOCH + self->now + ROUND_TRIP);
}

static void listen_again(struct rehearsal *self)
{
    tcb_init(&self->peer, &self->peer_settings);
    tcb_listen(&self->peer);
    tcb_accept(&self->peer);
}

static struct reaction react(struct rehearsal *self, const struct segment *segment)
{
    const struct crafted *crafted = segment->crafted;
    struct reaction reaction = {.from = self->peer.state};
    uint64_t bytes = self->peer.bytes_in;

    reaction.to = reaction.from;
    reaction.checksum = crafted && (crafted->bad_checksum || crafted->has_checksum);
    reaction.header = crafted && crafted->has_offset;
    if (reaction.checksum || reaction.header)
        return reaction;
    reaction.effects = tcb_input(&self->peer, segment);
    if (reaction.effects & TCB_ITS_FIN)
        tcb_close(&self->peer); /* its application closes once we have */
    if ((reaction.effects & TCB_RESET) && reaction.from == SYN_RECEIVED && !self->passive)
        listen_again(self); /* RFC 9293 3.10.7.4: a passive open goes back */
    reaction.to = self->peer.state;
    reaction.bytes = self->peer.bytes_in - bytes;
    return reaction;
}

static bool port_send(void *context, const struct flow *flow, const struct segment *segment, const uint8_t *payload,
                      struct fault *fault)
{
    struct rehearsal *self = context;
    unsigned at = (self->reaction_first + self->reaction_count) % QUEUE_MAX;

    (void)flow, (void)payload, (void)fault;
    queue(self, true, segment, EPOCH + self->now);
    if (self->peer.state == CLOSED && !self->passive)
        listen_again(self);
    if (self->reaction_count < QUEUE_MAX) {
        self->reactions[at] = react(self, segment);
        self->crafted[at] = *segment;
        self->reaction_count++;
    }
    answer(self);
    return true;
}

static nanos port_now(void *context)
{
    return ((struct rehearsal *)context)->now;
}

static enum port_result port_next(void *context, nanos deadline, struct sighting *out, struct fault *fault)
{
    struct rehearsal *self = context;
    nanos due = self->queue_count ? self->queue[self->queue_first].at - EPOCH : NANOS_NEVER;

    if (due != NANOS_NEVER && due <= (deadline > self->now ? deadline : self->now)) {
        *out = self->queue[self->queue_first];
        self->queue_first = (self->queue_first + 1) % QUEUE_MAX;
        self->queue_count--;
        self->now = due > self->now ? due : self->now;
        return PORT_SIGHTING;
    }
    if (deadline == NANOS_NEVER) {
        fault_set(fault, FAULT_LOCAL, "nothing more would ever happen here");
        return PORT_FAULT;
    }
    self->now = deadline > self->now ? deadline : self->now;
    return PORT_QUIET;
}

/* ---- what is shown ---- */

static void add_options(struct text *text, const struct segment *segment)
{
    const struct tcp_options *options = &segment->options;
    const char *between = "";

    if (segment->crafted && segment->crafted->has_options) {
        text_add(text, " options by hand (%u bytes)", segment->crafted->options_len);
        return;
    }
    text_add(text, " options=<");
    if (options->present & TCP_OPT_MSS) {
        text_add(text, "mss %u", options->mss);
        between = ",";
    }
    if (options->present & TCP_OPT_SACK_PERMITTED) {
        text_add(text, "%ssackOK", between);
        between = ",";
    }
    if (options->present & TCP_OPT_TIMESTAMPS) {
        text_add(text, "%sTS %u %u", between, options->tsval, options->tsecr);
        between = ",";
    }
    if (options->present & TCP_OPT_WSCALE) {
        text_add(text, "%swscale %u", between, options->wscale);
        between = ",";
    }
    for (unsigned i = 0; (options->present & TCP_OPT_SACK) && i < options->sack_count; i++) {
        text_add(text, "%ssack %u:%u", between, options->sack[i].left, options->sack[i].right);
        between = ",";
    }
    text_add(text, ">");
}

static void add_fields(struct text *text, const struct event_segment *event, const struct segment *given)
{
    const struct segment *segment = &event->segment;

    text_add(text, "seq=%u", event->rel_seq);
    if (event->has_rel_ack)
        text_add(text, " ack=%u", event->rel_ack);
    else if (segment->ack)
        text_add(text, " ack=@%u", segment->ack);
    text_add(text, " win=%u len=%u ttl=%u tos=%u", segment->window, segment->len, segment->ttl, segment->tos);
    if (segment->urgent || segment_has(segment, TCP_URG))
        text_add(text, " urg=%u", segment->urgent);
    if (segment->reserved)
        text_add(text, " reserved=%u", segment->reserved);
    if (segment->ip_id)
        text_add(text, " id=%u", segment->ip_id);
    if (given->crafted && given->crafted->has_offset)
        text_add(text, " offset=%u", given->crafted->offset);
    if (given->crafted && given->crafted->bad_checksum)
        text_add(text, " checksum=bad");
    else if (given->crafted && given->crafted->has_checksum)
        text_add(text, " checksum=%u", given->crafted->checksum);
    if (given->crafted && given->crafted->fragment)
        text_add(text, " fragment=%u", given->crafted->fragment);
    add_options(text, given);
}

/* What each effect means, told of the peer; the first that applies is the one that counts. */
static const struct {
    unsigned effect;
    const char *words, *rfc;
} meanings[] = {
    {TCB_REFUSED, "its connection attempt is refused", "9293 3.10.7.3"},
    {TCB_RESET, "the connection is gone: the number of our RST is exact", "9293 3.10.7.4, 5961 3.2"},
    {TCB_RST_DOUBTED, "asks back: our RST is in its window, but not exact", "5961 3.2"},
    {TCB_OTHER_ISN, "asks back: a SYN has no place in a connection", "9293 3.10.7.4, 5961 4.2"},
    {TCB_BAD_ACK, "drops it: it acknowledges what was never sent", "9293 3.10.7"},
    {TCB_OUTSIDE, "drops it: its number is outside the window", "9293 3.10.7.4"},
    {TCB_NO_ACK, "drops it: it has no ACK", "9293 3.10.7"},
    {TCB_GAP, "keeps it for later: something before it is missing", "9293 3.10.7.4"},
    {TCB_ITS_SYN, "takes our SYN", "9293 3.10.7.2"},
    {TCB_OPENED, "its SYN is acknowledged: the connection is open", "9293 3.10.7.4"},
    {TCB_FIN_ACKED, "its FIN is acknowledged", "9293 3.10.7.4"},
    {TCB_ITS_FIN, "takes our FIN", "9293 3.10.7.4"},
    {TCB_DATA, "takes the bytes", "9293 3.10.7.4"},
    {TCB_REPEATED, "has had this already", "9293 3.10.7.4"},
};

static void add_reaction(struct text *text, const struct reaction *reaction)
{
    const char *between = "";

    text_add(text, "%s", state_name(reaction->from));
    if (reaction->to != reaction->from)
        text_add(text, " -> %s", state_name(reaction->to));
    text_add(text, ": ");
    if (reaction->checksum) {
        text_add(text, "drops it: the checksum is wrong (RFC 9293 3.1)");
        return;
    }
    if (reaction->header) {
        text_add(text, "drops it: the header says a length that it does not have (not in RFC 9293)");
        return;
    }
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (!(reaction->effects & meanings[i].effect))
            continue;
        text_add(text, "%s%s (RFC %s)", between, meanings[i].words, meanings[i].rfc);
        between = "; ";
    }
    if (!*between)
        text_add(text, reaction->to == reaction->from ? "nothing changes" : "as its state has it (RFC 9293 3.10.7)");
}

static void show_segment(struct rehearsal *self, const struct event_segment *event)
{
    char flags[FLAGS_TEXT], words[800];
    struct text text;
    unsigned at = self->reaction_first;

    text_init(&text, words, sizeof(words));
    segment_flags_text(event->segment.flags, flags);
    add_fields(&text, event, event->out ? &self->crafted[at] : &event->segment);
    wrap_print(stdout, (unsigned)printf("%3u  %-10s  %-4s ", event->n, event->out ? "we send" : "it answers", flags),
               words);
    if (!event->out || self->reaction_count == 0)
        return;
    text_init(&text, words, sizeof(words));
    add_reaction(&text, &self->reactions[at]);
    wrap_print(stdout, (unsigned)printf("     the peer    "), words);
}

static void forget_reaction(struct rehearsal *self)
{
    if (self->reaction_count == 0)
        return;
    self->reaction_first = (self->reaction_first + 1) % QUEUE_MAX;
    self->reaction_count--;
}

static void show_step(struct rehearsal *self, const struct event_step *step)
{
    char words[800];
    struct text text;

    if (!step->expectation && step->ok && !self->skipped)
        return;
    text_init(&text, words, sizeof(words));
    if (self->skipped)
        text_add(&text, "not tried: %s", step->text);
    else if (step->expectation && !step->ok)
        text_add(&text, "not so with this peer: %s: %s", step->text, step->why);
    else
        phrase_step(&text, step);
    wrap_print(stdout, (unsigned)printf("     "), words);
}

static bool on_event(void *context, const struct event *event, struct fault *fault)
{
    struct rehearsal *self = context;

    bool told = true;

    if (self->json)
        told = reporter_json.event(self->report, event, fault);
    else if (event->kind == EVENT_SEGMENT)
        show_segment(self, &event->segment);
    else if (event->kind == EVENT_STEP)
        show_step(self, &event->step);
    if (event->kind == EVENT_SEGMENT && event->segment.out)
        forget_reaction(self);
    if (event->kind == EVENT_STEP && !event->step.ok && !event->step.expectation)
        self->failed = true;
    return told;
}

static bool on_pause(void *context, struct fault *fault)
{
    struct rehearsal *self = context;

    return !self->json || reporter_json.flush(self->report, fault);
}

/* One step at a time, so that one which fails does not hide the rest. */
static bool on_input(void *context, struct walk *walk, bool readable, struct fault *fault)
{
    struct rehearsal *self = context;
    const struct script *script = &self->plan->script;

    (void)readable, (void)fault;
    if (self->next_step == script->count) {
        walk_finish(walk);
        return true;
    }
    self->step = script->steps[self->next_step++];
    self->skipped = self->step.kind == STEP_EXPECT_DATA || self->step.kind == STEP_EXPECT_ICMP;
    if (self->skipped) {
        self->step.kind = STEP_WAIT;
        self->step.within = 0;
    }
    if (self->step.kind == STEP_EXPECT_SEGMENT && (self->step.expect.flags & TCP_FIN) && !self->peer.fin_queued) {
        tcb_close(&self->peer);
        answer(self);
    }
    walk_more(walk, &self->step, 1);
    return true;
}

/* ---- the run ---- */

static struct tcb_settings settings_of(const struct options *options, uint32_t iss)
{
    return (struct tcb_settings){
        .iss = options->isn_set ? options->isn : iss,
        .mss = options->mss ? (uint16_t)options->mss : 1460,
        .send_mss = 1460,
        .window = (uint16_t)options->window,
        .wscale = (uint8_t)options->wscale,
        .ttl = options->ttl ? (uint8_t)options->ttl : 64,
        .options = (uint8_t)((options->no_mss ? 0 : TCP_OPT_MSS) | (options->no_wscale ? 0 : TCP_OPT_WSCALE) |
                             (options->no_sack ? 0 : TCP_OPT_SACK_PERMITTED) |
                             (options->no_timestamps ? 0 : TCP_OPT_TIMESTAMPS)),
    };
}

static void prepare(struct rehearsal *self)
{
    addr_parse("192.0.2.1", &self->flow.local.addr);
    addr_parse("192.0.2.2", &self->flow.peer.addr);
    self->flow.local.port = 40000;
    self->flow.peer.port = 80;
    self->peer_settings =
        (struct tcb_settings){.iss = 700000,
                              .tsval = 5000,
                              .mss = 1460,
                              .window = 64240,
                              .wscale = 7,
                              .ttl = 64,
                              .options = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_PERMITTED | TCP_OPT_TIMESTAMPS};
    listen_again(self);
    if (!self->passive)
        return;
    tcb_init(&self->peer, &self->peer_settings);
    tcb_open(&self->peer);
    answer(self);
}

int dry_run(const struct plan *plan, const struct options *options, bool passive, struct fault *fault)
{
    struct rehearsal *self = calloc(1, sizeof(*self));
    struct walk *walk = calloc(1, sizeof(*walk));
    struct heard *inbox = calloc(QUEUE_MAX, sizeof(*inbox));
    int status = STATUS_LOCAL;

    if (!self || !walk || !inbox) {
        fault_set(fault, FAULT_LOCAL, "no memory");
        goto out;
    }
    *self = (struct rehearsal){.plan = plan, .passive = passive, .json = options->json};
    prepare(self);
    const struct walk_settings settings = {
        .tcb = settings_of(options, 100000),
        .rto = options->rto,
        .retries = options->retries,
        .timeout = options->timeout,
        .delay = options->delay,
        .linger = options->linger,
        .leave = options->leave,
        .command = "dry-run",
        .interface = "none",
        .flow = self->flow,
        .epoch = EPOCH,
        .listening = passive,
        .interactive = true,
        .inbox = inbox,
        .inbox_room = QUEUE_MAX,
    };
    const struct port port = {self, port_now, port_send, port_next};
    const struct listener listener = {self, on_event, on_pause, on_input};
    if (self->json) {
        self->report = reporter_json.begin(stdout, NULL, fault);
        if (!self->report)
            goto out;
    } else {
        wrap_print(
            stdout, 0,
            "A dry run: nothing is sent. The peer below keeps to RFC 9293, reads what comes, sends nothing, and closes "
            "once we have closed or the script expects it to; a round trip takes 1 ms, and nothing is lost.");
    }
    walk_init(walk, &settings, 0);
    if (loop_run(walk, &port, NULL, &listener, fault))
        status = self->failed ? STATUS_EXPECTATION : STATUS_DONE;
    if (self->report && !reporter_json.end(self->report, fault))
        status = STATUS_LOCAL;
out:
    free(self);
    free(walk);
    free(inbox);
    return status;
}
