/* The course of a connection: who opened, was the handshake completed, who closed first, and how. */
#include "base/seq.h"
#include "follow/follow.h"

/* Two ends of a connection whose handshake was not seen to be answered are no further apart than this. */
#define IN_FLIGHT (UINT32_C(1) << 20)

/* What was sent before a RST may pass so long after it. */
#define REORDERED NANOS_PER_S

const char *opening_name(enum opening opening)
{
    static const char *const names[] = {
        [OPENING_UNSEEN] = "unseen",   [OPENING_TRIED] = "tried", [OPENING_ANSWERED] = "answered",
        [OPENING_REFUSED] = "refused", [OPENING_DONE] = "done",   [OPENING_SIMULTANEOUS] = "simultaneous",
        [OPENING_IMPLIED] = "implied",
    };

    return names[opening];
}

const char *closing_name(enum closing closing)
{
    static const char *const names[] = {
        [CLOSING_NEVER] = "never",
        [CLOSING_HALF] = "half",
        [CLOSING_THREE] = "three",
        [CLOSING_FOUR] = "four",
        [CLOSING_SIMULTANEOUS] = "simultaneous",
        [CLOSING_RESET] = "reset",
    };

    return names[closing];
}

bool course_has_letter(const struct end *end, char letter)
{
    return (end->letters >> (letter - 'a') & 1) != 0;
}

void course_letter(struct connection *connection, unsigned from, char letter)
{
    uint32_t bit = UINT32_C(1) << (letter - 'a');

    if ((connection->ends[from].letters & bit) || connection->history_used + 1 >= CONNECTION_HISTORY)
        return;
    connection->ends[from].letters |= bit;
    connection->history[connection->history_used++] = from == END_A ? (char)(letter - 'a' + 'A') : letter;
    connection->history[connection->history_used] = '\0';
}

static void note_letters(struct connection *connection, unsigned from, enum passage_kind kind,
                         const struct segment *segment)
{
    bool syn = segment_has(segment, TCP_SYN), ack = segment_has(segment, TCP_ACK);

    if (syn)
        course_letter(connection, from, ack ? 'h' : 's');
    if (segment_has(segment, TCP_RST)) {
        course_letter(connection, from, 'r');
        return;
    }
    if (segment->len > 0)
        course_letter(connection, from, kind == PASSAGE_RETRANSMISSION ? 't' : 'd');
    if (segment_has(segment, TCP_FIN))
        course_letter(connection, from, 'f');
    if (!syn && ack && segment->len == 0 && !segment_has(segment, TCP_FIN))
        course_letter(connection, from, 'a');
    if (!syn && segment->window == 0)
        course_letter(connection, from, 'w');
}

/* ---- opening ---- */

/* Does this acknowledge the SYN of the other end, and nothing that it has not sent? */
static bool acks_syn(const struct connection *connection, unsigned from, const struct segment *segment)
{
    const struct end *other = &connection->ends[!from];

    return segment_has(segment, TCP_ACK) && other->has_syn && seq_lt(other->iss, segment->ack) &&
           seq_le(segment->ack, other->next);
}

/*
 * When the SYN passed that this answers; NANOS_NONE where it was repeated and nothing tells which: by its timestamp that the
 * answer echoes.
 */
static nanos answered_at(const struct end *opener, const struct segment *answer)
{
    if (opener->syn_again_at == NANOS_NONE)
        return opener->syn_at;
    if (!opener->syn_stamped || !(answer->options.present & TCP_OPT_TIMESTAMPS) ||
        opener->syn_tsval == opener->syn_again_tsval)
        return NANOS_NONE;
    return answer->options.tsecr == opener->syn_tsval         ? opener->syn_at
           : answer->options.tsecr == opener->syn_again_tsval ? opener->syn_again_at
                                                              : NANOS_NONE;
}

