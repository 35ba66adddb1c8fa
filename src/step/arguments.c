/* How each kind of argument is read and printed. */
#include <inttypes.h>
#include <string.h>

#include "core/segment.h"
#include "step/parser.h"
#include "step/values.h"

struct sink store_begin(const struct parser *parser)
{
    const struct script *script = parser->script;

    return (struct sink){.at = script->bytes + script->bytes_used, .size = script->bytes_room - script->bytes_used};
}

bool store_end(struct parser *parser, struct sink *sink, const char **out)
{
    if (!sink_end(sink))
        return wrong_room(parser);
    *out = sink->at;
    parser->script->bytes_used += sink->length + 1;
    return true;
}

/* The current token, when it is a word that this is. */
static bool is_word(const struct parser *parser, const char *word)
{
    return parser->lexer.token.kind == TOKEN_WORD && span_is(parser->lexer.token.span, word);
}

static enum reading took(struct parser *parser)
{
    lexer_next(&parser->lexer);
    return READ_DONE;
}

bool argument_require(struct parser *parser, enum argument argument)
{
    enum asked asked = parser->asked;
    enum reading reading;

    parser->asked = ASKED_ARGUMENT;
    parser->argument = argument;
    reading = argument_read(parser, argument);
    if (reading == READ_OTHER)
        return wrong_here(parser);
    parser->asked = asked;
    return reading == READ_DONE;
}

static enum reading read_next(struct parser *parser)
{
    if (!is_word(parser, "next"))
        return READ_OTHER;
    parser->step.expect.next = true;
    return took(parser);
}

static bool print_next(struct sink *sink, const struct step *step)
{
    if (step->expect.next)
        sink_text(sink, "next");
    return step->expect.next;
}

static enum reading read_flags(struct parser *parser, uint8_t *flags, uint8_t *optional)
{
    const struct token *token = &parser->lexer.token;
    const char *words = token->kind == TOKEN_WORD ? flags_read(token->span, flags, optional) : "";
    char word[QUOTED];

    if (!words)
        return took(parser);
    if (*words == '\0')
        return READ_OTHER;
    wrong(parser, token->span.at, "%s %s", quoted(token->span, word), words);
    return READ_WRONG;
}

static enum reading read_flags_by_hand(struct parser *parser)
{
    return read_flags(parser, &parser->step.segment.flags, NULL);
}

static bool print_flags_by_hand(struct sink *sink, const struct step *step)
{
    flags_print(sink, step->segment.flags, 0);
    return true;
}

static enum reading read_flags_expected(struct parser *parser)
{
    struct step_expect_segment *expect = &parser->step.expect;
    enum reading reading;

    if (is_word(parser, "any")) {
        expect->any_flags = true;
        return took(parser);
    }
    reading = read_flags(parser, &expect->flags, &expect->flags_optional);
    if (reading == READ_DONE)
        expect->flags_optional |= (uint8_t)(FLAGS_UNASKED & ~expect->flags);
    return reading;
}

static bool print_flags_expected(struct sink *sink, const struct step *step)
{
    if (step->expect.any_flags)
        sink_text(sink, "any");
    else
        flags_print(sink, step->expect.flags, (uint8_t)(step->expect.flags_optional & ~FLAGS_UNASKED));
    return true;
}

/* The inside of a string that is closed. */
static bool read_quoted(struct parser *parser, bool pattern, const char **bytes, uint32_t *length)
{
    const struct token *token = &parser->lexer.token;
    struct span inner = {token->span.at + 1, token->span.length - 2};
    struct sink sink = store_begin(parser);
    const char *where = token->span.at, *words;

    if (token->unclosed)
        return wrong(parser, where, "the string that begins here is not closed by \" in its line");
    words = pattern ? pattern_read(inner, &sink, &where) : text_read(inner, &sink, &where);
    if (words)
        return wrong(parser, where, "%s", words);
    *length = (uint32_t)sink.length;
    return store_end(parser, &sink, bytes);
}

