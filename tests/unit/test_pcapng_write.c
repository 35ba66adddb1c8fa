/*
 * src/io/pcapng_write: each byte of a block held against the format (draft-ietf-opsawg-pcapng), and what was written read back
 * by src/io/pcapng.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/capture_file.h"
#include "io/pcapng_write.h"

#define AT INT64_C(1700000000123456789)

struct written {
    char path[64];
    struct pcapng_writer *writer;
    uint8_t *bytes; /* (owned) after finish() */
    size_t length;
};

static void begin(struct written *written)
{
    struct fault fault = {0};
    int fd;

    *written = (struct written){0};
    strcpy(written->path, "/tmp/tcpwalk-write.XXXXXX");
    fd = mkstemp(written->path);
    assert_true(fd >= 0);
    close(fd);
    assert_true(pcapng_writer_open(&written->writer, written->path, "a program", &fault));
}

static void take_in(struct written *written)
{
    FILE *file = fopen(written->path, "r");

    assert_non_null(file);
    free(written->bytes);
    written->bytes = malloc(1 << 20);
    assert_non_null(written->bytes);
    written->length = fread(written->bytes, 1, 1 << 20, file);
    fclose(file);
}

static void finish(struct written *written)
{
    struct fault fault = {0};

    assert_true(pcapng_writer_close(written->writer, &fault));
    take_in(written);
}

static void forget(struct written *written)
{
    unlink(written->path);
    free(written->bytes);
}

