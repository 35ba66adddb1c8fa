#include "io/route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "io/netlink.h"

/* A conversation with the kernel's routing, for one call of route_find. */
struct talk {
    struct mnl_socket *socket;
    uint32_t seq;
    struct netlink_room room;
};

/* What the kernel says of one destination. */
struct reply {
    int error;          /* errno: there is no way */
    unsigned char type; /* RTN_* */
    struct addr source; /* family 0 when the kernel names none */
    unsigned interface;
    unsigned mtu; /* 0 when the route has none of its own */
};

struct link {
    bool up;
    bool loopback;
    unsigned mtu;
    char name[IF_NAMESIZE];
};

static size_t addr_size(const struct addr *addr)
{
    return addr->family == 6 ? 16 : 4;
}

static void read_reply(const struct nlmsghdr *answer, uint8_t family, struct reply *reply)
{
    const struct rtmsg *message = mnl_nlmsg_get_payload(answer);
    const struct nlattr *attributes[RTA_MAX + 1];
    const struct nlattr *metrics[RTAX_MAX + 1];
    struct rta_cacheinfo cache;
    struct addr source = {.family = family};

    reply->type = message->rtm_type;
    netlink_attributes(answer, sizeof(*message), attributes, RTA_MAX + 1);
    if (netlink_value(attributes[RTA_PREFSRC], source.bytes, addr_size(&source)))
        reply->source = source;
    netlink_value(attributes[RTA_OIF], &reply->interface, sizeof(reply->interface));
    if (attributes[RTA_METRICS]) {
        netlink_nested(attributes[RTA_METRICS], metrics, RTAX_MAX + 1);
        netlink_value(metrics[RTAX_MTU], &reply->mtu, sizeof(reply->mtu));
    }
    /* IPv4 answers with an error where IPv6 may answer with a route that has a (negative) one inside. */
    if (netlink_value(attributes[RTA_CACHEINFO], &cache, sizeof(cache)))
        reply->error = -(int)cache.rta_error;
}

/* Asks for the way to destination; source of family 0 and interface 0 leave the choice to the kernel. */
static bool ask_route(struct talk *talk, const struct addr *destination, const struct addr *source, unsigned interface,
                      struct reply *reply, struct fault *fault)
{
    struct nlmsghdr *request = mnl_nlmsg_put_header(talk->room.bytes);
    const struct nlmsghdr *answer;
    struct rtmsg *message;

    *reply = (struct reply){0};
    request->nlmsg_type = RTM_GETROUTE;
    request->nlmsg_flags = NLM_F_REQUEST;
    request->nlmsg_seq = ++talk->seq;
    message = mnl_nlmsg_put_extra_header(request, sizeof(*message));
    message->rtm_family = destination->family == 6 ? AF_INET6 : AF_INET;
    message->rtm_dst_len = (unsigned char)(addr_size(destination) * 8);
    mnl_attr_put(request, RTA_DST, addr_size(destination), destination->bytes);
    if (source->family != 0) {
        message->rtm_src_len = (unsigned char)(addr_size(source) * 8);
        mnl_attr_put(request, RTA_SRC, addr_size(source), source->bytes);
    }
    if (interface != 0)
        mnl_attr_put_u32(request, RTA_OIF, interface);
    answer = netlink_ask(talk->socket, request, &talk->room);
    if (!answer) {
        reply->error = errno;
        return true;
    }
    if (answer->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(answer) < sizeof(*message))
        return fault_set(fault, FAULT_LOCAL, "the routing table gives an answer that can't be read");
    read_reply(answer, destination->family, reply);
    return true;
}

