/*
 * A RST ends a connection only if it is not just the answer to something odd that we sent. So what can draw one is
 * noted: acknowledgements that a TCP which is still opening refuses, and segments without ACK (RFC 9293 3.10.7). So are the
 * segments that only ask: what answers them tells more than an ACK by itself.
 */
#include "base/seq.h"
#include "core/habit.h"
#include "core/knowledge.h"

#define OPENING (IN(SYN_SENT) | IN(SYN_RECEIVED))

/* A RST that answers the same number later on may be a late answer to this one. */
static void forget_question(struct knowledge *known, struct question *question)
{
    if (question->left.set)
        ranges_add(question->bare ? &known->asked_ends : &known->asked_acks, question->number, question->number + 1);
    *question = (struct question){0};
}

void knowledge_forget_questions(struct knowledge *known)
{
    const struct ours *ours = &known->ours;

    for (unsigned i = 0; i < QUESTIONS; i++)
        forget_question(known, &known->questions[i]);
    for (unsigned i = 0; i < ours->syn_count; i++)
        ranges_add(&known->asked_ends, ours->syns[i].seq + 1, ours->syns[i].seq + ours->syns[i].span + 1);
}

/* Does it echo a timestamp that the peer can't have sent? Linux refuses that in SYN-SENT, and stays there (measured). */
static bool echoes_wrongly(const struct knowledge *known, const struct segment *segment)
{
    return segment_has(segment, TCP_ACK) && known->its_syn_alone && known->tsval_seen &&
           (segment->options.present & TCP_OPT_TIMESTAMPS) &&
           (seq_lt(segment->options.tsecr, known->its_tsval) || seq_lt(known->tsval_max, segment->options.tsecr));
}

/* Can it draw a RST from a peer that is there, or has been answered before by one that was not? */
static bool is_question(const struct knowledge *known, const struct segment *segment, bool bare, uint32_t number)
{
    if (segment_has(segment, TCP_RST) || ranges_have(bare ? &known->asked_ends : &known->asked_acks, number))
        return false;
    if (bare)
        return known->irs_known || !segment_has(segment, TCP_SYN);
    if (echoes_wrongly(known, segment))
        return true;
    /*
     * An old one is answered with RST only where there is no connection; or by a SYN cookie's owner, if it is the
     * first.
     */
    if (known->irs_known && known->ack_sent && seq_lt(known->irs + 1, number) && seq_lt(number, known->ack_max))
        return true;
    return !known->irs_known || seq_le(number, known->irs) || seq_lt(known->heard_max, number);
}

void knowledge_note_question(struct knowledge *known, const struct segment *segment, state_set states, unsigned n,
                             nanos at)
{
    struct question *question = &known->questions[known->questions_next % QUESTIONS];
    bool bare = !segment_has(segment, TCP_ACK);
    uint32_t number = bare ? segment->seq + segment_span(segment) : segment->ack;

    if (!is_question(known, segment, bare, number))
        return;
    if (!bare && (states & OPENING)) {
        ranges_add(&known->refusable, number, number + 1);
        known->refusing |= states & OPENING;
    }
    for (unsigned i = 0; i < QUESTIONS; i++) {
        struct question *asked = &known->questions[i];
        if (asked->left.set && asked->bare == bare && asked->number == number) {
            asked->syn = asked->syn || segment_has(segment, TCP_SYN);
            asked->states |= states;
            return;
        }
    }
    forget_question(known, question);
    *question =
        (struct question){.syn = segment_has(segment, TCP_SYN), .bare = bare, .number = number, .states = states};
    landmark_pass(&question->left, segment, false, n, at);
    known->questions_next++;
}

bool knowledge_asked(const struct knowledge *known, uint32_t ack)
{
    for (unsigned i = 0; i < QUESTIONS; i++)
        if (known->questions[i].left.set && !known->questions[i].bare && known->questions[i].number == ack)
            return true;
    return ranges_have(&known->asked_acks, ack);
}

