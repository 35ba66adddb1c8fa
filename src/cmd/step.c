/*
 * The command step: steps are typed, or written by another program, while the walk goes on. One loop serves both: what is to be
 * read is a descriptor that the port watches beside the capture, and a line waits until the steps before it are done.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/command.h"
#include "cmd/complain.h"
#include "cmd/help.h"
#include "cmd/peer.h"
#include "cmd/plan.h"
#include "cmd/prompt.h"
#include "cmd/run.h"
#include "cmd/signals.h"
#include "report/phrase.h"
#include "step/complete.h"

/* So many lines are read ahead of the walk: the writer waits in its pipe, not we in our memory. */
#define LINES_AHEAD 256

/* One line that was read: kept until it is done, and to the end where what it sends may have to be sent again. */
struct line {
    struct line *next;
    struct plan plan;
    char *wrong; /* (owned) what was typed, when it is no step, */
    char why[FAULT_WORDS];
};

struct typist {
    struct run run;
    struct prompt *prompt;
    struct line *lines, **lines_end; /* (owned) all, oldest first */
    struct line **done;              /* those before are done, and kept */
    struct line *due;                /* the first that was not given to the walk yet */
    unsigned number;                 /* of the line read last */
    unsigned ahead;                  /* how many were not given to the walk yet */
    bool paused;                     /* enough was read for now */
    bool ended;                      /* no more will come */
    bool wrong;                      /* a line was no step */
};

/* "ESTABLISHED 1:1 | ESTABLISHED? > ": our state, what we send and expect next, the peer's state; ? when presumed. */
static void set_prompt(struct typist *typist, const struct walk *walk)
{
    const struct tcb *tcb = &walk->tcb;
    const struct claim *claim = &walk->belief.claim;
    char states[STATE_SET_TEXT], words[300];
    struct text text;

    text_init(&text, words, sizeof(words));
    text_add(&text, "%s %u:", state_name(tcb->state), tcb->snd_max - tcb->settings.iss);
    if (tcb->irs_known)
        text_add(&text, "%u", tcb->rcv_nxt - tcb->irs);
    else
        text_add(&text, "-");
    text_add(&text, " | %s%s > ", state_set_text(claim->likely, "/", states), claim->certainty == PRESUMED ? "?" : "");
    prompt_set(typist->prompt, words);
}

/* What is for the prompt itself, not for the walk. */
static bool is_for_prompt(struct typist *typist, const char *text)
{
    size_t word = strcspn(text, " \t");

    if (strcmp(text, "quit") == 0 || strcmp(text, "exit") == 0) {
        typist->ended = true;
        return true;
    }
    bool asked = (word == 4 && strncmp(text, "help", word) == 0) || (word == 1 && text[0] == '?');
    if (!asked)
        return false;
    if (typist->run.errand.options->json) {
        complain("help is for people: see tcpwalk-step(5)");
        return true;
    }
    struct fault fault = {0};
    if (!help_step(text + word + strspn(text + word, " \t"), &fault))
        complain("%s", fault.words);
    return true;
}

static bool take_line(struct typist *typist, const char *text, struct fault *fault)
{
    struct plan_piece piece = {NULL, text, strlen(text), ++typist->number};
    struct line *line;
    struct fault inner = {0};

    text += strspn(text, " \t");
    if (is_for_prompt(typist, text))
        return true;
    line = calloc(1, sizeof(*line));
    if (!line)
        return fault_set(fault, FAULT_LOCAL, "no memory");
    typist->ahead++;
    *typist->lines_end = line;
    typist->lines_end = &line->next;
    if (!typist->due)
        typist->due = line;
    if (plan_read(&line->plan, &piece, 1, false, &inner))
        return true;
    if (inner.kind != FAULT_USAGE)
        return fault_set(fault, inner.kind, "%s", inner.words);
    line->wrong = strdup(text);
    memcpy(line->why, inner.words, sizeof(line->why));
    typist->wrong = true;
    return line->wrong ? true : fault_set(fault, FAULT_LOCAL, "no memory");
}

static bool read_lines(struct typist *typist, struct live *live, struct fault *fault)
{
    const char *text;

    if (typist->paused)
        live_watch(live, prompt_fd(typist->prompt));
    typist->paused = false;
    while (!typist->ended) {
        if (typist->ahead >= LINES_AHEAD) {
            typist->paused = true;
            break;
        }
        switch (prompt_read(typist->prompt, &text, fault)) {
        case PROMPT_LINE:
            prompt_hide(typist->prompt);
            if (!take_line(typist, text, fault))
                return false;
            break;
        case PROMPT_MORE:
            return true;
        case PROMPT_END:
            typist->ended = true;
            break;
        case PROMPT_FAULT:
            return false;
        }
    }
    live_watch(live, -1);
    return true;
}

static void free_line(struct line *line)
{
    plan_free(&line->plan);
    free(line->wrong);
    free(line);
}

