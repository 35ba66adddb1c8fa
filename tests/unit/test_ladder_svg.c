/*
 * Ladders as drawings: every segment is an arrow with its words, the bars have the states in their order, a long time is marked,
 * and whatever happens at whatever width, no text lies over another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/ladder_svg.h"
#include "report_events.h"
#include "svg_document.h"

static void take(struct ladder_rows *ladder, const struct event *events, size_t count)
{
    struct fault fault = {0};

    for (size_t i = 0; i < count; i++)
        assert_true(ladder_rows_take(ladder, &events[i], &fault));
}

/* The drawing alone. Released by the caller. */
static char *drawn(const struct ladder_rows *ladder, unsigned first, unsigned end, double width)
{
    char *text = NULL;
    size_t size = 0;
    struct svg svg = {open_memstream(&text, &size)};

    assert_non_null(svg.out);
    ladder_svg(&svg, ladder, first, end, 0, width, 0, NULL);
    assert_int_equal(fclose(svg.out), 0);
    return text;
}

/* As a document of its own. Released by the caller. */
static char *document_of(const struct ladder_rows *ladder, unsigned first, unsigned end, double width)
{
    char *text = NULL;
    size_t size = 0;
    struct svg svg = {0};
    double height = ladder_svg(&svg, ladder, first, end, 1, width, 2, NULL);

    svg.out = open_memstream(&text, &size);
    assert_non_null(svg.out);
    svg_begin(&svg, width + 2, height + 4, "A ladder");
    ladder_svg(&svg, ladder, first, end, 1, width, 2, NULL);
    svg_put(&svg, "</svg>\n");
    assert_int_equal(fclose(svg.out), 0);
    return text;
}

static void a_small_one_exactly(void **unused)
{
    const struct event events[] = {
        segment_event(1, true, 0, TCP_SYN | TCP_ACK, 0, 1, SYN_RECEIVED),
        claim_event(SIDE_PEER, PRESUMED, NO_STATES, IN(ESTABLISHED), IN(SYN_SENT)),
        verify_event(ESTABLISHED, PRESUMED, IN(ESTABLISHED), true),
    };
    struct ladder_rows ladder = {0};
    char *text;

    (void)unused;
    take(&ladder, events, COUNT(events));
    text = drawn(&ladder, 0, 1, 700);
    assert_string_equal(
        text,
        "<text class=\"head\" x=\"122.0\" y=\"11.0\" font-size=\"11\" text-anchor=\"middle\">local</text>\n"
        "<text class=\"head\" x=\"451.0\" y=\"11.0\" font-size=\"11\" text-anchor=\"middle\">peer</text>\n"
        "<text class=\"dim\" x=\"178.0\" y=\"49.0\" font-size=\"12\" text-anchor=\"start\">1</text>\n"
        "<text class=\"head\" x=\"194.3\" y=\"49.0\" font-size=\"12\" text-anchor=\"start\">SYN ACK</text>\n"
        "<text class=\"plain\" x=\"254.6\" y=\"49.0\" font-size=\"12\" text-anchor=\"start\">seq\u00a00, "
        "ack\u00a01,</text>\n"
        "<text class=\"plain\" x=\"178.0\" y=\"64.0\" font-size=\"12\" text-anchor=\"start\">mss\u00a01460, ws\u00a07, "
        "sackOK, TS</text>\n"
        "<path class=\"sent\" d=\"M172.0 70.0L394.0 79.0\"/><path class=\"tip ours\" d=\"M401.0 79.0l-9.0 -4.6l0.6 "
        "9z\"/>\n"
        "<text class=\"dim\" x=\"68.0\" y=\"74.0\" font-size=\"11\" text-anchor=\"end\">0.000000</text>\n"
        "<rect class=\"unknown\" x=\"74.0\" y=\"17.0\" width=\"96.0\" height=\"53.0\"/>\n"
        "<rect class=\"unknown\" x=\"403.0\" y=\"17.0\" width=\"96.0\" height=\"62.0\"/>\n"
        "<text class=\"presumes\" x=\"511.0\" y=\"49.0\" font-size=\"11\" text-anchor=\"start\">presumed, else "
        "SYN-SENT</text>\n"
        "<text class=\"dim\" x=\"511.0\" y=\"63.0\" font-size=\"11\" text-anchor=\"start\">kernel: ESTABLISHED, "
        "agrees</text>\n"
        "<rect class=\"state s1\" x=\"74.0\" y=\"70.0\" width=\"96.0\" height=\"36.0\"/>\n"
        "<text class=\"state-name\" x=\"122.0\" y=\"83.0\" font-size=\"11\" "
        "text-anchor=\"middle\">SYN-RECEIVED</text>\n"
        "<rect class=\"state s2 presumed\" x=\"403.0\" y=\"79.0\" width=\"96.0\" height=\"27.0\"/>\n"
        "<text class=\"state-name\" x=\"451.0\" y=\"92.0\" font-size=\"11\" "
        "text-anchor=\"middle\">ESTABLISHED</text>\n");
    free(text);
    ladder_rows_free(&ladder);
}

