#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/bins.h"
#include "report/canvas.h"

#define BARS_MAX 12
#define NOTE_TEXT 48

/* Which of the three markers lie in a bin: "minimum, median". */
static void bin_note(const struct bins *bins, unsigned bin, struct text *note)
{
    if (bins_find(bins, bins->least) == bin)
        text_add(note, "minimum");
    if (bins_find(bins, bins->median) == bin)
        text_add(note, "%smedian", note->used ? ", " : "");
    if (bins_find(bins, bins->percentile_99) == bin)
        text_add(note, "%s99 %%", note->used ? ", " : "");
}

/* A bar of count out of most in room columns: eighths of a column where there are characters for them. */
static void put_bar(struct canvas *canvas, unsigned column, unsigned room, size_t count, size_t most)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    unsigned eighths = (unsigned)((double)count / (double)most * room * 8 + 0.5);
    unsigned whole = canvas->utf8 ? eighths / 8 : (eighths + 4) / 8;

    for (unsigned i = 0; i < whole; i++)
        canvas_put(canvas, column + i, PAINT_NONE, canvas->utf8 ? "█" : "#");
    if (canvas->utf8 && eighths % 8 > 0)
        canvas_put(canvas, column + whole, PAINT_NONE, parts[eighths % 8]);
    else if (count > 0 && whole == 0)
        canvas_put(canvas, column, PAINT_NONE, canvas->utf8 ? parts[1] : ".");
}

/* The widths of the columns that are as wide as what is in them. */
struct columns {
    unsigned edge;
    unsigned count;
    unsigned note;
};

static void wider(unsigned *width, size_t length)
{
    if (length > *width)
        *width = (unsigned)length;
}

static struct columns columns_for(const struct bins *bins)
{
    struct columns columns = {0};
    char label[AXIS_TEXT], words[NOTE_TEXT];
    struct text note;

    for (unsigned i = 0; i <= bins->count; i++)
        wider(&columns.edge, strlen(bins_edge(bins, i, label)));
    wider(&columns.count, strlen(axis_count(bins->fullest, label)));
    for (unsigned i = 0; i < bins->count; i++) {
        text_init(&note, words, sizeof(words));
        bin_note(bins, i, &note);
        wider(&columns.note, note.used);
    }
    return columns;
}

static void print_bin(struct canvas *canvas, const struct bins *bins, unsigned bin, const struct columns *columns)
{
    unsigned edge = columns->edge;
    unsigned bar = 2 * edge + 4, note = canvas->width - columns->note, count = note - 2;
    char label[AXIS_TEXT], words[NOTE_TEXT];
    struct text text;

    canvas_text_left_of(canvas, edge, edge, PAINT_NONE, bins_edge(bins, bin, label));
    canvas_put(canvas, edge + 1, PAINT_DIM, canvas->utf8 ? "–" : "-");
    canvas_text_left_of(canvas, 2 * edge + 3, edge, PAINT_NONE, bins_edge(bins, bin + 1, label));
    put_bar(canvas, bar, count - columns->count - 1 - bar, bins->counts[bin], bins->fullest);
    canvas_text_left_of(canvas, count, columns->count, PAINT_NONE, axis_count(bins->counts[bin], label));
    text_init(&text, words, sizeof(words));
    bin_note(bins, bin, &text);
    canvas_text(canvas, note, columns->note, PAINT_PRESUMED, words);
    canvas_print(canvas);
}

/* The numbers behind the markers; as many as one row holds. */
static void print_sums(struct canvas *canvas, const struct bins *bins)
{
    const struct {
        const char *name;
        double value;
    } sums[] = {
        {"minimum", bins->least},
        {"median", bins->median},
        {"99th percentile", bins->percentile_99},
        {"maximum", bins->most},
    };
    unsigned column = 0;

    for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
        char value[AXIS_TEXT], words[2 * AXIS_TEXT];
        int length = snprintf(words, sizeof(words), "%s%s %s", column ? ", " : "", sums[i].name,
                              axis_value(bins->axis.quantity, sums[i].value, value));

        if (column + (unsigned)length > canvas->width)
            break;
        column += canvas_text(canvas, column, canvas->width, PAINT_NONE, words);
    }
    canvas_print(canvas);
}

static void print_histogram(struct canvas *canvas, const struct chart_histogram *histogram, unsigned title_end)
{
    struct bins bins;
    struct columns columns;
    char count[AXIS_TEXT], words[NOTE_TEXT + AXIS_TEXT];
    unsigned from;

    bins_fill(&bins, histogram, BARS_MAX);
    snprintf(words, sizeof(words), "%s value%s%s%.40s", axis_count(bins.total, count), bins.total == 1 ? "" : "s",
             histogram->unit && histogram->values ? " in " : "",
             histogram->unit && histogram->values ? histogram->unit : "");
    from = canvas->width - (unsigned)strlen(words);
    if (from >= title_end + 2)
        canvas_text(canvas, from, canvas->width, PAINT_DIM, words);
    canvas_print(canvas);
    if (bins.count == 0)
        return;
    columns = columns_for(&bins);
    for (unsigned bin = 0; bin < bins.count; bin++)
        print_bin(canvas, &bins, bin, &columns);
    print_sums(canvas, &bins);
}

void chart_text(const struct chart *chart, const struct chart_look *look, FILE *out)
{
    struct canvas canvas;
    unsigned end;

    canvas_init(&canvas, look, out);
    end = canvas_text(&canvas, 0, canvas.width, PAINT_NONE, chart->title);
    switch (chart->kind) {
    case CHART_HISTOGRAM:
        print_histogram(&canvas, &chart->histogram, end);
        break;
    case CHART_TIMELINE:
        canvas_timeline(&canvas, &chart->timeline, end);
        break;
    case CHART_SCATTER:
        canvas_print(&canvas);
        canvas_scatter(&canvas, &chart->scatter);
        break;
    }
}
