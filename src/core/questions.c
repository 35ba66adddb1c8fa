/*
 * A RST ends a connection only if it is not just the answer to something odd that we sent. So what can draw one is
 * noted: acknowledgements that a TCP which is still opening refuses, and segments without ACK (RFC 9293 3.10.7).
 */
#include "base/seq.h"
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

/* Can it draw a RST from a peer that is there, or has been answered before by one that was not? */
static bool is_question(const struct knowledge *known, const struct segment *segment, bool bare, uint32_t number)
{
    if (segment_has(segment, TCP_RST) || ranges_have(bare ? &known->asked_ends : &known->asked_acks, number))
        return false;
    if (bare)
        return known->irs_known || !segment_has(segment, TCP_SYN);
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
            asked->states |= states;
            return;
        }
    }
    forget_question(known, question);
    *question = (struct question){.bare = bare, .number = number, .states = states};
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
