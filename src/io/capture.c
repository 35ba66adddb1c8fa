/*
 * The filter lets through, of the flow's two hosts and in either direction
 *   - TCP with the flow's ports (the first fragment of a fragmented segment among it)
 *   - IPv4: every fragment; a fragment hides its ports
 *   - IPv6: what has extension headers, a fragment header among them; a filter does not follow their chain
 * and, from anyone, the ICMP or ICMPv6 errors that quote a packet. An ICMPv6 error that itself comes with
 * extension headers is not seen. What of this does not concern the flow is left to the caller.
 *
 * Of an unknown peer it lets through what begins a connection with our port.
 *
 * It compares addresses as numbers: libpcap takes an IPv6 address of a filter through the resolver, and
 * that reads the machine's name service configuration.
 */
#include "io/capture.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/text.h"
#include "io/privilege.h"

#define FILTER_TEXT 1200
#define ALL "any"        /* libpcap's name for all interfaces */
#define SLL2_INTERFACE 4 /* where its packets have the index, in network order: LINKTYPE_LINUX_SLL2 */

/* At most this much is thrown away at the start: a busy flow must not hold us there for good. */
#define STALE_MAX 4096

struct capture {
    pcap_t *pcap; /* owned */
    int fd;
    int link_type;
    bool coarse;
    u_int dropped;               /* as the kernel counted when last asked */
    char filter[FILTER_TEXT];    /* what is in force */
    bool all;                    /* it is of all interfaces */
    char interface[IF_NAMESIZE]; /* whose state matters; empty: none yet */
};

/* "and" for each 32-bit word of an address at an offset of the IP header. */
static void add_address(struct text *text, const char *protocol, int offset, const struct addr *addr)
{
    int words = addr->family == 6 ? 4 : 1;

    for (int i = 0; i < words; i++) {
        const uint8_t *b = addr->bytes + 4 * i;
        text_add(text, "%s%s[%d:4]=0x%02x%02x%02x%02x", i ? " and " : "", protocol, offset + 4 * i, b[0], b[1], b[2],
                 b[3]);
    }
}

/* From the one to the other, whatever the protocol. */
static void add_hosts(struct text *text, const struct addr *src, const struct addr *dst)
{
    bool v6 = src->family == 6;
    const char *protocol = v6 ? "ip6" : "ip";

    add_address(text, protocol, v6 ? 8 : 12, src);
    text_add(text, " and ");
    add_address(text, protocol, v6 ? 24 : 16, dst);
}

/* TCP between the two ports, either way; local port 0: whatever port of ours. */
static void add_ports(struct text *text, const struct endpoint *a, const struct endpoint *b)
{
    bool v6 = a->addr.family == 6;
    const char *src = v6 ? "ip6[40:2]=" : "src port ", *dst = v6 ? "ip6[42:2]=" : "dst port ";

    text_add(text, v6 ? "(ip6[6]=6 and (" : "(tcp and (");
    if (a->port == 0)
        text_add(text, "%s%u or %s%u))", src, b->port, dst, b->port);
    else
        text_add(text, "(%s%u and %s%u) or (%s%u and %s%u)))", src, a->port, dst, b->port, src, b->port, dst, a->port);
}

static void write_filter(struct text *text, const struct flow *flow)
{
    const struct endpoint *a = &flow->local, *b = &flow->peer;

    text_add(text, "(((");
    add_hosts(text, &a->addr, &b->addr);
    text_add(text, ") or (");
    add_hosts(text, &b->addr, &a->addr);
    text_add(text, ")) and (");
    add_ports(text, a, b);
    if (a->addr.family == 6) {
        text_add(text, " or ip6[6]=0 or ip6[6]=43 or ip6[6]=44 or ip6[6]=51 or ip6[6]=60)"
                       " or (ip6[6]=58 and ip6[40]>=1 and ip6[40]<=4))");
    } else {
        text_add(text, " or ip[6:2]&0x3fff!=0)"
                       " or (icmp and (icmp[0]=3 or icmp[0]=4 or icmp[0]=11 or icmp[0]=12)))");
    }
}

