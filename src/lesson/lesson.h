/*
 * A lesson: prose, questions, steps of the step language, and statements about what they have shown. tcpwalk-lesson(5) has the
 * format: a text of paragraphs, each with a word and a colon before it that says what it is, or none for prose; indented lines
 * are steps.
 *
 * Pure: no input or output, no heap. A lesson's storage is the caller's.
 */
#ifndef LESSON_LESSON_H
#define LESSON_LESSON_H

#include <stdbool.h>
#include <stddef.h>

#include "lesson/facts.h"
#include "step/script.h"

enum lesson_item_kind {
    LESSON_PROSE,
    LESSON_PEER,  /* a new connection: a service or client of the lab, then options of the command line */
    LESSON_LONG,  /* the part takes long: what is said where it is left out */
    LESSON_ASK,   /* a question ... */
    LESSON_RIGHT, /* ... its right answer, */
    LESSON_WRONG, /* and the others, in the order in which they are offered */
    LESSON_STEPS,
    LESSON_CHECK, /* a test on what was seen */
    LESSON_END,   /* the connection ends here; what follows looks at it as a whole */
    LESSON_TRUE,  /* a statement, said if all steps and checks above it have come true */
    LESSON_FALSE, /* said in its place if not */
};

struct lesson_item {
    enum lesson_item_kind kind;
    unsigned line, column; /* of its text, counted from 1 */
    const char *text; /* (borrowed) a paragraph on one line with single blanks; of steps, the lines as they stand */
    size_t length;
    struct check check; /* LESSON_CHECK */
};

struct lesson {
    const char *title, *summary; /* (borrowed) */
    struct lesson_item *items;   /* (borrowed) storage for items_room items */
    unsigned count, items_room;
    char *bytes; /* (borrowed) storage for the texts */
    size_t bytes_used, bytes_room;
};

/* So much storage is enough for a text of so many bytes. */
#define LESSON_ITEMS(length) ((unsigned)((length) / 2 + 1))
#define LESSON_BYTES(length) (2 * (length) + 64)

/* An empty lesson on this storage. */
void lesson_init(struct lesson *lesson, struct lesson_item *items, unsigned items_room, char *bytes, size_t bytes_room);

/*
 * Reads a text of UTF-8 into an empty lesson. The steps are only told from the rest: whether they are steps is for
 * script_parse(). False with *error set, whose column counts characters.
 */
bool lesson_parse(struct lesson *lesson, const char *text, size_t length, struct script_error *error);

/* The word of an item in a lesson's text ("ask"), or NULL for prose and steps. Static text. */
const char *lesson_word(enum lesson_item_kind kind);

/* Is it a text for people, which can be translated? */
bool lesson_is_words(enum lesson_item_kind kind);

#endif
