/*
 * Expectations: what arrived, and whether it is what a step waits for.
 *
 * What arrives goes into the inbox in order. A step that sends moves the cursor to its end, so that an expectation looks at
 * what came since; one that is met moves the cursor behind what met it. What lies between and does not match
 * is passed over, unless the very next segment was asked for: a peer may repeat itself, or acknowledge once more.
 * Bytes are looked at as a stream, from behind the last match.
 */
#include <ctype.h>
#include <string.h>

#include "base/seq.h"
#include "base/text.h"
#include "walk/inside.h"

#define DIFFERS_FLAGS (1u << FIELD_COUNT)
#define DIFFERS_OPTIONS (1u << (FIELD_COUNT + 1))

bool step_is_expectation(const struct step *step)
{
    return step->kind >= STEP_EXPECT_SEGMENT;
}

/* ---- comparing ---- */

static bool compare(enum comparison comparison, uint32_t value, uint32_t wanted, bool modular)
{
    bool less = modular ? seq_lt(value, wanted) : value < wanted;

    switch (comparison) {
    case COMPARE_EQUAL:
        return value == wanted;
    case COMPARE_UNEQUAL:
        return value != wanted;
    case COMPARE_LESS:
        return less;
    case COMPARE_AT_MOST:
        return less || value == wanted;
    case COMPARE_MORE:
        return !less && value != wanted;
    case COMPARE_AT_LEAST:
        return !less;
    }
    return false;
}

/* A number that the peer's segment is held against: ours and its change sides. */
static uint32_t wanted_number(const struct walk *walk, const struct heard *heard, const struct field_value *value)
{
    const struct tcb *tcb = &walk->tcb;
    const struct number *number = &value->number;
    bool seq = value->field == FIELD_SEQ;
    uint32_t base = 0, window = seq ? (uint32_t)tcb_window_field(tcb) << tcb->rcv_shift : tcb->snd_wnd;

    switch (number->base) {
    case NUMBER_INITIAL:
        base = seq ? (tcb->irs_known ? tcb->irs : 0) : tcb->settings.iss;
        break;
    case NUMBER_NEXT:
        base = seq ? heard->rcv_nxt : tcb->snd_max;
        break;
    case NUMBER_UNACKED:
        base = seq ? heard->rcv_nxt : heard->snd_una;
        break;
    case NUMBER_ABSOLUTE:
        break;
    }
    return base + (uint32_t)number->offset + (uint32_t)number->windows * window;
}

static bool field_holds(const struct walk *walk, const struct heard *heard, const struct field_value *value)
{
    const struct segment *segment = &heard->segment;
    uint32_t wanted = (uint32_t)value->number.offset, is = 0;
    unsigned needs = 0; /* the option that the value is part of */

    switch (value->field) {
    case FIELD_SEQ:
        return compare(value->comparison, segment->seq, wanted_number(walk, heard, value), true);
    case FIELD_ACK:
        return segment_has(segment, TCP_ACK) &&
               compare(value->comparison, segment->ack, wanted_number(walk, heard, value), true);
    case FIELD_WIN:
        is = segment->window;
        break;
    case FIELD_LEN:
        is = segment->len;
        break;
    case FIELD_URG:
        is = segment->urgent;
        break;
    case FIELD_TTL:
        is = segment->ttl;
        break;
    case FIELD_TOS:
        is = segment->tos;
        break;
    case FIELD_ID:
        is = segment->ip_id;
        break;
    case FIELD_RESERVED:
        is = segment->reserved;
        break;
    case FIELD_TSVAL:
        is = segment->options.tsval;
        needs = TCP_OPT_TIMESTAMPS;
        break;
    case FIELD_TSECR:
        is = segment->options.tsecr;
        needs = TCP_OPT_TIMESTAMPS;
        break;
    case FIELD_MSS:
        is = segment->options.mss;
        needs = TCP_OPT_MSS;
        break;
    case FIELD_WSCALE:
        is = segment->options.wscale;
        needs = TCP_OPT_WSCALE;
        break;
    case FIELD_COUNT:
        return true;
    }
    return (segment->options.present & needs) == needs && compare(value->comparison, is, wanted, false);
}

