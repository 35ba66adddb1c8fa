#include "cmd/lecture.h"

#include <string.h>

#include "report/words.h"

void lecture_worsen(struct teaching *teaching, int status)
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
    const struct lesson *lesson = &teaching->plan->lesson;
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

    teaching->question = &teaching->plan->lesson.items[teaching->next];
    teaching->answer = 0;
    count = answers_of(teaching);
    board_question(board, teaching->question->text);
    for (unsigned i = 1; i <= count; i++)
        board_answer(board, i, teaching->question[i].text);
    teaching->next += 1 + count;
    teaching->read = true;
}

void lecture_settle_question(struct teaching *teaching)
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

static void state_it(struct teaching *teaching)
{
    const struct lesson *lesson = &teaching->plan->lesson;
    const struct lesson_item *item = &lesson->items[teaching->next++];
    const struct lesson_item *other = teaching->next < teaching->end ? item + 1 : NULL;
    const struct group *group = &teaching->group;
    struct board *board = &teaching->room->board;

    if (other && other->kind == LESSON_FALSE)
        teaching->next++;
    else
        other = NULL;
    lecture_settle_question(teaching);
    teaching->group.stated = true;
    if (teaching->group.failed) {
        teaching->marks.not_true++;
        lecture_worsen(teaching, STATUS_EXPECTATION);
        board_state(board, HANDOUT_OTHERWISE, other ? other->text : N_("This peer behaves otherwise."), NULL, 0);
    } else if (teaching->group.unknown) {
        teaching->marks.unknown++;
        board_state(board, HANDOUT_UNKNOWN, N_("Whether it is so can't be seen from here."), NULL, 0);
    } else {
        teaching->marks.came_true++;
        board_state(board, HANDOUT_TRUE, item->text, group->seen, group->seen_count);
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
    const struct lesson_item *item = &teaching->plan->lesson.items[teaching->next++];
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
    lecture_worsen(teaching, STATUS_EXPECTATION);
    text_init(&text, found, sizeof(found));
    board_fact(board, &text, &item->check.left);
    board_line(board, PAINT_ALARM, _("NOT MET (line %u): %s: it is %s"), item->line, item->text, found);
}

/* ---- going through the items ---- */

/* A step failed: what is said of its group still is, and then the part is over. */
static enum need break_off(struct teaching *teaching)
{
    const struct lesson *lesson = &teaching->plan->lesson;

    while (teaching->next < teaching->end && lesson->items[teaching->next].kind == LESSON_CHECK)
        teaching->next++;
    while (teaching->next < teaching->end && lesson->items[teaching->next].kind == LESSON_TRUE)
        state_it(teaching);
    lecture_settle_question(teaching);
    if (!teaching->group.stated)
        board_state(&teaching->room->board, HANDOUT_OTHERWISE, N_("This peer behaves otherwise."), NULL, 0);
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
    learner_attend(&room->learner); /* before anybody can have seen the prompt */
    board_prompt(&room->board, words);
    return NEED_LEARNER;
}

enum need lecture_advance(struct teaching *teaching)
{
    const struct lesson *lesson = &teaching->plan->lesson;

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
            lecture_settle_question(teaching);
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

/* The learner does not go on; a question that is open will not be answered. */
static void leave(struct teaching *teaching, bool really)
{
    if (!really)
        return;
    teaching->room->left = true;
    teaching->question = NULL;
}

/* Takes in what was typed. False when it is no answer: it is asked for again. */
static bool take_answer(struct teaching *teaching, const char *line)
{
    struct classroom *room = teaching->room;
    unsigned count;

    if (strcmp(line, "q") == 0) {
        leave(teaching, true);
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

bool lecture_take_word(struct teaching *teaching, enum learner_word word, const char *line)
{
    struct classroom *room = teaching->room;

    if (word == LEARNER_MORE)
        return false;
    board_prompt_end(&room->board, word == LEARNER_LINE && room->learner.terminal);
    if (word == LEARNER_END)
        leave(teaching, room->learner.terminal);
    else if (!take_answer(teaching, line)) {
        call_learner(teaching);
        return false;
    }
    teaching->waiting = false;
    return true;
}

bool lecture_await(struct teaching *teaching, struct fault *fault)
{
    struct classroom *room = teaching->room;
    enum learner_word word;
    const char *line;

    while (teaching->waiting) {
        if (!learner_wait(&room->learner, &room->wait_mask, &word, &line, fault))
            return false;
        lecture_take_word(teaching, word, line);
    }
    return true;
}
