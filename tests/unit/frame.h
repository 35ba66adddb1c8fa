/*
 * Frames for the tests of src/wire: a small writer, the samples made with it, and a guard page to read them
 * against. It shares no code with the readers.
 */
#ifndef UNIT_FRAME_H
#define UNIT_FRAME_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wire/packet.h"

#define FRAME_MAX 2048

struct frame {
    int link;
    uint32_t used;
    uint32_t headers_end; /* past the last byte that must be there to read it */
    uint32_t ip_end;      /* past the last byte that the IP header counts */
    uint8_t at[FRAME_MAX];
};

static inline void put(struct frame *frame, const void *bytes, uint32_t n)
{
    if (n > FRAME_MAX - frame->used)
        abort();
    if (n > 0)
        memcpy(frame->at + frame->used, bytes, n);
    frame->used += n;
}

#define PUT(frame, ...) put(frame, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static inline void put_fill(struct frame *frame, uint8_t byte, uint32_t n)
{
    while (n-- > 0)
        put(frame, &byte, 1);
}

static inline void set16(struct frame *frame, uint32_t at, uint32_t value)
{
    frame->at[at] = (uint8_t)(value >> 8);
    frame->at[at + 1] = (uint8_t)value;
}

/* A link header that promises the IP version; VLAN tags come by put_vlan() right after it. */
static inline void put_link(struct frame *frame, int link, uint8_t version)
{
    uint8_t high = version == 4 ? 0x08 : 0x86, low = version == 4 ? 0x00 : 0xdd;

    *frame = (struct frame){.link = link};
    switch (link) {
    case LINK_ETHERNET:
        PUT(frame, 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, high, low);
        break;
    case LINK_LINUX_SLL:
        PUT(frame, 0, 4, 3, 4, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, high, low);
        break;
    case LINK_LINUX_SLL2:
        PUT(frame, high, low, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0);
        break;
    case LINK_NULL:
        PUT(frame, version == 4 ? 2 : 30, 0, 0, 0);
        break;
    case LINK_LOOP:
        PUT(frame, 0, 0, 0, version == 4 ? 2 : 24);
        break;
    default:
        break;
    }
}

/* Pushes a tag of the given type between the EtherType, at type_at, and what it announced. */
static inline void put_vlan(struct frame *frame, uint32_t type_at, uint16_t tag_type)
{
    uint8_t inner[2];

    memcpy(inner, frame->at + type_at, 2);
    set16(frame, type_at, tag_type);
    PUT(frame, 0x60, 0x2a, inner[0], inner[1]);
}

#define V4_SRC 192, 0, 2, 1
#define V4_DST 198, 51, 100, 2
#define V6_SRC 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
#define V6_DST 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2

/* An IPv4 header with options of 4 * words bytes; returns where it is, for end_v4(). */
static inline uint32_t put_v4(struct frame *frame, uint8_t protocol, uint8_t words)
{
    uint32_t at = frame->used;

    PUT(frame, (uint8_t)(0x45 + words), 0x10, 0, 0, 0x12, 0x34, 0x40, 0, 64, protocol, 0xde, 0xad, V4_SRC,
        V4_DST);
    put_fill(frame, 1, 4u * words);
    return at;
}

static inline void end_v4(struct frame *frame, uint32_t at)
{
    set16(frame, at + 2, frame->used - at);
    frame->ip_end = frame->used;
}

static inline uint32_t put_v6(struct frame *frame, uint8_t next)
{
    uint32_t at = frame->used;

    PUT(frame, 0x6b, 0x81, 0x23, 0x45, 0, 0, next, 57, V6_SRC, V6_DST);
    return at;
}

static inline void end_v6(struct frame *frame, uint32_t at)
{
    set16(frame, at + 4, frame->used - at - 40);
    frame->ip_end = frame->used;
}

/* Every extension header that is walked, TCP after the last; the first is hop-by-hop options (0). */
static inline void put_extensions(struct frame *frame)
{
    PUT(frame, 43, 0, 1, 4, 0, 0, 0, 0);                         /* hop-by-hop options: PadN */
    PUT(frame, 60, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0); /* routing, 16 bytes */
    PUT(frame, 44, 0, 1, 4, 0, 0, 0, 0);                         /* destination options */
    PUT(frame, 51, 0, 0, 0, 0, 0, 0, 9);                         /* atomic fragment */
    PUT(frame, 6, 4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3); /* AH, 24 bytes */
}

#define TS_OPTION 1, 1, 8, 10, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88
#define SYN_OPTIONS 2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0x11, 0x22, 0x33, 0x44, 0, 0, 0, 0, 1, 3, 3, 7

/* A TCP header: port 40000 to 80, seq 0x01020304, ack 0x0a0b0c0d, window 64240, urgent 0x0708; n bytes of
 * options. */
static inline void put_tcp(struct frame *frame, uint8_t flags, const uint8_t *options, uint32_t n)
{
    if (n % 4 != 0 || n > 40)
        abort();
    PUT(frame, 0x9c, 0x40, 0, 80, 1, 2, 3, 4, 10, 11, 12, 13, (uint8_t)((5 + n / 4) << 4), flags, 0xfa, 0xf0,
        0xbe, 0xef, 7, 8);
    put(frame, options, n);
    frame->headers_end = frame->used;
}

