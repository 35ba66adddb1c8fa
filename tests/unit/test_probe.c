/* src/core/probe.h: which probe is asked of what is believed, with beliefs that real segments brought about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/probe.h"

#define ISS 1000
#define IRS 500000
#define OUR_TSVAL 70000
#define ITS_TSVAL 3000000

#define BARE_BIT (1u << PROBE_BARE)
#define OLD_BYTE_BIT (1u << PROBE_OLD_BYTE)
#define OLD_ACK_BIT (1u << PROBE_OLD_ACK)
#define SYN_COPY_BIT (1u << PROBE_SYN_COPY)
#define HARMLESS_BITS (BARE_BIT | OLD_BYTE_BIT | OLD_ACK_BIT | SYN_COPY_BIT)

#define STAMPED TCP_OPT_TIMESTAMPS
#define SACKED TCP_OPT_SACK_PERMITTED

/* A belief, told segments a millisecond after the other. */
struct scene {
    struct belief belief;
    uint8_t options; /* that both sides offer: STAMPED, SACKED */
    unsigned n;
    nanos at;
};

static struct segment stamped(struct scene *scene, uint8_t flags, uint32_t tsval, uint32_t tsecr)
{
    struct segment segment = {.flags = flags, .window = 64240};

    if (flags & TCP_SYN)
        segment.options.present = scene->options;
    segment.options.present |= scene->options & STAMPED;
    segment.options.tsval = tsval;
    segment.options.tsecr = tsecr;
    scene->at += NANOS_PER_MS;
    return segment;
}

/* Numbers are relative; its timestamp is its own number of the segment. */
static void ours(struct scene *scene, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    struct segment segment = stamped(scene, flags, OUR_TSVAL + ++scene->n, ITS_TSVAL);
    struct claim claims[CLAIMS_MAX];

    segment.seq = ISS + seq;
    segment.ack = (flags & TCP_ACK) ? IRS + ack : 0;
    segment.len = len;
    belief_sent(&scene->belief, &segment, scene->n, scene->at, claims);
}

/* It echoes our segment of this number. */
static void its(struct scene *scene, uint8_t flags, uint32_t seq, uint32_t ack, unsigned echo)
{
    struct segment segment = stamped(scene, flags, ITS_TSVAL + ++scene->n, OUR_TSVAL + echo);
    struct claim claims[CLAIMS_MAX];

    segment.seq = IRS + seq;
    segment.ack = (flags & TCP_ACK) ? ISS + ack : 0;
    belief_received(&scene->belief, &segment, scene->n, scene->at, claims);
}

/* Our SYN and its SYN-ACK, segments 1 and 2. */
static void meet(struct scene *scene, uint8_t options)
{
    *scene = (struct scene){.options = options};
    belief_init(&scene->belief);
    ours(scene, TCP_SYN, 0, 0, 0);
    its(scene, TCP_SYN | TCP_ACK, 0, 1, 1);
}

/* ... and our ACK, the third. */
static void open_it(struct scene *scene, uint8_t options)
{
    meet(scene, options);
    ours(scene, TCP_ACK, 1, 1, 0);
}

/* ... and our FIN, its FIN with the acknowledgement of ours, our ACK of that: up to the sixth. */
static void close_it(struct scene *scene, uint8_t options)
{
    open_it(scene, options);
    ours(scene, TCP_FIN | TCP_ACK, 1, 1, 0);
    its(scene, TCP_FIN | TCP_ACK, 1, 2, 4);
    ours(scene, TCP_ACK, 2, 2, 0);
}

/* ... its FIN, our ACK of it, up to the fifth. */
static void it_closes(struct scene *scene, uint8_t options)
{
    open_it(scene, options);
    its(scene, TCP_FIN | TCP_ACK, 1, 1, 3);
    ours(scene, TCP_ACK, 1, 2, 0);
}

