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

/* Three that follow the same. */
static struct follow listening, quiet, partly;

static void begin_anew(void)
{
    static const struct follow_listener listener = {.claim = on_claim, .over = on_over, .icmp = on_icmp},
                                        silence = {.context = NULL},
                                        part = {.wants = wants_every_other, .over = on_wanted_over};
    static const struct {
        struct follow *follow;
        const struct follow_listener *listener;
    } ways[] = {{&listening, &listener}, {&quiet, &silence}, {&partly, &part}};
    static void *memory[3];

    for (unsigned i = 0; i < 3; i++) {
        if (!memory[i])
            memory[i] = malloc(follow_memory(CONNECTIONS));
        must(memory[i] != NULL);
        memset(memory[i], 0, follow_memory(CONNECTIONS));
        follow_init(ways[i].follow, CONNECTIONS, memory[i], ways[i].listener);
    }
    reported = 0;
}

static int link_type(void)
{
    const char *chosen = getenv("TCPWALK_FUZZ_LINK");

    must(chosen != NULL && link_is_known(atoi(chosen)));
    return atoi(chosen);
}

static void take(int link, const uint8_t *bytes, uint32_t captured, uint32_t length, nanos at, uint64_t *number)
{
    static struct fragments fragments;
    struct packet packet;

    if (*number == 0)
        for (unsigned i = 0; i < FRAGMENTED_PACKETS; i++)
            fragments.packets[i].used = false;
    ++*number;
    packet_dig(link, bytes, captured, length, at, &fragments, &packet);
    must((packet.kind == PACKET_ODDITY) <= (packet.oddity != NULL));
    must((packet.payload != NULL) == (packet.payload_captured > 0));
    must(packet.segment.options.sack_count <= SACK_BLOCKS_MAX);
    if (packet.kind == PACKET_SEGMENT) {
        const struct passage passage = {*number, at, &packet.src, &packet.dst, &packet.segment, packet.network};
        must(packet.src.addr.family == packet.dst.addr.family && packet.payload_captured <= packet.segment.len);
        follow_pass(&listening, &passage);
        pass_quietly(&quiet, link, bytes, captured, length, &passage, &packet);
        pass_quietly(&partly, link, bytes, captured, length, &passage, &packet);
    } else if (packet.kind == PACKET_ICMP_ERROR) {
        const struct quotation quotation = {*number, at, &packet.icmp, packet.network};
        follow_icmp(&listening, &quotation);
        follow_icmp(&quiet, &quotation);
        follow_icmp(&partly, &quotation);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int link = link_type();
    uint64_t number = 0;
    nanos at = NANOS_PER_S;

    begin_anew();
    while (size > 4) {
        uint32_t captured = data[3] < size - 4 ? data[3] : (uint32_t)(size - 4);
        at += (nanos)data[0] * data[0] * NANOS_PER_MS;
        take(link, data + 4, captured, (uint32_t)(data[1] << 8 | data[2]), at, &number);
        data += 4 + captured;
        size -= 4 + captured;
    }
    follow_end(&listening);
    follow_end(&quiet);
    follow_end(&partly);
    must(reported == listening.connections && quiet.connections == listening.connections);
    must(partly.connections == quiet.connections && partly.evicted == quiet.evicted);
    must(partly.late_segments == quiet.late_segments);
    return 0;
}