/* The times of an end's SYNs, which may be repeated: it is one without ACK that a SYN-ACK answers (RFC 9293 3.10.7.3). */
static void note_syn_times(struct end *me, const struct segment *segment, nanos at)
{
    const bool stamped = (segment->options.present & TCP_OPT_TIMESTAMPS) != 0;

    if (me->syn_at == NANOS_NONE) {
        me->syn_at = at;
        me->syn_tsval = segment->options.tsval;
        me->syn_stamped = stamped;
        return;
    }
    if (segment_has(segment, TCP_ACK))
        return;
    me->syn_again_at = at;
    me->syn_again_tsval = segment->options.tsval;
    me->syn_stamped = me->syn_stamped && stamped;
}

static void note_syn(struct connection *connection, unsigned from, const struct segment *segment, nanos at)
{
    struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    nanos answered;

    if (connection->opener == NOBODY) {
        bool answer = segment_has(segment, TCP_ACK);
        connection->opener = answer ? !from : from;
        connection->opener_guessed = answer;
        if (answer && !other->has_syn) {
            other->has_syn = true;
            other->iss = segment->ack - 1;
            other->syn_end = segment->ack;
        }
        if (connection->opening == OPENING_UNSEEN)
            connection->opening = answer ? OPENING_ANSWERED : OPENING_TRIED;
    } else if (from != connection->opener && acks_syn(connection, from, segment) &&
               connection->opening == OPENING_TRIED) {
        connection->opening = OPENING_ANSWERED;
    }
    /* The SYN that an answer told of comes after it. */
    if (from == connection->opener && !segment_has(segment, TCP_ACK) && segment->seq == me->iss)
        connection->opener_guessed = false;
    note_syn_times(me, segment, at);
    /* The first answer counts: a second one may be a copy. */
    if (from == connection->opener || me->syn_answers || !acks_syn(connection, from, segment))
        return;
    me->syn_answers = true;
    answered = answered_at(other, segment);
    if (answered != NANOS_NONE)
        connection->open_rtt = at - answered;
}

/* Does the segment of the one that opened acknowledge the SYN-ACK as the handshake has it? */
static bool completes(const struct connection *connection, unsigned from, const struct segment *segment)
{
    const struct end *me = &connection->ends[from], *other = &connection->ends[!from];

    return segment_has(segment, TCP_ACK) && me->has_syn && me->had_next && seq_lt(me->iss, segment->seq) &&
           seq_le(segment->seq, me->next_before) && other->had_next && seq_lt(other->iss, segment->ack) &&
           seq_le(segment->ack, other->next_before);
}

/*
 * Has the one that opened numbers that it can have a little later, in both windows? A bare acknowledgement of what was not seen
 * may just be wrong.
 */
static bool goes_on(const struct connection *connection, unsigned from, const struct segment *segment)
{
    const struct end *me = &connection->ends[from], *other = &connection->ends[!from];

    return (segment->len > 0 || seq_lt(me->next_before, segment->seq)) && connection->opening == OPENING_ANSWERED &&
           me->had_next && other->had_next && seq_lt(me->iss, segment->seq) &&
           seq_le(segment->seq, me->next_before + other->window) && seq_le(other->syn_end, segment->ack) &&
           seq_le(segment->ack, other->next_before + me->window);
}

/* Does what it says show that the handshake was completed, though not all of it was seen? */
static bool implies(const struct connection *connection, unsigned from, const struct segment *segment)
{
    const struct end *me = &connection->ends[from], *other = &connection->ends[!from];

    if (!segment_has(segment, TCP_ACK))
        return false;
    /* The answering end has taken more than a SYN, as numbers show that are used only now; or both have gone on unseen. */
    if (from == connection->opener && other->has_syn)
        return (other->has_acked && seq_lt(me->syn_end, other->acked)) || goes_on(connection, from, segment);
    /* The SYN-ACK passed unseen, and is acknowledged. */
    if (from == connection->opener)
        return other->has_next && me->has_syn && seq_lt(me->iss, segment->seq) && seq_le(segment->seq, me->next_before);
    /* The answer passed unseen, and bytes that came after it have not. */
    if (connection->opening == OPENING_TRIED)
        return segment->len > 0 && other->has_syn && !me->syn_alone && segment->ack - other->syn_end < IN_FLIGHT;
    /* The answering end has taken more than a SYN; or, where it is all that is seen, it sends what it can send only then. */
    return connection->opening == OPENING_ANSWERED &&
           ((me->has_acked && seq_lt(other->syn_end, me->acked)) || (!other->seen && segment->len > 0));
}

