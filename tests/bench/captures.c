/*
 * captures: writes a capture for the bench.
 *
 * usage: captures short|bulk CONNECTIONS FILE
 *        captures repeat PACKETS FILE SAMPLE
 *
 * short: that many connections of seven segments (opened, closed in four), a thousand at a time, in random order, with
 * timestamps. bulk: each has 2000 segments of data with an ACK for every second one, ten at a time. Nanosecond pcap,
 * Ethernet, IPv4; a segment every microsecond; payload is cut off behind the headers. The same numbers every time.
 *
 * repeat: SAMPLE, another such capture, again and again, until there are so many packets: each time later, and between other
 * addresses (the second byte of both counts up).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIN = 1, SYN = 2, ACK = 16, PSH = 8, AT_ONCE = 1000, BULK = 3000 };

struct talk {
    uint32_t seq[2], clock[2], echo[2];
    uint16_t port;
    uint32_t host, step;
};

/* Nanoseconds, Ethernet. */
static const uint32_t file_head[] = {0xa1b23c4d, 2 | 4 << 16, 0, 0, 65535, 1};
static uint64_t chance = 1;
static FILE *out;
static uint64_t now = UINT64_C(1700000000) * 1000000000;

static uint32_t draw(void)
{
    chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(chance >> 32);
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value);
}

static void send(struct talk *talk, int from, int flags, uint32_t length)
{
    uint8_t frame[66] = {[12] = 8, [14] = 0x45, [20] = 0x40, [22] = 64, [23] = 6};
    uint32_t ms = (uint32_t)((now - UINT64_C(1700000000) * 1000000000) / 1000000), head[4];
    uint8_t *tcp = frame + 34;

    put16(frame + 16, 52 + length);
    put32(frame + 26 + 4 * from, 0x0a000000 + talk->host);
    put32(frame + 30 - 4 * from, 0x0a800001);
    put16(tcp + 2 * from, talk->port);
    put16(tcp + 2 - 2 * from, 443);
    put32(tcp + 4, talk->seq[from]);
    put32(tcp + 8, flags == SYN ? 0 : talk->seq[!from]);
    tcp[12] = 8 << 4;
    tcp[13] = (uint8_t)flags;
    put16(tcp + 14, 64240);
    memcpy(tcp + 20, (const uint8_t[]){1, 1, 8, 10}, 4);
    put32(tcp + 24, talk->clock[from] + ms);
    put32(tcp + 28, talk->echo[from]);
    talk->echo[!from] = talk->clock[from] + ms;
    talk->seq[from] += length + ((flags & SYN) != 0) + ((flags & FIN) != 0);
    head[0] = (uint32_t)(now / 1000000000);
    head[1] = (uint32_t)(now % 1000000000);
    head[2] = sizeof(frame);
    head[3] = sizeof(frame) + length;
    fwrite(head, sizeof(head), 1, out);
    fwrite(frame, sizeof(frame), 1, out);
    now += 1000;
}

/* The next segment of it; false when there are no more. */
static int step(struct talk *talk, int bulk)
{
    uint32_t n = talk->step++, last = bulk ? BULK + 3 : 3;

    if (n < 3) {
        send(talk, n == 1, n == 0 ? SYN : n == 1 ? SYN | ACK : ACK, 0);
    } else if (n < last) {
        int ack = n % 3 == 2;
        send(talk, ack, ack ? ACK : ACK | PSH, ack ? 0 : 1448);
    } else if (n < last + 4) {
        static const int from[] = {0, 1, 1, 0}, flags[] = {FIN | ACK, ACK, FIN | ACK, ACK};
        send(talk, from[n - last], flags[n - last], 0);
    }
    return n + 1 < last + 4;
}

static int make(int bulk, uint32_t count)
{
    static struct talk talks[AT_ONCE];
    uint32_t started = 0, active = 0, at_once = bulk ? 10 : AT_ONCE;

    while (started < count || active > 0) {
        uint32_t i;
        for (; active < at_once && started < count; started++)
            talks[active++] = (struct talk){.seq = {draw(), draw()},
                                            .clock = {draw() >> 2, draw() >> 2},
                                            .port = (uint16_t)(1024 + started % 60000),
                                            .host = 1 + started / 60000};
        i = draw() % active;
        if (!step(&talks[i], bulk))
            talks[i] = talks[--active];
    }
    return 1;
}

/* One more time; returns how many packets that were. Times of the sample count from its first packet. */
static uint32_t once_more(FILE *sample, uint8_t round)
{
    uint64_t began = 0, later = now, at = 0;
    uint32_t packets = 0, head[4];
    uint8_t bytes[65536];

    while (fread(head, sizeof(head), 1, sample) == 1 && head[2] <= sizeof(bytes) &&
           fread(bytes, head[2], 1, sample) == 1) {
        at = (uint64_t)head[0] * 1000000000 + head[1];
        if (packets++ == 0)
            began = at;
        now = later + (at - began);
        head[0] = (uint32_t)(now / 1000000000);
        head[1] = (uint32_t)(now % 1000000000);
        bytes[14 + 13] += round;
        bytes[14 + 17] += round;
        fwrite(head, sizeof(head), 1, out);
        fwrite(bytes, head[2], 1, out);
    }
    now += 1000000000;
    return packets;
}

static int repeat(const char *path, uint32_t count)
{
    FILE *sample = fopen(path, "r");
    uint32_t head[6], packets = 0, some = 1;

    if (!sample || fread(head, sizeof(head), 1, sample) != 1 || head[0] != file_head[0] || head[5] != file_head[5])
        return 0;
    for (unsigned round = 0; packets < count && round < 256 && some > 0; round++) {
        fseek(sample, sizeof(head), SEEK_SET);
        some = once_more(sample, (uint8_t)round);
        packets += some;
    }
    fclose(sample);
    return packets >= count;
}

int main(int argc, char **argv)
{
    int again = argc == 5 && strcmp(argv[1], "repeat") == 0;
    uint32_t count;

    if ((argc != 4 && !again) || !(out = fopen(argv[3], "w")))
        return 2;
    count = (uint32_t)strtoul(argv[2], NULL, 10);
    fwrite(file_head, sizeof(file_head), 1, out);
    if (!(again ? repeat(argv[4], count) : make(strcmp(argv[1], "bulk") == 0, count)))
        return 1;
    return fclose(out) == 0 ? 0 : 1;
}
