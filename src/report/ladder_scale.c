#include "report/ladder_scale.h"

#include <stdio.h>

#include "report/ladder_svg.h"
#include "report/ladder_times.h"
#include "report/phrase.h"
#include "report/words.h"

#define LETTERS SVG_SMALL
#define NAME_LETTERS 10.0
#define LINE 14.0

#define BAR 19.0     /* a bar's height */
#define BETWEEN 24.0 /* the two bars, which is an arrow's length */
#define NUMBERS 13.0 /* what the numbers of segments take above the bars */
#define PARTS 15.0   /* what the marks of parts take below them */
#define AXIS 24.0
#define AFTER 16.0
#define TEAR 5.0 /* how far out the point of a torn end is */

/* What is drawn of the time before and after, where the states were the first and the last ones. Narrow: the least. */
#define BEFORE_WIDE 44.0
#define BEHIND_WIDE 78.0
#define OUTSIDE_NARROW 12.0
#define END_NAMES 44.0

/* Moments that are nearer to each other than this want another scale. */
#define DENSE 14.0

struct scale {
    const struct svg *svg;
    const struct ladder_rows *ladder;
    unsigned first, end;
    struct ladder_times times;
    double left, right;   /* of all */
    double before, after; /* where the time outside of the window begins and ends */
    double from, to;      /* ... and the window */
    struct ladder_window windows[LADDER_WINDOWS];
    unsigned window_count;
    const struct ladder_window *window; /* the one that is drawn */
    double bars[LADDER_ENDS];           /* where they begin, from above */
};

/* ---- places ---- */

static double place_of(const struct scale *scale, nanos t)
{
    const struct ladder_window *window = scale->window;

    if (t == NANOS_NONE || t < window->from)
        return scale->before;
    if (t > window->to)
        return scale->after;
    return scale->from + (scale->to - scale->from) * (double)(t - window->from) / (double)(window->to - window->from);
}

static void lay_out(struct scale *scale, double left, double width)
{
    bool wide = width >= LADDER_WIDE;

    scale->left = left;
    scale->right = left + width;
    scale->before = left + END_NAMES;
    scale->after = scale->right - TEAR - 1;
    scale->from = scale->before + (wide ? BEFORE_WIDE : OUTSIDE_NARROW);
    scale->to = scale->after - (wide ? BEHIND_WIDE : OUTSIDE_NARROW);
}

/* ---- the bars ---- */

/* A piece as it is drawn: where its borders meet the upper and the lower edge of the bar. */
struct shape {
    double least, most;           /* its beginning */
    double next_least, next_most; /* its end */
};

/* Puts the name of the state where all of it has room: in the middle of what is certain, else below or above a slanted border. */
static void put_name(const struct scale *scale, const struct ladder_piece *piece, const struct shape *shape, double top)
{
    /* The letters in the lower half end above, and those in the upper half below, at so much of the border. */
    static const double clear = 12.5 / BAR;
    double above = shape->least + clear * (shape->most - shape->least);
    double below = shape->next_least + (1 - clear) * (shape->next_most - shape->next_least);
    char name[SPAN_TEXT];
    double room = svg_width(ladder_state_words(&piece->is, name), NAME_LETTERS) + 4;

    if (!piece->known)
        return;
    if (shape->next_least - shape->most >= room)
        svg_text(scale->svg, "state-name", (shape->most + shape->next_least) / 2, top + BAR / 2 + 3.5, SVG_MIDDLE,
                 NAME_LETTERS, room, name);
    else if (below - shape->most >= room)
        svg_text(scale->svg, "state-name", shape->most + 3, top + BAR - 3.5, SVG_START, NAME_LETTERS, room, name);
    else if (shape->next_least - above >= room)
        svg_text(scale->svg, "state-name", shape->next_least - 3, top + 10.5, SVG_END, NAME_LETTERS, room, name);
}

