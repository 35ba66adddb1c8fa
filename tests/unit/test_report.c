/*
 * The ladder on canned events. The sentences of reasons are core's own and may be reworded: expectations have
 * "{why}" in their place, and are compared with the lines below a row put together, so that a longer
 * sentence, which wraps elsewhere, makes no difference. That nothing is wider than the page is asserted by
 * itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "report/phrase.h"
#include "report_events.h"

/* Where the lines below a row begin. */
#define INDENT 15

static void assert_width(const char *text, size_t width)
{
    for (const char *line = text; *line;) {
        size_t length = strcspn(line, "\n");

        if (length > width)
            fail_msg("wider than %zu: %.*s", width, (int)length, line);
        assert_int_equal(line[length], '\n');
        if (length > 0)
            assert_int_not_equal(line[length - 1], ' ');
        line += length + 1;
    }
}

static bool is_below(const char *line)
{
    return strspn(line, " ") == INDENT;
}

/* Puts the lines below one row together into one. */
static void unwrap(char *text)
{
    for (char *end = strchr(text, '\n'); end && end[1]; end = strchr(end + 1, '\n')) {
        char *line = end;

        while (line > text && line[-1] != '\n')
            line--;
        if (is_below(line) && is_below(end + 1)) {
            memmove(end, end + INDENT, strlen(end + INDENT) + 1);
            *end = ' ';
        }
    }
}

static void assert_ladder(const struct event *events, size_t count, const char *expected)
{
    char printed[TEXT], wanted[TEXT];

    report_run(&reporter_ladder, NULL, events, count, printed);
    assert_width(printed, REPORT_WIDTH_DEFAULT);
    unwrap(printed);
    report_expand(expected, wanted);
    assert_string_equal(printed, wanted);
}

static void ladder_close(void **unused)
{
    struct event events[EVENTS];
    size_t count = full_close(events);

    (void)unused;
    assert_ladder(events, count,
                  "tcpwalk close: 192.0.2.1:41234 -> echo.lab (192.0.2.2) port 7, over lab0\n"
                  "  #      time  local        segment                       peer\n"
                  "  1  0.000000  SYN-SENT     S   seq 0, mss 1460, ws 7  -> LISTEN        presumed\n"
                  "               also sackOK, TS\n"
                  "  2  0.000412               S.  seq 0, ack 1, mss 1460 <- SYN-RECEIVED\n"
                  "               proven: {why}; kernel: SYN-RECEIVED, agrees; also ws 7, sackOK, TS\n"
                  "  3  0.000431  ESTABLISHED  .   ack 1                  -> ESTABLISHED\n"
                  "               presumed, else SYN-RECEIVED; kernel: ESTABLISHED, agrees\n"
                  "  4  0.010502  FIN-WAIT-1   F.  seq 1, ack 1           -> CLOSE-WAIT    presumed\n"
                  "  5  0.010611  FIN-WAIT-2   .   ack 2                  <- CLOSE-WAIT\n"
                  "               proven: {why}\n"
                  "  6  0.010640  TIME-WAIT    F.  seq 1, ack 2           <- LAST-ACK+\n"
                  "               proven: LAST-ACK or CLOSING ({why})\n"
                  "  7  0.010655               .   ack 2                  -> CLOSED\n"
                  "               presumed, else LAST-ACK\n"
                  "closed by us in four segments; open 431 us (round trip 412 us); close 153 us,\n"
                  "of which the peer spent 29.0 us in CLOSE-WAIT as seen here, at most 138 us; 2\n"
                  "of 2 states agree with the peer's kernel; history ShAFaf (capitals ours)\n");
}

static void ladder_refused(void **unused)
{
    struct event events[] = {
        start_event(),
        segment_event(1, true, 0, TCP_SYN, 0, 0, SYN_SENT),
        claim_event(SIDE_PEER, PRESUMED, NO_STATES, IN(LISTEN), NO_STATES),
        segment_event(2, false, US(60), TCP_RST | TCP_ACK, 0, 1, CLOSED),
        claim_event(SIDE_PEER, REFUTED, IN(LISTEN), IN(CLOSED), NO_STATES),
        end_event(4, OUTCOME_REFUSED, "nothing listens on 192.0.2.2 port 7"),
    };

    (void)unused;
    events[0].start.command = "open";
    events[0].start.peer_name = NULL;
    events[5].end.history = "Sr";
    assert_ladder(events, COUNT(events),
                  "tcpwalk open: 192.0.2.1:41234 -> 192.0.2.2 port 7, over lab0\n"
                  "  #      time  local        segment                       peer\n"
                  "  1  0.000000  SYN-SENT     S   seq 0, mss 1460, ws 7  -> LISTEN        presumed\n"
                  "               also sackOK, TS\n"
                  "  2  0.000060  CLOSED       R.  seq 0, ack 1           <- CLOSED\n"
                  "               REFUTED: not LISTEN but CLOSED ({why})\n"
                  "refused: nothing listens on 192.0.2.2 port 7; history Sr (capitals ours)\n");
}

