#include "core/ranges.h"

#include "base/seq.h"

static bool range_has(const struct range *range, uint32_t number)
{
    return number - range->from < range->to - range->from;
}

/* Do they overlap, or does one end where the other begins? */
static bool touch(const struct range *a, const struct range *b)
{
    return b->from - a->from <= a->to - a->from || a->from - b->from <= b->to - b->from;
}

/* Both, and what lies between the end of a and the beginning of b if they are apart. */
static struct range join(const struct range *a, const struct range *b)
{
    uint32_t apart = b->from - a->from;
    bool a_first = apart <= UINT32_MAX / 2;
    const struct range *first = a_first ? a : b, *second = a_first ? b : a;
    uint32_t first_len = first->to - first->from, second_end = second->to - first->from;

    return (struct range){first->from, first->from + (first_len > second_end ? first_len : second_end)};
}

static void take_out(struct ranges *ranges, unsigned i)
{
    ranges->at[i] = ranges->at[--ranges->count];
}

/* What lies between two ranges, whichever comes first. */
static uint32_t gap(const struct range *a, const struct range *b)
{
    uint32_t after = b->from - a->to, before = a->from - b->to;

    return after < before ? after : before;
}

/* Joins the two that are nearest to each other. */
static void make_room(struct ranges *ranges)
{
    unsigned first = 0, second = 1;
    struct range joined;

    for (unsigned i = 0; i < ranges->count; i++)
        for (unsigned j = i + 1; j < ranges->count; j++)
            if (gap(&ranges->at[i], &ranges->at[j]) < gap(&ranges->at[first], &ranges->at[second])) {
                first = i;
                second = j;
            }
    joined = join(&ranges->at[first], &ranges->at[second]);
    take_out(ranges, second);
    take_out(ranges, first);
    ranges->at[ranges->count++] = joined;
    ranges->rough = true;
}

void ranges_add(struct ranges *ranges, uint32_t from, uint32_t to)
{
    struct range added = {from, to};

    if (from == to)
        return;
    /* One that goes on where the only one ends, as those of a stream do, and not half round the circle. */
    if (ranges->count == 1 && ranges->at[0].to == from && to - ranges->at[0].from <= UINT32_MAX / 2 &&
        to - from <= to - ranges->at[0].from) {
        ranges->at[0].to = to;
        return;
    }
    for (unsigned i = 0; i < ranges->count;) {
        if (!touch(&ranges->at[i], &added)) {
            i++;
            continue;
        }
        added = join(&ranges->at[i], &added);
        take_out(ranges, i);
        i = 0;
    }
    if (ranges->count == RANGES_MAX)
        make_room(ranges);
    ranges->at[ranges->count++] = added;
}

void ranges_cut(struct ranges *ranges, uint32_t before)
{
    for (unsigned i = ranges->count; i-- > 0;) {
        struct range *range = &ranges->at[i];
        if (seq_le(range->to, before))
            take_out(ranges, i);
        else if (seq_lt(range->from, before))
            range->from = before;
    }
    ranges->rough = ranges->rough && ranges->count > 0;
}

bool ranges_have(const struct ranges *ranges, uint32_t number)
{
    for (unsigned i = 0; i < ranges->count; i++)
        if (range_has(&ranges->at[i], number))
            return true;
    return false;
}

bool ranges_meet(const struct ranges *ranges, uint32_t from, uint32_t to)
{
    const struct range asked = {from, to};

    for (unsigned i = 0; i < ranges->count; i++)
        if (range_has(&ranges->at[i], from) || range_has(&asked, ranges->at[i].from))
            return true;
    return false;
}

uint32_t ranges_end(const struct ranges *ranges, uint32_t from)
{
    for (unsigned i = 0; i < ranges->count; i++)
        if (range_has(&ranges->at[i], from))
            return ranges->at[i].to;
    return from;
}
