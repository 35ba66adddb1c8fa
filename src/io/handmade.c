#include "io/handmade.h"

#include <stddef.h>

static bool is_unreadable(const struct segment *segment)
{
    return segment->crafted && (segment->crafted->fragment > 0 || segment->crafted->has_offset);
}

void handmade_keep(struct handmade *handmade, const struct segment *segment, uint8_t ttl)
{
    unsigned at = handmade->count % HANDMADE_MAX;

    if (!is_unreadable(segment))
        return;
    handmade->sent[at] = *segment;
    handmade->sent[at].crafted = NULL;
    if (segment->ttl == 0)
        handmade->sent[at].ttl = ttl;
    handmade->awaited[at] = true;
    handmade->count++;
}

/* What looks whole is one of these only when its header seems to end elsewhere: else it was read as it is. */
static bool can_be(const struct segment *sent, const struct segment *read, bool whole)
{
    return sent->seq == read->seq && !(whole && (sent->flags != read->flags || sent->len == read->len));
}

const struct segment *handmade_find(struct handmade *handmade, const struct segment *read, bool whole)
{
    for (unsigned i = 0; i < HANDMADE_MAX; i++) {
        unsigned at = (handmade->count + i) % HANDMADE_MAX;
        if (!handmade->awaited[at] || !can_be(&handmade->sent[at], read, whole))
            continue;
        handmade->awaited[at] = false;
        return &handmade->sent[at];
    }
    return NULL;
}
