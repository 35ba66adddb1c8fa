/*
 * Theory of operation. A lesson is a list of items, and `next` goes through them. advance() shows what is to be shown and stops
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
#include "cmd/signals.h"
#include "io/recorder.h"
#include "report/words.h"

/* A segment of ours that the capture has not shown after so many looks, of so long, is not waited for. */
#define CAPTURE_LOOKS 15
#define CAPTURE_LOOK (20 * NANOS_PER_MS)

#define EVIDENCE_SEGMENTS 8

enum need {
    NEED_STEPS,   /* the item at hand is to be done */
    NEED_LEARNER, /* a line is to be read */
    NEED_END,     /* the connection is to be ended, and the lesson goes on behind it */
    NEED_NOTHING, /* the part is over */
};

struct group {
    bool failed, unknown, stated;
    unsigned seen[EVIDENCE_SEGMENTS]; /* segments that met expectations */
    unsigned seen_count;
};

struct teaching {
    struct classroom *room;
    struct course *course;
    struct course_part *part; /* the present one, or NULL */
    struct facts facts[FACTS_PARTS];
    struct marks marks;
    struct attempt attempt;
    struct walk *walk;  /* while it goes on */
    unsigned next, end; /* items */
    bool read;          /* something was shown that a reader wants time for */
    bool waiting;       /* ... and a key was asked for */
    bool running;       /* steps are being done */
    bool broken;        /* a step failed: the rest of the part is left out */
    bool over;          /* the walk of the part has ended */
    struct group group;
    const struct lesson_item *question; /* that waits for its answer, or NULL */
    unsigned answer;                    /* the learner's, from 1; 0: none */
    unsigned looks;
    struct event_end ending;
    bool ended;
    unsigned disagreed;
    int status;
};

static void worsen(struct teaching *teaching, int status)
{
    if (teaching->status == STATUS_DONE)
        teaching->status = status;
}

/* ---- questions ---- */

static bool is_answer(const struct lesson_item *item)
{
    return item->kind == LESSON_RIGHT || item->kind == LESSON_WRONG;
}

static unsigned answers_of(const struct teaching *teaching)
{
    const struct lesson *lesson = &teaching->course->lesson;
    unsigned count = 0;

    for (const struct lesson_item *item = teaching->question + 1;
         item < lesson->items + lesson->count && is_answer(item); item++)
        count++;
    return count;
}

static void ask(struct teaching *teaching)
{
    struct board *board = &teaching->room->board;
    unsigned count;

    teaching->question = &teaching->course->lesson.items[teaching->next];
    teaching->answer = 0;
    count = answers_of(teaching);
    board_question(board, teaching->question->text);
    for (unsigned i = 1; i <= count; i++)
        board_answer(board, i, teaching->question[i].text);
    teaching->next += 1 + count;
    teaching->read = true;
}

/* What happened has answered the question. */
static void settle_question(struct teaching *teaching)
{
    struct board *board = &teaching->room->board;
    unsigned right = 1;
    char label[80];

    if (!teaching->question)
        return;
    while (teaching->question[right].kind != LESSON_RIGHT)
        right++;
    if (teaching->group.failed || teaching->group.unknown) {
        board_line(board, PAINT_PRESUMED, "%s",
                   _("The question is not counted: it was not answered by what happened."));
        teaching->question = NULL;
        return;
    }
    snprintf(label, sizeof(label), _("answer %u"), right);
    if (teaching->room->options->quiz) {
        bool was_right = teaching->answer == right;
        teaching->marks.asked++;
        teaching->marks.right += was_right;
        snprintf(label, sizeof(label), was_right ? _("answer %u: you were right") : _("answer %u: you were wrong"),
                 right);
        if (teaching->answer == 0)
            snprintf(label, sizeof(label), _("answer %u: you gave none"), right);
    }
    board_verdict(board, label, teaching->question[right].text);
    teaching->question = NULL;
}

