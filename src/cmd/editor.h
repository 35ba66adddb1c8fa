/* The line editor behind the prompt: takes what is typed byte by byte, says what the line looks like, draws nothing. */
#ifndef CMD_EDITOR_H
#define CMD_EDITOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "cmd/prompt.h"

struct editor;

enum editor_result {
    EDITOR_MORE, /* the line is not finished */
    EDITOR_LINE, /* it is: editor_line() */
    EDITOR_END,  /* Ctrl-D in an empty line */
    EDITOR_FAULT /* no memory */
};

/*
 * Loads libedit and puts the terminal into raw mode. The config (copied, but for what it points to) gives history file and
 * completion. All functions of an editor want LC_CTYPE to be that of the terminal. FAULT_LOCAL when there is no libedit or no
 * memory.
 */
bool editor_open(struct editor **out, const struct prompt_config *config, struct fault *fault);

/* Takes one byte that was typed. After EDITOR_END and EDITOR_FAULT the editor can only be closed. */
enum editor_result editor_take(struct editor *editor, unsigned char byte);

/* The finished line, without its end and without null bytes; valid until the next editor_take. */
const char *editor_line(const struct editor *editor);

/* The line as it is now and the place of the cursor in it (a byte's index). Valid until the next call. NULL: no memory. */
const char *editor_view(struct editor *editor, size_t *length, size_t *cursor);

/*
 * Whole lines to be printed above the prompt (candidates), or what clears the screen; NULL: none. Given once, and valid until the
 * next call.
 */
const char *editor_notice(struct editor *editor);

/* Is it to beep? Once for all that was typed since the last question. */
bool editor_beeps(struct editor *editor);

/* Frees everything and leaves the terminal as it is, in raw mode. NULL is allowed. */
void editor_close(struct editor *editor);

/* How many columns the terminal has now. */
unsigned editor_columns(int terminal);

#endif
