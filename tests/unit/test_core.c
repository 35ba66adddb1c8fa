/* src/core besides the belief, which has its documents: moves, states, round trips, letters and names. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/claim.h"
#include "core/moves.h"
#include "core/ranges.h"
#include "core/reason.h"
#include "core/rtt.h"
#include "core/segment.h"
#include "core/state.h"

/* The conditions that moves_possible() looks at, as many sets of them as there are. */
static const unsigned conditions[] = {SENT_SYN,          SENT_SYN_ACK,   SENT_FIN,   SENT_FIN_ACK,
                                      SENT_SYN_WITH_ACK, LISTENER_OPENS, AWAITS_OPEN};
#define CONDITIONS (sizeof(conditions) / sizeof(conditions[0]))
#define SENT_SETS (1u << CONDITIONS)

static unsigned sent_set(unsigned i)
{
    unsigned sent = 0;

    for (unsigned bit = 0; bit < CONDITIONS; bit++)
        if (i >> bit & 1)
            sent |= conditions[bit];
    return sent;
}

/* ---- moves ------------------------------------------------------------------------------------------------ */

static void possible_moves_are_a_closure(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SENT_SETS; i++)
        for (unsigned from = 0; from <= ALL_STATES; from++) {
            unsigned sent = sent_set(i);
            state_set to = moves_possible((state_set)from, sent);

            assert_int_equal(to & from, from);                /* standing still is possible */
            assert_int_equal(moves_possible(to, sent), to);   /* any number of moves at once */
            assert_true(from == 0 || (to & IN(CLOSED)) != 0); /* any host can crash */
            assert_int_equal(to & (state_set)~ALL_STATES, 0);
        }
}

/* A set goes where its members go, so more states never lead to fewer. */
static void possible_moves_are_those_of_the_members(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SENT_SETS; i++)
        for (unsigned from = 0; from <= ALL_STATES; from++) {
            unsigned sent = sent_set(i);
            state_set sum = NO_STATES;

            for (unsigned one = 0; one < STATE_COUNT; one++)
                if (from & IN(one))
                    sum |= moves_possible(IN(one), sent);
            assert_int_equal(moves_possible((state_set)from, sent), sum);
        }
}

static void more_sent_never_takes_a_move_away(void **state)
{
    (void)state;
    for (unsigned one = 0; one < STATE_COUNT; one++)
        for (unsigned i = 0; i < SENT_SETS; i++)
            for (unsigned bit = 1; bit < SENT_SETS; bit <<= 1) {
                state_set less = moves_possible(IN(one), sent_set(i)),
                          more = moves_possible(IN(one), sent_set(i | bit));

                assert_int_equal(less & more, less);
            }
}

/* The combinations that one segment can carry. */
static const unsigned segments[] = {
    SENT_SYN,
    SENT_SYN_WITH_ACK | SENT_SYN_ACK,
    SENT_SYN_ACK,
    SENT_SYN_ACK | SENT_FIN,
    SENT_SYN_ACK | SENT_FIN_ACK,
    SENT_SYN_ACK | SENT_FIN | SENT_FIN_ACK | SENT_FIN_WITH_ACK,
    SENT_RST,
    SENT_RST | SENT_SYN_RST | SENT_BACK_TO_LISTEN,
    SENT_SYN | SENT_BACK_TO_LISTEN,
};

static void expected_moves_are_possible(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++)
        for (unsigned from = 1; from <= ALL_STATES; from++) {
            /* Our SYN went before all else. */
            state_set possible = moves_possible((state_set)from, segments[i] | SENT_SYN | LISTENER_OPENS);
            state_set expected = moves_expected((state_set)from, segments[i]);

            assert_true(expected != NO_STATES);
            assert_int_equal(expected & (state_set)~possible, 0);
            assert_true(state_count(expected) <= state_count((state_set)from)); /* one way for each */
        }
}

