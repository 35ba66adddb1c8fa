/*
 * lwip: lwIP as a TCP peer on a network interface, with the services of README.md.
 *
 * usage: lwip INTERFACE IPV4 IPV6 SOCKET
 *
 * lwIP has the interface's hardware address and these two addresses in a /24 and a /64; the kernel must not have them.
 * It says "ready" on its standard output, then one line of JSON for each TCP segment that it sends, with the state that
 * lwIP's own lists of connections (PCBs) have for it. Whoever connects to the Unix socket is told these lists.
 *
 * All of it is one thread: lwIP's core is called from the loop in main(), as in a system without threads.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Its own inet_ntoa and the like would hide those of the C library. */
#define LWIP_COMPAT_SOCKETS 0
#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/prot/tcp.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>
#include <netif/ethernet.h>

enum { FRAME_MAX = 2048, LINES = 256, MTU = 1500 };

/* The services; ECHOES to SHUTS_DOWN are ports as in the lab. */
enum {
    ECHO = 7,
    DISCARD = 9,
    PAGE = 80,
    RESET = 9001,
    UNREAD,
    NEVER_CLOSES,
    CLOSES_LATE,
    CLOSES_FIRST,
    SHUTS_DOWN = 9013
};

static const u16_t PORTS[] = {ECHO, DISCARD, PAGE, RESET, UNREAD, NEVER_CLOSES, CLOSES_LATE, CLOSES_FIRST, SHUTS_DOWN};

static const char PAGE_BYTES[] = "HTTP/1.0 200 OK\r\n\r\nlwIP\r\n";

static int device = -1; /* the packet socket on the interface */

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "lwip: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- the witness ---------------------------------------------------------------------------------------------------- */

static const char *name_of(enum tcp_state state)
{
    static const char *const NAMES[] = {"CLOSED",      "LISTEN",     "SYN-SENT",   "SYN-RECEIVED",
                                        "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT",
                                        "CLOSING",     "LAST-ACK",   "TIME-WAIT"};

    return NAMES[state];
}

/* What lwIP's lists have for a connection of these two ports; the tests have one peer. */
static const char *state_of(u16_t local, u16_t remote)
{
    const struct tcp_pcb *pcb;
    const struct tcp_pcb_listen *listener;

    for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
        if (pcb->local_port == local && pcb->remote_port == remote)
            return name_of(pcb->state);
    for (pcb = tcp_tw_pcbs; pcb; pcb = pcb->next)
        if (pcb->local_port == local && pcb->remote_port == remote)
            return name_of(pcb->state);
    for (listener = tcp_listen_pcbs.listen_pcbs; listener; listener = listener->next)
        if (listener->local_port == local)
            return "LISTEN";
    return "CLOSED";
}

/* A segment that was sent. The state of a RST's sender is the one in which it leaves it, which is known later. */
struct sent {
    u16_t local, remote;
    uint8_t flags;
    u32_t seq, ack;
    unsigned len;
    const char *state; /* NULL: look it up */
};

static struct sent sent[LINES];
static size_t sents;

static void tell_sent(void)
{
    static const char LETTERS[] = "FSRP.UEW"; /* as tcpwalk writes them */

    for (size_t i = 0; i < sents; i++) {
        const struct sent *s = &sent[i];
        char flags[9] = "";
        size_t n = 0;

        for (unsigned bit = 0; bit < 8; bit++)
            if (s->flags & (1U << bit))
                flags[n++] = LETTERS[bit];
        printf("{\"local\":%u,\"remote\":%u,\"flags\":\"%s\",\"seq\":%u,\"ack\":%u,\"len\":%u,\"states\":[\"%s\"]}\n",
               s->local, s->remote, flags, s->seq, s->ack, s->len, s->state ? s->state : state_of(s->local, s->remote));
    }
    sents = 0;
    fflush(stdout);
}

/* lwIP is about to send an IP packet whose payload begins there. */
static void note_sent(const struct pbuf *p, size_t ip_header, uint8_t protocol)
{
    const uint8_t *bytes = p->payload;
    struct tcp_hdr tcp;
    struct sent *s;

    if (protocol != IPPROTO_TCP || p->len < ip_header + sizeof tcp)
        return;
    if (sents == LINES)
        tell_sent();
    memcpy(&tcp, bytes + ip_header, sizeof tcp);
    s = &sent[sents++];
    s->local = ntohs(tcp.src);
    s->remote = ntohs(tcp.dest);
    s->flags = (uint8_t)ntohs(tcp._hdrlen_rsvd_flags);
    s->seq = ntohl(tcp.seqno);
    s->ack = ntohl(tcp.ackno);
    s->len = (unsigned)(p->tot_len - ip_header - 4U * (ntohs(tcp._hdrlen_rsvd_flags) >> 12));
    s->state = s->flags & TCP_RST ? NULL : state_of(s->local, s->remote);
}

