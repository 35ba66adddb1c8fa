/* The scripts that ship inside: each named walk is one of them, and can be printed and changed. */
#ifndef STEP_SHIPPED_H
#define STEP_SHIPPED_H

/* A walk with a name. */
struct shipped {
    const char *name;
    const char *text; /* in the step language, with comments; static */
};

/* All of them; the last has no name. `send ""` stands where --send puts its bytes. */
extern const struct shipped shipped_scripts[];

/* NULL when there is none of that name. */
const struct shipped *shipped_find(const char *name);

#endif
