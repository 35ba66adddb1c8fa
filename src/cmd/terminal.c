#include "cmd/terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_MAX 10000 /* more are a slip */

/* Asked of the environment: teach shows UTF-8 whatever that says. */
bool terminal_is_utf8(void)
{
    locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    bool utf8 = locale && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;

    if (locale)
        freelocale(locale);
    /* What counts columns goes by the locale that is set. */
    if (utf8 && strcmp(setlocale(LC_CTYPE, NULL), "C") == 0)
        setlocale(LC_CTYPE, "");
    return utf8;
}

/* COLUMNS is what the user wants, as POSIX has it; else what the terminal says it has; 0: nobody knows. */
static unsigned width(void)
{
    const char *wanted = getenv("COLUMNS");
    unsigned long columns = wanted ? strtoul(wanted, NULL, 10) : 0;
    struct winsize size;

    if (columns > 0 && columns <= COLUMNS_MAX)
        return (unsigned)columns;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void terminal_look(struct report_options *options)
{
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

    if (!isatty(STDOUT_FILENO))
        return;
    options->utf8 = terminal_is_utf8();
    options->colour = !(no_colour && *no_colour) && term && strcmp(term, "dumb") != 0;
    options->width = width();
}