/* Is the handshake completed by this? Now, when that shows more of what passed before than the beliefs were told; or never. */
static nanos note_opened(struct connection *connection, unsigned from, const struct segment *segment, nanos at)
{
    const struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    bool both_alone = me->syn_alone && other->syn_alone;
    const struct segment answer = {.flags = TCP_ACK, .ack = other->acked};
    bool more = false;

    if ((connection->opening != OPENING_TRIED && connection->opening != OPENING_ANSWERED) ||
        (from == connection->opener && connection->resetter == from))
        return NANOS_NEVER;
    if (both_alone) {
        if (!acks_syn(connection, from, segment) || !other->has_acked || !acks_syn(connection, !from, &answer))
            return NANOS_NEVER;
        connection->opening = OPENING_SIMULTANEOUS;
    } else if (segment_has(segment, TCP_SYN)) {
        return NANOS_NEVER;
    } else if (from == connection->opener && other->has_syn && completes(connection, from, segment)) {
        connection->opening = OPENING_DONE;
        more = other->has_old_syn;
    } else if (implies(connection, from, segment)) {
        more = (from == connection->opener) == (connection->opening == OPENING_ANSWERED);
        connection->opening = OPENING_IMPLIED;
    } else {
        return NANOS_NEVER;
    }
    if (connection->ends[connection->opener].syn_at != NANOS_NONE)
        connection->open = at - connection->ends[connection->opener].syn_at;
    if (connection->open_rtt != NANOS_NONE && connection->open < connection->open_rtt)
        connection->open_rtt = NANOS_NONE; /* the capture's clock went back: nobody knows which time is wrong */
    return more ? at : NANOS_NEVER;
}

/* ---- closing ---- */

/* Who closed first, and how, from the FINs and the RST that count. */
static void judge(struct connection *connection)
{
    const struct end *a = &connection->ends[END_A], *b = &connection->ends[END_B];

    connection->closing = CLOSING_NEVER;
    connection->closer = NOBODY;
    connection->fin_first = false;
    if (a->has_fin && b->has_fin) {
        bool earlier_a = a->fin_at <= b->fin_at;
        bool crossed = !a->fin_acks_fin && !b->fin_acks_fin;
        if (a->fin_acks_fin != b->fin_acks_fin)
            earlier_a = b->fin_acks_fin;
        connection->closer = earlier_a ? END_A : END_B;
        connection->closing = crossed                                                 ? CLOSING_SIMULTANEOUS
                              : connection->ends[!connection->closer].acked_fin_first ? CLOSING_FOUR
                                                                                      : CLOSING_THREE;
    } else if (a->has_fin || b->has_fin) {
        connection->closer = a->has_fin ? END_A : END_B;
        connection->closing = CLOSING_HALF;
    }
    connection->closed = a->acked_fin && b->acked_fin;
    if (connection->resetter == NOBODY)
        return;
    if (connection->closer != NOBODY && connection->ends[connection->closer].fin_at > connection->reset_at)
        connection->closer = NOBODY; /* that FIN only crossed the RST, or came of one that had not got it */
    connection->fin_first = connection->closer != NOBODY;
    /* A RST after both FINs are acknowledged, or that follows its own sender's FIN and the other's, changes nothing. */
    if (!connection->closed)
        connection->closing = CLOSING_RESET;
    if (connection->closer == NOBODY)
        connection->closer = connection->resetter;
    connection->closed = true;
}

/*
 * Must the other end refuse it, FIN and all (RFC 9293 3.10.7.4)? It acknowledges nothing, or what that end can't have sent;
 * a FIN that nobody is seen to receive is none of these.
 */
static bool is_fin_doubtful(const struct connection *connection, unsigned from, const struct segment *segment)
{
    const struct end *me = &connection->ends[from], *other = &connection->ends[!from];

    if (!segment_has(segment, TCP_ACK))
        return other->seen;
    return other->has_next && (seq_lt(other->next + me->window, segment->ack) ||
                               (other->has_syn && numbers_held(connection, from) && seq_le(segment->ack, other->iss)));
}

