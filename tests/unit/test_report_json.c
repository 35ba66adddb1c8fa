/* JSON lines, text for text, and read back by jansson: the fields and their order are a promise
 * (tcpwalk-json(5)). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/version.h"
#include "report_events.h"

/* Runs one event through JSON; the object is the caller's. */
static json_t *json_of(const struct event *event, char printed[TEXT])
{
    json_error_t error;
    json_t *object;

    report_run(&reporter_json, NULL, event, 1, printed);
    assert_ptr_equal(strchr(printed, '\n'), printed + strlen(printed) - 1);
    object = json_loads(printed, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(object);
    return object;
}

static void assert_json(const struct event *event, const char *expected)
{
    char printed[TEXT], wanted[TEXT];
    json_t *object = json_of(event, printed);

    json_decref(object);
    report_expand(expected, wanted);
    assert_string_equal(printed, wanted);
}

static void json_start(void **unused)
{
    struct event event = start_event();

    (void)unused;
    assert_json(&event,
                "{\"event\":\"start\",\"schema\":1,\"version\":\"" TCPWALK_VERSION "\",\"command\":\"close\","
                "\"local\":{\"addr\":\"192.0.2.1\",\"port\":41234},"
                "\"peer\":{\"addr\":\"192.0.2.2\",\"port\":7,\"name\":\"echo.lab\"},"
                "\"interface\":\"lab0\",\"time\":\"2026-01-31T12:00:00.123456789Z\"}\n");
}

static void json_segment(void **unused)
{
    struct event event = segment_event(2, false, 412345, TCP_SYN | TCP_ACK, 0, 1, SYN_SENT);

    (void)unused;
    assert_json(&event,
                "{\"event\":\"segment\",\"n\":2,\"dir\":\"in\",\"t\":0.000412345,\"flags\":\"S.\","
                "\"seq\":4294967290,\"ack\":1000001,\"rel_seq\":0,\"rel_ack\":1,\"len\":0,\"win\":65160,"
                "\"ttl\":64,\"options\":{\"mss\":1460,\"sack_permitted\":true,\"tsval\":1,\"tsecr\":2,"
                "\"wscale\":7},\"retransmission\":false,\"local\":\"SYN-SENT\"}\n");
    event = segment_event(1, true, 0, TCP_RST, 7, 0, CLOSED);
    event.segment.segment.ttl = 0;
    event.segment.segment.options.present = TCP_OPT_SACK | TCP_OPT_MALFORMED;
    event.segment.segment.options.sack_count = 1;
    event.segment.segment.options.sack[0] = (struct sack_block){5, 9};
    assert_json(&event, "{\"event\":\"segment\",\"n\":1,\"dir\":\"out\",\"t\":0.000000000,\"flags\":\"R\","
                        "\"seq\":1000007,\"rel_seq\":7,\"len\":0,\"win\":65160,"
                        "\"options\":{\"sack\":[[5,9]],\"malformed\":true},"
                        "\"retransmission\":false,\"local\":\"CLOSED\"}\n");
}

static void json_transition(void **unused)
{
    struct event event =
        claim_event(SIDE_PEER, PRESUMED, IN(SYN_RECEIVED), IN(ESTABLISHED), IN(SYN_RECEIVED));
    struct claim *claim = &event.transition.claim;
    const struct reason_text *why = reason_text(WHY);
    char printed[TEXT];
    json_t *object;

    (void)unused;
    claim->evidence[0] = 1;
    claim->evidence[1] = 2;
    claim->evidence_count = 2;
    claim->not_before = 431000;
    object = json_of(&event, printed);
    assert_string_equal(json_string_value(json_object_get(object, "side")), "peer");
    assert_string_equal(json_string_value(json_array_get(json_object_get(object, "from"), 0)),
                        "SYN-RECEIVED");
    assert_string_equal(json_string_value(json_array_get(json_object_get(object, "to"), 0)), "ESTABLISHED");
    assert_string_equal(json_string_value(json_array_get(json_object_get(object, "likely"), 0)),
                        "ESTABLISHED");
    assert_string_equal(json_string_value(json_array_get(json_object_get(object, "else"), 0)),
                        "SYN-RECEIVED");
    assert_string_equal(json_string_value(json_object_get(object, "certainty")), "presumed");
    assert_string_equal(json_string_value(json_object_get(object, "reason")), why->token);
    assert_string_equal(json_string_value(json_object_get(object, "text")), why->sentence);
    assert_string_equal(json_string_value(json_object_get(object, "rfc")), why->rfc);
    assert_int_equal(json_array_size(json_object_get(object, "evidence")), 2);
    assert_non_null(strstr(printed, "\"evidence\":[1,2],\"not_before\":0.000431000,\"not_after\":null}"));
    json_decref(object);
    event = claim_event(SIDE_LOCAL, PROVEN, IN(CLOSED), IN(SYN_SENT), NO_STATES);
    object = json_of(&event, printed);
    assert_string_equal(json_string_value(json_object_get(object, "side")), "local");
    assert_null(json_object_get(object, "else"));
    assert_true(json_is_null(json_object_get(object, "not_before")));
    json_decref(object);
}

static void json_others(void **unused)
{
    struct event icmp = {.kind = EVENT_ICMP, .icmp = {.t = 5, .hard = true}};
    struct event note = {.kind = EVENT_NOTE, .note = {NANOS_NONE, "token", "quote \" and \xff"}};
    struct event verify = verify_event(CLOSED, PROVEN, IN(LAST_ACK) | IN(CLOSING), false);

    (void)unused;
    assert_true(addr_parse("2001:db8::1", &icmp.icmp.error.from));
    icmp.icmp.error.family = 6;
    icmp.icmp.error.type = 2;
    icmp.icmp.error.mtu = 1280;
    icmp.icmp.error.quoted_seq = 7;
    assert_json(
        &icmp,
        "{\"event\":\"icmp\",\"t\":0.000000005,\"from\":\"2001:db8::1\",\"family\":\"icmpv6\",\"type\":2,"
        "\"code\":0,\"name\":\"packet-too-big\",\"quoted_seq\":7,\"mtu\":1280,\"hard\":true}\n");
    assert_json(&note, "{\"event\":\"note\",\"token\":\"token\",\"text\":\"quote \\\" and ?\",\"t\":null}\n");
    verify.verify.listening = true;
    assert_json(&verify, "{\"event\":\"verify\",\"t\":0.000001000,\"kernel\":\"CLOSED\",\"listening\":true,"
                         "\"belief\":[\"CLOSING\",\"LAST-ACK\"],\"certainty\":\"proven\",\"agrees\":false,"
                         "\"violates\":true}\n");
}

static void json_end(void **unused)
{
    struct event events[EVENTS];
    size_t count = full_close(events);
    struct event event = end_event(3, OUTCOME_NO_ANSWER, "silence");

    (void)unused;
    assert_json(
        &events[count - 1],
        "{\"event\":\"end\",\"status\":0,\"outcome\":\"closed\",\"history\":\"ShAFaf\",\"timing\":{"
        "\"open_rtt\":0.000412000,\"open\":0.000431000,\"fin_rtt\":0.000109000,\"close_wait\":0.000029000,"
        "\"close_wait_max\":0.000138000,\"close\":0.000153000,\"total\":0.010655000},\"segments\":{\"out\":4,\"in\":3,\"retransmitted\":0,"
        "\"peer_retransmitted\":0},\"bytes\":{\"out\":0,\"in\":0,\"after_fin\":0},\"segments_after_fin\":0,"
        "\"verify\":{\"asked\":2,\"disagreed\":0},\"peer\":[\"CLOSED\"],\"peer_likely\":[\"CLOSED\"],"
        "\"peer_else\":[\"LAST-ACK\"],\"certainty\":\"presumed\",\"local\":\"TIME-WAIT\",\"closer\":"
        "\"local\","
        "\"close_segments\":4,\"peer_end\":\"fin\",\"left\":false}\n");
    assert_json(
        &event,
        "{\"event\":\"end\",\"status\":3,\"outcome\":\"no-answer\",\"why\":\"silence\",\"history\":\"\","
        "\"timing\":{},\"segments\":{\"out\":0,\"in\":0,\"retransmitted\":0,\"peer_retransmitted\":0},"
        "\"bytes\":{\"out\":0,\"in\":0,\"after_fin\":0},\"segments_after_fin\":0,\"peer\":[],"
        "\"peer_likely\":[],\"certainty\":\"proven\",\"local\":\"CLOSED\",\"closer\":\"none\","
        "\"close_segments\":0,\"peer_end\":\"none\",\"left\":false}\n");
}

/* Every nanosecond of a walk of many days comes through, in plain decimals. */
static void json_times(void **unused)
{
    static const nanos times[] = {0,
                                  1,
                                  41,
                                  999999999,
                                  -5,
                                  INT64_C(1000000000) * 86400 + 1,
                                  INT64_C(1000000000) * 86400 * 50 + 123456789};

    (void)unused;
    for (size_t i = 0; i < COUNT(times); i++) {
        struct event event = {.kind = EVENT_NOTE, .note = {times[i], "token", "text"}};
        nanos size = times[i] < 0 ? -times[i] : times[i];
        char printed[TEXT], wanted[128];

        json_decref(json_of(&event, printed));
        snprintf(wanted, sizeof(wanted), "\"t\":%s%lld.%09lld}\n", times[i] < 0 ? "-" : "",
                 (long long)(size / NANOS_PER_S), (long long)(size % NANOS_PER_S));
        assert_non_null(strstr(printed, wanted));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_start),  cmocka_unit_test(json_segment), cmocka_unit_test(json_transition),
        cmocka_unit_test(json_others), cmocka_unit_test(json_end),     cmocka_unit_test(json_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
