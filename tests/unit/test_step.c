/* src/step/script.h: what each construct means, how it is printed, and what is said when it is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "step/grammar.h"
#include "step_box.h"

static struct box box;

/* The only step of a text. */
static const struct step *one(const char *text)
{
    box_free(&box);
    box_init(&box, 1, 512);
    if (!box_parse(&box, text, strlen(text)))
        fail_msg("%s: %u: %s", text, box.error.column, box.error.words);
    assert_int_equal(box.script.count, 1);
    return &box.script.steps[0];
}

static int forget(void **state)
{
    (void)state;
    box_free(&box);
    memset(&box, 0, sizeof(box));
    return 0;
}

static void words_give_their_kind(void **state)
{
    static const struct {
        const char *text;
        enum step_kind kind;
    } rows[] = {
        {"open", STEP_OPEN},
        {"listen", STEP_LISTEN},
        {"accept", STEP_ACCEPT},
        {"send \"x\"", STEP_SEND},
        {"half-close", STEP_HALF_CLOSE},
        {"drain", STEP_DRAIN},
        {"close", STEP_CLOSE},
        {"linger", STEP_LINGER},
        {"abort", STEP_ABORT},
        {"probe", STEP_PROBE},
        {"segment S", STEP_SEGMENT},
        {"auto ack on", STEP_AUTO},
        {"wait 1s", STEP_WAIT},
        {"expect S", STEP_EXPECT_SEGMENT},
        {"expect nothing for 1s", STEP_EXPECT_NOTHING},
        {"expect state CLOSED", STEP_EXPECT_STATE},
        {"expect local CLOSED", STEP_EXPECT_STATE},
        {"expect data \"x\"", STEP_EXPECT_DATA},
        {"expect icmp", STEP_EXPECT_ICMP},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct step *step = one(rows[i].text);
        assert_int_equal(step->kind, rows[i].kind);
        assert_int_equal(step->line, 1);
        assert_int_equal(step->column, 1);
        assert_string_equal(step->text, rows[i].text);
        assert_true(step->within == (strstr(rows[i].text, "1s") ? NANOS_PER_S : NANOS_NONE));
    }
}

static void segment_words_have_their_flags(void **state)
{
    static const struct {
        const char *text;
        enum segment_word word;
        uint8_t flags;
    } rows[] = {
        {"syn", WORD_SYN, TCP_SYN},        {"synack", WORD_SYNACK, TCP_SYN | TCP_ACK},
        {"ack", WORD_ACK, TCP_ACK},        {"fin", WORD_FIN, TCP_FIN | TCP_ACK},
        {"rst", WORD_RST, TCP_RST},        {"segment S", WORD_SEGMENT, TCP_SYN},
        {"segment none", WORD_SEGMENT, 0}, {"segment FSRP.UEW", WORD_SEGMENT, 0xff},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct step *step = one(rows[i].text);
        assert_int_equal(step->segment.word, rows[i].word);
        assert_int_equal(step->segment.flags, rows[i].flags);
        assert_int_equal(step->segment.field_count, 0);
        assert_false(step->segment.has_data || step->segment.is_crafted);
        assert_string_equal(step->text, rows[i].text);
    }
}

