/* What follow/ tells read and watch, to those who show it. */
#ifndef CMD_TOLD_H
#define CMD_TOLD_H

#include "cmd/following.h"

/*
 * Who is to be told, by the options: nobody is told more than there is to be shown. following (borrowed) outlives it, and its
 * shown_to is set.
 */
struct follow_listener told_listener(struct following *following);

/* Writes the row of a connection to standard output: of the table, of CSV, a JSON line, or what stands below a ladder. */
void told_row(struct following *following, const struct summary *row);

#endif
