#include "io/meet.h"

#include <stddef.h>

#define LOOPBACK_INDEX 1 /* of lo, in every network namespace */

static bool is_opening(const struct flow *wanted, const struct packet *packet)
{
    return packet->kind == PACKET_SEGMENT && (packet->segment.flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN &&
           packet->dst.port == wanted->local.port && packet->src.port != 0 &&
           packet->dst.addr.family == wanted->local.addr.family && !endpoint_equal(&packet->src, &packet->dst);
}

/* The address as it was captured, with its zone where it needs one; false when another was wanted. */
static bool take_addr(const struct addr *captured, const struct addr *wanted, unsigned zone, struct addr *out)
{
    *out = *captured;
    if (addr_is_link_local(out))
        out->zone = zone;
    return addr_is_unspecified(wanted) || addr_equal(out, wanted);
}

/*
 * The link of both ends. What this machine sends itself is seen on lo, which is not that link: then it must be
 * named.
 */
static unsigned find_zone(const struct flow *wanted, unsigned arrived)
{
    unsigned named = wanted->local.addr.zone ? wanted->local.addr.zone : wanted->peer.addr.zone;

    return arrived == LOOPBACK_INDEX && named != 0 ? named : arrived;
}

enum meeting meet(const struct flow *wanted, const struct packet *packet, unsigned arrived, const char *interface,
                  struct flow *flow, struct route *route)
{
    struct route_wish wish = {.interface = interface};
    struct fault fault = {0};
    unsigned zone = find_zone(wanted, arrived);

    if (!is_opening(wanted, packet))
        return MEETING_NOBODY;
    *flow = (struct flow){.local.port = packet->dst.port, .peer.port = packet->src.port};
    if (!take_addr(&packet->dst.addr, &wanted->local.addr, zone, &flow->local.addr) ||
        !take_addr(&packet->src.addr, &wanted->peer.addr, zone, &flow->peer.addr))
        return MEETING_NOBODY;
    wish.source = flow->local.addr;
    if (route_find(&flow->peer.addr, &wish, route, &fault))
        return MEETING_PEER;
    /*
     * Else it is not to us, or its addresses are such as no packet should have (a group of hosts as its source,
     * 127.0.0.1 from afar): nobody can be answered, and nobody is told.
     */
    return fault.kind == FAULT_UNREACHABLE ? MEETING_NO_WAY : MEETING_NOBODY;
}