/* SYN to our port, of TCP's flags neither ACK nor RST. */
static void write_syn_filter(struct text *text, const struct flow *flow)
{
    const struct endpoint *a = &flow->local, *b = &flow->peer;
    bool v6 = a->addr.family == 6;
    const char *protocol = v6 ? "ip6" : "ip";

    if (v6)
        text_add(text, "ip6[6]=6 and ip6[42:2]=%u and ip6[53]&0x16=2", a->port);
    else
        text_add(text, "tcp and dst port %u and tcp[13]&0x16=2", a->port);
    if (!addr_is_unspecified(&a->addr)) {
        text_add(text, " and ");
        add_address(text, protocol, v6 ? 24 : 16, &a->addr);
    }
    if (!addr_is_unspecified(&b->addr)) {
        text_add(text, " and ");
        add_address(text, protocol, v6 ? 8 : 12, &b->addr);
    }
}

/* blame: what kind of fault words are that libpcap does not understand. */
static bool set_filter(struct capture *capture, const char *words, enum fault_kind blame, struct fault *fault)
{
    struct bpf_program program;
    int result;

    if (pcap_compile(capture->pcap, &program, words, 1, PCAP_NETMASK_UNKNOWN) < 0)
        return fault_set(fault, blame, "capture filter: %s", pcap_geterr(capture->pcap));
    result = pcap_setfilter(capture->pcap, &program);
    pcap_freecode(&program);
    if (result < 0)
        return fault_set(fault, FAULT_LOCAL, "capture filter: %s", pcap_geterr(capture->pcap));
    snprintf(capture->filter, sizeof(capture->filter), "%s", words);
    return true;
}

/* The interface's flags (IFF_*), or -1 with errno. */
static int interface_flags(const struct capture *capture)
{
    struct ifreq request = {0};

    memcpy(request.ifr_name, capture->interface, sizeof(capture->interface));
    return ioctl(capture->fd, SIOCGIFFLAGS, &request) < 0 ? -1 : (unsigned short)request.ifr_flags;
}

/*
 * On loopback the kernel shows each packet twice, leaving and arriving. libpcap hides the first, but only
 * when it has taken its room in the ring; this keeps it out. (A filter that says "inbound" would lose the
 * first packet as well: libpcap runs the filter itself over the first of them, and can't tell directions
 * there.) Kernels before 4.20 don't know the option, and do without.
 */
