/*
 * A listener whose accept queue is full when the third ACK comes.
 *
 * Theory of operation
 *
 * Linux looks at the accept queue twice: at the SYN, which it drops without a word when the queue is full,
 * and at the third ACK, which it ignores when the queue is full (and counts in ListenOverflows); the
 * connection then stays in SYN-RECEIVED and the SYN-ACK is repeated. To show the second, the queue must
 * become full between the two. It is full when it holds more connections than the backlog, and the backlog of
 * a listening socket can be changed by a further listen(2). So the listener never accepts, its queue holds
 * one connection of our own (the filler), and:
 *
 *   OPEN    backlog 1: the queue has room. A filter on the listener (the door) lets only SYNs through, so that a third
 *           ACK that comes before we are in SHUT is lost, as if the network had dropped it. Left when a SYN to the port
 *           is seen (a raw socket is told of it) and the kernel shows the connection in SYN-RECEIVED, usually well
 *           under a millisecond later.
 *   SHUT    backlog 0: the queue is full. The door is off: every ACK and all data is refused by the kernel for the
 *           overflow itself, and so are further SYNs, without a word. Left when the kernel shows no connection in
 *           SYN-RECEIVED any more: the client has reset it, or tcp_synack_retries have passed (63 s). It is asked four
 *           times a second, in this state only.
 *
 * What a client sees is the same in both: its third ACK does not help, and the SYN-ACK comes again after 1 s,
 * 3 s, ... What it never sees is a queue with room. Honest to a fault: the very first third ACK of a fast
 * client falls to the door and not to the queue; all later ones fall to the queue.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/behaviours.h"
#include "lab/server.h"

#define WAIT_MS 1000               /* at most, for the filler to arrive */
#define SHORTLY (1 * NANOS_PER_MS) /* from the SYN's sighting to the next look at the kernel */
#define LOOKS 20                   /* so many, then the SYN came to nothing */
#define SHUT_LOOKS (250 * NANOS_PER_MS)

struct queue_full {
    struct listener *listener;
    int filler;        /* our own connection, in the accept queue for good */
    struct watch wire; /* raw: sees the SYNs and RSTs to the port */
    struct watch timer;
    struct mnl_socket *diag; /* (owned) */
    bool shut;
    bool hurried; /* the next look has been brought forward */
    int looks;    /* left */
};

/* The door, on the listener: the filter's bytes begin with the TCP header. SYN without ACK passes. */
static bool close_door(int fd)
{
    struct sock_filter only_syn[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TH_SYN | TH_ACK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TH_SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {.len = 5, .filter = only_syn};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

static bool open_door(int fd)
{
    return setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &(int){0}, sizeof(int)) == 0;
}

/*
 * A raw socket for SYNs and RSTs to the port. The filter's bytes begin with the IP header on IPv4, with TCP's on
 * IPv6.
 */
static int comings_and_goings(uint8_t family, uint16_t port)
{
    struct sock_filter to_port[] = {
        family == 4 ? (struct sock_filter)BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0)
                    : (struct sock_filter)BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 0),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 5),
        BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TH_RST, 2, 0),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TH_SYN | TH_ACK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TH_SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {.len = 9, .filter = to_port};
    int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Puts our own connection into the accept queue and waits until it is there; -1 with errno. */
static int open_filler(const struct listener *listener)
{
    const struct endpoint to = listener_reachable_at(listener);
    struct sockaddr_storage sa;
    socklen_t size = endpoint_to_sockaddr(&to, &sa);
    int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)&sa, size) < 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    /* Readable: a connection is in the queue. */
    struct pollfd queue = {.fd = listener->watch.fd, .events = POLLIN};
    if (poll(&queue, 1, WAIT_MS) == 1)
        return fd;
    close(fd);
    errno = ETIMEDOUT;
    return -1;
}

static int count_one(const struct nlmsghdr *message, void *context)
{
    unsigned *count = context;

    if (message->nlmsg_type == SOCK_DIAG_BY_FAMILY)
        ++*count;
    return MNL_CB_OK;
}