/* Does it draw no ACK from a peer in SYN-RECEIVED that has the habit (HABIT_OPENING)? */
static bool draws_nothing(const struct knowledge *known, const struct segment *segment)
{
    bool syn = segment_has(segment, TCP_SYN), acks = segment_has(segment, TCP_ACK);
    bool stamped = (segment->options.present & TCP_OPT_TIMESTAMPS) != 0;
    bool in_time =
        !stamped || !known->tsval_sent || (!known->tsval_wild && seq_lt(known->tsval_out, segment->options.tsval));

    if (segment_has(segment, TCP_RST) || !in_time)
        return false;
    if (syn && !acks)
        return known->ours.syn_count ==
                   0 || /* of two with timestamps the older may come later, and is dropped with an ACK */
               (!stamped && known->iss_known && segment->seq == known->iss && segment_span(segment) == 1);
    if (syn || !acks || !known->irs_known || !known->acked_any)
        return false;
    /* So far below all that was heard that no range of RFC 5961 5.2 has it: it is refused. */
    if (seq_lt(segment->ack, known->irs - WINDOW_LARGEST / 2))
        return seq_lt(segment->seq, known->edge);
    /* One that comes next opens, and is not answered for that. */
    return segment->seq == known->acked_max;
}

void knowledge_note_asked(struct knowledge *known, const struct segment *segment, nanos at)
{
    uint32_t end = segment->seq + segment_span(segment);

    if (!segment_has(segment, TCP_SYN) && segment->len > 0 && known->acked_any && seq_lt(end, known->acked_max))
        known->old_byte = (struct asked){.set = true, .seq = segment->seq, .at = at};
    known->drawing = known->drawing || !draws_nothing(known, segment);
}

bool knowledge_has_sack(const struct knowledge *known)
{
    return known->sack_offered && known->its_sack_offered;
}

bool knowledge_reports_old_byte(const struct knowledge *known, const struct segment *segment)
{
    if (!known->old_byte.set || !(segment->options.present & TCP_OPT_SACK))
        return false;
    for (unsigned i = 0; i < segment->options.sack_count; i++)
        if (segment->options.sack[i].left == known->old_byte.seq && seq_lt(segment->options.sack[i].left, segment->ack))
            return true;
    return false;
}

nanos knowledge_answers_at(const struct knowledge *known, const struct segment *segment)
{
    nanos at = NANOS_NONE;

    if (knowledge_reports_old_byte(known, segment))
        at = known->old_byte.at;
    if (known->tsval_wild || !(segment->options.present & TCP_OPT_TIMESTAMPS))
        return at;
    for (unsigned i = 0; i < STAMPS; i++) {
        const struct stamp *stamp = &known->stamps[i];
        if (stamp->set && stamp->tsval == segment->options.tsecr && (at == NANOS_NONE || at < stamp->at))
            at = stamp->at;
    }
    return at;
}

void knowledge_note_answer(struct knowledge *known, const struct segment *segment, nanos at)
{
    if (segment_has(segment, TCP_FIN) && known->its_fin_seen && at - known->its_fin_at < HABIT_SPAN)
        known->broken |= 1u << HABIT_FIN_PATIENCE | 1u << HABIT_DATA_PATIENCE;
    /* It is still opening, and yet it has echoed what would have opened it. */
    if (segment_has(segment, TCP_SYN | TCP_ACK) && known->opening_stamped && known->syn_ack_seen &&
        (segment->options.present & TCP_OPT_TIMESTAMPS) && seq_le(known->opening_tsval, segment->options.tsecr))
        known->broken |= 1u << HABIT_DROPPED_STAMP;
    /* Linux counts the IPv4 packets of a whole socket, and has 0 in all others. */
    known->counts_packets = known->counts_packets || (segment->ip_id != 0 && !segment_has(segment, TCP_RST));
}
