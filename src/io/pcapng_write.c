/*
 * A block is its type, its length, a body, and its length once more; an option is a code, a length and a value. All are
 * padded to multiples of four bytes, which the lengths of options do not count and those of blocks do.
 */
#include "io/pcapng_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/pcapng.h"

#define BYTE_ORDER_MAGIC UINT32_C(0x1a2b3c4d)
#define BUFFER ((size_t)256 * 1024)
#define RESOLUTION 9 /* 10^-9 s */
#define SHORT_MAX 2048

enum block_type { BLOCK_INTERFACE = 1, BLOCK_STATISTICS = 5, BLOCK_PACKET = 6 };

enum option_code {
    OPTION_COMMENT = 1,
    SECTION_APPLICATION = 4,
    INTERFACE_NAME = 2,
    INTERFACE_RESOLUTION = 9,
    INTERFACE_FILTER = 11,
    STATISTICS_END = 3,
    STATISTICS_RECEIVED = 4,
    STATISTICS_DROPPED = 5,
};

struct pcapng_writer {
    FILE *stream;      /* owned */
    char *path;        /* owned */
    char *application; /* owned */
    char *buffer;      /* (owned) the stream's */
    unsigned interfaces;
    off_t at;   /* where the next block goes; -1: this is no file to go back in */
    off_t last; /* where the last block is, if it is a packet; else -1 */
};

static size_t padded(size_t length)
{
    return (length + 3) & ~(size_t)3;
}

/* ---- options ---- */

/* An option's head and value; returns how many bytes that are. */
static size_t put_option(uint8_t *at, uint16_t code, const void *value, size_t length)
{
    uint16_t head[2] = {code, (uint16_t)length};

    memcpy(at, head, sizeof(head));
    memcpy(at + 4, value, length);
    memset(at + 4 + length, 0, padded(length) - length);
    return 4 + padded(length);
}

static bool is_there(const struct pcapng_options *options, const char *text, size_t length)
{
    uint16_t head[2];

    for (size_t at = 0; at < options->used; at += 4 + padded(head[1])) {
        memcpy(head, options->bytes + at, sizeof(head));
        if (head[1] == length && memcmp(options->bytes + at + 4, text, length) == 0)
            return true;
    }
    return false;
}

/* Shortened to what an option can have, and no character in two. */
static size_t shortened(const char *text, size_t length)
{
    if (length <= UINT16_MAX)
        return length;
    length = UINT16_MAX;
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--;
    return length;
}

bool pcapng_add_comment(struct pcapng_options *options, const char *text, size_t length)
{
    size_t needed;

    length = shortened(text, length);
    needed = options->used + 4 + padded(length);
    if (needed > PCAPNG_COMMENTS_MAX || is_there(options, text, length))
        return true;
    if (needed > options->room) {
        size_t room = needed < 512 ? 512 : 2 * needed;
        uint8_t *bytes = realloc(options->bytes, room);
        if (!bytes)
            return false;
        options->bytes = bytes;
        options->room = room;
    }
    options->used += put_option(options->bytes + options->used, OPTION_COMMENT, text, length);
    return true;
}

bool pcapng_add_comments(struct pcapng_options *options, const struct pcapng_options *more)
{
    uint16_t head[2];

    for (size_t at = 0; at < more->used; at += 4 + padded(head[1])) {
        memcpy(head, more->bytes + at, sizeof(head));
        if (!pcapng_add_comment(options, (const char *)more->bytes + at + 4, head[1]))
            return false;
    }
    return true;
}

void pcapng_free_options(struct pcapng_options *options)
{
    free(options->bytes);
    *options = (struct pcapng_options){0};
}

/* ---- blocks ---- */

static bool failed(const struct pcapng_writer *writer, struct fault *fault)
{
    return fault_set(fault, FAULT_LOCAL, "%s: %s", writer->path, errno ? strerror(errno) : "it can't be written");
}

static bool put(struct pcapng_writer *writer, const void *bytes, size_t length)
{
    return length == 0 || fwrite_unlocked(bytes, 1, length, writer->stream) == length;
}

