/*
 * The step language: text to steps and back. The same language on the command line, in a file and at the prompt; its
 * grammar is the tables of step/grammar.h, from which help, completion, error messages and manual follow.
 *
 * Pure: no input or output, no heap. A script's storage is the caller's.
 */
#ifndef STEP_SCRIPT_H
#define STEP_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "walk/step.h"

/* A list of steps, and the bytes that they borrow. */
struct script {
    struct step *steps; /* (borrowed) storage for steps_room steps */
    unsigned count, steps_room;
    char *bytes; /* (borrowed) storage for strings, patterns and printed text */
    size_t bytes_used, bytes_room;
};

/* Where and why a text is no script. */
struct script_error {
    unsigned line, column; /* of the offending word, counted from 1 */
    char words[240];       /* what is wrong there and what would be valid: one line, no full stop */
};

/* An empty script on this storage. Storage given to steps never moves, so steps stay valid while more are added. */
void script_init(struct script *script, struct step *steps, unsigned steps_room, char *bytes, size_t bytes_room);

/*
 * Reads a text (any bytes; lines end in \n or \r\n, steps also in ';', comments begin with #) and appends its steps, each with
 * line, column and canonical text. first_line is the number of the text's first line. False with *error set when
 * any of it is wrong, or does not fit the storage: then the script is as it was.
 */
bool script_parse(struct script *script, const char *text, size_t length, unsigned first_line,
                  struct script_error *error);

/*
 * Holds the order of the whole script against what a connection allows: listen and accept only at the beginning, nothing
 * that needs a connection before something that begins one, and so on. False with *error set.
 */
bool script_check(const struct script *script, struct script_error *error);

/*
 * Prints one step in its canonical form, without a newline; parsing that gives the same step. Returns the length that it
 * has; like snprintf, writes at most size bytes with the null.
 */
size_t script_print_step(const struct step *step, char *out, size_t size);

/* Do two steps mean the same? Places, texts and loaded bytes don't count. */
bool script_same_step(const struct step *a, const struct step *b);

#endif
