/*
 * Theory of operation. A lesson is a list of items, and `next` goes through them. lecture_advance() shows what is to be shown and stops
 * where something must happen: steps are to be done, a key is waited for, or the connection has come to its end. It is called
 * before the walk begins, where waiting is plain waiting; whenever the walk is idle, and then the loop of the walk does the
 * waiting, so that our end goes on answering; and after the walk.
 *
 * Steps, checks and the statements below them are a group. The statements are said when all of the group came true. A step that
 * failed breaks the part off: what follows in it stands on what did not happen.
 */
#include "cmd/teaching.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/complain.h"
#include "cmd/lecture.h"
#include "io/recorder.h"
#include "report/octets.h"
#include "report/words.h"

/* A segment of ours that the capture has not shown after so many looks, of so long, is not waited for. */
#define CAPTURE_LOOKS 15
#define CAPTURE_LOOK (20 * NANOS_PER_MS)

/* ---- the walk ---- */

/* A segment with data shows how it is wrapped, layer by layer. */
static void measure_layers(struct facts *facts, const struct record *record, const struct segment *segment)
{
    struct layer_sizes sizes = {.data = segment->len};
    uint32_t ip, tcp;

    if (!record || segment->len == 0 || !octets_headers(record->bytes, record->length, record->ip_at, &ip, &tcp))
        return;
    sizes.segment = sizes.data + tcp;
    sizes.packet = sizes.segment + ip;
    sizes.frame = sizes.packet + record->ip_at;
    facts_take_sizes(facts, &sizes);
}

static bool on_event(void *self, const struct event *event, struct fault *fault)
{
    struct teaching *teaching = self;
    struct classroom *room = teaching->room;
    const struct record *record = NULL;
    struct group *group = &teaching->group;

    if (!tape_event(&room->tape, &room->tape_head, event, fault))
        return false;
    facts_take(&teaching->facts[room->board.present - 1], event);
    if (event->kind == EVENT_SEGMENT) {
        record = recorder_take(room->recorder, event->segment.out, &event->segment.segment);
        measure_layers(&teaching->facts[room->board.present - 1], record, &event->segment.segment);
    }
    if (event->kind == EVENT_STEP) {
        const struct event_step *step = &event->step;
        bool known = group->seen_count > 0 && group->seen[group->seen_count - 1] == step->n;
        if (step->ok && step->expectation && step->n > 0 && !known && group->seen_count < EVIDENCE_SEGMENTS)
            group->seen[group->seen_count++] = step->n;
        if (step->ok)
            return true; /* the statement names its evidence */
        group->failed = true;
        teaching->broken = true;
    }
    if (event->kind == EVENT_END) {
        teaching->ending = event->end;
        teaching->ended = true;
        teaching->disagreed += event->end.counts.disagreed;
    }
    return board_event(&room->board, event, record, fault);
}

static bool on_pause(void *self, struct fault *fault)
{
    struct teaching *teaching = self;

    return board_catch_up(&teaching->room->board, fault) && tape_pause(&teaching->room->tape, fault);
}

static bool give_steps(struct teaching *teaching, struct fault *fault)
{
    unsigned count;
    const struct step *steps = lesson_plan_steps(teaching->part, &teaching->plan->lesson, teaching->next, &count);

    teaching->next++;
    teaching->running = true;
    walk_more(teaching->walk, steps, count);
    return board_show(&teaching->room->board, fault);
}

/* Our last segment belongs to the picture: a moment for it to be captured. */
static bool picture_is_whole(struct teaching *teaching)
{
    struct recorder *recorder = teaching->room->recorder;

    if (walk_awaits_capture(teaching->walk) && teaching->looks++ < CAPTURE_LOOKS) {
        recorder->hurry = CAPTURE_LOOK;
        return false;
    }
    recorder->hurry = NANOS_NEVER;
    teaching->looks = 0;
    return true;
}

static bool go_on(struct teaching *teaching, struct fault *fault)
{
    struct classroom *room = teaching->room;

    switch (lecture_advance(teaching)) {
    case NEED_STEPS:
        return give_steps(teaching, fault);
    case NEED_LEARNER:
        live_watch(teaching->attempt.live, room->learner.fd);
        return true;
    case NEED_END:
    case NEED_NOTHING:
        board_line(&room->board, PAINT_DIM, "%s", _("The connection ends here:"));
        if (!board_go_on(&room->board, fault))
            return false;
        walk_finish(teaching->walk);
        return true;
    }
    return true;
}

