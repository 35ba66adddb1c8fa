/* Our end in the search over all orders: as little of a TCP as its scripts need. */
#include <string.h>

#include "base/seq.h"
#include "exhaustive.h"

#define LONG_AGO (UINT32_C(1) << 30)
#define OWN_ISS UINT32_C(0xfffffffc) /* the numbers wrap behind a few bytes */

void own_begin(struct own_end *end, uint16_t mss)
{
    memset(end, 0, sizeof(*end));
    end->iss = end->una = end->nxt = OWN_ISS;
    end->tsval = OWN_TSVAL;
    end->mss = mss;
}

bool own_is_probe(enum own_step step)
{
    return step >= OWN_OLD_BYTE;
}

bool own_can(const struct own_end *end, enum own_step step)
{
    switch (step) {
    case OWN_SYN:
        return true;
    case OWN_SYN_ACK:
        return end->irs_known;
    case OWN_SYN_COPY:
        return end->syn_sent;
    default:
        return end->syn_sent && end->irs_known;
    }
}

bool own_can_repeat(const struct own_end *end)
{
    return end->syn_sent && end->una != end->nxt;
}

static struct segment said(struct own_end *end, const struct own_script *script, uint8_t flags, uint32_t seq,
                           uint32_t len)
{
    struct segment segment = {.flags = flags, .seq = seq, .len = len, .ttl = 64};

    segment.ack = flags & TCP_ACK ? end->rcv : 0;
    segment.window = script->window ? script->window : 65535;
    if (flags & TCP_SYN)
        segment.options.present |= TCP_OPT_SACK_PERMITTED;
    if ((flags & TCP_SYN) && end->mss) {
        segment.options.present |= TCP_OPT_MSS;
        segment.options.mss = end->mss;
    }
    if (end->ts_on || (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
        segment.options.present |= TCP_OPT_TIMESTAMPS;
        segment.options.tsval = ++end->tsval;
        segment.options.tsecr = end->ts_recent;
    }
    return segment;
}

struct segment own_segment(struct own_end *end, const struct own_script *script, enum own_step step)
{
    struct segment segment;

    switch (step) {
    case OWN_SYN:
    case OWN_SYN_ACK:
        return said(end, script, end->irs_known ? TCP_SYN | TCP_ACK : TCP_SYN, end->iss, 0);
    case OWN_TEXT:
        return said(end, script, TCP_ACK | TCP_PSH, end->nxt, 3);
    case OWN_FIN:
        return said(end, script, TCP_FIN | TCP_ACK, end->nxt, 0);
    case OWN_TEXT_FIN:
        return said(end, script, TCP_FIN | TCP_ACK | TCP_PSH, end->nxt, 3);
    case OWN_RST:
        return said(end, script, TCP_RST | TCP_ACK, end->nxt, 0);
    case OWN_OLD_BYTE:
        segment = said(end, script, TCP_ACK, end->una - 1024, 1);
        segment.ack -= LONG_AGO;
        return segment;
    case OWN_OLD_ACK:
        segment = said(end, script, TCP_ACK, end->nxt, 0);
        segment.ack -= LONG_AGO;
        return segment;
    case OWN_KEEPALIVE:
        return said(end, script, TCP_ACK, end->nxt - 1, 0);
    case OWN_NULL:
        return said(end, script, 0, end->una - 1, 0);
    case OWN_SYN_COPY:
        return said(end, script, TCP_SYN, end->iss, 0);
    }
    return said(end, script, TCP_ACK, end->nxt, 0);
}

struct segment own_acknowledgement(struct own_end *end, const struct own_script *script)
{
    return said(end, script, TCP_ACK, end->nxt, 0);
}

/* All that is unacknowledged, in one segment. */
struct segment own_repetition(struct own_end *end, const struct own_script *script)
{
    bool syn = end->una == end->iss;
    uint32_t len = end->nxt - end->una;
    uint8_t flags = end->irs_known ? TCP_ACK : 0;

    /* A SYN takes nothing else with it. */
    if (syn)
        return said(end, script, flags | TCP_SYN, end->iss, 0);
    if (end->fin_sent) {
        flags |= TCP_FIN;
        len--;
    }
    return said(end, script, flags, end->una, len);
}

void own_left(struct own_end *end, const struct segment *segment, bool probe)
{
    uint32_t next = segment->seq + segment_span(segment);

    end->left++;
    if (end->irs_known && (segment->flags & (TCP_ACK | TCP_RST)))
        end->went_on = true;
    if (probe || (segment->flags & TCP_RST))
        return;
    if (segment->flags & TCP_ACK)
        end->ack_due = false;
    if (segment->flags & TCP_SYN)
        end->syn_sent = true;
    if (seq_lt(end->nxt, next))
        end->nxt = next;
    if (segment->flags & TCP_FIN)
        end->fin_sent = true;
}

void own_heard(struct own_end *end, const struct segment *segment, nanos now)
{
    uint32_t next = segment->seq + segment_span(segment);

    if (segment->flags & TCP_RST)
        return;
    if ((segment->flags & TCP_SYN) && !end->irs_known) {
        end->irs_known = true;
        end->irs = segment->seq;
        end->rcv = next;
        end->ts_on = (segment->options.present & TCP_OPT_TIMESTAMPS) != 0;
        end->ts_recent = segment->options.tsval;
    }
    if (!end->irs_known)
        return;
    if ((segment->options.present & TCP_OPT_TIMESTAMPS) && seq_le(segment->seq, end->rcv))
        end->ts_recent = segment->options.tsval;
    if (segment_span(segment) > 0 && end->syn_sent)
        end->ack_due = true;
    if (seq_le(segment->seq, end->rcv) && seq_lt(end->rcv, next))
        end->rcv = next;
    if (!(segment->flags & TCP_ACK))
        return;
    if (!end->answered) {
        end->answered = true;
        end->answered_at = now;
    }
    if (seq_lt(end->una, segment->ack) && seq_le(segment->ack, end->nxt))
        end->una = segment->ack;
}
