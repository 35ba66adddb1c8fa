#include "report/ladder_picture.h"

#include "report/ladder_scale.h"
#include "report/ladder_svg.h"

#define WIDTH 960.0
#define CONNECTION_GAP 34.0
#define LEFT_OUT_WORDS 200

unsigned ladder_picture_end(const struct ladder_rows *ladder, unsigned first)
{
    unsigned end = first + 1;

    while (end < ladder->count && ladder->rows[end].kind != LADDER_START)
        end++;
    return end;
}

double ladder_picture_draw(const struct svg *svg, const struct ladder_rows *ladder, unsigned first, unsigned end,
                           double left, double width, double y)
{
    y = ladder_scale(svg, ladder, first, end, left, width, y);
    first += ladder->rows[first].kind == LADDER_START;
    return ladder_svg(svg, ladder, first, end, left, width, y, NULL);
}

char *ladder_picture_title(const struct ladder_rows *ladder, const char *command, char out[LADDER_PICTURE_TITLE])
{
    bool start = ladder->count > 0 && ladder->rows[0].kind == LADDER_START;

    snprintf(out, LADDER_PICTURE_TITLE, "tcpwalk %s%s%s", command, start ? ": " : "",
             start ? ladder->rows[0].label : "");
    return out;
}

double ladder_picture_all(const struct svg *svg, const struct ladder_rows *ladder, double left, double width, double y)
{
    char words[LEFT_OUT_WORDS];
    struct text text;

    text_init(&text, words, sizeof(words));
    if (ladder_left_out_words(ladder, &text))
        y = svg_paragraph(svg, svg_paint_class(PAINT_ALARM), left, y + SVG_NORMAL, SVG_NORMAL, width, words) - 4;
    for (unsigned first = 0, end; first < ladder->count; first = end) {
        const struct ladder_row *row = &ladder->rows[first];

        end = ladder_picture_end(ladder, first);
        y += first > 0 ? CONNECTION_GAP : 0;
        if (row->kind == LADDER_START)
            y = svg_paragraph(svg, "head", left, y + SVG_NORMAL, SVG_NORMAL, width, row->label) - 4;
        y = ladder_picture_draw(svg, ladder, first, end, left, width, y);
    }
    return y;
}

static double draw(const struct svg *svg, const struct ladder_rows *ladder)
{
    return ladder_picture_all(svg, ladder, SVG_MARGIN, WIDTH - 2 * SVG_MARGIN, SVG_MARGIN) + SVG_MARGIN;
}

void ladder_picture_svg(const struct ladder_rows *ladder, const char *command, FILE *out)
{
    char title[LADDER_PICTURE_TITLE];
    struct svg svg = {0};
    double height = draw(&svg, ladder);

    svg.out = out;
    svg_begin(&svg, WIDTH, height, ladder_picture_title(ladder, command, title));
    draw(&svg, ladder);
    svg_put(&svg, "</svg>\n");
}