static void put_piece(const struct scale *scale, const struct ladder_piece *piece, const struct ladder_piece *next,
                      double top)
{
    struct shape shape = {place_of(scale, piece->least), place_of(scale, piece->most),
                          next ? place_of(scale, next->least) : scale->after,
                          next ? place_of(scale, next->most) : scale->after};

    if (shape.next_most <= scale->before || shape.least >= scale->after ||
        (shape.next_least <= shape.least && shape.next_most <= shape.most))
        return;
    if (piece->known)
        svg_put(scale->svg, "<path class=\"state s%u%s\" d=\"", svg_state_colour(piece->is.state),
                piece->is.certainty == PRESUMED ? " presumed" : "");
    else
        svg_put(scale->svg, "<path class=\"unknown\" d=\"");
    svg_put(scale->svg, "M%.1f %.1fH%.1f", shape.least, top, shape.next_least);
    /* Where the bar goes on beyond what is drawn, it is torn off. */
    if (shape.next_least >= scale->after)
        svg_put(scale->svg, "l%.1f %.1f", TEAR, BAR / 2);
    svg_put(scale->svg, "L%.1f %.1fH%.1f", shape.next_most, top + BAR, shape.most);
    if (shape.most <= scale->before)
        svg_put(scale->svg, "l%.1f %.1f", -TEAR, -BAR / 2);
    svg_put(scale->svg, "z\"/>\n");
    put_name(scale, piece, &shape, top);
}

static void put_bar(const struct scale *scale, unsigned end)
{
    const struct ladder_piece *pieces = scale->times.pieces[end];
    unsigned count = scale->times.count[end];

    svg_text(scale->svg, "dim", scale->before - TEAR - 4, scale->bars[end] + BAR / 2 + 4, SVG_END, LETTERS,
             END_NAMES - TEAR - 4, ladder_end_name(scale->ladder, end));
    for (unsigned i = 0; i < count; i++)
        put_piece(scale, &pieces[i], i + 1 < count ? &pieces[i + 1] : NULL, scale->bars[end]);
}

/* ---- the segments ---- */

static void put_arrow(const struct scale *scale, bool out, double x)
{
    double top = scale->bars[LADDER_LEFT] + BAR + 1, bottom = scale->bars[LADDER_RIGHT] - 1;
    double from = out ? top : bottom, to = out ? bottom : top, back = out ? -1 : 1;

    svg_put(scale->svg, "<path class=\"%s fine\" d=\"M%.1f %.1fV%.1f\"/>", out ? "sent" : "came", x, from,
            to + 5 * back);
    svg_put(scale->svg, "<path class=\"tip %s\" d=\"M%.1f %.1fl-3 %.1fh6z\"/>\n", out ? "ours" : "peers", x, to,
            6 * back);
}

/* Arrows that can't be told from each other are drawn once, and numbers only where they have room. */
static void put_segments(const struct scale *scale)
{
    double arrows[2] = {-1, -1}, numbered = scale->left;
    char number[SPAN_TEXT];

    for (unsigned i = scale->first; i < scale->end; i++) {
        const struct ladder_row *row = &scale->ladder->rows[i];
        double x, half;

        if (row->kind != LADDER_SEGMENT || row->t < scale->window->from || row->t > scale->window->to)
            continue;
        x = place_of(scale, row->t);
        if (x - arrows[row->out] >= 0.5) {
            put_arrow(scale, row->out, x);
            arrows[row->out] = x;
        }
        snprintf(number, sizeof(number), "%u", row->n);
        half = svg_width(number, NAME_LETTERS) / 2;
        if (x - half < numbered)
            continue;
        svg_text(scale->svg, "dim", x, scale->bars[LADDER_LEFT] - 4, SVG_MIDDLE, NAME_LETTERS, 100, number);
        numbered = x + half + 3;
    }
}

/* ---- the axis ---- */

static void put_axis(const struct scale *scale, double y)
{
    struct axis axis = {QUANTITY_TIME, 0, (double)(scale->window->to - scale->window->from), false, NULL};
    struct axis_tick ticks[AXIS_TICKS_MAX];
    unsigned count = axis_ticks(&axis, 2 + (unsigned)((scale->to - scale->from) / 90), ticks);
    double used = scale->left;

    svg_put(scale->svg, "<path class=\"rule\" d=\"M%.1f %.1fH%.1f\"/>", scale->from, y, scale->to);
    for (unsigned i = 0; i < count; i++) {
        double x = scale->from + axis_place(&axis, ticks[i].at) * (scale->to - scale->from);
        double half = svg_width(ticks[i].label, LETTERS) / 2;
        double middle = x + half > scale->right ? scale->right - half : x;

        svg_put(scale->svg, "<path class=\"rule\" d=\"M%.1f %.1fv4\"/>\n", x, y);
        if (middle - half < used)
            continue;
        svg_text(scale->svg, "dim tick", middle, y + 15, SVG_MIDDLE, LETTERS, scale->right - scale->left,
                 ticks[i].label);
        used = middle + half + 8;
    }
}

