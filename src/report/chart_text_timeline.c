#include <stdio.h>
#include <string.h>

#include "report/canvas.h"
#include "report/timeline.h"

#define LABEL_MAX 20
#define WORDS_MAX 96
#define CUT_LEAST 4

struct plot {
    struct axis axis;
    unsigned from; /* the column of time 0 */
    unsigned columns;
};

/* The marks of one lane, in the columns of the plot. */
struct marked {
    unsigned char kinds[CHART_WIDTH_MAX]; /* a bit for each kind */
};

static unsigned column_of(const struct plot *plot, nanos at)
{
    return (unsigned)(axis_place(&plot->axis, (double)at) * (plot->columns - 1) + 0.5);
}

static const char *kind_glyph(const struct canvas *canvas, unsigned kind)
{
    static const char *const fine[CHART_MARK_KINDS] = {"▲", "▼", "●", "×", "○"};
    static const char *const plain[CHART_MARK_KINDS] = {"^", "v", "o", "x", "?"};

    return canvas->utf8 ? fine[kind] : plain[kind];
}

static enum paint kind_paint(unsigned kind)
{
    static const enum paint paints[CHART_MARK_KINDS] = {
        [CHART_MARK_ANSWERED] = PAINT_PROVEN, [CHART_MARK_REFUSED] = PAINT_ALARM, [CHART_MARK_SILENT] = PAINT_PRESUMED};

    return paints[kind];
}

static bool is_several(unsigned char kinds)
{
    return (kinds & (kinds - 1)) != 0;
}

static void find_marks(const struct plot *plot, const struct chart_lane *lane, struct marked *marked)
{
    memset(marked, 0, sizeof(*marked));
    for (size_t i = 0; i < lane->mark_count; i++)
        if (timeline_has(&plot->axis, &lane->marks[i]))
            marked->kinds[column_of(plot, lane->marks[i].at)] |= (unsigned char)(1u << lane->marks[i].kind);
}

/* Whether no column from from to below to is marked; all of them have to be in the plot. */
static bool is_free(const struct plot *plot, const struct marked *marked, unsigned from, unsigned to)
{
    if (to > plot->columns)
        return false;
    for (; from < to; from++)
        if (marked->kinds[from])
            return false;
    return true;
}

static void put_marks(struct canvas *canvas, const struct plot *plot, const struct marked *marked)
{
    for (unsigned column = 0; column < plot->columns; column++) {
        unsigned char kinds = marked->kinds[column];
        unsigned kind = 0;

        if (!kinds)
            continue;
        while (!(kinds >> kind & 1))
            kind++;
        if (is_several(kinds))
            canvas_put(canvas, plot->from + column, PAINT_NONE, "*");
        else
            canvas_put(canvas, plot->from + column, kind_paint(kind), kind_glyph(canvas, kind));
    }
}

/* The labels of marks stand right of them, where no other mark and no other label is; taken are the columns in use. */
static void put_mark_labels(struct canvas *canvas, const struct plot *plot, const struct chart_lane *lane,
                            const struct marked *marked, bool taken[CHART_WIDTH_MAX])
{
    for (size_t i = 0; i < lane->mark_count; i++) {
        const struct chart_mark *mark = &lane->marks[i];
        unsigned length = mark->label ? (unsigned)strnlen(mark->label, WORDS_MAX) : 0;
        unsigned from, to;
        bool room;

        if (length == 0 || !timeline_has(&plot->axis, mark))
            continue;
        from = column_of(plot, mark->at) + 1;
        to = from + length;
        /* One more, so that it does not seem to belong to the next. */
        room = is_free(plot, marked, from, to) && (to == plot->columns || is_free(plot, marked, to, to + 1));
        for (unsigned column = from; room && column < to; column++)
            room = !taken[column];
        if (!room)
            continue;
        canvas_text(canvas, plot->from + from, length, PAINT_NONE, mark->label);
        memset(taken + from, true, length);
    }
}

/* The columns of a bar: from the first to below end; from frayed on, its end is uncertain. */
struct extent {
    unsigned from;
    unsigned frayed;
    unsigned end;
    bool open;
};

