/*
 * A terminal for the tests of the prompt: a pseudo terminal with somebody who types, and a screen that is read. It knows what
 * the prompt uses: blanks, carriage returns, new lines and beeps; anything else that is no text fails the test.
 */
#ifndef UNIT_TERMINAL_H
#define UNIT_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#define TERMINAL_ROWS 1200
#define TERMINAL_COLUMNS 200

struct terminal {
    int master; /* who types and reads the screen */
    int slave;  /* the program's; -1: another process has it */
    unsigned columns;
    wchar_t screen[TERMINAL_ROWS][TERMINAL_COLUMNS];
    unsigned row, column, last_row;
    unsigned beeps;
    char partial[8]; /* of a character */
    size_t partial_length;
};

/* Are there pseudo terminals here? If not, it says so as a whole group of tests that is skipped. */
bool terminal_can_be(void);

/* A fresh one of so many columns, with everything of the environment that the prompt looks at set. */
void terminal_open(struct terminal *terminal, unsigned columns);

/* The same for a master that exists. */
void terminal_adopt(struct terminal *terminal, int master, unsigned columns);

/* Makes it wider or narrower; then what stood beyond its edge is lost. */
void terminal_resize(struct terminal *terminal, unsigned columns);

void terminal_close(struct terminal *terminal);

/* Types these bytes. */
void terminal_type(const struct terminal *terminal, const char *keys, size_t length);

/* Takes what was printed, if there is something. */
void terminal_look(struct terminal *terminal);

/* A row of the screen, counted back from the cursor's, without blanks at its end, as UTF-8. Valid until the next call. */
const char *terminal_row(const struct terminal *terminal, unsigned back);

/* The cursor's row, with a | where the cursor stands. Likewise. */
const char *terminal_cursor_row(const struct terminal *terminal);

/* Do the settings agree? */
bool terminal_same(const struct termios *a, const struct termios *b);

#endif
