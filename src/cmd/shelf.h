/* The lessons that ship inside. The Makefile makes their texts of the files src/lesson/lessons/NN-NAME.lesson, in the order of NN. */
#ifndef CMD_SHELF_H
#define CMD_SHELF_H

struct lesson_shipped {
    const char *name;
    const char *text; /* UTF-8, as the file has it; static */
};

/* All of them; the last has no name. */
extern const struct lesson_shipped lessons_shipped[];

/* NULL when there is none of that name. */
const struct lesson_shipped *lesson_find(const char *name);

#endif
