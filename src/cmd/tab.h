/* What Tab does: of what can stand before the cursor, what is to be put there, or a list to choose from. */
#ifndef CMD_TAB_H
#define CMD_TAB_H

#include <stddef.h>

#include "cmd/prompt.h"

struct tab {
    size_t start; /* what begins here in the text gives way */
    char *put;    /* for this (owned); NULL: nothing changes, */
    char *list;   /* and this is to be shown, whole lines (owned); NULL: there is nothing that could stand there */
};

/* Asks the config's complete() for what can stand at the end of the text. The list fits so many columns, if it can. */
void tab_press(const struct prompt_config *config, const char *text, unsigned columns, struct tab *out);

/* Frees what it owns. */
void tab_free(struct tab *tab);

#endif
