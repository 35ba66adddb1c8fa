#include "cmd/candidates.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/shelf.h"
#include "lab/lab.h"
#include "measure/measure.h"
#include "step/complete.h"
#include "step/grammar.h"

/* What stands at a place that no command names. */
#define BARE_OPERANDS "HOST PORT [STEP...]"

struct candidates {
    FILE *out;
    const char *typed; /* the word at the cursor, as far as it goes */
    char **operands;   /* (borrowed) before the cursor, without options */
    int count;
    bool in_lab;
};

/* ---- candidates ---- */

static void tell(const struct candidates *self, const char *kind, const char *text, const char *what)
{
    if (strncmp(text, self->typed, strlen(self->typed)) == 0)
        fprintf(self->out, "%s\t%s\t%s\n", kind, text, what ? what : "");
}

static void tell_commands(const struct candidates *self)
{
    for (const struct command *command = commands; command->name; command++)
        if (!self->in_lab || command->walks)
            tell(self, "word", command->name, command->summary);
    if (self->in_lab)
        tell(self, "word", "serve", "run the servers in the network where you are");
}

static void tell_lab(const struct candidates *self, bool services, bool clients)
{
    for (const struct lab_service *service = lab_services; services && service->name; service++)
        tell(self, "word", service->name, service->what);
    for (const struct lab_client *client = lab_clients; clients && client->name; client++)
        tell(self, "word", client->name, client->what);
}

static void tell_options(const struct candidates *self)
{
    char text[40];

    for (const struct option_row *row = option_rows; row->name; row++) {
        snprintf(text, sizeof(text), "--%s", row->name);
        tell(self, "word", text, row->help);
    }
}

static void tell_help(const struct candidates *self)
{
    char first[32];

    tell(self, "word", "steps", "all of them");
    for (const struct grammar_word *word = grammar_words; word->name; word++) {
        snprintf(first, sizeof(first), "%.*s", (int)strcspn(word->name, " "), word->name);
        if (strcmp(first, word->name) == 0)
            tell(self, "word", first, word->summary);
    }
    for (const struct grammar_topic *topic = grammar_topics; topic->name; topic++)
        tell(self, "word", topic->name, topic->summary);
}

static void tell_lessons(const struct candidates *self)
{
    for (const struct lesson_shipped *shipped = lessons_shipped; shipped->name; shipped++)
        tell(self, "word", shipped->name, NULL);
    tell(self, "word", "all", "all of them");
    fprintf(self->out, "files\n");
}

/* Does the list "isn,rtt,", so many bytes long, have that name? */
static bool list_has(const char *list, size_t length, const char *name)
{
    for (size_t at = 0, one; at < length; at += one + 1) {
        one = strcspn(list + at, ",");
        if (one == strlen(name) && memcmp(list + at, name, one) == 0)
            return true;
    }
    return false;
}

/* What can be measured: one, or one more behind those that are named already. */
static void tell_measurements(const struct candidates *self)
{
    const char *comma = strrchr(self->typed, ',');
    size_t length = comma ? (size_t)(comma + 1 - self->typed) : 0;
    char text[256];

    for (const struct measure_kind *const *kind = measure_kinds; *kind; kind++) {
        if (list_has(self->typed, length, (*kind)->name))
            continue;
        snprintf(text, sizeof(text), "%.*s%s", (int)length, self->typed, (*kind)->name);
        tell(self, "word", text, (*kind)->summary);
    }
    if (!comma)
        tell(self, "word", "profile", "all that is known within seconds");
}

/* ---- steps ---- */

struct step_words {
    const struct candidates *self;
    const char *line;
    size_t word, start; /* where the word at the cursor begins, and the part of it that candidates replace */
};

static void take_step_word(void *context, const struct candidate *candidate)
{
    const struct step_words *words = context;

    fprintf(words->self->out, "%s\t%.*s%s\t%s\n", candidate->open ? "open" : "word", (int)(words->start - words->word),
            words->line + words->word, candidate->text, candidate->what ? candidate->what : "");
}

static void take_nothing(void *context, const struct candidate *candidate)
{
    (void)context, (void)candidate;
}

/* The steps are all words from the first on, joined by blanks. */
static void tell_steps(const struct candidates *self, int first)
{
    struct step_words words = {.self = self};
    size_t room = strlen(self->typed) + 1, used = 0;
    struct completion completion;
    char *line;

    for (int i = first; i < self->count; i++)
        room += strlen(self->operands[i]) + 1;
    line = malloc(room);
    if (!line)
        return;
    for (int i = first; i < self->count; i++)
        used += (size_t)snprintf(line + used, room - used, "%s ", self->operands[i]);
    snprintf(line + used, room - used, "%s", self->typed);
    words.line = line;
    words.word = used;
    /* Where the part begins is told only at the end. */
    completion = step_complete(line, strlen(line), take_nothing, NULL);
    words.start = completion.start < used ? used : completion.start;
    step_complete(line, strlen(line), take_step_word, &words);
    if (completion.is_path)
        fprintf(self->out, "files\n");
    free(line);
}

