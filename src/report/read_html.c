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
#define RULES_MAX 4096
#define NO_BREAK "\xc2\xa0"

/* The table takes whatever width there is; on a narrow screen each cell has a line of its own, with its column's name. */
static const char rules[] =
    "main{max-width:none}.connections td{overflow-wrap:break-word}\n"
    ".rows.connections thead th{white-space:normal;vertical-align:bottom}.connections .number{white-space:nowrap}\n"
    "@media screen and (max-width:76rem){.rows.connections{font-size:.72rem}.rows.connections th,.rows.connections td"
    "{padding:.2rem .3rem}}\n"
    "@media screen and (max-width:62rem){.rows.connections{font-size:.8rem}.connections,.connections tbody,"
    ".connections tr,.connections td{display:block}.connections thead{display:none}\n"
    ".connections tr{border-bottom:1px solid var(--line);padding:.4rem 0}\n"
    ".rows.connections td{border:0;padding:.05rem 0 .05rem 10.2rem;position:relative;text-align:left}\n"
    ".connections td::before{content:attr(data-name);position:absolute;left:0;width:10rem;color:var(--dim);"
    "font-family:system-ui,sans-serif;white-space:nowrap}}\n"
    "@media screen and (max-width:26rem){.rows.connections td{padding-left:0}.connections td::before{position:static;"
    "display:block}}\n"
    "@media print{@page{size:landscape;margin:10mm}.rows.connections{font-size:7pt;line-height:1.3}"
    ".rows.connections th,.rows.connections td{padding:.15rem .25rem}thead{display:table-header-group}}\n";

enum column { NUMBER, TIME, END_OF_A, END_OF_B, OPEN, CLOSE, STATES_OF_A, STATES_OF_B, BYTES, AGAIN, COLUMNS };

static const struct {
    const char *name;
    bool number;
} columns[COLUMNS] = {[NUMBER] = {"#", true},
                      [TIME] = {"time in s", true},
                      [END_OF_A] = {"A", false},
                      [END_OF_B] = {"B", false},
                      [OPEN] = {"open", false},
                      [CLOSE] = {"closed by, how; history", false},
                      [STATES_OF_A] = {"A's state; its times", false},
                      [STATES_OF_B] = {"B's state; its times", false},
                      [BYTES] = {"bytes of A" NO_BREAK "/" NO_BREAK "B", true},
                      [AGAIN] = {"sent again, A" NO_BREAK "/" NO_BREAK "B", true}};

static void open_cell(const struct svg *svg, enum column column)
{
    svg_put(svg, "<td%s data-name=\"", columns[column].number ? " class=\"number\"" : "");
    html_text(svg, columns[column].name);
    svg_put(svg, "\">");
}

static void put_cell(const struct svg *svg, enum column column, const char *words)
{
    open_cell(svg, column);
    html_text(svg, words);
    svg_put(svg, "</td>");
}

/* A's and B's: a line may end between them. */
static void put_two(const struct svg *svg, enum column column, uint64_t a, uint64_t b)
{
    open_cell(svg, column);
    svg_put(svg, "%" PRIu64 " /<wbr/> %" PRIu64 "</td>", a, b);
}

/* An address of IPv6 may go on in another line behind a colon. */
static void put_end(const struct svg *svg, enum column column, const struct summary_end *end,
                    const struct network_list *networks, const char *more)
{
    char at[ENDPOINT_TEXT], words[WORDS_MAX];
    struct text text;
    const char *from = endpoint_format(&end->at, at), *to;

    open_cell(svg, column);
    for (const char *end_of = strchr(from, ']'); end_of && (to = strchr(from, ':')) < end_of; from = to + 1)
        svg_put(svg, "%.*s<wbr/>", (int)(to + 1 - from), from);
    html_text(svg, from);
    text_init(&text, words, sizeof(words));
    read_network_words(&text, networks, end);
    if (text.used)
        html_element(svg, "<div class=\"dim\">", words + 1, "</div>"); /* without the blank before it */
    if (more)
        html_element(svg, "<div class=\"dim\">", more, "</div>");
    svg_put(svg, "</td>");
}

