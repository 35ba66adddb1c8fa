/* src/step/script.h: where a script is wrong, and what is said about it, word for word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "step_box.h"

struct row {
    const char *text;
    unsigned line, column;
    const char *words;
};

/* Texts that are no scripts. */
static const struct row wrong_texts[] = {
    {"sny", 1, 1, "'sny' is no step; did you mean syn?"},
    {"xyzzy", 1, 1,
     "'xyzzy' is no step: a step begins with open, listen, accept, send, half-close, drain, close, linger, abort, "
     "probe, syn, synack, ack, fin, rst, segment, auto, wait or expect"},
    {"expect foo", 1, 8,
     "after expect comes flags such as S. or F., next, any, nothing, state, local, data or icmp, not 'foo'"},
    {"expect", 1, 7,
     "after expect comes flags such as S. or F., next, any, nothing, state, local, data or icmp, but the step ends "
     "here"},
    {"expect sate CLOSED", 1, 8,
     "after expect comes flags such as S. or F., next, any, nothing, state, local, data or icmp, not 'sate'; did you "
     "mean state?"},
    {"open foo", 1, 6, "after open comes within or the end of the step, not 'foo'"},
    {"open send \"x\"", 1, 6,
     "after open comes within or the end of the step, not 'send'; between two steps there must be a ;"},
    {"abort x", 1, 7, "after abort comes the end of the step, not 'x'"},
    {"wait", 1, 5, "after wait comes a duration such as 500ms, but the step ends here"},
    {"wait 5x", 1, 6, "after wait comes a duration such as 500ms, not '5x'"},
    {"open;wait;close", 1, 10, "after wait comes a duration such as 500ms, but the step ends here"},
    {"segment", 1, 8, "after segment comes flags such as S. or none, but the step ends here"},
    {"segment SS", 1, 9, "'SS' has one flag twice"},
    {"segment SX", 1, 9, "after segment comes flags such as S. or none, not 'SX'"},
    {"segment S seq=x", 1, 11, "seq= wants a number such as 1, nxt or una-1, not 'x'"},
    {"segment S seq=", 1, 11, "seq= wants a number such as 1, nxt or una-1 right behind it"},
    {"segment S seq", 1, 11, "seq wants its value in the same word, such as seq=+1"},
    {"segment S sqe=1", 1, 11, "'sqe' is no field; did you mean seq?"},
    {"segment S foo=1", 1, 11,
     "'foo' is no field: there are seq, ack, win, len, urg, ttl, tos, id, reserved, tsval, tsecr, offset, checksum, "
     "fragment, options"},
    {"segment S mss=5", 1, 11, "mss can only be expected; by hand it is an option: options=<mss N>"},
    {"expect S offset=5", 1, 10, "offset can be set by hand, but not expected"},
    {"segment S seq>5", 1, 11, "seq takes =, not '>'"},
    {"expect S seq~5", 1, 10, "seq takes one of = != < > <= >=, not '~'"},
    {"expect S options<5", 1, 10, "options takes one of ~ !~ =, not '<'"},
    {"segment S win=70000", 1, 11, "win= wants a number from 0 to 65535, not '70000'"},
    {"segment S options=<mss 1460", 1, 19, "the list that begins here is not closed by >"},
    {"segment S options=<mss 1460,nopp>", 1, 29, "'nopp' is no TCP option; did you mean nop?"},
    {"segment S options=<mss>", 1, 20, "the option mss wants a number from 0 to 65535 behind its name"},
    {"segment S options=<foo 1>", 1, 20,
     "'foo' is no TCP option: there are mss, wscale, sackOK, TS, sack, nop, eol, kind, raw"},
    {"segment S options=<mss 1,,nop>", 1, 26, "there is no option before this comma, or the list's end"},
    {"segment S options=<mss 1,>", 1, 26, "there is no option before this comma, or the list's end"},
    {"segment S options=<raw 0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000>",
     1, 20, "TCP options have 40 bytes at most; with this one they have 44"},
    {"send \"abc", 1, 6, "the string that begins here is not closed by \" in its line"},
    {"send \"a\\qc\"", 1, 8, "a backslash in a string is followed by r, n, t, 0, x and two hex digits, \\ or \""},
    {"expect state FOO", 1, 14,
     "'FOO' is no state: there are LISTEN, SYN-SENT, SYN-RECEIVED, ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, CLOSE-WAIT, "
     "CLOSING, LAST-ACK, TIME-WAIT, CLOSED"},
    {"expect state CLOSEWAIT", 1, 14, "'CLOSEWAIT' is no state; did you mean CLOSE-WAIT?"},
    {"segment S len=5 data \"x\"", 1, 17, "data does not go with len: data has a length of its own"},
    {"segment S data \"x\" len=5", 1, 20, "len does not go with data: data has a length of its own"},
    {"segment S seq=1 seq=2", 1, 17, "seq was given before in this step"},
    {"syn tsval=5 options=none", 1, 13, "options does not go with tsval: options are all the options that there are"},
    {"open;auto", 1, 10, "after auto comes ack, retransmit or probe, but the step ends here"},
    {"auto ack", 1, 9, "after auto ack comes on or off, but the step ends here"},
    {"auto ack foo", 1, 10, "after auto ack comes on or off, not 'foo'"},
    {"expect state CLOSED within", 1, 27,
     "after expect state CLOSED within comes a duration such as 500ms, but the step ends here"},
    {"expect nothing", 1, 15, "after expect nothing comes for, but the step ends here"},
    {"expect S. within 1s within 2s", 1, 21, "within was given before in this step"},
    {"expect data \"\"", 1, 13, "an empty pattern would match before anything has come"},
    {"expect data \"\\0\"", 1, 14, "there can be no byte 0 in a pattern"},
    {"send zeros 0", 1, 12, "after send zeros comes a number from 1 to 1000000, not '0'"},
    {"send hex 0", 1, 10, "after send hex comes pairs of hex digits such as 00ff0a, not '0'"},
    {"send file \"\"", 1, 11, "the path is empty"},
    {"Open", 1, 1, "'Open' is no step; did you mean open?"},
    {"expect icmp port-unreachabel", 1, 13,
     "after expect icmp comes the name of an ICMP error such as port-unreachable, within or the end of the step, not "
     "'port-unreachabel'; did you mean port-unreachable?"},
    {"send 'abc'", 1, 6,
     "after send comes a string such as \"GET /\", hex, file or zeros, not ''abc''; where a shell took its quotes "
     "away, put ' around the step"},
    {"expect S. ack=+1 foo", 1, 18,
     "after expect S. ack=+1 comes a field such as seq=+1, within or the end of the step, not 'foo'"},
    {"expect S. ack=+1 withn 1s", 1, 18,
     "after expect S. ack=+1 comes a field such as seq=+1, within or the end of the step, not 'withn'; did you mean "
     "within?"},
    {"segment S data", 1, 15, "after segment S data comes a string such as \"GET /\" or hex, but the step ends here"},
    {"segment S data hex", 1, 19,
     "after segment S data hex comes pairs of hex digits such as 00ff0a, but the step ends here"},
    {"  sny", 1, 3, "'sny' is no step; did you mean syn?"},
    {"segment S options=<mss 1>x", 1, 19, "behind the list's > there must be a blank"},
    {"segment S options", 1, 11, "options wants its value in the same word, such as options=<mss 1460,nop,wscale 7>"},
    {"segment S options=", 1, 11, "options= wants a list such as <mss 1460,nop,wscale 7>, or none right behind it"},
    {"expect S. options~none", 1, 11, "options~ wants at least one option"},
    {"expect S. options~<nop>", 1, 20, "nop is padding, which does not count in an expectation"},
    {"expect S. options~<mss,mss 5>", 1, 24, "mss is there twice"},
    {"expect S. options~<mss 1 2>", 1, 20, "the option mss wants nothing behind its name, or a number from 0 to 65535"},
    {"expect S. options~<sackOK 1>", 1, 20, "the option sackOK wants nothing behind its name"},
    {"expect S. options~raw", 1, 19, "raw can be set by hand, but not expected"},
    {"segment S options=other", 1, 19, "other can be expected, but not set by hand"},
    {"segment S options=<kind 1 00>", 1, 20,
     "the option kind wants a number from 2 to 255 and pairs of hex digits behind its name"},
    {"segment S options=<sack 1:2 1:2 1:2 1:2 1:2>", 1, 20,
     "the option sack wants 1 to 4 blocks such as 1000:2000 behind its name"},
    {"segment S checksum=good", 1, 11, "checksum= wants bad or a number from 0 to 65535, not 'good'"},
    {"segment S fragment=9", 1, 11, "fragment= wants a multiple of 8 from 8 to 65528, not '9'"},
    {"segment S len=x", 1, 11, "len= wants a number from 0 to 65495, not 'x'"},
    {"expect S. win=1 win=1", 1, 17, "win was given before in this step"},
    {"expect state CLOSED proven presumed", 1, 28, "proven or presumed was given before in this step"},
    {"expect local CLOSED proven", 1, 21,
     "after expect local CLOSED comes within or the end of the step, not 'proven'"},
    {"expect next nothing", 1, 13, "after expect next comes flags such as S. or F. or any, not 'nothing'"},
    {"expect SS", 1, 8, "'SS' has one flag twice"},
    {"send hex", 1, 9, "after send hex comes pairs of hex digits such as 00ff0a, but the step ends here"},
    {"send file", 1, 10, "after send file comes the path of a file, but the step ends here"},
    {"send file \"a\\0b\"", 1, 11, "there can be no byte 0 in a path"},
    {"send zeros 1000001", 1, 12, "after send zeros comes a number from 1 to 1000000, not '1000001'"},
    {"auto on", 1, 6, "after auto comes ack, retransmit or probe, not 'on'"},
    {"wait 1s 2s", 1, 9, "after wait 1s comes the end of the step, not '2s'"},
    {"open within", 1, 12, "after open within comes a duration such as 500ms, but the step ends here"},
    {"half-close now", 1, 12, "after half-close comes within or the end of the step, not 'now'"},
    {"expect \"S.\"", 1, 8,
     "after expect comes flags such as S. or F., next, any, nothing, state, local, data or icmp, not '\"S.\"'"},
    {"\"open\"", 1, 1, "'\"open\"' is no step; did you mean open?"},
    {"send \"a\" \"b\"", 1, 10, "after send \"a\" comes within or the end of the step, not '\"b\"'"},
    {"send \"\xc3"
     "\xb6"
     "\\q\"",
     1, 8, "a backslash in a string is followed by r, n, t, 0, x and two hex digits, \\ or \""},
    {"segment S seq=1 ;\xc3"
     "\xb6"
     "",
     1, 18,
     "'\\xc3\\xb6' is no step: a step begins with open, listen, accept, send, half-close, drain, close, linger, abort, "
     "probe, syn, synack, ack, fin, rst, segment, auto, wait or expect"},
    {"syn data zeros 5", 1, 10,
     "after syn data comes a string such as \"GET /\" or hex, not 'zeros'; where a shell took its quotes away, put ' "
     "around the step"},
    {"expect icmp within", 1, 19, "after expect icmp within comes a duration such as 500ms, but the step ends here"},
    {"probe within 1s", 1, 7, "after probe comes all, destructive, old-byte, old-ack, bare, syn-copy or the end of the step, not 'within'"},
    {"abort within 1s", 1, 7, "after abort comes the end of the step, not 'within'"},
    {"segment S flags=S", 1, 11,
     "'flags' is no field: there are seq, ack, win, len, urg, ttl, tos, id, reserved, tsval, tsecr, offset, checksum, "
     "fragment, options"},
    {"syn S", 1, 5, "after syn comes a field such as seq=+1, data or the end of the step, not 'S'"},
    {"expect S. seq", 1, 11, "seq wants its value in the same word, such as seq=+1"},
    {"expect nothing within 1s", 1, 16, "after expect nothing comes for, not 'within'"},
    {"expect nothing for", 1, 19, "after expect nothing for comes a duration such as 500ms, but the step ends here"},
    {"expect data HTTP", 1, 13,
     "after expect data comes a pattern in quotes such as \"HTTP/1\\.[01] 200\", not 'HTTP'; where a shell took its "
     "quotes away, put ' around the step"},
    {"expect data \"a\\x4\"", 1, 15, "\\x is followed by two hex digits"},
    {"expect FOO|BAR", 1, 8,
     "after expect comes flags such as S. or F., next, any, nothing, state, local, data or icmp, not 'FOO|BAR'"},
    {"expect state CLOSED|", 1, 21,
     "'' is no state: there are LISTEN, SYN-SENT, SYN-RECEIVED, ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, CLOSE-WAIT, "
     "CLOSING, LAST-ACK, TIME-WAIT, CLOSED"},
    {"expect S. win=1 win!=1 win<1 win>1 win<=1 win>=1 len=1 len!=1 len<1 len>1 len<=1 len>=1 urg=1 urg!=1 urg<1 urg>1 "
     "urg<=1",
     1, 114, "one step can have 16 fields, and this is one more"},
    {"a very long word that is no step: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 1, 1,
     "'a' is no step: a step begins with open, listen, accept, send, half-close, drain, close, linger, abort, probe, "
     "syn, synack, ack, fin, rst, segment, auto, wait or expect"},
    {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 1, 1,
     "'xxxxxxxxxxxxxxxxxxxxxxxx...' is no step: a step begins with open, listen, accept, send, half-close, drain, "
     "close, linger, abort, probe, syn, synack, ack, fin, rst, segment, auto, wait or expect"},
    {"segment S seq=1 ack=2 win=3 urg=4 tsval=123456 tsecr=1234567 foo", 1, 62,
     "after segment ... comes a field such as seq=+1, data or the end of the step, not 'foo'"},
    /* lines, steps and columns */
    {"open\nsny", 2, 1, "'sny' is no step; did you mean syn?"},
    {"open\r\n\r\n  # wait\r\n\tsny # x", 4, 2, "'sny' is no step; did you mean syn?"},
    {"open;;; wait 1s ;sny", 1, 18, "'sny' is no step; did you mean syn?"},
    {"open\nwait\nclose", 2, 5, "after wait comes a duration such as 500ms, but the step ends here"},
    {"open\nwait   # a comment", 2, 5, "after wait comes a duration such as 500ms, but the step ends here"},
    {"open\nwait  \r\n", 2, 5, "after wait comes a duration such as 500ms, but the step ends here"},
    {"send \"a\nb\"", 1, 6, "the string that begins here is not closed by \" in its line"},
    {"send \"\xc3\xb6\" now", 1, 10, "after send ... comes within or the end of the step, not 'now'"},
    {"syn options=<mss 1\n>", 1, 13, "the list that begins here is not closed by >"},
    {"syn options=<mss 1; open", 1, 13, "the list that begins here is not closed by >"},
    {"wait 1s\n\n\n\n     expect S. \t win=1 seq=x", 5, 24, "seq= wants a number such as 1, nxt or una-1, not 'x'"},
};

