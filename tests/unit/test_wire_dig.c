/* What packet_dig() reads beyond packet_read(): the same where both can, fragments in any order, and nothing out of bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../soundness/chance.h"
#include "frame.h"
#include "wire/dig.h"
#include "wire/ether.h"
#include "wire/link.h"
#include "wire/network_list.h"

static struct fragments fragments;

static struct packet dig(const uint8_t *bytes, uint32_t captured, uint32_t length, int link)
{
    struct packet packet;

    packet_dig(link, bytes, captured, length, 0, &fragments, &packet);
    return packet;
}

/* All that a segment has is read alike, on the quick way for ordinary ones and on the other. */
static void reads_what_the_live_reader_reads(void **state)
{
    static const int links[] = {LINK_ETHERNET, LINK_LINUX_SLL, LINK_LINUX_SLL2, LINK_RAW, LINK_NULL, LINK_LOOP};
    struct chance chance = {1};
    unsigned segments = 0;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        struct frame frame;
        make_segment(&frame, links[chance_below(&chance, 6)], chance_of(&chance, 700) ? 4 : 6,
                     chance_below(&chance, 40));
        /* A byte or two of the headers are something else. */
        for (unsigned k = chance_below(&chance, 4); k > 0; k--)
            frame.at[chance_below(&chance, frame.used)] = (uint8_t)chance_next(&chance);
        uint32_t captured = chance_of(&chance, 800) ? frame.used : chance_below(&chance, frame.used);
        uint8_t *copy = malloc(captured ? captured : 1);
        struct packet live, dug;
        memcpy(copy, frame.at, captured);
        packet_read(frame.link, copy, captured, frame.used, &live);
        dug = dig(copy, captured, frame.used, frame.link);
        if (live.kind == PACKET_SEGMENT) {
            segments++;
            assert_int_equal(dug.kind, PACKET_SEGMENT);
            assert_memory_equal(&live.segment, &dug.segment, sizeof(live.segment));
            assert_memory_equal(&live.src, &dug.src, sizeof(live.src));
            assert_memory_equal(&live.dst, &dug.dst, sizeof(live.dst));
            assert_ptr_equal(live.payload, dug.payload);
            assert_int_equal(live.payload_captured, dug.payload_captured);
        }
        free(copy);
    }
    assert_true(segments > 50000);
}

/* A segment of 200 bytes in pieces of 24. */
#define PIECES 10

static unsigned make_pieces(struct frame pieces[PIECES], uint16_t id)
{
    struct frame whole;
    unsigned count = 0;

    make_segment(&whole, LINK_RAW, 4, 168);
    for (uint32_t at = 20; at < whole.used; at += 24, count++) {
        uint32_t n = whole.used - at < 24 ? whole.used - at : 24;
        struct frame *piece = &pieces[count];
        *piece = whole;
        piece->used = 20 + n;
        memmove(piece->at + 20, whole.at + at, n);
        set16(piece, 2, piece->used);
        set16(piece, 4, id);
        set16(piece, 6, (at + n < whole.used ? 0x2000u : 0u) | (at - 20) / 8);
    }
    return count;
}

static void fragments_in_any_order(void **state)
{
    struct frame pieces[PIECES];
    struct chance chance = {2};

    (void)state;
    memset(&fragments, 0, sizeof(fragments));
    for (unsigned round = 0; round < 500; round++) {
        unsigned count = make_pieces(pieces, (uint16_t)(round + 1)), order[PIECES];
        for (unsigned i = 0; i < count; i++)
            order[i] = i;
        for (unsigned i = count; i > 1; i--) {
            unsigned k = chance_below(&chance, i), swap = order[k];
            order[k] = order[i - 1];
            order[i - 1] = swap;
        }
        for (unsigned i = 0; i < count; i++) {
            struct packet packet = dig(pieces[order[i]].at, pieces[order[i]].used, pieces[order[i]].used, LINK_RAW);
            if (i + 1 < count) {
                assert_int_equal(packet.kind, PACKET_OTHER);
                assert_string_equal(packet.oddity, "a fragment");
                continue;
            }
            assert_int_equal(packet.kind, PACKET_SEGMENT);
            assert_int_equal(packet.segment.len, 168);
            assert_int_equal(packet.payload_captured, 168);
            for (unsigned k = 0; k < 168; k++)
                assert_int_equal(packet.payload[k], 'x');
        }
    }
    assert_int_equal(fragments.given_up, 0);
}