/* The words of a class, each as ">words</text>", in the order in which they are drawn. */
static void assert_in_order(const char *text, const char *const words[])
{
    char tagged[80];

    for (; *words; words++) {
        snprintf(tagged, sizeof(tagged), ">%s</text>", *words);
        text = strstr(text, tagged);
        if (!text)
            fail_msg("not in its place: %s", *words);
    }
}

static void a_whole_close(void **unused)
{
    static const double widths[] = {320, 360, 619, 620, 800, 912};
    static const char *const arrows[] = {"1", "SYN", "2", "SYN ACK", "3", "ACK", "4", "FIN ACK", "5", "ACK", NULL};
    struct event events[EVENTS];
    size_t count = full_close(events);
    struct ladder_rows ladder = {0};

    (void)unused;
    take(&ladder, events, count);
    assert_int_equal(ladder.count, 9);
    for (size_t i = 0; i < COUNT(widths); i++) {
        char *text = document_of(&ladder, 0, ladder.count, widths[i]);

        svg_assert_readable(text, (unsigned)i);
        assert_int_equal(svg_occurrences(text, "class=\"sent\""), 4);
        assert_int_equal(svg_occurrences(text, "class=\"came\""), 3);
        assert_in_order(text, arrows);
        svg_assert_has(text, ">0.010502</text>");
        svg_assert_has(text, ">closed by us in four segments</text>");
        svg_assert_has(text, ">LISTEN</text>");
        svg_assert_has(text, ">SYN-RECEIVED</text>");
        svg_assert_has(text, ">CLOSE-WAIT</text>");
        svg_assert_has(text, ">LAST-ACK+</text>");
        svg_assert_has(text, ">TIME-WAIT</text>");
        free(text);
    }
    ladder_rows_free(&ladder);
}

/* A piece begins with the states that the rows before have left. */
static void a_piece_goes_on(void **unused)
{
    struct event events[EVENTS];
    size_t count = full_close(events);
    struct ladder_rows ladder = {0};
    char *text;

    (void)unused;
    take(&ladder, events, count);
    text = document_of(&ladder, 4, 6, 800);
    svg_assert_readable(text, 0);
    assert_int_equal(svg_occurrences(text, ">ESTABLISHED</text>"), 2);
    assert_int_equal(svg_occurrences(text, ">local</text>"), 1);
    assert_int_equal(svg_occurrences(text, "class=\"unknown\""), 0);
    assert_int_equal(svg_occurrences(text, "class=\"sent\"") + svg_occurrences(text, "class=\"came\""), 2);
    free(text);
    ladder_rows_free(&ladder);
}

/* The number that follows these words, or those behind them. */
static double number_after(const char *text, const char *words, const char *more)
{
    const char *at = strstr(text, words);

    at = at ? strstr(at, more) : NULL;
    if (!at)
        fail_msg("there is no %s ... %s", words, more);
    return at ? atof(at + strlen(more)) : 0;
}

/* LISTEN ends where our SYN arrives, though only the SYN-ACK shows it: its name stands above SYN-RECEIVED by one arrow. */
static void listen_ends_where_the_syn_arrives(void **unused)
{
    struct event events[] = {
        start_event(),
        segment_event(1, true, 0, TCP_SYN, 0, 0, SYN_SENT),
        claim_event(SIDE_PEER, PRESUMED, IN(LISTEN), IN(LISTEN), IN(CLOSED)),
        segment_event(2, false, US(400), TCP_SYN | TCP_ACK, 0, 1, ESTABLISHED),
        claim_event(SIDE_PEER, PROVEN, IN(LISTEN), IN(SYN_RECEIVED), NO_STATES),
    };
    struct ladder_rows ladder = {0};
    double arrives, ends;
    char *text;

    (void)unused;
    for (int known = 0; known < 2; known++) {
        events[4].transition.claim.not_before = known ? 0 : US(400);
        take(&ladder, events, COUNT(events));
        text = document_of(&ladder, 0, ladder.count, 800);
        svg_assert_readable(text, 0);
        arrives = number_after(strstr(text, "class=\"sent\""), "L", " "); /* of the tip its y, behind its x */
        ends = number_after(text, "s0 presumed", " y=\"") + number_after(text, "s0 presumed", " height=\"");
        assert_true(known ? ends > arrives - 0.2 && ends < arrives + 0.2 : ends > arrives + 10);
        free(text);
        ladder_rows_free(&ladder);
    }
}

