/* The command teach: lists the lessons, prints one, or gives one or all. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/complain.h"
#include "cmd/export.h"
#include "cmd/language.h"
#include "cmd/outputs.h"
#include "cmd/shelf.h"
#include "cmd/signals.h"
#include "cmd/teaching.h"
#include "cmd/terminal.h"
#include "io/recorder.h"
#include "report/words.h"

#define NAME_AT 2
#define SUMMARY_AT 18

/* ---- listing and printing ---- */

static bool list(const struct options *options, struct fault *fault)
{
    struct report_options look = {0};
    struct page page = {.out = stdout, .width = REPORT_WIDTH_DEFAULT};
    struct lesson_plan plan;
    bool read = true;

    terminal_look(&look);
    if (look.width >= REPORT_WIDTH_MIN)
        page.width = look.width;
    page.colour = look.colour;
    for (const struct lesson_shipped *shipped = lessons_shipped; read && shipped->name; shipped++) {
        read = lesson_plan_open(&plan, shipped->name, options, fault);
        if (read) {
            page_to(&page, NAME_AT);
            page_put(&page, PAINT_PROVEN, shipped->name);
            page_to(&page, SUMMARY_AT);
            page_flow(&page, SUMMARY_AT, PAINT_NONE, false, gettext(plan.lesson.summary));
            page_end(&page);
        }
        lesson_plan_free(&plan);
    }
    if (!read)
        return false;
    page_end(&page);
    printf("\n");
    page_flow(
        &page, 0, PAINT_NONE, false,
        _("Begin with open; each lesson builds on those before it. tcpwalk teach LESSON gives one, in a private "
          "network "
          "with a real kernel, without root. tcpwalk teach LESSON HOST PORT gives it with a peer of yours. --quiz "
          "takes "
          "your answers, --bytes shows every field of every segment, --auto goes on by itself, --export html writes a "
          "page for course notes. A lesson is a text, as tcpwalk-lesson(5) has it: tcpwalk teach --print-script LESSON "
          "prints it, and tcpwalk teach ./FILE gives one of your own."));
    page_end(&page);
    return true;
}

static bool print_text(const char *name, struct fault *fault)
{
    struct lesson_plan plan;
    bool loaded = lesson_plan_load(&plan, name, fault);

    if (loaded)
        fwrite(plan.source, 1, plan.source_length, stdout);
    lesson_plan_free(&plan);
    return loaded;
}

/* ---- giving ---- */

struct teach {
    const struct options *options;
    const char **names; /* (owned) */
    unsigned count;
    struct export export;
    struct classroom room;
    struct lab lab;
    struct peer peer;
};

static bool choose(struct teach *teach, const char *what, struct fault *fault)
{
    bool all = strcmp(what, "all") == 0;
    unsigned room = 1;

    for (const struct lesson_shipped *shipped = lessons_shipped; all && shipped->name; shipped++)
        room++;
    teach->names = calloc(room, sizeof(*teach->names));
    if (!teach->names)
        return fault_set(fault, FAULT_LOCAL, "no memory");
    for (const struct lesson_shipped *shipped = lessons_shipped; all && shipped->name; shipped++)
        teach->names[teach->count++] = shipped->name;
    if (!all)
        teach->names[teach->count++] = what;
    return true;
}

/* All are read before the first is given: an error is no surprise in the middle. */
static bool check(struct teach *teach, struct fault *fault)
{
    struct lesson_plan plan;
    bool good = true;

    for (unsigned i = 0; good && i < teach->count; i++) {
        good = lesson_plan_open(&plan, teach->names[i], teach->options, fault);
        if (good && i == 0)
            teach->room.passive = plan.parts[0].client != NULL;
        lesson_plan_free(&plan);
    }
    return good;
}

static bool find_peer(struct teach *teach, int count, char **operands, struct fault *fault)
{
    const struct lab_client *client;

    teach->room.peer = &teach->peer;
    if (teach->room.passive && count == 1)
        return peer_listen(teach->options, NULL, operands[0], &teach->peer, &client, fault);
    teach->room.host = operands[0];
    if (!teach->room.passive && count == 2)
        return peer_resolve(teach->options, NULL, operands, &teach->peer, fault);
    return fault_set(fault, FAULT_USAGE,
                     teach->room.passive ? "this lesson waits for a client: it takes a port alone"
                                         : "this lesson takes a host and a port");
}

/* In what it is given: the lab, or with the peer that was named. */
static bool open_room(struct teach *teach, int count, char **operands, FILE *out, struct fault *fault)
{
    struct classroom *room = &teach->room;
    struct report_options look = {0};

    terminal_look(&look);
    look.open_ended = true;
    room->options = teach->options;
    learner_init(&room->learner, STDIN_FILENO);
    if (!copy_open(&room->copy, teach->options, fault) || !export_open(&teach->export, fault) ||
        !board_open(&room->board, out, &look, fault))
        return false;
    room->board.handout = teach->export.out ? &teach->export.handout : NULL;
    room->recorder = calloc(1, sizeof(*room->recorder));
    if (!room->recorder)
        return fault_set(fault, FAULT_LOCAL, "no memory");
    if (count > 0)
        return find_peer(teach, count, operands, fault);
    if (!lab_start(&teach->lab, fault))
        return false;
    room->lab = &teach->lab;
    return true;
}

