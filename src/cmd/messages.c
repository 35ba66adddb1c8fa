#include "cmd/messages.h"

#include <stdio.h>

#include "cmd/lesson_plan.h"
#include "cmd/shelf.h"

static void put_quoted(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('"');
}

/* An entry; the same text twice is joined by msguniq. */
static void put_entry(const char *lesson, const char *kind, const char *text)
{
    printf("\n#. %s: %s\n#: src/lesson/lessons/%s.lesson\nmsgid ", lesson, kind ? kind : "prose", lesson);
    put_quoted(text);
    printf("\nmsgstr \"\"\n");
}

static void put_lesson(const char *name, const struct lesson *lesson)
{
    put_entry(name, "title", lesson->title);
    put_entry(name, "summary", lesson->summary);
    for (unsigned i = 0; i < lesson->count; i++)
        if (lesson_is_words(lesson->items[i].kind))
            put_entry(name, lesson_word(lesson->items[i].kind), lesson->items[i].text);
}

bool messages_print(struct fault *fault)
{
    const struct options options = {0};
    struct lesson_plan plan;
    bool read = true;

    printf("msgid \"\"\nmsgstr \"\"\n\"Content-Type: text/plain; charset=UTF-8\\n\"\n"
           "\"Content-Transfer-Encoding: 8bit\\n\"\n");
    for (const struct lesson_shipped *shipped = lessons_shipped; read && shipped->name; shipped++) {
        read = lesson_plan_open(&plan, shipped->name, &options, fault);
        if (read)
            put_lesson(shipped->name, &plan.lesson);
        lesson_plan_free(&plan);
    }
    return read;
}
