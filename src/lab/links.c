/* The veth pair, its addresses and routes, as netlink messages. */
#include "lab/links.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/ethtool.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lab/lab.h"

#define MESSAGE_SIZE 1024 /* far more than any of these messages needs */
#define REPLY_SIZE 8192
#define LINK_WAIT_MS 3000

struct addr links_addr4(uint8_t host)
{
    return (struct addr){.family = 4, .bytes = {192, 0, 2, host}};
}

struct addr links_addr6(uint8_t host)
{
    return (struct addr){.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = host}};
}

static struct addr link_local(uint8_t host)
{
    return (struct addr){.family = 6, .bytes = {0xfe, 0x80, [15] = host}};
}

bool links_have_ipv6(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    close(fd);
    return true;
}

static struct mnl_socket *route_open(unsigned groups, struct fault *fault)
{
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (nl && mnl_socket_bind(nl, groups, MNL_SOCKET_AUTOPID) == 0)
        return nl;
    fault_set(fault, FAULT_LOCAL, "can't open a netlink socket: %s", strerror(errno));
    if (nl)
        mnl_socket_close(nl);
    return NULL;
}

/* Sends one request and takes the kernel's verdict on it; false with errno. */
static bool ask(struct mnl_socket *nl, struct nlmsghdr *request)
{
    char reply[REPLY_SIZE];

    request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
    if (mnl_socket_sendto(nl, request, request->nlmsg_len) < 0)
        return false;
    ssize_t got = mnl_socket_recvfrom(nl, reply, sizeof(reply));
    if (got < 0)
        return false;
    return mnl_cb_run(reply, (size_t)got, 0, mnl_socket_get_portid(nl), NULL, NULL) >= 0;
}

static struct nlmsghdr *new_message(char *buffer, uint16_t type, uint16_t flags)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    message->nlmsg_type = type;
    message->nlmsg_flags = flags;
    return message;
}

static struct ifinfomsg *put_link(struct nlmsghdr *message, int index)
{
    struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof(*link));
    link->ifi_family = AF_UNSPEC;
    link->ifi_index = index;
    return link;
}

/* Locally administered, and the same every time: captures of two labs can be compared. */
static void put_hardware_address(struct nlmsghdr *message, uint8_t host)
{
    mnl_attr_put(message, IFLA_ADDRESS, 6, (uint8_t[6]){0x02, 0, 0, 0, 0, host});
}

