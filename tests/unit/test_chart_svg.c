/*
 * Charts as SVG: that the document is XML, whatever the labels are; that all texts are in the picture and none touches
 * another; that each mark and bar is there, with its numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chart_samples.h"

#define DEPTH 16
#define NAME 32
#define TEXTS 2000
/* Of its size, the width of a letter in the usual fonts of one width, and its heights above and below the line. */
#define LETTER 0.602
#define ABOVE 0.76
#define BELOW 0.22

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

/* Where a text is. */
struct box {
    double left, right, top, bottom;
    char words[64];
};

/* A document while it is read. */
struct document {
    const char *at;
    char open[DEPTH][NAME];
    unsigned depth;
    double width, height;
    struct box texts[TEXTS];
    unsigned text_count;
};

/* One character that XML 1.0 allows, in valid UTF-8; moves on. */
static bool take_character(const char **at)
{
    const unsigned char *c = (const unsigned char *)*at;
    unsigned length = c[0] < 0x80 ? 1 : c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : c[0] >= 0xc0 ? 2 : 0;
    static const uint32_t least[] = {0, 0x20, 0x80, 0x800, 0x10000};
    uint32_t character;

    if (length == 0 || c[0] >= 0xf8)
        return false;
    character = length == 1 ? c[0] : c[0] & (0x7fu >> length);
    for (unsigned i = 1; i < length; i++) {
        if ((c[i] & 0xc0) != 0x80)
            return false;
        character = character << 6 | (c[i] & 0x3f);
    }
    *at += length;
    if (character == '\n')
        return true;
    return character >= least[length] && character <= 0x10ffff && character != 0xfffe && character != 0xffff &&
           (character < 0xd800 || character > 0xdfff) && (character < 0x7f || character > 0x9f);
}

/* Text up to the next tag or quote, in which only known entities are. Returns how many characters it has. */
static unsigned take_text(struct document *document, char until)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;"};
    unsigned count = 0;

    while (*document->at && *document->at != until) {
        size_t entity = 0;

        if (*document->at != '&') {
            if (*document->at == '<' || !take_character(&document->at))
                fail_msg("no text: %.60s", document->at);
        } else {
            while (entity < 4 && strncmp(document->at, entities[entity], strlen(entities[entity])) != 0)
                entity++;
            assert_true(entity < 4);
            document->at += strlen(entities[entity]);
        }
        count++;
    }
    assert_int_equal(*document->at, until);
    return count;
}

/* What is known of a <text>. */
struct attributes {
    double x, y, size, length;
    char anchor[NAME];
};

static void take_attribute(struct document *document, const char *element, struct attributes *attributes)
{
    size_t length = strcspn(document->at, "= />\"");
    const char *value = document->at + length + 2;
    const char *name = document->at;

    assert_true(length > 0);
    assert_memory_equal(document->at + length, "=\"", 2);
    document->at = value;
    take_text(document, '"');
    document->at++;
    if (strncmp(name, "x=", 2) == 0)
        attributes->x = atof(value);
    else if (strncmp(name, "y=", 2) == 0)
        attributes->y = atof(value);
    else if (strncmp(name, "font-size=", 10) == 0)
        attributes->size = atof(value);
    else if (strncmp(name, "textLength=", 11) == 0)
        attributes->length = atof(value);
    else if (strncmp(name, "text-anchor=", 12) == 0)
        snprintf(attributes->anchor, NAME, "%.*s", (int)strcspn(value, "\""), value);
    else if (strcmp(element, "svg") == 0 && strncmp(name, "width=", 6) == 0)
        document->width = atof(value);
    else if (strcmp(element, "svg") == 0 && strncmp(name, "height=", 7) == 0)
        document->height = atof(value);
}

static void note_text(struct document *document, const struct attributes *attributes)
{
    const char *from = document->at;
    double width = take_text(document, '<') * LETTER * attributes->size;
    struct box *box = &document->texts[document->text_count++];

    assert_true(document->text_count < TEXTS);
    assert_true(attributes->size > 0);
    width = attributes->length > 0 ? attributes->length : width;
    box->left = attributes->x - (strcmp(attributes->anchor, "middle") == 0 ? width / 2
                                 : strcmp(attributes->anchor, "end") == 0  ? width
                                                                           : 0);
    box->right = box->left + width;
    box->top = attributes->y - attributes->size * ABOVE;
    box->bottom = attributes->y + attributes->size * BELOW;
    snprintf(box->words, sizeof(box->words), "%.*s", (int)(document->at - from), from);
}

/* From behind "<" to behind ">". */
static void take_tag(struct document *document)
{
    struct attributes attributes = {0};
    char name[NAME];
    bool closes = *document->at == '/';

    document->at += closes;
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(document->at, " />"), document->at);
    document->at += strlen(name);
    assert_true(name[0]);
    if (closes) {
        assert_true(document->depth > 0);
        assert_string_equal(name, document->open[--document->depth]);
        assert_int_equal(*document->at++, '>');
        return;
    }
    while (*document->at == ' ') {
        document->at++;
        take_attribute(document, name, &attributes);
    }
    if (strncmp(document->at, "/>", 2) == 0) {
        document->at += 2;
        return;
    }
    assert_int_equal(*document->at++, '>');
    assert_true(document->depth < DEPTH);
    strcpy(document->open[document->depth++], name);
    assert_string_not_equal(name, "script");
    if (strcmp(name, "text") == 0)
        note_text(document, &attributes);
}