static void durations_are_exact(void **state)
{
    static const struct {
        const char *text;
        nanos span;
        const char *printed;
    } rows[] = {
        {"wait 200ms", 200 * NANOS_PER_MS, "wait 200ms"},
        {"wait 0.5s", 500 * NANOS_PER_MS, "wait 500ms"},
        {"wait 7", 7 * NANOS_PER_S, "wait 7s"},
        {"wait 2m", 120 * NANOS_PER_S, "wait 120s"},
        {"wait 1.0000005s", 1000000500, "wait 1000000500ns"},
        {"wait 0", 0, "wait 0s"},
        {"wait 24000h", 86400000 * NANOS_PER_S, "wait 86400000s"},
        {"wait 86399999999999999ns", INT64_C(86399999999999999), "wait 86399999999999999ns"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct step *step = one(rows[i].text);
        assert_true(step->within == rows[i].span);
        assert_string_equal(step->text, rows[i].printed);
    }
}

static void sequence_numbers_have_base_offset_and_windows(void **state)
{
    static const struct {
        const char *text;
        struct number number;
        const char *printed;
    } rows[] = {
        {"1", {NUMBER_INITIAL, 1, 0}, "+1"},
        {"+1", {NUMBER_INITIAL, 1, 0}, "+1"},
        {"-1", {NUMBER_INITIAL, -1, 0}, "-1"},
        {"0", {NUMBER_INITIAL, 0, 0}, "0"},
        {"-0", {NUMBER_INITIAL, 0, 0}, "0"},
        {"0x10", {NUMBER_INITIAL, 16, 0}, "+16"},
        {"@12345", {NUMBER_ABSOLUTE, 12345, 0}, "@12345"},
        {"@0x12ab", {NUMBER_ABSOLUTE, 0x12ab, 0}, "@4779"},
        {"@4294967295", {NUMBER_ABSOLUTE, 4294967295, 0}, "@4294967295"},
        {"@5-10", {NUMBER_ABSOLUTE, 4294967291, 0}, "@4294967291"},
        {"@5+wnd", {NUMBER_ABSOLUTE, 5, 1}, "@5+wnd"},
        {"nxt", {NUMBER_NEXT, 0, 0}, "nxt"},
        {"nxt+wnd-1", {NUMBER_NEXT, -1, 1}, "nxt+wnd-1"},
        {"nxt-1+wnd+5", {NUMBER_NEXT, 4, 1}, "nxt+wnd+4"},
        {"una-1", {NUMBER_UNACKED, -1, 0}, "una-1"},
        {"una-wnd-wnd", {NUMBER_UNACKED, 0, -2}, "una-wnd-wnd"},
        {"wnd", {NUMBER_INITIAL, 0, 1}, "+wnd"},
        {"+wnd-1", {NUMBER_INITIAL, -1, 1}, "+wnd-1"},
        {"4294967295", {NUMBER_INITIAL, 4294967295, 0}, "+4294967295"},
        {"-4294967295", {NUMBER_INITIAL, -4294967295, 0}, "-4294967295"},
    };
    char text[80];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct field_value *value;

        snprintf(text, sizeof(text), "ack ack=%s", rows[i].text);
        value = one(text)->segment.fields;
        assert_int_equal(value->field, FIELD_ACK);
        assert_int_equal(value->number.base, rows[i].number.base);
        assert_true(value->number.offset == rows[i].number.offset);
        assert_int_equal(value->number.windows, rows[i].number.windows);
        snprintf(text, sizeof(text), "ack ack=%s", rows[i].printed);
        assert_string_equal(box.script.steps[0].text, text);
    }
}

static void wrong_numbers_are_refused(void **state)
{
    static const char *const numbers[] = {"",
                                          "x",
                                          "+",
                                          "-",
                                          "1+",
                                          "nxt1",
                                          "nxt+",
                                          "nxtwnd",
                                          "@",
                                          "@-1",
                                          "@wnd",
                                          "@nxt",
                                          "nxt@1",
                                          "una+nxt",
                                          "--1",
                                          "1.5",
                                          "0x",
                                          "0xg",
                                          "1x",

                                          "wnd1",
                                          "4294967296",
                                          "-4294967296",
                                          "@4294967296",
                                          "wnd+wnd+wnd+wnd+wnd+wnd+wnd+wnd+wnd+wnd",
                                          "99999999999999999999",
                                          "1+4294967295"};
    char text[120];

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        snprintf(text, sizeof(text), "ack seq=%s", numbers[i]);
        if (parses_or_says_why(text, strlen(text)))
            fail_msg("%s is taken for a number", text);
    }
}

