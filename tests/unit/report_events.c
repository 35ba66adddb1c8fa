#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report_events.h"

struct event start_event(void)
{
    struct event event = {.kind = EVENT_START};

    event.start = (struct event_start){.command = "close",
                                       .peer_name = "echo.lab",
                                       .interface = "lab0",
                                       .epoch = INT64_C(1769860800) * NANOS_PER_S + 123456789};
    assert_true(addr_parse("192.0.2.1", &event.start.flow.local.addr));
    assert_true(addr_parse("192.0.2.2", &event.start.flow.peer.addr));
    event.start.flow.local.port = 41234;
    event.start.flow.peer.port = 7;
    return event;
}

struct event segment_event(unsigned n, bool out, nanos t, uint8_t flags, uint32_t seq, uint32_t ack,
                           enum state local)
{
    uint32_t ours = 1000000, its = 4294967290u; /* the peer's numbers wrap */
    struct event event = {.kind = EVENT_SEGMENT};

    event.segment = (struct event_segment){.n = n,
                                           .out = out,
                                           .t = t,
                                           .rel_seq = seq,
                                           .rel_ack = ack,
                                           .has_rel_ack = (flags & TCP_ACK) != 0,
                                           .local = local};
    event.segment.segment = (struct segment){.seq = seq + (out ? ours : its),
                                             .ack = flags & TCP_ACK ? ack + (out ? its : ours) : 0,
                                             .window = 65160,
                                             .ttl = 64,
                                             .flags = flags};
    if (flags & TCP_SYN)
        event.segment.segment.options = (struct tcp_options){
            .present = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_PERMITTED | TCP_OPT_TIMESTAMPS,
            .mss = 1460,
            .wscale = 7,
            .tsval = 1,
            .tsecr = 2};
    return event;
}

struct event claim_event(enum side side, enum certainty certainty, state_set from, state_set likely,
                         state_set more)
{
    struct event event = {.kind = EVENT_TRANSITION};

    event.transition.side = side;
    event.transition.claim = (struct claim){.from = from,
                                            .to = certainty == PRESUMED ? likely : likely | more,
                                            .likely = likely,
                                            .otherwise = certainty == PRESUMED ? more : NO_STATES,
                                            .certainty = certainty,
                                            .reason = WHY,
                                            .not_before = NANOS_NONE,
                                            .not_after = NANOS_NEVER};
    return event;
}

struct event verify_event(enum state kernel, enum certainty certainty, state_set belief, bool agrees)
{
    struct event event = {.kind = EVENT_VERIFY};

    event.verify = (struct event_verify){.t = US(1),
                                         .kernel = kernel,
                                         .belief = belief,
                                         .certainty = certainty,
                                         .agrees = agrees,
                                         .violates = !agrees && certainty == PROVEN};
    return event;
}

struct event end_event(int status, enum outcome outcome, const char *why)
{
    struct event event = {.kind = EVENT_END};

    event.end =
        (struct event_end){.status = status,
                           .outcome = outcome,
                           .why = why,
                           .history = "",
                           .timing = {NANOS_NONE, NANOS_NONE, NANOS_NONE, NANOS_NONE, NANOS_NONE, NANOS_NONE, NANOS_NONE},
                           .local = CLOSED};
    return event;
}

void report_run(const struct reporter *reporter, const struct report_options *options,
                const struct event *events, size_t count, char out[TEXT])
{
    struct fault fault = {0};
    FILE *stream = fmemopen(out, TEXT, "w");
    void *state;

    memset(out, 0, TEXT);
    assert_non_null(stream);
    state = reporter->begin(stream, options, &fault);
    assert_non_null(state);
    for (size_t i = 0; i < count; i++)
        assert_true(reporter->event(state, &events[i], &fault));
    assert_true(reporter->end(state, &fault));
    assert_int_equal(fault.kind, FAULT_NONE);
    fclose(stream);
}

void report_expand(const char *expected, char out[TEXT])
{
    struct text text;

    text_init(&text, out, TEXT);
    for (const char *why; (why = strstr(expected, "{why}")) != NULL; expected = why + strlen("{why}"))
        text_add(&text, "%.*s%s", (int)(why - expected), expected, reason_text(WHY)->sentence);
    text_add(&text, "%s", expected);
}