static err_t output4(struct netif *netif, struct pbuf *p, const ip4_addr_t *to)
{
    const uint8_t *bytes = p->payload;

    note_sent(p, 4U * (bytes[0] & 15U), bytes[9]);
    return etharp_output(netif, p, to);
}

static err_t output6(struct netif *netif, struct pbuf *p, const ip6_addr_t *to)
{
    const uint8_t *bytes = p->payload;

    note_sent(p, 40, bytes[6]);
    return ethip6_output(netif, p, to);
}

static void tell_list(FILE *to, const struct tcp_pcb *pcb)
{
    for (; pcb; pcb = pcb->next)
        fprintf(to, "%u %u %s\n", pcb->local_port, pcb->remote_port, name_of(pcb->state));
}

/* All connections, one a line: local port, remote port, state. */
static void tell_asker(int listener)
{
    int fd = accept(listener, NULL, NULL);
    FILE *to = fd < 0 ? NULL : fdopen(fd, "w");

    if (!to)
        die("accept");
    tell_list(to, tcp_active_pcbs);
    tell_list(to, tcp_tw_pcbs);
    fclose(to);
}

/* ---- the services --------------------------------------------------------------------------------------------------- */

/* The port of a connection's listener is its argument; (void *)1 beyond that says that the peer's FIN has come. */
static const uintptr_t AT_END = 1U << 16;

static err_t close_it(struct tcp_pcb *pcb)
{
    /* What a connection that is closed still gets is lwIP's business. */
    tcp_recv(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
    return tcp_close(pcb);
}

/* A connection that is to be closed or shut down when lwIP is done with the segment at hand: if that has a FIN, lwIP would
 * else take it back from LAST-ACK to CLOSE-WAIT, or reset it. */
static struct tcp_pcb *ending;

static void lost(void *arg, err_t error)
{
    (void)arg;
    (void)error;
    ending = NULL;
}

static void end_later(struct tcp_pcb *pcb)
{
    ending = pcb;
    tcp_err(pcb, lost);
}

static void end_now(void)
{
    struct tcp_pcb *pcb = ending;

    if (!pcb)
        return;
    ending = NULL;
    tcp_err(pcb, NULL);
    if ((uintptr_t)pcb->callback_arg == SHUTS_DOWN)
        tcp_shutdown(pcb, 0, 1);
    else
        close_it(pcb);
}

/* Closes half a second after the peer's FIN, or a little less: lwIP calls it every half second. */
static err_t polled(void *arg, struct tcp_pcb *pcb)
{
    return (uintptr_t)arg & AT_END ? close_it(pcb) : ERR_OK;
}

static err_t at_end(uintptr_t port, struct tcp_pcb *pcb)
{
    switch (port) {
    case NEVER_CLOSES:
        return ERR_OK;
    case CLOSES_LATE:
        tcp_arg(pcb, (void *)(port | AT_END));
        tcp_poll(pcb, polled, 1);
        return ERR_OK;
    case RESET:
        tcp_abort(pcb);
        return ERR_ABRT;
    default:
        return close_it(pcb);
    }
}

static err_t received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    uintptr_t port = (uintptr_t)arg;

    (void)error;
    if (!p)
        return at_end(port, pcb);
    /* Kept by lwIP, and offered again. */
    if (port == ECHO && tcp_sndbuf(pcb) < p->tot_len)
        return ERR_MEM;
    if (port == ECHO)
        for (const struct pbuf *part = p; part; part = part->next)
            tcp_write(pcb, part->payload, part->len, TCP_WRITE_FLAG_COPY);
    /* What is not called received is unread, for which lwIP resets. */
    if (port != UNREAD)
        tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    if (port == RESET) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    if (port == PAGE) {
        tcp_recv(pcb, NULL);
        tcp_write(pcb, PAGE_BYTES, sizeof PAGE_BYTES - 1, 0);
        end_later(pcb);
    }
    return port == UNREAD ? close_it(pcb) : ERR_OK;
}

static err_t accepted(void *arg, struct tcp_pcb *pcb, err_t error)
{
    uintptr_t port = (uintptr_t)arg;

    if (error != ERR_OK || !pcb)
        return ERR_VAL;
    tcp_arg(pcb, arg);
    tcp_recv(pcb, received);
    if (port == CLOSES_FIRST || port == SHUTS_DOWN)
        end_later(pcb);
    return ERR_OK;
}