bool links_pair(int server_netns, struct fault *fault)
{
    char buffer[MESSAGE_SIZE];
    struct mnl_socket *nl = route_open(0, fault);
    if (!nl)
        return false;

    struct nlmsghdr *message = new_message(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    put_link(message, 0);
    mnl_attr_put_strz(message, IFLA_IFNAME, LAB_INTERFACE);
    put_hardware_address(message, LINKS_CLIENT_HOST);
    struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
    mnl_attr_put_strz(message, IFLA_INFO_KIND, "veth");
    struct nlattr *data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
    struct nlattr *peer = mnl_attr_nest_start(message, VETH_INFO_PEER);
    put_link(message, 0);
    mnl_attr_put_strz(message, IFLA_IFNAME, LINKS_SERVER_INTERFACE);
    put_hardware_address(message, LINKS_SERVER_HOST);
    mnl_attr_put_u32(message, IFLA_NET_NS_FD, (uint32_t)server_netns);
    mnl_attr_nest_end(message, peer);
    mnl_attr_nest_end(message, data);
    mnl_attr_nest_end(message, info);

    bool made = ask(nl, message);
    int error = errno;
    mnl_socket_close(nl);
    if (!made)
        return fault_set(fault, FAULT_LOCAL, "can't make the pair of virtual links %s and %s: %s%s", LAB_INTERFACE,
                         LINKS_SERVER_INTERFACE, strerror(error),
                         error == EOPNOTSUPP ? ": the kernel has no veth (modprobe veth)" : "");
    return true;
}

static bool bring_up(struct mnl_socket *nl, const char *name, struct fault *fault)
{
    char buffer[MESSAGE_SIZE];
    struct nlmsghdr *message = new_message(buffer, RTM_NEWLINK, 0);
    struct ifinfomsg *link = put_link(message, (int)if_nametoindex(name));

    link->ifi_flags = IFF_UP;
    link->ifi_change = IFF_UP;
    if (!ask(nl, message))
        return fault_set(fault, FAULT_LOCAL, "can't bring up the link %s: %s", name, strerror(errno));
    return true;
}

/* The lab's link-local addresses are its own, so that they are short and need no duplicate detection. */
static bool no_automatic_address(struct mnl_socket *nl, const char *name, struct fault *fault)
{
    char buffer[MESSAGE_SIZE];
    struct nlmsghdr *message = new_message(buffer, RTM_NEWLINK, 0);

    put_link(message, (int)if_nametoindex(name));
    struct nlattr *families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
    struct nlattr *inet6 = mnl_attr_nest_start(message, AF_INET6);
    mnl_attr_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    mnl_attr_nest_end(message, inet6);
    mnl_attr_nest_end(message, families);
    if (!ask(nl, message))
        return fault_set(fault, FAULT_LOCAL, "can't turn off automatic IPv6 addresses on %s: %s", name,
                         strerror(errno));
    return true;
}

/* Only a router answers with ICMP for a route that refuses. (On IPv6 any host does.) */
static bool forward(struct mnl_socket *nl, const char *name, struct fault *fault)
{
    char buffer[MESSAGE_SIZE];
    struct nlmsghdr *message = new_message(buffer, RTM_NEWLINK, 0);

    put_link(message, (int)if_nametoindex(name));
    struct nlattr *families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
    struct nlattr *inet = mnl_attr_nest_start(message, AF_INET);
    struct nlattr *settings = mnl_attr_nest_start(message, IFLA_INET_CONF);
    mnl_attr_put_u32(message, IPV4_DEVCONF_FORWARDING, 1);
    mnl_attr_nest_end(message, settings);
    mnl_attr_nest_end(message, inet);
    mnl_attr_nest_end(message, families);
    if (!ask(nl, message))
        return fault_set(fault, FAULT_LOCAL, "can't make %s a router's link: %s", name, strerror(errno));
    return true;
}

static int socket_family(const struct addr *addr)
{
    return addr->family == 4 ? AF_INET : AF_INET6;
}

static void put_addr(struct nlmsghdr *message, uint16_t type, const struct addr *addr)
{
    mnl_attr_put(message, type, addr->family == 4 ? 4 : 16, addr->bytes);
}

static bool add_address(struct mnl_socket *nl, const char *name, struct addr addr, struct fault *fault)
{
    char buffer[MESSAGE_SIZE], text[ADDR_TEXT];
    struct nlmsghdr *message = new_message(buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
    struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

    header->ifa_family = (uint8_t)socket_family(&addr);
    header->ifa_prefixlen = addr.family == 4 ? 24 : 64;
    header->ifa_scope = addr_is_link_local(&addr) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    header->ifa_index = if_nametoindex(name);
    header->ifa_flags = IFA_F_NODAD; /* good to use at once */
    put_addr(message, IFA_LOCAL, &addr);
    put_addr(message, IFA_ADDRESS, &addr);
    if (!ask(nl, message))
        return fault_set(fault, FAULT_LOCAL, "can't give %s the address %s: %s", name, addr_format(&addr, text),
                         strerror(errno));
    return true;
}

/* Adds a route to one host: of a type that refuses, or (RTN_UNICAST) through the server. */
static bool add_route(struct mnl_socket *nl, struct addr to, uint8_t type, struct fault *fault)
{
    char buffer[MESSAGE_SIZE], text[ADDR_TEXT];
    struct nlmsghdr *message = new_message(buffer, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
    struct rtmsg *route = mnl_nlmsg_put_extra_header(message, sizeof(*route));

    route->rtm_family = (uint8_t)socket_family(&to);
    route->rtm_dst_len = to.family == 4 ? 32 : 128;
    route->rtm_table = RT_TABLE_MAIN;
    route->rtm_protocol = RTPROT_STATIC;
    route->rtm_scope = RT_SCOPE_UNIVERSE;
    route->rtm_type = type;
    put_addr(message, RTA_DST, &to);
    if (type == RTN_UNICAST) {
        struct addr gateway = to.family == 4 ? links_addr4(LINKS_SERVER_HOST) : links_addr6(LINKS_SERVER_HOST);
        put_addr(message, RTA_GATEWAY, &gateway);
        mnl_attr_put_u32(message, RTA_OIF, if_nametoindex(LAB_INTERFACE));
    }
    if (!ask(nl, message))
        return fault_set(fault, FAULT_LOCAL, "can't add a route to %s: %s", addr_format(&to, text), strerror(errno));
    return true;
}

/*
 * Without checksum offload the kernel finishes every checksum, and can't send segments of many times the MSS:
 * what a capture shows is what a wire would carry. Only nicety hangs on it, so a refusal is no fault.
 */
static void no_offload(const char *name)
{
    struct ethtool_value off = {.cmd = ETHTOOL_STXCSUM, .data = 0};
    struct ifreq request = {.ifr_data = (void *)&off};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return;
    memcpy(request.ifr_name, name, strlen(name) + 1);
    (void)ioctl(fd, SIOCETHTOOL, &request);
    close(fd);
}

/* One end of the wire: up, with its addresses. */
static bool set_end(struct mnl_socket *nl, const char *name, uint8_t host, bool ipv6, struct fault *fault)
{
    no_offload(name);
    if (ipv6 && !no_automatic_address(nl, name, fault))
        return false;
    return add_address(nl, name, links_addr4(host), fault) && bring_up(nl, name, fault) &&
           (!ipv6 ||
            (add_address(nl, name, links_addr6(host), fault) && add_address(nl, name, link_local(host), fault)));
}

static bool set_side(bool server, bool ipv6, struct fault *fault)
{
    const char *name = server ? LINKS_SERVER_INTERFACE : LAB_INTERFACE;
    uint8_t unreachable = server ? RTN_UNREACHABLE : RTN_UNICAST;
    uint8_t prohibited = server ? RTN_PROHIBIT : RTN_UNICAST;
    struct mnl_socket *nl = route_open(0, fault);

    if (!nl)
        return false;
    bool done = set_end(nl, name, server ? LINKS_SERVER_HOST : LINKS_CLIENT_HOST, ipv6, fault) &&
                (!server || forward(nl, name, fault)) &&
                add_route(nl, links_addr4(LINKS_UNREACHABLE_HOST), unreachable, fault) &&
                add_route(nl, links_addr4(LINKS_PROHIBITED_HOST), prohibited, fault) &&
                (!ipv6 || (add_route(nl, links_addr6(LINKS_UNREACHABLE_HOST), unreachable, fault) &&
                           add_route(nl, links_addr6(LINKS_PROHIBITED_HOST), prohibited, fault)));
    mnl_socket_close(nl);
    return done;
}

bool links_client(bool ipv6, struct fault *fault)
{
    return set_side(false, ipv6, fault);
}

bool links_server(bool ipv6, struct fault *fault)
{
    return set_side(true, ipv6, fault);
}

bool links_loopback(struct fault *fault)
{
    struct mnl_socket *nl = route_open(0, fault);
    if (!nl)
        return false;
    bool done = bring_up(nl, "lo", fault);
    mnl_socket_close(nl);
    return done;
}

struct awaited {
    int index;
    bool running;
};

static int note_link(const struct nlmsghdr *message, void *context)
{
    struct awaited *awaited = context;
    const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);

    if (message->nlmsg_type == RTM_NEWLINK && link->ifi_index == awaited->index)
        awaited->running = (link->ifi_flags & IFF_RUNNING) != 0;
    return MNL_CB_OK;
}

/* Asks for the link once; the answer and the kernel's later announcements are the same kind of message. */
bool links_wait(const char *name, struct fault *fault)
{
    char buffer[REPLY_SIZE];
    struct awaited awaited = {.index = (int)if_nametoindex(name)};
    struct mnl_socket *nl = route_open(RTMGRP_LINK, fault);
    if (!nl)
        return false;

    struct nlmsghdr *message = new_message(buffer, RTM_GETLINK, NLM_F_REQUEST);
    put_link(message, awaited.index);
    bool alive = mnl_socket_sendto(nl, message, message->nlmsg_len) >= 0;
    struct pollfd news = {.fd = mnl_socket_get_fd(nl), .events = POLLIN};
    while (alive && !awaited.running) {
        int ready = poll(&news, 1, LINK_WAIT_MS);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready == 0)
            errno = ETIMEDOUT;
        ssize_t got = ready > 0 ? mnl_socket_recvfrom(nl, buffer, sizeof(buffer)) : -1;
        alive = got >= 0 && mnl_cb_run(buffer, (size_t)got, 0, 0, note_link, &awaited) >= 0;
    }
    int error = errno;
    mnl_socket_close(nl);
    if (!awaited.running)
        return fault_set(fault, FAULT_LOCAL, "the link %s does not come up: %s", name, strerror(error));
    return true;
}
