/*
 * kconnect: the kernel's own client, to hold tcpwalk against.
 *
 * usage: kconnect [-c] [-l] HOST PORT
 *
 * Makes COUNT connections (1) one after another with a blocking connect(), resting GAP_US microseconds (2000)
 * before each but the first, and ends each with a RST, as `tcpwalk open` does; with -c by shutdown, reading
 * the peer's end of file, and close. -l keeps the CPUs out of deep sleep by holding /dev/cpu_dma_latency at 0
 * (exit status 5 where it can't).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(const char *what, int status)
{
    fprintf(stderr, "kconnect: %s: %s\n", what, strerror(errno));
    return status;
}

/* Opens the connection and ends it; 0, or an exit status. */
static int one(const struct sockaddr_in *to, bool close_in_order)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    int status = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return fail("socket", 5);
    if (connect(fd, (const struct sockaddr *)to, sizeof *to) < 0)
        status = fail("connect", 3);
    else if (close_in_order) {
        char c;

        if (shutdown(fd, SHUT_WR) < 0 || read(fd, &c, 1) != 0)
            status = fail("close", 1);
    } else
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    return status;
}

static int hold_cpus_awake(void)
{
    const int32_t none = 0;
    int fd = open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, &none, sizeof none) != sizeof none)
        return fail("/dev/cpu_dma_latency", 5);
    return 0; /* held until the process ends */
}

int main(int argc, char **argv)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    bool close_in_order = false;
    int c, status = 0;

    while ((c = getopt(argc, argv, "cl")) != -1) {
        if (c == 'c')
            close_in_order = true;
        else if (c == 'l')
            status = hold_cpus_awake();
        else
            return 2;
        if (status)
            return status;
    }
    if (argc - optind != 2 || inet_pton(AF_INET, argv[optind], &to.sin_addr) != 1) {
        fprintf(stderr, "usage: kconnect [-c] [-l] HOST PORT\n");
        return 2;
    }
    to.sin_port = htons((uint16_t)atoi(argv[optind + 1]));
    return one(&to, close_in_order);
}
