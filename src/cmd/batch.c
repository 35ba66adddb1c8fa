#include "cmd/batch.h"

#include <stdlib.h>

enum batch_kind { BATCH_GLIMPSE, BATCH_SEGMENT, BATCH_ICMP };

/*
 * A batch that comes back from another processor (cmd/beside.h), or goes there, comes line by line, and slowly: the lines are
 * asked for so many glimpses before they are needed.
 */
#define AHEAD 12

struct batch *batch_new(void)
{
    struct batch *batch = aligned_alloc(CACHE_LINE, sizeof(*batch));

    if (batch)
        batch_empty(batch);
    return batch;
}

void batch_empty(struct batch *batch)
{
    batch->count = batch->glimpse_count = batch->packet_count = batch->passage_count = batch->quotation_count = 0;
}

void batch_add_glimpse(struct batch *batch)
{
    batch->glimpse_count++;
    __builtin_prefetch(&batch->glimpses[(batch->glimpse_count + AHEAD) % BATCH_MAX], 1);
    batch->kinds[batch->count++] = BATCH_GLIMPSE;
}

void batch_add_segment(struct batch *batch, nanos at, uint64_t number)
{
    const struct packet *packet = &batch->packets[batch->packet_count++];

    batch->passages[batch->passage_count++] =
        (struct passage){number, at, &packet->src, &packet->dst, &packet->segment, packet->network};
    batch->kinds[batch->count++] = BATCH_SEGMENT;
}

void batch_add_icmp(struct batch *batch, nanos at, uint64_t number)
{
    const struct packet *packet = &batch->packets[batch->packet_count++];

    batch->quotations[batch->quotation_count++] = (struct quotation){number, at, &packet->icmp, packet->network};
    batch->kinds[batch->count++] = BATCH_ICMP;
}

/* How many of one kind come next, at most as many as are followed at once. */
static unsigned run_from(const struct batch *batch, unsigned i)
{
    unsigned count = 1;

    while (i + count < batch->count && count < PASSAGES_MAX && batch->kinds[i + count] == batch->kinds[i])
        count++;
    return count;
}

static void pass_glimpses(struct follow *follow, const struct glimpse *glimpses, unsigned count, unsigned more)
{
    for (unsigned i = 0; i < more && i < PASSAGES_MAX; i++)
        __builtin_prefetch(&glimpses[count + i]);
    follow_glimpse_all(follow, glimpses, count);
}

unsigned batch_follow(const struct batch *batch, struct follow *follow)
{
    const struct glimpse *glimpse = batch->glimpses;
    const struct passage *passage = batch->passages;
    const struct quotation *quotation = batch->quotations;
    unsigned unknown = 0, glimpses = batch->glimpse_count, count;

    for (unsigned i = 0; i < batch->count; i += count) {
        count = run_from(batch, i);
        switch ((enum batch_kind)batch->kinds[i]) {
        case BATCH_GLIMPSE:
            glimpses -= count;
            pass_glimpses(follow, glimpse, count, glimpses);
            glimpse += count;
            break;
        case BATCH_SEGMENT:
            follow_pass_all(follow, passage, count);
            passage += count;
            break;
        case BATCH_ICMP:
            for (unsigned j = 0; j < count; j++)
                unknown += !follow_icmp(follow, quotation++);
        }
    }
    return unknown;
}
