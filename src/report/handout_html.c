/*
 * A handout as a page of HTML. Each ladder is drawn twice, for wide and for narrow screens, and the style shows one; what a link
 * to a segment leads to is a place of its own above the drawing, which the style puts where the segment is in the one that is
 * shown.
 */
#include "report/handout.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/handout_style.h"
#include "report/html.h"
#include "report/ladder_picture.h"
#include "report/ladder_svg.h"
#include "report/octets.h"
#include "report/words.h"

#define WORDS_MAX 200

struct page_of_html {
    struct svg svg;
    const struct handout *handout;
    unsigned lesson, questions;
    bool explained; /* how a ladder is read was said in this lesson */
};

static void put_text(const struct page_of_html *page, const char *text)
{
    html_text(&page->svg, text);
}

static void put_element(const struct page_of_html *page, const char *open, const char *text, const char *close)
{
    html_element(&page->svg, open, text, close);
}

/* ---- questions ---- */

/* Those of the lesson that begins at the item. */
static bool has_answers(const struct handout *handout, unsigned at)
{
    for (; at < handout->count && handout->items[at].kind != HANDOUT_LESSON; at++)
        if (handout->items[at].kind == HANDOUT_QUESTION && handout->items[at].more)
            return true;
    return false;
}

/* The answers once more at the end of a lesson: paper has nothing to open. */
static void put_answers(const struct page_of_html *page, unsigned at)
{
    const struct handout *handout = page->handout;
    unsigned number = 0;
    char words[WORDS_MAX];

    if (!has_answers(handout, at))
        return;
    put_element(page, "<section class=\"answers\"><h2>", _("Answers"), "</h2>");
    for (; at < handout->count && handout->items[at].kind != HANDOUT_LESSON; at++) {
        const struct handout_item *item = &handout->items[at];

        if (item->kind != HANDOUT_QUESTION || ++number == 0 || !item->more)
            continue;
        snprintf(words, sizeof(words), _("Question %u"), number);
        put_element(page, "<p>", words, ": ");
        put_element(page, "", item->more, "</p>");
    }
    svg_put(&page->svg, "</section>\n");
}

/* Returns the item behind it and its choices. */
static unsigned put_question(struct page_of_html *page, unsigned at)
{
    const struct handout *handout = page->handout;
    const struct handout_item *item = &handout->items[at++];
    char words[WORDS_MAX];

    snprintf(words, sizeof(words), _("Question %u"), ++page->questions);
    put_element(page, "<section class=\"question\"><p><b>", words, "</b>");
    put_element(page, "", item->text, "</p>\n<ol>");
    for (; at < handout->count && handout->items[at].kind == HANDOUT_CHOICE; at++)
        put_element(page, "<li>", handout->items[at].text, "</li>");
    svg_put(&page->svg, "</ol>\n");
    if (item->more) {
        put_element(page, "<details><summary>", _("Answer"), "</summary>");
        put_element(page, "<p>", item->more, "</p></details>");
    }
    svg_put(&page->svg, "</section>\n");
    return at;
}

/* ---- statements ---- */

static bool is_shown(const struct page_of_html *page, const struct handout_item *item, unsigned n)
{
    const struct ladder_rows *ladder = &page->handout->connections[item->connection].ladder;

    for (unsigned i = 0; i < ladder->count; i++)
        if (ladder->rows[i].kind == LADDER_SEGMENT && ladder->rows[i].n == n)
            return true;
    return false;
}

static void put_link(const struct page_of_html *page, const struct handout_item *item, unsigned n, const char *words)
{
    bool shown = is_shown(page, item, n);

    if (shown)
        svg_put(&page->svg, "<a href=\"#s%u-%u\">", item->connection + 1, n);
    put_text(page, words);
    svg_put(&page->svg, shown ? "</a>" : "");
}

