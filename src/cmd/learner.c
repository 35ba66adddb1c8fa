#include "cmd/learner.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cmd/signals.h"

void learner_init(struct learner *learner, int fd)
{
    *learner = (struct learner){.fd = fd, .terminal = isatty(fd)};
}

void learner_attend(struct learner *learner)
{
    if (!learner->terminal)
        return;
    tcflush(learner->fd, TCIFLUSH);
    learner->used = learner->passed = 0;
}

static void drop(struct learner *learner, size_t count)
{
    learner->used -= count;
    memmove(learner->bytes, learner->bytes + count, learner->used);
}

static bool take_line(struct learner *learner, const char **line)
{
    char *end = memchr(learner->bytes, '\n', learner->used), *start = learner->bytes;

    if (!end && learner->ended && learner->used > 0) {
        end = learner->bytes + learner->used; /* the last line of a file need not end */
        learner->passed = learner->used;
    } else if (end) {
        learner->passed = (size_t)(end - learner->bytes) + 1;
    } else {
        if (learner->used == LEARNER_ROOM - 1)
            learner->used = 0; /* no answer is that long */
        return false;
    }
    while (end > start && strchr(" \t\r", end[-1]))
        end--;
    *end = '\0';
    *line = start + strspn(start, " \t");
    return true;
}

enum learner_word learner_next(struct learner *learner, bool readable, const char **line)
{
    drop(learner, learner->passed);
    learner->passed = 0;
    if (take_line(learner, line))
        return LEARNER_LINE;
    if (readable && !learner->ended) {
        ssize_t got = read(learner->fd, learner->bytes + learner->used, LEARNER_ROOM - 1 - learner->used);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            return LEARNER_MORE;
        learner->ended = got <= 0;
        learner->used += got > 0 ? (size_t)got : 0;
        if (take_line(learner, line))
            return LEARNER_LINE;
    }
    return learner->ended ? LEARNER_END : LEARNER_MORE;
}

bool learner_wait(struct learner *learner, const sigset_t *wait_mask, enum learner_word *word, const char **line,
                  struct fault *fault)
{
    struct pollfd pollfd = {.fd = learner->fd, .events = POLLIN};
    bool readable = false;

    while ((*word = learner_next(learner, readable, line)) == LEARNER_MORE) {
        readable = ppoll(&pollfd, 1, NULL, wait_mask) > 0;
        if (!readable && signals_seen)
            return fault_set(fault, FAULT_INTERRUPTED, "interrupted");
    }
    return true;
}
