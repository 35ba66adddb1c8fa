/* Who takes a lesson: the lines that are typed, or come from a file, without ever waiting where a walk goes on. */
#ifndef CMD_LEARNER_H
#define CMD_LEARNER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"

#define LEARNER_ROOM 512

struct learner {
    int fd;
    bool terminal;
    bool ended; /* no more will come */
    char bytes[LEARNER_ROOM];
    size_t used, passed; /* passed: bytes of the line that was given last */
};

enum learner_word {
    LEARNER_LINE,
    LEARNER_MORE, /* nothing whole yet */
    LEARNER_END,
};

/* Starts with this descriptor, which stays the caller's. */
void learner_init(struct learner *learner, int fd);

/* Forgets what was typed before anything was asked for; from a file nothing is forgotten. */
void learner_attend(struct learner *learner);

/*
 * The next line, without its end and the blanks around it; borrowed until the next call. Reads at most once, and only with
 * readable; otherwise what was read before.
 */
enum learner_word learner_next(struct learner *learner, bool readable, const char **line);

/* Waits for the next line. False with a fault of kind FAULT_INTERRUPTED when a signal came meanwhile. */
bool learner_wait(struct learner *learner, const sigset_t *wait_mask, enum learner_word *word, const char **line,
                  struct fault *fault);

#endif