static bool values_hold(const struct step_expect_segment *expect, const struct tcp_options *options)
{
    unsigned valued = expect->options_valued;

    if ((valued & TCP_OPT_MSS) && options->mss != expect->options.mss)
        return false;
    if ((valued & TCP_OPT_WSCALE) && options->wscale != expect->options.wscale)
        return false;
    if ((valued & TCP_OPT_TIMESTAMPS) &&
        (options->tsval != expect->options.tsval || options->tsecr != expect->options.tsecr))
        return false;
    if (!(valued & TCP_OPT_SACK))
        return true;
    return options->sack_count == expect->options.sack_count &&
           memcmp(options->sack, expect->options.sack, options->sack_count * sizeof(options->sack[0])) == 0;
}

static bool options_hold(const struct step_expect_segment *expect, const struct tcp_options *options)
{
    bool all = (options->present & expect->options_present) == expect->options_present;

    switch (expect->options_test) {
    case OPTIONS_ANY:
        return true;
    case OPTIONS_HAVE:
        return all && values_hold(expect, options);
    case OPTIONS_LACK:
        return (options->present & expect->options_present) == 0;
    case OPTIONS_ARE:
        return options->present == expect->options_present && values_hold(expect, options);
    }
    return false;
}

/* The fields in which a segment is not what is expected: a bit each. */
static unsigned differences(const struct walk *walk, const struct heard *heard,
                            const struct step_expect_segment *expect)
{
    unsigned differs = 0;

    if (!expect->any_flags && (heard->segment.flags & (uint8_t)~expect->flags_optional) != expect->flags)
        differs |= DIFFERS_FLAGS;
    for (unsigned i = 0; i < expect->field_count; i++)
        if (!field_holds(walk, heard, &expect->fields[i]))
            differs |= 1u << expect->fields[i].field;
    if (!options_hold(expect, &heard->segment.options))
        differs |= DIFFERS_OPTIONS;
    return differs;
}

static unsigned count_bits(unsigned set)
{
    unsigned count = 0;

    for (; set; set &= set - 1)
        count++;
    return count;
}

/* ---- words ---- */

static void name_differences(struct walk *walk, unsigned differs)
{
    static const char *const names[] = {
        [FIELD_SEQ] = "seq",           [FIELD_ACK] = "ack",     [FIELD_WIN] = "win",          [FIELD_LEN] = "len",
        [FIELD_URG] = "urg",           [FIELD_TTL] = "ttl",     [FIELD_TOS] = "tos",          [FIELD_ID] = "id",
        [FIELD_RESERVED] = "reserved", [FIELD_TSVAL] = "tsval", [FIELD_TSECR] = "tsecr",      [FIELD_MSS] = "mss",
        [FIELD_WSCALE] = "wscale",     [FIELD_COUNT] = "flags", [FIELD_COUNT + 1] = "options"};
    struct text text;

    text_init(&text, walk->step_differs, sizeof(walk->step_differs));
    if (differs & DIFFERS_FLAGS)
        text_add(&text, "flags");
    for (unsigned field = 0; field <= FIELD_COUNT + 1; field++)
        if (field != FIELD_COUNT && (differs & (1u << field)))
            text_add(&text, "%s%s", text.used ? "," : "", names[field]);
}

static void describe(const struct walk *walk, const struct heard *heard, struct text *text)
{
    const struct segment *segment = &heard->segment;
    const struct tcp_options *options = &segment->options;
    char flags[FLAGS_TEXT];

    if (heard->is_icmp) {
        text_add(text, "ICMP %s", heard->icmp);
        return;
    }
    text_add(text, "%s seq=%d", segment_flags_text(segment->flags, flags),
             (int)(segment->seq - (walk->tcb.irs_known ? walk->tcb.irs : 0)));
    if (segment_has(segment, TCP_ACK))
        text_add(text, " ack=%d", (int)(segment->ack - walk->tcb.settings.iss));
    text_add(text, " win=%u len=%u", segment->window, segment->len);
    if (options->present & TCP_OPT_MSS)
        text_add(text, " mss=%u", options->mss);
    if (options->present & TCP_OPT_WSCALE)
        text_add(text, " wscale=%u", options->wscale);
    if (options->present & TCP_OPT_TIMESTAMPS)
        text_add(text, " tsval=%u tsecr=%u", options->tsval, options->tsecr);
}

