#include "walk/event.h"

const char *outcome_name(enum outcome outcome)
{
    static const char *const names[] = {
        [OUTCOME_OPENED] = "opened",           [OUTCOME_CLOSED] = "closed",     [OUTCOME_HALF_CLOSED] = "half-closed",
        [OUTCOME_REFUSED] = "refused",         [OUTCOME_RESET] = "reset",       [OUTCOME_NO_ANSWER] = "no-answer",
        [OUTCOME_UNREACHABLE] = "unreachable", [OUTCOME_UNOPENED] = "unopened", [OUTCOME_UNEXPECTED] = "unexpected",
        [OUTCOME_FAILED] = "failed",
    };

    return names[outcome];
}
