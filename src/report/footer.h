/* The sums below a ladder: how it ended, the times, what the kernel said. */
#ifndef REPORT_FOOTER_H
#define REPORT_FOOTER_H

#include "base/text.h"
#include "report/page.h"
#include "walk/event.h"

/*
 * Prints the footer as one paragraph of clauses, each left out when there is nothing to say. agreed of verified answers of
 * the kernel were as claimed.
 */
void footer_print(struct page *page, const struct event_end *end, unsigned agreed, unsigned verified);

#define FOOTER_LINES 7

/* Its sentences, one by one: how it ended is the first. What there is nothing to say of stays empty. */
void footer_line(struct text *text, unsigned index, const struct event_end *end, unsigned agreed, unsigned verified);

#endif
