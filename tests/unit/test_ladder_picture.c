/*
 * Pictures of a whole ladder: the states are to scale in time, what is too short for that is drawn larger, no text lies over another
 * whatever happened, and the page and the diagram have all that the ladder has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/ladder_picture.h"
#include "report/ladder_times.h"
#include "report/read.h"
#include "report_events.h"
#include "svg_document.h"

#define MS(n) ((nanos)(n)*NANOS_PER_MS)

static void take(struct ladder_rows *ladder, const struct event *events, size_t count)
{
    struct fault fault = {0};

    for (size_t i = 0; i < count; i++)
        assert_true(ladder_rows_take(ladder, &events[i], &fault));
}

enum form { FORM_SVG, FORM_HTML, FORM_MERMAID };

/* Released by the caller. */
static char *picture(const struct ladder_rows *ladder, enum form form)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    if (form == FORM_SVG)
        ladder_picture_svg(ladder, "close", out);
    else if (form == FORM_HTML)
        ladder_picture_html(ladder, "close", "en", INT64_C(1769860800) * NANOS_PER_S, out);
    else
        ladder_picture_mermaid(ladder, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* A claim about the peer whose moment lies between two. */
static struct event claimed(enum certainty certainty, state_set from, state_set likely, nanos least, nanos most)
{
    struct event event = claim_event(SIDE_PEER, certainty, from, likely, NO_STATES);

    event.transition.claim.not_before = least;
    event.transition.claim.not_after = most;
    return event;
}

/* A peer that needs half a second to close: round trips of some 100 us, and a wait that is 5000 times as long. */
static size_t late_close(struct event events[EVENTS])
{
    const struct event list[] = {
        start_event(),
        segment_event(1, true, 0, TCP_SYN, 0, 0, SYN_SENT),
        claimed(PRESUMED, NO_STATES, IN(LISTEN), NANOS_NONE, NANOS_NEVER),
        segment_event(2, false, US(100), TCP_SYN | TCP_ACK, 0, 1, ESTABLISHED),
        claimed(PROVEN, IN(LISTEN), IN(SYN_RECEIVED), 0, US(100)),
        segment_event(3, true, US(120), TCP_ACK, 1, 1, ESTABLISHED),
        claimed(PRESUMED, IN(SYN_RECEIVED), IN(ESTABLISHED), US(120), NANOS_NEVER),
        segment_event(4, true, US(200), TCP_FIN | TCP_ACK, 1, 1, FIN_WAIT_1),
        claimed(PRESUMED, IN(ESTABLISHED), IN(CLOSE_WAIT), US(200), NANOS_NEVER),
        segment_event(5, false, US(300), TCP_ACK, 1, 2, FIN_WAIT_2),
        claimed(PROVEN, IN(CLOSE_WAIT), IN(CLOSE_WAIT), US(200), US(300)),
        segment_event(6, false, MS(500), TCP_FIN | TCP_ACK, 1, 2, TIME_WAIT),
        claimed(PROVEN, IN(CLOSE_WAIT), IN(LAST_ACK), US(300), MS(500)),
        segment_event(7, true, MS(500) + US(50), TCP_ACK, 2, 2, TIME_WAIT),
        claimed(PRESUMED, IN(LAST_ACK), IN(CLOSED), MS(500) + US(50), NANOS_NEVER),
        end_event(0, OUTCOME_CLOSED, NULL),
    };

    memcpy(events, list, sizeof(list));
    return COUNT(list);
}

static void assert_piece(const struct ladder_times *times, unsigned end, unsigned index, enum state state,
                         bool presumed, nanos least, nanos most)
{
    const struct ladder_piece *piece = &times->pieces[end][index];

    assert_true(index < times->count[end]);
    assert_true(piece->known);
    assert_int_equal(piece->is.state, state);
    assert_int_equal(piece->is.certainty == PRESUMED, presumed);
    assert_int_equal(piece->least, least);
    assert_int_equal(piece->most, most);
}

static void states_begin_when_they_did(void **unused)
{
    struct event events[EVENTS];
    struct ladder_rows ladder = {0};
    struct ladder_times times;

    (void)unused;
    take(&ladder, events, late_close(events));
    assert_true(ladder_times_read(&times, &ladder, 0, ladder.count));
    assert_int_equal(times.count[LADDER_LEFT], 6);
    assert_piece(&times, LADDER_LEFT, 0, CLOSED, false, NANOS_NONE, NANOS_NONE);
    assert_piece(&times, LADDER_LEFT, 1, SYN_SENT, false, 0, 0);
    assert_piece(&times, LADDER_LEFT, 2, ESTABLISHED, false, US(100), US(100));
    assert_piece(&times, LADDER_LEFT, 3, FIN_WAIT_1, false, US(200), US(200));
    assert_piece(&times, LADDER_LEFT, 4, FIN_WAIT_2, false, US(300), US(300));
    assert_piece(&times, LADDER_LEFT, 5, TIME_WAIT, false, MS(500), MS(500));
    assert_int_equal(times.count[LADDER_RIGHT], 7);
    assert_piece(&times, LADDER_RIGHT, 0, LISTEN, true, NANOS_NONE, NANOS_NONE);
    /* What an answer proves came to be so somewhen since our segment; what is presumed, when ours left. */
    assert_piece(&times, LADDER_RIGHT, 1, SYN_RECEIVED, false, 0, US(100));
    assert_piece(&times, LADDER_RIGHT, 2, ESTABLISHED, true, US(120), US(120));
    assert_piece(&times, LADDER_RIGHT, 3, CLOSE_WAIT, true, US(200), US(200));
    /* That it is proven is news of that moment. */
    assert_piece(&times, LADDER_RIGHT, 4, CLOSE_WAIT, false, US(300), US(300));
    assert_piece(&times, LADDER_RIGHT, 5, LAST_ACK, false, US(300), MS(500));
    assert_piece(&times, LADDER_RIGHT, 6, CLOSED, true, MS(500) + US(50), MS(500) + US(50));
    ladder_times_free(&times);
    ladder_rows_free(&ladder);
}

static void a_refuted_state_ends_where_it_was_refuted(void **unused)
{
    const struct event events[] = {
        start_event(),
        segment_event(1, true, 0, TCP_ACK, 1, 1, ESTABLISHED),
        claimed(PRESUMED, NO_STATES, IN(ESTABLISHED), 0, NANOS_NEVER),
        segment_event(2, false, MS(1000), TCP_SYN | TCP_ACK, 0, 1, ESTABLISHED),
        claimed(REFUTED, IN(ESTABLISHED), IN(SYN_RECEIVED), 0, MS(1000)),
    };
    struct ladder_rows ladder = {0};
    struct ladder_times times;

    (void)unused;
    take(&ladder, events, COUNT(events));
    assert_true(ladder_times_read(&times, &ladder, 0, ladder.count));
    assert_piece(&times, LADDER_RIGHT, 1, ESTABLISHED, true, 0, 0);
    assert_piece(&times, LADDER_RIGHT, 2, SYN_RECEIVED, false, MS(1000), MS(1000));
    ladder_times_free(&times);
    ladder_rows_free(&ladder);
}

/* What is presumed is so from one moment on, though it was learned later. */
static void a_presumption_has_one_moment(void **unused)
{
    const struct event events[] = {
        start_event(),
        segment_event(1, true, 0, TCP_SYN, 0, 0, SYN_SENT),
        claimed(PROVEN, NO_STATES, IN(SYN_RECEIVED), 0, 0),
        segment_event(2, false, MS(100), TCP_ACK, 1, 1, ESTABLISHED),
        claimed(PRESUMED, IN(SYN_RECEIVED), IN(ESTABLISHED), MS(40), NANOS_NEVER),
    };
    struct ladder_rows ladder = {0};
    struct ladder_times times;

    (void)unused;
    take(&ladder, events, COUNT(events));
    assert_true(ladder_times_read(&times, &ladder, 0, ladder.count));
    assert_piece(&times, LADDER_RIGHT, 2, ESTABLISHED, true, MS(40), MS(40));
    ladder_times_free(&times);
    ladder_rows_free(&ladder);
}

static void what_is_dense_gets_a_window(void **unused)
{
    struct ladder_window windows[LADDER_WINDOWS];
    struct event events[EVENTS];
    struct ladder_rows ladder = {0};
    struct ladder_times times;

    (void)unused;
    take(&ladder, events, late_close(events));
    assert_true(ladder_times_read(&times, &ladder, 0, ladder.count));
    assert_int_equal(ladder_windows(&times, 0.02, windows), 3);
    assert_true(windows[0].from == 0 && windows[0].to == MS(500) + US(50));
    assert_true(windows[1].from == 0 && windows[1].to == US(300) && windows[1].within == 0);
    assert_true(windows[2].from == MS(500) && windows[2].to == MS(500) + US(50) && windows[2].within == 0);
    ladder_times_free(&times);
    ladder_rows_free(&ladder);
}

/* Where there is one moment, or none, there is nothing to be drawn to scale. */
static void one_moment_has_no_scale(void **unused)
{
    const struct event events[] = {start_event(), segment_event(1, true, 0, TCP_SYN, 0, 0, SYN_SENT)};
    struct ladder_rows ladder = {0};
    char *text;

    (void)unused;
    for (size_t count = 0; count <= COUNT(events); count++) {
        take(&ladder, events, count);
        text = picture(&ladder, FORM_SVG);
        svg_assert_readable(text, 0);
        assert_int_equal(svg_occurrences(text, "to scale"), 0);
        free(text);
        ladder_rows_free(&ladder);
    }
}

/* Where the upper edge of this state's piece begins and ends, in the at-th bar that has it. */
static void find_bar(const char *text, const char *colour, unsigned at, double *from, double *to)
{
    char class[60];

    snprintf(class, sizeof(class), "<path class=\"state %s\" d=\"M", colour);
    for (unsigned i = 0; i <= at; i++) {
        text = strstr(text, class);
        if (!text)
            fail_msg("there are not %u of %s", at + 1, class);
        text += strlen(class);
    }
    *from = atof(text);
    *to = atof(strchr(text, 'L') + 1);
}

/* FIN-WAIT-2 takes 499.7 of 500.05 ms; in the part that is drawn larger SYN-SENT is as long as FIN-WAIT-1, and takes a third. */
static void bars_are_as_long_as_states_lasted(void **unused)
{
    struct event events[EVENTS];
    struct ladder_rows ladder = {0};
    double from, to, whole, other_from, other_to;
    const char *part;
    char *text;

    (void)unused;
    take(&ladder, events, late_close(events));
    text = picture(&ladder, FORM_SVG);
    svg_assert_readable(text, 0);
    /* The axis is as long as all of it. */
    part = strstr(text, "<path class=\"rule\" d=\"M112.0 ");
    assert_non_null(part);
    whole = atof(strchr(part, 'H') + 1) - 112;
    find_bar(text, "s3", 1, &from, &to); /* behind FIN-WAIT-1, which can't be seen */
    assert_true(from - 112 < whole * 0.0010 && from - 112 > whole * 0.0004);
    assert_true(to - from > whole * 0.9990 && to - from < whole * 0.9998);
    part = strstr(text, ">300 us from 0.000000 s on</text>");
    assert_non_null(part);
    find_bar(part, "s1", 0, &from, &to);
    find_bar(part, "s3", 0, &other_from, &other_to);
    assert_true(to - from > whole / 3 - 0.2 && to - from < whole / 3 + 0.2);
    assert_true(other_to - other_from > whole / 3 - 0.2 && other_to - other_from < whole / 3 + 0.2);
    svg_assert_has(text, ">50.0 us from 0.500000 s on</text>");
    free(text);
    ladder_rows_free(&ladder);
}

/* The corners of a piece; returns how many. */
static unsigned corners(const char *path, double x[8], double y[8])
{
    unsigned count = 0;

    for (const char *at = path; *at && *at != 'z' && count < 8; at++)
        if (*at == 'M' || *at == 'L') {
            x[count] = atof(at + 1);
            y[count++] = atof(strchr(at, ' ') + 1);
        }
    return count;
}

/* Between the moments between which the peer went to LAST-ACK its border slants; in a part of the time that part of it does. */
static void an_unknown_moment_slants(void **unused)
{
    static const char proven[] = "<path class=\"state s4\" d=\"";
    struct event events[EVENTS];
    struct ladder_rows ladder = {0};
    double x[8], y[8];
    const char *bar;
    char *text;

    (void)unused;
    take(&ladder, events, late_close(events));
    text = picture(&ladder, FORM_SVG);
    bar = strstr(text, proven); /* CLOSE-WAIT, proven: it is what lies below the border */
    assert_non_null(bar);
    assert_true(corners(bar + strlen(proven), x, y) >= 3);
    assert_true(x[1] - x[0] > 700 && y[1] - y[0] > 18.9 && y[1] - y[0] < 19.1);
    bar = strstr(strstr(text, ">50.0 us from 0.500000 s on</text>"), proven);
    assert_non_null(bar);
    /* Its last moment is the first of this part: nothing is left of it but a line. */
    for (unsigned i = 1; i < corners(bar + strlen(proven), x, y); i++)
        assert_true(y[i] - y[0] < 0.1 && y[0] - y[i] < 0.1);
    /* Both names are there, though neither state has a moment for itself. */
    assert_true(svg_occurrences(text, ">CLOSE-WAIT</text>") >= 2);
    assert_true(svg_occurrences(text, ">LAST-ACK</text>") >= 3);
    free(text);
    ladder_rows_free(&ladder);
}

/* So many segments: an open, data and acknowledgements, a close; with a wait in the middle. */
static void take_connection(struct ladder_rows *ladder, unsigned segments)
{
    struct event event = start_event();
    nanos t = 0;

    take(ladder, &event, 1);
    for (unsigned n = 1; n <= segments; n++) {
        bool out = n % 2 == 1;
        enum state state = n == 1 ? SYN_SENT : n + 2 < segments ? ESTABLISHED : FIN_WAIT_1;

        t += n == segments / 2 ? MS(2500) : US(40 + 13 * (n % 7));
        event = segment_event(n, out, t,
                              n == 1              ? TCP_SYN
                              : n == 2            ? TCP_SYN | TCP_ACK
                              : n + 2 >= segments ? TCP_FIN | TCP_ACK
                              : out               ? TCP_PSH | TCP_ACK
                                                  : TCP_ACK,
                              n, n, state);
        take(ladder, &event, 1);
        event = claimed(out ? PRESUMED : PROVEN, NO_STATES,
                        n == 1   ? IN(LISTEN)
                        : n == 2 ? IN(SYN_RECEIVED)
                                 : IN(n + 2 < segments ? ESTABLISHED : CLOSE_WAIT),
                        t - US(20), out ? NANOS_NEVER : t);
        take(ladder, &event, 1);
    }
    event = end_event(0, OUTCOME_CLOSED, NULL);
    take(ladder, &event, 1);
}

static void few_and_many_segments(void **unused)
{
    static const unsigned counts[] = {2, 4, 60, 400};

    (void)unused;
    for (size_t i = 0; i < COUNT(counts); i++) {
        struct ladder_rows ladder = {0};
        char *text;

        take_connection(&ladder, counts[i]);
        text = picture(&ladder, FORM_SVG);
        svg_assert_readable(text, counts[i]);
        assert_int_equal(svg_occurrences(text, "class=\"sent\"") + svg_occurrences(text, "class=\"came\""), counts[i]);
        svg_assert_has(text, "@media (prefers-color-scheme:dark)");
        svg_assert_has(text,
                       "<title>tcpwalk close: 192.0.2.1:41234 -&gt; echo.lab (192.0.2.2) port 7, over lab0</title>");
        free(text);
        ladder_rows_free(&ladder);
    }
}

/* As it is on a page: in a width of its own. Released by the caller. */
static char *drawn(const struct ladder_rows *ladder, double width)
{
    struct svg svg = {0};
    double height = ladder_picture_all(&svg, ladder, 1, width, 2);
    char *text = NULL;
    size_t size = 0;

    svg.out = open_memstream(&text, &size);
    assert_non_null(svg.out);
    svg_begin(&svg, width + 2, height + 4, "A ladder");
    ladder_picture_all(&svg, ladder, 1, width, 2);
    svg_put(&svg, "</svg>\n");
    assert_int_equal(fclose(svg.out), 0);
    return text;
}

static void any_picture_is_readable(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct chance chance = {seed};
        struct ladder_rows ladder = {.observed = seed % 3 == 0};
        unsigned n = 0, events = chance_below(&chance, 160);
        nanos t = 0;
        char *text;

        for (unsigned i = 0; i < events; i++) {
            struct event event = chance_below(&chance, 40) ? report_any_event(&chance, &n, &t) : start_event();
            take(&ladder, &event, 1);
        }
        text = seed % 2 ? picture(&ladder, FORM_SVG) : drawn(&ladder, 320 + chance_below(&chance, 700));
        svg_assert_readable(text, (unsigned)seed);
        assert_int_equal(svg_occurrences(text, "class=\"sent\"") + svg_occurrences(text, "class=\"came\""), n);
        free(text);
        ladder_rows_free(&ladder);
    }
}