/* ---- operands ---- */

static bool is_in_lab(const char *word)
{
    return lab_service_find(word) || lab_client_find(word);
}

static bool name_is(const char *name, size_t length, const char *other)
{
    return length == strlen(other) && memcmp(name, other, length) == 0;
}

static bool is_host(const char *name, size_t length)
{
    return name_is(name, length, "HOST") || name_is(name, length, "[HOST]");
}

/* What can stand in the place of an operand, by its name in the usage of a command. */
static void tell_place(const struct candidates *self, const char *name, size_t length)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};

    if (name_is(name, length, "FILE"))
        fprintf(self->out, "files\n");
    else if (name_is(name, length, "PORT"))
        fprintf(self->out, "ports\n");
    else if (is_host(name, length))
        fprintf(self->out, "hosts\n");
    else if (name_is(name, length, "[STEP]"))
        tell_help(self);
    else if (name_is(name, length, "[LESSON]"))
        tell_lessons(self);
    else if (name_is(name, length, "WHAT[,WHAT...]"))
        tell_measurements(self);
    for (size_t i = 0; name_is(name, length, "bash|zsh|fish") && i < sizeof(shells) / sizeof(shells[0]); i++)
        tell(self, "word", shells[i], NULL);
}

/* Goes along the operands that a command takes, from the first one on, up to the one at the cursor. */
static void tell_operands(const struct candidates *self, const char *names, int first)
{
    bool passive = !strstr(names, "HOST"), either = strstr(names, "FILE");
    size_t length;

    for (int at = first; *names; names += length + strspn(names + length, " ")) {
        length = strcspn(names, " ");
        bool host = is_host(names, length), port = name_is(names, length, "PORT");
        if (name_is(names, length, "[STEP...]")) {
            tell_steps(self, at);
            return;
        }
        if (self->in_lab && host && at < self->count && is_in_lab(self->operands[at]))
            continue; /* there it can be left out */
        if (at++ < self->count)
            continue;
        if (self->in_lab && (host || port))
            tell_lab(self, !passive, passive || either);
        else
            tell_place(self, names, length);
        if (self->in_lab && host)
            tell(self, "word", "lab", "the server, by name");
        return;
    }
}

static void tell_line(struct candidates *self)
{
    const struct command *command = self->count > 0 ? command_find(self->operands[0]) : NULL;
    int first = command ? 1 : 0;

    if (command && strcmp(command->name, "lab") == 0) {
        self->in_lab = true;
        command = self->count > 1 ? command_find(self->operands[1]) : NULL;
        command = command && command->walks ? command : NULL;
        first = command ? 2 : 1;
    }
    if (self->count == 0 || (self->in_lab && self->count == 1))
        tell_commands(self);
    tell_operands(self, command ? command->operands : BARE_OPERANDS, first);
}

/* ---- words ---- */

/* The row of the option that this word is, if it takes a value; "--name=value" has it already. */
static const struct option_row *row_with_value(const char *word)
{
    for (const struct option_row *row = option_rows; row->name; row++)
        if (row->argument && ((word[0] == '-' && word[1] == '-' && strcmp(word + 2, row->name) == 0) ||
                              (row->letter && word[0] == '-' && word[1] == row->letter && word[2] == '\0')))
            return row;
    return NULL;
}

static void tell_value(const struct candidates *self, const struct option_row *row)
{
    if (strcmp(row->argument, "IF") == 0)
        fprintf(self->out, "interfaces\n");
    else if (strcmp(row->argument, "FILE") == 0)
        fprintf(self->out, "files\n");
}

void candidates_print(FILE *out, int count, char **words)
{
    struct candidates self = {.out = out, .typed = count > 0 ? words[count - 1] : ""};
    const struct option_row *row = count > 1 ? row_with_value(words[count - 2]) : NULL;

    self.operands = calloc((size_t)count + 1, sizeof(*self.operands));
    if (!self.operands)
        return;
    for (int i = 0; i + 1 < count; i++) {
        if (words[i][0] != '-')
            self.operands[self.count++] = words[i];
        else if (row_with_value(words[i]))
            i++;
    }
    if (row)
        tell_value(&self, row);
    else if (self.typed[0] == '-')
        tell_options(&self);
    else
        tell_line(&self);
    free(self.operands);
}