/* Since when a FIN that counted turns out to be none; NANOS_NEVER. */
static nanos note_fin(struct connection *connection, unsigned from, const struct segment *segment, nanos at)
{
    struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    uint32_t fin = segment->seq + segment_span(segment) - 1;
    bool moved = me->has_fin && seq_lt(me->fin, fin);
    nanos before = me->fin_at;

    if ((me->has_fin && !moved) || (other->has_acked && seq_lt(fin + 1, other->acked)))
        return NANOS_NEVER;
    if (is_fin_doubtful(connection, from, segment)) {
        if (me->has_fin)
            return NANOS_NEVER;
        me->has_doubtful_fin = true;
    } else {
        me->has_fin = true;
    }
    me->fin = fin;
    me->fin_ack = segment->ack;
    me->fin_at = at;
    me->fin_acks_fin = other->has_fin && segment_has(segment, TCP_ACK) && seq_lt(other->fin, segment->ack);
    me->acked_fin_first = me->acked_fin;
    if (me->has_fin && other->has_acked && other->acked == fin + 1) { /* its acknowledgement was captured before it */
        other->acked_fin = true;
        other->acked_fin_first = !other->has_fin;
    }
    connection->undone = connection->undone || moved;
    return moved ? before : NANOS_NEVER;
}

/* The other end has accepted a FIN that it should have refused. */
static void confirm_fin(struct connection *connection, unsigned from)
{
    struct end *me = &connection->ends[from], *other = &connection->ends[!from];

    if (other->has_doubtful_fin && !other->has_fin && me->has_acked && me->acked == other->fin + 1 &&
        other->next == me->acked)
        other->has_fin = true;
}

/* The FIN of this end was none: it passed then. */
static nanos drop_fin(struct connection *connection, unsigned from)
{
    struct end *me = &connection->ends[from], *other = &connection->ends[!from];

    me->has_fin = other->acked_fin = other->acked_fin_first = false;
    connection->undone = true;
    return me->fin_at;
}

/* The other end has acknowledged more than its FIN: that was none. */
static nanos undo_fin(struct connection *connection, unsigned from)
{
    const struct end *me = &connection->ends[from], *other = &connection->ends[!from];

    if (!other->has_fin || !me->has_acked || seq_le(me->acked, other->fin + 1))
        return NANOS_NEVER;
    return drop_fin(connection, !from);
}

/*
 * It sends from before its FIN, and later than that, as it acknowledges more: a segment without payload has the next number
 * (RFC 9293 3.10.7.4), so that the FIN was not its own.
 */
static nanos undo_own_fin(struct connection *connection, unsigned from, const struct segment *segment)
{
    const struct end *me = &connection->ends[from], *other = &connection->ends[!from];

    if (!me->has_fin || (segment->flags & (TCP_SYN | TCP_FIN)) || !segment_has(segment, TCP_ACK) || segment->len > 0 ||
        other->acked_fin || !seq_lt(segment->seq, me->fin) || !seq_lt(me->fin_ack, segment->ack))
        return NANOS_NEVER;
    return drop_fin(connection, from);
}

static bool is_rst_exact(const struct connection *connection, unsigned from, const struct segment *segment)
{
    const struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    /* Before it is open, a RST with that number refuses an acknowledgement that was wrong (RFC 9293 3.10.7.4). */
    bool open = connection->opening != OPENING_TRIED && connection->opening != OPENING_ANSWERED;

    return !me->has_next || segment->seq == me->next || (other->has_acked && segment->seq == other->acked) ||
           (open && me->has_claimed && segment->seq == me->claimed);
}