static bool extent_of(const struct plot *plot, const struct chart_bar *bar, struct extent *extent)
{
    struct timeline_span span;
    double column = plot->axis.most / plot->columns;

    if (!timeline_span(&plot->axis, bar, &span))
        return false;
    extent->from = column_of(plot, span.from);
    extent->end = column_of(plot, span.to) + 1;
    extent->frayed = span.to > span.sure ? column_of(plot, span.sure) + 1 : extent->end;
    /* Much of a column is shown as a whole one. */
    if (extent->frayed == extent->end && (double)(span.to - span.sure) > column / 2 && extent->end - extent->from > 1)
        extent->frayed--;
    extent->open = span.open;
    return true;
}

static void put_bar(struct canvas *canvas, const struct plot *plot, const struct extent *extent)
{
    bool utf8 = canvas->utf8;

    for (unsigned column = extent->from; column < extent->end; column++) {
        const char *glyph = utf8 ? "━" : "=";

        if (column >= extent->frayed)
            glyph = utf8 ? "┅" : "~";
        else if (column == extent->from)
            glyph = extent->end - extent->from == 1 ? (utf8 ? "┃" : "|") : (utf8 ? "┣" : "[");
        else if (column + 1 == extent->end && !extent->open)
            glyph = utf8 ? "┫" : "]";
        canvas_put(canvas, plot->from + column, PAINT_NONE, glyph);
    }
    /* Beyond the plot there is one column for this. */
    if (extent->open)
        canvas_put(canvas, plot->from + extent->end, PAINT_NONE, utf8 ? "→" : ">");
}

/*
 * Puts words, cut to room columns, into the bar, after the first columns without marks that have room for them; else right of it, where the
 * row is blank. False when there is no such place.
 */
static bool put_words(struct canvas *canvas, const struct plot *plot, const struct extent *extent,
                      const struct marked *marked, bool taken[CHART_WIDTH_MAX], const char *words, unsigned room)
{
    unsigned length = (unsigned)strnlen(words, room);
    unsigned at = extent->from + 2;

    while (at + length + 1 < extent->end && !is_free(plot, marked, at - 1, at + length + 1))
        at++;
    if (at + length + 1 >= extent->end) {
        at = extent->end + 1;
        if (extent->open || !is_free(plot, marked, extent->end, at + length + 1) ||
            !canvas_is_blank(canvas, plot->from + extent->end, plot->from + at + length + 1))
            return false;
    }
    canvas_text(canvas, plot->from + at, length, PAINT_NONE, words);
    memset(taken + at, true, length);
    return true;
}

/* Names the bar, with its end where that has room. */
static bool name_bar(struct canvas *canvas, const struct plot *plot, const struct chart_bar *bar,
                     const struct extent *extent, const struct marked *marked, bool taken[CHART_WIDTH_MAX])
{
    char words[WORDS_MAX];
    struct text text;
    unsigned room = extent->end - extent->from < 4 ? 0 : extent->end - extent->from - 4;

    if (!bar->label || !bar->label[0])
        return true;
    text_init(&text, words, sizeof(words));
    text_add(&text, "%.40s ", bar->label);
    timeline_ending(&text, &plot->axis, bar);
    if (put_words(canvas, plot, extent, marked, taken, words, CHART_WIDTH_MAX))
        return true;
    text_init(&text, words, sizeof(words));
    text_add(&text, "%.40s", bar->label);
    if (put_words(canvas, plot, extent, marked, taken, words, CHART_WIDTH_MAX))
        return true;
    /* Better the beginning of a name than none. */
    return room >= CUT_LEAST && put_words(canvas, plot, extent, marked, taken, words, room);
}

/* Draws the bars into the row; false when a name found no room among the marks. */
static bool put_bars(struct canvas *canvas, const struct plot *plot, const struct chart_lane *lane,
                     const struct marked *marked, bool taken[CHART_WIDTH_MAX])
{
    struct extent extent;
    bool all = true;

    for (size_t i = 0; i < lane->bar_count; i++)
        if (extent_of(plot, &lane->bars[i], &extent))
            put_bar(canvas, plot, &extent);
    for (size_t i = 0; i < lane->bar_count; i++)
        if (extent_of(plot, &lane->bars[i], &extent))
            all = name_bar(canvas, plot, &lane->bars[i], &extent, marked, taken) && all;
    return all;
}