#define PUT_TCP(frame, flags, ...)                                                                           \
    put_tcp(frame, flags, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* A whole frame around one plain segment: no options but timestamps, and payload bytes of 'x'. */
static inline void make_segment(struct frame *frame, int link, uint8_t version, uint32_t payload)
{
    uint32_t ip;

    put_link(frame, link, version);
    ip = version == 4 ? put_v4(frame, 6, 0) : put_v6(frame, 6);
    PUT_TCP(frame, TCP_ACK | TCP_PSH, TS_OPTION);
    put_fill(frame, 'x', payload);
    if (version == 4)
        end_v4(frame, ip);
    else
        end_v6(frame, ip);
}

static inline void sample_syn(struct frame *frame)
{
    uint32_t ip;

    put_link(frame, LINK_ETHERNET, 4);
    ip = put_v4(frame, 6, 0);
    PUT_TCP(frame, TCP_SYN, SYN_OPTIONS);
    end_v4(frame, ip);
}

/* An ACK without options, padded to the smallest Ethernet frame. */
static inline void sample_padded(struct frame *frame)
{
    uint32_t ip;

    put_link(frame, LINK_ETHERNET, 4);
    ip = put_v4(frame, 6, 0);
    put_tcp(frame, TCP_ACK, NULL, 0);
    end_v4(frame, ip);
    put_fill(frame, 0xee, 6);
}

static inline void sample_sack(struct frame *frame)
{
    uint32_t ip;

    put_link(frame, LINK_ETHERNET, 4);
    ip = put_v4(frame, 6, 10);
    PUT_TCP(frame, TCP_ACK, TS_OPTION, 1, 1, 5, 26, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0,
            5, 0, 0, 0, 6);
    put_fill(frame, 'x', 33);
    end_v4(frame, ip);
}

static inline void sample_vlan(struct frame *frame)
{
    uint32_t ip;

    put_link(frame, LINK_ETHERNET, 6);
    put_vlan(frame, 12, 0x88a8);
    put_vlan(frame, 16, 0x8100);
    ip = put_v6(frame, 6);
    PUT_TCP(frame, TCP_ACK | TCP_FIN, TS_OPTION);
    put_fill(frame, 'x', 5);
    end_v6(frame, ip);
}

static inline void sample_extensions(struct frame *frame)
{
    uint32_t ip;

    put_link(frame, LINK_RAW, 6);
    ip = put_v6(frame, 0);
    put_extensions(frame);
    PUT_TCP(frame, TCP_ACK, TS_OPTION);
    put_fill(frame, 'x', 9);
    end_v6(frame, ip);
}

static inline void sample_sll(struct frame *frame)
{
    make_segment(frame, LINK_LINUX_SLL, 6, 11);
}

static inline void sample_sll2(struct frame *frame)
{
    make_segment(frame, LINK_LINUX_SLL2, 4, 11);
}

static inline void sample_null(struct frame *frame)
{
    make_segment(frame, LINK_NULL, 6, 1);
}

static inline void sample_loop(struct frame *frame)
{
    make_segment(frame, LINK_LOOP, 4, 0);
}

/* "Fragmentation needed", next-hop MTU 1400, about a segment from V4_SRC with 8 bytes of IP options. */
static inline void sample_icmp(struct frame *frame)
{
    uint32_t ip;

    put_link(frame, LINK_ETHERNET, 4);
    ip = put_v4(frame, 1, 0);
    PUT(frame, 3, 4, 0xbe, 0xef, 0, 0, 0x05, 0x78);
    set16(frame, put_v4(frame, 6, 2) + 2, 1500);
    PUT(frame, 0x9c, 0x40, 0, 80, 1, 2, 3, 4);
    frame->headers_end = frame->used;
    end_v4(frame, ip);
    put_fill(frame, 0, 2);
}

/* "Packet too big", MTU 1280, about a segment behind extension headers. */
static inline void sample_icmp6(struct frame *frame)
{
    uint32_t ip;

    put_link(frame, LINK_RAW_FILE, 6);
    ip = put_v6(frame, 58);
    PUT(frame, 2, 0, 0xbe, 0xef, 0, 0, 0x05, 0x00);
    set16(frame, put_v6(frame, 0) + 4, 1400);
    put_extensions(frame);
    PUT_TCP(frame, TCP_ACK, TS_OPTION);
    frame->headers_end -= 24; /* ports and sequence number are enough */
    end_v6(frame, ip);
}

/* Every good input; a test may rely on each being read as a segment or an ICMP error. */
static void (*const samples[])(struct frame *frame) = {
    sample_syn,  sample_padded, sample_sack, sample_vlan, sample_extensions, sample_sll,
    sample_sll2, sample_null,   sample_loop, sample_icmp, sample_icmp6,
};

#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

/* A page that can be written, and behind it one that can't be touched. */
static inline uint8_t *guard_end(void)
{
    static uint8_t *end;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (!end) {
        uint8_t *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pages == MAP_FAILED || mprotect(pages + page, page, PROT_NONE) != 0)
            abort();
        end = pages + page;
    }
    return end;
}

/* Reads the first captured bytes with the forbidden page right behind them. */
static inline void read_guarded(const struct frame *frame, uint32_t captured, uint32_t wire_length,
                                struct packet *out)
{
    uint8_t *at = guard_end() - captured;

    memcpy(at, frame->at, captured);
    packet_read(frame->link, at, captured, wire_length, out);
}

static inline struct packet read_frame(const struct frame *frame)
{
    struct packet packet;

    read_guarded(frame, frame->used, frame->used, &packet);
    return packet;
}

#endif
