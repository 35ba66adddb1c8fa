/* The walk along the tables: text to steps. */
#include <string.h>

#include "base/text.h"
#include "step/parser.h"

void script_init(struct script *script, struct step *steps, unsigned steps_room, char *bytes, size_t bytes_room)
{
    *script = (struct script){.steps = steps, .steps_room = steps_room, .bytes = bytes, .bytes_room = bytes_room};
}

static bool at_step_end(const struct parser *parser)
{
    return parser->lexer.token.kind == TOKEN_STEP_END || parser->lexer.token.kind == TOKEN_TEXT_END;
}

/* The row whose second word this is, or else the one of the first word alone. */
static const struct grammar_word *second_word(struct parser *parser, const struct grammar_word *first)
{
    const struct token *token = &parser->lexer.token;
    size_t length = strlen(first->name);

    for (const struct grammar_word *word = grammar_words; word->name; word++) {
        if (strncmp(word->name, first->name, length) == 0 && word->name[length] == ' ' && token->kind == TOKEN_WORD &&
            span_is(token->span, word->name + length + 1)) {
            lexer_next(&parser->lexer);
            return word;
        }
    }
    return first;
}

/* Finds the row, and makes the step what its word alone says. */
static bool read_word(struct parser *parser)
{
    const struct token *token = &parser->lexer.token;
    const struct grammar_word *word = grammar_words;

    parser->asked = ASKED_WORD;
    parser->start = token->span.at;
    while (word->name && !(token->kind == TOKEN_WORD && span_is(token->span, word->name)))
        word++;
    if (!word->name)
        return wrong_here(parser);
    parser->step = (struct step){
        .line = parser->lexer.line, .column = lexer_column(&parser->lexer, parser->start), .within = NANOS_NONE};
    lexer_next(&parser->lexer);
    word = second_word(parser, word);
    parser->row = word;
    parser->clauses = 0;
    parser->step.kind = word->kind;
    if (word->kind == STEP_SEGMENT) {
        parser->step.segment.word = word->segment_word;
        parser->step.segment.flags = word->flags;
        parser->bytes = &parser->step.segment.data;
    } else if (word->kind == STEP_SEND) {
        parser->bytes = &parser->step.send;
    } else if (word->kind == STEP_EXPECT_STATE) {
        parser->step.state.of_local = word->of_local;
    }
    return true;
}

/* What must or may stand at each place, from left to right. */
static bool read_places(struct parser *parser)
{
    parser->asked = ASKED_PLACES;
    parser->from = 0;
    for (unsigned i = 0; i < GRAMMAR_PLACES && parser->row->places[i].argument; i++) {
        switch (argument_read(parser, parser->row->places[i].argument)) {
        case READ_DONE:
            parser->from = i + 1;
            break;
        case READ_OTHER:
            if (!parser->row->places[i].optional)
                return wrong_here(parser);
            break;
        case READ_WRONG:
            return false;
        }
    }
    return true;
}

/* What a clause says by being there. */
static void apply_clause(struct parser *parser, const struct grammar_clause *clause)
{
    parser->clauses |= clause->clause;
    if (clause->clause == CLAUSE_DATA)
        parser->step.segment.has_data = true;
    if (clause->clause == CLAUSE_CERTAINTY) {
        parser->step.state.has_certainty = true;
        parser->step.state.certainty = strcmp(clause->name, certainty_name(PROVEN)) == 0 ? PROVEN : PRESUMED;
    }
}

/* The clause that the current token begins, if the row has it; or the table's last row. */
static const struct grammar_clause *find_clause(const struct parser *parser)
{
    const struct token *token = &parser->lexer.token;
    const struct grammar_clause *clause = grammar_clauses;

    while (clause->name && !((parser->row->clauses & clause->clause) && token->kind == TOKEN_WORD &&
                             span_is(token->span, clause->name)))
        clause++;
    return clause;
}

/* Of words that exclude each other, it may have been the other one that was there. */
static bool wrong_again(struct parser *parser, const struct grammar_clause *clause)
{
    char names[40];
    struct text text;

    text_init(&text, names, sizeof(names));
    for (const struct grammar_clause *row = grammar_clauses; row->name; row++)
        if (row->clause == clause->clause)
            text_add(&text, "%s%s", text.used ? " or " : "", row->name);
    return wrong(parser, parser->lexer.token.span.at, "%s was given before in this step", names);
}

static enum reading read_clause(struct parser *parser)
{
    const struct grammar_clause *clause = find_clause(parser);
    const char *at = parser->lexer.token.span.at, *other, *why;

    if (!clause->name && (parser->row->clauses & CLAUSE_SET))
        return field_read(parser, USE_BY_HAND);
    if (!clause->name && (parser->row->clauses & CLAUSE_COMPARE))
        return field_read(parser, USE_EXPECTED);
    if (!clause->name)
        return READ_OTHER;
    other = excluded_by(parser, clause->name, &why);
    if (other) {
        wrong(parser, at, "%s does not go with %s: %s", clause->name, other, why);
        return READ_WRONG;
    }
    if (parser->clauses & clause->clause) {
        wrong_again(parser, clause);
        return READ_WRONG;
    }
    lexer_next(&parser->lexer);
    apply_clause(parser, clause);
    return clause->argument && !argument_require(parser, clause->argument) ? READ_WRONG : READ_DONE;
}

/* Clauses in any order, up to the end of the step. */
static bool read_clauses(struct parser *parser)
{
    while (!at_step_end(parser)) {
        switch (read_clause(parser)) {
        case READ_DONE:
            parser->from = GRAMMAR_PLACES;
            break;
        case READ_OTHER:
            return wrong_here(parser);
        case READ_WRONG:
            return false;
        }
    }
    /* Here a step may end; whoever wants to complete it may as well go on. */
    return !(parser->lexer.token.kind == TOKEN_TEXT_END && parser->offer) || wrong_here(parser);
}

/* Puts the step into the script, with its text. */
static bool keep(struct parser *parser)
{
    struct script *script = parser->script;
    size_t room = script->bytes_room - script->bytes_used;
    char *text = script->bytes + script->bytes_used;
    size_t length = script_print_step(&parser->step, text, room);

    if (script->count == script->steps_room)
        return wrong(parser, parser->start, "the script is too long: it can have %u step%s", script->steps_room,
                     script->steps_room == 1 ? "" : "s");
    if (length >= room)
        return wrong_room(parser);
    parser->step.text = text;
    script->bytes_used += length + 1;
    script->steps[script->count++] = parser->step;
    return true;
}

bool parse_steps(struct parser *parser)
{
    for (;;) {
        while (parser->lexer.token.kind == TOKEN_STEP_END)
            lexer_next(&parser->lexer);
        if (parser->lexer.token.kind == TOKEN_TEXT_END) {
            parser->asked = ASKED_WORD;
            return !parser->offer || wrong_here(parser);
        }
        if (!read_word(parser) || !read_places(parser) || !read_clauses(parser) || !keep(parser))
            return false;
    }
}

bool script_parse(struct script *script, const char *text, size_t length, unsigned first_line,
                  struct script_error *error)
{
    struct script before = *script;
    struct parser parser = {.script = script, .error = error};

    lexer_init(&parser.lexer, text, length, first_line);
    if (parse_steps(&parser))
        return true;
    *script = before;
    return false;
}
