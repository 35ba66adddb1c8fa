/*
 * Two lines a connection, so that 80 columns have room for IPv6: who, and below that how it opened, how it was closed,
 * and the state that each end was left in. Below these, only where there is something to be said: what an end repeated and
 * the like, and the times in each state, if they are wanted.
 *
 * A terminal that is narrower gets more lines: the states begin one of their own, and whatever has no room where it
 * belongs.
 */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "report/columns.h"
#include "report/phrase.h"
#include "report/read.h"

/* Columns, from 0. */
enum { TIME_AT = 7, WHO_AT = 20, OPEN_AT = 7, MORE_AT = 10, CLOSE_AT = 22, STATES_AT = 39, BYTES_AT = 67 };

/* ... and where it has no room for all of these next to each other, which takes so many. */
enum { NARROW_BELOW = 78, NARROW_STATES_AT = OPEN_AT, NARROW_BYTES_AT = 39 };

#define WORDS_MAX 160

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static struct page page_on(const struct read_look *look, FILE *out)
{
    return (struct page){.out = out, .width = look->width, .colour = look->colour};
}

/* "912", "12.3k", "4.56M": at most five characters. */
static char *short_number(uint64_t value, char out[SPAN_TEXT])
{
    static const char units[] = " kMGTPE";
    unsigned unit = 0;
    double size = (double)value;

    for (; size >= 999.5 && unit < 6; unit++)
        size /= 1000;
    if (unit == 0)
        snprintf(out, SPAN_TEXT, "%" PRIu64, value);
    else
        snprintf(out, SPAN_TEXT, size < 9.995 ? "%.2f%c" : size < 99.95 ? "%.1f%c" : "%.0f%c", size, units[unit]);
    return out;
}

const char *read_arrow(const struct summary *summary)
{
    static const char *const arrows[] = {
        [ORIENTED_BY_SYN] = "->", [ORIENTED_BY_ANSWER] = "->?", [ORIENTED_BY_PORTS] = "--"};

    return arrows[summary->orientation];
}

void read_network_words(struct text *text, const struct network_list *networks, const struct summary_end *end)
{
    if (end->network) {
        text_add(text, " in ");
        network_list_name(networks, end->network, text);
    }
}

void read_opening_words(struct text *text, const struct summary *summary)
{
    char span[SPAN_TEXT];

    switch (summary->opening) {
    case OPENING_UNSEEN:
        text_add(text, "unseen");
        return;
    case OPENING_TRIED:
        text_add(text, "%s", summary->ends[END_A].icmp_errors ? "ICMP error" : "no answer");
        return;
    case OPENING_ANSWERED:
        text_add(text, "unfinished");
        return;
    case OPENING_REFUSED:
        text_add(text, "refused");
        return;
    case OPENING_DONE:
    case OPENING_IMPLIED:
    case OPENING_SIMULTANEOUS:
        break;
    }
    text_add(text, "%s",
             summary->opening == OPENING_DONE      ? "done"
             : summary->opening == OPENING_IMPLIED ? "implied"
                                                   : "both");
    if (summary->open_rtt != NANOS_NONE)
        text_add(text, " %s", phrase_span(summary->open_rtt, span));
}

void read_closing_words(struct text *text, const struct summary *summary)
{
    static const char *const ends[] = {"A", "B", "?"};
    const char *by = ends[summary->closer];

    switch (summary->closing) {
    case CLOSING_NEVER:
        text_add(text, "not closed");
        return;
    case CLOSING_HALF:
        text_add(text, "%s, half", by);
        return;
    case CLOSING_THREE:
    case CLOSING_FOUR:
        text_add(text, "%s, %s", by, closing_name(summary->closing));
        break;
    case CLOSING_SIMULTANEOUS:
        text_add(text, "both at once");
        break;
    case CLOSING_RESET:
        if (summary->fin_first)
            text_add(text, "%s, %s reset", by, ends[summary->resetter]);
        else
            text_add(text, "%s reset", ends[summary->resetter]);
        return;
    }
    if (!summary->closed)
        text_add(text, ", no ACK");
}

static unsigned width_of(const char *words)
{
    return columns_of(words, strlen(words));
}

static bool is_narrow(const struct page *page)
{
    return page->width < NARROW_BELOW;
}

/* Goes to a column where there is room for so many from there on, else to where a line of a row begins. */
static void seek(struct page *page, unsigned column, unsigned room)
{
    unsigned from = page->column >= column && page->column > 0 ? page->column + 1 : column;

    if (from + room > page->width) {
        page_end(page);
        column = OPEN_AT;
    }
    page_to(page, column);
}