/* Texts that parse, but whose order is wrong. */
static const struct row wrong_orders[] = {
    {"", 1, 1, "there are no steps: a script begins with open, listen or a segment by hand"},
    {"# nothing\n", 1, 1, "there are no steps: a script begins with open, listen or a segment by hand"},
    {"open\nclose\n\n  send \"x\"", 4, 3, "send can't come behind close: our direction is closed"},
    {"listen; accept; open", 1, 17, "open must be the first step that sends: here a connection has begun already"},
    {"accept", 1, 1, "accept comes only directly behind listen"},
    {"synack", 1, 1, "synack needs a SYN before it: listen, or syn"},
    {"send \"x\"", 1, 1, "send needs a connection: there is no open, listen or segment by hand before it"},
    {"open; close; send \"x\"", 1, 14, "send can't come behind close: our direction is closed"},
    {"open; close; linger", 1, 14,
     "linger can't come behind close: then there are only expectations, waits and segments by hand"},
    {"open; half-close; send \"x\"", 1, 19, "send can't come behind half-close: our direction is closed"},
    {"open; wait 1s; open", 1, 16, "open comes only once: a script is one connection"},
    {"syn; open", 1, 6, "open must be the first step that sends: here a connection has begun already"},
    {"wait 1s; listen", 1, 10, "listen can only be the first step"},
    {"listen; wait 1s; accept", 1, 18, "accept comes only directly behind listen"},
    {"listen; auto probe on; wait 1s; accept", 1, 33, "accept comes only directly behind listen"},
    {"auto probe on; listen", 1, 16, "listen can only be the first step"},
    {"half-close", 1, 1, "half-close needs a connection: there is no open, listen or segment by hand before it"},
    {"expect S.", 1, 1, "expect needs a connection: there is no open, listen or segment by hand before it"},
    {"syn; abort; drain", 1, 13,
     "drain can't come behind abort: then there are only expectations, waits and segments by hand"},
    {"syn; abort; send \"x\"", 1, 13, "send can't come behind abort: our direction is closed"},
    {"open; close; close", 1, 14,
     "close can't come behind close: then there are only expectations, waits and segments by hand"},
    {"expect state LISTEN", 1, 1,
     "expect state needs a connection: there is no open, listen or segment by hand before it"},
    {"abort", 1, 1, "abort needs a connection: there is no open, listen or segment by hand before it"},
    {"linger", 1, 1, "linger needs a connection: there is no open, listen or segment by hand before it"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_says(const struct row *row, const struct script_error *error)
{
    if (error->line != row->line || error->column != row->column || strcmp(error->words, row->words) != 0)
        fail_msg("%s\n  says    %u:%u: %s\n  not     %u:%u: %s", row->text, error->line, error->column, error->words,
                 row->line, row->column, row->words);
}

static void wrong_texts_are_told_word_for_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong_texts); i++) {
        struct box box;

        box_init(&box, 8, 1000);
        if (box_parse(&box, wrong_texts[i].text, strlen(wrong_texts[i].text)))
            fail_msg("%s is taken for a script", wrong_texts[i].text);
        assert_says(&wrong_texts[i], &box.error);
        assert_int_equal(box.script.count, 0);
        assert_int_equal(box.script.bytes_used, 0);
        box_free(&box);
        assert_false(parses_or_says_why(wrong_texts[i].text, strlen(wrong_texts[i].text)));
    }
}