/* ---- statements ---- */

static const char *evidence_of(const struct teaching *teaching, char *out, size_t size)
{
    const struct group *group = &teaching->group;
    struct text text;

    text_init(&text, out, size);
    if (group->seen_count == 1)
        text_add(&text, _("segment %u"), group->seen[0]);
    else if (group->seen_count > 1)
        text_add(&text, "%s", _("segments"));
    for (unsigned i = 0; group->seen_count > 1 && i < group->seen_count; i++)
        text_add(&text, "%s %u", i ? "," : "", group->seen[i]);
    return out;
}

static void state_it(struct teaching *teaching)
{
    const struct lesson *lesson = &teaching->course->lesson;
    const struct lesson_item *item = &lesson->items[teaching->next++];
    const struct lesson_item *other = teaching->next < teaching->end ? item + 1 : NULL;
    struct board *board = &teaching->room->board;
    char evidence[120];

    if (other && other->kind == LESSON_FALSE)
        teaching->next++;
    else
        other = NULL;
    settle_question(teaching);
    teaching->group.stated = true;
    if (teaching->group.failed) {
        teaching->marks.not_true++;
        worsen(teaching, STATUS_EXPECTATION);
        board_mark(board, MARK_OTHERWISE, other ? other->text : N_("This peer behaves otherwise."), "");
    } else if (teaching->group.unknown) {
        teaching->marks.unknown++;
        board_mark(board, MARK_UNKNOWN, N_("Whether it is so can't be seen from here."), "");
    } else {
        teaching->marks.came_true++;
        board_mark(board, MARK_TRUE, item->text, evidence_of(teaching, evidence, sizeof(evidence)));
    }
    teaching->read = false;
}

static void begin_group(struct teaching *teaching)
{
    if (teaching->group.stated)
        teaching->group = (struct group){0};
}

static void hold_check(struct teaching *teaching)
{
    const struct lesson_item *item = &teaching->course->lesson.items[teaching->next++];
    struct board *board = &teaching->room->board;
    char found[80];
    struct text text;

    begin_group(teaching);
    switch (check_hold(&item->check, teaching->facts, board->present)) {
    case VERDICT_TRUE:
        return;
    case VERDICT_UNKNOWN:
        teaching->group.unknown = true;
        return;
    case VERDICT_FALSE:
        break;
    }
    teaching->group.failed = true;
    worsen(teaching, STATUS_EXPECTATION);
    text_init(&text, found, sizeof(found));
    board_fact(board, &text, &item->check.left);
    board_line(board, PAINT_ALARM, _("NOT MET (line %u): %s: it is %s"), item->line, item->text, found);
}

/* ---- going through the items ---- */

/* A step failed: what is said of its group still is, and then the part is over. */
static enum need break_off(struct teaching *teaching)
{
    const struct lesson *lesson = &teaching->course->lesson;

    while (teaching->next < teaching->end && lesson->items[teaching->next].kind == LESSON_CHECK)
        teaching->next++;
    while (teaching->next < teaching->end && lesson->items[teaching->next].kind == LESSON_TRUE)
        state_it(teaching);
    settle_question(teaching);
    if (!teaching->group.stated)
        board_mark(&teaching->room->board, MARK_OTHERWISE, N_("This peer behaves otherwise."), "");
    if (teaching->next < teaching->end && lesson->items[teaching->next].kind != LESSON_END)
        board_line(&teaching->room->board, PAINT_DIM, "%s",
                   _("The rest of this part is left out: it stands on what did not happen."));
    teaching->next = teaching->end;
    return NEED_NOTHING;
}

/* Does the reader want a moment, or has to give an answer? */
static bool must_wait(struct teaching *teaching)
{
    struct classroom *room = teaching->room;
    bool answers = room->options->quiz && teaching->question;

    if (!teaching->read || room->options->go_on)
        return false;
    return answers || room->learner.terminal;
}

