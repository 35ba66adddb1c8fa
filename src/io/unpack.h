/* A file as a stream of bytes, unpacked on the way if it is compressed: gzip, xz and zstd, known by their first bytes. */
#ifndef IO_UNPACK_H
#define IO_UNPACK_H

#include <stdio.h>

#include "base/fault.h"

/*
 * Opens path ("-": standard input) for reading. The stream is the caller's until fclose(). What is wrong with the
 * compressed data is told when it is met: reading fails with errno EBADMSG. NULL with the fault set when it can't be
 * opened. The stream has no lock: it is for one thread at a time.
 */
FILE *unpack_open(const char *path, struct fault *fault);

#endif