size_t full_close(struct event events[EVENTS])
{
    const struct event list[] = {
        start_event(),
        segment_event(1, true, 0, TCP_SYN, 0, 0, SYN_SENT),
        claim_event(SIDE_LOCAL, PROVEN, IN(CLOSED), IN(SYN_SENT), NO_STATES),
        claim_event(SIDE_PEER, PRESUMED, NO_STATES, IN(LISTEN), NO_STATES),
        segment_event(2, false, US(412), TCP_SYN | TCP_ACK, 0, 1, SYN_SENT),
        claim_event(SIDE_PEER, PROVEN, IN(LISTEN), IN(SYN_RECEIVED), NO_STATES),
        verify_event(SYN_RECEIVED, PROVEN, IN(SYN_RECEIVED), true),
        segment_event(3, true, US(431), TCP_ACK, 1, 1, ESTABLISHED),
        claim_event(SIDE_LOCAL, PROVEN, IN(SYN_SENT), IN(ESTABLISHED), NO_STATES),
        claim_event(SIDE_PEER, PRESUMED, IN(SYN_RECEIVED), IN(ESTABLISHED), IN(SYN_RECEIVED)),
        verify_event(ESTABLISHED, PRESUMED, IN(ESTABLISHED), true),
        segment_event(4, true, US(10502), TCP_FIN | TCP_ACK, 1, 1, FIN_WAIT_1),
        claim_event(SIDE_PEER, PRESUMED, IN(ESTABLISHED), IN(CLOSE_WAIT), NO_STATES),
        segment_event(5, false, US(10611), TCP_ACK, 1, 2, FIN_WAIT_2),
        claim_event(SIDE_PEER, PROVEN, IN(CLOSE_WAIT), IN(CLOSE_WAIT), NO_STATES),
        segment_event(6, false, US(10640), TCP_FIN | TCP_ACK, 1, 2, TIME_WAIT),
        claim_event(SIDE_PEER, PROVEN, IN(CLOSE_WAIT), IN(LAST_ACK), IN(CLOSING)),
        segment_event(7, true, US(10655), TCP_ACK, 2, 2, TIME_WAIT),
        claim_event(SIDE_PEER, PRESUMED, IN(LAST_ACK), IN(CLOSED), IN(LAST_ACK)),
        end_event(0, OUTCOME_CLOSED, NULL),
    };
    struct event_end *end;

    memcpy(events, list, sizeof(list));
    end = &events[COUNT(list) - 1].end;
    end->closer = CLOSER_LOCAL;
    end->close_segments = 4;
    end->peer_end = PEER_END_FIN;
    end->peer = end->peer_likely = IN(CLOSED);
    end->peer_otherwise = IN(LAST_ACK);
    end->peer_certainty = PRESUMED;
    end->local = TIME_WAIT;
    end->timing = (struct walk_timing){US(412), US(431), US(109), US(29), US(138), US(153), US(10655)};
    end->counts = (struct walk_counts){.out = 4, .in = 3, .verified = 2};
    end->history = "ShAFaf";
    return COUNT(list);
}

struct event report_any_event(struct chance *chance, unsigned *n, nanos *t)
{
    static const char *const words[] = {
        "short", "상대는 여전히 SYN-RECEIVED에 있고 다시 보냈다",
        "a word without an end: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    struct event event;
    enum state state = (enum state)chance_below(chance, STATE_COUNT);
    enum certainty certainty = (enum certainty)chance_below(chance, 3);

    *t += chance_below(chance, 4) ? US(1 + chance_below(chance, 900)) : US(chance_below(chance, 90000000));
    switch (chance_below(chance, 9)) {
    case 0:
        event = (struct event){.kind = EVENT_NOTE};
        event.note = (struct event_note){.t = *t, .token = "x", .text = words[chance_below(chance, 3)]};
        return event;
    case 1:
        event = (struct event){.kind = EVENT_STEP};
        event.step = (struct event_step){
            .t = *t, .text = words[chance_below(chance, 3)], .expectation = true, .ok = chance_below(chance, 2)};
        return event;
    case 2:
    case 3:
    case 4:
        event = claim_event(SIDE_PEER, certainty, IN(ESTABLISHED), IN(state),
                            (state_set)(chance_below(chance, 2) ? IN(chance_below(chance, STATE_COUNT)) : NO_STATES));
        event.transition.claim.not_before = chance_below(chance, 3) ? NANOS_NONE : *t - US(chance_below(chance, 9000));
        event.transition.claim.not_after = chance_below(chance, 2) ? NANOS_NEVER : *t;
        return event;
    case 5:
        return verify_event(state, certainty == REFUTED ? PROVEN : certainty, IN(state), chance_below(chance, 2));
    case 6:
        return chance_below(chance, 3) ? claim_event(SIDE_LOCAL, PROVEN, IN(CLOSED), IN(state), NO_STATES)
                                       : end_event(chance_below(chance, 2), OUTCOME_RESET, "so it was");
    default:
        event = segment_event(++*n, chance_below(chance, 2), *t, (uint8_t)chance_below(chance, 256),
                              chance_below(chance, 100000), chance_below(chance, 100000), state);
        event.segment.retransmission = chance_below(chance, 5) == 0;
        event.segment.segment.len = chance_below(chance, 2) ? chance_below(chance, 65000) : 0;
        return event;
    }
}
