#include "io/sender.h"

#include <errno.h>
#include <libnet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "io/privilege.h"

#define TTL_DEFAULT 64
#define DONT_FRAGMENT 0x4000 /* flags and fragment offset of the IPv4 header */
#define OPTIONS_MAX 40

struct sender {
    libnet_t *net; /* owned, with its socket */
    uint8_t family;
    uint8_t ttl;
};

/* The option bytes of one segment. */
struct options_text {
    uint8_t bytes[OPTIONS_MAX];
    uint8_t used;
};

static void put8(struct options_text *text, uint8_t value)
{
    text->bytes[text->used++] = value;
}

static void put16(struct options_text *text, uint16_t value)
{
    put8(text, (uint8_t)(value >> 8));
    put8(text, (uint8_t)value);
}

static void put32(struct options_text *text, uint32_t value)
{
    put16(text, (uint16_t)(value >> 16));
    put16(text, (uint16_t)value);
}

static void put_kind(struct options_text *text, uint8_t kind, uint8_t length)
{
    put8(text, kind);
    put8(text, length);
}

/* SACK comes last and takes what room there is: three blocks beside timestamps (RFC 2018 3). */
static void put_sack(struct options_text *text, const struct tcp_options *options)
{
    uint8_t room = (uint8_t)((OPTIONS_MAX - text->used - 4) / 8);
    uint8_t count = options->sack_count < room ? options->sack_count : room;

    if (!(options->present & TCP_OPT_SACK) || count == 0)
        return;
    put_kind(text, 1, 1); /* two NOPs */
    put_kind(text, 5, (uint8_t)(2 + 8 * count));
    for (uint8_t i = 0; i < count; i++) {
        put32(text, options->sack[i].left);
        put32(text, options->sack[i].right);
    }
}

/*
 * Lays the options out as Linux does, every field on its own alignment, since that is what the networks
 * between have seen before: MSS, SACK permitted with timestamps, window scale. The most that comes together
 * before SACK is 20 bytes, so nothing overflows. Every piece is a multiple of four bytes.
 */
static void lay_out_options(const struct tcp_options *options, struct options_text *text)
{
    bool sack_permitted = options->present & TCP_OPT_SACK_PERMITTED;
    bool timestamps = options->present & TCP_OPT_TIMESTAMPS;

    text->used = 0;
    if (options->present & TCP_OPT_MSS) {
        put_kind(text, 2, 4);
        put16(text, options->mss);
    }
    if (sack_permitted || timestamps) {
        if (!(sack_permitted && timestamps))
            put_kind(text, 1, 1);
        if (sack_permitted)
            put_kind(text, 4, 2);
    }
    if (timestamps) {
        put_kind(text, 8, 10);
        put32(text, options->tsval);
        put32(text, options->tsecr);
    }
    if (options->present & TCP_OPT_WSCALE) {
        put8(text, 1);
        put_kind(text, 3, 3);
        put8(text, options->wscale);
    }
    put_sack(text, options);
}

/* What libnet says of its own failure. Its strings end in a newline up to 1.1.6, later ones don't. */
static bool libnet_fault(struct fault *fault, const char *words)
{
    return fault_set(fault, FAULT_LOCAL, "libnet: %.*s", (int)strcspn(words, "\n"), words);
}

static bool open_socket(struct sender *sender, const struct sender_config *config, struct fault *fault)
{
    int family = config->family == 6 ? AF_INET6 : AF_INET;

    /* IPPROTO_RAW implies that we bring the IP header, for both families, and receives nothing. */
    sender->net->fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (sender->net->fd < 0) {
        if (errno == EPERM || errno == EACCES)
            return privilege_fault(fault, "sending raw segments");
        return fault_set(fault, FAULT_LOCAL, "raw IPv%u socket: %s", config->family, strerror(errno));
    }
    if (config->device && setsockopt(sender->net->fd, SOL_SOCKET, SO_BINDTODEVICE, config->device,
                                     (socklen_t)strnlen(config->device, IFNAMSIZ - 1)) < 0) {
        if (errno == EPERM)
            return privilege_fault(fault, "binding to an interface");
        return fault_set(fault, FAULT_LOCAL, "interface %s: %s", config->device,
                         errno == ENODEV ? "no such interface" : strerror(errno));
    }
    return true;
}

bool sender_open(struct sender **out, const struct sender_config *config, struct fault *fault)
{
    char words[LIBNET_ERRBUF_SIZE];
    struct sender *sender = calloc(1, sizeof(*sender));

    *out = NULL;
    if (!sender)
        return fault_set(fault, FAULT_LOCAL, "out of memory");
    sender->family = config->family;
    sender->ttl = config->ttl ? config->ttl : TTL_DEFAULT;

    /*
     * LIBNET_NONE opens no socket and only builds. The context's descriptor and injection type are public
     * members: given a socket of ours, it writes as if it had opened one. libnet_destroy closes it.
     */
    sender->net = libnet_init(LIBNET_NONE, NULL, words);
    if (!sender->net) {
        libnet_fault(fault, words);
        goto failed;
    }
    sender->net->injection_type = config->family == 6 ? LIBNET_RAW6 : LIBNET_RAW4;
    if (!open_socket(sender, config, fault))
        goto failed;
    *out = sender;
    return true;

failed:
    sender_close(sender);
    return false;
}