static void lost_fragments_are_given_up(void **state)
{
    struct frame pieces[PIECES];
    unsigned count;

    (void)state;
    memset(&fragments, 0, sizeof(fragments));
    for (unsigned i = 0; i < 3 * FRAGMENTED_PACKETS; i++) {
        count = make_pieces(pieces, (uint16_t)(i + 1));
        for (unsigned k = 0; k + 1 < count; k++)
            dig(pieces[k].at, pieces[k].used, pieces[k].used, LINK_RAW);
    }
    assert_int_equal(fragments.given_up, 2 * FRAGMENTED_PACKETS);
    fragments_end(&fragments);
    assert_int_equal(fragments.given_up, 3 * FRAGMENTED_PACKETS);
}

/* Each of the pieces once or more, in any order, and another packet with the same number: nothing is missing of any. */
static void fragments_captured_again(void **state)
{
    struct frame pieces[PIECES];
    struct chance chance = {3};

    (void)state;
    memset(&fragments, 0, sizeof(fragments));
    for (unsigned round = 0; round < 2000; round++) {
        unsigned count = make_pieces(pieces, (uint16_t)(round / 4)), sent[PIECES] = {0}, distinct = 0, segments = 0;
        for (unsigned i = 0; i < count; i++) /* no piece says what one of another packet with this number said */
            memset(pieces[i].at + 20, 'a' + (int)(round % 4), i == 0 ? 4 : 24);
        while (distinct < count || chance_of(&chance, 900)) {
            unsigned k = chance_below(&chance, count);
            distinct += sent[k]++ == 0;
            struct packet packet = dig(pieces[k].at, pieces[k].used, pieces[k].used, LINK_RAW);
            assert_true(packet.kind == PACKET_SEGMENT || packet.oddity != NULL);
            segments += packet.kind == PACKET_SEGMENT;
            assert_true(segments == 0 || distinct == count);
        }
        unsigned least = sent[0];
        for (unsigned k = 1; k < count; k++)
            least = sent[k] < least ? sent[k] : least;
        assert_in_range(segments, 1, least);
    }
    assert_int_equal(fragments.given_up, 0);
    fragments_end(&fragments);
    assert_int_equal(fragments.given_up, 0);
}

/* What is remembered takes no room from what waits. */
static void the_waiting_stay(void **state)
{
    struct frame waiting[PIECES], passing[PIECES];
    unsigned count = make_pieces(waiting, 1);

    (void)state;
    memset(&fragments, 0, sizeof(fragments));
    for (unsigned k = 0; k + 1 < count; k++)
        dig(waiting[k].at, waiting[k].used, waiting[k].used, LINK_RAW);
    for (unsigned i = 0; i < 3 * FRAGMENTED_PACKETS; i++) {
        make_pieces(passing, (uint16_t)(i + 2));
        for (unsigned k = 0; k < count; k++)
            dig(passing[k].at, passing[k].used, passing[k].used, LINK_RAW);
    }
    assert_int_equal(dig(waiting[count - 1].at, waiting[count - 1].used, waiting[count - 1].used, LINK_RAW).kind,
                     PACKET_SEGMENT);
    assert_int_equal(fragments.given_up, 0);
}

/* A fragment that would reach beyond what a packet can have. */
static void too_long_a_fragment(void **state)
{
    struct frame piece;

    (void)state;
    memset(&fragments, 0, sizeof(fragments));
    make_segment(&piece, LINK_RAW, 4, 168);
    set16(&piece, 6, 0x1fff);
    assert_int_equal(dig(piece.at, piece.used, piece.used, LINK_RAW).kind, PACKET_OTHER);
    assert_int_equal(fragments.given_up, 1);
}

/* IPv4 in IPv4, more often than anyone would. */
static void tunnels_without_end(void **state)
{
    uint8_t bytes[20 * 40] = {0};
    struct packet packet;

    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        uint8_t *at = bytes + 20 * i;
        at[0] = 0x45;
        at[2] = (uint8_t)((sizeof(bytes) - 20 * i) >> 8);
        at[3] = (uint8_t)(sizeof(bytes) - 20 * i);
        at[9] = 4;
    }
    packet = dig(bytes, sizeof(bytes), sizeof(bytes), LINK_RAW);
    assert_int_equal(packet.kind, PACKET_ODDITY);
    assert_string_equal(packet.oddity, "too many tunnels inside of each other");
}

