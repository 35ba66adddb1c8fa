/* What the peer offers when it opens: its SYN-ACK, field by field. */
#include <string.h>

#include "base/text.h"
#include "measure/kinds.h"

/* marks and tally of the course: its SYN-ACK as numbers */
enum { TALLY_SEEN, TALLY_MSS, TALLY_WSCALE, TALLY_WINDOW, TALLY_TTL, TALLY_OPTIONS };

static void begin(struct measurement *m)
{
    measure_plan(m, 0);
}

static void next(struct measurement *m, struct course *course, nanos now)
{
    if (course->phase == 0) {
        char within[32];
        course->phase = 1;
        course_do(course, now, "open within %s", measure_within(m, now, KINDS_PATIENCE, within));
        return;
    }
    if (course->failed)
        measure_course_failed(m, course);
}

static void saw(struct measurement *m, struct course *course, const struct event *event)
{
    const struct segment *segment = &event->segment.segment;

    (void)course;
    if (event->kind != EVENT_SEGMENT || event->segment.out || m->tally[TALLY_SEEN] ||
        !segment_has(segment, TCP_SYN | TCP_ACK))
        return;
    m->tally[TALLY_SEEN] = 1;
    m->tally[TALLY_MSS] = segment->options.mss;
    m->tally[TALLY_WSCALE] = segment->options.wscale;
    m->tally[TALLY_WINDOW] = segment->window;
    m->tally[TALLY_TTL] = segment->ttl;
    m->tally[TALLY_OPTIONS] = segment->options.present;
}

/* The initial TTL is a power of two or 255 on nearly all systems: how many hops that makes. */
static unsigned initial_ttl(unsigned ttl)
{
    return ttl <= 32 ? 32 : ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255;
}

static void conclude(struct measurement *m)
{
    unsigned options = m->tally[TALLY_OPTIONS], ttl = m->tally[TALLY_TTL];
    char words[200];
    struct text text;

    if (!m->tally[TALLY_SEEN])
        return;
    text_init(&text, words, sizeof(words));
    text_add(&text, "%s", options & TCP_OPT_SACK_PERMITTED ? "SACK" : "no SACK");
    text_add(&text, ", %s", options & TCP_OPT_TIMESTAMPS ? "timestamps" : "no timestamps");
    if (options & TCP_OPT_WSCALE)
        text_add(&text, ", window scale %u", m->tally[TALLY_WSCALE]);
    else
        text_add(&text, ", no window scale");
    if (options & TCP_OPT_MSS)
        measure_found(m, "mss", (struct amount){.kind = AMOUNT_NUMBER, .number = m->tally[TALLY_MSS]},
                      "Its SYN-ACK offers an MSS of %u bytes.", m->tally[TALLY_MSS]);
    else
        measure_found(m, "mss", (struct amount){.kind = AMOUNT_NUMBER, .number = 536},
                      "Its SYN-ACK offers no MSS: so it is 536 bytes, or 1220 over IPv6 (RFC 9293 3.7.1).");
    measure_found(m, "options", (struct amount){.kind = AMOUNT_NUMBER, .number = options}, "Its other options: %s.",
                  words);
    measure_found(m, "window", (struct amount){.kind = AMOUNT_NUMBER, .number = m->tally[TALLY_WINDOW]},
                  "The window of its SYN-ACK is %u bytes.", m->tally[TALLY_WINDOW]);
    measure_found(m, "ttl", (struct amount){.kind = AMOUNT_NUMBER, .number = ttl},
                  "Its SYN-ACK came with a TTL of %u: if it left with %u, it crossed %u router%s.", ttl,
                  initial_ttl(ttl), initial_ttl(ttl) - ttl, initial_ttl(ttl) - ttl == 1 ? "" : "s");
}

const struct measure_kind kind_offer = {
    .name = "offer",
    .summary = "what its SYN-ACK offers: MSS, window, options, TTL",
    .max = KINDS_PATIENCE,
    .brief_max = KINDS_PATIENCE,
    .at_once = 1,
    .alone = true,
    .begin = begin,
    .next = next,
    .saw = saw,
    .conclude = conclude,
};