static void serve(u16_t port)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);

    if (!pcb || tcp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK || !(pcb = tcp_listen(pcb)))
        die("listen");
    tcp_arg(pcb, (void *)(uintptr_t)port);
    tcp_accept(pcb, accepted);
}

/* ---- the interface -------------------------------------------------------------------------------------------------- */

static err_t link_output(struct netif *netif, struct pbuf *p)
{
    uint8_t frame[FRAME_MAX];
    u16_t n = pbuf_copy_partial(p, frame, sizeof frame, 0);

    (void)netif;
    return write(device, frame, n) == n ? ERR_OK : ERR_IF;
}

static err_t start_interface(struct netif *netif)
{
    netif->name[0] = 'p';
    netif->name[1] = 's';
    netif->output = output4;
    netif->output_ip6 = output6;
    netif->linkoutput = link_output;
    netif->mtu = MTU;
    netif->flags |=
        NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP | NETIF_FLAG_MLD6;
    return ERR_OK;
}

static void take_frame(struct netif *netif)
{
    uint8_t frame[FRAME_MAX];
    ssize_t n = read(device, frame, sizeof frame);
    struct pbuf *p;

    if (n < 0)
        die("read");
    /* Not from the pool: Debian's library has buffers there that are smaller than it takes them for. */
    p = pbuf_alloc(PBUF_RAW, (u16_t)n, PBUF_RAM);
    if (p && (pbuf_take(p, frame, (u16_t)n) != ERR_OK || ethernet_input(p, netif) != ERR_OK))
        pbuf_free(p);
}

/* Opens the interface and reads its hardware address. */
static void open_device(const char *name, uint8_t address[ETH_HWADDR_LEN])
{
    struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    struct ifreq request = {0};
    const int on = 1;

    device = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
    strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
    if (device < 0 || ioctl(device, SIOCGIFHWADDR, &request) < 0)
        die(name);
    memcpy(address, request.ifr_hwaddr.sa_data, ETH_HWADDR_LEN);
    at.sll_ifindex = (int)if_nametoindex(name);
    /* What the kernel itself sends there is not for us. */
    if (setsockopt(device, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) < 0 ||
        bind(device, (struct sockaddr *)&at, sizeof at) < 0)
        die(name);
}

static int open_witness(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strncpy(at.sun_path, path, sizeof at.sun_path - 1);
    unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 8) < 0)
        die(path);
    return fd;
}

static void add_addresses(struct netif *netif, const char *address4, const char *address6)
{
    ip4_addr_t own, mask, none = {0};
    ip6_addr_t own6;
    s8_t slot = -1;

    if (!ip4addr_aton(address4, &own) || !ip6addr_aton(address6, &own6))
        die("addresses");
    IP4_ADDR(&mask, 255, 255, 255, 0);
    if (!netif_add(netif, &own, &mask, &none, NULL, start_interface, ethernet_input))
        die("interface");
    netif_set_default(netif);
    netif_set_up(netif);
    netif_create_ip6_linklocal_address(netif, 1);
    netif_ip6_addr_set_state(netif, 0, IP6_ADDR_PREFERRED);
    if (netif_add_ip6_address(netif, &own6, &slot) != ERR_OK)
        die(address6);
    netif_ip6_addr_set_state(netif, slot, IP6_ADDR_PREFERRED);
}

int main(int argc, char **argv)
{
    static struct netif netif;
    struct pollfd fds[2] = {{.events = POLLIN}, {.events = POLLIN}};

    if (argc != 5) {
        fprintf(stderr, "usage: lwip INTERFACE IPV4 IPV6 SOCKET\n");
        return 2;
    }
    open_device(argv[1], netif.hwaddr);
    netif.hwaddr_len = ETH_HWADDR_LEN;
    lwip_init();
    add_addresses(&netif, argv[2], argv[3]);
    for (size_t i = 0; i < sizeof PORTS / sizeof *PORTS; i++)
        serve(PORTS[i]);
    fds[0].fd = device;
    fds[1].fd = open_witness(argv[4]);
    puts("ready");
    fflush(stdout);

    for (;;) {
        u32_t sleep = sys_timeouts_sleeptime();

        if (poll(fds, 2, sleep > 1000 ? 1000 : (int)sleep) < 0)
            die("poll");
        if (fds[0].revents)
            take_frame(&netif);
        end_now();
        sys_check_timeouts();
        tell_sent();
        if (fds[1].revents)
            tell_asker(fds[1].fd);
    }
}
