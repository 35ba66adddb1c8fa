/* Keep-alives, window probes and what answers them (follow/purpose.h): named by their numbers, and not where these can be others'. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "follow/purpose.h"

#define S TCP_SYN
#define A TCP_ACK
#define F TCP_FIN
#define R TCP_RST
#define KEEP "keep-alive"
#define PROBE "window-probe"
#define EITHER "keep-alive-or-window-probe"

/* A segment, and what is said of it: what it asks for, or, after "<", what it answers. */
struct line {
    unsigned ms;
    unsigned from;
    uint8_t flags;
    uint32_t seq, ack, len;
    const char *said;
    bool closed; /* its window is */
};

static char said[64];

static void on_segment(void *context, const struct connection *connection, unsigned from, unsigned n,
                       enum passage_kind kind, const struct passage *passage)
{
    const struct purposes purposes = purposes_of(connection, from, kind);

    (void)context, (void)n, (void)passage;
    assert_true(purposes.asks == PURPOSE_NONE || purposes.answers == PURPOSE_NONE);
    snprintf(said, sizeof(said), "%s%s%s", purpose_name(purposes.asks), purposes.answers != PURPOSE_NONE ? "<" : "",
             purpose_name(purposes.answers));
}

static void walk(const struct line *lines, unsigned count)
{
    const struct endpoint ends[ENDS] = {{.addr = {.family = 4, .bytes = {192, 0, 2, 1}}, .port = 40000},
                                        {.addr = {.family = 4, .bytes = {192, 0, 2, 2}}, .port = 80}};
    const struct follow_listener listener = {.segment = on_segment};
    void *memory = calloc(1, follow_memory(2));
    struct follow *follow = calloc(1, sizeof(*follow));

    assert_non_null(memory);
    assert_non_null(follow);
    follow_init(follow, 2, memory, &listener);
    for (unsigned i = 0; i < count; i++) {
        const struct line *line = &lines[i];
        const struct segment segment = {.flags = line->flags,
                                        .seq = line->seq,
                                        .ack = line->ack,
                                        .len = line->len,
                                        .window = line->closed ? 0 : 1000};
        const struct passage passage = {.packet = i + 1,
                                        .at = NANOS_PER_S + line->ms * NANOS_PER_MS,
                                        .src = &ends[line->from],
                                        .dst = &ends[!line->from],
                                        .segment = &segment};
        follow_pass(follow, &passage);
        if (strcmp(said, line->said) != 0)
            fail_msg("segment %u: '%s', and not '%s'", i + 1, said, line->said);
    }
    follow_end(follow);
    free(follow);
    free(memory);
}

#define WALK(...)                                                                                                      \
    do {                                                                                                               \
        const struct line lines[] = {__VA_ARGS__};                                                                     \
        walk(lines, sizeof(lines) / sizeof(lines[0]));                                                                 \
    } while (0)

/* One with an open window, and with a closed one. */
#define L(ms, from, flags, seq, ack, len, said)                                                                        \
    {                                                                                                                  \
        ms, from, flags, seq, ack, len, said, false                                                                    \
    }
#define C(ms, from, flags, seq, ack, len, said)                                                                        \
    {                                                                                                                  \
        ms, from, flags, seq, ack, len, said, true                                                                     \
    }

#define OPENED L(0, 0, S, 100, 0, 0, ""), L(10, 1, S | A, 900, 101, 0, ""), L(20, 0, A, 101, 901, 0, "")
/* ... and A has sent ten bytes, which B has got. */
#define SPOKEN OPENED, L(30, 0, A, 101, 901, 10, ""), L(40, 1, A, 901, 111, 0, "")
/* ... and closed its window. */
#define CLOSED_WINDOW OPENED, L(30, 0, A, 101, 901, 10, ""), C(40, 1, A, 901, 111, 0, "")

static void test_keep_alives(void **state)
{
    (void)state;
    WALK(OPENED, L(5000, 0, A, 100, 901, 0, KEEP), L(5010, 1, A, 901, 101, 0, "<" KEEP),
         L(10000, 1, A, 900, 101, 0, KEEP), L(10010, 0, A, 101, 901, 0, "<" KEEP));
    /* With a byte of those before, and as one's own first word; unanswered; late answered. */
    WALK(SPOKEN, L(5000, 0, A, 110, 901, 1, KEEP), L(5010, 1, A, 901, 111, 0, "<" KEEP),
         L(9000, 0, A, 110, 901, 1, KEEP), L(14000, 0, A, 110, 901, 1, KEEP), L(19000, 0, A, 110, 901, 1, KEEP),
         L(24000, 0, A, 110, 901, 1, KEEP), L(25500, 1, A, 901, 111, 0, ""));
    /* The capture begins with them: when their numbers have been acknowledged twice, they are known. */
    WALK(L(0, 0, A, 110, 901, 0, ""), L(10, 1, A, 901, 111, 0, ""), L(5000, 0, A, 110, 901, 0, ""),
         L(5010, 1, A, 901, 111, 0, "<" KEEP), L(9000, 0, A, 110, 901, 0, KEEP), L(9010, 1, A, 901, 111, 0, "<" KEEP));
}

