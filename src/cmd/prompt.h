/*
 * Where the lines of the command step come from: on a terminal a prompt with history and completion, which can be taken off
 * the screen while others print and put back as it was; else plain lines. It never waits: the caller watches the
 * descriptor.
 */
#ifndef CMD_PROMPT_H
#define CMD_PROMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/fault.h"

struct prompt;

struct prompt_config {
    int fd;                   /* lines are read from here; it stays the caller's */
    FILE *out;                /* the prompt goes here */
    bool plain;               /* no prompt, whatever the descriptor is */
    const char *history_file; /* lines of earlier runs; NULL: none */
    /*
     * Gives what can stand at the end of the text, as step_complete() has it: each candidate takes the place of what begins at
     * *start.
     */
    void (*complete)(const char *text, size_t *start,
                     void (*take)(void *taker, const char *candidate, const char *what, bool open), void *taker);
};

/*
 * *out is the caller's until prompt_close. The descriptor becomes non-blocking where it is no terminal. FAULT_LOCAL when there
 * is no memory or the terminal can't be used.
 */
bool prompt_open(struct prompt **out, const struct prompt_config *config, struct fault *fault);

/* Becomes readable when prompt_read should be called. */
int prompt_fd(const struct prompt *prompt);

enum prompt_result {
    PROMPT_LINE, /* *line is a whole line without its end, valid until the next call */
    PROMPT_MORE, /* nothing whole is there yet */
    PROMPT_END,  /* there will be nothing more */
    PROMPT_FAULT,
};

/* Takes what is there. Call until it says PROMPT_MORE or PROMPT_END. A line may have 64 KiB. */
enum prompt_result prompt_read(struct prompt *prompt, const char **line, struct fault *fault);

/* What the prompt says from now on (copied). */
void prompt_set(struct prompt *prompt, const char *text);

/* Off the screen, so that whole lines can be printed; and back, with what was typed. Both can be called twice. */
void prompt_hide(struct prompt *prompt);
void prompt_show(struct prompt *prompt);

/* The terminal is as it was found; the history is written. NULL is allowed. */
void prompt_close(struct prompt *prompt);

#endif
