/* The lessons that ship inside. The Makefile makes their texts of the files lesson/lessons/NN-NAME.lesson, in the order of NN. */
#ifndef LESSON_SHIPPED_H
#define LESSON_SHIPPED_H

struct lesson_shipped {
    const char *name;
    const char *text; /* UTF-8, as the file has it; static */
};

/* All of them; the last has no name. */
extern const struct lesson_shipped lessons_shipped[];

/* NULL when there is none of that name. */
const struct lesson_shipped *lesson_find(const char *name);

#endif
