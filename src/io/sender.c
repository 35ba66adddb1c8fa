#include "io/sender.h"

#include <errno.h>
#include <libnet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "io/privilege.h"
#include "io/random.h"

#define TTL_DEFAULT 64
#define DONT_FRAGMENT 0x4000 /* flags and fragment offset of the IPv4 header */
#define MORE_FRAGMENTS 0x2000
#define MORE_FRAGMENTS6 1 /* likewise of IPv6's fragment header, whose offset has no need to be shifted */
#define CHECKSUM_AT 16    /* in the TCP header */

struct sender {
    libnet_t *net; /* owned, with its socket */
    uint8_t family;
    uint8_t ttl;
};

/* The option bytes of one segment. */
struct options_text {
    uint8_t bytes[TCP_OPTIONS_MAX];
    uint8_t used;
};

/* What an IP packet carries: a whole segment, or a piece of one. */
struct load {
    uint8_t protocol;     /* of what bytes begin with */
    uint16_t len;         /* of the whole load, also where libnet has it already */
    uint16_t id;          /* IPv4 */
    uint16_t place;       /* IPv4: flags and fragment offset */
    const uint8_t *bytes; /* NULL: built before */
};

/* A piece of a segment that goes out in several. */
struct piece {
    const uint8_t *bytes;
    uint16_t len;
    uint32_t at; /* where it belongs in the segment, in bytes */
    bool more;   /* it is not the last */
    uint32_t id; /* of all pieces of the segment */
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
    uint8_t room = (uint8_t)((TCP_OPTIONS_MAX - text->used - 4) / 8);
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

bool sender_bind(struct sender *sender, const char *device, struct fault *fault)
{
    socklen_t length = (socklen_t)strnlen(device, IFNAMSIZ - 1);

    if (setsockopt(sender->net->fd, SOL_SOCKET, SO_BINDTODEVICE, device, length) == 0)
        return true;
    if (errno == EPERM)
        return privilege_fault(fault, "binding to an interface");
    return fault_set(fault, FAULT_LOCAL, "interface %s: %s", device,
                     errno == ENODEV ? "no such interface" : strerror(errno));
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
    return config->device ? sender_bind(sender, config->device, fault) : true;
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

/* Option bytes by hand, as they are; zero ends the list (RFC 9293 3.1) and fills the last word. */
static void copy_options(const struct crafted *crafted, struct options_text *text)
{
    memset(text->bytes, 0, sizeof(text->bytes));
    memcpy(text->bytes, crafted->options, crafted->options_len);
    text->used = (uint8_t)((crafted->options_len + 3) / 4 * 4);
}

static struct load whole_load(const struct segment *segment, uint16_t len, const uint8_t *bytes)
{
    return (struct load){
        .protocol = IPPROTO_TCP, .len = len, .id = segment->ip_id, .place = DONT_FRAGMENT, .bytes = bytes};
}

/* Adds the IP header; false when libnet can't. */
static bool build_ip(struct sender *sender, const struct flow *flow, const struct segment *segment,
                     const struct load *load)
{
    uint8_t ttl = segment->ttl ? segment->ttl : sender->ttl;
    uint32_t attached = load->bytes ? load->len : 0;

    if (sender->family == 6) {
        struct libnet_in6_addr src, dst;
        memcpy(&src, flow->local.addr.bytes, sizeof(src));
        memcpy(&dst, flow->peer.addr.bytes, sizeof(dst));
        return libnet_build_ipv6(segment->tos, 0, load->len, load->protocol, ttl, src, dst, load->bytes, attached,
                                 sender->net, LIBNET_PTAG_INITIALIZER) >= 0;
    }
    uint32_t src, dst;
    memcpy(&src, flow->local.addr.bytes, sizeof(src));
    memcpy(&dst, flow->peer.addr.bytes, sizeof(dst));
    return libnet_build_ipv4((uint16_t)(LIBNET_IPV4_H + load->len), segment->tos, load->id, load->place, ttl,
                             load->protocol, 0, src, dst, load->bytes, attached, sender->net,
                             LIBNET_PTAG_INITIALIZER) >= 0;
}

/* The half byte of the data offset and the four reserved bits: libnet has no argument for them. */
static void patch_offset(struct sender *sender, libnet_ptag_t tcp, const struct segment *segment)
{
    uint8_t *byte = libnet_getpbuf(sender->net, tcp) + 12;
    uint8_t offset = *byte >> 4;

    if (segment->crafted && segment->crafted->has_offset)
        offset = segment->crafted->offset;
    *byte = (uint8_t)(offset << 4 | (segment->reserved & 0x0f));
}

/*
 * Builds the whole packet anew: re-using libnet's blocks would leave IPv6's payload length as it was, and old
 * option blocks in the chain. libnet wants the highest layer first.
 */
static bool build(struct sender *sender, const struct flow *flow, const struct segment *segment, const uint8_t *payload)
{
    struct options_text options;
    struct load load;
    libnet_ptag_t tcp;

    libnet_clear_packet(sender->net);
    if (segment->crafted && segment->crafted->has_options)
        copy_options(segment->crafted, &options);
    else
        lay_out_options(&segment->options, &options);
    if (options.used > 0 &&
        libnet_build_tcp_options(options.bytes, options.used, sender->net, LIBNET_PTAG_INITIALIZER) < 0)
        return false;
    load = whole_load(segment, (uint16_t)(LIBNET_TCP_H + options.used + segment->len), NULL);
    tcp = libnet_build_tcp(flow->local.port, flow->peer.port, segment->seq, segment->ack, segment->flags,
                           segment->window, 0, segment->urgent, load.len, segment->len ? payload : NULL, segment->len,
                           sender->net, LIBNET_PTAG_INITIALIZER);
    if (tcp < 0)
        return false;
    /* The checksum comes later, over what stands here. */
    if (segment->reserved || segment->crafted)
        patch_offset(sender, tcp, segment);
    return build_ip(sender, flow, segment, &load);
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

/* Gives what is built to the kernel. */
static bool write_built(struct sender *sender, const struct flow *flow, struct fault *fault)
{
    errno = 0;
    if (libnet_write(sender->net) >= 0)
        return true;
    if (errno == 0)
        return libnet_fault(fault, libnet_geterror(sender->net));
    return refusal(fault, flow, errno);
}

/*
 * Takes what is built as bytes that malloc made, the right checksum in them. libnet hands them out only for its
 * advanced link layer, of which it wants no more than the name, and puts some room ahead of them there.
 */
static bool take_built(struct sender *sender, uint8_t **packet, uint32_t *size, struct fault *fault)
{
    int type = sender->net->injection_type;
    uint8_t *culled;
    bool taken;

    sender->net->injection_type = LIBNET_LINK_ADV;
    taken = libnet_adv_cull_packet(sender->net, &culled, size) >= 0;
    *packet = taken ? malloc(*size) : NULL;
    if (*packet)
        memcpy(*packet, culled, *size);
    if (taken)
        libnet_adv_free_packet(sender->net, culled);
    sender->net->injection_type = type;
    if (!taken)
        return libnet_fault(fault, libnet_geterror(sender->net));
    return *packet ? true : fault_set(fault, FAULT_LOCAL, "out of memory");
}

/* Puts another checksum where the right one is. */
static void spoil_checksum(const struct crafted *crafted, uint8_t *tcp)
{
    uint16_t sum = (uint16_t)(tcp[CHECKSUM_AT] << 8 | tcp[CHECKSUM_AT + 1]);

    if (crafted->bad_checksum) {
        /* One in 65535 is 0, and the inverse of that is 0 as well, in ones' complement: it would be right. */
        sum = sum == 0 ? 1 : (uint16_t)~sum;
    } else if (crafted->has_checksum) {
        sum = crafted->checksum;
    }
    tcp[CHECKSUM_AT] = (uint8_t)(sum >> 8);
    tcp[CHECKSUM_AT + 1] = (uint8_t)sum;
}

/* Sends bytes of TCP's as the load of an IP packet. */
static bool send_load(struct sender *sender, const struct flow *flow, const struct segment *segment,
                      const struct load *load, struct fault *fault)
{
    if (!build_ip(sender, flow, segment, load))
        return libnet_fault(fault, libnet_geterror(sender->net));
    return write_built(sender, flow, fault);
}

/* Sends one piece, `at` bytes into what the pieces make up. */
static bool send_piece(struct sender *sender, const struct flow *flow, const struct segment *segment,
                       const struct piece *piece, struct fault *fault)
{
    struct load load = {.protocol = IPPROTO_TCP, .len = piece->len, .id = (uint16_t)piece->id, .bytes = piece->bytes};

    libnet_clear_packet(sender->net);
    load.place = (uint16_t)(piece->at / 8 | (piece->more ? MORE_FRAGMENTS : 0));
    if (sender->family == 6) {
        /* The one builder of libnet's that wants its numbers in network order. */
        uint16_t place = htons((uint16_t)(piece->at | (piece->more ? MORE_FRAGMENTS6 : 0)));
        if (libnet_build_ipv6_frag(IPPROTO_TCP, 0, place, htonl(piece->id), piece->bytes, piece->len, sender->net,
                                   LIBNET_PTAG_INITIALIZER) < 0)
            return libnet_fault(fault, libnet_geterror(sender->net));
        load = (struct load){.protocol = IPPROTO_FRAGMENT, .len = (uint16_t)(LIBNET_IPV6_FRAG_H + piece->len)};
    }
    return send_load(sender, flow, segment, &load, fault);
}

/* All pieces have one number, which the kernel must not choose: it would choose one for each. */
static bool send_pieces(struct sender *sender, const struct flow *flow, const struct segment *segment,
                        const uint8_t *bytes, uint32_t size, struct fault *fault)
{
    struct piece piece = {.id = segment->ip_id};
    uint16_t most = segment->crafted->fragment;

    while ((uint16_t)piece.id == 0)
        if (!random_u32(&piece.id, fault))
            return false;
    for (; piece.at < size; piece.at += piece.len) {
        piece.bytes = bytes + piece.at;
        piece.more = size - piece.at > most;
        piece.len = (uint16_t)(piece.more ? most : size - piece.at);
        if (!send_piece(sender, flow, segment, &piece, fault))
            return false;
    }
    return true;
}

/* What libnet does not send as it builds it: a wrong checksum, or pieces. */
static bool send_spoiled(struct sender *sender, const struct flow *flow, const struct segment *segment,
                         struct fault *fault)
{
    uint32_t ahead = sender->family == 6 ? LIBNET_IPV6_H : LIBNET_IPV4_H, size;
    const struct crafted *crafted = segment->crafted;
    uint8_t *packet;
    bool sent;

    if (!take_built(sender, &packet, &size, fault))
        return false;
    size -= ahead;
    spoil_checksum(crafted, packet + ahead);
    if (crafted->fragment > 0 && size > crafted->fragment) {
        sent = send_pieces(sender, flow, segment, packet + ahead, size, fault);
    } else {
        struct load whole = whole_load(segment, (uint16_t)size, packet + ahead);
        libnet_clear_packet(sender->net);
        sent = send_load(sender, flow, segment, &whole, fault);
    }
    free(packet);
    return sent;
}

static bool check_crafted(const struct crafted *crafted, struct fault *fault)
{
    if (crafted->options_len > TCP_OPTIONS_MAX)
        return fault_set(fault, FAULT_LOCAL, "a segment has no room for %u bytes of options", crafted->options_len);
    if (crafted->fragment % 8 != 0)
        return fault_set(fault, FAULT_LOCAL, "fragments of %u bytes: not a multiple of 8", crafted->fragment);
    return true;
}

bool sender_send(struct sender *sender, const struct flow *flow, const struct segment *segment, const uint8_t *payload,
                 struct fault *fault)
{
    const struct crafted *crafted = segment->crafted;

    if (segment->len > LIBNET_MAX_PACKET - LIBNET_IPV6_H - LIBNET_TCP_H - TCP_OPTIONS_MAX)
        return fault_set(fault, FAULT_LOCAL, "a segment of %u bytes fits in no IP packet", segment->len);
    if (crafted && !check_crafted(crafted, fault))
        return false;
    if (!build(sender, flow, segment, payload))
        return libnet_fault(fault, libnet_geterror(sender->net));
    if (crafted && (crafted->has_checksum || crafted->bad_checksum || crafted->fragment > 0))
        return send_spoiled(sender, flow, segment, fault);
    return write_built(sender, flow, fault);
}
