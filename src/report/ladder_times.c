#include "report/ladder_times.h"

#include <stdlib.h>

/* A part takes at most so much of its window: else it gains too little. */
#define PART_MOST (1.0 / 6)
/* Of one window so many parts: there are windows within them. */
#define PARTS_MOST 4
/* Moments that are nearer than so much of a part are not told apart any more. */
#define NEAREST 1000

static bool has_time(const struct ladder_row *row)
{
    return row->kind != LADDER_START && row->kind != LADDER_END && row->t != NANOS_NONE && row->t != NANOS_NEVER;
}

static nanos later(nanos a, nanos b)
{
    return a == NANOS_NONE || (b != NANOS_NONE && b > a) ? b : a;
}

/* ---- pieces ---- */

static struct ladder_piece *last_piece(struct ladder_times *times, unsigned end)
{
    return times->count[end] > 0 ? &times->pieces[end][times->count[end] - 1] : NULL;
}

/* There is room: each row has at most so many states of an end, and there is one before the first. */
static void add_piece(struct ladder_times *times, unsigned end, const struct ladder_peer *is, nanos least, nanos most)
{
    struct ladder_piece piece = {.known = is != NULL, .least = least, .most = most};

    if (is)
        piece.is = *is;
    times->pieces[end][times->count[end]++] = piece;
}

static bool looks_presumed(const struct ladder_peer *peer)
{
    return peer->certainty == PRESUMED;
}

/* From time t on this is known. */
static void turn(struct ladder_times *times, unsigned end, const struct ladder_peer *next, nanos t)
{
    const struct ladder_piece *last = last_piece(times, end);
    nanos least = next->later ? next->not_before : t, most = least, bound = last->most;
    /* That it can be told from others, or no longer, or is proven, is news of this moment, and no change of the state. */
    bool same = last->known && last->is.state == next->state;

    if (same && last->is.more == next->more && looks_presumed(&last->is) == looks_presumed(next))
        return;
    if (!same && last->known && next->certainty != REFUTED && next->not_before != NANOS_NONE)
        least = next->not_before;
    if (!same && next->certainty == PROVEN && next->not_after != NANOS_NEVER && next->not_after < t)
        most = next->not_after;
    if (next->certainty == PRESUMED)
        most = least;
    least = later(bound, least);
    most = later(least, most);
    add_piece(times, end, next, least, most);
}

/* What was so before the first row. */
static void begin(struct ladder_times *times, const struct ladder_rows *ladder, unsigned first, unsigned end)
{
    struct ladder_peer ours = {.state = CLOSED, .certainty = PROVEN};
    const struct ladder_peer *left = ladder->observed ? NULL : &ours, *right = NULL;

    if (ladder->rows[first].kind == LADDER_START)
        ours.state = ladder->rows[first].local;
    /* Where the first that is known of it is that it listens, it did so before our segment came. */
    for (unsigned i = first; i < end && !right; i++)
        if (ladder->rows[i].ends[LADDER_RIGHT].count > 0)
            right = &ladder->rows[i].ends[LADDER_RIGHT].peers[0];
    add_piece(times, LADDER_LEFT, left, NANOS_NONE, NANOS_NONE);
    add_piece(times, LADDER_RIGHT, right && right->state == LISTEN ? right : NULL, NANOS_NONE, NANOS_NONE);
}

static void take_row(struct ladder_times *times, const struct ladder_rows *ladder, const struct ladder_row *row)
{
    struct ladder_peer ours = {.state = row->local, .certainty = PROVEN, .not_before = row->t, .not_after = row->t};

    if (!ladder->observed)
        turn(times, LADDER_LEFT, &ours, row->t);
    for (unsigned end = 0; end < LADDER_ENDS; end++)
        for (unsigned i = 0; i < row->ends[end].count; i++)
            turn(times, end, &row->ends[end].peers[i], row->t);
    times->moments[times->moment_count++] = row->t;
}