static enum reading read_text(struct parser *parser)
{
    const char *where = parser->lexer.token.span.at;
    const char *bytes = NULL;

    if (!read_quoted(parser, false, &bytes, &parser->bytes->len))
        return READ_WRONG;
    if (parser->step.kind == STEP_SEGMENT && parser->bytes->len > PAYLOAD_MOST) {
        wrong(parser, where, "a segment can carry %u bytes, not %" PRIu32, PAYLOAD_MOST, parser->bytes->len);
        return READ_WRONG;
    }
    parser->bytes->kind = BYTES_TEXT;
    parser->bytes->bytes = (const uint8_t *)bytes;
    return took(parser);
}

/* A string, or one of the words of the argument and what belongs to it. */
static enum reading read_bytes_as(struct parser *parser, enum argument argument)
{
    static const struct {
        const char *word;
        enum argument then;
    } forms[] = {{"hex", ARGUMENT_HEX}, {"file", ARGUMENT_PATH}, {"zeros", ARGUMENT_ZEROS}};

    if (parser->lexer.token.kind == TOKEN_STRING)
        return read_text(parser);
    for (const char *const *word = grammar_arguments[argument].words; *word; word++) {
        if (!is_word(parser, *word))
            continue;
        for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
            if (strcmp(*word, forms[i].word) == 0) {
                lexer_next(&parser->lexer);
                return argument_require(parser, forms[i].then) ? READ_DONE : READ_WRONG;
            }
        }
    }
    return READ_OTHER;
}

static enum reading read_bytes(struct parser *parser)
{
    return read_bytes_as(parser, ARGUMENT_BYTES);
}

static enum reading read_payload(struct parser *parser)
{
    return read_bytes_as(parser, ARGUMENT_PAYLOAD);
}

static enum reading read_hex(struct parser *parser)
{
    const struct token *token = &parser->lexer.token;
    struct sink sink = store_begin(parser);
    const char *bytes = NULL;

    if (token->kind != TOKEN_WORD || !hex_read(token->span, &sink))
        return READ_OTHER;
    if (parser->step.kind == STEP_SEGMENT && sink.length > PAYLOAD_MOST) {
        wrong(parser, token->span.at, "a segment can carry %u bytes, not %zu", PAYLOAD_MOST, sink.length);
        return READ_WRONG;
    }
    if (!store_end(parser, &sink, &bytes))
        return READ_WRONG;
    *parser->bytes =
        (struct step_bytes){.kind = BYTES_HEX, .bytes = (const uint8_t *)bytes, .len = (uint32_t)sink.length};
    return took(parser);
}

static enum reading read_path(struct parser *parser)
{
    const struct token *token = &parser->lexer.token;
    const char *where = token->span.at;
    struct sink sink = store_begin(parser);
    const char *path = NULL;
    uint32_t length = 0;

    if (token->kind == TOKEN_STRING) {
        if (!read_quoted(parser, false, &path, &length))
            return READ_WRONG;
    } else if (token->kind == TOKEN_WORD) {
        for (size_t i = 0; i < token->span.length; i++)
            sink_byte(&sink, token->span.at[i]);
        length = (uint32_t)sink.length;
        if (!store_end(parser, &sink, &path))
            return READ_WRONG;
    } else {
        return READ_OTHER;
    }
    if (length == 0 || memchr(path, '\0', length)) {
        wrong(parser, where, length ? "there can be no byte 0 in a path" : "the path is empty");
        return READ_WRONG;
    }
    *parser->bytes = (struct step_bytes){.kind = BYTES_FILE, .path = path};
    return took(parser);
}

static enum reading read_zeros(struct parser *parser)
{
    const struct token *token = &parser->lexer.token;
    uint32_t count;

    if (token->kind != TOKEN_WORD || !plain_read(token->span, &count) || count == 0 || count > ZEROS_MOST)
        return READ_OTHER;
    *parser->bytes = (struct step_bytes){.kind = BYTES_ZEROS, .len = count};
    return took(parser);
}

