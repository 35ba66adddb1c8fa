#include "cmd/row.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <wchar.h>

/* At least so many columns are the line's, if the terminal has twice as many. */
#define LINE_COLUMNS 24
/* A terminal that is narrower than this is not believed. */
#define COLUMNS_MIN 9

/* One character as it is shown: its bytes here and there, and how many columns it takes. */
struct glyph {
    char bytes[MB_LEN_MAX + 1];
    size_t taken; /* of the text */
    unsigned width;
};

static struct glyph glyph_at(const char *at, size_t left)
{
    struct glyph glyph = {.bytes = "?", .taken = 1, .width = 1};
    mbstate_t state = {0};
    wchar_t character;
    size_t length = mbrtowc(&character, at, left, &state);

    if (length == 0 || length > left)
        return glyph;
    glyph.taken = length;
    if (character == L'\n') { /* libedit has one before the pattern of a search */
        memcpy(glyph.bytes, "  ", 3);
        glyph.width = 2;
    } else if (character < L' ' || character == 0x7f) {
        glyph.bytes[0] = '^';
        glyph.bytes[1] = (char)(character ^ 0x40);
        glyph.bytes[2] = '\0';
        glyph.width = 2;
    } else if (wcwidth(character) >= 0) {
        memcpy(glyph.bytes, at, length);
        glyph.bytes[length] = '\0';
        glyph.width = (unsigned)wcwidth(character);
    }
    return glyph;
}

static unsigned width_of(const char *text, size_t length)
{
    unsigned width = 0;

    for (size_t i = 0; i < length;) {
        struct glyph glyph = glyph_at(text + i, length - i);
        i += glyph.taken;
        width += glyph.width;
    }
    return width;
}

/* The part of a text that is seen: so many columns from its column `first` on, with a mark where more is beside it. */
struct window {
    unsigned first, columns;
    bool left, right; /* there is more */
};

/* Prints the part of text[0..length) that is in the window, up to the place `end` of the text; returns the columns. */
static unsigned print_window(FILE *out, const char *text, size_t length, const struct window *window, size_t end)
{
    unsigned at = 0, from = window->first + window->left, to = window->first + window->columns - window->right;
    unsigned column = 0;

    if (window->left)
        at += (unsigned)fprintf(out, "<");
    for (size_t i = 0; i < end && i < length;) {
        struct glyph glyph = glyph_at(text + i, length - i);
        if (column >= from && column + glyph.width <= to) {
            while (at < column - window->first) /* half a wide character is hidden by the mark */
                at += (unsigned)fprintf(out, " ");
            fputs(glyph.bytes, out);
            at += glyph.width;
        }
        i += glyph.taken;
        column += glyph.width;
    }
    if (end < length)
        return at;
    while (window->right && at < window->columns - 1)
        at += (unsigned)fprintf(out, " ");
    if (window->right)
        at += (unsigned)fprintf(out, ">");
    return at;
}

/* Where to look at a line, so that the cursor is seen. It stands still while the cursor moves within half of it. */
static struct window window_on(unsigned width, unsigned cursor, unsigned columns)
{
    struct window window = {.columns = columns};
    unsigned half = columns > 4 ? (columns - 2) / 2 : 1;

    if (width < columns)
        return window;
    if (cursor >= columns - 2)
        window.first = (cursor / half - 1) * half;
    window.left = window.first > 0;
    window.right = width - window.first > columns;
    return window;
}

/* The prompt's text, of which the end counts, in at most so many columns. */
static unsigned print_text(FILE *out, const char *text, unsigned columns)
{
    size_t length = strlen(text);
    unsigned width = width_of(text, length);
    struct window window = {.columns = columns};

    if (width > columns) {
        window.first = width - columns;
        window.left = true;
    }
    return print_window(out, text, length, &window, length);
}

static void print_blanks(FILE *out, unsigned count)
{
    fprintf(out, "%*s", (int)count, "");
}

unsigned row_draw(FILE *out, const struct row *row, unsigned columns, unsigned drawn)
{
    unsigned share, text, now;
    struct window window;

    columns = (columns < COLUMNS_MIN ? COLUMNS_MIN : columns) - 1;
    share = columns > 2 * LINE_COLUMNS ? columns - LINE_COLUMNS : columns / 2;
    fputc('\r', out);
    text = print_text(out, row->text, share);
    window = window_on(width_of(row->line, row->length), width_of(row->line, row->cursor), columns - text);
    now = text + print_window(out, row->line, row->length, &window, row->length);
    if (drawn > columns)
        drawn = columns + 1; /* it has become narrower: even in its last column there is something now */
    if (drawn > now)
        print_blanks(out, drawn - now);
    if (row->cursor < row->length || drawn > now) {
        fputc('\r', out);
        print_text(out, row->text, share);
        print_window(out, row->line, row->length, &window, row->cursor);
    }
    return now;
}

void row_finish(FILE *out, const struct row *row, unsigned drawn)
{
    size_t length = strlen(row->text);
    unsigned text = width_of(row->text, length), line = width_of(row->line, row->length);

    fputc('\r', out);
    print_window(out, row->text, length, &(struct window){.columns = text}, length);
    print_window(out, row->line, row->length, &(struct window){.columns = line}, row->length);
    if (drawn > text + line)
        print_blanks(out, drawn - text - line);
    fputc('\n', out);
}

void row_erase(FILE *out, unsigned columns, unsigned drawn)
{
    fputc('\r', out);
    print_blanks(out, drawn < columns ? drawn : columns);
    fputc('\r', out);
}
