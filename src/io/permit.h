/* What to say when the kernel denies something that needs a privilege. */
#ifndef IO_PERMIT_H
#define IO_PERMIT_H

#include <stdbool.h>

#include "base/fault.h"

/*
 * Sets a fault of kind FAULT_LOCAL for a call that failed with EPERM or EACCES: that CAP_NET_RAW is missing
 * and how to grant it, or, where it is there, what else it can be. what is a phrase such as "capturing".
 * Returns false.
 */
bool permit_fault(struct fault *fault, const char *what);

#endif
