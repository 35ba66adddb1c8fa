/* The files that options name to be written: none is one that is read, and no two are the same, whatever they are called. */
#ifndef CMD_OUTPUTS_H
#define CMD_OUTPUTS_H

#include "base/fault.h"
#include "cmd/options.h"

/*
 * Is none of them, and neither standard output where something that options name goes there, one of the files that are read (count
 * of them; "-" is standard input)? False with a FAULT_USAGE. Nothing is opened.
 */
bool outputs_spare(const struct options *options, const char *const *files, unsigned count, struct fault *fault);

/* Does each go to a file of its own? False with a FAULT_USAGE. Nothing is opened; what has been made already is better known. */
bool outputs_are_apart(const struct options *options, struct fault *fault);

#endif