static void fields_go_where_they_belong(void **state)
{
    const struct step *step =
        one("segment SF. seq=+1 ack=-1 win=0 len=10 urg=1 ttl=2 tos=0x10 id=3 reserved=4 tsval=5 tsecr=6");

    (void)state;
    assert_int_equal(step->segment.field_count, 11);
    for (unsigned i = 0; i < 11; i++) {
        assert_int_equal(step->segment.fields[i].field, i);
        assert_int_equal(step->segment.fields[i].comparison, COMPARE_EQUAL);
        assert_int_equal(step->segment.fields[i].number.base, i < 2 ? NUMBER_INITIAL : NUMBER_ABSOLUTE);
    }
    assert_true(step->segment.fields[FIELD_TOS].number.offset == 16);
    assert_false(step->segment.is_crafted);

    step = one("ack offset=3 checksum=0x1234 fragment=16");
    assert_true(step->segment.is_crafted && step->segment.crafted.has_offset && step->segment.crafted.has_checksum);
    assert_false(step->segment.crafted.bad_checksum || step->segment.crafted.has_options);
    assert_int_equal(step->segment.crafted.offset, 3);
    assert_int_equal(step->segment.crafted.checksum, 0x1234);
    assert_int_equal(step->segment.crafted.fragment, 16);
    assert_string_equal(step->text, "ack offset=3 checksum=4660 fragment=16");

    step = one("ack checksum=bad data \"\"");
    assert_true(step->segment.crafted.bad_checksum && !step->segment.crafted.has_checksum);
    assert_true(step->segment.has_data && step->segment.data.len == 0);
}

static void comparisons_are_told_apart(void **state)
{
    static const enum comparison wanted[] = {COMPARE_EQUAL, COMPARE_UNEQUAL, COMPARE_LESS,
                                             COMPARE_MORE,  COMPARE_AT_MOST, COMPARE_AT_LEAST};
    const struct step *step = one("expect any win=1 win!=2 win<3 win>4 win<=5 win>=6 seq<nxt mss>=536 wscale!=0");

    (void)state;
    assert_int_equal(step->expect.field_count, 9);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(step->expect.fields[i].field, FIELD_WIN);
        assert_int_equal(step->expect.fields[i].comparison, wanted[i]);
        assert_true(step->expect.fields[i].number.offset == i + 1);
    }
    assert_int_equal(step->expect.fields[6].comparison, COMPARE_LESS);
    assert_int_equal(step->expect.fields[6].number.base, NUMBER_NEXT);
    assert_int_equal(step->expect.fields[7].field, FIELD_MSS);
    assert_int_equal(step->expect.fields[8].field, FIELD_WSCALE);
}

static void expected_flags_may_be_open(void **state)
{
    static const struct {
        const char *text;
        uint8_t flags, optional;
        const char *printed;
    } rows[] = {
        {"S.", TCP_SYN | TCP_ACK, TCP_PSH | TCP_ECE | TCP_CWR, "S."},
        {".S", TCP_SYN | TCP_ACK, TCP_PSH | TCP_ECE | TCP_CWR, "S."},
        {"F?.", TCP_ACK, TCP_FIN | TCP_PSH | TCP_ECE | TCP_CWR, "F?."},
        {"P.", TCP_PSH | TCP_ACK, TCP_ECE | TCP_CWR, "P."},
        {"P?.", TCP_ACK, TCP_PSH | TCP_ECE | TCP_CWR, "."},
        {"E?W", TCP_CWR, TCP_PSH | TCP_ECE, "W"},
        {"none", 0, TCP_PSH | TCP_ECE | TCP_CWR, "none"},
        {"U?", 0, TCP_URG | TCP_PSH | TCP_ECE | TCP_CWR, "U?"},
    };
    char text[40];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct step *step;

        snprintf(text, sizeof(text), "expect %s", rows[i].text);
        step = one(text);
        assert_int_equal(step->expect.flags, rows[i].flags);
        assert_int_equal(step->expect.flags_optional, rows[i].optional);
        assert_false(step->expect.next || step->expect.any_flags);
        snprintf(text, sizeof(text), "expect %s", rows[i].printed);
        assert_string_equal(step->text, text);
    }
    assert_true(one("expect next any ack=+2 within 1s")->expect.next);
    assert_true(box.script.steps[0].expect.any_flags);
    assert_true(box.script.steps[0].within == NANOS_PER_S);
}

