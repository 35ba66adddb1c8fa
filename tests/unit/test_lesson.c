/* src/lesson/: a lesson's text to its items, where it is wrong and what is said then, and the facts that checks are held against. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/shelf.h"
#include "lesson/lesson.h"
#include "report_events.h"

#define HEAD "title: T\nsummary: S\n"
#define PART HEAD "peer: echo\n    syn\n    expect S.\n"

struct desk {
    struct lesson lesson;
    struct script_error error;
};

/* Storage of exactly the promised size, so that the sanitizer sees what goes beyond it; the text ends where it ends. */
static bool read_lesson(struct desk *desk, const char *text, size_t length)
{
    char *copy = malloc(length ? length : 1);
    bool read;

    memcpy(copy, text, length);
    lesson_init(&desk->lesson, calloc(LESSON_ITEMS(length), sizeof(struct lesson_item)), LESSON_ITEMS(length),
                malloc(LESSON_BYTES(length)), LESSON_BYTES(length));
    read = lesson_parse(&desk->lesson, copy, length, &desk->error);
    free(copy);
    return read;
}

static void put_away(struct desk *desk)
{
    free(desk->lesson.items);
    free(desk->lesson.bytes);
}

static void assert_item(const struct desk *desk, unsigned index, enum lesson_item_kind kind, const char *text,
                        unsigned line, unsigned column)
{
    const struct lesson_item *item = &desk->lesson.items[index];

    assert_true(index < desk->lesson.count);
    assert_int_equal(item->kind, kind);
    assert_string_equal(item->text, text);
    assert_int_equal(item->length, strlen(text));
    assert_int_equal(item->line, line);
    assert_int_equal(item->column, column);
}

static void test_items(void **state)
{
    static const char text[] = "# a remark\n"
                               "title:  The  open\n"
                               "summary: one line\n"
                               "\n"
                               "Prose that goes\n"
                               "on  here.\n"
                               "peer: echo --isn 5\n"
                               "long: It takes long.\n"
                               "ask: What?\n"
                               "wrong: this\n"
                               "right: that\n"
                               "  and more of it\n"
                               "\n"
                               "    syn ; expect S.\n"
                               "\n"
                               "\tack\n"
                               "More prose: with a colon.\n"
                               "end:\n"
                               "check: close-segments != 4\n"
                               "true: It is so.\n"
                               "false: It is not.\n";
    struct desk desk;

    (void)state;
    assert_true(read_lesson(&desk, text, strlen(text)));
    assert_string_equal(desk.lesson.title, "The open");
    assert_string_equal(desk.lesson.summary, "one line");
    assert_int_equal(desk.lesson.count, 12);
    assert_item(&desk, 0, LESSON_PROSE, "Prose that goes on here.", 5, 1);
    assert_item(&desk, 1, LESSON_PEER, "echo --isn 5", 7, 7);
    assert_item(&desk, 2, LESSON_LONG, "It takes long.", 8, 7);
    assert_item(&desk, 3, LESSON_ASK, "What?", 9, 6);
    assert_item(&desk, 4, LESSON_WRONG, "this", 10, 8);
    assert_item(&desk, 5, LESSON_RIGHT, "that and more of it", 11, 8);
    assert_item(&desk, 6, LESSON_STEPS, "    syn ; expect S.\n\n\tack\n", 14, 1);
    assert_item(&desk, 7, LESSON_PROSE, "More prose: with a colon.", 17, 1);
    assert_item(&desk, 8, LESSON_END, "", 18, 5);
    assert_item(&desk, 9, LESSON_CHECK, "close-segments != 4", 19, 8);
    assert_int_equal(desk.lesson.items[9].check.left.of.fact, FACT_CLOSE_SEGMENTS);
    assert_int_equal(desk.lesson.items[9].check.comparison, COMPARE_UNEQUAL);
    assert_int_equal(desk.lesson.items[9].check.value, 4);
    assert_item(&desk, 10, LESSON_TRUE, "It is so.", 20, 7);
    assert_item(&desk, 11, LESSON_FALSE, "It is not.", 21, 8);
    put_away(&desk);
}