static void test_no_keep_alives(void **state)
{
    (void)state;
    WALK(SPOKEN, L(500, 0, A, 110, 901, 0, ""));  /* too soon: it may have been overtaken */
    WALK(SPOKEN, L(5000, 0, A, 109, 901, 0, "")); /* two before the next */
    WALK(SPOKEN, L(5000, 0, A, 111, 901, 0, ""), L(5010, 1, A, 901, 111, 0, "")); /* the next */
    WALK(SPOKEN, L(5000, 0, A, 110, 900, 0, ""));                                 /* an older acknowledgement */
    WALK(SPOKEN, L(5000, 0, A | F, 110, 901, 0, ""));
    WALK(SPOKEN, L(5000, 0, A | R, 110, 901, 0, ""));
    WALK(OPENED, L(30, 0, A, 101, 901, 10, ""), L(5000, 0, A, 110, 901, 1, "")); /* B has not got the byte */
    WALK(SPOKEN, L(50, 0, A | F, 111, 901, 0, ""), L(60, 1, A, 901, 112, 0, ""),
         L(5000, 0, A, 111, 901, 0, "")); /* the FIN's number */
    /* A byte of its own, of which the acknowledgement may have been lost; and the answer to that. */
    WALK(SPOKEN, L(60, 0, A, 111, 901, 1, ""), L(70, 1, A, 901, 112, 0, ""), L(1300, 0, A, 111, 901, 1, ""),
         L(1310, 1, A, 901, 112, 0, ""), L(3700, 0, A, 111, 901, 1, ""), L(8500, 0, A, 111, 901, 1, ""),
         L(18100, 0, A, 111, 901, 1, ""));
    /* What follows the answer, and an answer with bytes. */
    WALK(SPOKEN, L(5000, 0, A, 110, 901, 0, KEEP), L(5010, 1, A, 901, 111, 0, "<" KEEP),
         L(5020, 1, A, 901, 111, 0, ""));
    WALK(SPOKEN, L(5000, 0, A, 110, 901, 0, KEEP), L(5010, 1, A, 901, 111, 5, ""));
}

static void test_window_probes(void **state)
{
    (void)state;
    /* A byte behind the window, until it is taken. */
    WALK(CLOSED_WINDOW, L(400, 0, A, 111, 901, 1, PROBE), C(410, 1, A, 901, 111, 0, "<" PROBE),
         L(1000, 0, A, 111, 901, 1, PROBE), L(1010, 1, A, 901, 112, 0, "<" PROBE));
    /* Without bytes, as Linux does: after a second it may be a keep-alive. */
    WALK(CLOSED_WINDOW, L(400, 0, A, 110, 901, 0, PROBE), C(410, 1, A, 901, 111, 0, "<" PROBE),
         L(800, 0, A, 110, 901, 0, PROBE), C(810, 1, A, 901, 111, 0, "<" PROBE), L(2000, 0, A, 110, 901, 0, EITHER),
         L(2010, 1, A, 901, 111, 0, "<" EITHER));
}

static void test_no_window_probes(void **state)
{
    (void)state;
    WALK(CLOSED_WINDOW, L(100, 0, A, 111, 901, 1, ""));                               /* it may have left before */
    WALK(CLOSED_WINDOW, L(400, 0, A, 111, 901, 2, ""));                               /* more than one */
    WALK(SPOKEN, L(400, 0, A, 111, 901, 1, ""), L(410, 1, A, 901, 112, 0, ""));       /* the window is open */
    WALK(CLOSED_WINDOW, L(60, 1, A, 901, 111, 0, ""), L(400, 0, A, 111, 901, 1, "")); /* ... again */
    WALK(L(0, 0, A, 101, 901, 10, ""), C(10, 1, A, 901, 111, 0, ""),
         L(400, 0, A, 111, 901, 1, ""), /* no round trip is known */
         C(410, 1, A, 901, 111, 0, ""), L(2000, 0, A, 111, 901, 1, PROBE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keep_alives),
        cmocka_unit_test(test_no_keep_alives),
        cmocka_unit_test(test_window_probes),
        cmocka_unit_test(test_no_window_probes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