/* ... and a FIN of ours that crosses it, and an ACK of each: up to the seventh. */
static void both_close(struct scene *scene, uint8_t options)
{
    open_it(scene, options);
    ours(scene, TCP_FIN | TCP_ACK, 1, 1, 0);
    its(scene, TCP_FIN | TCP_ACK, 1, 1, 3);
    its(scene, TCP_ACK, 2, 2, 4);
    ours(scene, TCP_ACK, 2, 2, 0);
}

/* What is chosen when nothing has answered yet since the question was raised. */
static enum probe chosen(const struct scene *scene, unsigned asked)
{
    return probe_choose(&scene->belief, probe_doubt(&scene->belief, false), asked);
}

/* ... and when the claim has just been proven. */
static enum probe chosen_fresh(const struct scene *scene, unsigned asked)
{
    return probe_choose(&scene->belief, probe_doubt(&scene->belief, true), asked);
}

/* ---- the texts ---- */

static void each_probe_has_its_texts(void **state)
{
    (void)state;
    for (unsigned a = PROBE_NONE + 1; a < PROBE_COUNT; a++) {
        const struct probe_text *text = probe_text((enum probe)a);

        assert_true(text->token[0] != '\0' && text->what[0] != '\0');
        assert_int_equal(text->risk == NULL, (HARMLESS_BITS >> a & 1) != 0);
        for (unsigned b = PROBE_NONE; b < a; b++)
            assert_string_not_equal(text->token, probe_text((enum probe)b)->token);
    }
}

/* Linux answers bytes always, and anything else only once in a while. */
static void only_bytes_are_answered_without_limit(void **state)
{
    (void)state;
    for (unsigned kind = PROBE_NONE + 1; kind < PROBE_COUNT; kind++)
        assert_int_equal(probe_is_limited((enum probe)kind), kind != PROBE_OLD_BYTE && kind != PROBE_NEW_BYTE);
}

/* ---- what fits ---- */

static unsigned fitting(const struct scene *scene)
{
    unsigned bits = 0;

    for (unsigned kind = PROBE_NONE + 1; kind < PROBE_COUNT; kind++)
        bits |= probe_fits(&scene->belief, (enum probe)kind) ? 1u << kind : 0;
    return bits;
}

static void nothing_fits_before_the_peer_has_answered(void **state)
{
    struct scene scene = {0};

    (void)state;
    belief_init(&scene.belief);
    assert_int_equal(fitting(&scene), 0);
    ours(&scene, TCP_SYN, 0, 0, 0);
    assert_int_equal(fitting(&scene), 0);
    assert_int_equal(chosen(&scene, 0), PROBE_NONE);
}

/* An old byte would be taken for our ACK by some; a copy of our SYN would begin anew later on. */
static void what_fits_changes_with_our_third_ack(void **state)
{
    struct scene scene;

    (void)state;
    meet(&scene, STAMPED | SACKED);
    assert_int_equal(fitting(&scene), OLD_ACK_BIT | BARE_BIT | SYN_COPY_BIT);
    ours(&scene, TCP_ACK, 1, 1, 0);
    assert_int_equal(fitting(&scene),
                     OLD_BYTE_BIT | OLD_ACK_BIT | BARE_BIT | 1u << PROBE_NEW_BYTE | 1u << PROBE_SYN | 1u << PROBE_RST);
}

static void behind_our_fin_no_byte_can_follow(void **state)
{
    struct scene scene;

    (void)state;
    open_it(&scene, STAMPED | SACKED);
    ours(&scene, TCP_FIN | TCP_ACK, 1, 1, 0);
    assert_false(probe_fits(&scene.belief, PROBE_NEW_BYTE));
    assert_true(probe_fits(&scene.belief, PROBE_OLD_BYTE));
    assert_true(probe_fits(&scene.belief, PROBE_RST));
}

