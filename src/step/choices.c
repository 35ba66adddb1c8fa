/* What can stand where the parser is: for messages and for completion. */
#include <string.h>

#include "core/segment.h"
#include "step/parser.h"

/* The words that begin a step; of "expect state" and its like the first word has a row of its own. */
static void word_choices(choice_taker *take, void *context)
{
    for (const struct grammar_word *word = grammar_words; word->name; word++)
        if (!strchr(word->name, ' '))
            take(context, &(struct choice){.text = word->name, .what = word->summary});
}

static void argument_choices(enum argument argument, choice_taker *take, void *context)
{
    const struct grammar_argument *row = &grammar_arguments[argument];
    const char *name;

    if (row->free)
        take(context, &(struct choice){.text = row->free, .free = true, .string = row->string});
    for (const char *const *word = row->words; *word; word++)
        take(context, &(struct choice){.text = *word});
    for (const char *const *word = row->common; *word; word++)
        take(context, &(struct choice){.text = *word, .likely = true});
    for (unsigned i = 0; argument == ARGUMENT_STATES && i < STATE_COUNT; i++)
        take(context, &(struct choice){.text = state_name((enum state)i), .likely = true, .state = true});
    for (unsigned i = 0; argument == ARGUMENT_ICMP && (name = icmp_error_name_at(i)); i++)
        take(context, &(struct choice){.text = name, .likely = true});
}

/* Two-word rows: what may follow the first word instead of what its own row has. */
static void second_word_choices(const struct grammar_word *row, choice_taker *take, void *context)
{
    size_t length = strlen(row->name);

    for (const struct grammar_word *word = grammar_words; word->name; word++)
        if (strncmp(word->name, row->name, length) == 0 && word->name[length] == ' ')
            take(context, &(struct choice){.text = word->name + length + 1, .what = word->summary});
}

static void clause_choices(const struct parser *parser, choice_taker *take, void *context)
{
    unsigned left = parser->row->clauses & ~parser->clauses;
    enum grammar_use use = left & CLAUSE_SET ? USE_BY_HAND : USE_EXPECTED;
    const char *why;

    if (left & (CLAUSE_SET | CLAUSE_COMPARE)) {
        take(context, &(struct choice){.text = "a field such as seq=+1", .free = true});
        for (const struct grammar_field *field = grammar_fields; field->name; field++)
            if ((field->uses & use) && !field_is_given(parser, field, COMPARE_EQUAL) &&
                !excluded_by(parser, field->name, &why))
                take(context,
                     &(struct choice){
                         .text = field->name, .what = field->what, .likely = true, .field = field, .use = use});
    }
    for (const struct grammar_clause *clause = grammar_clauses; clause->name; clause++)
        if ((left & clause->clause) && !excluded_by(parser, clause->name, &why))
            take(context, &(struct choice){.text = clause->name, .what = clause->what});
    take(context, &(struct choice){.text = "the end of the step", .free = true});
}

static void place_choices(const struct parser *parser, choice_taker *take, void *context)
{
    bool must = false;

    for (unsigned i = parser->from; i < GRAMMAR_PLACES && parser->row->places[i].argument && !must; i++) {
        argument_choices(parser->row->places[i].argument, take, context);
        must = !parser->row->places[i].optional;
    }
    if (parser->from == 0 && parser->clauses == 0)
        second_word_choices(parser->row, take, context);
    if (!must)
        clause_choices(parser, take, context);
}

void choices_here(const struct parser *parser, choice_taker *take, void *context)
{
    switch (parser->asked) {
    case ASKED_WORD:
        word_choices(take, context);
        break;
    case ASKED_PLACES:
        place_choices(parser, take, context);
        break;
    case ASKED_ARGUMENT:
        argument_choices(parser->argument, take, context);
        break;
    }
}