static void wrong_orders_are_told_word_for_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong_orders); i++) {
        struct box box;

        box_init(&box, 8, 1000);
        if (!box_parse(&box, wrong_orders[i].text, strlen(wrong_orders[i].text)))
            fail_msg("%s: %s", wrong_orders[i].text, box.error.words);
        if (script_check(&box.script, &box.error))
            fail_msg("%s is taken for a walk", wrong_orders[i].text);
        assert_says(&wrong_orders[i], &box.error);
        box_free(&box);
    }
}

/* Steps that someone else has made have no place; an error has one all the same. */
static void an_order_without_places_has_one(void **state)
{
    struct step steps[] = {{.kind = STEP_WAIT}, {.kind = STEP_CLOSE}};
    struct script script = {.steps = steps, .count = 2, .steps_room = 2};
    struct script_error error = {.line = 9};

    (void)state;
    assert_false(script_check(&script, &error));
    assert_int_equal(error.line, 1);
    assert_int_equal(error.column, 1);
}

/* What looks odd but makes sense with segments by hand. */
static void odd_orders_are_let_through(void **state)
{
    static const char *const texts[] = {
        "segment R; expect any",
        "ack; send \"x\"",
        "open; fin; send \"x\"",
        "open; rst; probe",
        "open; close; segment F.; expect R; wait 1s; auto ack off; expect nothing for 1s",
        "open; abort; syn; expect S.",
        "listen; segment S.; expect .",
        "listen; syn; synack; expect local ESTABLISHED",
        "listen; auto probe on; auto ack off; accept",
        "auto ack off; wait 1s; expect nothing for 1s; expect local CLOSED; open",
        "open; half-close; half-close; drain; close",
        "open; half-close; probe; linger; drain",
        "wait 1s",
        "segment none",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct box box;

        box_init(&box, 8, 1000);
        assert_true(box_parse(&box, texts[i], strlen(texts[i])));
        if (!script_check(&box.script, &box.error))
            fail_msg("%s: %s", texts[i], box.error.words);
        box_free(&box);
    }
}

