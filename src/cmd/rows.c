/* They are a heap while they are kept, whose first row is the one that would be left out next. */
#include "cmd/rows.h"

#include <stdlib.h>

static bool comes_later(const struct rows *rows, size_t a, size_t b)
{
    return summary_compare(&rows->rows[a], &rows->rows[b], rows->key) > 0;
}

static void swap(struct rows *rows, size_t a, size_t b)
{
    struct summary row = rows->rows[a];

    rows->rows[a] = rows->rows[b];
    rows->rows[b] = row;
}

/* The heap: no row comes later than the one above it. */
static void sift_up(struct rows *rows, size_t i)
{
    for (; i > 0 && comes_later(rows, i, (i - 1) / 2); i = (i - 1) / 2)
        swap(rows, i, (i - 1) / 2);
}

static void sift_down(struct rows *rows, size_t i, size_t count)
{
    for (;;) {
        size_t latest = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < count; child++)
            if (comes_later(rows, child, latest))
                latest = child;
        if (latest == i)
            return;
        swap(rows, i, latest);
        i = latest;
    }
}

static bool make_room(struct rows *rows, struct fault *fault)
{
    size_t room = rows->room ? 2 * rows->room : 64;
    struct summary *more = realloc(rows->rows, room * sizeof(*more));

    if (!more)
        return fault_set(fault, FAULT_LOCAL, "no memory for so many connections: see --limit");
    rows->rows = more;
    rows->room = room;
    return true;
}

/* Where there is one of the same connection: in its place. */
static bool replace(struct rows *rows, const struct summary *row)
{
    for (size_t i = 0; i < rows->count; i++)
        if (rows->rows[i].number == row->number) {
            rows->rows[i] = *row;
            sift_up(rows, i);
            sift_down(rows, i, rows->count);
            return true;
        }
    return false;
}

bool rows_keep(struct rows *rows, const struct summary *row, struct fault *fault)
{
    if (row->again && replace(rows, row))
        return true;
    if (rows->limit && rows->count == rows->limit) {
        if (summary_compare(row, &rows->rows[0], rows->key) > 0)
            return true;
        rows->rows[0] = *row;
        sift_down(rows, 0, rows->count);
        return true;
    }
    if (rows->count == rows->room && !make_room(rows, fault))
        return false;
    rows->rows[rows->count++] = *row;
    sift_up(rows, rows->count - 1);
    return true;
}

bool rows_leave_out(const struct rows *rows, uint64_t number)
{
    return rows->key == SORT_NUMBER && rows->limit && number > rows->limit;
}

void rows_sort(struct rows *rows)
{
    for (size_t count = rows->count; count > 1; count--) {
        swap(rows, 0, count - 1);
        sift_down(rows, 0, count - 1);
    }
}

void rows_free(struct rows *rows)
{
    free(rows->rows);
    *rows = (struct rows){0};
}
