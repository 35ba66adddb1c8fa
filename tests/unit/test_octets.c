/* A segment's bytes in tables and diagrams, the columns of wide characters, and the port that keeps bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/recorder.h"
#include "report/columns.h"
#include "report/octets.h"
#include "report_events.h"

/* A SYN-ACK from 192.0.2.2 port 7 to 192.0.2.1 port 40000 with MSS 1460 two bytes of padding and SACK permitted; its checksum is right. */
static const uint8_t syn_ack[] = {
    0x45, 0x00, 0x00, 0x30, 0x12, 0x34, 0x40, 0x00, 0x40, 0x06, 0xa4, 0x90, 0xc0, 0x00, 0x02, 0x02,
    0xc0, 0x00, 0x02, 0x01, 0x00, 0x07, 0x9c, 0x40, 0xff, 0xff, 0xff, 0xf0, 0x00, 0x00, 0x00, 0x65,
    0x70, 0x52, 0xfa, 0xf0, 0x67, 0x3d, 0x00, 0x00, 0x02, 0x04, 0x05, 0xb4, 0x01, 0x01, 0x04, 0x02,
};

static char *print_frame(const uint8_t *bytes, uint32_t length, uint32_t ip_at, unsigned width)
{
    struct event event = segment_event(2, false, US(400), TCP_SYN | TCP_ACK, 0, 1, ESTABLISHED);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct page page = {.out = out, .width = width};

    octets_print(&page, &event.segment, bytes, length, ip_at);
    fclose(out);
    return text;
}

static char *print(const uint8_t *bytes, uint32_t length, unsigned width)
{
    return print_frame(bytes, length, 0, width);
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("not there: %s\nin:\n%s", part, text);
}

static void test_every_field(void **state)
{
    char *text = print(syn_ack, sizeof(syn_ack), 80);

    (void)state;
    has(text, "segment 2, the peer's: 20 bytes of IP, 28 of TCP, 0 of payload\n");
    has(text, "| identification         |   16 | 1234             | 4660 ");
    has(text, "| source address         |   32 | c000 0202        | 192.0.2.2 ");
    has(text, "| sequence number        |   32 | ffff fff0        | 4294967280 (relative 0) ");
    has(text, "| acknowledgment number  |   32 | 0000 0065        | 101 (relative 1) ");
    has(text, "| control bits           |    8 | 52 ");
    has(text, "| CWR | ECE |   | URG | ACK | PSH | RST | SYN | FIN |\n"
              "    |  0  |  1  |   |  0  |  1  |  0  |  0  |  1  |  0  |\n");
    has(text, "| maximum segment size   |   32 | 0204 05b4        | 1460 ");
    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        assert_true(strcspn(line, "\n") <= 80);
    free(text);
}

static void test_the_checksum_is_looked_at(void **state)
{
    uint8_t bytes[sizeof(syn_ack)];
    char *text = print(syn_ack, sizeof(syn_ack), 80);

    (void)state;
    has(text, ", right ");
    free(text);
    memcpy(bytes, syn_ack, sizeof(bytes));
    bytes[36] ^= 1;
    text = print(bytes, sizeof(bytes), 80);
    has(text, ", not finished");
    free(text);
}

static void test_ethernet(void **state)
{
    uint8_t frame[14 + sizeof(syn_ack)] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0xab, 0x08, 0x00};
    char *text;

    (void)state;
    memcpy(frame + 14, syn_ack, sizeof(syn_ack));
    text = print_frame(frame, sizeof(frame), 14, 80);
    has(text, "| source address         |   48 | 0200 0000 00ab   | 02:00:00:00:00:ab ");
    has(text, "| type                   |   16 | 0800             | IPv4 ");
    has(text, ", right ");
    free(text);
    for (uint32_t length = 0; length < sizeof(frame); length++) {
        uint8_t *cut = malloc(length ? length : 1);
        memcpy(cut, frame, length);
        free(print_frame(cut, length, 14, 80));
        free(cut);
    }
}

/* Cut anywhere and with any length in it, nothing is read beyond what is there: the sanitizer watches. */
static void test_sizes_of_headers(void **state)
{
    uint8_t frame[14 + sizeof(syn_ack)] = {0};
    uint32_t ip = 1, tcp = 1;

    (void)state;
    memcpy(frame + 14, syn_ack, sizeof(syn_ack));
    assert_false(octets_headers(frame, sizeof(frame), 0, &ip, &tcp));
    assert_false(octets_headers(frame, sizeof(frame), sizeof(frame), &ip, &tcp));
    assert_int_equal(ip, 1);
    assert_true(octets_headers(frame, sizeof(frame), 14, &ip, &tcp));
    assert_int_equal(ip, 20);
    assert_int_equal(tcp, 28);
    frame[14 + 20 + 12] = 0xf0; /* it says that it is longer than what there is */
    assert_true(octets_headers(frame, sizeof(frame), 14, &ip, &tcp));
    assert_int_equal(tcp, 20);
}

