/* The texts of the lessons that ship, as translators want them: for `make po`. */
#ifndef CMD_MESSAGES_H
#define CMD_MESSAGES_H

#include <stdbool.h>

#include "base/fault.h"

/* Writes them on standard output as a PO file without translations. */
bool messages_print(struct fault *fault);

#endif
