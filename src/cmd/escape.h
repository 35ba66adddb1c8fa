/* Text with C escapes, as --send takes it. */
#ifndef CMD_ESCAPE_H
#define CMD_ESCAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

/*
 * Reads \r \n \t \0 \" \\ and \xHH; every other byte stands for itself. out needs strlen(text) bytes; *len
 * says how many were written. An unknown or cut escape is a FAULT_USAGE.
 */
bool escape_read(const char *text, uint8_t *out, uint32_t *len, struct fault *fault);

#endif
