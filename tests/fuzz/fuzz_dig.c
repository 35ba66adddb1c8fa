/*
 * libFuzzer's way into wire/dig.c and wire/glimpse.c, and from there into follow/: each packet has a byte of time, two of
 * length on the wire and one of captured length. So fragments and tunnels come together, and what comes out of them meets
 * connections. Followed with a listener and without one, which is the quicker way, they come to the same; and also where only
 * every other connection is wanted, which is quicker still. The link type is a number in the environment, TCPWALK_FUZZ_LINK.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "follow/follow.h"
#include "follow/summary.h"
#include "wire/dig.h"
#include "wire/glimpse.h"
#include "wire/link.h"

#define CONNECTIONS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

static uint64_t reported;

static void on_claim(void *context, const struct connection *connection, unsigned end, const struct claim *claim)
{
    (void)context;
    must(end < ENDS && connection->number > 0);
    must(claim->to != NO_STATES && claim->likely != NO_STATES);
    must(claim->certainty == PRESUMED || claim->otherwise == NO_STATES);
}

static void on_over(void *context, const struct summary *summary)
{
    (void)context;
    must(summary->ends[END_A].claim.to != NO_STATES);
    must(strlen(summary->history) < CONNECTION_HISTORY);
    must(summary->first_packet <= summary->last_packet);
    reported++;
}

static bool wants_every_other(void *context, uint64_t number)
{
    (void)context;
    return number % 2 == 0;
}

static void on_wanted_over(void *context, const struct summary *summary)
{
    must(wants_every_other(context, summary->number));
    must(summary->ends[END_A].claim.to != NO_STATES);
}

static void on_icmp(void *context, const struct connection *connection, unsigned end, const struct quotation *quotation)
{
    (void)context;
    must(end < ENDS && connection->number > 0);
    must(endpoint_equal(&quotation->error->quoted_src, &connection->at[end]));
}

/* What is seen at a glimpse is what is dug out. */
static void must_be_alike(const struct glimpse *glimpse, const struct packet *packet)
{
    const struct segment seen = brief_segment_of(&glimpse->segment), *dug = &packet->segment;

    must(packet->kind == PACKET_SEGMENT && packet->network == 0);
    must(packet->src.addr.family == 4 && endpoint_word(&packet->src) == glimpse->src);
    must(packet->dst.addr.family == 4 && endpoint_word(&packet->dst) == glimpse->dst);
    must(seen.seq == dug->seq && seen.ack == dug->ack && seen.len == dug->len && seen.flags == dug->flags);
    must(seen.window == dug->window && seen.ip_id == dug->ip_id && seen.options.present == dug->options.present);
    must(seen.options.mss == dug->options.mss && seen.options.wscale == dug->options.wscale);
    must(seen.options.tsval == dug->options.tsval && seen.options.tsecr == dug->options.tsecr);
}

/* The way of a capture of which nobody listens to each segment: by a glimpse where that is enough. */
static void pass_quietly(struct follow *quiet, int link, const uint8_t *bytes, uint32_t captured, uint32_t length,
                         const struct passage *passage, const struct packet *packet)
{
    struct glimpse glimpse = {.packet = passage->packet};

    if (link != LINK_ETHERNET || !glimpse_read(bytes, captured, length, &glimpse)) {
        follow_pass(quiet, passage);
        return;
    }
    must_be_alike(&glimpse, packet);
    glimpse.segment.at = passage->at;
    follow_glimpse_all(quiet, &glimpse, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fragments fragments;
    static void *memory, *quiet_memory, *partly_memory;
    const struct follow_listener silence = {.context = NULL};
    const struct follow_listener part = {.wants = wants_every_other, .over = on_wanted_over};
    struct follow quiet, partly;
    const struct follow_listener listener = {.claim = on_claim, .over = on_over, .icmp = on_icmp};
    struct follow follow;
    struct packet packet;
    static int link;
    uint64_t number = 0;
    nanos at = NANOS_PER_S;

    if (!memory) {
        const char *chosen = getenv("TCPWALK_FUZZ_LINK");
        must(chosen != NULL);
        link = atoi(chosen);
        must(link_is_known(link));
        memory = malloc(follow_memory(CONNECTIONS));
        quiet_memory = malloc(follow_memory(CONNECTIONS));
        partly_memory = malloc(follow_memory(CONNECTIONS));
    }
    memset(memory, 0, follow_memory(CONNECTIONS));
    memset(quiet_memory, 0, follow_memory(CONNECTIONS));
    memset(partly_memory, 0, follow_memory(CONNECTIONS));
    for (unsigned i = 0; i < FRAGMENTED_PACKETS; i++)
        fragments.packets[i].used = false;
    follow_init(&follow, CONNECTIONS, memory, &listener);
    follow_init(&quiet, CONNECTIONS, quiet_memory, &silence);
    follow_init(&partly, CONNECTIONS, partly_memory, &part);
    reported = 0;
    while (size > 4) {
        uint32_t captured = data[3] < size - 4 ? data[3] : (uint32_t)(size - 4);
        at += (nanos)data[0] * data[0] * NANOS_PER_MS;
        packet_dig(link, data + 4, captured, (uint32_t)(data[1] << 8 | data[2]), at, &fragments, &packet);
        must((packet.kind == PACKET_ODDITY) <= (packet.oddity != NULL));
        must((packet.payload != NULL) == (packet.payload_captured > 0));
        must(packet.segment.options.sack_count <= SACK_BLOCKS_MAX);
        if (packet.kind == PACKET_SEGMENT) {
            must(packet.src.addr.family == packet.dst.addr.family && packet.payload_captured <= packet.segment.len);
            const struct passage passage = {++number, at, &packet.src, &packet.dst, &packet.segment, packet.network};
            follow_pass(&follow, &passage);
            pass_quietly(&quiet, link, data + 4, captured, (uint32_t)(data[1] << 8 | data[2]), &passage, &packet);
            pass_quietly(&partly, link, data + 4, captured, (uint32_t)(data[1] << 8 | data[2]), &passage, &packet);
        } else if (packet.kind == PACKET_ICMP_ERROR) {
            const struct quotation quotation = {++number, at, &packet.icmp, packet.network};
            follow_icmp(&follow, &quotation);
            follow_icmp(&quiet, &quotation);
            follow_icmp(&partly, &quotation);
        }
        data += 4 + captured;
        size -= 4 + captured;
    }
    follow_end(&follow);
    follow_end(&quiet);
    follow_end(&partly);
    must(reported == follow.connections && quiet.connections == follow.connections);
    must(partly.connections == quiet.connections && partly.evicted == quiet.evicted);
    must(partly.late_segments == quiet.late_segments && partly.unwanted == (quiet.connections + 1) / 2);
    return 0;
}
