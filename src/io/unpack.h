/* A file as a stream of bytes, unpacked on the way if it is compressed: gzip, xz and zstd, known by their first bytes. */
#ifndef IO_UNPACK_H
#define IO_UNPACK_H

#include <stdbool.h>
#include <stdio.h>

#include "base/fault.h"

/*
 * Asked before each read that may have to wait, as of a pipe: returns true when there is something to be read of fd, or its end;
 * false when nothing more is wanted. NULL: whatever comes is waited for.
 */
struct patience {
    bool (*go_on)(void *context, int fd);
    void *context;
};

/*
 * Opens path ("-": standard input) for reading. The stream is the caller's until fclose(). What is wrong with the
 * compressed data is told when it is met: reading fails with errno EBADMSG. NULL with the fault set when it can't be
 * opened. The stream has no lock: it is for one thread at a time. When patience ends, reading fails with errno EINTR, and
 * so may this.
 */
FILE *unpack_open(const char *path, const struct patience *patience, struct fault *fault);

#endif
