#include "lesson/facts.h"

#include <stdlib.h>
#include <string.h>

const struct fact_row fact_rows[FACT_COUNT] = {
    [FACT_OUR_ISN] = {"our-isn", FACT_SEQUENCE, false, "our initial sequence number, as on the wire"},
    [FACT_PEER_ISN] = {"peer-isn", FACT_SEQUENCE, false, "the peer's initial sequence number, as on the wire"},
    [FACT_PEER_SEQ] = {"peer-seq", FACT_SEQUENCE, false,
                       "the sequence number of the peer's last segment, as on the wire"},
    [FACT_PEER_ACK] = {"peer-ack", FACT_SEQUENCE, false,
                       "the acknowledgement number of the peer's last segment that had one, as on the wire"},
    [FACT_SEGMENTS] = {"segments", FACT_NUMBER, false, "how many segments have been seen in both directions"},
    [FACT_OURS] = {"ours", FACT_NUMBER, false, "how many of them were ours"},
    [FACT_THEIRS] = {"theirs", FACT_NUMBER, false, "how many of them were the peer's"},
    [FACT_OURS_AGAIN] = {"ours-again", FACT_NUMBER, false, "how many of ours repeated an earlier one"},
    [FACT_THEIRS_AGAIN] = {"theirs-again", FACT_NUMBER, false, "how many of the peer's repeated an earlier one"},
    [FACT_GAP] = {"gap", FACT_SPAN, false, "the time between the last two segments of the peer"},
    [FACT_SINCE_OURS] = {"since-ours", FACT_SPAN, false,
                         "the time from our last segment to the peer's last one, if that came later"},
    [FACT_BYTES] = {"bytes", FACT_NUMBER, false,
                    "how many bytes of payload the peer's segments had, repeated ones too"},
    [FACT_DATA_SIZE] = {"data-size", FACT_NUMBER, false,
                        "how many bytes of payload the last segment with data had, of whichever side"},
    [FACT_SEGMENT_SIZE] = {"segment-size", FACT_NUMBER, false, "these bytes with their TCP header"},
    [FACT_PACKET_SIZE] = {"packet-size", FACT_NUMBER, false, "the segment with its IP header"},
    [FACT_FRAME_SIZE] = {"frame-size", FACT_NUMBER, false,
                         "the packet with the header of its link, as it was captured"},
    [FACT_ELAPSED] = {"elapsed", FACT_SPAN, false,
                      "the time from the connection's first segment to the last one so far"},
    [FACT_KERNEL] = {"kernel", FACT_STATE, false,
                     "the state that the peer's kernel itself gives; not known but in the lab and with --verify"},
    [FACT_OPEN] = {"open", FACT_SPAN, true, "the time from the first SYN to the acknowledgement of the SYN-ACK"},
    [FACT_ROUND_TRIP] = {"round-trip", FACT_SPAN, true, "the time from our SYN to the SYN-ACK"},
    [FACT_CLOSE] = {"close", FACT_SPAN, true, "the time from the first FIN to the acknowledgement of the last"},
    [FACT_CLOSE_WAIT] = {"close-wait", FACT_SPAN, true,
                         "the time from the peer's acknowledgement of our FIN to its own"},
    [FACT_CLOSE_SEGMENTS] = {"close-segments", FACT_NUMBER, true,
                             "in how many segments it was closed: 3 or 4, and 0 where it was not closed so"},
    [FACT_LATE_BYTES] = {"late-bytes", FACT_NUMBER, true, "how many bytes came after our FIN had been acknowledged"},
};

void facts_init(struct facts *facts)
{
    static const enum fact counted[] = {FACT_SEGMENTS,   FACT_OURS,         FACT_THEIRS,
                                        FACT_OURS_AGAIN, FACT_THEIRS_AGAIN, FACT_BYTES};

    *facts = (struct facts){.first = NANOS_NONE, .last_theirs = NANOS_NONE, .last_ours = NANOS_NONE};
    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
        facts->known[counted[i]] = true;
}

static void set(struct facts *facts, enum fact fact, int64_t value)
{
    facts->known[fact] = true;
    facts->values[fact] = value;
}

static void set_span(struct facts *facts, enum fact fact, nanos span)
{
    if (span != NANOS_NONE)
        set(facts, fact, span);
}

