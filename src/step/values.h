/* The single values of the language, each read and printed here: what is printed reads as the same value. */
#ifndef STEP_VALUES_H
#define STEP_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nanos.h"
#include "step/lex.h"
#include "step/sink.h"
#include "walk/step.h"

/* A plain number of 32 bits, decimal or 0x hex; false when the span is not one. */
bool plain_read(struct span span, uint32_t *out);

/* A sequence number: "1", "-1", "@0x12ab", "nxt+wnd-1". An offset has 32 bits at most, a wnd comes 9 times at most. */
bool number_read(struct span span, struct number *out);
void number_print(struct sink *sink, const struct number *number);

/* As nanos_parse; printed with the largest unit of which it is a whole multiple. */
bool duration_read(struct span span, nanos *out);
void duration_print(struct sink *sink, nanos span);

/* Pairs of hex digits, at least one; false when the span is not that. */
bool hex_read(struct span span, struct sink *out);
void hex_print(struct sink *sink, const uint8_t *bytes, size_t length);

/*
 * A string without its quotes. In text \r \n \t \0 \\ \" and \xHH are read; in a pattern \r \n \t \" and \xHH, any
 * other backslash stays with what follows it. No byte of a pattern may be 0. NULL, or static words with *where at
 * what is wrong.
 */
const char *text_read(struct span inner, struct sink *out, const char **where);
const char *pattern_read(struct span inner, struct sink *out, const char **where);

/* The same with quotes, on one line of plain ASCII. */
void text_print(struct sink *sink, const uint8_t *bytes, size_t length);
void pattern_print(struct sink *sink, const char *pattern, size_t length);

/*
 * Flags in tcpdump's letters, or "none". With optional, a letter with a ? behind it goes there instead. NULL when the
 * span is flags, "" when it is something else, static words when it is flags gone wrong.
 */
const char *flags_read(struct span span, uint8_t *flags, uint8_t *optional);
void flags_print(struct sink *sink, uint8_t flags, uint8_t optional);

#endif