static bool on_input(void *self, struct walk *walk, bool readable, struct fault *fault)
{
    struct teaching *teaching = self;
    struct classroom *room = teaching->room;

    teaching->walk = walk;
    if (!walk_is_idle(walk))
        return true;
    if (teaching->waiting) {
        const char *line;
        enum learner_word word = learner_next(&room->learner, readable, &line);
        if (!lecture_take_word(teaching, word, line))
            return true;
        live_watch(teaching->attempt.live, -1);
    } else if (!picture_is_whole(teaching)) {
        return true;
    }
    if (teaching->running) {
        teaching->running = false;
        if (!board_catch_up(&room->board, fault))
            return false;
        board_hold(&room->board);
    }
    if (room->left) {
        walk_finish(walk);
        return true;
    }
    return go_on(teaching, fault);
}

/* ---- one connection ---- */

static bool is_lab_server(const struct addr *addr)
{
    struct addr server[LAB_ADDRS];
    size_t count = lab_resolve("lab", server);

    for (size_t i = 0; i < count; i++)
        if (addr_equal(addr, &server[i]))
            return true;
    return false;
}

static bool find_peer(const struct classroom *room, struct lesson_part *part, struct peer *out, char *host, size_t size,
                      struct fault *fault)
{
    char port[16];
    char *operands[2] = {host, port};
    const struct lab_client *client;

    snprintf(host, size, "%s", room->host ? room->host : "");
    if (!room->lab) {
        *out = *room->peer;
        return true;
    }
    part->options.quiet = true; /* nobody need be told that we listen */
    if (part->client) {
        part->options.verify = true;
        return peer_listen(&part->options, room->lab, part->client->name, out, &client, fault);
    }
    snprintf(host, size, "%s.lab", part->service->name);
    snprintf(port, sizeof(port), "%u", part->service->port);
    if (!peer_resolve(&part->options, room->lab, operands, out, fault))
        return false;
    part->options.verify = is_lab_server(&out->addresses[0]);
    return true;
}

static bool walk_part(struct teaching *teaching, bool last, struct fault *fault)
{
    struct classroom *room = teaching->room;
    struct lesson_part *part = teaching->part;
    const struct listener listener = {teaching, on_event, on_pause, on_input};
    struct errand errand = {.command = "teach",
                            .options = &part->options,
                            .lab = room->lab,
                            .client = room->lab ? part->client : NULL,
                            .passive = part->client != NULL,
                            .interactive = true,
                            .expects = true,
                            .expects_data = part->plan.expects_data,
                            .watch_fd = -1,
                            .recorder = room->recorder,
                            .tape = &room->tape,
                            .copy = room->copy,
                            .wait_mask = &room->wait_mask};
    char host[80];
    struct peer peer;
    struct endpoint endpoint;

    if (!find_peer(room, part, &peer, host, sizeof(host), fault))
        return false;
    errand.host = part->client ? NULL : host;
    errand.steps = lesson_plan_steps(part, &teaching->plan->lesson, teaching->next++, &errand.step_count);
    endpoint = (struct endpoint){peer.addresses[0], peer.port};
    teaching->running = true;
    if (!board_show(&room->board, fault))
        return false;
    bool walked = attempt_walk(&teaching->attempt, &errand, &endpoint, last, &listener, fault);
    walked = tape_finish(&room->tape, &room->tape_head, fault) && walked;
    attempt_close(&teaching->attempt, last);
    teaching->over = true;
    if (!walked) {
        struct fault late = {0};
        board_go_on(&room->board, &late); /* how it was ended belongs to the picture */
        return false;
    }
    return board_catch_up(&room->board, fault);
}

/* Everything of the part that is no walk: before it, and behind it. False with a fault. */
static bool talk(struct teaching *teaching, enum need *need, struct fault *fault)
{
    while ((*need = lecture_advance(teaching)) == NEED_LEARNER)
        if (!lecture_await(teaching, fault))
            return false;
        else if (teaching->room->left)
            return true;
    return true;
}