/* What later comes to light is not put into the row of an earlier segment; notes and errors have lines of
 * their own. */
static void ladder_oddities(void **unused)
{
    struct event events[] = {
        segment_event(9, true, US(1000000), TCP_SYN, 0, 0, SYN_SENT),
        {.kind = EVENT_NOTE, .note = {US(1000001), "token", "a \033[31mnote\n"}},
        {.kind = EVENT_ICMP, .icmp = {.t = US(1000300), .hard = true}},
        claim_event(SIDE_LOCAL, PROVEN, IN(SYN_SENT), IN(CLOSED), NO_STATES),
        {.kind = EVENT_NOTE, .note = {NANOS_NONE, "token", "no time"}},
        claim_event(SIDE_PEER, PRESUMED, IN(LAST_ACK), IN(CLOSED), IN(LAST_ACK)),
        verify_event(LAST_ACK, PROVEN, IN(CLOSED), false),
        segment_event(10, false, US(63000000), TCP_FIN | TCP_ACK, 1, 2, CLOSED),
        claim_event(SIDE_PEER, PROVEN, IN(CLOSED), IN(FIN_WAIT_1), NO_STATES),
        claim_event(SIDE_PEER, PROVEN, IN(FIN_WAIT_1), IN(CLOSING), NO_STATES),
    };
    struct icmp_error *error = &events[2].icmp.error;

    (void)unused;
    events[0].segment.segment.options.present = 0;
    events[0].segment.retransmission = true;
    assert_true(addr_parse("192.0.2.254", &error->from));
    error->family = 4;
    error->type = 3;
    error->code = 3;
    error->quoted_seq = 1000000;
    events[5].transition.claim.not_before = US(2000000);
    assert_ladder(events, COUNT(events),
                  "  9  1.000000  SYN-SENT     S   seq 0                  ->\n"
                  "               a retransmission\n"
                  "     1.000001  note: a ?[31mnote?\n"
                  "     1.000300  CLOSED       ICMP port-unreachable\n"
                  "               from 192.0.2.254, about our seq 0: it ends the walk note: no time\n"
                  "     2.000000                                             CLOSED\n"
                  "               presumed, else LAST-ACK: {why}; kernel: LAST-ACK, DISAGREES with proven CLOSED\n"
                  " 10 63.000000               F.  seq 1, ack 2           <- CLOSING\n"
                  "               FIN-WAIT-1 proven: {why}; CLOSING proven: {why}\n");
}

/*
 * Beside a segment of the peer stands the state in which it was sent: not what is presumed, which came later, but what is
 * proven, also where a presumption follows in the same row.
 */
static void ladder_peer_column(void **unused)
{
    struct event events[] = {
        segment_event(3, true, US(1), TCP_ACK, 1, 1, ESTABLISHED),
        claim_event(SIDE_PEER, PRESUMED, IN(SYN_RECEIVED), IN(ESTABLISHED), NO_STATES),
        segment_event(4, false, US(2), TCP_ACK, 1, 1, ESTABLISHED),
        segment_event(5, true, US(3), TCP_FIN | TCP_ACK, 1, 1, FIN_WAIT_1),
        claim_event(SIDE_PEER, PRESUMED, IN(ESTABLISHED), IN(CLOSE_WAIT), NO_STATES),
        segment_event(6, false, US(4), TCP_PSH | TCP_ACK, 1, 1, FIN_WAIT_1),
        claim_event(SIDE_PEER, PROVEN, IN(CLOSE_WAIT), IN(ESTABLISHED), NO_STATES),
        claim_event(SIDE_PEER, PRESUMED, IN(ESTABLISHED), IN(CLOSE_WAIT), NO_STATES),
        segment_event(7, false, US(5), TCP_ACK, 1, 2, FIN_WAIT_2),
        claim_event(SIDE_PEER, PROVEN, IN(CLOSE_WAIT), IN(CLOSE_WAIT), NO_STATES),
        segment_event(8, false, US(6), TCP_ACK, 1, 2, FIN_WAIT_2),
    };

    (void)unused;
    assert_ladder(events, COUNT(events),
                  "  3  0.000001  ESTABLISHED  .   seq 1, ack 1           -> ESTABLISHED   presumed\n"
                  "  4  0.000002               .   seq 1, ack 1           <-\n"
                  "  5  0.000003  FIN-WAIT-1   F.  seq 1, ack 1           -> CLOSE-WAIT    presumed\n"
                  "  6  0.000004               P.  seq 1, ack 1           <- ESTABLISHED\n"
                  "               ESTABLISHED proven: {why}; CLOSE-WAIT presumed: {why}\n"
                  "  7  0.000005  FIN-WAIT-2   .   ack 2                  <- CLOSE-WAIT\n"
                  "               proven: {why}\n"
                  "  8  0.000006               .   ack 2                  <- CLOSE-WAIT\n");
}

