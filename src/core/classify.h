/* What one segment of the peer says by itself: the states in which it can have been sent. */
#ifndef CORE_CLASSIFY_H
#define CORE_CLASSIFY_H

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
};

/*
 * Classifies a segment by RFC 9293 3.10.7 and 3.4, with what has been learnt so far about numbers and the order of
 * the FINs, but not with what is believed of the present: the verdict holds for a segment that was delayed or
 * repeated on the way as well.
 */
struct verdict classify(const struct knowledge *known, const struct segment *segment);

#endif