static uint32_t word(const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static uint16_t half(const uint8_t *at)
{
    uint16_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

/* The n-th block (from 0), whose lengths at both ends agree, as do those of all before it; NULL: there are not so many. */
static const uint8_t *block(const struct written *written, unsigned n)
{
    size_t at = 0;

    for (unsigned i = 0; at < written->length; i++) {
        uint32_t length = word(written->bytes + at + 4);
        assert_true(length >= 12 && length % 4 == 0 && at + length <= written->length);
        assert_int_equal(word(written->bytes + at + length - 4), length);
        if (i == n)
            return written->bytes + at;
        at += length;
    }
    return NULL;
}

/* The n-th option of a block whose options begin at `at`; its padding is zero. */
static const uint8_t *option(const uint8_t *from, uint32_t at, unsigned n, uint16_t code, uint16_t *length)
{
    for (unsigned i = 0;; i++) {
        assert_true(at + 4 <= word(from + 4) - 4);
        *length = half(from + at + 2);
        if (i == n) {
            assert_int_equal(half(from + at), code);
            for (uint32_t pad = *length; pad % 4 != 0; pad++)
                assert_int_equal(from[at + 4 + pad], 0);
            return from + at + 4;
        }
        at += 4 + (*length + 3u) / 4 * 4;
    }
}

static unsigned add_interface(struct written *written, uint16_t link_type)
{
    const struct pcapng_interface interface = {link_type, 1920, "lab0", "tcp port 9"};
    struct fault fault = {0};
    unsigned number = 99;

    assert_true(pcapng_write_interface(written->writer, &interface, &number, &fault));
    return number;
}

static void add_packet(struct written *written, unsigned interface, const char *bytes, uint32_t length,
                       const struct pcapng_options *options)
{
    const struct captured captured = {AT, (const uint8_t *)bytes, (uint32_t)strlen(bytes), length};
    struct fault fault = {0};

    assert_true(pcapng_write_packet(written->writer, interface, &captured, options, &fault));
}

static void heads(void **state)
{
    struct written written;
    const uint8_t *at;
    uint16_t length;

    (void)state;
    begin(&written);
    assert_int_equal(add_interface(&written, 1), 0);
    assert_int_equal(add_interface(&written, 101), 1);
    finish(&written);

    at = block(&written, 0);
    assert_int_equal(word(at), 0x0a0d0d0a);
    assert_int_equal(word(at + 8), 0x1a2b3c4d);
    assert_int_equal(half(at + 12), 1);
    assert_int_equal(half(at + 14), 0);
    assert_int_equal(word(at + 16), UINT32_MAX);
    assert_int_equal(word(at + 20), UINT32_MAX);
    assert_memory_equal(option(at, 24, 0, 4, &length), "a program", 9);
    assert_int_equal(length, 9);
    option(at, 24, 1, 0, &length);
    assert_int_equal(length, 0);

    at = block(&written, 1);
    assert_int_equal(word(at), 1);
    assert_int_equal(half(at + 8), 1);
    assert_int_equal(word(at + 12), 1920);
    assert_memory_equal(option(at, 16, 0, 2, &length), "lab0", 4);
    assert_int_equal(*option(at, 16, 1, 9, &length), 9);
    assert_int_equal(length, 1);
    assert_memory_equal(option(at, 16, 2, 11, &length), "\0tcp port 9", 11);
    assert_int_equal(length, 11);
    option(at, 16, 3, 0, &length);
    assert_int_equal(half(block(&written, 2) + 8), 101);
    assert_null(block(&written, 3));
    forget(&written);
}

/* Packets and comments of all lengths modulo four. */
static void padding(void **state)
{
    static const char text[] = "abcdefgh";
    struct written written;

    (void)state;
    begin(&written);
    add_interface(&written, 1);
    for (size_t n = 0; n < 5; n++) {
        struct pcapng_options options = {0};
        char bytes[9] = "";
        memcpy(bytes, text, n);
        assert_true(pcapng_add_comment(&options, text + 1, n));
        assert_true(pcapng_add_comment(&options, "more", 4));
        add_packet(&written, 0, bytes, 1500, n == 4 ? NULL : &options);
        pcapng_free_options(&options);
    }
    finish(&written);
    for (unsigned n = 0; n < 5; n++) {
        const uint8_t *at = block(&written, 2 + n);
        uint32_t padded = (n + 3) / 4 * 4;
        uint16_t length;
        assert_int_equal(word(at), 6);
        assert_int_equal(word(at + 8), 0);
        assert_int_equal(word(at + 12), (uint64_t)AT >> 32);
        assert_int_equal(word(at + 16), (uint32_t)AT);
        assert_int_equal(word(at + 20), n);
        assert_int_equal(word(at + 24), 1500);
        assert_memory_equal(at + 28, text, n);
        if (n == 4) {
            assert_int_equal(word(at + 4), 32 + padded);
            continue;
        }
        assert_memory_equal(option(at, 28 + padded, 0, 1, &length), text + 1, n);
        assert_int_equal(length, n);
        assert_memory_equal(option(at, 28 + padded, 1, 1, &length), "more", 4);
        option(at, 28 + padded, 2, 0, &length);
        assert_int_equal(word(at + 4), 28 + padded + 4 + (n + 3) / 4 * 4 + 8 + 4 + 4);
    }
    forget(&written);
}

static void comments(void **state)
{
    struct pcapng_options options = {0}, more = {0};
    static char big[70000];

    (void)state;
    assert_true(pcapng_add_comment(&options, "one", 3));
    assert_true(pcapng_add_comment(&options, "two", 3));
    assert_true(pcapng_add_comment(&options, "one", 3));
    assert_int_equal(options.used, 16);
    assert_true(pcapng_add_comment(&more, "two", 3));
    assert_true(pcapng_add_comment(&more, "three", 5));
    assert_true(pcapng_add_comments(&options, &more));
    assert_int_equal(options.used, 16 + 12);
    /* What is too long for an option ends with a whole character: of two bytes each, behind one of one. */
    big[0] = 'x';
    for (size_t i = 1; i + 1 < sizeof(big); i += 2)
        memcpy(big + i, "\xc3\xa4", 2);
    options.used = 0;
    assert_true(pcapng_add_comment(&options, big, sizeof(big) - 1));
    assert_int_equal(half(options.bytes + 2), 65535);
    options.used = 0;
    assert_true(pcapng_add_comment(&options, big + 1, sizeof(big) - 2));
    assert_int_equal(half(options.bytes + 2), 65534);
    /* And there is an end to all of them. */
    for (char i = 'a'; i < 'z'; i++) {
        big[0] = i;
        assert_true(pcapng_add_comment(&options, big, 65535));
    }
    assert_true(options.used <= PCAPNG_COMMENTS_MAX);
    assert_true(options.used > PCAPNG_COMMENTS_MAX - 65600);
    pcapng_free_options(&options);
    pcapng_free_options(&more);
}

static void statistics(void **state)
{
    struct pcapng_statistics known = {.at = AT, .counted = true, .received = 12, .dropped = UINT64_C(5000000000)};
    struct pcapng_options options = {0};
    struct fault fault = {0};
    struct written written;
    const uint8_t *at, *value;
    uint16_t length;
    uint64_t count;

    (void)state;
    begin(&written);
    add_interface(&written, 1);
    assert_true(pcapng_add_comment(&options, "the end", 7));
    assert_true(pcapng_write_statistics(written.writer, 0, &known, &options, &fault));
    known.counted = false;
    assert_true(pcapng_write_statistics(written.writer, 0, &known, NULL, &fault));
    finish(&written);
    at = block(&written, 2);
    assert_int_equal(word(at), 5);
    assert_int_equal(word(at + 8), 0);
    assert_int_equal(word(at + 12), (uint64_t)AT >> 32);
    assert_int_equal(word(at + 16), (uint32_t)AT);
    assert_memory_equal(option(at, 20, 0, 1, &length), "the end", 7);
    value = option(at, 20, 1, 3, &length);
    assert_int_equal(length, 8);
    assert_int_equal(word(value), (uint64_t)AT >> 32);
    memcpy(&count, option(at, 20, 2, 4, &length), sizeof(count));
    assert_int_equal(count, 12);
    memcpy(&count, option(at, 20, 3, 5, &length), sizeof(count));
    assert_int_equal(count, UINT64_C(5000000000));
    option(at, 20, 4, 0, &length);
    option(block(&written, 3), 20, 1, 0, &length);
    pcapng_free_options(&options);
    forget(&written);
}

/* The last packet gets one more comment; it is the last no more once something else was written. */
static void again(void **state)
{
    const struct captured captured = {AT, (const uint8_t *)"frame", 5, 5};
    struct pcapng_options options = {0};
    struct fault fault = {0};
    struct written written;
    uint16_t length;

    (void)state;
    begin(&written);
    assert_false(pcapng_rewrite_packet(written.writer, 0, &captured, &options, &fault));
    add_interface(&written, 1);
    assert_false(pcapng_rewrite_packet(written.writer, 0, &captured, &options, &fault));
    assert_true(pcapng_add_comment(&options, "first", 5));
    add_packet(&written, 0, "frame", 5, &options);
    assert_true(pcapng_writer_flush(written.writer, &fault));
    take_in(&written);
    assert_non_null(block(&written, 2));
    assert_null(block(&written, 3));
    assert_true(pcapng_add_comment(&options, "second", 6));
    assert_true(pcapng_rewrite_packet(written.writer, 0, &captured, &options, &fault));
    add_packet(&written, 0, "other", 5, NULL);
    add_interface(&written, 1);
    assert_false(pcapng_rewrite_packet(written.writer, 0, &captured, &options, &fault));
    assert_int_equal(fault.kind, FAULT_NONE);
    finish(&written);
    assert_memory_equal(option(block(&written, 2), 36, 0, 1, &length), "first", 5);
    assert_memory_equal(option(block(&written, 2), 36, 1, 1, &length), "second", 6);
    assert_memory_equal(block(&written, 3) + 28, "other", 5);
    assert_null(block(&written, 5));
    pcapng_free_options(&options);
    forget(&written);
}

static void interfaces_end(void **state)
{
    const struct pcapng_interface interface = {.link_type = 1};
    struct fault fault = {0};
    struct written written;
    unsigned number;

    (void)state;
    begin(&written);
    for (unsigned i = 0; i < PCAPNG_INTERFACES_MAX; i++) {
        assert_true(pcapng_write_interface(written.writer, &interface, &number, &fault));
        assert_int_equal(number, i);
    }
    assert_false(pcapng_write_interface(written.writer, &interface, &number, &fault));
    assert_int_equal(fault.kind, FAULT_LOCAL);
    fault = (struct fault){0};
    assert_true(pcapng_write_section(written.writer, &fault));
    assert_int_equal(add_interface(&written, 1), 0);
    finish(&written);
    assert_int_equal(word(block(&written, 1 + PCAPNG_INTERFACES_MAX)), 0x0a0d0d0a);
    forget(&written);
}

/* What is read of it, one line for each packet. */
struct heard {
    struct capture_file *file;
    char words[600];
};

static bool hear(void *context, const struct captured *captured, int link_type, uint64_t number)
{
    struct heard *heard = context;
    struct capture_interface interface;
    const char *text;
    size_t length, used = strlen(heard->words);

    capture_file_interface(heard->file, capture_file_packet_interface(heard->file), &interface);
    used += (size_t)snprintf(heard->words + used, sizeof(heard->words) - used, "%llu %lld %d/%u %s %u/%u %.*s",
                             (unsigned long long)number, (long long)captured->at, link_type, interface.link_type,
                             interface.name, captured->captured, captured->length, (int)captured->captured,
                             (const char *)captured->bytes);
    while (capture_file_comment(heard->file, &text, &length))
        used += (size_t)snprintf(heard->words + used, sizeof(heard->words) - used, " (%.*s)", (int)length, text);
    snprintf(heard->words + used, sizeof(heard->words) - used, "\n");
    return true;
}

static void read_back(void **state)
{
    struct pcapng_options options = {0};
    struct heard heard = {0};
    struct fault fault = {0};
    struct written written;

    (void)state;
    begin(&written);
    add_interface(&written, 1);
    add_interface(&written, 101);
    assert_true(pcapng_add_comment(&options, "one", 3));
    assert_true(pcapng_add_comment(&options, "of two", 6));
    add_packet(&written, 0, "first", 1500, &options);
    add_packet(&written, 1, "second", 6, NULL);
    finish(&written);
    assert_true(capture_file_open(&heard.file, written.path, NULL, NULL, &fault));
    assert_true(capture_file_each(heard.file, hear, &heard, &fault));
    assert_string_equal(heard.words, "1 1700000000123456789 1/1 lab0 5/1500 first (one) (of two)\n"
                                     "2 1700000000123456789 12/101 lab0 6/6 second\n");
    capture_file_close(heard.file);
    pcapng_free_options(&options);
    forget(&written);
}

static void cannot_write(void **state)
{
    struct pcapng_writer *writer;
    struct fault fault = {0};

    (void)state;
    assert_false(pcapng_writer_open(&writer, "/dev/full", "a program", &fault));
    assert_null(writer);
    assert_int_equal(fault.kind, FAULT_LOCAL);
    assert_string_equal(fault.words, "/dev/full: No space left on device");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads),      cmocka_unit_test(padding),      cmocka_unit_test(comments),
        cmocka_unit_test(statistics), cmocka_unit_test(again),        cmocka_unit_test(interfaces_end),
        cmocka_unit_test(read_back),  cmocka_unit_test(cannot_write),
    };

    return cmocka_run_group_tests_name("pcapng-write", tests, NULL, NULL);
}
