/* What only time does to connections of a capture that goes on (follow/idle.c); whose segment an ICMP error quotes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "follow/follow.h"

#define SETTLED (500 * NANOS_PER_MS)

#define S TCP_SYN
#define A TCP_ACK
#define F TCP_FIN
#define R TCP_RST

struct told {
    unsigned over, timers;
    nanos timer_at[2];
    struct summary first, last;
};

static const struct endpoint ends[ENDS] = {{.addr = {.family = 4, .bytes = {192, 0, 2, 1}}, .port = 40000},
                                           {.addr = {.family = 4, .bytes = {192, 0, 2, 2}}, .port = 80}};
static struct told told;
static struct follow follow;
static void *memory;
static uint64_t packets;

static void on_over(void *context, const struct summary *summary)
{
    (void)context;
    if (told.over++ == 0)
        told.first = *summary;
    told.last = *summary;
}

static void on_claim(void *context, const struct connection *connection, unsigned end, const struct claim *claim)
{
    (void)context, (void)connection, (void)end;
    if (claim->reason == REASON_TIMER)
        told.timer_at[told.timers++ % 2] = claim->not_before;
}

static void begin(bool with_claims)
{
    const struct follow_listener listener = {.claim = with_claims ? on_claim : NULL, .over = on_over};

    free(memory);
    memory = calloc(1, follow_memory(4));
    assert_non_null(memory);
    told = (struct told){0};
    packets = 0;
    follow_init(&follow, 4, memory, &listener);
}

static void pass_bytes(nanos at, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    const struct segment segment = {.flags = flags, .seq = seq, .ack = ack, .window = 1000, .len = len};
    const struct passage passage = {
        .packet = ++packets, .at = at, .src = &ends[from], .dst = &ends[!from], .segment = &segment};

    follow_pass(&follow, &passage);
}

static void pass(nanos at, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack)
{
    pass_bytes(at, from, flags, seq, ack, 0);
}

/* Of END_A, to another port. */
static void pass_at_port(nanos at, uint16_t port, uint8_t flags, uint32_t seq)
{
    const struct segment segment = {.flags = flags, .seq = seq, .window = 1000};
    struct endpoint to = ends[END_B];
    const struct passage passage = {
        .packet = ++packets, .at = at, .src = &ends[END_A], .dst = &to, .segment = &segment};

    to.port = port;
    follow_pass(&follow, &passage);
}

/* A connection of 50 ms that A closes in three segments. */
static void three(nanos at)
{
    pass(at, END_A, S, 100, 0);
    pass(at + 10 * NANOS_PER_MS, END_B, S | A, 900, 101);
    pass(at + 20 * NANOS_PER_MS, END_A, A, 101, 901);
    pass(at + 30 * NANOS_PER_MS, END_A, F | A, 101, 901);
    pass(at + 40 * NANOS_PER_MS, END_B, F | A, 901, 102);
    pass(at + 50 * NANOS_PER_MS, END_A, A, 102, 902);
}

static void test_over(void **state)
{
    (void)state;
    for (unsigned in_full = 0; in_full < 2; in_full++) {
        const nanos last = NANOS_PER_S + 50 * NANOS_PER_MS;
        begin(in_full);
        three(NANOS_PER_S);
        follow_wait(&follow, last + SETTLED - 1, SETTLED);
        assert_int_equal(told.over, 0);
        follow_wait(&follow, last + SETTLED, SETTLED);
        assert_int_equal(told.over, 1);
        assert_int_equal(told.last.closing, CLOSING_THREE);
        follow_wait(&follow, last + 2 * SETTLED, SETTLED);
        pass(last + 3 * SETTLED, END_B, F | A, 901, 102); /* what comes late changes nothing */
        follow_wait(&follow, last + 5 * SETTLED, SETTLED);
        follow_end(&follow);
        assert_int_equal(told.over, 1);
    }
}

static void test_not_over_after_all(void **state)
{
    (void)state;
    begin(false);
    pass(NANOS_PER_S, END_A, S, 100, 0);
    pass(NANOS_PER_S + 1, END_B, S | A, 900, 101);
    pass(NANOS_PER_S + 2, END_A, A, 101, 901);
    pass(NANOS_PER_S + 3, END_B, R | A, 901, 101);
    follow_wait(&follow, 2 * NANOS_PER_S, SETTLED);
    assert_int_equal(told.over, 1);
    assert_int_equal(told.last.closing, CLOSING_RESET);
    for (unsigned i = 0; i < 4; i++) { /* both go on */
        pass((3 + i) * NANOS_PER_S, END_A, F | A, 101, 901);
        pass((3 + i) * NANOS_PER_S + 1, END_B, A, 901, 102);
    }
    follow_end(&follow);
    assert_int_equal(told.over, 2);
    assert_int_equal(told.last.closing, CLOSING_HALF);
    assert_true(told.last.undone);
}

static void test_attempt(void **state)
{
    (void)state;
    begin(false);
    pass(NANOS_PER_S, END_A, S, 100, 0);
    pass(2 * NANOS_PER_S, END_A, S, 100, 0);
    follow_wait(&follow, 100 * NANOS_PER_S, SETTLED);
    assert_int_equal(told.over, 0);
    follow_wait(&follow, 132 * NANOS_PER_S, SETTLED);
    assert_int_equal(told.over, 1);
    assert_int_equal(told.last.opening, OPENING_TRIED);
}

