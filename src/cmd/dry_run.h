/* --dry-run: walks a script with a peer made of RFC 9293 alone, in no time and without a segment leaving. */
#ifndef CMD_DRY_RUN_H
#define CMD_DRY_RUN_H

#include "base/fault.h"
#include "cmd/options.h"
#include "cmd/plan.h"

/*
 * Shows each segment that would leave, field by field, and what a peer does with it that keeps to RFC 9293, whose
 * application reads, sends nothing, and closes once we have closed. Nothing is lost, and no timer of the peer fires. What the
 * script expects is shown and held against that peer; data and ICMP errors it can't have. Returns the exit status.
 */
int dry_run(const struct plan *plan, const struct options *options, bool passive, struct fault *fault);

#endif