/* Which moves there are, one by one: what moves_possible() finds without a search is what a search finds. */
static void possible_moves_are_all_that_there_are(void **state)
{
    static const struct {
        state_set from;
        enum state to;
        unsigned needs;
    } arrows[] = {
        {IN(CLOSED) | IN(LISTEN), SYN_SENT, AWAITS_OPEN},
        {IN(LISTEN), SYN_RECEIVED, LISTENER_OPENS},
        {IN(SYN_SENT), SYN_RECEIVED, SENT_SYN},
        {IN(SYN_SENT), ESTABLISHED, SENT_SYN_WITH_ACK},
        {IN(SYN_RECEIVED), ESTABLISHED, SENT_SYN_ACK},
        {IN(SYN_RECEIVED) | IN(ESTABLISHED), FIN_WAIT_1, 0},
        {IN(SYN_RECEIVED) | IN(ESTABLISHED), CLOSE_WAIT, SENT_FIN},
        {IN(FIN_WAIT_1), FIN_WAIT_2, SENT_FIN_ACK},
        {IN(FIN_WAIT_1), CLOSING, SENT_FIN},
        {IN(FIN_WAIT_1), TIME_WAIT, SENT_FIN | SENT_FIN_ACK},
        {IN(FIN_WAIT_2), TIME_WAIT, SENT_FIN},
        {IN(CLOSE_WAIT), LAST_ACK, 0},
        {IN(CLOSING), TIME_WAIT, SENT_FIN_ACK},
        {ALL_STATES & (state_set)~IN(CLOSED), CLOSED, 0},
        {IN(CLOSED) | IN(SYN_RECEIVED), LISTEN, 0},
    };

    (void)state;
    for (unsigned sent = 0; sent < 2 * AWAITS_OPEN; sent++)
        for (unsigned from = 0; from <= ALL_STATES; from += sent % 7 + 1) {
            unsigned reached = from, before;
            do {
                before = reached;
                for (size_t i = 0; i < sizeof(arrows) / sizeof(arrows[0]); i++)
                    if ((reached & arrows[i].from) && (arrows[i].needs & ~sent) == 0)
                        reached |= IN(arrows[i].to);
            } while (reached != before);
            assert_int_equal(moves_possible((state_set)from, sent), reached);
        }
}

/* Of a set, each state moves as it does alone. */
static void expected_moves_of_sets(void **state)
{
    (void)state;
    for (unsigned effects = 0; effects < 2 * SENT_BACK_TO_LISTEN; effects++)
        for (unsigned from = 0; from <= ALL_STATES; from += effects % 7 + 1) {
            state_set to = NO_STATES;
            for (unsigned one = 0; one < STATE_COUNT; one++)
                if (from & IN(one))
                    to |= moves_expected(IN(one), effects);
            assert_int_equal(moves_expected((state_set)from, effects), to);
        }
}