/* What came instead, and where it differs: one of so many that were passed. */
static void say_instead(struct walk *walk, uint64_t serial, unsigned differs, uint64_t passed)
{
    const struct heard *heard = heard_get(walk, serial);
    struct text text;

    text_init(&text, walk->step_why, sizeof(walk->step_why));
    if (passed > 1)
        text_add(&text, "%u came, the closest was ", (unsigned)passed);
    describe(walk, heard, &text);
    if (passed <= 1)
        text_add(&text, " came");
    walk->step_n = heard->n;
    if (heard->is_icmp || differs == 0)
        return;
    name_differences(walk, differs);
    text_add(&text, ": it differs in %s", walk->step_differs);
}

static void say(struct walk *walk, const char *words)
{
    struct text text;

    text_init(&text, walk->step_why, sizeof(walk->step_why));
    text_add(&text, "%s", words);
}

/* ---- looking ---- */

static void consume(struct walk *walk, uint64_t serial)
{
    walk->cursor = serial + 1;
    if (!heard_get(walk, serial)->is_icmp)
        walk->step_n = heard_get(walk, serial)->n;
    if (walk->trouble.pending && walk->trouble.serial <= serial)
        walk->trouble.pending = false;
}

static enum expectation look_for_segment(struct walk *walk, const struct step_expect_segment *expect, bool over)
{
    uint64_t closest = walk->cursor;
    unsigned best = 0, fewest = 1000;

    for (uint64_t serial = walk->cursor; serial < walk->heard; serial++) {
        const struct heard *heard = heard_get(walk, serial);
        unsigned differs = heard->is_icmp ? ~0u : differences(walk, heard, expect);
        unsigned count = count_bits(differs);
        if (differs == 0) {
            consume(walk, serial);
            return EXPECT_MET;
        }
        if (count <= fewest) {
            fewest = count;
            best = differs;
            closest = serial;
        }
        bool last_word = heard->is_icmp || segment_has(&heard->segment, TCP_RST);
        if ((expect->next && !heard->is_icmp) ||
            (last_word && walk->trouble.pending && walk->trouble.serial == serial)) {
            say_instead(walk, serial, differs, 1);
            return EXPECT_BROKEN;
        }
    }
    if (over && walk->heard > walk->cursor)
        say_instead(walk, closest, best, walk->heard - walk->cursor);
    else if (over)
        say(walk, "nothing came");
    return EXPECT_OPEN;
}

static enum expectation look_for_nothing(struct walk *walk, bool over)
{
    for (uint64_t serial = walk->cursor; serial < walk->heard; serial++) {
        if (heard_get(walk, serial)->is_icmp)
            continue;
        say_instead(walk, serial, 0, 1);
        return EXPECT_BROKEN;
    }
    return over ? EXPECT_MET : EXPECT_OPEN;
}

static enum expectation look_for_icmp(struct walk *walk, const char *name, bool over)
{
    for (uint64_t serial = walk->cursor; serial < walk->heard; serial++) {
        const struct heard *heard = heard_get(walk, serial);
        if (heard->is_icmp && (name[0] == '\0' || strcmp(name, heard->icmp) == 0)) {
            consume(walk, serial);
            return EXPECT_MET;
        }
    }
    if (over && walk->heard > walk->cursor)
        say_instead(walk, walk->heard - 1, 0, 1);
    else if (over)
        say(walk, "nothing came");
    return EXPECT_OPEN;
}

static enum expectation look_for_state(struct walk *walk, const struct step_expect_state *expect, bool over)
{
    const struct claim *claim = &walk->belief.claim;
    bool proven = claim->certainty != PRESUMED, met;
    state_set is = expect->has_certainty && expect->certainty == PROVEN ? claim->to : claim->likely;
    char states[STATE_SET_TEXT];
    struct text text;