static enum need call_learner(struct teaching *teaching)
{
    struct classroom *room = teaching->room;
    char words[120];

    teaching->read = false;
    teaching->waiting = true;
    if (room->options->quiz && teaching->question)
        snprintf(words, sizeof(words), _("your answer, 1 to %u: "), answers_of(teaching));
    else
        snprintf(words, sizeof(words), "%s", _("(Enter goes on, q ends) "));
    board_prompt(&room->board, words);
    learner_attend(&room->learner);
    return NEED_LEARNER;
}

static enum need advance(struct teaching *teaching)
{
    const struct lesson *lesson = &teaching->course->lesson;

    if (teaching->broken)
        return break_off(teaching);
    while (teaching->next < teaching->end) {
        const struct lesson_item *item = &lesson->items[teaching->next];
        switch (item->kind) {
        case LESSON_PROSE:
            board_prose(&teaching->room->board, item->text);
            teaching->read = true;
            break;
        case LESSON_ASK:
            settle_question(teaching);
            ask(teaching);
            continue;
        case LESSON_STEPS:
            if (must_wait(teaching))
                return call_learner(teaching);
            begin_group(teaching);
            return NEED_STEPS;
        case LESSON_CHECK:
            if (must_wait(teaching))
                return call_learner(teaching);
            hold_check(teaching);
            continue;
        case LESSON_END:
            if (!teaching->over)
                return NEED_END;
            break;
        case LESSON_TRUE:
            state_it(teaching);
            continue;
        default: /* peer: and long: were told at the start; answers go with their question, false: with its true: */
            break;
        }
        teaching->next++;
    }
    return NEED_NOTHING;
}

/* ---- the learner ---- */

/* Takes in what was typed. False when it is no answer: it is asked for again. */
static bool take_answer(struct teaching *teaching, const char *line)
{
    struct classroom *room = teaching->room;
    unsigned count;

    if (strcmp(line, "q") == 0) {
        room->left = true;
        return true;
    }
    if (!room->options->quiz || !teaching->question)
        return true;
    count = answers_of(teaching);
    if (line[0] >= '1' && line[0] <= (char)('0' + count) && line[1] == '\0') {
        teaching->answer = (unsigned)(line[0] - '0');
        return true;
    }
    return false;
}

/* What was read has come to something, or not yet. True when the lesson goes on. */
static bool take_word(struct teaching *teaching, enum learner_word word, const char *line)
{
    struct classroom *room = teaching->room;

    if (word == LEARNER_MORE)
        return false;
    board_prompt_end(&room->board, word == LEARNER_LINE && room->learner.terminal);
    if (word == LEARNER_END)
        room->left |= room->learner.terminal;
    else if (!take_answer(teaching, line)) {
        call_learner(teaching);
        return false;
    }
    teaching->waiting = false;
    return true;
}

/* Outside of a walk there is nothing else to wait for. */
static bool await_learner(struct teaching *teaching, struct fault *fault)
{
    struct classroom *room = teaching->room;
    enum learner_word word;
    const char *line;

    while (teaching->waiting) {
        if (!learner_wait(&room->learner, &room->wait_mask, &word, &line, fault))
            return false;
        take_word(teaching, word, line);
    }
    return true;
}

/* ---- the walk ---- */

static bool on_event(void *self, const struct event *event, struct fault *fault)
{
    struct teaching *teaching = self;
    struct classroom *room = teaching->room;
    const struct record *record = NULL;
    struct group *group = &teaching->group;

    facts_take(&teaching->facts[room->board.present - 1], event);
    if (event->kind == EVENT_SEGMENT)
        record = recorder_take(room->recorder, event->segment.out, &event->segment.segment);
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

    return board_catch_up(&teaching->room->board, fault);
}

