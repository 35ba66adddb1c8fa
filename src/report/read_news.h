/*
 * Which claims of a ladder are worth a reader's time. Where segments are far apart, timers may have ended states between any two
 * of them, and the next segment shows that they have not: that is said once, and not with every pause.
 */
#ifndef REPORT_READ_NEWS_H
#define REPORT_READ_NEWS_H

#include <stdbool.h>

#include "core/claim.h"
#include "follow/connection.h"

/* All zero: nothing has been said yet. */
struct read_news {
    state_set
        otherwise[ENDS]
                 [STATE_COUNT]; /* what was said that a timer may have made of it, by the state that is presumed */
    struct claim before[ENDS];  /* the latest claim that is none of a timer's */
    bool unsaid[ENDS];          /* after it a timer's was not said */
};

/*
 * Is this claim about an end of the connection to be said? Not when a timer may have led to what was said before; nor, right
 * after that was not said, when a segment shows the same once more as before it.
 */
bool read_is_news(struct read_news *news, unsigned end, const struct claim *claim);

#endif