static void take_segment(struct facts *facts, const struct event_segment *event)
{
    const struct segment *segment = &event->segment;

    if (facts->first == NANOS_NONE)
        facts->first = event->t;
    set(facts, FACT_ELAPSED, event->t - facts->first);
    facts->values[FACT_SEGMENTS]++;
    facts->values[event->out ? FACT_OURS : FACT_THEIRS]++;
    if (event->retransmission)
        facts->values[event->out ? FACT_OURS_AGAIN : FACT_THEIRS_AGAIN]++;
    if (segment->flags & TCP_SYN)
        set(facts, event->out ? FACT_OUR_ISN : FACT_PEER_ISN, segment->seq);
    if (event->out) {
        facts->last_ours = event->t;
        return;
    }
    facts->values[FACT_BYTES] += segment->len;
    set(facts, FACT_PEER_SEQ, segment->seq);
    if (segment->flags & TCP_ACK)
        set(facts, FACT_PEER_ACK, segment->ack);
    if (facts->last_theirs != NANOS_NONE)
        set(facts, FACT_GAP, event->t - facts->last_theirs);
    if (facts->last_ours != NANOS_NONE)
        set(facts, FACT_SINCE_OURS, event->t - facts->last_ours);
    facts->last_theirs = event->t;
}

static void take_end(struct facts *facts, const struct event_end *end)
{
    set_span(facts, FACT_OPEN, end->timing.open);
    set_span(facts, FACT_ROUND_TRIP, end->timing.open_rtt);
    set_span(facts, FACT_CLOSE, end->timing.close);
    set_span(facts, FACT_CLOSE_WAIT, end->timing.close_wait);
    set(facts, FACT_CLOSE_SEGMENTS, end->close_segments);
    set(facts, FACT_LATE_BYTES, (int64_t)end->counts.bytes_after_fin);
}

void facts_take(struct facts *facts, const struct event *event)
{
    switch (event->kind) {
    case EVENT_SEGMENT:
        take_segment(facts, &event->segment);
        break;
    case EVENT_VERIFY:
        set(facts, FACT_KERNEL, event->verify.listening ? LISTEN : event->verify.kernel);
        break;
    case EVENT_END:
        take_end(facts, &event->end);
        break;
    default:
        break;
    }
}

void facts_take_sizes(struct facts *facts, const struct layer_sizes *sizes)
{
    set(facts, FACT_DATA_SIZE, sizes->data);
    set(facts, FACT_SEGMENT_SIZE, sizes->segment);
    set(facts, FACT_PACKET_SIZE, sizes->packet);
    set(facts, FACT_FRAME_SIZE, sizes->frame);
}

static bool place_read(const char *text, size_t length, struct fact_place *out)
{
    *out = (struct fact_place){0};
    if (length > 0 && *text >= '0' && *text <= '9') {
        size_t digits = strspn(text, "0123456789");
        if (digits > 2 || digits >= length || text[digits] != '.')
            return false;
        out->part = (unsigned)strtoul(text, NULL, 10);
        if (out->part == 0 || out->part > FACTS_PARTS)
            return false;
        text += digits + 1;
        length -= digits + 1;
    }
    for (unsigned i = 0; i < FACT_COUNT; i++)
        if (strlen(fact_rows[i].name) == length && memcmp(fact_rows[i].name, text, length) == 0) {
            out->fact = (enum fact)i;
            return true;
        }
    return false;
}

/* The length of what stands before the first blank. */
static size_t word_length(const char *text, size_t length)
{
    const char *blank = memchr(text, ' ', length);

    return blank ? (size_t)(blank - text) : length;
}

#define MINUS " - "

bool fact_name_read(const char *text, size_t length, struct fact_name *out)
{
    size_t first = word_length(text, length), rest = first + strlen(MINUS);

    *out = (struct fact_name){0};
    if (!place_read(text, first, &out->of))
        return false;
    if (first == length)
        return true;
    out->minus = true;
    return length > rest && memcmp(text + first, MINUS, strlen(MINUS)) == 0 &&
           place_read(text + rest, length - rest, &out->less) &&
           fact_rows[out->of.fact].kind == fact_rows[out->less.fact].kind && fact_rows[out->of.fact].kind != FACT_STATE;
}

enum fact_kind fact_name_kind(const struct fact_name *name)
{
    enum fact_kind kind = fact_rows[name->of.fact].kind;

    return name->minus && kind == FACT_SEQUENCE ? FACT_NUMBER : kind;
}

/* ---- checks ---- */

static bool read_comparison(const char *word, size_t length, enum comparison *out)
{
    static const struct {
        const char *name;
        enum comparison comparison;
    } rows[] = {{"=", COMPARE_EQUAL}, {"!=", COMPARE_UNEQUAL}, {"<", COMPARE_LESS},
                {">", COMPARE_MORE},  {"<=", COMPARE_AT_MOST}, {">=", COMPARE_AT_LEAST}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strlen(rows[i].name) == length && memcmp(rows[i].name, word, length) == 0) {
            *out = rows[i].comparison;
            return true;
        }
    return false;
}

static bool read_state(const char *word, int64_t *out)
{
    for (unsigned state = 0; state < STATE_COUNT; state++)
        if (strcmp(state_name((enum state)state), word) == 0) {
            *out = state;
            return true;
        }
    return false;
}