/* A block of a fixed part (length a multiple of four), bytes that are padded, and options, which end with an empty one. */
static bool put_block(struct pcapng_writer *writer, uint32_t type, const void *fixed, size_t fixed_length,
                      const void *bytes, size_t length, const struct pcapng_options *options, struct fault *fault)
{
    static const uint8_t nothing[4];
    size_t pad = padded(length) - length, option_length = options && options->used ? options->used + 4 : 0;
    uint32_t head[2] = {type, (uint32_t)(12 + fixed_length + length + pad + option_length)};

    errno = 0;
    writer->last = type == BLOCK_PACKET ? writer->at : -1;
    if (writer->at >= 0)
        writer->at += head[1];
    if (put(writer, head, sizeof(head)) && put(writer, fixed, fixed_length) && put(writer, bytes, length) &&
        put(writer, nothing, pad) &&
        (option_length == 0 || (put(writer, options->bytes, options->used) && put(writer, nothing, 4))) &&
        put(writer, &head[1], sizeof(head[1])))
        return true;
    return failed(writer, fault);
}

/* As much of a text as a short option takes. */
static void add_text(struct pcapng_options *options, uint16_t code, const char *text)
{
    size_t length = strnlen(text, 1000);

    if (options->used + 4 + padded(length) <= options->room)
        options->used += put_option(options->bytes + options->used, code, text, length);
}

bool pcapng_write_section(struct pcapng_writer *writer, struct fault *fault)
{
    uint8_t bytes[SHORT_MAX];
    struct pcapng_options options = {.bytes = bytes, .room = sizeof(bytes)};
    struct {
        uint32_t order;
        uint16_t major, minor;
        uint32_t length[2];
    } fixed = {BYTE_ORDER_MAGIC, 1, 0, {UINT32_MAX, UINT32_MAX}}; /* nobody knows how long it will be */

    writer->interfaces = 0;
    add_text(&options, SECTION_APPLICATION, writer->application);
    return put_block(writer, PCAPNG_MAGIC, &fixed, sizeof(fixed), NULL, 0, &options, fault);
}

static bool open_stream(struct pcapng_writer *writer, const char *path, struct fault *fault)
{
    struct stat stat;

    errno = 0;
    if (strcmp(path, "-") == 0) {
        int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
        writer->stream = fd < 0 ? NULL : fdopen(fd, "w");
    } else {
        writer->stream = fopen(path, "we");
    }
    if (!writer->stream)
        return failed(writer, fault);
    writer->at = fstat(fileno(writer->stream), &stat) == 0 && S_ISREG(stat.st_mode) ? ftello(writer->stream) : -1;
    writer->buffer = malloc(BUFFER);
    if (writer->buffer)
        setvbuf(writer->stream, writer->buffer, _IOFBF, BUFFER);
    return true;
}

bool pcapng_writer_open(struct pcapng_writer **out, const char *path, const char *application, struct fault *fault)
{
    struct pcapng_writer *writer = calloc(1, sizeof(*writer));

    *out = NULL;
    if (writer) {
        writer->path = strdup(strcmp(path, "-") == 0 ? "standard output" : path);
        writer->application = strdup(application);
    }
    if (!writer || !writer->path || !writer->application)
        fault_set(fault, FAULT_LOCAL, "out of memory");
    else if (open_stream(writer, path, fault) && pcapng_write_section(writer, fault) &&
             pcapng_writer_flush(writer, fault)) {
        *out = writer;
        return true;
    }
    pcapng_writer_close(writer, &(struct fault){0});
    return false;
}

bool pcapng_write_interface(struct pcapng_writer *writer, const struct pcapng_interface *interface, unsigned *number,
                            struct fault *fault)
{
    uint8_t bytes[3 * SHORT_MAX];
    struct pcapng_options options = {.bytes = bytes, .room = sizeof(bytes)};
    char filter[SHORT_MAX];
    const uint8_t resolution = RESOLUTION;
    struct {
        uint16_t link_type, reserved;
        uint32_t snaplen;
    } fixed = {interface->link_type, 0, interface->snaplen};
    size_t length = interface->filter ? strlen(interface->filter) : 0;

