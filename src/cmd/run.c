#include "cmd/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/complain.h"
#include "cmd/signals.h"
#include "cmd/terminal.h"
#include "report/phrase.h"

/* ---- reporting ---- */

static bool on_event(void *self, const struct event *event, struct fault *fault)
{
    struct run *run = self;

    if (event->kind == EVENT_END) {
        run->end = event->end;
        run->ended = true;
        snprintf(run->why, sizeof(run->why), "%s", event->end.why ? event->end.why : "");
        run->end.why = run->why;
        run->disagreed += event->end.counts.disagreed;
    }
    if (run->console)
        run->console->hide(run->console->context);
    if (!pictures_event(&run->pictures, event, fault) || !tape_event(&run->tape, &run->head, event, fault))
        return false;
    return run->reporter->event(run->report, event, fault);
}

static bool on_pause(void *self, struct fault *fault)
{
    struct run *run = self;

    return run->reporter->flush(run->report, fault) && tape_pause(&run->tape, fault);
}

static bool on_input(void *self, struct walk *walk, bool readable, struct fault *fault)
{
    struct run *run = self;

    return run->console->input(run->console->context, walk, run->attempt.live, readable, fault);
}

static const struct reporter *choose_reporter(const struct options *options, const struct pictures *pictures)
{
    if (pictures_take_output(pictures))
        return &reporter_quiet;
    if (options->json)
        return &reporter_json;
    if (options->tap)
        return &reporter_tap;
    return options->quiet ? &reporter_quiet : &reporter_ladder;
}

/* ---- addresses ---- */

/* Is another address of the name worth a try? As connect() loops do: only when this one did not open. */
static bool try_next(const struct run *run, const struct fault *fault)
{
    if (run->ended && run->end.timing.open != NANOS_NONE)
        return false;
    if (fault->kind != FAULT_NONE)
        return fault->kind == FAULT_UNREACHABLE;
    if (run->end.status == STATUS_DONE)
        return false;
    return run->end.outcome == OUTCOME_REFUSED || run->end.outcome == OUTCOME_UNREACHABLE ||
           run->end.outcome == OUTCOME_NO_ANSWER;
}

/* How the last attempt ended, in the words of the ladder. */
static const char *outcome_words(const struct run *run, char *words, size_t size)
{
    struct text text;

    text_init(&text, words, size);
    phrase_outcome(&text, &run->end);
    return words;
}

static int finish(const struct run *run, const struct endpoint *peer, struct fault *fault)
{
    char text[ENDPOINT_TEXT], words[80];

    /* What can't be written can be the last thing that happens, after the walk had come to its end. */
    if (fault->kind != FAULT_NONE && fault->kind != FAULT_LOCAL)
        return run->ended ? run->end.status : exit_status_of(fault);
    if (fault->kind != FAULT_NONE)
        return exit_status_of(fault);
    if (run->disagreed > 0) {
        complain("%s: the peer's kernel contradicts a proven claim", endpoint_format(peer, text));
        return run->end.status == STATUS_DONE ? STATUS_EXPECTATION : run->end.status;
    }
    if (run->end.status != STATUS_DONE)
        complain("%s: %s: %s", endpoint_format(peer, text), outcome_words(run, words, sizeof(words)), run->why);
    return run->end.status;
}

static int run_each(struct run *run, const struct addr *addresses, unsigned count, struct fault *fault)
{
    const struct listener listener = {run, on_event, on_pause, run->console ? on_input : NULL};
    int status = STATUS_LOCAL;

    for (unsigned i = 0; i < count; i++) {
        struct endpoint peer = {addresses[i], run->port};
        char text[ADDR_TEXT], words[80];
        *fault = (struct fault){0};
        run->ended = false;
        attempt_walk(&run->attempt, &run->errand, &peer, i + 1 == count, &listener, fault);
        tape_finish(&run->tape, &run->head, fault);
        bool last = i + 1 == count || !try_next(run, fault);
        if (last)
            status = finish(run, run->attempt.flow.peer.port ? &run->attempt.flow.peer : &peer, fault);
        attempt_close(&run->attempt, last);
        if (last)
            break;
        complain("%s: %s; trying the next address", addr_format(&addresses[i], text),
                 fault->kind != FAULT_NONE ? fault->words : outcome_words(run, words, sizeof(words)));
    }
    return status;
}

/* What was seen is drawn however it ended. Returns the exit status. */
static int draw(struct run *run, int status, struct fault *fault)
{
    struct fault late = {0};

    if (!pictures_write(&run->pictures, &late)) {
        if (fault->kind != FAULT_NONE)
            complain("%s", late.words);
        else
            *fault = late;
        status = STATUS_LOCAL;
    }
    pictures_close(&run->pictures);
    return status;
}

/* Before anything was sent. */
static int give_up(struct run *run, const struct fault *fault)
{
    struct fault late = {0};

    pictures_close(&run->pictures);
    copy_close(run->errand.copy, &late);
    return exit_status_of(fault);
}

int run_addresses(struct run *run, const struct addr *addresses, unsigned count, struct fault *fault)
{
    struct report_options report = {.expectations = run->expectations, .open_ended = run->console != NULL};
    struct fault late = {0};
    sigset_t wait_mask;
    int status;

    terminal_look(&report);
    /* A picture leaves what is there as it is for now; --write does not: it comes when nothing else can be refused. */
    if (!pictures_open(&run->pictures, run->errand.options, run->errand.command, fault) ||
        !copy_open(&run->errand.copy, run->errand.options, fault))
        return give_up(run, fault);
    run->errand.tape = &run->tape;
    run->reporter = choose_reporter(run->errand.options, &run->pictures);
    run->report = run->reporter->begin(stdout, &report, fault);
    if (fault->kind != FAULT_NONE)
        return give_up(run, fault);
    signals_catch(&wait_mask);
    run->errand.wait_mask = &wait_mask;
    status = run_each(run, addresses, count, fault);
    run->reporter->end(run->report, &late);
    copy_close(run->errand.copy, &late);
    if (late.kind != FAULT_NONE && fault->kind == FAULT_NONE) {
        *fault = late;
        status = STATUS_LOCAL;
    }
    return draw(run, status, fault);
}