static void options_become_bytes(void **state)
{
    static const struct {
        const char *list;
        uint8_t length;
        uint8_t bytes[TCP_OPTIONS_MAX];
        const char *printed;
    } rows[] = {
        {"<mss 1460,nop,wscale 7>", 8, {2, 4, 5, 180, 1, 3, 3, 7}, "<mss 1460,nop,wscale 7>"},
        {"< sackok , TS 1 4294967295 , EOL >",
         13,
         {4, 2, 8, 10, 0, 0, 0, 1, 255, 255, 255, 255, 0},
         "<sackOK,TS 1 4294967295,eol>"},
        {"<sack 1:2 0x100:65536>", 18, {5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 1, 0, 0, 1, 0, 0}, "<sack 1:2 256:65536>"},
        {"<kind 254 F989>", 4, {254, 4, 0xf9, 0x89}, "<kind 254 f989>"},
        {"<kind 30>", 2, {30, 2}, "<kind 30>"},
        {"<kind 2 05b4>", 4, {2, 4, 5, 180}, "<mss 1460>"},
        {"<kind 3 0708>", 4, {3, 4, 7, 8}, "<kind 3 0708>"},
        {"<raw 0204>", 2, {2, 4}, "<raw 0204>"},
        {"<raw 020405b401>", 5, {2, 4, 5, 180, 1}, "<mss 1460,nop>"},
        {"<nop,raw 0200,nop>", 4, {1, 2, 0, 1}, "<nop,raw 020001>"},
        {"<raw 0502>", 2, {5, 2}, "<kind 5>"},
        {"<>", 0, {0}, "none"},
        {"none", 0, {0}, "none"},
        {"nop,nop", 2, {1, 1}, "<nop,nop>"},
    };
    char text[120];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct crafted *crafted;

        snprintf(text, sizeof(text), "syn options=%s", rows[i].list);
        crafted = &one(text)->segment.crafted;
        assert_true(box.script.steps[0].segment.is_crafted && crafted->has_options);
        assert_int_equal(crafted->options_len, rows[i].length);
        assert_memory_equal(crafted->options, rows[i].bytes, rows[i].length);
        snprintf(text, sizeof(text), "syn options=%s", rows[i].printed);
        assert_string_equal(box.script.steps[0].text, text);
    }
}

/* The most of everything is taken, and one more is not. */
static void options_keep_their_range(void **state)
{
    static const struct {
        const char *most, *more;
    } rows[] = {
        {"mss 65535", "mss 65536"},
        {"wscale 255", "wscale 256"},
        {"TS 4294967295 4294967295", "TS 4294967296 0"},
        {"TS 0 4294967295", "TS 0 4294967296"},
        {"sack 4294967295:0", "sack 4294967296:0"},
        {"sack 1:2 1:2 1:2 1:2", "sack 1:2 1:2 1:2 1:2 1:2"},
    };
    static const char nops[] = "nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,"
                               "nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop";
    char text[240];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static const char *const formats[] = {"syn options=<%s>", "expect S options~<%s>", "expect S options=<%s>"};

        for (size_t j = 0; j < sizeof(formats) / sizeof(formats[0]); j++) {
            snprintf(text, sizeof(text), formats[j], rows[i].most);
            assert_true(parses_or_says_why(text, strlen(text)));
            snprintf(text, sizeof(text), formats[j], rows[i].more);
            assert_false(parses_or_says_why(text, strlen(text)));
        }
    }
    assert_true(parses_or_says_why("syn options=<kind 255>", 22));
    assert_false(parses_or_says_why("syn options=<kind 256>", 22));
    snprintf(text, sizeof(text), "syn options=<%s>", nops);
    assert_int_equal(one(text)->segment.crafted.options_len, TCP_OPTIONS_MAX);
    snprintf(text, sizeof(text), "syn options=<%s,nop>", nops);
    assert_false(parses_or_says_why(text, strlen(text)));
    snprintf(text, sizeof(text), "syn options=<kind 254 %076d>", 0);
    assert_int_equal(one(text)->segment.crafted.options_len, TCP_OPTIONS_MAX);
    snprintf(text, sizeof(text), "syn options=<kind 254 %078d>", 0);
    assert_false(parses_or_says_why(text, strlen(text)));
}

