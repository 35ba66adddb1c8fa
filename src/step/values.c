#include "step/values.h"

#include <inttypes.h>
#include <string.h>

#include "step/grammar.h"

#define OFFSET_MOST INT64_C(0xffffffff)
#define WINDOWS_MOST 9

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool plain_read(struct span span, uint32_t *out)
{
    bool hex = span.length > 2 && span.at[0] == '0' && (span.at[1] == 'x' || span.at[1] == 'X');
    uint64_t value = 0;

    if (span.length == 0)
        return false;
    for (size_t i = hex ? 2 : 0; i < span.length; i++) {
        int digit = hex_digit(span.at[i]);
        if (digit < 0 || (!hex && digit > 9))
            return false;
        value = value * (hex ? 16 : 10) + (unsigned)digit;
        if (value > UINT32_MAX)
            return false;
    }
    *out = (uint32_t)value;
    return true;
}

/* "wnd" or a number, with the sign that stood before it. */
static bool read_term(struct span term, bool minus, struct number *out)
{
    uint32_t value;

    if (span_is(term, "wnd")) {
        out->windows = (int8_t)(out->windows + (minus ? -1 : 1));
        return out->windows <= WINDOWS_MOST && out->windows >= -WINDOWS_MOST;
    }
    if (!plain_read(term, &value))
        return false;
    out->offset += minus ? -(int64_t)value : (int64_t)value;
    return out->offset <= OFFSET_MOST && out->offset >= -OFFSET_MOST;
}

/* The base, if the span begins with one; what is left of the span follows it. */
static enum number_base read_base(struct span *rest)
{
    static const struct {
        const char *word;
        enum number_base base;
    } bases[] = {{"@", NUMBER_ABSOLUTE}, {"nxt", NUMBER_NEXT}, {"una", NUMBER_UNACKED}};

    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        size_t length = strlen(bases[i].word);
        if (rest->length >= length && memcmp(rest->at, bases[i].word, length) == 0) {
            rest->at += length;
            rest->length -= length;
            return bases[i].base;
        }
    }
    return NUMBER_INITIAL;
}

bool number_read(struct span span, struct number *out)
{
    struct number number = {.base = read_base(&span)};
    bool needs_sign = number.base == NUMBER_NEXT || number.base == NUMBER_UNACKED;
    const char *end = span.at + span.length;
    const char *at = span.at;

    if (at == end && !needs_sign)
        return false;
    if (number.base == NUMBER_ABSOLUTE && (*at < '0' || *at > '9'))
        return false;
    while (at < end) {
        bool is_signed = *at == '+' || *at == '-';
        bool minus = *at == '-';
        const char *term = at + is_signed;

        if (needs_sign && !is_signed)
            return false;
        for (at = term; at < end && *at != '+' && *at != '-';)
            at++;
        if (!read_term((struct span){term, (size_t)(at - term)}, minus, &number))
            return false;
        needs_sign = true;
    }
    if (number.base == NUMBER_ABSOLUTE)
        number.offset &= OFFSET_MOST;
    *out = number;
    return true;
}

void number_print(struct sink *sink, const struct number *number)
{
    static const char *const bases[] = {[NUMBER_INITIAL] = "", [NUMBER_NEXT] = "nxt", [NUMBER_UNACKED] = "una"};

    if (number->base == NUMBER_ABSOLUTE)
        sink_format(sink, "@%" PRId64, number->offset);
    else
        sink_text(sink, bases[number->base]);
    for (int i = number->windows; i > 0; i--)
        sink_text(sink, "+wnd");
    for (int i = number->windows; i < 0; i++)
        sink_text(sink, "-wnd");
    if (number->base != NUMBER_ABSOLUTE && number->offset != 0)
        sink_format(sink, "%+" PRId64, number->offset);
    if (number->base == NUMBER_INITIAL && number->offset == 0 && number->windows == 0)
        sink_text(sink, "0");
}

bool duration_read(struct span span, nanos *out)
{
    char text[48];

    if (span.length >= sizeof(text) || memchr(span.at, '\0', span.length))
        return false;
    memcpy(text, span.at, span.length);
    text[span.length] = '\0';
    return nanos_parse(text, out);
}

void duration_print(struct sink *sink, nanos span)
{
    static const struct {
        nanos length;
        const char *name;
    } units[] = {{NANOS_PER_S, "s"}, {NANOS_PER_MS, "ms"}, {NANOS_PER_US, "us"}, {1, "ns"}};
    size_t i = 0;

    while (span % units[i].length != 0)
        i++;
    sink_format(sink, "%" PRId64 "%s", span / units[i].length, units[i].name);
}

bool hex_read(struct span span, struct sink *out)
{
    if (span.length == 0 || span.length % 2 != 0)
        return false;
    for (size_t i = 0; i < span.length; i++)
        if (hex_digit(span.at[i]) < 0)
            return false;
    for (size_t i = 0; i < span.length; i += 2)
        sink_byte(out, (char)(hex_digit(span.at[i]) * 16 + hex_digit(span.at[i + 1])));
    return true;
}

void hex_print(struct sink *sink, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        sink_format(sink, "%02x", bytes[i]);
}

