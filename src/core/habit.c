#include "core/habit.h"

static const struct habit_text texts[HABIT_COUNT] = {
    [HABIT_NONE] = {"none", "nobody", ""},
    [HABIT_FIN_PATIENCE] = {"fin-patience", "Linux, lwIP and gVisor", "a lone FIN is not repeated within 200 ms"},
    [HABIT_DATA_PATIENCE] = {"data-patience", "Linux, lwIP and gVisor",
                             "bytes are not repeated within 200 ms, and a FIN behind them would ride on them"},
    [HABIT_OPENING] = {"opening", "lwIP, libslirp and Linux from 6.15 on",
                       "from SYN-RECEIVED no ACK answers what we sent"},
    [HABIT_DROPPED_STAMP] = {"dropped-stamp", "gVisor and Linux from 6.15 on",
                             "what it drops in SYN-RECEIVED leaves no timestamp"},
    [HABIT_DEAF_LISTENER] = {"deaf-listener", "Linux, lwIP and gVisor", "a listener drops a segment without flags"},
    [HABIT_MINISOCK] = {"minisock", "Linux",
                        "only a socket that is held reports an old byte by SACK, and numbers its IPv4 packets"},
};

const struct habit_text *habit_text(enum habit habit)
{
    return &texts[habit];
}
