/* Pages of HTML that are XML too: nothing outside is referred to, and no script is needed. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "base/nanos.h"
#include "report/svg.h"

/* The rules of tables of class "rows", and what stands around them. */
extern const char html_table_rules[];

/* Begins a page in the language with this code ("ko"), whose style is that of handouts and drawings, and more; to <main>. */
void html_begin(const struct svg *svg, const char *language, const char *title, const char *more);

/* Ends it, with when it was made: since 1970; 0: nobody knows. */
void html_end(const struct svg *svg, nanos epoch);

/* Writes text, of which no line ends within the name of a state, or between a number and its unit; NULL is "". */
void html_text(const struct svg *svg, const char *text);

/* The same between what opens and what closes an element, and ends the line. */
void html_element(const struct svg *svg, const char *open, const char *text, const char *close);

#endif
