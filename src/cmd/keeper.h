/*
 * A child process that puts the terminal back if we die without having done so: by kill -9, by a fault of memory, by a signal
 * that nobody catches.
 *
 * The kernel sends it a signal then (PR_SET_PDEATHSIG), before our parent hears of our death. It blocks all others, and holds
 * nothing open but the terminal. If the terminal is not in our mode any more, it leaves it alone: a shell that has taken over is
 * not disturbed.
 */
#ifndef CMD_KEEPER_H
#define CMD_KEEPER_H

#include <sys/types.h>
#include <termios.h>

/* Starts it: the settings as they were found, and ours. Returns its process, or 0 when there can be none. */
pid_t keeper_post(int terminal, const struct termios *found, const struct termios *ours);

/* Ends it, without its doing anything. 0 is allowed. */
void keeper_dismiss(pid_t keeper);

#endif
