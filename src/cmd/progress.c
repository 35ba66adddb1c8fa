#include "cmd/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"

/* Measurements that are shorter show nothing. */
#define SILENT_FOR NANOS_PER_S
#define EVERY (NANOS_PER_S / 2)

static unsigned columns(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

void progress_begin(struct progress *progress, bool on)
{
    *progress = (struct progress){.on = on && isatty(STDERR_FILENO), .began = NANOS_NONE};
}

static void add_clock(struct text *text, nanos span)
{
    long long s = span < 0 ? 0 : span / NANOS_PER_S;

    if (s < 60)
        text_add(text, "%lld s", s);
    else
        text_add(text, "%lld:%02lld", s / 60, s % 60);
}

static const struct measurement *shown(struct progress *progress, const struct measurement *measurements,
                                       unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct measurement *one = &measurements[(progress->turn / 4 + i) % count];
        if (one->open > 0)
            return one;
    }
    return &measurements[0];
}

nanos progress_show(struct progress *progress, const struct measurement *measurements, unsigned count, nanos now)
{
    const struct measurement *one;
    char line[200];
    struct text text;
    unsigned width = columns() - 1;

    if (!progress->on)
        return NANOS_NEVER;
    if (progress->began == NANOS_NONE) {
        progress->began = now;
        progress->next = now + SILENT_FOR;
    }
    if (now < progress->next)
        return progress->next;
    one = shown(progress, measurements, count);
    text_init(&text, line, sizeof(line) < width + 1 ? sizeof(line) : width + 1);
    text_add(&text, "%s: ", one->kind->name);
    add_clock(&text, now - one->began);
    text_add(&text, " of at most ");
    add_clock(&text, one->deadline - one->began);
    text_add(&text, "; awaiting %s", *one->awaiting ? one->awaiting : "its answers");
    fprintf(stderr, "\r%-*s", (int)width, line);
    fflush(stderr);
    progress->shown = true;
    progress->turn++;
    progress->next = now + EVERY;
    return progress->next;
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        fprintf(stderr, "\r%*s\r", (int)columns() - 1, "");
    fflush(stderr);
}