static void options_are_expected(void **state)
{
    const struct step_expect_segment *expect = &one("expect S. options~<mss,wscale 7>")->expect;

    (void)state;
    assert_int_equal(expect->options_test, OPTIONS_HAVE);
    assert_int_equal(expect->options_present, TCP_OPT_MSS | TCP_OPT_WSCALE);
    assert_int_equal(expect->options_valued, TCP_OPT_WSCALE);
    assert_int_equal(expect->options.wscale, 7);
    assert_string_equal(box.script.steps[0].text, "expect S. options~<mss,wscale 7>");

    expect = &one("expect S. options!~ts")->expect;
    assert_int_equal(expect->options_test, OPTIONS_LACK);
    assert_int_equal(expect->options_present, TCP_OPT_TIMESTAMPS);
    assert_int_equal(expect->options_valued, 0);
    assert_string_equal(box.script.steps[0].text, "expect S. options!~TS");

    expect = &one("expect S. options=<mss 1460,nop,TS 1 2,sackOK,nop,sack 5:6 7:8,other>")->expect;
    assert_int_equal(expect->options_test, OPTIONS_ARE);
    assert_int_equal(expect->options_present,
                     TCP_OPT_MSS | TCP_OPT_TIMESTAMPS | TCP_OPT_SACK_PERMITTED | TCP_OPT_SACK | TCP_OPT_OTHER);
    assert_int_equal(expect->options_valued, TCP_OPT_MSS | TCP_OPT_TIMESTAMPS | TCP_OPT_SACK);
    assert_int_equal(expect->options.mss, 1460);
    assert_int_equal(expect->options.tsval, 1);
    assert_int_equal(expect->options.tsecr, 2);
    assert_int_equal(expect->options.sack_count, 2);
    assert_int_equal(expect->options.sack[1].right, 8);
    assert_string_equal(box.script.steps[0].text, "expect S. options=<mss 1460,sackOK,TS 1 2,sack 5:6 7:8,other>");

    expect = &one("expect S. options=<>")->expect;
    assert_int_equal(expect->options_test, OPTIONS_ARE);
    assert_int_equal(expect->options_present, 0);
    assert_string_equal(box.script.steps[0].text, "expect S. options=none");
}

static void bytes_are_read_in_every_form(void **state)
{
    const struct step *step = one("send \"a\\r\\n\\t\\0\\\\\\\"\\x7fz\"");

    (void)state;
    assert_int_equal(step->send.kind, BYTES_TEXT);
    assert_int_equal(step->send.len, 9);
    assert_memory_equal(step->send.bytes, "a\r\n\t\0\\\"\x7fz", 9);
    assert_string_equal(step->text, "send \"a\\r\\n\\t\\0\\\\\\\"\\x7fz\"");

    step = one("send \"\"");
    assert_int_equal(step->send.kind, BYTES_TEXT);
    assert_int_equal(step->send.len, 0);

    step = one("send hex 00fF0a");
    assert_int_equal(step->send.kind, BYTES_HEX);
    assert_int_equal(step->send.len, 3);
    assert_memory_equal(step->send.bytes, "\x00\xff\x0a", 3);
    assert_string_equal(step->text, "send hex 00ff0a");

    step = one("send file within within 1s");
    assert_int_equal(step->send.kind, BYTES_FILE);
    assert_null(step->send.bytes);
    assert_int_equal(step->send.len, 0);
    assert_string_equal(step->send.path, "within");

    step = one("send file \"a b\"");
    assert_string_equal(step->send.path, "a b");
    assert_string_equal(step->text, "send file \"a b\"");

    step = one("send zeros 0x10");
    assert_int_equal(step->send.kind, BYTES_ZEROS);
    assert_null(step->send.bytes);
    assert_int_equal(step->send.len, 16);
    assert_string_equal(step->text, "send zeros 16");

    step = one("fin data hex 00");
    assert_true(step->segment.has_data);
    assert_int_equal(step->segment.data.kind, BYTES_HEX);
    assert_int_equal(step->segment.data.len, 1);
}

