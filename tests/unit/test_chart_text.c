/* Charts as text: some to the letter, and what holds of all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chart_samples.h"

/* Released by the caller. */
static char *printed(const struct chart *chart, const struct chart_look *look)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    chart_text(chart, look, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void assert_chart(const struct chart *chart, unsigned width, bool utf8, const char *expected)
{
    char *text = printed(chart, &(struct chart_look){.width = width, .utf8 = utf8});

    assert_string_equal(text, expected);
    free(text);
}

static void syn_ack_schedule(void **unused)
{
    (void)unused;
    assert_chart(&chart_syn_acks, 80, true,
                 "SYN-ACK retransmissions                           ▼ the peer's  ┅ may have ended\n"
                 "peer ▼▼━▼━━━━▼7.3 s━━▼15.5 s━━━━━━━━━━▼━SYN-RECEIVED until 63.9-64.5 s━━┅\n"
                 "     │0         │10 s     │20 s      │30 s     │40 s      │50 s     │60 s  70 s│\n");
    assert_chart(&chart_syn_acks, 64, false,
                 "SYN-ACK retransmissions           v the peer's  ~ may have ended\n"
                 "peer vvv===v7.3 s=v15.5 s======v=SYN-RECEIVED=============~\n"
                 "     |0               |20 s           |40 s            |60 s\n");
}

static void many_marks(void **unused)
{
    struct chart_sample sample;

    (void)unused;
    assert_chart(chart_crowd(&sample), 80, true,
                 "TIME-WAIT\n"
                 "close     ●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●*××××○○○○○○○○\n"
                 "          ┣━FIN-WA…━┣━TIME-WAIT until 73.0-74.0 s━━━━━━━━━━━━━━━━━┅\n"
                 "held open   ┣━━━━━━━━━━━━▲keep-alive━━━━━━━━▼━CLOSE-WAIT still at 70.0 s┅┅┅┅┅┅┅→\n"
                 "          │0             │20 s           │40 s          │60 s          │80 s\n"
                 "          ▲ ours  ▼ the peer's  ● answered  × refused  ○ no answer  * several\n"
                 "          ┅ may have ended  → goes on\n");
    assert_chart(chart_crowd(&sample), 64, false,
                 "TIME-WAIT\n"
                 "close     oooooooooooooooooooooooooooooooooooooooooooxxx*?\?\?\?\?\?\n"
                 "          [=FIN-.=[=TIME-WAIT until 73.0-74.0 s======~\n"
                 "held open  [==========^=CLOSE-WAIT==vACK===========~~~~~~~~~~~~>\n"
                 "          |0          |20 s       |40 s      |60 s       |80 s\n"
                 "          ^ ours  v the peer's  o answered  x refused\n"
                 "          ? no answer  * several  ~ may have ended  > goes on\n");
}

static void linear_histogram(void **unused)
{
    struct chart_sample sample;

    (void)unused;
    assert_chart(chart_round_trips(&sample), 80, true,
                 "Round trip                                                            500 values\n"
                 " 20 us –  30 us ███████████████                                      30  minimum\n"
                 " 30 us –  40 us ██████████████████████████████▌                      61\n"
                 " 40 us –  50 us █████████████████████████████████████████████        90\n"
                 " 50 us –  60 us ███████████████████████████████████████████████████ 102  median\n"
                 " 60 us –  70 us ███████████████████████████████████████████▌         87\n"
                 " 70 us –  80 us ███████████████████████████████████                  70\n"
                 " 80 us –  90 us ████████████████████████████▌                        57  99 %\n"
                 " 90 us – 100 us █▌                                                    3\n"
                 "minimum 20.0 us, median 57.0 us, 99th percentile 88.9 us, maximum 92.3 us\n");
    assert_chart(chart_round_trips(&sample), 64, false,
                 "Round trip                                            500 values\n"
                 " 20 us -  30 us ##########                           30  minimum\n"
                 " 30 us -  40 us #####################                61\n"
                 " 40 us -  50 us ###############################      90\n"
                 " 50 us -  60 us ################################### 102  median\n"
                 " 60 us -  70 us ##############################       87\n"
                 " 70 us -  80 us ########################             70\n"
                 " 80 us -  90 us ####################                 57  99 %\n"
                 " 90 us - 100 us #                                     3\n"
                 "minimum 20.0 us, median 57.0 us, 99th percentile 88.9 us\n");
}

static void logarithmic_histogram(void **unused)
{
    struct chart_sample sample;

    (void)unused;
    assert_chart(chart_decades(&sample), 0, false,
                 "Time to open                                                           19 values\n"
                 "  1 us -  10 us ########################################              3  minimum\n"
                 " 10 us - 100 us ########################################              3\n"
                 "100 us -   1 ms ########################################              3\n"
                 "  1 ms -  10 ms ########################################              3  median\n"
                 " 10 ms - 100 ms ########################################              3\n"
                 "100 ms -    1 s ##################################################### 4  99 %\n"
                 "minimum 1.00 us, median 1.00 ms, 99th percentile 1.00 s, maximum 1.00 s\n");
}

static void histogram_of_a_unit(void **unused)
{
    const double windows[] = {64240, 65160, 65160, 29200, 65535};
    struct chart chart = {CHART_HISTOGRAM, "Window", .histogram = {NULL, windows, 5, "bytes"}};

    (void)unused;
    assert_chart(&chart, 64, false,
                 "Window                                         5 values in bytes\n"
                 "20,000 - 30,000 ########                         1  minimum\n"
                 "30,000 - 40,000                                  0\n"
                 "40,000 - 50,000                                  0\n"
                 "50,000 - 60,000                                  0\n"
                 "60,000 - 70,000 ################################ 4  median, 99 %\n"
                 "minimum 29,200, median 65,160, 99th percentile 65,535\n");
}

/* Nothing was measured, or always the same. */
static void poor_histograms(void **unused)
{
    nanos same[] = {NANOS_PER_MS, NANOS_PER_MS, NANOS_NONE};
    struct chart chart = {CHART_HISTOGRAM, "Nothing", .histogram = {same, NULL, 0, NULL}};

    (void)unused;
    assert_chart(&chart, 64, false, "Nothing                                                 0 values\n");
    chart.histogram.count = 3;
    assert_chart(&chart, 64, false,
                 "Nothing                                                 2 values\n"
                 "1.00 ms - 1.01 ms ##################### 2  minimum, median, 99 %\n"
                 "minimum 1.00 ms, median 1.00 ms, 99th percentile 1.00 ms\n");
}

static void several_series(void **unused)
{
    struct chart_sample sample;

    (void)unused;
    assert_chart(chart_sequences(&sample, 3), 64, false,
                 "Initial sequence numbers\n"
                 "  2^32 - +   +   +        oo+   +   +   +     oo       +   +   +\n"
                 "       |  +          +  o*o  +   +   +     o*oo +   +  +   +   +\n"
                 "3*2^30 -      +   +  +oo +   +          +ooo+   +   +   +    ooo\n"
                 "       |  +   +   +ooo+   +      +   + oo*   +   +   +     o*o\n"
                 "  2^31 -   +   + oo+          +   +  o*   +  +           *o +\n"
                 "       |   +  o*o      +  +   +   *oo +   +      +   + oo+   +\n"
                 "  2^30 -*xxx***xxxx*xxx*xxx*xxx*****xxxxxxxxxx*xxx*x***xxx*xxx*x\n"
                 "       |  ooo   +   +   +   + oo*      +   +   +  *oo +   +\n"
                 "     0 -o*   +  +   +   +   oo     +   +   +   +ooo+          +\n"
                 "        |0                |20 s              |40 s\n"
                 "        o port 80  x port 443  + port 22  * several\n");
}

/* A character of braille has eight dots. */
static void one_series(void **unused)
{
    struct chart_sample sample;

    (void)unused;
    assert_chart(chart_sequences(&sample, 1), 80, true,
                 "Initial sequence numbers\n"
                 "  2^32 ┤                        ⡠⠐                        ⡠⠐\n"
                 "       │                     ⡠⠐⠁                      ⡀⠔⠈⠁\n"
                 "3*2^30 ┤                  ⡀⠔⠁                      ⢀⠄⠊                       ⢀⠄⠊\n"
                 "       │              ⢀⠄⠒⠈                      ⢀⠄⠊                       ⢀⠄⠊\n"
                 "  2^31 ┤           ⢀⠠⠊                       ⢀⠠⠊                       ⢀⠠⠊\n"
                 "       │        ⢀⠠⠂⠁                      ⢀⠠⠂⠁                      ⢀⠠⠂⠁\n"
                 "  2^30 ┤      ⡠⠂⠁                       ⡠⠂⠁                       ⡠⠂⠁\n"
                 "       │   ⡠⠐⠁                       ⡠⠐⠁                       ⡠⠐⠁\n"
                 "     0 ┤⡠⠐⠁                       ⡠⠐⠁                       ⡠⠐⠁\n"
                 "        │0          │10 s       │20 s       │30 s       │40 s       │50 s\n");
}

static void colour_only_when_asked(void **unused)
{
    struct chart_sample sample;
    char *text = printed(chart_crowd(&sample), &(struct chart_look){.utf8 = true});

    (void)unused;
    assert_null(strchr(text, '\033'));
    free(text);
    text = printed(chart_crowd(&sample), &(struct chart_look){.colour = true});
    assert_non_null(strstr(text, "\033[1;31mxx"));
    free(text);
}

/* Where a sequence of ours ends that sets a colour; NULL when there is none. */
static const char *after_colour(const char *at)
{
    if (strncmp(at, "\033[", 2) != 0)
        return NULL;
    at += 2 + strspn(at + 2, "0123456789;");
    return *at == 'm' ? at + 1 : NULL;
}

/* No line is too wide, none ends in a blank, and there is nothing that a terminal obeys. Returns the number of lines. */
static unsigned assert_lines(const char *text, const struct chart_look *look)
{
    unsigned width = look->width < CHART_WIDTH_MIN ? CHART_WIDTH_MIN : look->width;
    unsigned column = 0, lines = 0;
    char last = 0;

    for (const char *at = text; *at; at++) {
        const char *after = look->colour ? after_colour(at) : NULL;

        if (after) {
            at = after - 1;
        } else if (*at == '\n') {
            if (column > width || last == ' ')
                fail_msg("line %u: %u columns of %u, last '%c':\n%s", lines, column, width, last, text);
            lines++;
            column = 0;
            last = 0;
        } else {
            if (look->utf8)
                assert_true((*at >= ' ' && *at <= '~') || (unsigned char)*at >= 0x80);
            else
                assert_in_range(*at, ' ', '~');
            column += (*at & 0xc0) != 0x80;
            last = *at;
        }
    }
    assert_int_equal(column, 0);
    return lines;
}

static unsigned lines_most(const struct chart *chart)
{
    switch (chart->kind) {
    case CHART_HISTOGRAM:
        return 1 + 12 + 1;
    case CHART_TIMELINE:
        return 1 + 2 * (unsigned)chart->timeline.lane_count + 1 + 3;
    case CHART_SCATTER:
        break;
    }
    /* A legend with long names has more lines. */
    return 1 + 9 + 1 + 17;
}

static void any_chart_keeps_its_width(void **unused)
{
    struct chart_sample *sample = malloc(sizeof(*sample));

    (void)unused;
    assert_non_null(sample);
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        struct chance chance = {seed};
        struct chart_look look = {60 + chance_below(&chance, 141), chance_below(&chance, 2), chance_below(&chance, 2)};
        char *text;
        unsigned lines;

        chart_sample(&chance, sample);
        text = printed(&sample->chart, &look);
        lines = assert_lines(text, &look);
        if (lines > lines_most(&sample->chart))
            fail_msg("seed %u: %u lines:\n%s", (unsigned)seed, lines, text);
        free(text);
    }
    free(sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(syn_ack_schedule),       cmocka_unit_test(many_marks),
        cmocka_unit_test(linear_histogram),       cmocka_unit_test(logarithmic_histogram),
        cmocka_unit_test(histogram_of_a_unit),    cmocka_unit_test(poor_histograms),
        cmocka_unit_test(several_series),         cmocka_unit_test(one_series),
        cmocka_unit_test(colour_only_when_asked), cmocka_unit_test(any_chart_keeps_its_width),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
