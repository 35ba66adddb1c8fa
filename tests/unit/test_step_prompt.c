/* src/step/complete.h and src/step/help.h: what a prompt offers, and what it explains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "step/complete.h"
#include "step/grammar.h"
#include "step/help.h"
#include "step_box.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void add_candidate(void *context, const struct candidate *candidate)
{
    text_add(context, "%s%s ", candidate->text, candidate->open ? "..." : "");
}

/* What is offered at the end of a line, and from where. */
static void candidates_are_these(void **state)
{
    static const struct {
        const char *line;
        size_t start;
        const char *candidates;
    } rows[] = {
        {"op", 0, "open "},
        {"OP", 0, "open "},
        {"open", 0, "open "},
        {"open ", 5, "within "},
        {"open w", 5, "within "},
        {"open within ", 12, "100ms 500ms 1s 5s "},
        {"open within 3s ", 15, ""},
        {"open; ab", 6, "abort "},
        {"open; nonsense; ab", 16, "abort "},
        {"open ;ab", 6, "abort "},
        {"s", 0, "send syn synack segment "},
        {"nonsense ", 9, ""},
        {"open nonsense ", 14, ""},
        {"# op", 4, ""},
        {"open # wi", 9, ""},
        {"open#", 0, ""},
        {"expect n", 7, "next none nothing "},
        {"expect next ", 12, "any S S. . F. F?. R R. R.? none "},
        {"expect st", 7, "state "},
        {"expect state cl", 13, "CLOSE-WAIT CLOSING CLOSED "},
        {"expect state CLOSE-WAIT|L", 24, "LISTEN LAST-ACK "},
        {"expect state CLOSED ", 20, "within proven presumed "},
        {"expect state CLOSED proven ", 27, "within "},
        {"expect local CLOSED ", 20, "within "},
        {"expect icmp po", 12, "port-unreachable policy-fail "},
        {"expect nothing ", 15, "for "},
        {"expect data ", 12, ""},
        {"expect S. m", 10, "mss=... "},
        {"expect S. w", 10, "win=... wscale=... within "},
        {"expect S. o", 10, "options~... "},
        {"expect S. options~", 18, "<... "},
        {"expect S. options=", 18, "none <... "},
        {"expect S. options=n", 18, "none "},
        {"expect S. options~<", 19, "mss... wscale... sackOK... TS... sack... other... malformed... "},
        {"expect S. options!~m", 19, "mss... malformed... "},
        {"expect S. options~<mss 1460, ws", 29, "wscale... "},
        {"expect S. options~<mss 14", 19, ""},
        {"expect S. options~<mss 1460,TS, s", 32, "sackOK... sack... "},
        {"expect S. options~<sack 1:2, s", 29, "sackOK... "},
        {"segment S seq=", 14, "nxt... una... "},
        {"segment S seq=nxt+", 18, "wnd... "},
        {"segment S seq=nxt+wnd-w", 22, "wnd... "},
        {"expect S. seq>=n", 15, "nxt... "},
        {"segment S checksum=", 19, "bad "},
        {"segment S win=", 14, ""},
        {"segment S options=<k", 19, "kind... "},
        {"segment S options=n", 18, "none nop... "},
        {"segment S options=nop,", 22, "sackOK... nop... eol... "},
        {"syn data ", 9, "hex "},
        {"syn da", 4, "data "},
        {"syn len=1 da", 10, ""},
        {"syn data \"x\" l", 13, ""},
        {"syn options=none ts", 17, ""},
        {"syn tsval=1 o", 12, "offset=... "},
        {"syn seq=1 se", 10, ""},
        {"send ", 5, "hex file zeros "},
        {"send \"op", 8, ""},
        {"send \"op\"", 9, ""},
        {"send \"op\" ", 10, "within "},
        {"auto ", 5, "ack retransmit probe "},
        {"auto ack o", 9, "on off "},
        {"probe ", 6, "all destructive old-byte old-ack bare syn-copy "},
        {"abort ", 6, ""},
        {"wait ", 5, "100ms 500ms 1s 5s "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct completion completion;
        char all[400];
        struct text text;

        text_init(&text, all, sizeof(all));
        completion = step_complete(rows[i].line, strlen(rows[i].line), add_candidate, &text);
        if (strcmp(all, rows[i].candidates) != 0)
            fail_msg("%s offers %s, not %s", rows[i].line, all, rows[i].candidates);
        if (*all && completion.start != rows[i].start)
            fail_msg("%s: from %zu, not %zu", rows[i].line, completion.start, rows[i].start);
    }
}

struct counted {
    unsigned count;
};

static void count_candidate(void *context, const struct candidate *candidate)
{
    struct counted *counted = context;

    counted->count++;
    assert_true(candidate->text[0] != '\0');
}

static void all_words_begin_a_step(void **state)
{
    struct counted counted = {0};
    struct completion completion = step_complete("", 0, count_candidate, &counted);
    unsigned words = 0;

    (void)state;
    for (const struct grammar_word *word = grammar_words; word->name; word++)
        words += !strchr(word->name, ' ');
    assert_int_equal(counted.count, words);
    assert_int_equal(completion.count, words);
    assert_int_equal(completion.start, 0);
    counted.count = 0;
    completion = step_complete("open;open within 1s; ", 21, count_candidate, &counted);
    assert_int_equal(counted.count, words);
    assert_int_equal(completion.start, 21);
}

static void paths_are_left_to_others(void **state)
{
    struct counted counted = {0};

    (void)state;
    assert_true(step_complete("send file ", 10, count_candidate, &counted).is_path);
    assert_true(step_complete("send file /et", 13, count_candidate, &counted).is_path);
    assert_int_equal(step_complete("open; send file /et", 19, count_candidate, &counted).start, 16);
    assert_false(step_complete("send file", 9, count_candidate, &counted).is_path);
    assert_false(step_complete("send file x ", 12, count_candidate, &counted).is_path);
    assert_false(step_complete("send fil x", 10, count_candidate, &counted).is_path);
    assert_int_equal(counted.count, 2); /* file, within */
}

/* What can follow a candidate that wants more, but nothing that could be offered. */
static const char *const samples[] = {"",      "1",        "8",    "mss",    "none", ">",  " 1>", " 1 2>",
                                      " 1:2>", " 254 00>", " 00>", " \"x\"", " 00",  " 1", " S"};

static bool leads_on(const char *line)
{
    struct counted counted = {0};
    size_t length = strlen(line);
    char longer[500];

    for (size_t i = 0; i < COUNT(samples); i++) {
        struct script_error error;
        struct step steps[12];
        char bytes[2000];
        struct script script;

        snprintf(longer, sizeof(longer), "%s%s", line, samples[i]);
        script_init(&script, steps, COUNT(steps), bytes, sizeof(bytes));
        if (script_parse(&script, longer, strlen(longer), 1, &error))
            return true;
    }
    snprintf(longer, sizeof(longer), "%s ", line);
    return step_complete(longer, length + 1, count_candidate, &counted).is_path || counted.count > 0;
}

/* A line and what was typed of it. */
struct typed {
    const char *line;
    size_t cursor;
    const char *wanted; /* a candidate that must be there, or NULL */
    size_t wanted_length;
    bool found;
};

static void follow(void *context, const struct candidate *candidate)
{
    struct typed *typed = context;
    struct counted counted = {0};
    size_t start = step_complete(typed->line, typed->cursor, count_candidate, &counted).start;
    char line[500];

    assert_in_range(start, 0, typed->cursor);
    assert_int_equal(strncasecmp(candidate->text, typed->line + start, typed->cursor - start), 0);
    snprintf(line, sizeof(line), "%.*s%s", (int)start, typed->line, candidate->text);
    if (!leads_on(line))
        fail_msg("%.*s is offered %s, which leads nowhere", (int)typed->cursor, typed->line, candidate->text);
    if (typed->wanted && strlen(candidate->text) == typed->wanted_length &&
        memcmp(candidate->text, typed->wanted, typed->wanted_length) == 0)
        typed->found = true;
}

static void candidates_lead_on(void **state)
{
    (void)state;
    for (const char *const *text = good_scripts; *text; text++) {
        if (strchr(*text, '\n'))
            continue;
        for (size_t cursor = 0; cursor <= strlen(*text); cursor++) {
            struct typed typed = {.line = *text, .cursor = cursor};
            step_complete(*text, cursor, follow, &typed);
        }
    }
}

/* Every word of the language that stands in a good script is offered where it stands, and after its first letters. */
static void words_are_offered_where_they_stand(void **state)
{
    unsigned words = 0;

    (void)state;
    for (const char *const *text = good_scripts; *text; text++) {
        struct box box;

        box_init(&box, 20, 2000);
        assert_true(box_parse(&box, *text, strlen(*text)));
        for (unsigned i = 0; i < box.script.count; i++) {
            const char *line = box.script.steps[i].text;
            bool is_path = strncmp(line, "send file", 9) == 0;

            for (size_t at = 0; line[at] && !strpbrk(line, "\"<") && !is_path; at += strspn(line + at, " ")) {
                size_t length = strcspn(line + at, " ");
                bool is_word = strspn(line + at, "abcdefghijklmnopqrstuvwxyz-") == length && length > 1;

                for (size_t typed_length = 0; is_word && typed_length <= length; typed_length++) {
                    struct typed typed = {
                        .line = line, .cursor = at + typed_length, .wanted = line + at, .wanted_length = length};

                    if (at > 3 && memcmp(line + at - 4, "hex ", 4) == 0)
                        continue;
                    step_complete(line, at + typed_length, follow, &typed);
                    if (!typed.found)
                        fail_msg("%.*s is not offered behind '%.*s'", (int)length, line + at, (int)typed.cursor, line);
                    words++;
                }
                at += length;
            }
        }
        box_free(&box);
    }
    assert_true(words > 300); /* there was something to look at */
}

struct lines {
    unsigned columns, count;
    struct text all;
    char buffer[20000];
};

static void add_line(void *context, const char *line)
{
    struct lines *lines = context;
    size_t length = strlen(line);

    lines->count++;
    if (length > lines->columns)
        fail_msg("more than %u columns: %s", lines->columns, line);
    assert_true(length == 0 || line[length - 1] != ' ');
    assert_null(strchr(line, '\n'));
    text_add(&lines->all, "%s\n", line);
}

static const char *help(const char *subject, unsigned columns, struct lines *lines)
{
    *lines = (struct lines){.columns = columns};
    text_init(&lines->all, lines->buffer, sizeof(lines->buffer));
    assert_true(step_help(subject, columns, add_line, lines, NULL));
    assert_false(lines->all.cut);
    assert_true(lines->count > 0);
    return lines->buffer;
}

static struct lines lines;

static void everything_has_help_in_any_width(void **state)
{
    (void)state;
    for (unsigned columns = 40; columns <= 200; columns += 20) {
        assert_non_null(strstr(help(NULL, columns, &lines), "half-close"));
        assert_non_null(strstr(help("", columns, &lines), "expect state"));
        for (const struct grammar_word *word = grammar_words; word->name; word++)
            assert_non_null(strstr(help(word->name, columns, &lines), "Example:"));
        for (const struct grammar_topic *topic = grammar_topics; topic->name; topic++)
            help(topic->name, columns, &lines);
        for (const struct grammar_field *field = grammar_fields; field->name; field++)
            help(field->name, columns, &lines);
    }
}

static void help_is_of_what_was_asked(void **state)
{
    (void)state;
    assert_string_equal(help("wait", 80, &lines), "wait DURATION\n"
                                                  "    Lets time pass.\n"
                                                  "    What arrives meanwhile is answered as ever.\n"
                                                  "    Example: open; wait 200ms; close\n");
    assert_non_null(strstr(help("expect", 80, &lines), "expect nothing for DURATION\n"));
    assert_null(strstr(help("expect state", 80, &lines), "expect nothing"));
    assert_non_null(strstr(help("ack", 80, &lines), "    ack=+1          acknowledgement number"));
    assert_non_null(strstr(help("ack", 80, &lines), "Sends one ACK."));
    assert_non_null(strstr(help("states", 80, &lines), "\n    SYN-RECEIVED\n"));
    assert_non_null(strstr(help("icmp", 80, &lines), "\n    port-unreachable\n"));
    assert_non_null(strstr(help("flags", 80, &lines), "\n    .               ACK\n"));
}

static void help_of_nothing_names_what_is_near(void **state)
{
    const char *near = NULL;

    (void)state;
    lines = (struct lines){.columns = 80};
    text_init(&lines.all, lines.buffer, sizeof(lines.buffer));
    assert_false(step_help("sedn", 80, add_line, &lines, &near));
    assert_string_equal(near, "send");
    assert_false(step_help("xyzzy", 80, add_line, &lines, &near));
    assert_null(near);
    assert_false(step_help("expect foo", 80, add_line, &lines, NULL));
    assert_int_equal(lines.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidates_are_these),
        cmocka_unit_test(all_words_begin_a_step),
        cmocka_unit_test(paths_are_left_to_others),
        cmocka_unit_test(candidates_lead_on),
        cmocka_unit_test(words_are_offered_where_they_stand),
        cmocka_unit_test(everything_has_help_in_any_width),
        cmocka_unit_test(help_is_of_what_was_asked),
        cmocka_unit_test(help_of_nothing_names_what_is_near),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
