#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "svg_document.h"

#define DEPTH 16
#define NAME 32
#define TEXTS 4000
#define SVG_DOCUMENT_WORDS 64
/* Of its size, the width of a letter in the usual fonts of one width, and its heights above and below the line. */
#define LETTER 0.602
#define SQUARE 1.0
#define ABOVE 0.76
#define BELOW 0.22

/* Where a text is. */
struct box {
    double left, right, top, bottom;
    char words[SVG_DOCUMENT_WORDS];
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

/* Text up to the next tag or quote, in which only known entities are. Returns its width in parts of its size. */
static double take_text(struct document *document, char until)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;"};
    double width = 0;

    while (*document->at && *document->at != until) {
        bool far = (unsigned char)*document->at >= 0xe3; /* from U+3000 on */
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
        width += far ? SQUARE : LETTER;
    }
    assert_int_equal(*document->at, until);
    return width;
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
    double width = take_text(document, '<') * attributes->size;
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

void svg_assert_readable(const char *text, unsigned seed)
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

void svg_assert_has(const char *text, const char *words)
{
    if (!strstr(text, words))
        fail_msg("there is no %s", words);
}

unsigned svg_occurrences(const char *text, const char *words)
{
    unsigned count = 0;

    while ((text = strstr(text, words))) {
        text += strlen(words);
        count++;
    }
    return count;
}