/* It listens to no SYN of ours: it opened itself. */
static void no_copy_of_our_syn_to_one_that_opens(void **state)
{
    struct scene scene = {.options = SACKED};

    (void)state;
    belief_init_passive(&scene.belief);
    its(&scene, TCP_SYN, 0, 0, 0);
    assert_int_equal(fitting(&scene), 0);
    ours(&scene, TCP_SYN | TCP_ACK, 0, 1, 0);
    its(&scene, TCP_ACK, 1, 1, 2);
    assert_false(probe_fits(&scene.belief, PROBE_SYN_COPY));
    assert_true(probe_fits(&scene.belief, PROBE_OLD_BYTE));

    scene = (struct scene){.options = SACKED};
    belief_init(&scene.belief);
    ours(&scene, TCP_SYN, 0, 0, 0);
    its(&scene, TCP_SYN, 0, 0, 0);
    its(&scene, TCP_SYN | TCP_ACK, 0, 1, 1);
    assert_false(probe_fits(&scene.belief, PROBE_SYN_COPY));
    assert_true(probe_fits(&scene.belief, PROBE_BARE));
}

/* ---- what is in doubt ---- */

static void what_is_presumed_is_in_doubt_with_all_its_alternatives(void **state)
{
    struct scene scene;

    (void)state;
    open_it(&scene, 0);
    assert_int_equal(probe_doubt(&scene.belief, false), IN(ESTABLISHED) | IN(SYN_RECEIVED) | IN(CLOSED));
    assert_int_equal(probe_doubt(&scene.belief, true), IN(ESTABLISHED) | IN(SYN_RECEIVED) | IN(CLOSED));
}

static void what_was_proven_is_in_doubt_until_it_is_proven_again(void **state)
{
    struct scene scene;

    (void)state;
    meet(&scene, 0);
    assert_int_equal(probe_doubt(&scene.belief, true), IN(SYN_RECEIVED));
    assert_int_equal(probe_doubt(&scene.belief, false), IN(SYN_RECEIVED) | IN(CLOSED));
    open_it(&scene, 0);
    its(&scene, TCP_ACK, 1, 1, 3);
    assert_int_equal(probe_doubt(&scene.belief, false), IN(SYN_RECEIVED) | IN(ESTABLISHED) | IN(CLOSED));
}

/* The timer of a lone FIN says that this is the first copy: LAST-ACK, by habit, and nothing to ask. */
static void what_a_habit_settles_is_not_in_doubt_any_more(void **state)
{
    struct scene scene;

    (void)state;
    open_it(&scene, 0);
    ours(&scene, TCP_FIN | TCP_ACK, 1, 1, 0);
    its(&scene, TCP_FIN | TCP_ACK, 1, 2, 4);
    assert_int_equal(scene.belief.claim.to, IN(LAST_ACK) | IN(CLOSING));
    assert_int_equal(probe_doubt(&scene.belief, true), IN(LAST_ACK));
    assert_int_equal(probe_doubt(&scene.belief, false), IN(LAST_ACK) | IN(CLOSING) | IN(CLOSED));
}

/* ---- which is chosen ---- */

static void before_our_ack_what_no_stack_takes_for_it(void **state)
{
    struct scene scene;

    (void)state;
    meet(&scene, STAMPED | SACKED);
    assert_int_equal(chosen(&scene, 0), PROBE_BARE);
    assert_int_equal(chosen(&scene, BARE_BIT), PROBE_SYN_COPY);
    assert_int_equal(chosen(&scene, BARE_BIT | SYN_COPY_BIT), PROBE_NONE);
    assert_int_equal(chosen_fresh(&scene, 0), PROBE_NONE);
}

static void the_open_is_asked_by_an_old_byte(void **state)
{
    const uint8_t kinds[] = {STAMPED | SACKED, SACKED, STAMPED, 0};

    (void)state;
    for (unsigned i = 0; i < sizeof(kinds); i++) {
        struct scene scene;

        open_it(&scene, kinds[i]);
        assert_int_equal(chosen(&scene, 0), PROBE_OLD_BYTE);
        assert_int_equal(chosen(&scene, OLD_BYTE_BIT), PROBE_OLD_ACK);
        assert_int_equal(chosen(&scene, OLD_BYTE_BIT | OLD_ACK_BIT), PROBE_NONE);
    }
}