static int compare_times(const void *left, const void *right)
{
    const nanos *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

static void sort_moments(struct ladder_times *times)
{
    unsigned kept = 0;

    qsort(times->moments, times->moment_count, sizeof(*times->moments), compare_times);
    for (unsigned i = 0; i < times->moment_count; i++)
        if (kept == 0 || times->moments[i] != times->moments[kept - 1])
            times->moments[kept++] = times->moments[i];
    times->moment_count = kept;
}

bool ladder_times_read(struct ladder_times *times, const struct ladder_rows *ladder, unsigned first, unsigned end)
{
    size_t rows = end > first ? end - first : 0;

    *times = (struct ladder_times){0};
    if (rows == 0)
        return false;
    times->moments = calloc(rows, sizeof(*times->moments));
    for (unsigned i = 0; i < LADDER_ENDS; i++)
        times->pieces[i] = calloc(rows * (LADDER_PEERS + 1) + 1, sizeof(*times->pieces[i]));
    if (!times->moments || !times->pieces[LADDER_LEFT] || !times->pieces[LADDER_RIGHT])
        return false;
    begin(times, ladder, first, end);
    for (unsigned i = first; i < end; i++)
        if (has_time(&ladder->rows[i]))
            take_row(times, ladder, &ladder->rows[i]);
    sort_moments(times);
    return times->moment_count > 1;
}

void ladder_times_free(struct ladder_times *times)
{
    for (unsigned i = 0; i < LADDER_ENDS; i++)
        free(times->pieces[i]);
    free(times->moments);
    *times = (struct ladder_times){0};
}

/* ---- windows ---- */

/* Does another state begin with a piece than that of the one before, in this time? */
static bool begins_state(const struct ladder_piece *piece, nanos from, nanos to)
{
    return piece->most >= from && piece->most <= to && !(piece[-1].known && piece[-1].is.state == piece->is.state);
}

static unsigned changes(const struct ladder_times *times, nanos from, nanos to)
{
    unsigned count = 0;

    for (unsigned end = 0; end < LADDER_ENDS; end++)
        for (unsigned i = 1; i < times->count[end]; i++)
            count += begins_state(&times->pieces[end][i], from, to);
    return count;
}

/* A part that may be looked at, and how much there is to be seen. */
struct part {
    nanos from, to;
    unsigned changes;
};

/* Keeps it if it is among those with the most changes; they stay in the order of time. */
static void keep_part(struct part parts[PARTS_MOST], unsigned *count, struct part part)
{
    unsigned least = 0;

    if (*count < PARTS_MOST) {
        parts[(*count)++] = part;
        return;
    }
    for (unsigned i = 1; i < *count; i++)
        if (parts[i].changes <= parts[least].changes)
            least = i;
    if (part.changes <= parts[least].changes)
        return;
    for (unsigned i = least; i + 1 < *count; i++)
        parts[i] = parts[i + 1];
    parts[*count - 1] = part;
}

/*
 * Looks among the moments from first to last for those that follow each other by less than so much. What is too long for a part
 * is looked at once more, for what is denser still.
 */
static void find_parts(const struct ladder_times *times, unsigned first, unsigned last, double near, double most,
                       struct part parts[PARTS_MOST], unsigned *count)
{
    const nanos *moments = times->moments;

    for (unsigned i = first; i <= last; i++) {
        double span = (double)(moments[i] - moments[first]);

        if (i < last && (double)(moments[i + 1] - moments[i]) < near)
            continue;
        if (span > most && near > most / NEAREST)
            find_parts(times, first, i, near / 3, most, parts, count);
        else if (span > 0 && span <= most && changes(times, moments[first], moments[i]) > 0)
            keep_part(parts, count,
                      (struct part){moments[first], moments[i], changes(times, moments[first], moments[i])});
        first = i + 1;
    }
}

static unsigned parts_of(const struct ladder_times *times, const struct ladder_window *window, double dense,
                         struct part parts[PARTS_MOST])
{
    double span = (double)(window->to - window->from);
    unsigned first = 0, last = times->moment_count - 1, count = 0;

    while (times->moments[first] < window->from)
        first++;
    while (times->moments[last] > window->to)
        last--;
    find_parts(times, first, last, dense * span, PART_MOST * span, parts, &count);
    return count;
}

unsigned ladder_windows(const struct ladder_times *times, double dense, struct ladder_window windows[LADDER_WINDOWS])
{
    struct part parts[PARTS_MOST];
    unsigned count = 1;

    windows[0] = (struct ladder_window){times->moments[0], times->moments[times->moment_count - 1], 0};
    for (unsigned i = 0; i < count; i++) {
        unsigned found = parts_of(times, &windows[i], dense, parts);
        for (unsigned j = 0; j < found && count < LADDER_WINDOWS; j++)
            windows[count++] = (struct ladder_window){parts[j].from, parts[j].to, i};
    }
    return count;
}