/* The escapes of a string, and whether a pattern reads them too. */
static const struct escape {
    char letter, byte;
    bool in_pattern;
} escapes[] = {{'r', '\r', true}, {'n', '\n', true},   {'t', '\t', true},
               {'"', '"', true},  {'\\', '\\', false}, {'0', '\0', false}};

#define ESCAPES (sizeof(escapes) / sizeof(escapes[0]))

/* One escape behind its backslash: how many characters it has, or 0. */
static size_t read_escape(const char *at, const char *end, bool pattern, char *out)
{
    if (end - at >= 3 && at[0] == 'x' && hex_digit(at[1]) >= 0 && hex_digit(at[2]) >= 0) {
        *out = (char)(hex_digit(at[1]) * 16 + hex_digit(at[2]));
        return 3;
    }
    for (size_t i = 0; i < ESCAPES; i++) {
        if (at < end && *at == escapes[i].letter && (!pattern || escapes[i].in_pattern)) {
            *out = escapes[i].byte;
            return 1;
        }
    }
    return 0;
}

const char *text_read(struct span inner, struct sink *out, const char **where)
{
    const char *end = inner.at + inner.length;

    for (const char *at = inner.at; at < end; at++) {
        char byte = *at;
        if (byte == '\\') {
            size_t taken = read_escape(at + 1, end, false, &byte);
            if (taken == 0) {
                *where = at;
                return "a backslash in a string is followed by r, n, t, 0, x and two hex digits, \\ or \"";
            }
            at += taken;
        }
        sink_byte(out, byte);
    }
    return NULL;
}

const char *pattern_read(struct span inner, struct sink *out, const char **where)
{
    const char *end = inner.at + inner.length;

    for (const char *at = inner.at; at < end; at++) {
        char byte = *at;
        size_t taken = byte == '\\' ? read_escape(at + 1, end, true, &byte) : 0;

        *where = at;
        if (*at == '\\' && at + 1 < end && at[1] == 'x' && taken == 0)
            return "\\x is followed by two hex digits";
        if (byte == '\0' || (*at == '\\' && at + 1 < end && at[1] == '0'))
            return "there can be no byte 0 in a pattern";
        sink_byte(out, byte);
        if (*at == '\\' && taken == 0 && at + 1 < end && at[1] != '\0')
            sink_byte(out, at[++taken]);
        at += taken;
    }
    return NULL;
}

/* What a byte is in quotes when nothing around it counts. */
static void print_byte(struct sink *sink, uint8_t byte, bool pattern)
{
    for (size_t i = 0; i < ESCAPES; i++) {
        if ((uint8_t)escapes[i].byte == byte && (!pattern || escapes[i].in_pattern)) {
            sink_byte(sink, '\\');
            sink_byte(sink, escapes[i].letter);
            return;
        }
    }
    if (byte < ' ' || byte > '~' || (pattern && byte == '\\'))
        sink_format(sink, "\\x%02x", byte);
    else
        sink_byte(sink, (char)byte);
}

void text_print(struct sink *sink, const uint8_t *bytes, size_t length)
{
    sink_byte(sink, '"');
    for (size_t i = 0; i < length; i++)
        print_byte(sink, bytes[i], false);
    sink_byte(sink, '"');
}

/* A backslash stays one with what follows it, unless together they would be read as something else. */
static bool stays_together(char next)
{
    return next > ' ' && next <= '~' && !strchr("rnt\"x0", next);
}

void pattern_print(struct sink *sink, const char *pattern, size_t length)
{
    sink_byte(sink, '"');
    for (size_t i = 0; i < length; i++) {
        if (pattern[i] == '\\' && i + 1 < length && stays_together(pattern[i + 1])) {
            sink_byte(sink, '\\');
            sink_byte(sink, pattern[++i]);
        } else {
            print_byte(sink, (uint8_t)pattern[i], true);
        }
    }
    sink_byte(sink, '"');
}

static uint8_t flag_bit(char letter)
{
    for (const struct grammar_flag *flag = grammar_flags; flag->letter; flag++)
        if (flag->letter == letter)
            return flag->bit;
    return 0;
}

const char *flags_read(struct span span, uint8_t *flags, uint8_t *optional)
{
    uint8_t must = 0, may = 0;
    bool twice = false;

    for (size_t i = 0; i < span.length && !span_is(span, "none"); i++) {
        bool asked = i + 1 < span.length && span.at[i + 1] == '?';
        uint8_t bit = flag_bit(span.at[i]);

        if (bit == 0 || (asked && !optional))
            return "";
        twice |= ((must | may) & bit) != 0;
        if (asked) {
            may |= bit;
            i++;
        } else {
            must |= bit;
        }
    }
    if (twice)
        return "has one flag twice";
    *flags = must;
    if (optional)
        *optional = may;
    return NULL;
}

void flags_print(struct sink *sink, uint8_t flags, uint8_t optional)
{
    if ((flags | optional) == 0)
        sink_text(sink, "none");
    for (const struct grammar_flag *flag = grammar_flags; flag->letter; flag++) {
        if ((flags | optional) & flag->bit)
            sink_byte(sink, flag->letter);
        if (~flags & optional & flag->bit)
            sink_byte(sink, '?');
    }
}
