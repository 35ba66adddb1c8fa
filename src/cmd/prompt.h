/*
 * Where the lines of the command step come from: on a terminal a prompt with history and completion, which can be taken off
 * the screen while others print and put back as it was; else plain lines. It never waits: the caller watches the
 * descriptor.
 *
 * It installs no signal handler and leaves the mask of signals alone. Ctrl-C and Ctrl-\ are signals as ever; Ctrl-Z takes the
 * prompt off the screen, stops the process group with the terminal as it was found, and goes on after fg.
 */
#ifndef CMD_PROMPT_H
#define CMD_PROMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/fault.h"

struct prompt;

/* So many bytes a line may have; one that is typed, 4095 characters, as ever on terminals. */
#define PROMPT_LINE_MAX (64 * 1024)

struct prompt_config {
    int fd;                   /* lines are read from here; it stays the caller's, and blocking if it is */
    FILE *out;                /* the prompt goes here; what others print between hide and show must go there too */
    bool plain;               /* no prompt, whatever the descriptor is */
    const char *history_file; /* lines of earlier runs (copied); NULL: none. A file that can't be used is no error */
    /*
     * Gives what can stand at the end of the text, as step_complete() has it: each candidate takes the place of what begins at
     * *start. NULL: nothing is completed.
     */
    void (*complete)(const char *text, size_t *start,
                     void (*take)(void *taker, const char *candidate, const char *what, bool open), void *taker);
};

/*
 * *out is the caller's until prompt_close. A prompt it is when fd and out are terminals: the terminal is then in raw mode
 * until prompt_close, and a child process of ours waits to put it back should we die before. Nothing is shown yet. Else it is
 * plain lines: no prompt, no echo, no history.
 *
 * FAULT_LOCAL when there is no memory, or no libedit: it is loaded here, for who needs it. Call it before a system call
 * filter: libedit and the child want openat, mmap, ioctl, clone, prctl, close_range and rt_sigtimedwait.
 */
bool prompt_open(struct prompt **out, const struct prompt_config *config, struct fault *fault);

/* Becomes readable when prompt_read should be called. */
int prompt_fd(const struct prompt *prompt);

enum prompt_result {
    PROMPT_LINE, /* *line is a whole line without its end, valid until the next call; the prompt is hidden now */
    PROMPT_MORE, /* nothing whole is there yet */
    PROMPT_END, /* there will be nothing more (Ctrl-D in an empty line, end of file, the terminal is gone); it is hidden */
    PROMPT_FAULT,
};

/*
 * Takes what is there, and waits for nothing. Call until it says PROMPT_MORE or PROMPT_END: what was pasted can be several
 * lines, of which the descriptor knows nothing any more. PROMPT_FAULT, and PROMPT_END from then on: FAULT_USAGE when a line is
 * longer than PROMPT_LINE_MAX or has a null byte, FAULT_LOCAL when it can't be read.
 */
enum prompt_result prompt_read(struct prompt *prompt, const char **line, struct fault *fault);

/* What the prompt says from now on (copied): one line, without control characters. */
void prompt_set(struct prompt *prompt, const char *text);

/* Takes the prompt and the half-typed line off the screen, so that whole lines can be printed. Can be called twice. */
void prompt_hide(struct prompt *prompt);

/*
 * Puts them back, with the cursor where it was. Can be called twice. The prompt stands in one row of the screen, in which a
 * long line moves; once it is entered all of it is shown.
 */
void prompt_show(struct prompt *prompt);

/* The terminal is as it was found; the history has at most 1000 lines again. NULL is allowed. */
void prompt_close(struct prompt *prompt);

#endif