static bool give_steps(struct teaching *teaching, struct fault *fault)
{
    unsigned count;
    const struct step *steps = course_steps(teaching->part, &teaching->course->lesson, teaching->next, &count);

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

    switch (advance(teaching)) {
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
        if (!take_word(teaching, word, line))
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

static bool find_peer(const struct classroom *room, struct course_part *part, struct peer *out, char *host, size_t size,
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
    struct course_part *part = teaching->part;
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
                            .wait_mask = &room->wait_mask};
    char host[80];
    struct peer peer;
    struct endpoint endpoint;

    if (!find_peer(room, part, &peer, host, sizeof(host), fault))
        return false;
    errand.host = part->client ? NULL : host;
    errand.steps = course_steps(part, &teaching->course->lesson, teaching->next++, &errand.step_count);
    endpoint = (struct endpoint){peer.addresses[0], peer.port};
    teaching->running = true;
    if (!board_show(&room->board, fault))
        return false;
    bool walked = attempt_walk(&teaching->attempt, &errand, &endpoint, last, &listener, fault);
    attempt_close(&teaching->attempt, last);
    teaching->over = true;
    if (!walked)
        return false;
    return board_catch_up(&room->board, fault);
}

/* Everything of the part that is no walk: before it, and behind it. False with a fault. */
static bool talk(struct teaching *teaching, enum need *need, struct fault *fault)
{
    while ((*need = advance(teaching)) == NEED_LEARNER)
        if (!await_learner(teaching, fault))
            return false;
        else if (teaching->room->left)
            return true;
    return true;
}

static bool is_left_out(struct teaching *teaching)
{
    const struct course_part *part = teaching->part, *first = &teaching->course->parts[0];
    struct board *board = &teaching->room->board;

    if (part->takes_long && !teaching->room->options->takes_long) {
        board_prose(board, part->takes_long);
        return true;
    }
    if (teaching->room->lab || (part->service == first->service && part->client == first->client))
        return false;
    board_line(board, PAINT_DIM, _("The part with %s is left out: only the lab has such a peer."),
               part->service ? part->service->name : part->client->name);
    return true;
}

static void conclude_part(struct teaching *teaching, const struct fault *fault)
{
    if (teaching->disagreed > 0)
        worsen(teaching, STATUS_EXPECTATION);
    if (fault->kind == FAULT_NONE && teaching->ended && !teaching->room->left)
        worsen(teaching, teaching->ending.status);
}

static bool give_part(struct teaching *teaching, unsigned index, bool last, struct fault *fault)
{
    struct classroom *room = teaching->room;
    enum need need;

    teaching->part = &teaching->course->parts[index];
    teaching->next = teaching->part->first;
    teaching->end = teaching->part->end;
    teaching->group = (struct group){0};
    teaching->question = NULL;
    teaching->broken = teaching->over = teaching->ended = teaching->running = false;
    room->board.present = index + 1;
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
    settle_question(teaching);
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
    struct course *course = teaching->course;
    enum need need;

    teaching->end = course->before;
    if (!talk(teaching, &need, fault))
        return false;
    for (unsigned i = 0; i < course->part_count && !teaching->room->left; i++)
        if (!give_part(teaching, i, last && i + 1 == course->part_count, fault))
            return false;
    return true;
}

int teaching_give(struct classroom *room, struct course *course, bool last, struct fault *fault)
{
    struct teaching *teaching = calloc(1, sizeof(*teaching));
    int status;

    if (!teaching) {
        fault_set(fault, FAULT_LOCAL, "no memory");
        return STATUS_LOCAL;
    }
    teaching->room = room;
    teaching->course = course;
    room->board.parts = teaching->facts;
    room->board.present = 0;
    board_title(&room->board, course->name, course->lesson.title, course->lesson.summary);
    if (give_all(teaching, last, fault))
        print_marks(teaching);
    add_marks(&room->marks, &teaching->marks);
    status = fault->kind != FAULT_NONE ? exit_status_of(fault) : teaching->status;
    free(teaching);
    return status;
}