static void print_sum(struct teach *teach)
{
    const struct marks *marks = &teach->room.marks;

    if (teach->count < 2)
        return;
    board_line(&teach->room.board, PAINT_NONE, _("All lessons: %u of %u statements came true."), marks->came_true,
               marks->came_true + marks->not_true);
    if (teach->options->quiz)
        board_line(&teach->room.board, PAINT_NONE, _("All lessons: %u of %u answers were right."), marks->right,
                   marks->asked);
}

static int give(struct teach *teach, struct fault *fault)
{
    struct classroom *room = &teach->room;
    struct lesson_plan plan;
    int status = STATUS_DONE;

    signals_catch(&room->wait_mask);
    for (unsigned i = 0; i < teach->count && !room->left && fault->kind == FAULT_NONE; i++) {
        int own = STATUS_LOCAL;
        if (i > 0)
            board_line(&room->board, PAINT_NONE, "%s", "");
        if (lesson_plan_open(&plan, teach->names[i], teach->options, fault))
            own = teaching_give(room, &plan, i + 1 == teach->count, fault);
        lesson_plan_free(&plan);
        if (status == STATUS_DONE)
            status = own;
        if (own == STATUS_EXPECTATION)
            complain("%s: not everything came true", teach->names[i]);
    }
    if (fault->kind == FAULT_NONE)
        print_sum(teach);
    return status;
}

static void close_room(struct teach *teach)
{
    board_close(&teach->room.board);
    export_close(&teach->export);
    free(teach->room.recorder);
    free(teach->names);
    if (teach->room.lab)
        lab_stop(&teach->lab);
}

static bool options_fit(const struct options *options, struct fault *fault)
{
    if (options->json || options->tap || options->dry_run)
        return fault_set(fault, FAULT_USAGE, "teach is for people: --json, --tap and --dry-run are for the walks");
    if (options->quiz && options->go_on)
        return fault_set(fault, FAULT_USAGE, "--quiz and --auto exclude each other");
    if (!options->go_on && !options->quiz && !isatty(STDIN_FILENO))
        return fault_set(fault, FAULT_USAGE,
                         "teach waits for a key, and standard input is no terminal: --auto goes on by itself");
    return true;
}

/* The file of --write. */
static int close_copy(struct teach *teach, int status, struct fault *fault)
{
    struct fault own = {0};

    if (copy_close(teach->room.copy, &own))
        return status;
    fault_set(fault, own.kind, "%s", own.words);
    return STATUS_LOCAL;
}

/* The page is written in any case: what was seen before something went wrong is worth keeping. */
static int write_page(struct teach *teach, int status, struct fault *fault)
{
    struct fault own = {0};

    if (export_write(&teach->export, &own))
        return status;
    if (fault->kind != FAULT_NONE)
        complain("%s", own.words);
    else
        *fault = own;
    return status == STATUS_DONE ? STATUS_LOCAL : status;
}

static int give_chosen(const struct options *options, int count, char **operands, struct fault *fault)
{
    struct options own = *options;
    struct teach teach = {.options = &own, .lab = {.line = -1, .peer_netns = -1}};
    const char *const lesson = operands[0];
    FILE *out = NULL;
    int status;

    /* A lesson of the teacher's own is a file, whose name has a slash. */
    if ((strchr(lesson, '/') && !outputs_spare(options, &lesson, 1, fault)) ||
        !export_choose(&teach.export, options, fault))
        return exit_status_of(fault);
    own.go_on = own.go_on || export_takes_output(&teach.export);
    out = options->quiet || export_takes_output(&teach.export) ? fopen("/dev/null", "we") : stdout;
    if (!out) {
        fault_set(fault, FAULT_LOCAL, "/dev/null can't be opened");
        return STATUS_LOCAL;
    }
    status = choose(&teach, operands[0], fault) && check(&teach, fault) && options_fit(&own, fault) &&
                     open_room(&teach, count - 1, operands + 1, out, fault)
                 ? give(&teach, fault)
                 : exit_status_of(fault);
    status = close_copy(&teach, write_page(&teach, status, fault), fault);
    close_room(&teach);
    if (out != stdout)
        fclose(out);
    if (fault->kind == FAULT_INTERRUPTED) {
        complain("%s", fault->words);
        signals_obey();
    }
    return status;
}

int run_teach(const struct command *command, const struct options *options, int count, char **operands,
              const struct lab *lab, struct fault *fault)
{
    bool done;

    (void)command, (void)lab;
    if (!language_choose(options->lang, fault))
        return exit_status_of(fault);
    if ((options->export_as || options->output) && (count == 0 || options->print_script)) {
        fault_set(fault, FAULT_USAGE, "--export writes a lesson that is given: name one, or all");
        return STATUS_USAGE;
    }
    if (count > 0 && !options->print_script)
        return give_chosen(options, count, operands, fault);
    if (count > 1) {
        fault_set(fault, FAULT_USAGE, "--print-script takes one lesson");
        return STATUS_USAGE;
    }
    done = count == 0 ? list(options, fault) : print_text(operands[0], fault);
    return done ? STATUS_DONE : exit_status_of(fault);
}
