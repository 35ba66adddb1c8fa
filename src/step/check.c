/* The order of steps, held against what a connection allows. The rules are bits of the rows in step/words.c. */
#include <stdio.h>

#include "step/grammar.h"
#include "step/script.h"

/* What the steps so far have done. */
struct so_far {
    const struct step *before; /* the step before, settings of our end left out, or NULL */
    const char *ended_by;      /* names of the words that did it, or NULL */
    const char *closed_by;     /* our direction alone, or both */
    bool any, begun, opened, syn;
};

static bool has_syn(const struct step *step)
{
    return step->kind == STEP_OPEN || step->kind == STEP_LISTEN ||
           (step->kind == STEP_SEGMENT && (step->segment.flags & TCP_SYN));
}

/* What is wrong with a word at its place, as the sentence that begins with the word. */
struct objection {
    const char *words; /* NULL: nothing */
    const char *cause; /* the word that is to blame, or "" */
    const char *why;   /* what follows it, or "" */
};

static struct objection object(const struct grammar_word *row, const struct so_far *so_far)
{
    bool begun = so_far->begun, after_listen = so_far->before && so_far->before->kind == STEP_LISTEN;
    const struct {
        unsigned order;
        bool objects;
        struct objection objection;
    } rules[] = {
        {ORDER_FIRST, so_far->any, {"can only be the first step", "", ""}},
        {ORDER_OPENS, so_far->opened, {"comes only once: a script is one connection", "", ""}},
        {ORDER_OPENS, begun, {"must be the first step that sends: here a connection has begun already", "", ""}},
        {ORDER_AFTER_LISTEN, !after_listen, {"comes only directly behind listen", "", ""}},
        {ORDER_AFTER_SYN, !so_far->syn, {"needs a SYN before it: listen, or syn", "", ""}},
        {ORDER_NEEDS, !begun, {"needs a connection: there is no open, listen or segment by hand before it", "", ""}},
        {ORDER_SENDS,
         so_far->closed_by != NULL,
         {"can't come behind ", so_far->closed_by, ": our direction is closed"}},
        {~0u,
         so_far->ended_by && !(row->order & ORDER_LATE),
         {"can't come behind ", so_far->ended_by, ": then there are only expectations, waits and segments by hand"}},
    };

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if ((row->order & rules[i].order) && rules[i].objects)
            return rules[i].objection;
    return (struct objection){.words = NULL};
}

bool script_check(const struct script *script, struct script_error *error)
{
    struct so_far so_far = {.before = NULL};

    if (script->count == 0) {
        *error = (struct script_error){.line = 1, .column = 1};
        snprintf(error->words, sizeof(error->words),
                 "there are no steps: a script begins with open, listen or a segment by hand");
        return false;
    }
    for (unsigned i = 0; i < script->count; i++) {
        const struct step *step = &script->steps[i];
        const struct grammar_word *row = grammar_word_of(step);
        struct objection objection = object(row, &so_far);

        if (objection.words) {
            *error =
                (struct script_error){.line = step->line ? step->line : 1, .column = step->column ? step->column : 1};
            snprintf(error->words, sizeof(error->words), "%s %s%s%s", row->name, objection.words, objection.cause,
                     objection.why);
            return false;
        }
        if (step->kind != STEP_AUTO)
            so_far.before = step;
        so_far.any = true;
        so_far.begun |= (row->order & ORDER_BEGINS) != 0;
        so_far.opened |= (row->order & ORDER_OPENS) != 0;
        so_far.syn |= has_syn(step);
        if (row->order & ORDER_ENDS)
            so_far.ended_by = row->name;
        if (row->order & ORDER_ENDS_SENDING)
            so_far.closed_by = row->name;
    }
    return true;
}