static void keep_out_doubles(const struct capture *capture)
{
    int flags = interface_flags(capture), on = 1;

    if (flags >= 0 && (flags & IFF_LOOPBACK))
        (void)setsockopt(capture->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
}

/* Words for what pcap_activate returned. */
static bool activation_fault(struct capture *capture, const char *interface, int error, struct fault *fault)
{
    const char *words = pcap_geterr(capture->pcap);

    switch (error) {
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
        return privilege_fault(fault, "capturing");
    case PCAP_ERROR_NO_SUCH_DEVICE:
        return fault_set(fault, FAULT_LOCAL, "interface %s: no such interface", interface);
    case PCAP_ERROR_IFACE_NOT_UP:
        return fault_set(fault, FAULT_LOCAL, "interface %s: it is down", interface);
    default:
        return fault_set(fault, FAULT_LOCAL, "capturing on %s: %s", interface,
                         *words ? words : pcap_statustostr(error));
    }
}

/* How packets are to come. */
struct manner {
    uint32_t snaplen, ring_bytes;
    bool at_once; /* each when it is there; else in blocks */
    bool all;     /* also what is not for this machine, as far as the link carries it */
};

static bool activate(struct capture *capture, const char *interface, const struct manner *manner, struct fault *fault)
{
    pcap_t *pcap = capture->pcap;
    int result;

    pcap_set_snaplen(pcap, (int)manner->snaplen);
    pcap_set_buffer_size(pcap, (int)manner->ring_bytes);
    pcap_set_promisc(pcap, manner->all);
    /* Else the kernel hands packets over in blocks, up to a timeout late. */
    pcap_set_immediate_mode(pcap, manner->at_once);
    pcap_set_timeout(pcap, (int)(CAPTURE_LATE / NANOS_PER_MS));
    pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
    result = pcap_activate(pcap);
    if (result < 0)
        return activation_fault(capture, interface, result, fault);
    /* The older header of that device, its default, has no interface in it. */
    if (capture->all && pcap_set_datalink(pcap, DLT_LINUX_SLL2) < 0)
        return fault_set(fault, FAULT_LOCAL, "capturing on all interfaces: %s", pcap_geterr(pcap));
    capture->coarse = pcap_get_tstamp_precision(pcap) != PCAP_TSTAMP_PRECISION_NANO;
    capture->link_type = pcap_datalink(pcap);
    capture->fd = pcap_get_selectable_fd(pcap);
    return true;
}

/* Takes everything that waits: it came before the filter did, or before we had sent anything. */
static void throw_away_stale(struct capture *capture)
{
    struct captured packet;
    struct fault fault = {0};

    for (int i = 0; i < STALE_MAX; i++)
        if (capture_next(capture, &packet, &fault) != CAPTURE_PACKET)
            break;
}

static bool take_turns(struct capture *capture, struct fault *fault)
{
    char words[PCAP_ERRBUF_SIZE] = "";

    return pcap_setnonblock(capture->pcap, 1, words) >= 0 || fault_set(fault, FAULT_LOCAL, "capturing: %s", words);
}

/* What a flow that is known, or not yet, needs of the capture. */
static bool begin(struct capture *capture, const struct flow *flow, struct fault *fault)
{
    bool unknown = flow->peer.port == 0;
    char words[FILTER_TEXT];
    struct text text;

    text_init(&text, words, sizeof(words));
    if (unknown)
        write_syn_filter(&text, flow);
    else
        write_filter(&text, flow);
    if (!set_filter(capture, words, FAULT_LOCAL, fault) || !take_turns(capture, fault))
        return false;
    keep_out_doubles(capture);
    if (!unknown)
        throw_away_stale(capture);
    return true;
}

/* A capture of an interface, or of ALL, that is not active yet; NULL with a fault. */
static struct capture *create(const char *interface, struct fault *fault)
{
    char words[PCAP_ERRBUF_SIZE] = "";
    struct capture *capture = calloc(1, sizeof(*capture));

    if (!capture) {
        fault_set(fault, FAULT_LOCAL, "out of memory");
        return NULL;
    }
    capture->all = strcmp(interface, ALL) == 0;
    if (!capture->all)
        snprintf(capture->interface, sizeof(capture->interface), "%s", interface);
    capture->pcap = pcap_create(interface, words);
    if (capture->pcap)
        return capture;
    fault_set(fault, FAULT_LOCAL, "interface %s: %s", interface, words);
    capture_close(capture);
    return NULL;
}

bool capture_open(struct capture **out, const struct capture_config *config, struct fault *fault)
{
    const char *interface = config->interface ? config->interface : ALL;
    const struct manner manner = {
        .snaplen = config->snaplen ? config->snaplen : CAPTURE_SNAPLEN,
        .ring_bytes = config->ring_bytes ? config->ring_bytes : CAPTURE_RING,
        .at_once = true,
    };
    struct capture *capture = create(interface, fault);

    *out = NULL;
    if (!capture)
        return false;
    if (!activate(capture, interface, &manner, fault) || !begin(capture, &config->flow, fault)) {
        capture_close(capture);
        return false;
    }
    *out = capture;
    return true;
}

bool capture_watch(struct capture **out, const struct capture_watch_config *config, struct fault *fault)
{
    const struct manner manner = {
        .snaplen = config->snaplen ? config->snaplen : CAPTURE_SNAPLEN_HEADERS,
        .ring_bytes = config->ring_bytes ? config->ring_bytes : CAPTURE_RING_LARGE,
        .all = !config->mine_only,
    };
    struct capture *capture = create(config->interface, fault);

    *out = NULL;
    if (!capture)
        return false;
    if (!activate(capture, config->interface, &manner, fault) ||
        /* Also where all is let through: it is the filter that cuts packets off at the snapshot length. */
        !set_filter(capture, config->filter ? config->filter : "", FAULT_USAGE, fault) || !take_turns(capture, fault)) {
        capture_close(capture);
        return false;
    }
    keep_out_doubles(capture);
    *out = capture;
    return true;
}

bool capture_narrow(struct capture *capture, const struct flow *flow, unsigned arriving, unsigned leaving,
                    struct fault *fault)
{
    char words[FILTER_TEXT];
    struct text text;

    text_init(&text, words, sizeof(words));
    if (capture->all) {
        if (!if_indextoname(leaving, capture->interface))
            return fault_set(fault, FAULT_LOCAL, "interface %u: %s", leaving, strerror(errno));
        text_add(&text, "((ifindex %u and inbound) or (ifindex %u and outbound)) and ", arriving, leaving);
    }
    write_filter(&text, flow);
    keep_out_doubles(capture);
    return set_filter(capture, words, FAULT_LOCAL, fault);
}

unsigned capture_interface(const struct capture *capture, const struct captured *captured)
{
    const uint8_t *at = captured->bytes + SLL2_INTERFACE;

    if (!capture->all || captured->captured < SLL2_INTERFACE + 4)
        return 0;
    return (unsigned)at[0] << 24 | (unsigned)at[1] << 16 | (unsigned)at[2] << 8 | at[3];
}

int capture_fd(const struct capture *capture)
{
    return capture->fd;
}

int capture_link_type(const struct capture *capture)
{
    return capture->link_type;
}

bool capture_is_coarse(const struct capture *capture)
{
    return capture->coarse;
}

enum capture_result capture_next(struct capture *capture, struct captured *out, struct fault *fault)
{
    struct pcap_pkthdr *header;
    const u_char *bytes;
    int result = pcap_next_ex(capture->pcap, &header, &bytes);

    if (result == 1) {
        /* With nanosecond precision tv_usec holds nanoseconds. */
        nanos fraction = capture->coarse ? header->ts.tv_usec * NANOS_PER_US : header->ts.tv_usec;
        *out = (struct captured){.at = (nanos)header->ts.tv_sec * NANOS_PER_S + fraction,
                                 .bytes = bytes,
                                 .captured = header->caplen,
                                 .length = header->len};
        return CAPTURE_PACKET;
    }
    if (result == 0)
        return CAPTURE_EMPTY;
    fault_set(fault, FAULT_LOCAL, "capture: %s", pcap_geterr(capture->pcap));
    return CAPTURE_FAULT;
}

unsigned capture_dropped(struct capture *capture)
{
    struct pcap_stat stat;
    unsigned news;

    if (pcap_stats(capture->pcap, &stat) < 0)
        return 0;
    news = stat.ps_drop - capture->dropped; /* unsigned, so right across an overflow */
    capture->dropped = stat.ps_drop;
    return news;
}

void capture_describe(const struct capture *capture, struct capture_interface *out)
{
    *out = (struct capture_interface){.link_type = capture_link_in_files(capture->link_type),
                                      .snaplen = (uint32_t)pcap_snapshot(capture->pcap),
                                      .name = capture->all ? ALL : capture->interface,
                                      .filter = capture->filter};
}

bool capture_counts(struct capture *capture, uint64_t *received, uint64_t *dropped)
{
    struct pcap_stat stat;

    if (pcap_stats(capture->pcap, &stat) < 0)
        return false;
    *received = stat.ps_recv;
    *dropped = stat.ps_drop;
    return true;
}

/* libpcap keeps the table to itself; but it says so in the header of a file, at this place. */
#define HEADER_LINK_TYPE 20

uint16_t capture_link_in_files(int link_type)
{
    uint8_t header[64] = {0};
    uint32_t in_file = (uint32_t)link_type;
    pcap_t *dead = pcap_open_dead(link_type, UINT16_MAX);
    FILE *stream = fmemopen(header, sizeof(header), "w");
    pcap_dumper_t *dumper = dead && stream ? pcap_dump_fopen(dead, stream) : NULL;

    if (dumper) {
        pcap_dump_close(dumper); /* the stream too */
        memcpy(&in_file, header + HEADER_LINK_TYPE, sizeof(in_file));
    } else if (stream) {
        fclose(stream);
    }
    if (dead)
        pcap_close(dead);
    return (uint16_t)in_file;
}

bool capture_is_up(const struct capture *capture, struct fault *fault)
{
    int flags;

    if (capture->interface[0] == '\0')
        return true;
    flags = interface_flags(capture);
    if (flags < 0)
        return fault_set(fault, FAULT_LOCAL, "interface %s: %s", capture->interface,
                         errno == ENODEV ? "it is gone" : strerror(errno));
    if (!(flags & IFF_UP))
        return fault_set(fault, FAULT_LOCAL, "interface %s went down", capture->interface);
    return true;
}

void capture_close(struct capture *capture)
{
    if (!capture)
        return;
    if (capture->pcap)
        pcap_close(capture->pcap);
    free(capture);
}