/* RFC 9293 figure 5, arrow by arrow: where one segment of ours takes each state. */
static void expected_moves_follow_the_figure(void **state)
{
    static const struct {
        unsigned effects;
        enum state from, to;
    } rows[] = {
        {SENT_SYN, SYN_SENT, SYN_RECEIVED},
        {SENT_SYN_WITH_ACK | SENT_SYN_ACK, SYN_SENT, ESTABLISHED},
        {SENT_SYN_ACK, SYN_RECEIVED, ESTABLISHED},
        {SENT_SYN_ACK | SENT_FIN, SYN_RECEIVED, CLOSE_WAIT},
        {SENT_SYN_ACK | SENT_FIN, ESTABLISHED, CLOSE_WAIT},
        {SENT_SYN_ACK | SENT_FIN, FIN_WAIT_1, CLOSING},
        {SENT_SYN_ACK | SENT_FIN, FIN_WAIT_2, TIME_WAIT},
        {SENT_SYN_ACK | SENT_FIN_ACK, FIN_WAIT_1, FIN_WAIT_2},
        {SENT_SYN_ACK | SENT_FIN_ACK, CLOSING, TIME_WAIT},
        {SENT_SYN_ACK | SENT_FIN_ACK, LAST_ACK, CLOSED},
        {SENT_SYN_ACK | SENT_FIN | SENT_FIN_ACK | SENT_FIN_WITH_ACK, FIN_WAIT_1, TIME_WAIT},
        {SENT_SYN_ACK | SENT_FIN | SENT_FIN_ACK | SENT_FIN_WITH_ACK, FIN_WAIT_2, TIME_WAIT},
        {SENT_SYN_ACK | SENT_FIN | SENT_FIN_ACK | SENT_FIN_WITH_ACK, LAST_ACK, CLOSED},
        {SENT_SYN_ACK, ESTABLISHED, ESTABLISHED},
        {SENT_SYN_ACK | SENT_FIN, CLOSE_WAIT, CLOSE_WAIT},
        {SENT_SYN_ACK | SENT_FIN_ACK, TIME_WAIT, TIME_WAIT},
        {SENT_RST, ESTABLISHED, CLOSED},
        {SENT_RST, TIME_WAIT, CLOSED},
        {SENT_RST, LISTEN, LISTEN},
        {SENT_RST, SYN_SENT, SYN_SENT}, /* 3.10.7.3: it needs an acceptable ACK */
        {SENT_SYN_RST, SYN_SENT, CLOSED},
        {SENT_SYN_RST, ESTABLISHED, ESTABLISHED},
        {SENT_RST, SYN_RECEIVED, CLOSED}, /* it has opened actively */
        {SENT_RST | SENT_BACK_TO_LISTEN, SYN_RECEIVED, LISTEN},
        {SENT_RST | SENT_BACK_TO_LISTEN, ESTABLISHED, CLOSED},
        {SENT_SYN | SENT_BACK_TO_LISTEN, SYN_RECEIVED, LISTEN},
        {SENT_SYN | SENT_BACK_TO_LISTEN, ESTABLISHED, ESTABLISHED}, /* RFC 5961 4.2: it is challenged */
        {SENT_FIN, SYN_RECEIVED, SYN_RECEIVED},                     /* no acceptable ACK with it */
        {SENT_SYN_ACK, CLOSED, CLOSED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(moves_expected(IN(rows[i].from), rows[i].effects), IN(rows[i].to));
}

/* RFC 9293 3.10.7.3: without a SYN in it, a segment leaves SYN-SENT where it is. */
static void a_bare_ack_does_not_open_syn_sent(void **state)
{
    (void)state;
    assert_int_equal(moves_expected(IN(SYN_SENT), SENT_SYN_ACK), IN(SYN_SENT));
}

/* No state is entered without the segment that leads there. */
static void moves_need_their_segments(void **state)
{
    (void)state;
    assert_int_equal(moves_possible(IN(LISTEN), 0), IN(LISTEN) | IN(CLOSED));
    assert_int_equal(moves_possible(IN(LISTEN), SENT_SYN), IN(LISTEN) | IN(CLOSED)); /* that copy was taken already */
    assert_int_equal(moves_possible(IN(CLOSED), AWAITS_OPEN), IN(CLOSED) | IN(LISTEN) | IN(SYN_SENT));
    assert_int_equal(moves_possible(IN(SYN_SENT), SENT_SYN_WITH_ACK),
                     IN(SYN_SENT) | IN(ESTABLISHED) | IN(FIN_WAIT_1) | IN(CLOSED) | IN(LISTEN));
    assert_int_equal(moves_possible(IN(ESTABLISHED), SENT_SYN_ACK),
                     IN(ESTABLISHED) | IN(FIN_WAIT_1) | IN(CLOSED) | IN(LISTEN));
    assert_int_equal(moves_possible(IN(FIN_WAIT_1), SENT_FIN), IN(FIN_WAIT_1) | IN(CLOSING) | IN(CLOSED) | IN(LISTEN));
    assert_int_equal(moves_possible(IN(FIN_WAIT_1), SENT_FIN_ACK),
                     IN(FIN_WAIT_1) | IN(FIN_WAIT_2) | IN(CLOSED) | IN(LISTEN));
    assert_int_equal(moves_possible(IN(CLOSE_WAIT), 0), IN(CLOSE_WAIT) | IN(LAST_ACK) | IN(CLOSED) | IN(LISTEN));
    assert_int_equal(moves_possible(IN(CLOSING), SENT_FIN), IN(CLOSING) | IN(CLOSED) | IN(LISTEN));
}

/* ---- numbers ---------------------------------------------------------------------------------------------- */

static void ranges_are_sets(void **state)
{
    struct ranges ranges = {0};

    (void)state;
    assert_false(ranges_have(&ranges, 0));
    assert_int_equal(ranges_end(&ranges, 7), 7);
    ranges_add(&ranges, 5, 5);
    assert_int_equal(ranges.count, 0);
    ranges_add(&ranges, 0xfffffff0, 4); /* across the wrap */
    ranges_add(&ranges, 10, 12);
    assert_true(ranges_have(&ranges, 0xffffffff) && ranges_have(&ranges, 3) && ranges_have(&ranges, 11));
    assert_false(ranges_have(&ranges, 4) || ranges_have(&ranges, 12) || ranges_have(&ranges, 0xffffffef));
    assert_int_equal(ranges_end(&ranges, 0xfffffff0), 4);
    assert_true(ranges_meet(&ranges, 3, 4) && ranges_meet(&ranges, 9, 11) && ranges_meet(&ranges, 0, 0xff));
    assert_false(ranges_meet(&ranges, 4, 10) || ranges_meet(&ranges, 12, 0xffffff00));
    ranges_add(&ranges, 4, 10); /* what lay between them */
    assert_int_equal(ranges.count, 1);
    assert_int_equal(ranges_end(&ranges, 0xfffffff8), 12);
    ranges_cut(&ranges, 2);
    assert_true(ranges_have(&ranges, 2) && !ranges_have(&ranges, 1));
    ranges_cut(&ranges, 12);
    assert_int_equal(ranges.count, 0);
}

/* With too many gaps it has more numbers than were added, never less, and says so. */
static void ranges_out_of_room_lose_nothing(void **state)
{
    struct ranges ranges = {0};

    (void)state;
    for (uint32_t i = 0; i < 500; i++) {
        assert_int_equal(ranges.rough, i > RANGES_MAX);
        ranges_add(&ranges, 0x7fffff00 + i * 977 % 500 * 3, 0x7fffff00 + i * 977 % 500 * 3 + 1);
    }
    for (uint32_t i = 0; i < 500; i++)
        assert_true(ranges_have(&ranges, 0x7fffff00 + i * 3));
    assert_false(ranges_have(&ranges, 0x7ffffeff) || ranges_have(&ranges, 0x7fffff00u + 499 * 3 + 1));
    ranges_cut(&ranges, 0x7fffff00u + 500 * 3);
    assert_false(ranges.rough);
}

/* ---- names ------------------------------------------------------------------------------------------------ */

static void states_are_spelled_as_in_the_rfc(void **state)
{
    static const char *const names[STATE_COUNT] = {
        "LISTEN",     "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2",
        "CLOSE-WAIT", "CLOSING",  "LAST-ACK",     "TIME-WAIT",   "CLOSED",
    };

    (void)state;
    for (unsigned i = 0; i < STATE_COUNT; i++)
        assert_string_equal(state_name((enum state)i), names[i]);
}

static void sets_of_states(void **state)
{
    char text[STATE_SET_TEXT];

    (void)state;
    assert_int_equal(state_count(NO_STATES), 0);
    assert_int_equal(state_count(ALL_STATES), STATE_COUNT);
    assert_int_equal(state_count(IN(CLOSED) | IN(LISTEN)), 2);
    assert_string_equal(state_set_text(NO_STATES, ", ", text), "none");
    assert_string_equal(state_set_text(IN(LAST_ACK), ", ", text), "LAST-ACK");
    assert_string_equal(state_set_text(IN(LAST_ACK) | IN(CLOSING), " or ", text), "CLOSING or LAST-ACK");
    assert_string_equal(state_set_text(ALL_STATES, ", ", text),
                        "LISTEN, SYN-SENT, SYN-RECEIVED, ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, CLOSE-WAIT, CLOSING, "
                        "LAST-ACK, TIME-WAIT, CLOSED");
}

static void certainties(void **state)
{
    (void)state;
    assert_string_equal(certainty_name(PROVEN), "proven");
    assert_string_equal(certainty_name(PRESUMED), "presumed");
    assert_string_equal(certainty_name(REFUTED), "refuted");
}

/* Programs rely on the tokens; sentences follow "proven: ". */
static void every_reason_has_its_texts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        const struct reason_text *text = reason_text((enum reason)i);

        assert_non_null(text->token);
        assert_non_null(text->sentence);
        assert_non_null(text->rfc);
        assert_int_equal(strspn(text->token, "abcdefghijklmnopqrstuvwxyz-"), strlen(text->token));
        assert_true(strlen(text->sentence) > 5);
        assert_false(isupper((unsigned char)text->sentence[0]));
        assert_true(text->sentence[strlen(text->sentence) - 1] != '.');
        assert_true(strncmp(text->rfc, "9293 3.", 7) == 0 || strncmp(text->rfc, "7323 4.", 7) == 0 ||
                    strcmp(text->rfc, "2018 3") == 0);
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(text->token, reason_text((enum reason)j)->token);
    }
}

