/*
 * A ladder as a page: for each connection what came of it, the drawing (twice, for wide and for narrow screens; the style shows
 * one) and a table of all rows.
 */
#include <inttypes.h>
#include <stdio.h>

#include "report/handout_style.h"
#include "report/html.h"
#include "report/ladder_picture.h"
#include "report/words.h"

#define WORDS_MAX 1800
#define COLUMNS 10
#define RULES_MAX 4096

static const char rules[] = "section+section{margin-top:3.5rem;border-top:3px solid var(--line)}\n"
                            "h2{font-size:1.15rem;margin:1.5rem 0 .5rem}\n"
                            "figure{break-inside:auto}.frame svg.wide{max-width:60rem}\n"
                            ".rows td:last-child{min-width:16rem}\n";

struct page_of_ladder {
    struct svg svg;
    const struct ladder_rows *ladder;
    bool known[LADDER_ENDS]; /* the state of an end, in the row that is written */
    struct ladder_peer now[LADDER_ENDS];
};

/* ---- the table ---- */

static void put_number(const struct page_of_ladder *page, bool there, int64_t number)
{
    if (there)
        svg_put(&page->svg, "<td class=\"number\">%" PRId64 "</td>", number);
    else
        svg_put(&page->svg, "<td></td>");
}

/* Relative numbers are negative when they lie before the initial one. */
static int64_t relative(uint32_t number)
{
    return (int32_t)number;
}

static void put_direction(const struct page_of_ladder *page, const struct ladder_row *row)
{
    unsigned from = row->out ? LADDER_LEFT : LADDER_RIGHT;

    svg_put(&page->svg, "<td class=\"whole\">");
    if (row->kind == LADDER_SEGMENT) {
        html_text(&page->svg, ladder_end_name(page->ladder, from));
        svg_put(&page->svg, " \xe2\x86\x92 ");
        html_text(&page->svg, ladder_end_name(page->ladder, LADDER_RIGHT - from));
    }
    svg_put(&page->svg, "</td><td class=\"whole\">");
    html_text(&page->svg, row->flags);
    svg_put(&page->svg, "</td>");
}

/* What is so at the moment of the row; or, later, what became of it before the next one. */
static void note_states(struct page_of_ladder *page, const struct ladder_row *row, bool later)
{
    for (unsigned end = 0; end < LADDER_ENDS; end++)
        for (unsigned i = 0; i < row->ends[end].count; i++)
            if (row->ends[end].peers[i].later == later) {
                page->known[end] = true;
                page->now[end] = row->ends[end].peers[i];
            }
    if (page->ladder->observed)
        return;
    page->known[LADDER_LEFT] = true;
    page->now[LADDER_LEFT] = (struct ladder_peer){.state = row->local, .certainty = PROVEN};
}

static void put_state(const struct page_of_ladder *page, unsigned end)
{
    char name[SPAN_TEXT];

    svg_put(&page->svg, "<td class=\"whole%s\">",
            page->known[end] && page->now[end].certainty == PRESUMED ? " presumes" : "");
    if (page->known[end])
        html_text(&page->svg, ladder_state_words(&page->now[end], name));
    svg_put(&page->svg, "</td>");
}

static void put_clauses(const struct page_of_ladder *page, const struct ladder_row *row, const char *element)
{
    char words[WORDS_MAX];
    struct text text;

    for (unsigned i = 0; i < row->clause_count; i++) {
        text_init(&text, words, sizeof(words));
        ladder_clause_words(page->ladder, row, &row->clauses[i], false, &text);
        svg_put(&page->svg, "<%s class=\"%s\">", element, svg_paint_class(row->clauses[i].paint));
        html_text(&page->svg, words);
        svg_put(&page->svg, "</%s>", element);
    }
}

static void put_row(struct page_of_ladder *page, const struct ladder_row *row)
{
    bool segment = row->kind == LADDER_SEGMENT;
    char time[SPAN_TEXT] = "";

    svg_put(&page->svg, "<tr>");
    put_number(page, segment, row->n);
    ladder_row_time(row, time);
    svg_put(&page->svg, "<td class=\"number\">%s</td>", time);
    put_direction(page, row);
    put_number(page, segment, relative(row->seq));
    put_number(page, segment && row->has_ack, relative(row->ack));
    put_number(page, segment, row->len);
    note_states(page, row, false);
    put_state(page, LADDER_LEFT);
    put_state(page, LADDER_RIGHT);
    svg_put(&page->svg, "<td>");
    if (!segment && row->label[0])
        html_element(&page->svg, "<div>", row->label, "</div>");
    put_clauses(page, row, "div");
    svg_put(&page->svg, "</td></tr>\n");
    note_states(page, row, true);
}

