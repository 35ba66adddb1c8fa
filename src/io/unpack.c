/*
 * Plain files are read as they are. All others become a stream of ours (fopencookie): raw bytes go through a buffer to
 * the library that knows them, and what comes out of that goes to the reader, as much as it asks for. Compressed files
 * may consist of several parts, one after the other.
 */
#include "io/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define RAW_SIZE (256 * 1024)
#define XZ_MEMORY (UINT64_C(128) << 20)
#define ZSTD_WINDOW_LOG 27 /* 128 MB: what its own tool takes without being asked */
#define MAGIC 6

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_XZ, PACKING_ZSTD };

struct unpack {
    int fd;
    bool may_wait; /* it is no regular file */
    struct patience patience;
    enum packing packing;
    bool at_end; /* of the raw bytes */
    bool part;   /* in the middle of a compressed part */
    size_t raw_at, raw_end;
    z_stream gzip;
    lzma_stream xz;
    ZSTD_DStream *zstd;
    unsigned char raw[RAW_SIZE];
};

static const struct magic {
    enum packing packing;
    size_t length;
    unsigned char bytes[MAGIC];
} magics[] = {
    {PACKING_GZIP, 2, {0x1f, 0x8b}},
    {PACKING_XZ, 6, {0xfd, '7', 'z', 'X', 'Z', 0}},
    {PACKING_ZSTD, 4, {0x28, 0xb5, 0x2f, 0xfd}},
};

/* As read(2), when there is something to be read. */
static ssize_t read_some(const struct unpack *unpack, void *out, size_t size)
{
    ssize_t got;

    do {
        if (unpack->may_wait && unpack->patience.go_on &&
            !unpack->patience.go_on(unpack->patience.context, unpack->fd)) {
            errno = EINTR;
            return -1;
        }
        got = read(unpack->fd, out, size);
    } while (got < 0 && errno == EINTR);
    return got;
}

/* Reads until there are enough raw bytes, or no more. False with errno. */
static bool fill(struct unpack *unpack, size_t enough)
{
    memmove(unpack->raw, unpack->raw + unpack->raw_at, unpack->raw_end - unpack->raw_at);
    unpack->raw_end -= unpack->raw_at;
    unpack->raw_at = 0;
    while (!unpack->at_end && unpack->raw_end < enough) {
        ssize_t got = read_some(unpack, unpack->raw + unpack->raw_end, RAW_SIZE - unpack->raw_end);
        if (got < 0)
            return false;
        unpack->at_end = got == 0;
        unpack->raw_end += (size_t)got;
    }
    return true;
}

/* Each of these takes raw bytes, writes up to size, and says how many; false when the data is damaged. */
static bool unpack_gzip(struct unpack *unpack, char *out, size_t size, size_t *written)
{
    z_stream *gzip = &unpack->gzip;
    int result;

    if (!unpack->part && inflateReset(gzip) != Z_OK)
        return false;
    gzip->next_in = unpack->raw + unpack->raw_at;
    gzip->avail_in = (uInt)(unpack->raw_end - unpack->raw_at);
    gzip->next_out = (unsigned char *)out;
    gzip->avail_out = (uInt)(size < INT32_MAX ? size : INT32_MAX);
    result = inflate(gzip, Z_NO_FLUSH);
    unpack->raw_at = unpack->raw_end - gzip->avail_in;
    *written = (size_t)((char *)gzip->next_out - out);
    unpack->part = result != Z_STREAM_END;
    return result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR;
}

static bool unpack_xz(struct unpack *unpack, char *out, size_t size, size_t *written)
{
    lzma_stream *xz = &unpack->xz;
    lzma_ret result;

    xz->next_in = unpack->raw + unpack->raw_at;
    xz->avail_in = unpack->raw_end - unpack->raw_at;
    xz->next_out = (unsigned char *)out;
    xz->avail_out = size;
    result = lzma_code(xz, unpack->at_end && xz->avail_in == 0 ? LZMA_FINISH : LZMA_RUN);
    unpack->raw_at = unpack->raw_end - xz->avail_in;
    *written = (size_t)((char *)xz->next_out - out);
    unpack->part = result != LZMA_STREAM_END;
    return result == LZMA_OK || result == LZMA_STREAM_END || result == LZMA_BUF_ERROR;
}

static bool unpack_zstd(struct unpack *unpack, char *out, size_t size, size_t *written)
{
    ZSTD_inBuffer from = {unpack->raw + unpack->raw_at, unpack->raw_end - unpack->raw_at, 0};
    ZSTD_outBuffer to = {out, size, 0};
    size_t result = ZSTD_decompressStream(unpack->zstd, &to, &from);

    unpack->raw_at += from.pos;
    *written = to.pos;
    unpack->part = result != 0;
    return !ZSTD_isError(result);
}

