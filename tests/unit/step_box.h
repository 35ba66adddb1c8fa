/*
 * Support for the tests of step/: scripts that are right, storage of an exact size, and a parse that is held to what
 * script.h promises whatever the text is.
 */
#ifndef UNIT_STEP_BOX_H
#define UNIT_STEP_BOX_H

#include <stdbool.h>
#include <stddef.h>

#include "step/script.h"

/* Scripts that parse and whose order is right; the last is NULL. */
extern const char *const good_scripts[];

/* A script whose storage is exactly as large as asked for, so that the sanitizer sees what goes beyond it. */
struct box {
    struct script script;
    struct script_error error;
};

/* Makes and frees it. */
void box_init(struct box *box, unsigned steps, size_t bytes);
void box_free(struct box *box);

/* Parses a copy of the text that ends where the text does; the first line is 1. */
bool box_parse(struct box *box, const char *text, size_t length);

/*
 * Parses into a box of its own that already has a step, and fails the test unless the text is either a script, each step of
 * which survives printing and parsing, or leaves the box as it was with an error of one harmless line whose place is in
 * the text. True when it is a script.
 */
bool parses_or_says_why(const char *text, size_t length);

/* Does this step come back from its own printed text, and is that text canonical? Fails the test when not. */
void survives_printing(const struct step *step);

#endif