static void patterns_keep_their_backslashes(void **state)
{
    static const struct {
        const char *text, *pattern, *printed;
    } rows[] = {
        {"\"HTTP/1\\.[01]\"", "HTTP/1\\.[01]", "\"HTTP/1\\.[01]\""},
        {"\"a\\r\\n\\t\\\"\\x41\"", "a\r\n\t\"A", "\"a\\r\\n\\t\\\"A\""},
        {"\"\\\\n\"", "\\\\n", "\"\\\\n\""},
        {"\"\\x5cn\"", "\\n", "\"\\x5cn\""},
        {"\"\\x5c.\"", "\\.", "\"\\.\""},
        {"\"\\x5c\\\"\"", "\\\"", "\"\\x5c\\\"\""},
        {"\"\\x5c\"", "\\", "\"\\x5c\""},
        {"\"\\x5c0\"", "\\0", "\"\\x5c0\""},
        {"\"\\xff\"", "\xff", "\"\\xff\""},
        {"\"\xc3\xb6\"", "\xc3\xb6", "\"\\xc3\\xb6\""},
    };
    char text[80];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(text, sizeof(text), "expect data %s", rows[i].text);
        assert_string_equal(one(text)->data.pattern, rows[i].pattern);
        assert_int_equal(box.script.steps[0].data.len, strlen(rows[i].pattern));
        snprintf(text, sizeof(text), "expect data %s", rows[i].printed);
        assert_string_equal(box.script.steps[0].text, text);
    }
}

static void states_and_the_rest(void **state)
{
    const struct step *step = one("expect state close-wait|LAST-ACK proven within 1s");

    (void)state;
    assert_int_equal(step->state.states, IN(CLOSE_WAIT) | IN(LAST_ACK));
    assert_true(step->state.has_certainty && !step->state.of_local);
    assert_int_equal(step->state.certainty, PROVEN);
    assert_true(step->within == NANOS_PER_S);
    assert_string_equal(step->text, "expect state CLOSE-WAIT|LAST-ACK proven within 1s");
    assert_int_equal(one("expect state CLOSED within 1s presumed")->state.certainty, PRESUMED);
    assert_false(one("expect state CLOSED")->state.has_certainty);
    assert_true(one("expect local CLOSED")->state.of_local);

    assert_string_equal(one("expect icmp")->icmp, "");
    assert_string_equal(one("expect icmp port-unreachable within 1s")->icmp, "port-unreachable");
    for (unsigned i = 0; icmp_error_name_at(i); i++) {
        char text[60];

        snprintf(text, sizeof(text), "expect icmp %s", icmp_error_name_at(i));
        assert_string_equal(one(text)->icmp, icmp_error_name_at(i));
        assert_string_equal(box.script.steps[0].text, text);
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(icmp_error_name_at(i), icmp_error_name_at(j));
        assert_int_equal(icmp_error_name_at(i + 1) == NULL, strcmp(icmp_error_name_at(i), "other") == 0);
    }
    step = one("auto ack off");
    assert_true(step->automatic.what == AUTO_ACK && !step->automatic.on);
    step = one("auto retransmit on");
    assert_true(step->automatic.what == AUTO_RETRANSMIT && step->automatic.on);
}

/* As a prompt does it, line after line. */
static void steps_are_added_and_stay(void **state)
{
    const struct step *first;

    (void)state;
    box_init(&box, 3, 200);
    assert_true(box_parse(&box, "# nothing\n\n", 11));
    assert_int_equal(box.script.count, 0);
    assert_true(script_parse(&box.script, "  open", 6, 7, &box.error));
    first = &box.script.steps[0];
    assert_true(script_parse(&box.script, "wait 1s;\n close", 15, 8, &box.error));
    assert_int_equal(box.script.count, 3);
    assert_ptr_equal(first, &box.script.steps[0]);
    assert_string_equal(first->text, "open");
    assert_int_equal(first->line, 7);
    assert_int_equal(first->column, 3);
    assert_int_equal(box.script.steps[1].line, 8);
    assert_int_equal(box.script.steps[2].line, 9);
    assert_int_equal(box.script.steps[2].column, 2);
    assert_false(script_parse(&box.script, "\nabort", 6, 10, &box.error));
    assert_int_equal(box.error.line, 11);
    assert_string_equal(box.error.words, "the script is too long: it can have 3 steps");
}

static void good_scripts_are_good(void **state)
{
    (void)state;
    for (const char *const *text = good_scripts; *text; text++) {
        struct script_error error;
        struct box good;

        if (!parses_or_says_why(*text, strlen(*text)))
            fail_msg("this is refused: %s", *text);
        box_init(&good, 20, 2000);
        assert_true(box_parse(&good, *text, strlen(*text)));
        if (!script_check(&good.script, &error))
            fail_msg("%s: %u: %s", *text, error.column, error.words);
        box_free(&good);
    }
}