/* A path that is one word wherever it stands goes without quotes. */
static void print_path(struct sink *sink, const char *path)
{
    static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,:@%^~";

    if (*path && path[strspn(path, harmless)] == '\0')
        sink_text(sink, path);
    else
        text_print(sink, (const uint8_t *)path, strlen(path));
}

static bool print_bytes(struct sink *sink, const struct step *step)
{
    const struct step_bytes *bytes = step->kind == STEP_SEGMENT ? &step->segment.data : &step->send;

    switch (bytes->kind) {
    case BYTES_TEXT:
        text_print(sink, bytes->bytes, bytes->len);
        break;
    case BYTES_HEX:
        sink_text(sink, "hex ");
        hex_print(sink, bytes->bytes, bytes->len);
        break;
    case BYTES_FILE:
        sink_text(sink, "file ");
        print_path(sink, bytes->path);
        break;
    case BYTES_ZEROS:
        sink_format(sink, "zeros %" PRIu32, bytes->len);
        break;
    }
    return true;
}

static enum reading read_pattern(struct parser *parser)
{
    struct step_expect_data *data = &parser->step.data;
    const char *where = parser->lexer.token.span.at;

    if (parser->lexer.token.kind != TOKEN_STRING)
        return READ_OTHER;
    if (!read_quoted(parser, true, &data->pattern, &data->len))
        return READ_WRONG;
    if (data->len == 0) {
        wrong(parser, where, "an empty pattern would match before anything has come");
        return READ_WRONG;
    }
    return took(parser);
}

static bool print_pattern(struct sink *sink, const struct step *step)
{
    pattern_print(sink, step->data.pattern, step->data.len);
    return true;
}

/* One name of STATE|STATE, in any case. */
static bool read_state(struct parser *parser, struct span name)
{
    struct near near = {.typed = name};
    char word[QUOTED], all[STATE_SET_TEXT];

    for (unsigned i = 0; i < STATE_COUNT; i++) {
        const char *right = state_name((enum state)i);
        if (strlen(right) == name.length && strncasecmp(right, name.at, name.length) == 0) {
            parser->step.state.states |= IN(i);
            return true;
        }
        near_try(&near, right);
    }
    quoted(name, word);
    if (near.best)
        return wrong(parser, name.at, "%s is no state; did you mean %s?", word, near.best);
    return wrong(parser, name.at, "%s is no state: there are %s", word, state_set_text(ALL_STATES, ", ", all));
}

static enum reading read_states(struct parser *parser)
{
    struct span rest = parser->lexer.token.span;

    if (parser->lexer.token.kind != TOKEN_WORD)
        return READ_OTHER;
    for (;;) {
        const char *bar = memchr(rest.at, '|', rest.length);
        size_t length = bar ? (size_t)(bar - rest.at) : rest.length;

        if (!read_state(parser, (struct span){rest.at, length}))
            return READ_WRONG;
        if (!bar)
            return took(parser);
        rest = (struct span){bar + 1, rest.length - length - 1};
    }
}

static bool print_states(struct sink *sink, const struct step *step)
{
    char text[STATE_SET_TEXT];

    sink_text(sink, state_set_text(step->state.states, "|", text));
    return true;
}

static enum reading read_icmp(struct parser *parser)
{
    const char *name;

    for (unsigned i = 0; (name = icmp_error_name_at(i)); i++) {
        if (is_word(parser, name)) {
            strcpy(parser->step.icmp, name);
            return took(parser);
        }
    }
    return READ_OTHER;
}

static bool print_icmp(struct sink *sink, const struct step *step)
{
    sink_text(sink, step->icmp);
    return step->icmp[0] != '\0';
}

static enum reading read_for(struct parser *parser)
{
    return is_word(parser, "for") ? took(parser) : READ_OTHER;
}

static bool print_for(struct sink *sink, const struct step *step)
{
    (void)step;
    sink_text(sink, "for");
    return true;
}

static enum reading read_duration(struct parser *parser)
{
    const struct token *token = &parser->lexer.token;

