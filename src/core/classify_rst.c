/* What a RST says: that there is no connection, or that something was wrong with what it answers. */
#include "core/classify_rst.h"

#include "base/seq.h"

#define NO_CONNECTION (IN(CLOSED) | IN(LISTEN))
#define OPENING (IN(SYN_SENT) | IN(SYN_RECEIVED))

/*
 * Does a RST refuse a segment that had no ACK? Then it has no number of its own (3.10.7.1). That it has ACK is not
 * enough: some stacks set it on every RST (lwIP does).
 */
static bool refuses_bare(const struct knowledge *known, const struct segment *segment)
{
    return segment_has(segment, TCP_ACK) && segment->seq == 0 && !knowledge_asked(known, 0);
}

/*
 * Is it the answer to a segment of ours that asked for it? A wrong acknowledgement is refused by a TCP that has no
 * connection, and by one that is still opening, which stays where it is (3.10.7.1 to 3.10.7.4).
 */
static struct verdict classify_answer(const struct knowledge *known, const struct segment *segment)
{
    bool bare = refuses_bare(known, segment);

    for (unsigned i = 0; i < QUESTIONS; i++) {
        const struct question *question = &known->questions[i];
        bool answers = question->bare ? bare && segment->ack == question->number : segment->seq == question->number;
        if (!question->left.set || !answers)
            continue;
        struct verdict verdict = {.states = NO_CONNECTION, .likely = IN(CLOSED), .reason = REASON_RST_NO_CONNECTION};
        if (!question->bare) {
            verdict.states |= OPENING & knowledge_reachable(known, question->states);
            verdict.likely = verdict.states & (known->irs_known ? OPENING : NO_CONNECTION);
            if (verdict.likely)
                verdict.reason = REASON_ACK_REFUSED;
            verdict.undated = segment->seq == 0;
        }
        /* What listens drops a segment with neither SYN nor ACK (3.10.7.2), but not libslirp: core/habits.c. */
        if (question->bare && !question->syn)
            verdict.reason = REASON_BARE_REFUSED;
        if (verdict.likely == NO_STATES)
            verdict.likely = IN(CLOSED);
        verdict.answers = &question->left;
        verdict.answer = true;
        return verdict;
    }
    return (struct verdict){.states = NO_STATES};
}

/* Nothing of the peer's is known: it refuses our SYN, or something odd that we sent before. */
static struct verdict classify_refusal(const struct knowledge *known, const struct segment *segment)
{
    struct verdict verdict = classify_answer(known, segment);
    bool only_syns = !(known->may & (SENT_SYN_ACK | SENT_SYN_WITH_ACK));
    int index = segment_has(segment, TCP_ACK) ? ours_syn_acked(&known->ours, segment->ack) : -1;

    if (verdict.states || index < 0 || !known->ours.syns[index].alone || ranges_have(&known->asked_ends, segment->ack))
        return verdict;
    if (!only_syns && !refuses_bare(known, segment))
        return verdict;
    return (struct verdict){
        .states = IN(CLOSED),
        .likely = IN(CLOSED),
        .reason = REASON_REFUSED,
        .answers = &known->ours.syns[index].left,
        .since = &known->ours.syns[index].left,
    };
}

/* A RST counts when its number is the one that we acknowledged last (RFC 9293 3.10.7.4, RFC 5961 3). */
static struct verdict by_number(const struct knowledge *known, const struct segment *segment)
{
    bool acks = segment_has(segment, TCP_ACK);

    if (!known->irs_known)
        return classify_refusal(known, segment);
    bool exact = (known->ack_sent && segment->seq == known->ack_max) || segment->seq == known->heard_max;
    if (!exact)
        return classify_answer(known, segment);
    /* Some stacks set ACK on every RST, so neither form excludes a listener. */
    struct verdict verdict = {
        .states = NO_CONNECTION,
        .likely = IN(CLOSED),
        .reason = acks ? REASON_RST_ABORT : REASON_RST_NO_CONNECTION,
        .undated = !known->iss_known,
    };
    /* A listener that keeps SYN-RECEIVED in a cookie knows of it again when the right segment arrives. */
    bool first = segment->seq == known->irs + 1 || (known->joined && seq_le(segment->seq, known->joined_its));
    if (!acks && !known->its_syn_alone && first) {
        verdict.still_possible = IN(SYN_RECEIVED);
        /* It may have refused a segment that came too soon, and opened with the right one since. */
        verdict.undated = true;
        verdict.since = &known->syn_ack_ack;
    }
    /* We acknowledged this before it was sent. */
    if (ranges_have(&known->refusable, segment->seq))
        verdict.states |= known->refusing;
    return verdict;
}

void classify_rst(const struct knowledge *known, const struct segment *segment, struct verdict *out)
{
    *out = by_number(known, segment);
    /* The same comes of one that opens anew, and gets an answer to the old connection (3.10.7.3, 3.10.7.4). */
    if (out->states && known->observed && (known->joined || known->incomplete || known->reopening))
        out->states |= OPENING;
}
