/*
 * Writing pcapng (draft-ietf-opsawg-pcapng): one section in the byte order of this machine, interfaces whose time stamps count
 * nanoseconds, packets with comments. What was written up to a flush is a whole file.
 */
#ifndef IO_PCAPNG_WRITE_H
#define IO_PCAPNG_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "io/capture.h"

/* So many interfaces has a section at most: more than that pcapng.c does not read. */
#define PCAPNG_INTERFACES_MAX 1024

/* Options of a block as they stand in it, each padded to four bytes. All that is zero has none. */
struct pcapng_options {
    uint8_t *bytes; /* owned */
    size_t used, room;
};

/*
 * Adds a comment (UTF-8, length bytes), unless the same one is there already. One that is longer than an option can be
 * is cut between two characters; of more than PCAPNG_COMMENTS_MAX bytes in all the rest is left out. False: no memory.
 */
bool pcapng_add_comment(struct pcapng_options *options, const char *text, size_t length);

/* Adds all of more that are not there already. False: no memory. */
bool pcapng_add_comments(struct pcapng_options *options, const struct pcapng_options *more);

/* As much as one block takes. */
#define PCAPNG_COMMENTS_MAX (1u << 18)

/* Frees them. */
void pcapng_free_options(struct pcapng_options *options);

struct pcapng_writer;

/*
 * Opens path ("-": standard output), anew if it is there, and writes the section's header, with the application's name.
 * *out is the caller's until pcapng_writer_close(). On failure *out is NULL and the fault is "path: why", as of all of these.
 */
bool pcapng_writer_open(struct pcapng_writer **out, const char *path, const char *application, struct fault *fault);

struct pcapng_interface {
    uint16_t link_type; /* a LINKTYPE_ number */
    uint32_t snaplen;   /* 0: no limit */
    const char *name;   /* or NULL */
    const char *filter; /* of libpcap's language; or NULL */
};

/* Describes one more interface; *number is what packets call it. False also when there are PCAPNG_INTERFACES_MAX. */
bool pcapng_write_interface(struct pcapng_writer *writer, const struct pcapng_interface *interface, unsigned *number,
                            struct fault *fault);

/* How many there are in this section. */
unsigned pcapng_writer_interfaces(const struct pcapng_writer *writer);

/* Begins another section, which has no interfaces yet. */
bool pcapng_write_section(struct pcapng_writer *writer, struct fault *fault);

/* Writes a packet. options: its comments, or NULL. */
bool pcapng_write_packet(struct pcapng_writer *writer, unsigned interface, const struct captured *captured,
                         const struct pcapng_options *options, struct fault *fault);

/*
 * Writes the packet that was written last once more in its place, with more options: those of then, and others behind them.
 * False without a fault where that can't be: something else was written since, or it is no file that can be gone back in.
 */
bool pcapng_rewrite_packet(struct pcapng_writer *writer, unsigned interface, const struct captured *captured,
                           const struct pcapng_options *options, struct fault *fault);

/* What is known of an interface in the end. */
struct pcapng_statistics {
    nanos at;                   /* when that was */
    bool counted;               /* these two are known: */
    uint64_t received, dropped; /* what the filter let through; how many of these there was no room for */
};

/* Writes that. options: comments, or NULL. */
bool pcapng_write_statistics(struct pcapng_writer *writer, unsigned interface,
                             const struct pcapng_statistics *statistics, const struct pcapng_options *options,
                             struct fault *fault);

/* Hands all that was written to the system. */
bool pcapng_writer_flush(struct pcapng_writer *writer, struct fault *fault);

/* Flushes and closes; NULL is allowed. */
bool pcapng_writer_close(struct pcapng_writer *writer, struct fault *fault);

#endif