/* How many connections the kernel holds in SYN-RECEIVED on the listener's port; -1 when it can't be asked. */
static int half_open(const struct queue_full *full)
{
    const struct listener *listener = full->listener;
    char buffer[8192];
    unsigned portid = mnl_socket_get_portid(full->diag), count = 0;
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    request->nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    struct inet_diag_req_v2 *query = mnl_nlmsg_put_extra_header(request, sizeof(*query));

    query->sdiag_family = listener->at.family == 4 ? AF_INET : AF_INET6;
    query->sdiag_protocol = IPPROTO_TCP;
    query->idiag_states = 1U << TCP_SYN_RECV;
    query->id.idiag_sport = htons(listener->service->port);
    if (mnl_socket_sendto(full->diag, request, request->nlmsg_len) < 0)
        return -1;
    int more = MNL_CB_OK;
    while (more > MNL_CB_STOP) {
        ssize_t got = mnl_socket_recvfrom(full->diag, buffer, sizeof(buffer));
        if (got < 0)
            return -1;
        more = mnl_cb_run(buffer, (size_t)got, 0, portid, count_one, &count);
    }
    return more < 0 ? -1 : (int)count;
}

/* OPEN to SHUT: the queue is full before the door opens. */
static void shut(struct queue_full *full)
{
    int fd = full->listener->watch.fd;

    full->shut = listen(fd, 0) == 0 && open_door(fd);
    (void)server_pause(full->listener->server, &full->timer, full->shut ? SHUT_LOOKS : SHORTLY,
                       full->shut ? SHUT_LOOKS : SHORTLY);
}

/* SHUT to OPEN: the door is closed before the queue has room. */
static void reopen(struct queue_full *full)
{
    int fd = full->listener->watch.fd;

    if (!close_door(fd) || listen(fd, 1) < 0)
        return;
    full->shut = false;
    (void)server_pause(full->listener->server, &full->timer, 0, 0);
}

/* In OPEN, after a SYN was seen. Where the kernel can't be asked, a millisecond must do. */
static void look(struct queue_full *full)
{
    int count = half_open(full);

    if (count > 0 || (count < 0 && full->looks < LOOKS))
        shut(full);
    else if (full->looks-- == 0)
        (void)server_pause(full->listener->server, &full->timer, 0, 0);
}

/*
 * A SYN or a RST: the raw socket is told before TCP itself is, so what the segment does may not be done yet.
 * Hence the looks a moment later.
 */
static void wire_stirs(struct server *server, void *holder, uint32_t events)
{
    struct queue_full *full = holder;
    char byte;

    (void)events;
    while (recv(full->wire.fd, &byte, 1, MSG_TRUNC) >= 0)
        ;
    if (full->shut) {
        if (!full->hurried)
            (void)server_pause(server, &full->timer, SHORTLY, SHUT_LOOKS);
        full->hurried = true;
        return;
    }
    full->looks = LOOKS;
    (void)server_pause(server, &full->timer, SHORTLY, SHORTLY);
    look(full);
}

static void look_again(struct server *server, void *holder, uint32_t events)
{
    struct queue_full *full = holder;

    (void)server;
    (void)events;
    if (!timer_take(&full->timer))
        return;
    full->hurried = false;
    if (!full->shut)
        look(full);
    else if (half_open(full) == 0)
        reopen(full);
}

static void disarm(struct listener *listener)
{
    struct queue_full *full = listener->means;

    watch_close(&full->wire);
    watch_close(&full->timer);
    if (full->filler >= 0)
        close(full->filler);
    if (full->diag)
        mnl_socket_close(full->diag);
    free(full);
    listener->means = NULL;
}

static bool arm(struct listener *listener, struct fault *fault)
{
    struct queue_full *full = calloc(1, sizeof(*full));

    if (!full)
        return fault_set(fault, FAULT_LOCAL, "out of memory");
    full->listener = listener;
    full->timer = (struct watch){.fd = -1, .holder = full, .ready = look_again};
    full->wire = (struct watch){.fd = -1, .holder = full, .ready = wire_stirs};
    listener->means = full;
    full->filler = open_filler(listener);
    if (full->filler < 0 || !close_door(listener->watch.fd))
        return fault_set(fault, FAULT_LOCAL, "can't fill the accept queue: %s", strerror(errno));
    full->diag = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
    full->wire.fd = comings_and_goings(listener->at.family, listener->service->port);
    if (!full->diag || mnl_socket_bind(full->diag, 0, MNL_SOCKET_AUTOPID) < 0 || full->wire.fd < 0 ||
        !server_watch(listener->server, &full->wire, EPOLLIN))
        return fault_set(fault, FAULT_LOCAL, "can't watch for SYNs: %s", strerror(errno));
    return true;
}

const struct lab_behaviour behaviour_queue_full = {
    .backlog = 1,
    .arm = arm,
    .disarm = disarm,
};
