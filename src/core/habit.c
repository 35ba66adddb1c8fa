#include "core/habit.h"

static const struct habit_text texts[HABIT_COUNT] = {
    [HABIT_NONE] = {"none", "nobody", ""},
    [HABIT_FIN_PATIENCE] = {"fin-patience", "all known stacks", "a lone FIN is not repeated within 200 ms"},
    [HABIT_REFUSED_STAMP] = {"refused-stamp", "Linux", "what it refuses in SYN-RECEIVED leaves no timestamp"},
    [HABIT_DROPPED_STAMP] = {"dropped-stamp", "all known stacks but Linux before 6.15",
                             "what it drops in SYN-RECEIVED leaves no timestamp"},
    [HABIT_SYN_COPY] = {"syn-copy", "Linux",
                        "in SYN-RECEIVED it answers a copy of the SYN with SYN-ACK, never with ACK"},
    [HABIT_MINISOCK] = {"minisock", "Linux", "only a socket that is held reports an old byte by SACK"},
};

const struct habit_text *habit_text(enum habit habit)
{
    return &texts[habit];
}