static void too_many_rows_are_counted(void **unused)
{
    struct ladder_rows ladder = {.most = 10};
    char *text;

    (void)unused;
    take_connection(&ladder, 60);
    assert_int_equal(ladder.count, 12); /* the start and the end are always there */
    assert_int_equal(ladder.left_out, 50);
    text = picture(&ladder, FORM_SVG);
    assert_int_equal(svg_occurrences(text, ">50 more segments came, and are not drawn</text>"), 2);
    free(text);
    text = picture(&ladder, FORM_HTML);
    assert_int_equal(svg_occurrences(text, ">50 more segments came, and are not drawn</"), 2);
    free(text);
    ladder_rows_free(&ladder);
}

static void other_rows_take_no_room_from_segments(void **unused)
{
    const struct segment segment = {.flags = TCP_ACK};
    struct read_segment event = {.connection = 1, .from = END_A, .segment = &segment};
    const struct icmp_error error = {.family = 4, .type = 3};
    struct read_icmp icmp = {.connection = 1, .error = &error};
    struct claim claim = {.to = IN(ESTABLISHED),
                          .likely = IN(ESTABLISHED),
                          .otherwise = IN(CLOSED),
                          .certainty = PRESUMED,
                          .reason = REASON_TIMER,
                          .not_after = NANOS_NEVER};
    const struct summary summary = {.closer = NOBODY, .resetter = NOBODY, .open = NANOS_NONE, .open_rtt = NANOS_NONE};
    struct ladder_rows ladder = {.most = 5};
    struct fault fault = {0};
    char *text;

    (void)unused;
    for (unsigned i = 0; i < 7; i++) {
        event.n = i + 1;
        event.at = icmp.at = MS(100 * i);
        claim.not_before = MS(100 * i + 50);
        assert_true(read_rows_segment(&ladder, &event, &fault));
        assert_true(read_rows_claim(&ladder, END_B, &claim, 0, true, &fault));
        assert_true(read_rows_icmp(&ladder, &icmp, &fault));
    }
    assert_true(read_rows_end(&ladder, &summary, NULL, &fault));
    assert_int_equal(ladder.segments, 5);
    assert_int_equal(ladder.others, 5);
    assert_int_equal(ladder.left_out, 2);
    assert_int_equal(ladder.others_left_out, 9);
    /* What had no room for words is known of the end all the same; but not behind what is left out. */
    assert_int_equal(ladder.rows[ladder.count - 2].n, 5);
    assert_int_equal(ladder.rows[ladder.count - 2].ends[LADDER_RIGHT].count, 1);
    assert_true(ladder.rows[ladder.count - 2].ends[LADDER_RIGHT].peers[0].later);
    text = picture(&ladder, FORM_SVG);
    assert_int_equal(
        svg_occurrences(text, ">2 more segments came, and are not drawn; 9 rows without a segment are not"), 2);
    free(text);
    ladder_rows_free(&ladder);
}