/* Does a RST count? Its number must be the one that the other end expects (RFC 9293 3.10.7.4, RFC 5961 3.2). */
static bool rst_counts(const struct connection *connection, unsigned from, const struct segment *segment)
{
    const struct end *me = &connection->ends[from], *other = &connection->ends[!from];

    /* It refuses a SYN. */
    if (!me->has_next)
        return !other->has_next || !other->has_syn ||
               (segment_has(segment, TCP_ACK) && seq_lt(other->iss, segment->ack) && seq_le(segment->ack, other->next));
    if (is_rst_exact(connection, from, segment))
        return true;
    /* In SYN-SENT the number does not matter, but the acknowledgement does. */
    if (connection->opening == OPENING_TRIED && other->syn_alone && !other->has_acked)
        return segment_has(segment, TCP_ACK) && seq_lt(other->iss, segment->ack) && seq_le(segment->ack, other->next);
    /* In answer to a SYN-ACK it is what that acknowledged. */
    if (me->has_syn && !other->has_acked)
        return segment->seq == me->iss || segment->seq == me->iss + 1;
    /* In the window: older stacks take it, newer ones ask back. What follows tells. */
    return other->has_acked && seq_lt(other->acked, segment->seq) &&
           seq_lt(segment->seq, other->acked + other->window) &&
           (seq_le(segment->seq, me->next) ||
            (!numbers_held(connection, from) && numbers_fit(connection, from, segment)));
}

static void note_rst(struct connection *connection, unsigned from, const struct segment *segment, nanos at)
{
    if (connection->resetter != NOBODY)
        return;
    if (!rst_counts(connection, from, segment)) {
        connection->ends[from].strays++;
        return;
    }
    connection->resetter = from;
    connection->reset_exact = is_rst_exact(connection, from, segment);
    connection->reset_seq = segment->seq;
    for (unsigned i = 0; i < ENDS; i++)
        connection->reset_next[i] = connection->ends[i].next;
    connection->reset_at = at;
    if (connection->opening == OPENING_TRIED && from != connection->opener)
        connection->opening = OPENING_REFUSED;
}

/*
 * What was reset goes on: one end acknowledges what the other sent after the RST had passed. So either end was there, and
 * the RST was somebody else's, or did not count. Where one direction is all that is seen, it goes on when it sends.
 */
static nanos undo_rst(struct connection *connection, unsigned from, const struct segment *segment, nanos at)
{
    const struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    bool goes_on = me->has_acked && other->has_next && seq_lt(connection->reset_next[!from], me->acked);
    bool alone = connection->resetter == from && !other->seen && segment->len > 0 &&
                 seq_le(connection->reset_seq, segment->seq) && at - connection->reset_at > REORDERED;
    /* A number that was not quite the one is asked about. */
    bool asks = !connection->reset_exact &&
                ((connection->resetter != from && segment->len == 0) || at - connection->reset_at > REORDERED);

    if (connection->resetter == NOBODY || (!goes_on && !alone && !asks))
        return NANOS_NEVER;
    connection->resetter = NOBODY;
    connection->undone = true;
    if (connection->opening == OPENING_REFUSED)
        connection->opening = OPENING_TRIED;
    return connection->reset_at;
}

nanos course_note(struct connection *connection, unsigned from, enum passage_kind kind, const struct segment *segment,
                  nanos at)
{
    struct end *me = &connection->ends[from], *other = &connection->ends[!from];
    nanos wrong_since;

    if (kind == PASSAGE_DOUBLE || kind == PASSAGE_STRAY)
        return NANOS_NEVER;
    note_letters(connection, from, kind, segment);
    if (segment_has(segment, TCP_RST)) {
        note_rst(connection, from, segment, at);
        judge(connection);
        return NANOS_NEVER;
    }
    if (segment_has(segment, TCP_SYN))
        note_syn(connection, from, segment, at);
    wrong_since = note_opened(connection, from, segment, at);
    wrong_since = nanos_sooner(wrong_since, undo_rst(connection, from, segment, at));
    wrong_since = nanos_sooner(wrong_since, undo_fin(connection, from));
    wrong_since = nanos_sooner(wrong_since, undo_own_fin(connection, from, segment));
    if (segment_has(segment, TCP_FIN))
        wrong_since = nanos_sooner(wrong_since, note_fin(connection, from, segment, at));
    confirm_fin(connection, from);
    if (me->has_acked && other->has_fin && seq_lt(other->fin, me->acked) && !me->acked_fin) {
        me->acked_fin = true;
        me->acked_fin_first = !me->has_fin;
    }
    if (other->has_fin || me->has_fin || connection->resetter != NOBODY || wrong_since != NANOS_NEVER)
        judge(connection);
    return wrong_since;
}
