/* What can be typed next on tcpwalk's own command line: the shells' completions ask for it (completion.c). */
#ifndef CMD_CANDIDATES_H
#define CMD_CANDIDATES_H

#include <stdio.h>

/*
 * Writes what can stand in the place of the last of the words, which may be empty: a command line without the program's name, as
 * far as the cursor. Quotes are the shell's, and gone. One candidate a line, columns separated by a tab:
 *
 *     word  TEXT  WHAT    a whole word, and perhaps a few words about it
 *     open  TEXT  WHAT    a word that goes on: no blank behind it
 *     files, hosts, ports, interfaces
 *                         the shell knows these itself
 */
void candidates_print(FILE *out, int count, char **words);

#endif