static void test_no_length_is_trusted(void **state)
{
    (void)state;
    for (uint32_t length = 0; length <= sizeof(syn_ack); length++)
        for (unsigned spoilt = 0; spoilt < 256; spoilt += 15) {
            static const unsigned at[] = {0, 2, 3, 32, 41, 47};
            for (size_t i = 0; i < COUNT(at); i++) {
                uint8_t *bytes = malloc(length ? length : 1);
                memcpy(bytes, syn_ack, length);
                if (at[i] < length)
                    bytes[at[i]] = (uint8_t)spoilt;
                free(print(bytes, length, 64));
                free(bytes);
            }
        }
}

/* Released by the caller. */
static char *diagram(const uint8_t *bytes, uint32_t length, uint32_t ip_at)
{
    struct event event = segment_event(2, false, US(400), TCP_SYN | TCP_ACK, 0, 1, ESTABLISHED);
    char *text = NULL;
    size_t size;
    struct svg svg = {open_memstream(&text, &size)};

    event.segment.segment.len = length > 48 ? length - 48 : 0;
    octets_html(&svg, &event.segment, bytes, length, ip_at);
    fclose(svg.out);
    return text;
}

/* Each row of each table has 32 bits, and every element that is opened is closed. */
static void assert_rows_are_full(const char *text)
{
    unsigned bits = 0, rows = 0, open = 0;

    for (const char *at = text; (at = strchr(at, '<')) != NULL; at++) {
        if (strncmp(at, "<tr>", 4) == 0)
            bits = 0;
        else if (strncmp(at, "<th>", 4) == 0 || strncmp(at, "<td class=\"bit", 14) == 0)
            bits++;
        else if (strncmp(at, "<td colspan=\"", 13) == 0)
            bits += (unsigned)atoi(at + 13);
        if (strncmp(at, "</tr>", 5) == 0) {
            assert_int_equal(bits, 32);
            rows++;
        }
        open += at[1] == '/' ? -1u : 1u;
    }
    assert_int_equal(open, 0);
    assert_true(rows > 0 || !*text);
}

static void test_a_diagram(void **state)
{
    uint8_t frame[14 + sizeof(syn_ack)] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0xab, 0x08, 0x00};
    char *text;

    (void)state;
    memcpy(frame + 14, syn_ack, sizeof(syn_ack));
    text = diagram(frame, sizeof(frame), 14);
    assert_rows_are_full(text);
    has(text, "<td colspan=\"16\"><span class=\"name\">source port</span> <span class=\"bits\">16 bits</span>"
              "<b>7</b><code>0007</code></td>");
    has(text, "<td class=\"bit\"><span class=\"name\">CWR</span><b>0</b></td>"
              "<td class=\"bit on\"><span class=\"name\">ECE</span><b>1</b></td>"
              "<td class=\"bit\"><span class=\"name\">URG</span><b>0</b></td>"
              "<td class=\"bit on\"><span class=\"name\">ACK</span><b>1</b></td>"
              "<td class=\"bit\"><span class=\"name\">PSH</span><b>0</b></td>"
              "<td class=\"bit\"><span class=\"name\">RST</span><b>0</b></td>"
              "<td class=\"bit on\"><span class=\"name\">SYN</span><b>1</b></td>"
              "<td class=\"bit\"><span class=\"name\">FIN</span><b>0</b></td>");
    has(text, "kind: maximum segment size</span> <span class=\"bits\">8 bits</span><b>2</b>");
    has(text, "<b>1460</b><code>05b4</code>");
    has(text, "<b>02:00:00:00:00:ab</b>");
    free(text);
}

static void test_any_diagram_has_full_rows(void **state)
{
    uint8_t payload[sizeof(syn_ack) + 20];

    (void)state;
    memcpy(payload, syn_ack, sizeof(syn_ack));
    memset(payload + sizeof(syn_ack), '<', 20);
    for (uint32_t length = 0; length <= sizeof(payload); length++)
        for (unsigned spoilt = 0; spoilt < 256; spoilt++) {
            static const unsigned at[] = {0, 32, 40, 41, 44, 47};
            for (size_t i = 0; i < COUNT(at); i++) {
                uint8_t *bytes = malloc(length ? length : 1);
                char *text;
                memcpy(bytes, payload, length);
                if (at[i] < length)
                    bytes[at[i]] = (uint8_t)spoilt;
                text = diagram(bytes, length, 0);
                assert_rows_are_full(text);
                free(text);
                free(bytes);
            }
        }
}

