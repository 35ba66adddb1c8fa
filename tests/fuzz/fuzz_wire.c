/*
 * libFuzzer's way into src/wire: two bytes choose the link type, four the wire length, the rest is the
 * packet. What it holds is what every caller relies on; the sanitizers hold the rest.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct packet packet;
    uint16_t link;
    uint32_t wire_length, captured;

    if (size < sizeof(link) + sizeof(wire_length) || size > UINT16_MAX)
        return 0;
    memcpy(&link, data, sizeof(link));
    memcpy(&wire_length, data + sizeof(link), sizeof(wire_length));
    data += sizeof(link) + sizeof(wire_length);
    captured = (uint32_t)(size - sizeof(link) - sizeof(wire_length));
    packet_read(link, data, captured, wire_length, &packet);

    must((packet.kind == PACKET_ODDITY) == (packet.oddity != NULL));
    must((packet.payload != NULL) == (packet.payload_captured > 0));
    must(packet.segment.options.sack_count <= SACK_BLOCKS_MAX);
    must(packet.src.addr.zone == 0 && packet.dst.addr.zone == 0);
    if (packet.kind == PACKET_SEGMENT || packet.kind == PACKET_ICMP_ERROR)
        must(packet.src.addr.family == 4 || packet.src.addr.family == 6);
    if (packet.payload) {
        must(packet.kind == PACKET_SEGMENT && packet.payload_captured <= packet.segment.len);
        must(packet.payload >= data && packet.payload + packet.payload_captured <= data + captured);
    }
    return 0;
}