/* Is our FIN there? The acknowledgement of any answer says so. */
static void our_fin_is_asked_for_by_an_old_byte(void **state)
{
    const uint8_t kinds[] = {STAMPED | SACKED, SACKED, STAMPED, 0};

    (void)state;
    for (unsigned i = 0; i < sizeof(kinds); i++) {
        struct scene scene;

        open_it(&scene, kinds[i]);
        its(&scene, TCP_ACK, 1, 1, 3);
        ours(&scene, TCP_FIN | TCP_ACK, 1, 1, 0);
        assert_int_equal(scene.belief.claim.to, IN(CLOSE_WAIT));
        assert_int_equal(chosen(&scene, 0), PROBE_OLD_BYTE);
        its(&scene, TCP_ACK, 1, 2, 4);
        assert_int_equal(scene.belief.claim.certainty, PROVEN);
        assert_int_equal(chosen_fresh(&scene, 0), PROBE_NONE);
        /* It may be gone without a word. */
        assert_int_equal(chosen(&scene, 0), PROBE_OLD_BYTE);
    }
}

static void the_last_ack_is_asked_for_by_an_old_byte(void **state)
{
    struct scene scene;

    (void)state;
    close_it(&scene, STAMPED | SACKED);
    assert_int_equal(scene.belief.claim.to, IN(CLOSED));
    assert_int_equal(chosen(&scene, 0), PROBE_OLD_BYTE);
}

/* A RST of a host that knows no such connection: does the port still listen? Only what a listener drops can tell. */
static void where_the_connection_is_over_the_listener_is_asked_for(void **state)
{
    struct scene scene;

    (void)state;
    close_it(&scene, STAMPED | SACKED);
    its(&scene, TCP_RST, 2, 0, 0);
    assert_int_equal(scene.belief.claim.to, IN(CLOSED) | IN(LISTEN));
    assert_int_equal(chosen_fresh(&scene, OLD_BYTE_BIT), PROBE_BARE);
    assert_true(probe_allows_silence(&scene.belief, PROBE_BARE));
    assert_int_equal(chosen_fresh(&scene, OLD_BYTE_BIT | BARE_BIT), PROBE_NONE);
}

/* The echo of our ACK tells FIN-WAIT-2; numbers alone never do. */
static void fin_wait_is_asked_for_where_an_echo_can_tell(void **state)
{
    struct scene scene;

    (void)state;
    it_closes(&scene, STAMPED | SACKED);
    assert_int_equal(scene.belief.claim.to, IN(FIN_WAIT_2));
    assert_int_equal(chosen(&scene, 0), PROBE_OLD_BYTE);
    assert_int_equal(probe_choose(&scene.belief, IN(FIN_WAIT_1) | IN(FIN_WAIT_2), 0), PROBE_OLD_BYTE);

    it_closes(&scene, SACKED);
    assert_int_equal(chosen(&scene, 0), PROBE_OLD_BYTE); /* is it there at all? */
    assert_int_equal(probe_choose(&scene.belief, IN(FIN_WAIT_1) | IN(FIN_WAIT_2), 0), PROBE_NONE);
}

/* An ACK makes Linux begin TIME-WAIT anew; a segment without flags does not. */
static void time_wait_is_asked_without_an_ack_first(void **state)
{
    struct scene scene;

    (void)state;
    both_close(&scene, STAMPED | SACKED);
    assert_int_equal(scene.belief.claim.to, IN(TIME_WAIT));
    assert_int_equal(chosen(&scene, 0), PROBE_BARE);
    assert_int_equal(chosen(&scene, BARE_BIT), PROBE_OLD_BYTE);

    both_close(&scene, 0);
    assert_int_equal(chosen(&scene, 0), PROBE_BARE);
}