struct row {
    const char *text;
    unsigned line, column;
    const char *words;
};

static const struct row wrong_lessons[] = {
    {"", 1, 1, "a lesson wants a peer: and steps"},
    {"prose\n", 1, 1, "a lesson begins with title: and summary:"},
    {HEAD "title: T\n", 3, 1, "title: stands once, at the top of the lesson"},
    {"title:\nsummary: S\n", 1, 7, "here a text must follow"},
    {HEAD "rigth: x\n", 3, 1,
     "'rigth:' is no word of a lesson: there are title, summary, peer, long, ask, right, wrong, check, end, true and "
     "false"},
    {HEAD "Peer: echo\n", 3, 1, "'Peer:' is written in small letters"},
    {PART "TRUE: x\n", 6, 1, "'TRUE:' is written in small letters"},
    {HEAD "\nIt came after {gab}.\n", 4, 1, "in this text {gab} is no fact (see FACTS in tcpwalk-lesson(5))"},
    {HEAD "    syn\n", 3, 1, "there must be a peer: before it"},
    {HEAD "ask: x\n", 3, 6, "there must be a peer: before it"},
    {HEAD "peer: echo\n", 4, 1, "a lesson wants a peer: and steps"},
    {HEAD "peer: echo\npeer: echo\n", 4, 7, "the connection before this one has no steps"},
    {HEAD "peer: echo\n\n    syn\ntrue: x\n", 6, 7,
     "nothing shows this: above a statement there must be an expectation or a check"},
    {PART "true: x\n    ack\ntrue: y\n", 8, 7,
     "nothing shows this: above a statement there must be an expectation or a check"},
    {PART "false: x\n", 6, 8, "false: stands directly below the true: in whose place it is said"},
    {PART "right: x\n", 6, 8, "an answer stands directly below its question"},
    {PART "ask: x\nright: a\nwrong: b\n", 6, 6,
     "nothing answers this question: behind it there must be an expectation or a check"},
    {PART "ask: x\nright: a\n    expect .\n", 6, 6,
     "a question wants two answers or more behind it, one right: and the others wrong:"},
    {PART "ask: x\nwrong: a\nwrong: b\n    expect .\n", 6, 6,
     "a question wants two answers or more behind it, one right: and the others wrong:"},
    {PART "ask: x\nright: a\nright: b\n", 8, 8, "this question has a right answer already"},
    {PART "long: x\n", 6, 7, "long: stands directly below a peer:, whose part takes long"},
    {PART "end: x\n", 6, 6, "end: stands alone on its line"},
    {PART "end:\nend:\n", 7, 5, "end: stands once, behind the steps of a connection"},
    {PART "end:\n    ack\n", 7, 1, "the connection has ended above: behind end: there are no steps"},
    {PART "check: gap = x\n", 6, 14, "gap is held against a duration such as 500ms, or a fact, not 'x'"},
    {PART "check: gap 5s\n", 6, 12, "after the fact comes one of = != < > <= >="},
    {PART "check: kernel = ESTABLISHD\n", 6, 17, "kernel is held against a state such as TIME-WAIT, not 'ESTABLISHD'"},
    {PART "check: gap - ours > 5s\n", 6, 8, "'gap - ours' is no fact (tcpwalk-lesson(5) lists them)"},
    {PART "check: peer-isn - our-isn > 5s\n", 6, 29, "peer-isn - our-isn is held against a number or a fact, not '5s'"},
    {PART "check: gap - 2.gap > 5s\n", 6, 8, "there is no connection 2 up to here"},
    {PART "check: gap - open > 5s\n", 6, 8, "open is known only behind end:"},
    {PART "check: close > 5s\n", 6, 8, "close is known only behind end:"},
    {PART "check: 2.gap > 5s\n", 6, 8, "there is no connection 2 up to here"},
    {HEAD "\xed\x95\n", 3, 1, "here is a byte that is no text of UTF-8, or a control character"},
    {HEAD "\xed\x95\x9c \x1b[2J\n", 3, 3, "here is a byte that is no text of UTF-8, or a control character"},
};