static bool sends(const struct line *line)
{
    for (unsigned i = 0; i < line->plan.script.count; i++)
        if (line->plan.script.steps[i].kind == STEP_SEND)
            return true;
    return false;
}

/* Forgets the lines that are done, and told: a program may write steps for days. */
static void forget_done(struct typist *typist)
{
    while (*typist->done && *typist->done != typist->due) {
        struct line *line = *typist->done;
        if (sends(line)) {
            typist->done = &line->next;
            continue;
        }
        *typist->done = line->next;
        free_line(line);
    }
    if (!*typist->done)
        typist->lines_end = typist->done;
}

/* Gives the walk the lines that wait; the events of those that are no steps are to be taken before there are too many. */
static void give_lines(struct typist *typist, struct walk *walk)
{
    while (walk_is_idle(walk) && typist->due && !walk_events_pressing(walk)) {
        const struct line *line = typist->due;
        typist->due = line->next;
        typist->ahead--;
        if (line->wrong)
            walk_refuse_step(walk, line->plan.line, line->plan.column, line->wrong, line->why);
        else
            walk_more(walk, line->plan.script.steps, line->plan.script.count);
    }
}

static bool on_input(void *context, struct walk *walk, struct live *live, bool readable, struct fault *fault)
{
    struct typist *typist = context;

    if (walk_is_idle(walk))
        forget_done(typist);
    if (readable && !read_lines(typist, live, fault))
        return false;
    give_lines(typist, walk);
    while (typist->paused && !typist->due) {
        if (!read_lines(typist, live, fault))
            return false;
        give_lines(typist, walk);
    }
    if (walk_is_idle(walk) && typist->ended && !typist->due) {
        prompt_hide(typist->prompt);
        walk_finish(walk);
        return true;
    }
    set_prompt(typist, walk);
    prompt_show(typist->prompt);
    return true;
}

static void on_hide(void *context)
{
    struct typist *typist = context;

    prompt_hide(typist->prompt);
}

/* Hands a candidate of the language on to the prompt. */
struct hand_on {
    void (*take)(void *taker, const char *candidate, const char *what, bool open);
    void *taker;
};

static void hand_on(void *context, const struct candidate *candidate)
{
    const struct hand_on *to = context;

    to->take(to->taker, candidate->text, candidate->what, candidate->open);
}

static void complete(const char *text, size_t *start,
                     void (*take)(void *taker, const char *candidate, const char *what, bool open), void *taker)
{
    struct hand_on to = {take, taker};

    *start = step_complete(text, strlen(text), hand_on, &to).start;
}

static bool open_prompt(struct typist *typist, char *history, size_t size, struct fault *fault)
{
    const char *home = getenv("HOME");
    bool shown = !typist->run.errand.options->json && isatty(STDOUT_FILENO);
    struct prompt_config config = {.fd = STDIN_FILENO, .out = stdout, .complete = complete, .plain = !shown};

    if (home && *home) {
        snprintf(history, size, "%s/.tcpwalk_history", home);
        config.history_file = history;
    }
    return prompt_open(&typist->prompt, &config, fault);
}

static void free_lines(struct typist *typist)
{
    struct line *next;

    for (struct line *line = typist->lines; line; line = next) {
        next = line->next;
        free_line(line);
    }
}

static int walk_typed(struct typist *typist, const struct peer *peer, struct fault *fault)
{
    const struct console console = {typist, on_hide, on_input};
    char history[4096];
    int status;

    if (!open_prompt(typist, history, sizeof(history), fault))
        return exit_status_of(fault);
    typist->lines_end = typist->done = &typist->lines;
    typist->run.errand.watch_fd = prompt_fd(typist->prompt);
    typist->run.console = &console;
    status = run_addresses(&typist->run, peer->addresses, 1, fault);
    prompt_close(typist->prompt);
    free_lines(typist);
    return status == STATUS_DONE && typist->wrong ? STATUS_USAGE : status;
}

int run_step(const struct command *command, const struct options *options, int count, char **operands,
             const struct lab *lab, struct fault *fault)
{
    struct typist typist = {
        .run.errand = {.command = command->name,
                       .options = options,
                       .lab = lab,
                       .interactive = true,
                       .expects = true,
                       .expects_data = true,
                       .watch_fd = -1},
    };
    struct peer peer;
    int status;

    if (count != 2) {
        fault_set(fault, FAULT_USAGE, "step takes HOST PORT; the steps come from standard input");
        return STATUS_USAGE;
    }
    typist.run.errand.host = operands[0];
    if (!peer_resolve(options, lab, operands, &peer, fault))
        return STATUS_USAGE;
    typist.run.port = peer.port;
    status = walk_typed(&typist, &peer, fault);
    if (fault->kind == FAULT_INTERRUPTED) {
        complain("%s", fault->words);
        signals_obey();
    }
    return status;
}