static void put_head_of_table(const struct page_of_ladder *page)
{
    const char *const names[COLUMNS] = {"#",
                                        _("time in s"),
                                        _("direction"),
                                        _("flags"),
                                        "seq",
                                        "ack",
                                        _("length"),
                                        ladder_end_name(page->ladder, LADDER_LEFT),
                                        ladder_end_name(page->ladder, LADDER_RIGHT),
                                        _("what it shows")};

    svg_put(&page->svg, "<div class=\"scroll\"><table class=\"rows\">\n<thead><tr>");
    for (unsigned i = 0; i < COLUMNS; i++) {
        bool number = i < 2 || (i > 3 && i < 7);

        svg_put(&page->svg, "<th scope=\"col\"%s>", number ? " class=\"number\"" : "");
        html_text(&page->svg, names[i]);
        svg_put(&page->svg, "</th>");
    }
    svg_put(&page->svg, "</tr></thead>\n<tbody>\n");
}

static void put_table(struct page_of_ladder *page, unsigned first, unsigned end)
{
    page->known[LADDER_LEFT] = page->known[LADDER_RIGHT] = false;
    put_head_of_table(page);
    for (unsigned i = first; i < end; i++)
        if (page->ladder->rows[i].kind != LADDER_START && page->ladder->rows[i].kind != LADDER_END)
            put_row(page, &page->ladder->rows[i]);
    svg_put(&page->svg, "</tbody></table></div>\n");
}

/* ---- the page ---- */

static void put_drawing(const struct page_of_ladder *page, unsigned first, unsigned end, const char *class,
                        double width)
{
    struct svg nowhere = {0};
    double height = ladder_picture_draw(&nowhere, page->ladder, first, end, 1, width - 2, 2) + 3;

    svg_put(&page->svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tcpwalk %s\" viewBox=\"0 0 %.0f %.0f\">\n",
            class, width, height);
    ladder_picture_draw(&page->svg, page->ladder, first, end, 1, width - 2, 2);
    svg_put(&page->svg, "</svg>\n");
}

/* What came of it stands above the drawing, and not once more below. */
static void put_connection(struct page_of_ladder *page, unsigned first, unsigned end)
{
    const struct ladder_row *rows = page->ladder->rows;
    unsigned drawn = end;

    while (drawn > first && rows[drawn - 1].kind == LADDER_END)
        drawn--;
    svg_put(&page->svg, "<section>\n");
    if (rows[first].kind == LADDER_START)
        html_element(&page->svg, "<h2>", rows[first].label, "</h2>");
    if (drawn < end) {
        svg_put(&page->svg, "<ul class=\"sums\">");
        for (unsigned i = drawn; i < end; i++)
            put_clauses(page, &rows[i], "li");
        svg_put(&page->svg, "</ul>\n");
    }
    if (drawn > first) {
        svg_put(&page->svg, "<figure><div class=\"frame\">\n");
        put_drawing(page, first, drawn, "wide", HANDOUT_WIDE);
        put_drawing(page, first, drawn, "narrow", HANDOUT_NARROW);
        svg_put(&page->svg, "</div></figure>\n");
        put_table(page, first, drawn);
    }
    svg_put(&page->svg, "</section>\n");
}

/* What came of it says so too, above; but there is much in between. */
static void put_left_out(const struct page_of_ladder *page)
{
    char words[WORDS_MAX];
    struct text text;

    text_init(&text, words, sizeof(words));
    if (!ladder_left_out_words(page->ladder, &text))
        return;
    svg_put(&page->svg, "<p class=\"%s\">", svg_paint_class(PAINT_ALARM));
    html_text(&page->svg, words);
    svg_put(&page->svg, "</p>\n");
}

void ladder_picture_html(const struct ladder_rows *ladder, const char *command, const char *language, nanos epoch,
                         FILE *out)
{
    struct page_of_ladder page = {.svg = {out}, .ladder = ladder};
    char title[LADDER_PICTURE_TITLE], all[RULES_MAX];

    snprintf(all, sizeof(all), "%s%s", html_table_rules, rules);
    html_begin(&page.svg, language, ladder_picture_title(ladder, command, title), all);
    html_element(&page.svg, "<h1>tcpwalk ", command, "</h1>");
    for (unsigned first = 0, end; first < ladder->count; first = end) {
        end = ladder_picture_end(ladder, first);
        put_connection(&page, first, end);
    }
    put_left_out(&page);
    html_end(&page.svg, epoch);
}