static void test_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong_lessons); i++) {
        const struct row *row = &wrong_lessons[i];
        struct desk desk;
        bool read = read_lesson(&desk, row->text, strlen(row->text));
        if (read || desk.error.line != row->line || desk.error.column != row->column ||
            strcmp(desk.error.words, row->words) != 0)
            fail_msg("row %zu: %s:\n%s: %u:%u: %s", i, row->text, read ? "it was read" : "another error",
                     desk.error.line, desk.error.column, desk.error.words);
        put_away(&desk);
    }
}

/* Every beginning of a lesson that ships, and one with any one byte spoilt, is a lesson or an error with a place in it. */
static void test_any_text(void **state)
{
    (void)state;
    for (const struct lesson_shipped *shipped = lessons_shipped; shipped->name; shipped++) {
        size_t length = strlen(shipped->text);
        char *spoilt = malloc(length);
        for (size_t i = 0; i < length; i += 7) {
            struct desk desk;
            memcpy(spoilt, shipped->text, length);
            spoilt[i] = (char)(i % 2 ? 0xff : ':');
            if (!read_lesson(&desk, spoilt, i % 3 ? length : i))
                assert_true(desk.error.line >= 1 && desk.error.column >= 1 && desk.error.words[0]);
            put_away(&desk);
        }
        free(spoilt);
    }
}

static void test_shipped_lessons_are_lessons(void **state)
{
    (void)state;
    assert_true(lessons_shipped[0].name != NULL);
    for (const struct lesson_shipped *shipped = lessons_shipped; shipped->name; shipped++) {
        struct desk desk;
        if (!read_lesson(&desk, shipped->text, strlen(shipped->text)))
            fail_msg("%s:%u:%u: %s", shipped->name, desk.error.line, desk.error.column, desk.error.words);
        assert_ptr_equal(lesson_find(shipped->name), shipped);
        put_away(&desk);
    }
    assert_null(lesson_find("no-such-lesson"));
}

/* ---- facts ---- */

static enum verdict hold(const struct facts *parts, unsigned present, const char *check)
{
    char wrong_bytes[240];
    struct text wrong;
    struct check read;
    size_t where;

    text_init(&wrong, wrong_bytes, sizeof(wrong_bytes));
    if (!check_read(check, &read, &wrong, &where))
        fail_msg("%s: %s", check, wrong_bytes);
    return check_hold(&read, parts, present);
}

static void test_facts(void **state)
{
    struct event events[EVENTS];
    struct facts parts[2];
    const struct layer_sizes sizes = {.data = 18, .segment = 50, .packet = 70, .frame = 84};
    size_t count = full_close(events);

    (void)state;
    facts_init(&parts[0]);
    facts_init(&parts[1]);
    assert_int_equal(hold(parts, 1, "segments = 0"), VERDICT_TRUE);
    assert_int_equal(hold(parts, 1, "peer-isn = 0"), VERDICT_UNKNOWN);
    assert_int_equal(hold(parts, 1, "close-segments = 4"), VERDICT_UNKNOWN);
    for (size_t i = 0; i < count; i++)
        facts_take(&parts[0], &events[i]);
    assert_int_equal(hold(parts, 1, "segments >= 7"), VERDICT_TRUE);
    assert_int_equal(hold(parts, 1, "peer-ack - our-isn = 2"), VERDICT_TRUE);
    assert_int_equal(hold(parts, 1, "peer-seq - peer-isn = 1"), VERDICT_TRUE);
    assert_int_equal(hold(parts, 1, "close-segments = 4"), VERDICT_TRUE);
    assert_int_equal(hold(parts, 1, "close-segments < 4"), VERDICT_FALSE);
    assert_int_equal(hold(parts, 1, "gap > 0ms"), VERDICT_TRUE);
    assert_int_equal(hold(parts, 1, "elapsed > gap"), VERDICT_TRUE);
    assert_int_equal(hold(parts, 1, "elapsed = 0ms"), VERDICT_FALSE);
    assert_int_equal(hold(parts, 1, "frame-size > packet-size"), VERDICT_UNKNOWN);
    facts_take_sizes(&parts[0], &sizes);
    assert_int_equal(hold(parts, 1, "data-size = 18"), VERDICT_TRUE);
    assert_int_equal(hold(parts, 1, "segment-size = 50"), VERDICT_TRUE);
    assert_int_equal(hold(parts, 1, "packet-size = 70"), VERDICT_TRUE);
    assert_int_equal(hold(parts, 1, "frame-size = 84"), VERDICT_TRUE);
    assert_int_equal(hold(parts, 1, "kernel = LISTEN"), VERDICT_FALSE);
    assert_int_equal(hold(parts, 2, "segments = 1.segments"), VERDICT_FALSE);
    assert_int_equal(hold(parts, 2, "1.segments > segments"), VERDICT_TRUE);
    assert_int_equal(hold(parts, 2, "peer-isn != 1.peer-isn"), VERDICT_UNKNOWN);
}

