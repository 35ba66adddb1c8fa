/* src/report/measured*: results made by hand as text, JSON lines and SVG. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/measured.h"

#define S NANOS_PER_S
#define MS NANOS_PER_MS
#define AT (INT64_C(1700000000) * S)

static const struct measured_head head = {
    .flow = {.local = {.addr = {4, {192, 0, 2, 2}, 0}}, .peer = {.addr = {4, {192, 0, 2, 1}, 0}, .port = 80}},
    .peer_name = "server.example",
    .interface = "eth0",
    .epoch = AT,
};

/* TIME-WAIT, asked three times: twice answered, then refused. */
static const struct sample questions[] = {
    {SAMPLE_ANSWERED, 1, AT + S, AT + S + 5 * MS, NANOS_NONE, NANOS_NONE, 0, 40000, "bare"},
    {SAMPLE_ANSWERED, 1, AT + 30 * S, AT + 30 * S + 5 * MS, NANOS_NONE, NANOS_NONE, 0, 40000, "bare"},
    {SAMPLE_SILENT, 1, AT + 59 * S, NANOS_NONE, NANOS_NONE, NANOS_NONE, 0, 40000, "bare"},
    {SAMPLE_REFUSED, 1, AT + 61 * S, AT + 61 * S + 5 * MS, NANOS_NONE, NANOS_NONE, 0, 40000, "old-byte"},
};

static struct result time_wait_result(void)
{
    struct result result = {
        .what = "time-wait",
        .measured = MEASURED_DONE,
        .origin = AT,
        .samples = questions,
        .sample_count = 4,
        .finding_count = 2,
        .findings = {{.name = "length",
                      .amount = {.kind = AMOUNT_SPAN, .least = 29 * S, .most = 61 * S},
                      .words = "TIME-WAIT lasted 45 s, give or take 16 s."},
                     {.name = "method",
                      .amount = {.kind = AMOUNT_WORD, .word = "flagless"},
                      .words = "It was asked with segments that have no flags, 2 of which it answered: those do not "
                               "start the timer of Linux anew."}},
        .stay_count = 1,
        .stays = {{TIME_WAIT, 1, AT + 10 * MS, AT + 30 * S, AT + 61 * S}},
        .courses = 1,
    };

    return result;
}

static const struct sample trips[] = {
    {SAMPLE_SPAN, 1, AT, NANOS_NONE, 20 * MS, 20 * MS, 0, 40000, "rtt"},
    {SAMPLE_SPAN, 1, AT + S, NANOS_NONE, 21 * MS, 21 * MS, 0, 40000, "rtt"},
    {SAMPLE_SPAN, 1, AT + 2 * S, NANOS_NONE, 40 * MS, 40 * MS, 0, 40000, "rtt"},
};

static struct result rtt_result(void)
{
    struct result result = {
        .what = "rtt",
        .measured = MEASURED_INTERRUPTED,
        .origin = AT,
        .samples = trips,
        .sample_count = 3,
        .finding_count = 2,
        .findings = {{.name = "loss", .amount = {.kind = AMOUNT_REAL, .real = 0.25}, .words = "One of 4 was lost."},
                     {.name = "answers", .amount = {.kind = AMOUNT_NUMBER, .number = 3}, .words = "3 answers."}},
        .courses = 1,
        .samples_cut = true,
    };

    return result;
}