/* Whole sockets of Linux pass over it: it would cost time, and tell nothing. */
static void no_bare_segment_to_a_connection_that_lives(void **state)
{
    struct scene scene;

    (void)state;
    open_it(&scene, STAMPED | SACKED);
    for (unsigned asked = 0; asked < BARE_BIT; asked += 1u << 1)
        assert_int_not_equal(probe_choose(&scene.belief, IN(ESTABLISHED) | IN(CLOSED), asked), PROBE_BARE);
}

/* Whatever is in doubt and has been asked: what is chosen fits, is harmless, is new, and of one state nothing is asked. */
static void what_is_chosen_always_fits(void **state)
{
    void (*const ways[])(struct scene *, uint8_t) = {meet, open_it, close_it, it_closes, both_close};
    unsigned some = 0;

    (void)state;
    for (unsigned way = 0; way < sizeof(ways) / sizeof(ways[0]); way++)
        for (unsigned i = 0; i < 4; i++) {
            struct scene scene;

            ways[way](&scene, (uint8_t)((i & 1 ? STAMPED : 0) | (i & 2 ? SACKED : 0)));
            for (unsigned doubt = 1; doubt <= ALL_STATES; doubt++)
                for (unsigned asked = 0; asked <= HARMLESS_BITS; asked += 2) {
                    enum probe probe = probe_choose(&scene.belief, (state_set)doubt, asked);

                    if (probe == PROBE_NONE)
                        continue;
                    some++;
                    assert_null(probe_text(probe)->risk);
                    assert_false(asked >> probe & 1);
                    assert_true(probe_fits(&scene.belief, probe));
                    assert_true(state_count((state_set)doubt) > 1);
                }
        }
    assert_true(some > 1000);
}

/* ---- silence ---- */

static void silence_can_be_an_answer_to_some(void **state)
{
    struct scene scene;

    (void)state;
    open_it(&scene, STAMPED | SACKED);
    assert_false(probe_allows_silence(&scene.belief, PROBE_OLD_BYTE));
    assert_true(probe_allows_silence(&scene.belief, PROBE_OLD_ACK)); /* some pass over it */
    assert_true(probe_allows_silence(&scene.belief, PROBE_BARE));    /* Linux does */
    meet(&scene, STAMPED | SACKED);
    assert_false(probe_allows_silence(&scene.belief, PROBE_BARE));
    assert_false(probe_allows_silence(&scene.belief, PROBE_SYN_COPY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_probe_has_its_texts),
        cmocka_unit_test(only_bytes_are_answered_without_limit),
        cmocka_unit_test(nothing_fits_before_the_peer_has_answered),
        cmocka_unit_test(what_fits_changes_with_our_third_ack),
        cmocka_unit_test(behind_our_fin_no_byte_can_follow),
        cmocka_unit_test(no_copy_of_our_syn_to_one_that_opens),
        cmocka_unit_test(what_is_presumed_is_in_doubt_with_all_its_alternatives),
        cmocka_unit_test(what_was_proven_is_in_doubt_until_it_is_proven_again),
        cmocka_unit_test(what_a_habit_settles_is_not_in_doubt_any_more),
        cmocka_unit_test(before_our_ack_what_no_stack_takes_for_it),
        cmocka_unit_test(the_open_is_asked_by_an_old_byte),
        cmocka_unit_test(our_fin_is_asked_for_by_an_old_byte),
        cmocka_unit_test(the_last_ack_is_asked_for_by_an_old_byte),
        cmocka_unit_test(where_the_connection_is_over_the_listener_is_asked_for),
        cmocka_unit_test(fin_wait_is_asked_for_where_an_echo_can_tell),
        cmocka_unit_test(time_wait_is_asked_without_an_ack_first),
        cmocka_unit_test(no_bare_segment_to_a_connection_that_lives),
        cmocka_unit_test(what_is_chosen_always_fits),
        cmocka_unit_test(silence_can_be_an_answer_to_some),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
