/* The file of lines that were typed: one a line, the latest last, readable by its owner alone. */
#ifndef CMD_HISTORY_H
#define CMD_HISTORY_H

/* So many lines are kept. */
#define HISTORY_LINES 1000

/* Gives take() the latest HISTORY_LINES lines of the file, the oldest first; none when it can't be read. */
void history_read(const char *path, void (*take)(void *taker, const char *line), void *taker);

/*
 * Adds a line at the end; the file comes to be with mode 0600. At once and not when the program ends, so that nothing is
 * lost when it dies, and that two that run at the same time both get theirs in. What can't be written is not.
 */
void history_append(const char *path, const char *line);

/* Cuts the file to the latest HISTORY_LINES lines, if it has more: a new file takes its place. */
void history_trim(const char *path);

#endif