static void put_evidence(const struct page_of_html *page, const struct handout_item *item)
{
    char words[WORDS_MAX];

    if (item->seen_count == 0)
        return;
    svg_put(&page->svg, " <span class=\"seen\">[");
    if (item->seen_count == 1) {
        snprintf(words, sizeof(words), _("segment %u"), item->seen[0]);
        put_link(page, item, item->seen[0], words);
    } else {
        put_text(page, _("segments"));
        for (unsigned i = 0; i < item->seen_count; i++) {
            svg_put(&page->svg, i ? ", " : " ");
            snprintf(words, sizeof(words), "%u", item->seen[i]);
            put_link(page, item, item->seen[i], words);
        }
    }
    svg_put(&page->svg, "]</span>");
}

static void put_statement(const struct page_of_html *page, const struct handout_item *item)
{
    static const char *const classes[] = {
        [HANDOUT_TRUE] = "", [HANDOUT_OTHERWISE] = " otherwise", [HANDOUT_UNKNOWN] = " unknown"};

    svg_put(&page->svg, "<p class=\"statement%s\"><b>", classes[item->mark]);
    put_element(page, "", handout_mark_words(item->mark), "</b>");
    put_text(page, item->text);
    put_evidence(page, item);
    svg_put(&page->svg, "</p>\n");
}

/* ---- ladders ---- */

/* A whole one has its states to scale in time too. */
static double draw(const struct svg *svg, const struct ladder_rows *ladder, const struct handout_item *item,
                   double width, struct ladder_place *places)
{
    if (item->kind == HANDOUT_WHOLE)
        return ladder_picture_all(svg, ladder, 1, width - 2, 2) + 3;
    return ladder_svg(svg, ladder, item->first, item->end, 1, width - 2, 2, places) + 3;
}

/* Draws it in a width; returns the height. places as ladder_svg() has them. */
static double put_drawing(const struct page_of_html *page, const struct handout_item *item, const char *class,
                          double width, struct ladder_place *places)
{
    const struct ladder_rows *ladder = &page->handout->connections[item->connection].ladder;
    struct svg nowhere = {0};
    double height = draw(&nowhere, ladder, item, width, places);

    svg_put(&page->svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tcpwalk %s\" viewBox=\"0 0 %.0f %.0f\">\n",
            class, width, height);
    draw(&page->svg, ladder, item, width, NULL);
    svg_put(&page->svg, "</svg>\n");
    return height;
}

/* What links to its segments lead to. */
static void put_targets(const struct page_of_html *page, const struct handout_item *item,
                        const struct ladder_place *places[2], const double heights[2])
{
    const struct ladder_rows *ladder = &page->handout->connections[item->connection].ladder;

    for (unsigned i = item->first; i < item->end; i++) {
        const struct ladder_row *row = &ladder->rows[i];
        double at[2], high[2];

        if (row->kind != LADDER_SEGMENT)
            continue;
        for (unsigned j = 0; j < 2; j++) {
            const struct ladder_place *place = &places[j][i - item->first];
            at[j] = 100 * place->top / heights[j];
            high[j] = 100 * (place->bottom - place->top) / heights[j];
        }
        svg_put(&page->svg,
                "<span class=\"at\" id=\"s%u-%u\" style=\"--w:%.2f%%;--wh:%.2f%%;--n:%.2f%%;--nh:%.2f%%\"></span>\n",
                item->connection + 1, row->n, at[0], high[0], at[1], high[1]);
    }
}

static void put_octets(const struct page_of_html *page, const struct handout_item *item)
{
    const struct handout_connection *connection = &page->handout->connections[item->connection];

    for (unsigned i = item->first; i < item->end; i++) {
        const struct ladder_row *row = &connection->ladder.rows[i];
        const struct handout_frame *frame = row->kind == LADDER_SEGMENT ? handout_frame(connection, row->n) : NULL;

        if (frame)
            octets_html(&page->svg, &frame->event, frame->bytes, frame->length, frame->ip_at);
    }
}

static void put_caption(struct page_of_html *page, bool whole)
{
    if (page->explained && !whole)
        return;
    svg_put(&page->svg, "<figcaption>");
    if (whole)
        put_element(page, "", _("The connection as a whole."), "");
    if (!page->explained)
        put_text(page, _("Time runs down. A full bar is a state that is certain or proven, a pale one with a broken "
                         "border a state that is presumed."));
    page->explained = true;
    svg_put(&page->svg, "</figcaption>\n");
}

