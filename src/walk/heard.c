/* What arrived, kept for expectations: segments and ICMP errors one by one in the inbox, bytes as a stream. */
#include <string.h>

#include "base/seq.h"
#include "walk/inside.h"

static struct heard *append(struct walk *walk)
{
    uint64_t serial = walk->heard++; /* a probe counts also where nothing is kept */

    if (walk->settings.inbox_room == 0)
        return NULL;
    struct heard *heard = &walk->settings.inbox[serial % walk->settings.inbox_room];

    /* What nobody looked at in time gives way. */
    if (walk->heard - walk->cursor > walk->settings.inbox_room)
        walk->cursor = walk->heard - walk->settings.inbox_room;
    memset(heard, 0, sizeof(*heard));
    return heard;
}

void heard_segment(struct walk *walk, const struct segment *segment, unsigned n, uint32_t rcv_nxt, uint32_t snd_una)
{
    struct heard *heard = append(walk);

    if (heard)
        *heard = (struct heard){.segment = *segment, .n = n, .rcv_nxt = rcv_nxt, .snd_una = snd_una};
}

void heard_icmp(struct walk *walk, const char *name)
{
    struct heard *heard = append(walk);

    if (heard)
        *heard = (struct heard){.is_icmp = true, .icmp = name};
}

const struct heard *heard_get(const struct walk *walk, uint64_t serial)
{
    return &walk->settings.inbox[serial % walk->settings.inbox_room];
}

void heard_pass_acks(struct walk *walk)
{
    while (walk->settings.inbox_room > 0 && walk->cursor < walk->heard) {
        const struct heard *heard = heard_get(walk, walk->cursor);
        if (heard->is_icmp || heard->segment.flags != TCP_ACK || heard->segment.len > 0)
            return;
        walk->cursor++;
    }
}

void heard_pass_text(struct walk *walk)
{
    while (walk->cursor < walk->heard) {
        const struct heard *heard = heard_get(walk, walk->cursor);
        if (heard->is_icmp || (heard->segment.flags & (TCP_SYN | TCP_FIN | TCP_RST)))
            return;
        walk->cursor++;
    }
}

/* Makes room by forgetting what is oldest: what was matched, and if that does not do, the rest. */
static void make_room(struct walk *walk, uint64_t end)
{
    uint64_t room = walk->settings.text_room, keep_from;

    if (end - walk->text_base <= room)
        return;
    keep_from = walk->text_base + room / 2;
    if (end - keep_from > room)
        keep_from = end - room / 2;
    if (keep_from - walk->text_base < room)
        memmove(walk->settings.text, walk->settings.text + (keep_from - walk->text_base),
                room - (keep_from - walk->text_base));
    walk->text_base = keep_from;
    if (walk->text_cursor < keep_from)
        walk->text_cursor = keep_from;
}

void walk_saw_payload(struct walk *walk, const struct segment *segment, const uint8_t *payload, uint32_t count)
{
    const struct tcb *tcb = &walk->tcb;
    uint32_t first = segment->seq + (segment_has(segment, TCP_SYN) ? 1 : 0);
    uint64_t from;

    if (walk->settings.text_room == 0 || segment->len == 0 || (!tcb->irs_known && tcb->state != SYN_SENT))
        return;
    /* Beyond what is in order by less than a window: placed there. Everything else is old, or nonsense. */
    uint32_t ahead = tcb->irs_known ? first - tcb->rcv_nxt : 0; /* else it is with its SYN-ACK */
    if (ahead > walk->settings.text_room / 4 && ahead <= INT32_MAX)
        return;
    uint64_t in_order = tcb->bytes_in;
    from = in_order + (uint64_t)(int64_t)(int32_t)ahead;
    if (ahead > INT32_MAX && in_order < (uint64_t)(-(int64_t)(int32_t)ahead))
        return;
    if (count < segment->len)
        walk->text_cut = true;
    make_room(walk, from + count);
    for (uint32_t i = 0; i < count; i++)
        if (from + i >= in_order && from + i >= walk->text_base)
            walk->settings.text[from + i - walk->text_base] = payload[i];
}
