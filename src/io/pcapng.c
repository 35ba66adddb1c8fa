#include "io/pcapng.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BYTE_ORDER_MAGIC UINT32_C(0x1a2b3c4d)
#define BLOCK_MAX (16u << 20) /* no block that makes sense is larger */
#define INTERFACES_MAX 1024
#define TIME_MAX INT64_C(4294967295) /* in seconds: of the year 2106 */

enum block_type {
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 2, /* obsolete */
    BLOCK_SIMPLE = 3,
    BLOCK_ENHANCED = 6,
};

enum option_code { OPTION_END = 0, OPTION_COMMENT = 1, OPTION_NAME = 2, OPTION_TSRESOL = 9, OPTION_TSOFFSET = 14 };

struct interface {
    uint16_t link_type;
    uint32_t snaplen;
    char name[PCAPNG_NAME];
    uint8_t resolution; /* as if_tsresol has it: a power of ten, or with the high bit of two */
    int64_t offset;     /* in seconds */
};

struct pcapng {
    FILE *stream; /* borrowed */
    bool first;   /* the type of the first block is read already */
    bool swapped;
    struct interface interfaces[INTERFACES_MAX];
    unsigned interface_count;
    uint64_t section;   /* counts them */
    unsigned of_packet; /* the last packet's interface */
    uint32_t options;   /* where in the body the options of the last packet begin */
    uint8_t *body;      /* owned: of the block that is read */
    uint32_t room, length;
};

struct pcapng *pcapng_open(FILE *stream)
{
    struct pcapng *pcapng = calloc(1, sizeof(*pcapng));

    if (!pcapng)
        return NULL;
    pcapng->stream = stream;
    pcapng->first = true;
    return pcapng;
}

void pcapng_close(struct pcapng *pcapng)
{
    if (!pcapng)
        return;
    free(pcapng->body);
    free(pcapng);
}

static uint32_t get32(const struct pcapng *pcapng, const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return pcapng->swapped ? __builtin_bswap32(value) : value;
}

static uint16_t get16(const struct pcapng *pcapng, const uint8_t *at)
{
    uint16_t value;

    memcpy(&value, at, sizeof(value));
    return pcapng->swapped ? __builtin_bswap16(value) : value;
}

/* Reads exactly so many bytes; false with a fault, but without one at the end of the file if that may be here. */
static bool take(struct pcapng *pcapng, void *out, size_t n, bool may_end, struct fault *fault)
{
    size_t got = fread(out, 1, n, pcapng->stream);

    if (got == n)
        return true;
    if (ferror(pcapng->stream))
        return errno == EBADMSG ? fault_set(fault, FAULT_LOCAL, "the compressed data is damaged or cut short")
                                : fault_set(fault, FAULT_LOCAL, "%s", strerror(errno));
    if (got == 0 && may_end)
        return false;
    return fault_set(fault, FAULT_LOCAL, "the file ends in the middle of a block");
}

/* A section's first word after its length says how its numbers are to be read. */
static bool begin_section(struct pcapng *pcapng, uint8_t head[8], struct fault *fault)
{
    uint8_t magic[4];
    uint32_t order;

    if (!take(pcapng, magic, sizeof(magic), false, fault))
        return false;
    memcpy(&order, magic, sizeof(order));
    if (order != BYTE_ORDER_MAGIC && __builtin_bswap32(order) != BYTE_ORDER_MAGIC)
        return fault_set(fault, FAULT_LOCAL, "a section has no byte order");
    pcapng->swapped = order != BYTE_ORDER_MAGIC;
    pcapng->interface_count = 0;
    pcapng->section++;
    if (get32(pcapng, head + 4) < 28)
        return fault_set(fault, FAULT_LOCAL, "a section's header is too short");
    return true;
}