/* Sequence numbers are apart on their circle, other numbers and durations on a line. */
static void test_differences(void **state)
{
    struct event events[EVENTS];
    struct facts parts[2];
    size_t count = full_close(events);

    (void)state;
    facts_init(&parts[0]);
    facts_init(&parts[1]);
    assert_int_equal(hold(parts, 1, "peer-ack - our-isn = 0"), VERDICT_UNKNOWN);
    for (size_t i = 0; i < count; i++)
        facts_take(&parts[0], &events[i]);
    assert_int_equal(hold(parts, 1, "peer-isn - our-isn = 0"), VERDICT_FALSE);
    assert_int_equal(hold(parts, 1, "peer-isn - peer-isn = our-isn - our-isn"), VERDICT_TRUE);
    parts[1] = parts[0];
    parts[0].values[FACT_PEER_ISN] = 4294967290;
    parts[1].values[FACT_PEER_ISN] = 4;
    parts[1].values[FACT_OURS] += 3;
    parts[0].values[FACT_GAP] += 7 * NANOS_PER_MS;
    assert_int_equal(hold(parts, 2, "peer-isn - 1.peer-isn = 10"), VERDICT_TRUE);
    assert_int_equal(hold(parts, 2, "1.peer-isn - 2.peer-isn = 4294967286"), VERDICT_TRUE);
    assert_int_equal(hold(parts, 2, "ours - 1.ours = 3"), VERDICT_TRUE);
    assert_int_equal(hold(parts, 2, "1.ours - ours < 0"), VERDICT_TRUE);
    assert_int_equal(hold(parts, 2, "1.gap - gap = 7ms"), VERDICT_TRUE);
    assert_int_equal(hold(parts, 2, "1.gap - gap > gap - 1.gap"), VERDICT_TRUE);
}

static void test_places(void **state)
{
    static const char text[] =
        "a {gap} b {no-fact} {2.peer-isn} {gap -} {gap - ours} {kernel - kernel} {ours - 3.ours}";
    struct fact_name name;
    size_t at = 0, before;

    (void)state;
    assert_true(facts_place(text, &at, &before, &name));
    assert_int_equal(before, 2);
    assert_int_equal(at, 7);
    assert_int_equal(name.of.fact, FACT_GAP);
    assert_int_equal(name.of.part, 0);
    assert_false(name.minus);
    assert_true(facts_place(text, &at, &before, &name));
    assert_int_equal(name.of.fact, FACT_PEER_ISN);
    assert_int_equal(name.of.part, 2);
    assert_true(facts_place(text, &at, &before, &name));
    assert_int_equal(before, strlen(text) - strlen("{ours - 3.ours}"));
    assert_int_equal(name.of.fact, FACT_OURS);
    assert_true(name.minus);
    assert_int_equal(name.less.fact, FACT_OURS);
    assert_int_equal(name.less.part, 3);
    assert_false(facts_place(text, &at, &before, &name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items),    cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_any_text), cmocka_unit_test(test_shipped_lessons_are_lessons),
        cmocka_unit_test(test_facts),    cmocka_unit_test(test_differences),
        cmocka_unit_test(test_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