    /* The belief hears of a segment of ours when it is seen leaving: before that it speaks of the past. */
    if (expect->of_local)
        met = (IN(walk->tcb.state) & expect->states) != 0;
    else
        met = (over || !walk_awaits_capture(walk)) && (is & (state_set)~expect->states) == 0 &&
              (!expect->has_certainty || (expect->certainty == PROVEN) == proven);
    if (met) {
        walk->trouble.pending = walk->trouble.pending && !(expect->states & IN(CLOSED));
        return EXPECT_MET;
    }
    /* After a RST or an ICMP error that ends the connection no other state will come. */
    if (over || walk->trouble.pending) {
        text_init(&text, walk->step_why, sizeof(walk->step_why));
        if (expect->of_local)
            text_add(&text, "our state is %s", state_name(walk->tcb.state));
        else
            text_add(&text, "its state is %s, %s: %s", state_set_text(claim->to, " or ", states),
                     certainty_name(claim->certainty), reason_text(claim->reason)->sentence);
    }
    return walk->trouble.pending ? EXPECT_BROKEN : EXPECT_OPEN;
}

/* The first bytes that are not matched yet, as one can read them. */
static void say_bytes(struct walk *walk, uint64_t unmatched)
{
    const uint8_t *bytes = walk->settings.text + (walk->text_cursor - walk->text_base);
    const char *last = walk->trouble.pending ? "RST" : walk->tcb.its_fin_seen ? "FIN" : NULL;
    struct text text;

    text_init(&text, walk->step_why, sizeof(walk->step_why));
    if (walk->trouble.pending && walk->peer_end != PEER_END_RST)
        last = NULL; /* an ICMP error */
    if (unmatched == 0) {
        text_add(&text, last ? "its %s came, and no byte before it" : "no byte came", last);
        return;
    }
    text_add(&text, "%llu byte%s came", (unsigned long long)unmatched, unmatched == 1 ? "" : "s");
    text_add(&text, last ? ", then its %s: \"" : ": \"", last);
    for (uint64_t i = 0; i < unmatched && i < 60; i++) {
        if (bytes[i] == '\n' || bytes[i] == '\r')
            text_add(&text, bytes[i] == '\n' ? "\\n" : "\\r");
        else if (bytes[i] == '"' || bytes[i] == '\\')
            text_add(&text, "\\%c", bytes[i]);
        else if (bytes[i] < 0x7f && isprint(bytes[i]))
            text_add(&text, "%c", bytes[i]);
        else
            text_add(&text, "\\x%02x", bytes[i]);
    }
    text_add(&text, unmatched > 60 ? "\"..." : "\"");
    if (walk->text_cut)
        text_add(&text, " (the capture did not hold all of them)");
}

static enum expectation look_for_data(struct walk *walk, const struct step_expect_data *expect, bool over)
{
    uint64_t unmatched = walk->tcb.bytes_in - walk->text_cursor;
    uint64_t held = walk->settings.text_room - (walk->text_cursor - walk->text_base);
    bool no_more = walk->tcb.its_fin_seen || walk->trouble.pending;
    size_t end;

    if (unmatched > held) /* bytes came that were not captured at all */
        unmatched = held;
    if (walk->settings.match &&
        walk->settings.match(expect->compiled, walk->settings.text + (walk->text_cursor - walk->text_base),
                             (size_t)unmatched, &end)) {
        walk->text_cursor += end;
        heard_pass_text(walk);
        return EXPECT_MET;
    }
    if (!over && !no_more)
        return EXPECT_OPEN;
    say_bytes(walk, unmatched);
    return no_more ? EXPECT_BROKEN : EXPECT_OPEN;
}

enum expectation expect_look(struct walk *walk, const struct step *step, bool over)
{
    walk->step_why[0] = walk->step_differs[0] = '\0';
    walk->step_n = 0;
    switch (step->kind) {
    case STEP_EXPECT_SEGMENT:
        return look_for_segment(walk, &step->expect, over);
    case STEP_EXPECT_NOTHING:
        return look_for_nothing(walk, over);
    case STEP_EXPECT_STATE:
        return look_for_state(walk, &step->state, over);
    case STEP_EXPECT_DATA:
        return look_for_data(walk, &step->data, over);
    case STEP_EXPECT_ICMP:
        return look_for_icmp(walk, step->icmp, over);
    default:
        return EXPECT_MET;
    }
}