/* A flood of data keeps one line a segment; what is unusual about a segment is shown. */
static void ladder_data(void **unused)
{
    struct event events[] = {
        segment_event(5, false, US(1), TCP_ACK, 1, 1, ESTABLISHED),
        segment_event(6, false, US(2), TCP_PSH | TCP_ACK, 1, 1, ESTABLISHED),
        segment_event(7, false, US(3), TCP_PSH | TCP_ACK, 1000001, 1, ESTABLISHED),
        segment_event(8, false, US(4), TCP_ACK, 1001448, 1, ESTABLISHED),
        segment_event(9, true, US(5), TCP_ACK, 1, 1, ESTABLISHED),
    };
    struct segment *sacked = &events[4].segment.segment;

    (void)unused;
    events[1].segment.segment.len = 12;
    events[2].segment.segment.len = 1448;
    events[3].segment.segment.window = 0;
    sacked->options = (struct tcp_options){.present = TCP_OPT_SACK | TCP_OPT_MALFORMED, .sack_count = 1};
    sacked->options.sack[0] = (struct sack_block){sacked->ack + 1000000, sacked->ack + 1001448};
    assert_ladder(events, COUNT(events),
                  "  5  0.000001  ESTABLISHED  .   seq 1, ack 1           <-\n"
                  "  6  0.000002               P.  seq 1, ack 1, len 12   <-\n"
                  "  7  0.000003               P.  seq 1000001, len 1448  <-\n"
                  "  8  0.000004               .   seq 1001448, ack 1     <-\n"
                  "               also win 0\n"
                  "  9  0.000005               .   seq 1, ack 1           ->\n"
                  "               also sack 1000001:1001449, malformed options\n");
}

static void ladder_half_close(void **unused)
{
    struct event event = end_event(0, OUTCOME_HALF_CLOSED, NULL);

    (void)unused;
    event.end.left = true;
    event.end.timing.fin_rtt = US(1100);
    event.end.counts.retransmitted = 2;
    event.end.counts.bytes_after_fin = 74;
    event.end.counts.segments_after_fin = 1;
    assert_ladder(&event, 1,
                  "half-closed by us and left so; our FIN acknowledged after 1.10 ms; after the\n"
                  "peer acknowledged our FIN 74 bytes came in 1 segment, neither FIN nor RST; we\n"
                  "retransmitted 2 segments\n");
}

/* With more room the meaning moves up; with little, nothing is wider than asked. */
static void ladder_widths(void **unused)
{
    struct event events[EVENTS];
    size_t count = full_close(events);
    char printed[TEXT];

    (void)unused;
    events[0].start.peer_name =
        "a-name-that-is-so-long-that-it-must-be-cut-somewhere-because-no-line-has-room-for-it.lab";
    for (unsigned width = REPORT_WIDTH_MIN; width < 200; width++) {
        report_run(&reporter_ladder, &(struct report_options){.width = width}, events, count, printed);
        assert_width(printed, width);
    }
    assert_non_null(strstr(printed, "S.  seq 0, ack 1, mss 1460, ws 7, sackOK, TS  <- SYN-RECEIVED  proven: "));
    assert_non_null(strstr(printed, "-> ESTABLISHED   presumed, else SYN-RECEIVED\n"));
    report_run(&reporter_ladder, &(struct report_options){.width = 1}, events, count, printed);
    assert_width(printed, REPORT_WIDTH_MIN);
}

