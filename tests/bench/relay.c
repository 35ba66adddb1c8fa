/*
 * relay: a slow wire between two network interfaces.
 *
 * usage: relay NEAR FAR HOLD_US
 *
 * Every frame that arrives on NEAR leaves on FAR after HOLD_US microseconds; every frame that arrives on FAR
 * leaves on NEAR at once. The client behind NEAR has thus gone to sleep when its answer comes, and the answer
 * comes from the CPU this process is pinned to: that is how a real host meets a real network. (A bare veth
 * pair runs the peer inside the client's own system call, so nobody ever sleeps.)
 *
 * Frames travel with their virtio header, so that checksums the kernel has left unfinished stay marked as
 * such. All frames are held equally long, hence the queue is first in, first out. A full queue makes the
 * relay stop reading; frames larger than a slot are dropped (the bench sends none).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 1024, FRAME_MAX = 2048 };

struct held {
    int64_t due; /* monotonic nanoseconds */
    size_t len;
    unsigned char bytes[FRAME_MAX];
};

struct queue {
    struct held slot[SLOTS];
    unsigned head, count;
};

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* A packet socket on interface `name` that sees only what arrives there. */
static int open_port(const char *name)
{
    const int on = 1;
    struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        die("packet socket");
    if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) < 0)
        die("PACKET_VNET_HDR");
    if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) < 0)
        die("PACKET_IGNORE_OUTGOING");
    at.sll_ifindex = (int)if_nametoindex(name);
    if (at.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0)
        die(name);
    return fd;
}

/* Reads one frame; its length, or 0 when there is none (or it did not fit). */
static size_t take(int fd, unsigned char *to)
{
    ssize_t len = recv(fd, to, FRAME_MAX, MSG_TRUNC);

    return len > 0 && len <= FRAME_MAX ? (size_t)len : 0;
}

static void take_held(int fd, struct queue *q, int64_t hold)
{
    while (q->count < SLOTS) {
        struct held *h = &q->slot[(q->head + q->count) % SLOTS];

        h->len = take(fd, h->bytes);
        if (h->len == 0)
            return;
        h->due = now_ns() + hold;
        q->count++;
    }
}

static void pass_through(int from, int to)
{
    unsigned char frame[FRAME_MAX];
    size_t len;

    while ((len = take(from, frame)) > 0)
        (void)!send(to, frame, len, 0);
}

/* The hold time that was asked for; the relay ends when nobody can ask any more. */
static int64_t read_hold(void)
{
    char line[32];
    ssize_t len = read(STDIN_FILENO, line, sizeof line - 1);

    if (len <= 0)
        exit(0);
    line[len] = '\0';
    puts("ready");
    fflush(stdout);
    return strtoll(line, NULL, 10) * 1000;
}

/* Sends what is due; the nanoseconds until the next frame is, or -1 when none is held. */
static int64_t send_due(int fd, struct queue *q)
{
    while (q->count > 0) {
        struct held *h = &q->slot[q->head];
        int64_t wait = h->due - now_ns();

        if (wait > 0)
            return wait;
        (void)!send(fd, h->bytes, h->len, 0);
        q->head = (q->head + 1) % SLOTS;
        q->count--;
    }
    return -1;
}

int main(int argc, char **argv)
{
    static struct queue q;

    if (argc != 3) {
        fprintf(stderr, "usage: relay NEAR FAR\n");
        return 2;
    }
    int near = open_port(argv[1]), far = open_port(argv[2]);
    int64_t hold = 0;

    prctl(PR_SET_TIMERSLACK, 1UL);
    for (;;) {
        int64_t wait = send_due(far, &q);
        struct timespec ts = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
        struct pollfd fd[] = {{.fd = far, .events = POLLIN},
                              {.fd = STDIN_FILENO, .events = POLLIN},
                              {.fd = near, .events = POLLIN}};

        if (ppoll(fd, q.count < SLOTS ? 3 : 2, wait < 0 ? NULL : &ts, NULL) < 0 && errno != EINTR)
            die("ppoll");
        /* First of all: an answer is never late because of a new frame. */
        if (fd[0].revents)
            pass_through(far, near);
        if (fd[1].revents)
            hold = read_hold();
        if (fd[2].revents)
            take_held(near, &q, hold);
    }
}
