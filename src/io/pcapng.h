/*
 * Reading pcapng (draft-ietf-opsawg-pcapng): files whose interfaces differ in link type, snapshot length and clock, which
 * libpcap does not read.
 */
#ifndef IO_PCAPNG_H
#define IO_PCAPNG_H

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

/* Frees it; NULL is allowed. The stream stays open. */
void pcapng_close(struct pcapng *pcapng);

#endif