static void printing_is_cut_like_snprintf(void **state)
{
    const struct step *step = one("expect next S. ack=+1 options~<mss,wscale 7> within 3s");
    size_t length = strlen(step->text);

    (void)state;
    assert_int_equal(script_print_step(step, NULL, 0), length);
    for (size_t size = 1; size <= length + 1; size++) {
        char *out = malloc(size);
        assert_int_equal(script_print_step(step, out, size), length);
        assert_int_equal(strlen(out), size - 1);
        assert_memory_equal(out, step->text, size - 1);
        free(out);
    }
}

static void different_steps_are_not_the_same(void **state)
{
    static const char *const texts[] = {
        "open",
        "open within 1s",
        "close",
        "send \"a\"",
        "send \"b\"",
        "send \"\"",
        "send file a",
        "send file b",
        "send zeros 1",
        "send zeros 2",
        "syn",
        "segment S",
        "segment F",
        "syn seq=1",
        "syn seq=2",
        "syn seq=nxt+1",
        "syn ack=1",
        "syn seq=+wnd",
        "syn offset=5",
        "syn offset=6",
        "syn checksum=1",
        "syn checksum=bad",
        "syn fragment=8",
        "syn options=none",
        "syn options=nop",
        "syn options=eol",
        "syn data \"\"",
        "syn data \"x\"",
        "auto ack on",
        "auto ack off",
        "auto retransmit on",
        "probe",
        "expect S",
        "expect next S",
        "expect any",
        "expect S?",
        "expect S win=1",
        "expect S win>1",
        "expect S win!=1",
        "expect S options~mss",
        "expect S options~<mss 1>",
        "expect S options~<mss 2>",
        "expect S options!~mss",
        "expect S options=mss",
        "expect S options~TS",
        "expect S options~<TS 1 2>",
        "expect S options~<TS 1 3>",
        "expect S options~<sack 1:2>",
        "expect S options~<sack 1:3>",
        "expect S options~<sack 1:2 3:4>",
        "expect S options~<wscale 1>",
        "expect S options~<wscale 2>",
        "expect state CLOSED",
        "expect local CLOSED",
        "expect state LISTEN",
        "expect state CLOSED proven",
        "expect state CLOSED presumed",
        "expect data \"a\"",
        "expect data \"b\"",
        "expect icmp",
        "expect icmp other",
        "expect nothing for 1s",
        "expect nothing for 2s",
        "wait 1s",
    };
    const size_t count = sizeof(texts) / sizeof(texts[0]);
    struct box many;

    (void)state;
    box_init(&many, (unsigned)count, 8000);
    for (size_t i = 0; i < count; i++)
        assert_true(box_parse(&many, texts[i], strlen(texts[i])));
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            if (script_same_step(&many.script.steps[i], &many.script.steps[j]) != (i == j))
                fail_msg("%s and %s", texts[i], texts[j]);
    box_free(&many);
}