static void test_open_stays(void **state)
{
    (void)state;
    begin(false);
    pass(NANOS_PER_S, END_A, S, 100, 0);
    pass(NANOS_PER_S + 1, END_B, S | A, 900, 101);
    pass(NANOS_PER_S + 2, END_A, A, 101, 901);
    follow_wait(&follow, 10000 * NANOS_PER_S, SETTLED);
    assert_int_equal(told.over, 0);
    follow_end(&follow);
    assert_int_equal(told.over, 1);
}

/* A has closed, and B sends on. */
static void half(nanos at)
{
    pass(at, END_A, S, 100, 0);
    pass(at + 10 * NANOS_PER_MS, END_B, S | A, 900, 101);
    pass(at + 20 * NANOS_PER_MS, END_A, A, 101, 901);
    pass(at + 30 * NANOS_PER_MS, END_A, F | A, 101, 901);
    pass(at + 40 * NANOS_PER_MS, END_B, A, 901, 102);
    pass_bytes(at + 50 * NANOS_PER_MS, END_B, A, 901, 102, 10);
    pass(at + 60 * NANOS_PER_MS, END_A, A, 102, 911);
}

static void assert_half(void)
{
    assert_int_equal(told.first.ends[END_A].claim.certainty, PROVEN);
    assert_int_equal(told.first.ends[END_A].claim.likely, IN(FIN_WAIT_2));
    assert_int_equal(told.first.ends[END_B].claim.certainty, PROVEN);
}

/* Whether somebody has waited or not: a connection is summed up as it was with its last segment. */
static void test_timer(void **state)
{
    (void)state;
    for (unsigned waits = 0; waits < 3; waits++) {
        begin(true);
        half(NANOS_PER_S);
        for (unsigned i = 0; i < waits; i++)
            follow_wait(&follow, (2 + i) * NANOS_PER_S, SETTLED);
        assert_int_equal(told.timers, waits ? 2 : 0); /* both may be gone: once each */
        assert_true(told.timer_at[0] < told.timer_at[1] || !waits);
        follow_wait(&follow, NANOS_PER_S, SETTLED); /* a time that is past: nothing */
        pass_bytes(5 * NANOS_PER_S, END_B, A, 911, 102, 10);
        assert_int_equal(told.timers, 2);
        pass(5 * NANOS_PER_S + 10 * NANOS_PER_MS, END_A, A, 102, 921);
        if (waits)
            follow_wait(&follow, 9 * NANOS_PER_S, SETTLED);
        assert_int_equal(told.timers, waits ? 4 : 2);
        follow_end(&follow);
        assert_int_equal(told.timers, waits ? 4 : 2); /* the capture has not gone on */
        assert_half();
    }
}

/* The same where another connection shows that time has passed: that is told in the end. */
static void test_timer_in_the_end(void **state)
{
    (void)state;
    begin(true);
    half(NANOS_PER_S);
    pass_at_port(9 * NANOS_PER_S, 81, S, 100);
    assert_int_equal(told.timers, 0);
    follow_end(&follow);
    assert_int_equal(told.timers, 2);
    assert_int_equal(told.over, 2);
    assert_half();
}

/* Of one that is over nobody is told what becomes of it. */
static void test_no_timer_behind_the_end(void **state)
{
    (void)state;
    begin(true);
    three(NANOS_PER_S);
    follow_wait(&follow, 2 * NANOS_PER_S, 5 * NANOS_PER_S);
    follow_end(&follow);
    assert_int_equal(told.timers, 0);
    assert_int_equal(told.last.ends[END_A].claim.certainty, PROVEN);
}

/* ---- ICMP errors (follow/quoted.c) ---- */

static bool quote(unsigned from, uint32_t seq)
{
    const struct icmp_error error = {
        .family = 4, .type = 3, .code = 1, .quoted_src = ends[from], .quoted_dst = ends[!from], .quoted_seq = seq};
    const struct quotation quotation = {++packets, NANOS_PER_S, &error, 0};

    return follow_icmp(&follow, &quotation);
}

static void test_icmp_in_flight(void **state)
{
    (void)state;
    for (int with_claims = 0; with_claims < 2; with_claims++) {
        begin(with_claims);
        assert_false(quote(0, 100)); /* there is no connection */
        pass(NANOS_PER_S, 0, TCP_SYN, 100, 0);
        assert_false(quote(1, 900)); /* nothing of that end was seen */
        pass(NANOS_PER_S, 1, TCP_SYN | TCP_ACK, 900, 101);
        pass(NANOS_PER_S, 0, TCP_ACK, 101, 901);
        pass(NANOS_PER_S, 0, TCP_FIN | TCP_ACK, 101, 901);
        assert_true(quote(0, 101));
        assert_true(quote(1, 901));  /* an ACK has the next number */
        assert_false(quote(0, 100)); /* acknowledged */
        assert_false(quote(0, 103)); /* not sent */
        pass(NANOS_PER_S, 1, TCP_ACK, 901, 102);
        assert_false(quote(0, 101));
        follow_end(&follow);
        assert_int_equal(told.over, 1);
        assert_int_equal(told.last.ends[0].icmp_errors, 1);
        assert_int_equal(told.last.ends[1].icmp_errors, 1);
        assert_string_equal(told.last.history, "ShAFIia");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_over),
        cmocka_unit_test(test_not_over_after_all),
        cmocka_unit_test(test_attempt),
        cmocka_unit_test(test_open_stays),
        cmocka_unit_test(test_timer),
        cmocka_unit_test(test_icmp_in_flight),
        cmocka_unit_test(test_timer_in_the_end),
        cmocka_unit_test(test_no_timer_behind_the_end),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    free(memory);
    return failed;
}