/* False without memory. */
static bool put_ladder(struct page_of_html *page, const struct handout_item *item)
{
    unsigned count = item->end - item->first;
    struct ladder_place *places = calloc(2 * (size_t)count + 1, sizeof(*places));
    const struct ladder_place *both[2] = {places, places ? places + count : NULL};
    double heights[2];

    if (!places)
        return false;
    svg_put(&page->svg, "<figure>");
    put_caption(page, item->kind == HANDOUT_WHOLE);
    svg_put(&page->svg, "<div class=\"frame\">\n");
    heights[0] = put_drawing(page, item, "wide", HANDOUT_WIDE, places);
    heights[1] = put_drawing(page, item, "narrow", HANDOUT_NARROW, places + count);
    if (item->kind == HANDOUT_LADDER)
        put_targets(page, item, both, heights);
    svg_put(&page->svg, "</div></figure>\n");
    if (item->kind == HANDOUT_LADDER)
        put_octets(page, item);
    free(places);
    return true;
}

/* ---- the page ---- */

static void put_head(const struct page_of_html *page, const char *language)
{
    const struct handout *handout = page->handout;
    unsigned lessons = handout_lessons(handout);

    html_begin(&page->svg, language, handout_title(handout), "");
    if (lessons < 2)
        return;
    svg_put(&page->svg, "<nav><ol>\n");
    for (unsigned i = 0, lesson = 0; i < handout->count; i++) {
        if (handout->items[i].kind != HANDOUT_LESSON)
            continue;
        svg_put(&page->svg, "<li><a href=\"#lesson-%u\">", ++lesson);
        put_element(page, "", handout->items[i].text, "</a></li>");
    }
    svg_put(&page->svg, "</ol></nav>\n");
}

static void end_lesson(struct page_of_html *page, unsigned first)
{
    if (page->lesson == 0)
        return;
    put_answers(page, first);
    svg_put(&page->svg, "</article>\n");
}

static void put_lesson(struct page_of_html *page, const struct handout_item *item)
{
    page->lesson++;
    page->questions = 0;
    page->explained = false;
    svg_put(&page->svg, "<article id=\"lesson-%u\">\n<h1>", page->lesson);
    put_element(page, "<small>tcpwalk teach ", item->name, "</small>");
    put_element(page, "", item->text, "</h1>");
    put_element(page, "<p class=\"summary\">", item->more, "</p>");
}

/* Returns the item behind it, or 0 without memory. */
static unsigned put_item(struct page_of_html *page, unsigned at)
{
    const struct handout_item *item = &page->handout->items[at];

    switch (item->kind) {
    case HANDOUT_LESSON:
        put_lesson(page, item);
        break;
    case HANDOUT_PROSE:
        put_element(page, "<p>", item->text, "</p>");
        break;
    case HANDOUT_QUESTION:
        return put_question(page, at);
    case HANDOUT_CHOICE:
        break;
    case HANDOUT_STATEMENT:
        put_statement(page, item);
        break;
    case HANDOUT_LINE:
        put_element(page, item->paint == PAINT_ALARM ? "<p class=\"line alarm\">" : "<p class=\"line\">", item->text,
                    "</p>");
        break;
    case HANDOUT_LADDER:
    case HANDOUT_WHOLE:
        return put_ladder(page, item) ? at + 1 : 0;
    }
    return at + 1;
}

bool handout_html(struct handout *handout, const char *language, FILE *out, struct fault *fault)
{
    struct page_of_html page = {.svg = {out}, .handout = handout};
    unsigned first = 0;

    if (!handout_finish(handout, fault))
        return false;
    put_head(&page, language);
    for (unsigned at = 0; at < handout->count;) {
        if (handout->items[at].kind == HANDOUT_LESSON) {
            end_lesson(&page, first);
            first = at + 1;
        }
        at = put_item(&page, at);
        if (at == 0)
            return fault_set(fault, FAULT_LOCAL, "no memory");
    }
    end_lesson(&page, first);
    html_end(&page.svg, handout->epoch);
    return true;
}