/* A text that ends in the middle of a character, and one with every byte in every place of a step. */
static void any_byte_anywhere(void **state)
{
    static const char *const texts[] = {
        "?open",    "op?en",     "send ?\"x\"",     "send \"?\"",          "expect S?. ",
        "wait 1?s", "syn seq=?", "syn options=<?>", "expect data \"\\?\"", "send hex 0?",
        "?"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            char text[40];
            char *at;

            strcpy(text, texts[i]);
            at = strchr(text, '?');
            *at = (char)byte;
            parses_or_says_why(text, strlen(texts[i]));
        }
    }
}

static void very_long_lines_are_told_too(void **state)
{
    static const char *const pieces[] = {"x",          "open;",     "(",  "<",       "\"",     "\\",
                                         "expect S. ", "seq=",      "1+", "|CLOSED", " ",      "send \"a\" ",
                                         "options=<",  "mss 1460,", "#",  "\xff",    "nxt-wnd"};
    static const char *const starts[] = {"",        "send \"",  "syn seq=", "syn options=<", "expect state CLOSED",
                                         "expect ", "send hex "};
    enum { LENGTH = 20000 };
    char *text = malloc(LENGTH + 40);

    (void)state;
    for (size_t i = 0; i < COUNT(starts); i++) {
        for (size_t j = 0; j < COUNT(pieces); j++) {
            size_t length = strlen(starts[i]);

            strcpy(text, starts[i]);
            while (length < LENGTH) {
                strcpy(text + length, pieces[j]);
                length += strlen(pieces[j]);
            }
            parses_or_says_why(text, length);
        }
    }
    free(text);
}

