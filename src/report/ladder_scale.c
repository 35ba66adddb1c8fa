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
#define NAME_ROOM 12.5
#define BORDER_POINTS 4

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

/* ---- the borders between states ---- */

/*
 * A border goes from the upper edge of a bar, at its least moment, to the lower one, at its most. Of what lies outside of the
 * window is drawn how far down it is at the window's rim, and there it goes on level.
 */
struct border {
    double x[BORDER_POINTS], y[BORDER_POINTS];
    unsigned count;
    bool from_top, to_bottom;
};

static void add_point(struct border *border, double x, double y)
{
    border->x[border->count] = x;
    border->y[border->count++] = y;
}

static void level_border(struct border *border, double x, double top)
{
    add_point(border, x, top);
    add_point(border, x, top + BAR);
}

/* How far down a bar it is at this moment. */
static double depth_of(nanos least, nanos most, nanos t)
{
    return BAR * (double)(t - least) / (double)(most - least);
}

static struct border border_of(const struct scale *scale, nanos least, nanos most, double top)
{
    const struct ladder_window *window = scale->window;
    struct border border = {.from_top = true, .to_bottom = true};

    if (least == NANOS_NONE || most < window->from) {
        level_border(&border, scale->before, top);
        return border;
    }
    if (least > window->to) {
        level_border(&border, scale->after, top);
        return border;
    }
    border.from_top = least >= window->from;
    border.to_bottom = most <= window->to;
    if (!border.from_top) {
        add_point(&border, scale->before, top + depth_of(least, most, window->from));
        add_point(&border, scale->from, top + depth_of(least, most, window->from));
    } else {
        add_point(&border, place_of(scale, least), top);
    }
    if (!border.to_bottom) {
        add_point(&border, scale->to, top + depth_of(least, most, window->to));
        add_point(&border, scale->after, top + depth_of(least, most, window->to));
    } else {
        add_point(&border, place_of(scale, most), top + BAR);
    }
    return border;
}

/* Where it is at this height; where it does not come so far down, behind all. */
static double border_at(const struct scale *scale, const struct border *border, double y)
{
    for (unsigned i = 0; i < border->count; i++) {
        double part;

        if (border->y[i] < y)
            continue;
        if (i == 0 || border->y[i] - border->y[i - 1] <= 0)
            return border->x[i];
        part = (y - border->y[i - 1]) / (border->y[i] - border->y[i - 1]);
        return border->x[i - 1] + part * (border->x[i] - border->x[i - 1]);
    }
    return scale->after;
}

/* ---- the bars ---- */

/* A corner of a piece. An edge along where the drawing ends is torn off: the bar goes on. */
static void put_corner(const struct scale *scale, double last[2], double x, double y)
{
    double out = x >= scale->after ? TEAR : x <= scale->before ? -TEAR : 0;

    if (last[0] == x && last[1] == y)
        return;
    if (last[0] == x && out != 0 && last[1] != y)
        svg_put(scale->svg, "L%.1f %.1f", x + out * (y > last[1] ? y - last[1] : last[1] - y) / BAR, (y + last[1]) / 2);
    svg_put(scale->svg, "%c%.1f %.1f", last[0] < 0 ? 'M' : 'L', x, y);
    last[0] = x;
    last[1] = y;
}

/* Around a piece: it is above the border where it begins, and below the one where it ends. */
static void put_outline(const struct scale *scale, const struct border *begin, const struct border *end, double top)
{
    double last[2] = {-1, -1}, first[2];

    first[0] = !end->from_top ? end->x[0] : begin->from_top ? begin->x[0] : scale->before;
    first[1] = !end->from_top ? end->y[0] : top;
    put_corner(scale, last, first[0], first[1]);
    for (unsigned i = 0; i < (begin->to_bottom ? end->count : 1); i++)
        put_corner(scale, last, end->x[i], end->y[i]);
    if (!end->to_bottom)
        put_corner(scale, last, scale->after, top + BAR);
    for (unsigned i = begin->count; i > (end->from_top ? 0 : begin->count - 1); i--)
        put_corner(scale, last, begin->x[i - 1], begin->y[i - 1]);
    put_corner(scale, last, first[0], first[1]);
}

/* The name of the state where all of it has room: in the middle of what is certain, else below or above a slanted border. */
static void put_name(const struct scale *scale, const struct ladder_piece *piece, const struct border *begin,
                     const struct border *end, double top)
{
    double left = border_at(scale, begin, top + BAR), right = border_at(scale, end, top);
    double below = border_at(scale, end, top + BAR - NAME_ROOM), above = border_at(scale, begin, top + NAME_ROOM);
    char name[SPAN_TEXT];
    double room = svg_width(ladder_state_words(&piece->is, name), NAME_LETTERS) + 4;

    if (right - left >= room)
        svg_text(scale->svg, "state-name", (left + right) / 2, top + BAR / 2 + 3.5, SVG_MIDDLE, NAME_LETTERS, room,
                 name);
    else if (below - left >= room)
        svg_text(scale->svg, "state-name", left + 3, top + BAR - 3.5, SVG_START, NAME_LETTERS, room, name);
    else if (right - above >= room)
        svg_text(scale->svg, "state-name", right - 3, top + 10.5, SVG_END, NAME_LETTERS, room, name);
}

static void put_piece(const struct scale *scale, const struct ladder_piece *piece, const struct ladder_piece *next,
                      double top)
{
    struct border begin = border_of(scale, piece->least, piece->most, top);
    struct border end = border_of(scale, next ? next->least : NANOS_NEVER, next ? next->most : NANOS_NEVER, top);
    const struct ladder_window *window = scale->window;

    if ((next && next->most < window->from) || (piece->least != NANOS_NONE && piece->least > window->to) ||
        (next && next->least == piece->least && next->most == piece->most))
        return;
    if (piece->known)
        svg_put(scale->svg, "<path class=\"state s%u%s\" d=\"", svg_state_colour(piece->is.state),
                piece->is.certainty == PRESUMED ? " presumed" : "");
    else
        svg_put(scale->svg, "<path class=\"unknown\" d=\"");
    put_outline(scale, &begin, &end, top);
    svg_put(scale->svg, "z\"/>\n");
    if (piece->known)
        put_name(scale, piece, &begin, &end, top);
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
                        "is presumed. Where a border slants, the state changed somewhere along it. Where a bar ends in "
                        "a point, it goes on."));
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
