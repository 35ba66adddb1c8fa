/* src/walk/walk.h: what the peer's kernel says of its socket, held against what is claimed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "walk_bench.h"

/* Its SYN-ACK came, and our answer was not seen leaving. */
static void reach_syn_received(struct bench *bench)
{
    bench_init(bench, "walk");
    bench_start(bench);
    run_until(bench, 10 * NANOS_PER_MS);
    bench->deaf = true;
    peer(bench, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(bench->walk.belief.claim.to, IN(SYN_RECEIVED));
}

/* It acknowledged our data. */
static void reach_established(struct bench *bench)
{
    bench_init(bench, "walk");
    bench->settings.delay = NANOS_PER_S;
    bench_send(bench, 5);
    bench_start(bench);
    bench_open(bench, 10 * NANOS_PER_MS);
    run_until(bench, 1020 * NANOS_PER_MS);
    peer(bench, TCP_ACK, 1, 6, 0);
    assert_int_equal(bench->walk.belief.claim.to, IN(ESTABLISHED));
    assert_int_equal(bench->walk.belief.claim.certainty, PROVEN);
}

/* It acknowledged our FIN. */
static void reach_close_wait(struct bench *bench)
{
    bench_init(bench, "walk");
    bench_start(bench);
    bench_open(bench, 10 * NANOS_PER_MS);
    run_until(bench, 20 * NANOS_PER_MS);
    peer(bench, TCP_ACK, 1, 2, 0);
    assert_int_equal(bench->walk.belief.claim.to, IN(CLOSE_WAIT));
}

/* Its kernel knows nothing of a connection that is proven to be there: it is asked in the wrong place. */
static void no_socket_where_one_must_be(void **state)
{
    static void (*const reach[])(struct bench *) = {reach_established, reach_close_wait};

    (void)state;
    for (size_t i = 0; i < sizeof(reach) / sizeof(reach[0]); i++) {
        struct bench bench;

        reach[i](&bench);
        kernel_says(&bench, CLOSED, false);
        kernel_says(&bench, CLOSED, true);
        kernel_says(&bench, CLOSED, false);
        assert_int_equal(times_told(&bench, "verify CLOSED disagrees"), 3);
        assert_int_equal(times_told(&bench, "note no-such-socket"), 1);
        assert_false(told(&bench, "note syn-cookie"));
        assert_int_equal(bench.walk.counts.disagreed, 0); /* it may have crashed: nothing proven is contradicted */
        assert_int_equal(bench.walk.counts.verified, 3);
    }
}

/* It had a socket before: then it has aborted, or its application has crashed, which is no such remark. */
static void socket_that_vanishes(void **state)
{
    struct bench bench;

    (void)state;
    reach_established(&bench);
    kernel_says(&bench, ESTABLISHED, false);
    kernel_says(&bench, CLOSED, false);
    assert_true(told(&bench, "verify ESTABLISHED agrees"));
    assert_true(told(&bench, "verify CLOSED disagrees"));
    assert_false(told(&bench, "note no-such-socket"));
}

/* SYN-RECEIVED can be kept in a cookie where the port listens, and only there. That it was one shows later. */
static void cookie_is_noted_once_a_socket_shows(void **state)
{
    struct bench bench;

    (void)state;
    reach_syn_received(&bench);
    kernel_says(&bench, CLOSED, true);
    assert_true(told(&bench, "verify CLOSED agrees"));
    assert_false(told(&bench, "note syn-cookie"));
    kernel_says(&bench, ESTABLISHED, false);
    kernel_says(&bench, ESTABLISHED, false);
    assert_int_equal(times_told(&bench, "note syn-cookie"), 1);
    assert_false(told(&bench, "note no-such-socket"));

    reach_syn_received(&bench);
    kernel_says(&bench, CLOSED, false);
    assert_true(told(&bench, "verify CLOSED disagrees"));
    assert_false(told(&bench, "note no-such-socket"));

    reach_syn_received(&bench);
    kernel_says(&bench, SYN_RECEIVED, false);
    kernel_says(&bench, ESTABLISHED, false);
    assert_false(told(&bench, "note syn-cookie"));
}

/* Where the connection can be over, no socket is what one expects. */
static void no_socket_at_the_end_agrees(void **state)
{
    struct bench bench;

    (void)state;
    reach_close_wait(&bench);
    bench.deaf = true;
    peer(&bench, TCP_FIN | TCP_ACK, 1, 2, 0);
    assert_int_equal(bench.walk.belief.claim.to, IN(LAST_ACK));
    kernel_says(&bench, CLOSED, false);
    assert_int_equal(times_told(&bench, "verify CLOSED agrees"), 1);

    reach_close_wait(&bench);
    peer(&bench, TCP_FIN | TCP_ACK, 1, 2, 0);
    assert_int_equal(bench.walk.belief.claim.to, IN(CLOSED));
    kernel_says(&bench, CLOSED, true);
    assert_int_equal(times_told(&bench, "verify CLOSED agrees"), 1);

    bench_init(&bench, "walk");
    bench.settings.delay = NANOS_PER_S;
    bench_start(&bench);
    bench_open(&bench, 10 * NANOS_PER_MS);
    peer(&bench, TCP_FIN | TCP_ACK, 1, 1, 0);
    run_until(&bench, 1010 * NANOS_PER_MS);
    assert_int_equal(bench.walk.belief.claim.to, IN(TIME_WAIT));
    kernel_says(&bench, CLOSED, false);
    assert_int_equal(times_told(&bench, "verify CLOSED agrees"), 1);
    assert_false(told(&bench, "note no-such-socket"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_socket_where_one_must_be),
        cmocka_unit_test(socket_that_vanishes),
        cmocka_unit_test(cookie_is_noted_once_a_socket_shows),
        cmocka_unit_test(no_socket_at_the_end_agrees),
    };

    return cmocka_run_group_tests_name("walk and the peer's kernel", tests, NULL, NULL);
}