static const char *opener_words(enum orientation orientation)
{
    switch (orientation) {
    case ORIENTED_BY_ANSWER:
        return "presumed to have opened";
    case ORIENTED_BY_PORTS:
        return "not known who opened";
    case ORIENTED_BY_SYN:
        break;
    }
    return NULL;
}

/* The state it is left in, and how long it was in each. */
static void put_states(const struct svg *svg, enum column column, const struct summary_end *end)
{
    const struct claim *claim = &end->claim;
    bool presumed = claim->certainty == PRESUMED, first = true;
    char words[WORDS_MAX], span[SPAN_TEXT];
    struct text text;

    text_init(&text, words, sizeof(words));
    phrase_states(&text, claim->likely, presumed ? NO_STATES : claim->to);
    open_cell(svg, column);
    svg_put(svg, "<div class=\"%s\">", presumed ? "presumes" : "proves");
    html_text(svg, words);
    svg_put(svg, " <span class=\"dim\">%s</span></div>", certainty_name(claim->certainty));
    svg_put(svg, "<div class=\"dim\">");
    for (unsigned state = 0; state < STATE_COUNT; state++)
        if (end->in_state[state] > 0) {
            svg_put(svg, "%s<span class=\"whole\">", first ? "" : ", ");
            svg_put(svg, "%s %s</span>", state_name((enum state)state), phrase_span(end->in_state[state], span));
            first = false;
        }
    svg_put(svg, "</div></td>");
}

static void put_row(const struct svg *svg, const struct summary *row, const struct network_list *networks, nanos epoch)
{
    char words[WORDS_MAX];
    struct text text;

    svg_put(svg, "<tr>");
    snprintf(words, sizeof(words), "%" PRIu64, row->number);
    put_cell(svg, NUMBER, words);
    put_cell(svg, TIME, phrase_time(row->first_at - epoch, words));
    put_end(svg, END_OF_A, &row->ends[END_A], networks, opener_words(row->orientation));
    put_end(svg, END_OF_B, &row->ends[END_B], networks, NULL);
    text_init(&text, words, sizeof(words));
    read_opening_words(&text, row);
    put_cell(svg, OPEN, words);
    text_init(&text, words, sizeof(words));
    read_closing_words(&text, row);
    open_cell(svg, CLOSE);
    svg_put(svg, "<div%s>", row->closing == CLOSING_RESET ? " class=\"alarms\"" : "");
    html_text(svg, words);
    html_element(svg, "</div><div class=\"dim history\">", row->history, "</div></td>");
    put_states(svg, STATES_OF_A, &row->ends[END_A]);
    put_states(svg, STATES_OF_B, &row->ends[END_B]);
    put_two(svg, BYTES, row->ends[END_A].bytes, row->ends[END_B].bytes);
    put_two(svg, AGAIN, row->ends[END_A].retransmitted, row->ends[END_B].retransmitted);
    svg_put(svg, "</tr>\n");
}

static void put_head(const struct svg *svg)
{
    svg_put(svg, "<table class=\"rows connections\">\n<thead><tr>");
    for (unsigned i = 0; i < COLUMNS; i++) {
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
               const struct network_list *networks, const struct read_total *total, FILE *out)
{
    const struct svg svg = {out};
    char words[WORDS_MAX], from[FROM_MAX], style[RULES_MAX];
    struct text text;

    snprintf(style, sizeof(style), "%s%s", html_table_rules, rules);
    text_init(&text, from, sizeof(from));
    name_origin(&text, origin);
    html_begin(&svg, "en", from, style);
    html_element(&svg, "<h1>", from, "</h1>");
    svg_put(&svg, "<ul class=\"sums\">");
    for (unsigned line = 0;; line++) {
        text_init(&text, words, sizeof(words));
        if (!read_table_foot_line(total, line, &text))
            break;
        html_element(&svg, "<li>", words, "</li>");
    }
    if (count > 0)
        html_element(&svg, "<li>", "A is who opened, where it does not say otherwise", "</li>");
    svg_put(&svg, "</ul>\n");
    put_head(&svg);
    for (size_t i = 0; i < count; i++)
        put_row(&svg, &rows[i], networks, total->first_at);
    svg_put(&svg, "</tbody></table>\n");
    html_end(&svg, total->first_at == NANOS_NONE ? 0 : total->first_at);
}
