/* A fault: an error as words in the caller's buffer, with the kind that decides the exit status. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdbool.h>

enum fault_kind {
    FAULT_NONE,
    FAULT_USAGE,       /* the command line or the script is wrong */
    FAULT_UNREACHABLE, /* nothing can be reached: no route, unknown host */
    FAULT_LOCAL,       /* permission, interface, port taken, guard, full disk */
    FAULT_INTERRUPTED, /* a signal asked us to stop */
};

#define FAULT_WORDS 320

struct fault {
    enum fault_kind kind;
    char words[FAULT_WORDS]; /* "context: what", without a newline */
};

/*
 * Fills the fault with printf-style words (cut at the buffer's end). Always returns false, so that the place
 * that finds an error can say `return fault_set(...)`. A fault that is already set is kept: the first cause
 * counts.
 */
bool fault_set(struct fault *fault, enum fault_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "context: " before the words of a fault that is set; returns false. */
bool fault_context(struct fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
