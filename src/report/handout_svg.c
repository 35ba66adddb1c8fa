/* A handout as one drawing: each connection as a whole, and below it what it has shown. */
#include "report/handout.h"

#include <string.h>

#include "report/ladder_picture.h"
#include "report/ladder_svg.h"
#include "report/words.h"

#define WIDTH 960.0
#define LEFT SVG_MARGIN
#define ROOM (WIDTH - 2 * SVG_MARGIN)
#define CAPTION_AT 14.0
#define CAPTION_MAX 4600
#define EVIDENCE_WORDS 200
#define NO_BREAK "\xc2\xa0"
#define CONNECTION_GAP 30.0
#define LESSON_GAP 40.0

static double put_lesson(const struct svg *svg, const struct handout_item *item, double y)
{
    y = svg_paragraph(svg, "head", LEFT, y + 20, 20, ROOM, item->text);
    return svg_paragraph(svg, "dim", LEFT, y, SVG_NORMAL, ROOM, item->more ? item->more : "") + 6;
}

/* It stays on one line. */
static void evidence(const struct handout_item *item, struct text *out)
{
    char words[EVIDENCE_WORDS];
    struct text text;

    if (item->seen_count == 0)
        return;
    text_init(&text, words, sizeof(words));
    if (item->seen_count == 1)
        text_add(&text, _("segment %u"), item->seen[0]);
    else
        text_add(&text, "%s", _("segments"));
    for (unsigned i = 0; item->seen_count > 1 && i < item->seen_count; i++)
        text_add(&text, "%s %u", i ? "," : "", item->seen[i]);
    text_add(out, " [");
    for (const char *c = words; *c; c++)
        text_add(out, *c == ' ' ? NO_BREAK : "%c", *c);
    text_add(out, "]");
}

static double put_caption(const struct svg *svg, const struct handout_item *item, double y)
{
    static const char *const classes[] = {
        [HANDOUT_TRUE] = "proves", [HANDOUT_OTHERWISE] = "alarms", [HANDOUT_UNKNOWN] = "presumes"};
    char words[CAPTION_MAX];
    struct text text;

    text_init(&text, words, sizeof(words));
    text_add(&text, "%s", item->text ? item->text : "");
    evidence(item, &text);
    svg_text(svg, classes[item->mark], LEFT + CAPTION_AT, y, SVG_START, SVG_SMALL, ROOM,
             handout_mark_words(item->mark));
    return svg_paragraph(svg, "plain", LEFT + CAPTION_AT, y + 19, 14, ROOM - CAPTION_AT, words) + 10;
}

/* The connection, then the statements about it. */
static double put_connection(const struct svg *svg, const struct handout *handout, unsigned index, unsigned from,
                             unsigned end, double y)
{
    const struct ladder_rows *ladder = &handout->connections[index].ladder;

    y = ladder_picture_all(svg, ladder, LEFT, ROOM, y) + 26;
    for (unsigned i = from; i < end; i++)
        if (handout->items[i].kind == HANDOUT_STATEMENT && handout->items[i].connection == index)
            y = put_caption(svg, &handout->items[i], y);
    return y;
}

static double draw(const struct svg *svg, const struct handout *handout)
{
    double y = SVG_MARGIN;
    unsigned drawn = 0;

    for (unsigned i = 0; i < handout->count; i++) {
        const struct handout_item *item = &handout->items[i];

        if (item->kind == HANDOUT_LESSON)
            y = put_lesson(svg, item, i > 0 ? y + LESSON_GAP : y);
        if (item->kind != HANDOUT_LADDER || item->connection < drawn)
            continue;
        y = put_connection(svg, handout, item->connection, i, handout->count, drawn > 0 ? y + CONNECTION_GAP : y);
        drawn = item->connection + 1;
    }
    return y + SVG_MARGIN;
}

bool handout_svg(struct handout *handout, FILE *out, struct fault *fault)
{
    struct svg svg = {0};
    double height;

    if (!handout_finish(handout, fault))
        return false;
    height = draw(&svg, handout);
    svg.out = out;
    svg_begin(&svg, WIDTH, height, handout_title(handout));
    draw(&svg, handout);
    svg_put(&svg, "</svg>\n");
    return true;
}