/* Reads a block: its type, and its body without the head and the length at its end. */
static bool read_block(struct pcapng *pcapng, uint32_t *type, struct fault *fault)
{
    uint8_t head[8], tail[4];
    uint32_t length, taken = 0, magic = PCAPNG_MAGIC;

    if (pcapng->first)
        memcpy(head, &magic, sizeof(magic));
    if (!take(pcapng, pcapng->first ? head + 4 : head, pcapng->first ? 4 : 8, !pcapng->first, fault))
        return false;
    pcapng->first = false;
    memcpy(&magic, head, sizeof(magic));
    *type = get32(pcapng, head);
    if (magic == PCAPNG_MAGIC) {
        if (!begin_section(pcapng, head, fault))
            return false;
        *type = PCAPNG_MAGIC;
        taken = 4;
    }
    length = get32(pcapng, head + 4);
    if (length < 12 + taken || length > BLOCK_MAX || length % 4 != 0)
        return fault_set(fault, FAULT_LOCAL, "a block has the impossible length %u", length);
    pcapng->length = length - 12 - taken;
    if (pcapng->length > pcapng->room) {
        uint8_t *body = realloc(pcapng->body, pcapng->length);
        if (!body)
            return fault_set(fault, FAULT_LOCAL, "out of memory");
        pcapng->body = body;
        pcapng->room = pcapng->length;
    }
    if (!take(pcapng, pcapng->body, pcapng->length, false, fault) || !take(pcapng, tail, sizeof(tail), false, fault))
        return false;
    if (get32(pcapng, tail) != length)
        return fault_set(fault, FAULT_LOCAL, "a block ends with another length than it began with");
    return true;
}

static void read_interface_option(const struct pcapng *pcapng, struct interface *interface, uint16_t code,
                                  const uint8_t *value, uint16_t length)
{
    if (code == OPTION_NAME)
        snprintf(interface->name, sizeof(interface->name), "%.*s", (int)length, (const char *)value);
    if (code == OPTION_TSRESOL && length >= 1)
        interface->resolution = value[0];
    if (code == OPTION_TSOFFSET && length >= 8) {
        uint64_t low = get32(pcapng, value), high = get32(pcapng, value + 4);
        /* A number of eight bytes in the section's order. */
        interface->offset = (int64_t)(pcapng->swapped ? low << 32 | high : high << 32 | low);
    }
}

static bool read_interface(struct pcapng *pcapng, struct fault *fault)
{
    struct interface interface = {.resolution = 6};
    uint32_t at = 8;

    if (pcapng->length < 8)
        return fault_set(fault, FAULT_LOCAL, "the description of an interface is too short");
    if (pcapng->interface_count == INTERFACES_MAX)
        return fault_set(fault, FAULT_LOCAL, "more than %u interfaces", INTERFACES_MAX);
    interface.link_type = get16(pcapng, pcapng->body);
    interface.snaplen = get32(pcapng, pcapng->body + 4);
    while (at + 4 <= pcapng->length) {
        uint16_t code = get16(pcapng, pcapng->body + at), length = get16(pcapng, pcapng->body + at + 2);
        if (code == OPTION_END || at + 4 + length > pcapng->length)
            break;
        read_interface_option(pcapng, &interface, code, pcapng->body + at + 4, length);
        at += 4 + ((length + 3u) & ~3u);
    }
    pcapng->interfaces[pcapng->interface_count++] = interface;
    return true;
}

/* A time in the interface's units. */
static nanos time_of(const struct interface *interface, uint64_t units)
{
    unsigned power = interface->resolution & 0x7f;
    int64_t seconds;
    nanos fraction;

    if ((interface->resolution & 0x80) && power < 64) {
        uint64_t rest = units & ((UINT64_C(1) << power) - 1);
        seconds = (int64_t)(units >> power);
        /* The 32 highest bits of the fraction are a quarter of a nanosecond. */
        fraction = (nanos)(((power > 32 ? rest >> (power - 32) : rest << (32 - power)) * NANOS_PER_S) >> 32);
    } else if (interface->resolution & 0x80) {
        seconds = fraction = 0; /* such small units have no time that counts */
    } else {
        uint64_t unit = 1;
        for (unsigned i = 0; i < power && i < 19; i++)
            unit *= 10;
        seconds = (int64_t)(units / unit);
        fraction = power <= 9 ? (nanos)(units % unit * ((uint64_t)NANOS_PER_S / unit))
                              : (nanos)(units % unit / (unit / (uint64_t)NANOS_PER_S));
    }
    if (seconds > TIME_MAX || interface->offset > TIME_MAX || interface->offset < -TIME_MAX)
        seconds = TIME_MAX;
    else
        seconds += interface->offset;
    return (seconds < 0 ? 0 : seconds > TIME_MAX ? TIME_MAX : seconds) * NANOS_PER_S + fraction;
}

