/*
 * server: a kernel TCP peer that accepts, reads, and closes when the other side has closed.
 *
 * usage: server FIRST_PORT COUNT
 *
 * It listens on COUNT ports, so that the bench can give each batch of connections a port of its own and tell
 * them apart in the capture. Says "ready" on its standard output, then serves until it is killed.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024, EVENTS = 64 };

static const uint64_t LISTENER = UINT64_C(1) << 32; /* in epoll_event.data.u64, beside the descriptor */

static void die(const char *what)
{
    fprintf(stderr, "server: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void watch(int ep, int fd, uint64_t mark)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = mark | (uint64_t)(unsigned)fd};

    if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) < 0)
        die("epoll_ctl");
}

static void listen_on(int ep, uint16_t port)
{
    const int on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
        die("socket");
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, BACKLOG) < 0)
        die("listen");
    watch(ep, fd, LISTENER);
}

static void accept_all(int ep, int listener)
{
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        watch(ep, fd, 0);
}

/* Throws away what came; closes on the peer's FIN, and on its RST. */
static void drain(int fd)
{
    char buf[4096];
    ssize_t n;

    do
        n = read(fd, buf, sizeof buf);
    while (n > 0);
    if (n == 0 || errno != EAGAIN)
        close(fd);
}

int main(int argc, char **argv)
{
    int ep = epoll_create1(EPOLL_CLOEXEC);

    if (argc != 3) {
        fprintf(stderr, "usage: server FIRST_PORT COUNT\n");
        return 2;
    }
    if (ep < 0)
        die("epoll_create1");
    int first = atoi(argv[1]), count = atoi(argv[2]);

    for (int i = 0; i < count; i++)
        listen_on(ep, (uint16_t)(first + i));
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct epoll_event ev[EVENTS];
        int n = epoll_wait(ep, ev, EVENTS, -1);

        for (int i = 0; i < n; i++) {
            int fd = (int)(ev[i].data.u64 & UINT32_MAX);

            if (ev[i].data.u64 & LISTENER)
                accept_all(ep, fd);
            else
                drain(fd);
        }
    }
}
