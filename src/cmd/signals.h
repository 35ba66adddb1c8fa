/* Signals that ask the program to stop: caught, so that the peer can be reset first; then died of. */
#ifndef CMD_SIGNALS_H
#define CMD_SIGNALS_H

#include <signal.h>

/* How many such signals have come; live_config.stop points here. */
extern volatile sig_atomic_t signals_seen;

/*
 * Blocks SIGINT, SIGTERM, SIGHUP and SIGQUIT and installs the handler; *wait_mask is the mask in which they are open.
 */
void signals_catch(sigset_t *wait_mask);

/* If one came: ends the process by it, so that a shell sees what it expects. Returns when none came. */
void signals_obey(void);

#endif
