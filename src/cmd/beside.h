/*
 * Following in a thread of its own, beside the reading: a file is read, and its packets' headers looked at, on one processor,
 * while connections are followed on another. What comes out is the same, for all is followed in its order.
 */
#ifndef CMD_BESIDE_H
#define CMD_BESIDE_H

#include "base/fault.h"
#include "cmd/batch.h"

struct beside;

/* Is there a second processor for us? Else nothing is gained. */
bool beside_has_processor(void);

/*
 * Starts the thread, which follows what is handed over. NULL where something is short: then whoever reads has to follow.
 * follow (borrowed), and all that its listener writes, is the thread's until beside_wait(); so is the fault (borrowed) in which
 * the listener may say that it can't go on.
 */
struct beside *beside_start(struct follow *follow, const struct fault *fault);

/* The batch to be filled: empty, and this module's. */
struct batch *beside_batch(struct beside *beside);

/*
 * Hands over the batch that was filled, which may be empty, and waits until there is another one to be filled. False when the
 * fault has been set by then.
 */
bool beside_hand_over(struct beside *beside);

/*
 * Waits until all that was handed over has been followed. Returns how many ICMP errors in it, since the last time, quoted
 * nothing that is known.
 */
uint64_t beside_wait(struct beside *beside);

/* Ends the thread when it has followed all, and frees everything. NULL is no error. */
void beside_end(struct beside *beside);

#endif
