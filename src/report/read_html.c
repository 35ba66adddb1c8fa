/* The connections of a capture as a page: a table, and below it how much there was. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/html.h"
#include "report/output.h"
#include "report/phrase.h"
#include "report/read.h"

#define WORDS_MAX 512
#define FROM_MAX 1024

static void put_cell(const struct svg *svg, const char *class, const char *words)
{
    svg_put(svg, "<td%s%s%s>", class[0] ? " class=\"" : "", class, class[0] ? "\"" : "");
    html_text(svg, words);
    svg_put(svg, "</td>");
}

static void put_number(const struct svg *svg, uint64_t number)
{
    svg_put(svg, "<td class=\"number\">%" PRIu64 "</td>", number);
}

/* A's and B's. */
static void put_two(const struct svg *svg, uint64_t a, uint64_t b)
{
    svg_put(svg, "<td class=\"number whole\">%" PRIu64 " / %" PRIu64 "</td>", a, b);
}

static void put_end(const struct svg *svg, const struct summary_end *end)
{
    char at[ENDPOINT_TEXT];

    put_cell(svg, "whole", endpoint_format(&end->at, at));
}

/* The state it is left in, and how long it was in each. */
static void put_states(const struct svg *svg, const struct summary_end *end)
{
    const struct claim *claim = &end->claim;
    bool presumed = claim->certainty == PRESUMED;
    char words[WORDS_MAX], span[SPAN_TEXT];
    struct text text;

    text_init(&text, words, sizeof(words));
    phrase_states(&text, claim->likely, presumed ? NO_STATES : claim->to);
    svg_put(svg, "<td><div class=\"%s\">", presumed ? "presumes" : "proves");
    html_text(svg, words);
    svg_put(svg, " <span class=\"dim\">%s</span></div>", certainty_name(claim->certainty));
    text_init(&text, words, sizeof(words));
    for (unsigned state = 0; state < STATE_COUNT; state++)
        if (end->in_state[state] > 0)
            text_add(&text, "%s%s %s", text.used ? ", " : "", state_name((enum state)state),
                     phrase_span(end->in_state[state], span));
    html_element(svg, "<div class=\"dim\">", words, "</div></td>");
}

static void put_row(const struct svg *svg, const struct summary *row, nanos epoch)
{
    char words[WORDS_MAX];
    struct text text;

    svg_put(svg, "<tr>");
    put_number(svg, row->number);
    put_cell(svg, "number", phrase_time(row->first_at - epoch, words));
    put_end(svg, &row->ends[END_A]);
    put_end(svg, &row->ends[END_B]);
    text_init(&text, words, sizeof(words));
    read_opening_words(&text, row);
    put_cell(svg, "whole", words);
    text_init(&text, words, sizeof(words));
    read_closing_words(&text, row);
    svg_put(svg, "<td><div%s>", row->closing == CLOSING_RESET ? " class=\"alarms\"" : "");
    html_text(svg, words);
    html_element(svg, "</div><div class=\"dim history\">", row->history, "</div></td>");
    put_states(svg, &row->ends[END_A]);
    put_states(svg, &row->ends[END_B]);
    put_two(svg, row->ends[END_A].bytes, row->ends[END_B].bytes);
    put_two(svg, row->ends[END_A].retransmitted, row->ends[END_B].retransmitted);
    svg_put(svg, "</tr>\n");
}

static void put_head(const struct svg *svg)
{
    static const struct {
        const char *name;
        bool number;
    } columns[] = {{"#", true},
                   {"time in s", true},
                   {"A, who opened", false},
                   {"B", false},
                   {"open", false},
                   {"closed by, how; history", false},
                   {"A's state; its times", false},
                   {"B's state; its times", false},
                   {"bytes", true},
                   {"sent again", true}};

    svg_put(svg, "<div class=\"scroll\"><table class=\"rows\">\n<thead><tr>");
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        svg_put(svg, "<th scope=\"col\"%s>", columns[i].number ? " class=\"number\"" : "");
        html_text(svg, columns[i].name);
        svg_put(svg, "</th>");
    }
    svg_put(svg, "</tr></thead>\n<tbody>\n");
}

/* "tcpwalk read a.pcap b.pcap" */
static void name_origin(struct text *text, const struct read_origin *origin)
{
    char name[WORDS_MAX];

    text_add(text, "tcpwalk %s", origin->command);
    for (unsigned i = 0; i < origin->file_count; i++)
        text_add(text, " %s", output_clean(origin->files[i], name, sizeof(name)));
    if (origin->interface)
        text_add(text, " %s", output_clean(origin->interface, name, sizeof(name)));
    if (origin->filter)
        text_add(text, " (%s)", output_clean(origin->filter, name, sizeof(name)));
}

void read_html(const struct read_origin *origin, const struct summary *rows, size_t count,
               const struct read_total *total, FILE *out)
{
    const struct svg svg = {out};
    char words[WORDS_MAX], from[FROM_MAX];
    struct text text;

    text_init(&text, from, sizeof(from));
    name_origin(&text, origin);
    html_begin(&svg, "en", from, html_table_rules);
    html_element(&svg, "<h1>", from, "</h1>");
    svg_put(&svg, "<ul class=\"sums\">");
    for (unsigned line = 0;; line++) {
        text_init(&text, words, sizeof(words));
        if (!read_table_foot_line(total, line, &text))
            break;
        html_element(&svg, "<li>", words, "</li>");
    }
    svg_put(&svg, "</ul>\n");
    put_head(&svg);
    for (size_t i = 0; i < count; i++)
        put_row(&svg, &rows[i], total->first_at);
    svg_put(&svg, "</tbody></table></div>\n");
    html_end(&svg, total->first_at == NANOS_NONE ? 0 : total->first_at);
}