/* Whoever is called, listened. */
static void a_passive_end_begins_in_listen(void **unused)
{
    const struct event events[] = {start_event(), segment_event(1, false, 0, TCP_SYN, 0, 0, LISTEN)};
    struct ladder_rows ladder = {0};
    char *text;

    (void)unused;
    take(&ladder, events, COUNT(events));
    text = document_of(&ladder, 0, ladder.count, 800);
    assert_int_equal(svg_occurrences(text, ">LISTEN</text>"), 1);
    assert_int_equal(svg_occurrences(text, ">CLOSED</text>"), 0);
    free(text);
    ladder_rows_free(&ladder);
}

static void a_long_time_is_marked(void **unused)
{
    const struct event events[] = {
        start_event(),
        segment_event(1, true, 0, TCP_SYN, 0, 0, SYN_SENT),
        segment_event(2, false, US(40), TCP_SYN | TCP_ACK, 0, 1, ESTABLISHED),
        segment_event(3, false, US(1020040), TCP_SYN | TCP_ACK, 0, 1, ESTABLISHED),
        segment_event(4, true, US(1020100), TCP_ACK, 1, 1, ESTABLISHED),
    };
    const struct event slow[] = {
        start_event(),
        segment_event(1, true, 0, TCP_SYN, 0, 0, SYN_SENT),
        segment_event(2, false, US(150000), TCP_SYN | TCP_ACK, 0, 1, ESTABLISHED),
        segment_event(3, true, US(300000), TCP_ACK, 1, 1, ESTABLISHED),
    };
    struct ladder_rows ladder = {0}, far = {0};
    char *text;

    (void)unused;
    take(&ladder, events, COUNT(events));
    text = document_of(&ladder, 0, ladder.count, 800);
    assert_int_equal(svg_occurrences(text, "class=\"gap\""), 1);
    svg_assert_has(text, ">1.02 s later</text>");
    free(text);
    /* Of a peer that is far away every segment takes long. */
    take(&far, slow, COUNT(slow));
    text = document_of(&far, 0, far.count, 800);
    assert_int_equal(svg_occurrences(text, "class=\"gap\""), 0);
    free(text);
    ladder_rows_free(&ladder);
    ladder_rows_free(&far);
}

static void words_from_outside_are_only_text(void **unused)
{
    struct event events[] = {start_event(), {.kind = EVENT_NOTE}, {.kind = EVENT_STEP}};
    struct ladder_rows ladder = {0};
    char *text;

    (void)unused;
    events[0].start.peer_name = "<script>x</script>&\"\033";
    events[1].note = (struct event_note){.t = 1, .token = "x", .text = "</svg><b>"};
    events[2].step = (struct event_step){.t = 2, .text = "expect <x>", .expectation = true, .why = "a & b"};
    take(&ladder, events, COUNT(events));
    text = document_of(&ladder, 0, ladder.count, 800);
    svg_assert_readable(text, 0);
    svg_assert_has(text, "&lt;script&gt;x&lt;/script&gt;&amp;\"?");
    svg_assert_has(text, "note: &lt;/svg&gt;&lt;b&gt;");
    free(text);
    ladder_rows_free(&ladder);
}

static void any_ladder_is_readable(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 500; seed++) {
        struct chance chance = {seed};
        struct ladder_rows ladder = {0};
        struct event start = start_event();
        unsigned n = 0, events = chance_below(&chance, 160), first;
        nanos t = 0;
        char *text;

        take(&ladder, &start, 1);
        for (unsigned i = 0; i < events; i++) {
            struct event event = report_any_event(&chance, &n, &t);
            take(&ladder, &event, 1);
        }
        first = chance_below(&chance, 2) ? 0 : chance_below(&chance, ladder.count);
        text = document_of(&ladder, first, ladder.count, 320 + chance_below(&chance, 700));
        svg_assert_readable(text, (unsigned)seed);
        if (first == 0)
            assert_int_equal(svg_occurrences(text, "class=\"sent\"") + svg_occurrences(text, "class=\"came\""), n);
        free(text);
        ladder_rows_free(&ladder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_one_exactly),
        cmocka_unit_test(a_whole_close),
        cmocka_unit_test(a_piece_goes_on),
        cmocka_unit_test(listen_ends_where_the_syn_arrives),
        cmocka_unit_test(a_passive_end_begins_in_listen),
        cmocka_unit_test(a_long_time_is_marked),
        cmocka_unit_test(words_from_outside_are_only_text),
        cmocka_unit_test(any_ladder_is_readable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
