/* Segments made by hand: what they say when nothing else is asked for, and what a step changes about it. */
#include "base/seq.h"
#include "walk/inside.h"

uint32_t by_hand_number(const struct walk *walk, const struct field_value *value)
{
    const struct tcb *tcb = &walk->tcb;
    const struct number *number = &value->number;
    bool seq = value->field == FIELD_SEQ;
    uint32_t base = 0, window = seq ? tcb->snd_wnd : (uint32_t)tcb_window_field(tcb) << tcb->rcv_shift;

    switch (number->base) {
    case NUMBER_INITIAL:
        base = seq ? tcb->settings.iss : tcb->irs;
        break;
    case NUMBER_NEXT:
        base = seq ? tcb->snd_max : tcb->rcv_nxt;
        break;
    case NUMBER_UNACKED:
        base = seq ? tcb->snd_una : tcb->rcv_nxt;
        break;
    case NUMBER_ABSOLUTE:
        break;
    }
    return base + (uint32_t)number->offset + (uint32_t)number->windows * window;
}

static void set_field(const struct walk *walk, const struct field_value *value, struct segment *out)
{
    uint32_t plain = (uint32_t)value->number.offset;

    switch (value->field) {
    case FIELD_SEQ:
        out->seq = by_hand_number(walk, value);
        break;
    case FIELD_ACK:
        out->ack = by_hand_number(walk, value);
        break;
    case FIELD_WIN:
        out->window = (uint16_t)plain;
        break;
    case FIELD_URG:
        out->urgent = (uint16_t)plain;
        break;
    case FIELD_TTL:
        out->ttl = (uint8_t)plain;
        break;
    case FIELD_TOS:
        out->tos = (uint8_t)plain;
        break;
    case FIELD_ID:
        out->ip_id = (uint16_t)plain;
        break;
    case FIELD_RESERVED:
        out->reserved = (uint8_t)plain;
        break;
    case FIELD_TSVAL:
        out->options.tsval = plain;
        out->options.present |= TCP_OPT_TIMESTAMPS;
        break;
    case FIELD_TSECR:
        out->options.tsecr = plain;
        out->options.present |= TCP_OPT_TIMESTAMPS;
        break;
    case FIELD_LEN: /* is the payload's */
    case FIELD_MSS:
    case FIELD_WSCALE:
    case FIELD_COUNT:
        break;
    }
}

bool by_hand_is_doubtful(const struct segment *segment)
{
    const struct crafted *crafted = segment->crafted;

    return crafted && (crafted->has_checksum || crafted->bad_checksum || crafted->has_offset);
}

/* The value of the timestamps option as the segment will carry it, also where its options are given as bytes. */
static bool has_tsval(const struct segment *segment, uint32_t *tsval)
{
    const struct crafted *crafted = segment->crafted;

    *tsval = segment->options.tsval;
    if (!crafted || !crafted->has_options)
        return (segment->options.present & TCP_OPT_TIMESTAMPS) != 0;
    for (unsigned i = 0; i < crafted->options_len && crafted->options[i] != 0;) {
        const uint8_t *option = crafted->options + i;
        unsigned left = crafted->options_len - i, length = option[0] == 1 || left < 2 ? 1 : option[1];
        if (option[0] == 8 && length == 10 && left >= 10) {
            *tsval = (uint32_t)option[2] << 24 | (uint32_t)option[3] << 16 | (uint32_t)option[4] << 8 | option[5];
            return true;
        }
        i += length > 0 ? length : 1;
    }
    return false;
}

void by_hand_make(struct walk *walk, const struct step *step, uint32_t tick, struct segment *out,
                  const uint8_t **payload)
{
    const struct step_segment *wanted = &step->segment;
    uint32_t tsval_before = walk->tcb.tsval_last;

    *out = (struct segment){.flags = wanted->flags, .len = wanted->data.len};
    *payload = wanted->data.bytes;
    tcb_compose(&walk->tcb, tick, out);
    if (wanted->word == WORD_ACK)
        out->ack = walk->tcb.rcv_nxt; /* by hand it acknowledges all that has arrived, whatever is held back else */
    for (unsigned i = 0; i < wanted->field_count; i++)
        set_field(walk, &wanted->fields[i], out);
    if (wanted->is_crafted)
        out->crafted = &wanted->crafted;
    uint32_t tsval;
    bool stamped = has_tsval(out, &tsval), old = stamped && !seq_lt(tsval_before, tsval);
    /* The peer takes ours from now on only when they are later still. */
    if (stamped && ((!old && !by_hand_is_doubtful(out)) || walk->tcb.snd_max == walk->tcb.settings.iss))
        walk->tcb.tsval_last =
            seq_lt(walk->tcb.tsval_last, tsval) || segment_has(out, TCP_SYN) ? tsval : walk->tcb.tsval_last;
    if (!by_hand_is_doubtful(out) && !(walk->tcb.timestamps && old)) /* RFC 7323 5.3: PAWS drops an old one */
        tcb_left_by_hand(&walk->tcb, out);
    else if (!wanted->crafted.bad_checksum)
        tcb_may_have_left_by_hand(&walk->tcb, out);
}