static void ladder_colour(void **unused)
{
    struct event events[EVENTS];
    size_t count = full_close(events);
    char printed[TEXT];

    (void)unused;
    report_run(&reporter_ladder, NULL, events, count, printed);
    assert_null(strchr(printed, '\033'));
    report_run(&reporter_ladder, &(struct report_options){.colour = true}, events, count, printed);
    assert_non_null(strstr(printed, "\033[33mLISTEN\033[0m"));
    assert_non_null(strstr(printed, "\033[32mSYN-RECEIVED\033[0m"));
}

/* A flush shows the row at once; nothing is lost or printed twice by it. */
static void ladder_flush(void **unused)
{
    struct event event = segment_event(1, true, 0, TCP_SYN, 0, 0, SYN_SENT);
    struct fault fault = {0};
    char printed[TEXT] = "";
    FILE *stream = fmemopen(printed, TEXT, "w");
    void *state = reporter_ladder.begin(stream, NULL, &fault);
    size_t length;

    (void)unused;
    assert_true(reporter_ladder.event(state, &event, &fault));
    assert_string_equal(printed, "");
    assert_true(reporter_ladder.flush(state, &fault));
    length = strlen(printed);
    assert_true(length > 0);
    assert_true(reporter_ladder.end(state, &fault));
    assert_int_equal(strlen(printed), length);
    fclose(stream);
}

static void spans(void **unused)
{
    static const struct {
        nanos span;
        const char *text;
    } cases[] = {
        {0, "0 ns"},
        {999, "999 ns"},
        {1000, "1.00 us"},
        {29060, "29.1 us"},
        {412345, "412 us"},
        {1234567, "1.23 ms"},
        {63 * NANOS_PER_S, "63.0 s"},
        {4000 * NANOS_PER_S, "4000 s"},
        {-29060, "-29.1 us"},
    };
    char out[SPAN_TEXT];

    (void)unused;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(phrase_span(cases[i].span, out), cases[i].text);
}

static void full_disk(void **unused)
{
    static const struct reporter *const reporters[] = {&reporter_ladder, &reporter_json};
    struct event events[EVENTS];

    (void)unused;
    full_close(events);
    for (size_t i = 0; i < COUNT(reporters); i++) {
        const struct reporter *reporter = reporters[i];
        struct fault fault = {0};
        FILE *full = fopen("/dev/full", "w");
        void *state;

        if (!full)
            skip();
        state = reporter->begin(full, NULL, &fault);
        assert_false(reporter->event(state, &events[0], &fault));
        assert_int_equal(fault.kind, FAULT_LOCAL);
        assert_string_equal(fault.words, "standard output: No space left on device");
        reporter->end(state, &fault);
        fclose(full);
    }
}

static void assert_verify(enum certainty certainty, bool violates, const char *words)
{
    struct event event = verify_event(LISTEN, certainty, IN(ESTABLISHED), false);
    char bytes[120];
    struct text text;

    text_init(&text, bytes, sizeof(bytes));
    event.verify.listening = true;
    event.verify.violates = violates;
    phrase_verify(&text, &event.verify);
    assert_string_equal(bytes, words);
}

/* A kernel that contradicts nothing, and yet is not where the claim is, has moved on. */
static void kernel_without_agreement(void **unused)
{
    (void)unused;
    assert_verify(PRESUMED, false, "kernel: LISTEN and no socket for this connection, not as presumed");
    assert_verify(PROVEN, false, "kernel: LISTEN and no socket for this connection, no longer as proven");
    assert_verify(PRESUMED, true,
                  "kernel: LISTEN and no socket for this connection, DISAGREES with what was proven before");
    assert_verify(PROVEN, true, "kernel: LISTEN and no socket for this connection, DISAGREES with proven ESTABLISHED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ladder_close),    cmocka_unit_test(ladder_refused),
        cmocka_unit_test(ladder_oddities), cmocka_unit_test(ladder_peer_column),
        cmocka_unit_test(ladder_data),     cmocka_unit_test(ladder_half_close),
        cmocka_unit_test(ladder_widths),   cmocka_unit_test(ladder_colour),
        cmocka_unit_test(ladder_flush),    cmocka_unit_test(spans),
        cmocka_unit_test(full_disk),       cmocka_unit_test(kernel_without_agreement),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