/* One cell, in more lines if it is wider than a line. */
static void put_cell(struct page *page, unsigned column, enum paint paint, const char *words)
{
    unsigned width = width_of(words);

    seek(page, column, width);
    if (width <= page_room(page))
        page_put(page, paint, words);
    else
        page_flow(page, OPEN_AT, paint, false, words);
}

/* The state it is left in: with "?" where it is only presumed, with "+" where it is one of several. */
static enum paint state_words(const struct claim *claim, char words[SPAN_TEXT])
{
    struct text text;
    bool presumed = claim->certainty == PRESUMED;

    text_init(&text, words, SPAN_TEXT);
    text_add(&text, "%s%s%s", state_name(phrase_state(claim->likely)), presumed ? "?" : "",
             state_count(presumed ? claim->likely : claim->to) > 1 ? "+" : "");
    return presumed ? PAINT_PRESUMED : PAINT_PROVEN;
}

/* Both ends' go together, if a line has room for both. */
static void put_states(struct page *page, const struct summary *summary)
{
    char words[ENDS][SPAN_TEXT];
    enum paint paints[ENDS];

    for (unsigned i = 0; i < ENDS; i++)
        paints[i] = state_words(&summary->ends[i].claim, words[i]);
    if (is_narrow(page))
        page_end(page);
    seek(page, is_narrow(page) ? NARROW_STATES_AT : STATES_AT, width_of(words[END_A]) + 1 + width_of(words[END_B]));
    page_put(page, paints[END_A], words[END_A]);
    put_cell(page, 0, paints[END_B], words[END_B]);
}

static void put_bytes(struct page *page, enum paint paint, const char *words)
{
    put_cell(page, is_narrow(page) ? NARROW_BYTES_AT : BYTES_AT, paint, words);
}

void read_table_head(const struct read_look *look, FILE *out)
{
    struct page page = page_on(look, out);

    page_put(&page, PAINT_DIM, "     #");
    page_to(&page, TIME_AT);
    page_put(&page, PAINT_DIM, "time");
    put_cell(&page, WHO_AT, PAINT_DIM, "A -> B (-> A opened, ->? presumably, -- unknown); history");
    page_end(&page);
    put_cell(&page, OPEN_AT, PAINT_DIM, "open");
    put_cell(&page, CLOSE_AT, PAINT_DIM, "closed by, how");
    if (is_narrow(&page))
        page_end(&page);
    put_cell(&page, is_narrow(&page) ? NARROW_STATES_AT : STATES_AT, PAINT_DIM, "A's and B's state");
    put_bytes(&page, PAINT_DIM, "bytes");
    page_end(&page);
}

/* The history goes to the right, or where there is room. */
static void put_history(struct page *page, unsigned indent, const char *history)
{
    unsigned length = (unsigned)strlen(history);

    if (page->column + 1 + length > page->width)
        page_end(page);
    if (page->column == 0)
        page_to(page, indent);
    if (length > page_room(page)) {
        page_flow(page, indent, PAINT_DIM, false, history);
    } else {
        if (length > 0 && page->width > length && page->width - length > page->column)
            page_to(page, page->width - length);
        page_put(page, PAINT_DIM, history);
    }
    page_end(page);
}

/* The virtual networks, if any: behind the ends, or below. */
static void put_networks(struct page *page, unsigned indent, const struct network_list *networks,
                         const struct summary *summary)
{
    const struct summary_end *a = &summary->ends[END_A], *b = &summary->ends[END_B];
    const bool apart = a->network != b->network && a->segments && b->segments;
    char words[2 * WORDS_MAX];
    struct text text;

    if (!a->network && !b->network)
        return;
    text_init(&text, words, sizeof(words));
    if (apart) {
        text_add(&text, "A%s", a->network ? "" : " in no virtual network");
        read_network_words(&text, networks, a);
        text_add(&text, ", B%s", b->network ? "" : " in no virtual network");
        read_network_words(&text, networks, b);
    } else {
        read_network_words(&text, networks, a->network ? a : b);
    }
    const char *from = words + strspn(words, " ");
    if (page->column + 2 + width_of(from) > page->width)
        page_end(page);
    if (width_of(from) + indent <= page->width)
        put_cell(page, page->column ? page->column + 2 : indent, PAINT_DIM, from);
    else
        put_cell(page, OPEN_AT, PAINT_DIM, from);
}

