#include "wire/tcp.h"

#include <stdbool.h>

#define TCP_HEADER 20

enum option_kind {
    KIND_END = 0,
    KIND_NOP = 1,
    KIND_MSS = 2,
    KIND_WSCALE = 3,
    KIND_SACK_PERMITTED = 4,
    KIND_SACK = 5,
    KIND_TIMESTAMPS = 8,
};

/* The options with a value of their own here. A reader gets the option's bytes after kind and length. */
typedef void option_reader(const uint8_t *value, uint8_t length, struct tcp_options *out);

static void read_mss(const uint8_t *value, uint8_t length, struct tcp_options *out)
{
    (void)length;
    out->mss = be16(value);
}

static void read_wscale(const uint8_t *value, uint8_t length, struct tcp_options *out)
{
    (void)length;
    out->wscale = value[0];
}

static void read_sack(const uint8_t *value, uint8_t length, struct tcp_options *out)
{
    out->sack_count = length / 8;
    for (uint8_t i = 0; i < out->sack_count; i++, value += 8)
        out->sack[i] = (struct sack_block){.left = be32(value), .right = be32(value + 4)};
}

static void read_timestamps(const uint8_t *value, uint8_t length, struct tcp_options *out)
{
    (void)length;
    out->tsval = be32(value);
    out->tsecr = be32(value + 4);
}

static const struct option {
    uint8_t kind;
    uint8_t bit;      /* TCP_OPT_* */
    uint8_t shortest; /* of the value, without kind and length */
    uint8_t longest;
    uint8_t step;          /* longer ones grow by this */
    option_reader *reader; /* NULL: being there is all it says */
} options[] = {
    {KIND_MSS, TCP_OPT_MSS, 2, 2, 1, read_mss},
    {KIND_WSCALE, TCP_OPT_WSCALE, 1, 1, 1, read_wscale},
    {KIND_SACK_PERMITTED, TCP_OPT_SACK_PERMITTED, 0, 0, 1, NULL},
    {KIND_SACK, TCP_OPT_SACK, 8, 8 * SACK_BLOCKS_MAX, 8, read_sack},
    {KIND_TIMESTAMPS, TCP_OPT_TIMESTAMPS, 8, 8, 1, read_timestamps},
};

/* False when an option of this kind can't have a value of this length. */
static bool read_option(uint8_t kind, const uint8_t *value, uint8_t length, struct tcp_options *out)
{
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        const struct option *row = &options[i];
        if (row->kind != kind)
            continue;
        if (length < row->shortest || length > row->longest || (length - row->shortest) % row->step != 0)
            return false;
        if (row->reader)
            row->reader(value, length, out);
        out->present |= row->bit;
        return true;
    }
    out->present |= TCP_OPT_OTHER;
    return true;
}

/* An option that comes twice: the later one counts, as in Linux. Bytes after the end-of-list option mean nothing. */
void tcp_read_options(const uint8_t *at, uint32_t left, struct tcp_options *out)
{
    while (left > 0 && at[0] != KIND_END) {
        uint32_t length = 1;

        if (at[0] != KIND_NOP) {
            if (left < 2 || at[1] < 2 || at[1] > left || !read_option(at[0], at + 2, (uint8_t)(at[1] - 2), out)) {
                out->present |= TCP_OPT_MALFORMED;
                return;
            }
            length = at[1];
        }
        at += length;
        left -= length;
    }
}

void tcp_read_start(const struct bytes *body, uint16_t *src_port, uint16_t *dst_port, uint32_t *seq)
{
    if (bytes_lack(body, 4, BYTES_CAPTURE_ENDS))
        return;
    *src_port = be16(body->at);
    *dst_port = be16(body->at + 2);
    if (!bytes_lack(body, 8, BYTES_CAPTURE_ENDS))
        *seq = be32(body->at + 4);
}

static const char *read_header(struct bytes *body, bool may_be_cut, uint16_t *src_port, uint16_t *dst_port,
                               struct segment *out)
{
    const char *lack = bytes_lack(body, TCP_HEADER, "the TCP header is cut short");
    const uint8_t *at = body->at;
    uint32_t header_length, options_length;

    tcp_read_start(body, src_port, dst_port, &out->seq);
    if (lack)
        return lack;
    header_length = (uint32_t)(at[12] >> 4) * 4;
    if (header_length < TCP_HEADER)
        return "the TCP data offset is too small";
    lack = bytes_lack(body, header_length, "the TCP data offset is too large");
    if (lack && !(may_be_cut && header_length <= body->length))
        return lack;
    options_length = (lack ? body->captured : header_length) - TCP_HEADER;
    out->ack = be32(at + 8);
    out->reserved = at[12] & 0x0f;
    out->flags = at[13];
    out->window = be16(at + 14);
    out->urgent = be16(at + 18);
    tcp_read_options(at + TCP_HEADER, options_length, &out->options);
    if (lack) /* an option that is cut in two is not malformed */
        out->options.present = (uint8_t)((out->options.present & ~TCP_OPT_MALFORMED) | TCP_OPT_CUT);
    bytes_skip(body, header_length);
    out->len = body->length;
    return NULL;
}

const char *tcp_read(struct bytes *body, uint16_t *src_port, uint16_t *dst_port, struct segment *out)
{
    return read_header(body, false, src_port, dst_port, out);
}

const char *tcp_read_cut(struct bytes *body, uint16_t *src_port, uint16_t *dst_port, struct segment *out)
{
    return read_header(body, true, src_port, dst_port, out);
}