static void test_columns(void **state)
{
    (void)state;
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        skip();
    assert_int_equal(columns_of("abc", 3), 3);
    assert_int_equal(columns_of("\xed\x95\x9c", 3), 2); /* a syllable of Hangul */
    assert_int_equal(columns_of("a\xcc\x81", 3), 1);    /* a letter with a combining accent */
    assert_int_equal(columns_of("\xff", 1), 1);         /* no character */
    assert_int_equal(columns_fit("\xed\x95\x9c\xea\xb8\x80", 6, 3), 3);
    assert_int_equal(columns_fit("\xed\x95\x9c\xea\xb8\x80", 6, 4), 6);
    assert_int_equal(columns_fit("\xed\x95\x9c", 3, 1), 0);
}

static void test_units_stay_with_their_numbers(void **state)
{
    static const char words[] = "after 60 ms, 12 bytes, 3 s\xec\x97\x90, 4 messages; a ms";
    char *text = NULL;
    size_t size;

    (void)state;
    assert_int_equal(columns_word("60 ms, more"), 6);
    assert_int_equal(columns_word("1 60 ms"), 1);
    assert_int_equal(columns_word("4 messages"), 1);
    assert_int_equal(columns_word("a ms"), 1);
    assert_int_equal(columns_word("1.20 s"), 6);
    for (unsigned width = 10; width < 60; width++) {
        FILE *out = open_memstream(&text, &size);
        struct page page = {.out = out, .width = width};
        page_flow(&page, 0, PAINT_NONE, false, words);
        page_end(&page);
        fclose(out);
        assert_non_null(strstr(text, "60 ms,"));
        assert_non_null(strstr(text, "12 bytes,"));
        assert_non_null(strstr(text, "3 s\xec\x97\x90,"));
        free(text);
    }
}

static void test_wide_prose_is_wrapped(void **state)
{
    static const char word[] = "\xed\x95\x9c\xea\xb8\x80";
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct page page = {.out = out, .width = 16};

    (void)state;
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        skip();
    for (int i = 0; i < 5; i++)
        page_flow(&page, 0, PAINT_NONE, false, word);
    page_end(&page);
    fclose(out);
    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        assert_true(columns_of(line, strcspn(line, "\n")) <= 16);
    assert_non_null(strchr(text, '\n')[1] ? text : NULL);
    free(text);
}

/* ---- the recorder ---- */

struct world {
    struct sighting next;
    nanos deadline;
};

static nanos world_now(void *self)
{
    (void)self;
    return 100;
}

static enum port_result world_next(void *self, nanos deadline, struct sighting *out, struct fault *fault)
{
    struct world *world = self;

    (void)fault;
    world->deadline = deadline;
    *out = world->next;
    return PORT_SIGHTING;
}

static void see(struct world *world, struct port *port, uint32_t seq, const uint8_t *bytes, uint32_t length)
{
    struct sighting out;
    struct fault fault;

    world->next =
        (struct sighting){.kind = SIGHTING_SEGMENT, .segment.seq = seq, .frame = bytes, .frame_captured = length};
    assert_int_equal(port->next(port->self, NANOS_NEVER, &out, &fault), PORT_SIGHTING);
    assert_int_equal(out.segment.seq, seq);
}

static void test_recorder(void **state)
{
    struct recorder *recorder = calloc(1, sizeof(*recorder));
    struct world world = {0};
    struct port port = {&world, world_now, NULL, world_next};
    const struct segment second = {.seq = 2}, third = {.seq = 3};
    const struct record *record;
    uint8_t much[RECORD_BYTES + 1] = {7};

    (void)state;
    recorder_open(recorder, &port);
    see(&world, &port, 1, syn_ack, 4);
    see(&world, &port, 2, syn_ack, 8);
    see(&world, &port, 3, much, sizeof(much));
    record = recorder_take(recorder, false, &second);
    assert_non_null(record);
    assert_int_equal(record->length, 8);
    assert_memory_equal(record->bytes, syn_ack, 8);
    assert_null(recorder_take(recorder, false, &second)); /* taken */
    assert_null(recorder_take(recorder, true, &third));   /* the other way */
    assert_int_equal(recorder_take(recorder, false, &third)->length, RECORD_BYTES);
    assert_int_equal(world.deadline, NANOS_NEVER);
    recorder->hurry = 20;
    see(&world, &port, 4, NULL, 0);
    assert_int_equal(world.deadline, 120);
    for (uint32_t i = 0; i < RECORDS_KEPT; i++)
        see(&world, &port, 100 + i, NULL, 0);
    assert_null(recorder_take(recorder, false, &(struct segment){.seq = 4})); /* not kept any more */
    assert_non_null(recorder_take(recorder, false, &(struct segment){.seq = 100}));
    free(recorder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field),
        cmocka_unit_test(test_the_checksum_is_looked_at),
        cmocka_unit_test(test_ethernet),
        cmocka_unit_test(test_sizes_of_headers),
        cmocka_unit_test(test_no_length_is_trusted),
        cmocka_unit_test(test_a_diagram),
        cmocka_unit_test(test_any_diagram_has_full_rows),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_units_stay_with_their_numbers),
        cmocka_unit_test(test_wide_prose_is_wrapped),
        cmocka_unit_test(test_recorder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
