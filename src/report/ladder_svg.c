#include "report/ladder_svg.h"

#include <stdlib.h>
#include <string.h>

#include "report/phrase.h"
#include "report/words.h"

#define LETTERS 11.0
#define LINE 14.0
#define LABEL_LETTERS 12.0
#define LABEL_LINE 15.0
#define PIECE_MAX 400

#define BAR_WIDE 96.0
#define BAR_NARROW 87.0
#define TIME_WIDE 68.0
#define REMARKS_LEAST 186.0
#define BESIDE 6.0 /* between a bar and what stands beside it */

#define LEAD 20.0 /* before the first row, so that the states at the beginning can be named */
#define ROW_PAD 9.0
#define SLANT 9.0
#define STATE_ROOM 18.0  /* a state's name takes so much of a bar */
#define NAME_AGAIN 330.0 /* after so much of a bar its name stands there once more */
#define GAP_HEIGHT 26.0
/* A gap in time is marked when it is so long, and so much longer than most between rows. */
#define GAP_LEAST (50 * NANOS_PER_MS)
#define GAP_TIMES 10

/* The columns. */
struct layout {
    bool wide;
    double left, right; /* of all */
    double times;       /* width of the longest time */
    double bar;         /* width of a bar */
    double ours, peers; /* where the bars begin */
    double from, to;    /* of the arrows */
    double remarks, remarks_room;
};

/* One end's state, while its bar is not drawn yet. */
struct bar {
    double x, width;
    double from;  /* where this piece begins */
    double named; /* where the state was named last */
    bool renamed; /* the piece begins with another state than the one before */
    bool known;
    struct ladder_peer now;
};

struct drawing {
    const struct svg *svg;
    const struct ladder_rows *ladder;
    struct layout layout;
    struct bar ours, peers;
    bool open; /* the bars are being drawn */
    nanos gap; /* from this on */
    nanos last;
    double arrived;   /* where the arrow of our segment right before arrived ... */
    nanos arrived_at; /* ... and when it left; NANOS_NONE: there was none */
};

/* ---- texts ---- */

