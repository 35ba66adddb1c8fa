#include "cmd/help.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cmd/manual.h"
#include "cmd/messages.h"
#include "step/help.h"

#define COLUMNS 80

static void print_line(void *context, const char *line)
{
    (void)context;
    puts(line);
}

bool help_step(const char *subject, struct fault *fault)
{
    const char *near;

    if (step_help(subject, COLUMNS, print_line, NULL, &near))
        return true;
    if (near)
        return fault_set(fault, FAULT_USAGE, "there is no help on '%s'; is it %s?", subject, near);
    return fault_set(fault, FAULT_USAGE, "there is no help on '%s'", subject);
}

bool help_words(int count, char **words, struct fault *fault)
{
    char subject[80];
    struct text text;

    if (count == 1 && strcmp(words[0], "mdoc") == 0) { /* for `make manual` */
        manual_print(stdout);
        return true;
    }
    if (count == 1 && strcmp(words[0], "po") == 0) /* for `make po` */
        return messages_print(fault);
    text_init(&text, subject, sizeof(subject));
    for (int i = 0; i < count; i++)
        text_add(&text, "%s%s", i > 0 ? " " : "", words[i]);
    return help_step(count == 1 && strcmp(words[0], "steps") == 0 ? "" : subject, fault);
}