static void print_lane(struct canvas *canvas, const struct plot *plot, const struct chart_lane *lane)
{
    static const struct marked none;
    bool taken[CHART_WIDTH_MAX] = {0};
    struct marked marked;

    find_marks(plot, lane, &marked);
    if (!put_bars(canvas, plot, lane, &marked, taken) && lane->mark_count > 0) {
        /* Too many marks: the bars get a row of their own, below. */
        memset(canvas->glyphs, 0, sizeof(canvas->glyphs));
        memset(taken, 0, sizeof(taken));
        canvas_text(canvas, 0, plot->from - 1, PAINT_NONE, lane->label);
        put_marks(canvas, plot, &marked);
        put_mark_labels(canvas, plot, lane, &marked, taken);
        canvas_print(canvas);
        memset(taken, 0, sizeof(taken));
        put_bars(canvas, plot, lane, &none, taken);
    } else {
        canvas_text(canvas, 0, plot->from - 1, PAINT_NONE, lane->label);
        put_marks(canvas, plot, &marked);
        put_mark_labels(canvas, plot, lane, &marked, taken);
    }
    canvas_print(canvas);
}

/* What the pictures of a time line can show beyond bars with a certain end. */
struct shown {
    bool kinds[CHART_MARK_KINDS];
    bool several;
    bool frayed;
    bool open;
};

static void look_for_all(const struct plot *plot, const struct chart_timeline *timeline, struct shown *shown)
{
    struct marked marked;
    struct extent extent;

    for (size_t i = 0; i < timeline->lane_count; i++) {
        const struct chart_lane *lane = &timeline->lanes[i];

        find_marks(plot, lane, &marked);
        for (unsigned column = 0; column < plot->columns; column++) {
            shown->several = shown->several || is_several(marked.kinds[column]);
            for (unsigned kind = 0; kind < CHART_MARK_KINDS; kind++)
                shown->kinds[kind] = shown->kinds[kind] || marked.kinds[column] >> kind & 1;
        }
        for (size_t bar = 0; bar < lane->bar_count; bar++)
            if (extent_of(plot, &lane->bars[bar], &extent)) {
                shown->frayed = shown->frayed || extent.frayed < extent.end;
                shown->open = shown->open || extent.open;
            }
    }
}

/* Puts the entries of the legend from *column on; with canvas NULL it only counts columns, in one row. */
static void put_legend(struct canvas *canvas, const struct shown *shown, bool utf8, unsigned *column)
{
    const struct {
        bool there;
        enum paint paint;
        const char *glyph, *name;
    } others[] = {
        {shown->several, PAINT_NONE, "*", "several"},
        {shown->frayed, PAINT_NONE, utf8 ? "┅" : "~", "may have ended"},
        {shown->open, PAINT_NONE, utf8 ? "→" : ">", "goes on"},
    };
    unsigned from = *column;

    for (unsigned i = 0; i < CHART_MARK_KINDS + 3; i++) {
        bool mark = i < CHART_MARK_KINDS;
        const char *name = mark ? timeline_kind(i) : others[i - CHART_MARK_KINDS].name;

        if (!(mark ? shown->kinds[i] : others[i - CHART_MARK_KINDS].there))
            continue;
        if (!canvas)
            *column += (*column > from ? 4 : 2) + (unsigned)strlen(name);
        else if (mark)
            canvas_legend(canvas, column, from, kind_paint(i), kind_glyph(canvas, i), name);
        else
            canvas_legend(canvas, column, from, others[i - CHART_MARK_KINDS].paint, others[i - CHART_MARK_KINDS].glyph,
                          name);
    }
}

void canvas_timeline(struct canvas *canvas, const struct chart_timeline *timeline, unsigned end)
{
    struct plot plot = {.axis = timeline_axis(timeline)};
    struct shown shown = {0};
    unsigned length = 0, column;
    bool beside;

    for (size_t i = 0; i < timeline->lane_count; i++) {
        unsigned label = timeline->lanes[i].label ? (unsigned)strnlen(timeline->lanes[i].label, LABEL_MAX) : 0;

        plot.from = label > plot.from ? label : plot.from;
    }
    plot.from += 1;
    plot.columns = canvas->width - plot.from - 1;
    look_for_all(&plot, timeline, &shown);
    put_legend(NULL, &shown, canvas->utf8, &length);
    beside = end + 3 + length <= canvas->width;
    column = canvas->width - length;
    if (beside && length > 0)
        put_legend(canvas, &shown, canvas->utf8, &column);
    canvas_print(canvas);
    for (size_t i = 0; i < timeline->lane_count; i++)
        print_lane(canvas, &plot, &timeline->lanes[i]);
    canvas_axis(canvas, &plot.axis, plot.from, plot.columns + 1);
    column = plot.from;
    if (!beside) {
        put_legend(canvas, &shown, canvas->utf8, &column);
        canvas_print(canvas);
    }
}
