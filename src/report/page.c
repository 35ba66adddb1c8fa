#include "report/page.h"

#include <string.h>

#include "report/columns.h"

static const char *paint_code(enum paint paint)
{
    switch (paint) {
    case PAINT_PROVEN:
        return "\033[32m";
    case PAINT_PRESUMED:
        return "\033[33m";
    case PAINT_ALARM:
        return "\033[1;31m";
    case PAINT_DIM:
        return "\033[2m";
    case PAINT_NONE:
        break;
    }
    return "";
}

static void put_bytes(struct page *page, enum paint paint, const char *text, size_t length)
{
    bool painted = page->colour && paint != PAINT_NONE && length > 0;

    if (painted)
        fputs(paint_code(paint), page->out);
    fwrite(text, 1, length, page->out);
    if (painted)
        fputs("\033[0m", page->out);
    page->column += columns_of(text, length);
}

void page_put(struct page *page, enum paint paint, const char *text)
{
    put_bytes(page, paint, text, strlen(text));
}

void page_to(struct page *page, unsigned column)
{
    if (page->column >= column && page->column > 0)
        column = page->column + 1;
    for (; page->column < column; page->column++)
        fputc(' ', page->out);
}

unsigned page_room(const struct page *page)
{
    return page->column < page->width ? page->width - page->column : 0;
}

/* The length of the most words at the start of text that fit into so many columns; 0 when not even the first does. */
static size_t fitting(const char *text, unsigned room)
{
    size_t length = 0;

    for (size_t end = columns_word(text); columns_of(text, end) <= room; end += 1 + columns_word(text + end + 1)) {
        length = end;
        if (!text[end])
            break;
    }
    return length;
}

static void flow_words(struct page *page, unsigned indent, enum paint paint, const char *text)
{
    while (*text) {
        bool fresh = page->column <= indent;
        unsigned at = fresh ? indent : page->column + 1;
        /* One column stays free for the ";" that may follow. */
        unsigned room = at + 1 < page->width ? page->width - at - 1 : 0;
        size_t length = fitting(text, room);

        if (length == 0 && !fresh) {
            page_end(page);
            continue;
        }
        if (page->column < at)
            page_to(page, at);
        if (length == 0) /* no line has room for this word */
            length = columns_fit(text, strlen(text), room > 0 ? room : 1);
        if (length == 0) /* nor for a wide character */
            length = columns_fit(text, strlen(text), 2);
        put_bytes(page, paint, text, length);
        text += length;
        text += strspn(text, " ");
        if (*text)
            page_end(page);
    }
}

void page_flow(struct page *page, unsigned indent, enum paint paint, bool whole, const char *text)
{
    unsigned columns = columns_of(text, strlen(text));

    if (page->column > indent) {
        page_put(page, PAINT_NONE, ";");
        if (whole && columns + 2 > page_room(page) && columns + 1 <= page->width - indent)
            page_end(page);
    }
    flow_words(page, indent, paint, text);
}

void page_arrow(struct page *page, bool right)
{
    if (page->utf8)
        page_put(page, PAINT_DIM, right ? "\xe2\x94\x80\xe2\x86\x92" : "\xe2\x86\x90\xe2\x94\x80");
    else
        page_put(page, PAINT_DIM, right ? "->" : "<-");
}

void page_end(struct page *page)
{
    if (page->column > 0)
        fputc('\n', page->out);
    page->column = 0;
}
