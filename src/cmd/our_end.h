/* How our end of a connection is to be: what the options, and the way to the peer, say of it. */
#ifndef CMD_OUR_END_H
#define CMD_OUR_END_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/fault.h"
#include "cmd/options.h"
#include "io/route.h"
#include "walk/tcb.h"

/*
 * Fills *out for a new connection to the peer over that route: options, sizes, and fresh random numbers where the user gave
 * none. FAULT_LOCAL when the system has no random numbers.
 */
bool our_end_settings(const struct options *options, const struct route *route, const struct addr *peer,
                      struct tcb_settings *out, struct fault *fault);

#endif
