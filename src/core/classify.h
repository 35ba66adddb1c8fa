/* What one segment of the peer says by itself: the states in which it can have been sent. */
#ifndef CORE_CLASSIFY_H
#define CORE_CLASSIFY_H

#include "core/claim.h"
#include "core/knowledge.h"
#include "core/reason.h"
#include "core/segment.h"
#include "core/state.h"

struct verdict {
    state_set states; /* in which it can have been sent; empty: it says nothing (unacceptable or nonsense) */
    state_set likely; /* of these, the ones that need no lost segment to explain */
    enum reason reason;
    const struct landmark *answers; /* the segment of ours that it answers; NULL: none in particular */
    const struct landmark *since;   /* it can't have been in these states before this left; NULL: nobody knows */
    state_set still_possible;       /* where it may be by now although it was not when it sent this */
    bool undated;                   /* it may have been sent before what was proven last */
    bool answer;                    /* it was sent after `answers` left, and nothing else tells when */
    bool fresh;                     /* it begins another connection (knowledge_restart) */
    bool fin_unsent;                /* its application had not closed */
    enum detail detail;
    enum habit habit; /* what by_habit or the detail rests on (core/habits.h) */
    state_set by_habit;
};

/*
 * Classifies a segment by RFC 9293 3.10.7 and 3.4, with what has been learnt so far about numbers and the order of
 * the FINs, but not with what is believed of the present: the verdict holds for a segment that was delayed or
 * repeated on the way as well.
 */
void classify(const struct knowledge *known, const struct segment *segment, struct verdict *out);

/*
 * Can the peer have had unsent data, and a FIN behind it, when it sent this? Not when it has never sent data, nor
 * when it had seen an acknowledgement of all of it already before the segment of ours that made it send this (in
 * answer to the first such acknowledgement it may send an ACK before it goes on with its queue), and our window
 * left it room.
 */
bool classify_may_queue(const struct knowledge *known, const struct segment *segment);

#endif