static bool ask_link(struct talk *talk, unsigned interface, struct link *link, struct fault *fault)
{
    struct nlmsghdr *request = mnl_nlmsg_put_header(talk->room.bytes);
    const struct nlmsghdr *answer;
    const struct ifinfomsg *about;
    struct ifinfomsg *message;
    const struct nlattr *attributes[IFLA_MTU + 1];

    *link = (struct link){0};
    request->nlmsg_type = RTM_GETLINK;
    request->nlmsg_flags = NLM_F_REQUEST;
    request->nlmsg_seq = ++talk->seq;
    message = mnl_nlmsg_put_extra_header(request, sizeof(*message));
    message->ifi_index = (int)interface;
    answer = netlink_ask(talk->socket, request, &talk->room);
    if (!answer || answer->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(answer) < sizeof(*about))
        return fault_set(fault, FAULT_LOCAL, "no interface with number %u", interface);
    about = mnl_nlmsg_get_payload(answer);
    link->up = about->ifi_flags & IFF_UP;
    link->loopback = about->ifi_flags & IFF_LOOPBACK;
    netlink_attributes(answer, sizeof(*about), attributes, IFLA_MTU + 1);
    netlink_value(attributes[IFLA_MTU], &link->mtu, sizeof(link->mtu));
    if (attributes[IFLA_IFNAME])
        snprintf(link->name, sizeof(link->name), "%.*s", (int)mnl_attr_get_payload_len(attributes[IFLA_IFNAME]),
                 mnl_attr_get_str(attributes[IFLA_IFNAME]));
    return true;
}

/* What TCP can't talk to by its mere address; subnet broadcasts and anycast only the routing table knows. */
static bool is_host(const struct addr *peer)
{
    static const uint8_t zero[16];

    if (memcmp(peer->bytes, zero, sizeof(zero)) == 0 || peer->family == 0)
        return false;
    if (peer->family == 6)
        return peer->bytes[0] != 0xff;
    return (peer->bytes[0] & 0xf0) != 0xe0 && memcmp(peer->bytes, "\xff\xff\xff\xff", 4) != 0;
}

static bool check_reply(const struct addr *peer, const struct reply *reply, struct fault *fault)
{
    char text[ADDR_TEXT];

    addr_format(peer, text);
    if (reply->type == RTN_BROADCAST || reply->type == RTN_MULTICAST || reply->type == RTN_ANYCAST)
        return fault_set(fault, FAULT_USAGE, "%s is not a host", text);
    if (reply->type == RTN_BLACKHOLE || reply->error == EINVAL)
        return fault_set(fault, FAULT_UNREACHABLE, "the route to %s is a blackhole", text);
    if (reply->type == RTN_PROHIBIT || reply->error == EACCES)
        return fault_set(fault, FAULT_UNREACHABLE, "the route to %s is prohibited", text);
    if (reply->type == RTN_UNREACHABLE && reply->error != ENETUNREACH)
        return fault_set(fault, FAULT_UNREACHABLE, "the route to %s says unreachable", text);
    if (reply->error == EHOSTUNREACH)
        return fault_set(fault, FAULT_UNREACHABLE, "the route to %s says unreachable", text);
    if (reply->error == ENETUNREACH || reply->error == ESRCH)
        return fault_set(fault, FAULT_UNREACHABLE, "no route to %s", text);
    if (reply->error != 0)
        return fault_set(fault, FAULT_UNREACHABLE, "no route to %s: %s", text, strerror(reply->error));
    return true;
}

/* The interface that the wish or the zone of the peer names, 0 for none; it must exist, be up, and be one. */
static bool find_wished(struct talk *talk, const struct addr *peer, const struct route_wish *wish, unsigned *out,
                        struct fault *fault)
{
    char text[ADDR_TEXT];
    struct link link;

    *out = peer->zone;
    if (wish->interface) {
        *out = if_nametoindex(wish->interface);
        if (*out == 0)
            return fault_set(fault, FAULT_LOCAL, "no interface named %.64s", wish->interface);
        if (peer->zone != 0 && peer->zone != *out)
            return fault_set(fault, FAULT_USAGE, "%s is not on %s", addr_format(peer, text), wish->interface);
    }
    if (addr_is_link_local(peer) && peer->zone == 0)
        return fault_set(fault, FAULT_USAGE, "%s is link-local: name its interface too, as in %s%%eth0",
                         addr_format(peer, text), text);
    if (*out == 0)
        return true;
    if (!ask_link(talk, *out, &link, fault))
        return false;
    if (!link.up)
        return fault_set(fault, FAULT_LOCAL, "interface %s is down", link.name);
    return true;
}

/* An address is ours when the way to it leads nowhere else: no need to read a list of all addresses. */
static bool check_source(struct talk *talk, const struct addr *peer, const struct addr *source, unsigned interface,
                         struct fault *fault)
{
    struct addr none = {0};
    char texts[2][ADDR_TEXT];
    struct reply reply;

