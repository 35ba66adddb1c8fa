/*
 * A window on captured bytes. Two lengths, never mixed: what can be read, and what the packet had on the wire
 * (or what an outer header says that it had). Every reader of this layer asks bytes_lack() before it touches
 * a byte.
 */
#ifndef WIRE_BYTES_H
#define WIRE_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct bytes {
    const uint8_t *at; /* borrowed */
    uint32_t captured; /* bytes that can be read; never more than length */
    uint32_t length;   /* bytes that the packet has */
};

/* What every reader says when the snap length, not the sender, is to blame. */
#define BYTES_CAPTURE_ENDS "the capture ends inside the headers"

/* NULL when the first n bytes can be read; else the words for it: short_words, or that the capture ends before. */
static inline const char *bytes_lack(const struct bytes *bytes, uint32_t n, const char *short_words)
{
    if (bytes->length < n)
        return short_words;
    return bytes->captured < n ? BYTES_CAPTURE_ENDS : NULL;
}

/* Keeps at most the first length bytes. */
static inline void bytes_limit(struct bytes *bytes, uint32_t length)
{
    if (bytes->length > length)
        bytes->length = length;
    if (bytes->captured > length)
        bytes->captured = length;
}

/* Drops the first n bytes, or all; those that were not captured can be dropped as well. */
static inline void bytes_skip(struct bytes *bytes, uint32_t n)
{
    uint32_t step = n < bytes->captured ? n : bytes->captured;

    bytes->at += step;
    bytes->captured -= step;
    bytes->length -= n < bytes->length ? n : bytes->length;
}

/* Unaligned numbers in network order. */
static inline uint16_t be16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

#endif
