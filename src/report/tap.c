/*
 * The reporter for test runners: TAP version 13. Each expectation is a test, in the order of the script, and the whole walk is
 * one more: what fails without being an expectation (no answer, a reset) fails that one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/output.h"
#include "report/phrase.h"
#include "report/reporter.h"

#define LINE 1024

struct tap {
    FILE *out;
    unsigned tests; /* printed so far */
    unsigned seen;  /* expectations of this attempt: of a name with several addresses there can be more than one */
    unsigned expectations;
    bool open_ended;
    bool ended; /* and not printed yet: another address may be tried */
    bool done;
    char words[LINE], why[LINE];
};

static void *tap_begin(FILE *out, const struct report_options *options, struct fault *fault)
{
    struct tap *tap = calloc(1, sizeof(*tap));

    if (!tap) {
        fault_set(fault, FAULT_LOCAL, "tap: %s", strerror(errno));
        return NULL;
    }
    tap->out = out;
    tap->expectations = options ? options->expectations : 0;
    tap->open_ended = options && options->open_ended;
    fprintf(out, "TAP version 13\n");
    if (!tap->open_ended)
        fprintf(out, "1..%u\n", tap->expectations + 1);
    return tap;
}

/* '#' begins a directive, and a backslash would hide the next character. */
static void put_description(struct tap *tap, const char *text)
{
    char clean[LINE];

    for (const char *at = output_clean(text, clean, sizeof(clean)); *at; at++) {
        if (*at == '#' || *at == '\\')
            fputc('\\', tap->out);
        fputc(*at, tap->out);
    }
    fputc('\n', tap->out);
}

static void put_diagnostic(struct tap *tap, const char *label, const char *text)
{
    char clean[LINE];

    if (text)
        fprintf(tap->out, "# %s%s\n", label, output_clean(text, clean, sizeof(clean)));
}

static void on_step(struct tap *tap, const struct event_step *step)
{
    if (!step->expectation || ++tap->seen <= tap->tests)
        return;
    fprintf(tap->out, "%sok %u - ", step->ok ? "" : "not ", ++tap->tests);
    put_description(tap, step->text ? step->text : "an expectation");
    if (step->ok)
        return;
    fprintf(tap->out, "# line %u, column %u\n", step->line, step->column);
    put_diagnostic(tap, "", step->why);
}

static void on_start(struct tap *tap)
{
    if (tap->ended) {
        put_diagnostic(tap, "another address is tried: ", tap->words);
        put_diagnostic(tap, "", tap->why[0] ? tap->why : NULL);
    }
    tap->ended = false;
    tap->seen = 0;
}

static void on_end(struct tap *tap, const struct event_end *end)
{
    struct text text;

    text_init(&text, tap->words, sizeof(tap->words));
    phrase_outcome(&text, end);
    text_init(&text, tap->why, sizeof(tap->why));
    text_add(&text, "%s", end->status && end->why ? end->why : "");
    tap->ended = true;
    tap->done = end->status == 0;
}

/* The last attempt is over: now it is known that this was the walk. */
static void put_walk(struct tap *tap)
{
    if (!tap->ended) {
        fprintf(tap->out, "Bail out! There was no walk\n");
        return;
    }
    while (tap->tests < tap->expectations)
        fprintf(tap->out, "not ok %u - an expectation that was not reached\n", ++tap->tests);
    fprintf(tap->out, "%sok %u - the walk: ", tap->done ? "" : "not ", ++tap->tests);
    put_description(tap, tap->words);
    put_diagnostic(tap, "", tap->why[0] ? tap->why : NULL);
    if (tap->open_ended)
        fprintf(tap->out, "1..%u\n", tap->tests);
}

static bool tap_event(void *state, const struct event *event, struct fault *fault)
{
    struct tap *tap = state;

    errno = 0;
    if (event->kind == EVENT_START)
        on_start(tap);
    else if (event->kind == EVENT_STEP)
        on_step(tap, &event->step);
    else if (event->kind == EVENT_NOTE)
        put_diagnostic(tap, "note: ", event->note.text);
    else if (event->kind == EVENT_END)
        on_end(tap, &event->end);
    else
        return true;
    return output_flush(tap->out, fault);
}

static bool tap_flush(void *state, struct fault *fault)
{
    struct tap *tap = state;

    errno = 0;
    return output_flush(tap->out, fault);
}

static bool tap_end(void *state, struct fault *fault)
{
    bool done;

    if (state)
        put_walk(state);
    done = !state || tap_flush(state, fault);
    free(state);
    return done;
}

const struct reporter reporter_tap = {
    .name = "tap",
    .begin = tap_begin,
    .event = tap_event,
    .flush = tap_flush,
    .end = tap_end,
};
