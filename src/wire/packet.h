/*
 * Captured bytes to a value: the way into this layer.
 *
 * Nothing that a packet says of its own length is believed: each length is held against what is there.
 * Checksums are not looked at, because the local kernel leaves them unfinished where the hardware, or nobody,
 * is to compute them.
 */
#ifndef WIRE_PACKET_H
#define WIRE_PACKET_H

#include <stdint.h>

#include "base/addr.h"
#include "core/segment.h"

/* Link types, numbered as libpcap's DLT_ values on Linux and as LINKTYPE_ values in files. */
enum link_type {
    LINK_NULL = 0,     /* BSD loopback: address family in the byte order of the capturing machine */
    LINK_ETHERNET = 1, /* with any stack of tags, MPLS labels, PPPoE */
    LINK_PPP = 9,
    LINK_RAW = 12,        /* bare IPv4 or IPv6 */
    LINK_PPP_SERIAL = 50, /* PPP in HDLC-like frames, or Cisco HDLC */
    LINK_PPP_ETHER = 51,  /* PPPoE without Ethernet */
    LINK_RAW_FILE = 101,  /* bare IP as files spell it */
    LINK_C_HDLC = 104,    /* Cisco HDLC */
    LINK_WIFI = 105,      /* IEEE 802.11 */
    LINK_LOOP = 108,      /* OpenBSD loopback: address family in network order */
    LINK_LINUX_SLL = 113,
    LINK_WIFI_PRISM = 119,    /* 802.11 behind a Prism header */
    LINK_WIFI_RADIOTAP = 127, /* 802.11 behind a radiotap header */
    LINK_PPI = 192,           /* 802.11 behind a per-packet information header */
    LINK_ARCNET_LINUX = 129,  /* RFC 1201 */
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_NFLOG = 239, /* Linux netfilter's log */
    LINK_LINUX_SLL2 = 276,
};

enum packet_kind {
    PACKET_OTHER,      /* nothing about TCP: other protocols, other link types */
    PACKET_SEGMENT,    /* a whole TCP segment, as far as its headers go */
    PACKET_ICMP_ERROR, /* an ICMP or ICMPv6 error that quotes a TCP segment */
    PACKET_ODDITY,     /* may belong to TCP, but can't be read as a segment */
};

/* What has a number of its own, and the same addresses as another. */
enum network_kind { NETWORK_VLAN, NETWORK_GRE, NETWORK_VXLAN, NETWORK_GENEVE };

#define NETWORK_LAYERS 6

/* What a packet was in, one inside of the other, outermost first. */
struct network_path {
    uint8_t count; /* how many it was in, of which the first NETWORK_LAYERS follow */
    uint8_t kinds[NETWORK_LAYERS];
    uint32_t ids[NETWORK_LAYERS];
};

struct packet {
    enum packet_kind kind;
    /*
     * Of the outer IP header; family 0 where an oddity hides them, port 0 where there is none to read, zone always 0.
     */
    struct endpoint src, dst;
    uint32_t network; /* the virtual network in which it was seen: made of VLANs and tunnels' numbers; 0: none */
    struct network_path path;  /* ... which these are; valid where network is not 0 */
    struct segment segment;    /* PACKET_SEGMENT; of an oddity seq, where it could be read */
    const uint8_t *payload;    /* the segment's, borrowed from the input; NULL when nothing of it was captured */
    uint32_t payload_captured; /* bytes at payload; segment.len is how many were sent */
    const uint8_t *frame;      /* all of it, borrowed likewise */
    uint32_t frame_captured;   /* bytes there */
    uint32_t ip_at;            /* where in it the IP header is; 0 also where there is none */
    struct icmp_error icmp;    /* PACKET_ICMP_ERROR; of an oddity in one, what could be read */
    const char *oddity;        /* PACKET_ODDITY: static words for what is wrong, else NULL */
};

/*
 * Reads one captured packet. link_type is one of enum link_type; any other yields PACKET_OTHER. bytes holds
 * captured bytes from the start of the link header, wire_length is how many the packet had (both as in a
 * libpcap packet header; a wire_length below captured is taken for captured). Numbers in *out are in host
 * order, addresses in network order. *out borrows payload and frame from bytes, and nothing else.
 *
 * The length of a segment is what the IP header says, so that Ethernet padding does not count, except where
 * the IP header says 0: then it is a merged segment of the capturing machine (TSO, GRO, jumbogram) and the
 * wire length counts. RFC 791 3.1, RFC 8200 3 and 4, RFC 9293 3.1, RFC 792, RFC 4443 3.
 */
void packet_read(int link_type, const uint8_t *bytes, uint32_t captured, uint32_t wire_length, struct packet *out);

#endif