static ssize_t unpack_plain(struct unpack *unpack, char *out, size_t size)
{
    size_t length = unpack->raw_end - unpack->raw_at;

    if (length > 0) {
        length = length < size ? length : size;
        memcpy(out, unpack->raw + unpack->raw_at, length);
        unpack->raw_at += length;
        return (ssize_t)length;
    }
    return read_some(unpack, out, size);
}

static ssize_t unpack_read(void *cookie, char *out, size_t size)
{
    struct unpack *unpack = cookie;

    if (unpack->packing == PACKING_NONE)
        return unpack_plain(unpack, out, size);
    for (;;) {
        size_t written = 0;
        bool good;
        if (unpack->raw_at == unpack->raw_end && !fill(unpack, 1))
            return -1;
        if (unpack->raw_at == unpack->raw_end && !unpack->part)
            return 0;
        size_t raw_before = unpack->raw_at;
        good = unpack->packing == PACKING_GZIP ? unpack_gzip(unpack, out, size, &written)
               : unpack->packing == PACKING_XZ ? unpack_xz(unpack, out, size, &written)
                                               : unpack_zstd(unpack, out, size, &written);
        if (written > 0)
            return (ssize_t)written;
        /* Nothing came out although nothing more goes in: it was cut short. */
        if (!good || (unpack->at_end && unpack->part && unpack->raw_at == raw_before)) {
            errno = EBADMSG;
            return -1;
        }
    }
}

static int unpack_close(void *cookie)
{
    struct unpack *unpack = cookie;

    if (unpack->packing == PACKING_GZIP)
        inflateEnd(&unpack->gzip);
    if (unpack->packing == PACKING_XZ)
        lzma_end(&unpack->xz);
    if (unpack->packing == PACKING_ZSTD)
        ZSTD_freeDStream(unpack->zstd);
    if (unpack->fd != STDIN_FILENO)
        close(unpack->fd);
    free(unpack);
    return 0;
}

static bool prepare(struct unpack *unpack)
{
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
        if (unpack->raw_end >= magics[i].length && memcmp(unpack->raw, magics[i].bytes, magics[i].length) == 0)
            unpack->packing = magics[i].packing;
    switch (unpack->packing) {
    case PACKING_NONE:
        return true;
    case PACKING_GZIP:
        return inflateInit2(&unpack->gzip, 15 + 16) == Z_OK; /* a gzip header, and the largest window */
    case PACKING_XZ:
        return lzma_stream_decoder(&unpack->xz, XZ_MEMORY, LZMA_CONCATENATED) == LZMA_OK;
    case PACKING_ZSTD:
        unpack->zstd = ZSTD_createDStream();
        return unpack->zstd &&
               !ZSTD_isError(ZSTD_DCtx_setParameter(unpack->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG));
    }
    return false;
}

/* A file that is not compressed needs nothing of ours: a stream as all others have. NULL: it is no such file. */
static FILE *open_as_it_is(struct unpack *unpack)
{
    FILE *stream = NULL;

    if (unpack->packing != PACKING_NONE || unpack->fd == STDIN_FILENO || lseek(unpack->fd, 0, SEEK_SET) != 0)
        return NULL;
    unpack->raw_at = unpack->raw_end = 0;
    stream = fdopen(unpack->fd, "r");
    if (stream)
        free(unpack);
    return stream;
}

/* A pipe with a name is there before anybody writes to it: that is waited for with patience, not here. */
static bool open_path(struct unpack *unpack, const char *path)
{
    struct stat status;
    int flags;

    if (strcmp(path, "-") == 0) {
        unpack->fd = STDIN_FILENO;
    } else {
        unpack->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        flags = unpack->fd < 0 ? -1 : fcntl(unpack->fd, F_GETFL);
        if (flags < 0 || fcntl(unpack->fd, F_SETFL, flags & ~O_NONBLOCK) != 0)
            return false;
    }
    unpack->may_wait = fstat(unpack->fd, &status) != 0 || !S_ISREG(status.st_mode);
    return true;
}

FILE *unpack_open(const char *path, const struct patience *patience, struct fault *fault)
{
    const cookie_io_functions_t functions = {.read = unpack_read, .close = unpack_close};
    struct unpack *unpack = calloc(1, sizeof(*unpack));
    FILE *stream = NULL;

    if (!unpack) {
        fault_set(fault, FAULT_LOCAL, "out of memory");
        return NULL;
    }
    if (patience)
        unpack->patience = *patience;
    if (!open_path(unpack, path) || !fill(unpack, MAGIC)) {
        fault_set(fault, FAULT_LOCAL, "%s", strerror(errno));
        unpack_close(unpack);
        return NULL;
    }
    if (prepare(unpack) && !(stream = open_as_it_is(unpack)))
        stream = fopencookie(unpack, "r", functions);
    if (!stream) {
        fault_set(fault, FAULT_LOCAL, "out of memory");
        unpack_close(unpack);
        return NULL;
    }
    __fsetlocking(stream, FSETLOCKING_BYCALLER);
    return stream;
}
