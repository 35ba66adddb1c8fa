#include "cmd/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/write_all.h"

/* Of a larger file only the end is looked at. */
#define BYTES_MAX (4 * 1024 * 1024)

/* The end of the file, from the beginning of one of its latest HISTORY_LINES lines. */
struct tail {
    char *bytes;      /* owned */
    const char *from; /* in bytes */
    size_t length;
    bool cut; /* there are lines before it */
};

/* A pipe or a device in the file's place must not hold us up. */
static int open_file(const char *path, int flags)
{
    int fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
    struct stat status;

    if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Reads as much as there is room for. */
static size_t read_all(int fd, char *bytes, size_t room)
{
    size_t length = 0;

    while (length < room) {
        ssize_t got = read(fd, bytes + length, room - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    return length;
}

/* Finds where the latest lines begin. */
static void find_lines(struct tail *tail)
{
    const char *at = tail->from + tail->length;
    unsigned lines = 0;

    if (tail->cut) { /* in the middle of a line */
        const char *end = memchr(tail->from, '\n', tail->length);
        end = end ? end + 1 : at;
        tail->length = (size_t)(at - end);
        tail->from = end;
    }
    if (at > tail->from && at[-1] == '\n')
        at--;
    for (; at > tail->from; at--)
        if (at[-1] == '\n' && ++lines == HISTORY_LINES) {
            tail->length -= (size_t)(at - tail->from);
            tail->from = at;
            tail->cut = true;
            return;
        }
}

static bool tail_read(const char *path, struct tail *out)
{
    int fd = open_file(path, O_RDONLY);
    off_t size;

    *out = (struct tail){0};
    if (fd < 0)
        return false;
    size = lseek(fd, 0, SEEK_END);
    out->cut = size > BYTES_MAX;
    if (size < 0 || lseek(fd, out->cut ? size - BYTES_MAX : 0, SEEK_SET) < 0 || !(out->bytes = malloc(BYTES_MAX))) {
        close(fd);
        return false;
    }
    out->length = read_all(fd, out->bytes, BYTES_MAX);
    close(fd);
    out->from = out->bytes;
    find_lines(out);
    return true;
}

void history_read(const char *path, void (*take)(void *taker, const char *line), void *taker)
{
    struct tail tail;

    if (!tail_read(path, &tail))
        return;
    const char *at = tail.from, *end = at + tail.length;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at);
        char *line = strndup(at, length);
        if (line && *line)
            take(taker, line);
        free(line);
        at += length + 1;
    }
    free(tail.bytes);
}

void history_append(const char *path, const char *line)
{
    size_t length = strlen(line);
    int fd = open_file(path, O_WRONLY | O_APPEND | O_CREAT);
    char *whole = malloc(length + 1);

    /* In one call, so that the lines of two programs don't mix. */
    if (fd >= 0 && whole) {
        memcpy(whole, line, length);
        whole[length] = '\n';
        write_all(fd, whole, length + 1);
    }
    free(whole);
    if (fd >= 0)
        close(fd);
}

/* Gives the path's file these contents, all or nothing. */
static void replace(const char *path, const char *bytes, size_t length)
{
    char *target = realpath(path, NULL); /* a symbolic link stays one */
    char *fresh = NULL;
    int fd = -1;

    if (target && asprintf(&fresh, "%s.XXXXXX", target) < 0)
        fresh = NULL;
    if (fresh && (fd = mkostemp(fresh, O_CLOEXEC)) >= 0) { /* with mode 0600 */
        bool whole = write_all(fd, bytes, length);
        if (close(fd) != 0 || !whole || rename(fresh, target) != 0)
            unlink(fresh);
    }
    free(fresh);
    free(target);
}

void history_trim(const char *path)
{
    struct tail tail;

    if (!tail_read(path, &tail))
        return;
    if (tail.cut)
        replace(path, tail.from, tail.length);
    free(tail.bytes);
}
