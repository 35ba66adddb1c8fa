/* IPv4 and IPv6 headers, of a packet or of a quote in an ICMP error. */
#ifndef WIRE_IP_H
#define WIRE_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "wire/bytes.h"

enum ip_protocol {
    IP_ICMP = 1,
    IP_IPV4 = 4, /* in IP: RFC 2003 */
    IP_TCP = 6,
    IP_UDP = 17,
    IP_IPV6 = 41, /* in IP: RFC 4213 */
    IP_GRE = 47,
    IP_ESP = 50,
    IP_AH = 51,
    IP_ICMPV6 = 58,
    IP_ETHER_IP = 97, /* RFC 3378 */
    IP_COMP = 108,
    IP_L2TP = 115,     /* version 3: RFC 3931 */
    IP_MPLS = 137,     /* RFC 4023 */
    IP_ETHERNET = 143, /* RFC 8986 */
};

struct ip {
    uint8_t version;  /* 4 or 6 */
    uint8_t protocol; /* of what body begins with */
    uint8_t ttl;      /* TTL or hop limit */
    uint8_t tos;      /* type of service or traffic class */
    uint16_t id;      /* IPv4 identification, else 0 */
    bool fragment;    /* one of several: an IPv6 atomic fragment (RFC 6946) is none */
    bool more;        /* ... and not the last of them */
    uint32_t offset;  /* of its body in the whole packet's, in bytes */
    uint32_t fragment_id;
    uint8_t fragment_protocol;  /* of what the whole packet's fragments begin with */
    struct bytes fragment_body; /* this one's part of it; valid with fragment, once trimmed and walked */
    bool first;                 /* its body begins at the transport header; true of whole packets */
    struct addr src;            /* family 0 until known */
    struct addr dst;
    uint32_t body_length; /* what the header says that body has; unchecked; see ip_trim() */
    bool says_zero;       /* the length field is 0: body_length means nothing */
    bool says_too_little; /* IPv4: the total length does not cover the header */
    struct bytes body;    /* everything after the header (and after extension headers, once walked) */
};

/*
 * Reads the IP header of the given version (4 or 6) with IPv4's options, and no further. Fills what can be
 * read even if it fails. Returns NULL or static words for what is wrong. RFC 791 3.1, RFC 8200 3.
 */
const char *ip_read(uint8_t version, struct bytes packet, struct ip *out);

/*
 * Cuts ip->body to the length that the header gives (leaves padding out), held against the length that it
 * really has. Not for quotes, which are cut on purpose. Returns NULL or static words.
 */
const char *ip_trim(struct ip *ip);

/* Whether an IP packet of this version (else: no) begins here whose header is all there, and its length is possible. */
bool ip_fits(uint8_t version, struct bytes packet);

/*
 * Walks IPv6 extension headers until ip->body begins with something else, and stops at a later fragment. Of IPv4 only
 * the authentication header is one. Returns NULL or static words. RFC 8200 4, RFC 4302 2.2.
 */
const char *ip_walk_extensions(struct ip *ip);

/* Whether protocol is an IPv6 extension header that ip_walk_extensions() walks. */
bool ip_is_extension(uint8_t protocol);

#endif
