/* A child that puts a terminal back as it was when this process is gone without having done so, as by kill -9. */
#ifndef CMD_KEEPER_H
#define CMD_KEEPER_H

#include <termios.h>

/*
 * Forks the keeper of these settings; it holds nothing open but the terminal and a pipe, and waits. Call it before what the
 * child must not inherit in memory. Returns a descriptor that keeper_relieve takes, -1 when there could be no child.
 */
int keeper_post(int terminal, const struct termios *settings);

/* The settings have been put back: the keeper ends without touching them. -1 is allowed. */
void keeper_relieve(int keeper);

#endif
