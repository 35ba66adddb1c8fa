/*
 * A segment as a value: what its header says, in host order, without its bytes; and an ICMP error about one.
 * Every layer speaks in these.
 */
#ifndef CORE_SEGMENT_H
#define CORE_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/nanos.h"

/* The control bits in header order (RFC 9293 3.1), and the order of tcpdump's letters. */
enum tcp_flag {
    TCP_FIN = 0x01,
    TCP_SYN = 0x02,
    TCP_RST = 0x04,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_URG = 0x20,
    TCP_ECE = 0x40,
    TCP_CWR = 0x80,
};

/* Presence bits: an option's value counts only when its bit is set. */
enum tcp_option_bit {
    TCP_OPT_MSS = 0x01,
    TCP_OPT_WSCALE = 0x02,
    TCP_OPT_SACK_PERMITTED = 0x04,
    TCP_OPT_TIMESTAMPS = 0x08,
    TCP_OPT_SACK = 0x10,
    TCP_OPT_CUT = 0x20,       /* of a capture: what follows was not captured */
    TCP_OPT_OTHER = 0x40,     /* an option of another kind was there */
    TCP_OPT_MALFORMED = 0x80, /* a length that can't be: the options from there on were not read */
};

#define SACK_BLOCKS_MAX 4

struct sack_block {
    uint32_t left;  /* first number of the block */
    uint32_t right; /* one past its last */
};

struct tcp_options {
    uint8_t present; /* TCP_OPT_* bits */
    uint8_t wscale;
    uint16_t mss;
    uint32_t tsval;
    uint32_t tsecr;
    uint8_t sack_count; /* 0 to SACK_BLOCKS_MAX */
    struct sack_block sack[SACK_BLOCKS_MAX];
};

/* The most that the header's data offset leaves for options (RFC 9293 3.1), in bytes. */
#define TCP_OPTIONS_MAX 40

/* What a segment made by hand shall say against its better knowledge: for the sender alone. */
struct crafted {
    bool has_options;  /* these option bytes, padded with zeros to a multiple of four, and no others */
    bool has_offset;   /* the data offset field, whatever the options take */
    bool has_checksum; /* this checksum, in host order */
    bool bad_checksum; /* the right checksum with all its bits inverted */
    uint8_t options[TCP_OPTIONS_MAX];
    uint8_t options_len;
    uint8_t offset; /* in words of four bytes, 0 to 15 */
    uint16_t checksum;
    uint16_t fragment; /* split into IP fragments of so many bytes of payload, a multiple of 8; 0: whole */
};

struct segment {
    uint32_t seq;
    uint32_t ack;    /* meaningful with TCP_ACK only */
    uint32_t len;    /* bytes of payload, as the IP header counts them (SYN and FIN not included) */
    uint16_t window; /* as on the wire, unscaled */
    uint16_t urgent;
    uint8_t flags;    /* TCP_* bits */
    uint8_t reserved; /* the four bits between data offset and CWR */
    uint8_t ttl;      /* TTL or hop limit */
    uint8_t tos;      /* type of service or traffic class */
    uint16_t ip_id;   /* IPv4 identification, 0 for IPv6 */
    struct tcp_options options;
    const struct crafted *crafted; /* on its way out: what is wrong about it on purpose; else NULL (borrowed) */
};

/* A segment written down, as far as a belief asks what it says; with none but the common options. */
struct brief_segment {
    nanos at;
    uint32_t seq, ack, len, tsval, tsecr;
    uint16_t window, mss, ip_id;
    uint8_t flags, from, present, wscale; /* from: which end has sent it */
};

/* ... and between whom it passed, over IPv4 and in no virtual network: all in one line of a processor's cache. */
struct glimpse {
    struct brief_segment segment; /* but for from */
    uint64_t src, dst;            /* endpoint_word() */
    uint64_t packet;              /* of the capture, from 1 */
};

/* Are these options all that can be written down? */
static inline bool segment_is_plain(const struct tcp_options *options)
{
    return !(options->present & ~(TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_PERMITTED | TCP_OPT_TIMESTAMPS));
}

/* The sequence numbers a segment occupies: its bytes, and one each for SYN and FIN (RFC 9293 3.4). */
static inline uint32_t segment_span(const struct segment *segment)
{
    return segment->len + ((segment->flags & TCP_SYN) ? 1 : 0) + ((segment->flags & TCP_FIN) ? 1 : 0);
}

static inline bool segment_has(const struct segment *segment, uint8_t flags)
{
    return (segment->flags & flags) == flags;
}

/* An ICMP or ICMPv6 error that quotes a segment of ours. */
struct icmp_error {
    struct addr from; /* who sent it */
    uint8_t family;   /* 4: ICMP, 6: ICMPv6 */
    uint8_t type;
    uint8_t code;
    uint32_t mtu;               /* next-hop MTU for "fragmentation needed" and "packet too big", else 0 */
    struct endpoint quoted_src; /* of the quoted segment: ours */
    struct endpoint quoted_dst;
    uint32_t quoted_seq;
};

/* Room for the eight letters of segment_flags_text and a null. */
#define FLAGS_TEXT 10

/* tcpdump's letters: F S R P . U E W in its order ("S.", "F.", "P."), "none" for no flags. Returns out. */
char *segment_flags_text(uint8_t flags, char out[FLAGS_TEXT]);

/*
 * The name of an ICMP error in the field's words ("port-unreachable", "admin-prohibited",
 * "time-exceeded"); "other" for a code that has none. Static text.
 */
const char *icmp_error_name(const struct icmp_error *error);

/* All names that icmp_error_name() can give, each once, counted from 0; NULL when there are no more. Static text. */
const char *icmp_error_name_at(unsigned index);

#endif