static void flags_have_the_letters_of_tcpdump(void **state)
{
    static const struct {
        uint8_t flags;
        const char *text;
    } rows[] = {
        {0, "none"},
        {TCP_SYN, "S"},
        {TCP_SYN | TCP_ACK, "S."},
        {TCP_ACK, "."},
        {TCP_PSH | TCP_ACK, "P."},
        {TCP_FIN | TCP_ACK, "F."},
        {TCP_FIN | TCP_PSH | TCP_ACK, "FP."},
        {TCP_RST, "R"},
        {TCP_RST | TCP_ACK, "R."},
        {TCP_SYN | TCP_ECE | TCP_CWR, "SEW"},
        {0xff, "FSRP.UEW"},
    };
    char text[FLAGS_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(segment_flags_text(rows[i].flags, text), rows[i].text);
}

static void spans_count_syn_and_fin(void **state)
{
    (void)state;
    assert_int_equal(segment_span(&(struct segment){.flags = TCP_ACK}), 0);
    assert_int_equal(segment_span(&(struct segment){.flags = TCP_SYN}), 1);
    assert_int_equal(segment_span(&(struct segment){.flags = TCP_FIN | TCP_ACK, .len = 10}), 11);
    assert_int_equal(segment_span(&(struct segment){.flags = TCP_SYN | TCP_FIN, .len = 1}), 3);
    assert_int_equal(segment_span(&(struct segment){.flags = TCP_RST}), 0);
}

static void icmp_errors_have_names(void **state)
{
    static const struct {
        uint8_t family, type, code;
        const char *name;
    } rows[] = {
        {4, 3, 0, "net-unreachable"},
        {4, 3, 1, "host-unreachable"},
        {4, 3, 3, "port-unreachable"},
        {4, 3, 4, "fragmentation-needed"},
        {4, 3, 13, "admin-prohibited"},
        {4, 3, 14, "other"},
        {4, 11, 0, "time-exceeded"},
        {4, 11, 1, "time-exceeded"},
        {4, 12, 2, "parameter-problem"},
        {6, 1, 0, "no-route"},
        {6, 1, 1, "admin-prohibited"},
        {6, 1, 3, "address-unreachable"},
        {6, 1, 4, "port-unreachable"},
        {6, 2, 0, "packet-too-big"},
        {6, 3, 0, "time-exceeded"},
        {6, 4, 1, "parameter-problem"},
        {6, 3, 13, "time-exceeded"},
        {6, 1, 7, "other"},
        {4, 8, 0, "other"},
        {0, 3, 0, "other"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct icmp_error error = {.family = rows[i].family, .type = rows[i].type, .code = rows[i].code};

        assert_string_equal(icmp_error_name(&error), rows[i].name);
    }
}

/* ---- round trips ------------------------------------------------------------------------------------------ */

#define US(n) ((nanos)((n)*NANOS_PER_US))

/* Worked by hand from RFC 6298 2.2 and 2.3: alpha 1/8, beta 1/4, K 4; RTTVAR first, with the old SRTT. */
static void rto_by_hand(void **state)
{
    struct rtt rtt;

    (void)state;
    rtt_init(&rtt, US(200000));
    assert_true(rtt.smoothed == NANOS_NONE);
    assert_true(rtt.timeout == US(200000));
    rtt_sample(&rtt, US(100000)); /* SRTT R, RTTVAR R/2, RTO R + 4 R/2 */
    assert_true(rtt.smoothed == US(100000));
    assert_true(rtt.variance == US(50000));
    assert_true(rtt.timeout == US(300000));
    rtt_sample(&rtt, US(200000)); /* 3/4 50 + 1/4 100; 7/8 100 + 1/8 200 */
    assert_true(rtt.variance == US(62500));
    assert_true(rtt.smoothed == US(112500));
    assert_true(rtt.timeout == US(362500));
    rtt_sample(&rtt, US(100000)); /* 3/4 62.5 + 1/4 12.5; 7/8 112.5 + 1/8 100 */
    assert_true(rtt.variance == US(50000));
    assert_true(rtt.smoothed == US(110937) + 500);
    assert_true(rtt.timeout == US(310937) + 500);
}

static void rto_has_a_floor_and_a_ceiling(void **state)
{
    struct rtt rtt;

    (void)state;
    rtt_init(&rtt, NANOS_PER_S); /* 2.4: a second at least */
    rtt_sample(&rtt, US(100));
    assert_true(rtt.timeout == NANOS_PER_S);
    rtt_init(&rtt, 3 * NANOS_PER_S);
    rtt_sample(&rtt, US(100));
    assert_true(rtt.timeout == NANOS_PER_S);
    rtt_init(&rtt, US(1000)); /* the user's own floor */
    rtt_sample(&rtt, US(10));
    assert_true(rtt.timeout == US(1010)); /* 2.3: a variance of nothing counts as the granularity, 1 ms */
    rtt_sample(&rtt, 100 * NANOS_PER_S);
    assert_true(rtt.timeout == RTT_CEILING);
}

static void rto_backs_off_and_recovers(void **state)
{
    static const int seconds[] = {2, 4, 8, 16, 32, 60, 60};
    struct rtt rtt;

    (void)state;
    rtt_init(&rtt, NANOS_PER_S);
    for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
        rtt_back_off(&rtt); /* 5.5 */
        assert_true(rtt.timeout == seconds[i] * NANOS_PER_S);
    }
    rtt_sample(&rtt, US(500000)); /* 5.7: a new measurement ends it */
    assert_true(rtt.timeout == US(1500000));
}

/* The capture clock can step back; a round trip can't be negative. */
static void a_negative_round_trip_is_none(void **state)
{
    struct rtt rtt;

    (void)state;
    rtt_init(&rtt, NANOS_PER_S);
    rtt_sample(&rtt, -1);
    assert_true(rtt.smoothed == NANOS_NONE);
    assert_true(rtt.timeout == NANOS_PER_S);
    rtt_sample(&rtt, 0);
    assert_true(rtt.smoothed == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(possible_moves_are_a_closure),
        cmocka_unit_test(possible_moves_are_those_of_the_members),
        cmocka_unit_test(more_sent_never_takes_a_move_away),
        cmocka_unit_test(expected_moves_are_possible),
        cmocka_unit_test(possible_moves_are_all_that_there_are),
        cmocka_unit_test(expected_moves_of_sets),
        cmocka_unit_test(expected_moves_follow_the_figure),
        cmocka_unit_test(a_bare_ack_does_not_open_syn_sent),
        cmocka_unit_test(moves_need_their_segments),
        cmocka_unit_test(ranges_are_sets),
        cmocka_unit_test(ranges_out_of_room_lose_nothing),
        cmocka_unit_test(states_are_spelled_as_in_the_rfc),
        cmocka_unit_test(sets_of_states),
        cmocka_unit_test(certainties),
        cmocka_unit_test(every_reason_has_its_texts),
        cmocka_unit_test(flags_have_the_letters_of_tcpdump),
        cmocka_unit_test(spans_count_syn_and_fin),
        cmocka_unit_test(icmp_errors_have_names),
        cmocka_unit_test(rto_by_hand),
        cmocka_unit_test(rto_has_a_floor_and_a_ceiling),
        cmocka_unit_test(rto_backs_off_and_recovers),
        cmocka_unit_test(a_negative_round_trip_is_none),
    };

    return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