static void put_who(struct page *page, const struct network_list *networks, const struct summary *summary)
{
    char a[ENDPOINT_TEXT + 8], b[ENDPOINT_TEXT];
    unsigned at = WHO_AT;
    struct text text;

    text_init(&text, a, sizeof(a));
    text_add(&text, "%s %s", endpoint_format(&summary->ends[END_A].at, b), read_arrow(summary));
    endpoint_format(&summary->ends[END_B].at, b);
    /* Two long addresses of IPv6 take a line each; below the time where they have no room beside it. */
    if (WHO_AT + width_of(a) > page->width || WHO_AT + width_of(b) > page->width) {
        at = OPEN_AT;
        page_end(page);
    }
    put_cell(page, at, PAINT_NONE, a);
    if (page->column + 1 + width_of(b) > page->width)
        page_end(page);
    put_cell(page, page->column ? page->column + 1 : at, PAINT_NONE, b);
    put_networks(page, at, networks, summary);
    put_history(page, at, summary->history);
}

/* What else there is to be said of an end; before the first of it stands `first`. */
static void add_oddities(struct text *text, const char *first, const struct summary_end *end)
{
    const struct {
        uint64_t count;
        const char *what;
    } oddities[] = {
        {end->retransmitted, "retransmitted"},
        {end->doubles, "captured twice"},
        {end->strays, "with numbers that do not fit"},
        {end->unseen, end->unseen == 1 ? "number passed unseen" : "numbers passed unseen"},
        {end->icmp_errors, end->icmp_errors == 1 ? "ICMP error came of it" : "ICMP errors came of it"},
    };

    for (unsigned i = 0; i < sizeof(oddities) / sizeof(oddities[0]); i++)
        if (oddities[i].count) {
            text_add(text, "%s%" PRIu64 " %s", first, oddities[i].count, oddities[i].what);
            first = ", ";
        }
}

/* How long it was in each state, likewise. */
static void add_times(struct text *text, const char *first, const struct summary_end *end)
{
    char span[SPAN_TEXT];

    for (unsigned state = 0; state < STATE_COUNT; state++)
        if (end->in_state[state] > 0) {
            text_add(text, "%s%s in %s", first, phrase_span(end->in_state[state], span), state_name((enum state)state));
            first = ", ";
        }
}

/* "A: 412 us in SYN-SENT, 21.6 ms in ESTABLISHED; 1 retransmitted", or nothing. */
static void put_more(struct page *page, const char *name, bool times, const struct summary_end *end)
{
    char words[2 * WORDS_MAX];
    struct text text;

    text_init(&text, words, sizeof(words));
    if (times)
        add_times(&text, "", end);
    add_oddities(&text, text.used ? "; " : "", end);
    if (text.used == 0)
        return;
    page_to(page, OPEN_AT);
    page_put(page, PAINT_DIM, name);
    page_flow(page, MORE_AT, PAINT_DIM, false, words);
    page_end(page);
}

void read_table_row(const struct read_look *look, const struct summary *summary, nanos epoch, FILE *out)
{
    struct page page = page_on(look, out);
    char words[WORDS_MAX], sizes[ENDS][SPAN_TEXT];
    struct text text;

    text_init(&text, words, sizeof(words));
    text_add(&text, "%6" PRIu64, summary->number);
    page_put(&page, PAINT_NONE, words);
    page_to(&page, TIME_AT);
    page_put(&page, PAINT_DIM, phrase_time(summary->first_at - epoch, words));
    put_who(&page, look->networks, summary);
    text_init(&text, words, sizeof(words));
    read_opening_words(&text, summary);
    put_cell(&page, OPEN_AT, summary->opening == OPENING_DONE ? PAINT_NONE : PAINT_PRESUMED, words);
    text_init(&text, words, sizeof(words));
    read_closing_words(&text, summary);
    put_cell(&page, CLOSE_AT, summary->closing == CLOSING_RESET ? PAINT_ALARM : PAINT_NONE, words);
    put_states(&page, summary);
    text_init(&text, words, sizeof(words));
    text_add(&text, "%s/%s", short_number(summary->ends[END_A].bytes, sizes[END_A]),
             short_number(summary->ends[END_B].bytes, sizes[END_B]));
    put_bytes(&page, PAINT_NONE, words);
    page_end(&page);
    put_more(&page, "A:", look->times, &summary->ends[END_A]);
    put_more(&page, "B:", look->times, &summary->ends[END_B]);
}

static void put_line(const struct read_look *look, const char *words, FILE *out)
{
    struct page page = page_on(look, out);

    page_flow(&page, 0, PAINT_NONE, false, words);
    page_end(&page);
}