/* Something printed; released by the caller. */
static char *text_of(const struct result *result, unsigned width, bool utf8)
{
    const struct chart_look look = {.width = width, .utf8 = utf8};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    measured_text_head(&head, &look, out);
    measured_text(result, &look, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void assert_text(const struct result *result, unsigned width, bool utf8, const char *expected)
{
    char *text = text_of(result, width, utf8);

    assert_string_equal(text, expected);
    free(text);
}

static void a_time_line_as_text(void **state)
{
    struct result result = time_wait_result();

    (void)state;
    assert_text(&result, 80, true,
                "tcpwalk measure: 192.0.2.2 -> server.example (192.0.2.1) port 80, over eth0\n"
                "\n"
                "time-wait\n"
                "  TIME-WAIT lasted 45 s, give or take 16 s.\n"
                "  It was asked with segments that have no flags, 2 of which it answered: those\n"
                "  do not start the timer of Linux anew.\n"
                "\n"
                "time-wait                   ● answered  × refused  ○ no answer  ┅ may have ended\n"
                " ┣●━TIME-WAIT until 30.0-61.0 s━━━━━━━━●┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅┅○┅┅×\n"
                " │0           │10 s        │20 s       │30 s        │40 s        │50 s    60 s│\n");
}

static void narrow_and_plain(void **state)
{
    struct result result = time_wait_result();

    (void)state;
    assert_text(&result, 64, false,
                "tcpwalk measure: 192.0.2.2 -> server.example (192.0.2.1) port\n"
                "80, over eth0\n"
                "\n"
                "time-wait\n"
                "  TIME-WAIT lasted 45 s, give or take 16 s.\n"
                "  It was asked with segments that have no flags, 2 of which it\n"
                "  answered: those do not start the timer of Linux anew.\n"
                "\n"
                "time-wait   o answered  x refused  ? no answer  ~ may have ended\n"
                " [o=TIME-WAIT==================o~~~~~~~~~~~~~~~~~~~~~~~~~~~~?~x\n"
                " |0                  |20 s                |40 s           60 s|\n");
}

static void what_was_interrupted_says_so(void **state)
{
    struct result result = rtt_result();

    (void)state;
    assert_text(&result, 80, true,
                "tcpwalk measure: 192.0.2.2 -> server.example (192.0.2.1) port 80, over eth0\n"
                "\n"
                "rtt\n"
                "  One of 4 was lost.\n"
                "  3 answers.\n"
                "  Interrupted: this was measured until then, and what had not ended is a lower\n"
                "  bound.\n"
                "  There were more samples than could be kept.\n");
}

static void nothing_that_was_found(void **state)
{
    struct result result = {.what = "idle", .measured = MEASURED_BOUNDED, .origin = NANOS_NONE};

    (void)state;
    assert_text(&result, 64, false,
                "tcpwalk measure: 192.0.2.2 -> server.example (192.0.2.1) port\n"
                "80, over eth0\n"
                "\n"
                "idle\n"
                "  Nothing was measured.\n"
                "  Its time was over (--max): what had not ended is a lower\n"
                "  bound.\n");
}

/* No line is wider than the look, whatever stands in it. */
static void no_line_is_too_wide(void **state)
{
    struct result results[] = {time_wait_result(), rtt_result()};

    (void)state;
    memset(results[0].findings[0].words, 'w', 300);
    for (unsigned width = CHART_WIDTH_MIN; width < 130; width += 7)
        for (unsigned i = 0; i < 2; i++) {
            char *text = text_of(&results[i], width, false);
            for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
                if (strlen(line) > width)
                    fail_msg("%u columns: %s", width, line);
            free(text);
        }
}

/* What comes from outside cannot speak to the terminal. */
static void words_are_made_harmless(void **state)
{
    struct result result = time_wait_result();
    char *text;

    (void)state;
    snprintf(result.findings[0].words, FINDING_WORDS, "red \x1b[31m");
    text = text_of(&result, 80, true);
    assert_null(strchr(text, '\x1b'));
    free(text);
}

static char *json_of(const struct result *result)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct fault fault = {0};

    assert_true(measured_json_head(&head, out, &fault));
    assert_true(measured_json(result, out, &fault));
    assert_true(measured_json_end(3, out, &fault));
    assert_int_equal(fclose(out), 0);
    return text;
}

static void assert_json(const struct result *result, const char *expected)
{
    char *text = json_of(result);

    /* The first line has the version. */
    assert_non_null(strstr(text, "\"command\":\"measure\",\"local\":{\"addr\":\"192.0.2.2\",\"port\":0}"));
    assert_string_equal(strchr(text, '\n') + 1, expected);
    free(text);
}

static void questions_and_stays_as_json(void **state)
{
    struct result result = time_wait_result();

    (void)state;
    assert_json(
        &result,
        "{\"event\":\"sample\",\"measure\":\"time-wait\",\"kind\":\"answered\",\"what\":\"bare\",\"connection\":1,"
        "\"port\":40000,\"t\":1.000000000,\"answered\":1.005000000}\n"
        "{\"event\":\"sample\",\"measure\":\"time-wait\",\"kind\":\"answered\",\"what\":\"bare\",\"connection\":1,"
        "\"port\":40000,\"t\":30.000000000,\"answered\":30.005000000}\n"
        "{\"event\":\"sample\",\"measure\":\"time-wait\",\"kind\":\"silent\",\"what\":\"bare\",\"connection\":1,"
        "\"port\":40000,\"t\":59.000000000}\n"
        "{\"event\":\"sample\",\"measure\":\"time-wait\",\"kind\":\"refused\",\"what\":\"old-byte\",\"connection\":1,"
        "\"port\":40000,\"t\":61.000000000,\"answered\":61.005000000}\n"
        "{\"event\":\"stay\",\"measure\":\"time-wait\",\"connection\":1,\"state\":\"TIME-WAIT\",\"from\":0.010000000,"
        "\"to_least\":30.000000000,\"to_most\":61.000000000}\n"
        "{\"event\":\"finding\",\"measure\":\"time-wait\",\"name\":\"length\",\"least\":29.000000000,\"most\":61."
        "000000000,\"text\":\"TIME-WAIT lasted 45 s, give or take 16 s.\"}\n"
        "{\"event\":\"finding\",\"measure\":\"time-wait\",\"name\":\"method\",\"word\":\"flagless\",\"text\":\"It was "
        "asked with segments that have no flags, 2 of which it answered: those do not start the timer of Linux "
        "anew.\"}\n"
        "{\"event\":\"measured\",\"measure\":\"time-wait\",\"outcome\":\"done\",\"connections\":1,\"complete\":true}\n"
        "{\"event\":\"end\",\"status\":3}\n");
}

static void amounts_of_every_kind_as_json(void **state)
{
    struct result result = rtt_result();

    (void)state;
    result.findings[0].amount = (struct amount){.kind = AMOUNT_SPAN, .least = 1, .most = NANOS_NEVER};
    result.findings[1].amount = (struct amount){0};
    assert_json(&result, "{\"event\":\"sample\",\"measure\":\"rtt\",\"kind\":\"span\",\"what\":\"rtt\",\"connection\":"
                         "1,\"port\":40000,\"t\":0.000000000,\"least\":0.020000000,\"most\":0.020000000}\n"
                         "{\"event\":\"sample\",\"measure\":\"rtt\",\"kind\":\"span\",\"what\":\"rtt\",\"connection\":"
                         "1,\"port\":40000,\"t\":1.000000000,\"least\":0.021000000,\"most\":0.021000000}\n"
                         "{\"event\":\"sample\",\"measure\":\"rtt\",\"kind\":\"span\",\"what\":\"rtt\",\"connection\":"
                         "1,\"port\":40000,\"t\":2.000000000,\"least\":0.040000000,\"most\":0.040000000}\n"
                         "{\"event\":\"finding\",\"measure\":\"rtt\",\"name\":\"loss\",\"least\":0.000000001,\"most\":"
                         "null,\"text\":\"One of 4 was lost.\"}\n"
                         "{\"event\":\"finding\",\"measure\":\"rtt\",\"name\":\"answers\",\"text\":\"3 answers.\"}\n"
                         "{\"event\":\"measured\",\"measure\":\"rtt\",\"outcome\":\"interrupted\",\"connections\":1,"
                         "\"complete\":false}\n"
                         "{\"event\":\"end\",\"status\":3}\n");
}

static void one_svg_for_all_that_have_a_chart(void **state)
{
    struct result with = time_wait_result(), also = rtt_result(), without = {.what = "offer", .origin = NANOS_NONE};
    const struct result *results[] = {&with, &without, &also};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    measured_svg(&head, results, 3, out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(strncmp(text, "<?xml", 5) == 0 || strncmp(text, "<svg", 4) == 0, 1);
    assert_non_null(strstr(text, "server.example port 80"));
    assert_non_null(strstr(text, "TIME-WAIT"));
    assert_non_null(strstr(text, "</svg>"));
    assert_null(strstr(strstr(text, "</svg>") + 1, "</svg>"));
    assert_null(strstr(text, "offer"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_line_as_text),
        cmocka_unit_test(narrow_and_plain),
        cmocka_unit_test(what_was_interrupted_says_so),
        cmocka_unit_test(nothing_that_was_found),
        cmocka_unit_test(no_line_is_too_wide),
        cmocka_unit_test(words_are_made_harmless),
        cmocka_unit_test(questions_and_stays_as_json),
        cmocka_unit_test(amounts_of_every_kind_as_json),
        cmocka_unit_test(one_svg_for_all_that_have_a_chart),
    };

    return cmocka_run_group_tests_name("results of measurements", tests, NULL, NULL);
}
