/*
 * Segments, and ICMP errors, on their way to be followed: some at a time, in the order in which they passed. Together they are
 * followed faster than one by one (follow_pass_all()).
 */
#ifndef CMD_BATCH_H
#define CMD_BATCH_H

#include "base/cache_line.h"
#include "follow/follow.h"
#include "wire/packet.h"

#define BATCH_MAX 4096

/* So many of them need more than a glimpse: packets take more room. */
#define BATCH_PACKETS 1024

struct batch {
    unsigned count;
    uint8_t kinds[BATCH_MAX]; /* enum batch_kind */
    unsigned glimpse_count, packet_count, passage_count, quotation_count;
    _Alignas(CACHE_LINE) struct glimpse glimpses[BATCH_MAX]; /* a line each */
    struct packet packets[BATCH_PACKETS];                    /* what passages and quotations point into */
    struct passage passages[BATCH_PACKETS];
    struct quotation quotations[BATCH_PACKETS];
};

/* One of the heap, empty, to be freed with free(); NULL when there is no memory. */
struct batch *batch_new(void);

/* Takes out all that is in it, or whatever memory has there. */
void batch_empty(struct batch *batch);

/* Is there no room for one more of any kind? */
static inline bool batch_is_full(const struct batch *batch)
{
    return batch->count == BATCH_MAX || batch->packet_count == BATCH_PACKETS;
}

/* Where the next glimpse goes, or the next packet; it is in the batch with batch_add_...(). There must be room. */
static inline struct glimpse *batch_next_glimpse(struct batch *batch)
{
    return &batch->glimpses[batch->glimpse_count];
}

static inline struct packet *batch_next_packet(struct batch *batch)
{
    return &batch->packets[batch->packet_count];
}

/* Adds what was written to batch_next_glimpse(). */
void batch_add_glimpse(struct batch *batch);

/* Adds the segment, or the ICMP error, of the packet that was read to batch_next_packet(). number: as events name it. */
void batch_add_segment(struct batch *batch, nanos at, uint64_t number);
void batch_add_icmp(struct batch *batch, nanos at, uint64_t number);

/* Follows what is in it. Returns how many of the ICMP errors quote nothing that is known. */
unsigned batch_follow(const struct batch *batch, struct follow *follow);

#endif