static bool read_number(const char *word, int64_t *out)
{
    char *end;

    if (*word < '0' || *word > '9' || strlen(word) > 15)
        return false;
    *out = strtoll(word, &end, 10);
    return *end == '\0';
}

static bool read_value(enum fact_kind kind, const char *word, int64_t *out, struct text *wrong)
{
    switch (kind) {
    case FACT_NUMBER:
    case FACT_SEQUENCE:
        text_add(wrong, "a number or a fact");
        return read_number(word, out);
    case FACT_SPAN:
        text_add(wrong, "a duration such as 500ms, or a fact");
        return nanos_parse(word, out);
    case FACT_STATE:
        text_add(wrong, "a state such as TIME-WAIT");
        return read_state(word, out);
    }
    return false;
}

/* The length of FACT, or of FACT - FACT, at the beginning of a check. */
static size_t left_length(const char *text)
{
    size_t length = strcspn(text, " ");

    if (strncmp(text + length, MINUS, strlen(MINUS)) != 0)
        return length;
    length += strlen(MINUS);
    return length + strcspn(text + length, " ");
}

bool check_read(const char *text, struct check *out, struct text *wrong, size_t *where)
{
    size_t left = left_length(text), middle = left + strspn(text + left, " "), middle_length, right, right_length;
    struct text wanted;
    char wanted_bytes[64];

    *out = (struct check){0};
    *where = 0;
    if (!fact_name_read(text, left, &out->left)) {
        text_add(wrong, "'%.*s' is no fact (tcpwalk-lesson(5) lists them)", (int)left, text);
        return false;
    }
    *where = middle;
    middle_length = strcspn(text + middle, " ");
    if (!read_comparison(text + middle, middle_length, &out->comparison)) {
        text_add(wrong, "after the fact comes one of = != < > <= >=");
        return false;
    }
    right = middle + middle_length + strspn(text + middle + middle_length, " ");
    right_length = strlen(text + right);
    *where = right;
    out->is_fact = fact_name_read(text + right, right_length, &out->right) &&
                   fact_name_kind(&out->right) == fact_name_kind(&out->left);
    if (out->is_fact)
        return true;
    text_init(&wanted, wanted_bytes, sizeof(wanted_bytes));
    if (read_value(fact_name_kind(&out->left), text + right, &out->value, &wanted))
        return true;
    text_add(wrong, "%.*s is held against %s, not '%s'", (int)left, text, wanted.at, text + right);
    return false;
}

static bool value_at(const struct fact_place *place, const struct facts *parts, unsigned present, int64_t *out)
{
    unsigned part = place->part ? place->part : present;

    if (part == 0 || part > present || !parts[part - 1].known[place->fact])
        return false;
    *out = parts[part - 1].values[place->fact];
    return true;
}

bool fact_value(const struct fact_name *name, const struct facts *parts, unsigned present, int64_t *out)
{
    int64_t less;

    if (!value_at(&name->of, parts, present, out))
        return false;
    if (!name->minus)
        return true;
    if (!value_at(&name->less, parts, present, &less))
        return false;
    *out -= less;
    if (fact_rows[name->of.fact].kind == FACT_SEQUENCE)
        *out = (uint32_t)*out;
    return true;
}

enum verdict check_hold(const struct check *check, const struct facts *parts, unsigned present)
{
    int64_t left, right = check->value;
    bool holds = false;

    if (!fact_value(&check->left, parts, present, &left) ||
        (check->is_fact && !fact_value(&check->right, parts, present, &right)))
        return VERDICT_UNKNOWN;
    switch (check->comparison) {
    case COMPARE_EQUAL:
        holds = left == right;
        break;
    case COMPARE_UNEQUAL:
        holds = left != right;
        break;
    case COMPARE_LESS:
        holds = left < right;
        break;
    case COMPARE_MORE:
        holds = left > right;
        break;
    case COMPARE_AT_MOST:
        holds = left <= right;
        break;
    case COMPARE_AT_LEAST:
        holds = left >= right;
        break;
    }
    return holds ? VERDICT_TRUE : VERDICT_FALSE;
}

bool facts_place(const char *text, size_t *at, size_t *before, struct fact_name *name)
{
    for (size_t from = *at; text[from]; from++) {
        size_t length = text[from] == '{' ? strcspn(text + from + 1, "}") : 0;
        if (length > 0 && text[from + 1 + length] == '}' && fact_name_read(text + from + 1, length, name)) {
            *before = from;
            *at = from + length + 2;
            return true;
        }
    }
    return false;
}

const char *facts_no_name(const char *text, size_t *length)
{
    struct fact_name name;

    for (const char *open = strchr(text, '{'); open; open = strchr(open + 1, '{')) {
        *length = strspn(open + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
        if (*length > 0 && open[1 + *length] == '}' && !fact_name_read(open + 1, *length, &name))
            return open + 1;
    }
    return NULL;
}
