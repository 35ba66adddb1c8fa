/* The TCP header and its options. */
#ifndef WIRE_TCP_H
#define WIRE_TCP_H

#include <stdint.h>

#include "core/segment.h"
#include "wire/bytes.h"

/*
 * Reads a TCP header with its options into *out (ttl, tos and ip_id are left alone) and takes it off *body,
 * so that the payload remains. The ports and seq are filled as soon as they can be read, also when it fails.
 * Returns NULL or static words for what is wrong. RFC 9293 3.1 and 3.2, RFC 7323 2 and 3, RFC 2018 2 and 3.
 */
const char *tcp_read(struct bytes *body, uint16_t *src_port, uint16_t *dst_port, struct segment *out);

/* The same where the capture may end inside the options: then they have TCP_OPT_CUT, and what comes before that. */
const char *tcp_read_cut(struct bytes *body, uint16_t *src_port, uint16_t *dst_port, struct segment *out);

/*
 * Reads the ports and the sequence number alone, each as far as it is there: of a first fragment, or a header cut
 * short. What is not there stays as it is.
 */
void tcp_read_start(const struct bytes *body, uint16_t *src_port, uint16_t *dst_port, uint32_t *seq);

/* The options in these bytes of a header; *out begins all zero. */
void tcp_read_options(const uint8_t *at, uint32_t left, struct tcp_options *out);

#endif
