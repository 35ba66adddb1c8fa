#include <string.h>

#include "base/text.h"
#include "report/measured.h"
#include "report/output.h"
#include "report/page.h"

#define INDENT 2

static struct page page_on(const struct chart_look *look, FILE *out)
{
    return (struct page){.out = out, .width = look->width, .colour = look->colour};
}

void measured_text_head(const struct measured_head *head, const struct chart_look *look, FILE *out)
{
    struct page page = page_on(look, out);
    char local[ADDR_TEXT], peer[ADDR_TEXT], name[256], words[512];
    struct text text;

    text_init(&text, words, sizeof(words));
    text_add(&text, "tcpwalk measure: %s -> ", addr_format(&head->flow.local.addr, local));
    if (head->peer_name)
        text_add(&text, "%s (%s)", output_clean(head->peer_name, name, sizeof(name)),
                 addr_format(&head->flow.peer.addr, peer));
    else
        text_add(&text, "%s", addr_format(&head->flow.peer.addr, peer));
    text_add(&text, " port %u, over %s", head->flow.peer.port, head->interface);
    page_flow(&page, 0, PAINT_NONE, false, words);
    page_end(&page);
}

/* What the reader must know before the findings. */
static const char *caveat(enum measured measured)
{
    switch (measured) {
    case MEASURED_BOUNDED:
        return "Its time was over (--max): what had not ended is a lower bound.";
    case MEASURED_INTERRUPTED:
        return "Interrupted: this was measured until then, and what had not ended is a lower bound.";
    default:
        return NULL;
    }
}

static enum paint paint_of(const struct result *result)
{
    return result->measured == MEASURED_DONE        ? PAINT_PROVEN
           : result->measured >= MEASURED_OTHERWISE ? PAINT_ALARM
                                                    : PAINT_PRESUMED;
}

static void put_line(struct page *page, enum paint paint, const char *words)
{
    page_to(page, INDENT);
    page_flow(page, INDENT, paint, false, words);
    page_end(page);
}

void measured_text(const struct result *result, const struct chart_look *look, FILE *out)
{
    struct page page = page_on(look, out);
    struct measured_chart chart;
    char words[FINDING_WORDS];

    fputc('\n', out);
    page_put(&page, paint_of(result), result->what);
    page_end(&page);
    for (unsigned i = 0; i < result->finding_count; i++)
        put_line(&page, PAINT_NONE, output_clean(result->findings[i].words, words, sizeof(words)));
    if (result->finding_count == 0)
        put_line(&page, PAINT_NONE, "Nothing was measured.");
    if (caveat(result->measured))
        put_line(&page, PAINT_PRESUMED, caveat(result->measured));
    if (result->samples_cut)
        put_line(&page, PAINT_PRESUMED, "There were more samples than could be kept.");
    if (measured_chart_make(result, &chart)) {
        fputc('\n', out);
        chart_text(&chart.chart, look, out);
        measured_chart_free(&chart);
    }
}

void measured_svg(const struct measured_head *head, const struct result *const *results, size_t count, FILE *out)
{
    struct measured_chart made[32];
    const struct chart *charts[32];
    size_t used = 0;
    char title[400], addr[ADDR_TEXT];

    snprintf(title, sizeof(title), "%s port %u",
             head->peer_name ? head->peer_name : addr_format(&head->flow.peer.addr, addr), head->flow.peer.port);
    for (size_t i = 0; i < count && used < 32; i++)
        if (measured_chart_make(results[i], &made[used])) {
            charts[used] = &made[used].chart;
            used++;
        }
    chart_svg(title, charts, used, out);
    while (used > 0)
        measured_chart_free(&made[--used]);
}
