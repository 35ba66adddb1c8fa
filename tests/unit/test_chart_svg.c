/*
 * Charts as SVG: that the document is XML, whatever the labels are; that all texts are in the picture and none touches
 * another; that each mark and bar is there, with its numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chart_samples.h"
#include "svg_document.h"

/* Released by the caller. */
static char *drawn(const char *title, const struct chart *const *charts, size_t count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    chart_svg(title, charts, count, out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(strlen(text), size);
    return text;
}

static char *drawn_one(const struct chart *chart)
{
    return drawn("A title", &chart, 1);
}

static void a_time_line(void **unused)
{
    char *text = drawn_one(&chart_syn_acks);

    (void)unused;
    svg_assert_readable(text, 0);
    svg_assert_has(text, "<title>1 segment of the peer, 15.5 s</title>");
    svg_assert_has(text, "<title>SYN-RECEIVED from 0, until 63.9-64.5 s</title>");
    svg_assert_has(text, ">SYN-RECEIVED  until 63.9-64.5 s</text>");
    svg_assert_has(text, ">31.6 s</text>");
    svg_assert_has(text, ">70 s</text>");
    /* Six, and the one of the legend. */
    assert_int_equal(svg_occurrences(text, "<path class=\"peers\""), 7);
    /* The end that is uncertain, and its place in the legend. */
    assert_int_equal(svg_occurrences(text, "url(#tcpwalk-stripes)"), 2);
    free(text);
}

static void marks_without_room_become_one(void **unused)
{
    struct chart_sample sample;
    char *text = drawn_one(chart_crowd(&sample));

    (void)unused;
    svg_assert_readable(text, 0);
    svg_assert_has(text, "<title>246 probes answered, 0 to 73.5 s</title>");
    svg_assert_has(text, "<title>21 probes refused (RST), 73.8 s to 79.8 s</title>");
    svg_assert_has(text, ">answered (246)</text>");
    svg_assert_has(text, ">goes on</text>");
    svg_assert_has(text, "<title>CLOSE-WAIT from 2.00 s, still at 70.0 s</title>");
    free(text);
}

static void histograms(void **unused)
{
    struct chart_sample linear, logarithmic;
    const struct chart *charts[] = {chart_round_trips(&linear), chart_decades(&logarithmic)};
    char *text = drawn("Two", charts, 2);

    (void)unused;
    svg_assert_readable(text, 0);
    svg_assert_has(text, ">500 values, maximum 92.3 us</text>");
    svg_assert_has(text, ">median 57.0 us</text>");
    svg_assert_has(text, ">99th percentile 88.9 us</text>");
    svg_assert_has(text, ">50 us</text>");
    svg_assert_has(text, ">100 ms</text>");
    svg_assert_has(text, ">Two</text>");
    free(text);
}

static void scatters(void **unused)
{
    struct chart_sample sample;
    char *text = drawn_one(chart_sequences(&sample, 3));

    (void)unused;
    svg_assert_readable(text, 0);
    svg_assert_has(text, ">2\u00b3\u00b2</text>");
    svg_assert_has(text, ">port 443</text>");
    svg_assert_has(text, "<title>port 443: 1,000,000,000 at 200 ms</title>");
    assert_int_equal(svg_occurrences(text, "<path class=\"p1\""), 101);
    free(text);
}

/* Everything that a viewer would have to fetch or run is missing, and both kinds of page are thought of. */
static void the_document_is_self_contained(void **unused)
{
    struct chart_sample sample;
    char *text = drawn_one(chart_sequences(&sample, 1));

    (void)unused;
    assert_int_equal(svg_occurrences(text, "http"), 1);
    assert_null(strstr(text, "href"));
    assert_null(strstr(text, "@import"));
    svg_assert_has(text, "prefers-color-scheme:dark");
    free(text);
}

static void no_charts(void **unused)
{
    char *text = drawn(NULL, NULL, 0);

    (void)unused;
    svg_assert_readable(text, 0);
    free(text);
}

static void labels_are_only_text(void **unused)
{
    const struct chart *charts[] = {&chart_syn_acks};
    char *text = drawn("<b onload=\"x\">&amp; \033 \xff \xe2\x80\xae \xc3\xa9", charts, 1);

    (void)unused;
    svg_assert_readable(text, 0);
    svg_assert_has(text, "<title>&lt;b onload=\"x\"&gt;&amp;amp; \xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd \xc3\xa9</title>");
    free(text);
}

static void any_charts_are_readable(void **unused)
{
    struct chart_sample *samples = malloc(3 * sizeof(*samples));

    (void)unused;
    assert_non_null(samples);
    for (uint64_t seed = 1; seed <= 600; seed++) {
        struct chance chance = {seed};
        const struct chart *charts[] = {&samples[0].chart, &samples[1].chart, &samples[2].chart};
        char *text;

        for (unsigned i = 0; i < 3; i++)
            chart_sample(&chance, &samples[i]);
        text = drawn(samples[0].chart.title, charts, 1 + chance_below(&chance, 3));
        svg_assert_readable(text, (unsigned)seed);
        assert_null(strstr(text, "nan"));
        assert_null(strstr(text, "inf"));
        free(text);
    }
    free(samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_line),
        cmocka_unit_test(marks_without_room_become_one),
        cmocka_unit_test(histograms),
        cmocka_unit_test(scatters),
        cmocka_unit_test(the_document_is_self_contained),
        cmocka_unit_test(no_charts),
        cmocka_unit_test(labels_are_only_text),
        cmocka_unit_test(any_charts_are_readable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
