#include "report/html.h"

#include <string.h>
#include <time.h>

#include "base/version.h"
#include "report/columns.h"
#include "report/handout_style.h"

const char html_table_rules[] =
    "main{max-width:76rem}.sums{margin:.25rem 0 1rem;padding-left:1.2rem}\n"
    ".scroll{overflow-x:auto}.rows{border-collapse:collapse;width:100%;font-size:.82rem;line-height:1.4}\n"
    ".rows th,.rows td{text-align:left;vertical-align:top;padding:.25rem .45rem;border-bottom:1px solid var(--line);"
    "overflow-wrap:normal}\n"
    ".rows th{color:var(--dim);font-weight:600}.rows thead th{white-space:nowrap}\n"
    ".rows .number{text-align:right;font-variant-numeric:tabular-nums;font-family:ui-monospace,monospace}\n"
    ".rows .whole{white-space:nowrap}.rows .history{overflow-wrap:anywhere}.rows tr{break-inside:avoid}\n"
    ".proves{color:var(--true)}.presumes{color:var(--open)}.alarms{color:var(--else)}.dim{color:var(--dim)}\n"
    "@media screen and (max-width:44rem){.rows{font-size:.75rem}}\n";

/* The length of a state's name with a hyphen in it that text begins with, or 0. */
static size_t hyphenated(const char *text)
{
    for (unsigned state = 0; state < STATE_COUNT; state++) {
        const char *name = state_name((enum state)state);

        if (strchr(name, '-') && strncmp(text, name, strlen(name)) == 0)
            return strlen(name);
    }
    return 0;
}

/* A blank at which no line may end. */
static void put_no_break(const struct svg *svg)
{
    svg_put(svg, "&#160;");
}

void html_text(const struct svg *svg, const char *text)
{
    size_t plain = 0, name;

    while (text && text[plain]) {
        if (text[plain] == ' ' && !columns_may_end(text, text + plain)) {
            svg_escape(svg, text, plain);
            put_no_break(svg);
            text += plain + 1;
            plain = 0;
            continue;
        }
        name = hyphenated(text + plain);
        if (name == 0) {
            plain++;
            continue;
        }
        svg_escape(svg, text, plain);
        svg_put(svg, "<span class=\"state\">%.*s</span>", (int)name, text + plain);
        text += plain + name;
        plain = 0;
    }
    if (text)
        svg_escape(svg, text, plain);
}

void html_element(const struct svg *svg, const char *open, const char *text, const char *close)
{
    svg_put(svg, "%s", open);
    html_text(svg, text);
    svg_put(svg, "%s\n", close);
}

void html_begin(const struct svg *svg, const char *language, const char *title, const char *more)
{
    svg_put(svg, "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"");
    html_text(svg, language);
    svg_put(svg, "\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
    svg_put(svg, "<title>");
    svg_escape(svg, title, strlen(title));
    svg_put(svg, "</title>\n");
    svg_put(svg, "<style>\n%s", handout_rules);
    svg_rules(svg);
    svg_put(svg, "%s</style>\n</head>\n<body>\n<main>\n", more);
}

void html_end(const struct svg *svg, nanos epoch)
{
    time_t seconds = (time_t)(epoch / NANOS_PER_S);
    char day[40] = "";
    struct tm tm;

    if (epoch > 0 && gmtime_r(&seconds, &tm))
        strftime(day, sizeof(day), ", %Y-%m-%d %H:%M UTC", &tm);
    svg_put(svg, "<footer>tcpwalk " TCPWALK_VERSION "%s</footer>\n</main>\n</body>\n</html>\n", day);
}