    if (writer->interfaces == PCAPNG_INTERFACES_MAX)
        return fault_set(fault, FAULT_LOCAL, "%s: more than %u interfaces", writer->path, PCAPNG_INTERFACES_MAX);
    if (interface->name)
        add_text(&options, INTERFACE_NAME, interface->name);
    options.used += put_option(options.bytes + options.used, INTERFACE_RESOLUTION, &resolution, 1);
    /* A filter begins with a zero: it is one of libpcap's. Half of one would be another. */
    if (length > 0 && length < sizeof(filter)) {
        filter[0] = 0;
        memcpy(filter + 1, interface->filter, length);
        options.used += put_option(options.bytes + options.used, INTERFACE_FILTER, filter, length + 1);
    }
    if (!put_block(writer, BLOCK_INTERFACE, &fixed, sizeof(fixed), NULL, 0, &options, fault))
        return false;
    *number = writer->interfaces++;
    return true;
}

unsigned pcapng_writer_interfaces(const struct pcapng_writer *writer)
{
    return writer->interfaces;
}

/* A time is two words, the higher one first, in either byte order. */
static void set_time(uint32_t out[2], nanos at)
{
    out[0] = (uint32_t)((uint64_t)at >> 32);
    out[1] = (uint32_t)at;
}

bool pcapng_write_packet(struct pcapng_writer *writer, unsigned interface, const struct captured *captured,
                         const struct pcapng_options *options, struct fault *fault)
{
    uint32_t fixed[5] = {interface, 0, 0, captured->captured, captured->length};

    set_time(&fixed[1], captured->at);
    return put_block(writer, BLOCK_PACKET, fixed, sizeof(fixed), captured->bytes, captured->captured, options, fault);
}

bool pcapng_rewrite_packet(struct pcapng_writer *writer, unsigned interface, const struct captured *captured,
                           const struct pcapng_options *options, struct fault *fault)
{
    if (writer->last < 0)
        return false;
    errno = 0;
    if (fseeko(writer->stream, writer->last, SEEK_SET) != 0)
        return failed(writer, fault);
    writer->at = writer->last;
    return pcapng_write_packet(writer, interface, captured, options, fault);
}

bool pcapng_write_statistics(struct pcapng_writer *writer, unsigned interface,
                             const struct pcapng_statistics *statistics, const struct pcapng_options *options,
                             struct fault *fault)
{
    size_t room = (options ? options->used : 0) + SHORT_MAX;
    struct pcapng_options all = {.bytes = malloc(room), .room = room};
    uint32_t fixed[3] = {interface, 0, 0}, end[2];
    bool written;

    if (!all.bytes)
        return fault_set(fault, FAULT_LOCAL, "out of memory");
    set_time(&fixed[1], statistics->at);
    set_time(end, statistics->at);
    if (options && options->used) {
        memcpy(all.bytes, options->bytes, options->used);
        all.used = options->used;
    }
    all.used += put_option(all.bytes + all.used, STATISTICS_END, end, sizeof(end));
    if (statistics->counted) {
        all.used += put_option(all.bytes + all.used, STATISTICS_RECEIVED, &statistics->received, 8);
        all.used += put_option(all.bytes + all.used, STATISTICS_DROPPED, &statistics->dropped, 8);
    }
    written = put_block(writer, BLOCK_STATISTICS, fixed, sizeof(fixed), NULL, 0, &all, fault);
    free(all.bytes);
    return written;
}

bool pcapng_writer_flush(struct pcapng_writer *writer, struct fault *fault)
{
    errno = 0;
    return (fflush(writer->stream) == 0 && !ferror(writer->stream)) || failed(writer, fault);
}

bool pcapng_writer_close(struct pcapng_writer *writer, struct fault *fault)
{
    bool good = true;

    if (!writer)
        return true;
    if (writer->stream) {
        good = pcapng_writer_flush(writer, fault);
        errno = 0;
        if (fclose(writer->stream) != 0 && good)
            good = failed(writer, fault);
    }
    free(writer->buffer);
    free(writer->path);
    free(writer->application);
    free(writer);
    return good;
}