static void the_page_has_a_row_for_each_segment(void **unused)
{
    struct event events[EVENTS];
    struct ladder_rows ladder = {0};
    char *text;

    (void)unused;
    take(&ladder, events, late_close(events));
    text = picture(&ladder, FORM_HTML);
    svg_assert_has(text, "<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">");
    svg_assert_has(text, "<li class=\"plain\">closed</li>");
    assert_int_equal(svg_occurrences(text, "<tr><td class=\"number\">"), 7);
    svg_assert_has(text, "<tr><td class=\"number\">6</td><td class=\"number\">0.500000</td><td class=\"whole\">peer "
                         "\u2192 local</td><td class=\"whole\">FIN ACK</td><td class=\"number\">1</td>"
                         "<td class=\"number\">2</td><td class=\"number\">0</td>"
                         "<td class=\"whole\"><span class=\"state\">TIME-WAIT</span></td>"
                         "<td class=\"whole\"><span class=\"state\">LAST-ACK</span></td>"
                         "<td><div class=\"proves\">proven: ");
    svg_assert_has(text,
                   "<td class=\"whole presumes\">CLOSED</td><td><div class=\"presumes\">presumed</div></td></tr>");
    svg_assert_has(text, "<footer>tcpwalk ");
    svg_assert_has(text, ", 2026-01-31 12:00 UTC</footer>");
    free(text);
    ladder_rows_free(&ladder);
}

static void the_diagram_exactly(void **unused)
{
    const struct event events[] = {
        start_event(),
        segment_event(1, true, 0, TCP_SYN, 0, 0, SYN_SENT),
        claimed(PRESUMED, NO_STATES, IN(LISTEN), NANOS_NONE, NANOS_NEVER),
        segment_event(2, false, US(412), TCP_SYN | TCP_ACK, 0, 1, ESTABLISHED),
        claimed(PROVEN, IN(LISTEN), IN(SYN_RECEIVED), 0, US(412)),
        end_event(0, OUTCOME_OPENED, NULL),
    };
    struct ladder_rows ladder = {0};
    char *text;

    (void)unused;
    take(&ladder, events, COUNT(events));
    text = picture(&ladder, FORM_MERMAID);
    assert_string_equal(text, "sequenceDiagram\n"
                              "    participant L as local\n"
                              "    participant R as peer\n"
                              "    Note over L,R: 192.0.2.1:41234 -> echo.lab (192.0.2.2) port 7, over<br/>lab0\n"
                              "    L->>R: 1 SYN seq 0, mss 1460, ws 7, sackOK, TS (0.000000 s)\n"
                              "    Note left of L: SYN-SENT\n"
                              "    Note right of R: LISTEN, presumed\n"
                              "    R->>L: 2 SYN ACK seq 0, ack 1, mss 1460, ws 7, sackOK, TS<br/>(0.000412 s)\n"
                              "    Note left of L: ESTABLISHED\n"
                              "    Note right of R: SYN-RECEIVED, proven: it sent a SYN of its own without<br/>ACK\n"
                              "    Note over L,R: opened, then reset by us\n");
    free(text);
    ladder_rows_free(&ladder);
}

/* What the syntax would take for its own is written by its number; a line stays one line. */
static void words_from_outside_are_only_text_in_a_diagram(void **unused)
{
    struct event events[] = {start_event(), {.kind = EVENT_STEP}};
    struct ladder_rows ladder = {0};
    char *text;

    (void)unused;
    events[0].start.peer_name = "a;b#35;<script>\"%%{init}%%\\n&`";
    events[1].step = (struct event_step){.t = 2, .text = "expect\nend\nloop x", .expectation = true, .why = "a; b"};
    take(&ladder, events, COUNT(events));
    text = picture(&ladder, FORM_MERMAID);
    svg_assert_has(text, "a#59;b#35;35#59;#60;script>#34;#37;#37;{init}#37;#37;#92;n#38;#96;");
    svg_assert_has(text, "expect?end?loop x");
    assert_int_equal(svg_occurrences(text, "\n"), 5);
    free(text);
    ladder_rows_free(&ladder);
}

/* A connection that was read: both ends are seen by a third party, and neither is ours. */
static void a_connection_that_was_read(void **unused)
{
    const struct segment syn = {.seq = 100, .flags = TCP_SYN},
                         syn_ack = {.seq = 900, .ack = 101, .flags = TCP_SYN | TCP_ACK};
    struct read_segment first = {.connection = 1, .from = END_A, .n = 1, .at = MS(5), .segment = &syn},
                        second = {.connection = 1,
                                  .from = END_B,
                                  .n = 2,
                                  .at = MS(25),
                                  .segment = &syn_ack,
                                  .rel_ack = 1,
                                  .has_rel_ack = true,
                                  .kind = PASSAGE_RETRANSMISSION};
    struct claim a = {.to = IN(SYN_SENT),
                      .likely = IN(SYN_SENT),
                      .certainty = PROVEN,
                      .reason = WHY,
                      .not_before = MS(1005),
                      .not_after = MS(1005)},
                 b = {.to = IN(SYN_RECEIVED),
                      .likely = IN(SYN_RECEIVED),
                      .certainty = PROVEN,
                      .reason = WHY,
                      .not_before = MS(1005),
                      .not_after = MS(1025)},
                 gone = {.to = IN(CLOSED),
                         .likely = IN(CLOSED),
                         .otherwise = IN(SYN_RECEIVED),
                         .certainty = PRESUMED,
                         .reason = REASON_TIMER,
                         .not_before = MS(9000),
                         .not_after = NANOS_NEVER};
    struct summary summary = {
        .number = 1, .closer = NOBODY, .resetter = NOBODY, .open = NANOS_NONE, .open_rtt = NANOS_NONE};
    struct ladder_rows ladder = {0};
    struct ladder_times times;
    struct fault fault = {0};
    char *text;

    (void)unused;
    assert_true(addr_parse("192.0.2.1", &summary.ends[END_A].at.addr));
    assert_true(addr_parse("2001:db8::2", &summary.ends[END_B].at.addr));
    summary.ends[END_A].at.port = 40000;
    summary.ends[END_B].at.port = 80;
    assert_true(read_rows_segment(&ladder, &first, &fault));
    assert_true(read_rows_claim(&ladder, END_A, &a, MS(1000), true, &fault));
    assert_true(read_rows_segment(&ladder, &second, &fault));
    assert_true(read_rows_claim(&ladder, END_B, &b, MS(1000), true, &fault));
    assert_true(read_rows_claim(&ladder, END_B, &gone, MS(1000), true, &fault));
    assert_true(read_rows_end(&ladder, &summary, NULL, &fault));
    assert_int_equal(ladder.count, 5);
    assert_true(ladder_times_read(&times, &ladder, 0, ladder.count));
    assert_false(times.pieces[LADDER_LEFT][0].known);
    assert_piece(&times, LADDER_LEFT, 1, SYN_SENT, false, MS(5), MS(5));
    assert_false(times.pieces[LADDER_RIGHT][0].known);
    assert_piece(&times, LADDER_RIGHT, 1, SYN_RECEIVED, false, MS(25), MS(25));
    assert_piece(&times, LADDER_RIGHT, 2, CLOSED, true, MS(8000), MS(8000));
    ladder_times_free(&times);
    text = picture(&ladder, FORM_SVG);
    svg_assert_readable(text, 0);
    svg_assert_has(text, ">A 192.0.2.1:40000 -&gt; B [2001:db8::2]:80</text>");
    svg_assert_has(text, ">a retransmission</text>");
    assert_int_equal(svg_occurrences(text, ">local</text>") + svg_occurrences(text, ">peer</text>"), 0);
    free(text);
    text = picture(&ladder, FORM_HTML);
    svg_assert_has(text, "<td class=\"whole\">B \u2192 A</td>");
    svg_assert_has(text, "<div class=\"presumes\">B presumed, else <span class=\"state\">SYN-RECEIVED</span>");
    free(text);
    text = picture(&ladder, FORM_MERMAID);
    svg_assert_has(text, "    participant L as A\n    participant R as B\n");
    svg_assert_has(text, "    Note left of L: SYN-SENT, proven: ");
    svg_assert_has(text, "    Note right of R: SYN-RECEIVED, proven: ");
    free(text);
    ladder_rows_free(&ladder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_begin_when_they_did),
        cmocka_unit_test(a_refuted_state_ends_where_it_was_refuted),
        cmocka_unit_test(a_presumption_has_one_moment),
        cmocka_unit_test(what_is_dense_gets_a_window),
        cmocka_unit_test(one_moment_has_no_scale),
        cmocka_unit_test(bars_are_as_long_as_states_lasted),
        cmocka_unit_test(an_unknown_moment_slants),
        cmocka_unit_test(few_and_many_segments),
        cmocka_unit_test(any_picture_is_readable),
        cmocka_unit_test(too_many_rows_are_counted),
        cmocka_unit_test(other_rows_take_no_room_from_segments),
        cmocka_unit_test(the_page_has_a_row_for_each_segment),
        cmocka_unit_test(the_diagram_exactly),
        cmocka_unit_test(words_from_outside_are_only_text_in_a_diagram),
        cmocka_unit_test(a_connection_that_was_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
