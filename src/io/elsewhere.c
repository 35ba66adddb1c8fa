#include "io/elsewhere.h"

#include <errno.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/privilege.h"

#define IPV6_HEADER 40
#define STALE_MAX 1024   /* more than the socket holds; a flood must not hold us for good */
#define LOOPBACK_INDEX 1 /* of lo, in every network namespace */

/* What came with a packet besides its bytes. */
struct circumstances {
    struct sockaddr_storage from;
    unsigned index; /* of the interface it arrived on */
    nanos at;
};

/* Lets only errors pass; the kernel does the choosing, so that nobody's ping wakes us. */
static int set_type_filter(int fd, uint8_t family)
{
    if (family == 6) {
        struct icmp6_filter filter;
        ICMP6_FILTER_SETBLOCKALL(&filter);
        ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &filter);
        ICMP6_FILTER_SETPASS(ICMP6_PACKET_TOO_BIG, &filter);
        ICMP6_FILTER_SETPASS(ICMP6_TIME_EXCEEDED, &filter);
        ICMP6_FILTER_SETPASS(ICMP6_PARAM_PROB, &filter);
        return setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
    }
    struct icmp_filter filter = {.data = ~(1u << ICMP_DEST_UNREACH | 1u << ICMP_SOURCE_QUENCH |
                                           1u << ICMP_TIME_EXCEEDED | 1u << ICMP_PARAMETERPROB)};
    return setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter));
}

static int set_options(int fd, uint8_t family)
{
    int on = 1;

    if (set_type_filter(fd, family) < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0)
        return -1;
    if (family == 6)
        return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
    return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
}

bool elsewhere_open(struct elsewhere *elsewhere, const struct addr *local, unsigned captured_index, struct fault *fault)
{
    bool v6 = local->family == 6;
    int fd =
        socket(v6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);

    if (fd < 0 && (errno == EPERM || errno == EACCES))
        return privilege_fault(fault, "hearing ICMP errors");
    if (fd < 0 || set_options(fd, local->family) < 0) {
        fault_set(fault, FAULT_LOCAL, "ICMP socket: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    elsewhere->fd = fd;
    elsewhere->family = local->family;
    elsewhere->captured_index = captured_index;
    elsewhere->local = *local;
    return true;
}

static void read_circumstances(struct msghdr *message, struct circumstances *out)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec at;
            memcpy(&at, CMSG_DATA(c), sizeof(at));
            out->at = (nanos)at.tv_sec * NANOS_PER_S + at.tv_nsec;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof(info));
            out->index = (unsigned)info.ipi_ifindex;
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof(info));
            out->index = (unsigned)info.ipi6_ifindex;
        }
    }
}

/* An ICMPv6 socket gives no IP header: this writes the one that must have been there, for one reader of both. */
static void write_ipv6_header(struct elsewhere *elsewhere, const struct sockaddr_storage *from, size_t length)
{
    struct endpoint src = endpoint_from_sockaddr((const struct sockaddr *)from);
    uint8_t *header = elsewhere->bytes;

    memset(header, 0, IPV6_HEADER);
    header[0] = 0x60;
    header[4] = (uint8_t)(length >> 8);
    header[5] = (uint8_t)length;
    header[6] = IPPROTO_ICMPV6;
    header[7] = 64;
    memcpy(header + 8, src.addr.bytes, 16);
    memcpy(header + 24, elsewhere->local.bytes, 16);
}

/*
 * The interface it really came over. What has our own address as its source came over loopback, though the
 * kernel names the interface that the quoted segment would have left by.
 */
static unsigned arrival_index(const struct elsewhere *elsewhere, const struct circumstances *with)
{
    struct endpoint src = endpoint_from_sockaddr((const struct sockaddr *)&with->from);

    return addr_equal(&src.addr, &elsewhere->local) ? LOOPBACK_INDEX : with->index;
}

/* One message; false when none waits. */
static bool take(struct elsewhere *elsewhere, struct captured *out, unsigned *index)
{
    size_t ahead = elsewhere->family == 6 ? IPV6_HEADER : 0;
    struct iovec part = {elsewhere->bytes + ahead, sizeof(elsewhere->bytes) - ahead};
    struct circumstances with = {.at = NANOS_NONE};
    _Alignas(struct cmsghdr) char control[256];
    struct msghdr message = {.msg_name = &with.from,
                             .msg_namelen = sizeof(with.from),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    ssize_t length = recvmsg(elsewhere->fd, &message, MSG_TRUNC); /* returns the whole length, also when cut */

    if (length < 0)
        return false;
    read_circumstances(&message, &with);
    if (elsewhere->family == 6)
        write_ipv6_header(elsewhere, &with.from, (size_t)length);
    *index = arrival_index(elsewhere, &with);
    out->at = with.at == NANOS_NONE ? clock_realtime() : with.at;
    out->bytes = elsewhere->bytes;
    out->length = (uint32_t)((size_t)length + ahead);
    out->captured = out->length < sizeof(elsewhere->bytes) ? out->length : sizeof(elsewhere->bytes);
    return true;
}

void elsewhere_turn(struct elsewhere *elsewhere, const struct addr *local, unsigned captured_index)
{
    struct captured stale;
    unsigned index;

    for (int i = 0; i < STALE_MAX; i++)
        if (!take(elsewhere, &stale, &index))
            break;
    elsewhere->captured_index = captured_index;
    elsewhere->local = *local;
}

bool elsewhere_next(struct elsewhere *elsewhere, struct captured *out)
{
    unsigned index;

    while (take(elsewhere, out, &index))
        if (index != elsewhere->captured_index)
            return true;
    return false;
}

void elsewhere_close(struct elsewhere *elsewhere)
{
    if (elsewhere->fd >= 0)
        close(elsewhere->fd);
    elsewhere->fd = -1;
}