/* ---- windows ---- */

static char letter_of(unsigned window)
{
    return (char)('a' + window - 1);
}

/* Where the parts are that are drawn on their own below. Returns where the axis begins. */
static double mark_parts(const struct scale *scale, double y)
{
    unsigned here = (unsigned)(scale->window - scale->windows);
    bool any = false;

    for (unsigned i = 1; i < scale->window_count; i++) {
        char letter[2] = {letter_of(i)};
        double from, to, middle;

        if (scale->windows[i].within != here)
            continue;
        from = place_of(scale, scale->windows[i].from);
        to = place_of(scale, scale->windows[i].to);
        middle = (from + to) / 2;
        from = to - from < 4 ? middle - 2 : from;
        to = to - from < 4 ? middle + 2 : to;
        svg_put(scale->svg, "<path class=\"rule\" d=\"M%.1f %.1fv4H%.1fv-4\"/>\n", from, y + 2, to);
        svg_text(scale->svg, "head", middle, y + 15, SVG_MIDDLE, LETTERS, 20, letter);
        any = true;
    }
    return y + (any ? PARTS + 5 : 4);
}

/* Of a part: which one it is, how long it is, and where it begins. */
static double put_title(const struct scale *scale, double y)
{
    unsigned here = (unsigned)(scale->window - scale->windows);
    char letter[2] = {letter_of(here)}, span[SPAN_TEXT], time[SPAN_TEXT], words[2 * SPAN_TEXT + 80];
    double at = scale->left;

    if (here == 0)
        return y;
    phrase_span(scale->window->to - scale->window->from, span);
    phrase_time(scale->window->from, time);
    snprintf(words, sizeof(words), _("%s from %s s on"), span, time);
    at += svg_text(scale->svg, "head", at, y + LETTERS, SVG_START, LETTERS, 20, letter) + 8;
    svg_text(scale->svg, "dim", at, y + LETTERS, SVG_START, LETTERS, scale->right - at, words);
    return y + LINE;
}

static double put_window(struct scale *scale, unsigned index, double y)
{
    scale->window = &scale->windows[index];
    y = put_title(scale, y) + NUMBERS;
    scale->bars[LADDER_LEFT] = y;
    scale->bars[LADDER_RIGHT] = y + BAR + BETWEEN;
    put_bar(scale, LADDER_LEFT);
    put_bar(scale, LADDER_RIGHT);
    put_segments(scale);
    y = mark_parts(scale, scale->bars[LADDER_RIGHT] + BAR);
    put_axis(scale, y);
    return y + AXIS;
}

static double put_head(const struct scale *scale, double y)
{
    double width = scale->right - scale->left;

    y = svg_paragraph(scale->svg, "head", scale->left, y + LETTERS, LETTERS, width, _("States to scale in time"));
    y = svg_paragraph(scale->svg, "dim", scale->left, y, LETTERS, width,
                      _("A full bar is a state that is certain or proven, a pale one with a broken border a state that "
                        "is presumed. Where a border slants, the state changed somewhere along it."));
    if (scale->window_count > 1)
        y = svg_paragraph(scale->svg, "dim", scale->left, y, LETTERS, width,
                          _("A letter marks a part that is drawn larger below."));
    return y - LETTERS + 4;
}

double ladder_scale(const struct svg *svg, const struct ladder_rows *ladder, unsigned first, unsigned end, double left,
                    double width, double y)
{
    struct scale scale = {.svg = svg, .ladder = ladder, .first = first, .end = end};

    lay_out(&scale, left, width);
    if (ladder_times_read(&scale.times, ladder, first, end)) {
        scale.window_count = ladder_windows(&scale.times, DENSE / (scale.to - scale.from), scale.windows);
        y = put_head(&scale, y);
        for (unsigned i = 0; i < scale.window_count; i++)
            y = put_window(&scale, i, y);
        y += AFTER;
    }
    ladder_times_free(&scale.times);
    return y;
}