/* With any less room than it takes, nothing happens; with just enough, all of it does. */
static void storage_may_be_of_any_size(void **state)
{
    (void)state;
    for (const char *const *text = good_scripts; *text; text++) {
        size_t length = strlen(*text), bytes;
        unsigned steps;
        struct box box;

        box_init(&box, 20, 2000);
        assert_true(box_parse(&box, *text, length));
        steps = box.script.count;
        bytes = box.script.bytes_used;
        box_free(&box);
        for (size_t size = 0; size <= bytes; size++) {
            box_init(&box, steps, size);
            assert_int_equal(box_parse(&box, *text, length), size == bytes);
            if (size < bytes) {
                assert_string_equal(box.error.words, "the script is too long: there is no room for this step");
                assert_true(box.error.line > 0 && box.error.column > 0);
                assert_int_equal(box.script.count, 0);
                assert_int_equal(box.script.bytes_used, 0);
            }
            box_free(&box);
        }
        for (unsigned size = 0; size < steps; size++) {
            box_init(&box, size, bytes);
            assert_false(box_parse(&box, *text, length));
            assert_non_null(strstr(box.error.words, "the script is too long: it can have "));
            assert_int_equal(box.script.count, 0);
            assert_int_equal(box.script.bytes_used, 0);
            box_free(&box);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_texts_are_told_word_for_word),
        cmocka_unit_test(wrong_orders_are_told_word_for_word),
        cmocka_unit_test(an_order_without_places_has_one),
        cmocka_unit_test(odd_orders_are_let_through),
        cmocka_unit_test(any_byte_anywhere),
        cmocka_unit_test(very_long_lines_are_told_too),
        cmocka_unit_test(storage_may_be_of_any_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