static void add_total(struct text *text, const struct read_total *total)
{
    text_add(text, "%" PRIu64 " connection%s, %" PRIu64 " segment%s", total->connections, plural(total->connections),
             total->segments, plural(total->segments));
    if (total->late)
        text_add(text, ", %" PRIu64 " of them late: their connections had ended, and many others since", total->late);
    if (total->others)
        text_add(text, ", %" PRIu64 " packet%s without TCP", total->others, plural(total->others));
    if (total->left_out)
        text_add(text, "; %" PRIu64 " connections are not shown (--limit)", total->left_out);
}

static void add_dropped(struct text *text, const struct read_total *total)
{
    text_add(text,
             "%" PRIu64
             " packet%s dropped: they came faster than they were followed, and what they would have shown is "
             "missing above",
             total->dropped, total->dropped == 1 ? " was" : "s were");
}

static void add_evicted(struct text *text, const struct read_total *total)
{
    text_add(text,
             "%" PRIu64 " connections were summed up early, the longest idle first, for want of room "
             "(--max-connections): what came of them later counts as another connection",
             total->evicted);
}

bool read_table_foot_line(const struct read_total *total, unsigned line, struct text *text)
{
    static void (*const adds[])(struct text *, const struct read_total *) = {add_total, add_dropped, add_evicted};
    const bool wanted[] = {true, total->dropped > 0, total->evicted > 0};

    for (unsigned i = 0; i < sizeof(adds) / sizeof(adds[0]); i++)
        if (wanted[i] && line-- == 0) {
            adds[i](text, total);
            return true;
        }
    if (line >= total->lack_count)
        return false;
    text_add(text, "not read: %" PRIu64 " packet%s: %s", total->lacks[line].packets,
             total->lacks[line].packets == 1 ? "" : "s", total->lacks[line].what);
    return true;
}

void read_table_foot(const struct read_look *look, const struct read_total *total, FILE *out)
{
    char words[512];
    struct text text;

    for (unsigned line = 0;; line++) {
        text_init(&text, words, sizeof(words));
        if (!read_table_foot_line(total, line, &text))
            break;
        put_line(look, words, out);
    }
}

static void add_counts(struct text *text, const char *name, const struct summary_end *end)
{
    text_add(text, "%s sent %" PRIu64 " segment%s, %" PRIu64 " byte%s", name, end->segments, plural(end->segments),
             end->bytes, plural(end->bytes));
    add_oddities(text, ", ", end);
}

static void add_course(struct text *text, const struct summary *summary)
{
    char span[SPAN_TEXT];

    text_add(text, "open: ");
    read_opening_words(text, summary);
    if (summary->open != NANOS_NONE)
        text_add(text, ", %s in all", phrase_span(summary->open, span));
    if (summary->orientation == ORIENTED_BY_ANSWER)
        text_add(text, ", by A presumably: B answered a SYN");
    else if (summary->orientation == ORIENTED_BY_PORTS)
        text_add(text, ", nobody knows by whom: A has the higher port");
    text_add(text, "; close: ");
    read_closing_words(text, summary);
    if (summary->history[0])
        text_add(text, "; history %s", summary->history);
    if (summary->undone)
        text_add(text, "; a RST or a FIN that did not count was contradicted by what followed");
}

static void add_states(struct text *text, const char *name, const struct network_list *networks,
                       const struct summary_end *end)
{
    char at[ENDPOINT_TEXT];

    text_add(text, "%s %s", name, endpoint_format(&end->at, at));
    read_network_words(text, networks, end);
    text_add(text, ": ");
    phrase_states(text, end->claim.likely, end->claim.certainty == PRESUMED ? NO_STATES : end->claim.to);
    text_add(text, " (%s)", certainty_name(end->claim.certainty));
    add_times(text, ", ", end);
}

void read_table_line(const struct summary *summary, const struct network_list *networks, unsigned line,
                     struct text *text)
{
    static const char *const names[] = {"A", "B"};
    unsigned end = line > 2;

    if (line == 0)
        add_course(text, summary);
    else if (line % 2 == 1)
        add_states(text, names[end], networks, &summary->ends[end]);
    else
        add_counts(text, names[end], &summary->ends[end]);
}

void read_table_one(const struct read_look *look, const struct summary *summary, FILE *out)
{
    char words[512];
    struct text text;

    for (unsigned line = 0; line < READ_TABLE_LINES; line++) {
        text_init(&text, words, sizeof(words));
        read_table_line(summary, look->networks, line, &text);
        put_line(look, words, out);
    }
}