static void same_steps_may_be_written_differently(void **state)
{
    static const char *const pairs[][2] = {
        {"send \"a\"", "send hex 61"},
        {"syn seq=1 ack=2", "syn ack=+2 seq=+1"},
        {"expect .S win>1 ack=0", "expect S. ack=-0 win>0x1"},
        {"wait 1s", "wait 1000ms"},
        {"expect any options=<mss 1,nop,TS>", "expect any options=<TS,mss 1>"},
        {"syn options=<mss 1460>", "syn options=<raw 020405b4>"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct box two;

        box_init(&two, 2, 400);
        assert_true(box_parse(&two, pairs[i][0], strlen(pairs[i][0])));
        assert_true(box_parse(&two, pairs[i][1], strlen(pairs[i][1])));
        assert_true(script_same_step(&two.script.steps[0], &two.script.steps[1]));
        box_free(&two);
    }
}

/* What the examples of the grammar promise. */
static void tables_are_whole(void **state)
{
    (void)state;
    for (const struct grammar_word *word = grammar_words; word->name; word++) {
        const char *blank = strchr(word->name, ' ');
        bool found = !blank, printed = false;
        struct script_error error;
        struct box example;

        assert_memory_equal(word->syntax, word->name, strlen(word->name));
        assert_int_equal(word->summary[strlen(word->summary) - 1], '.');
        assert_true(strlen(word->help) > 0);
        for (const struct grammar_word *first = grammar_words; first->name && blank; first++)
            found |= strlen(first->name) == (size_t)(blank - word->name) &&
                     memcmp(first->name, word->name, (size_t)(blank - word->name)) == 0;
        assert_true(found); /* the parser finds "expect state" from "expect" */
        box_init(&example, 8, 1000);
        if (!box_parse(&example, word->example, strlen(word->example)))
            fail_msg("%s: %s", word->example, example.error.words);
        if (!script_check(&example.script, &error))
            fail_msg("%s: %s", word->example, error.words);
        for (unsigned i = 0; i < example.script.count; i++)
            printed |= grammar_word_of(&example.script.steps[i]) == word;
        assert_true(printed);
        box_free(&example);
    }
    for (enum argument i = ARGUMENT_NONE + 1; i < ARGUMENT_COUNT; i++)
        assert_true(grammar_arguments[i].name && (grammar_arguments[i].free || grammar_arguments[i].words[0]));
    for (const struct grammar_field *field = grammar_fields; field->name; field++) {
        char text[80];

        for (enum grammar_use use = USE_BY_HAND; use <= USE_EXPECTED; use <<= 1) {
            snprintf(text, sizeof(text), "%s %s", use == USE_BY_HAND ? "segment none" : "expect any", field->example);
            assert_int_equal(parses_or_says_why(text, strlen(text)), (field->uses & use) != 0);
        }
        assert_memory_equal(field->example, field->name, strlen(field->name));
        if (field->value <= VALUE_PLAIN)
            assert_ptr_not_equal(field->what, NULL);
    }
    for (const struct grammar_exclusion *row = grammar_exclusions; row->name; row++)
        assert_true(strlen(row->why) > 0);
}

/* The least and the most of each field are taken, and nothing beyond. */
static void fields_keep_their_range(void **state)
{
    (void)state;
    for (const struct grammar_field *field = grammar_fields; field->name; field++) {
        const char *before = field->uses & USE_BY_HAND ? "segment none" : "expect any";
        char text[80];

        if (field->value == VALUE_SEQUENCE || field->value == VALUE_OPTIONS)
            continue;
        for (int i = 0; i < 4; i++) {
            int64_t value = i < 2 ? (int64_t)field->least - i : (int64_t)field->most + i - 2;

            snprintf(text, sizeof(text), "%s %s=%lld", before, field->name, (long long)value);
            assert_int_equal(parses_or_says_why(text, strlen(text)), i % 2 == 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(words_give_their_kind, forget),
        cmocka_unit_test_teardown(segment_words_have_their_flags, forget),
        cmocka_unit_test_teardown(durations_are_exact, forget),
        cmocka_unit_test_teardown(sequence_numbers_have_base_offset_and_windows, forget),
        cmocka_unit_test_teardown(wrong_numbers_are_refused, forget),
        cmocka_unit_test_teardown(fields_go_where_they_belong, forget),
        cmocka_unit_test_teardown(comparisons_are_told_apart, forget),
        cmocka_unit_test_teardown(expected_flags_may_be_open, forget),
        cmocka_unit_test_teardown(options_become_bytes, forget),
        cmocka_unit_test_teardown(options_keep_their_range, forget),
        cmocka_unit_test_teardown(options_are_expected, forget),
        cmocka_unit_test_teardown(bytes_are_read_in_every_form, forget),
        cmocka_unit_test_teardown(patterns_keep_their_backslashes, forget),
        cmocka_unit_test_teardown(states_and_the_rest, forget),
        cmocka_unit_test_teardown(steps_are_added_and_stay, forget),
        cmocka_unit_test_teardown(good_scripts_are_good, forget),
        cmocka_unit_test_teardown(printing_is_cut_like_snprintf, forget),
        cmocka_unit_test_teardown(different_steps_are_not_the_same, forget),
        cmocka_unit_test_teardown(same_steps_may_be_written_differently, forget),
        cmocka_unit_test_teardown(tables_are_whole, forget),
        cmocka_unit_test_teardown(fields_keep_their_range, forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
