#include "report/footer.h"

#include "report/output.h"
#include "report/phrase.h"
#include "report/words.h"

#define WORDS_MAX 1536

void footer_line(struct text *text, unsigned index, const struct event_end *end, unsigned agreed, unsigned verified)
{
    char why[FAULT_WORDS];

    switch (index) {
    case 0:
        phrase_outcome(text, end);
        if (end->why)
            text_add(text, ": %s", output_clean(end->why, why, sizeof(why)));
        break;
    case 1:
        phrase_open(text, &end->timing);
        break;
    case 2:
        phrase_close(text, &end->timing);
        break;
    case 3:
        phrase_half_close(text, end);
        break;
    case 4:
        phrase_retransmissions(text, &end->counts);
        break;
    case 5:
        if (verified)
            text_add(text, _("%u of %u states agree with the peer's kernel"), agreed, verified);
        break;
    default:
        if (end->history[0])
            text_add(text, _("history %s (capitals ours)"), end->history);
    }
}

void footer_print(struct page *page, const struct event_end *end, unsigned agreed, unsigned verified)
{
    char words[WORDS_MAX];
    struct text text;

    for (unsigned i = 0; i < FOOTER_LINES; i++) {
        text_init(&text, words, sizeof(words));
        footer_line(&text, i, end, agreed, verified);
        if (text.used)
            page_flow(page, 0, i == 0 && end->status ? PAINT_ALARM : PAINT_NONE, false, words);
    }
    page_end(page);
}
