#include "measure/kinds.h"

#include <stdio.h>

#include "base/text.h"

const struct measure_kind *const measure_kinds[] = {
    &kind_offer,      &kind_rtt,   &kind_isn,      &kind_syn_ack,    &kind_accept,
    &kind_close_wait, &kind_close, &kind_last_ack, &kind_fin_wait_2, &kind_time_wait,
    &kind_keepalive,  &kind_idle,  NULL,
};

bool kinds_open(struct measurement *measurement, struct course *course, nanos now, const char *follows)
{
    const char *send = measurement->settings.send;
    char within[32];

    if (course->phase != 0)
        return false;
    course->phase = 1;
    measure_within(measurement, now, KINDS_PATIENCE, within);
    if (send)
        course_do(course, now, "open within %s; send \"%s\"%s", within, send, follows);
    else
        course_do(course, now, "open within %s%s", within, follows);
    return true;
}

bool kinds_peer_closes_first(struct measurement *measurement, struct course *course, nanos now)
{
    char follows[64], within[32];

    snprintf(follows, sizeof(follows), "; expect F. within %s", measure_within(measurement, now, KINDS_CLOSES, within));
    if (kinds_open(measurement, course, now, follows)) {
        measure_await(measurement, "the peer to close first");
        return false;
    }
    if (!course->failed)
        return true;
    if (!course_is_open(course) || course->walk->peer_end == PEER_END_RST) {
        measure_course_failed(measurement, course);
        return false;
    }
    measure_failed(measurement, MEASURED_OTHERWISE);
    if (measurement->result.finding_count == 0)
        measure_found(measurement, "stays-open", (struct amount){0},
                      "It did not close first%s. Only the side that does is in this state%s.",
                      measurement->settings.send ? ", not even after what --send gave it" : "",
                      measurement->settings.send ? "" : ": --send gives it something to close after");
    return false;
}

bool kinds_is_quiet(const struct course *course, nanos now, nanos last, nanos interval)
{
    nanos quiet = course_clock(course, now) - last;

    return quiet > interval / 3 + nanos_sooner(interval, NANOS_PER_S);
}

void kinds_span(struct text *text, nanos span)
{
    struct amount amount = {.kind = AMOUNT_SPAN, .least = span, .most = span};
    char words[64];

    amount_words(&amount, words, sizeof(words));
    text_add(text, "%s", words);
}

static void list_spans(struct text *text, const nanos *spans, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        text_add(text, "%s", i == 0 ? "" : i + 1 == count ? " and " : ", ");
        kinds_span(text, spans[i]);
    }
}

void kinds_found_repeats(struct measurement *measurement, const char *name, const char *what, unsigned repeats)
{
    const struct result *result = &measurement->result;
    struct amount amount = {.kind = AMOUNT_NUMBER, .number = repeats};
    nanos spans[16];
    unsigned count = 0;
    char list[300];
    struct text text;

    for (size_t i = 0; i < result->sample_count && count < 16; i++)
        if (result->samples[i].kind == SAMPLE_PEERS && result->samples[i].least != NANOS_NONE)
            spans[count++] = result->samples[i].least;
    text_init(&text, list, sizeof(list));
    list_spans(&text, spans, count);
    if (count == 0)
        amount.number = 0;
    if (count > 0)
        measure_found(measurement, name, amount, "It repeated %s %u time%s, after %s%s.", what, repeats,
                      repeats == 1 ? "" : "s", list, count < repeats ? " ..." : "");
    else
        measure_found(measurement, name, amount, "It did not repeat %s while it was watched.", what);
}