double svg_paragraph(const struct svg *svg, const char *class, double x, double y, double size, double room,
                     const char *text)
{
    char piece[PIECE_MAX];

    while (*text) {
        size_t length = svg_piece(text, size, room);

        snprintf(piece, sizeof(piece), "%.*s", (int)(length < PIECE_MAX ? length : PIECE_MAX - 1), text);
        svg_text(svg, class, x, y, SVG_START, size, room + size, piece);
        y += size <= LETTERS ? LINE : size <= LABEL_LETTERS ? LABEL_LINE : size * 1.35;
        text += length;
        text += strspn(text, " ");
    }
    return y;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* All clauses, each on lines of its own. */
static double put_clauses(const struct drawing *drawing, const struct ladder_row *row, double x, double y, double room)
{
    char words[2 * PIECE_MAX];
    struct text text;

    for (unsigned i = 0; i < row->clause_count; i++) {
        const struct ladder_clause *clause = &row->clauses[i];

        text_init(&text, words, sizeof(words));
        ladder_clause_words(drawing->ladder, row, clause, false, &text);
        y = svg_paragraph(drawing->svg, svg_paint_class(clause->paint), x, y, LETTERS, room, words);
    }
    return y;
}

/* ---- the bars ---- */

static void put_state(const struct svg *svg, const struct bar *bar, double y)
{
    char name[SPAN_TEXT];

    svg_text(svg, "state-name", bar->x + bar->width / 2, y, SVG_MIDDLE, LETTERS, bar->width,
             ladder_state_words(&bar->now, name));
}

/* Draws the piece that ends at y. */
static void end_piece(const struct svg *svg, struct bar *bar, double y)
{
    double height = y - bar->from;
    bool presumed = bar->now.certainty == PRESUMED;

    if (height <= 0)
        return;
    if (!bar->known)
        svg_put(svg, "<rect class=\"unknown\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", bar->x,
                bar->from, bar->width, height);
    else
        svg_put(svg, "<rect class=\"state s%u%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
                svg_state_colour(bar->now.state), presumed ? " presumed" : "", bar->x, bar->from, bar->width, height);
    if (bar->known && bar->renamed && height >= STATE_ROOM - 4) {
        put_state(svg, bar, bar->from + LETTERS + 2);
        bar->named = bar->from;
    }
    while (bar->known && y - bar->named > NAME_AGAIN + STATE_ROOM) {
        bar->named += NAME_AGAIN;
        if (bar->named > bar->from)
            put_state(svg, bar, bar->named + LETTERS + 2);
    }
    bar->from = y;
}

/* From y on it is in this state. */
static void turn(const struct svg *svg, struct bar *bar, const struct ladder_peer *next, double y)
{
    bool same = bar->known && bar->now.state == next->state && bar->now.more == next->more;

    if (same && (bar->now.certainty == PRESUMED) == (next->certainty == PRESUMED))
        return;
    end_piece(svg, bar, y);
    bar->renamed = !same;
    bar->known = true;
    bar->now = *next;
}

/* The states of one end, one below the other. Returns how far down they need room. */
static double turn_all(const struct svg *svg, struct bar *bar, const struct ladder_turns *turns, double y)
{
    for (unsigned i = 0; i < turns->count; i++) {
        turn(svg, bar, &turns->peers[i], y);
        y += STATE_ROOM;
    }
    return y;
}

static double turn_left(struct drawing *drawing, const struct ladder_row *row, double y)
{
    struct ladder_peer ours = {.state = row->local, .certainty = PROVEN};

    if (drawing->ladder->observed)
        return turn_all(drawing->svg, &drawing->ours, &row->ends[LADDER_LEFT], y);
    turn(drawing->svg, &drawing->ours, &ours, y);
    return y;
}

static void begin_bars(struct drawing *drawing, double y)
{
    drawing->ours.from = drawing->ours.named = drawing->peers.from = drawing->peers.named = y;
    drawing->ours.renamed = drawing->peers.renamed = true;
    drawing->open = true;
}

static void end_bars(struct drawing *drawing, double y)
{
    if (!drawing->open)
        return;
    end_piece(drawing->svg, &drawing->ours, y);
    end_piece(drawing->svg, &drawing->peers, y);
    drawing->open = false;
}

/* ---- rows ---- */

static void put_time(const struct drawing *drawing, const struct ladder_row *row, double y)
{
    const double room = drawing->layout.times + LETTERS;
    char time[SPAN_TEXT];

    if (!ladder_row_time(row, time))
        return;
    if (drawing->layout.wide)
        svg_text(drawing->svg, "dim", drawing->layout.ours - BESIDE, y, SVG_END, LETTERS, room, time);
    else
        svg_text(drawing->svg, "dim", drawing->layout.to - BESIDE, y, SVG_END, LETTERS, room, time);
}

static void put_arrow(const struct svg *svg, const struct layout *layout, bool out, double y)
{
    double from = out ? layout->from : layout->to, to = out ? layout->to : layout->from, back = out ? -1 : 1;

    svg_put(svg, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>", out ? "sent" : "came", from, y, to + 7 * back,
            y + SLANT);
    svg_put(svg, "<path class=\"tip %s\" d=\"M%.1f %.1fl%.1f -4.6l%.1f 9z\"/>\n", out ? "ours" : "peers", to, y + SLANT,
            9 * back, 0.6 * -back);
}

/* The number and the flags, then the numbers, on as many lines as it takes. Returns the base line behind the last. */
static double put_label(const struct drawing *drawing, const struct ladder_row *row, double y)
{
    const struct svg *svg = drawing->svg;
    double x = drawing->layout.from + BESIDE, room = drawing->layout.to - x - BESIDE, at = x;
    char number[SPAN_TEXT] = "", piece[PIECE_MAX];
    const char *label = row->label;
    size_t length;

    if (row->kind == LADDER_SEGMENT)
        snprintf(number, sizeof(number), "%u", row->n);
    at += svg_text(svg, "dim", at, y, SVG_START, LABEL_LETTERS, room, number);
    at += number[0] ? 9 : 0;
    if (!drawing->layout.wide) { /* the time stands at the end of this line */
        at += svg_text(svg, "head", at, y, SVG_START, LABEL_LETTERS, x + room - at, row->flags);
        if (x + room - at < drawing->layout.times)
            y += LABEL_LINE;
        put_time(drawing, row, y);
        return svg_paragraph(svg, "plain", x, y + LABEL_LINE, LETTERS, room, label);
    }
    at += svg_text(svg, "head", at, y, SVG_START, LABEL_LETTERS, x + room - at, row->flags) + 9;
    length = svg_piece(label, LABEL_LETTERS, x + room - at);
    if (label[length] && label[length] != ' ')
        length = 0; /* not even a word */
    snprintf(piece, sizeof(piece), "%.*s", (int)(length < PIECE_MAX ? length : PIECE_MAX - 1), label);
    svg_text(svg, "plain", at, y, SVG_START, LABEL_LETTERS, room, piece);
    label += length;
    return svg_paragraph(svg, "plain", x, y + LABEL_LINE, LABEL_LETTERS, room, label + strspn(label, " "));
}

/* The same of the right end. */
static double turn_right(struct drawing *drawing, const struct ladder_row *row, double y)
{
    const struct ladder_turns *turns = &row->ends[LADDER_RIGHT];

    /* Where it listens it did so before our segment came. */
    if (!drawing->peers.known && row->out && turns->count > 0 && turns->peers[0].state == LISTEN) {
        drawing->peers.known = true;
        drawing->peers.now = turns->peers[0];
    }
    return turn_all(drawing->svg, &drawing->peers, turns, y);
}

/*
 * Where the peer's state changed that its answer shows: if it can have been so since our segment right before, where that arrived.
 * LISTEN ends with the SYN that came, not with the SYN-ACK that left.
 */
static double changed_at(const struct drawing *drawing, const struct ladder_row *row, double arrow)
{
    const struct ladder_turns *turns = &row->ends[LADDER_RIGHT];
    const struct bar *bar = &drawing->peers;

    if (turns->count != 1 || turns->peers[0].certainty != PROVEN || drawing->arrived_at == NANOS_NONE ||
        turns->peers[0].not_before != drawing->arrived_at)
        return arrow;
    return bar->known && bar->now.state != turns->peers[0].state && bar->from < drawing->arrived ? drawing->arrived
                                                                                                 : arrow;
}

static double put_segment(struct drawing *drawing, const struct ladder_row *row, double y)
{
    const struct layout *layout = &drawing->layout;
    double line = put_label(drawing, row, y + LABEL_LETTERS), arrow = line - LABEL_LETTERS + 3, below, states;

    put_arrow(drawing->svg, layout, row->out, arrow);
    if (layout->wide)
        put_time(drawing, row, arrow + 4 + (row->out ? 0 : SLANT));
    states = larger(turn_left(drawing, row, row->out ? arrow : arrow + SLANT), arrow + SLANT + STATE_ROOM);
    states = larger(turn_right(drawing, row, row->out ? arrow + SLANT : changed_at(drawing, row, arrow)), states);
    drawing->arrived = arrow + SLANT;
    drawing->arrived_at = row->out ? row->t : NANOS_NONE;
    below = layout->wide ? put_clauses(drawing, row, layout->remarks, y + LABEL_LETTERS, layout->remarks_room)
                         : put_clauses(drawing, row, layout->remarks, arrow + SLANT + LINE, layout->remarks_room);
    return larger(below - LINE + 3, states) + ROW_PAD;
}

/* What has no arrow: a timer's work, an error from somebody else, a step. */
static double put_other(struct drawing *drawing, const struct ladder_row *row, double y)
{
    const struct layout *layout = &drawing->layout;
    double line = y + LABEL_LETTERS, below, states;

    if (row->kind == LADDER_ICMP || !layout->wide)
        line = put_label(drawing, row, line);
    if (layout->wide)
        put_time(drawing, row, y + LABEL_LETTERS);
    states = larger(turn_left(drawing, row, y + 3), turn_right(drawing, row, y + 3));
    drawing->arrived_at = NANOS_NONE;
    below = put_clauses(drawing, row, layout->remarks, layout->wide ? y + LABEL_LETTERS : line, layout->remarks_room);
    below = larger(below, line) - LINE + 3;
    return larger(below, larger(states, y + STATE_ROOM)) + ROW_PAD;
}

static double put_heads(struct drawing *drawing, double y)
{
    const struct layout *layout = &drawing->layout;

    svg_text(drawing->svg, "head", layout->ours + layout->bar / 2, y + LETTERS, SVG_MIDDLE, LETTERS, layout->bar,
             ladder_end_name(drawing->ladder, LADDER_LEFT));
    svg_text(drawing->svg, "head", layout->peers + layout->bar / 2, y + LETTERS, SVG_MIDDLE, LETTERS, layout->bar,
             ladder_end_name(drawing->ladder, LADDER_RIGHT));
    y += LETTERS + 6;
    begin_bars(drawing, y);
    return y + LEAD;
}

static double put_gap(const struct drawing *drawing, nanos gap, double y)
{
    const struct layout *layout = &drawing->layout;
    char words[SPAN_TEXT + 40], span[SPAN_TEXT];
    double middle = (layout->from + layout->to) / 2, half;

    snprintf(words, sizeof(words), _("%s later"), phrase_span(gap, span));
    half = svg_width(words, LETTERS) / 2 + BESIDE;
    svg_put(drawing->svg, "<path class=\"gap\" d=\"M%.1f %.1fH%.1fM%.1f %.1fH%.1f\"/>\n", layout->from, y + 9,
            middle - half, middle + half, y + 9, layout->to);
    svg_text(drawing->svg, "dim", middle, y + 13, SVG_MIDDLE, LETTERS, layout->to - layout->from, words);
    return y + GAP_HEIGHT;
}

/* What is known of the ends where a connection begins. */
static void begin(struct drawing *drawing, const struct ladder_row *row)
{
    drawing->peers.known = false;
    drawing->ours.known = !drawing->ladder->observed;
    drawing->ours.now = (struct ladder_peer){.state = row->local, .certainty = PROVEN};
}

static double put_row(struct drawing *drawing, const struct ladder_row *row, double y)
{
    const struct layout *layout = &drawing->layout;
    double width = layout->right - layout->left;

    if (row->kind == LADDER_START) {
        end_bars(drawing, y);
        begin(drawing, row);
        drawing->last = drawing->arrived_at = NANOS_NONE;
        y = svg_paragraph(drawing->svg, "dim", layout->left, y + LETTERS, LETTERS, width, row->label);
        return put_heads(drawing, y - LETTERS + 6);
    }
    if (row->kind == LADDER_END) {
        y += drawing->open ? LETTERS + 10 : LETTERS;
        end_bars(drawing, y - LETTERS - 10);
        return put_clauses(drawing, row, layout->left, y, width) - LETTERS + 4;
    }
    if (drawing->last != NANOS_NONE && row->t != NANOS_NONE && row->t - drawing->last >= drawing->gap)
        y = put_gap(drawing, row->t - drawing->last, y);
    if (row->t != NANOS_NONE)
        drawing->last = row->t;
    return row->kind == LADDER_SEGMENT ? put_segment(drawing, row, y) : put_other(drawing, row, y);
}

/* ---- all ---- */

static int compare_spans(const void *left, const void *right)
{
    const nanos *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

/* A gap that is to be marked has at least this length. */
static nanos find_gap(const struct ladder_rows *ladder)
{
    nanos *gaps = calloc(ladder->count + 1, sizeof(*gaps)), last = NANOS_NONE, usual = 0;
    unsigned count = 0;

    for (unsigned i = 0; gaps && i < ladder->count; i++) {
        const struct ladder_row *row = &ladder->rows[i];

        if (row->kind == LADDER_START || row->t == NANOS_NONE) {
            last = row->kind == LADDER_START ? NANOS_NONE : last;
            continue;
        }
        if (last != NANOS_NONE)
            gaps[count++] = row->t - last;
        last = row->t;
    }
    if (count > 0) {
        qsort(gaps, count, sizeof(*gaps), compare_spans);
        usual = gaps[count / 4];
    }
    free(gaps);
    return GAP_TIMES * usual > GAP_LEAST ? GAP_TIMES * usual : GAP_LEAST;
}

/* No time is cut, however long. */
static double widest_time(const struct ladder_rows *ladder)
{
    double widest = TIME_WIDE;
    char time[SPAN_TEXT];

    for (unsigned i = 0; i < ladder->count; i++)
        if (ladder_row_time(&ladder->rows[i], time))
            widest = larger(widest, svg_width(time, LETTERS));
    return widest;
}

static struct layout lay_out(const struct ladder_rows *ladder, double left, double width)
{
    struct layout layout = {
        .wide = width >= LADDER_WIDE, .left = left, .right = left + width, .times = widest_time(ladder)};

    layout.bar = layout.wide ? BAR_WIDE : BAR_NARROW;
    layout.ours = layout.wide ? left + layout.times + BESIDE : left;
    if (layout.wide) {
        layout.remarks_room = width * 0.27 > REMARKS_LEAST ? width * 0.27 : REMARKS_LEAST;
        layout.remarks = layout.right - layout.remarks_room;
        layout.peers = layout.remarks - 2 * BESIDE - layout.bar;
    } else {
        layout.peers = layout.right - layout.bar;
        layout.remarks = layout.ours + layout.bar + 2 * BESIDE;
        layout.remarks_room = layout.peers - layout.remarks - BESIDE;
    }
    layout.from = layout.ours + layout.bar + 2;
    layout.to = layout.peers - 2;
    return layout;
}

/* What the rows before first have left. */
static void stand(struct drawing *drawing, unsigned first)
{
    const struct ladder_rows *ladder = drawing->ladder;
    struct bar *bars[LADDER_ENDS] = {&drawing->ours, &drawing->peers};

    for (unsigned i = 0; i < first; i++) {
        const struct ladder_row *row = &ladder->rows[i];

        if (row->kind == LADDER_START)
            begin(drawing, row);
        for (unsigned end = 0; end < LADDER_ENDS; end++)
            if (row->ends[end].count > 0) {
                bars[end]->known = true;
                bars[end]->now = row->ends[end].peers[row->ends[end].count - 1];
            }
        if (!ladder->observed) {
            drawing->ours.known = true;
            drawing->ours.now = (struct ladder_peer){.state = row->local, .certainty = PROVEN};
        }
        if (row->t != NANOS_NONE)
            drawing->last = row->t;
    }
}

double ladder_svg(const struct svg *svg, const struct ladder_rows *ladder, unsigned first, unsigned end, double left,
                  double width, double y, struct ladder_place *places)
{
    struct drawing drawing = {.svg = svg,
                              .ladder = ladder,
                              .layout = lay_out(ladder, left, width),
                              .gap = find_gap(ladder),
                              .last = NANOS_NONE,
                              .arrived_at = NANOS_NONE};

    drawing.ours.x = drawing.layout.ours;
    drawing.peers.x = drawing.layout.peers;
    drawing.ours.width = drawing.peers.width = drawing.layout.bar;
    stand(&drawing, first);
    for (unsigned i = first; i < end && i < ladder->count; i++) {
        const struct ladder_row *row = &ladder->rows[i];

        if (!drawing.open && row->kind != LADDER_START && row->kind != LADDER_END)
            y = put_heads(&drawing, y);
        if (places)
            places[i - first].top = y;
        y = put_row(&drawing, row, y);
        if (places)
            places[i - first].bottom = y;
    }
    end_bars(&drawing, y);
    return y;
}