void sender_close(struct sender *sender)
{
    if (!sender)
        return;
    if (sender->net)
        libnet_destroy(sender->net);
    free(sender);
}

/* Adds the IP header; false when libnet can't. length is that of header and payload of TCP. */
static bool build_ip(struct sender *sender, const struct flow *flow, const struct segment *segment, uint16_t length)
{
    uint8_t ttl = segment->ttl ? segment->ttl : sender->ttl;

    if (sender->family == 6) {
        struct libnet_in6_addr src, dst;
        memcpy(&src, flow->local.addr.bytes, sizeof(src));
        memcpy(&dst, flow->peer.addr.bytes, sizeof(dst));
        return libnet_build_ipv6(segment->tos, 0, length, IPPROTO_TCP, ttl, src, dst, NULL, 0, sender->net,
                                 LIBNET_PTAG_INITIALIZER) >= 0;
    }
    uint32_t src, dst;
    memcpy(&src, flow->local.addr.bytes, sizeof(src));
    memcpy(&dst, flow->peer.addr.bytes, sizeof(dst));
    return libnet_build_ipv4((uint16_t)(LIBNET_IPV4_H + length), segment->tos, segment->ip_id, DONT_FRAGMENT, ttl,
                             IPPROTO_TCP, 0, src, dst, NULL, 0, sender->net, LIBNET_PTAG_INITIALIZER) >= 0;
}

/*
 * Builds the whole packet anew: re-using libnet's blocks would leave IPv6's payload length as it was, and old
 * option blocks in the chain. libnet wants the highest layer first.
 */
static bool build(struct sender *sender, const struct flow *flow, const struct segment *segment, const uint8_t *payload)
{
    struct options_text options;
    libnet_ptag_t tcp;
    uint8_t *header;
    uint16_t length;

    libnet_clear_packet(sender->net);
    lay_out_options(&segment->options, &options);
    if (options.used > 0 &&
        libnet_build_tcp_options(options.bytes, options.used, sender->net, LIBNET_PTAG_INITIALIZER) < 0)
        return false;
    length = (uint16_t)(LIBNET_TCP_H + options.used + segment->len);
    tcp = libnet_build_tcp(flow->local.port, flow->peer.port, segment->seq, segment->ack, segment->flags,
                           segment->window, 0, segment->urgent, length, segment->len ? payload : NULL, segment->len,
                           sender->net, LIBNET_PTAG_INITIALIZER);
    if (tcp < 0)
        return false;
    if (segment->reserved) {
        /* libnet has no argument for them; the checksum comes later, over what stands here. */
        header = libnet_getpbuf(sender->net, tcp);
        header[12] = (uint8_t)((header[12] & 0xf0) | (segment->reserved & 0x0f));
    }
    return build_ip(sender, flow, segment, length);
}

/* Why the kernel did not take a segment, in words for the user. */
static bool refusal(struct fault *fault, const struct flow *flow, int error)
{
    char peer[ADDR_TEXT];

    addr_format(&flow->peer.addr, peer);
    switch (error) {
    case EPERM:
        return fault_set(fault, FAULT_LOCAL, "a local firewall refused our segment to %s", peer);
    case ENETUNREACH:
        return fault_set(fault, FAULT_UNREACHABLE, "no route to %s", peer);
    case EHOSTUNREACH:
        return fault_set(fault, FAULT_UNREACHABLE, "%s is unreachable from here (local route)", peer);
    case EACCES:
        return fault_set(fault, FAULT_UNREACHABLE, "a local route forbids %s, or it is a broadcast address", peer);
    case EINVAL:
        return fault_set(fault, FAULT_UNREACHABLE,
                         "the kernel takes no segment to %s: a blackhole route, or an address that can't be used",
                         peer);
    case ENETDOWN:
    case ENXIO:
    case ENODEV:
        return fault_set(fault, FAULT_LOCAL, "the interface towards %s went down", peer);
    case EMSGSIZE:
        return fault_set(fault, FAULT_LOCAL, "our segment to %s is larger than the interface's MTU", peer);
    case ENOBUFS:
    case ENOMEM:
    case EAGAIN:
        return fault_set(fault, FAULT_LOCAL, "the kernel has no room for our segment to %s", peer);
    default:
        return fault_set(fault, FAULT_LOCAL, "sending to %s: %s", peer, strerror(error));
    }
}

bool sender_send(struct sender *sender, const struct flow *flow, const struct segment *segment, const uint8_t *payload,
                 struct fault *fault)
{
    if (segment->len > LIBNET_MAX_PACKET - LIBNET_IPV6_H - LIBNET_TCP_H - OPTIONS_MAX)
        return fault_set(fault, FAULT_LOCAL, "a segment of %u bytes fits in no IP packet", segment->len);
    if (!build(sender, flow, segment, payload))
        return libnet_fault(fault, libnet_geterror(sender->net));
    errno = 0;
    if (libnet_write(sender->net) >= 0)
        return true;
    if (errno == 0)
        return libnet_fault(fault, libnet_geterror(sender->net));
    return refusal(fault, flow, errno);
}