/* Reads a document, which is well formed or the test fails. Released by the caller. */
static struct document *read_document(const char *text)
{
    struct document *document = calloc(1, sizeof(*document));

    assert_non_null(document);
    document->at = text;
    assert_memory_equal(text, "<svg xmlns=\"http://www.w3.org/2000/svg\"", 39);
    do {
        assert_int_equal(*document->at, '<');
        document->at++;
        take_tag(document);
        if (document->depth > 0)
            take_text(document, '<');
    } while (document->depth > 0);
    assert_string_equal(document->at, "\n");
    return document;
}

static bool touch(const struct box *a, const struct box *b)
{
    return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}

/* No text is cut by the rim, and none lies over another. */
static void assert_readable(const char *text, unsigned seed)
{
    struct document *document = read_document(text);

    for (unsigned i = 0; i < document->text_count; i++) {
        const struct box *box = &document->texts[i];

        if (box->left < 0 || box->right > document->width || box->top < 0 || box->bottom > document->height)
            fail_msg("seed %u: outside: %s (%.1f to %.1f)", seed, box->words, box->left, box->right);
        for (unsigned other = 0; other < i; other++)
            if (touch(box, &document->texts[other]))
                fail_msg("seed %u: %s touches %s", seed, box->words, document->texts[other].words);
    }
    free(document);
}

static void assert_has(const char *text, const char *words)
{
    if (!strstr(text, words))
        fail_msg("there is no %s", words);
}

static unsigned occurrences(const char *text, const char *words)
{
    unsigned count = 0;

    while ((text = strstr(text, words))) {
        text += strlen(words);
        count++;
    }
    return count;
}

static void a_time_line(void **unused)
{
    char *text = drawn_one(&chart_syn_acks);

    (void)unused;
    assert_readable(text, 0);
    assert_has(text, "<title>1 segment of the peer, 15.5 s</title>");
    assert_has(text, "<title>SYN-RECEIVED from 0, until 63.9-64.5 s</title>");
    assert_has(text, ">SYN-RECEIVED  until 63.9-64.5 s</text>");
    assert_has(text, ">31.6 s</text>");
    assert_has(text, ">70 s</text>");
    /* Six, and the one of the legend. */
    assert_int_equal(occurrences(text, "<path class=\"peers\""), 7);
    /* The end that is uncertain, and its place in the legend. */
    assert_int_equal(occurrences(text, "url(#tcpwalk-stripes)"), 2);
    free(text);
}

static void marks_without_room_become_one(void **unused)
{
    struct chart_sample sample;
    char *text = drawn_one(chart_crowd(&sample));

    (void)unused;
    assert_readable(text, 0);
    assert_has(text, "<title>246 probes answered, 0 to 73.5 s</title>");
    assert_has(text, "<title>21 probes refused (RST), 73.8 s to 79.8 s</title>");
    assert_has(text, ">answered (246)</text>");
    assert_has(text, ">goes on</text>");
    assert_has(text, "<title>CLOSE-WAIT from 2.00 s, still at 70.0 s</title>");
    free(text);
}

static void histograms(void **unused)
{
    struct chart_sample linear, logarithmic;
    const struct chart *charts[] = {chart_round_trips(&linear), chart_decades(&logarithmic)};
    char *text = drawn("Two", charts, 2);

    (void)unused;
    assert_readable(text, 0);
    assert_has(text, ">500 values, maximum 92.3 us</text>");
    assert_has(text, ">median 57.0 us</text>");
    assert_has(text, ">99th percentile 88.9 us</text>");
    assert_has(text, ">50 us</text>");
    assert_has(text, ">100 ms</text>");
    assert_has(text, ">Two</text>");
    free(text);
}

static void scatters(void **unused)
{
    struct chart_sample sample;
    char *text = drawn_one(chart_sequences(&sample, 3));

    (void)unused;
    assert_readable(text, 0);
    assert_has(text, ">2\u00b3\u00b2</text>");
    assert_has(text, ">port 443</text>");
    assert_has(text, "<title>port 443: 1,000,000,000 at 200 ms</title>");
    assert_int_equal(occurrences(text, "<path class=\"p1\""), 101);
    free(text);
}

/* Everything that a viewer would have to fetch or run is missing, and both kinds of page are thought of. */
static void the_document_is_self_contained(void **unused)
{
    struct chart_sample sample;
    char *text = drawn_one(chart_sequences(&sample, 1));

    (void)unused;
    assert_int_equal(occurrences(text, "http"), 1);
    assert_null(strstr(text, "href"));
    assert_null(strstr(text, "@import"));
    assert_has(text, "prefers-color-scheme:dark");
    free(text);
}

static void no_charts(void **unused)
{
    char *text = drawn(NULL, NULL, 0);

    (void)unused;
    assert_readable(text, 0);
    free(text);
}

static void labels_are_only_text(void **unused)
{
    const struct chart *charts[] = {&chart_syn_acks};
    char *text = drawn("<b onload=\"x\">&amp; \033 \xff \xe2\x80\xae \xc3\xa9", charts, 1);

    (void)unused;
    assert_readable(text, 0);
    assert_has(text, "<title>&lt;b onload=\"x\"&gt;&amp;amp; \xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd \xc3\xa9</title>");
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
        assert_readable(text, (unsigned)seed);
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