/* A port alone makes no tunnel: of what is anything, nothing is taken for a segment, and almost nothing for encrypted. */
static void udp_of_any_bytes(void **state)
{
    static const uint16_t ports[] = {1701, 2152, 3544, 4341, 4789, 4790, 5072, 6081, 6635, 8472};
    struct chance chance = {4};
    unsigned odd = 0;

    (void)state;
    memset(&fragments, 0, sizeof(fragments));
    for (unsigned i = 0; i < 1000000; i++) {
        struct frame frame;
        uint32_t ip, length = 8 + chance_below(&chance, 100);
        put_link(&frame, LINK_RAW, 4);
        ip = put_v4(&frame, 17, 0);
        put_fill(&frame, 0, length);
        for (uint32_t at = 0; at < length; at++)
            frame.at[frame.used - length + at] = (uint8_t)chance_next(&chance);
        set16(&frame, frame.used - length + 2, ports[i % 10]);
        end_v4(&frame, ip);
        struct packet packet = dig(frame.at, frame.used, frame.used, LINK_RAW);
        assert_int_not_equal(packet.kind, PACKET_SEGMENT);
        odd += packet.kind == PACKET_ODDITY;
    }
    assert_in_range(odd, 0, 100);
}

/* The capture ends inside the options: the numbers are there, and it is said. */
static const char *name_of(const struct network_list *list, uint32_t number, char words[160])
{
    struct text text;

    text_init(&text, words, 160);
    network_list_name(list, number, &text);
    return words;
}

static void networks_have_numbers_and_names(void **state)
{
    struct network_list *list = calloc(1, sizeof(*list));
    struct packet vlan = {.network = 0}, vxlan = {.network = 0}, deep = {.network = 0}, none = {.network = 0};
    char words[160];

    (void)state;
    assert_non_null(list);
    ether_enter(&vlan, NETWORK_VLAN, 5);
    ether_enter(&vxlan, NETWORK_VXLAN, 5);
    for (unsigned i = 0; i < NETWORK_LAYERS + 2; i++)
        ether_enter(&deep, i % 2 ? NETWORK_GRE : NETWORK_GENEVE, i);
    assert_int_equal(network_list_number(list, &none), 0);
    assert_int_equal(network_list_number(list, &vlan), 1);
    assert_int_equal(network_list_number(list, &vxlan), 2); /* which has the same hash */
    assert_int_equal(network_list_number(list, &deep), 3);
    assert_int_equal(network_list_number(list, &vlan), 1);
    assert_string_equal(name_of(list, 0, words), "");
    assert_string_equal(name_of(list, 1, words), "vlan 5");
    assert_string_equal(name_of(list, 2, words), "vxlan 5");
    assert_string_equal(name_of(list, 3, words), "geneve 0/gre 1/geneve 2/gre 3/geneve 4/gre 5/...");
    /* When there is no more room, they are still told apart, but without a name. */
    for (uint32_t i = 0; i < 2 * NETWORKS_MAX; i++) {
        struct packet packet = {.network = 0};
        ether_enter(&packet, NETWORK_VXLAN, 100 + i);
        uint32_t number = network_list_number(list, &packet);
        assert_int_equal(network_list_path(list, number) != NULL, i < NETWORKS_MAX - 3);
        assert_int_equal(network_list_number(list, &packet), number);
    }
    assert_int_equal(network_list_number(list, &vxlan), 2);
    assert_int_equal(strncmp(name_of(list, UINT32_C(0x80000001), words), "network 80000001", 16), 0);
    free(list);
}

static void options_that_are_cut_off(void **state)
{
    struct frame frame;
    struct packet packet;

    (void)state;
    make_segment(&frame, LINK_ETHERNET, 4, 100);
    packet = dig(frame.at, 14 + 20 + 20, frame.used, LINK_ETHERNET);
    assert_int_equal(packet.kind, PACKET_SEGMENT);
    assert_int_equal(packet.segment.options.present, TCP_OPT_CUT);
    assert_int_equal(packet.segment.len, 100);
    assert_null(packet.payload);
    packet = dig(frame.at, 14 + 20 + 19, frame.used, LINK_ETHERNET);
    assert_int_equal(packet.kind, PACKET_ODDITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_the_live_reader_reads),
        cmocka_unit_test(fragments_in_any_order),
        cmocka_unit_test(lost_fragments_are_given_up),
        cmocka_unit_test(fragments_captured_again),
        cmocka_unit_test(the_waiting_stay),
        cmocka_unit_test(too_long_a_fragment),
        cmocka_unit_test(tunnels_without_end),
        cmocka_unit_test(udp_of_any_bytes),
        cmocka_unit_test(networks_have_numbers_and_names),
        cmocka_unit_test(options_that_are_cut_off),
    };

    return cmocka_run_group_tests_name("wire_dig", tests, NULL, NULL);
}