/* The packet of a block whose body has the bytes from `at` on. */
static bool read_packet(struct pcapng *pcapng, unsigned index, uint32_t at, uint32_t captured, uint32_t length,
                        uint64_t units, struct captured *out, int *link_type, struct fault *fault)
{
    const struct interface *interface;

    if (index >= pcapng->interface_count)
        return fault_set(fault, FAULT_LOCAL, "a packet is of an interface that is not described");
    interface = &pcapng->interfaces[index];
    if (captured > pcapng->length - at)
        return fault_set(fault, FAULT_LOCAL, "a packet is longer than its block");
    *link_type = interface->link_type;
    pcapng->of_packet = index;
    pcapng->options = at + ((captured + 3u) & ~3u);
    *out = (struct captured){
        .at = time_of(interface, units), .bytes = pcapng->body + at, .captured = captured, .length = length};
    return true;
}

static bool read_simple(struct pcapng *pcapng, struct captured *out, int *link_type, struct fault *fault)
{
    uint32_t length = get32(pcapng, pcapng->body), captured = pcapng->length - 4;
    uint32_t snaplen = pcapng->interface_count ? pcapng->interfaces[0].snaplen : 0;

    captured = captured < length ? captured : length;
    if (snaplen && captured > snaplen)
        captured = snaplen;
    if (!read_packet(pcapng, 0, 4, captured, length, 0, out, link_type, fault))
        return false;
    pcapng->options = pcapng->length; /* it has none */
    return true;
}

unsigned pcapng_packet_interface(const struct pcapng *pcapng)
{
    return pcapng->of_packet;
}

void pcapng_interface(const struct pcapng *pcapng, unsigned number, struct capture_interface *out)
{
    const struct interface *interface = &pcapng->interfaces[number];

    *out = (struct capture_interface){.section = pcapng->section,
                                      .number = number,
                                      .link_type = interface->link_type,
                                      .snaplen = interface->snaplen,
                                      .name = interface->name[0] ? interface->name : NULL};
}

bool pcapng_comment(struct pcapng *pcapng, const char **text, size_t *length)
{
    while (pcapng->options + 4 <= pcapng->length) {
        const uint8_t *at = pcapng->body + pcapng->options;
        uint16_t code = get16(pcapng, at), size = get16(pcapng, at + 2);
        if (code == OPTION_END || pcapng->options + 4 + size > pcapng->length)
            break;
        pcapng->options += 4 + ((size + 3u) & ~3u);
        if (code != OPTION_COMMENT)
            continue;
        *text = (const char *)at + 4;
        *length = size;
        return true;
    }
    return false;
}

enum capture_result pcapng_next(struct pcapng *pcapng, struct captured *out, int *link_type, struct fault *fault)
{
    const uint8_t *body;
    uint32_t type;

    while (read_block(pcapng, &type, fault)) {
        bool packet = type == BLOCK_ENHANCED || type == BLOCK_PACKET;
        body = pcapng->body;
        if (type == BLOCK_INTERFACE && !read_interface(pcapng, fault))
            return CAPTURE_FAULT;
        if (type == BLOCK_SIMPLE && pcapng->length >= 4)
            return read_simple(pcapng, out, link_type, fault) ? CAPTURE_PACKET : CAPTURE_FAULT;
        if (!packet)
            continue;
        if (pcapng->length < 20) {
            fault_set(fault, FAULT_LOCAL, "the block of a packet is too short");
            return CAPTURE_FAULT;
        }
        return read_packet(pcapng, type == BLOCK_PACKET ? get16(pcapng, body) : get32(pcapng, body), 20,
                           get32(pcapng, body + 12), get32(pcapng, body + 16),
                           (uint64_t)get32(pcapng, body + 4) << 32 | get32(pcapng, body + 8), out, link_type, fault)
                   ? CAPTURE_PACKET
                   : CAPTURE_FAULT;
    }
    return fault->kind == FAULT_NONE ? CAPTURE_EMPTY : CAPTURE_FAULT;
}
