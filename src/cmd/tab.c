#include "cmd/tab.h"

#include <stdlib.h>
#include <string.h>

/* Between two columns of a list. */
#define GAP 2

struct candidate_row {
    char *text, *what; /* owned; what can be NULL */
    bool open;
};

struct candidates {
    struct candidate_row *rows; /* owned */
    size_t count, room;
    size_t longest; /* text */
    bool explained; /* there is a what */
};

static void take_candidate(void *taker, const char *text, const char *what, bool open)
{
    struct candidates *all = taker;
    struct candidate_row row = {strdup(text), what ? strdup(what) : NULL, open};

    if (all->count == all->room) {
        size_t room = all->room ? 2 * all->room : 16;
        struct candidate_row *rows = reallocarray(all->rows, room, sizeof(*rows));
        if (rows) {
            all->rows = rows;
            all->room = room;
        }
    }
    if (!row.text || all->count == all->room) { /* no memory: as if it had not been given */
        free(row.text);
        free(row.what);
        return;
    }
    if (strlen(text) > all->longest)
        all->longest = strlen(text);
    all->explained |= row.what != NULL;
    all->rows[all->count++] = row;
}

/* The length of what all of them begin with. */
static size_t common_length(const struct candidates *all)
{
    const char *first = all->rows[0].text;
    size_t common = strlen(first);

    for (size_t i = 1; i < all->count; i++) {
        size_t same = 0;
        while (same < common && all->rows[i].text[same] == first[same])
            same++;
        common = same;
    }
    while (common > 0 && ((unsigned char)first[common] & 0xc0) == 0x80) /* no half characters */
        common--;
    return common;
}

/* One a line with what it is, or as many in a line as there is room for. NULL: no memory. */
static char *list(const struct candidates *all, unsigned columns)
{
    size_t width = all->longest + GAP, in_line = 1, length;
    char *lines = NULL;
    FILE *out = open_memstream(&lines, &length);

    if (!out)
        return NULL;
    if (!all->explained && columns > width)
        in_line = columns / width;
    for (size_t i = 0; i < all->count; i++) {
        const struct candidate_row *row = &all->rows[i];
        bool last = (i + 1) % in_line == 0 || i + 1 == all->count;
        if (last && !row->what)
            fprintf(out, "%s\n", row->text);
        else
            fprintf(out, "%-*s%s", (int)width, row->text, row->what ? row->what : "");
        if (row->what)
            fputc('\n', out);
    }
    if (fclose(out) == 0)
        return lines;
    free(lines);
    return NULL;
}

void tab_press(const struct prompt_config *config, const char *text, unsigned columns, struct tab *out)
{
    struct candidates all = {0};
    size_t length = strlen(text);

    *out = (struct tab){.start = length};
    if (!config->complete)
        return;
    config->complete(text, &out->start, take_candidate, &all);
    if (all.count > 0 && out->start <= length) {
        const char *typed = text + out->start, *first = all.rows[0].text;
        size_t common = common_length(&all);
        bool finished = all.count == 1 && !all.rows[0].open;
        /* They can be spelled otherwise than what was typed (upper case): then they correct it, but take nothing away. */
        bool further = common > strlen(typed) || (common == strlen(typed) && memcmp(typed, first, common) != 0);
        if ((further || finished) && asprintf(&out->put, "%.*s%s", (int)common, first, finished ? " " : "") < 0)
            out->put = NULL;
        if (!further && !finished)
            out->list = list(&all, columns);
    }
    for (size_t i = 0; i < all.count; i++) {
        free(all.rows[i].text);
        free(all.rows[i].what);
    }
    free(all.rows);
}

void tab_free(struct tab *tab)
{
    free(tab->put);
    free(tab->list);
}
