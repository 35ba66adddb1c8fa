#include "report/footer.h"

#include "report/output.h"
#include "report/phrase.h"
#include "report/words.h"

#define WORDS_MAX 1536

void footer_print(struct page *page, const struct event_end *end, unsigned agreed, unsigned verified)
{
    char words[WORDS_MAX], why[FAULT_WORDS];
    struct text text;
    enum paint paint = end->status ? PAINT_ALARM : PAINT_NONE;

    text_init(&text, words, sizeof(words));
    phrase_outcome(&text, end);
    if (end->why)
        text_add(&text, ": %s", output_clean(end->why, why, sizeof(why)));
    page_flow(page, 0, paint, false, words);
    for (unsigned i = 0; i < 6; i++) {
        text_init(&text, words, sizeof(words));
        if (i == 0)
            phrase_open(&text, &end->timing);
        else if (i == 1)
            phrase_close(&text, &end->timing);
        else if (i == 2)
            phrase_half_close(&text, end);
        else if (i == 3)
            phrase_retransmissions(&text, &end->counts);
        else if (i == 4 && verified)
            text_add(&text, _("%u of %u states agree with the peer's kernel"), agreed, verified);
        else if (i == 5 && end->history[0])
            text_add(&text, _("history %s (capitals ours)"), end->history);
        if (text.used)
            page_flow(page, 0, PAINT_NONE, false, words);
    }
    page_end(page);
}
