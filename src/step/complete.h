/* What can be typed next: completion of the step language at a prompt or for a shell. Pure. */
#ifndef STEP_COMPLETE_H
#define STEP_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

/* One way to go on. */
struct candidate {
    const char *text; /* takes the place of the line from completion.start to the cursor; valid during the call */
    const char *what; /* a few words about it, or NULL. Static text */
    bool open;        /* the word is not finished with it: no blank behind it */
};

typedef void candidate_taker(void *context, const struct candidate *candidate);

struct completion {
    size_t start;   /* where in the line the part begins that candidates replace */
    unsigned count; /* of the candidates */
    bool is_path;   /* here stands the path of a file: there are no candidates, but files */
};

/*
 * Gives every candidate for the word at the cursor, in the order of the tables, to take. The line is one line of a
 * script; steps before the last one are not looked at. Nothing is given where anything might stand (a number, a
 * string), inside a comment, or where what stands before the word is wrong already.
 */
struct completion step_complete(const char *line, size_t cursor, candidate_taker *take, void *context);

#endif
