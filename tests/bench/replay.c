/*
 * replay: sends the frames of a capture (captures.c) on an interface, evenly, so many a second.
 *
 * usage: replay INTERFACE FILE RATE
 *
 * What the capture has cut off of a frame is sent as zeros. Each burst of BURST frames waits for its time, awake; one that is
 * late is sent at once. Prints how many frames were sent, and in how many seconds.
 */
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

enum { BURST = 32, FILE_HEAD = 24, PACKET_HEAD = 16 };

static uint8_t zeros[65536];

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int open_socket(const char *interface)
{
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface)};
    int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1;

    if (fd < 0 || to.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        return -1;
    /* Frames go to the interface without a queue in between, which could lose some. */
    if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) < 0)
        return -1;
    return fd;
}

static int send_all(int fd, struct mmsghdr *burst, unsigned count)
{
    unsigned sent = 0;

    while (sent < count) {
        int more = sendmmsg(fd, burst + sent, count - sent, 0);
        if (more < 0)
            return 0;
        sent += (unsigned)more;
    }
    return 1;
}

/* The next burst of the file: how many frames. */
static unsigned load(uint8_t **at, const uint8_t *end, struct mmsghdr *burst, struct iovec (*parts)[2])
{
    unsigned count = 0;

    while (count < BURST && end - *at > PACKET_HEAD) {
        uint32_t kept, length;
        memcpy(&kept, *at + 8, sizeof(kept));
        memcpy(&length, *at + 12, sizeof(length));
        parts[count][0] = (struct iovec){*at + PACKET_HEAD, kept};
        parts[count][1] = (struct iovec){zeros, length - kept};
        burst[count].msg_hdr = (struct msghdr){.msg_iov = parts[count], .msg_iovlen = length > kept ? 2 : 1};
        *at += PACKET_HEAD + kept;
        count++;
    }
    return count;
}

int main(int argc, char **argv)
{
    struct mmsghdr burst[BURST];
    struct iovec parts[BURST][2];
    struct stat status;
    unsigned long sent = 0;
    int file, fd;
    uint8_t *bytes, *at;
    double rate, began;
    unsigned count;

    if (argc != 4 || (file = open(argv[2], O_RDONLY)) < 0 || fstat(file, &status) < 0 || (rate = atof(argv[3])) <= 0)
        return 2;
    bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    fd = open_socket(argv[1]);
    if (bytes == MAP_FAILED || fd < 0)
        return 5;
    at = bytes + FILE_HEAD;
    began = now();
    while ((count = load(&at, bytes + status.st_size, burst, parts)) > 0) {
        while (now() < began + (double)sent / rate)
            continue;
        if (!send_all(fd, burst, count))
            return 5;
        sent += count;
    }
    printf("%lu %.3f\n", sent, now() - began);
    return 0;
}