    if (source->family != peer->family)
        return fault_set(fault, FAULT_USAGE, "source %s and peer %s are not of the same family",
                         addr_format(source, texts[0]), addr_format(peer, texts[1]));
    if (source->zone != 0 && interface != 0 && source->zone != interface)
        return fault_set(fault, FAULT_USAGE, "source %s is not on the peer's interface", addr_format(source, texts[0]));
    if (addr_is_link_local(source) && source->zone != 0)
        interface = source->zone;
    if (!ask_route(talk, source, &none, addr_is_link_local(source) ? interface : 0, &reply, fault))
        return false;
    if (reply.error != 0 || reply.type != RTN_LOCAL)
        return fault_set(fault, FAULT_LOCAL, "source %s is not an address of this machine",
                         addr_format(source, texts[0]));
    return true;
}

static bool is_loopback(const struct addr *addr)
{
    static const uint8_t one[16] = {[15] = 1};

    return addr->family == 6 ? memcmp(addr->bytes, one, sizeof(one)) == 0 : addr->bytes[0] == 127;
}

/* The kernel's way to the peer: where that is this machine itself, no wish for an interface changes it. */
static bool choose_way(struct talk *talk, const struct addr *peer, const struct addr *source, unsigned wished,
                       struct reply *reply, struct fault *fault)
{
    unsigned first = addr_is_link_local(peer) ? wished : 0;
    char text[ADDR_TEXT];

    if (!ask_route(talk, peer, source, first, reply, fault))
        return false;
    if (wished != first && (reply->error != 0 || reply->type == RTN_UNICAST) &&
        !ask_route(talk, peer, source, wished, reply, fault))
        return false;
    if (source->family != 0 && is_loopback(source) && reply->type != RTN_LOCAL)
        return fault_set(fault, FAULT_LOCAL, "source %s reaches this machine only", addr_format(source, text));
    return check_reply(peer, reply, fault);
}

static bool fill_route(struct talk *talk, const struct addr *peer, const struct reply *reply, const struct addr *source,
                       unsigned wished, struct route *out, struct fault *fault)
{
    char text[ADDR_TEXT];
    struct link link;

    out->local = reply->type == RTN_LOCAL;
    out->interface = out->local ? if_nametoindex("lo") : reply->interface;
    if (!ask_link(talk, out->interface, &link, fault))
        return false;
    memcpy(out->name, link.name, sizeof(out->name));
    if (!link.up)
        return fault_set(fault, FAULT_LOCAL, "interface %s is down", link.name);
    if (link.loopback && !out->local)
        return fault_set(fault, FAULT_UNREACHABLE, "%s is not reached over %s", addr_format(peer, text), link.name);
    out->overruled = out->local && wished != 0 && wished != out->interface && !addr_is_link_local(peer);
    out->mtu = reply->mtu && reply->mtu < link.mtu ? reply->mtu : link.mtu;
    out->source = source->family ? *source : reply->source;
    if (out->source.family == 0 && out->local)
        out->source = *peer;
    if (out->source.family == 0)
        return fault_set(fault, FAULT_LOCAL, "interface %s has no IPv%d address to send from", link.name, peer->family);
    if (!addr_is_link_local(&out->source))
        out->source.zone = 0;
    else if (out->source.zone == 0)
        out->source.zone = peer->zone ? peer->zone : reply->interface;
    return true;
}

bool route_find(const struct addr *peer, const struct route_wish *wish, struct route *out, struct fault *fault)
{
    struct talk talk = {.socket = NULL};
    struct reply reply;
    unsigned wished;
    char text[ADDR_TEXT];
    bool done;

    *out = (struct route){0};
    if (!is_host(peer))
        return fault_set(fault, FAULT_USAGE, "%s is not a host", addr_format(peer, text));
    talk.socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (!talk.socket)
        return fault_set(fault, FAULT_LOCAL, "the routing table can't be asked: %s", strerror(errno));
    done = find_wished(&talk, peer, wish, &wished, fault) &&
           (wish->source.family == 0 || check_source(&talk, peer, &wish->source, wished, fault)) &&
           choose_way(&talk, peer, &wish->source, wished, &reply, fault) &&
           fill_route(&talk, peer, &reply, &wish->source, wished, out, fault);
    mnl_socket_close(talk.socket);
    return done;
}