static bool is_left_out(struct teaching *teaching)
{
    const struct lesson_part *part = teaching->part, *first = &teaching->plan->parts[0];
    struct board *board = &teaching->room->board;

    if (part->takes_long && !teaching->room->options->takes_long) {
        board_prose(board, part->takes_long);
        return true;
    }
    if (teaching->room->lab || (part->service == first->service && part->client == first->client &&
                                (part->client != NULL) == teaching->room->passive))
        return false;
    board_line(board, PAINT_DIM, _("The part with %s is left out: only the lab has such a peer."),
               part->service ? part->service->name : part->client->name);
    return true;
}

static void conclude_part(struct teaching *teaching, const struct fault *fault)
{
    if (teaching->disagreed > 0)
        lecture_worsen(teaching, STATUS_EXPECTATION);
    if (fault->kind != FAULT_NONE || !teaching->ended || teaching->room->left)
        return;
    /* That nobody answers, or refuses, says more than that a statement did not come true. */
    if (teaching->status == STATUS_EXPECTATION && teaching->ending.status != STATUS_DONE)
        teaching->status = teaching->ending.status;
    lecture_worsen(teaching, teaching->ending.status);
}

static bool give_part(struct teaching *teaching, unsigned index, bool last, struct fault *fault)
{
    struct classroom *room = teaching->room;
    enum need need;

    teaching->part = &teaching->plan->parts[index];
    teaching->next = teaching->part->first;
    teaching->end = teaching->part->end;
    teaching->group = (struct group){0};
    teaching->question = NULL;
    teaching->broken = teaching->over = teaching->ended = teaching->running = false;
    room->board.present = index + 1;
    room->board.with_bytes = teaching->part->options.bytes;
    facts_init(&teaching->facts[index]);
    if (!board_turn(&room->board, fault))
        return false;
    if (is_left_out(teaching))
        return true;
    if (!talk(teaching, &need, fault))
        return false;
    if (need == NEED_STEPS && !walk_part(teaching, last, fault))
        return false;
    if (!room->left && !talk(teaching, &need, fault))
        return false;
    lecture_settle_question(teaching);
    board_over(&room->board);
    conclude_part(teaching, fault);
    return true;
}

/* ---- one lesson ---- */

static void add_marks(struct marks *sum, const struct marks *marks)
{
    sum->asked += marks->asked;
    sum->right += marks->right;
    sum->came_true += marks->came_true;
    sum->not_true += marks->not_true;
    sum->unknown += marks->unknown;
}

static void print_marks(struct teaching *teaching)
{
    const struct marks *marks = &teaching->marks;
    struct board *board = &teaching->room->board;
    unsigned all = marks->came_true + marks->not_true;

    board_line(board, marks->not_true ? PAINT_ALARM : PAINT_NONE,
               ngettext("%u of %u statement came true in this run.", "%u of %u statements came true in this run.", all),
               marks->came_true, all);
    if (marks->unknown)
        board_line(board, PAINT_PRESUMED,
                   ngettext("%u statement could not be looked at here.", "%u statements could not be looked at here.",
                            marks->unknown),
                   marks->unknown);
    if (teaching->room->options->quiz)
        board_line(board, PAINT_NONE,
                   ngettext("%u of %u answer was right.", "%u of %u answers were right.", marks->asked), marks->right,
                   marks->asked);
    if (teaching->disagreed > 0)
        complain("the peer's kernel contradicts a proven claim");
}

static bool give_all(struct teaching *teaching, bool last, struct fault *fault)
{
    struct lesson_plan *plan = teaching->plan;
    enum need need;

    teaching->end = plan->before;
    if (!talk(teaching, &need, fault))
        return false;
    for (unsigned i = 0; i < plan->part_count && !teaching->room->left; i++)
        if (!give_part(teaching, i, last && i + 1 == plan->part_count, fault))
            return false;
    return true;
}

int teaching_give(struct classroom *room, struct lesson_plan *plan, bool last, struct fault *fault)
{
    struct teaching *teaching = calloc(1, sizeof(*teaching));
    int status;

    if (!teaching) {
        fault_set(fault, FAULT_LOCAL, "no memory");
        return STATUS_LOCAL;
    }
    teaching->room = room;
    teaching->plan = plan;
    room->board.parts = teaching->facts;
    room->board.present = 0;
    board_title(&room->board, plan->name, plan->lesson.title, plan->lesson.summary);
    if (give_all(teaching, last, fault))
        print_marks(teaching);
    add_marks(&room->marks, &teaching->marks);
    status = fault->kind != FAULT_NONE ? exit_status_of(fault) : teaching->status;
    free(teaching);
    return status;
}
