/*
 * Reading pcapng (draft-ietf-opsawg-pcapng): files whose interfaces differ in link type, snapshot length and clock, which
 * libpcap does not read.
 */
#ifndef IO_PCAPNG_H
#define IO_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/fault.h"
#include "io/capture.h"

/* The type of the first block, which reads the same in both byte orders. */
#define PCAPNG_MAGIC UINT32_C(0x0a0d0d0a)

struct pcapng;

/* stream (borrowed) stands behind the first four bytes, which were PCAPNG_MAGIC. NULL: no memory. */
struct pcapng *pcapng_open(FILE *stream);

/* The next packet and its link type (a LINKTYPE_ number). CAPTURE_EMPTY: the end; CAPTURE_FAULT: the file is damaged. */
enum capture_result pcapng_next(struct pcapng *pcapng, struct captured *out, int *link_type, struct fault *fault);

/* What is said of an interface: of it no more than PCAPNG_NAME - 1 bytes of the name. */
#define PCAPNG_NAME 64

/* Which interface the packet that was read last was captured on. */
unsigned pcapng_packet_interface(const struct pcapng *pcapng);

/* An interface of the section, up to that one; its name is borrowed until the next packet is read. */
void pcapng_interface(const struct pcapng *pcapng, unsigned number, struct capture_interface *out);

/* The next comment of that packet, of length bytes and without a zero behind, borrowed likewise; false: no more. */
bool pcapng_comment(struct pcapng *pcapng, const char **text, size_t *length);

/* Frees it; NULL is allowed. The stream stays open. */
void pcapng_close(struct pcapng *pcapng);

#endif