    if (token->kind != TOKEN_WORD || !duration_read(token->span, &parser->step.within))
        return READ_OTHER;
    return took(parser);
}

static bool print_duration(struct sink *sink, const struct step *step)
{
    duration_print(sink, step->within);
    return true;
}

static const char *const automatic_words[] = {
    [AUTO_ACK] = "ack", [AUTO_RETRANSMIT] = "retransmit", [AUTO_PROBE] = "probe"};

static enum reading read_auto(struct parser *parser)
{
    for (unsigned i = 0; i < sizeof(automatic_words) / sizeof(automatic_words[0]); i++)
        if (is_word(parser, automatic_words[i])) {
            parser->step.automatic.what = (enum automatic)i;
            return took(parser);
        }
    return READ_OTHER;
}

static bool print_auto(struct sink *sink, const struct step *step)
{
    sink_text(sink, automatic_words[step->automatic.what]);
    return true;
}

/* Without a word the probes are chosen. */
static const char *const scope_words[PROBE_SCOPES] = {
    [PROBE_ALL] = "all",
    [PROBE_DESTRUCTIVE] = "destructive",
    [PROBE_ONLY_OLD_BYTE] = "old-byte",
    [PROBE_ONLY_OLD_ACK] = "old-ack",
    [PROBE_ONLY_BARE] = "bare",
    [PROBE_ONLY_SYN_COPY] = "syn-copy",
};

static enum reading read_scope(struct parser *parser)
{
    for (unsigned i = PROBE_ALL; i < PROBE_SCOPES; i++)
        if (is_word(parser, scope_words[i])) {
            parser->step.probe = (enum probe_scope)i;
            return took(parser);
        }
    return READ_OTHER;
}

static bool print_scope(struct sink *sink, const struct step *step)
{
    if (step->probe == PROBE_CHOSEN)
        return false;
    sink_text(sink, scope_words[step->probe]);
    return true;
}

static enum reading read_switch(struct parser *parser)
{
    parser->step.automatic.on = is_word(parser, "on");
    return parser->step.automatic.on || is_word(parser, "off") ? took(parser) : READ_OTHER;
}

static bool print_switch(struct sink *sink, const struct step *step)
{
    sink_text(sink, step->automatic.on ? "on" : "off");
    return true;
}

static const struct {
    enum reading (*read)(struct parser *parser);
    bool (*print)(struct sink *sink, const struct step *step);
} ways[ARGUMENT_COUNT] = {
    [ARGUMENT_NEXT] = {read_next, print_next},
    [ARGUMENT_FLAGS] = {read_flags_by_hand, print_flags_by_hand},
    [ARGUMENT_FLAGS_EXPECTED] = {read_flags_expected, print_flags_expected},
    [ARGUMENT_BYTES] = {read_bytes, print_bytes},
    [ARGUMENT_PAYLOAD] = {read_payload, print_bytes},
    [ARGUMENT_HEX] = {read_hex, NULL},     /* part of ARGUMENT_BYTES, and so printed there */
    [ARGUMENT_PATH] = {read_path, NULL},   /* likewise */
    [ARGUMENT_ZEROS] = {read_zeros, NULL}, /* likewise */
    [ARGUMENT_PATTERN] = {read_pattern, print_pattern},
    [ARGUMENT_STATES] = {read_states, print_states},
    [ARGUMENT_ICMP] = {read_icmp, print_icmp},
    [ARGUMENT_FOR] = {read_for, print_for},
    [ARGUMENT_DURATION] = {read_duration, print_duration},
    [ARGUMENT_AUTO] = {read_auto, print_auto},
    [ARGUMENT_SWITCH] = {read_switch, print_switch},
    [ARGUMENT_SCOPE] = {read_scope, print_scope},
};

enum reading argument_read(struct parser *parser, enum argument argument)
{
    return ways[argument].read(parser);
}

bool argument_print(struct sink *sink, const struct step *step, enum argument argument)
{
    return ways[argument].print(sink, step);
}
